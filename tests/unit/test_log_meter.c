//  Unit tests of log_meter: lines about messages a second, in virtual time.

#include "common/io/log.h"
#include "common/io/log_meter.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define SECOND INT64_C (1000000)

static void
a_second_lets_its_limit_through_and_counts_the_rest (void **state)
{
    (void) state;
    log_meter_t meter = {0};
    for (int i = 0; i < LOG_MESSAGE_LINES; i++) {
        assert_true (log_meter_take (&meter, 5 * SECOND + i));
    }
    assert_true (log_meter_deadline (&meter) == INT64_MAX);
    for (int i = 0; i < 1234; i++) {
        assert_false (log_meter_take (&meter, 5 * SECOND + 999999));
    }
    assert_int_equal (log_meter_deadline (&meter), 6 * SECOND);
    assert_int_equal (log_meter_roll (&meter, 6 * SECOND - 1), 0);
    assert_int_equal (log_meter_roll (&meter, 6 * SECOND), 1234);
    assert_int_equal (log_meter_roll (&meter, 6 * SECOND), 0);
    assert_true (log_meter_deadline (&meter) == INT64_MAX);
}

static void
the_next_second_starts_with_its_first_line (void **state)
{
    (void) state;
    log_meter_t meter = {0};
    assert_true (log_meter_take (&meter, 0));
    assert_int_equal (log_meter_roll (&meter, 10 * SECOND), 0);
    for (int i = 0; i < LOG_MESSAGE_LINES; i++) {
        assert_true (log_meter_take (&meter, 10 * SECOND + SECOND / 2));
    }
    assert_false (log_meter_take (&meter, 11 * SECOND));
    assert_int_equal (log_meter_roll (&meter, 11 * SECOND + SECOND / 2), 1);
}

int
main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (a_second_lets_its_limit_through_and_counts_the_rest),
        cmocka_unit_test (the_next_second_starts_with_its_first_line),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
