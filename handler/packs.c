#include "handler/packs.h"

#include <assert.h>
#include <stdlib.h>

#include "common/core/index.h"

struct packs_t {
    slab_t *slab;                  // of pack_entry_t
    index_t *index;                // (number, 0) of those that are out
    list_link_t *links;            // out or confirmed: one at a time
    list_t out;                    // in the order of their last sending
    list_t confirmed;              // to be closed
    uint64_t number;               // the last one given
    uint32_t round;                // counted up by packs_again
    uint32_t by_via[LINKS_UP_MAX]; // packs out by consumer
};

packs_t *
packs_new (uint32_t capacity)
{
    assert (capacity > 0);
    packs_t *self = calloc (1, sizeof *self);
    if (!self) {
        return NULL;
    }
    self->slab = slab_new (capacity, sizeof (pack_entry_t));
    self->index = index_new (capacity);
    self->links = calloc (capacity, sizeof *self->links);
    list_init (&self->out);
    list_init (&self->confirmed);
    if (!self->slab || !self->index || !self->links) {
        packs_destroy (&self);
    }
    return self;
}

void
packs_destroy (packs_t **self_p)
{
    assert (self_p);
    packs_t *self = *self_p;
    if (self) {
        slab_destroy (&self->slab);
        index_destroy (&self->index);
        free (self->links);
        free (self);
        *self_p = NULL;
    }
}

pack_entry_t *
packs_at (packs_t *self, uint32_t pack)
{
    assert (slab_taken (self->slab, pack));
    return slab_at (self->slab, pack);
}

uint32_t
packs_open (packs_t *self, uint32_t route)
{
    uint32_t pack = slab_take (self->slab);
    assert (pack != SLAB_NONE);
    pack_entry_t *entry = slab_at (self->slab, pack);
    entry->number = ++self->number;
    entry->route = route;
    list_init (&entry->tasks);
    index_put (self->index, entry->number, 0, pack);
    return pack;
}

//  Out of the order of sending, because it is sent again or confirmed.
static void
s_take_out (packs_t *self, uint32_t pack, pack_entry_t *entry)
{
    assert (entry->out && self->by_via[entry->via] > 0);
    list_remove (&self->out, self->links, pack);
    self->by_via[entry->via]--;
    entry->out = false;
}

void
packs_sent (packs_t *self, uint32_t pack, uint32_t via, int64_t now_us)
{
    assert (via < LINKS_UP_MAX);
    pack_entry_t *entry = packs_at (self, pack);
    if (entry->out) {
        s_take_out (self, pack, entry);
    }
    entry->out = true;
    entry->via = via;
    entry->round = self->round;
    entry->sent_us = now_us;
    self->by_via[via]++;
    list_append (&self->out, self->links, pack);
}

bool
packs_confirm (packs_t *self, uint64_t number)
{
    uint32_t pack = index_get (self->index, number, 0);
    if (pack == SLAB_NONE) {
        return false;
    }
    s_take_out (self, pack, packs_at (self, pack));
    index_drop (self->index, number, 0);
    list_append (&self->confirmed, self->links, pack);
    return true;
}

uint32_t
packs_next_confirmed (packs_t *self)
{
    return list_head (&self->confirmed);
}

void
packs_close (packs_t *self, uint32_t pack)
{
    assert (packs_at (self, pack)->tasks.count == 0);
    assert (!packs_at (self, pack)->out);
    list_remove (&self->confirmed, self->links, pack);
    slab_give (self->slab, pack);
}

void
packs_again (packs_t *self)
{
    self->round++;
}

//  Those sent before the last packs_again stand in front of those sent after it, so the first one
//  is always the one that is due first.
int64_t
packs_deadline (packs_t *self)
{
    uint32_t pack = list_head (&self->out);
    if (pack == SLAB_NONE) {
        return INT64_MAX;
    }
    const pack_entry_t *entry = packs_at (self, pack);
    return entry->round == self->round ? entry->sent_us + RESEND_US : entry->sent_us;
}

uint32_t
packs_due (packs_t *self, int64_t now_us)
{
    return packs_deadline (self) <= now_us ? list_head (&self->out) : SLAB_NONE;
}

uint32_t
packs_out (const packs_t *self, uint32_t via)
{
    assert (via < LINKS_UP_MAX);
    return self->by_via[via];
}

uint32_t
packs_count (const packs_t *self)
{
    return slab_used (self->slab);
}
