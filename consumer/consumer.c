#include "consumer/consumer_private.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SIGNAL_SHOW 10 // USR1: shows what is in hand, drains nothing

consumer_t *
consumer_new (const consumer_limits_t *limits, uint64_t seed, int64_t now_us)
{
    assert (limits->messages_max > 0 && limits->messages_max <= CONSUMER_MESSAGES_MAX);
    consumer_t *self = calloc (1, sizeof *self);
    if (!self) {
        return NULL;
    }
    self->links = links_new (&limits->links, now_us);
    self->own = slab_new (limits->messages_max, sizeof (own_pack_t));
    self->own_by_number = index_new (limits->messages_max);
    int table = table_init (&self->table, limits->messages_max);
    int carry = carry_init (&self->carry, limits->messages_max);
    if (!self->links || !self->own || !self->own_by_number || table || carry) {
        consumer_destroy (&self);
        return NULL;
    }
    memset (self->pub_of, PUB_NONE, sizeof self->pub_of);
    drain_init (&self->drain, limits->links.name, limits->links.drain_timeout_us);
    self->epoch = limits->links.epoch;
    self->seed = seed;
    self->fail_consume = limits->fail_consume;
    return self;
}

void
consumer_destroy (consumer_t **self_p)
{
    consumer_t *self = *self_p;
    if (!self) {
        return;
    }
    table_term (&self->table);
    carry_term (&self->carry);
    links_destroy (&self->links);
    slab_destroy (&self->own);
    index_destroy (&self->own_by_number);
    free (self);
    *self_p = NULL;
}

peer_t *
consumer_upstream (consumer_t *self, uint8_t pub)
{
    for (uint32_t slot = 0; slot < LINKS_UP_MAX; slot++) {
        peer_t *peer = links_peer (self->links, slot);
        if (self->pub_of[slot] == pub && peer->phase == PEER_UP) {
            return peer;
        }
    }
    return NULL;
}

static void
s_say_given_up (consumer_t *self)
{
    for (uint32_t slot = 0; slot < LINKS_UP_MAX && self->drain.state == DRAIN_RUNNING; slot++) {
        const peer_t *peer = links_peer (self->links, slot);
        const char *who = *peer->name ? peer->name : peer->inbox;
        if (peer->refused_us) {
            effects_say (self->effects,
                         &(say_t){.kind = SAY_NAME_GIVEN_UP, .peer = {who, strlen (who)}});
            return;
        }
    }
}

//  Where the drain of those below began, NULL: not known.
static const char *
s_origin_below (consumer_t *self)
{
    for (uint32_t slot = LINKS_UP_MAX; slot < links_high (self->links); slot++) {
        const peer_t *peer = links_peer (self->links, slot);
        if (peer->left && *peer->origin_name) {
            return peer->origin_name;
        }
    }
    return NULL;
}

//  The rest of upstream's time bounds ours, and its origin is ours.
static void
s_rules (consumer_t *self)
{
    drain_bound (&self->drain, self->now_us, links_wave_us (self->links, self->now_us));
    if (links_side_over (self->links, SIDE_DOWN, self->now_us)) {
        drain_begin (&self->drain, self->now_us, WHY_DOWNSTREAM_LEFT, -1, s_origin_below (self));
    } else if (links_side_over (self->links, SIDE_UP, self->now_us)) {
        const peer_t *upper = links_finisher (self->links);
        drain_begin (&self->drain, self->now_us, WHY_UPSTREAM_FINISHED,
                     links_wave_us (self->links, self->now_us),
                     upper && *upper->origin_name ? upper->origin_name : NULL);
    } else if (links_name_given_up (self->links, self->now_us)) {
        s_say_given_up (self);
        drain_fail (&self->drain, self->now_us, WHY_NAME_IN_USE, EXIT_CONFIG);
    }
}

static void
s_faults (consumer_t *self)
{
    if (!self->faults) {
        return;
    }
    bool first = self->drain.state == DRAIN_RUNNING;
    effects_say (self->effects,
                 &(say_t){.kind = SAY_FAULT, .text = {self->fault, strlen (self->fault)}});
    if (first) {
        effects_say (self->effects, &(say_t){.kind = SAY_SHUTTING_DOWN});
    }
    drain_fail (&self->drain, self->now_us, WHY_FAULT, EXIT_INTERNAL);
    self->faults = 0;
}

//  What has not been passed on is released by the drain.
static void
s_release_unplaced (consumer_t *self)
{
    table_t *table = &self->table;
    for (uint32_t done = 0; table->unplaced.count; done++) {
        if (done == STEP_WORK_MAX) {
            self->turn_again = true;
            return;
        }
        uint32_t slot = list_head (&table->unplaced);
        table_settle (table, slot, OUTCOME_RELEASED, REASON_DRAINING);
        heap_set (table->deadlines, slot,
                  self->now_us + 2 * table_lease_us (table_at (table, slot)));
        self->handed_back++;
    }
}

static void
s_exit (consumer_t *self)
{
    if (!effects_room (self->effects, 8, 4096)) {
        self->turn_again = true;
        return;
    }
    drain_code (&self->drain, consumer_in_hand (self) ? EXIT_HANDED_BACK : EXIT_CLEAN);
    effects_say (self->effects, &(say_t){.kind = SAY_NACKING, .number = self->handed_back});
    effects_say (self->effects, &(say_t){.kind = SAY_CANCELLING, .number = 0});
    effects_add (self->effects, EFFECT_EXIT)->code = self->drain.exit_code;
    self->over = true;
}

static void
s_progress (consumer_t *self)
{
    drain_t *drain = &self->drain;
    bool idle = slab_used (self->table.entries) == 0 && slab_used (self->own) == 0;
    if (drain->state == DRAIN_DRAINING && idle && links_all_ended (self->links)) {
        drain_flushed (drain, self->now_us);
        drain_gone (drain);
    } else if (drain->state == DRAIN_DRAINING && drain->cut && !self->turn_again) {
        drain_flushed (drain, self->now_us); // what handlers hold is left to the leases
    } else if (drain->state == DRAIN_FLUSHED &&
               (links_all_ended (self->links) ||
                self->now_us >= drain->flushed_us + DRAIN_OVER_US)) {
        drain_gone (drain);
    }
}

//  A consumer keeps no texts: a message is shown by its number, with the handler that has it.
static void
s_say_left (consumer_t *self)
{
    char oldest[32] = "";
    const char *holder = self->drain.name;
    for (uint32_t slot = LINKS_UP_MAX; slot < links_high (self->links) && !*oldest; slot++) {
        uint32_t at = list_head (&self->table.at[slot]);
        if (at != SLAB_NONE) {
            snprintf (oldest, sizeof oldest, "message %" PRIu64,
                      table_at (&self->table, at)->name.seq);
            holder = links_peer (self->links, slot)->name;
        }
    }
    drain_say_left (&self->drain, self->now_us, consumer_in_hand (self),
                    (text_t){oldest, strlen (oldest)}, (text_t){holder, strlen (holder)},
                    self->effects);
}

//  USR1: one line about itself, one a handler.
static void
s_show (consumer_t *self)
{
    if (!self->show) {
        return;
    }
    self->show = false;
    for (uint32_t slot = 0; slot < links_high (self->links); slot++) {
        const peer_t *peer = links_peer (self->links, slot);
        uint32_t count = self->table.at[slot].count;
        if (count) {
            effects_say (self->effects, &(say_t){.kind = SAY_IN_HAND,
                                                 .number = count,
                                                 .text = {peer->name, strlen (peer->name)}});
        }
    }
    effects_say (
        self->effects,
        &(say_t){.kind = SAY_IN_HAND, .number = consumer_in_hand (self), .text = {"in all", 6}});
}

static void
s_drains (consumer_t *self)
{
    drain_t *drain = &self->drain;
    if (drain->state == DRAIN_RUNNING) {
        return;
    }
    s_release_unplaced (self);
    drain_say_start (drain, self->now_us, consumer_in_hand (self), self->effects);
    if (drain->state == DRAIN_DRAINING && self->now_us >= drain->say_us) {
        s_say_left (self);
    }
}

//  Credit: what the handlers granted and we have not used is what we grant. Whoever downstream
//  wants its credit back gets what no publisher was given.
static void
s_credit (consumer_t *self)
{
    bool waiting = self->table.unplaced.count > 0;
    bool wanted = false;
    for (uint32_t slot = 0; slot < LINKS_UP_MAX; slot++) {
        const peer_t *peer = links_peer (self->links, slot);
        waiting |= peer->phase == PEER_UP && peer->theirs.flags & BEAT_WAITING;
    }
    for (uint32_t slot = LINKS_UP_MAX; slot < links_high (self->links); slot++) {
        peer_t *peer = links_peer (self->links, slot);
        peer->waiting = waiting && self->drain.state == DRAIN_RUNNING;
        wanted |= peer->phase == PEER_UP && peer->theirs.flags & BEAT_WANTED;
    }
    uint64_t room = links_room (self->links);
    uint64_t used = self->table.unplaced.count;
    uint64_t free = room > used ? room - used : 0;
    uint64_t slots = slab_room (self->table.entries);
    free = free < slots ? free : slots;
    uint64_t outstanding = links_outstanding (self->links);
    bool back = wanted && !waiting;
    links_grant (self->links, self->drain.state != DRAIN_RUNNING || back ? 0 : free);
    uint64_t idle = back && free > outstanding ? free - outstanding : 0;
    for (uint32_t slot = 0; slot < links_high (self->links); slot++) {
        peer_t *peer = links_peer (self->links, slot);
        if (slot < LINKS_UP_MAX) {
            peer->wanted |= back && peer_outstanding (peer) > 0;
        } else if (back && peer->theirs.flags & BEAT_WANTED) {
            uint64_t before = peer->spent;
            links_give_back (self->links, peer, idle, self->effects);
            idle -= peer->spent - before;
        }
    }
}

static void
s_neighbours (consumer_t *self)
{
    for (uint32_t slot = 0; slot < links_high (self->links); slot++) {
        peer_t *peer = links_peer (self->links, slot);
        if (peer->news) {
            consumer_news (self, peer);
        }
        if (peer->side == SIDE_UP && peer->phase == PEER_GREETED) {
            consumer_say_holdings (self, peer);
        } else if (peer->phase == PEER_UP) {
            self->turn_again |= !carry_out (&self->carry, self->links, peer, self->effects);
        }
        if (peer->side == SIDE_UP) {
            uint8_t pub = self->pub_of[slot];
            peer->bye_ready = (pub == PUB_NONE || self->table.pubs[pub].in_hand == 0) &&
                              carry_empty (&self->carry, slot);
        }
    }
}

static void
s_turn (consumer_t *self)
{
    if (self->over) {
        return;
    }
    self->turn_again = false;
    links_begin (self->links, self->now_us, &self->drain, self->effects);
    s_faults (self);
    s_rules (self);
    s_show (self);
    s_drains (self);
    consumer_deadlines (self);
    s_neighbours (self);
    if (self->drain.state == DRAIN_RUNNING) {
        consumer_place (self);
    }
    consumer_settle_own (self);
    s_credit (self);
    s_progress (self);
    links_end (self->links, self->now_us, &self->drain, consumer_in_hand (self),
               self->drain.state != DRAIN_RUNNING && !self->table.unplaced.count, self->effects);
    if (self->drain.state == DRAIN_GONE) {
        s_exit (self);
    }
}

static void
s_signal (consumer_t *self, int signo)
{
    if (signo == SIGNAL_SHOW) {
        self->show = true;
        return;
    }
    drain_signal (&self->drain, self->now_us, signo);
}

void
consumer_step (consumer_t *self, int64_t now_us, const event_t *event, effects_t *effects)
{
    assert (event->kind < EVENT_COUNT);
    assert (now_us >= self->now_us);
    self->now_us = now_us;
    self->effects = effects;
    switch (event->kind) {
    case EVENT_TURN: s_turn (self); break;
    case EVENT_FRAME:
        for (size_t i = 0; i < event->count; i++) {
            consumer_hear (self, event->frames[i]);
        }
        break;
    case EVENT_PUBLISHED:
        for (size_t i = 0; i < event->count; i++) {
            links_published (self->links, now_us, event->frames[i]);
        }
        break;
    case EVENT_INBOX_EMPTY:
        links_inbox_empty (self->links, now_us);
        self->stood_us = 0;
        break;
    case EVENT_NOTICE:
        links_notice (self->links, now_us, event->notice.name, event->notice.epoch);
        break;
    case EVENT_SIGNAL: s_signal (self, event->signal); break;
    case EVENT_STALL:
        links_stall (self->links, event->stall_us);
        self->stood_us = event->stall_us;
        break;
    case EVENT_FAULT:
        if (self->faults++ == 0) {
            snprintf (self->fault, sizeof self->fault, "%s", event->fault);
        }
        break;
    default: assert (!"an event for another stage");
    }
    self->effects = NULL;
}

int64_t
consumer_deadline (const consumer_t *self)
{
    if (self->over) {
        return INT64_MAX;
    }
    if (self->turn_again || self->faults || self->show) {
        return self->now_us;
    }
    int64_t next = links_deadline (self->links, &self->drain);
    int64_t entry = heap_next (self->table.deadlines);
    int64_t own = consumer_own_deadline (self);
    next = entry < next ? entry : next;
    if (self->drain.state == DRAIN_FLUSHED && self->drain.flushed_us + DRAIN_OVER_US < next) {
        next = self->drain.flushed_us + DRAIN_OVER_US;
    }
    return own < next ? own : next;
}

const consumer_counts_t *
consumer_counts (const consumer_t *self)
{
    return &self->counts;
}

const drain_t *
consumer_drain (const consumer_t *self)
{
    return &self->drain;
}

links_t *
consumer_links (consumer_t *self)
{
    return self->links;
}

uint32_t
consumer_in_hand (const consumer_t *self)
{
    return slab_used (self->table.entries);
}

void
consumer_assert (const consumer_t *self)
{
    const table_t *table = &self->table;
    uint32_t held[CONSUMER_PUBS_MAX] = {0};
    uint32_t unplaced = 0;
    for (uint32_t slot = 0; slot < slab_high (table->entries); slot++) {
        if (!slab_taken (table->entries, slot)) {
            continue;
        }
        const entry_t *entry = table_at (table, slot);
        assert (table_find (table, entry->name) == slot);
        assert (heap_has (table->deadlines, slot));
        assert ((entry->state == ENTRY_UNPLACED) == (entry->raw != SLAB_NONE));
        held[entry->pub]++;
        unplaced += entry->state == ENTRY_UNPLACED;
    }
    assert (unplaced == table->unplaced.count);
    assert (index_count (table->by_name) == slab_used (table->entries));
    for (uint8_t pub = 0; pub < table->pub_count; pub++) {
        assert (table->pubs[pub].in_hand == held[pub]);
    }
}
