//  A turn: what the facts left to do, phase by phase, until the work of one step is done.

#include "publisher/turn.h"
#include "publisher/ending.h"
#include "publisher/lease.h"
#include "publisher/place.h"
#include "publisher/send.h"

#include <assert.h>
#include <string.h>

#define PHASE_LEAST  64     // records that every phase may work on, whatever those before it did
#define EFFECTS_KEPT 320    // for the neighbours' beats and ends, and for the last lines
#define BYTES_KEPT   262144 // their bytes

bool
turn_take (turn_t *self, size_t effects, size_t bytes)
{
    if (self->phase == 0 || self->left == 0 ||
        !effects_room (self->effects, effects + EFFECTS_KEPT, bytes + BYTES_KEPT)) {
        self->again = true;
        return false;
    }
    self->phase--;
    self->left--;
    return true;
}

//  Links that came, ended or were listed.
static void
s_news (publisher_t *self, turn_t *turn)
{
    (void) turn;
    for (uint32_t route = 0; route < lease_routes (self); route++) {
        peer_t *peer = lease_peer (self, route);
        if (!peer->news) {
            continue;
        }
        //  A new epoch of a consumer: its handlers may still work, so its leases run on.
        if (peer->news & (NEWS_EPOCH | NEWS_ENDED | NEWS_GREETED)) {
            self->unlisted[route] = 0;
        }
        if (peer->news & NEWS_UP && self->unsure_us == NEVER) {
            self->unsure_us = lease_clock (self) + self->limits.lease_us * 5 / 3;
        }
        if (peer->news & NEWS_HOLDING) {
            self->unlisted[route] = self->held[route].count;
        }
        peer->news = 0;
    }
}

static void
s_emit_row (publisher_t *self, effects_t *effects, uint32_t slot, uint64_t ticket)
{
    const message_t *message = outbox_at (self->outbox, slot);
    bool done = message->state == MESSAGE_LEAVING || message->state == MESSAGE_GHOST;
    effect_t *effect = effects_add (effects, done ? EFFECT_REMOVE : EFFECT_STORE);
    effect->store.ticket = ticket;
    effect->store.number = message->seq;
    if (!done) {
        row_t row = outbox_row (self->outbox, slot, self->now_us);
        row.instance = effects_text (effects, row.instance);
        row.hostname = effects_text (effects, row.hostname);
        row.reason = effects_text (effects, row.reason);
        row.requested_by = effects_text (effects, row.requested_by);
        row.why = effects_text (effects, row.why);
        effect->store.row = row;
    }
}

//  Changes get their tickets; one is kept for `granted`.
static void
s_journal (publisher_t *self, turn_t *turn)
{
    journal_t *journal = self->journal;
    while (journal->dirty.count > 0 && journal_room (journal) > 1 &&
           turn_take (turn, 1, STORE_BYTES)) {
        uint32_t slot = list_head (&journal->dirty);
        message_t *message = outbox_at (self->outbox, slot);
        message->ticket = journal_issue (journal, &slot, message->change);
        message->dirty = false;
        self->stored = message->seq > self->stored ? message->seq : self->stored;
        if (!self->limits.is_volatile) {
            s_emit_row (self, turn->effects, slot, message->ticket);
        }
    }
    if (self->limits.is_volatile) {
        journal_through (journal, journal->ticket);
    }
}

static void
s_say (publisher_t *self, effects_t *effects, uint32_t slot, say_kind_t kind, int64_t number)
{
    const message_t *message = outbox_at (self->outbox, slot);
    say_t say = {
        .kind = kind,
        .instance = outbox_text (self->outbox, message, TEXT_INSTANCE),
        .hostname = outbox_text (self->outbox, message, TEXT_HOSTNAME),
        .text = outbox_why (self->outbox, message),
        .number = number,
        .name = {self->outbox_id, message->seq},
        .delivery = message->delivery,
    };
    memcpy (say.id, message->id, ID_BYTES);
    effects_say (effects, &say);
}

//  Messages whose last change is durable go on.
static void
s_stored (publisher_t *self, turn_t *turn)
{
    uint32_t slot;
    uint64_t ticket;
    while (self->journal->walked < self->journal->through && turn_take (turn, 2, 2 * SAY_BYTES) &&
           journal_walk (self->journal, &slot, &ticket)) {
        message_t *message = slot == SLAB_NONE ? NULL : outbox_at (self->outbox, slot);
        if (!message || message->ticket != ticket) {
            continue; // it changed again meanwhile
        }
        message->ticket = 0;
        if (message->dirty) {
            continue;
        }
        if (message->fresh) {
            message->fresh = false;
            s_say (self, turn->effects, slot, SAY_PUBLISHED, 0);
        }
        if (message->state == MESSAGE_STORING && message->next == MESSAGE_DEAD) {
            //  Losses were deliveries, too.
            int64_t deliveries = message->delivery + message->lost;
            s_say (self, turn->effects, slot, SAY_DEAD, deliveries > 0 ? deliveries : 1);
        }
        place_stored (self, slot);
    }
}

//  Delays that are over.
static void
s_wake (publisher_t *self, turn_t *turn)
{
    while (heap_next (self->delays) <= self->now_us && turn_take (turn, 0, 0)) {
        place_ready (self, heap_first (self->delays));
    }
}

//  Up to which seq messages are about to be leased: what all the credit would take when it takes
//  all, else what stands in front and lacks it, and a step beyond.
static uint64_t
s_wanted (const publisher_t *self, uint64_t room)
{
    if (core_count (self, MESSAGE_READY) + core_count (self, MESSAGE_STORING) <= room) {
        return self->stored;
    }
    if (self->blocked == 0) {
        return 0;
    }
    uint64_t want = self->blocked_low + (room < GRANT_STEP ? room : GRANT_STEP);
    if (room >= self->blocked && self->blocked_high > want) {
        want = self->blocked_high;
    }
    return want < self->stored ? want : self->stored;
}

static void
s_granted (publisher_t *self, turn_t *turn)
{
    uint64_t room = links_room (self->links);
    if (self->limits.is_volatile || self->last || room == 0 || journal_room (self->journal) == 0) {
        return;
    }
    uint64_t want = s_wanted (self, room);
    if (want > self->journal->asked && turn_take (turn, 1, 0)) {
        effect_t *effect = effects_add (turn->effects, EFFECT_GRANTED);
        effect->store.number = want;
        effect->store.ticket = journal_issue_granted (self->journal, want);
    }
}

static void
s_send (publisher_t *self, turn_t *turn)
{
    send_deal (self);
    send_work (self, turn);
}

typedef void (phase_fn) (publisher_t *self, turn_t *turn);

static phase_fn *const s_phases[] = {
    s_news,         s_journal,    s_stored,      s_wake, lease_expire, lease_unsure,
    lease_unlisted, send_answers, send_confirms, s_send, s_granted,
};

#define PHASES (sizeof s_phases / sizeof *s_phases)
_Static_assert(PHASES *PHASE_LEAST <= STEP_WORK_MAX, "every phase gets its share");

void
turn_run (publisher_t *self, effects_t *effects)
{
    assert (self->opened);
    turn_t turn = {.effects = effects, .left = STEP_WORK_MAX};
    links_begin (self->links, self->now_us, &self->drain, effects);
    ending_look (self);
    for (size_t i = 0; i < PHASES; i++) {
        turn.phase = turn.left - (uint32_t) (PHASES - 1 - i) * PHASE_LEAST;
        s_phases[i](self, &turn);
    }
    ending_turn (self, &turn);
    uint32_t in_hand = core_pending (self) + core_leased (self);
    links_end (self->links, self->now_us, &self->drain, in_hand, self->last, effects);
    ending_exit (self, &turn);
    //  Leases that ended in this turn wait for their tickets.
    self->again =
        turn.again || (self->journal->dirty.count > 0 && journal_room (self->journal) > 1);
}
