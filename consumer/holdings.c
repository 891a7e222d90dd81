//  Custody over the ends of links: lists of holdings said upward and heard from below, what a dead
//  handler held, leases that nobody speaks of any more.

#include "consumer/consumer_private.h"

#include <assert.h>
#include <string.h>

#define LATER_US 100000 // to look again when the inbox has been read
#define WALK_MAX 65536  // slots looked at in one turn: a fraction of a millisecond

static claim_t
s_claim (const consumer_t *self, const entry_t *entry, claim_kind_t kind)
{
    const char *publisher = self->table.pubs[entry->pub].name;
    return (claim_t){.name = entry->name,
                     .grant = entry->grant,
                     .host = entry->host,
                     .holder = entry->state == ENTRY_PLACED ? entry->holder : self->epoch,
                     .extension = entry->extension,
                     .lease_ms = entry->lease_ms,
                     .steps = entry->steps,
                     .kind = (uint8_t) kind,
                     .publisher = {publisher, strlen (publisher)}};
}

//  One frame of the list that a publisher wants to hear; the last one closes it by its count.
static bool
s_say_some (consumer_t *self, peer_t *peer, uint8_t pub)
{
    if (!effects_room (self->effects, 1, FRAME_BYTES_MAX)) {
        return false;
    }
    packet_t packet =
        links_packet (self->links, peer, VERB_HOLDING, FRAME_BYTES_MAX, self->effects);
    uint32_t high = slab_high (self->table.entries);
    uint32_t end = high - peer->cursor < WALK_MAX ? high : peer->cursor + WALK_MAX;
    for (; peer->cursor < end && packet.count < CLAIMS_MAX; peer->cursor++) {
        const entry_t *entry = slab_taken (self->table.entries, peer->cursor)
                                   ? table_at (&self->table, peer->cursor)
                                   : NULL;
        if (entry && entry->pub == pub) {
            claim_t claim = s_claim (self, entry, CLAIM_HOLDS);
            wire_put_claim (&packet.writer, &claim);
            packet.count++;
        }
    }
    peer->listed += packet.count;
    bool through = peer->cursor >= high;
    wire_put_u64 (&packet.writer, through ? 1 + peer->listed : 0);
    links_send (self->links, &packet, self->effects);
    return through;
}

void
consumer_say_holdings (consumer_t *self, peer_t *peer)
{
    uint8_t pub = self->pub_of[links_slot (self->links, peer)];
    assert (peer->side == SIDE_UP && peer->phase == PEER_GREETED);
    if (pub == PUB_NONE) {
        return; // more publishers than we can name: never served
    }
    if (s_say_some (self, peer, pub)) {
        links_holding_said (self->links, self->now_us, peer);
    } else {
        self->turn_again = true;
    }
}

//  Publishers that have a link of ours: a bit each.
static uint32_t
s_linked (const consumer_t *self)
{
    uint32_t linked = 0;
    for (uint32_t slot = 0; slot < LINKS_UP_MAX; slot++) {
        linked |= self->pub_of[slot] == PUB_NONE ? 0 : UINT32_C (1) << self->pub_of[slot];
    }
    return linked;
}

uint32_t
consumer_adopt (consumer_t *self, peer_t *peer, const claim_t *claim)
{
    uint8_t pub = table_pub (&self->table, claim->publisher, s_linked (self));
    if (pub == PUB_NONE) {
        return SLAB_NONE;
    }
    uint32_t slot = table_add (&self->table, claim->name, claim->grant, claim->host, pub);
    if (slot == SLAB_NONE) {
        return SLAB_NONE;
    }
    entry_t *entry = table_at (&self->table, slot);
    entry->lease_ms = claim->lease_ms;
    entry->steps = claim->steps;
    entry->mark = peer->link;
    entry->heard = true;
    table_placed (&self->table, slot, (uint8_t) links_slot (self->links, peer), peer->epoch);
    heap_set (self->table.deadlines, slot, self->now_us + 2 * table_lease_us (entry));
    //  A list under way to its publisher must have it too: it starts again, twice does no harm.
    for (uint32_t up = 0; up < LINKS_UP_MAX; up++) {
        if (self->pub_of[up] == pub) {
            links_peer (self->links, up)->cursor = 0;
        }
    }
    return slot;
}

void
consumer_heard (consumer_t *self, peer_t *peer, uint32_t slot, const claim_t *claim)
{
    entry_t *entry = table_at (&self->table, slot);
    entry->steps |= claim->steps;
    if (entry->state != ENTRY_PLACED) {
        return;
    }
    bool newer =
        entry->grant.epoch == claim->grant.epoch && entry->grant.serial < claim->grant.serial;
    if (newer) {
        //  A later lease of it went through another consumer.
        entry->grant = claim->grant;
        entry->revoked = false;
    }
    if (!table_same (entry->grant, claim->grant)) {
        return; // an unconfirmed settlement of a former lease
    }
    table_placed (&self->table, slot, (uint8_t) links_slot (self->links, peer), peer->epoch);
    entry->mark = peer->link;
    entry->heard = true;
    if (!entry->revoked) {
        heap_set (self->table.deadlines, slot, self->now_us + 2 * table_lease_us (entry));
    }
}

static void
s_hold (consumer_t *self, peer_t *peer, const claim_t *claim)
{
    uint32_t slot = table_find (&self->table, claim->name);
    if (slot == SLAB_NONE) {
        slot = consumer_adopt (self, peer, claim);
        self->counts.dropped += slot == SLAB_NONE;
        return;
    }
    entry_t *entry = table_at (&self->table, slot);
    if (entry->state == ENTRY_UNPLACED) {
        //  A newer lease waits here: it goes to this handler, which takes it over.
        entry->slot = (uint8_t) links_slot (self->links, peer);
    } else {
        consumer_heard (self, peer, slot, claim);
    }
}

void
consumer_hear_holdings (consumer_t *self, peer_t *peer, uint32_t count, wire_reader_t *body)
{
    assert (peer->side == SIDE_DOWN);
    uint64_t trailer = 0;
    for (uint32_t i = 0; i < count; i++) {
        claim_t claim;
        if (wire_get_claim (body, &claim) != WIRE_OK) {
            return;
        }
        s_hold (self, peer, &claim);
    }
    if (wire_get_u64 (body, &trailer) == WIRE_OK) {
        links_holding_heard (self->links, self->now_us, peer, count, trailer);
    }
}

typedef bool (chosen_fn) (const entry_t *entry, const peer_t *peer);

static bool
s_of_former (const entry_t *entry, const peer_t *peer)
{
    return entry->holder != peer->epoch;
}

static bool
s_of_this (const entry_t *entry, const peer_t *peer)
{
    return entry->holder == peer->epoch;
}

static bool
s_unlisted (const entry_t *entry, const peer_t *peer)
{
    return entry->holder == peer->epoch && entry->mark != peer->link;
}

//  Settle what a handler's slot has and is chosen. All at once: a handful of pointers each, and the
//  link's next list of holdings may come with the next frame.
static void
s_settle_chosen (consumer_t *self, peer_t *peer, chosen_fn *chosen, outcome_t outcome,
                 table_reason_t reason)
{
    table_t *table = &self->table;
    uint32_t at = list_head (&table->at[links_slot (self->links, peer)]);
    while (at != SLAB_NONE) {
        uint32_t next = list_next (table->order, at);
        const entry_t *entry = table_at (table, at);
        //  What the handler spoke of once did arrive: when its list leaves it out now, it settles
        //  it through another consumer, and it is not ours to release.
        bool elsewhere = outcome == OUTCOME_RELEASED && entry->heard;
        if (chosen (entry, peer) && (entry->revoked || elsewhere)) {
            table_drop (table, at);
        } else if (chosen (entry, peer)) {
#if MAYHEM_BUG == 14
            table_drop (table, at);
#else
            table_settle (table, at, outcome, reason);
            heap_set (table->deadlines, at, self->now_us + 2 * table_lease_us (entry));
#endif
        }
        at = next;
    }
}

static void
s_news_below (consumer_t *self, peer_t *peer)
{
    if (peer->news & NEWS_EPOCH) {
        s_settle_chosen (self, peer, s_of_former, OUTCOME_LOST, REASON_DEAD);
    }
    if (peer->news & NEWS_ENDED) {
        carry_drop (&self->carry, links_slot (self->links, peer));
        //  Only silent: it may be alive behind a cut, so what it holds stays with it.
        if (peer->cause == CAUSE_DEAD) {
            s_settle_chosen (self, peer, s_of_this, OUTCOME_LOST, REASON_DEAD);
        }
    }
    if (peer->news & NEWS_HOLDING) {
#if MAYHEM_BUG != 9
        s_settle_chosen (self, peer, s_unlisted, OUTCOME_RELEASED, REASON_NONE);
#endif
    }
}

static void
s_news_above (consumer_t *self, peer_t *peer)
{
    uint32_t slot = links_slot (self->links, peer);
    if (peer->news & NEWS_ENDED) {
        carry_drop (&self->carry, slot);
    }
    if (peer->news & NEWS_GREETED) {
        text_t name = {peer->name, strlen (peer->name)};
        self->pub_of[slot] = table_pub (&self->table, name, s_linked (self));
        consumer_own_again (self, self->pub_of[slot]); // what was said on its former link
    }
    if (peer->news & NEWS_UP) {
        self->own_us = self->now_us;
    }
}

void
consumer_news (consumer_t *self, peer_t *peer)
{
    if (peer->side == SIDE_DOWN) {
        s_news_below (self, peer);
    } else {
        s_news_above (self, peer);
    }
    peer->news = 0;
}

//  What is not placed is extended once, at two thirds of its lease, and released at its end.
static void
s_unplaced_due (consumer_t *self, uint32_t slot, entry_t *entry)
{
    int64_t third = (int64_t) entry->lease_ms * 1000 / 3;
    peer_t *peer = consumer_upstream (self, entry->pub);
    bool over = self->now_us - heap_key (self->table.deadlines, slot) > third;
    if (!entry->extension && !over) {
        entry->extension = 1;
        claim_t claim = s_claim (self, entry, CLAIM_EXTENDS);
        if (peer) {
            carry_claim (&self->carry, links_slot (self->links, peer), &claim);
        }
        heap_set (self->table.deadlines, slot, self->now_us + (third ? third : 1));
        return;
    }
    table_settle (&self->table, slot, OUTCOME_RELEASED, REASON_UNPLACED);
    heap_set (self->table.deadlines, slot, self->now_us + 2 * table_lease_us (entry));
}

void
consumer_deadlines (consumer_t *self)
{
    table_t *table = &self->table;
    for (uint32_t done = 0; heap_next (table->deadlines) <= self->now_us; done++) {
        if (done == STEP_WORK_MAX) {
            self->turn_again = true;
            return;
        }
        uint32_t slot = heap_first (table->deadlines);
        entry_t *entry = table_at (table, slot);
        if (entry->state == ENTRY_UNPLACED) {
            s_unplaced_due (self, slot, entry);
        } else if (!links_inbox_is_empty (self->links)) {
            //  Its handler may have spoken of it: that lies in the inbox.
            heap_set (table->deadlines, slot, self->now_us + LATER_US);
        } else {
            table_drop (table, slot);
            self->counts.forgotten++;
        }
    }
}
