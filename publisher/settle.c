//  Settlements: one function for each row of the design's table, found by the outcome.

#include "publisher/settle.h"
#include "publisher/lease.h"
#include "publisher/place.h"

#include <assert.h>
#include <string.h>

#define RELEASED_FREE 9 // so many releases in a row cost no time, the tenth does
#define LOST_FREE     1 // so many losses in a row cost no time, the second does

static void
s_bump (uint16_t *counter)
{
    *counter += *counter < UINT16_MAX;
}

//  The lease is over: wait for the journal, then go on in `next`.
static void
s_return (publisher_t *self, uint32_t slot, message_state_t next, int64_t delay_us, text_t why)
{
    message_t *message = outbox_at (self->outbox, slot);
    assert (message->state == MESSAGE_LEASED || message->state == MESSAGE_UNSURE);
    message->was_leased = true;
    outbox_set_why (self->outbox, message, why);
    place_store (self, slot, next, self->now_us + delay_us);
}

static int64_t
s_backoff (publisher_t *self, uint16_t times)
{
    return backoff_us (times, &self->prng);
}

//  What the holder says, or a word of ours when it says nothing.
static text_t
s_reason (const settlement_t *said, const char *otherwise)
{
    return said->reason.length > 0 ? said->reason : (text_t){otherwise, strlen (otherwise)};
}

static void
s_failed (publisher_t *self, uint32_t slot, const settlement_t *said)
{
    message_t *message = outbox_at (self->outbox, slot);
    message->lost_row = message->released_row = 0;
    s_bump (&message->delivery);
    s_bump (&message->failures);
    self->books.failed++;
    bool dead = message->delivery >= self->limits.max_deliveries;
    s_return (self, slot, dead ? MESSAGE_DEAD : MESSAGE_DELAYED,
              s_backoff (self, message->failures), s_reason (said, "a step failed"));
}

static void
s_deferred (publisher_t *self, uint32_t slot, const settlement_t *said)
{
    message_t *message = outbox_at (self->outbox, slot);
    message->lost_row = message->released_row = 0;
    s_bump (&message->failures);
    self->books.deferred++;
    int64_t delay_us = said->not_before_ms ? (int64_t) said->not_before_ms * 1000
                                           : s_backoff (self, message->failures);
    s_return (self, slot, MESSAGE_DELAYED, delay_us, s_reason (said, "not now"));
}

static void
s_lost (publisher_t *self, uint32_t slot, const settlement_t *said)
{
    message_t *message = outbox_at (self->outbox, slot);
    message->released_row = 0;
    s_bump (&message->lost);
    s_bump (&message->lost_row);
    bool dead = message->lost >= self->limits.max_lost;
    bool late = message->lost_row > LOST_FREE;
    int64_t delay_us =
        late && !dead ? s_backoff (self, (uint16_t) (message->lost_row - LOST_FREE)) : 0;
    s_return (self, slot,
              dead   ? MESSAGE_DEAD
              : late ? MESSAGE_DELAYED
                     : MESSAGE_READY,
              delay_us, s_reason (said, "its handler died"));
}

static void
s_died (publisher_t *self, uint32_t slot, const settlement_t *said)
{
    self->books.lost++;
    s_lost (self, slot, said);
}

static void
s_released (publisher_t *self, uint32_t slot, const settlement_t *said)
{
    message_t *message = outbox_at (self->outbox, slot);
    message->lost_row = 0;
    s_bump (&message->released_row);
    self->books.released++;
    bool late = message->released_row > RELEASED_FREE;
    int64_t delay_us =
        late ? s_backoff (self, (uint16_t) (message->released_row - RELEASED_FREE)) : 0;
    s_return (self, slot, late ? MESSAGE_DELAYED : MESSAGE_READY, delay_us,
              s_reason (said, "handed back"));
}

static void
s_refused (publisher_t *self, uint32_t slot, const settlement_t *said)
{
    self->books.refused++;
    s_return (self, slot, MESSAGE_DEAD, 0, s_reason (said, "refused"));
}

typedef void (settle_fn) (publisher_t *self, uint32_t slot, const settlement_t *said);

//  What a claim does. Done is no claim but a fact: it settles wherever the message is.
static settle_fn *const s_claims[] = {
    [OUTCOME_DONE] = NULL,         [OUTCOME_FAILED] = s_failed, [OUTCOME_DEFERRED] = s_deferred,
    [OUTCOME_LOST] = s_died,       [OUTCOME_EXPIRED] = s_lost,  [OUTCOME_RELEASED] = s_released,
    [OUTCOME_REFUSED] = s_refused,
};
_Static_assert(sizeof s_claims / sizeof *s_claims == OUTCOME_COUNT, "a row for each outcome");

static bool
s_same (grant_t one, grant_t other)
{
    return one.epoch == other.epoch && one.serial == other.serial;
}

static void
s_done (publisher_t *self, uint32_t slot, const settlement_t *said)
{
    message_t *message = outbox_at (self->outbox, slot);
    bool held = message->state == MESSAGE_LEASED && !s_same (message->grant, said->grant);
    //  What was lost before may have a holder that is still at work.
    bool haunted = message->state == MESSAGE_UNSURE && message->lost > 0;
    self->books.done++;
    if (held || haunted) {
        lease_haunt (self, slot);
        place_changed (self, slot);
    } else {
        place_leave (self, slot);
    }
}

static void
s_stale (publisher_t *self)
{
    self->books.stale++;
}

//  A settlement of a message that is done already.
static void
s_after_done (publisher_t *self, uint32_t slot, const settlement_t *said)
{
    message_t *message = outbox_at (self->outbox, slot);
    if (message->state == MESSAGE_GHOST && s_same (message->grant, said->grant)) {
        place_end_ghost (self, slot);
    } else {
        s_stale (self);
    }
}

static void
s_claim (publisher_t *self, uint32_t slot, const settlement_t *said, peer_t *peer)
{
    bool current = lease_claim (self, slot, said->grant, peer);
#if MAYHEM_BUG == 2
    current |=
        outbox_at (self->outbox, slot)->state == MESSAGE_LEASED && said->outcome == OUTCOME_FAILED;
#endif
    if (current) {
        assert (s_claims[said->outcome]);
        s_claims[said->outcome](self, slot, said);
    } else {
        s_stale (self);
    }
}

//  Returns the change that has to be durable before this settlement is confirmed.
static uint64_t
s_settle (publisher_t *self, peer_t *peer, const settlement_t *said)
{
    bool ours = said->name.outbox == self->outbox_id;
    uint32_t slot = ours ? outbox_find (self->outbox, said->name.seq) : SLAB_NONE;
    if (slot == SLAB_NONE) {
        s_stale (self);
        return 0;
    }
    message_t *message = outbox_at (self->outbox, slot);
    if (message->state == MESSAGE_GHOST || message->state == MESSAGE_LEAVING) {
        uint64_t change = message->change;
        s_after_done (self, slot, said);
        return change;
    }
    uint8_t steps = message->steps | (said->steps & STEPS_ALL);
    bool learned = steps != message->steps;
    message->steps = steps;
    message->extended = said->extended > message->extended ? said->extended : message->extended;
    if (said->outcome == OUTCOME_DONE) {
        s_done (self, slot, said);
    } else {
        s_claim (self, slot, said, peer);
        if (learned && outbox_taken (self->outbox, slot) && !message->dirty) {
            place_changed (self, slot); // a fact is confirmed when it is durable
        }
    }
    return message->dirty || message->ticket ? message->change : 0;
}

void
settle_pack (publisher_t *self, peer_t *peer, const wire_header_t *header, wire_reader_t body)
{
    pack_t pack;
    settlement_t said;
    uint64_t need = 0;
    if (wire_get_pack (&body, &pack) != WIRE_OK) {
        return;
    }
    for (uint32_t i = 0; i < header->count; i++) {
        if (wire_get_settlement (&body, &said) != WIRE_OK) {
            return;
        }
        uint64_t change = s_settle (self, peer, &said);
        need = change > need ? change : need;
    }
    reply_confirm (
        self->reply, lease_route_of (self, peer),
        &(confirm_t){
            .link = peer->link, .holder = pack.holder, .number = pack.number, .need = need});
}

void
settle_lost (publisher_t *self, uint32_t slot, outcome_t outcome, const char *why)
{
    assert (outcome == OUTCOME_LOST || outcome == OUTCOME_EXPIRED);
    settlement_t said = {.outcome = (uint8_t) outcome, .reason = {why, strlen (why)}};
    s_claims[outcome](self, slot, &said);
}

void
settle_unlisted (publisher_t *self, uint32_t slot)
{
    static const char why[] = "it never arrived";
    if (outbox_at (self->outbox, slot)->state == MESSAGE_GHOST) {
        place_end_ghost (self, slot);
        return;
    }
    self->books.returned++;
    s_return (self, slot, MESSAGE_READY, 0, (text_t){why, sizeof why - 1});
}
