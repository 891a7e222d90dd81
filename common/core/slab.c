#include "common/core/slab.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

//  links[slot] of a taken slot. A free slot that was taken before has the next free slot there,
//  SLAB_NONE for the last. Slots at or above `high` were never taken and are never read.
#define SLAB_TAKEN (UINT32_MAX - 1)

struct slab_t {
    uint8_t *items;    //  capacity * stride bytes
    uint32_t *links;   //  Taken mark, or the list of free slots below high
    size_t stride;     //  Bytes from one item to the next
    uint32_t capacity; //  Items in all
    uint32_t high;     //  One past the highest slot ever taken
    uint32_t free;     //  First free slot below high, SLAB_NONE if there is none
    uint32_t used;     //  Items taken now
};

static void *
s_item (const slab_t *self, uint32_t slot)
{
    return self->items + (size_t) slot * self->stride;
}

slab_t *
slab_new (uint32_t capacity, size_t item_size)
{
    const size_t align = _Alignof(max_align_t);
    assert (capacity > 0 && capacity <= SLAB_CAPACITY_MAX);
    assert (item_size > 0 && item_size <= SIZE_MAX - align);
    slab_t *self = calloc (1, sizeof *self);
    if (!self) {
        return NULL;
    }
    self->stride = (item_size + align - 1) / align * align;
    self->items = calloc (capacity, self->stride);
    self->links = calloc (capacity, sizeof *self->links);
    self->capacity = capacity;
    self->free = SLAB_NONE;
    if (!self->items || !self->links) {
        slab_destroy (&self);
    }
    return self;
}

void
slab_destroy (slab_t **self_p)
{
    assert (self_p);
    slab_t *self = *self_p;
    if (self) {
        free (self->items);
        free (self->links);
        free (self);
        *self_p = NULL;
    }
}

uint32_t
slab_take (slab_t *self)
{
    assert (self);
    assert (self->used <= self->high && self->high <= self->capacity);
    uint32_t slot = self->free;
    if (slot != SLAB_NONE) {
        assert (slot < self->high);
        self->free = self->links[slot];
        memset (s_item (self, slot), 0, self->stride);
    } else if (self->high < self->capacity) {
        slot = self->high++; //  Its memory is still zero
    } else {
        return SLAB_NONE;
    }
    self->links[slot] = SLAB_TAKEN;
    self->used++;
    return slot;
}

void
slab_give (slab_t *self, uint32_t slot)
{
    assert (slab_taken (self, slot));
    assert (self->used > 0);
    self->links[slot] = self->free;
    self->free = slot;
    self->used--;
}

void *
slab_at (slab_t *self, uint32_t slot)
{
    assert (self);
    assert (slab_taken (self, slot));
    return s_item (self, slot);
}

bool
slab_taken (const slab_t *self, uint32_t slot)
{
    assert (self);
    return slot < self->high && self->links[slot] == SLAB_TAKEN;
}

uint32_t
slab_used (const slab_t *self)
{
    assert (self);
    return self->used;
}

uint32_t
slab_room (const slab_t *self)
{
    assert (self);
    return self->capacity - self->used;
}

uint32_t
slab_capacity (const slab_t *self)
{
    assert (self);
    return self->capacity;
}

uint32_t
slab_high (const slab_t *self)
{
    assert (self);
    return self->high;
}
