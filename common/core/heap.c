#include "common/core/heap.h"

#include <assert.h>
#include <stdlib.h>

typedef struct {
    int64_t key;   //  Time, beside the slot so that a comparison touches one cache line
    uint32_t slot; //  Whose time
} node_t;

struct heap_t {
    node_t *nodes;       //  Nodes 1..count; the children of i are 2i and 2i + 1; 0 is not used
    uint32_t *positions; //  Node of each slot, 0 when absent, so zero memory is an empty heap
    uint32_t capacity;   //  Slots are 0..capacity-1
    uint32_t count;      //  Nodes in use
};

static void
s_place (heap_t *self, uint32_t at, node_t node)
{
    self->nodes[at] = node;
    self->positions[node.slot] = at;
}

//  Put the node at `at` or above: later parents move down. Returns where it ended.
static uint32_t
s_rise (heap_t *self, uint32_t at, node_t node)
{
    while (at > 1 && self->nodes[at / 2].key > node.key) {
        s_place (self, at, self->nodes[at / 2]);
        at /= 2;
    }
    s_place (self, at, node);
    return at;
}

//  Put the node at `at` or below: earlier children move up.
static void
s_sink (heap_t *self, uint32_t at, node_t node)
{
    while (at <= self->count / 2) {
        uint32_t child = 2 * at;
        if (child < self->count && self->nodes[child + 1].key < self->nodes[child].key) {
            child++;
        }
        if (self->nodes[child].key >= node.key) {
            break;
        }
        s_place (self, at, self->nodes[child]);
        at = child;
    }
    s_place (self, at, node);
}

heap_t *
heap_new (uint32_t capacity)
{
    assert (capacity > 0 && capacity <= SLAB_CAPACITY_MAX);
    heap_t *self = calloc (1, sizeof *self);
    if (!self) {
        return NULL;
    }
    self->nodes = calloc ((size_t) capacity + 1, sizeof *self->nodes);
    self->positions = calloc (capacity, sizeof *self->positions);
    self->capacity = capacity;
    if (!self->nodes || !self->positions) {
        heap_destroy (&self);
    }
    return self;
}

void
heap_destroy (heap_t **self_p)
{
    assert (self_p);
    heap_t *self = *self_p;
    if (self) {
        free (self->nodes);
        free (self->positions);
        free (self);
        *self_p = NULL;
    }
}

void
heap_set (heap_t *self, uint32_t slot, int64_t key)
{
    assert (self);
    assert (slot < self->capacity);
    uint32_t at = self->positions[slot];
    if (!at) {
        assert (self->count < self->capacity);
        at = ++self->count;
    }
    node_t node = {.key = key, .slot = slot};
    if (s_rise (self, at, node) == at) {
        s_sink (self, at, node);
    }
}

bool
heap_drop (heap_t *self, uint32_t slot)
{
    assert (self);
    assert (slot < self->capacity);
    uint32_t at = self->positions[slot];
    if (!at) {
        return false;
    }
    assert (at <= self->count && self->nodes[at].slot == slot);
    self->positions[slot] = 0;
    node_t last = self->nodes[self->count--];
    //  The last node fills the gap. It comes from anywhere, so it may have to go either way.
    if (last.slot != slot && s_rise (self, at, last) == at) {
        s_sink (self, at, last);
    }
    return true;
}

bool
heap_has (const heap_t *self, uint32_t slot)
{
    assert (self);
    assert (slot < self->capacity);
    return self->positions[slot] != 0;
}

uint32_t
heap_first (const heap_t *self)
{
    assert (self);
    return self->count ? self->nodes[1].slot : SLAB_NONE;
}

int64_t
heap_key (const heap_t *self, uint32_t slot)
{
    assert (heap_has (self, slot));
    return self->nodes[self->positions[slot]].key;
}

int64_t
heap_next (const heap_t *self)
{
    assert (self);
    return self->count ? self->nodes[1].key : INT64_MAX;
}

uint32_t
heap_count (const heap_t *self)
{
    assert (self);
    return self->count;
}

void
heap_shift (heap_t *self, int64_t by)
{
    assert (self);
    for (uint32_t at = 1; at <= self->count; at++) {
        int64_t *key = &self->nodes[at].key;
        if (by > 0 && *key > INT64_MAX - by) {
            *key = INT64_MAX;
        } else if (by < 0 && *key < INT64_MIN - by) {
            *key = INT64_MIN;
        } else {
            *key += by;
        }
    }
}
