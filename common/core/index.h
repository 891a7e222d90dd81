//  index: find a slot by a key of two 64-bit numbers.
//
//  Open addressing with linear probing, sized once so that at most half of the cells are in use.
//  Deletion shifts the rest of the run back (Knuth, TAOCP vol. 3, 6.4, algorithm R), so there are
//  no tombstones and look-ups do not slow down with age. O(1) expected.
//
//  Limit: the hash has no secret. It spreads sequences, strides and shifted keys well, but a peer
//  that may choose all 128 bits freely can build keys that share one run.

#ifndef MAYHEM_INDEX_H
#define MAYHEM_INDEX_H

#include "common/core/slab.h"

//  Most keys in one index: the table has up to four cells per key and is numbered in 32 bits.
#define INDEX_CAPACITY_MAX (1u << 30)

typedef struct {
    uint64_t a; //  First half, for example a source
    uint64_t b; //  Second half, for example a sequence number
} index_key_t;

typedef struct index_t index_t;

//  An empty index for at most `capacity` (1..INDEX_CAPACITY_MAX) keys. Returns NULL when memory is
//  short. The caller owns it.
index_t *index_new (uint32_t capacity);

//  Free the index and null the caller's pointer. May be called twice.
void index_destroy (index_t **self_p);

//  Add a key. It must not be present, the index must not be full, slot must not be SLAB_NONE.
void index_put (index_t *self, uint64_t a, uint64_t b, uint32_t slot);

//  The slot of a key, SLAB_NONE when the key is not present.
uint32_t index_get (const index_t *self, uint64_t a, uint64_t b);

//  Replace the slot of a key that is present.
void index_set (index_t *self, uint64_t a, uint64_t b, uint32_t slot);

//  Remove a key. Returns false when it was not present.
bool index_drop (index_t *self, uint64_t a, uint64_t b);

//  Keys present now.
uint32_t index_count (const index_t *self);

#endif
