/*  pace.h - when the next message is due. Pure: time and randomness are parameters.

    Times are computed exactly and do not drift. After a stall a pace catches up by what one second
    would have made and forgets the rest: it never falls behind, and never bursts for minutes. */

#ifndef MAYHEM_PACE_H
#define MAYHEM_PACE_H

#include "common/core/prng.h"

#include <stdbool.h>
#include <stdint.h>

//  A gap of the random pace is between 0 and this.
#define PACE_RANDOM_GAP_US INT64_C (1000000)

//  How much of a stall is made up for.
#define PACE_CATCH_UP_US INT64_C (1000000)

//  A rate is a whole number of these a second: rates down to one message in eleven days.
#define PACE_RATE_UNIT INT64_C (1000000)

//  Messages a second: above it `max` says what is meant.
#define PACE_RATE_MAX INT64_C (1000000)

typedef enum {
    PACE_RANDOM, // a gap of 0 to 1 s before each message
    PACE_MAX,    // always due
    PACE_RATE,   // rate / PACE_RATE_UNIT a second; 0: never
    PACE_EVERY,  // one each every_us
    PACE_MODES
} pace_mode_t;

typedef struct {
    pace_mode_t mode;
    int64_t rate;     // PACE_RATE: 0..PACE_RATE_MAX * PACE_RATE_UNIT
    int64_t every_us; // PACE_EVERY: > 0
} pace_limits_t;

typedef struct {
    pace_limits_t limits;
    int64_t due_us; // of the next message, INT64_MAX: never
    int64_t rest;   // PACE_RATE: what due_us is late by, in 1/rate microseconds
} pace_t;

//  The first message is due at now_us, with PACE_RANDOM one gap later.
void pace_start (pace_t *self, const pace_limits_t *limits, prng_t *prng, int64_t now_us);

//  If a message is due, take it: true, and the next one is due later.
bool pace_take (pace_t *self, prng_t *prng, int64_t now_us);

//  When the next message is due; INT64_MAX: never.
int64_t pace_deadline (const pace_t *self);

#endif
