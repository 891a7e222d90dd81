//  Unit tests of log: formats, escaping, limits, and a reader that stalls, leaves or never was.
//  Descriptor 2 is a pipe or a socket of the test, so nothing here sleeps.

#include "common/io/clock.h"
#include "common/io/log.h"
#include "common/io/log_sink.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <jansson.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

//  More than a pipe and the log's buffer hold together.
#define FLOOD_LINES 20000

//  Time that the log sees in log_tick.
#define SECOND INT64_C (1000000)

static int s_stderr;         // the real descriptor 2
static int s_reader;         // our end of descriptor 2
static char s_text[4 << 20]; // what was read
static size_t s_length;      // bytes of it

static void
s_use (int reader, int writer)
{
    s_reader = reader;
    fcntl (s_reader, F_SETFL, O_NONBLOCK);
    dup2 (writer, STDERR_FILENO);
    close (writer);
    s_length = 0;
    s_text[0] = '\0';
}

static int
s_setup (void **state)
{
    (void) state;
    int ends[2];
    sigaction (SIGPIPE, &(struct sigaction){.sa_handler = SIG_IGN}, NULL);
    s_stderr = dup (STDERR_FILENO);
    assert_int_equal (pipe (ends), 0);
    s_use (ends[0], ends[1]);
    return 0;
}

static int
s_setup_socket (void **state)
{
    (void) state;
    int ends[2];
    s_stderr = dup (STDERR_FILENO);
    assert_int_equal (socketpair (AF_UNIX, SOCK_STREAM, 0, ends), 0);
    s_use (ends[0], ends[1]);
    return 0;
}

static int
s_teardown (void **state)
{
    (void) state;
    log_close ();
    dup2 (s_stderr, STDERR_FILENO);
    close (s_stderr);
    if (s_reader >= 0) {
        close (s_reader);
    }
    return 0;
}

//  Read what is there; returns all text since the set-up.
static const char *
s_read (void)
{
    ssize_t got;
    while ((got = read (s_reader, s_text + s_length, sizeof s_text - 1 - s_length)) > 0) {
        s_length += (size_t) got;
    }
    s_text[s_length] = '\0';
    return s_text;
}

//  Let reader and log take turns until nothing waits.
static void
s_drain (void)
{
    do {
        s_read ();
        log_tick (clock_now_us ());
    } while (log_deadline () != INT64_MAX);
    s_read ();
}

static size_t
s_count (const char *what)
{
    size_t count = 0;
    for (const char *at = s_text; (at = strstr (at, what)) != NULL; at++) {
        count++;
    }
    return count;
}

static void
a_text_line_is_time_level_text (void **state)
{
    (void) state;
    log_open ("handler-1", "handler", LEVEL_DEBUG, LOG_AS_TEXT);
    log_line (LEVEL_ERROR, "Could not restart %s: %d", "a.example.net", 7);
    log_line (LEVEL_WARNING, "w");
    log_line (LEVEL_INFO, "i");
    log_line (LEVEL_DEBUG, "d");
    const char *text = s_read ();
    int hour, minute, second, milli, end = 0;
    int fields = sscanf (text, "%2d:%2d:%2d,%3d ERROR: Could not restart a.example.net: 7\n%n",
                         &hour, &minute, &second, &milli, &end);
    assert_int_equal (fields, 4);
    assert_int_equal (end, strlen ("HH:MM:SS,mmm ERROR: Could not restart a.example.net: 7\n"));
    assert_true (hour < 24 && minute < 60 && second <= 60);
    assert_non_null (strstr (text, " WARNING: w\n"));
    assert_non_null (strstr (text, " INFO: i\n"));
    assert_non_null (strstr (text, " DEBUG: d\n"));
}

static void
a_line_below_the_level_is_not_written (void **state)
{
    (void) state;
    log_open ("x", "handler", LEVEL_WARNING, LOG_AS_TEXT);
    assert_true (log_on (LEVEL_ERROR));
    assert_true (log_on (LEVEL_WARNING));
    assert_false (log_on (LEVEL_INFO));
    log_line (LEVEL_INFO, "no");
    log_about (LEVEL_DEBUG, NULL, "no");
    assert_string_equal (s_read (), "");
}

static void
control_characters_do_not_get_through (void **state)
{
    (void) state;
    log_open ("x", "handler", LEVEL_INFO, LOG_AS_TEXT);
    log_line (LEVEL_INFO, "a\nb\r\x1b[31mc\x7f\xff%s", "\n00:00:00,000 INFO: forged");
    const char *text = s_read ();
    assert_non_null (strstr (text, "a\\x0Ab\\x0D\\x1B[31mc\\x7F\\xFF\\x0A00:00:00"));
    assert_ptr_equal (strchr (text, '\n'), text + s_length - 1);
}

static void
a_line_is_cut_at_its_limit (void **state)
{
    (void) state;
    char foreign[4000];
    memset (foreign, 'x', sizeof foreign);
    log_open ("x", "handler", LEVEL_INFO, LOG_AS_TEXT);
    const size_t head = strlen ("HH:MM:SS,mmm INFO: \n");
    const int fits = (int) (LOG_LINE_MAX - 1 - head);
    log_line (LEVEL_INFO, "%.*s", fits, foreign);
    assert_int_equal (strlen (s_read ()), LOG_LINE_MAX - 1);
    assert_null (strstr (s_text, "..."));
    s_length = 0;
    log_line (LEVEL_INFO, "%.*s", (int) sizeof foreign, foreign);
    s_read ();
    assert_true (s_length <= LOG_LINE_MAX);
    assert_string_equal (s_text + s_length - 4, "...\n");
}

static void
s_check_subject (const json_t *root)
{
    assert_string_equal (json_string_value (json_object_get (root, "instance")), "cattle-\"q");
    assert_string_equal (json_string_value (json_object_get (root, "hostname")), "h.example.net");
    assert_string_equal (json_string_value (json_object_get (root, "message_id")),
                         "00010203-0405-0607-0809-0a0b0c0d0e0f");
    assert_int_equal (json_integer_value (json_object_get (root, "seq")), 42);
    assert_string_equal (json_string_value (json_object_get (root, "outbox")), "00000000000000ff");
    assert_int_equal (json_integer_value (json_object_get (root, "delivery")), 2);
    assert_null (json_object_get (root, "peer"));
}

static void
a_json_line_is_one_object_with_its_subject (void **state)
{
    (void) state;
    const uint8_t id[ID_BYTES] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
    log_subject_t subject = {.instance = {"cattle-\"q", 9},
                             .hostname = {"h.example.net", 13},
                             .message_id = id,
                             .name = {255, 42},
                             .delivery = 2};
    log_open ("handler-1", "handler", LEVEL_INFO, LOG_AS_JSON);
    log_about (LEVEL_INFO, &subject, "Done. Acked %s", "\"q\"\n");
    json_t *root = json_loads (s_read (), JSON_REJECT_DUPLICATES, NULL);
    assert_non_null (root);
    const char *time = json_string_value (json_object_get (root, "time"));
    assert_int_equal (strlen (time), strlen ("2026-01-01T00:00:00.000Z"));
    assert_string_equal (json_string_value (json_object_get (root, "level")), "INFO");
    assert_string_equal (json_string_value (json_object_get (root, "name")), "handler-1");
    assert_string_equal (json_string_value (json_object_get (root, "stage")), "handler");
    assert_string_equal (json_string_value (json_object_get (root, "text")), "Done. Acked \"q\"\n");
    s_check_subject (root);
    json_decref (root);
}

static void
a_line_that_others_wait_for_is_written_at_every_level (void **state)
{
    (void) state;
    log_open ("x", "handler", LEVEL_ERROR, LOG_AS_TEXT);
    log_line (LEVEL_INFO, "not this one");
    log_always ("Ready as %s", "x");
    assert_string_equal (s_read () + strlen ("HH:MM:SS,mmm "), "INFO: Ready as x\n");
}

static void
the_longest_json_line_is_valid_and_within_its_limit (void **state)
{
    (void) state;
    char bytes[4000];
    memset (bytes, 0xff, sizeof bytes);
    log_subject_t subject = {.instance = {bytes, INSTANCE_MAX_BYTES},
                             .hostname = {bytes, HOSTNAME_MAX_BYTES},
                             .peer = {bytes, NAME_MAX_BYTES},
                             .name = {UINT64_MAX, INT64_MAX}};
    log_open ("x", "handler", LEVEL_INFO, LOG_AS_JSON);
    log_about (LEVEL_INFO, &subject, "%.*s", (int) sizeof bytes, bytes);
    s_read ();
    assert_true (s_length <= LOG_JSON_MAX);
    json_t *root = json_loads (s_text, 0, NULL);
    assert_non_null (root);
    json_decref (root);
}

static void
lines_about_messages_are_counted_beyond_the_limit (void **state)
{
    (void) state;
    log_open ("x", "handler", LEVEL_INFO, LOG_AS_TEXT);
    int64_t now_us = clock_now_us ();
    for (int i = 0; i < LOG_MESSAGE_LINES + 5; i++) {
        log_about (LEVEL_INFO, NULL, "Saved x into database");
    }
    log_line (LEVEL_INFO, "of the process");
    assert_true (log_deadline () < now_us + 2 * SECOND);
    log_tick (now_us + 2 * SECOND);
    s_read ();
    assert_int_equal (s_count ("Saved x"), LOG_MESSAGE_LINES);
    assert_int_equal (s_count ("of the process"), 1);
    assert_int_equal (s_count (" INFO: 5 more lines about messages in this second\n"), 1);
    assert_true (log_deadline () == INT64_MAX);
}

//  More lines than anybody keeps, then a reader that comes back.
static void
s_flood (void)
{
    log_open ("x", "handler", LEVEL_INFO, LOG_AS_TEXT);
    for (int i = 0; i < FLOOD_LINES; i++) {
        log_line (LEVEL_INFO, "flood %d, a line of some length", i);
    }
    assert_true (log_dropped () > 0);
    assert_true (log_deadline () != INT64_MAX);
    uint64_t dropped = log_dropped ();
    s_drain ();
    assert_int_equal (s_count ("flood"), FLOOD_LINES - dropped);
    char said[64];
    snprintf (said, sizeof said, " WARNING: %" PRIu64 " log lines dropped", dropped);
    assert_int_equal (s_count (said), 1);
    assert_int_equal (s_count ("dropped"), 1);
    assert_int_equal (s_count ("\n"), FLOOD_LINES - dropped + 1);
    log_line (LEVEL_INFO, "and on");
    s_read ();
    assert_int_equal (s_count ("and on"), 1);
    assert_int_equal (log_dropped (), dropped);
}

static void
a_full_pipe_drops_whole_lines_and_says_how_many (void **state)
{
    (void) state;
    s_flood ();
    assert_true ((fcntl (STDERR_FILENO, F_GETFL) & O_NONBLOCK) == 0);
}

static void
a_full_socket_drops_whole_lines_and_says_how_many (void **state)
{
    (void) state;
    s_flood ();
    assert_true ((fcntl (STDERR_FILENO, F_GETFL) & O_NONBLOCK) == 0);
}

static void
a_reader_that_left_costs_the_lines_and_no_more (void **state)
{
    (void) state;
    log_open ("x", "handler", LEVEL_INFO, LOG_AS_TEXT);
    close (s_reader);
    s_reader = -1;
    log_line (LEVEL_INFO, "one");
    log_line (LEVEL_INFO, "two");
    assert_int_equal (log_dropped (), 2);
    assert_true (log_deadline () == INT64_MAX);
}

static void
a_closed_stderr_is_no_stderr (void **state)
{
    (void) state;
    close (STDERR_FILENO);
    log_open ("x", "handler", LEVEL_INFO, LOG_AS_TEXT);
    log_line (LEVEL_INFO, "one");
    assert_int_equal (log_dropped (), 1);
}

static void
closing_waits_no_longer_than_its_deadline (void **state)
{
    (void) state;
    log_open ("x", "handler", LEVEL_INFO, LOG_AS_TEXT);
    for (int i = 0; i < FLOOD_LINES; i++) {
        log_line (LEVEL_INFO, "flood %d, a line of some length", i);
    }
    int64_t start_us = clock_now_us ();
    log_close ();
    int64_t spent_us = clock_now_us () - start_us;
    assert_true (spent_us >= LOG_CLOSE_US && spent_us < SECOND);
}

static void
closing_writes_what_waits_and_the_counts (void **state)
{
    (void) state;
    log_open ("x", "handler", LEVEL_INFO, LOG_AS_TEXT);
    for (int i = 0; i < LOG_MESSAGE_LINES + 3; i++) {
        log_about (LEVEL_INFO, NULL, "about");
    }
    log_close ();
    s_read ();
    assert_int_equal (s_count (": about\n"), LOG_MESSAGE_LINES);
    assert_int_equal (s_count (" INFO: 3 more lines about messages in this second\n"), 1);
}

static void
lines_before_the_log_is_open_are_seen (void **state)
{
    (void) state;
    log_line (LEVEL_ERROR, "early");
    s_read ();
    assert_int_equal (s_count (" ERROR: early\n"), 1);
}

#define WITH_PIPE(f)   cmocka_unit_test_setup_teardown (f, s_setup, s_teardown)
#define WITH_SOCKET(f) cmocka_unit_test_setup_teardown (f, s_setup_socket, s_teardown)

int
main (void)
{
    const struct CMUnitTest tests[] = {
        WITH_PIPE (a_text_line_is_time_level_text),
        WITH_PIPE (a_line_below_the_level_is_not_written),
        WITH_PIPE (control_characters_do_not_get_through),
        WITH_PIPE (a_line_is_cut_at_its_limit),
        WITH_PIPE (a_json_line_is_one_object_with_its_subject),
        WITH_PIPE (a_line_that_others_wait_for_is_written_at_every_level),
        WITH_PIPE (the_longest_json_line_is_valid_and_within_its_limit),
        WITH_PIPE (lines_about_messages_are_counted_beyond_the_limit),
        WITH_PIPE (a_full_pipe_drops_whole_lines_and_says_how_many),
        WITH_SOCKET (a_full_socket_drops_whole_lines_and_says_how_many),
        WITH_PIPE (a_reader_that_left_costs_the_lines_and_no_more),
        WITH_PIPE (a_closed_stderr_is_no_stderr),
        WITH_PIPE (closing_waits_no_longer_than_its_deadline),
        WITH_PIPE (closing_writes_what_waits_and_the_counts),
        WITH_PIPE (lines_before_the_log_is_open_are_seen),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
