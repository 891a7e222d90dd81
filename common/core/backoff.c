#include "common/core/backoff.h"

#include <assert.h>

int64_t
backoff_us (uint32_t failures, prng_t *prng)
{
    assert (failures >= 1);
    assert (prng);
    int64_t cap = BACKOFF_FIRST_US;
    for (uint32_t i = 1; i < failures && cap < BACKOFF_MAX_US; i++) {
        cap *= 2;
    }
    if (cap > BACKOFF_MAX_US) {
        cap = BACKOFF_MAX_US;
    }
    return 1 + (int64_t) prng_below (prng, (uint64_t) cap);
}
