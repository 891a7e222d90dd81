/*  packs.h - settlements that were sent and not confirmed yet. Pure.

        packs_open ──▶ out ──confirmed──▶ packs_next_confirmed ──▶ packs_close
                       │ ▲
                       └─┘ sent again: every RESEND_US, and at once on every new link

    Packs are numbered 1, 2, 3 ... over all publishers. A pack never changes: sent again, it says
    the same. It belongs to one route; its tasks are a list of the caller's slots. */

#ifndef MAYHEM_PACKS_H
#define MAYHEM_PACKS_H

#include "common/core/links.h"
#include "common/core/list.h"

//  Sent again when unconfirmed for so long: far above a commit and two hops, below a lease.
#define RESEND_US INT64_C (2000000)

typedef struct {
    uint64_t number;
    list_t tasks;    // slots of the caller, PACK_RECORDS_MAX at most
    uint32_t route;  // whose tasks they are
    uint32_t via;    // slot of the consumer it was last sent by
    uint32_t round;  // packs_again had been called so often at that time
    int64_t sent_us; // when
    bool out;        // sent, not confirmed
} pack_entry_t;

typedef struct packs_t packs_t;

//  Room for `capacity` packs. NULL when memory is short.
packs_t *packs_new (uint32_t capacity);
void packs_destroy (packs_t **self_p);

//  A new pack under the next number. The caller has room: a pack has at least one task.
uint32_t packs_open (packs_t *self, uint32_t route);
pack_entry_t *packs_at (packs_t *self, uint32_t pack);

//  It was sent, for the first time or again, by this consumer.
void packs_sent (packs_t *self, uint32_t pack, uint32_t via, int64_t now_us);

//  The publisher has confirmed it. False: not one of ours (any more).
bool packs_confirm (packs_t *self, uint64_t number);

//  The next confirmed pack, or SLAB_NONE. It stays until packs_close: take its tasks first.
uint32_t packs_next_confirmed (packs_t *self);
void packs_close (packs_t *self, uint32_t pack);

//  A new link: everything unconfirmed is due.
void packs_again (packs_t *self);

//  The pack to be sent again now, or SLAB_NONE; and when there will be one.
uint32_t packs_due (packs_t *self, int64_t now_us);
int64_t packs_deadline (packs_t *self);

//  Packs not confirmed: last sent by this consumer; in all.
uint32_t packs_out (const packs_t *self, uint32_t via);
uint32_t packs_count (const packs_t *self);

#endif
