#include "common/core/list.h"

#include <assert.h>

//  Put a slot between two neighbours; SLAB_NONE as a neighbour stands for the end of the list.
static void
s_insert (list_t *self, list_link_t *links, uint32_t slot, list_link_t between)
{
    assert (self && links);
    assert (slot != SLAB_NONE && self->count < UINT32_MAX);
    links[slot] = between;
    *(between.prev == SLAB_NONE ? &self->head : &links[between.prev].next) = slot;
    *(between.next == SLAB_NONE ? &self->tail : &links[between.next].prev) = slot;
    self->count++;
}

void
list_init (list_t *self)
{
    assert (self);
    *self = (list_t) LIST_EMPTY;
}

void
list_append (list_t *self, list_link_t *links, uint32_t slot)
{
    assert (self && self->tail != slot);
    s_insert (self, links, slot, (list_link_t){.prev = self->tail, .next = SLAB_NONE});
}

void
list_prepend (list_t *self, list_link_t *links, uint32_t slot)
{
    assert (self && self->head != slot);
    s_insert (self, links, slot, (list_link_t){.prev = SLAB_NONE, .next = self->head});
}

void
list_remove (list_t *self, list_link_t *links, uint32_t slot)
{
    assert (self && links);
    assert (slot != SLAB_NONE && self->count > 0);
    list_link_t link = links[slot];
    uint32_t *before = link.prev == SLAB_NONE ? &self->head : &links[link.prev].next;
    uint32_t *after = link.next == SLAB_NONE ? &self->tail : &links[link.next].prev;
    assert (*before == slot && *after == slot); //  Else it is in another list, or in none
    *before = link.next;
    *after = link.prev;
    self->count--;
}

uint32_t
list_shift (list_t *self, list_link_t *links)
{
    assert (self);
    uint32_t slot = self->head;
    assert ((slot == SLAB_NONE) == (self->count == 0));
    if (slot != SLAB_NONE) {
        list_remove (self, links, slot);
    }
    return slot;
}

uint32_t
list_next (const list_link_t *links, uint32_t slot)
{
    assert (links);
    assert (slot != SLAB_NONE);
    return links[slot].next;
}

uint32_t
list_head (const list_t *self)
{
    assert (self);
    return self->head;
}
