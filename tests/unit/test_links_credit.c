//  Unit tests of credit: a slot is granted once, evenly, to those who wait.

#include "tests/unit/links_bench.h"

#include <setjmp.h>
#include <stdio.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

enum {
    UPPERS = 5
};

static char s_endpoints[UPPERS][32];
static bench_t s_bench;  // a consumer below five publishers
static bench_t s_sender; // a publisher
static fake_peer_t s_fakes[UPPERS];
static peer_t *s_peers[UPPERS];
static fake_peer_t s_below;

static int
s_setup (void **state)
{
    (void) state;
    memset (s_peers, 0, sizeof s_peers);
    links_config_t config = bench_config (STAGE_CONSUMER);
    config.up_count = UPPERS;
    for (size_t i = 0; i < UPPERS; i++) {
        snprintf (s_endpoints[i], sizeof s_endpoints[i], "ipc://@above-%zu", i);
        config.up_inbox[i] = config.up_state[i] = s_endpoints[i];
    }
    bench_start (&s_bench, &config);
    config = bench_config (STAGE_PUBLISHER);
    bench_start (&s_sender, &config);
    return 0;
}

static int
s_teardown (void **state)
{
    (void) state;
    bench_stop (&s_bench);
    bench_stop (&s_sender);
    return 0;
}

static void
s_link (size_t count)
{
    static const char *const names[] = {"pub-0", "pub-1", "pub-2", "pub-3", "pub-4"};
    for (size_t i = 0; i < count; i++) {
        s_peers[i] = bench_link_up (&s_bench, &s_fakes[i], (uint32_t) i, names[i]);
    }
}

static void
s_waits (size_t i, bool waits)
{
    s_fakes[i].beat.flags = waits ? BEAT_WAITING : 0;
    bench_beat (&s_bench, &s_fakes[i]);
}

//  So many records come from a publisher and each takes one slot.
static void
s_work (size_t i, size_t count)
{
    work_t works[WORK_RECORDS_MAX];
    for (size_t at = 0; at < count; at++) {
        works[at] = bench_work (at);
    }
    peer_t *peer = bench_hear (&s_bench, fake_work (&s_fakes[i], works, count));
    assert_ptr_equal (peer, s_peers[i]);
    peer->taken += count;
}

static uint64_t
s_sum (void)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < UPPERS; i++) {
        sum += s_peers[i] ? peer_outstanding (s_peers[i]) : 0;
    }
    assert_true (sum == links_outstanding (s_bench.links));
    return sum;
}

static void
free_slots_are_divided_evenly (void **state)
{
    (void) state;
    s_link (4);
    links_grant (s_bench.links, 100);
    for (size_t i = 0; i < 4; i++) {
        assert_true (peer_outstanding (s_peers[i]) == 25);
    }
    assert_true (s_sum () == 100);
}

static void
a_slot_is_granted_once (void **state)
{
    (void) state;
    s_link (3);
    for (int i = 0; i < 50; i++) {
        links_grant (s_bench.links, 100);
        assert_true (s_sum () == 100);
    }
    s_work (0, 10);
    links_grant (s_bench.links, 90);
    assert_true (s_sum () == 90);
    links_grant (s_bench.links, 60); // fewer than were promised: nothing new
    assert_true (s_sum () == 90);
    assert_true (s_peers[1]->granted + s_peers[2]->granted + s_peers[0]->granted == 100);
}

static void
the_remainder_goes_round (void **state)
{
    (void) state;
    s_link (3);
    uint64_t got[3] = {0};
    for (int round = 0; round < 3 * LINKS_UP_MAX; round++) {
        uint64_t before[3];
        for (size_t i = 0; i < 3; i++) {
            before[i] = s_peers[i]->granted;
        }
        links_grant (s_bench.links, 1);
        assert_true (s_sum () == 1);
        for (size_t i = 0; i < 3; i++) {
            got[i] += s_peers[i]->granted - before[i];
            s_peers[i]->taken = s_peers[i]->granted; // used and settled
        }
    }
    assert_true (got[0] + got[1] + got[2] == 3 * LINKS_UP_MAX);
    for (size_t i = 0; i < 3; i++) {
        assert_true (got[i] > 0);
    }
}

static void
only_those_who_wait_get_credit_while_anybody_waits (void **state)
{
    (void) state;
    s_link (4);
    s_waits (1, true);
    s_waits (3, true);
    links_grant (s_bench.links, 10);
    assert_true (peer_outstanding (s_peers[0]) == 0);
    assert_true (peer_outstanding (s_peers[1]) == 5);
    assert_true (peer_outstanding (s_peers[2]) == 0);
    assert_true (peer_outstanding (s_peers[3]) == 5);
    s_waits (1, false);
    s_waits (3, false);
    links_grant (s_bench.links, 20);
    for (size_t i = 0; i < 4; i++) {
        assert_true (peer_outstanding (s_peers[i]) == 5);
    }
}

static void
whoever_has_more_already_gets_less (void **state)
{
    (void) state;
    s_link (3);
    s_waits (0, true);
    links_grant (s_bench.links, 6);
    s_waits (1, true);
    s_waits (2, true);
    links_grant (s_bench.links, 12);
    assert_true (peer_outstanding (s_peers[0]) == 6);
    assert_true (peer_outstanding (s_peers[1]) == 3);
    assert_true (peer_outstanding (s_peers[2]) == 3);
}

static void
one_that_starves_makes_the_idle_give_back (void **state)
{
    (void) state;
    s_link (2);
    links_grant (s_bench.links, 10);
    s_waits (1, true);
    links_grant (s_bench.links, 10);
    assert_false (s_peers[0]->wanted); // it has five of its own yet
    s_work (1, 5);
    links_grant (s_bench.links, 5);
    assert_true (s_peers[0]->wanted);
    assert_false (s_peers[1]->wanted);
    bench_forget (&s_bench);
    bench_turn (&s_bench);
    beat_t beat;
    assert_int_equal (fake_take_state (&s_fakes[0], &s_bench.effects, VERB_BEAT, &beat), 1);
    assert_true (beat.flags & BEAT_WANTED);
    bench_hear (&s_bench, fake_return (&s_fakes[0], 5));
    links_grant (s_bench.links, 5);
    assert_true (peer_outstanding (s_peers[0]) == 0);
    assert_true (peer_outstanding (s_peers[1]) == 5);
    assert_false (s_peers[0]->wanted);
}

static void
more_than_was_granted_cannot_be_given_back (void **state)
{
    (void) state;
    s_link (1);
    links_grant (s_bench.links, 5);
    bench_hear (&s_bench, fake_return (&s_fakes[0], 6));
    assert_true (peer_outstanding (s_peers[0]) == 5);
    bench_hear (&s_bench, fake_return (&s_fakes[0], 5));
    assert_true (peer_outstanding (s_peers[0]) == 0);
}

static void
one_that_has_finished_gets_no_credit_and_one_that_drains_does (void **state)
{
    (void) state;
    s_link (3);
    s_bench.bye_ready = false;
    s_fakes[0].beat.state = DRAIN_DRAINING;
    bench_beat (&s_bench, &s_fakes[0]);
    bench_hear (&s_bench, fake_state (&s_fakes[1], VERB_EOS));
    bench_turn (&s_bench);
    links_grant (s_bench.links, 9);
    assert_in_range (peer_outstanding (s_peers[0]), 4, 5);
    assert_true (peer_outstanding (s_peers[1]) == 0);
    assert_in_range (peer_outstanding (s_peers[2]), 4, 5);
}

static void
without_a_link_nobody_gets_credit (void **state)
{
    (void) state;
    links_grant (s_bench.links, 9);
    assert_true (links_outstanding (s_bench.links) == 0);
}

static void
a_new_link_starts_at_zero (void **state)
{
    (void) state;
    s_link (2);
    links_grant (s_bench.links, 10);
    bench_run (&s_bench, 5 * SECOND); // both fall silent
    assert_true (links_outstanding (s_bench.links) == 0);
    s_peers[0] = bench_link_up (&s_bench, &s_fakes[0], 0, "pub-0");
    assert_true (s_peers[0]->granted == 0 && s_peers[0]->taken == 0);
    links_grant (s_bench.links, 10);
    assert_true (peer_outstanding (s_peers[0]) == 10);
}

static void
a_change_of_credit_is_said_at_once_and_only_then (void **state)
{
    (void) state;
    s_link (1);
    s_bench.serves = true;
    s_bench.free = 7;
    bench_turn (&s_bench);
    bench_forget (&s_bench);
    bench_turn (&s_bench);
    assert_int_equal (s_bench.frames[VERB_BEAT], 0);
    s_bench.free = 8;
    bench_turn (&s_bench);
    assert_int_equal (s_bench.frames[VERB_BEAT], 1);
    beat_t beat;
    fake_take_state (&s_fakes[0], &s_bench.effects, VERB_BEAT, &beat);
    assert_true (beat.credit == 8);
}

//  ---- The sender

static peer_t *
s_receiver (uint64_t credit)
{
    peer_t *peer = bench_link_down (&s_sender, &s_below, "consumer-1", 9);
    s_below.beat.credit = credit;
    bench_beat (&s_sender, &s_below);
    return peer;
}

static void
credit_is_cumulative_and_never_shrinks (void **state)
{
    (void) state;
    peer_t *peer = s_receiver (10);
    assert_true (peer_room (peer) == 10);
    peer->spent = 4;
    s_below.beat.credit = 8;
    bench_beat (&s_sender, &s_below);
    assert_true (peer_room (peer) == 6);
    s_below.beat.credit = 12;
    bench_beat (&s_sender, &s_below);
    assert_true (peer_room (peer) == 8);
    assert_true (links_room (s_sender.links) == 8);
}

static void
credit_counts_only_where_work_may_go (void **state)
{
    (void) state;
    s_receiver (10);
    fake_peer_t second;
    bench_link_down (&s_sender, &second, "consumer-2", 10);
    second.beat.credit = 5;
    bench_beat (&s_sender, &second);
    assert_true (links_room (s_sender.links) == 15);
    second.beat.state = DRAIN_DRAINING;
    bench_beat (&s_sender, &second);
    assert_true (links_room (s_sender.links) == 10);
    s_sender.last = true;
    bench_turn (&s_sender);
    assert_true (links_room (s_sender.links) == 0);
}

static void
a_sender_gives_back_what_it_has_and_no_more (void **state)
{
    (void) state;
    peer_t *peer = s_receiver (10);
    effects_clear (&s_sender.effects);
    links_give_back (s_sender.links, peer, 4, &s_sender.effects);
    assert_true (peer_room (peer) == 6);
    assert_int_equal (fake_frames (&s_sender.effects, VERB_RETURN), 1);
    links_give_back (s_sender.links, peer, 100, &s_sender.effects);
    assert_true (peer_room (peer) == 0);
    assert_int_equal (fake_frames (&s_sender.effects, VERB_RETURN), 2);
    links_give_back (s_sender.links, peer, 100, &s_sender.effects);
    assert_int_equal (fake_frames (&s_sender.effects, VERB_RETURN), 2);
    assert_true (peer->spent == 10);
}

static void
what_is_given_back_comes_back_to_the_receiver (void **state)
{
    (void) state;
    links_config_t config = bench_config (STAGE_CONSUMER);
    config.up_count = 1;
    bench_stop (&s_bench);
    bench_start (&s_bench, &config);
    bench_join (&s_sender, &s_bench);
    s_bench.serves = true;
    s_bench.free = 10;
    bench_run (&s_bench, SECOND);
    peer_t *peer = links_peer (s_sender.links, DOWN_SLOT);
    assert_true (peer_room (peer) == 10);
    s_bench.serves = false;
    effects_clear (&s_sender.effects);
    links_give_back (s_sender.links, peer, 3, &s_sender.effects);
    bench_hear (&s_bench, s_sender.effects.list[0].frame);
    assert_true (links_outstanding (s_bench.links) == 7);
}

static void
no_full_effects_lose_credit (void **state)
{
    (void) state;
    peer_t *peer = s_receiver (10);
    effects_clear (&s_sender.effects);
    uint8_t *at = effects_reserve (&s_sender.effects, EFFECTS_BYTES);
    effects_commit (&s_sender.effects, at + EFFECTS_BYTES);
    links_give_back (s_sender.links, peer, 4, &s_sender.effects);
    assert_true (peer_room (peer) == 10);
}

int
main (void)
{
#define TEST(name) cmocka_unit_test_setup_teardown (name, s_setup, s_teardown)
    const struct CMUnitTest tests[] = {
        TEST (free_slots_are_divided_evenly),
        TEST (a_slot_is_granted_once),
        TEST (the_remainder_goes_round),
        TEST (only_those_who_wait_get_credit_while_anybody_waits),
        TEST (whoever_has_more_already_gets_less),
        TEST (one_that_starves_makes_the_idle_give_back),
        TEST (more_than_was_granted_cannot_be_given_back),
        TEST (one_that_has_finished_gets_no_credit_and_one_that_drains_does),
        TEST (without_a_link_nobody_gets_credit),
        TEST (a_new_link_starts_at_zero),
        TEST (a_change_of_credit_is_said_at_once_and_only_then),
        TEST (credit_is_cumulative_and_never_shrinks),
        TEST (credit_counts_only_where_work_may_go),
        TEST (a_sender_gives_back_what_it_has_and_no_more),
        TEST (what_is_given_back_comes_back_to_the_receiver),
        TEST (no_full_effects_lose_credit),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
