#include "consumer/carry.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

//  A claim keeps its publisher's name beside it, so that its text needs no owner.
typedef struct {
    claim_t claim;
    char publisher[NAME_MAX_BYTES];
} kept_claim_t;

typedef struct {
    uint32_t length;
    uint32_t count;
    uint8_t bytes[CARRY_PACK_BYTES];
} kept_pack_t;

typedef struct {
    uint64_t holder;
    uint64_t number;
} kept_confirm_t;

int
carry_init (carry_t *self, uint32_t claims_max)
{
    //  Packs are full when there are many: then one carries what so many claims did.
    uint32_t packs_max = claims_max / PACK_RECORDS_MAX + CARRY_PACKS_MIN;
    *self = (carry_t){0};
    self->claims = slab_new (claims_max, sizeof (kept_claim_t));
    self->packs = slab_new (packs_max, sizeof (kept_pack_t));
    self->confirms = slab_new (claims_max, sizeof (kept_confirm_t));
    self->claim_links = calloc (claims_max, sizeof (list_link_t));
    self->pack_links = calloc (packs_max, sizeof (list_link_t));
    self->confirm_links = calloc (claims_max, sizeof (list_link_t));
    for (uint32_t slot = 0; slot < LINKS_MAX; slot++) {
        list_init (&self->claims_to[slot]);
        list_init (&self->packs_to[slot]);
        list_init (&self->confirms_to[slot]);
    }
    bool all = self->claims && self->packs && self->confirms && self->claim_links &&
               self->pack_links && self->confirm_links;
    return all ? 0 : -1;
}

void
carry_term (carry_t *self)
{
    slab_destroy (&self->claims);
    slab_destroy (&self->packs);
    slab_destroy (&self->confirms);
    free (self->claim_links);
    free (self->pack_links);
    free (self->confirm_links);
    *self = (carry_t){0};
}

bool
carry_claim (carry_t *self, uint32_t slot, const claim_t *claim)
{
    assert (slot < LINKS_MAX);
    uint32_t at = slab_take (self->claims);
    if (at == SLAB_NONE) {
        return false;
    }
    kept_claim_t *kept = slab_at (self->claims, at);
    kept->claim = *claim;
    memcpy (kept->publisher, claim->publisher.at, claim->publisher.length);
    list_append (&self->claims_to[slot], self->claim_links, at);
    return true;
}

bool
carry_pack (carry_t *self, uint32_t slot, uint32_t count, wire_reader_t body)
{
    size_t length = (size_t) (body.end - body.at);
    uint32_t at = length <= CARRY_PACK_BYTES ? slab_take (self->packs) : SLAB_NONE;
    if (at == SLAB_NONE) {
        return false;
    }
    kept_pack_t *kept = slab_at (self->packs, at);
    kept->length = (uint32_t) length;
    kept->count = count;
    memcpy (kept->bytes, body.at, length);
    list_append (&self->packs_to[slot], self->pack_links, at);
    return true;
}

bool
carry_confirm (carry_t *self, uint32_t slot, uint64_t holder, uint64_t number)
{
    uint32_t at = slab_take (self->confirms);
    if (at == SLAB_NONE) {
        return false;
    }
    *(kept_confirm_t *) slab_at (self->confirms, at) = (kept_confirm_t){holder, number};
    list_append (&self->confirms_to[slot], self->confirm_links, at);
    return true;
}

static bool
s_claims_out (carry_t *self, links_t *links, peer_t *peer, effects_t *effects)
{
    list_t *list = &self->claims_to[links_slot (links, peer)];
    verb_t verb = peer->side == SIDE_UP ? VERB_EXTEND : VERB_ANSWER;
    while (list->count) {
        uint32_t count = list->count < CLAIMS_MAX ? list->count : CLAIMS_MAX;
        size_t bytes = HEADER_BYTES + count * CLAIM_BYTES_MAX;
        if (!effects_room (effects, 1, bytes)) {
            return false;
        }
        packet_t packet = links_packet (links, peer, verb, bytes, effects);
        for (; packet.count < count; packet.count++) {
            uint32_t at = list_shift (list, self->claim_links);
            kept_claim_t *kept = slab_at (self->claims, at);
            kept->claim.publisher.at = kept->publisher;
            wire_put_claim (&packet.writer, &kept->claim);
            slab_give (self->claims, at);
        }
        links_send (links, &packet, effects);
    }
    return true;
}

static bool
s_packs_out (carry_t *self, links_t *links, peer_t *peer, effects_t *effects)
{
    list_t *list = &self->packs_to[links_slot (links, peer)];
    while (list->count) {
        kept_pack_t *kept = slab_at (self->packs, list_head (list));
        if (!effects_room (effects, 1, HEADER_BYTES + kept->length)) {
            return false;
        }
        packet_t packet =
            links_packet (links, peer, VERB_SETTLE, HEADER_BYTES + kept->length, effects);
        memcpy (packet.writer.at, kept->bytes, kept->length);
        packet.writer.at += kept->length;
        packet.count = kept->count;
        slab_give (self->packs, list_shift (list, self->pack_links));
        links_send (links, &packet, effects);
    }
    return true;
}

static bool
s_confirms_out (carry_t *self, links_t *links, peer_t *peer, effects_t *effects)
{
    list_t *list = &self->confirms_to[links_slot (links, peer)];
    while (list->count) {
        uint32_t count = list->count < CONFIRMS_MAX ? list->count : CONFIRMS_MAX;
        size_t bytes = HEADER_BYTES + count * sizeof (kept_confirm_t);
        if (!effects_room (effects, 1, bytes)) {
            return false;
        }
        packet_t packet = links_packet (links, peer, VERB_CONFIRM, bytes, effects);
        for (; packet.count < count; packet.count++) {
            uint32_t at = list_shift (list, self->confirm_links);
            const kept_confirm_t *kept = slab_at (self->confirms, at);
            wire_put_u64 (&packet.writer, kept->holder);
            wire_put_u64 (&packet.writer, kept->number);
            slab_give (self->confirms, at);
        }
        links_send (links, &packet, effects);
    }
    return true;
}

bool
carry_out (carry_t *self, links_t *links, peer_t *peer, effects_t *effects)
{
    assert (peer->phase == PEER_UP);
    //  In the order in which they were said: a claim about what a pack settles comes before it.
    return s_claims_out (self, links, peer, effects) && s_packs_out (self, links, peer, effects) &&
           s_confirms_out (self, links, peer, effects);
}

static void
s_drop (list_t *list, list_link_t *links, slab_t *slab)
{
    while (list->count) {
        slab_give (slab, list_shift (list, links));
    }
}

void
carry_drop (carry_t *self, uint32_t slot)
{
    s_drop (&self->claims_to[slot], self->claim_links, self->claims);
    s_drop (&self->packs_to[slot], self->pack_links, self->packs);
    s_drop (&self->confirms_to[slot], self->confirm_links, self->confirms);
}

bool
carry_empty (const carry_t *self, uint32_t slot)
{
    assert (slot < LINKS_MAX);
    return !self->claims_to[slot].count && !self->packs_to[slot].count &&
           !self->confirms_to[slot].count;
}
