//  Unit tests of action_output: what stands in a pipe, and what the log makes of it.

#include "handler/action_output.h"
#include "tests/unit/capture.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static const text_t s_instance = {"cattle-1", 8};
static action_output_t s_output;
static int s_writer;

static void
s_open (log_level_t level)
{
    int ends[2];
    assert_int_equal (pipe2 (ends, O_CLOEXEC | O_NONBLOCK), 0);
    s_writer = ends[1];
    action_output_open (&s_output, ends[0], level);
    capture_begin ();
}

//  Write, and let it be read: all of it, as it is less than a pipe holds.
static void
s_feed (const void *bytes, size_t length)
{
    assert_int_equal (write (s_writer, bytes, length), (ssize_t) length);
    for (size_t i = 0; i <= length / ACTION_READ_BYTES; i++) {
        assert_true (action_output_read (&s_output, s_instance));
    }
}

static const char *
s_close (void)
{
    close (s_writer);
    assert_false (action_output_read (&s_output, s_instance));
    action_output_close (&s_output, s_instance);
    action_output_close (&s_output, s_instance);
    assert_int_equal (s_output.fd, -1);
    return capture_end ();
}

static void
lines_are_logged_with_their_instance (void **state)
{
    (void) state;
    s_open (LEVEL_INFO);
    s_feed ("one\ntw", 6);
    s_feed ("o\r\n\n", 4);
    s_feed ("last", 4);
    const char *text = s_close ();
    assert_int_equal (capture_count (text, "\n"), 3);
    assert_int_equal (capture_count (text, " INFO: cattle-1: one\n"), 1);
    assert_int_equal (capture_count (text, " INFO: cattle-1: two\n"), 1);
    assert_int_equal (capture_count (text, " INFO: cattle-1: last\n"), 1);
}

static void
errors_are_warnings (void **state)
{
    (void) state;
    s_open (LEVEL_WARNING);
    s_feed ("no route\n", 9);
    assert_int_equal (capture_count (s_close (), " WARNING: cattle-1: no route\n"), 1);
}

static void
nothing_to_read_is_not_the_end (void **state)
{
    (void) state;
    s_open (LEVEL_INFO);
    assert_true (action_output_read (&s_output, s_instance));
    assert_string_equal (s_close (), "");
}

static void
control_characters_and_nul_are_escaped (void **state)
{
    (void) state;
    s_open (LEVEL_INFO);
    s_feed ("a\x1b[2Jb\0c\rd\xff\n", 12);
    assert_int_equal (capture_count (s_close (), "cattle-1: a\\x1B[2Jb\\x1Ac\\x0Dd\\xFF\n"), 1);
}

//  A line of this many bytes, and what becomes of it.
static void
s_check_length (size_t length, bool cut)
{
    static char line[4 * ACTION_LINE_MAX];
    memset (line, 'x', length);
    line[length] = '\n';
    s_open (LEVEL_INFO);
    s_feed (line, length + 1);
    s_feed ("then\n", 5);
    const char *text = s_close ();
    assert_int_equal (capture_count (text, "x"), cut ? ACTION_LINE_MAX : length);
    assert_int_equal (capture_count (text, "x...\n"), cut);
    assert_int_equal (capture_count (text, "cattle-1: then\n"), 1);
}

static void
a_line_is_shown_whole_at_the_limit_and_cut_one_past_it (void **state)
{
    (void) state;
    s_check_length (ACTION_LINE_MAX, false);
    s_check_length (ACTION_LINE_MAX + 1, true);
    s_check_length (3 * ACTION_LINE_MAX, true);
}

static void
a_cut_leaves_no_half_of_a_character (void **state)
{
    (void) state;
    char line[ACTION_LINE_MAX + 8];
    for (size_t before = 1; before <= 4; before++) {
        memset (line, 'x', sizeof line);
        memcpy (line + ACTION_LINE_MAX - before, "\xf0\x9f\x90\x84", 4);
        line[sizeof line - 1] = '\n';
        s_open (LEVEL_INFO);
        s_feed (line, sizeof line);
        const char *text = s_close ();
        assert_int_equal (capture_count (text, "\\x"), 0);
        assert_int_equal (capture_count (text, "\xf0\x9f\x90\x84"), before == 4);
    }
}

static void
s_check_lines (int lines, const char *last)
{
    s_open (LEVEL_INFO);
    for (int i = 0; i < lines; i++) {
        s_feed ("line\n", 5);
    }
    const char *text = s_close ();
    assert_int_equal (capture_count (text, "cattle-1: line\n"), ACTION_LINES_MAX);
    assert_int_equal (capture_count (text, "more lines"), last != NULL);
    assert_true (!last || strstr (text, last));
}

static void
lines_beyond_the_limit_are_counted (void **state)
{
    (void) state;
    s_check_lines (ACTION_LINES_MAX, NULL);
    s_check_lines (ACTION_LINES_MAX + 1, "cattle-1: 1 more lines\n");
    s_check_lines (ACTION_LINES_MAX + 500, "cattle-1: 500 more lines\n");
}

int
main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (lines_are_logged_with_their_instance),
        cmocka_unit_test (errors_are_warnings),
        cmocka_unit_test (nothing_to_read_is_not_the_end),
        cmocka_unit_test (control_characters_and_nul_are_escaped),
        cmocka_unit_test (a_line_is_shown_whole_at_the_limit_and_cut_one_past_it),
        cmocka_unit_test (a_cut_leaves_no_half_of_a_character),
        cmocka_unit_test (lines_beyond_the_limit_are_counted),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
