/*  carry.h - what a consumer carries between its neighbours through one turn or two: claims up and
    answers down, packs of settlements up (whole), confirmations down. Bounded; what does not fit is
    dropped, because whoever said it says it again until it is answered. */

#ifndef MAYHEM_CARRY_H
#define MAYHEM_CARRY_H

#include "common/core/links.h"
#include "common/core/list.h"
#include "common/core/slab.h"
#include "consumer/consumer.h"

#define CARRY_PACKS_MIN  128 // packs beside those that full packs need
#define CARRY_PACK_BYTES (PACK_BYTES_MAX + PACK_RECORDS_MAX * SETTLE_BYTES_MAX)

typedef struct {
    slab_t *claims;   // claim_t; texts are set when it is written
    slab_t *packs;    // u32 length, u32 count, bytes
    slab_t *confirms; // two u64
    list_link_t *claim_links;
    list_link_t *pack_links;
    list_link_t *confirm_links;
    list_t claims_to[LINKS_MAX]; // EXTEND for upstream slots, ANSWER for downstream ones
    list_t packs_to[LINKS_MAX];
    list_t confirms_to[LINKS_MAX];
} carry_t;

int carry_init (carry_t *self, uint32_t claims_max);
void carry_term (carry_t *self);

//  Take something along to the neighbour at `slot`; false when there is no room.
bool carry_claim (carry_t *self, uint32_t slot, const claim_t *claim);
bool carry_pack (carry_t *self, uint32_t slot, uint32_t count, wire_reader_t body);
bool carry_confirm (carry_t *self, uint32_t slot, uint64_t holder, uint64_t number);

//  Hand over what is for this neighbour; publisher is the name that claims get. False: effects
//  full.
bool carry_out (carry_t *self, links_t *links, peer_t *peer, effects_t *effects);

//  Whether nothing is to be handed over to this neighbour.
bool carry_empty (const carry_t *self, uint32_t slot);

//  Forget what was for a neighbour whose link has ended.
void carry_drop (carry_t *self, uint32_t slot);

#endif
