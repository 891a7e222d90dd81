//  slab: a fixed number of equal items, handed out by slot number.
//
//  All memory is reserved by slab_new and comes as zero pages: a page that was never used costs
//  nothing. Fresh slots are taken in rising order (a high-water mark), given slots are reused
//  last-in first-out. Every call is O(1) and none but slab_new and slab_destroy touches the heap.

#ifndef MAYHEM_SLAB_H
#define MAYHEM_SLAB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

//  "No slot". Also the answer of every look-up that finds nothing (index, heap, list).
#define SLAB_NONE UINT32_MAX

//  Most items in one slab: two slot numbers are kept back for marks.
#define SLAB_CAPACITY_MAX (UINT32_MAX - 2)

typedef struct slab_t slab_t;

//  A slab of `capacity` (1..SLAB_CAPACITY_MAX) items of `item_size` (>= 1) bytes, none taken.
//  Items are aligned for any type. Returns NULL when memory is short. The caller owns the slab.
slab_t *slab_new (uint32_t capacity, size_t item_size);

//  Free the slab and all items and null the caller's pointer. May be called twice.
void slab_destroy (slab_t **self_p);

//  Take one item, all bytes zero. Returns its slot, SLAB_NONE when every item is taken.
uint32_t slab_take (slab_t *self);

//  Give back a taken slot. Pointers from slab_at to it are stale from here on.
void slab_give (slab_t *self, uint32_t slot);

//  The item of a taken slot: borrowed, and at the same address until slab_give.
void *slab_at (slab_t *self, uint32_t slot);

//  True while `slot` is taken. Any number may be asked, SLAB_NONE and out of range are false.
bool slab_taken (const slab_t *self, uint32_t slot);

//  Items taken now; items still free; both together.
uint32_t slab_used (const slab_t *self);
uint32_t slab_room (const slab_t *self);
uint32_t slab_capacity (const slab_t *self);

//  One past the highest slot ever taken: a walk over 0..slab_high-1 with slab_taken sees all.
uint32_t slab_high (const slab_t *self);

#endif
