//  Unit tests of the ready buckets and whom they belong to.

#include "common/core/prng.h"
#include "publisher/ready.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

enum {
    MESSAGES = 2000
};

static ready_t s_ready;
static list_link_t s_homes[MESSAGES];

static uint64_t
s_host (uint32_t i)
{
    return prng_hash (i, 0, 0);
}

static void
s_fill (void)
{
    ready_init (&s_ready);
    for (uint32_t i = 0; i < MESSAGES; i++) {
        ready_add (&s_ready, s_homes, i, s_host (i));
    }
}

//  Take everything that belongs to a route; returns how many there were.
static uint32_t
s_drain (uint32_t route)
{
    uint32_t count = 0;
    for (;;) {
        uint32_t slot = ready_next (&s_ready, route);
        if (slot == SLAB_NONE) {
            return count;
        }
        ready_remove (&s_ready, s_homes, slot, s_host (slot));
        count++;
    }
}

static void
without_consumers_nobody_gets_anything (void **state)
{
    (void) state;
    s_fill ();
    for (uint32_t route = 0; route < LINKS_DOWN_MAX; route++) {
        assert_int_equal (ready_next (&s_ready, route), SLAB_NONE);
    }
}

static void
one_consumer_gets_everything (void **state)
{
    (void) state;
    s_fill ();
    ready_deal (&s_ready, (uint64_t[LINKS_DOWN_MAX]){[5] = 11});
    assert_int_equal (s_drain (5), MESSAGES);
}

static void
a_third_consumer_takes_only_its_share (void **state)
{
    (void) state;
    uint8_t before[READY_BUCKETS];
    s_fill ();
    ready_deal (&s_ready, (uint64_t[LINKS_DOWN_MAX]){11, 22});
    memcpy (before, s_ready.owners, sizeof before);
    ready_deal (&s_ready, (uint64_t[LINKS_DOWN_MAX]){11, 22, 33});
    uint32_t moved = 0;
    for (uint32_t i = 0; i < READY_BUCKETS; i++) {
        assert_true (s_ready.owners[i] == before[i] || s_ready.owners[i] == 2);
        moved += s_ready.owners[i] != before[i];
    }
    assert_in_range (moved, READY_BUCKETS / 6, READY_BUCKETS / 2);
    assert_int_equal (s_drain (0) + s_drain (1) + s_drain (2), MESSAGES);
}

static void
who_leaves_gives_its_buckets_to_the_others (void **state)
{
    (void) state;
    s_fill ();
    ready_deal (&s_ready, (uint64_t[LINKS_DOWN_MAX]){11, 22});
    ready_deal (&s_ready, (uint64_t[LINKS_DOWN_MAX]){11});
    assert_int_equal (ready_next (&s_ready, 1), SLAB_NONE);
    assert_int_equal (s_drain (0), MESSAGES);
}

static void
ownership_depends_on_the_name_and_not_on_the_slot (void **state)
{
    (void) state;
    ready_init (&s_ready);
    ready_deal (&s_ready, (uint64_t[LINKS_DOWN_MAX]){11, 22});
    uint8_t before[READY_BUCKETS];
    memcpy (before, s_ready.owners, sizeof before);
    ready_deal (&s_ready, (uint64_t[LINKS_DOWN_MAX]){22, 11});
    for (uint32_t i = 0; i < READY_BUCKETS; i++) {
        assert_int_equal (s_ready.owners[i], 1 - before[i]);
    }
}

static void
buckets_take_turns_and_each_is_first_come_first_served (void **state)
{
    (void) state;
    ready_init (&s_ready);
    ready_deal (&s_ready, (uint64_t[LINKS_DOWN_MAX]){11});
    uint64_t one = 0, other = UINT64_C (1) << 32;
    ready_add (&s_ready, s_homes, 0, one);
    ready_add (&s_ready, s_homes, 1, one);
    ready_add (&s_ready, s_homes, 2, other);
    uint64_t hosts[3] = {one, one, other};
    static const uint32_t order[3] = {0, 2, 1};
    for (int i = 0; i < 3; i++) {
        uint32_t slot = ready_next (&s_ready, 0);
        assert_int_equal (slot, order[i]);
        ready_remove (&s_ready, s_homes, slot, hosts[slot]);
    }
}

int
main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (without_consumers_nobody_gets_anything),
        cmocka_unit_test (one_consumer_gets_everything),
        cmocka_unit_test (a_third_consumer_takes_only_its_share),
        cmocka_unit_test (who_leaves_gives_its_buckets_to_the_others),
        cmocka_unit_test (ownership_depends_on_the_name_and_not_on_the_slot),
        cmocka_unit_test (buckets_take_turns_and_each_is_first_come_first_served),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
