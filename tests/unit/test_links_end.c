//  Unit tests of links: how a link ends in peace, when a side is over, what neighbours hear of a
//  drain, and that no deadline ever makes a busy loop.

#include "common/core/links_counts.h"
#include "tests/unit/links_bench.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

enum {
    TERM = 15
};

static bench_t s_up;   // a publisher
static bench_t s_down; // a consumer
static fake_peer_t s_one, s_two;

static int
s_setup (void **state)
{
    (void) state;
    links_config_t up = bench_config (STAGE_PUBLISHER);
    links_config_t down = bench_config (STAGE_CONSUMER);
    down.up_count = 1;
    bench_start (&s_up, &up);
    bench_start (&s_down, &down);
    return 0;
}

static int
s_teardown (void **state)
{
    (void) state;
    bench_stop (&s_up);
    bench_stop (&s_down);
    return 0;
}

static void
s_link (void)
{
    bench_join (&s_up, &s_down);
    bench_run (&s_down, 100 * MS);
    bench_forget (&s_up);
    bench_forget (&s_down);
}

static peer_t *
s_upper (void)
{
    return links_peer (s_down.links, 0);
}

static peer_t *
s_lower (void)
{
    return links_peer (s_up.links, DOWN_SLOT);
}

//  A signal, and the turn that follows it.
static void
s_signal (bench_t *bench)
{
    drain_signal (&bench->drain, bench->now_us, TERM);
    bench_turn (bench);
}

static bool
s_over (bench_t *bench, side_t side)
{
    return links_side_over (bench->links, side, bench->now_us);
}

//  ---- EOS and BYE

static void
after_the_last_work_eos_and_bye_end_the_link (void **state)
{
    (void) state;
    s_link ();
    s_up.last = true;
    bench_turn (&s_up);
    bench_run (&s_up, 500 * MS);
    assert_int_equal (s_up.frames[VERB_EOS], 1);
    assert_int_equal (s_down.frames[VERB_BYE], 1);
    assert_int_equal (s_up.frames[VERB_BYE], 1);
    assert_int_equal (s_lower ()->phase, PEER_LEFT);
    assert_int_equal (s_up.cause[DOWN_SLOT], CAUSE_LEFT);
    assert_int_equal (s_down.cause[0], CAUSE_LEFT);
    assert_int_equal (s_up.says[SAY_PEER_LEFT], 1);
    assert_int_equal (s_down.says[SAY_PEER_LEFT], 1);
    assert_true (s_over (&s_up, SIDE_DOWN));
    assert_true (links_all_ended (s_up.links));
}

static void
eos_is_repeated_each_second_until_bye (void **state)
{
    (void) state;
    s_link ();
    s_up.last = true;
    s_down.bye_ready = false;
    bench_turn (&s_up);
    bench_run (&s_up, 3500 * MS);
    assert_int_equal (s_up.frames[VERB_EOS], 4);
    assert_int_equal (s_down.frames[VERB_BYE], 0);
    s_down.bye_ready = true;
    bench_turn (&s_down);
    bench_turn (&s_up);
    assert_int_equal (s_lower ()->phase, PEER_LEFT);
    assert_int_equal (s_up.frames[VERB_EOS], 4);
}

static void
a_missing_answer_to_bye_is_waited_for_at_most_a_second (void **state)
{
    (void) state;
    s_link ();
    s_signal (&s_down);
    s_up.drops = 1u << VERB_BYE;
    int64_t start = s_up.now_us;
    bench_turn (&s_up);
    while (s_upper ()->phase == PEER_UP && s_down.now_us < start + 5 * SECOND) {
        bench_run (&s_down, 10 * MS);
    }
    assert_int_equal (s_upper ()->phase, PEER_LEFT);
    assert_in_range (s_down.now_us - start, PEER_REPEAT_US, PEER_REPEAT_US + 10 * MS);
    assert_int_equal (s_down.frames[VERB_BYE], 2);
}

static void
an_eos_that_overtakes_work_waits_for_it (void **state)
{
    (void) state;
    peer_t *peer = bench_link_up (&s_down, &s_one, 0, "publisher-1");
    s_down.busy = true;
    s_one.sent = 1;
    bench_hear (&s_down, fake_state (&s_one, VERB_EOS)); // number 2
    bench_turn (&s_down);
    assert_false (peer->eos_heard);
    assert_int_equal (s_down.frames[VERB_BYE], 0);
    assert_false (s_over (&s_down, SIDE_UP));
    s_one.sent = 0;
    work_t work = bench_work (1);
    assert_ptr_equal (bench_hear (&s_down, fake_work (&s_one, &work, 1)), peer);
    bench_turn (&s_down);
    assert_true (peer->eos_heard);
    assert_int_equal (s_down.frames[VERB_BYE], 1);
}

static void
a_bye_that_overtakes_a_settlement_waits_for_it (void **state)
{
    (void) state;
    peer_t *peer = bench_link_down (&s_up, &s_one, "consumer-1", 9);
    s_up.busy = true;
    s_one.sent++;
    bench_hear (&s_up, fake_state (&s_one, VERB_BYE));
    bench_turn (&s_up);
    assert_int_equal (peer->phase, PEER_UP);
    s_one.sent -= 2;
    bench_beat (&s_up, &s_one);
    bench_turn (&s_up);
    assert_int_equal (peer->phase, PEER_LEFT);
    assert_int_equal (s_up.frames[VERB_BYE], 1);
}

static void
a_neighbour_that_drains_gets_eos_and_the_others_do_not (void **state)
{
    (void) state;
    peer_t *one = bench_link_down (&s_up, &s_one, "consumer-1", 9);
    peer_t *two = bench_link_down (&s_up, &s_two, "consumer-2", 10);
    s_one.beat.state = DRAIN_DRAINING;
    s_one.beat.why = WHY_SIGNAL;
    s_one.beat.signal = TERM;
    s_one.beat.left_ms = 7299;
    s_one.beat.version++;
    s_one.beat.origin = fake_text ("consumer-1");
    bench_beat (&s_up, &s_one);
    bench_turn (&s_up);
    assert_true (one->eos_said);
    assert_false (two->eos_said);
    assert_int_equal (s_up.frames[VERB_EOS], 1);
    assert_int_equal (s_up.says[SAY_PEER_DRAINING], 1);
    assert_string_equal (s_up.text, "consumer-1 is draining: SIGTERM, 7.2 s left");
    assert_false (links_ready (s_up.links, one, s_up.now_us));
    assert_true (links_ready (s_up.links, two, s_up.now_us));
    assert_int_equal (links_running (s_up.links, SIDE_DOWN), 1);
    bench_beat (&s_up, &s_one);
    bench_turn (&s_up);
    assert_int_equal (s_up.says[SAY_PEER_DRAINING], 1);
}

static void
a_flushed_process_says_eos_and_bye_on_every_link (void **state)
{
    (void) state;
    links_config_t config = bench_config (STAGE_CONSUMER);
    bench_stop (&s_down);
    bench_start (&s_down, &config);
    bench_link_up (&s_down, &s_one, 0, "publisher-1");
    fake_peer_t above, below;
    bench_link_up (&s_down, &above, 1, "publisher-2");
    bench_link_down (&s_down, &below, "handler-1", 9);
    s_down.bye_ready = false;
    s_signal (&s_down);
    assert_int_equal (s_down.frames[VERB_BYE], 0);
    drain_tick (&s_down.drain, s_down.now_us + 8 * SECOND);
    drain_flushed (&s_down.drain, s_down.now_us);
    bench_forget (&s_down);
    bench_turn (&s_down);
    assert_int_equal (s_down.frames[VERB_BYE], 2);
    assert_int_equal (s_down.frames[VERB_EOS], 1);
}

static void
a_late_hello_to_a_draining_process_gets_welcome_then_eos (void **state)
{
    (void) state;
    s_up.last = true;
    s_signal (&s_up);
    bench_forget (&s_up);
    bench_join (&s_up, &s_down);
    bench_run (&s_down, SECOND);
    assert_int_equal (s_up.frames[VERB_WELCOME], 1);
    assert_int_equal (s_up.frames[VERB_EOS], 1);
    assert_int_equal (s_down.news[0], NEWS_GREETED | NEWS_UP | NEWS_ENDED);
    assert_int_equal (s_down.cause[0], CAUSE_LEFT);
}

static void
one_that_left_is_called_again_while_we_run (void **state)
{
    (void) state;
    s_link ();
    s_up.last = true;
    bench_turn (&s_up);
    bench_run (&s_up, 100 * MS);
    assert_int_equal (s_lower ()->phase, PEER_LEFT);
    s_up.last = false;
    bench_run (&s_up, 3 * SECOND);
    assert_int_equal (s_upper ()->phase, PEER_UP);
    assert_int_equal (s_lower ()->phase, PEER_UP);
    assert_int_equal (s_lower ()->link, 2);
    assert_false (s_over (&s_down, SIDE_UP));
}

static void
a_draining_process_calls_only_while_it_has_something_in_hand (void **state)
{
    (void) state;
    s_signal (&s_down);
    bench_run (&s_down, 3 * SECOND);
    assert_int_equal (s_down.frames[VERB_HELLO], 0);
    s_down.in_hand = 1;
    bench_run (&s_down, 3 * SECOND);
    assert_in_range (s_down.frames[VERB_HELLO], 3, 4);
}

//  ---- When a side is over

static void
a_side_that_never_was_up_is_not_over (void **state)
{
    (void) state;
    bench_run (&s_up, 60 * SECOND);
    bench_run (&s_down, 60 * SECOND);
    assert_false (s_over (&s_up, SIDE_DOWN));
    assert_false (s_over (&s_down, SIDE_UP));
    assert_null (links_finisher (s_down.links));
}

static void
a_crash_is_not_leaving (void **state)
{
    (void) state;
    bench_link_down (&s_up, &s_one, "consumer-1", 9);
    bench_run (&s_up, 60 * SECOND);
    assert_int_equal (s_lower ()->phase, PEER_ENDED);
    assert_false (s_over (&s_up, SIDE_DOWN));
}

static void
one_that_vanished_while_draining_has_left (void **state)
{
    (void) state;
    bench_link_down (&s_up, &s_one, "consumer-1", 9);
    s_one.beat.state = DRAIN_DRAINING;
    bench_beat (&s_up, &s_one);
    bench_run (&s_up, 5 * SECOND);
    assert_int_equal (s_lower ()->phase, PEER_ENDED);
    assert_true (s_lower ()->left);
    assert_true (s_over (&s_up, SIDE_DOWN));
}

//  The first of two neighbours below left, the second crashed.
static void
s_left_and_crashed (void)
{
    bench_link_down (&s_up, &s_one, "consumer-1", 9);
    bench_link_down (&s_up, &s_two, "consumer-2", 10);
    bench_hear (&s_up, fake_state (&s_one, VERB_BYE));
    bench_turn (&s_up);
    assert_false (s_over (&s_up, SIDE_DOWN)); // one is live
    bench_run (&s_up, 5 * SECOND);
    assert_int_equal (links_linked (s_up.links, SIDE_DOWN), 0);
}

static void
when_others_have_left_the_crashed_get_one_drain_time_out (void **state)
{
    (void) state;
    s_left_and_crashed ();
    assert_false (s_over (&s_up, SIDE_DOWN));
    bench_pass (&s_up, 8 * SECOND - 1);
    assert_false (s_over (&s_up, SIDE_DOWN));
    bench_pass (&s_up, 1);
    assert_true (s_over (&s_up, SIDE_DOWN));
}

static void
one_that_comes_back_in_time_keeps_the_side_alive (void **state)
{
    (void) state;
    s_left_and_crashed ();
    assert_false (s_over (&s_up, SIDE_DOWN));
    bench_pass (&s_up, 7 * SECOND);
    bench_link_down (&s_up, &s_two, "consumer-2", 11);
    bench_pass (&s_up, 2 * SECOND);
    assert_false (s_over (&s_up, SIDE_DOWN));
    assert_true (s_up.news[DOWN_SLOT + 1] & NEWS_UP);
}

static void
with_stay_those_who_left_are_waited_for (void **state)
{
    (void) state;
    bench_stop (&s_up);
    links_config_t config = bench_config (STAGE_PUBLISHER);
    config.stay = true;
    bench_start (&s_up, &config);
    bench_link_down (&s_up, &s_one, "consumer-1", 9);
    bench_hear (&s_up, fake_state (&s_one, VERB_BYE));
    bench_turn (&s_up);
    assert_int_equal (s_lower ()->phase, PEER_LEFT);
    bench_run (&s_up, 60 * SECOND);
    assert_false (s_over (&s_up, SIDE_DOWN));
}

static void
the_upper_side_is_over_with_the_last_eos_and_names_its_origin (void **state)
{
    (void) state;
    links_config_t config = bench_config (STAGE_CONSUMER);
    bench_stop (&s_down);
    bench_start (&s_down, &config);
    s_down.bye_ready = false;
    bench_link_up (&s_down, &s_one, 0, "publisher-1");
    bench_link_up (&s_down, &s_two, 1, "publisher-2");
    bench_hear (&s_down, fake_state (&s_one, VERB_EOS));
    bench_turn (&s_down);
    assert_false (s_over (&s_down, SIDE_UP));
    s_two.beat.state = DRAIN_DRAINING;
    s_two.beat.left_ms = 6000;
    s_two.beat.origin = fake_text ("publisher-9");
    bench_hear (&s_down, fake_state (&s_two, VERB_EOS));
    bench_turn (&s_down);
    assert_true (s_over (&s_down, SIDE_UP));
    const peer_t *finisher = links_finisher (s_down.links);
    assert_ptr_equal (finisher, links_peer (s_down.links, 1));
    assert_int_equal (finisher->theirs.left_ms, 6000);
    assert_string_equal (finisher->origin_name, "publisher-9");
    assert_string_equal (s_down.text,
                         "publisher-2 is draining: no reason, begun by publisher-9, 6.0 s left");
}

//  ---- What neighbours hear

//  A beat as the state socket says it.
static void
s_publish (bench_t *bench, fake_peer_t *fake)
{
    bytes_t frame = fake_state (fake, VERB_BEAT);
    fake->sent--;
    links_published (bench->links, bench->now_us, frame);
}

static void
the_state_socket_tells_of_a_drain_and_never_takes_it_back (void **state)
{
    (void) state;
    peer_t *peer = bench_link_up (&s_down, &s_one, 0, "publisher-1");
    s_one.beat.state = DRAIN_DRAINING;
    s_one.beat.why = WHY_DOWNSTREAM_LEFT;
    s_one.beat.left_ms = 5000;
    s_one.beat.version = 3;
    s_publish (&s_down, &s_one);
    bench_turn (&s_down);
    assert_int_equal (peer->theirs.state, DRAIN_DRAINING);
    assert_string_equal (s_down.text,
                         "publisher-1 is draining: the last downstream has left, 5.0 s left");
    s_one.beat.state = DRAIN_RUNNING;
    s_one.beat.version = 2;
    s_publish (&s_down, &s_one);
    s_one.beat.version = 4;
    s_publish (&s_down, &s_one);
    assert_int_equal (peer->theirs.state, DRAIN_DRAINING);
    assert_true (peer->theirs.version == 4);
}

static void
garbage_on_the_state_socket_is_counted (void **state)
{
    (void) state;
    peer_t *peer = bench_link_up (&s_down, &s_one, 0, "publisher-1");
    links_published (s_down.links, s_down.now_us, (bytes_t){(const uint8_t *) "what", 4});
    links_published (s_down.links, s_down.now_us, fake_confirm (&s_one, 1, 1));
    assert_true (links_counts (s_down.links)->bad == 2);
    s_one.epoch++;
    s_one.beat.state = DRAIN_DRAINING;
    s_publish (&s_down, &s_one);
    assert_int_equal (peer->theirs.state, DRAIN_RUNNING);
}

static void
the_state_is_published_each_second_and_at_every_change (void **state)
{
    (void) state;
    bench_run (&s_up, 5500 * MS);
    assert_int_equal (s_up.duties[EFFECT_PUBLISH], 6);
    s_signal (&s_up);
    assert_int_equal (s_up.duties[EFFECT_PUBLISH], 7);
    bench_turn (&s_up);
    assert_int_equal (s_up.duties[EFFECT_PUBLISH], 7);
}

static void
a_drain_is_heard_on_every_link_at_once (void **state)
{
    (void) state;
    s_link ();
    s_signal (&s_up);
    assert_int_equal (s_upper ()->theirs.state, DRAIN_DRAINING);
    assert_int_equal (s_upper ()->theirs.left_ms, 8000);
    assert_string_equal (s_upper ()->origin_name, "publisher-1");
    bench_turn (&s_down);
    assert_string_equal (s_down.text, "publisher-1 is draining: SIGTERM, 8.0 s left");
}

static void
a_drain_without_a_deadline_is_said_too (void **state)
{
    (void) state;
    bench_link_down (&s_up, &s_one, "consumer-1", 9);
    s_one.beat.state = DRAIN_DRAINING;
    s_one.beat.why = WHY_SOURCE_ENDED;
    bench_beat (&s_up, &s_one);
    bench_forget (&s_up);
    bench_turn (&s_up);
    assert_int_equal (s_up.says[SAY_PEER_DRAINING], 1);
}

//  Beats sent in ten seconds under this lease.
static uint32_t
s_beats (uint32_t lease_ms)
{
    links_config_t config = bench_config (STAGE_PUBLISHER);
    config.lease_ms = lease_ms;
    bench_stop (&s_up);
    bench_start (&s_up, &config);
    bench_link_down (&s_up, &s_one, "consumer-1", 9);
    bench_forget (&s_up);
    for (int i = 0; i < 100; i++) {
        bench_run (&s_up, 100 * MS);
        bench_beat (&s_up, &s_one);
    }
    return s_up.frames[VERB_BEAT];
}

static void
beats_go_out_each_third_of_a_lease_and_at_least_each_second (void **state)
{
    (void) state;
    assert_in_range (s_beats (60000), 9, 10);
    assert_in_range (s_beats (3000), 9, 10);
    assert_in_range (s_beats (900), 32, 34);
    assert_in_range (s_beats (1), 900, 1001);
}

static void
the_shortest_lease_counts_and_goes_down (void **state)
{
    (void) state;
    s_link ();
    assert_int_equal (links_lease_ms (s_down.links), 3000);
    links_lease (s_down.links, 0);
    links_lease (s_down.links, 5000);
    assert_int_equal (links_lease_ms (s_down.links), 3000);
    links_lease (s_down.links, 600);
    assert_int_equal (links_lease_ms (s_down.links), 600);
}

static void
what_did_not_fit_into_the_effects_comes_with_the_next_turn (void **state)
{
    (void) state;
    bench_link_down (&s_up, &s_one, "consumer-1", 9);
    bench_forget (&s_up);
    bench_pass (&s_up, 2 * SECOND);
    links_inbox_empty (s_up.links, s_up.now_us);
    effects_clear (&s_up.effects);
    links_begin (s_up.links, s_up.now_us, &s_up.drain, &s_up.effects);
    uint8_t *at = effects_reserve (&s_up.effects, EFFECTS_BYTES);
    effects_commit (&s_up.effects, at + EFFECTS_BYTES);
    links_end (s_up.links, s_up.now_us, &s_up.drain, 0, false, &s_up.effects);
    assert_int_equal (s_up.effects.count, 0);
    assert_true (links_deadline (s_up.links, &s_up.drain) <= s_up.now_us);
    bench_turn (&s_up);
    assert_int_equal (s_up.frames[VERB_BEAT], 1);
    assert_int_equal (s_up.duties[EFFECT_PUBLISH], 1);
}

//  ---- Deadlines

//  Turns of a loop that steps at deadlines only.
static uint32_t
s_turns (bench_t *bench, int64_t us)
{
    bench_forget (bench);
    bench_run (bench, us);
    return bench->turns;
}

static void
deadlines_alone_never_busy_loop (void **state)
{
    (void) state;
    assert_in_range (s_turns (&s_down, 60 * SECOND), 59, 130);
    assert_in_range (s_turns (&s_up, 60 * SECOND), 59, 130);
    bench_link_up (&s_down, &s_one, 0, "publisher-1");
    bench_link_down (&s_up, &s_two, "consumer-1", 9);
    assert_in_range (s_turns (&s_down, 60 * SECOND), 59, 200);
    assert_in_range (s_turns (&s_up, 60 * SECOND), 59, 200);
    bench_link_down (&s_up, &s_two, "consumer-1", 10);
    links_notice (s_up.links, s_up.now_us, "consumer-1", 10);
    assert_in_range (s_turns (&s_up, 60 * SECOND), 59, 200);
}

static void
deadlines_of_a_linked_pair_never_busy_loop (void **state)
{
    (void) state;
    s_link ();
    assert_in_range (s_turns (&s_up, 60 * SECOND), 59, 200);
    assert_in_range (s_down.turns, 59, 300);
    assert_int_equal (s_lower ()->phase, PEER_UP);
    assert_int_equal (s_down.frames[VERB_HELLO], 0);
}

static void
deadlines_of_a_drain_never_busy_loop (void **state)
{
    (void) state;
    s_link ();
    s_down.bye_ready = false;
    s_down.in_hand = 1;
    s_signal (&s_down);
    assert_in_range (s_turns (&s_down, 60 * SECOND), 59, 300);
    assert_int_equal (s_upper ()->phase, PEER_UP);
    s_down.bye_ready = true;
    bench_turn (&s_down);
    assert_int_equal (s_lower ()->phase, PEER_UP);
    bench_turn (&s_up);
    assert_int_equal (s_lower ()->phase, PEER_LEFT);
}

int
main (void)
{
#define TEST(name) cmocka_unit_test_setup_teardown (name, s_setup, s_teardown)
    const struct CMUnitTest tests[] = {
        TEST (after_the_last_work_eos_and_bye_end_the_link),
        TEST (eos_is_repeated_each_second_until_bye),
        TEST (a_missing_answer_to_bye_is_waited_for_at_most_a_second),
        TEST (an_eos_that_overtakes_work_waits_for_it),
        TEST (a_bye_that_overtakes_a_settlement_waits_for_it),
        TEST (a_neighbour_that_drains_gets_eos_and_the_others_do_not),
        TEST (a_flushed_process_says_eos_and_bye_on_every_link),
        TEST (a_late_hello_to_a_draining_process_gets_welcome_then_eos),
        TEST (one_that_left_is_called_again_while_we_run),
        TEST (a_draining_process_calls_only_while_it_has_something_in_hand),
        TEST (a_side_that_never_was_up_is_not_over),
        TEST (a_crash_is_not_leaving),
        TEST (one_that_vanished_while_draining_has_left),
        TEST (when_others_have_left_the_crashed_get_one_drain_time_out),
        TEST (one_that_comes_back_in_time_keeps_the_side_alive),
        TEST (with_stay_those_who_left_are_waited_for),
        TEST (the_upper_side_is_over_with_the_last_eos_and_names_its_origin),
        TEST (the_state_socket_tells_of_a_drain_and_never_takes_it_back),
        TEST (garbage_on_the_state_socket_is_counted),
        TEST (the_state_is_published_each_second_and_at_every_change),
        TEST (a_drain_is_heard_on_every_link_at_once),
        TEST (a_drain_without_a_deadline_is_said_too),
        TEST (beats_go_out_each_third_of_a_lease_and_at_least_each_second),
        TEST (the_shortest_lease_counts_and_goes_down),
        TEST (what_did_not_fit_into_the_effects_comes_with_the_next_turn),
        TEST (deadlines_alone_never_busy_loop),
        TEST (deadlines_of_a_linked_pair_never_busy_loop),
        TEST (deadlines_of_a_drain_never_busy_loop),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
