#include "common/core/index.h"

#include <assert.h>
#include <stdlib.h>

//  Odd constants with well mixed bits: 2^64 divided by the golden ratio (Knuth, TAOCP vol. 3, 6.4)
//  and the first multiplier of splitmix64.
#define INDEX_MULTIPLIER_A UINT64_C (0x9e3779b97f4a7c15)
#define INDEX_MULTIPLIER_B UINT64_C (0xbf58476d1ce4e5b9)

typedef struct {
    index_key_t key; //  Only read when used
    uint32_t mark;   //  slot + 1; 0 is an empty cell, so zero memory is an empty table
} cell_t;

struct index_t {
    cell_t *cells;     //  A power of two, at least twice the capacity
    uint32_t mask;     //  Number of cells - 1
    uint32_t shift;    //  Takes the top bits of the hash: the best mixed ones
    uint32_t capacity; //  Most keys
    uint32_t count;    //  Keys now
};

//  The cell where the search for a key starts. Two rounds of multiply and fold: one product alone
//  would put keys that differ only in high bits, or a and b that cancel, on one cell.
static uint32_t
s_home (const index_t *self, uint64_t a, uint64_t b)
{
    uint64_t hash = a * INDEX_MULTIPLIER_A;
    hash = ((hash ^ (hash >> 32)) + b) * INDEX_MULTIPLIER_B;
    hash = (hash ^ (hash >> 29)) * INDEX_MULTIPLIER_A;
    return (uint32_t) (hash >> self->shift);
}

//  The cell of a key, or the empty cell where it would go. Ends: half of the cells are empty.
static uint32_t
s_find (const index_t *self, uint64_t a, uint64_t b)
{
    assert (self);
    uint32_t at = s_home (self, a, b);
    while (self->cells[at].mark) {
        if (self->cells[at].key.b == b && self->cells[at].key.a == a) {
            break;
        }
        at = (at + 1) & self->mask;
    }
    return at;
}

index_t *
index_new (uint32_t capacity)
{
    assert (capacity > 0 && capacity <= INDEX_CAPACITY_MAX);
    index_t *self = calloc (1, sizeof *self);
    if (!self) {
        return NULL;
    }
    uint32_t bits = 1;
    while ((UINT32_C (1) << bits) < 2 * capacity) {
        bits++;
    }
    self->mask = (UINT32_C (1) << bits) - 1;
    self->shift = 64 - bits;
    self->capacity = capacity;
    self->cells = calloc ((size_t) self->mask + 1, sizeof *self->cells);
    if (!self->cells) {
        index_destroy (&self);
    }
    return self;
}

void
index_destroy (index_t **self_p)
{
    assert (self_p);
    index_t *self = *self_p;
    if (self) {
        free (self->cells);
        free (self);
        *self_p = NULL;
    }
}

void
index_put (index_t *self, uint64_t a, uint64_t b, uint32_t slot)
{
    assert (slot != SLAB_NONE);
    assert (self->count < self->capacity);
    uint32_t at = s_find (self, a, b);
    assert (!self->cells[at].mark);
    self->cells[at] = (cell_t){.key = {.a = a, .b = b}, .mark = slot + 1};
    self->count++;
}

uint32_t
index_get (const index_t *self, uint64_t a, uint64_t b)
{
    //  An empty cell has mark 0, and 0 - 1 is SLAB_NONE
    static_assert (UINT32_C (0) - 1 == SLAB_NONE, "an empty cell reads as no slot");
    return self->cells[s_find (self, a, b)].mark - 1;
}

void
index_set (index_t *self, uint64_t a, uint64_t b, uint32_t slot)
{
    assert (slot != SLAB_NONE);
    uint32_t at = s_find (self, a, b);
    assert (self->cells[at].mark);
    self->cells[at].mark = slot + 1;
}

bool
index_drop (index_t *self, uint64_t a, uint64_t b)
{
    uint32_t hole = s_find (self, a, b);
    if (!self->cells[hole].mark) {
        return false;
    }
    //  Walk the rest of the run. A key moves into the hole when the hole lies between its home and
    //  its cell, so that no search stops early at the hole.
    uint32_t at = (hole + 1) & self->mask;
    while (self->cells[at].mark) {
        uint32_t home = s_home (self, self->cells[at].key.a, self->cells[at].key.b);
        if (((at - home) & self->mask) >= ((at - hole) & self->mask)) {
            self->cells[hole] = self->cells[at];
            hole = at;
        }
        at = (at + 1) & self->mask;
    }
    self->cells[hole].mark = 0;
    assert (self->count > 0);
    self->count--;
    return true;
}

uint32_t
index_count (const index_t *self)
{
    assert (self);
    return self->count;
}
