/*  step.h - a step of the work as the shell is asked for it: a restart to run, a row to save. */

#ifndef MAYHEM_STEP_H
#define MAYHEM_STEP_H

#include "common/core/message.h"

//  A step to run or to save. Simulated steps take `duration_us` and end as `fails` says.
typedef struct {
    uint64_t task;
    uint64_t ticket; // SAVE
    name_t name;
    grant_t grant;
    int64_t duration_us; // simulated: how long it takes
    int64_t lease_us;    // RUN, RENEW: of the lease that is left
    uint16_t delivery;
    uint8_t steps;  // SAVE: facts to write
    bool fails;     // injected failure
    bool simulated; // RUN: not by the command
    bool fact;      // SAVE: only to write a fact down, not the step itself
    uint8_t id[ID_BYTES];
    text_t publisher, instance, hostname, reason, requested_by;
} step_t;

#endif
