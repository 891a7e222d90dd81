//  What comes in: the outbox's own rows first, then requests.

#include "publisher/intake.h"
#include "publisher/place.h"

#include <assert.h>
#include <string.h>

//  Host names are compared without case: the hash is made of the lower-cased name.
static uint64_t
s_host (text_t hostname)
{
    char lower[HOSTNAME_MAX_BYTES];
    size_t length = hostname.length < sizeof lower ? hostname.length : sizeof lower;
    for (size_t i = 0; i < length; i++) {
        char c = hostname.at[i];
        lower[i] = (char) (c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
    }
    return prng_hash_bytes (lower, length, 0);
}

void
intake_opened (publisher_t *self, const opened_t *opened)
{
    assert (!self->opened);
    self->opened = true;
    self->outbox_id = opened->outbox;
    self->seq = self->stored = opened->last_seq;
    self->former = opened->granted;
    self->unclean = opened->unclean;
    self->journal->asked = self->journal->granted = opened->granted;
    self->books.done = opened->done;
    self->books.dropped = opened->dropped;
    //  Until they are loaded the rows are pending by their number alone.
    uint64_t settled = opened->done + opened->dropped;
    self->unloaded = opened->accepted > settled ? opened->accepted - settled : 0;
    self->books.accepted = settled + self->unloaded;
}

//  A deferral is at most 32 bits of milliseconds; a file that says more is wrong.
#define DELAY_MAX_US (INT64_C (1000) * UINT32_MAX)

//  Where a row goes that a former process left.
static void
s_place (publisher_t *self, uint32_t slot, const row_t *row)
{
    message_t *message = outbox_at (self->outbox, slot);
    message->was_leased = row->seq <= self->former;
    if (row->dead) {
        place_move (self, slot, MESSAGE_DEAD);
    } else if (self->unclean && message->was_leased) {
        place_move (self, slot, MESSAGE_UNSURE);
    } else if (row->delay_us > 0) {
        int64_t delay_us = row->delay_us < DELAY_MAX_US ? row->delay_us : DELAY_MAX_US;
        message->due_us = self->now_us + delay_us;
        place_move (self, slot, MESSAGE_DELAYED);
    } else {
        place_ready (self, slot);
    }
}

void
intake_loaded (publisher_t *self, const row_t *row)
{
    assert (self->opened);
    //  A file is outside: what cannot be right is not loaded, and counted.
    bool legal = row->seq > 0 && row->seq <= self->seq && row->instance.length > 0 &&
                 outbox_find (self->outbox, row->seq) == SLAB_NONE;
    if (!legal || outbox_room (self->outbox) == 0) {
        self->books.rejected++;
        return;
    }
    if (self->unloaded > 0) {
        self->unloaded--;
    } else {
        self->books.accepted++; // more rows than the file's own totals say
    }
    uint32_t slot = outbox_add (self->outbox, row);
    message_t *message = outbox_at (self->outbox, slot);
    message->host = s_host (row->hostname);
    s_place (self, slot, row);
}

void
intake_request (publisher_t *self, const request_t *request)
{
    assert (self->opened);
    if (outbox_room (self->outbox) == 0 || request->instance.length == 0) {
        self->books.rejected++;
        return;
    }
    if (request->own_id && outbox_find_id (self->outbox, request->id) != SLAB_NONE) {
        self->books.duplicates++;
        return;
    }
    row_t row = {
        .seq = ++self->seq,
        .own_id = request->own_id,
        .instance = request->instance,
        .hostname = request->hostname,
        .reason = request->reason,
        .requested_by = request->requested_by,
    };
    memcpy (row.id, request->id, ID_BYTES);
    uint32_t slot = outbox_add (self->outbox, &row);
    message_t *message = outbox_at (self->outbox, slot);
    message->host = s_host (row.hostname);
    message->fresh = true;
    self->books.accepted++;
    place_store (self, slot, MESSAGE_READY, 0);
}

//  Messages that are not settled, or not removed yet.
static uint32_t
s_unfinished (const publisher_t *self)
{
    return outbox_used (self->outbox) - core_count (self, MESSAGE_DEAD);
}

static uint32_t
s_less (uint32_t one, uint32_t other)
{
    return one < other ? one : other;
}

uint32_t
publisher_room (const publisher_t *self)
{
    const journal_t *journal = self->journal;
    if (!self->opened || self->exhausted || journal->full || self->drain.state != DRAIN_RUNNING) {
        return 0;
    }
    //  What comes in waits for a ticket at once: behind the disk stands the source.
    uint32_t behind = journal->dirty.count + (uint32_t) (journal->ticket - journal->walked);
    uint32_t tickets = behind < JOURNAL_TICKETS ? JOURNAL_TICKETS - behind : 0;
    uint32_t unfinished = s_unfinished (self);
    uint32_t pending =
        unfinished < self->limits.max_pending ? self->limits.max_pending - unfinished : 0;
    uint32_t room = s_less (pending, outbox_room (self->outbox));
    return s_less (s_less (room, tickets), STEP_WORK_MAX);
}
