//  Unit tests of action_simulate, in virtual time.

#include "handler/action_simulate.h"
#include "common/core/prng.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define MANY 10000

static void
a_step_is_over_when_it_is_due_and_not_before (void **state)
{
    (void) state;
    action_simulated_t out[4];
    action_simulate_t *action = action_simulate_new (4);
    assert_true (action_simulate_deadline (action) == INT64_MAX);
    assert_int_equal (action_simulate_start (action, 7, 1000, -3), 0);
    assert_true (action_simulate_deadline (action) == 1000);
    assert_int_equal (action_simulate_take (action, 999, out, 4), 0);
    assert_int_equal (action_simulate_take (action, 1000, out, 4), 1);
    assert_true (out[0].task == 7);
    assert_int_equal (out[0].note, -3);
    assert_int_equal (action_simulate_take (action, 2000, out, 4), 0);
    action_simulate_destroy (&action);
    assert_null (action);
    action_simulate_destroy (&action);
}

static void
a_cancelled_step_never_ends (void **state)
{
    (void) state;
    action_simulated_t out[4];
    action_simulate_t *action = action_simulate_new (4);
    action_simulate_start (action, 1, 10, 0);
    action_simulate_start (action, 2, 20, 0);
    assert_true (action_simulate_cancel (action, 1));
    assert_false (action_simulate_cancel (action, 1));
    assert_true (action_simulate_deadline (action) == 20);
    assert_int_equal (action_simulate_take (action, 100, out, 4), 1);
    assert_true (out[0].task == 2);
    assert_false (action_simulate_cancel (action, 2));
    action_simulate_destroy (&action);
}

static void
no_step_begins_twice_or_past_the_capacity (void **state)
{
    (void) state;
    action_simulate_t *action = action_simulate_new (2);
    assert_int_equal (action_simulate_start (action, 1, 10, 0), 0);
    assert_int_equal (action_simulate_start (action, 1, 20, 0), -1);
    assert_int_equal (action_simulate_start (action, 2, 10, 0), 0);
    assert_int_equal (action_simulate_start (action, 3, 10, 0), -1);
    action_simulate_cancel (action, 1);
    assert_int_equal (action_simulate_start (action, 3, 10, 0), 0);
    action_simulate_destroy (&action);
}

static void
a_step_that_never_ends_is_not_taken_at_the_end_of_time (void **state)
{
    (void) state;
    action_simulated_t out[1];
    action_simulate_t *action = action_simulate_new (1);
    action_simulate_start (action, 1, INT64_MAX, 0);
    assert_int_equal (action_simulate_take (action, INT64_MAX - 1, out, 1), 0);
    assert_int_equal (action_simulate_take (action, INT64_MAX, out, 1), 1);
    assert_int_equal (action_simulate_take (action, INT64_MAX, out, 1), 0);
    action_simulate_destroy (&action);
}

static void
thousands_end_in_the_order_of_their_time_a_batch_at_once (void **state)
{
    (void) state;
    static int64_t due_us[MANY];
    action_simulated_t out[64];
    prng_t prng;
    prng_seed (&prng, 1);
    action_simulate_t *action = action_simulate_new (MANY);
    for (uint64_t task = 0; task < MANY; task++) {
        due_us[task] = (int64_t) prng_below (&prng, 1000000);
        assert_int_equal (action_simulate_start (action, task, due_us[task], 1), 0);
    }
    int64_t last_us = 0;
    size_t taken = 0;
    for (size_t got; (got = action_simulate_take (action, 1000000, out, 64)) > 0; taken += got) {
        assert_true (got <= 64);
        for (size_t i = 0; i < got; i++) {
            assert_true (due_us[out[i].task] >= last_us);
            last_us = due_us[out[i].task];
        }
    }
    assert_int_equal (taken, MANY);
    action_simulate_destroy (&action);
}

int
main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (a_step_is_over_when_it_is_due_and_not_before),
        cmocka_unit_test (a_cancelled_step_never_ends),
        cmocka_unit_test (no_step_begins_twice_or_past_the_capacity),
        cmocka_unit_test (a_step_that_never_ends_is_not_taken_at_the_end_of_time),
        cmocka_unit_test (thousands_end_in_the_order_of_their_time_a_batch_at_once),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
