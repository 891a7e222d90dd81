//  Unit tests of list: against arrays in order, two lists over one array of links.

#include "common/core/list.h"
#include "common/core/prng.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

enum {
    SLOTS = 12,
    STEPS = 40000
};

//  The list holds exactly these slots in this order, read in both directions.
static void
s_expect (const list_t *list, const list_link_t *links, const uint32_t *slots, uint32_t count)
{
    assert_int_equal (list->count, count);
    uint32_t slot = list_head (list);
    for (uint32_t i = 0; i < count; i++) {
        assert_int_equal (slot, slots[i]);
        slot = list_next (links, slot);
    }
    assert_int_equal (slot, SLAB_NONE);
    slot = list->tail;
    for (uint32_t i = count; i > 0; i--) {
        assert_int_equal (slot, slots[i - 1]);
        slot = links[slot].prev;
    }
    assert_int_equal (slot, SLAB_NONE);
}

static void
an_empty_list_has_nothing_to_take (void **state)
{
    (void) state;
    list_link_t links[1] = {{0, 0}};
    list_t list = LIST_EMPTY, other;
    list_init (&other);
    assert_memory_equal (&list, &other, sizeof list);
    assert_int_equal (list_shift (&list, links), SLAB_NONE);
    s_expect (&list, links, NULL, 0);
}

static void
slot_zero_is_a_slot_like_any_other (void **state)
{
    (void) state;
    list_link_t links[1] = {{0, 0}};
    list_t list = LIST_EMPTY;
    list_append (&list, links, 0);
    s_expect (&list, links, (uint32_t[]){0}, 1);
    assert_int_equal (list_shift (&list, links), 0);
    s_expect (&list, links, NULL, 0);
    list_prepend (&list, links, 0);
    list_remove (&list, links, 0);
    s_expect (&list, links, NULL, 0);
}

static void
head_middle_and_tail_can_be_removed (void **state)
{
    (void) state;
    list_link_t links[SLOTS] = {{0, 0}};
    list_t list = LIST_EMPTY;
    for (uint32_t slot = 0; slot < 5; slot++) {
        list_append (&list, links, slot);
    }
    list_prepend (&list, links, 9);
    s_expect (&list, links, (uint32_t[]){9, 0, 1, 2, 3, 4}, 6);
    list_remove (&list, links, 9);
    list_remove (&list, links, 2);
    list_remove (&list, links, 4);
    s_expect (&list, links, (uint32_t[]){0, 1, 3}, 3);
}

static void
a_removed_slot_may_go_to_another_list_with_the_same_links (void **state)
{
    (void) state;
    list_link_t links[SLOTS] = {{0, 0}};
    list_t ready = LIST_EMPTY, delayed = LIST_EMPTY;
    for (uint32_t slot = 0; slot < 4; slot++) {
        list_append (&ready, links, slot);
    }
    list_remove (&ready, links, 1);
    list_append (&delayed, links, 1);
    list_append (&delayed, links, list_shift (&ready, links));
    s_expect (&ready, links, (uint32_t[]){2, 3}, 2);
    s_expect (&delayed, links, (uint32_t[]){1, 0}, 2);
}

//  A list as an array.
typedef struct {
    uint32_t slots[SLOTS];
    uint32_t count;
} model_t;

static void
s_model_insert (model_t *model, uint32_t at, uint32_t slot)
{
    memmove (&model->slots[at + 1], &model->slots[at], (model->count - at) * sizeof slot);
    model->slots[at] = slot;
    model->count++;
}

//  Take the slot out. Returns false when it is not in.
static bool
s_model_remove (model_t *model, uint32_t slot)
{
    for (uint32_t at = 0; at < model->count; at++) {
        if (model->slots[at] == slot) {
            model->count--;
            memmove (&model->slots[at], &model->slots[at + 1], (model->count - at) * sizeof slot);
            return true;
        }
    }
    return false;
}

//  Remove the slot if it is in the list, in two ways. Returns true if it was.
static bool
s_remove (list_t *list, list_link_t *links, model_t *model, uint32_t slot)
{
    bool is_head = model->count && model->slots[0] == slot;
    if (!s_model_remove (model, slot)) {
        return false;
    }
    if (is_head) {
        assert_int_equal (list_shift (list, links), slot);
    } else {
        list_remove (list, links, slot);
    }
    return true;
}

static void
random_calls_on_two_lists_agree_with_two_arrays (void **state)
{
    (void) state;
    prng_t prng;
    prng_seed (&prng, 5);
    list_link_t links[SLOTS] = {{0, 0}};
    list_t lists[2] = {LIST_EMPTY, LIST_EMPTY};
    model_t models[2] = {{{0}, 0}, {{0}, 0}};
    for (int step = 0; step < STEPS; step++) {
        uint32_t slot = (uint32_t) prng_below (&prng, SLOTS);
        uint64_t which = prng_below (&prng, 2);
        bool was_in = s_remove (&lists[0], links, &models[0], slot) ||
                      s_remove (&lists[1], links, &models[1], slot);
        if (was_in && prng_below (&prng, 2)) {
            continue;
        }
        if (prng_below (&prng, 2)) {
            list_append (&lists[which], links, slot);
            s_model_insert (&models[which], models[which].count, slot);
        } else {
            list_prepend (&lists[which], links, slot);
            s_model_insert (&models[which], 0, slot);
        }
        s_expect (&lists[0], links, models[0].slots, models[0].count);
        s_expect (&lists[1], links, models[1].slots, models[1].count);
    }
}

int
main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (an_empty_list_has_nothing_to_take),
        cmocka_unit_test (slot_zero_is_a_slot_like_any_other),
        cmocka_unit_test (head_middle_and_tail_can_be_removed),
        cmocka_unit_test (a_removed_slot_may_go_to_another_list_with_the_same_links),
        cmocka_unit_test (random_calls_on_two_lists_agree_with_two_arrays),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
