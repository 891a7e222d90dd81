//  Payload frames: what handlers and publishers say of the messages, noted and carried on.

#include "consumer/consumer_private.h"

#include <assert.h>

//  EXTEND: note who holds what, pass it on to its publisher.
static void
s_extends (consumer_t *self, peer_t *peer, uint32_t count, wire_reader_t *body)
{
    for (uint32_t i = 0; i < count; i++) {
        claim_t claim;
        if (wire_get_claim (body, &claim) != WIRE_OK) {
            return;
        }
        uint32_t slot = table_find (&self->table, claim.name);
        if (slot == SLAB_NONE) {
            slot = consumer_adopt (self, peer, &claim);
        } else {
            consumer_heard (self, peer, slot, &claim);
        }
        uint8_t pub = table_known_pub (&self->table, claim.publisher);
        peer_t *up = pub == PUB_NONE ? NULL : consumer_upstream (self, pub);
        if (!up || !carry_claim (&self->carry, links_slot (self->links, up), &claim)) {
            self->counts.dropped++;
        }
    }
}

//  SETTLE: the pack goes on whole; its entries wait for the confirmation.
static void
s_settles (consumer_t *self, uint32_t count, wire_reader_t body)
{
    wire_reader_t whole = body;
    pack_t pack;
    if (wire_get_pack (&body, &pack) != WIRE_OK || pack.number == 0) {
        return;
    }
    uint8_t pub = table_known_pub (&self->table, pack.publisher);
    peer_t *up = pub == PUB_NONE ? NULL : consumer_upstream (self, pub);
    if (!up || !carry_pack (&self->carry, links_slot (self->links, up), count, whole)) {
        self->counts.dropped++;
        return;
    }
    for (uint32_t i = 0; i < count; i++) {
        settlement_t settlement;
        if (wire_get_settlement (&body, &settlement) != WIRE_OK) {
            return;
        }
        uint32_t slot = table_find (&self->table, settlement.name);
        entry_t *entry = slot == SLAB_NONE ? NULL : table_at (&self->table, slot);
        //  A pack about a former lease, said again, settles nothing of the present one.
        if (entry && entry->state == ENTRY_PLACED && entry->holder == pack.holder &&
            table_same (entry->grant, settlement.grant)) {
            entry->heard = true;
            table_pack (&self->table, slot, pack.holder, pack.number);
        }
    }
}

static void
s_confirms (consumer_t *self, uint32_t count, wire_reader_t *body)
{
    for (uint32_t i = 0; i < count; i++) {
        uint64_t holder;
        uint64_t number;
        if (wire_get_u64 (body, &holder) != WIRE_OK || wire_get_u64 (body, &number) != WIRE_OK) {
            return;
        }
        self->counts.settled += table_confirm (&self->table, holder, number);
        if (holder == self->epoch) {
            consumer_own_confirmed (self, number);
            continue;
        }
        peer_t *down = links_by_epoch (self->links, SIDE_DOWN, holder);
        if (!down ||
            !carry_confirm (&self->carry, links_slot (self->links, down), holder, number)) {
            self->counts.dropped++;
        }
    }
}

//  A revoked message is dropped while nobody has it; a handler has to end it first.
static void
s_revoked (consumer_t *self, uint32_t slot, claim_t *claim)
{
    entry_t *entry = table_at (&self->table, slot);
    if (entry->grant.epoch != claim->grant.epoch || entry->grant.serial != claim->grant.serial) {
        return;
    }
    if (entry->state == ENTRY_PLACED) {
        //  It may answer an extension of our own, from before the message was placed.
        claim->holder = entry->holder;
        entry->revoked = true;
        heap_set (self->table.deadlines, slot, self->now_us + (int64_t) entry->lease_ms * 1000);
    } else if (entry->state == ENTRY_UNPLACED) {
        table_drop (&self->table, slot);
    }
}

static void
s_answers (consumer_t *self, uint32_t count, wire_reader_t *body)
{
    for (uint32_t i = 0; i < count; i++) {
        claim_t claim;
        if (wire_get_claim (body, &claim) != WIRE_OK) {
            return;
        }
        uint32_t slot = table_find (&self->table, claim.name);
        if (claim.kind == CLAIM_REVOKED && slot != SLAB_NONE) {
            s_revoked (self, slot, &claim);
        }
        peer_t *down = links_by_epoch (self->links, SIDE_DOWN, claim.holder);
        if (claim.holder == self->epoch || !claim.holder) {
            continue;
        }
        if (!down || !carry_claim (&self->carry, links_slot (self->links, down), &claim)) {
            self->counts.dropped++;
        }
    }
}

void
consumer_hear (consumer_t *self, bytes_t frame)
{
    wire_header_t header;
    wire_reader_t body;
    peer_t *peer = links_frame (self->links, self->now_us, frame, &header, &body);
    if (!peer) {
        return;
    }
    switch (header.verb) {
    case VERB_HOLDING: consumer_hear_holdings (self, peer, header.count, &body); break;
    case VERB_WORK: consumer_take_work (self, peer, header.count, &body); break;
    case VERB_EXTEND: s_extends (self, peer, header.count, &body); break;
    case VERB_SETTLE: s_settles (self, header.count, body); break;
    case VERB_ANSWER: s_answers (self, header.count, &body); break;
    case VERB_CONFIRM: s_confirms (self, header.count, &body); break;
    default: break; // the links took it
    }
}
