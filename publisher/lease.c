//  Leases: granted, claimed, extended, expired. The grant is the fence.

#include "publisher/lease.h"
#include "publisher/place.h"
#include "publisher/settle.h"

#include <assert.h>

//  A lease expires so long after its last extension: its length, and one extension interval of
//  slack, so that the holder's own count, which begins earlier, ends first.
static int64_t
s_span (const publisher_t *self)
{
    return self->limits.lease_us + self->limits.lease_us * 2 / 3;
}

int64_t
lease_clock (const publisher_t *self)
{
    return self->now_us - self->stalled_us;
}

uint32_t
lease_route_of (const publisher_t *self, const peer_t *peer)
{
    uint32_t slot = links_slot (self->links, peer);
    assert (slot >= LINKS_UP_MAX);
    return slot - LINKS_UP_MAX;
}

peer_t *
lease_peer (const publisher_t *self, uint32_t route)
{
    assert (route < ROUTE_NONE);
    return links_peer (self->links, LINKS_UP_MAX + route);
}

uint32_t
lease_routes (const publisher_t *self)
{
    return links_high (self->links) - LINKS_UP_MAX;
}

static void
s_run (publisher_t *self, uint32_t slot)
{
    int64_t end = lease_clock (self) + s_span (self);
#if MAYHEM_BUG == 6
    end = -end;
#endif
    heap_set (self->leases, slot, end);
}

void
lease_begin (publisher_t *self, uint32_t slot, peer_t *peer)
{
    message_t *message = outbox_at (self->outbox, slot);
    assert (message->state == MESSAGE_READY);
    assert (self->limits.is_volatile || message->seq <= self->journal->granted);
    grant_t grant = {self->epoch, ++self->serial};
#if MAYHEM_BUG == 1
    grant = message->released_row > 0 ? message->grant : grant;
#endif
    message->grant = grant;
    message->holder = 0;
    message->extension = 0;
    message->route = (uint8_t) lease_route_of (self, peer);
    message->via = peer->epoch;
    message->mark = peer->link;
    message->was_leased = true;
    place_move (self, slot, MESSAGE_LEASED);
    s_run (self, slot);
}

//  The lease goes through this neighbour from now on. Marked 0: the neighbour only forwards, so
//  that its list of holdings need not know the message.
static void
s_route (publisher_t *self, uint32_t slot, const peer_t *peer)
{
    message_t *message = outbox_at (self->outbox, slot);
    uint32_t route = lease_route_of (self, peer);
    if (message->route == route && message->via == peer->epoch) {
        return;
    }
    list_link_t *homes = outbox_homes (self->outbox);
    list_remove (&self->held[message->route], homes, slot);
    message->route = (uint8_t) route;
    message->via = peer->epoch;
    message->mark = 0;
    list_append (&self->held[route], homes, slot);
}

void
lease_revoke (publisher_t *self, uint32_t slot)
{
    const message_t *message = outbox_at (self->outbox, slot);
    if (message->route == ROUTE_NONE) {
        return;
    }
    const peer_t *peer = lease_peer (self, message->route);
    if (!peer_linked (peer) || peer->epoch != message->via) {
        return; // it will ask
    }
    reply_answer (self->reply, message->route, peer->link,
                  &(claim_t){.name = {self->outbox_id, message->seq},
                             .grant = message->grant,
                             .host = message->host,
                             .holder = message->holder,
                             .extension = message->extension,
                             .lease_ms = (uint32_t) (self->limits.lease_us / 1000),
                             .kind = CLAIM_REVOKED});
}

//  A lease of a former process of this publisher is taken over as it is.
static void
s_adopt (publisher_t *self, uint32_t slot, grant_t grant, const peer_t *peer)
{
    message_t *message = outbox_at (self->outbox, slot);
    message->grant = grant;
    message->route = (uint8_t) lease_route_of (self, peer);
    message->via = peer->epoch;
    message->mark = 0;
    message->was_leased = true;
    place_move (self, slot, MESSAGE_LEASED);
    s_run (self, slot);
}

bool
lease_claim (publisher_t *self, uint32_t slot, grant_t grant, peer_t *peer)
{
    message_t *message = outbox_at (self->outbox, slot);
    bool former = grant.epoch != self->epoch;
    if (message->state == MESSAGE_UNSURE && former) {
        s_adopt (self, slot, grant, peer);
        return true;
    }
    if (message->state != MESSAGE_LEASED || message->grant.epoch != grant.epoch) {
        return false;
    }
    if (former && grant.serial > message->grant.serial) {
        //  Who was adopted first held an older lease that had run out.
        lease_revoke (self, slot);
        message->grant = grant;
    }
    return message->grant.serial == grant.serial;
}

void
lease_haunt (publisher_t *self, uint32_t slot)
{
    message_t *message = outbox_at (self->outbox, slot);
    if (message->state == MESSAGE_UNSURE) {
        //  Nobody knows which grant was the last: only time ends it.
        message->grant = (grant_t){0, 0};
        message->route = ROUTE_NONE;
        place_move (self, slot, MESSAGE_GHOST);
        s_run (self, slot);
    } else {
        assert (message->state == MESSAGE_LEASED);
        lease_revoke (self, slot);
        place_move (self, slot, MESSAGE_GHOST);
    }
}

//  Facts that travel with a claim. A message that is done needs none.
static void
s_merge (message_t *message, const claim_t *claim)
{
    if (message->state != MESSAGE_GHOST && message->state != MESSAGE_LEAVING) {
        message->steps |= claim->steps & STEPS_ALL;
    }
}

static void
s_answer (publisher_t *self, const peer_t *peer, claim_t *claim, claim_kind_t kind)
{
    claim->kind = (uint8_t) kind;
    self->books.stale += kind == CLAIM_REVOKED;
    reply_answer (self->reply, lease_route_of (self, peer), peer->link, claim);
}

static uint32_t
s_find (const publisher_t *self, name_t name)
{
    return name.outbox == self->outbox_id ? outbox_find (self->outbox, name.seq) : SLAB_NONE;
}

static void
s_holds (publisher_t *self, peer_t *peer, claim_t *claim)
{
    uint32_t slot = s_find (self, claim->name);
    message_t *message = slot == SLAB_NONE ? NULL : outbox_at (self->outbox, slot);
    if (!message) {
        s_answer (self, peer, claim, CLAIM_REVOKED);
        return;
    }
    s_merge (message, claim);
    //  A ghost's holder is told, but what it lists has arrived: its lease runs out.
    bool ghost = message->state == MESSAGE_GHOST && message->grant.epoch == claim->grant.epoch &&
                 message->grant.serial == claim->grant.serial;
    bool current = lease_claim (self, slot, claim->grant, peer);
    if (ghost || current) {
        s_route (self, slot, peer);
        message->mark = peer->link;
        message->holder = claim->holder;
    }
    if (!current) {
        s_answer (self, peer, claim, CLAIM_REVOKED);
    }
}

void
lease_holding (publisher_t *self, peer_t *peer, const wire_header_t *header, wire_reader_t body)
{
    claim_t claim;
    for (uint32_t i = 0; i < header->count; i++) {
        if (wire_get_claim (&body, &claim) == WIRE_OK) {
            s_holds (self, peer, &claim);
        }
    }
    uint64_t trailer = 0;
    if (wire_get_u64 (&body, &trailer) == WIRE_OK) {
        links_holding_heard (self->links, self->now_us, peer, header->count, trailer);
    }
}

void
lease_extends (publisher_t *self, peer_t *peer, const wire_header_t *header, wire_reader_t body)
{
    claim_t claim;
    for (uint32_t i = 0; i < header->count; i++) {
        if (wire_get_claim (&body, &claim) != WIRE_OK) {
            return;
        }
        uint32_t slot = s_find (self, claim.name);
        if (slot == SLAB_NONE) {
            s_answer (self, peer, &claim, CLAIM_REVOKED);
            continue;
        }
        message_t *message = outbox_at (self->outbox, slot);
        s_merge (message, &claim);
        if (!lease_claim (self, slot, claim.grant, peer)) {
            s_answer (self, peer, &claim, CLAIM_REVOKED);
            continue;
        }
        s_route (self, slot, peer);
        message->holder = claim.holder;
        message->extension = claim.extension;
        s_run (self, slot);
        s_answer (self, peer, &claim, CLAIM_HELD);
    }
}

//  What would clear a lease may lie in the inbox, and after a stall it may still be on its way.
static bool
s_may_expire (const publisher_t *self)
{
    return links_inbox_is_empty (self->links) && self->now_us >= self->hold_us;
}

void
lease_expire (publisher_t *self, turn_t *turn)
{
    while (s_may_expire (self) && heap_next (self->leases) <= lease_clock (self) &&
           turn_take (turn, 0, 0)) {
        uint32_t slot = heap_first (self->leases);
        lease_revoke (self, slot);
        if (outbox_at (self->outbox, slot)->state == MESSAGE_GHOST) {
            place_end_ghost (self, slot);
        } else {
            self->books.expired++;
            settle_lost (self, slot, OUTCOME_EXPIRED, "its lease expired");
        }
    }
}

void
lease_unsure (publisher_t *self, turn_t *turn)
{
    while (self->unsure.count > 0 && s_may_expire (self) && lease_clock (self) >= self->unsure_us &&
           turn_take (turn, 0, 0)) {
        settle_lost (self, list_head (&self->unsure), OUTCOME_LOST,
                     "nobody holds it after the publisher's restart");
    }
}

//  One message of a neighbour that has said what it holds.
static void
s_compare (publisher_t *self, uint32_t route)
{
    list_link_t *homes = outbox_homes (self->outbox);
    const peer_t *peer = lease_peer (self, route);
    uint32_t slot = list_shift (&self->held[route], homes);
    list_append (&self->held[route], homes, slot);
    const message_t *message = outbox_at (self->outbox, slot);
    //  What a holder has spoken of did arrive: it may go through another consumer by now.
    bool listed = message->mark == peer->link || message->mark == 0 ||
                  message->via != peer->epoch || message->holder != 0;
    if (!listed && MAYHEM_BUG != 9) {
        settle_unlisted (self, slot);
    }
}

void
lease_unlisted (publisher_t *self, turn_t *turn)
{
    for (uint32_t route = 0; route < lease_routes (self); route++) {
        while (self->unlisted[route] > 0 && self->held[route].count > 0 && turn_take (turn, 0, 0)) {
            self->unlisted[route]--;
            s_compare (self, route);
        }
    }
}

int64_t
lease_deadline (const publisher_t *self)
{
    if (!links_inbox_is_empty (self->links)) {
        return NEVER; // the shell turns when it has read the inbox
    }
    int64_t next = heap_next (self->leases);
    if (self->unsure.count > 0 && self->unsure_us < next) {
        next = self->unsure_us;
    }
    if (next == NEVER) {
        return NEVER;
    }
    next += self->stalled_us;
    return next > self->hold_us ? next : self->hold_us;
}
