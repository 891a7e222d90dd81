/*  runs.h - restarts as the world sees them: who really restarts which host right now. A simulated
   one lives and dies with its process; a command lives under a guard that ends it with its lease.
 */

#ifndef MAYHEM_SIM_RUNS_H
#define MAYHEM_SIM_RUNS_H

#include "common/core/effect.h"

typedef struct world_s world_t;

#define RUNS_MAX    16384 // restarts of one seed
#define RUNS_SAVES  512   // saves under way
#define RUNS_ACTIVE 512

typedef struct {
    uint64_t task;
    name_t name;
    grant_t grant; // under which it began
    uint32_t node;
    uint32_t life;
    uint32_t job;
    int64_t begun_us;
    int64_t ends_us;  // by itself, INT64_MAX: never
    int64_t lease_us; // end of its lease
    bool simulated;
    bool active;
    bool termed; // was sent TERM
    ran_kind_t kind;
    int value;
} run_t;

//  A save under way.
typedef struct {
    uint64_t task;
    uint64_t ticket;
    uint32_t job;
    uint32_t node;
    uint32_t life;
    uint8_t steps;
    bool ok;
    bool used;
} run_save_t;

typedef struct {
    run_t list[RUNS_MAX];
    uint32_t count;
    uint32_t active[RUNS_ACTIVE];
    uint32_t active_count;
    run_save_t saves[RUNS_SAVES];
    uint8_t databases[2][512]; // facts by site and job
} runs_t;

void runs_reset (runs_t *self);

//  Effects.
void runs_begin (world_t *world, uint32_t node, const effect_t *effect);
void runs_renew (world_t *world, uint32_t node, const effect_t *effect);
void runs_end (world_t *world, uint32_t node, const effect_t *effect);
void runs_save (world_t *world, uint32_t node, const effect_t *effect);
void runs_ask (world_t *world, uint32_t node, const effect_t *effect);

//  It is time: a restart ends by itself, or its lease may have ended; a save is durable.
void runs_due (world_t *world, uint32_t run, bool guard);
void runs_saved (world_t *world, uint32_t save);
void runs_found (world_t *world, uint32_t node, uint64_t task, uint32_t job);

//  The process is gone, and all that it ran.
void runs_gone (world_t *world, uint32_t node);

//  Restarts of one process that are active.
uint32_t runs_of (const world_t *world, uint32_t node);

//  The job that a step is about.
uint32_t runs_job (world_t *world, const step_t *step);

#endif
