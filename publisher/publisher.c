#include "publisher/ending.h"
#include "publisher/intake.h"
#include "publisher/lease.h"
#include "publisher/settle.h"
#include "publisher/turn.h"

#include "common/core/index.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#define SHOW_SIGNAL 10 // SIGUSR1: says what is in hand, drains nothing

static bool
s_reserve (publisher_t *self, const publisher_limits_t *limits)
{
    uint32_t capacity =
        limits->max_pending + (limits->max_dead ? limits->max_dead : PUBLISHER_DEAD_MAX);
    self->links = links_new (&limits->links, 0);
    self->outbox = outbox_new (capacity);
    self->hosts = hosts_new (capacity, limits->per_host);
    self->journal = journal_new (capacity);
    self->reply = reply_new ();
    self->delays = heap_new (capacity);
    self->leases = heap_new (capacity);
    return self->links && self->outbox && self->hosts && self->journal && self->reply &&
           self->delays && self->leases;
}

publisher_t *
publisher_new (const publisher_limits_t *limits, uint64_t seed)
{
    assert (limits->lease_us >= 1000 && limits->lease_us / 1000 <= UINT32_MAX);
    assert (limits->max_deliveries > 0 && limits->max_deliveries < UINT16_MAX);
    assert (limits->max_lost > 0 && limits->max_lost < UINT16_MAX);
    assert (limits->max_pending > 0 && limits->max_pending < INDEX_CAPACITY_MAX / 2);
    assert (limits->max_dead < INDEX_CAPACITY_MAX / 2);
    publisher_t *self = calloc (1, sizeof *self);
    if (!self) {
        return NULL;
    }
    if (!s_reserve (self, limits)) {
        publisher_destroy (&self);
        return NULL;
    }
    self->limits = *limits;
    self->epoch = limits->links.epoch;
    snprintf (self->name, sizeof self->name, "%s", limits->links.name);
    drain_init (&self->drain, self->name, limits->links.drain_timeout_us);
    prng_seed (&self->prng, seed);
    ready_init (&self->ready);
    list_init (&self->unsure);
    list_init (&self->dead);
    for (uint32_t route = 0; route <= ROUTE_NONE; route++) {
        list_init (&self->held[route]);
    }
    self->unsure_us = NEVER;
    self->eos_us = NEVER;
    self->alone_us = NEVER;
    return self;
}

void
publisher_destroy (publisher_t **self_p)
{
    publisher_t *self = *self_p;
    if (self) {
        links_destroy (&self->links);
        outbox_destroy (&self->outbox);
        hosts_destroy (&self->hosts);
        journal_destroy (&self->journal);
        reply_destroy (&self->reply);
        heap_destroy (&self->delays);
        heap_destroy (&self->leases);
        free (self);
        *self_p = NULL;
    }
}

static void
s_frame (publisher_t *self, bytes_t frame)
{
    wire_header_t header;
    wire_reader_t body;
    peer_t *peer = links_frame (self->links, self->now_us, frame, &header, &body);
    if (!peer) {
        return;
    }
    assert (peer->side == SIDE_DOWN);
    if (header.verb == VERB_HOLDING) {
        lease_holding (self, peer, &header, body);
    } else if (header.verb == VERB_EXTEND) {
        lease_extends (self, peer, &header, body);
    } else if (header.verb == VERB_SETTLE) {
        settle_pack (self, peer, &header, body);
    }
}

//  One small function per kind of event.

static void
s_on_frames (publisher_t *self, const event_t *event)
{
    assert (self->opened); // else claims would be revoked for want of rows
    for (size_t i = 0; i < event->count; i++) {
        s_frame (self, event->frames[i]);
    }
}

static void
s_on_inbox_empty (publisher_t *self, const event_t *event)
{
    (void) event;
    links_inbox_empty (self->links, self->now_us);
}

static void
s_on_notice (publisher_t *self, const event_t *event)
{
    links_notice (self->links, self->now_us, event->notice.name, event->notice.epoch);
}

static void
s_on_published (publisher_t *self, const event_t *event)
{
    for (size_t i = 0; i < event->count; i++) {
        links_published (self->links, self->now_us, event->frames[i]);
    }
}

static void
s_on_signal (publisher_t *self, const event_t *event)
{
    if (event->signal == SHOW_SIGNAL) {
        self->show = true;
    } else {
        drain_signal (&self->drain, self->now_us, event->signal);
    }
}

//  The granter stood still: leases and time-outs move by that, and what was said to it meanwhile
//  gets one extension interval to come in.
static void
s_on_stall (publisher_t *self, const event_t *event)
{
#if MAYHEM_BUG != 13
    links_stall (self->links, event->stall_us);
    self->stalled_us += event->stall_us;
    self->hold_us = self->now_us + self->limits.lease_us * 2 / 3;
#endif
}

static void
s_on_fault (publisher_t *self, const event_t *event)
{
    if (self->faults < FAULTS_KEPT) {
        snprintf (self->fault[self->faults], sizeof self->fault[0], "%s", event->fault);
        self->faults++;
    }
    drain_fail (&self->drain, self->now_us, WHY_FAULT, EXIT_INTERNAL);
}

static void
s_on_opened (publisher_t *self, const event_t *event)
{
    intake_opened (self, event->opened);
}

static void
s_on_loaded (publisher_t *self, const event_t *event)
{
    for (size_t i = 0; i < event->count; i++) {
        intake_loaded (self, &event->rows[i]);
    }
}

static void
s_on_stored (publisher_t *self, const event_t *event)
{
    journal_through (self->journal, event->through);
}

static void
s_on_disk (publisher_t *self, const event_t *event)
{
    self->journal->full = event->kind == EVENT_DISK_FULL;
}

static void
s_on_request (publisher_t *self, const event_t *event)
{
    for (size_t i = 0; i < event->count; i++) {
        intake_request (self, &event->requests[i]);
    }
}

static void
s_on_exhausted (publisher_t *self, const event_t *event)
{
    (void) event;
    self->exhausted = true;
}

typedef void (event_fn) (publisher_t *self, const event_t *event);

//  NULL: TURN, and what is not a publisher's.
static event_fn *const s_events[] = {
    [EVENT_FRAME] = s_on_frames,
    [EVENT_INBOX_EMPTY] = s_on_inbox_empty,
    [EVENT_NOTICE] = s_on_notice,
    [EVENT_PUBLISHED] = s_on_published,
    [EVENT_SIGNAL] = s_on_signal,
    [EVENT_STALL] = s_on_stall,
    [EVENT_FAULT] = s_on_fault,
    [EVENT_OPENED] = s_on_opened,
    [EVENT_LOADED] = s_on_loaded,
    [EVENT_STORED] = s_on_stored,
    [EVENT_DISK_FULL] = s_on_disk,
    [EVENT_DISK_FREE] = s_on_disk,
    [EVENT_REQUEST] = s_on_request,
    [EVENT_EXHAUSTED] = s_on_exhausted,
    [EVENT_RAN] = NULL,
};
_Static_assert(sizeof s_events / sizeof *s_events == EVENT_COUNT, "a row for each event");

void
publisher_step (publisher_t *self, int64_t now_us, const event_t *event, effects_t *effects)
{
    assert (event->kind < EVENT_COUNT);
    assert (now_us >= self->now_us);
    if (self->exited) {
        return;
    }
    self->now_us = now_us;
    if (event->kind == EVENT_TURN) {
        turn_run (self, effects);
    } else if (s_events[event->kind]) {
        s_events[event->kind](self, event);
    }
}

static int64_t
s_sooner (int64_t one, int64_t other)
{
    return one < other ? one : other;
}

int64_t
publisher_deadline (const publisher_t *self)
{
    if (self->exited) {
        return NEVER;
    }
    if (self->again || self->journal->walked < self->journal->through) {
        return self->now_us;
    }
    int64_t next = s_sooner (links_deadline (self->links, &self->drain), ending_deadline (self));
    next = s_sooner (next, lease_deadline (self));
    return s_sooner (next, heap_next (self->delays));
}
