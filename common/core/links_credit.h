/*  links_credit.h - flow control: credit, cumulative on each link, never a high-water mark.

    A receiver grants slots to those upstream, a sender uses them or gives them back. A slot is
    granted once. What a new link has is nothing. */

#ifndef MAYHEM_LINKS_CREDIT_H
#define MAYHEM_LINKS_CREDIT_H

#include "common/core/links.h"

//  Credit left, for a sender.
static inline uint64_t
peer_room (const peer_t *self)
{
    return self->credit > self->spent ? self->credit - self->spent : 0;
}

//  Credit granted and not used yet, for a receiver.
static inline uint64_t
peer_outstanding (const peer_t *self)
{
    return self->granted > self->taken ? self->granted - self->taken : 0;
}

//  Receiver: divide `free` slots evenly among those upstream that wait, or all; call every turn.
void links_grant (links_t *self, uint64_t free);
//  Receiver: granted and not used, over all upstream links.
uint64_t links_outstanding (const links_t *self);
//  Sender: credit left over all downstream links that are up and running.
uint64_t links_room (const links_t *self);
//  Sender: give back up to `most` credit of a peer that wants it.
void links_give_back (links_t *self, peer_t *peer, uint64_t most, effects_t *effects);

#endif
