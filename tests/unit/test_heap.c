//  Unit tests of heap: against an array of keys searched from end to end, and at the limits.

#include "common/core/heap.h"
#include "common/core/prng.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void
a_heap_of_one_holds_one_slot (void **state)
{
    (void) state;
    heap_t *heap = heap_new (1);
    assert_int_equal (heap_first (heap), SLAB_NONE);
    assert_true (heap_next (heap) == INT64_MAX);
    assert_false (heap_drop (heap, 0));
    heap_set (heap, 0, -5);
    heap_set (heap, 0, -6);
    assert_int_equal (heap_count (heap), 1);
    assert_int_equal (heap_first (heap), 0);
    assert_true (heap_next (heap) == -6 && heap_key (heap, 0) == -6);
    assert_true (heap_drop (heap, 0));
    assert_false (heap_drop (heap, 0));
    assert_false (heap_has (heap, 0));
    assert_int_equal (heap_count (heap), 0);
    heap_destroy (&heap);
    assert_null (heap);
    heap_destroy (&heap);
}

static void
the_earliest_comes_first_whatever_the_order_of_set (void **state)
{
    (void) state;
    const int64_t keys[] = {50, 10, INT64_MAX, 40, INT64_MIN, 20, 10};
    heap_t *heap = heap_new (7);
    for (uint32_t slot = 0; slot < 7; slot++) {
        heap_set (heap, slot, keys[slot]);
    }
    int64_t last = INT64_MIN;
    for (uint32_t left = 7; left > 0; left--) {
        uint32_t slot = heap_first (heap);
        assert_int_equal (heap_count (heap), left);
        assert_true (heap_next (heap) == keys[slot] && keys[slot] >= last);
        last = keys[slot];
        assert_true (heap_drop (heap, slot));
    }
    assert_true (last == INT64_MAX);
    heap_destroy (&heap);
}

static void
a_slot_moves_when_it_is_set_again (void **state)
{
    (void) state;
    heap_t *heap = heap_new (3);
    heap_set (heap, 0, 1);
    heap_set (heap, 1, 2);
    heap_set (heap, 2, 3);
    heap_set (heap, 0, 9);
    assert_int_equal (heap_first (heap), 1);
    heap_set (heap, 2, 0);
    assert_int_equal (heap_first (heap), 2);
    assert_int_equal (heap_count (heap), 3);
    heap_destroy (&heap);
}

static void
shift_adds_to_every_key_and_sticks_at_both_ends (void **state)
{
    (void) state;
    heap_t *heap = heap_new (4);
    heap_shift (heap, 5); //  Nothing in it: nothing happens
    heap_set (heap, 0, 10);
    heap_set (heap, 1, INT64_MAX - 5);
    heap_set (heap, 2, INT64_MAX);
    heap_set (heap, 3, -10);
    heap_shift (heap, 5);
    assert_true (heap_key (heap, 0) == 15 && heap_key (heap, 3) == -5);
    assert_true (heap_key (heap, 1) == INT64_MAX && heap_key (heap, 2) == INT64_MAX);
    heap_shift (heap, INT64_MAX);
    assert_true (heap_key (heap, 3) == INT64_MAX - 5 && heap_first (heap) == 3);
    heap_shift (heap, INT64_MIN);
    assert_true (heap_key (heap, 3) == -6 && heap_key (heap, 0) == -1);
    heap_shift (heap, INT64_MIN);
    assert_true (heap_next (heap) == INT64_MIN);
    heap_destroy (&heap);
}

static void
slots_far_apart_share_a_large_heap (void **state)
{
    (void) state;
    heap_t *heap = heap_new (1 << 20);
    heap_set (heap, (1 << 20) - 1, 3);
    heap_set (heap, 0, 4);
    assert_int_equal (heap_first (heap), (1 << 20) - 1);
    assert_false (heap_has (heap, 1 << 19));
    heap_destroy (&heap);
}

enum {
    MODEL_SIZE = 60,
    MODEL_STEPS = 30000
};

typedef struct {
    bool has[MODEL_SIZE];
    int64_t keys[MODEL_SIZE];
} model_t;

static void
s_compare (const heap_t *heap, const model_t *model)
{
    uint32_t count = 0;
    int64_t next = INT64_MAX;
    for (uint32_t slot = 0; slot < MODEL_SIZE; slot++) {
        assert_int_equal (heap_has (heap, slot), model->has[slot]);
        if (model->has[slot]) {
            assert_true (heap_key (heap, slot) == model->keys[slot]);
            next = model->keys[slot] < next ? model->keys[slot] : next;
            count++;
        }
    }
    assert_int_equal (heap_count (heap), count);
    assert_true (heap_next (heap) == next);
    assert_int_equal (heap_first (heap) == SLAB_NONE, count == 0);
    if (count) {
        assert_true (model->keys[heap_first (heap)] == next);
    }
}

static void
s_random_step (heap_t *heap, model_t *model, prng_t *prng, uint64_t bias)
{
    uint32_t slot = (uint32_t) prng_below (prng, MODEL_SIZE);
    uint64_t dice = prng_below (prng, 100);
    if (dice == 0) {
        int64_t by = (int64_t) prng_below (prng, 21) - 10;
        heap_shift (heap, by);
        for (int i = 0; i < MODEL_SIZE; i++) {
            model->keys[i] += by;
        }
    } else if (dice < bias) {
        model->has[slot] = true;
        model->keys[slot] = (int64_t) prng_below (prng, 40) - 20; //  Many equal keys
        heap_set (heap, slot, model->keys[slot]);
    } else {
        slot = dice % 2 && heap_count (heap) ? heap_first (heap) : slot;
        assert_int_equal (heap_drop (heap, slot), model->has[slot]);
        model->has[slot] = false;
    }
}

static void
random_calls_agree_with_an_array_of_keys (void **state)
{
    (void) state;
    prng_t prng;
    prng_seed (&prng, 3);
    model_t model = {{false}, {0}};
    heap_t *heap = heap_new (MODEL_SIZE);
    for (int step = 0; step < MODEL_STEPS; step++) {
        s_random_step (heap, &model, &prng, step / 1000 % 2 ? 20 : 80);
        if (step % 8 == 0) {
            s_compare (heap, &model);
        }
    }
    heap_destroy (&heap);
}

static void
random_keys_come_out_sorted (void **state)
{
    (void) state;
    enum {
        COUNT = 5000
    };
    prng_t prng;
    prng_seed (&prng, 4);
    heap_t *heap = heap_new (COUNT);
    for (uint32_t slot = 0; slot < COUNT; slot++) {
        heap_set (heap, slot, (int64_t) prng_next (&prng));
    }
    int64_t last = INT64_MIN;
    for (uint32_t left = COUNT; left > 0; left--) {
        int64_t next = heap_next (heap);
        assert_true (next >= last);
        last = next;
        assert_true (heap_drop (heap, heap_first (heap)));
    }
    assert_int_equal (heap_count (heap), 0);
    heap_destroy (&heap);
}

int
main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (a_heap_of_one_holds_one_slot),
        cmocka_unit_test (the_earliest_comes_first_whatever_the_order_of_set),
        cmocka_unit_test (a_slot_moves_when_it_is_set_again),
        cmocka_unit_test (shift_adds_to_every_key_and_sticks_at_both_ends),
        cmocka_unit_test (slots_far_apart_share_a_large_heap),
        cmocka_unit_test (random_calls_agree_with_an_array_of_keys),
        cmocka_unit_test (random_keys_come_out_sorted),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
