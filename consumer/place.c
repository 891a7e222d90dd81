//  Work in and work out: what came from a publisher goes to the handler with the most free slots.

#include "consumer/consumer_private.h"

#include "common/core/prng.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

//  Consuming fails by (seed, id, delivery), so a run can be repeated.
static bool
s_fails (const consumer_t *self, const work_t *work)
{
    if (self->fail_consume <= 0) {
        return false;
    }
    uint64_t id = prng_hash_bytes (work->id, sizeof work->id, self->seed);
    uint64_t draw = prng_hash (id, work->delivery, 0);
    return (double) (draw >> 11) * 0x1p-53 < self->fail_consume;
}

static void
s_fault (consumer_t *self, const work_t *work)
{
    if (self->faults++ == 0) {
        snprintf (self->fault, sizeof self->fault, "Could not consume %.*s",
                  (int) work->instance.length, work->instance.at);
    }
}

//  A new lease of a message that is in the table already: its handler goes on under the new grant.
static bool
s_again (consumer_t *self, uint32_t slot, const work_t *work)
{
    entry_t *entry = table_at (&self->table, slot);
    entry->grant = work->grant;
    entry->lease_ms = work->lease_ms;
    entry->delivery = work->delivery;
    entry->revoked = false;
    peer_t *peer = entry->state == ENTRY_PLACED ? links_peer (self->links, entry->slot) : NULL;
    return peer && peer->phase == PEER_UP && peer->epoch == entry->holder && !peer->eos_said;
}

static uint32_t
s_entry (consumer_t *self, const work_t *work, uint8_t pub, bool *returning)
{
    uint32_t slot = table_find (&self->table, work->name);
    *returning = false;
    if (slot != SLAB_NONE) {
        const entry_t *entry = table_at (&self->table, slot);
        bool newer =
            entry->grant.epoch != work->grant.epoch || entry->grant.serial < work->grant.serial;
        if (!newer) {
            return SLAB_NONE; // a copy of what is here already
        }
        *returning = s_again (self, slot, work);
        return slot;
    }
    return table_add (&self->table, work->name, work->grant, work->host, pub);
}

static void
s_take (consumer_t *self, uint8_t pub, const work_t *work, text_t raw)
{
    bool busy = table_busy (&self->table, work->host, work->name.outbox);
    bool returning;
    uint32_t slot = s_entry (self, work, pub, &returning);
    if (slot == SLAB_NONE) {
        self->counts.dropped++;
        return;
    }
    entry_t *entry = table_at (&self->table, slot);
    entry->lease_ms = work->lease_ms;
    entry->delivery = work->delivery;
    entry->steps |= work->steps;
    entry->extension = 0;
    links_lease (self->links, work->lease_ms);
    if (entry->raw == SLAB_NONE) {
        entry->raw = slab_take (self->table.raws);
    }
    assert (entry->raw != SLAB_NONE);
    memcpy (slab_at (self->table.raws, entry->raw), raw.at, raw.length);
    heap_set (self->table.deadlines, slot, self->now_us + (int64_t) work->lease_ms * 2000 / 3);
    uint8_t holder_slot = entry->slot;
    table_unplaced (&self->table, slot);
    //  A redelivery goes to the handler that still holds it: it takes over the higher grant.
    entry->slot = returning ? holder_slot : 0;
    if (s_fails (self, work)) {
        s_fault (self, work);
        table_settle (&self->table, slot, OUTCOME_FAILED, REASON_FAULT);
    } else if (self->drain.state != DRAIN_RUNNING) {
        table_settle (&self->table, slot, OUTCOME_RELEASED, REASON_DRAINING);
        self->handed_back++;
    } else if (self->stood_us > (int64_t) work->lease_ms * 1000 / 3) {
        //  It may have lain in the inbox while its lease ran out.
        table_settle (&self->table, slot, OUTCOME_RELEASED, REASON_UNPLACED);
    } else if (busy) {
        table_settle (&self->table, slot, OUTCOME_DEFERRED, REASON_BUSY);
    }
}

void
consumer_take_work (consumer_t *self, peer_t *peer, uint32_t count, wire_reader_t *body)
{
    uint8_t pub = self->pub_of[links_slot (self->links, peer)];
    assert (peer->side == SIDE_UP);
    for (uint32_t i = 0; i < count; i++) {
        work_t work;
        text_t raw;
        if (wire_get_work (body, &work, &raw) != WIRE_OK) {
            return;
        }
        peer->taken++;
        self->counts.taken++;
        if (pub != PUB_NONE) {
            s_take (self, pub, &work, raw);
        }
    }
}

//  The running handler with the most room, and how much more it has than the next.
static peer_t *
s_roomiest (consumer_t *self, uint64_t *lead, uint32_t *handlers)
{
    peer_t *best = NULL;
    uint64_t second = 0;
    *handlers = 0;
    for (uint32_t slot = LINKS_UP_MAX; slot < links_high (self->links); slot++) {
        peer_t *peer = links_peer (self->links, slot);
        uint64_t room = links_ready (self->links, peer, self->now_us) ? peer_room (peer) : 0;
        if (!room) {
            continue;
        }
        (*handlers)++;
        if (!best || room > peer_room (best)) {
            second = best ? peer_room (best) : 0;
            best = peer;
        } else if (room > second) {
            second = room;
        }
    }
    *lead = best ? peer_room (best) - second : 0;
    return best;
}

static void
s_say_consumed (consumer_t *self, const uint8_t *raw)
{
    if (self->effects->level < SAY_LEVEL_INFO) {
        return;
    }
    work_t work;
    wire_reader_t reader = {raw, raw + WORK_BYTES_MAX};
    if (wire_get_work (&reader, &work, NULL) == WIRE_OK) {
        effects_say (self->effects, &(say_t){.kind = SAY_CONSUMED,
                                             .instance = work.instance,
                                             .hostname = work.hostname,
                                             .name = work.name,
                                             .delivery = work.delivery});
    }
}

//  One run to one handler. The lines are said after the frame: both lie in the one arena.
static uint32_t
s_run (consumer_t *self, peer_t *peer, uint32_t most)
{
    uint32_t slots[WORK_RECORDS_MAX];
    table_t *table = &self->table;
    packet_t packet = links_packet (self->links, peer, VERB_WORK,
                                    HEADER_BYTES + most * WORK_BYTES_MAX, self->effects);
    uint32_t at = list_head (&table->unplaced);
    //  A record that another handler holds still ends the run: it is for that one.
    while (packet.count < most && at != SLAB_NONE && !table_at (table, at)->slot) {
        const entry_t *entry = table_at (table, at);
        uint16_t length;
        const uint8_t *raw = slab_at (table->raws, entry->raw);
        length = (uint16_t) (raw[0] | raw[1] << 8);
        memcpy (packet.writer.at, raw, length);
        packet.writer.at += length;
        slots[packet.count++] = at;
        at = list_next (table->order, at);
    }
    uint32_t count = packet.count;
    links_send (self->links, &packet, self->effects);
    for (uint32_t i = 0; i < count; i++) {
        entry_t *entry = table_at (table, slots[i]);
        table_placed (table, slots[i], (uint8_t) links_slot (self->links, peer), peer->epoch);
        entry->mark = peer->link;
        entry->heard = false;
        heap_set (table->deadlines, slots[i], self->now_us + 2 * table_lease_us (entry));
        s_say_consumed (self, slab_at (table->raws, entry->raw));
        slab_give (table->raws, entry->raw);
        entry->raw = SLAB_NONE;
    }
    peer->spent += count;
    self->counts.placed += count;
    return count;
}

static uint64_t
s_least (uint64_t one, uint64_t other)
{
    return one < other ? one : other;
}

//  A record whose handler holds the message still goes there, and waits for room there.
static bool
s_return (consumer_t *self)
{
    table_t *table = &self->table;
    uint32_t at = list_head (&table->unplaced);
    entry_t *entry = table_at (table, at);
    if (!entry->slot) {
        return false;
    }
    peer_t *peer = links_peer (self->links, entry->slot);
    if (links_ready (self->links, peer, self->now_us) && peer_room (peer) == 0) {
        //  Nowhere else: it waits for room there, behind the others.
        list_remove (&table->unplaced, table->order, at);
        list_append (&table->unplaced, table->order, at);
        return true;
    }
    bool there = links_ready (self->links, peer, self->now_us);
    entry->slot = 0;
    if (there) {
        s_run (self, peer, 1);
    }
    return there;
}

void
consumer_place (consumer_t *self)
{
    table_t *table = &self->table;
    uint32_t waiting = 0; // in a row: when all wait for their own handlers, that is all
    for (uint32_t done = 0; waiting < table->unplaced.count; done++) {
        if (done >= STEP_WORK_MAX ||
            !effects_room (self->effects, 1 + WORK_RECORDS_MAX,
                           HEADER_BYTES + 2 * WORK_RECORDS_MAX * WORK_BYTES_MAX)) {
            self->turn_again = true;
            return;
        }
        uint32_t before = table->unplaced.count;
        if (s_return (self)) {
            waiting = table->unplaced.count == before ? waiting + 1 : 0;
            continue;
        }
        waiting = 0;
        uint64_t lead;
        uint32_t handlers;
        peer_t *peer = s_roomiest (self, &lead, &handlers);
        if (!peer) {
            return;
        }
        //  So much that the free slots level out, but a fair share at least.
        uint64_t share = (table->unplaced.count + handlers - 1) / handlers;
        uint64_t run = lead > share ? lead : share;
        run = s_least (s_least (run, WORK_RECORDS_MAX), peer_room (peer));
        done += s_run (self, peer, (uint32_t) run);
    }
}
