#include "common/io/reactor.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <unistd.h>
#include <czmq.h>
#include "common/io/clock.h"
#include "common/io/log.h"

//  Pollers, the first kinds.
#define POLLERS (REACTOR_TIMER + 1)
//  Loops that may end without a single callback before the sockets count as broken. One that
//  ended after a callback was only interrupted.
#define IDLE_ENDS_MAX 100

//  What a poller's callback is given.
typedef struct {
    reactor_t *reactor;
    reactor_kind_t kind;
} gate_t;

struct reactor_t {
    reactor_sources_t sources;             // where events come from
    reactor_calls_t calls;                 // where they go
    void *arg;                             // handed to every call
    int timer_fd;                          // the one timer
    int unused_fd;                         // eventfd that stands in for sources that are not there
    int64_t armed_us;                      // when the timer was told to fire
    int64_t stall_us;                      // of the stall that is being told
    int64_t longest_us[REACTOR_KINDS];     // longest call of each kind
    int64_t warned_us;                     // last line about a slow call
    uint64_t dropped;                      // messages that were not ours
    unsigned idle_ends;                    // loops that ended without a callback, in a row
    bool over;                             // `over` has said so
    gate_t gates[POLLERS];                 // args of the pollers
    zmq_msg_t messages[REACTOR_BURST_MAX]; // of the burst in hand
    bytes_t frames[REACTOR_BURST_MAX];     // the same, as the callbacks see them
};

static const char *const s_name[] = {
    "signals", "inbox", "state", "neighbours", "committed", "watch", "timer", "turn", "stall",
};
_Static_assert(sizeof s_name / sizeof *s_name == REACTOR_KINDS, "one name per kind");

//  ---- sources -----------------------------------------------------------------------------------

static void s_check_stall (reactor_t *self);

static void
s_on_signals (reactor_t *self)
{
    void (*tell) (void *, int) = self->calls.signal;
    struct signalfd_siginfo info;
    while (read (self->sources.signal_fd, &info, sizeof info) == sizeof info) {
        if (tell) {
            tell (self->arg, (int) info.ssi_signo);
        }
    }
}

//  Read what is left of a message of several parts. None of ours has more than one.
static void
s_drop_rest (reactor_t *self, void *socket, zmq_msg_t *message)
{
    self->dropped++;
    while (zmq_msg_more (message) && zmq_msg_recv (message, socket, ZMQ_DONTWAIT) >= 0) {
    }
}

//  One message of one part. False when there is none.
static bool
s_receive (reactor_t *self, void *socket, zmq_msg_t *message)
{
    zmq_msg_init (message);
    for (unsigned i = 0; i < REACTOR_BURST_MAX; i++) {
        if (zmq_msg_recv (message, socket, ZMQ_DONTWAIT) < 0) {
            break;
        }
        if (!zmq_msg_more (message)) {
            return true;
        }
        s_drop_rest (self, socket, message);
    }
    zmq_msg_close (message);
    return false;
}

//  Fill messages and frames. Returns how many; below REACTOR_BURST_MAX the socket was read empty.
static size_t
s_receive_burst (reactor_t *self, void *socket)
{
    size_t count = 0;
    while (count < REACTOR_BURST_MAX && s_receive (self, socket, &self->messages[count])) {
        zmq_msg_t *message = &self->messages[count];
        self->frames[count].at = zmq_msg_data (message);
        self->frames[count].length = zmq_msg_size (message);
        count++;
    }
    return count;
}

static void
s_close_burst (reactor_t *self, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        zmq_msg_close (&self->messages[i]);
    }
}

static void
s_on_inbox (reactor_t *self)
{
    size_t count = s_receive_burst (self, self->sources.inbox);
    //  A stop may have fallen between the pass's own check and the last message.
    s_check_stall (self);
    if (count > 0 && self->calls.frames) {
        self->calls.frames (self->arg, self->frames, count);
    }
    s_close_burst (self, count);
    if (count < REACTOR_BURST_MAX && self->calls.inbox_empty) {
        self->calls.inbox_empty (self->arg);
    }
}

//  A subscription is \1 or \0 and the topic. Whatever else comes is not from one of ours.
static void
s_notice (reactor_t *self, const bytes_t *frame)
{
    char topic[REACTOR_TOPIC_MAX + 1];
    size_t length = frame->length - 1;
    if (frame->length == 0 || frame->at[0] > 1 || length > REACTOR_TOPIC_MAX ||
        memchr (frame->at + 1, 0, length)) {
        self->dropped++;
        return;
    }
    memcpy (topic, frame->at + 1, length);
    topic[length] = 0;
    if (self->calls.notice) {
        self->calls.notice (self->arg, topic, frame->at[0] == 1);
    }
}

static void
s_on_state (reactor_t *self)
{
    size_t count = s_receive_burst (self, self->sources.state);
    for (size_t i = 0; i < count; i++) {
        s_notice (self, &self->frames[i]);
    }
    s_close_burst (self, count);
}

//  Take the topics off. Returns how many frames had one.
static size_t
s_strip_topics (reactor_t *self, size_t count)
{
    size_t kept = 0;
    for (size_t i = 0; i < count; i++) {
        bytes_t frame = self->frames[i];
        const uint8_t *end = frame.length > 0 ? memchr (frame.at, 0, frame.length) : NULL;
        if (!end) {
            self->dropped++;
            continue;
        }
        self->frames[kept].length = frame.length - (size_t) (end + 1 - frame.at);
        self->frames[kept].at = end + 1;
        kept++;
    }
    return kept;
}

static void
s_on_neighbours (reactor_t *self)
{
    size_t count = s_receive_burst (self, self->sources.neighbours);
    size_t kept = s_strip_topics (self, count);
    if (kept > 0 && self->calls.published) {
        self->calls.published (self->arg, self->frames, kept);
    }
    s_close_burst (self, count);
}

static void
s_read_counter (int fd)
{
    uint64_t counter;
    if (read (fd, &counter, sizeof counter) < 0) {
        assert (errno == EAGAIN || errno == EINTR);
    }
}

static void
s_on_committed (reactor_t *self)
{
    s_read_counter (self->sources.committed_fd);
    if (self->calls.committed) {
        self->calls.committed (self->arg);
    }
}

static void
s_on_watch (reactor_t *self)
{
    if (self->calls.watched) {
        self->calls.watched (self->arg);
    }
}

//  The inbox is asked again: only its own "nothing" proves that it is empty, and without messages
//  its poller is never called.
static void
s_on_timer (reactor_t *self)
{
    s_read_counter (self->timer_fd);
    s_on_inbox (self);
}

static void
s_on_turn (reactor_t *self)
{
    if (self->calls.turn) {
        self->calls.turn (self->arg);
    }
}

static void
s_on_stall (reactor_t *self)
{
    if (self->calls.stalled) {
        self->calls.stalled (self->arg, self->stall_us);
    }
}

//  ---- the trampoline ----------------------------------------------------------------------------

static void (*const s_call_of[]) (reactor_t *) = {
    s_on_signals, s_on_inbox, s_on_state, s_on_neighbours, s_on_committed,
    s_on_watch,   s_on_timer, s_on_turn,  s_on_stall,
};
_Static_assert(sizeof s_call_of / sizeof *s_call_of == REACTOR_KINDS, "one call per kind");

static void
s_measure (reactor_t *self, reactor_kind_t kind, int64_t began_us)
{
    int64_t now_us = clock_now_us ();
    int64_t took_us = now_us - began_us;
    if (took_us > self->longest_us[kind]) {
        self->longest_us[kind] = took_us;
    }
    if (took_us > REACTOR_SLOW_US && now_us - self->warned_us >= CLOCK_SECOND_US) {
        self->warned_us = now_us;
        log_line (LEVEL_WARNING, "Slow callback: %s took %lld ms", s_name[kind],
                  (long long) took_us / 1000);
    }
}

static void
s_call (reactor_t *self, reactor_kind_t kind)
{
    int64_t began_us = clock_now_us ();
    s_call_of[kind](self);
    s_measure (self, kind, began_us);
}

static void
s_check_stall (reactor_t *self)
{
    int64_t now_us = clock_now_us ();
    int64_t late_us = now_us - self->armed_us;
    if (late_us > 2 * REACTOR_TICK_US) {
        self->armed_us = now_us;
        self->stall_us = late_us;
        s_call (self, REACTOR_STALL);
    }
}

static void
s_arm (reactor_t *self)
{
    int64_t now_us = clock_now_us ();
    int64_t at_us = self->calls.deadline (self->arg);
    if (at_us > now_us + REACTOR_TICK_US) {
        at_us = now_us + REACTOR_TICK_US;
    }
    if (at_us < now_us) {
        at_us = now_us;
    }
    self->armed_us = at_us;
    struct itimerspec when = {.it_value.tv_sec = at_us / CLOCK_SECOND_US,
                              .it_value.tv_nsec = at_us % CLOCK_SECOND_US * 1000};
    timerfd_settime (self->timer_fd, TFD_TIMER_ABSTIME, &when, NULL);
}

//  What follows every source: the core acts, and says when it wants to act again.
static void
s_turn (reactor_t *self)
{
    s_check_stall (self);
    s_call (self, REACTOR_TURN);
    s_check_stall (self);
    s_arm (self);
    self->over = self->calls.over (self->arg);
}

//  The one callback of all pollers.
static int
s_pass (zloop_t *loop, zmq_pollitem_t *item, void *arg)
{
    (void) loop;
    (void) item;
    gate_t *gate = arg;
    reactor_t *self = gate->reactor;
    self->idle_ends = 0;
    s_check_stall (self);
    s_call (self, gate->kind);
    s_turn (self);
    return self->over ? -1 : 0;
}

//  ---- life --------------------------------------------------------------------------------------

reactor_t *
reactor_new (const reactor_sources_t *sources, const reactor_calls_t *calls, void *arg)
{
    assert (sources && calls);
    assert (calls->deadline && calls->over);
    assert (sources->inbox && sources->state && sources->neighbours);
    reactor_t *self = calloc (1, sizeof *self);
    if (!self) {
        return NULL;
    }
    self->sources = *sources;
    self->calls = *calls;
    self->arg = arg;
    self->timer_fd = timerfd_create (CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    self->unused_fd = eventfd (0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (self->timer_fd < 0 || self->unused_fd < 0) {
        reactor_destroy (&self);
    }
    return self;
}

void
reactor_destroy (reactor_t **self_p)
{
    assert (self_p);
    reactor_t *self = *self_p;
    if (!self) {
        return;
    }
    if (self->timer_fd >= 0) {
        close (self->timer_fd);
    }
    if (self->unused_fd >= 0) {
        close (self->unused_fd);
    }
    free (self);
    *self_p = NULL;
}

static void
s_register (reactor_t *self, zloop_t *loop, reactor_kind_t kind, void *socket, int fd)
{
    self->gates[kind] = (gate_t){self, kind};
    zmq_pollitem_t item = {socket, fd >= 0 ? fd : self->unused_fd, ZMQ_POLLIN, 0};
    int rc = zloop_poller (loop, &item, s_pass, &self->gates[kind]);
    assert (rc == 0);
    (void) rc;
    zloop_poller_set_tolerant (loop, &item);
}

static zloop_t *
s_loop_new (reactor_t *self)
{
    zloop_t *loop = zloop_new ();
    assert (loop);
    const reactor_sources_t *from = &self->sources;
    zloop_set_nonstop (loop, true);
    s_register (self, loop, REACTOR_SIGNALS, NULL, from->signal_fd);
    s_register (self, loop, REACTOR_INBOX, from->inbox, 0);
    s_register (self, loop, REACTOR_STATE, from->state, 0);
    s_register (self, loop, REACTOR_NEIGHBOURS, from->neighbours, 0);
    s_register (self, loop, REACTOR_COMMITTED, NULL, from->committed_fd);
    s_register (self, loop, REACTOR_WATCH, NULL, from->watch_fd);
    s_register (self, loop, REACTOR_TIMER, NULL, self->timer_fd);
    return loop;
}

//  zloop ends on any EINTR, even nonstop (czmq#2284), and must not be started twice (czmq#2278):
//  an interrupted loop is replaced by a fresh one. With all signals blocked that is rare.
int
reactor_run (reactor_t *self)
{
    assert (self);
    self->armed_us = clock_now_us ();
    s_turn (self);
    while (!self->over) {
        zloop_t *loop = s_loop_new (self);
        zloop_start (loop);
        int error = errno;
        zloop_destroy (&loop);
        if (error != EINTR && self->idle_ends++ > IDLE_ENDS_MAX && !self->over) {
            log_line (LEVEL_ERROR, "The event loop cannot go on: %s", zmq_strerror (error));
            return -1;
        }
    }
    return 0;
}

int64_t
reactor_longest (const reactor_t *self, reactor_kind_t kind)
{
    assert (self && kind >= 0 && kind < REACTOR_KINDS);
    return self->longest_us[kind];
}

const char *
reactor_kind_name (reactor_kind_t kind)
{
    assert (kind >= 0 && kind < REACTOR_KINDS);
    return s_name[kind];
}

uint64_t
reactor_dropped (const reactor_t *self)
{
    assert (self);
    return self->dropped;
}
