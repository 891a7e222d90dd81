/*  publisher_world.h - a publisher's core in virtual time, with consumers made by hand.

    world_run turns until nothing is left to do, and collects what came out: work, answers,
    confirmations, lines, rows. With `durable` (the default) every ticket is answered at once. After
    every turn all invariants are checked. */

#ifndef MAYHEM_PUBLISHER_WORLD_H
#define MAYHEM_PUBLISHER_WORLD_H

#include "publisher/publisher.h"
#include "tests/unit/fake_peer.h"

#define WORLD_PEERS  3
#define WORLD_KEPT   4096
#define WORLD_EPOCH  UINT64_C (0x1000)
#define WORLD_OUTBOX UINT64_C (0xab)
#define LEASE_US     INT64_C (3000000)
#define SECOND_US    INT64_C (1000000)

typedef struct {
    work_t work; // texts: only the publisher's
    uint32_t peer;
} sent_t;

typedef struct {
    publisher_t *publisher;
    effects_t effects;
    int64_t now_us;
    bool durable;     // answer tickets at once
    uint64_t ticket;  // last one out
    uint64_t through; // last one answered
    fake_peer_t peers[WORLD_PEERS];
    bool linked[WORLD_PEERS];
    uint64_t pack; // last number
    //  What came out since world_forget.
    sent_t sent[WORLD_KEPT];
    size_t sent_count;
    claim_t answers[WORLD_KEPT];
    size_t answer_count;
    pack_t confirms[WORLD_KEPT];
    size_t confirm_count;
    size_t says[SAY_COUNT];
    say_t said[SAY_COUNT]; // the last one, without texts
    char text[SAY_COUNT][REASON_MAX_BYTES + 1];
    size_t effect_counts[EFFECT_COUNT];
    row_t row;        // the last one stored, without texts
    uint64_t granted; // the last GRANTED
    size_t eos, byes;
    int exit_code;     // -1: not yet
    uint32_t requests; // made so far
} world_t;

publisher_limits_t world_limits (void);
//  A new world with these limits, not opened yet. Peers are named consumer-1, -2, -3.
world_t *world_new (const publisher_limits_t *limits);
//  The usual one, opened with an empty outbox.
world_t *world_start (void);
void world_free (world_t *self);

void world_step (world_t *self, const event_t *event);
void world_open (world_t *self, const opened_t *opened);
void world_load (world_t *self, uint64_t seq, const char *hostname, int64_t delay_us);
void world_stored (world_t *self, uint64_t through);
void world_signal (world_t *self, int signal);
//  A request for a host; its number among the accepted ones is its seq in an empty outbox.
void world_request (world_t *self, const char *hostname);
void world_requests (world_t *self, size_t count); // each for a host of its own

//  Link a peer that holds nothing, with a handler below and credit.
void world_link (world_t *self, uint32_t peer, uint64_t credit);
//  The parts of it: HELLO, then a list of holdings.
void world_hello (world_t *self, uint32_t peer);
void world_list (world_t *self, uint32_t peer, const claim_t *claims, size_t count);
void world_credit (world_t *self, uint32_t peer, uint64_t credit);
void world_say (world_t *self, uint32_t peer, bytes_t frame);

//  One settlement in a pack of its own, by the handler with this epoch.
void world_settle (world_t *self, uint32_t peer, const work_t *work, outcome_t outcome);
void world_settle_all (world_t *self, uint32_t peer, const settlement_t *list, size_t count);
void world_extend (world_t *self, uint32_t peer, const work_t *work, uint32_t extension);

//  Turn until nothing is left; let time pass with beats of the linked peers; only turn once.
void world_run (world_t *self);
void world_wait (world_t *self, int64_t us);
void world_turn (world_t *self);
void world_forget (world_t *self);

publisher_books_t world_books (const world_t *self);
//  The state of a message, MESSAGE_STATES when it is gone.
message_state_t world_state (const world_t *self, uint64_t seq);

#endif
