//  Unit tests of the outbox: texts of both sizes, look-ups, rows, and full to the last slot.

#include "publisher/outbox.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

enum {
    CAPACITY = 8
};

static char s_long[REASON_MAX_BYTES + 50];

static text_t
s_text (const char *text)
{
    return (text_t){text, strlen (text)};
}

static row_t
s_row (uint64_t seq)
{
    return (row_t){.seq = seq, .instance = s_text ("cattle-gw75"), .hostname = s_text ("gw75")};
}

static void
s_free (outbox_t *outbox, uint32_t slot)
{
    outbox_set_state (outbox, outbox_at (outbox, slot), MESSAGE_LEAVING);
    outbox_free (outbox, slot);
}

static bool
s_is (text_t text, const char *wanted)
{
    return text.length == strlen (wanted) && memcmp (text.at, wanted, text.length) == 0;
}

static void
a_message_keeps_its_texts_and_counters (void **state)
{
    (void) state;
    outbox_t *outbox = outbox_new (CAPACITY);
    row_t row = s_row (5);
    row.reason = s_text ("stuck");
    row.requested_by = s_text ("alice");
    row.why = s_text ("exit 1");
    row.delivery = 3;
    row.lost = 2;
    row.failures = 1;
    row.extended = 9;
    row.steps = 0xff;
    uint32_t slot = outbox_add (outbox, &row);
    const message_t *message = outbox_at (outbox, slot);
    assert_true (s_is (outbox_text (outbox, message, TEXT_INSTANCE), "cattle-gw75"));
    assert_true (s_is (outbox_text (outbox, message, TEXT_HOSTNAME), "gw75"));
    assert_true (s_is (outbox_text (outbox, message, TEXT_REASON), "stuck"));
    assert_true (s_is (outbox_text (outbox, message, TEXT_REQUESTED_BY), "alice"));
    assert_true (s_is (outbox_why (outbox, message), "exit 1"));
    row_t out = outbox_row (outbox, slot, 0);
    assert_int_equal (out.seq, 5);
    assert_int_equal (out.delivery, 3);
    assert_int_equal (out.lost, 2);
    assert_int_equal (out.failures, 1);
    assert_int_equal (out.extended, 9);
    assert_int_equal (out.steps, STEPS_ALL);
    assert_true (s_is (out.requested_by, "alice"));
    outbox_destroy (&outbox);
}

static void
texts_at_the_small_limit_and_one_past_it_are_kept (void **state)
{
    (void) state;
    outbox_t *outbox = outbox_new (CAPACITY);
    row_t row = s_row (1);
    size_t others = row.instance.length + row.hostname.length;
    for (uint64_t more = 0; more < 2; more++) {
        row.seq = 1 + more;
        row.reason = (text_t){s_long, OUTBOX_SMALL_BYTES - others + more};
        const message_t *message = outbox_at (outbox, outbox_add (outbox, &row));
        assert_int_equal (message->large, more);
        text_t reason = outbox_text (outbox, message, TEXT_REASON);
        assert_int_equal (reason.length, row.reason.length);
        assert_memory_equal (reason.at, s_long, reason.length);
    }
    outbox_destroy (&outbox);
}

static void
texts_past_their_limits_are_cut (void **state)
{
    (void) state;
    outbox_t *outbox = outbox_new (CAPACITY);
    row_t row = s_row (1);
    row.reason = row.why = (text_t){s_long, sizeof s_long};
    const message_t *message = outbox_at (outbox, outbox_add (outbox, &row));
    assert_int_equal (outbox_text (outbox, message, TEXT_REASON).length, REASON_MAX_BYTES);
    assert_int_equal (outbox_why (outbox, message).length, REASON_MAX_BYTES);
    outbox_destroy (&outbox);
}

static void
a_reason_is_replaced (void **state)
{
    (void) state;
    outbox_t *outbox = outbox_new (CAPACITY);
    row_t row = s_row (1);
    message_t *message = outbox_at (outbox, outbox_add (outbox, &row));
    assert_int_equal (outbox_why (outbox, message).length, 0);
    outbox_set_why (outbox, message, s_text ("a step failed"));
    outbox_set_why (outbox, message, s_text ("lost"));
    assert_true (s_is (outbox_why (outbox, message), "lost"));
    outbox_set_why (outbox, message, s_text (""));
    assert_int_equal (outbox_why (outbox, message).length, 0);
    outbox_destroy (&outbox);
}

static void
messages_are_found_by_seq_and_by_their_own_id (void **state)
{
    (void) state;
    outbox_t *outbox = outbox_new (CAPACITY);
    row_t row = s_row (1);
    memcpy (row.id, "0123456789abcdef", ID_BYTES);
    uint32_t first = outbox_add (outbox, &row); // not its own id: not found by it
    assert_int_equal (outbox_find_id (outbox, row.id), SLAB_NONE);
    row.own_id = 1;
    row.seq = 2;
    uint32_t second = outbox_add (outbox, &row);
    row.seq = 3;
    uint32_t third = outbox_add (outbox, &row); // the id is taken
    assert_int_equal (outbox_find (outbox, 1), first);
    assert_int_equal (outbox_find (outbox, 2), second);
    assert_int_equal (outbox_find (outbox, 4), SLAB_NONE);
    assert_int_equal (outbox_find_id (outbox, row.id), second);
    s_free (outbox, third);
    assert_int_equal (outbox_find_id (outbox, row.id), second);
    s_free (outbox, second);
    assert_int_equal (outbox_find_id (outbox, row.id), SLAB_NONE);
    assert_int_equal (outbox_find (outbox, 2), SLAB_NONE);
    outbox_destroy (&outbox);
}

static void
it_is_full_at_its_capacity_and_reusable (void **state)
{
    (void) state;
    outbox_t *outbox = outbox_new (CAPACITY);
    for (int round = 0; round < 3; round++) {
        for (uint64_t seq = 1; seq <= CAPACITY; seq++) {
            row_t row = s_row (seq);
            row.reason = (text_t){s_long, seq % 2 ? REASON_MAX_BYTES : 3};
            row.why = s_text ("why");
            outbox_add (outbox, &row);
        }
        assert_int_equal (outbox_room (outbox), 0);
        assert_int_equal (outbox_count (outbox, MESSAGE_STORING), CAPACITY);
        for (uint64_t seq = 1; seq <= CAPACITY; seq++) {
            s_free (outbox, outbox_find (outbox, seq));
        }
        assert_int_equal (outbox_used (outbox), 0);
        assert_int_equal (outbox_high (outbox), CAPACITY);
    }
    assert_int_equal (outbox_count (outbox, MESSAGE_LEAVING), 0);
    assert_false (outbox_taken (outbox, 0));
    outbox_destroy (&outbox);
    outbox_destroy (&outbox);
}

static void
a_row_says_dead_only_when_it_is_or_will_be (void **state)
{
    (void) state;
    outbox_t *outbox = outbox_new (CAPACITY);
    row_t row = s_row (1);
    uint32_t slot = outbox_add (outbox, &row);
    message_t *message = outbox_at (outbox, slot);
    message->next = MESSAGE_READY;
    message->due_us = 500;
    assert_int_equal (outbox_row (outbox, slot, 0).dead, 0);
    assert_int_equal (outbox_row (outbox, slot, 100).delay_us, 400);
    assert_int_equal (outbox_row (outbox, slot, 501).delay_us, 0);
    message->next = MESSAGE_DEAD;
    assert_int_equal (outbox_row (outbox, slot, 0).dead, 1);
    outbox_set_state (outbox, message, MESSAGE_DEAD);
    assert_int_equal (outbox_row (outbox, slot, 0).dead, 1);
    outbox_destroy (&outbox);
}

int
main (void)
{
    for (size_t i = 0; i < sizeof s_long; i++) {
        s_long[i] = (char) ('a' + i % 26);
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (a_message_keeps_its_texts_and_counters),
        cmocka_unit_test (texts_at_the_small_limit_and_one_past_it_are_kept),
        cmocka_unit_test (texts_past_their_limits_are_cut),
        cmocka_unit_test (a_reason_is_replaced),
        cmocka_unit_test (messages_are_found_by_seq_and_by_their_own_id),
        cmocka_unit_test (it_is_full_at_its_capacity_and_reusable),
        cmocka_unit_test (a_row_says_dead_only_when_it_is_or_will_be),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
