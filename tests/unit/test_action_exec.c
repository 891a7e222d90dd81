//  Tests of action_exec: real commands, watched as the reactor would, waited for with a deadline.

#include "common/io/clock.h"
#include "handler/action_exec.h"
#include "tests/unit/capture.h"

#include <errno.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cmocka.h>

#define LIMIT_US   20000000 // a test that waits longer has failed
#define LEASE_US   60000000 // longer than any test
#define CAPACITY   8
#define LONGEST_US 50000 // one wake-up, on a busy machine with sanitizers

static guard_t *s_guard;
static watch_t *s_watch;
static action_exec_t *s_action;
static ran_t s_ran[CAPACITY];
static size_t s_count;
static unsigned s_lost;
static int64_t s_longest_us;

static void
s_on_ran (void *arg, const ran_t *ran)
{
    assert_ptr_equal (arg, &s_count);
    assert_true (s_count < CAPACITY);
    s_ran[s_count++] = *ran;
}

static void
s_on_lost (void *arg)
{
    (void) arg;
    s_lost++;
}

static int
s_setup (void **state)
{
    (void) state;
    s_count = 0;
    s_lost = 0;
    s_longest_us = 0;
    s_guard = guard_start ();
    s_watch = watch_new ();
    s_action = action_exec_new (s_guard, s_watch, CAPACITY, s_on_ran, s_on_lost, &s_count);
    capture_begin ();
    return 0;
}

static int
s_teardown (void **state)
{
    (void) state;
    action_exec_destroy (&s_action);
    action_exec_destroy (&s_action);
    watch_destroy (&s_watch);
    guard_stop (&s_guard);
    return 0;
}

static int
s_start_words (uint64_t task, const char *const *words, size_t count)
{
    static const uint8_t id[ID_BYTES] = {0};
    static argv_t argv;
    static argv_t env;
    argv_values_t values = {{"web-1.example.net", 17}, {"web-1", 5}, id, 1, "/usr/bin:/bin"};
    assert_int_equal (argv_fill (&argv, words, count, &values), 0);
    assert_int_equal (argv_environment (&env, &values), 0);
    return action_exec_start (s_action, task, clock_now_us () + LEASE_US, values.instance, &argv,
                              &env);
}

static int
s_start (uint64_t task, const char *script)
{
    const char *const words[] = {"sh", "-c", script};
    return s_start_words (task, words, 3);
}

//  Do what the reactor does until so many tasks have ended.
static void
s_run_until (size_t count)
{
    int64_t until_us = clock_now_us () + LIMIT_US;
    while (s_count < count) {
        assert_true (clock_now_us () < until_us);
        struct pollfd item = {watch_fd (s_watch), POLLIN, 0};
        poll (&item, 1, 20);
        int64_t began_us = clock_now_us ();
        watch_run (s_watch);
        action_exec_tick (s_action, clock_now_us ());
        int64_t took_us = clock_now_us () - began_us;
        s_longest_us = took_us > s_longest_us ? took_us : s_longest_us;
    }
    assert_int_equal (s_count, count);
}

//  Run one command to its end.
static void
s_expect (const char *script, ran_kind_t kind, int value)
{
    assert_int_equal (s_start (7, script), 0);
    s_run_until (1);
    assert_true (s_ran[0].task == 7);
    assert_int_equal (s_ran[0].kind, kind);
    assert_int_equal (s_ran[0].value, value);
    assert_true (s_ran[0].group_gone);
    assert_true (action_exec_deadline (s_action) == INT64_MAX);
}

static void
both_outputs_are_logged_and_exit_0_is_a_restart (void **state)
{
    (void) state;
    s_expect ("echo \"$MAYHEM_HOST\"; echo oops >&2; printf half", RAN_OK, 0);
    const char *text = capture_end ();
    assert_int_equal (capture_count (text, " INFO: web-1: web-1.example.net\n"), 1);
    assert_int_equal (capture_count (text, " INFO: web-1: half\n"), 1);
    assert_int_equal (capture_count (text, " WARNING: web-1: oops\n"), 1);
}

static void
exit_75_means_not_now (void **state)
{
    (void) state;
    s_expect ("exit 75", RAN_LATER, 75);
    capture_end ();
}

static void
any_other_exit_is_a_failure (void **state)
{
    (void) state;
    s_expect ("exit 3", RAN_FAILED, 3);
    capture_end ();
}

static void
a_signal_is_a_failure (void **state)
{
    (void) state;
    s_expect ("kill -KILL $$", RAN_SIGNALLED, SIGKILL);
    capture_end ();
}

static void
a_missing_command_is_told_like_any_end (void **state)
{
    (void) state;
    const char *const words[] = {"/nonexistent/command"};
    assert_int_equal (s_start_words (1, words, 1), 0);
    assert_int_equal (s_count, 0);
    s_run_until (1);
    assert_int_equal (s_ran[0].kind, RAN_NOT_STARTED);
    assert_int_equal (s_ran[0].value, ENOENT);
    assert_int_equal (s_start_words (2, words, 1), 0);
    s_run_until (2);
    assert_int_equal (capture_count (capture_end (), " (errno 2): No such file or directory\n"), 1);
}

static void
no_descriptors_left_means_not_now (void **state)
{
    (void) state;
    struct rlimit limit;
    getrlimit (RLIMIT_NOFILE, &limit);
    struct rlimit none = {3, limit.rlim_max};
    setrlimit (RLIMIT_NOFILE, &none);
    int rc = s_start (1, "exit 0");
    setrlimit (RLIMIT_NOFILE, &limit);
    assert_int_equal (rc, 0);
    assert_int_equal (s_count, 0);
    assert_true (action_exec_deadline (s_action) <= clock_now_us ());
    s_run_until (1);
    assert_int_equal (s_ran[0].kind, RAN_LATER);
    assert_int_equal (s_ran[0].value, EMFILE);
    assert_int_equal (capture_count (capture_end (), ": Too many open files\n"), 1);
}

static void
a_flood_never_holds_up_the_reactor (void **state)
{
    (void) state;
    s_expect ("yes 'a line of a flood' | head -c 100000000; exit 9", RAN_FAILED, 9);
    const char *text = capture_end ();
    assert_int_equal (capture_count (text, "a line of a flood\n"), ACTION_LINES_MAX);
    assert_int_equal (capture_count (text, "web-1: 5555456 more lines\n"), 1);
    assert_true (s_longest_us < LONGEST_US);
}

static void
a_pipe_that_somebody_else_holds_open_is_given_up (void **state)
{
    (void) state;
    int64_t began_us = clock_now_us ();
    s_expect ("setsid sleep 2 & sleep 0.2; echo done", RAN_OK, 0);
    assert_true (clock_now_us () - began_us < 1800000);
    assert_int_equal (capture_count (capture_end (), "web-1: done\n"), 1);
}

static void
ends_are_asked_for_by_signal_and_unknown_tasks_are_ignored (void **state)
{
    (void) state;
    assert_int_equal (s_start (1, "while :; do sleep 60; done"), 0);
    action_exec_renew (s_action, 1, clock_now_us () + LEASE_US);
    action_exec_renew (s_action, 99, clock_now_us ());
    action_exec_end (s_action, 99, SIGKILL);
    action_exec_end (s_action, 1, SIGTERM);
    s_run_until (1);
    assert_int_equal (s_ran[0].kind, RAN_SIGNALLED);
    assert_int_equal (s_ran[0].value, SIGTERM);
    capture_end ();
}

static void
as_many_as_the_capacity_run_and_not_one_more (void **state)
{
    (void) state;
    for (uint64_t task = 0; task < CAPACITY; task++) {
        assert_int_equal (s_start (task, "exit 0"), 0);
    }
    assert_int_equal (s_start (CAPACITY, "exit 0"), -1);
    s_run_until (CAPACITY);
    s_count = 0;
    assert_int_equal (s_start (1, "exit 0"), 0);
    assert_int_equal (s_start (1, "exit 0"), -1);
    s_run_until (1);
    capture_end ();
}

static void
a_dead_guard_ends_every_task_once (void **state)
{
    (void) state;
    s_start (1, "while :; do sleep 60; done");
    s_start (2, "trap '' TERM; while :; do sleep 60; done");
    kill (guard_pid (s_guard), SIGKILL);
    s_run_until (2);
    assert_int_equal (s_ran[0].kind, RAN_CANCELLED);
    assert_false (s_ran[0].group_gone);
    assert_int_equal (s_lost, 1);
    assert_int_equal (s_start (3, "exit 0"), 0);
    s_run_until (3);
    assert_int_equal (s_ran[2].kind, RAN_NOT_STARTED);
    assert_int_equal (s_ran[2].value, EPIPE);
    assert_int_equal (s_lost, 1);
    capture_end ();
}

#define with_guard(test) cmocka_unit_test_setup_teardown (test, s_setup, s_teardown)

int
main (void)
{
    const struct CMUnitTest tests[] = {
        with_guard (both_outputs_are_logged_and_exit_0_is_a_restart),
        with_guard (exit_75_means_not_now),
        with_guard (any_other_exit_is_a_failure),
        with_guard (a_signal_is_a_failure),
        with_guard (a_missing_command_is_told_like_any_end),
        with_guard (no_descriptors_left_means_not_now),
        with_guard (a_flood_never_holds_up_the_reactor),
        with_guard (a_pipe_that_somebody_else_holds_open_is_given_up),
        with_guard (ends_are_asked_for_by_signal_and_unknown_tasks_are_ignored),
        with_guard (as_many_as_the_capacity_run_and_not_one_more),
        with_guard (a_dead_guard_ends_every_task_once),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
