//  Unit tests of watch, on pipes: what is ready is ready, nothing waits.

#include "common/io/watch.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

#include <cmocka.h>

//  One watched pipe, and what its callback did and shall do.
typedef struct {
    watch_t *watch;
    int ends[2];
    int calls;
    uint32_t events;
    int remove; // descriptor that the callback removes and closes; -1: none
    int reopen; // 1: the callback then watches a fresh, silent pipe
    int fresh[2];
} pipe_t;

static void
s_on_ready (void *arg, int fd, uint32_t events)
{
    pipe_t *pipe = arg;
    (void) fd;
    pipe->calls++;
    pipe->events = events;
    if (pipe->remove >= 0) {
        assert_true (watch_remove (pipe->watch, pipe->remove));
        close (pipe->remove);
        pipe->remove = -1;
        if (pipe->reopen) {
            assert_int_equal (pipe2 (pipe->fresh, O_CLOEXEC | O_NONBLOCK), 0);
            assert_int_equal (
                watch_add (pipe->watch, pipe->fresh[0], EPOLLIN, false, s_on_ready, pipe), 0);
        }
    }
}

static void
s_open (pipe_t *self, watch_t *watch, bool one_shot)
{
    *self = (pipe_t){.watch = watch, .remove = -1};
    assert_int_equal (pipe2 (self->ends, O_CLOEXEC | O_NONBLOCK), 0);
    assert_int_equal (watch_add (watch, self->ends[0], EPOLLIN, one_shot, s_on_ready, self), 0);
}

static void
s_fill (const pipe_t *self)
{
    assert_int_equal (write (self->ends[1], "x", 1), 1);
}

static void
s_close (pipe_t *self)
{
    watch_remove (self->watch, self->ends[0]);
    close (self->ends[0]);
    close (self->ends[1]);
}

static void
what_was_not_read_is_told_again (void **state)
{
    (void) state;
    watch_t *watch = watch_new ();
    pipe_t pipe;
    s_open (&pipe, watch, false);
    assert_int_equal (watch_run (watch), 0);
    s_fill (&pipe);
    assert_int_equal (watch_run (watch), 1);
    assert_int_equal (watch_run (watch), 1);
    assert_int_equal (pipe.calls, 2);
    assert_int_equal (pipe.events, EPOLLIN);
    s_close (&pipe);
    watch_destroy (&watch);
    assert_null (watch);
    watch_destroy (&watch);
}

static void
a_one_shot_is_silent_until_it_is_armed_again (void **state)
{
    (void) state;
    watch_t *watch = watch_new ();
    pipe_t pipe;
    s_open (&pipe, watch, true);
    s_fill (&pipe);
    assert_int_equal (watch_run (watch), 1);
    assert_int_equal (watch_run (watch), 0);
    assert_int_equal (watch_again (watch, pipe.ends[0], EPOLLIN), 0);
    assert_int_equal (watch_run (watch), 1);
    assert_int_equal (watch_run (watch), 0);
    s_close (&pipe);
    assert_int_equal (watch_again (watch, pipe.ends[0], EPOLLIN), -1);
    watch_destroy (&watch);
}

static void
the_end_of_a_pipe_is_an_event (void **state)
{
    (void) state;
    watch_t *watch = watch_new ();
    pipe_t pipe;
    s_open (&pipe, watch, false);
    close (pipe.ends[1]);
    assert_int_equal (watch_run (watch), 1);
    assert_true (pipe.events & EPOLLHUP);
    watch_remove (watch, pipe.ends[0]);
    close (pipe.ends[0]);
    watch_destroy (&watch);
}

static void
a_callback_may_remove_itself_and_others (void **state)
{
    (void) state;
    watch_t *watch = watch_new ();
    pipe_t first;
    pipe_t second;
    s_open (&first, watch, false);
    s_open (&second, watch, false);
    s_fill (&first);
    s_fill (&second);
    //  Whichever comes first silences the other.
    first.remove = second.ends[0];
    second.remove = first.ends[0];
    assert_int_equal (watch_run (watch), 1);
    assert_int_equal (first.calls + second.calls, 1);
    close (first.ends[1]);
    close (second.ends[1]);
    int left = first.calls ? first.ends[0] : second.ends[0];
    assert_true (watch_remove (watch, left));
    assert_false (watch_remove (watch, left));
    close (left);
    watch_destroy (&watch);
}

static void
an_old_event_does_not_reach_the_next_owner_of_the_number (void **state)
{
    (void) state;
    watch_t *watch = watch_new ();
    pipe_t first;
    pipe_t second;
    s_open (&first, watch, false);
    s_open (&second, watch, false);
    s_fill (&first);
    s_fill (&second);
    first.remove = second.ends[0];
    second.remove = first.ends[0];
    first.reopen = second.reopen = 1;
    assert_int_equal (watch_run (watch), 1);
    pipe_t *called = first.calls ? &first : &second;
    pipe_t *other = first.calls ? &second : &first;
    //  The fresh pipe has the number of the closed one, whose event was in the batch.
    assert_int_equal (called->fresh[0], other->ends[0]);
    assert_int_equal (called->calls, 1);
    watch_remove (watch, called->fresh[0]);
    close (called->fresh[0]);
    close (called->fresh[1]);
    close (other->ends[1]);
    s_close (called);
    watch_destroy (&watch);
}

static void
a_regular_file_is_told_to_the_caller (void **state)
{
    (void) state;
    char path[] = "/tmp/test_watch_XXXXXX";
    int fd = mkstemp (path);
    assert_true (fd >= 0);
    unlink (path);
    watch_t *watch = watch_new ();
    assert_int_equal (watch_add (watch, fd, EPOLLIN, true, s_on_ready, NULL), -1);
    assert_int_equal (errno, EPERM);
    assert_false (watch_remove (watch, fd));
    assert_int_equal (watch_add (watch, -1, EPOLLIN, true, s_on_ready, NULL), -1);
    assert_int_equal (watch_add (watch, WATCH_FDS_MAX, EPOLLIN, true, s_on_ready, NULL), -1);
    assert_int_equal (errno, EMFILE);
    close (fd);
    watch_destroy (&watch);
}

static void
a_batch_is_bounded_and_nobody_is_left_out (void **state)
{
    (void) state;
    static pipe_t pipes[WATCH_BURST_MAX + 1];
    watch_t *watch = watch_new ();
    for (int i = 0; i <= WATCH_BURST_MAX; i++) {
        s_open (&pipes[i], watch, true);
        s_fill (&pipes[i]);
    }
    assert_int_equal (watch_run (watch), WATCH_BURST_MAX);
    assert_int_equal (watch_run (watch), 1);
    for (int i = 0; i <= WATCH_BURST_MAX; i++) {
        assert_int_equal (pipes[i].calls, 1);
        s_close (&pipes[i]);
    }
    watch_destroy (&watch);
}

int
main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (what_was_not_read_is_told_again),
        cmocka_unit_test (a_one_shot_is_silent_until_it_is_armed_again),
        cmocka_unit_test (the_end_of_a_pipe_is_an_event),
        cmocka_unit_test (a_callback_may_remove_itself_and_others),
        cmocka_unit_test (an_old_event_does_not_reach_the_next_owner_of_the_number),
        cmocka_unit_test (a_regular_file_is_told_to_the_caller),
        cmocka_unit_test (a_batch_is_bounded_and_nobody_is_left_out),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
