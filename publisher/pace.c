#include "publisher/pace.h"

#include <assert.h>

//  A second in microseconds, times PACE_RATE_UNIT.
#define RATE_PERIOD (INT64_C (1000000) * PACE_RATE_UNIT)

//  Move due_us by one gap.
static void
s_advance (pace_t *self, prng_t *prng)
{
    switch (self->limits.mode) {
    case PACE_RANDOM:
        self->due_us += (int64_t) prng_below (prng, (uint64_t) PACE_RANDOM_GAP_US + 1);
        return;
    case PACE_MAX: return;
    case PACE_RATE:
        assert (self->limits.rate > 0);
        self->due_us += RATE_PERIOD / self->limits.rate;
        self->rest += RATE_PERIOD % self->limits.rate;
        if (self->rest >= self->limits.rate) {
            self->rest -= self->limits.rate;
            self->due_us++;
        }
        return;
    case PACE_EVERY: self->due_us += self->limits.every_us; return;
    case PACE_MODES: break;
    }
    assert (!"a pace without a mode");
}

void
pace_start (pace_t *self, const pace_limits_t *limits, prng_t *prng, int64_t now_us)
{
    assert (self && limits && prng);
    assert (limits->rate >= 0 && limits->rate <= PACE_RATE_MAX * PACE_RATE_UNIT);
    assert (limits->mode != PACE_EVERY || limits->every_us > 0);
    *self = (pace_t){.limits = *limits, .due_us = now_us};
    if (limits->mode == PACE_RATE && limits->rate == 0) {
        self->due_us = INT64_MAX;
    } else if (limits->mode == PACE_RANDOM) {
        s_advance (self, prng);
    }
}

bool
pace_take (pace_t *self, prng_t *prng, int64_t now_us)
{
    assert (self && prng);
    if (self->due_us > now_us) {
        return false;
    }
    if (self->due_us < now_us - PACE_CATCH_UP_US) {
        self->due_us = now_us - PACE_CATCH_UP_US;
    }
    s_advance (self, prng);
    return true;
}

int64_t
pace_deadline (const pace_t *self)
{
    assert (self);
    return self->due_us;
}
