/*  world.h - one virtual world: processes, network, disks, what really runs, and the checks.

    All times are the world's, in us from 0; each process reads a monotonic clock of its own that is
    ahead of it by node->clock_us. */

#ifndef MAYHEM_SIM_WORLD_H
#define MAYHEM_SIM_WORLD_H

#include "tests/sim/check.h"
#include "tests/sim/disk.h"
#include "tests/sim/net.h"
#include "tests/sim/node.h"
#include "tests/sim/plan.h"
#include "tests/sim/queue.h"
#include "tests/sim/runs.h"

#include <stdio.h>

#define SIM_LEAST_US 60000000  // a seed is at least so long
#define SIM_LIMIT_US 300000000 // everything must be over so long after the last request

typedef enum {
    PHASE_MAYHEM, // faults
    PHASE_CALM,   // no more faults, what is down starts again
    PHASE_END,    // the sources have ended
    PHASE_COUNT
} phase_t;

//  A request, and what really became of it.
typedef struct {
    char instance[24];
    char hostname[48];
    uint32_t host; // number of the host
    uint16_t publisher;
    bool submitted;
    bool bad;         // its host name is none
    bool restarted;   // a restart of it came to a good end
    bool save_failed; // a save of it was made to fail
    uint8_t durable;  // facts in any restarts database
    uint16_t runs;
} job_t;

struct world_s {
    plan_t plan;
    phase_t phase;
    int64_t now_us;
    int64_t disturbed_us; // the last time anything changed that neighbours see
    prng_t prng;
    queue_t queue;
    uint32_t nodes;
    node_t node[SIM_NODES];
    net_t net;
    disk_t disk[SIM_PUBLISHERS];
    runs_t runs;
    check_t check;
    job_t jobs[SIM_MESSAGES];
    effects_t effects;           // of the turn under way
    uint64_t tally[FAULT_KINDS]; // faults that happened
    uint64_t steps;              // turns in all
    uint64_t frames;             // sent
    uint64_t hash;               // over all effects
    bool failed;
    char rule[256]; // that was violated
    FILE *trace;    // NULL: none
};

//  Made once, used for any number of seeds. NULL without memory.
world_t *world_new (void);
void world_destroy (world_t **self_p);

//  Run one seed to its end. False: a rule was violated, self->rule says which.
bool world_run (world_t *self, uint64_t seed, int64_t until_us, FILE *trace);

//  A rule was violated; the first one is kept.
void world_fail (world_t *self, const char *format, ...) __attribute__ ((format (printf, 2, 3)));
void world_trace (world_t *self, const char *format, ...) __attribute__ ((format (printf, 2, 3)));

void world_put (world_t *self, int64_t at_us, happen_kind_t kind, uint32_t node, uint32_t item,
                uint64_t extra);

//  Randomness of the world.
int64_t world_between (world_t *self, int64_t least, int64_t most);
bool world_odds (world_t *self, double chance);
//  Whether a fault of this kind happens to this frame; counted.
bool world_fault (world_t *self, fault_t kind);

//  Mix bytes into the hash over all effects.
void world_hash (world_t *self, const void *bytes, size_t length);

#endif
