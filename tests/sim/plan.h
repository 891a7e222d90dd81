/*  plan.h - everything that a seed decides before the run: how many processes, their options, and
   which faults there will be how often. */

#ifndef MAYHEM_SIM_PLAN_H
#define MAYHEM_SIM_PLAN_H

#include "common/core/prng.h"

#include <stdbool.h>
#include <stdint.h>

#define SIM_PUBLISHERS 3
#define SIM_CONSUMERS  3
#define SIM_HANDLERS   4
#define SIM_NODES      (SIM_PUBLISHERS + SIM_CONSUMERS + SIM_HANDLERS)
#define SIM_MESSAGES   512 // most requests of a seed
#define SIM_SITES      2   // hosts that share a restarts database

//  What the world does to the processes. The first ones happen at a moment, from FAULT_LOSS on a
//  frame at a time.
typedef enum {
    FAULT_CRASH, // kill -9
    FAULT_PAUSE, // SIGSTOP, later SIGCONT
    FAULT_CUT,   // a partition between two processes
    FAULT_CUT_ONE_WAY,
    FAULT_RESET, // a connection breaks: what is under way is lost, the peers see it end
    FAULT_DRAIN, // a signal, or two, or three
    FAULT_FAULT, // an unexpected error in a callback
    FAULT_DISK_FULL,
    FAULT_DISK_SLOW,
    FAULT_LOSS,
    FAULT_COPY,     // duplication
    FAULT_LATE,     // a delay far above the usual
    FAULT_OVERTAKE, // reordering
    FAULT_DAMAGE,   // a frame cut short, or its header damaged where that can be seen
    FAULT_FAILURE,  // a restart or a save that fails
    FAULT_HANG,     // a restart that takes far too long, or for ever
    FAULT_KINDS
} fault_t;

#define FAULT_MOMENTS FAULT_LOSS

typedef struct {
    uint64_t seed;
    uint32_t publishers, consumers, handlers;
    uint32_t messages; // requests in all
    uint32_t hosts;    // that they name
    uint32_t sites;    // restarts databases
    int64_t lease_us;
    int64_t peer_timeout_us;
    int64_t drain_timeout_us;
    int64_t latency_us; // the most, usually
    int64_t commit_us;  // the same for a disk
    uint32_t max_deliveries;
    uint32_t max_lost;
    uint32_t concurrency;
    bool is_volatile[SIM_PUBLISHERS];
    bool stay;
    bool exec; // restarts by commands, under a guard
    bool save_may_fail;
    bool burst;             // all requests at once, else over the whole run
    bool chatty;            // debug lines are made too
    int64_t restart_max_us; // of a simulated step
    int64_t timeout_us;     // of a command
    int64_t max_lease_us;
    double fail_restart, fail_save, fail_consume;
    double hang;                     // chance that a command hangs
    double later;                    // that it says "not now"
    double bad_host;                 // that a request's host name is none
    uint32_t moments[FAULT_MOMENTS]; // how often
    double chance[FAULT_KINDS];      // of a frame
    int64_t faults_until_us;         // then the last ones end and what is down starts
    int64_t source_until_us;         // last request
} plan_t;

void plan_make (plan_t *self, uint64_t seed);
const char *fault_word (fault_t kind);

#endif
