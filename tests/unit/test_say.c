//  Unit tests of say: every line to the letter, because scripts read them, and its truncation.

#include "common/core/say.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define TEXT(text)                                                                                 \
    {                                                                                              \
        text, sizeof text - 1                                                                      \
    }

//  A line with all its marks filled in.
static const say_t s_sample = {
    .instance = TEXT ("cattle-gw75"),
    .hostname = TEXT ("cattle-gw75.example.net"),
    .text = TEXT ("because"),
    .peer = TEXT ("handler-1"),
    .number = 2,
    .other = 5,
};

static const struct {
    say_level_t level;
    const char *word;
    const char *text;
} s_expected[] = {
    [SAY_PUBLISHED] = {SAY_LEVEL_DEBUG, "published", "Published message cattle-gw75"},
    [SAY_CONSUMED] = {SAY_LEVEL_INFO, "consumed", "Consumed cattle-gw75"},
    [SAY_EXTENDED] = {SAY_LEVEL_INFO, "extended",
                      "Extended deadline by 0.000002 seconds for cattle-gw75"},
    [SAY_RESTARTED] = {SAY_LEVEL_INFO, "restarted", "Restarted cattle-gw75.example.net"},
    [SAY_SAVED] = {SAY_LEVEL_INFO, "saved", "Saved cattle-gw75 into database"},
    [SAY_ACKED] = {SAY_LEVEL_INFO, "acked", "Done. Acked cattle-gw75"},
    [SAY_REDELIVERING] = {SAY_LEVEL_WARNING, "redelivering",
                          "Redelivering cattle-gw75 (2 of 5): because"},
    [SAY_RESTART_FAILED] = {SAY_LEVEL_ERROR, "restart-failed",
                            "Could not restart cattle-gw75.example.net: because"},
    [SAY_SAVE_FAILED] = {SAY_LEVEL_ERROR, "save-failed", "Could not save cattle-gw75: because"},
    [SAY_DEAD] = {SAY_LEVEL_ERROR, "dead", "Dead: cattle-gw75 after 2 deliveries: because"},
    [SAY_REFUSED_HOST] = {SAY_LEVEL_ERROR, "refused", "Refused cattle-gw75: because"},
    [SAY_FAULT] = {SAY_LEVEL_ERROR, "fault", "Caught exception: because"},
    [SAY_SHUTTING_DOWN] = {SAY_LEVEL_INFO, "shutting-down", "Shutting down..."},
    [SAY_SIGNAL] = {SAY_LEVEL_INFO, "signal", "Received exit signal because..."},
    [SAY_NACKING] = {SAY_LEVEL_INFO, "nacking", "Nacking outstanding messages (2)"},
    [SAY_CANCELLING] = {SAY_LEVEL_INFO, "cancelling", "Cancelling 2 outstanding tasks"},
    [SAY_LINK_UP] = {SAY_LEVEL_INFO, "link-up", "Linked with handler-1"},
    [SAY_LINK_AGAIN] = {SAY_LEVEL_INFO, "link-again", "Linking with handler-1 again"},
    [SAY_LINK_ENDED] = {SAY_LEVEL_WARNING, "link-ended",
                        "The link with handler-1 has ended: because"},
    [SAY_PEER_DEAD] = {SAY_LEVEL_WARNING, "peer-dead",
                       "handler-1 is dead: it vanished and did not answer"},
    [SAY_PEER_CUT] = {SAY_LEVEL_WARNING, "peer-cut",
                      "handler-1 is cut off: nothing heard for 0.0 s"},
    [SAY_PEER_DRAINING] = {SAY_LEVEL_INFO, "peer-draining",
                           "handler-1 is draining: because, 0.0 s left"},
    [SAY_PEER_LEFT] = {SAY_LEVEL_INFO, "peer-left", "handler-1 has left"},
    [SAY_NAME_IN_USE] = {SAY_LEVEL_WARNING, "name-in-use",
                         "handler-1 says: my name is in use, trying again"},
    [SAY_NAME_GIVEN_UP] = {SAY_LEVEL_ERROR, "name-given-up",
                           "handler-1 says: my name is in use, giving up"},
    [SAY_SAME_NAME] = {SAY_LEVEL_WARNING, "same-name",
                       "because is left alone: its name is that of another one"},
    [SAY_NO_ANSWER] = {SAY_LEVEL_WARNING, "no-answer", "No answer from because yet, calling on"},
    [SAY_BAD_FRAME] = {SAY_LEVEL_WARNING, "bad-frame", "Dropped 2 frames from handler-1: because"},
    [SAY_DRAINING] = {SAY_LEVEL_INFO, "draining", "Draining: because, 0.0 s left"},
    [SAY_DRAIN_LEFT] = {SAY_LEVEL_INFO, "drain-left",
                        "Still 2 in hand, the oldest cattle-gw75 at because, 0.0 s left"},
    [SAY_DRAIN_DEADLINE] = {SAY_LEVEL_WARNING, "drain-deadline",
                            "The drain's time is over, 2 still in hand"},
    [SAY_DRAIN_CUT_SHORT] = {SAY_LEVEL_WARNING, "drain-cut",
                             "The drain is cut short, 2 still in hand"},
    [SAY_IN_HAND] = {SAY_LEVEL_INFO, "in-hand", "In hand: 2; because"},
    [SAY_STALLED] = {SAY_LEVEL_WARNING, "stalled", "This process stood still for 0.0 s"},
};
_Static_assert(sizeof s_expected / sizeof *s_expected == SAY_COUNT, "a line for each kind");

//  Asserts what a line becomes.
static void
s_check (const say_t *say, const char *expected)
{
    char out[512];
    size_t length = say_format (out, sizeof out, say);
    assert_string_equal (out, expected);
    assert_int_equal (length, strlen (expected));
}

static void
every_kind_says_the_text_of_the_contract (void **state)
{
    (void) state;
    for (int kind = 0; kind < SAY_COUNT; kind++) {
        say_t say = s_sample;
        say.kind = (say_kind_t) kind;
        s_check (&say, s_expected[kind].text);
    }
}

static void
every_kind_has_its_level_and_its_word (void **state)
{
    (void) state;
    for (int kind = 0; kind < SAY_COUNT; kind++) {
        assert_int_equal (say_level ((say_kind_t) kind), s_expected[kind].level);
        assert_string_equal (say_word ((say_kind_t) kind), s_expected[kind].word);
        for (int other = 0; other < kind; other++) {
            assert_string_not_equal (say_word ((say_kind_t) kind), say_word ((say_kind_t) other));
        }
    }
}

static void
only_lines_about_single_messages_are_limited (void **state)
{
    (void) state;
    for (int kind = 0; kind < SAY_COUNT; kind++) {
        assert_int_equal (say_about_message ((say_kind_t) kind), kind <= SAY_REFUSED_HOST);
    }
    assert_true (say_about_message (SAY_ACKED));
    assert_false (say_about_message (SAY_FAULT));
}

static void
seconds_are_said_as_the_contract_says (void **state)
{
    (void) state;
    say_t say = {.kind = SAY_EXTENDED, .instance = TEXT ("X"), .number = 3000000};
    s_check (&say, "Extended deadline by 3 seconds for X");
    say.number = 250000;
    s_check (&say, "Extended deadline by 0.25 seconds for X");
    say.number = 1500001;
    s_check (&say, "Extended deadline by 1.500001 seconds for X");
    say = (say_t){.kind = SAY_DRAINING, .text = TEXT ("SIGTERM"), .number = 7299999};
    s_check (&say, "Draining: SIGTERM, 7.2 s left");
    say = (say_t){.kind = SAY_DRAIN_LEFT, .number = 3, .other = 60000000};
    s_check (&say, "Still 3 in hand, the oldest  at , 60.0 s left");
}

static void
zeros_are_said_too (void **state)
{
    (void) state;
    s_check (&(say_t){.kind = SAY_NACKING}, "Nacking outstanding messages (0)");
    s_check (&(say_t){.kind = SAY_CANCELLING}, "Cancelling 0 outstanding tasks");
}

static void
a_line_is_cut_at_every_size_and_never_past_it (void **state)
{
    (void) state;
    for (int kind = 0; kind < SAY_COUNT; kind++) {
        say_t say = s_sample;
        say.kind = (say_kind_t) kind;
        size_t whole = strlen (s_expected[kind].text);
        for (size_t size = 1; size <= whole + 2; size++) {
            char out[160];
            memset (out, '#', sizeof out);
            size_t length = say_format (out, size, &say);
            assert_int_equal (length, size - 1 < whole ? size - 1 : whole);
            assert_memory_equal (out, s_expected[kind].text, length);
            assert_int_equal (out[length], 0);
            assert_int_equal (out[size], '#');
        }
    }
}

int
main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (every_kind_says_the_text_of_the_contract),
        cmocka_unit_test (every_kind_has_its_level_and_its_word),
        cmocka_unit_test (only_lines_about_single_messages_are_limited),
        cmocka_unit_test (seconds_are_said_as_the_contract_says),
        cmocka_unit_test (zeros_are_said_too),
        cmocka_unit_test (a_line_is_cut_at_every_size_and_never_past_it),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
