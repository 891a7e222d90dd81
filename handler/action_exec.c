#include "handler/action_exec.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/wait.h>
#include <unistd.h>
#include "common/core/heap.h"
#include "common/core/index.h"
#include "common/io/clock.h"
#include "common/io/log.h"
#include "handler/action_output.h"

//  Reports of the guard read in one wake-up.
#define REPORTS_MAX 256

_Static_assert(2 * ARGV_BYTES_MAX <= GUARD_BYTES_MAX, "words and environment fit a request");

typedef struct {
    action_exec_t *owner;
    ran_t ran;                         // task from the start, the rest when it ended
    bool ended;                        // ran is whole; only the pipes are awaited
    size_t instance_length;            // of instance
    char instance[INSTANCE_MAX_BYTES]; // prefix of its lines
    action_output_t outputs[2];        // stdout, stderr
} task_t;

struct action_exec_t {
    guard_t *guard;            // borrowed
    watch_t *watch;            // borrowed
    action_exec_ran_fn *ran;   // told every end
    action_exec_lost_fn *lost; // told that the guard is gone
    void *arg;                 // handed to both
    bool guard_lost;           // lost was told
    int said_error;            // errno of the last line about a command that did not start
    slab_t *tasks;             // task_t
    index_t *index;            // slots by (0, task)
    heap_t *ends;              // slots of ended tasks, by when their pipes are given up
};

static task_t *
s_task (action_exec_t *self, uint32_t slot)
{
    return slab_at (self->tasks, slot);
}

//  ---- the end of a task -------------------------------------------------------------------------

static void
s_close_output (task_t *task, action_output_t *output)
{
    if (output->fd >= 0) {
        watch_remove (task->owner->watch, output->fd);
        action_output_close (output, (text_t){task->instance, task->instance_length});
    }
}

//  Tell the end, last: the callee may start another task.
static void
s_finish (action_exec_t *self, uint32_t slot)
{
    task_t *task = s_task (self, slot);
    assert (task->ended);
    s_close_output (task, &task->outputs[0]);
    s_close_output (task, &task->outputs[1]);
    ran_t ran = task->ran;
    index_drop (self->index, 0, ran.task);
    heap_drop (self->ends, slot);
    slab_give (self->tasks, slot);
    self->ran (self->arg, &ran);
}

static void
s_finish_drained (action_exec_t *self, uint32_t slot)
{
    const task_t *task = s_task (self, slot);
    if (task->ended && task->outputs[0].fd < 0 && task->outputs[1].fd < 0) {
        s_finish (self, slot);
    }
}

static void
s_set_end (action_exec_t *self, uint32_t slot, ran_kind_t kind, int value, bool group_gone)
{
    task_t *task = s_task (self, slot);
    assert (!task->ended);
    task->ended = true;
    task->ran.kind = kind;
    task->ran.value = value;
    task->ran.group_gone = group_gone;
}

//  What this machine is short of for now says nothing about the message.
static ran_kind_t
s_error_kind (int error)
{
    bool shortage = error == EMFILE || error == ENFILE || error == ENOMEM || error == EAGAIN ||
                    error == ENOBUFS;
    return shortage ? RAN_LATER : RAN_NOT_STARTED;
}

//  The core, which is pure, has only the number. One line for many that fail in the same way.
static void
s_say_error (action_exec_t *self, int error)
{
    if (self->said_error != error) {
        log_line (LEVEL_ERROR, "Could not start a command (errno %d): %s", error, strerror (error));
    }
    self->said_error = error;
}

static void
s_set_error (action_exec_t *self, uint32_t slot, int error)
{
    s_say_error (self, error);
    s_set_end (self, slot, s_error_kind (error), error, true);
}

static ran_kind_t
s_exit_kind (int code)
{
    if (code == 0) {
        return RAN_OK;
    }
    return code == RAN_LATER_EXIT ? RAN_LATER : RAN_FAILED;
}

//  About a command that does not end as it should, once each.
static void
s_warn (action_exec_t *self, uint64_t number, const char *what)
{
    uint32_t slot = index_get (self->index, 0, number);
    if (slot != SLAB_NONE) {
        const task_t *task = s_task (self, slot);
        log_line (LEVEL_WARNING, "The command for %.*s %s", (int) task->instance_length,
                  task->instance, what);
    }
}

static void
s_on_ran (action_exec_t *self, const guard_report_t *report)
{
    uint32_t slot = index_get (self->index, 0, report->task);
    if (slot == SLAB_NONE || s_task (self, slot)->ended) {
        return;
    }
    if (report->error != 0) {
        s_set_error (self, slot, report->error);
    } else if (WIFSIGNALED (report->status)) {
        s_set_end (self, slot, RAN_SIGNALLED, WTERMSIG (report->status), report->group_gone);
    } else {
        int code = WEXITSTATUS (report->status);
        s_set_end (self, slot, s_exit_kind (code), code, report->group_gone);
    }
    if (!report->group_gone) {
        s_warn (self, report->task, "left processes that could not be ended");
    }
    heap_set (self->ends, slot, clock_now_us () + ACTION_DRAIN_US);
    s_finish_drained (self, slot);
}

//  ---- descriptors -------------------------------------------------------------------------------

static void
s_on_output (void *arg, int fd, uint32_t events)
{
    (void) events;
    task_t *task = arg;
    action_output_t *output = &task->outputs[fd == task->outputs[1].fd];
    assert (output->fd == fd);
    if (!action_output_read (output, (text_t){task->instance, task->instance_length})) {
        s_close_output (task, output);
        action_exec_t *self = task->owner;
        s_finish_drained (self, index_get (self->index, 0, task->ran.task));
    }
}

//  The guard is gone: nobody can say how its commands ended.
static void
s_on_lost (action_exec_t *self)
{
    self->guard_lost = true;
    watch_remove (self->watch, guard_fd (self->guard));
    guard_kill_all_known (self->guard);
    for (uint32_t slot = 0; slot < slab_high (self->tasks); slot++) {
        if (!slab_taken (self->tasks, slot)) {
            continue;
        }
        if (!s_task (self, slot)->ended) {
            s_set_end (self, slot, RAN_CANCELLED, SIGKILL, false);
        }
        s_finish (self, slot);
    }
    self->lost (self->arg);
}

static void
s_on_guard (void *arg, int fd, uint32_t events)
{
    (void) fd;
    (void) events;
    action_exec_t *self = arg;
    for (unsigned i = 0; i < REPORTS_MAX; i++) {
        guard_report_t report;
        int got = guard_receive (self->guard, &report);
        if (got == 0) {
            return;
        }
        if (got < 0) {
            s_on_lost (self);
            return;
        }
        switch (report.kind) {
        case GUARD_SPAWNED: self->said_error = 0; break;
        case GUARD_DENIED:
            s_warn (self, report.task, "may not be signalled: it runs as another user");
            break;
        case GUARD_RAN: s_on_ran (self, &report); break;
        }
    }
}

//  ---- life --------------------------------------------------------------------------------------

action_exec_t *
action_exec_new (guard_t *guard, watch_t *watch, uint32_t capacity, action_exec_ran_fn *ran,
                 action_exec_lost_fn *lost, void *arg)
{
    assert (guard && watch && ran && lost);
    assert (capacity > 0 && capacity <= GUARD_CHILDREN_MAX);
    action_exec_t *self = calloc (1, sizeof *self);
    if (!self) {
        return NULL;
    }
    *self = (action_exec_t){.guard = guard, .watch = watch, .ran = ran, .lost = lost, .arg = arg};
    self->tasks = slab_new (capacity, sizeof (task_t));
    self->index = index_new (capacity);
    self->ends = heap_new (capacity);
    if (!self->tasks || !self->index || !self->ends ||
        watch_add (watch, guard_fd (guard), EPOLLIN, false, s_on_guard, self) != 0) {
        action_exec_destroy (&self);
    }
    return self;
}

void
action_exec_destroy (action_exec_t **self_p)
{
    assert (self_p);
    action_exec_t *self = *self_p;
    if (!self) {
        return;
    }
    watch_remove (self->watch, guard_fd (self->guard));
    for (uint32_t slot = 0; self->tasks && slot < slab_high (self->tasks); slot++) {
        if (slab_taken (self->tasks, slot)) {
            s_close_output (s_task (self, slot), &s_task (self, slot)->outputs[0]);
            s_close_output (s_task (self, slot), &s_task (self, slot)->outputs[1]);
        }
    }
    slab_destroy (&self->tasks);
    index_destroy (&self->index);
    heap_destroy (&self->ends);
    free (self);
    *self_p = NULL;
}

//  ---- begin -------------------------------------------------------------------------------------

//  A pipe whose read end is watched and does not block; its write end is the caller's, or -1.
static int
s_open_output (task_t *task, int which, log_level_t level)
{
    int ends[2];
    if (pipe2 (ends, O_CLOEXEC) != 0) {
        return -1;
    }
    //  Each end has its own flags: the command's must block.
    if (fcntl (ends[0], F_SETFL, O_NONBLOCK) != 0 ||
        watch_add (task->owner->watch, ends[0], EPOLLIN, false, s_on_output, task) != 0) {
        int error = errno;
        close (ends[0]);
        close (ends[1]);
        errno = error;
        return -1;
    }
    action_output_open (&task->outputs[which], ends[0], level);
    return ends[1];
}

static void
s_close (int fd)
{
    if (fd >= 0) {
        close (fd);
    }
}

//  Returns 0 or an errno.
static int
s_begin (action_exec_t *self, task_t *task, int64_t lease_end_us, const argv_t *argv,
         const argv_t *env)
{
    if (self->guard_lost) {
        return EPIPE;
    }
    int out_fd = s_open_output (task, 0, LEVEL_INFO);
    int err_fd = out_fd < 0 ? -1 : s_open_output (task, 1, LEVEL_WARNING);
    int error = err_fd < 0 ? errno : 0;
    if (error == 0) {
        guard_command_t command = {argv->bytes, argv->length, argv->count, env->bytes,
                                   env->length, env->count,   out_fd,      err_fd};
        if (guard_run (self->guard, task->ran.task, lease_end_us, &command) != 0) {
            error = errno;
        }
    }
    s_close (out_fd);
    s_close (err_fd);
    return error;
}

static void
s_init_task (action_exec_t *self, task_t *task, uint64_t number, text_t instance)
{
    task->owner = self;
    task->ran.task = number;
    task->outputs[0].fd = task->outputs[1].fd = -1;
    size_t length = instance.length < INSTANCE_MAX_BYTES ? instance.length : INSTANCE_MAX_BYTES;
    memcpy (task->instance, instance.at, length);
    task->instance_length = length;
}

int
action_exec_start (action_exec_t *self, uint64_t task, int64_t lease_end_us, text_t instance,
                   const argv_t *argv, const argv_t *env)
{
    assert (self && argv && env);
    if (index_get (self->index, 0, task) != SLAB_NONE) {
        return -1;
    }
    uint32_t slot = slab_take (self->tasks);
    if (slot == SLAB_NONE) {
        return -1;
    }
    s_init_task (self, s_task (self, slot), task, instance);
    index_put (self->index, 0, task, slot);
    int error = s_begin (self, s_task (self, slot), lease_end_us, argv, env);
    if (error != 0) {
        //  Told by the next tick, so that the callee need not expect it from within its own call.
        s_set_error (self, slot, error);
        heap_set (self->ends, slot, clock_now_us ());
    }
    return 0;
}

void
action_exec_renew (action_exec_t *self, uint64_t task, int64_t lease_end_us)
{
    assert (self);
    guard_renew (self->guard, task, lease_end_us);
}

void
action_exec_end (action_exec_t *self, uint64_t task, int signo)
{
    assert (self);
    guard_end (self->guard, task, signo);
}

int64_t
action_exec_deadline (const action_exec_t *self)
{
    assert (self);
    return heap_next (self->ends);
}

void
action_exec_tick (action_exec_t *self, int64_t now_us)
{
    assert (self);
    guard_flush (self->guard);
    while (heap_next (self->ends) <= now_us) {
        s_finish (self, heap_first (self->ends));
    }
}
