/*  routes.h - which publisher a task came from and by which consumer. Pure.

    Tasks of one publisher and one consumer share a route; what they have to say goes back the way
    they came. A route lives while a task uses it. */

#ifndef MAYHEM_ROUTES_H
#define MAYHEM_ROUTES_H

#include "common/core/links.h"
#include "common/core/list.h"

//  Routes at once: every consumer with 64 publishers, all of them with work in this handler.
#define ROUTES_MAX (LINKS_UP_MAX * 64)

typedef struct {
    uint32_t via;                   // slot of the consumer
    uint32_t tasks;                 // that use it
    list_t settling;                // tasks to be settled, not in a pack yet
    char publisher[NAME_MAX_BYTES]; // not terminated
    uint8_t length;                 // of its name
    bool ready;                     // among the routes with something to settle
} route_t;

typedef struct routes_t routes_t;

//  NULL when memory is short.
routes_t *routes_new (void);
void routes_destroy (routes_t **self_p);

//  The route of a publisher by a consumer, for one task more. SLAB_NONE: there is no room.
uint32_t routes_take (routes_t *self, text_t publisher, uint32_t via);

//  One task less.
void routes_give (routes_t *self, uint32_t route);

route_t *routes_at (routes_t *self, uint32_t route);
text_t routes_publisher (routes_t *self, uint32_t route);

//  Tasks in hand that came by this consumer.
uint32_t routes_in_hand (const routes_t *self, uint32_t via);

//  Routes with something to settle, one after the other: add, and take the next (SLAB_NONE: none).
void routes_ready (routes_t *self, uint32_t route);
uint32_t routes_next_ready (routes_t *self);
bool routes_any_ready (const routes_t *self);

#endif
