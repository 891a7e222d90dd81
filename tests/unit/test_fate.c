//  Unit tests of fate: reproducible, and as often as asked for.

#include "handler/fate.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void
the_same_draw_gives_the_same_fate (void **state)
{
    (void) state;
    work_t work = {.delivery = 1, .id = {1, 2, 3}};
    int64_t us = fate_duration_us (7, &work, STEP_RESTARTED, 0, 1000000);
    assert_int_equal (fate_duration_us (7, &work, STEP_RESTARTED, 0, 1000000), us);
    assert_int_not_equal (fate_duration_us (7, &work, STEP_SAVED, 0, 1000000), us);
    assert_int_not_equal (fate_duration_us (8, &work, STEP_RESTARTED, 0, 1000000), us);
    work.delivery = 2;
    assert_int_not_equal (fate_duration_us (7, &work, STEP_RESTARTED, 0, 1000000), us);
}

static void
failures_come_as_often_as_they_should (void **state)
{
    (void) state;
    int failed = 0;
    for (int i = 0; i < 10000; i++) {
        work_t work = {.delivery = 1, .id = {(uint8_t) i, (uint8_t) (i >> 8)}};
        failed += fate_fails (1, &work, STEP_SAVED, 0.25);
        assert_false (fate_fails (1, &work, STEP_SAVED, 0));
        assert_true (fate_fails (1, &work, STEP_SAVED, 1));
        assert_in_range (fate_duration_us (1, &work, STEP_SAVED, 5, 9), 5, 9);
    }
    assert_in_range (failed, 2350, 2650);
}

int
main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (the_same_draw_gives_the_same_fate),
        cmocka_unit_test (failures_come_as_often_as_they_should),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
