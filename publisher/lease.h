/*  lease.h - grants, claims, expiry. The grant is the fence: a claim counts from the current grant
    only. Leases run on a clock of their own, which stands still while this process does. */

#ifndef MAYHEM_PUBLISHER_LEASE_H
#define MAYHEM_PUBLISHER_LEASE_H

#include "publisher/turn.h"

int64_t lease_clock (const publisher_t *self);
int64_t lease_deadline (const publisher_t *self);

//  Downstream neighbours by route, 0 .. LINKS_DOWN_MAX - 1.
uint32_t lease_route_of (const publisher_t *self, const peer_t *peer);
peer_t *lease_peer (const publisher_t *self, uint32_t route);
//  One past the last route that was ever used.
uint32_t lease_routes (const publisher_t *self);

//  Lease a READY message, with a new grant, through this neighbour.
void lease_begin (publisher_t *self, uint32_t slot, peer_t *peer);

//  Whether this grant is the current one. One of a former process is adopted by an UNSURE message.
bool lease_claim (publisher_t *self, uint32_t slot, grant_t grant, peer_t *peer);

//  Tell the holder that it holds no more.
void lease_revoke (publisher_t *self, uint32_t slot);

//  Done by another than its holder: a GHOST until the lease ends.
void lease_haunt (publisher_t *self, uint32_t slot);

//  Frames.
void lease_holding (publisher_t *self, peer_t *peer, const wire_header_t *header,
                    wire_reader_t body);
void lease_extends (publisher_t *self, peer_t *peer, const wire_header_t *header,
                    wire_reader_t body);

//  Phases: leases that ended, UNSURE ones that nobody reported, those that a neighbour did not
//  list.
void lease_expire (publisher_t *self, turn_t *turn);
void lease_unsure (publisher_t *self, turn_t *turn);
void lease_unlisted (publisher_t *self, turn_t *turn);

#endif
