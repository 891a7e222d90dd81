#include "publisher/journal.h"

#include <assert.h>
#include <stdlib.h>

_Static_assert((JOURNAL_TICKETS & (JOURNAL_TICKETS - 1)) == 0, "the ring is indexed by a mask");

journal_t *
journal_new (uint32_t capacity)
{
    assert (capacity > 0);
    journal_t *self = calloc (1, sizeof *self);
    if (!self) {
        return NULL;
    }
    list_init (&self->dirty);
    self->links = calloc (capacity, sizeof *self->links);
    if (!self->links) {
        journal_destroy (&self);
    }
    return self;
}

void
journal_destroy (journal_t **self_p)
{
    if (*self_p) {
        free ((*self_p)->links);
        free (*self_p);
        *self_p = NULL;
    }
}

uint64_t
journal_change (journal_t *self, uint32_t slot)
{
    list_append (&self->dirty, self->links, slot);
    return ++self->changes;
}

uint32_t
journal_room (const journal_t *self)
{
    assert (self->ticket - self->walked <= JOURNAL_TICKETS);
    return self->full ? 0 : (uint32_t) (JOURNAL_TICKETS - (self->ticket - self->walked));
}

static uint64_t
s_issue (journal_t *self, uint32_t slot, uint64_t number)
{
    assert (journal_room (self) > 0);
    self->ticket++;
    self->ring[self->ticket & (JOURNAL_TICKETS - 1)] = (ticket_t){slot, number};
    return self->ticket;
}

uint64_t
journal_issue (journal_t *self, uint32_t *slot, uint64_t change)
{
    assert (self->dirty.count > 0);
    *slot = list_shift (&self->dirty, self->links);
    return s_issue (self, *slot, change);
}

uint64_t
journal_issue_granted (journal_t *self, uint64_t granted)
{
    assert (granted > self->asked);
    self->asked = granted;
    return s_issue (self, SLAB_NONE, granted);
}

void
journal_through (journal_t *self, uint64_t through)
{
    if (through > self->through && through <= self->ticket) {
        self->through = through;
    }
}

bool
journal_walk (journal_t *self, uint32_t *slot, uint64_t *ticket)
{
    assert (self->walked <= self->through && self->through <= self->ticket);
    if (self->walked == self->through) {
        return false;
    }
    *ticket = ++self->walked;
    const ticket_t *at = &self->ring[self->walked & (JOURNAL_TICKETS - 1)];
    *slot = at->slot;
    if (at->slot == SLAB_NONE) {
        self->granted = at->number;
    } else {
        assert (at->number > self->durable); // first changed, first stored
        self->durable = at->number;
    }
    return true;
}

bool
journal_idle (const journal_t *self)
{
    return self->dirty.count == 0 && self->walked == self->ticket;
}
