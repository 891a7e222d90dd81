#include "common/io/guard_spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

static int
s_close_others (int keep)
{
    int null = open ("/dev/null", O_RDWR | O_CLOEXEC);
    if (null < 0 || dup2 (null, STDIN_FILENO) < 0 || dup2 (null, STDOUT_FILENO) < 0) {
        return -1;
    }
    unsigned first = STDERR_FILENO + 1;
    unsigned kept = (unsigned) keep;
    if (kept > first && close_range (first, kept - 1, 0) != 0) {
        return -1;
    }
    return close_range (kept + 1, ~0u, 0);
}

int
guard_spawn_init (int keep)
{
    sigset_t all;
    sigfillset (&all);
    sigprocmask (SIG_SETMASK, &all, NULL);
    //  An inherited "ignore" would reap children before their status is read.
    struct sigaction child = {.sa_handler = SIG_DFL};
    sigemptyset (&child.sa_mask);
    sigaction (SIGCHLD, &child, NULL);
    prctl (PR_SET_NAME, "mayhem-guard");
    if (setsid () < 0 || prctl (PR_SET_CHILD_SUBREAPER, 1) != 0) {
        return -1;
    }
    return s_close_others (keep);
}

static int
s_set_attributes (posix_spawnattr_t *attributes)
{
    sigset_t none;
    sigset_t all;
    sigemptyset (&none);
    //  sigfillset leaves out the two signals that the C library keeps to itself; it would hand them
    //  on as ignored.
    memset (&all, 0xff, sizeof all);
    int rc = posix_spawnattr_setsigmask (attributes, &none);
    rc = rc ? rc : posix_spawnattr_setsigdefault (attributes, &all);
    rc = rc ? rc : posix_spawnattr_setpgroup (attributes, 0);
    short flags = POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP;
    return rc ? rc : posix_spawnattr_setflags (attributes, flags);
}

static int
s_set_descriptors (posix_spawn_file_actions_t *actions, int out_fd, int err_fd)
{
    int rc = posix_spawn_file_actions_addopen (actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    rc = rc ? rc : posix_spawn_file_actions_adddup2 (actions, out_fd, STDOUT_FILENO);
    rc = rc ? rc : posix_spawn_file_actions_adddup2 (actions, err_fd, STDERR_FILENO);
    return rc ? rc : posix_spawn_file_actions_addclosefrom_np (actions, STDERR_FILENO + 1);
}

int
guard_spawn (char *const *argv, char *const *env, int out_fd, int err_fd, pid_t *pid)
{
    posix_spawnattr_t attributes;
    posix_spawn_file_actions_t actions;
    if (posix_spawnattr_init (&attributes) != 0) {
        return ENOMEM;
    }
    if (posix_spawn_file_actions_init (&actions) != 0) {
        posix_spawnattr_destroy (&attributes);
        return ENOMEM;
    }
    int rc = s_set_attributes (&attributes);
    rc = rc ? rc : s_set_descriptors (&actions, out_fd, err_fd);
    rc = rc ? rc : posix_spawnp (pid, argv[0], &actions, &attributes, argv, env);
    posix_spawn_file_actions_destroy (&actions);
    posix_spawnattr_destroy (&attributes);
    return rc;
}
