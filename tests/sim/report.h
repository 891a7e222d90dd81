/*  report.h - what a run of many seeds comes to: seeds, virtual time, faults of each kind. */

#ifndef MAYHEM_SIM_REPORT_H
#define MAYHEM_SIM_REPORT_H

#include "tests/sim/world.h"

//  Of one worker, in memory that it shares with its parent.
typedef struct {
    uint64_t seed; // under way
    uint64_t seeds, turns, frames, messages, restarts;
    uint64_t virtual_ms;
    uint64_t tally[FAULT_KINDS];
    bool failed;
    char rule[256];
} report_t;

void report_add (report_t *self, const world_t *world);

//  Print: one seed; the sum of all workers; the last lines of a trace.
void report_seed (const world_t *world);
void report_sum (const report_t *reports, uint32_t count);
void report_tail (FILE *trace, uint32_t lines);

#endif
