/*  consumer_private.h - what the files of the consumer's core share; nobody else includes it. */

#ifndef MAYHEM_CONSUMER_PRIVATE_H
#define MAYHEM_CONSUMER_PRIVATE_H

#include "common/core/links_credit.h"
#include "common/core/drain_say.h"
#include "consumer/carry.h"
#include "consumer/table.h"

#define RESEND_US 2000000 // an unconfirmed pack is said again after so long

//  A pack of this consumer's own settlements.
typedef struct {
    uint64_t number;
    int64_t sent_us; // 0: not since the publisher's link is up
    uint8_t pub;
} own_pack_t;

struct consumer_s {
    table_t table;
    carry_t carry;
    links_t *links;
    drain_t drain;
    uint64_t epoch;
    uint64_t seed;
    double fail_consume;
    uint8_t pub_of[LINKS_UP_MAX]; // publisher of each upstream link, PUB_NONE before it is known
    slab_t *own;                  // own packs, unconfirmed
    index_t *own_by_number;
    uint64_t own_last;    // number of the last own pack
    uint32_t own_cursor;  // next to be looked at for a repetition
    int64_t own_us;       // when they are looked at again
    uint32_t faults;      // exceptions since the last turn
    char fault[256];      // text of the first of them
    int64_t stood_us;     // how long this process stood still, until the inbox was read empty
    bool turn_again;      // something was left over
    bool show;            // USR1: say what is in hand
    bool over;            // EFFECT_EXIT was said
    uint32_t handed_back; // by this drain
    consumer_counts_t counts;
    int64_t now_us;     // of the step under way
    effects_t *effects; // of the turn under way
};

//  hear.c: one frame of the inbox.
void consumer_hear (consumer_t *self, bytes_t frame);

//  place.c: work in, work out.
void consumer_take_work (consumer_t *self, peer_t *peer, uint32_t count, wire_reader_t *body);
void consumer_place (consumer_t *self);

//  own.c: what this consumer settles itself.
void consumer_settle_own (consumer_t *self);
void consumer_own_confirmed (consumer_t *self, uint64_t number);
void consumer_own_again (consumer_t *self, uint8_t pub);
int64_t consumer_own_deadline (const consumer_t *self);
const char *consumer_reason (table_reason_t reason);

//  holdings.c: lists of holdings, said upward and heard from below; ends of links.
void consumer_say_holdings (consumer_t *self, peer_t *peer);
void consumer_hear_holdings (consumer_t *self, peer_t *peer, uint32_t count, wire_reader_t *body);
void consumer_news (consumer_t *self, peer_t *peer);
void consumer_deadlines (consumer_t *self);

//  The upstream link of a publisher, or NULL while it is not up.
peer_t *consumer_upstream (consumer_t *self, uint8_t pub);

//  Its handler speaks of a message that is in the table.
void consumer_heard (consumer_t *self, peer_t *peer, uint32_t slot, const claim_t *claim);

//  Adopt a message that a handler says it holds; SLAB_NONE when there is no room.
uint32_t consumer_adopt (consumer_t *self, peer_t *peer, const claim_t *claim);

#endif
