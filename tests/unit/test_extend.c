//  Unit tests of extend: the schedule of extensions and the fence, by hand-moved time.

#include "handler/extend.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

enum {
    LEASE = 3000000
};

static extend_t
s_begun (int64_t now_us)
{
    extend_t self;
    extend_begin (&self, now_us, LEASE);
    return self;
}

static void
the_first_extension_is_due_at_receipt_and_the_lease_ends_one_lease_later (void **state)
{
    (void) state;
    extend_t self = s_begun (100000);
    assert_true (extend_due (&self, 100000));
    assert_int_equal (extend_deadline (&self), 100000);
    assert_int_equal (self.end_us, 3100000);
    assert_int_equal (extend_term_us (&self), 2600000);
    assert_false (self.held);
}

static void
an_answered_extension_is_followed_by_one_every_two_thirds (void **state)
{
    (void) state;
    extend_t self = s_begun (0);
    for (uint32_t number = 1; number <= 5; number++) {
        int64_t now_us = (number - 1) * 2000000;
        assert_int_equal (extend_deadline (&self), now_us);
        assert_true (extend_send (&self, now_us));
        assert_int_equal (self.number, number);
        assert_true (extend_held (&self, now_us + 10000, number));
        assert_int_equal (self.end_us, now_us + LEASE);
    }
    assert_true (self.held);
}

static void
an_unanswered_one_is_repeated_every_twelfth_and_does_not_count (void **state)
{
    (void) state;
    extend_t self = s_begun (0);
    assert_true (extend_send (&self, 0));
    for (int repeat = 1; repeat < 8; repeat++) {
        int64_t due_us = extend_deadline (&self);
        assert_int_equal (due_us, repeat * 250000);
        assert_false (extend_due (&self, due_us - 1));
        assert_false (extend_send (&self, due_us));
    }
    assert_true (extend_send (&self, 2000000)); // the next slot
    assert_int_equal (self.number, 9);
}

static void
an_answer_to_any_of_the_last_eight_counts_from_its_sending (void **state)
{
    (void) state;
    extend_t self = s_begun (0);
    for (int i = 0; i < EXTEND_SENT_MAX + 1; i++) {
        extend_send (&self, i * 300000);
    }
    assert_int_equal (self.number, 9);
    assert_false (extend_held (&self, 2500000, 1)); // one too old
    assert_true (extend_held (&self, 2500000, 2));
    assert_int_equal (self.end_us, 300000 + LEASE);
    assert_true (extend_held (&self, 2500000, 9));
    assert_int_equal (self.end_us, 2400000 + LEASE);
    assert_true (extend_held (&self, 2500000, 3)); // late, and shortens nothing
    assert_int_equal (self.end_us, 2400000 + LEASE);
    assert_false (extend_held (&self, 2500000, 10));
    assert_false (extend_held (&self, 2500000, 0));
}

static void
an_answer_to_a_former_slot_does_not_stop_the_repetition (void **state)
{
    (void) state;
    extend_t self = s_begun (0);
    extend_send (&self, 0);
    extend_send (&self, 2000000);
    assert_true (extend_held (&self, 2001000, 1));
    assert_int_equal (extend_deadline (&self), 2250000);
    assert_true (extend_held (&self, 2002000, 2));
    assert_int_equal (extend_deadline (&self), 4000000);
}

static void
a_slot_that_was_slept_through_is_made_up_once (void **state)
{
    (void) state;
    extend_t self = s_begun (0);
    extend_send (&self, 0);
    extend_held (&self, 1, 1);
    assert_true (extend_send (&self, 9000000));
    extend_held (&self, 9001000, 2);
    assert_int_equal (extend_deadline (&self), 11000000);
}

static void
however_short_the_lease_nobody_extends_faster_than_the_pace (void **state)
{
    (void) state;
    extend_t self;
    extend_begin (&self, 0, 1000);
    assert_true (extend_send (&self, 0));
    assert_int_equal (extend_deadline (&self), EXTEND_PACE_US);
    extend_begin (&self, 0, EXTEND_PACE_US * EXTEND_AGAIN_PART);
    extend_send (&self, 0);
    assert_int_equal (extend_deadline (&self), EXTEND_PACE_US);
    extend_begin (&self, 0, EXTEND_PACE_US * EXTEND_AGAIN_PART + EXTEND_AGAIN_PART);
    extend_send (&self, 0);
    assert_int_equal (extend_deadline (&self), EXTEND_PACE_US + 1);
}

static void
a_takeover_begins_anew_but_numbers_go_on (void **state)
{
    (void) state;
    extend_t self = s_begun (0);
    extend_send (&self, 0);
    extend_take_over (&self, 1500000, LEASE, false);
    assert_int_equal (self.end_us, 4500000);
    assert_false (extend_held (&self, 1500000, 1));
    assert_true (extend_send (&self, 1500000));
    assert_int_equal (self.number, 2);
    assert_true (extend_held (&self, 1600000, 2));
}

static void
a_fenced_takeover_keeps_the_end_until_held (void **state)
{
    (void) state;
    extend_t self = s_begun (0);
    extend_send (&self, 0);
    extend_take_over (&self, 1500000, LEASE, true);
    assert_int_equal (self.end_us, 3000000);
    extend_send (&self, 1500000);
    assert_true (extend_held (&self, 1600000, 2));
    assert_int_equal (self.end_us, 4500000);
}

int
main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (the_first_extension_is_due_at_receipt_and_the_lease_ends_one_lease_later),
        cmocka_unit_test (an_answered_extension_is_followed_by_one_every_two_thirds),
        cmocka_unit_test (an_unanswered_one_is_repeated_every_twelfth_and_does_not_count),
        cmocka_unit_test (an_answer_to_any_of_the_last_eight_counts_from_its_sending),
        cmocka_unit_test (an_answer_to_a_former_slot_does_not_stop_the_repetition),
        cmocka_unit_test (a_slot_that_was_slept_through_is_made_up_once),
        cmocka_unit_test (however_short_the_lease_nobody_extends_faster_than_the_pace),
        cmocka_unit_test (a_takeover_begins_anew_but_numbers_go_on),
        cmocka_unit_test (a_fenced_takeover_keeps_the_end_until_held),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
