//  Unit tests of index: against a list of pairs, at the limits, and with keys in patterns.

#include "common/core/index.h"
#include "common/core/prng.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void
an_index_of_one_finds_replaces_and_drops_its_key (void **state)
{
    (void) state;
    index_t *index = index_new (1);
    assert_int_equal (index_get (index, 0, 0), SLAB_NONE);
    assert_false (index_drop (index, 0, 0));
    index_put (index, 0, 0, 0);
    assert_int_equal (index_count (index), 1);
    assert_int_equal (index_get (index, 0, 0), 0);
    index_set (index, 0, 0, SLAB_NONE - 1);
    assert_int_equal (index_get (index, 0, 0), SLAB_NONE - 1);
    assert_int_equal (index_get (index, 0, 1), SLAB_NONE);
    assert_int_equal (index_get (index, 1, 0), SLAB_NONE);
    assert_true (index_drop (index, 0, 0));
    assert_false (index_drop (index, 0, 0));
    assert_int_equal (index_get (index, 0, 0), SLAB_NONE);
    assert_int_equal (index_count (index), 0);
    index_destroy (&index);
    assert_null (index);
    index_destroy (&index);
}

static void
the_two_halves_of_a_key_are_not_exchanged (void **state)
{
    (void) state;
    index_t *index = index_new (2);
    index_put (index, 1, 2, 12);
    index_put (index, 2, 1, 21);
    assert_int_equal (index_get (index, 1, 2), 12);
    assert_int_equal (index_get (index, 2, 1), 21);
    index_destroy (&index);
}

//  Fill to the capacity, drop two of three, and look for every key each time. A hash that puts the
//  keys on one run would need billions of steps here.
static void
s_check_pattern (uint32_t count, uint64_t a_step, uint64_t b_step)
{
    index_t *index = index_new (count);
    for (uint32_t i = 0; i < count; i++) {
        index_put (index, i * a_step, i * b_step, i);
    }
    assert_int_equal (index_count (index), count);
    for (uint32_t i = 0; i < count; i++) {
        assert_int_equal (index_get (index, i * a_step, i * b_step), i);
    }
    for (uint32_t i = 0; i < count; i++) {
        if (i % 3) {
            assert_true (index_drop (index, i * a_step, i * b_step));
        }
    }
    for (uint32_t i = 0; i < count; i++) {
        assert_int_equal (index_get (index, i * a_step, i * b_step), i % 3 ? SLAB_NONE : i);
    }
    index_destroy (&index);
}

static void
sequences_strides_and_shifted_keys_do_not_pile_up (void **state)
{
    (void) state;
    const uint64_t golden = UINT64_C (0x9e3779b97f4a7c15);
    const uint64_t steps[][2] = {
        {0, 1},
        {1, 0},
        {1, 1},
        {1, (uint64_t) -1},
        {0, 4096},
        {UINT64_C (1) << 32, 0},
        {0, UINT64_C (1) << 32},
        {UINT64_C (1) << 49, 0},
        {0, UINT64_C (1) << 49},
        {UINT64_C (1) << 49, UINT64_C (1) << 49},
        {0, golden},
        {golden, (uint64_t) -golden},
        {1, (uint64_t) -golden}, //  The two halves cancel in a plain sum of products
    };
    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
        s_check_pattern (1 << 15, steps[i][0], steps[i][1]);
    }
}

static void
a_window_of_sequence_numbers_may_move_for_ever (void **state)
{
    (void) state;
    enum {
        WINDOW = 100,
        STEPS = 50000
    };
    index_t *index = index_new (WINDOW);
    for (uint32_t seq = 0; seq < STEPS; seq++) {
        if (seq >= WINDOW) {
            assert_int_equal (index_get (index, 7, seq - WINDOW), seq - WINDOW);
            assert_true (index_drop (index, 7, seq - WINDOW));
        }
        index_put (index, 7, seq, seq);
    }
    assert_int_equal (index_count (index), WINDOW);
    index_destroy (&index);
}

enum {
    MODEL_KEYS = 96,
    MODEL_CAPACITY = 64,
    MODEL_STEPS = 40000
};

typedef struct {
    index_key_t key;
    uint32_t slot; //  SLAB_NONE when the key is not present
} pair_t;

static void
s_compare (const index_t *index, const pair_t *pairs, uint32_t count)
{
    assert_int_equal (index_count (index), count);
    for (int i = 0; i < MODEL_KEYS; i++) {
        assert_int_equal (index_get (index, pairs[i].key.a, pairs[i].key.b), pairs[i].slot);
    }
}

//  One random call on a random key. Returns the new count.
static uint32_t
s_random_step (index_t *index, pair_t *pair, uint32_t count, prng_t *prng)
{
    uint32_t slot = (uint32_t) prng_below (prng, SLAB_NONE);
    uint64_t a = pair->key.a, b = pair->key.b;
    if (pair->slot == SLAB_NONE) {
        assert_false (index_drop (index, a, b));
        if (count < MODEL_CAPACITY) {
            index_put (index, a, b, slot);
            pair->slot = slot;
            count++;
        }
    } else if (prng_below (prng, 3)) {
        assert_true (index_drop (index, a, b));
        pair->slot = SLAB_NONE;
        count--;
    } else {
        index_set (index, a, b, slot);
        pair->slot = slot;
    }
    return count;
}

static void
random_calls_agree_with_a_list_of_pairs (void **state)
{
    (void) state;
    prng_t prng;
    prng_seed (&prng, 2);
    pair_t pairs[MODEL_KEYS];
    for (uint64_t i = 0; i < MODEL_KEYS; i++) {
        bool wild = i % 3 == 0;
        index_key_t key = {wild ? prng_next (&prng) : i % 4, wild ? prng_next (&prng) : i};
        pairs[i] = (pair_t){key, SLAB_NONE};
    }
    uint32_t count = 0, peak = 0;
    index_t *index = index_new (MODEL_CAPACITY);
    for (int step = 0; step < MODEL_STEPS; step++) {
        pair_t *pair = &pairs[prng_below (&prng, MODEL_KEYS)];
        count = s_random_step (index, pair, count, &prng);
        peak = count > peak ? count : peak;
        if (step % 16 == 0) {
            s_compare (index, pairs, count);
        }
    }
    assert_int_equal (peak, MODEL_CAPACITY);
    index_destroy (&index);
}

int
main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (an_index_of_one_finds_replaces_and_drops_its_key),
        cmocka_unit_test (the_two_halves_of_a_key_are_not_exchanged),
        cmocka_unit_test (sequences_strides_and_shifted_keys_do_not_pile_up),
        cmocka_unit_test (a_window_of_sequence_numbers_may_move_for_ever),
        cmocka_unit_test (random_calls_agree_with_a_list_of_pairs),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
