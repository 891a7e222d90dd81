//  Unit tests of the journal: changes, tickets, and what is durable.

#include "publisher/journal.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

enum {
    CAPACITY = JOURNAL_TICKETS + 10
};

static void
tickets_follow_the_order_of_changes (void **state)
{
    (void) state;
    journal_t *journal = journal_new (CAPACITY);
    uint64_t first = journal_change (journal, 7);
    uint64_t second = journal_change (journal, 3);
    uint32_t slot;
    uint64_t ticket;
    assert_false (journal_idle (journal));
    assert_int_equal (journal_issue (journal, &slot, first), 1);
    assert_int_equal (slot, 7);
    assert_int_equal (journal_issue (journal, &slot, second), 2);
    assert_false (journal_walk (journal, &slot, &ticket));
    journal_through (journal, 2);
    assert_true (journal_walk (journal, &slot, &ticket));
    assert_int_equal (slot, 7);
    assert_int_equal (journal->durable, first);
    assert_true (journal_walk (journal, &slot, &ticket));
    assert_int_equal (ticket, 2);
    assert_int_equal (journal->durable, second);
    assert_true (journal_idle (journal));
    journal_destroy (&journal);
    journal_destroy (&journal);
}

static void
granted_is_durable_with_its_ticket (void **state)
{
    (void) state;
    journal_t *journal = journal_new (CAPACITY);
    uint32_t slot;
    uint64_t ticket;
    assert_int_equal (journal_issue_granted (journal, 50), 1);
    assert_int_equal (journal->asked, 50);
    assert_int_equal (journal->granted, 0);
    journal_through (journal, 1);
    assert_true (journal_walk (journal, &slot, &ticket));
    assert_int_equal (slot, SLAB_NONE);
    assert_int_equal (journal->granted, 50);
    journal_destroy (&journal);
}

static void
nonsense_from_the_store_is_ignored (void **state)
{
    (void) state;
    journal_t *journal = journal_new (CAPACITY);
    uint32_t slot;
    journal_issue (journal, &slot, journal_change (journal, 0));
    journal_through (journal, 2);
    assert_int_equal (journal->through, 0);
    journal_through (journal, 1);
    journal_through (journal, 0);
    assert_int_equal (journal->through, 1);
    journal_destroy (&journal);
}

static void
tickets_end_at_their_limit_and_on_a_full_disk (void **state)
{
    (void) state;
    journal_t *journal = journal_new (CAPACITY);
    uint32_t slot;
    uint64_t ticket;
    for (uint32_t i = 0; i < JOURNAL_TICKETS; i++) {
        assert_int_equal (journal_room (journal), JOURNAL_TICKETS - i);
        journal_issue (journal, &slot, journal_change (journal, i));
    }
    assert_int_equal (journal_room (journal), 0);
    journal_through (journal, 10);
    for (int i = 0; i < 10; i++) {
        assert_true (journal_walk (journal, &slot, &ticket));
    }
    assert_int_equal (journal_room (journal), 10);
    journal->full = true;
    assert_int_equal (journal_room (journal), 0);
    journal_destroy (&journal);
}

int
main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (tickets_follow_the_order_of_changes),
        cmocka_unit_test (granted_is_durable_with_its_ticket),
        cmocka_unit_test (nonsense_from_the_store_is_ignored),
        cmocka_unit_test (tickets_end_at_their_limit_and_on_a_full_disk),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
