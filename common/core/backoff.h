//  backoff: how long to wait before the next try.
//
//  Exponential with "full jitter": uniform between almost nothing and a cap that doubles, so peers
//  that failed together do not come back together. Source: Marc Brooker, "Exponential Backoff And
//  Jitter", AWS Architecture Blog, 2015.

#ifndef MAYHEM_BACKOFF_H
#define MAYHEM_BACKOFF_H

#include "common/core/prng.h"

//  Cap after the first failure: short enough that a restart of the peer is hardly noticed.
#define BACKOFF_FIRST_US INT64_C (250000)

//  Cap for ever: a peer that comes back waits half a minute at most.
#define BACKOFF_MAX_US INT64_C (30000000)

//  Microseconds to wait after `failures` (>= 1) failures in a row: uniform in 1..cap, with
//  cap = BACKOFF_FIRST_US * 2^(failures - 1), at most BACKOFF_MAX_US.
int64_t backoff_us (uint32_t failures, prng_t *prng);

#endif
