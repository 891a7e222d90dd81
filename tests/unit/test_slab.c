//  Unit tests of slab: against a plain array of flags, and at the limits.

#include "common/core/slab.h"
#include "common/core/prng.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <sys/mman.h>

#include <cmocka.h>

//  ThreadSanitizer's own calloc writes to all pages.
#if defined(__SANITIZE_THREAD__)
#define CALLOC_TOUCHES 1
#elif defined(__has_feature)
#define CALLOC_TOUCHES __has_feature (thread_sanitizer)
#else
#define CALLOC_TOUCHES 0
#endif

typedef struct {
    uint64_t value;   //  Set by the test
    char padding[13]; //  An odd size: items must be aligned all the same
} item_t;

static void
a_slab_of_one_is_full_after_one_take (void **state)
{
    (void) state;
    slab_t *slab = slab_new (1, 1);
    assert_int_equal (slab_capacity (slab), 1);
    assert_int_equal (slab_room (slab), 1);
    assert_int_equal (slab_high (slab), 0);
    assert_int_equal (slab_take (slab), 0);
    assert_int_equal (slab_take (slab), SLAB_NONE);
    assert_int_equal (slab_used (slab), 1);
    assert_int_equal (slab_room (slab), 0);
    slab_give (slab, 0);
    assert_false (slab_taken (slab, 0));
    assert_int_equal (slab_take (slab), 0);
    assert_int_equal (slab_take (slab), SLAB_NONE);
    slab_destroy (&slab);
}

static void
destroy_nulls_the_pointer_and_may_be_called_twice (void **state)
{
    (void) state;
    slab_t *slab = slab_new (3, 5);
    slab_destroy (&slab);
    assert_null (slab);
    slab_destroy (&slab);
    assert_null (slab);
}

static void
fresh_slots_rise_and_given_slots_come_back_last_in_first_out (void **state)
{
    (void) state;
    slab_t *slab = slab_new (8, sizeof (item_t));
    for (uint32_t i = 0; i < 5; i++) {
        assert_int_equal (slab_take (slab), i);
    }
    slab_give (slab, 1);
    slab_give (slab, 4);
    slab_give (slab, 0);
    assert_int_equal (slab_high (slab), 5);
    assert_int_equal (slab_take (slab), 0);
    assert_int_equal (slab_take (slab), 4);
    assert_int_equal (slab_take (slab), 1);
    assert_int_equal (slab_take (slab), 5);
    assert_int_equal (slab_high (slab), 6);
    slab_destroy (&slab);
}

static void
a_reused_item_is_zero_again (void **state)
{
    (void) state;
    const item_t zero = {0};
    slab_t *slab = slab_new (2, sizeof (item_t));
    for (int round = 0; round < 3; round++) {
        uint32_t slot = slab_take (slab);
        assert_memory_equal (slab_at (slab, slot), &zero, sizeof zero);
        memset (slab_at (slab, slot), 0xff, sizeof zero);
        slab_give (slab, slot);
    }
    slab_destroy (&slab);
}

static void
any_slot_number_may_be_asked_for_taken (void **state)
{
    (void) state;
    slab_t *slab = slab_new (4, 8);
    slab_take (slab);
    assert_true (slab_taken (slab, 0));
    assert_false (slab_taken (slab, 1));
    assert_false (slab_taken (slab, 3));
    assert_false (slab_taken (slab, 4));
    assert_false (slab_taken (slab, SLAB_NONE - 1));
    assert_false (slab_taken (slab, SLAB_NONE));
    slab_destroy (&slab);
}

static void
pages_that_were_never_taken_cost_nothing (void **state)
{
    (void) state;
    if (CALLOC_TOUCHES) {
        skip ();
    }
    enum {
        PAGE = 4096,
        PAGES = 1 << 16,
        HUGE_PAGE = 512
    };
    static unsigned char resident[PAGES];
    slab_t *slab = slab_new (PAGES, PAGE); //  256 MB, were it touched
    char *first = slab_at (slab, slab_take (slab));
    first[0] = 1;
    char *aligned = first + (PAGE - (uintptr_t) first % PAGE) % PAGE;
    assert_int_equal (mincore (aligned, (size_t) (PAGES - 1) * PAGE, resident), 0);
    int touched = 0;
    for (int i = 0; i < PAGES; i++) {
        touched += resident[i] & 1;
    }
    assert_in_range (touched, 0, HUGE_PAGE); //  One touch may bring in a huge page
    slab_destroy (&slab);
}

enum {
    MODEL_SIZE = 50,
    MODEL_STEPS = 20000
};

//  What the test knows: the value of each taken slot, 0 when it is free.
typedef struct {
    uint64_t values[MODEL_SIZE];
    uint32_t used, high;
} model_t;

static void
s_compare (slab_t *slab, const model_t *model)
{
    assert_int_equal (slab_used (slab), model->used);
    assert_int_equal (slab_room (slab), MODEL_SIZE - model->used);
    assert_int_equal (slab_high (slab), model->high);
    for (uint32_t slot = 0; slot < MODEL_SIZE; slot++) {
        assert_int_equal (slab_taken (slab, slot), model->values[slot] != 0);
        if (model->values[slot]) {
            item_t *item = slab_at (slab, slot);
            assert_true (item->value == model->values[slot]);
        }
    }
}

static void
s_take_one (slab_t *slab, model_t *model, uint64_t value)
{
    uint32_t slot = slab_take (slab);
    if (model->used == MODEL_SIZE) {
        assert_int_equal (slot, SLAB_NONE);
        return;
    }
    assert_in_range (slot, 0, MODEL_SIZE - 1);
    assert_true (model->values[slot] == 0);
    item_t *item = slab_at (slab, slot);
    assert_true (((uintptr_t) item) % _Alignof(max_align_t) == 0);
    assert_true (item->value == 0);
    item->value = model->values[slot] = value;
    model->used++;
    model->high = slot < model->high ? model->high : slot + 1;
}

static void
random_takes_and_gives_agree_with_an_array_of_flags (void **state)
{
    (void) state;
    prng_t prng;
    prng_seed (&prng, 1);
    model_t model = {{0}, 0, 0};
    slab_t *slab = slab_new (MODEL_SIZE, sizeof (item_t));
    for (uint64_t step = 1; step <= MODEL_STEPS; step++) {
        uint32_t slot = (uint32_t) prng_below (&prng, MODEL_SIZE);
        uint64_t bias = step / 2000 % 2 ? 3 : 7; //  Let it fill up and run empty in turns
        if (prng_below (&prng, 10) < bias) {
            s_take_one (slab, &model, step);
        } else if (model.values[slot]) {
            slab_give (slab, slot);
            model.values[slot] = 0;
            model.used--;
        }
        if (step % 16 == 0) {
            s_compare (slab, &model);
        }
    }
    assert_int_equal (model.high, MODEL_SIZE);
    slab_destroy (&slab);
}

int
main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (a_slab_of_one_is_full_after_one_take),
        cmocka_unit_test (destroy_nulls_the_pointer_and_may_be_called_twice),
        cmocka_unit_test (fresh_slots_rise_and_given_slots_come_back_last_in_first_out),
        cmocka_unit_test (a_reused_item_is_zero_again),
        cmocka_unit_test (any_slot_number_may_be_asked_for_taken),
        cmocka_unit_test (pages_that_were_never_taken_cost_nothing),
        cmocka_unit_test (random_takes_and_gives_agree_with_an_array_of_flags),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
