//  Tests of reactor, socket and neighbours together: one process that is its own neighbour.
//
//  Every run ends by its condition or by a deadline; nothing sleeps for luck.

#include "common/io/clock.h"
#include "common/io/descriptors.h"
#include "common/io/neighbours.h"
#include "common/io/reactor.h"
#include "common/io/watch.h"

#include <netinet/in.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>
#include <zmq.h>

#include <cmocka.h>

#define RUN_LIMIT_US 5000000
#define TRACE_MAX    4096

//  A process with everything a reactor needs, what it saw, and when it has seen enough.
typedef struct world_t {
    char inbox_endpoint[64];
    char state_endpoint[64];
    void *inbox;
    neighbours_t *neighbours;
    watch_t *watch;
    int committed_fd;
    reactor_t *reactor;
    int64_t limit_us;
    int64_t deadline_us; // what the core says; INT64_MAX: nothing
    bool (*enough) (struct world_t *self);
    void (*on_turn) (struct world_t *self);
    char trace[TRACE_MAX]; // one letter per callback but the turns
    size_t length;
    size_t frames;  // in all
    size_t largest; // burst
    size_t bytes;   // of the last frame
    unsigned empties;
    unsigned turns;
    int64_t stall_us;
    char topic[REACTOR_TOPIC_MAX + 1];
    char published[64];
} world_t;

static int s_signal_fd;
static unsigned s_worlds;
static unsigned s_open_worlds;

static void
s_trace (world_t *self, char letter)
{
    if (self->length < TRACE_MAX - 1) {
        self->trace[self->length++] = letter;
    }
}

static void
s_on_signal (void *arg, int signo)
{
    s_trace (arg, signo == SIGTERM ? 'T' : 'U');
}

static void
s_on_frames (void *arg, const bytes_t *frames, size_t count)
{
    world_t *self = arg;
    s_trace (self, 'F');
    self->frames += count;
    self->largest = count > self->largest ? count : self->largest;
    self->bytes = frames[count - 1].length;
}

static void
s_on_empty (void *arg)
{
    ((world_t *) arg)->empties++;
}

static void
s_on_notice (void *arg, const char *topic, bool present)
{
    world_t *self = arg;
    s_trace (self, present ? 'P' : 'A');
    snprintf (self->topic, sizeof self->topic, "%s", topic);
}

static void
s_on_published (void *arg, const bytes_t *frames, size_t count)
{
    world_t *self = arg;
    s_trace (self, 'N');
    snprintf (self->published, sizeof self->published, "%.*s", (int) frames[count - 1].length,
              (const char *) frames[count - 1].at);
}

static void
s_on_committed (void *arg)
{
    s_trace (arg, 'C');
}

static void
s_on_watched (void *arg)
{
    watch_run (((world_t *) arg)->watch);
}

static void
s_on_pipe (void *arg, int fd, uint32_t events)
{
    char byte;
    (void) events;
    assert_int_equal (read (fd, &byte, 1), 1);
    s_trace (arg, 'W');
}

static void
s_on_stalled (void *arg, int64_t stall_us)
{
    world_t *self = arg;
    s_trace (self, 'S');
    self->stall_us = stall_us;
}

static void
s_on_turn (void *arg)
{
    world_t *self = arg;
    self->turns++;
    if (self->on_turn) {
        self->on_turn (self);
    }
}

static int64_t
s_deadline (void *arg)
{
    return ((world_t *) arg)->deadline_us;
}

static bool
s_over (void *arg)
{
    world_t *self = arg;
    return self->enough (self) || clock_now_us () >= self->limit_us;
}

static const reactor_calls_t s_calls = {
    .signal = s_on_signal,
    .frames = s_on_frames,
    .inbox_empty = s_on_empty,
    .notice = s_on_notice,
    .published = s_on_published,
    .committed = s_on_committed,
    .watched = s_on_watched,
    .stalled = s_on_stalled,
    .turn = s_on_turn,
    .deadline = s_deadline,
    .over = s_over,
};

static void
s_open (world_t *self)
{
    *self = (world_t){.deadline_us = INT64_MAX};
    unsigned number = s_worlds++;
    s_open_worlds++;
    snprintf (self->inbox_endpoint, 64, "ipc://@mayhem-test-%d-%u", getpid (), number);
    snprintf (self->state_endpoint, 64, "ipc://@mayhem-test-%d-%u.state", getpid (), number);
    self->inbox = socket_new (SOCKET_INBOX, NULL);
    self->neighbours = neighbours_new (4);
    self->watch = watch_new ();
    self->committed_fd = eventfd (0, EFD_NONBLOCK | EFD_CLOEXEC);
    assert_non_null (self->inbox);
    assert_non_null (self->neighbours);
    assert_non_null (self->watch);
    assert_int_equal (socket_bind (self->inbox, self->inbox_endpoint), 0);
    assert_int_equal (neighbours_bind (self->neighbours, self->state_endpoint), 0);
    reactor_sources_t sources = {.signal_fd = s_signal_fd,
                                 .inbox = self->inbox,
                                 .state = neighbours_state (self->neighbours),
                                 .neighbours = neighbours_sub (self->neighbours),
                                 .committed_fd = self->committed_fd,
                                 .watch_fd = watch_fd (self->watch)};
    self->reactor = reactor_new (&sources, &s_calls, self);
    assert_non_null (self->reactor);
}

//  Connect the world to itself: slot 0.
static void
s_connect (world_t *self)
{
    assert_int_equal (
        neighbours_open (self->neighbours, 0, self->inbox_endpoint, self->state_endpoint), 0);
}

//  Run until the condition holds; that it does is asserted.
static void
s_run_until (world_t *self, bool (*enough) (world_t *))
{
    self->enough = enough;
    self->limit_us = clock_now_us () + RUN_LIMIT_US;
    assert_int_equal (reactor_run (self->reactor), 0);
    assert_true (enough (self));
}

static void
s_close (world_t *self)
{
    reactor_destroy (&self->reactor);
    neighbours_destroy (&self->neighbours);
    socket_close (&self->inbox, 0);
    watch_destroy (&self->watch);
    close (self->committed_fd);
    s_open_worlds--;
}

//  ---- frames ------------------------------------------------------------------------------------

static bool
s_has_600_frames (world_t *self)
{
    return self->frames == 600 && self->empties > 0;
}

static void
the_inbox_comes_in_bounded_bursts_until_it_is_empty (void **state)
{
    (void) state;
    world_t world;
    s_open (&world);
    s_connect (&world);
    for (int i = 0; i < 600; i++) {
        assert_int_equal (neighbours_send (world.neighbours, 0, "frame", 5), 0);
    }
    s_run_until (&world, s_has_600_frames);
    assert_int_equal (world.bytes, 5);
    assert_in_range (world.largest, 1, REACTOR_BURST_MAX);
    assert_true (world.turns > 0);
    assert_int_equal (reactor_dropped (world.reactor), 0);
    s_close (&world);
}

static bool
s_has_one_frame (world_t *self)
{
    return self->frames == 1;
}

static void
a_frame_of_the_largest_size_passes_and_parts_do_not (void **state)
{
    (void) state;
    static char bytes[SOCKET_FRAME_BYTES_MAX];
    world_t world;
    s_open (&world);
    void *stranger = socket_new (SOCKET_PUSH, NULL);
    assert_int_equal (socket_connect (stranger, world.inbox_endpoint), 0);
    zmq_send (stranger, "a", 1, ZMQ_SNDMORE);
    zmq_send (stranger, "b", 1, 0);
    zmq_send (stranger, bytes, sizeof bytes, 0);
    s_run_until (&world, s_has_one_frame);
    assert_int_equal (world.bytes, SOCKET_FRAME_BYTES_MAX);
    assert_int_equal (reactor_dropped (world.reactor), 1);
    socket_close (&stranger, 0);
    s_close (&world);
}

static void
a_frame_beyond_the_limit_costs_only_its_sender (void **state)
{
    (void) state;
    static char bytes[SOCKET_FRAME_BYTES_MAX + 1];
    world_t world;
    s_open (&world);
    s_connect (&world);
    void *stranger = socket_new (SOCKET_PUSH, NULL);
    assert_int_equal (socket_connect (stranger, world.inbox_endpoint), 0);
    zmq_send (stranger, bytes, sizeof bytes, 0);
    neighbours_send (world.neighbours, 0, "x", 1);
    s_run_until (&world, s_has_one_frame);
    assert_int_equal (world.bytes, 1);
    socket_close (&stranger, 0);
    s_close (&world);
}

static bool
s_is_empty (world_t *self)
{
    return self->empties > 0;
}

static void
a_silent_inbox_is_told_to_be_empty_too (void **state)
{
    (void) state;
    world_t world;
    s_open (&world);
    s_run_until (&world, s_is_empty);
    assert_int_equal (world.frames, 0);
    s_close (&world);
}

//  ---- order and time ----------------------------------------------------------------------------

static bool
s_has_three (world_t *self)
{
    return self->length >= 3;
}

static void
signals_come_before_everything (void **state)
{
    (void) state;
    world_t world;
    s_open (&world);
    uint64_t one = 1;
    assert_int_equal (write (world.committed_fd, &one, sizeof one), sizeof one);
    raise (SIGTERM);
    raise (SIGUSR1);
    s_run_until (&world, s_has_three);
    //  The lower number is delivered first: USR1 is 10, TERM 15.
    assert_string_equal (world.trace, "UTC");
    s_close (&world);
}

//  The core always has something to do, as with full effects.
static bool
s_has_worked_and_read (world_t *self)
{
    self->deadline_us = 0;
    return self->turns > 50 && self->frames == 1 && strchr (self->trace, 'W');
}

static void
a_core_that_is_never_done_does_not_starve_the_pollers (void **state)
{
    (void) state;
    world_t world;
    int ends[2];
    s_open (&world);
    s_connect (&world);
    assert_int_equal (pipe (ends), 0);
    watch_add (world.watch, ends[0], EPOLLIN, false, s_on_pipe, &world);
    assert_int_equal (write (ends[1], "x", 1), 1);
    neighbours_send (world.neighbours, 0, "x", 1);
    s_run_until (&world, s_has_worked_and_read);
    assert_null (strchr (world.trace, 'S'));
    watch_remove (world.watch, ends[0]);
    close (ends[0]);
    close (ends[1]);
    s_close (&world);
}

static bool
s_is_due (world_t *self)
{
    return clock_now_us () >= self->deadline_us;
}

static void
the_core_is_called_at_its_deadline (void **state)
{
    (void) state;
    world_t world;
    s_open (&world);
    world.deadline_us = clock_now_us () + 20000;
    s_run_until (&world, s_is_due);
    //  Turns: at the start, and at the deadline. A busy machine may add ticks, never hundreds.
    assert_in_range (world.turns, 2, 10);
    s_close (&world);
}

//  Once, a child is made that lets this stopped process go on after half a second.
static void
s_stop_once (world_t *self)
{
    if (self->turns != 2) {
        return;
    }
    neighbours_send (self->neighbours, 0, "x", 1);
    pid_t parent = getpid ();
    pid_t child = fork ();
    if (child == 0) {
        poll (NULL, 0, 500);
        kill (parent, SIGCONT);
        _exit (0);
    }
    raise (SIGSTOP);
    waitpid (child, NULL, 0);
}

static void
a_stall_is_told_before_what_came_meanwhile (void **state)
{
    (void) state;
    world_t world;
    s_open (&world);
    s_connect (&world);
    world.on_turn = s_stop_once;
    s_run_until (&world, s_has_one_frame);
    assert_string_equal (world.trace, "SF");
    assert_in_range (world.stall_us, 250000, RUN_LIMIT_US);
    s_close (&world);
}

static void
s_be_slow_once (world_t *self)
{
    int64_t until_us = clock_now_us () + (self->turns == 1 ? 60000 : 0);
    while (clock_now_us () < until_us) {
    }
}

static void
the_longest_callback_is_known_by_its_kind (void **state)
{
    (void) state;
    world_t world;
    s_open (&world);
    world.on_turn = s_be_slow_once;
    s_run_until (&world, s_is_empty);
    assert_true (reactor_longest (world.reactor, REACTOR_TURN) >= 60000);
    assert_string_equal (reactor_kind_name (REACTOR_TURN), "turn");
    s_close (&world);
}

static volatile sig_atomic_t s_alarms;

static void
s_on_alarm (int signo)
{
    (void) signo;
    s_alarms++;
}

static bool
s_has_200_alarms (world_t *self)
{
    (void) self;
    return s_alarms >= 200;
}

//  zloop ends on every EINTR; the reactor must not.
static void
interruptions_do_not_end_the_loop (void **state)
{
    (void) state;
    world_t world;
    struct itimerval often = {{0, 1000}, {0, 1000}};
    struct itimerval never = {{0, 0}, {0, 0}};
    struct sigaction action = {.sa_handler = s_on_alarm};
    s_open (&world);
    sigaction (SIGALRM, &action, NULL);
    setitimer (ITIMER_REAL, &often, NULL);
    s_run_until (&world, s_has_200_alarms);
    setitimer (ITIMER_REAL, &never, NULL);
    s_close (&world);
}

//  ---- neighbours --------------------------------------------------------------------------------

static bool
s_is_present (world_t *self)
{
    return strchr (self->trace, 'P') != NULL;
}

static bool
s_is_absent (world_t *self)
{
    return strchr (self->trace, 'A') != NULL;
}

static bool
s_has_news (world_t *self)
{
    return self->published[0] != 0;
}

static void
a_neighbour_is_seen_to_come_to_hear_and_to_leave (void **state)
{
    (void) state;
    world_t world;
    s_open (&world);
    neighbours_subscribe (world.neighbours, "peer/handler-1/7");
    s_connect (&world);
    s_run_until (&world, s_is_present);
    assert_string_equal (world.topic, "peer/handler-1/7");
    assert_int_equal (neighbours_publish (world.neighbours, "peer/handler-1/7", "news", 4), 0);
    s_run_until (&world, s_has_news);
    assert_string_equal (world.published, "news");
    neighbours_close (world.neighbours, 0, 0);
    assert_int_equal (neighbours_send (world.neighbours, 0, "x", 1), -1);
    s_run_until (&world, s_is_absent);
    s_close (&world);
}

static bool
s_has_present_again (world_t *self)
{
    return strcmp (self->trace, "PNAP") == 0;
}

static void
a_state_socket_is_heard_as_long_as_one_slot_needs_it (void **state)
{
    (void) state;
    world_t world;
    s_open (&world);
    neighbours_subscribe (world.neighbours, "peer/a/1");
    s_connect (&world);
    neighbours_open (world.neighbours, 1, world.inbox_endpoint, world.state_endpoint);
    s_run_until (&world, s_is_present);
    neighbours_close (world.neighbours, 0, 0);
    neighbours_publish (world.neighbours, "peer/a/1", "still", 5);
    s_run_until (&world, s_has_news);
    neighbours_close (world.neighbours, 1, 0);
    s_run_until (&world, s_is_absent);
    s_connect (&world);
    s_run_until (&world, s_has_present_again);
    s_close (&world);
}

static void
what_is_no_endpoint_is_refused (void **state)
{
    (void) state;
    static const char *const wrong[] = {"",
                                        "x",
                                        "tcp://",
                                        "tcp://1.2.3.4",
                                        "tcp://1.2.3.4:",
                                        "tcp://1.2.3.4:0",
                                        "tcp://1.2.3.4:-1",
                                        "tcp://1.2.3.4:99999",
                                        "tcp://1.2.3.4:80x",
                                        "tcp://1.2.3:80",
                                        "tcp://localhost:80",
                                        "tcp://*:80",
                                        "tcp://[::1:80",
                                        "tcp://[]:80",
                                        "tcp://::1:80",
                                        "ipc://",
                                        "inproc://x",
                                        "gopher://x",
                                        "\x01\xff"};
    char long_one[ENDPOINT_MAX_BYTES + 2];
    world_t world;
    s_open (&world);
    memset (long_one, 'a', sizeof long_one - 1);
    long_one[sizeof long_one - 1] = 0;
    memcpy (long_one, "ipc://@", 7);
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        assert_int_equal (neighbours_open (world.neighbours, 0, wrong[i], world.state_endpoint),
                          -1);
        assert_int_equal (neighbours_open (world.neighbours, 0, world.inbox_endpoint, wrong[i]),
                          -1);
        assert_int_equal (neighbours_send (world.neighbours, 0, "x", 1), -1);
        assert_int_equal (neighbours_reply (world.neighbours, wrong[i], "x", 1), -1);
    }
    assert_int_equal (neighbours_open (world.neighbours, 0, long_one, long_one), -1);
    long_one[sizeof long_one - 2] = 0;
    assert_int_equal (neighbours_open (world.neighbours, 0, long_one, long_one), 0);
    assert_int_equal (neighbours_open (world.neighbours, 0, "tcp://[::1]:9", "tcp://127.0.0.1:9"),
                      0);
    s_close (&world);
}

static bool
s_has_two_frames (world_t *self)
{
    return self->frames == 2;
}

static void
answers_reach_strangers_and_are_bounded (void **state)
{
    (void) state;
    char nowhere[64];
    world_t world;
    s_open (&world);
    assert_int_equal (neighbours_reply (world.neighbours, world.inbox_endpoint, "no", 2), 0);
    for (int i = 1; i < NEIGHBOURS_REPLIES_MAX; i++) {
        snprintf (nowhere, sizeof nowhere, "ipc://@mayhem-nobody-%d-%d", getpid (), i);
        assert_int_equal (neighbours_reply (world.neighbours, nowhere, "no", 2), 0);
    }
    assert_int_equal (neighbours_reply (world.neighbours, "ipc://@mayhem-one-more", "no", 2), -1);
    assert_int_equal (neighbours_reply (world.neighbours, world.inbox_endpoint, "no", 2), 0);
    s_run_until (&world, s_has_two_frames);
    neighbours_tick (world.neighbours, clock_now_us () + NEIGHBOURS_REPLY_US);
    assert_int_equal (neighbours_reply (world.neighbours, "ipc://@mayhem-one-more", "no", 2), 0);
    s_close (&world);
}

//  ---- sockets -----------------------------------------------------------------------------------

static void
an_endpoint_is_bound_once_only (void **state)
{
    (void) state;
    world_t world;
    s_open (&world);
    void *second = socket_new (SOCKET_INBOX, NULL);
    assert_int_equal (socket_bind (second, world.inbox_endpoint), -1);
    assert_int_equal (zmq_errno (), EADDRINUSE);
    socket_close (&second, 0);
    assert_null (second);
    socket_close (&second, 0);
    s_close (&world);
}

//  Bind the world's inbox to a free port too; its endpoint.
static void
s_bind_tcp (world_t *self, char endpoint[64], uint16_t *port)
{
    for (*port = (uint16_t) (20000 + getpid () % 10000); *port < 32768; ++*port) {
        snprintf (endpoint, 64, "tcp://127.0.0.1:%u", *port);
        if (socket_bind (self->inbox, endpoint) == 0) {
            return;
        }
    }
    fail_msg ("no free port");
}

//  ZMTP 1.0 has no greeting: without a ZAP domain these bytes would be the message "hello".
static void
raw_bytes_of_a_stranger_are_no_message (void **state)
{
    (void) state;
    char endpoint[64];
    uint16_t port;
    world_t world;
    s_open (&world);
    s_bind_tcp (&world, endpoint, &port);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons (port)};
    address.sin_addr.s_addr = htonl (INADDR_LOOPBACK);
    int stranger = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal (connect (stranger, (struct sockaddr *) &address, sizeof address), 0);
    assert_int_equal (send (stranger, "\x01\x00\x06\x00hello", 9, 0), 9);
    //  The stranger is cut; only then comes one of ours.
    char byte;
    while (recv (stranger, &byte, 1, 0) > 0) {
    }
    assert_int_equal (neighbours_open (world.neighbours, 0, endpoint, world.state_endpoint), 0);
    assert_int_equal (neighbours_send (world.neighbours, 0, "x", 1), 0);
    s_run_until (&world, s_has_one_frame);
    assert_int_equal (world.bytes, 1);
    close (stranger);
    s_close (&world);
}

static int
s_setup (void **state)
{
    (void) state;
    s_signal_fd = reactor_block_signals ();
    return s_signal_fd >= 0 ? sockets_init (256) : -1;
}

static int
s_teardown (void **state)
{
    (void) state;
    //  A test that failed left its sockets open; the context would wait for them for ever.
    if (s_open_worlds > 0) {
        return -1;
    }
    int64_t began_us = clock_now_us ();
    sockets_term ();
    close (s_signal_fd);
    return clock_now_us () - began_us < 3000000 ? 0 : -1;
}

//  What a child does after the reactor, when `seen` signals came in it and these still come.
static int
s_leave_with (int seen, int first, int second)
{
    pid_t child = fork ();
    if (child == 0) {
        raise (first); // blocked until now
        reactor_leave (seen);
        raise (second);
        sigset_t mask;
        pthread_sigmask (SIG_SETMASK, NULL, &mask);
        bool watched = alarm (0) > 0 && !sigismember (&mask, SIGALRM);
        _exit (watched ? 7 : 8);
    }
    int status = 0;
    waitpid (child, &status, 0);
    return WIFEXITED (status) ? WEXITSTATUS (status) : -1;
}

static void
after_the_reactor_the_third_signal_leaves_and_an_alarm_watches (void **state)
{
    (void) state;
    assert_int_equal (s_leave_with (0, SIGTERM, SIGINT), 7);
    assert_int_equal (s_leave_with (1, SIGTERM, SIGINT), 128 + SIGINT);
    assert_int_equal (s_leave_with (2, SIGTERM, SIGINT), 128 + SIGTERM);
}

static void
too_few_descriptors_are_said_at_the_start (void **state)
{
    (void) state;
    struct rlimit old;
    assert_int_equal (getrlimit (RLIMIT_NOFILE, &old), 0);
    pid_t child = fork ();
    if (child == 0) {
        setrlimit (RLIMIT_NOFILE, &(struct rlimit){700, 700});
        freopen ("/dev/null", "w", stderr);
        bool right = descriptors_check (80, 0) == 0 && descriptors_check (80, 200) == EX_CONFIG;
        _exit (right ? 7 : 8);
    }
    int status = 0;
    waitpid (child, &status, 0);
    assert_true (WIFEXITED (status));
    assert_int_equal (WEXITSTATUS (status), 7);
}

int
main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (the_inbox_comes_in_bounded_bursts_until_it_is_empty),
        cmocka_unit_test (a_frame_of_the_largest_size_passes_and_parts_do_not),
        cmocka_unit_test (a_frame_beyond_the_limit_costs_only_its_sender),
        cmocka_unit_test (a_silent_inbox_is_told_to_be_empty_too),
        cmocka_unit_test (signals_come_before_everything),
        cmocka_unit_test (a_core_that_is_never_done_does_not_starve_the_pollers),
        cmocka_unit_test (the_core_is_called_at_its_deadline),
        cmocka_unit_test (a_stall_is_told_before_what_came_meanwhile),
        cmocka_unit_test (the_longest_callback_is_known_by_its_kind),
        cmocka_unit_test (interruptions_do_not_end_the_loop),
        cmocka_unit_test (a_neighbour_is_seen_to_come_to_hear_and_to_leave),
        cmocka_unit_test (a_state_socket_is_heard_as_long_as_one_slot_needs_it),
        cmocka_unit_test (what_is_no_endpoint_is_refused),
        cmocka_unit_test (answers_reach_strangers_and_are_bounded),
        cmocka_unit_test (an_endpoint_is_bound_once_only),
        cmocka_unit_test (after_the_reactor_the_third_signal_leaves_and_an_alarm_watches),
        cmocka_unit_test (too_few_descriptors_are_said_at_the_start),
        cmocka_unit_test (raw_bytes_of_a_stranger_are_no_message),
    };
    return cmocka_run_group_tests (tests, s_setup, s_teardown);
}
