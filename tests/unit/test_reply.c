//  Unit tests of the queues of answers and confirmations.

#include "publisher/reply.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void
answers_come_out_in_order_for_each_neighbour (void **state)
{
    (void) state;
    reply_t *reply = reply_new ();
    for (uint32_t i = 0; i < 6; i++) {
        reply_answer (reply, i % 2, 1, &(claim_t){.extension = i});
    }
    for (uint32_t i = 0; i < 6; i++) {
        assert_int_equal (reply_first_answer (reply, i % 2)->claim.extension, i);
        reply_drop_answer (reply, i % 2);
    }
    assert_null (reply_first_answer (reply, 0));
    reply_destroy (&reply);
    reply_destroy (&reply);
}

static void
what_does_not_fit_is_not_kept_and_room_comes_back (void **state)
{
    (void) state;
    reply_t *reply = reply_new ();
    for (uint32_t i = 0; i <= ANSWERS_MAX; i++) {
        reply_answer (reply, 0, 1, &(claim_t){.extension = i});
    }
    assert_int_equal (reply->answers[0].count, ANSWERS_MAX);
    reply_drop_answer (reply, 0);
    reply_answer (reply, 1, 1, &(claim_t){.extension = 5});
    assert_int_equal (reply_first_answer (reply, 1)->claim.extension, 5);
    for (uint32_t i = 0; i <= CONFIRMS_HELD; i++) {
        reply_confirm (reply, 0, &(confirm_t){.number = i});
    }
    assert_int_equal (reply->confirms[0].count, CONFIRMS_HELD);
    reply_destroy (&reply);
}

static void
confirmations_wait_until_they_are_taken (void **state)
{
    (void) state;
    reply_t *reply = reply_new ();
    reply_confirm (reply, 3, &(confirm_t){.number = 9, .need = 4});
    assert_null (reply_first_confirm (reply, 2));
    assert_int_equal (reply_first_confirm (reply, 3)->need, 4);
    reply_drop_confirm (reply, 3);
    assert_null (reply_first_confirm (reply, 3));
    reply_destroy (&reply);
}

int
main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (answers_come_out_in_order_for_each_neighbour),
        cmocka_unit_test (what_does_not_fit_is_not_kept_and_room_comes_back),
        cmocka_unit_test (confirmations_wait_until_they_are_taken),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
