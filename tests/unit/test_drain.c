//  Unit tests of drain and of the lines that it says.

#include "common/core/drain.h"
#include "common/core/drain_say.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define SECOND  INT64_C (1000000)
#define MS      INT64_C (1000)
#define TIMEOUT (8 * SECOND)
#define NOW     (100 * SECOND)

enum {
    HUP = 1,
    INT = 2,
    QUIT = 3,
    KILL = 9,
    TERM = 15
};

static drain_t s_drain;
static effects_t s_effects;

static int
s_setup (void **state)
{
    (void) state;
    drain_init (&s_drain, "consumer-1", TIMEOUT);
    return effects_init (&s_effects, SAY_LEVEL_INFO);
}

static int
s_teardown (void **state)
{
    (void) state;
    effects_term (&s_effects);
    return 0;
}

//  The lines said since the last call, as their formatted texts joined by '|'.
static const char *
s_lines (void)
{
    static char lines[1024];
    size_t length = 0;
    for (size_t i = 0; i < s_effects.count; i++) {
        if (length) {
            lines[length++] = '|';
        }
        length += say_format (lines + length, sizeof lines - length - 1, &s_effects.list[i].say);
    }
    lines[length] = 0;
    effects_clear (&s_effects);
    return lines;
}

static void
a_running_process_has_no_deadline (void **state)
{
    (void) state;
    assert_int_equal (s_drain.state, DRAIN_RUNNING);
    assert_true (drain_deadline (&s_drain) == DRAIN_NO_DEADLINE);
    assert_int_equal (drain_left_ms (&s_drain, NOW), UINT32_MAX);
    drain_tick (&s_drain, NOW + 1000 * SECOND);
    assert_false (s_drain.cut);
}

static void
the_first_signal_drains_for_the_time_out (void **state)
{
    (void) state;
    drain_signal (&s_drain, NOW, TERM);
    assert_int_equal (s_drain.state, DRAIN_DRAINING);
    assert_int_equal (s_drain.why, WHY_SIGNAL);
    assert_int_equal (s_drain.signal, TERM);
    assert_string_equal (s_drain.origin, "consumer-1");
    assert_int_equal (drain_left_ms (&s_drain, NOW), 8000);
    assert_int_equal (drain_left_ms (&s_drain, NOW + 3 * SECOND), 5000);
    assert_false (s_drain.cut);
    assert_int_equal (s_drain.exit_code, EXIT_CLEAN);
}

static void
the_second_signal_cuts_the_drain_short (void **state)
{
    (void) state;
    drain_signal (&s_drain, NOW, TERM);
    uint64_t version = s_drain.version;
    drain_signal (&s_drain, NOW, INT);
    assert_true (s_drain.cut);
    assert_true (s_drain.version > version);
    assert_int_equal (drain_left_ms (&s_drain, NOW), 0);
    assert_int_equal (s_drain.signal, TERM);
    assert_int_equal (s_drain.state, DRAIN_DRAINING);
}

static void
the_third_signal_leaves_at_once (void **state)
{
    (void) state;
    drain_signal (&s_drain, NOW, TERM);
    drain_signal (&s_drain, NOW, TERM);
    drain_signal (&s_drain, NOW, INT);
    assert_int_equal (s_drain.state, DRAIN_GONE);
    assert_int_equal (s_drain.exit_code, 128 + INT);
}

static void
a_second_signal_after_the_deadline_takes_nothing_back (void **state)
{
    (void) state;
    drain_signal (&s_drain, NOW, TERM);
    drain_tick (&s_drain, NOW + TIMEOUT);
    assert_true (s_drain.cut);
    drain_flushed (&s_drain, NOW + TIMEOUT);
    drain_signal (&s_drain, NOW + TIMEOUT, TERM);
    assert_true (s_drain.cut);
    assert_int_equal (s_drain.state, DRAIN_FLUSHED);
}

static void
only_signals_of_this_process_are_counted (void **state)
{
    (void) state;
    assert_true (drain_begin (&s_drain, NOW, WHY_UPSTREAM_FINISHED, 5000 * MS, "publisher-1"));
    drain_signal (&s_drain, NOW, TERM);
    assert_false (s_drain.cut);
    assert_int_equal (s_drain.why, WHY_UPSTREAM_FINISHED);
    assert_string_equal (s_drain.origin, "publisher-1");
    drain_signal (&s_drain, NOW, TERM);
    assert_true (s_drain.cut);
}

static void
many_reasons_start_one_drain (void **state)
{
    (void) state;
    assert_true (drain_begin (&s_drain, NOW, WHY_DOWNSTREAM_LEFT, -1, NULL));
    uint64_t version = s_drain.version;
    assert_false (drain_begin (&s_drain, NOW + SECOND, WHY_UPSTREAM_FINISHED, 0, "publisher-1"));
    drain_fail (&s_drain, NOW + SECOND, WHY_FAULT, EXIT_INTERNAL);
    assert_int_equal (s_drain.why, WHY_DOWNSTREAM_LEFT);
    assert_string_equal (s_drain.origin, "consumer-1");
    assert_true (s_drain.deadline_us == NOW + TIMEOUT);
    assert_true (s_drain.version == version);
    assert_int_equal (s_drain.exit_code, EXIT_INTERNAL);
}

//  The time a stage takes when upstream has so much left.
static int64_t
s_share (int64_t left_us)
{
    drain_init (&s_drain, "handler-1", TIMEOUT);
    drain_begin (&s_drain, NOW, WHY_UPSTREAM_FINISHED, left_us, "publisher-1");
    return s_drain.deadline_us - NOW;
}

static void
a_stage_takes_what_upstream_has_left_less_an_eighth (void **state)
{
    (void) state;
    assert_true (s_share (8000 * MS) == 7000 * MS);
    assert_true (s_share (4000 * MS) == 3500 * MS);
    assert_true (s_share (2000 * MS) == 1750 * MS);
}

static void
an_eighth_is_at_least_250_ms_and_never_more_than_there_is (void **state)
{
    (void) state;
    assert_true (s_share (1999 * MS) == 1749 * MS);
    assert_true (s_share (1000 * MS) == 750 * MS);
    assert_true (s_share (251 * MS) == 1 * MS);
    assert_true (s_share (250 * MS) == 0);
    assert_true (s_share (0) == 0);
}

static void
a_stage_never_takes_more_than_its_own_time_out (void **state)
{
    (void) state;
    assert_true (s_share (60 * SECOND) == TIMEOUT);
    assert_true (s_share (-1) == TIMEOUT);
}

static void
a_time_out_of_zero_hands_back_at_once (void **state)
{
    (void) state;
    drain_init (&s_drain, "consumer-1", 0);
    drain_signal (&s_drain, NOW, TERM);
    assert_true (s_drain.cut);
    assert_int_equal (drain_left_ms (&s_drain, NOW), 0);
}

static void
the_deadline_cuts_and_not_a_microsecond_before (void **state)
{
    (void) state;
    drain_signal (&s_drain, NOW, TERM);
    drain_tick (&s_drain, NOW + TIMEOUT - 1);
    assert_false (s_drain.cut);
    drain_tick (&s_drain, NOW + TIMEOUT);
    assert_true (s_drain.cut);
}

static void
the_time_left_fits_the_wire (void **state)
{
    (void) state;
    drain_init (&s_drain, "consumer-1", INT64_C (1) << 60);
    drain_signal (&s_drain, NOW, TERM);
    assert_int_equal (drain_left_ms (&s_drain, NOW), UINT32_MAX - 1);
    drain_init (&s_drain, "consumer-1", SECOND);
    drain_signal (&s_drain, NOW, TERM);
    assert_int_equal (drain_left_ms (&s_drain, NOW + 5 * SECOND), 0);
}

static void
the_first_exit_code_stays (void **state)
{
    (void) state;
    drain_code (&s_drain, EXIT_CLEAN);
    assert_int_equal (s_drain.exit_code, EXIT_CLEAN);
    drain_code (&s_drain, EXIT_CONFIG);
    drain_code (&s_drain, EXIT_INTERNAL);
    drain_code (&s_drain, EXIT_HANDED_BACK);
    drain_code (&s_drain, EXIT_CLEAN);
    assert_int_equal (s_drain.exit_code, EXIT_CONFIG);
}

static void
an_error_says_more_than_that_something_was_handed_back (void **state)
{
    (void) state;
    drain_code (&s_drain, EXIT_HANDED_BACK);
    assert_int_equal (s_drain.exit_code, EXIT_HANDED_BACK);
    drain_code (&s_drain, EXIT_CLEAN);
    assert_int_equal (s_drain.exit_code, EXIT_HANDED_BACK);
    drain_fail (&s_drain, NOW, WHY_FAULT, EXIT_INTERNAL);
    assert_int_equal (s_drain.exit_code, EXIT_INTERNAL);
    assert_int_equal (s_drain.why, WHY_FAULT);
}

static void
its_next_deadline_is_the_line_then_the_end_then_nothing (void **state)
{
    (void) state;
    drain_init (&s_drain, "consumer-1", 1500 * MS);
    drain_signal (&s_drain, NOW, TERM);
    assert_true (drain_deadline (&s_drain) == NOW + SECOND);
    drain_say_left (&s_drain, NOW + SECOND, 0, (text_t){0}, (text_t){0}, &s_effects);
    assert_true (drain_deadline (&s_drain) == NOW + 1500 * MS);
    drain_tick (&s_drain, NOW + 1500 * MS);
    assert_true (drain_deadline (&s_drain) == NOW + 2 * SECOND);
    uint64_t version = s_drain.version;
    drain_flushed (&s_drain, NOW + 1600 * MS);
    assert_true (s_drain.flushed_us == NOW + 1600 * MS);
    assert_true (drain_deadline (&s_drain) == DRAIN_NO_DEADLINE);
    drain_gone (&s_drain);
    assert_int_equal (s_drain.state, DRAIN_GONE);
    assert_true (s_drain.version == version + 2);
}

static void
reasons_have_names_and_signals_too (void **state)
{
    (void) state;
    assert_string_equal (drain_reason (WHY_SIGNAL, HUP), "SIGHUP");
    assert_string_equal (drain_reason (WHY_SIGNAL, INT), "SIGINT");
    assert_string_equal (drain_reason (WHY_SIGNAL, QUIT), "SIGQUIT");
    assert_string_equal (drain_reason (WHY_SIGNAL, TERM), "SIGTERM");
    assert_string_equal (drain_reason (WHY_SIGNAL, KILL), "signal");
    assert_string_equal (drain_reason (WHY_DOWNSTREAM_LEFT, TERM), "the last downstream has left");
    for (int why = 0; why < WHY_COUNT; why++) {
        assert_true (strlen (drain_reason ((drain_why_t) why, 0)) > 0);
    }
}

static void
the_start_is_said_once_in_the_words_of_the_contract (void **state)
{
    (void) state;
    drain_signal (&s_drain, NOW, TERM);
    drain_say_start (&s_drain, NOW, 5, &s_effects);
    assert_string_equal (s_lines (),
                         "Received exit signal SIGTERM...|Draining: SIGTERM, 8.0 s left");
    drain_say_start (&s_drain, NOW + SECOND, 5, &s_effects);
    assert_string_equal (s_lines (), "");
}

static void
a_signal_is_only_said_when_one_came (void **state)
{
    (void) state;
    drain_begin (&s_drain, NOW, WHY_DOWNSTREAM_LEFT, -1, NULL);
    drain_say_start (&s_drain, NOW, 0, &s_effects);
    assert_string_equal (s_lines (), "Draining: the last downstream has left, 8.0 s left");
    drain_signal (&s_drain, NOW + SECOND, INT);
    drain_say_start (&s_drain, NOW + SECOND, 0, &s_effects);
    assert_string_equal (s_lines (), "Received exit signal SIGINT...");
}

static void
a_cut_is_said_once_with_its_cause (void **state)
{
    (void) state;
    drain_signal (&s_drain, NOW, TERM);
    drain_say_start (&s_drain, NOW, 5, &s_effects);
    s_lines ();
    drain_tick (&s_drain, NOW + TIMEOUT);
    drain_say_start (&s_drain, NOW + TIMEOUT, 4, &s_effects);
    assert_string_equal (s_lines (), "The drain's time is over, 4 still in hand");
    drain_signal (&s_drain, NOW + TIMEOUT, TERM);
    drain_say_start (&s_drain, NOW + TIMEOUT, 4, &s_effects);
    assert_string_equal (s_lines (), "");
    drain_init (&s_drain, "consumer-1", TIMEOUT);
    drain_signal (&s_drain, NOW, TERM);
    drain_signal (&s_drain, NOW, TERM);
    drain_say_start (&s_drain, NOW, 3, &s_effects);
    assert_string_equal (s_lines (), "Received exit signal SIGTERM...|Draining: SIGTERM, 0.0 s left"
                                     "|The drain is cut short, 3 still in hand");
}

static void
once_a_second_one_line_says_what_is_left (void **state)
{
    (void) state;
    text_t oldest = {"cattle-gw75", 11};
    text_t holder = {"handler-1", 9};
    drain_say_left (&s_drain, NOW, 9, oldest, holder, &s_effects);
    drain_signal (&s_drain, NOW, TERM);
    for (int64_t at = NOW; at < NOW + 3500 * MS; at += 100 * MS) {
        drain_say_left (&s_drain, at, 2, oldest, holder, &s_effects);
    }
    assert_string_equal (s_lines (),
                         "Still 2 in hand, the oldest cattle-gw75 at handler-1, 7.0 s left"
                         "|Still 2 in hand, the oldest cattle-gw75 at handler-1, 6.0 s left"
                         "|Still 2 in hand, the oldest cattle-gw75 at handler-1, 5.0 s left");
    drain_say_left (&s_drain, NOW + 5 * SECOND, 0, oldest, holder, &s_effects);
    assert_string_equal (s_lines (), "");
}

int
main (void)
{
#define TEST(name) cmocka_unit_test_setup_teardown (name, s_setup, s_teardown)
    const struct CMUnitTest tests[] = {
        TEST (a_running_process_has_no_deadline),
        TEST (the_first_signal_drains_for_the_time_out),
        TEST (the_second_signal_cuts_the_drain_short),
        TEST (the_third_signal_leaves_at_once),
        TEST (a_second_signal_after_the_deadline_takes_nothing_back),
        TEST (only_signals_of_this_process_are_counted),
        TEST (many_reasons_start_one_drain),
        TEST (a_stage_takes_what_upstream_has_left_less_an_eighth),
        TEST (an_eighth_is_at_least_250_ms_and_never_more_than_there_is),
        TEST (a_stage_never_takes_more_than_its_own_time_out),
        TEST (a_time_out_of_zero_hands_back_at_once),
        TEST (the_deadline_cuts_and_not_a_microsecond_before),
        TEST (the_time_left_fits_the_wire),
        TEST (the_first_exit_code_stays),
        TEST (an_error_says_more_than_that_something_was_handed_back),
        TEST (its_next_deadline_is_the_line_then_the_end_then_nothing),
        TEST (reasons_have_names_and_signals_too),
        TEST (the_start_is_said_once_in_the_words_of_the_contract),
        TEST (a_signal_is_only_said_when_one_came),
        TEST (a_cut_is_said_once_with_its_cause),
        TEST (once_a_second_one_line_says_what_is_left),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
