#include "handler/fate.h"

#include <assert.h>

#include "common/core/prng.h"

//  What is drawn: one hash each, so that a failing step takes no other time than a good one.
enum {
    DRAW_FAILURE = 0,
    DRAW_DURATION = 4
};

static prng_t
s_draw (uint64_t seed, const work_t *work, unsigned what)
{
    prng_t prng;
    uint64_t id = prng_hash_bytes (work->id, ID_BYTES, 0);
    prng_seed (&prng, prng_hash (seed, id, (uint64_t) work->delivery * 8 + what));
    return prng;
}

bool
fate_fails (uint64_t seed, const work_t *work, unsigned step, double probability)
{
    assert (step == STEP_RESTARTED || step == STEP_SAVED);
    assert (probability >= 0 && probability <= 1);
    prng_t prng = s_draw (seed, work, DRAW_FAILURE + step);
    return prng_unit (&prng) < probability;
}

int64_t
fate_duration_us (uint64_t seed, const work_t *work, unsigned step, int64_t min_us, int64_t max_us)
{
    assert (step == STEP_RESTARTED || step == STEP_SAVED);
    assert (min_us >= 0 && min_us <= max_us);
    prng_t prng = s_draw (seed, work, DRAW_DURATION + step);
    return min_us + (int64_t) prng_below (&prng, (uint64_t) (max_us - min_us) + 1);
}
