//  Unit tests of table: entries, their lists, packs, gates of hosts, each limit and one past it.

#include "consumer/table.h"
#include "tests/unit/fake_peer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

enum {
    MESSAGES = 100,
    PEER = LINKS_UP_MAX,
    OTHER = LINKS_UP_MAX + 1
};

#define HOLDER UINT64_C (9)

static table_t s_table;

static int
s_setup (void **state)
{
    (void) state;
    return table_init (&s_table, MESSAGES);
}

static int
s_teardown (void **state)
{
    (void) state;
    table_term (&s_table);
    return 0;
}

static uint32_t
s_add (uint64_t seq, uint64_t host)
{
    uint8_t pub = table_pub (&s_table, fake_text ("publisher-1"), UINT32_MAX);
    uint32_t slot = table_add (&s_table, (name_t){1, seq}, (grant_t){2, seq}, host, pub);
    if (slot != SLAB_NONE) {
        heap_set (s_table.deadlines, slot, (int64_t) seq);
    }
    return slot;
}

static uint32_t
s_add_unplaced (uint64_t seq)
{
    uint32_t slot = s_add (seq, seq);
    table_at (&s_table, slot)->raw = slab_take (s_table.raws);
    table_unplaced (&s_table, slot);
    return slot;
}

static void
an_entry_is_found_by_its_name_until_it_is_dropped (void **state)
{
    (void) state;
    uint32_t slot = s_add (7, 77);
    assert_int_equal (table_find (&s_table, (name_t){1, 7}), slot);
    assert_int_equal (table_find (&s_table, (name_t){2, 7}), SLAB_NONE);
    const entry_t *entry = table_at (&s_table, slot);
    assert_true (entry->grant.serial == 7 && entry->host == 77);
    assert_int_equal (s_table.pubs[entry->pub].in_hand, 1);
    table_drop (&s_table, slot);
    assert_int_equal (table_find (&s_table, (name_t){1, 7}), SLAB_NONE);
    assert_int_equal (s_table.pubs[0].in_hand, 0);
    assert_int_equal (heap_count (s_table.deadlines), 0);
}

static void
the_table_takes_its_limit_and_not_one_more (void **state)
{
    (void) state;
    for (uint64_t seq = 1; seq <= MESSAGES; seq++) {
        assert_int_not_equal (s_add (seq, seq), SLAB_NONE);
    }
    assert_int_equal (s_add (MESSAGES + 1, 1), SLAB_NONE);
    assert_int_equal (s_table.pubs[0].in_hand, MESSAGES);
    table_drop (&s_table, table_find (&s_table, (name_t){1, 50}));
    assert_int_not_equal (s_add (MESSAGES + 1, 1), SLAB_NONE);
}

static void
publishers_are_named_once_up_to_their_limit (void **state)
{
    (void) state;
    char name[16];
    for (uint8_t i = 0; i < CONSUMER_PUBS_MAX; i++) {
        snprintf (name, sizeof name, "publisher-%u", i);
        assert_int_equal (table_pub (&s_table, fake_text (name), UINT32_MAX), i);
        assert_int_equal (table_pub (&s_table, fake_text (name), UINT32_MAX), i);
    }
    assert_int_equal (table_pub (&s_table, fake_text ("one-more"), UINT32_MAX), PUB_NONE);
    assert_int_equal (table_pub (&s_table, fake_text ("publisher-3"), UINT32_MAX), 3);
}

static void
an_entry_stands_on_one_list_at_a_time (void **state)
{
    (void) state;
    uint32_t slot = s_add_unplaced (1);
    assert_int_equal (s_table.unplaced.count, 1);
    table_placed (&s_table, slot, PEER, HOLDER);
    assert_int_equal (s_table.unplaced.count, 0);
    assert_int_equal (s_table.at[PEER].count, 1);
    table_placed (&s_table, slot, OTHER, HOLDER);
    assert_int_equal (s_table.at[PEER].count, 0);
    assert_int_equal (s_table.at[OTHER].count, 1);
    table_settle (&s_table, slot, OUTCOME_LOST, REASON_DEAD);
    assert_int_equal (s_table.at[OTHER].count, 0);
    assert_int_equal (s_table.pubs[0].settling.count, 1);
    assert_int_equal (slab_used (s_table.raws), 0);
    table_drop (&s_table, slot);
    assert_int_equal (s_table.pubs[0].settling.count, 0);
}

static void
an_unplaced_entry_keeps_its_bytes_until_it_is_dropped (void **state)
{
    (void) state;
    uint32_t slot = s_add_unplaced (1);
    assert_int_equal (slab_used (s_table.raws), 1);
    table_drop (&s_table, slot);
    assert_int_equal (slab_used (s_table.raws), 0);
    assert_int_equal (s_table.unplaced.count, 0);
}

//  ---- Packs

static void
a_confirmed_pack_drops_all_that_it_settled_and_nothing_else (void **state)
{
    (void) state;
    for (uint64_t seq = 1; seq <= 6; seq++) {
        uint32_t slot = s_add (seq, seq);
        table_placed (&s_table, slot, PEER, HOLDER);
        table_pack (&s_table, slot, HOLDER, seq <= 4 ? 1 : 2);
    }
    assert_int_equal (table_confirm (&s_table, HOLDER, 3), 0);
    assert_int_equal (table_confirm (&s_table, HOLDER + 1, 1), 0);
    assert_int_equal (table_confirm (&s_table, HOLDER, 1), 4);
    assert_int_equal (table_confirm (&s_table, HOLDER, 1), 0);
    assert_int_equal (slab_used (s_table.entries), 2);
    assert_int_equal (s_table.at[PEER].count, 2);
}

static void
an_entry_leaves_its_pack_from_any_place_of_the_chain (void **state)
{
    (void) state;
    for (uint64_t leaves = 1; leaves <= 3; leaves++) {
        uint32_t slots[4];
        for (uint64_t seq = 1; seq <= 3; seq++) {
            slots[seq] = s_add (10 * leaves + seq, 0);
            table_placed (&s_table, slots[seq], PEER, HOLDER);
            table_pack (&s_table, slots[seq], HOLDER, leaves);
            table_pack (&s_table, slots[seq], HOLDER, leaves); // said again
        }
        table_settle (&s_table, slots[leaves], OUTCOME_LOST, REASON_DEAD);
        assert_int_equal (table_confirm (&s_table, HOLDER, leaves), 2);
        table_drop (&s_table, slots[leaves]);
    }
    assert_int_equal (slab_used (s_table.entries), 0);
    assert_int_equal (index_count (s_table.by_pack), 0);
}

static void
the_only_entry_of_a_pack_takes_the_pack_with_it (void **state)
{
    (void) state;
    uint32_t slot = s_add (1, 0);
    table_placed (&s_table, slot, PEER, HOLDER);
    table_pack (&s_table, slot, HOLDER, 1);
    table_drop (&s_table, slot);
    assert_int_equal (index_count (s_table.by_pack), 0);
}

static void
a_later_pack_takes_an_entry_over (void **state)
{
    (void) state;
    uint32_t slot = s_add (1, 0);
    table_placed (&s_table, slot, PEER, HOLDER);
    table_pack (&s_table, slot, HOLDER, 1);
    table_pack (&s_table, slot, HOLDER, 2);
    assert_int_equal (table_confirm (&s_table, HOLDER, 1), 0);
    assert_int_equal (table_confirm (&s_table, HOLDER, 2), 1);
}

static void
a_new_holder_or_a_new_lease_ends_a_pack (void **state)
{
    (void) state;
    uint32_t slot = s_add (1, 0);
    table_placed (&s_table, slot, PEER, HOLDER);
    table_pack (&s_table, slot, HOLDER, 1);
    table_placed (&s_table, slot, PEER, HOLDER); // listed again: still in its pack
    assert_true (table_at (&s_table, slot)->pack == 1);
    table_placed (&s_table, slot, OTHER, HOLDER + 1);
    assert_int_equal (table_confirm (&s_table, HOLDER, 1), 0);
    table_pack (&s_table, slot, HOLDER + 1, 1);
    table_at (&s_table, slot)->raw = slab_take (s_table.raws);
    table_unplaced (&s_table, slot);
    assert_int_equal (table_confirm (&s_table, HOLDER + 1, 1), 0);
    assert_true (table_at (&s_table, slot)->holder == 0);
}

//  ---- Gates of hosts

static void
a_host_is_busy_for_other_outboxes_only (void **state)
{
    (void) state;
    uint32_t slot = s_add (1, 77); // of outbox 1
    assert_false (table_busy (&s_table, 77, 1));
    assert_true (table_busy (&s_table, 77, 2));
    assert_false (table_busy (&s_table, 78, 2));
    s_add (2, 77);
    table_drop (&s_table, slot);
    assert_true (table_busy (&s_table, 77, 2)); // one of two is left
    table_drop (&s_table, table_find (&s_table, (name_t){1, 2}));
    assert_false (table_busy (&s_table, 77, 2));
    assert_int_equal (slab_used (s_table.gates), 0);
}

static void
host_0_has_no_gate (void **state)
{
    (void) state;
    s_add (1, 0);
    assert_false (table_busy (&s_table, 0, 2));
    assert_int_equal (slab_used (s_table.gates), 0);
}

static void
a_lease_lasts_its_length_and_the_publishers_slack (void **state)
{
    (void) state;
    entry_t entry = {.lease_ms = 3000};
    assert_true (table_lease_us (&entry) == 5000000);
    entry.lease_ms = UINT32_MAX;
    assert_true (table_lease_us (&entry) > INT64_C (7) * 1000000000000);
}

int
main (void)
{
#define TEST(name) cmocka_unit_test_setup_teardown (name, s_setup, s_teardown)
    const struct CMUnitTest tests[] = {
        TEST (an_entry_is_found_by_its_name_until_it_is_dropped),
        TEST (the_table_takes_its_limit_and_not_one_more),
        TEST (publishers_are_named_once_up_to_their_limit),
        TEST (an_entry_stands_on_one_list_at_a_time),
        TEST (an_unplaced_entry_keeps_its_bytes_until_it_is_dropped),
        TEST (a_confirmed_pack_drops_all_that_it_settled_and_nothing_else),
        TEST (an_entry_leaves_its_pack_from_any_place_of_the_chain),
        TEST (the_only_entry_of_a_pack_takes_the_pack_with_it),
        TEST (a_later_pack_takes_an_entry_over),
        TEST (a_new_holder_or_a_new_lease_ends_a_pack),
        TEST (a_host_is_busy_for_other_outboxes_only),
        TEST (host_0_has_no_gate),
        TEST (a_lease_lasts_its_length_and_the_publishers_slack),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
