#include "publisher/outbox.h"

#include "common/core/index.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

struct outbox_s {
    slab_t *messages;
    slab_t *small;               // text blocks of OUTBOX_SMALL_BYTES
    slab_t *large;               // text blocks of OUTBOX_LARGE_BYTES
    slab_t *whys;                // REASON_MAX_BYTES each
    index_t *seqs;               // seq -> slot
    index_t *ids;                // ids that requests brought -> slot
    list_link_t *homes;          // of the list that a message is in by its state
    uint32_t in[MESSAGE_STATES]; // how many are in each state
};

_Static_assert(HOSTNAME_MAX_BYTES <= UINT8_MAX && REASON_MAX_BYTES <= UINT8_MAX,
               "lengths of texts fit 8 bits");

outbox_t *
outbox_new (uint32_t capacity)
{
    assert (capacity > 0 && capacity <= SLAB_CAPACITY_MAX);
    outbox_t *self = calloc (1, sizeof *self);
    if (!self) {
        return NULL;
    }
    self->messages = slab_new (capacity, sizeof (message_t));
    //  Each class for the worst case: accepting cannot fail, and untouched pages cost nothing.
    self->small = slab_new (capacity, OUTBOX_SMALL_BYTES);
    self->large = slab_new (capacity, OUTBOX_LARGE_BYTES);
    self->whys = slab_new (capacity, REASON_MAX_BYTES);
    self->seqs = index_new (capacity);
    self->ids = index_new (capacity);
    self->homes = calloc (capacity, sizeof *self->homes);
    if (!self->messages || !self->small || !self->large || !self->whys || !self->seqs ||
        !self->ids || !self->homes) {
        outbox_destroy (&self);
    }
    return self;
}

void
outbox_destroy (outbox_t **self_p)
{
    outbox_t *self = *self_p;
    if (self) {
        slab_destroy (&self->messages);
        slab_destroy (&self->small);
        slab_destroy (&self->large);
        slab_destroy (&self->whys);
        index_destroy (&self->seqs);
        index_destroy (&self->ids);
        free (self->homes);
        free (self);
        *self_p = NULL;
    }
}

message_t *
outbox_at (outbox_t *self, uint32_t slot)
{
    return slab_at (self->messages, slot);
}

static uint64_t
s_id_half (const uint8_t id[ID_BYTES], size_t at)
{
    uint64_t half;
    memcpy (&half, id + at, sizeof half);
    return half;
}

uint32_t
outbox_find (const outbox_t *self, uint64_t seq)
{
    return index_get (self->seqs, seq, 0);
}

uint32_t
outbox_find_id (const outbox_t *self, const uint8_t id[ID_BYTES])
{
    return index_get (self->ids, s_id_half (id, 0), s_id_half (id, sizeof (uint64_t)));
}

static slab_t *
s_texts (const outbox_t *self, const message_t *message)
{
    return message->large ? self->large : self->small;
}

//  Bytes from outside are cut at the limit, never trusted.
static text_t
s_cut (text_t text, size_t most)
{
    return (text_t){text.at, text.length < most ? text.length : most};
}

static void
s_set_texts (outbox_t *self, message_t *message, const row_t *row)
{
    text_t texts[TEXT_COUNT] = {
        [TEXT_INSTANCE] = s_cut (row->instance, INSTANCE_MAX_BYTES),
        [TEXT_HOSTNAME] = s_cut (row->hostname, HOSTNAME_MAX_BYTES),
        [TEXT_REASON] = s_cut (row->reason, REASON_MAX_BYTES),
        [TEXT_REQUESTED_BY] = s_cut (row->requested_by, REASON_MAX_BYTES),
    };
    size_t sum = 0;
    for (int i = 0; i < TEXT_COUNT; i++) {
        message->lengths[i] = (uint8_t) texts[i].length;
        sum += texts[i].length;
    }
    message->large = sum > OUTBOX_SMALL_BYTES;
    message->texts = slab_take (s_texts (self, message));
    char *at = slab_at (s_texts (self, message), message->texts);
    for (int i = 0; i < TEXT_COUNT; i++) {
        if (texts[i].length > 0) {
            memcpy (at, texts[i].at, texts[i].length);
            at += texts[i].length;
        }
    }
}

uint32_t
outbox_add (outbox_t *self, const row_t *row)
{
    assert (slab_room (self->messages) > 0);
    assert (row->seq > 0);
    uint32_t slot = slab_take (self->messages);
    message_t *message = slab_at (self->messages, slot);
    message->seq = row->seq;
    message->extended = row->extended;
    message->delivery = row->delivery;
    message->lost = row->lost;
    message->failures = row->failures;
    message->steps = row->steps & STEPS_ALL;
    message->why = SLAB_NONE;
    message->gate = SLAB_NONE;
    message->state = MESSAGE_STORING;
    memcpy (message->id, row->id, ID_BYTES);
    s_set_texts (self, message, row);
    outbox_set_why (self, message, row->why);
    index_put (self->seqs, message->seq, 0, slot);
    message->own_id = row->own_id && outbox_find_id (self, row->id) == SLAB_NONE;
    if (message->own_id) {
        index_put (self->ids, s_id_half (row->id, 0), s_id_half (row->id, sizeof (uint64_t)), slot);
    }
    self->in[MESSAGE_STORING]++;
    return slot;
}

void
outbox_free (outbox_t *self, uint32_t slot)
{
    message_t *message = outbox_at (self, slot);
    assert (message->state == MESSAGE_LEAVING && !message->dirty && !message->ticket);
    self->in[message->state]--;
    index_drop (self->seqs, message->seq, 0);
    if (message->own_id) {
        index_drop (self->ids, s_id_half (message->id, 0),
                    s_id_half (message->id, sizeof (uint64_t)));
    }
    if (message->why != SLAB_NONE) {
        slab_give (self->whys, message->why);
    }
    slab_give (s_texts (self, message), message->texts);
    slab_give (self->messages, slot);
}

text_t
outbox_text (outbox_t *self, const message_t *message, which_t which)
{
    assert (which < TEXT_COUNT);
    const char *at = slab_at (s_texts (self, message), message->texts);
    for (int i = 0; i < (int) which; i++) {
        at += message->lengths[i];
    }
    return (text_t){at, message->lengths[which]};
}

text_t
outbox_why (outbox_t *self, const message_t *message)
{
    if (message->why == SLAB_NONE) {
        return (text_t){"", 0};
    }
    return (text_t){slab_at (self->whys, message->why), message->why_length};
}

void
outbox_set_why (outbox_t *self, message_t *message, text_t why)
{
    why = s_cut (why, REASON_MAX_BYTES);
    if (message->why == SLAB_NONE) {
        if (why.length == 0) {
            return;
        }
        message->why = slab_take (self->whys);
    }
    message->why_length = (uint8_t) why.length;
    if (why.length > 0) {
        memcpy (slab_at (self->whys, message->why), why.at, why.length);
    }
}

row_t
outbox_row (outbox_t *self, uint32_t slot, int64_t now_us)
{
    const message_t *message = outbox_at (self, slot);
    row_t row = {
        .seq = message->seq,
        .extended = message->extended,
        .delivery = message->delivery,
        .lost = message->lost,
        .failures = message->failures,
        .steps = message->steps,
        .dead = message->state == MESSAGE_DEAD ||
                (message->state == MESSAGE_STORING && message->next == MESSAGE_DEAD),
        .own_id = message->own_id,
        .delay_us = message->due_us > now_us ? message->due_us - now_us : 0,
        .instance = outbox_text (self, message, TEXT_INSTANCE),
        .hostname = outbox_text (self, message, TEXT_HOSTNAME),
        .reason = outbox_text (self, message, TEXT_REASON),
        .requested_by = outbox_text (self, message, TEXT_REQUESTED_BY),
        .why = outbox_why (self, message),
    };
    memcpy (row.id, message->id, ID_BYTES);
    return row;
}

list_link_t *
outbox_homes (outbox_t *self)
{
    return self->homes;
}

void
outbox_set_state (outbox_t *self, message_t *message, message_state_t state)
{
    assert (state < MESSAGE_STATES);
    assert (self->in[message->state] > 0);
    self->in[message->state]--;
    message->state = (uint8_t) state;
    self->in[state]++;
}

uint32_t
outbox_count (const outbox_t *self, message_state_t state)
{
    assert (state < MESSAGE_STATES);
    return self->in[state];
}

uint32_t
outbox_room (const outbox_t *self)
{
    return slab_room (self->messages);
}

uint32_t
outbox_used (const outbox_t *self)
{
    return slab_used (self->messages);
}

uint32_t
outbox_high (const outbox_t *self)
{
    return slab_high (self->messages);
}

bool
outbox_taken (const outbox_t *self, uint32_t slot)
{
    return slab_taken (self->messages, slot);
}
