//  System tests of guard: real processes on this machine, waited for with deadlines.
//
//  Called with arguments this program is a command of its own tests: `words ...` writes the exact
//  argv and environment that it was given.

#include "common/io/clock.h"
#include "common/io/guard.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/capability.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define LIMIT_US   10000000 // a test that waits longer has failed
#define LEASE_US   60000000 // longer than any test
#define OUTPUT_MAX 65536
#define WORDS_MAX  16

//  What a shell does to show that it is there and then to stay. `read` would see /dev/null end.
#define STAY      "echo up; while :; do sleep 60; done"
#define DEAF_STAY "trap '' TERM; " STAY

static guard_t *s_guard;
static char s_self[PATH_MAX];
static char s_output[OUTPUT_MAX];
static uint64_t s_last_task;

//  ---- help --------------------------------------------------------------------------------------

//  One command: its words, the pipe that both its outputs go to, and its number.
typedef struct {
    uint64_t task;
    int fd;
    pid_t pid;
} command_t;

static size_t
s_pack (char *bytes, const char *const *words, size_t *count)
{
    size_t length = 0;
    for (*count = 0; words[*count]; ++*count) {
        size_t size = strlen (words[*count]) + 1;
        memcpy (bytes + length, words[*count], size);
        length += size;
    }
    return length;
}

//  Give the command to the guard. The pipe's read end does not block.
static command_t
s_run_by (guard_t *guard, int64_t lease_us, const char *const *words, const char *const *env)
{
    char argv_bytes[GUARD_BYTES_MAX];
    char env_bytes[GUARD_BYTES_MAX];
    int ends[2];
    assert_int_equal (pipe2 (ends, O_CLOEXEC), 0);
    fcntl (ends[0], F_SETFL, O_NONBLOCK);
    guard_command_t command = {
        .argv_bytes = argv_bytes, .env_bytes = env_bytes, .out_fd = ends[1], .err_fd = ends[1]};
    command.argv_length = s_pack (argv_bytes, words, &command.argc);
    command.env_length = s_pack (env_bytes, env, &command.envc);
    command_t self = {.task = ++s_last_task, .fd = ends[0]};
    assert_int_equal (guard_run (guard, self.task, clock_now_us () + lease_us, &command), 0);
    close (ends[1]);
    return self;
}

static const char *const s_no_env[] = {"PATH=/usr/bin:/bin", NULL};

static command_t
s_run (const char *const *words)
{
    return s_run_by (s_guard, LEASE_US, words, s_no_env);
}

static command_t
s_shell (const char *script, int64_t lease_us)
{
    const char *const words[] = {"sh", "-c", script, NULL};
    return s_run_by (s_guard, lease_us, words, s_no_env);
}

//  Wait for the next report, whatever it is. False after LIMIT_US or when the guard is gone.
static bool
s_next (guard_t *guard, guard_report_t *report)
{
    int64_t until_us = clock_now_us () + LIMIT_US;
    int got;
    while ((got = guard_receive (guard, report)) == 0 && clock_now_us () < until_us) {
        struct pollfd item = {guard_fd (guard), POLLIN, 0};
        poll (&item, 1, 100);
    }
    return got == 1;
}

//  The next report must be this one, for this command.
static guard_report_t
s_expect (command_t *command, guard_report_kind_t kind)
{
    guard_report_t report = {.task = 0};
    assert_true (s_next (s_guard, &report));
    assert_int_equal (report.task, command->task);
    assert_int_equal (report.kind, kind);
    if (kind == GUARD_SPAWNED) {
        assert_true (report.pid > 0);
        command->pid = report.pid;
    }
    return report;
}

//  Read the pipe into s_output until its end, or until `enough` stands in it (NULL: the end).
static size_t
s_read_until (int fd, const char *enough)
{
    int64_t until_us = clock_now_us () + LIMIT_US;
    size_t length = 0;
    s_output[0] = 0;
    while (clock_now_us () < until_us && length < OUTPUT_MAX - 1) {
        struct pollfd item = {fd, POLLIN, 0};
        poll (&item, 1, 100);
        ssize_t got = read (fd, s_output + length, OUTPUT_MAX - 1 - length);
        if (got == 0) {
            return length;
        }
        length += got > 0 ? (size_t) got : 0;
        s_output[length] = 0;
        if (enough && strstr (s_output, enough)) {
            return length;
        }
    }
    fail_msg ("the pipe did not end in time: %s", s_output);
    return 0;
}

//  Wait until the group has no process left.
static bool
s_group_ends (pid_t group)
{
    int64_t until_us = clock_now_us () + LIMIT_US;
    while (clock_now_us () < until_us) {
        if (kill (-group, 0) != 0 && errno == ESRCH) {
            return true;
        }
        //  As PID 1 of a namespace we inherit what a dead guard leaves.
        if (getpid () == 1) {
            waitpid (-group, NULL, WNOHANG);
        }
        poll (NULL, 0, 5);
    }
    return false;
}

static void
s_expect_exit (command_t *command, int code)
{
    s_expect (command, GUARD_SPAWNED);
    s_read_until (command->fd, NULL);
    guard_report_t report = s_expect (command, GUARD_RAN);
    assert_int_equal (report.error, 0);
    assert_true (WIFEXITED (report.status));
    assert_int_equal (WEXITSTATUS (report.status), code);
    assert_true (report.group_gone);
    close (command->fd);
}

static guard_report_t
s_expect_signal (command_t *command, int signo)
{
    guard_report_t report = s_expect (command, GUARD_RAN);
    assert_int_equal (report.error, 0);
    assert_true (WIFSIGNALED (report.status));
    assert_int_equal (WTERMSIG (report.status), signo);
    close (command->fd);
    return report;
}

static int
s_start_guard (void **state)
{
    (void) state;
    s_guard = guard_start ();
    return s_guard ? 0 : -1;
}

static int
s_stop_guard (void **state)
{
    (void) state;
    int64_t began_us = clock_now_us ();
    guard_stop (&s_guard);
    guard_stop (&s_guard);
    return clock_now_us () - began_us < GUARD_STOP_US + 1000000 ? 0 : -1;
}

//  ---- what a command is given -------------------------------------------------------------------

//  Write argv and environment as the kernel has them.
static int
s_words (void)
{
    static const char *const files[] = {"/proc/self/cmdline", "/proc/self/environ"};
    for (int i = 0; i < 2; i++) {
        char bytes[OUTPUT_MAX];
        int fd = open (files[i], O_RDONLY);
        for (ssize_t got; (got = read (fd, bytes, sizeof bytes)) > 0;) {
            if (write (STDOUT_FILENO, bytes, (size_t) got) != got) {
                return EXIT_FAILURE;
            }
        }
        close (fd);
    }
    return EXIT_SUCCESS;
}

static void
a_command_gets_exactly_its_words_and_its_environment (void **state)
{
    (void) state;
    const char *const words[] = {s_self,       "words", "",  " ",           "$(reboot)", "a\nb",
                                 "; rm -rf /", "--",    "*", "\x01\xff\"'", "\\",        NULL};
    const char *const env[] = {"PATH=/bin", "MAYHEM_HOST=a b=c", "X=", NULL};
    char expected[OUTPUT_MAX];
    size_t count;
    size_t length = s_pack (expected, words, &count);
    length += s_pack (expected + length, env, &count);
    command_t command = s_run_by (s_guard, LEASE_US, words, env);
    s_expect (&command, GUARD_SPAWNED);
    assert_int_equal (s_read_until (command.fd, NULL), length);
    assert_memory_equal (s_output, expected, length);
    s_expect (&command, GUARD_RAN);
    close (command.fd);
}

static void
a_command_has_no_blocked_and_no_ignored_signal (void **state)
{
    (void) state;
    const char *const words[] = {"cat", "/proc/self/status", NULL};
    command_t command = s_run (words);
    s_expect (&command, GUARD_SPAWNED);
    s_read_until (command.fd, NULL);
    assert_non_null (strstr (s_output, "SigBlk:\t0000000000000000\n"));
    assert_non_null (strstr (s_output, "SigIgn:\t0000000000000000\n"));
    s_expect (&command, GUARD_RAN);
    close (command.fd);
}

static void
a_command_has_three_descriptors_and_a_group_of_its_own (void **state)
{
    (void) state;
    //  4 is the folder that ls reads: 3 was free, so nothing leaked.
    const char *const words[] = {"sh", "-c", "ls /proc/self/fd; readlink /proc/$$/fd/0", NULL};
    command_t command = s_run (words);
    s_expect (&command, GUARD_SPAWNED);
    s_read_until (command.fd, NULL);
    assert_string_equal (s_output, "0\n1\n2\n3\n/dev/null\n");
    s_expect (&command, GUARD_RAN);
    close (command.fd);
    command = s_shell (STAY, LEASE_US);
    s_expect (&command, GUARD_SPAWNED);
    assert_int_equal (getpgid (command.pid), command.pid);
    assert_int_equal (getsid (command.pid), guard_pid (s_guard));
    guard_end (s_guard, command.task, SIGKILL);
    s_expect_signal (&command, SIGKILL);
}

//  ---- how commands end --------------------------------------------------------------------------

static void
exit_codes_arrive (void **state)
{
    (void) state;
    static const int codes[] = {0, 1, 75, 255};
    for (int i = 0; i < 4; i++) {
        char script[32];
        snprintf (script, sizeof script, "exit %d", codes[i]);
        command_t command = s_shell (script, LEASE_US);
        s_expect_exit (&command, codes[i]);
    }
}

static void
the_signal_that_ended_a_command_arrives (void **state)
{
    (void) state;
    command_t command = s_shell ("kill -SEGV $$", LEASE_US);
    s_expect (&command, GUARD_SPAWNED);
    s_expect_signal (&command, SIGSEGV);
}

//  A file that cannot be executed, of this kind; its path.
static void
s_make_file (char *path, const char *text, mode_t mode)
{
    strncpy (path, "/tmp/test_guard_XXXXXX", PATH_MAX - 1);
    int fd = mkstemp (path);
    assert_true (fd >= 0);
    assert_int_equal (write (fd, text, strlen (text)), (ssize_t) strlen (text));
    fchmod (fd, mode);
    close (fd);
}

static void
s_expect_not_started (const char *program, int error)
{
    const char *const words[] = {program, NULL};
    command_t command = s_run (words);
    guard_report_t report = s_expect (&command, GUARD_RAN);
    assert_int_equal (report.error, error);
    assert_int_equal (report.pid, 0);
    assert_true (report.group_gone);
    s_read_until (command.fd, NULL);
    close (command.fd);
}

static void
a_command_that_cannot_start_says_why (void **state)
{
    (void) state;
    char path[PATH_MAX] = "";
    s_expect_not_started ("no-such-command-anywhere", ENOENT);
    s_expect_not_started ("/nonexistent/x", ENOENT);
    s_expect_not_started ("/tmp", EACCES);
    s_expect_not_started ("", ENOENT);
    s_make_file (path, "#!/bin/sh\n", 0600);
    s_expect_not_started (path, EACCES);
    unlink (path);
    //  No shell takes over what is no program.
    s_make_file (path, "echo pwned\n", 0700);
    s_expect_not_started (path, ENOEXEC);
    unlink (path);
}

static void
what_is_over_is_not_begun (void **state)
{
    (void) state;
    command_t command = s_shell ("echo began", 0);
    guard_report_t report = s_expect (&command, GUARD_RAN);
    assert_int_equal (report.error, ETIME);
    assert_int_equal (s_read_until (command.fd, NULL), 0);
    close (command.fd);
}

static void
too_many_bytes_or_words_are_refused (void **state)
{
    (void) state;
    static char bytes[GUARD_BYTES_MAX + 1];
    memset (bytes, 'x', sizeof bytes - 1);
    guard_command_t command = {.argv_bytes = bytes,
                               .argv_length = sizeof bytes,
                               .argc = 1,
                               .env_bytes = "",
                               .out_fd = 1,
                               .err_fd = 1};
    assert_int_equal (guard_run (s_guard, 1, INT64_MAX, &command), -1);
    assert_int_equal (errno, E2BIG);
    command.argv_length = 1;
    command.argc = GUARD_WORDS_MAX + 1;
    assert_int_equal (guard_run (s_guard, 1, INT64_MAX, &command), -1);
    assert_int_equal (errno, E2BIG);
}

static void
leftovers_of_a_group_end_with_their_leader (void **state)
{
    (void) state;
    command_t command =
        s_shell ("trap '' TERM HUP; (while :; do sleep 60; done) & sleep 60 & exit 3", LEASE_US);
    s_expect_exit (&command, 3);
    assert_true (s_group_ends (command.pid));
}

//  What the header promises not to end; the pipe shows that it lives, and we end it ourselves.
static void
a_process_in_a_session_of_its_own_outlives_its_command (void **state)
{
    (void) state;
    command_t command = s_shell ("setsid sh -c 'echo $$; exec sleep 60' & wait", LEASE_US);
    s_expect (&command, GUARD_SPAWNED);
    s_read_until (command.fd, "\n");
    pid_t daemon = (pid_t) strtol (s_output, NULL, 10);
    assert_true (daemon > 1);
    guard_end (s_guard, command.task, SIGKILL);
    guard_report_t report = s_expect_signal (&command, SIGKILL);
    assert_true (report.group_gone);
    assert_int_equal (kill (daemon, 0), 0);
    assert_int_equal (kill (daemon, SIGKILL), 0);
    //  It became a child of the guard, which reaps it: the number is free again.
    int64_t until_us = clock_now_us () + LIMIT_US;
    while (kill (daemon, 0) == 0 && clock_now_us () < until_us) {
        poll (NULL, 0, 5);
    }
    assert_int_equal (kill (daemon, 0), -1);
}

static void
end_signals_the_whole_group (void **state)
{
    (void) state;
    command_t command = s_shell ("sleep 60 & " STAY, LEASE_US);
    s_expect (&command, GUARD_SPAWNED);
    s_read_until (command.fd, "up");
    guard_end (s_guard, command.task, SIGTERM);
    s_expect_signal (&command, SIGTERM);
    assert_true (s_group_ends (command.pid));
    //  Unknown by now: nothing happens.
    assert_int_equal (guard_end (s_guard, command.task, SIGTERM), 0);
    assert_int_equal (guard_renew (s_guard, command.task, INT64_MAX), 0);
}

//  ---- leases ------------------------------------------------------------------------------------

static void
a_lease_that_runs_out_ends_the_group_with_term (void **state)
{
    (void) state;
    int64_t began_us = clock_now_us ();
    command_t command = s_shell (STAY, 600000);
    s_expect (&command, GUARD_SPAWNED);
    s_expect_signal (&command, SIGTERM);
    assert_true (clock_now_us () - began_us >= 490000);
}

static void
who_ignores_term_is_killed_when_the_lease_is_over (void **state)
{
    (void) state;
    int64_t began_us = clock_now_us ();
    command_t command = s_shell (DEAF_STAY, 600000);
    s_expect (&command, GUARD_SPAWNED);
    guard_report_t report = s_expect_signal (&command, SIGKILL);
    assert_true (report.group_gone);
    assert_true (clock_now_us () - began_us >= 600000);
}

static void
a_renewed_lease_goes_on (void **state)
{
    (void) state;
    command_t command = s_shell ("sleep 1; exit 7", 500000);
    assert_int_equal (guard_renew (s_guard, command.task, clock_now_us () + LEASE_US), 0);
    s_expect_exit (&command, 7);
}

//  ---- many --------------------------------------------------------------------------------------

static void
a_thousand_commands_one_after_the_other (void **state)
{
    (void) state;
    const char *const words[] = {"true", NULL};
    for (int i = 0; i < 1000; i++) {
        command_t command = s_run (words);
        s_expect_exit (&command, 0);
    }
}

static void
sixty_four_at_once (void **state)
{
    (void) state;
    command_t commands[64];
    unsigned spawned = 0;
    unsigned ran = 0;
    for (int i = 0; i < 64; i++) {
        commands[i] = s_shell ("sleep 0.3; exit 5", LEASE_US);
    }
    guard_report_t report = {.task = 0};
    while (ran < 64 && s_next (s_guard, &report)) {
        spawned += report.kind == GUARD_SPAWNED;
        if (report.kind == GUARD_RAN) {
            ran++;
            assert_int_equal (report.error, 0);
            assert_int_equal (WEXITSTATUS (report.status), 5);
        }
    }
    assert_int_equal (spawned, 64);
    assert_int_equal (ran, 64);
    for (int i = 0; i < 64; i++) {
        close (commands[i].fd);
    }
}

//  While the guard stands still requests are kept, in order, up to the limit; then they are obeyed.
static void
a_guard_that_stands_still_costs_bounded_memory (void **state)
{
    (void) state;
    command_t command = s_shell (STAY, LEASE_US);
    s_expect (&command, GUARD_SPAWNED);
    kill (guard_pid (s_guard), SIGSTOP);
    int kept = 0;
    while (guard_renew (s_guard, command.task, clock_now_us () + LEASE_US) == 0) {
        kept++;
    }
    assert_int_equal (errno, ENOBUFS);
    assert_true (kept >= GUARD_QUEUE_MAX);
    assert_false (guard_flush (s_guard));
    kill (guard_pid (s_guard), SIGCONT);
    int64_t until_us = clock_now_us () + LIMIT_US;
    while (!guard_flush (s_guard) && clock_now_us () < until_us) {
        poll (NULL, 0, 1);
    }
    assert_int_equal (guard_end (s_guard, command.task, SIGKILL), 0);
    s_expect_signal (&command, SIGKILL);
}

//  ---- who dies ----------------------------------------------------------------------------------

//  The handler of these tests is a child: it runs two commands, writes their pids, and stays.
static void
s_be_handler (int out_fd, int64_t lease_us)
{
    pid_t pids[2];
    guard_report_t report;
    guard_t *guard = guard_start ();
    for (int i = 0; i < 2 && guard; i++) {
        const char *const words[] = {"sh", "-c", i ? "sleep 60 & " DEAF_STAY : STAY, NULL};
        command_t command = s_run_by (guard, lease_us, words, s_no_env);
        if (!s_next (guard, &report)) {
            _exit (EXIT_FAILURE);
        }
        pids[i] = report.pid;
        s_read_until (command.fd, "up");
    }
    if (write (out_fd, pids, sizeof pids) == sizeof pids) {
        pause ();
    }
    _exit (EXIT_FAILURE);
}

static pid_t
s_fork_handler (pid_t pids[2], int64_t lease_us)
{
    int ends[2];
    assert_int_equal (pipe (ends), 0);
    pid_t handler = fork ();
    if (handler == 0) {
        s_be_handler (ends[1], lease_us);
    }
    close (ends[1]);
    assert_int_equal (read (ends[0], pids, 2 * sizeof *pids), 2 * sizeof *pids);
    close (ends[0]);
    return handler;
}

static void
a_handler_killed_takes_all_its_groups_along_at_once (void **state)
{
    (void) state;
    pid_t pids[2];
    pid_t handler = s_fork_handler (pids, LEASE_US);
    int64_t began_us = clock_now_us ();
    kill (handler, SIGKILL);
    assert_true (s_group_ends (pids[0]));
    assert_true (s_group_ends (pids[1]));
    assert_true (clock_now_us () - began_us < 1000000);
    waitpid (handler, NULL, 0);
}

static void
a_handler_stopped_past_the_lease_has_its_groups_ended (void **state)
{
    (void) state;
    pid_t pids[2];
    pid_t handler = s_fork_handler (pids, 1500000);
    kill (handler, SIGSTOP);
    assert_true (s_group_ends (pids[0]));
    assert_true (s_group_ends (pids[1]));
    kill (handler, SIGKILL);
    waitpid (handler, NULL, 0);
}

static void
a_guard_killed_is_learned_and_its_groups_are_killed (void **state)
{
    (void) state;
    command_t first = s_shell (DEAF_STAY, LEASE_US);
    s_expect (&first, GUARD_SPAWNED);
    command_t second = s_shell ("sleep 60 & " STAY, LEASE_US);
    s_expect (&second, GUARD_SPAWNED);
    kill (guard_pid (s_guard), SIGKILL);
    guard_report_t report;
    assert_false (s_next (s_guard, &report));
    assert_int_equal (guard_receive (s_guard, &report), -1);
    assert_int_equal (kill (first.pid, 0), 0);
    assert_int_equal (guard_kill_all_known (s_guard), 2);
    assert_int_equal (guard_kill_all_known (s_guard), 0);
    assert_true (s_group_ends (first.pid));
    assert_true (s_group_ends (second.pid));
    guard_command_t none = {"x", 2, 1, "", 0, 0, 1, 1};
    assert_int_equal (guard_run (s_guard, 99999, INT64_MAX, &none), -1);
    assert_int_equal (errno, EPIPE);
    close (first.fd);
    close (second.fd);
}

static void
a_guard_is_deaf_and_has_its_own_name_and_session (void **state)
{
    (void) state;
    static const int deaf[] = {SIGHUP, SIGINT, SIGTERM, SIGQUIT, SIGUSR1, SIGPIPE};
    pid_t pid = guard_pid (s_guard);
    char path[64];
    const char *const words[] = {"true", NULL};
    command_t command = s_run (words);
    s_expect_exit (&command, 0);
    for (size_t i = 0; i < sizeof deaf / sizeof *deaf; i++) {
        kill (pid, deaf[i]);
    }
    command = s_run (words);
    s_expect_exit (&command, 0);
    assert_int_equal (getsid (pid), pid);
    snprintf (path, sizeof path, "/proc/%d/comm", pid);
    int fd = open (path, O_RDONLY);
    assert_true (read (fd, s_output, OUTPUT_MAX) > 0);
    close (fd);
    assert_memory_equal (s_output, "mayhem-guard\n", 13);
}

static void
stopping_the_guard_ends_what_runs (void **state)
{
    (void) state;
    command_t command = s_shell (DEAF_STAY, LEASE_US);
    s_expect (&command, GUARD_SPAWNED);
    s_read_until (command.fd, "up");
    guard_stop (&s_guard);
    assert_true (s_group_ends (command.pid));
    close (command.fd);
}

//  Two commands run; then the guard gets a signal that it does not see coming, and is stopped.
static void
s_stop_after (int signo)
{
    command_t first = s_shell (DEAF_STAY, LEASE_US);
    s_expect (&first, GUARD_SPAWNED);
    command_t second = s_shell ("sleep 60 & " STAY, LEASE_US);
    struct pollfd item = {guard_fd (s_guard), POLLIN, 0};
    s_read_until (second.fd, "up");
    assert_int_equal (poll (&item, 1, 10000), 1); // SPAWNED of the second is there, and not read
    guard_report_t report = {.pid = 0};
    assert_int_equal (recv (guard_fd (s_guard), &report, sizeof report, MSG_PEEK), sizeof report);
    int64_t began_us = clock_now_us ();
    kill (guard_pid (s_guard), signo);
    guard_stop (&s_guard);
    assert_true (clock_now_us () - began_us < GUARD_STOP_US + 500000);
    assert_true (s_group_ends (first.pid));
    assert_true (s_group_ends (report.pid));
    close (first.fd);
    close (second.fd);
}

static void
stopping_a_guard_that_stands_still_kills_its_groups (void **state)
{
    (void) state;
    s_stop_after (SIGSTOP);
}

static void
stopping_a_guard_that_has_died_kills_its_groups (void **state)
{
    (void) state;
    s_stop_after (SIGKILL);
}

//  As root, with the right to signal other users taken from this thread: set or given back.
static int
s_may_kill (bool may)
{
    static struct __user_cap_data_struct s_full[2];
    struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
    if (!may && syscall (SYS_capget, &header, s_full) != 0) {
        return -1;
    }
    struct __user_cap_data_struct set[2] = {s_full[0], s_full[1]};
    set[0].effective &= may ? ~0u : ~(1u << CAP_KILL);
    return (int) syscall (SYS_capset, &header, set);
}

static void
a_command_of_another_user_is_told_and_what_it_leaves_is_not_called_gone (void **state)
{
    (void) state;
    if (geteuid () != 0 || access ("/usr/bin/setpriv", X_OK) != 0) {
        skip ();
    }
    guard_stop (&s_guard);
    assert_int_equal (s_may_kill (false), 0);
    s_guard = guard_start ();
    assert_int_equal (s_may_kill (true), 0);
    assert_non_null (s_guard);
    const char *const words[] = {"setpriv", "--reuid=65534",          "sh",
                                 "-c",      "echo up; exec sleep 60", NULL};
    command_t command = s_run (words);
    s_expect (&command, GUARD_SPAWNED);
    s_read_until (command.fd, "up");
    guard_end (s_guard, command.task, SIGTERM);
    guard_end (s_guard, command.task, SIGKILL);
    s_expect (&command, GUARD_DENIED);
    kill (-command.pid, SIGKILL);
    assert_true (s_expect_signal (&command, SIGKILL).group_gone);
    command = s_shell ("setpriv --reuid=65534 sleep 60 & sleep 0.3", LEASE_US);
    s_expect (&command, GUARD_SPAWNED);
    guard_report_t report = s_expect (&command, GUARD_RAN);
    assert_false (report.group_gone);
    kill (-command.pid, SIGKILL);
    close (command.fd);
}

#define with_guard(test) cmocka_unit_test_setup_teardown (test, s_start_guard, s_stop_guard)

int
main (int argc, char **argv)
{
    if (argc > 1 && strcmp (argv[1], "words") == 0) {
        return s_words ();
    }
    if (readlink ("/proc/self/exe", s_self, sizeof s_self - 1) < 0) {
        return EXIT_FAILURE;
    }
    //  Leave the dispositions as a careless parent would: the commands must not see it.
    sigaction (SIGPIPE, &(struct sigaction){.sa_handler = SIG_IGN}, NULL);
    (void) argv;
    const struct CMUnitTest tests[] = {
        with_guard (a_command_gets_exactly_its_words_and_its_environment),
        with_guard (a_command_has_no_blocked_and_no_ignored_signal),
        with_guard (a_command_has_three_descriptors_and_a_group_of_its_own),
        with_guard (exit_codes_arrive),
        with_guard (the_signal_that_ended_a_command_arrives),
        with_guard (a_command_that_cannot_start_says_why),
        with_guard (what_is_over_is_not_begun),
        with_guard (too_many_bytes_or_words_are_refused),
        with_guard (leftovers_of_a_group_end_with_their_leader),
        with_guard (a_process_in_a_session_of_its_own_outlives_its_command),
        with_guard (end_signals_the_whole_group),
        with_guard (a_lease_that_runs_out_ends_the_group_with_term),
        with_guard (who_ignores_term_is_killed_when_the_lease_is_over),
        with_guard (a_renewed_lease_goes_on),
        with_guard (a_thousand_commands_one_after_the_other),
        with_guard (sixty_four_at_once),
        with_guard (a_guard_that_stands_still_costs_bounded_memory),
        cmocka_unit_test (a_handler_killed_takes_all_its_groups_along_at_once),
        cmocka_unit_test (a_handler_stopped_past_the_lease_has_its_groups_ended),
        with_guard (a_guard_killed_is_learned_and_its_groups_are_killed),
        with_guard (a_guard_is_deaf_and_has_its_own_name_and_session),
        with_guard (stopping_the_guard_ends_what_runs),
        with_guard (stopping_a_guard_that_stands_still_kills_its_groups),
        with_guard (stopping_a_guard_that_has_died_kills_its_groups),
        with_guard (a_command_of_another_user_is_told_and_what_it_leaves_is_not_called_gone),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
