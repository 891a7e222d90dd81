//  The drain of a publisher, and its last words.

#include "publisher/ending.h"
#include "common/core/drain_say.h"
#include "publisher/lease.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#define SHOW_BYTES   160 // a line of it
#define QUARTER      4   // of the drain's time is left for the stages below, at the least
#define LEFT_EFFECTS 4   // the last lines

static text_t
s_text (const char *text)
{
    return (text_t){text, strlen (text)};
}

static int64_t
s_time_left (const publisher_t *self)
{
    int64_t left = self->drain.deadline_us - self->now_us;
    return left > 0 && !self->drain.cut ? left : 0;
}

//  Nothing of what was accepted is under way any more.
static bool
s_settled (const publisher_t *self)
{
    return outbox_used (self->outbox) == core_count (self, MESSAGE_DEAD) &&
           journal_idle (self->journal);
}

//  Where the drain of those below began.
static const char *
s_origin (const publisher_t *self)
{
    for (uint32_t route = 0; route < lease_routes (self); route++) {
        const peer_t *peer = lease_peer (self, route);
        if (peer->left && *peer->origin_name) {
            return peer->origin_name;
        }
    }
    return NULL; // not known: this process
}

//  One line: what is in which state.
static void
s_show (publisher_t *self, effects_t *effects)
{
    char line[SHOW_BYTES];
    snprintf (line, sizeof line,
              "ready %u, storing %u, behind their host %u, delayed %u, leased %u, unsure %u, "
              "done but still leased %u, dead %u",
              core_count (self, MESSAGE_READY), core_count (self, MESSAGE_STORING),
              core_count (self, MESSAGE_CHAINED), core_count (self, MESSAGE_DELAYED),
              core_count (self, MESSAGE_LEASED), core_count (self, MESSAGE_UNSURE),
              core_count (self, MESSAGE_GHOST), core_count (self, MESSAGE_DEAD));
    effects_say (effects, &(say_t){.kind = SAY_IN_HAND,
                                   .text = s_text (line),
                                   .number = core_pending (self) + core_leased (self)});
}

//  What facts left to say about this process.
static void
s_say_facts (publisher_t *self, effects_t *effects)
{
    for (uint32_t i = 0; i < self->faults && i < FAULTS_KEPT; i++) {
        effects_say (effects, &(say_t){.kind = SAY_FAULT, .text = s_text (self->fault[i])});
    }
    if (self->faults > 0 && !self->fault_said) {
        effects_say (effects, &(say_t){.kind = SAY_SHUTTING_DOWN});
        self->fault_said = true;
    }
    self->faults = 0;
    if (self->show) {
        s_show (self, effects);
        self->show = false;
    }
}

//  The local rules: nobody left to send to, or nothing left to send.
static void
s_begin (publisher_t *self, effects_t *effects)
{
    drain_t *drain = &self->drain;
    if (drain->state == DRAIN_RUNNING) {
        if (links_side_over (self->links, SIDE_DOWN, self->now_us)) {
            drain_begin (drain, self->now_us, WHY_DOWNSTREAM_LEFT, -1, s_origin (self));
        } else if (self->exhausted && s_settled (self)) {
            drain_begin (drain, self->now_us, WHY_SOURCE_ENDED, -1, NULL);
        }
    }
    if (drain->state != DRAIN_RUNNING) {
        if (self->eos_us == NEVER) {
            self->eos_us = self->now_us + s_time_left (self) / QUARTER * (QUARTER - 1);
        }
        drain_say_start (drain, self->now_us, core_leased (self), effects);
    }
}

//  Nobody downstream will take anything any more: nobody came ever, all have left, or nobody that
//  does not drain itself was linked for a while. One that is only suspect, or greets again, will.
static bool
s_alone (publisher_t *self)
{
    bool somebody = false;
    for (uint32_t route = 0; route < lease_routes (self); route++) {
        const peer_t *peer = lease_peer (self, route);
        somebody |= peer_linked (peer) && peer->theirs.state == DRAIN_RUNNING;
    }
    if (somebody) {
        self->alone_us = NEVER;
        return false;
    }
    self->alone_us = self->alone_us == NEVER ? self->now_us : self->alone_us;
    return lease_routes (self) == 0 || links_linked (self->links, SIDE_DOWN) > 0 ||
           links_side_over (self->links, SIDE_DOWN, self->now_us) ||
           self->now_us - self->alone_us >= PEER_REPEAT_US;
}

//  Whether nothing more is sent. A volatile publisher works off what it has, as long as there is
//  somebody to do it and time for those below to finish.
static bool
s_last (publisher_t *self)
{
    if (self->last || self->drain.state == DRAIN_RUNNING) {
        return self->last;
    }
    bool empty = s_settled (self);
    return !self->limits.is_volatile || empty || self->drain.cut || self->now_us >= self->eos_us ||
           s_alone (self);
}

//  The oldest of those that were leased first, at each neighbour.
static uint32_t
s_oldest (publisher_t *self)
{
    uint32_t oldest = SLAB_NONE;
    uint64_t seq = UINT64_MAX;
    for (uint32_t route = 0; route <= ROUTE_NONE; route++) {
        uint32_t slot = list_head (&self->held[route]);
        if (slot != SLAB_NONE && outbox_at (self->outbox, slot)->seq < seq) {
            oldest = slot;
            seq = outbox_at (self->outbox, slot)->seq;
        }
    }
    return oldest;
}

static void
s_say_left (publisher_t *self, effects_t *effects)
{
    text_t instance = s_text ("one");
    text_t holder = s_text ("nobody");
    uint32_t slot = s_oldest (self);
    if (slot != SLAB_NONE) {
        const message_t *message = outbox_at (self->outbox, slot);
        instance = outbox_text (self->outbox, message, TEXT_INSTANCE);
        if (message->route != ROUTE_NONE) {
            holder = s_text (lease_peer (self, message->route)->name);
        }
    }
    drain_say_left (&self->drain, self->now_us, core_pending (self) + core_leased (self), instance,
                    holder, effects);
}

static void
s_draining (publisher_t *self, effects_t *effects)
{
    drain_t *drain = &self->drain;
    uint32_t held = core_count (self, MESSAGE_LEASED) + core_count (self, MESSAGE_GHOST);
    if (drain->cut) {
        drain_flushed (drain, self->now_us);
    } else if (self->last && held == 0 && journal_idle (self->journal) &&
               links_all_ended (self->links)) {
        drain_flushed (drain, self->now_us);
    } else {
        s_say_left (self, effects);
    }
}

//  Neighbours that do not answer are not waited for beyond this.
static int64_t
s_gone_us (const publisher_t *self)
{
    int64_t over_us = self->drain.deadline_us + DRAIN_OVER_US;
    int64_t repeat_us = self->drain.flushed_us + PEER_REPEAT_US;
    return over_us < repeat_us ? over_us : repeat_us;
}

void
ending_look (publisher_t *self)
{
    self->last = s_last (self);
}

void
ending_turn (publisher_t *self, turn_t *turn)
{
    s_say_facts (self, turn->effects);
    s_begin (self, turn->effects);
    ending_look (self);
    if (self->drain.state == DRAIN_DRAINING) {
        s_draining (self, turn->effects);
    }
    if (self->drain.state == DRAIN_FLUSHED &&
        (links_all_ended (self->links) || self->now_us >= s_gone_us (self))) {
        drain_gone (&self->drain);
    }
}

//  What a volatile publisher could not finish. False while there is more.
static bool
s_write_left (publisher_t *self, turn_t *turn)
{
    turn->phase = turn->left;
    for (; self->cursor < outbox_high (self->outbox); self->cursor++) {
        if (!outbox_taken (self->outbox, self->cursor)) {
            continue;
        }
        message_state_t state = outbox_at (self->outbox, self->cursor)->state;
        if (state == MESSAGE_LEAVING || state == MESSAGE_GHOST || state == MESSAGE_DEAD) {
            continue;
        }
        if (!turn_take (turn, 1 + LEFT_EFFECTS, STORE_BYTES + LEFT_EFFECTS * SAY_BYTES)) {
            return false;
        }
        row_t row = outbox_row (self->outbox, self->cursor, self->now_us);
        row.instance = effects_text (turn->effects, row.instance);
        row.hostname = effects_text (turn->effects, row.hostname);
        row.reason = effects_text (turn->effects, row.reason);
        row.requested_by = effects_text (turn->effects, row.requested_by);
        row.why = effects_text (turn->effects, row.why);
        effects_add (turn->effects, EFFECT_LEFT)->store.row = row;
        self->left++;
    }
    return true;
}

void
ending_exit (publisher_t *self, turn_t *turn)
{
    if (self->drain.state != DRAIN_GONE) {
        return;
    }
    if (self->limits.is_volatile && !s_write_left (self, turn)) {
        return;
    }
    bool handed = self->left > 0 || core_leased (self) > 0 || !journal_idle (self->journal);
    if (handed) {
        drain_code (&self->drain, EXIT_HANDED_BACK);
    }
    //  A publisher begins nothing itself: there is nothing to nack and nothing to cancel.
    effects_say (turn->effects, &(say_t){.kind = SAY_NACKING, .number = 0});
    effects_say (turn->effects, &(say_t){.kind = SAY_CANCELLING, .number = 0});
    effects_add (turn->effects, EFFECT_EXIT)->code = self->drain.exit_code;
    self->exited = true;
}

int64_t
ending_deadline (const publisher_t *self)
{
    switch (self->drain.state) {
    case DRAIN_RUNNING: return NEVER;
    case DRAIN_DRAINING:
        if (self->last) {
            return NEVER;
        }
        return self->alone_us == NEVER ? self->eos_us : self->alone_us + PEER_REPEAT_US;
    case DRAIN_FLUSHED: return s_gone_us (self);
    case DRAIN_GONE: return self->now_us;
    }
    return NEVER;
}
