#include "common/core/links_private.h"

#include <assert.h>

static bool
s_may_get (const peer_t *peer)
{
    //  Also while it drains: a volatile publisher works off what it has before it says EOS.
    return peer->side == SIDE_UP && peer->phase == PEER_UP && !peer->eos_heard;
}

static bool
s_waits (const peer_t *peer)
{
    return s_may_get (peer) && peer->theirs.flags & BEAT_WAITING;
}

uint64_t
links_outstanding (const links_t *self)
{
    uint64_t sum = 0;
    for (uint32_t slot = 0; slot < LINKS_UP_MAX; slot++) {
        if (peer_linked (&self->peers[slot])) {
            sum += peer_outstanding (&self->peers[slot]);
        }
    }
    return sum;
}

uint64_t
links_room (const links_t *self)
{
    uint64_t sum = 0;
    for (uint32_t slot = LINKS_UP_MAX; slot < self->high; slot++) {
        const peer_t *peer = &self->peers[slot];
        if (peer->phase == PEER_UP && peer->theirs.state == DRAIN_RUNNING && !peer->eos_said) {
            sum += peer_room (peer);
        }
    }
    return sum;
}

typedef bool (chosen_fn) (const peer_t *);

//  Up to where the pool fills the chosen ones, as water does: whoever has more takes no part.
static uint64_t
s_level (const links_t *self, chosen_fn *chosen, uint64_t pool, uint64_t *rest)
{
    uint64_t level = UINT64_MAX;
    uint64_t before = 0;
    for (;;) {
        uint64_t sum = pool;
        uint64_t count = 0;
        for (uint32_t slot = 0; slot < LINKS_UP_MAX; slot++) {
            uint64_t has = peer_outstanding (&self->peers[slot]);
            if (chosen (&self->peers[slot]) && has <= level) {
                sum += has;
                count++;
            }
        }
        if (count == before) {
            *rest = count ? sum % count : 0;
            return count ? level : 0;
        }
        before = count;
        level = sum / count;
    }
}

//  Level what the chosen ones have, the remainder going round.
static void
s_divide (links_t *self, chosen_fn *chosen, uint64_t pool)
{
    uint64_t rest;
    uint64_t level = s_level (self, chosen, pool, &rest);
    uint32_t next = self->rotation;
    for (uint32_t turn = 0; turn < LINKS_UP_MAX && pool; turn++) {
        peer_t *peer = &self->peers[(self->rotation + turn) % LINKS_UP_MAX];
        uint64_t has = peer_outstanding (peer);
        if (!chosen (peer) || has > level) {
            continue;
        }
        uint64_t gift = level - has + (rest ? 1 : 0);
        if (rest && --rest == 0) {
            next = links_slot (self, peer) + 1; // the next remainder begins behind this one
        }
        assert (gift <= pool);
        peer->granted += gift;
        pool -= gift;
    }
    self->rotation = next % LINKS_UP_MAX;
}

void
links_grant (links_t *self, uint64_t free)
{
    uint64_t outstanding = links_outstanding (self);
    uint64_t pool = free > outstanding ? free - outstanding : 0;
    bool waits = false;
    bool starves = false;
    for (uint32_t slot = 0; slot < LINKS_UP_MAX; slot++) {
        waits |= s_waits (&self->peers[slot]);
    }
    if (pool) {
        s_divide (self, waits ? s_waits : s_may_get, pool);
    }
    for (uint32_t slot = 0; slot < LINKS_UP_MAX; slot++) {
        const peer_t *peer = &self->peers[slot];
        starves |= s_waits (peer) && peer_outstanding (peer) == 0;
    }
    for (uint32_t slot = 0; slot < LINKS_UP_MAX; slot++) {
        peer_t *peer = &self->peers[slot];
        peer->wanted = starves && !s_waits (peer) && peer_outstanding (peer) > 0;
    }
}

void
links_give_back (links_t *self, peer_t *peer, uint64_t most, effects_t *effects)
{
    assert (peer->side == SIDE_DOWN);
    uint64_t room = peer_room (peer);
    uint64_t back = room < most ? room : most;
    if (!back || peer->phase != PEER_UP || !effects_room (effects, 1, BEAT_FRAME_BYTES)) {
        return;
    }
    packet_t packet = links_packet (self, peer, VERB_RETURN, BEAT_FRAME_BYTES, effects);
    wire_put_u64 (&packet.writer, back);
    packet.count = 1;
    peer->spent += back;
    links_send (self, &packet, effects);
}
