/*  settle.h - what ends a lease: one function for each row of the settlement table. */

#ifndef MAYHEM_PUBLISHER_SETTLE_H
#define MAYHEM_PUBLISHER_SETTLE_H

#include "publisher/core.h"

//  A frame: a pack of settlements. It is confirmed when what it changed is durable, whatever it
//  said; saying it again changes nothing.
void settle_pack (publisher_t *self, peer_t *peer, const wire_header_t *header, wire_reader_t body);

//  LOST or EXPIRED, found by the publisher itself.
void settle_lost (publisher_t *self, uint32_t slot, outcome_t outcome, const char *why);

//  It was sent and never arrived: back, uncounted.
void settle_unlisted (publisher_t *self, uint32_t slot);

#endif
