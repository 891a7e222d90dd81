#include "handler/routes.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "common/core/index.h"
#include "common/core/prng.h"

struct routes_t {
    slab_t *slab;                   // of route_t
    index_t *index;                 // (hash of the publisher's name, consumer)
    list_t ready;                   // routes with something to settle
    list_link_t links[ROUTES_MAX];  // of that list
    uint32_t in_hand[LINKS_UP_MAX]; // tasks by consumer
};

routes_t *
routes_new (void)
{
    routes_t *self = calloc (1, sizeof *self);
    if (!self) {
        return NULL;
    }
    self->slab = slab_new (ROUTES_MAX, sizeof (route_t));
    self->index = index_new (ROUTES_MAX);
    list_init (&self->ready);
    if (!self->slab || !self->index) {
        routes_destroy (&self);
    }
    return self;
}

void
routes_destroy (routes_t **self_p)
{
    assert (self_p);
    routes_t *self = *self_p;
    if (self) {
        slab_destroy (&self->slab);
        index_destroy (&self->index);
        free (self);
        *self_p = NULL;
    }
}

static uint64_t
s_hash (text_t publisher)
{
    return prng_hash_bytes (publisher.at, publisher.length, 0);
}

route_t *
routes_at (routes_t *self, uint32_t route)
{
    assert (slab_taken (self->slab, route));
    return slab_at (self->slab, route);
}

text_t
routes_publisher (routes_t *self, uint32_t route)
{
    const route_t *at = routes_at (self, route);
    return (text_t){at->publisher, at->length};
}

//  The first task of a publisher by this consumer.
static uint32_t
s_make (routes_t *self, text_t publisher, uint32_t via)
{
    uint32_t slot = slab_take (self->slab);
    if (slot != SLAB_NONE) {
        route_t *route = slab_at (self->slab, slot);
        route->via = via;
        route->length = (uint8_t) publisher.length;
        memcpy (route->publisher, publisher.at, publisher.length);
        list_init (&route->settling);
        index_put (self->index, s_hash (publisher), via, slot);
    }
    return slot;
}

uint32_t
routes_take (routes_t *self, text_t publisher, uint32_t via)
{
    assert (publisher.length >= 1 && publisher.length <= NAME_MAX_BYTES);
    assert (via < LINKS_UP_MAX);
    uint32_t slot = index_get (self->index, s_hash (publisher), via);
    if (slot == SLAB_NONE) {
        slot = s_make (self, publisher, via);
    }
    if (slot == SLAB_NONE) {
        return slot;
    }
    route_t *route = slab_at (self->slab, slot);
    //  Two names with one hash: made on purpose. The second one's work has no route.
    if (route->length != publisher.length ||
        memcmp (route->publisher, publisher.at, publisher.length) != 0) {
        return SLAB_NONE;
    }
    route->tasks++;
    self->in_hand[via]++;
    return slot;
}

void
routes_give (routes_t *self, uint32_t slot)
{
    route_t *route = routes_at (self, slot);
    assert (route->tasks > 0 && self->in_hand[route->via] > 0);
    self->in_hand[route->via]--;
    if (--route->tasks == 0) {
        assert (!route->ready && route->settling.count == 0);
        index_drop (self->index, s_hash (routes_publisher (self, slot)), route->via);
        slab_give (self->slab, slot);
    }
}

uint32_t
routes_in_hand (const routes_t *self, uint32_t via)
{
    assert (via < LINKS_UP_MAX);
    return self->in_hand[via];
}

//  At the end of the queue: publishers take turns, pack by pack.
void
routes_ready (routes_t *self, uint32_t slot)
{
    route_t *route = routes_at (self, slot);
    assert (route->settling.count > 0);
    if (!route->ready) {
        route->ready = true;
        list_append (&self->ready, self->links, slot);
    }
}

uint32_t
routes_next_ready (routes_t *self)
{
    uint32_t slot = list_shift (&self->ready, self->links);
    if (slot != SLAB_NONE) {
        routes_at (self, slot)->ready = false;
    }
    return slot;
}

bool
routes_any_ready (const routes_t *self)
{
    return self->ready.count > 0;
}
