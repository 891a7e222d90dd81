/*  guard.h - the process that owns all child processes of a handler.

    It is forked before any thread or socket, has a session of its own, is deaf to HUP, INT, TERM,
    QUIT, and does nothing but spawn, end and reap. Each command has its own process group, an empty
    signal mask, default dispositions, /dev/null as stdin, the two pipes it is given, and no other
    descriptor. A group whose lease runs out gets TERM with a sixth of the lease left and KILL at
    its end, also while the handler stands still. When the handler dies, all are KILLed at once.

    What it cannot end: a process that left its group (setsid, setpgid) is not ended with it; when
    its parent dies it becomes a child of the guard, which reaps it. A command that is to leave
    something running uses just that. A process in uninterruptible sleep dies when it wakes up. One
    that became another user (sudo) refuses our signals (EPERM): DENIED says so; when it outlives
    its leader, RAN comes without group_gone. */

#ifndef MAYHEM_GUARD_H
#define MAYHEM_GUARD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

//  Commands at once. A handler has 4 unless told otherwise, and 1024 at the most.
#define GUARD_CHILDREN_MAX 4096
//  Bytes of arguments and environment of one command; above what any template with names makes.
#define GUARD_BYTES_MAX 65536
//  Arguments and environment entries of one command.
#define GUARD_WORDS_MAX 1024
//  Requests kept while the guard's socket is full, and their bytes: a stopped guard costs no more.
#define GUARD_QUEUE_MAX       8192
#define GUARD_QUEUE_BYTES_MAX (8 * 1024 * 1024)
//  The guard waits this long for a KILLed group to be gone before it reports the leader's end.
#define GUARD_GONE_US 500000
//  guard_stop waits this long for the guard, then KILLs it and its groups. A part of the second
//  that a drain may take over its deadline.
#define GUARD_STOP_US 250000

typedef struct guard_t guard_t;

typedef enum {
    GUARD_SPAWNED, // runs, as `pid`, which is also its group
    GUARD_DENIED,  // may not be signalled (EPERM); said once, it runs on
    GUARD_RAN      // over, or never begun; the last word about this task
} guard_report_kind_t;

typedef struct {
    guard_report_kind_t kind;
    uint64_t task;
    pid_t pid;       // 0: never begun
    int status;      // RAN: as of waitpid, when error is 0
    int error;       // RAN: errno of what could not be begun; ETIME: its lease was over by then
    bool group_gone; // RAN: nothing of its group is left; false only when that is not known
} guard_report_t;

//  A command: words are NUL-terminated, one behind the other. Borrowed.
typedef struct {
    const char *argv_bytes;
    size_t argv_length; // with the last NUL
    size_t argc;        // at least 1; the first is looked for in PATH when it has no slash
    const char *env_bytes;
    size_t env_length;
    size_t envc;
    int out_fd; // write ends of pipes: borrowed, close them after the call
    int err_fd;
} guard_command_t;

//  Fork the guard. NULL on failure. The process must have no other thread.
guard_t *guard_start (void);

//  End every group and the guard, free, null the pointer. A guard that does not end by itself in
//  GUARD_STOP_US, or has not, is KILLed, and so is every group that is known.
void guard_stop (guard_t **self_p);

//  Readable when guard_receive has something (EPOLLIN).
int guard_fd (const guard_t *self);
pid_t guard_pid (const guard_t *self);

//  Run a command under a task number that no living task has. lease_end_us is absolute, on
//  clock_now_us: a stopped handler must not stretch it. The guard does not begin what is over.
//  0: SPAWNED (or not) and RAN will follow. -1 with errno: no RAN will follow (E2BIG, ENOBUFS,
//  EPIPE when the guard is gone).
int guard_run (guard_t *self, uint64_t task, int64_t lease_end_us, const guard_command_t *command);

//  The lease goes on until then. An unknown task is ignored. 0, or -1 as above.
int guard_renew (guard_t *self, uint64_t task, int64_t lease_end_us);

//  Signal a task's group; still safe when it has just ended. 0, or -1 as above.
int guard_end (guard_t *self, uint64_t task, int signo);

//  Send what waits. True when nothing waits any more; else call it again soon.
bool guard_flush (guard_t *self);

//  1: *report is set. 0: nothing now. -1: the guard is gone, for ever.
int guard_receive (guard_t *self, guard_report_t *report);

//  The guard is gone: KILL every group that was reported SPAWNED and not RAN. Returns how many.
//  After this nothing more of them is learned.
size_t guard_kill_all_known (guard_t *self);

#endif
