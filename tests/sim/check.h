/*  check.h - what must be true after every step and at the end. Looks at frames, effects, disks and
   what really runs; believes no core. */

#ifndef MAYHEM_SIM_CHECK_H
#define MAYHEM_SIM_CHECK_H

#include "common/core/wire.h"
#include "tests/sim/disk.h"
#include "tests/sim/runs.h"

typedef struct world_s world_t;

#define CHECK_PACKS  2048 // remembered by (holder, number); more only blind the check
#define CHECK_GRANTS 8192 // of one publisher's life
#define CHECK_OUT    512  // unconfirmed packs of a handler; more only blind the check
#define CHECK_EVERY  61   // steps between two audits of a process

//  What a holder said in one pack.
typedef struct {
    uint64_t holder;
    uint64_t number;
    uint64_t outbox;
    uint32_t count; // of what was done
    uint64_t done[PACK_RECORDS_MAX];
} check_pack_t;

//  A lease, from its first sending.
typedef struct {
    uint64_t epoch;
    uint64_t serial;
    int64_t sent_us;
    uint64_t holder; // epoch of who extended it, 0: nobody yet
    uint32_t link;   // on which it was sent
    bool listed;     // somebody said that it is held
    bool late;       // its record came to a handler so late that the lease may have been over
} check_grant_t;

//  A pack that a handler has sent and nobody has confirmed.
typedef struct {
    uint64_t number;
    uint32_t to;   // by this consumer
    uint32_t link; // on this link
} check_out_t;

//  The last list of holdings that a publisher heard to its end from a consumer.
typedef struct {
    uint64_t epoch;
    uint32_t current; // link that the publisher has welcomed, 0: none
    uint32_t link;    // of the list
    int64_t at_us;
} check_list_t;

//  Credit of one link, as told by the receiver and used by the sender.
typedef struct {
    uint64_t up; // epochs
    uint64_t down;
    uint32_t link;
    uint64_t told;
    uint64_t used;
} check_credit_t;

typedef struct {
    check_pack_t packs[CHECK_PACKS];
    check_credit_t credit[SIM_NODES][SIM_NODES]; // upstream, downstream
    check_grant_t grants[SIM_PUBLISHERS][CHECK_GRANTS];
    uint32_t jobs[SIM_PUBLISHERS][DISK_SEQS];     // by seq
    uint8_t gone[SIM_PUBLISHERS][DISK_SEQS];      // 1: audited, 2: and then not any more
    uint64_t seen[SIM_PUBLISHERS];                // highest seq sent
    uint8_t told[SIM_HANDLERS][SIM_MESSAGES];     // facts that a handler was told of
    int64_t asked_us[SIM_HANDLERS][SIM_MESSAGES]; // receipt, or the last extension sent
    check_out_t out[SIM_HANDLERS][CHECK_OUT];
    uint32_t out_count[SIM_HANDLERS];
    check_list_t lists[SIM_PUBLISHERS][SIM_NODES];
    uint64_t expired[SIM_PUBLISHERS]; // as its books said last
    uint32_t turns;
    int64_t over_us; // since when nobody is needed any more
    uint64_t left;   // rows that volatile publishers left
} check_t;

void check_reset (check_t *self);

//  A process starts, or is gone for good with this code (-1: crashed).
void check_start (world_t *world, uint32_t node);
void check_exit (world_t *world, uint32_t node, int code);

//  A frame is sent to a process, or handed to it.
void check_sent (world_t *world, uint32_t node, uint32_t to, bytes_t bytes);
void check_heard (world_t *world, uint32_t node, bytes_t bytes);
//  The PUSH to a process is closed.
void check_closed (world_t *world, uint32_t node, uint32_t to);
//  It arrives in the inbox of a process.
void check_arrived (world_t *world, uint32_t node, bytes_t bytes);
//  Its state is published.
void check_published (world_t *world, uint32_t node, bytes_t bytes);
//  Its drain must be over, or must go on until later.
void check_drain (world_t *world, uint32_t node);

//  A restart begins; the database told facts.
void check_run (world_t *world, const run_t *run);
void check_told (world_t *world, uint32_t node, uint32_t job, uint8_t steps);

//  An outbox writes.
void check_op (world_t *world, uint32_t node, const effect_t *effect);

//  A process has turned.
void check_step (world_t *world, uint32_t node);

//  Everybody is gone.
void check_end (world_t *world);

#endif
