//  Unit tests of backoff: the cap after each failure, and the spread below it.

#include "common/core/backoff.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

typedef struct {
    int64_t least, most, sum;
} spread_t;

enum {
    DRAWS = 2000
};

static spread_t
s_draw (uint32_t failures)
{
    prng_t prng;
    prng_seed (&prng, failures);
    spread_t spread = {INT64_MAX, 0, 0};
    for (int i = 0; i < DRAWS; i++) {
        int64_t wait = backoff_us (failures, &prng);
        spread.least = wait < spread.least ? wait : spread.least;
        spread.most = wait > spread.most ? wait : spread.most;
        spread.sum += wait;
    }
    return spread;
}

//  All of 1..cap is used, evenly, and nothing else.
static void
s_check (uint32_t failures, int64_t cap)
{
    spread_t spread = s_draw (failures);
    assert_true (spread.least >= 1 && spread.most <= cap);
    assert_true (spread.least < cap / 50 && spread.most > cap - cap / 50);
    int64_t mean = spread.sum / DRAWS;
    assert_true (mean > cap * 46 / 100 && mean < cap * 54 / 100);
}

static void
the_cap_doubles_from_a_quarter_of_a_second (void **state)
{
    (void) state;
    s_check (1, 250000);
    s_check (2, 500000);
    s_check (3, 1000000);
    s_check (7, 16000000);
}

static void
the_cap_stays_at_thirty_seconds (void **state)
{
    (void) state;
    s_check (8, 30000000); //  It would be 32 s
    s_check (9, 30000000);
    s_check (64, 30000000);
    s_check (65, 30000000);
    s_check (UINT32_MAX, 30000000);
}

static void
one_microsecond_is_the_least_and_the_cap_the_most (void **state)
{
    (void) state;
    prng_t least = {{1, 0, 0, 0}};                               //  Gives 0 next
    prng_t largest = {{1, UINT64_C (0x4fc71c71c71c71c7), 0, 0}}; //  Gives 2^64 - 1 next
    assert_true (backoff_us (1, &least) == 1);
    assert_true (backoff_us (1, &largest) == BACKOFF_FIRST_US);
}

static void
the_same_seed_waits_the_same (void **state)
{
    (void) state;
    prng_t one, two;
    prng_seed (&one, 42);
    prng_seed (&two, 42);
    for (uint32_t failures = 1; failures < 100; failures++) {
        assert_true (backoff_us (failures, &one) == backoff_us (failures, &two));
    }
}

static void
peers_that_failed_together_do_not_come_back_together (void **state)
{
    (void) state;
    enum {
        PEERS = 1000,
        SLICES = 10
    };
    int seen[SLICES] = {0};
    for (uint64_t peer = 0; peer < PEERS; peer++) {
        prng_t prng;
        prng_seed (&prng, peer);
        seen[(backoff_us (1, &prng) - 1) * SLICES / BACKOFF_FIRST_US]++;
    }
    for (int i = 0; i < SLICES; i++) {
        assert_in_range (seen[i], 60, 140);
    }
}

int
main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (the_cap_doubles_from_a_quarter_of_a_second),
        cmocka_unit_test (the_cap_stays_at_thirty_seconds),
        cmocka_unit_test (one_microsecond_is_the_least_and_the_cap_the_most),
        cmocka_unit_test (the_same_seed_waits_the_same),
        cmocka_unit_test (peers_that_failed_together_do_not_come_back_together),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
