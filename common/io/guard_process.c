#include "common/io/guard_process.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>
#include "common/core/heap.h"
#include "common/core/index.h"
#include "common/io/clock.h"
#include "common/io/guard_spawn.h"
#include "common/io/guard_wire.h"

//  How often a group that was KILLed is asked whether it is gone.
#define RECHECK_US 2000
//  Without a handler it waits this long for what it KILLed, and ends before guard_stop is late.
#define GUARD_REAP_US 150000
_Static_assert(GUARD_REAP_US < GUARD_STOP_US, "the guard ends by itself");
//  Keys of the one index: by task and by process.
#define BY_TASK 0
#define BY_PID  1

typedef enum {
    CHILD_RUNS,  // in the heap by its next TERM or KILL
    CHILD_ENDED, // the leader is reaped, its group KILLed and perhaps not yet gone
    CHILD_OVER   // RAN can be reported; when that is sent the slot is free
} child_state_t;

typedef struct {
    guard_report_t report; // of its end, filled as it becomes known
    child_state_t state;
    bool spawned_due; // SPAWNED waits for room in the socket
    bool denied_due;  // DENIED, too
    bool denied;      // or was said
    int64_t term_us;  // a sixth of the lease before its end; INT64_MAX once TERM was sent
    int64_t kill_us;  // end of the lease
    int64_t gone_us;  // ENDED: the group is waited for until then
} child_t;

typedef struct {
    int socket;    // to the handler
    int signal_fd; // SIGCHLD
    bool handler_gone;
    bool blocked;                // a report waits for room; no request is read meanwhile
    slab_t *children;            // child_t
    index_t *index;              // slots by task and by pid
    heap_t *times;               // slots by what is next for them
    char bytes[GUARD_BYTES_MAX]; // of the request in hand
} self_t;

static child_t *
s_child (self_t *self, uint32_t slot)
{
    return slab_at (self->children, slot);
}

//  ---- reports -----------------------------------------------------------------------------------

//  False when the socket is full: the report stays due.
static bool
s_send (self_t *self, const guard_report_t *report)
{
    if (guard_wire_send_report (self->socket, report) == 0) {
        return true;
    }
    self->blocked = errno == EAGAIN || errno == ENOBUFS;
    self->handler_gone = !self->blocked;
    return false;
}

//  Say what is due about a child. After its RAN the slot is free.
static void
s_report (self_t *self, uint32_t slot)
{
    child_t *child = s_child (self, slot);
    if (child->spawned_due) {
        guard_report_t report = child->report;
        report.kind = GUARD_SPAWNED;
        if (!s_send (self, &report)) {
            return;
        }
        child->spawned_due = false;
    }
    if (child->denied_due) {
        guard_report_t report = child->report;
        report.kind = GUARD_DENIED;
        if (!s_send (self, &report)) {
            return;
        }
        child->denied_due = false;
    }
    if (child->state == CHILD_OVER && s_send (self, &child->report)) {
        index_drop (self->index, BY_TASK, child->report.task);
        slab_give (self->children, slot);
    }
}

static void
s_report_all (self_t *self)
{
    self->blocked = false;
    for (uint32_t slot = 0; slot < slab_high (self->children); slot++) {
        if (slab_taken (self->children, slot) && !self->blocked) {
            s_report (self, slot);
        }
    }
}

//  Signal a group whose leader is not reaped yet. A leader that left its group is still ours; one
//  that became another user is not, which the handler has to know.
static void
s_signal (self_t *self, uint32_t slot, int signo)
{
    child_t *child = s_child (self, slot);
    pid_t pid = child->report.pid;
    assert (pid > 0);
    if (kill (-pid, signo) == 0 || kill (pid, signo) == 0 || errno != EPERM || child->denied) {
        return;
    }
    child->denied = child->denied_due = true;
    s_report (self, slot);
}

//  ---- the end of a child ------------------------------------------------------------------------

static void
s_over (self_t *self, uint32_t slot, bool group_gone)
{
    child_t *child = s_child (self, slot);
    child->state = CHILD_OVER;
    child->report.group_gone = group_gone;
    heap_drop (self->times, slot);
    s_report (self, slot);
}

//  The leader is reaped. A member that is left keeps the group's number from being used again; it
//  is a child of ours or becomes one (subreaper), so it cannot stay a zombie.
static void
s_check_gone (self_t *self, uint32_t slot, int64_t now_us)
{
    child_t *child = s_child (self, slot);
    bool gone = kill (-child->report.pid, SIGKILL) != 0 && errno == ESRCH;
    if (gone || now_us >= child->gone_us) {
        s_over (self, slot, gone);
    } else {
        heap_set (self->times, slot, now_us + RECHECK_US);
    }
}

//  The leader of a group is dead and not yet reaped, so the group's number is still its own.
static void
s_reap_leader (self_t *self, uint32_t slot, int64_t now_us)
{
    child_t *child = s_child (self, slot);
    pid_t pid = child->report.pid;
    kill (-pid, SIGKILL);
    waitpid (pid, &child->report.status, 0);
    index_drop (self->index, BY_PID, (uint64_t) pid);
    child->state = CHILD_ENDED;
    child->gone_us = now_us + GUARD_GONE_US;
    s_check_gone (self, slot, now_us);
}

//  Reap whatever is dead: leaders, and orphans that became our children.
static void
s_reap (self_t *self, int64_t now_us)
{
    for (;;) {
        siginfo_t info = {.si_pid = 0};
        if (waitid (P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) != 0 || info.si_pid == 0) {
            return;
        }
        uint32_t slot = index_get (self->index, BY_PID, (uint64_t) info.si_pid);
        if (slot == SLAB_NONE) {
            waitpid (info.si_pid, NULL, 0);
        } else {
            s_reap_leader (self, slot, now_us);
        }
    }
}

//  ---- time --------------------------------------------------------------------------------------

static void
s_plan (self_t *self, uint32_t slot)
{
    const child_t *child = s_child (self, slot);
    heap_set (self->times, slot, child->term_us < child->kill_us ? child->term_us : child->kill_us);
}

static void
s_lease (self_t *self, uint32_t slot, int64_t end_us, int64_t now_us)
{
    child_t *child = s_child (self, slot);
    int64_t left_us = end_us > now_us ? end_us - now_us : 0;
    child->kill_us = end_us;
    child->term_us = end_us - left_us / 6;
    s_plan (self, slot);
}

static void
s_due (self_t *self, uint32_t slot, int64_t now_us)
{
    child_t *child = s_child (self, slot);
    if (child->state == CHILD_ENDED) {
        s_check_gone (self, slot, now_us);
    } else if (now_us >= child->kill_us) {
        s_signal (self, slot, SIGKILL);
        child->term_us = child->kill_us = INT64_MAX;
        s_plan (self, slot);
    } else {
        s_signal (self, slot, SIGTERM);
        child->term_us = INT64_MAX;
        s_plan (self, slot);
    }
}

static void
s_tick (self_t *self, int64_t now_us)
{
    while (heap_next (self->times) <= now_us) {
        s_due (self, heap_first (self->times), now_us);
    }
}

//  ---- requests ----------------------------------------------------------------------------------

//  Returns 0 and sets *pid, or an errno.
static int
s_spawn (self_t *self, const guard_request_t *request, const int fds[2], pid_t *pid)
{
    char *argv[GUARD_WORDS_MAX + 1];
    char *env[GUARD_WORDS_MAX + 1];
    if (fds[0] < 0 || request->argc == 0 ||
        guard_wire_words (self->bytes, request->argv_length, request->argc, argv) != 0 ||
        guard_wire_words (self->bytes + request->argv_length, request->env_length, request->envc,
                          env) != 0) {
        return EINVAL;
    }
    if (request->lease_end_us <= clock_now_us ()) {
        return ETIME;
    }
    return guard_spawn (argv, env, fds[0], fds[1], pid);
}

static void
s_run (self_t *self, const guard_request_t *request, const int fds[2])
{
    //  The handler counts its tasks and never has more.
    uint32_t slot = slab_take (self->children);
    assert (slot != SLAB_NONE);
    child_t *child = s_child (self, slot);
    child->report = (guard_report_t){.kind = GUARD_RAN, .task = request->task};
    index_put (self->index, BY_TASK, request->task, slot);
    child->report.error = s_spawn (self, request, fds, &child->report.pid);
    if (child->report.error != 0) {
        child->report.pid = 0;
        s_over (self, slot, true);
        return;
    }
    index_put (self->index, BY_PID, (uint64_t) child->report.pid, slot);
    child->spawned_due = true;
    s_lease (self, slot, request->lease_end_us, clock_now_us ());
    s_report (self, slot);
}

static void
s_obey (self_t *self, const guard_request_t *request, const int fds[2])
{
    uint32_t slot = index_get (self->index, BY_TASK, request->task);
    bool runs = slot != SLAB_NONE && s_child (self, slot)->state == CHILD_RUNS;
    switch (request->kind) {
    case GUARD_REQUEST_RUN:
        if (slot == SLAB_NONE) {
            s_run (self, request, fds);
        }
        break;
    case GUARD_REQUEST_RENEW:
        if (runs) {
            s_lease (self, slot, request->lease_end_us, clock_now_us ());
        }
        break;
    case GUARD_REQUEST_END:
        if (runs) {
            s_signal (self, slot, request->signo);
        }
        break;
    }
}

//  One request a pass: between two of them the handler may have died.
static void
s_read_request (self_t *self)
{
    guard_request_t request;
    int fds[2];
    int got = guard_wire_get_request (self->socket, &request, self->bytes, fds);
    if (got == 0) {
        self->handler_gone = true;
    } else if (got == 1) {
        s_obey (self, &request, fds);
    }
    for (int i = 0; i < 2; i++) {
        if (fds[i] >= 0) {
            close (fds[i]);
        }
    }
}

//  ---- the loop ----------------------------------------------------------------------------------

static void
s_wait (self_t *self, struct pollfd *items, int64_t until_us)
{
    struct timespec timeout;
    struct timespec *limit = NULL;
    if (until_us != INT64_MAX) {
        int64_t left_us = until_us - clock_now_us ();
        left_us = left_us > 0 ? left_us : 0;
        timeout.tv_sec = left_us / CLOCK_SECOND_US;
        timeout.tv_nsec = left_us % CLOCK_SECOND_US * 1000;
        limit = &timeout;
    }
    items[0] = (struct pollfd){self->signal_fd, POLLIN, 0};
    items[1] = (struct pollfd){self->socket, self->blocked ? POLLOUT : POLLIN, 0};
    if (ppoll (items, 2, limit, NULL) < 0) {
        items[0].revents = items[1].revents = 0;
    }
}

static void
s_forget_signals (self_t *self)
{
    struct signalfd_siginfo info;
    while (read (self->signal_fd, &info, sizeof info) == sizeof info) {
    }
}

static void
s_serve (self_t *self)
{
    while (!self->handler_gone) {
        struct pollfd items[2];
        s_wait (self, items, heap_next (self->times));
        //  Before anything else, and before a request that the dead one left behind.
        if (items[1].revents & (POLLHUP | POLLERR)) {
            return;
        }
        int64_t now_us = clock_now_us ();
        if (items[0].revents) {
            s_forget_signals (self);
            s_reap (self, now_us);
        }
        s_tick (self, now_us);
        if (items[1].revents & POLLOUT) {
            s_report_all (self);
        } else if (items[1].revents & POLLIN) {
            s_read_request (self);
        }
    }
}

//  KILL every group that runs. Returns how many there are.
static unsigned
s_kill_all (self_t *self)
{
    unsigned count = 0;
    for (uint32_t slot = 0; slot < slab_high (self->children); slot++) {
        if (!slab_taken (self->children, slot)) {
            continue;
        }
        const child_t *child = s_child (self, slot);
        if (child->state == CHILD_RUNS) {
            s_signal (self, slot, SIGKILL);
        }
        count += child->state != CHILD_OVER;
    }
    return count;
}

//  The handler is gone: end everything at once, and reap it as long as that is quick.
static void
s_end_all (self_t *self)
{
    int64_t until_us = clock_now_us () + GUARD_REAP_US;
    while (s_kill_all (self) > 0 && clock_now_us () < until_us) {
        struct pollfd item = {self->signal_fd, POLLIN, 0};
        poll (&item, 1, RECHECK_US / 1000);
        s_forget_signals (self);
        s_reap (self, clock_now_us ());
        s_tick (self, clock_now_us ());
    }
}

_Noreturn void
guard_process (int socket)
{
    self_t *self = calloc (1, sizeof *self);
    if (!self || guard_spawn_init (socket) != 0) {
        _exit (EXIT_FAILURE);
    }
    self->socket = socket;
    sigset_t set;
    sigemptyset (&set);
    sigaddset (&set, SIGCHLD);
    self->signal_fd = signalfd (-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
    self->children = slab_new (GUARD_CHILDREN_MAX, sizeof (child_t));
    self->index = index_new (2 * GUARD_CHILDREN_MAX);
    self->times = heap_new (GUARD_CHILDREN_MAX);
    if (self->signal_fd >= 0 && self->children && self->index && self->times) {
        s_serve (self);
        s_end_all (self);
    }
    _exit (EXIT_SUCCESS);
}
