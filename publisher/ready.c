#include "publisher/ready.h"

#include "common/core/prng.h"

#include <assert.h>
#include <string.h>

_Static_assert(ROUTE_NONE <= UINT8_MAX, "a route fits 8 bits");

static uint32_t
s_bucket (uint64_t host)
{
    return (uint32_t) (host >> 32) % READY_BUCKETS;
}

void
ready_init (ready_t *self)
{
    memset (self, 0, sizeof *self);
    for (uint32_t bucket = 0; bucket < READY_BUCKETS; bucket++) {
        list_init (&self->buckets[bucket]);
        self->owners[bucket] = ROUTE_NONE;
    }
    for (uint32_t route = 0; route <= ROUTE_NONE; route++) {
        list_init (&self->waiting[route]);
    }
}

void
ready_add (ready_t *self, list_link_t *homes, uint32_t slot, uint64_t host)
{
    uint32_t bucket = s_bucket (host);
    list_append (&self->buckets[bucket], homes, slot);
    if (self->buckets[bucket].count == 1) {
        list_append (&self->waiting[self->owners[bucket]], self->turns, bucket);
    }
}

void
ready_remove (ready_t *self, list_link_t *homes, uint32_t slot, uint64_t host)
{
    uint32_t bucket = s_bucket (host);
    list_remove (&self->buckets[bucket], homes, slot);
    if (self->buckets[bucket].count == 0) {
        list_remove (&self->waiting[self->owners[bucket]], self->turns, bucket);
    }
}

//  The consumer with the highest hash together with the bucket.
static uint8_t
s_owner (const ready_t *self, uint32_t bucket)
{
    uint8_t owner = ROUTE_NONE;
    uint64_t highest = 0;
    for (uint32_t route = 0; route < LINKS_DOWN_MAX; route++) {
        if (!self->consumers[route]) {
            continue;
        }
        uint64_t score = prng_hash (bucket, self->consumers[route], 0);
        if (owner == ROUTE_NONE || score > highest) {
            owner = (uint8_t) route;
            highest = score;
        }
    }
    return owner;
}

void
ready_deal (ready_t *self, const uint64_t consumers[LINKS_DOWN_MAX])
{
    if (memcmp (self->consumers, consumers, sizeof self->consumers) == 0) {
        return;
    }
    memcpy (self->consumers, consumers, sizeof self->consumers);
    for (uint32_t bucket = 0; bucket < READY_BUCKETS; bucket++) {
        uint8_t owner = s_owner (self, bucket);
        if (owner != self->owners[bucket] && self->buckets[bucket].count > 0) {
            list_remove (&self->waiting[self->owners[bucket]], self->turns, bucket);
            list_append (&self->waiting[owner], self->turns, bucket);
        }
        self->owners[bucket] = owner;
    }
}

uint32_t
ready_next (ready_t *self, uint32_t route)
{
    assert (route < ROUTE_NONE);
    uint32_t bucket = list_shift (&self->waiting[route], self->turns);
    if (bucket == SLAB_NONE) {
        return SLAB_NONE;
    }
    list_append (&self->waiting[route], self->turns, bucket);
    assert (self->buckets[bucket].count > 0);
    return list_head (&self->buckets[bucket]);
}
