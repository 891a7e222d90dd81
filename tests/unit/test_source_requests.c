//  Unit tests of source_requests: lines from files and pipes, whole and in pieces, never waiting.

#include "common/io/log.h"
#include "publisher/source_requests.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <malloc.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define SOME 64

static char s_folder[] = "/tmp/mayhem-requests-XXXXXX";
static char s_path[64];
static source_message_t s_out[SOME];
static char s_rejects[65536]; // "LINE reason\n" for each
static size_t s_rejects_length;
static size_t s_live, s_peak; // bytes that jansson holds

static void
s_on_reject (void *arg, uint64_t line, const char *reason)
{
    assert_ptr_equal (arg, s_rejects);
    s_rejects_length +=
        (size_t) snprintf (s_rejects + s_rejects_length, sizeof s_rejects - s_rejects_length,
                           "%d %s\n", (int) line, reason);
    assert_true (s_rejects_length < sizeof s_rejects);
}

static source_requests_limits_t
s_limits (const char *path)
{
    s_rejects[0] = '\0';
    s_rejects_length = 0;
    return (source_requests_limits_t){
        .path = path, .pace = {.mode = PACE_MAX}, .reject = s_on_reject, .reject_arg = s_rejects};
}

static source_t
s_open (const char *path)
{
    source_t source;
    source_requests_limits_t limits = s_limits (path);
    assert_int_equal (source_requests_open (&source, &limits, 0), 0);
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
s_write_file (const char *text, size_t length)
{
    FILE *file = fopen (s_path, "w");
    assert_non_null (file);
    assert_int_equal (fwrite (text, 1, length, file), length);
    fclose (file);
}

//  Ask until the source has finished; every call must be asked for at once.
static size_t
s_read_all (source_t *source)
{
    size_t total = 0;
    while (!source->ops->finished (source->self)) {
        assert_true (source->ops->deadline (source->self) <= 0);
        total += source->ops->next (source->self, 0, SOME, s_out);
    }
    assert_true (source->ops->deadline (source->self) == INT64_MAX);
    assert_int_equal (source->ops->next (source->self, 0, SOME, s_out), 0);
    return total;
}

static size_t
s_read_text (const char *text, size_t length, uint64_t *rejected_p)
{
    s_write_file (text, length);
    source_t source = s_open (s_path);
    assert_int_equal (source.ops->fd (source.self), -1); //  A file cannot be polled
    size_t total = s_read_all (&source);
    *rejected_p = source.ops->rejected (source.self);
    assert_int_equal (source.ops->failed (source.self), 0);
    s_close (&source);
    return total;
}

static void
bad_lines_are_reported_with_their_numbers_and_skipped (void **state)
{
    (void) state;
    static const char s_text[] = "{\"instance_name\": \"a\"}\n"
                                 "nonsense\n"
                                 "\n"
                                 "  \t\r\n"
                                 "{\"instance_name\": \"b\"}\r\n"
                                 "{\"instance_name\": \"\xff\"}\n"
                                 "{\"instance_name\": \"x y\"}\n"
                                 "{\"instance_name\": \"c\0d\"}\n"
                                 "{\"instance_name\": \"e\", \"hostname\": \"\"}\n"
                                 "{\"instance_name\": \"f\"}\n"
                                 "{\"instance_na";
    uint64_t rejected = 0;
    assert_int_equal (s_read_text (s_text, sizeof s_text - 1, &rejected), 3);
    assert_int_equal (rejected, 6);
    static const char *const s_starts[] = {"2 not JSON",
                                           "\n6 not JSON",
                                           "\n7 'x y.example.net' is not a host name",
                                           "\n8 not JSON",
                                           "\n9 '' is not a host name",
                                           "\n11 not JSON"};
    const char *at = s_rejects;
    for (size_t i = 0; i < sizeof s_starts / sizeof s_starts[0]; i++) {
        at = strstr (at, s_starts[i]);
        assert_non_null (at);
    }
}

static void
a_whole_last_line_needs_no_newline (void **state)
{
    (void) state;
    static const char s_text[] = "{\"instance_name\": \"a\"}\n{\"instance_name\": \"b\"}";
    uint64_t rejected = 0;
    assert_int_equal (s_read_text (s_text, sizeof s_text - 1, &rejected), 2);
    assert_int_equal (rejected, 0);
}

static void
an_empty_file_is_finished_at_once (void **state)
{
    (void) state;
    uint64_t rejected = 0;
    assert_int_equal (s_read_text ("", 0, &rejected), 0);
    assert_int_equal (rejected, 0);
    source_t source = s_open ("/dev/null");
    assert_int_equal (s_read_all (&source), 0);
    s_close (&source);
}

//  A request of exactly `length` bytes, then a newline, then a short one.
static size_t
s_read_length (size_t length, uint64_t *rejected_p)
{
    static const char s_short[] = "\n{\"instance_name\": \"b\"}\n";
    char *text = malloc (length + sizeof s_short);
    assert_non_null (text);
    memset (text, ' ', length);
    memcpy (text, "{\"instance_name\": \"a\"}", 22);
    memcpy (text + length, s_short, sizeof s_short - 1);
    size_t total = s_read_text (text, length + sizeof s_short - 1, rejected_p);
    free (text);
    return total;
}

static void
a_line_has_a_limit (void **state)
{
    (void) state;
    uint64_t rejected = 0;
    assert_int_equal (s_read_length (REQUEST_LINE_MAX, &rejected), 2);
    assert_int_equal (rejected, 0);
    static const size_t s_long[] = {REQUEST_LINE_MAX + 1,
                                    REQUEST_SLICE_BYTES - 1,
                                    REQUEST_SLICE_BYTES,
                                    REQUEST_SLICE_BYTES + 1,
                                    REQUEST_SLICE_BYTES + REQUEST_LINE_MAX,
                                    10000000};
    for (size_t i = 0; i < sizeof s_long / sizeof s_long[0]; i++) {
        assert_int_equal (s_read_length (s_long[i], &rejected), 1);
        assert_int_equal (rejected, 1);
        assert_string_equal (s_rejects, "1 longer than 4096 bytes\n");
        assert_string_equal (s_out[0].instance, "b");
    }
}

static void
a_long_last_line_is_reported_once (void **state)
{
    (void) state;
    char *text = malloc (200000);
    assert_non_null (text);
    memset (text, 'x', 200000);
    uint64_t rejected = 0;
    assert_int_equal (s_read_text (text, 200000, &rejected), 0);
    assert_int_equal (rejected, 1);
    free (text);
}

static void
next_gives_no_more_than_there_is_room_for (void **state)
{
    (void) state;
    static const char s_text[] = "{\"instance_name\": \"a\"}\n{\"instance_name\": \"b\"}\n"
                                 "{\"instance_name\": \"c\"}\n";
    s_write_file (s_text, sizeof s_text - 1);
    source_t source = s_open (s_path);
    assert_int_equal (source.ops->next (source.self, 0, 0, s_out), 0);
    assert_int_equal (source.ops->next (source.self, 0, 2, s_out), 2);
    assert_false (source.ops->finished (source.self));
    assert_true (source.ops->deadline (source.self) <= 0);
    assert_int_equal (source.ops->next (source.self, 0, 2, s_out), 1);
    assert_string_equal (s_out[0].instance, "c");
    s_read_all (&source);
    s_close (&source);
}

//  A FIFO: nothing, then a piece, then the rest, then the end.
static void
a_pipe_is_waited_for_without_blocking (void **state)
{
    (void) state;
    unlink (s_path);
    assert_int_equal (mkfifo (s_path, 0600), 0);
    source_t source = s_open (s_path);
    const source_ops_t *ops = source.ops;
    assert_int_equal (ops->fd (source.self), -1);                  //  Asked first, then waited for
    assert_int_equal (ops->next (source.self, 0, SOME, s_out), 0); //  No writer yet: not the end
    assert_true (ops->fd (source.self) > 0);
    assert_false (ops->finished (source.self));
    assert_true (ops->deadline (source.self) == INT64_MAX);

    int writer = open (s_path, O_WRONLY);
    assert_true (writer >= 0);
    assert_int_equal (write (writer, "{\"instance_name\"", 16), 16);
    assert_int_equal (ops->next (source.self, 0, SOME, s_out), 0);
    assert_true (ops->deadline (source.self) <= 0 || ops->next (source.self, 0, SOME, s_out) == 0);
    assert_int_equal (write (writer, ": \"a\"}\n{", 8), 8);
    assert_int_equal (ops->next (source.self, 0, SOME, s_out), 1);
    assert_int_equal (ops->next (source.self, 0, SOME, s_out), 0);
    assert_true (ops->deadline (source.self) == INT64_MAX);
    assert_false (ops->finished (source.self));
    close (writer);
    assert_int_equal (ops->next (source.self, 0, SOME, s_out), 0);
    assert_int_equal (s_read_all (&source), 0);
    assert_true (strncmp (s_rejects, "2 not JSON", 10) == 0);
    s_close (&source);
    unlink (s_path);
}

//  Of a pipe, three lines are read; one is taken, two and a piece stay.
static void
what_cannot_be_read_again_is_given_out_at_a_stop (void **state)
{
    (void) state;
    static const char s_lines[] = "{\"instance_name\": \"a\"}\nbad\n{\"instance_name\": \"b\"}\n{";
    unlink (s_path);
    assert_int_equal (mkfifo (s_path, 0600), 0);
    source_t source = s_open (s_path);
    const source_ops_t *ops = source.ops;
    int writer = open (s_path, O_WRONLY);
    assert_int_equal (write (writer, s_lines, sizeof s_lines - 1), sizeof s_lines - 1);
    assert_int_equal (ops->next (source.self, 0, 1, s_out), 1);
    assert_int_equal (ops->line (source.self), 2);
    assert_true (ops->rest (source.self, s_out));
    assert_string_equal (s_out[0].instance, "b");
    assert_false (ops->rest (source.self, s_out));
    assert_int_equal (ops->line (source.self), 4);
    assert_int_equal (ops->rejected (source.self), 1);
    close (writer);
    s_close (&source);
    unlink (s_path);
}

static void
the_rest_of_a_file_stays_in_the_file (void **state)
{
    (void) state;
    static const char s_lines[] = "{\"instance_name\": \"a\"}\n{\"instance_name\": \"b\"}\n";
    s_write_file (s_lines, sizeof s_lines - 1);
    source_t source = s_open (s_path);
    assert_int_equal (source.ops->next (source.self, 0, 1, s_out), 1);
    assert_false (source.ops->rest (source.self, s_out));
    assert_int_equal (source.ops->line (source.self), 2);
    s_close (&source);
}

//  Nothing may wake for a readable pipe that the pace keeps closed.
static void
a_pipe_that_is_not_asked_is_not_waited_for (void **state)
{
    (void) state;
    unlink (s_path);
    assert_int_equal (mkfifo (s_path, 0600), 0);
    source_requests_limits_t limits = s_limits (s_path);
    limits.pace = (pace_limits_t){.mode = PACE_RATE, .rate = 0};
    source_t source;
    assert_int_equal (source_requests_open (&source, &limits, 0), 0);
    assert_int_equal (source.ops->next (source.self, 0, SOME, s_out), 0);
    assert_int_equal (source.ops->fd (source.self), -1);
    s_close (&source);
    unlink (s_path);
}

static void
a_read_that_fails_ends_the_source_with_its_error (void **state)
{
    (void) state;
    source_t source = s_open ("/proc/self/mem");
    assert_int_equal (s_read_all (&source), 0);
    assert_int_equal (source.ops->failed (source.self), EIO);
    s_close (&source);
}

static void
stdin_is_not_made_non_blocking (void **state)
{
    (void) state;
    int ends[2], kept = dup (STDIN_FILENO);
    assert_int_equal (pipe (ends), 0);
    dup2 (ends[0], STDIN_FILENO);
    source_t source = s_open ("-");
    assert_int_equal (source.ops->next (source.self, 0, SOME, s_out), 0);
    assert_int_equal (source.ops->fd (source.self), STDIN_FILENO);
    assert_int_equal (fcntl (STDIN_FILENO, F_GETFL) & O_NONBLOCK, 0);
    assert_int_equal (write (ends[1], "{\"instance_name\": \"a\"}\n", 23), 23);
    close (ends[1]);
    assert_int_equal (source.ops->next (source.self, 0, SOME, s_out), 1);
    assert_int_equal (s_read_all (&source), 0);
    s_close (&source);
    assert_true (fcntl (STDIN_FILENO, F_GETFL) >= 0); //  Still open
    dup2 (kept, STDIN_FILENO);
    close (kept);
    close (ends[0]);
}

static void
what_cannot_be_read_is_said_at_once (void **state)
{
    (void) state;
    source_t source;
    source_requests_limits_t limits = s_limits ("/nonexistent/file");
    assert_int_equal (source_requests_open (&source, &limits, 0), -1);
    assert_int_equal (errno, ENOENT);
    limits = s_limits (s_folder);
    assert_int_equal (source_requests_open (&source, &limits, 0), -1);
    assert_int_equal (errno, EISDIR);
}

static void
a_count_and_a_pace_hold_for_requests_too (void **state)
{
    (void) state;
    static const char s_text[] = "{\"instance_name\": \"a\"}\n{\"instance_name\": \"b\"}\nx\n"
                                 "{\"instance_name\": \"c\"}\n";
    s_write_file (s_text, sizeof s_text - 1);
    source_requests_limits_t limits = s_limits (s_path);
    limits.count = 2;
    limits.pace = (pace_limits_t){.mode = PACE_EVERY, .every_us = 1000000};
    source_t source;
    assert_int_equal (source_requests_open (&source, &limits, 0), 0);
    assert_int_equal (source.ops->next (source.self, 0, SOME, s_out), 1);
    assert_int_equal (source.ops->next (source.self, 999999, SOME, s_out), 0);
    assert_int_equal (source.ops->deadline (source.self), 1000000);
    assert_int_equal (source.ops->next (source.self, 1000000, SOME, s_out), 1);
    assert_true (source.ops->finished (source.self));
    s_close (&source);
}

static void
a_request_without_id_gets_a_v4_id (void **state)
{
    (void) state;
    uint64_t rejected = 0;
    static const char s_text[] = "{\"instance_name\": \"a\"}\n{\"instance_name\": \"b\"}\n";
    s_read_text (s_text, sizeof s_text - 1, &rejected);
    assert_false (s_out[0].own_id);
    assert_int_equal (s_out[0].id[6] >> 4, 4);
    assert_int_equal (s_out[0].id[8] >> 6, 2);
    assert_memory_not_equal (s_out[0].id, s_out[1].id, ID_BYTES);
}

static void *
s_counting_malloc (size_t size)
{
    void *block = malloc (size);
    s_live += malloc_usable_size (block);
    s_peak = s_live > s_peak ? s_live : s_peak;
    return block;
}

static void
s_counting_free (void *block)
{
    s_live -= malloc_usable_size (block);
    free (block);
}

static void
a_long_stream_takes_no_more_memory_than_a_line (void **state)
{
    (void) state;
    const int lines = 100000;
    log_open ("publisher-1", "publisher", LEVEL_ERROR, LOG_AS_TEXT);
    FILE *file = fopen (s_path, "w");
    assert_non_null (file);
    for (int i = 0; i < lines; i++) {
        fprintf (file, i % 100 == 99 ? "bad\n" : "{\"instance_name\": \"cattle-%d\"}\n", i);
    }
    fclose (file);
    json_set_alloc_funcs (s_counting_malloc, s_counting_free);
    source_requests_limits_t limits = s_limits (s_path);
    limits.reject = NULL; //  To the log, which limits itself
    source_t source;
    assert_int_equal (source_requests_open (&source, &limits, 0), 0);
    assert_int_equal (s_read_all (&source), lines - lines / 100);
    assert_int_equal (source.ops->rejected (source.self), lines / 100);
    s_close (&source);
    json_set_alloc_funcs (malloc, free);
    log_close ();
    assert_int_equal (s_live, 0);
    assert_true (s_peak < 16384);
}

static int
s_make_folder (void **state)
{
    (void) state;
    if (!mkdtemp (s_folder)) {
        return -1;
    }
    snprintf (s_path, sizeof s_path, "%s/requests", s_folder);
    return 0;
}

static int
s_remove_folder (void **state)
{
    (void) state;
    unlink (s_path);
    return rmdir (s_folder);
}

int
main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (bad_lines_are_reported_with_their_numbers_and_skipped),
        cmocka_unit_test (a_whole_last_line_needs_no_newline),
        cmocka_unit_test (an_empty_file_is_finished_at_once),
        cmocka_unit_test (a_line_has_a_limit),
        cmocka_unit_test (a_long_last_line_is_reported_once),
        cmocka_unit_test (next_gives_no_more_than_there_is_room_for),
        cmocka_unit_test (a_pipe_is_waited_for_without_blocking),
        cmocka_unit_test (what_cannot_be_read_again_is_given_out_at_a_stop),
        cmocka_unit_test (the_rest_of_a_file_stays_in_the_file),
        cmocka_unit_test (a_pipe_that_is_not_asked_is_not_waited_for),
        cmocka_unit_test (a_read_that_fails_ends_the_source_with_its_error),
        cmocka_unit_test (stdin_is_not_made_non_blocking),
        cmocka_unit_test (what_cannot_be_read_is_said_at_once),
        cmocka_unit_test (a_count_and_a_pace_hold_for_requests_too),
        cmocka_unit_test (a_request_without_id_gets_a_v4_id),
        cmocka_unit_test (a_long_stream_takes_no_more_memory_than_a_line),
    };
    return cmocka_run_group_tests (tests, s_make_folder, s_remove_folder);
}
