//  Unit tests of the gates of hosts.

#include "publisher/hosts.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

enum {
    CAPACITY = 8,
    HOST = 77
};

static void
one_is_admitted_and_the_next_waits (void **state)
{
    (void) state;
    list_link_t links[CAPACITY];
    hosts_t *hosts = hosts_new (CAPACITY, 1);
    assert_true (hosts_open (hosts, HOST));
    uint32_t gate = hosts_admit (hosts, HOST);
    assert_false (hosts_open (hosts, HOST));
    assert_true (hosts_open (hosts, HOST + 1));
    assert_int_equal (hosts_gate (hosts, HOST), gate);
    list_append (hosts_chain (hosts, gate), links, 3);
    list_t *chain = hosts_leave (hosts, gate);
    assert_ptr_equal (chain, hosts_chain (hosts, gate));
    assert_int_equal (list_shift (chain, links), 3);
    assert_int_equal (hosts_admit (hosts, HOST), gate);
    assert_null (hosts_leave (hosts, gate));
    assert_int_equal (hosts_count (hosts), 0);
    hosts_destroy (&hosts);
    hosts_destroy (&hosts);
}

static void
two_at_a_time_are_two (void **state)
{
    (void) state;
    hosts_t *hosts = hosts_new (CAPACITY, 2);
    uint32_t gate = hosts_admit (hosts, HOST);
    assert_true (hosts_open (hosts, HOST));
    assert_int_equal (hosts_admit (hosts, HOST), gate);
    assert_false (hosts_open (hosts, HOST));
    assert_int_equal (hosts_admitted (hosts, gate), 2);
    assert_null (hosts_leave (hosts, gate));
    assert_true (hosts_open (hosts, HOST));
    assert_null (hosts_leave (hosts, gate));
    hosts_destroy (&hosts);
}

static void
past_the_limit_nobody_is_woken_until_there_is_room (void **state)
{
    (void) state;
    list_link_t links[CAPACITY];
    hosts_t *hosts = hosts_new (CAPACITY, 1);
    uint32_t gate = hosts_admit (hosts, HOST);
    hosts_admit (hosts, HOST); // leased before a crash, too
    list_append (hosts_chain (hosts, gate), links, 0);
    assert_null (hosts_leave (hosts, gate));
    assert_non_null (hosts_leave (hosts, gate));
    hosts_destroy (&hosts);
}

static void
zero_is_no_gate_at_all (void **state)
{
    (void) state;
    hosts_t *hosts = hosts_new (CAPACITY, 0);
    for (int i = 0; i < 2 * CAPACITY; i++) {
        assert_true (hosts_open (hosts, HOST));
        assert_int_equal (hosts_admit (hosts, HOST), SLAB_NONE);
    }
    assert_null (hosts_leave (hosts, SLAB_NONE));
    assert_int_equal (hosts_count (hosts), 0);
    hosts_destroy (&hosts);
}

static void
there_may_be_as_many_hosts_as_messages (void **state)
{
    (void) state;
    hosts_t *hosts = hosts_new (CAPACITY, 1);
    uint32_t gates[CAPACITY];
    for (uint32_t i = 0; i < CAPACITY; i++) {
        gates[i] = hosts_admit (hosts, i);
    }
    assert_int_equal (hosts_count (hosts), CAPACITY);
    for (uint32_t i = 0; i < CAPACITY; i++) {
        hosts_leave (hosts, gates[i]);
        assert_true (hosts_open (hosts, i));
    }
    assert_int_equal (hosts_count (hosts), 0);
    hosts_destroy (&hosts);
}

int
main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (one_is_admitted_and_the_next_waits),
        cmocka_unit_test (two_at_a_time_are_two),
        cmocka_unit_test (past_the_limit_nobody_is_woken_until_there_is_room),
        cmocka_unit_test (zero_is_no_gate_at_all),
        cmocka_unit_test (there_may_be_as_many_hosts_as_messages),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
