//  What a consumer settles itself: what it could not place, what its drain hands back, what a dead
//  handler held, hosts that are busy. In packs of its own, kept until they are confirmed.

#include "consumer/consumer_private.h"

#include <assert.h>
#include <string.h>

static const char *const s_reasons[] = {
    [REASON_NONE] = "",
    [REASON_UNPLACED] = "no handler took it within one lease",
    [REASON_DRAINING] = "its consumer drains",
    [REASON_DEAD] = "its handler died",
    [REASON_BUSY] = "the host is in work for another publisher",
    [REASON_FAULT] = "it could not be consumed",
};
_Static_assert(sizeof s_reasons / sizeof *s_reasons == REASON_COUNT, "a text for each reason");

const char *
consumer_reason (table_reason_t reason)
{
    assert (reason < REASON_COUNT);
    return s_reasons[reason];
}

static void
s_count (consumer_t *self, const entry_t *entry)
{
    consumer_counts_t *counts = &self->counts;
    switch ((outcome_t) entry->outcome) {
    case OUTCOME_RELEASED: counts->released++; break;
    case OUTCOME_LOST: counts->lost++; break;
    case OUTCOME_DEFERRED: counts->deferred++; break;
    case OUTCOME_FAILED: counts->failed++; break;
    case OUTCOME_DONE:
    case OUTCOME_EXPIRED:
    case OUTCOME_REFUSED:
    case OUTCOME_COUNT: assert (!"not a consumer's to say");
    }
}

static void
s_write (consumer_t *self, const own_pack_t *pack)
{
    peer_t *peer = consumer_upstream (self, pack->pub);
    const char *publisher = self->table.pubs[pack->pub].name;
    packet_t packet = links_packet (self->links, peer, VERB_SETTLE, HEADER_BYTES + CARRY_PACK_BYTES,
                                    self->effects);
    pack_t head = {.holder = self->epoch,
                   .number = pack->number,
                   .publisher = {publisher, strlen (publisher)},
                   .holder_name = {self->drain.name, strlen (self->drain.name)}};
    wire_put_pack (&packet.writer, &head);
    for (uint32_t at = index_get (self->table.by_pack, self->epoch, pack->number); at != SLAB_NONE;
         at = table_at (&self->table, at)->next) {
        const entry_t *entry = table_at (&self->table, at);
        const char *reason = consumer_reason (entry->reason);
        settlement_t settlement = {.name = entry->name,
                                   .grant = entry->grant,
                                   .outcome = entry->outcome,
                                   .steps = entry->steps,
                                   .reason = {reason, strlen (reason)}};
        wire_put_settlement (&packet.writer, &settlement);
        packet.count++;
    }
    links_send (self->links, &packet, self->effects);
}

//  One new pack of what waits for this publisher.
static bool
s_pack (consumer_t *self, uint8_t pub)
{
    list_t *list = &self->table.pubs[pub].settling;
    uint32_t at = slab_take (self->own);
    if (at == SLAB_NONE) {
        return false; // older ones must be confirmed first
    }
    own_pack_t *pack = slab_at (self->own, at);
    *pack = (own_pack_t){.number = ++self->own_last, .sent_us = self->now_us, .pub = pub};
    index_put (self->own_by_number, pack->number, 0, at);
    for (uint32_t count = 0; count < PACK_RECORDS_MAX && list->count; count++) {
        uint32_t slot = list_shift (list, self->table.order);
        entry_t *entry = table_at (&self->table, slot);
        entry->state = ENTRY_SETTLED;
        table_pack (&self->table, slot, self->epoch, pack->number);
        heap_set (self->table.deadlines, slot, self->now_us + 2 * table_lease_us (entry));
        s_count (self, entry);
    }
    s_write (self, pack);
    return true;
}

static bool
s_room (const consumer_t *self)
{
    return effects_room (self->effects, 1, HEADER_BYTES + CARRY_PACK_BYTES);
}

static void
s_forget (consumer_t *self, uint32_t at, const own_pack_t *pack)
{
    index_drop (self->own_by_number, pack->number, 0);
    slab_give (self->own, at);
}

//  Say again what is not confirmed; bounded, the cursor goes round.
static void
s_repeat (consumer_t *self)
{
    uint32_t high = slab_high (self->own);
    for (; self->own_cursor < high; self->own_cursor++) {
        uint32_t at = self->own_cursor;
        own_pack_t *pack = slab_taken (self->own, at) ? slab_at (self->own, at) : NULL;
        if (!pack || self->now_us - pack->sent_us < RESEND_US) {
            continue;
        }
        if (index_get (self->table.by_pack, self->epoch, pack->number) == SLAB_NONE) {
            s_forget (self, at, pack); // its entries' leases have ended meanwhile
        } else if (consumer_upstream (self, pack->pub)) {
            if (!s_room (self)) {
                self->turn_again = true;
                return;
            }
            pack->sent_us = self->now_us;
            s_write (self, pack);
        }
    }
    self->own_cursor = 0;
    self->own_us = self->now_us + RESEND_US / 4;
}

void
consumer_settle_own (consumer_t *self)
{
    for (uint8_t pub = 0; pub < self->table.pub_count; pub++) {
        while (self->table.pubs[pub].settling.count && consumer_upstream (self, pub)) {
            if (!s_room (self)) {
                self->turn_again = true;
                return;
            }
            if (!s_pack (self, pub)) {
                break;
            }
        }
    }
    if (slab_used (self->own) && self->now_us >= self->own_us) {
        s_repeat (self);
    }
}

void
consumer_own_confirmed (consumer_t *self, uint64_t number)
{
    uint32_t at = index_get (self->own_by_number, number, 0);
    if (at != SLAB_NONE) {
        s_forget (self, at, slab_at (self->own, at));
    }
}

void
consumer_own_again (consumer_t *self, uint8_t pub)
{
    uint32_t high = slab_high (self->own);
    for (uint32_t at = 0; at < high; at++) {
        own_pack_t *pack = slab_taken (self->own, at) ? slab_at (self->own, at) : NULL;
        if (pack && pack->pub == pub) {
            pack->sent_us = self->now_us - RESEND_US;
        }
    }
    self->own_us = self->now_us;
}

int64_t
consumer_own_deadline (const consumer_t *self)
{
    return slab_used (self->own) ? self->own_us : INT64_MAX;
}
