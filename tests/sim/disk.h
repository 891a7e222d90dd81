/*  disk.h - the outbox of one publisher: rows, and the tickets that are not durable yet. A batch
   becomes durable as a whole; a crash loses what was not. */

#ifndef MAYHEM_SIM_DISK_H
#define MAYHEM_SIM_DISK_H

#include "common/core/effect.h"
#include "tests/sim/plan.h"

typedef struct world_s world_t;

#define DISK_SEQS  1024 // messages of one outbox
#define DISK_OPS   8192 // tickets that are not durable yet
#define DISK_TEXTS 512

typedef enum {
    ROW_NONE,
    ROW_KEPT,
    ROW_DEAD,
    ROW_REMOVED
} row_state_t;

typedef struct {
    row_t row; // its texts lie in `texts`
    int64_t due_us;
    char texts[DISK_TEXTS];
} disk_row_t;

typedef struct {
    disk_row_t row;
    uint64_t ticket;
    uint64_t number;
    effect_kind_t kind; // STORE, GRANTED, REMOVE
    bool counts;        // more than facts changes: it must be durable before the next lease
} disk_op_t;

typedef struct {
    uint64_t outbox;   // its id
    uint64_t last_seq; // durable
    uint64_t granted;  // durable
    uint64_t ticket;   // last one seen
    bool unclean;
    bool full;
    bool slow;
    disk_row_t rows[DISK_SEQS];   // durable
    uint8_t durable[DISK_SEQS];   // row_state_t
    uint8_t latest[DISK_SEQS];    // as the process wrote it last
    uint8_t pending[DISK_SEQS];   // changes that count and are not durable
    uint64_t counters[DISK_SEQS]; // of the row as it was written last
    disk_op_t ops[DISK_OPS];      // a ring
    uint32_t first, count;        // of it
    uint32_t batch;               // tickets that are being committed
} disk_t;

void disk_reset (world_t *world, uint32_t index);
//  A publisher starts: OPENED and LOADED.
void disk_load (world_t *world, uint32_t node);
void disk_op (world_t *world, uint32_t node, const effect_t *effect);
//  The batch is durable.
void disk_commit (world_t *world, uint32_t node);
//  The process is gone; `clean`: it closed its file, everything is durable.
void disk_close (world_t *world, uint32_t node, bool clean, bool flush);
void disk_fill (world_t *world, uint32_t node, bool full);
//  Rows that are neither removed nor dead.
uint32_t disk_pending (const disk_t *self);

#endif
