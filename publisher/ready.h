/*  ready.h - what may be sent, and to whom.

    Ready messages stand in buckets by the hash of their host, first come, first served. A bucket
    belongs to one consumer by rendezvous hash (Thaler and Ravishankar, 1998): all messages of a
    host go to one consumer, and only the buckets of a consumer that comes or goes move. */

#ifndef MAYHEM_READY_H
#define MAYHEM_READY_H

#include "common/core/links.h"
#include "common/core/list.h"

#define READY_BUCKETS 256            // enough to level 64 consumers, few enough to deal anew
#define ROUTE_NONE    LINKS_DOWN_MAX // instead of a neighbour: nobody

typedef struct {
    list_t buckets[READY_BUCKETS];      // of messages, by their home links
    list_t waiting[LINKS_DOWN_MAX + 1]; // buckets that are not empty, by owner
    list_link_t turns[READY_BUCKETS];   // links of `waiting`
    uint8_t owners[READY_BUCKETS];      // 0 .. ROUTE_NONE
    uint64_t consumers[LINKS_DOWN_MAX]; // hash of the name of who may get work, 0: may not
} ready_t;

void ready_init (ready_t *self);

//  Add a message of a host to its bucket, take it out.
void ready_add (ready_t *self, list_link_t *homes, uint32_t slot, uint64_t host);
void ready_remove (ready_t *self, list_link_t *homes, uint32_t slot, uint64_t host);

//  Who may get work now: deals the buckets anew when that changed.
void ready_deal (ready_t *self, const uint64_t consumers[LINKS_DOWN_MAX]);

//  The first message of the next bucket of this consumer, round robin. SLAB_NONE: none.
uint32_t ready_next (ready_t *self, uint32_t route);

#endif
