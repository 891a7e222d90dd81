#include "tests/sim/plan.h"

#include <assert.h>

#define SECOND 1000000

static const char *const s_words[] = {
    "crash",     "pause", "cut",  "cut-one-way", "reset",    "drain",  "fault",   "disk-full",
    "disk-slow", "loss",  "copy", "late",        "overtake", "damage", "failure", "hang",
};
_Static_assert(sizeof s_words / sizeof *s_words == FAULT_KINDS, "a word for each fault");

const char *
fault_word (fault_t kind)
{
    assert (kind < FAULT_KINDS);
    return s_words[kind];
}

static int64_t
s_between (prng_t *prng, int64_t least, int64_t most)
{
    return least + (int64_t) prng_below (prng, (uint64_t) (most - least + 1));
}

static bool
s_odds (prng_t *prng, double chance)
{
    return prng_unit (prng) < chance;
}

static void
s_sizes (plan_t *self, prng_t *prng)
{
    self->publishers = (uint32_t) s_between (prng, 1, SIM_PUBLISHERS);
    self->consumers = (uint32_t) s_between (prng, 1, SIM_CONSUMERS);
    self->handlers = (uint32_t) s_between (prng, 1, SIM_HANDLERS);
    self->messages = (uint32_t) s_between (prng, 200, 260);
    self->hosts =
        (uint32_t) (s_odds (prng, 0.3) ? s_between (prng, 8, 30) : s_between (prng, 60, 400));
    self->sites = (uint32_t) s_between (prng, 1, SIM_SITES);
    self->concurrency = (uint32_t) s_between (prng, 4, 64);
    for (uint32_t i = 0; i < SIM_PUBLISHERS; i++) {
        self->is_volatile[i] = s_odds (prng, 0.3);
    }
}

static void
s_options (plan_t *self, prng_t *prng)
{
    self->lease_us = s_odds (prng, 0.5) ? 3 * SECOND : s_between (prng, 600, 5000) * 1000;
    self->peer_timeout_us = s_odds (prng, 0.5) ? 4 * SECOND : s_between (prng, 2500, 6000) * 1000;
    self->drain_timeout_us = s_odds (prng, 0.1) ? 0 : s_between (prng, 1000, 10000) * 1000;
    self->latency_us = s_between (prng, 200, 5000);
    self->commit_us = s_between (prng, 500, 20000);
    self->max_deliveries = (uint32_t) s_between (prng, 2, 6);
    self->max_lost = s_odds (prng, 0.8) ? 20 : 3;
    self->stay = s_odds (prng, 0.4);
    self->exec = s_odds (prng, 0.5);
    self->save_may_fail = s_odds (prng, 0.2);
    self->burst = s_odds (prng, 0.3);
    self->chatty = s_odds (prng, 0.1);
    //  Few hosts or slots with long work would last for minutes: one restart of a host at a time.
    bool lengthy = self->hosts >= 60 && self->concurrency >= 20 && s_odds (prng, 0.3);
    self->restart_max_us =
        lengthy ? s_between (prng, 2000, 9000) * 1000 : s_between (prng, 20, 1500) * 1000;
    self->timeout_us = s_between (prng, 2000, 12000) * 1000;
    self->max_lease_us = s_odds (prng, 0.2) ? s_between (prng, 3000, 9000) * 1000 : 600 * SECOND;
}

static void
s_failures (plan_t *self, prng_t *prng)
{
    if (s_odds (prng, 0.5)) {
        self->fail_restart = prng_unit (prng) * 0.2;
        self->fail_save = prng_unit (prng) * 0.2;
    }
    if (s_odds (prng, 0.3)) {
        self->later = prng_unit (prng) * 0.1;
        self->hang = self->hosts >= 60 ? prng_unit (prng) * 0.05 : 0;
    }
    self->bad_host = s_odds (prng, 0.2) ? 0.02 : 0;
}

//  Some seeds have one fault only, so that it is not hidden behind others; some none at all.
static void
s_faults (plan_t *self, prng_t *prng)
{
    static const uint32_t most[FAULT_MOMENTS] = {6, 5, 4, 4, 4, 5, 1, 2, 2};
    double mood = prng_unit (prng);
    uint64_t only = prng_below (prng, FAULT_KINDS);
    for (uint32_t kind = 0; kind < FAULT_FAILURE; kind++) {
        bool on = mood < 0.08 ? false : mood < 0.35 ? kind == only : s_odds (prng, 0.4);
        if (!on) {
            continue;
        }
        if (kind < FAULT_MOMENTS) {
            self->moments[kind] = (uint32_t) s_between (prng, 1, most[kind]);
        } else {
            self->chance[kind] =
                s_odds (prng, 0.8) ? prng_unit (prng) * 0.003 : prng_unit (prng) * 0.03;
        }
    }
    //  An exception drains the consumer that had it, so it must be rare.
    self->fail_consume = mood >= 0.35 && s_odds (prng, 0.05) ? 0.005 : 0;
}

void
plan_make (plan_t *self, uint64_t seed)
{
    prng_t prng;
    prng_seed (&prng, prng_hash (seed, 0x706c616e, 0));
    *self = (plan_t){.seed = seed};
    s_sizes (self, &prng);
    s_options (self, &prng);
    s_failures (self, &prng);
    s_faults (self, &prng);
    self->faults_until_us = s_between (&prng, 30, 45) * SECOND;
    self->source_until_us = s_between (&prng, 50, 60) * SECOND;
}
