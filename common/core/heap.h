//  heap: slots ordered by time, the earliest first. One heap per kind of deadline.
//
//  A binary min-heap with a position per slot, so a slot in the middle is moved or dropped without
//  a search (idea: beanstalkd heap.c, setpos). Keys are int64_t times; the unit is the caller's.
//  Which of several slots with the same key comes first is not defined, but it is the same in
//  every run with the same calls.

#ifndef MAYHEM_HEAP_H
#define MAYHEM_HEAP_H

#include "common/core/slab.h"

typedef struct heap_t heap_t;

//  An empty heap for the slots 0..capacity-1, capacity in 1..SLAB_CAPACITY_MAX. Untouched pages
//  cost nothing. Returns NULL when memory is short. The caller owns it.
heap_t *heap_new (uint32_t capacity);

//  Free the heap and null the caller's pointer. May be called twice.
void heap_destroy (heap_t **self_p);

//  Insert the slot with this key, or move it there when it is already in. O(log n).
void heap_set (heap_t *self, uint32_t slot, int64_t key);

//  Take the slot out. Returns false when it was not in. O(log n).
bool heap_drop (heap_t *self, uint32_t slot);

//  True while the slot is in the heap.
bool heap_has (const heap_t *self, uint32_t slot);

//  The slot with the smallest key, SLAB_NONE when the heap is empty.
uint32_t heap_first (const heap_t *self);

//  The key of a slot that is in the heap.
int64_t heap_key (const heap_t *self, uint32_t slot);

//  The smallest key, INT64_MAX ("never") when the heap is empty.
int64_t heap_next (const heap_t *self);

//  Slots in the heap now.
uint32_t heap_count (const heap_t *self);

//  Add `by` to every key, for a clock that jumped. A sum that does not fit sticks at INT64_MIN or
//  INT64_MAX, so the order is kept and "never" stays "never" when time moves on. O(n).
void heap_shift (heap_t *self, int64_t by);

#endif
