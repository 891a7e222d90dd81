//  Unit tests of packs: numbered, sent again, confirmed once.

#include "handler/packs.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void
packs_are_numbered_from_one_and_confirmed_once (void **state)
{
    (void) state;
    packs_t *packs = packs_new (4);
    for (uint64_t number = 1; number <= 4; number++) {
        uint32_t pack = packs_open (packs, 0);
        packs_sent (packs, pack, 0, 0);
        assert_int_equal (packs_at (packs, pack)->number, number);
    }
    assert_int_equal (packs_out (packs, 0), 4);
    assert_true (packs_confirm (packs, 3));
    assert_false (packs_confirm (packs, 3));
    assert_false (packs_confirm (packs, 5));
    assert_int_equal (packs_out (packs, 0), 3);
    uint32_t pack = packs_next_confirmed (packs);
    assert_int_equal (packs_at (packs, pack)->number, 3);
    packs_close (packs, pack);
    assert_int_equal (packs_next_confirmed (packs), SLAB_NONE);
    assert_int_equal (packs_at (packs, packs_open (packs, 0))->number, 5);
    packs_destroy (&packs);
    packs_destroy (&packs);
    assert_null (packs);
}

static void
the_pack_that_was_sent_longest_ago_is_due_first (void **state)
{
    (void) state;
    packs_t *packs = packs_new (4);
    uint32_t one = packs_open (packs, 0);
    uint32_t two = packs_open (packs, 0);
    assert_int_equal (packs_deadline (packs), INT64_MAX);
    packs_sent (packs, one, 0, 100);
    packs_sent (packs, two, 1, 200);
    assert_int_equal (packs_deadline (packs), 100 + RESEND_US);
    assert_int_equal (packs_due (packs, 99 + RESEND_US), SLAB_NONE);
    assert_int_equal (packs_due (packs, 100 + RESEND_US), one);
    packs_sent (packs, one, 1, 100 + RESEND_US);
    assert_int_equal (packs_out (packs, 0), 0);
    assert_int_equal (packs_out (packs, 1), 2);
    assert_int_equal (packs_due (packs, 200 + RESEND_US), two);
    packs_destroy (&packs);
}

static void
a_new_link_makes_all_of_them_due_once (void **state)
{
    (void) state;
    packs_t *packs = packs_new (8);
    for (int i = 0; i < 8; i++) {
        packs_sent (packs, packs_open (packs, 0), 0, i);
    }
    packs_again (packs);
    for (int i = 0; i < 8; i++) {
        uint32_t pack = packs_due (packs, 1000);
        assert_int_not_equal (pack, SLAB_NONE);
        packs_sent (packs, pack, 0, 1000);
    }
    assert_int_equal (packs_due (packs, 1000), SLAB_NONE);
    assert_int_equal (packs_deadline (packs), 1000 + RESEND_US);
    packs_destroy (&packs);
}

int
main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (packs_are_numbered_from_one_and_confirmed_once),
        cmocka_unit_test (the_pack_that_was_sent_longest_ago_is_due_first),
        cmocka_unit_test (a_new_link_makes_all_of_them_due_once),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
