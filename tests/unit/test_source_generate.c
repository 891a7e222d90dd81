//  Unit tests of source_generate: made-up messages in virtual time.

#include "publisher/source_generate.h"
#include "common/core/hostname.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define SECOND INT64_C (1000000)
#define SOME   64

static source_message_t s_out[SOME];

static source_t
s_open (pace_limits_t pace, uint64_t count, uint64_t seed)
{
    source_t source;
    source_generate_limits_t limits = {.pace = pace, .count = count, .seed = seed};
    assert_int_equal (source_generate_open (&source, &limits, 0), 0);
    return source;
}

static void
s_close (source_t *source)
{
    source->ops->destroy (&source->self);
    assert_null (source->self);
    source->ops->destroy (&source->self);
}

static void
s_check (const source_message_t *message)
{
    assert_int_equal (strlen (message->instance), 11);
    assert_int_equal (strncmp (message->instance, "cattle-", 7), 0);
    assert_int_equal (strspn (message->instance + 7, "abcdefghijklmnopqrstuvwxyz0123456789"), 4);
    char host[sizeof message->hostname];
    snprintf (host, sizeof host, "%s.example.net", message->instance);
    assert_string_equal (message->hostname, host);
    assert_true (hostname_valid (host, strlen (host)));
    assert_int_equal (message->id[6] >> 4, 4);
    assert_int_equal (message->id[8] >> 6, 2);
    assert_false (message->own_id);
    assert_string_equal (message->reason, "");
}

static void
a_message_is_a_head_of_cattle_with_a_v4_id (void **state)
{
    (void) state;
    source_t source = s_open ((pace_limits_t){.mode = PACE_MAX}, 0, 7);
    for (int i = 0; i < 100; i++) {
        assert_int_equal (source.ops->next (source.self, 0, SOME, s_out), SOME);
        for (int k = 0; k < SOME; k++) {
            s_check (&s_out[k]);
        }
    }
    assert_int_equal (source.ops->fd (source.self), -1);
    assert_int_equal (source.ops->failed (source.self), 0);
    assert_int_equal (source.ops->rejected (source.self), 0);
    s_close (&source);
}

static void
a_seed_repeats_names_ids_and_times (void **state)
{
    (void) state;
    source_t one = s_open ((pace_limits_t){.mode = PACE_RANDOM}, 0, 7);
    source_t two = s_open ((pace_limits_t){.mode = PACE_RANDOM}, 0, 7);
    source_t other = s_open ((pace_limits_t){.mode = PACE_RANDOM}, 0, 8);
    int different = 0;
    for (int i = 0; i < 1000; i++) {
        int64_t due_us = one.ops->deadline (one.self);
        assert_int_equal (two.ops->deadline (two.self), due_us);
        assert_int_equal (one.ops->next (one.self, due_us, 1, &s_out[0]), 1);
        assert_int_equal (two.ops->next (two.self, due_us, 1, &s_out[1]), 1);
        assert_memory_equal (&s_out[0], &s_out[1], sizeof s_out[0]);
        other.ops->next (other.self, other.ops->deadline (other.self), 1, &s_out[2]);
        different += memcmp (s_out[0].id, s_out[2].id, ID_BYTES) != 0;
    }
    assert_int_equal (different, 1000);
    s_close (&one);
    s_close (&two);
    s_close (&other);
}

static void
a_count_ends_the_source (void **state)
{
    (void) state;
    source_t source = s_open ((pace_limits_t){.mode = PACE_MAX}, SOME + 1, 7);
    assert_int_equal (source.ops->next (source.self, 0, SOME, s_out), SOME);
    assert_false (source.ops->finished (source.self));
    assert_true (source.ops->deadline (source.self) <= 0);
    assert_int_equal (source.ops->next (source.self, 0, SOME, s_out), 1);
    assert_true (source.ops->finished (source.self));
    assert_true (source.ops->deadline (source.self) == INT64_MAX);
    assert_int_equal (source.ops->next (source.self, 9 * SECOND, SOME, s_out), 0);
    s_close (&source);
}

static void
nothing_comes_before_it_is_due_and_never_more_than_asked (void **state)
{
    (void) state;
    source_t source = s_open ((pace_limits_t){.mode = PACE_EVERY, .every_us = SECOND}, 0, 7);
    assert_int_equal (source.ops->next (source.self, 0, SOME, s_out), 1);
    assert_int_equal (source.ops->next (source.self, SECOND - 1, SOME, s_out), 0);
    assert_int_equal (source.ops->deadline (source.self), SECOND);
    assert_int_equal (source.ops->next (source.self, 2 * SECOND, 1, s_out), 1);
    assert_int_equal (source.ops->next (source.self, 2 * SECOND, 1, s_out), 1);
    assert_int_equal (source.ops->next (source.self, 2 * SECOND, 1, s_out), 0);
    s_close (&source);
}

static void
rate_0_makes_none_and_never_finishes (void **state)
{
    (void) state;
    source_t source = s_open ((pace_limits_t){.mode = PACE_RATE}, 3, 7);
    assert_int_equal (source.ops->next (source.self, 1000 * SECOND, SOME, s_out), 0);
    assert_false (source.ops->finished (source.self));
    assert_true (source.ops->deadline (source.self) == INT64_MAX);
    s_close (&source);
}

//  Stands for libuuid.
static void
s_fixed_id (uint8_t id[ID_BYTES])
{
    memset (id, 0x44, ID_BYTES);
}

static void
ids_may_come_from_elsewhere (void **state)
{
    (void) state;
    source_t source;
    source_generate_limits_t limits = {.pace = {.mode = PACE_MAX}, .id = s_fixed_id};
    assert_int_equal (source_generate_open (&source, &limits, 0), 0);
    assert_int_equal (source.ops->next (source.self, 0, 1, s_out), 1);
    uint8_t expected[ID_BYTES];
    s_fixed_id (expected);
    assert_memory_equal (s_out[0].id, expected, ID_BYTES);
    s_close (&source);
}

int
main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (a_message_is_a_head_of_cattle_with_a_v4_id),
        cmocka_unit_test (a_seed_repeats_names_ids_and_times),
        cmocka_unit_test (a_count_ends_the_source),
        cmocka_unit_test (nothing_comes_before_it_is_due_and_never_more_than_asked),
        cmocka_unit_test (rate_0_makes_none_and_never_finishes),
        cmocka_unit_test (ids_may_come_from_elsewhere),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
