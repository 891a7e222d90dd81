//  The books, and every invariant of them: for reports, tests and the simulator.

#include "publisher/core.h"

#include <assert.h>

publisher_books_t
publisher_books (const publisher_t *self)
{
    publisher_books_t books = self->books;
    books.pending = core_pending (self) + self->unloaded;
    books.leased = core_leased (self);
    books.ghosts = core_count (self, MESSAGE_GHOST);
    books.dead = core_count (self, MESSAGE_DEAD);
    return books;
}

bool
publisher_clean (const publisher_t *self)
{
    return core_leased (self) == 0 && core_count (self, MESSAGE_GHOST) == 0 &&
           journal_idle (self->journal);
}

void
publisher_audit (const publisher_t *self, publisher_audit_fn *fn, void *arg)
{
    for (uint32_t slot = 0; slot < outbox_high (self->outbox); slot++) {
        if (!outbox_taken (self->outbox, slot)) {
            continue;
        }
        const message_t *message = outbox_at (self->outbox, slot);
        publisher_entry_t entry = {
            .name = {self->outbox_id, message->seq},
            .state = message->state,
            .grant = message->grant,
            .host = message->host,
            .via = message->via,
            .delivery = message->delivery,
            .lost = message->lost,
            .steps = message->steps,
        };
        fn (&entry, arg);
    }
}

//  A message is where its state says, and nowhere else.
static void
s_check_place (const publisher_t *self, uint32_t slot, const message_t *message)
{
    message_state_t state = message->state;
    bool on_lease = state == MESSAGE_LEASED || state == MESSAGE_GHOST;
    assert (state < MESSAGE_STATES);
    assert (outbox_find (self->outbox, message->seq) == slot);
    assert (heap_has (self->leases, slot) == on_lease);
    assert (heap_has (self->delays, slot) == (state == MESSAGE_DELAYED));
    assert (!on_lease || message->route <= ROUTE_NONE);
    assert (message->seq <= self->seq);
    assert (state != MESSAGE_LEASED || message->was_leased);
}

//  Nothing rests on a change that is not durable. A fact that was learnt may wait in any state.
static void
s_check_journal (const publisher_t *self, const message_t *message)
{
    message_state_t state = message->state;
    bool waits = message->dirty || message->ticket;
    assert (waits || (state != MESSAGE_STORING && state != MESSAGE_LEAVING));
    assert (!message->ticket ||
            (message->ticket > self->journal->walked && message->ticket <= self->journal->ticket));
    assert (state != MESSAGE_LEASED || message->seq <= self->journal->granted ||
            self->limits.is_volatile || message->grant.epoch != self->epoch);
}

//  Those of a host that wait do so because of others.
static void
s_check_host (const publisher_t *self, const message_t *message)
{
    uint32_t per_host = hosts_per_host (self->hosts);
    if (!per_host || message->gate == SLAB_NONE) {
        assert (message->state != MESSAGE_CHAINED);
        return;
    }
    uint32_t admitted = hosts_admitted (self->hosts, message->gate);
    assert (message->state != MESSAGE_CHAINED || admitted >= per_host);
    //  After an unclean end more may be out than ever will be again.
    assert (self->unclean || admitted <= per_host);
}

static uint32_t
s_sum (const list_t *lists, size_t count)
{
    uint32_t sum = 0;
    for (size_t i = 0; i < count; i++) {
        sum += lists[i].count;
    }
    return sum;
}

static void
s_check_counts (const publisher_t *self)
{
    uint32_t on_lease = core_count (self, MESSAGE_LEASED) + core_count (self, MESSAGE_GHOST);
    assert (s_sum (self->held, LINKS_DOWN_MAX + 1) == on_lease);
    assert (heap_count (self->leases) == on_lease);
    assert (heap_count (self->delays) == core_count (self, MESSAGE_DELAYED));
    assert (s_sum (self->ready.buckets, READY_BUCKETS) == core_count (self, MESSAGE_READY));
    assert (self->unsure.count == core_count (self, MESSAGE_UNSURE));
    assert (self->dead.count == core_count (self, MESSAGE_DEAD));
    publisher_books_t books = publisher_books (self);
    assert (books.accepted ==
            books.pending + books.leased + books.done + books.dead + books.dropped);
}

void
publisher_assert (const publisher_t *self)
{
    uint32_t used = 0;
    uint32_t dirty = 0;
    for (uint32_t slot = 0; slot < outbox_high (self->outbox); slot++) {
        if (!outbox_taken (self->outbox, slot)) {
            continue;
        }
        const message_t *message = outbox_at (self->outbox, slot);
        s_check_place (self, slot, message);
        s_check_journal (self, message);
        s_check_host (self, message);
        used++;
        dirty += message->dirty;
    }
    assert (used == outbox_used (self->outbox));
    assert (dirty == self->journal->dirty.count);
    s_check_counts (self);
}
