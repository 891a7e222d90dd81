/*  fate.h - how long a simulated step takes and whether a failure is injected. Pure.

    Drawn from (seed, id, delivery, step) alone: the same run again fails at the same places,
    whatever comes in between. */

#ifndef MAYHEM_FATE_H
#define MAYHEM_FATE_H

#include "common/core/message.h"

//  step: STEP_RESTARTED or STEP_SAVED. probability: 0 never, 1 always.
bool fate_fails (uint64_t seed, const work_t *work, unsigned step, double probability);

//  In min_us..max_us, both included.
int64_t fate_duration_us (uint64_t seed, const work_t *work, unsigned step, int64_t min_us,
                          int64_t max_us);

#endif
