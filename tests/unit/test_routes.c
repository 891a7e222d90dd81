//  Unit tests of routes: shared, counted, bounded, taking turns.

#include "handler/routes.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static text_t
s_text (const char *text)
{
    return (text_t){text, strlen (text)};
}

static void
a_route_lives_while_a_task_uses_it (void **state)
{
    (void) state;
    routes_t *routes = routes_new ();
    uint32_t one = routes_take (routes, s_text ("publisher-1"), 0);
    assert_int_equal (routes_take (routes, s_text ("publisher-1"), 0), one);
    assert_int_not_equal (routes_take (routes, s_text ("publisher-1"), 1), one);
    assert_int_not_equal (routes_take (routes, s_text ("publisher-2"), 0), one);
    assert_int_equal (routes_in_hand (routes, 0), 3);
    assert_int_equal (routes_in_hand (routes, 1), 1);
    assert_memory_equal (routes_publisher (routes, one).at, "publisher-1", 11);
    routes_give (routes, one);
    assert_int_equal (routes_at (routes, one)->tasks, 1);
    routes_give (routes, one);
    assert_int_equal (routes_in_hand (routes, 0), 1);
    assert_int_equal (routes_take (routes, s_text ("publisher-3"), 0), one); // the slot is free
    routes_destroy (&routes);
}

static void
there_is_room_for_so_many_routes_and_not_for_one_more (void **state)
{
    (void) state;
    routes_t *routes = routes_new ();
    char name[NAME_MAX_BYTES];
    for (int i = 0; i < ROUTES_MAX; i++) {
        snprintf (name, sizeof name, "p-%d", i);
        assert_int_not_equal (routes_take (routes, s_text (name), 0), SLAB_NONE);
    }
    assert_int_equal (routes_take (routes, s_text ("another"), 0), SLAB_NONE);
    assert_int_not_equal (routes_take (routes, s_text ("p-7"), 0), SLAB_NONE);
    assert_int_equal (routes_in_hand (routes, 0), ROUTES_MAX + 1);
    routes_destroy (&routes);
    assert_null (routes);
}

static void
routes_that_are_ready_take_turns (void **state)
{
    (void) state;
    routes_t *routes = routes_new ();
    list_link_t links[4];
    uint32_t one = routes_take (routes, s_text ("publisher-1"), 0);
    uint32_t two = routes_take (routes, s_text ("publisher-2"), 0);
    list_append (&routes_at (routes, one)->settling, links, 0);
    list_append (&routes_at (routes, two)->settling, links, 1);
    assert_false (routes_any_ready (routes));
    routes_ready (routes, one);
    routes_ready (routes, two);
    routes_ready (routes, one);
    assert_int_equal (routes_next_ready (routes), one);
    routes_ready (routes, one);
    assert_int_equal (routes_next_ready (routes), two);
    assert_int_equal (routes_next_ready (routes), one);
    assert_int_equal (routes_next_ready (routes), SLAB_NONE);
    routes_destroy (&routes);
}

int
main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (a_route_lives_while_a_task_uses_it),
        cmocka_unit_test (there_is_room_for_so_many_routes_and_not_for_one_more),
        cmocka_unit_test (routes_that_are_ready_take_turns),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
