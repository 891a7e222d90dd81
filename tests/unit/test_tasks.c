//  Unit tests of tasks: found by name and number, ordered by age and time, bounded.

#include "handler/tasks.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define LONGEST INT64_C (60000000)

static uint32_t
s_take (tasks_t *tasks, uint64_t seq)
{
    work_t work = {.name = {7, seq}, .lease_ms = 3000};
    return tasks_take (tasks, &work, 0, LONGEST);
}

static void
there_is_room_for_so_many_and_not_for_one_more (void **state)
{
    (void) state;
    tasks_t *tasks = tasks_new (3);
    for (uint64_t seq = 1; seq <= 3; seq++) {
        assert_int_not_equal (s_take (tasks, seq), SLAB_NONE);
    }
    assert_int_equal (s_take (tasks, 4), SLAB_NONE);
    assert_int_equal (tasks_room (tasks), 0);
    tasks_give (tasks, tasks_find (tasks, (name_t){7, 2}));
    assert_int_not_equal (s_take (tasks, 4), SLAB_NONE);
    assert_int_equal (tasks_find (tasks, (name_t){7, 2}), SLAB_NONE);
    tasks_destroy (&tasks);
    tasks_destroy (&tasks);
    assert_null (tasks);
}

static void
a_number_is_never_used_again (void **state)
{
    (void) state;
    tasks_t *tasks = tasks_new (1);
    uint32_t slot = s_take (tasks, 1);
    uint64_t former = tasks_at (tasks, slot)->number;
    assert_int_equal (tasks_numbered (tasks, former), slot);
    tasks_give (tasks, slot);
    assert_int_equal (tasks_numbered (tasks, former), SLAB_NONE);
    assert_int_equal (s_take (tasks, 2), slot);
    assert_int_equal (tasks_numbered (tasks, former), SLAB_NONE);
    assert_int_equal (tasks_numbered (tasks, UINT64_MAX), SLAB_NONE);
    tasks_destroy (&tasks);
}

static void
a_name_means_its_newest_delivery_whichever_ends_first (void **state)
{
    (void) state;
    for (int order = 0; order < 2; order++) {
        tasks_t *tasks = tasks_new (2);
        uint32_t old = s_take (tasks, 1);
        tasks_at (tasks, old)->state = TASK_SETTLED;
        uint32_t new = s_take (tasks, 1);
        assert_int_equal (tasks_find (tasks, (name_t){7, 1}), new);
        assert_true (tasks_at (tasks, old)->former);
        tasks_give (tasks, order ? new : old);
        assert_int_equal (tasks_find (tasks, (name_t){7, 1}), order ? SLAB_NONE : new);
        tasks_give (tasks, order ? old : new);
        assert_int_equal (tasks_count (tasks), 0);
        tasks_destroy (&tasks);
    }
}

static void
what_was_touched_comes_once_and_in_order (void **state)
{
    (void) state;
    tasks_t *tasks = tasks_new (3);
    uint32_t one = s_take (tasks, 1), two = s_take (tasks, 2), three = s_take (tasks, 3);
    tasks_touch (tasks, two);
    tasks_touch (tasks, one);
    tasks_touch (tasks, two);
    tasks_at (tasks, three)->state = TASK_SETTLED;
    tasks_touch (tasks, three); // decided: nothing to look at
    assert_int_equal (tasks_next_touched (tasks), two);
    assert_int_equal (tasks_next_touched (tasks), one);
    assert_int_equal (tasks_next_touched (tasks), SLAB_NONE);
    assert_false (tasks_any_touched (tasks));
    tasks_destroy (&tasks);
}

static void
age_and_times_are_two_orders (void **state)
{
    (void) state;
    tasks_t *tasks = tasks_new (3);
    uint32_t one = s_take (tasks, 1), two = s_take (tasks, 2);
    tasks_due_at (tasks, one, 200);
    tasks_due_at (tasks, two, 100);
    assert_int_equal (tasks_deadline (tasks), 100);
    assert_int_equal (tasks_next_due (tasks, 99), SLAB_NONE);
    assert_int_equal (tasks_next_due (tasks, 300), two);
    tasks_due_at (tasks, one, INT64_MAX);
    assert_int_equal (tasks_deadline (tasks), INT64_MAX);
    assert_int_equal (tasks_next_due (tasks, INT64_MAX), SLAB_NONE);
    assert_int_equal (tasks_oldest (tasks), one);
    assert_int_equal (tasks_younger (tasks, one), two);
    assert_int_equal (tasks_younger (tasks, two), SLAB_NONE);
    tasks_destroy (&tasks);
}

static void
extensions_wait_by_consumer (void **state)
{
    (void) state;
    tasks_t *tasks = tasks_new (2);
    uint32_t one = s_take (tasks, 1), two = s_take (tasks, 2);
    tasks_to_send (tasks, one, 0);
    tasks_to_send (tasks, one, 0);
    tasks_to_send (tasks, two, LINKS_UP_MAX - 1);
    assert_int_equal (tasks_any_to_send (tasks, 0), 1);
    tasks_not_to_send (tasks, one, 0);
    tasks_not_to_send (tasks, one, 0);
    assert_int_equal (tasks_next_to_send (tasks, 0), SLAB_NONE);
    assert_int_equal (tasks_next_to_send (tasks, LINKS_UP_MAX - 1), two);
    assert_false (tasks_at (tasks, two)->sending);
    tasks_destroy (&tasks);
}

int
main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (there_is_room_for_so_many_and_not_for_one_more),
        cmocka_unit_test (a_number_is_never_used_again),
        cmocka_unit_test (a_name_means_its_newest_delivery_whichever_ends_first),
        cmocka_unit_test (what_was_touched_comes_once_and_in_order),
        cmocka_unit_test (age_and_times_are_two_orders),
        cmocka_unit_test (extensions_wait_by_consumer),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
