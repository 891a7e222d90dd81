//  Unit tests of effect: the list and the arena, each full and one past it.

#include "common/core/effect.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static effects_t s_effects;

static int
s_setup (void **state)
{
    (void) state;
    return effects_init (&s_effects, SAY_LEVEL_INFO);
}

static int
s_teardown (void **state)
{
    (void) state;
    effects_term (&s_effects);
    return 0;
}

static void
fresh_effects_are_empty_and_have_room_for_all (void **state)
{
    (void) state;
    assert_int_equal (s_effects.count, 0);
    assert_true (effects_room (&s_effects, EFFECTS_MAX, EFFECTS_BYTES));
    assert_false (effects_room (&s_effects, EFFECTS_MAX + 1, 0));
    assert_false (effects_room (&s_effects, 0, EFFECTS_BYTES + 1));
}

static void
the_list_takes_its_limit_and_has_no_room_for_one_more (void **state)
{
    (void) state;
    for (size_t i = 0; i < EFFECTS_MAX; i++) {
        assert_true (effects_room (&s_effects, 1, 0));
        effects_add (&s_effects, EFFECT_CLOSE)->slot = (uint32_t) i;
    }
    assert_false (effects_room (&s_effects, 1, 0));
    assert_true (effects_room (&s_effects, 0, EFFECTS_BYTES));
    assert_int_equal (s_effects.list[EFFECTS_MAX - 1].slot, EFFECTS_MAX - 1);
}

static void
an_added_effect_has_nothing_of_its_predecessor (void **state)
{
    (void) state;
    effects_add (&s_effects, EFFECT_EXIT)->code = 70;
    effects_clear (&s_effects);
    const effect_t *effect = effects_add (&s_effects, EFFECT_CLOSE);
    assert_int_equal (effect->kind, EFFECT_CLOSE);
    assert_int_equal (effect->linger_ms, 0);
}

static void
the_arena_takes_its_limit_and_has_no_room_for_one_more (void **state)
{
    (void) state;
    uint8_t *at = effects_reserve (&s_effects, EFFECTS_BYTES);
    effects_commit (&s_effects, at + EFFECTS_BYTES);
    assert_true (effects_room (&s_effects, 1, 0));
    assert_false (effects_room (&s_effects, 1, 1));
    effects_clear (&s_effects);
    assert_true (effects_room (&s_effects, 1, EFFECTS_BYTES));
}

static void
what_a_reservation_did_not_use_is_given_back (void **state)
{
    (void) state;
    uint8_t *first = effects_reserve (&s_effects, 1000);
    effects_commit (&s_effects, first + 10);
    assert_ptr_equal (effects_reserve (&s_effects, 1), first + 10);
}

static void
texts_are_copied_with_a_nul_behind_them (void **state)
{
    (void) state;
    char source[] = "cattle-gw75 and more";
    text_t text = effects_text (&s_effects, (text_t){source, 11});
    memset (source, 'x', sizeof source);
    assert_int_equal (text.length, 11);
    assert_string_equal (text.at, "cattle-gw75");
    text_t none = effects_text (&s_effects, (text_t){NULL, 0});
    assert_string_equal (none.at, "");
    assert_string_equal (text.at, "cattle-gw75");
}

static void
a_line_is_kept_with_copies_of_its_texts (void **state)
{
    (void) state;
    char name[] = "handler-1";
    effects_say (&s_effects, &(say_t){.kind = SAY_LINK_UP,
                                      .peer = {name, 9},
                                      .number = 7,
                                      .instance = {"i", 1},
                                      .hostname = {"h", 1},
                                      .text = {"t", 1}});
    memset (name, 'x', sizeof name);
    assert_int_equal (s_effects.count, 1);
    const effect_t *effect = &s_effects.list[0];
    assert_int_equal (effect->kind, EFFECT_SAY);
    assert_string_equal (effect->say.peer.at, "handler-1");
    assert_string_equal (effect->say.instance.at, "i");
    assert_string_equal (effect->say.hostname.at, "h");
    assert_string_equal (effect->say.text.at, "t");
    assert_int_equal (effect->say.number, 7);
}

static void
a_line_below_the_level_is_not_even_made (void **state)
{
    (void) state;
    effects_say (&s_effects, &(say_t){.kind = SAY_PUBLISHED});
    assert_int_equal (s_effects.count, 0);
    assert_int_equal (s_effects.used, 0);
    s_effects.level = SAY_LEVEL_DEBUG;
    effects_say (&s_effects, &(say_t){.kind = SAY_PUBLISHED});
    assert_int_equal (s_effects.count, 1);
    s_effects.level = SAY_LEVEL_ERROR;
    effects_say (&s_effects, &(say_t){.kind = SAY_REDELIVERING});
    effects_say (&s_effects, &(say_t){.kind = SAY_DEAD});
    assert_int_equal (s_effects.count, 2);
}

int
main (void)
{
#define TEST(name) cmocka_unit_test_setup_teardown (name, s_setup, s_teardown)
    const struct CMUnitTest tests[] = {
        TEST (fresh_effects_are_empty_and_have_room_for_all),
        TEST (the_list_takes_its_limit_and_has_no_room_for_one_more),
        TEST (an_added_effect_has_nothing_of_its_predecessor),
        TEST (the_arena_takes_its_limit_and_has_no_room_for_one_more),
        TEST (what_a_reservation_did_not_use_is_given_back),
        TEST (texts_are_copied_with_a_nul_behind_them),
        TEST (a_line_is_kept_with_copies_of_its_texts),
        TEST (a_line_below_the_level_is_not_even_made),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
