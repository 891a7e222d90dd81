#include "common/io/guard.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include "common/core/index.h"
#include "common/io/clock.h"
#include "common/io/guard_process.h"
#include "common/io/guard_wire.h"

//  How often guard_stop looks: a descriptor of the process may be refused, this never is.
#define STOP_POLL_MS 2

//  A request that waits for room in the socket.
typedef struct waiting_t {
    struct waiting_t *next;
    guard_request_t request;
    int fds[2];   // own copies; -1 when it has none
    char words[]; // arguments, then environment
} waiting_t;

//  A task between RUN and RAN.
typedef struct {
    uint64_t task;
    pid_t pid; // its group; 0 until SPAWNED
} task_t;

struct guard_t {
    int socket;      // to the guard
    pid_t pid;       // of the guard
    slab_t *tasks;   // task_t
    index_t *index;  // slots by (0, task)
    waiting_t *head; // requests that wait, oldest first
    waiting_t *tail; // the newest of them
    size_t count;    // how many
    size_t bytes;    // of their words
};

static void
s_free (guard_t **self_p)
{
    guard_t *self = *self_p;
    slab_destroy (&self->tasks);
    index_destroy (&self->index);
    free (self);
    *self_p = NULL;
}

static int
s_fork (guard_t *self)
{
    int ends[2];
    if (socketpair (AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) {
        return -1;
    }
    self->pid = fork ();
    if (self->pid == 0) {
        guard_process (ends[1]);
    }
    close (ends[1]);
    if (self->pid < 0) {
        close (ends[0]);
        return -1;
    }
    self->socket = ends[0];
    return 0;
}

guard_t *
guard_start (void)
{
    guard_t *self = calloc (1, sizeof *self);
    if (!self) {
        return NULL;
    }
    self->tasks = slab_new (GUARD_CHILDREN_MAX, sizeof (task_t));
    self->index = index_new (GUARD_CHILDREN_MAX);
    if (!self->tasks || !self->index || s_fork (self) != 0) {
        s_free (&self);
    }
    return self;
}

//  Wait for the guard, which ends and reaps its children first. True: it has done so; false: it
//  was late, or had died before, so nobody has ended its groups.
static bool
s_wait (pid_t pid)
{
    int status = 0;
    int64_t until_us = clock_now_us () + GUARD_STOP_US;
    pid_t got;
    while ((got = waitpid (pid, &status, WNOHANG)) == 0 && clock_now_us () < until_us) {
        poll (NULL, 0, STOP_POLL_MS);
    }
    if (got == 0) {
        kill (pid, SIGKILL);
        while (waitpid (pid, NULL, 0) < 0 && errno == EINTR) {
        }
    }
    return got == pid && WIFEXITED (status) && WEXITSTATUS (status) == EXIT_SUCCESS;
}

static void
s_drop_first (guard_t *self)
{
    waiting_t *first = self->head;
    self->head = first->next;
    self->tail = self->head ? self->tail : NULL;
    self->count--;
    self->bytes -= first->request.argv_length + first->request.env_length;
    for (int i = 0; i < 2; i++) {
        if (first->fds[i] >= 0) {
            close (first->fds[i]);
        }
    }
    free (first);
}

void
guard_stop (guard_t **self_p)
{
    assert (self_p);
    guard_t *self = *self_p;
    if (!self) {
        return;
    }
    //  The guard sees the end; what it has reported can still be read.
    shutdown (self->socket, SHUT_RDWR);
    if (!s_wait (self->pid)) {
        guard_report_t report;
        while (guard_receive (self, &report) == 1) {
        }
        guard_kill_all_known (self);
    }
    close (self->socket);
    while (self->head) {
        s_drop_first (self);
    }
    s_free (self_p);
}

int
guard_fd (const guard_t *self)
{
    assert (self);
    return self->socket;
}

pid_t
guard_pid (const guard_t *self)
{
    assert (self);
    return self->pid;
}

//  ---- requests ----------------------------------------------------------------------------------

//  Full for now, as opposed to gone. Descriptors in flight have a limit of their own.
static bool
s_is_full (int error)
{
    return error == EAGAIN || error == ENOBUFS || error == ETOOMANYREFS || error == EINTR;
}

static int
s_dup_both (const int *from, int to[2])
{
    to[0] = to[1] = -1;
    if (!from) {
        return 0;
    }
    to[0] = fcntl (from[0], F_DUPFD_CLOEXEC, 0);
    to[1] = fcntl (from[1], F_DUPFD_CLOEXEC, 0);
    if (to[0] >= 0 && to[1] >= 0) {
        return 0;
    }
    if (to[0] >= 0) {
        close (to[0]);
    }
    return -1;
}

static int
s_keep (guard_t *self, const guard_request_t *request, const char *argv, const char *env,
        const int *fds)
{
    size_t length = request->argv_length + request->env_length;
    if (self->count >= GUARD_QUEUE_MAX || self->bytes + length > GUARD_QUEUE_BYTES_MAX) {
        errno = ENOBUFS;
        return -1;
    }
    waiting_t *waiting = calloc (1, sizeof *waiting + length);
    if (!waiting || s_dup_both (fds, waiting->fds) != 0) {
        free (waiting);
        return -1;
    }
    waiting->request = *request;
    if (length > 0) {
        memcpy (waiting->words, argv, request->argv_length);
        memcpy (waiting->words + request->argv_length, env, request->env_length);
    }
    *(self->head ? &self->tail->next : &self->head) = waiting;
    self->tail = waiting;
    self->count++;
    self->bytes += length;
    return 0;
}

//  Send now, or keep in order.
static int
s_request (guard_t *self, const guard_request_t *request, const char *argv, const char *env,
           const int *fds)
{
    if (guard_flush (self)) {
        if (guard_wire_send_request (self->socket, request, argv, env, fds) == 0) {
            return 0;
        }
        if (!s_is_full (errno)) {
            return -1;
        }
    }
    return s_keep (self, request, argv, env, fds);
}

bool
guard_flush (guard_t *self)
{
    assert (self);
    while (self->head) {
        waiting_t *first = self->head;
        const int *fds = first->fds[0] >= 0 ? first->fds : NULL;
        if (guard_wire_send_request (self->socket, &first->request, first->words,
                                     first->words + first->request.argv_length, fds) != 0 &&
            s_is_full (errno)) {
            return false;
        }
        //  Sent, or the guard is gone and guard_receive will say so.
        s_drop_first (self);
    }
    return true;
}

int
guard_run (guard_t *self, uint64_t task, int64_t lease_end_us, const guard_command_t *command)
{
    assert (self && command);
    assert (command->argc > 0 && command->out_fd >= 0 && command->err_fd >= 0);
    assert (index_get (self->index, 0, task) == SLAB_NONE);
    if (command->argc > GUARD_WORDS_MAX || command->envc > GUARD_WORDS_MAX ||
        command->argv_length > GUARD_BYTES_MAX ||
        command->env_length > GUARD_BYTES_MAX - command->argv_length) {
        errno = E2BIG;
        return -1;
    }
    uint32_t slot = slab_take (self->tasks);
    if (slot == SLAB_NONE) {
        errno = ENOBUFS;
        return -1;
    }
    guard_request_t request = {.kind = GUARD_REQUEST_RUN,
                               .task = task,
                               .lease_end_us = lease_end_us,
                               .argc = (uint32_t) command->argc,
                               .envc = (uint32_t) command->envc,
                               .argv_length = (uint32_t) command->argv_length,
                               .env_length = (uint32_t) command->env_length};
    int fds[2] = {command->out_fd, command->err_fd};
    if (s_request (self, &request, command->argv_bytes, command->env_bytes, fds) != 0) {
        slab_give (self->tasks, slot);
        return -1;
    }
    ((task_t *) slab_at (self->tasks, slot))->task = task;
    index_put (self->index, 0, task, slot);
    return 0;
}

int
guard_renew (guard_t *self, uint64_t task, int64_t lease_end_us)
{
    assert (self);
    guard_request_t request = {
        .kind = GUARD_REQUEST_RENEW, .task = task, .lease_end_us = lease_end_us};
    bool known = index_get (self->index, 0, task) != SLAB_NONE;
    return known ? s_request (self, &request, NULL, NULL, NULL) : 0;
}

int
guard_end (guard_t *self, uint64_t task, int signo)
{
    assert (self && signo > 0);
    guard_request_t request = {.kind = GUARD_REQUEST_END, .task = task, .signo = signo};
    bool known = index_get (self->index, 0, task) != SLAB_NONE;
    return known ? s_request (self, &request, NULL, NULL, NULL) : 0;
}

//  ---- reports -----------------------------------------------------------------------------------

static void
s_learn (guard_t *self, const guard_report_t *report)
{
    uint32_t slot = index_get (self->index, 0, report->task);
    assert (slot != SLAB_NONE);
    switch (report->kind) {
    case GUARD_SPAWNED: ((task_t *) slab_at (self->tasks, slot))->pid = report->pid; break;
    case GUARD_DENIED: break;
    case GUARD_RAN:
        index_drop (self->index, 0, report->task);
        slab_give (self->tasks, slot);
        break;
    }
}

int
guard_receive (guard_t *self, guard_report_t *report)
{
    assert (self && report);
    guard_flush (self);
    switch (guard_wire_get_report (self->socket, report)) {
    case 1: s_learn (self, report); return 1;
    case 0: return -1;
    }
    return 0;
}

size_t
guard_kill_all_known (guard_t *self)
{
    assert (self);
    size_t killed = 0;
    for (uint32_t slot = 0; slot < slab_high (self->tasks); slot++) {
        if (!slab_taken (self->tasks, slot)) {
            continue;
        }
        const task_t *task = slab_at (self->tasks, slot);
        killed += task->pid > 0 && kill (-task->pid, SIGKILL) == 0;
        index_drop (self->index, 0, task->task);
        slab_give (self->tasks, slot);
    }
    return killed;
}
