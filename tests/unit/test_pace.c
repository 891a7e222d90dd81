//  Unit tests of pace: when messages are due, in virtual time.

#include "publisher/pace.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define SECOND INT64_C (1000000)

//  Messages until `end`, with the time following the deadlines.
static int64_t
s_run (pace_t *pace, prng_t *prng, int64_t end_us)
{
    int64_t made = 0;
    while (pace_deadline (pace) < end_us) {
        assert_true (pace_take (pace, prng, pace_deadline (pace)));
        made++;
    }
    return made;
}

static void
a_rate_is_exact_and_does_not_drift (void **state)
{
    (void) state;
    static const struct {
        int64_t rate, hours, made;
    } s_rates[] = {
        {3 * PACE_RATE_UNIT, 1, 10800},
        {7 * PACE_RATE_UNIT, 1, 25200},
        {PACE_RATE_UNIT / 2, 10, 18000},
        {333333, 1000, 1199999},
    };
    for (size_t i = 0; i < sizeof s_rates / sizeof s_rates[0]; i++) {
        prng_t prng;
        pace_t pace;
        prng_seed (&prng, 1);
        pace_limits_t limits = {.mode = PACE_RATE, .rate = s_rates[i].rate};
        pace_start (&pace, &limits, &prng, 0);
        assert_int_equal (s_run (&pace, &prng, s_rates[i].hours * 3600 * SECOND), s_rates[i].made);
    }
}

static void
the_random_pace_has_gaps_of_0_to_1_second (void **state)
{
    (void) state;
    prng_t prng;
    pace_t pace;
    prng_seed (&prng, 42);
    pace_start (&pace, &(pace_limits_t){.mode = PACE_RANDOM}, &prng, 0);
    int64_t last_us = 0;
    for (int i = 0; i < 10000; i++) {
        int64_t due_us = pace_deadline (&pace);
        assert_in_range (due_us - last_us, 0, PACE_RANDOM_GAP_US);
        assert_false (pace_take (&pace, &prng, due_us - 1));
        assert_true (pace_take (&pace, &prng, due_us));
        last_us = due_us;
    }
    assert_in_range (last_us / 10000, 480000, 520000);
}

static void
a_stall_is_made_up_for_by_one_second_only (void **state)
{
    (void) state;
    prng_t prng;
    pace_t pace;
    prng_seed (&prng, 1);
    pace_start (&pace, &(pace_limits_t){.mode = PACE_RATE, .rate = 100 * PACE_RATE_UNIT}, &prng, 0);
    int made = 0;
    while (pace_take (&pace, &prng, 60 * SECOND)) {
        made++;
    }
    assert_int_equal (made, 101); //  Those of one second, and the one that is due now
    assert_int_equal (pace_deadline (&pace), 60 * SECOND + 10000);
}

static void
a_short_stall_is_made_up_for_whole (void **state)
{
    (void) state;
    prng_t prng;
    pace_t pace;
    prng_seed (&prng, 1);
    pace_start (&pace, &(pace_limits_t){.mode = PACE_EVERY, .every_us = 400000}, &prng, 0);
    int made = 0;
    while (pace_take (&pace, &prng, SECOND)) {
        made++;
    }
    assert_int_equal (made, 3); //  0, 0.4 and 0.8 s
    assert_int_equal (pace_deadline (&pace), 1200000);
}

static void
every_longer_than_a_second_does_not_burst (void **state)
{
    (void) state;
    prng_t prng;
    pace_t pace;
    prng_seed (&prng, 1);
    pace_start (&pace, &(pace_limits_t){.mode = PACE_EVERY, .every_us = 10 * SECOND}, &prng, 0);
    assert_true (pace_take (&pace, &prng, 0));
    assert_false (pace_take (&pace, &prng, 10 * SECOND - 1));
    assert_true (pace_take (&pace, &prng, 95 * SECOND));
    assert_false (pace_take (&pace, &prng, 95 * SECOND));
}

static void
rate_0_is_never_due_and_max_always (void **state)
{
    (void) state;
    prng_t prng;
    pace_t pace;
    prng_seed (&prng, 1);
    pace_start (&pace, &(pace_limits_t){.mode = PACE_RATE}, &prng, 5);
    assert_true (pace_deadline (&pace) == INT64_MAX);
    assert_false (pace_take (&pace, &prng, INT64_MAX - 1));
    pace_start (&pace, &(pace_limits_t){.mode = PACE_MAX}, &prng, 5);
    for (int i = 0; i < 1000; i++) {
        assert_true (pace_take (&pace, &prng, 5));
    }
}

int
main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (a_rate_is_exact_and_does_not_drift),
        cmocka_unit_test (the_random_pace_has_gaps_of_0_to_1_second),
        cmocka_unit_test (a_stall_is_made_up_for_by_one_second_only),
        cmocka_unit_test (a_short_stall_is_made_up_for_whole),
        cmocka_unit_test (every_longer_than_a_second_does_not_burst),
        cmocka_unit_test (rate_0_is_never_due_and_max_always),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
