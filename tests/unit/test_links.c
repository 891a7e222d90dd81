//  Unit tests of links: greetings, frame numbers, silence, suspicion, strangers.

#include "common/core/links_counts.h"
#include "tests/unit/links_bench.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static bench_t s_up;   // a publisher
static bench_t s_down; // a consumer
static fake_peer_t s_fake, s_second;

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

//  Both ends, joined and linked.
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

//  ---- Greeting

static void
hello_is_repeated_each_second_until_welcome (void **state)
{
    (void) state;
    bench_turn (&s_down);
    assert_int_equal (s_down.frames[VERB_HELLO], 1);
    assert_int_equal (s_down.duties[EFFECT_OPEN], 1);
    bench_run (&s_down, 10 * SECOND - MS);
    assert_int_equal (s_down.frames[VERB_HELLO], 10);
    assert_int_equal (s_down.duties[EFFECT_OPEN], 1);
    assert_int_equal (s_down.link, 1);
    fake_init (&s_fake, STAGE_PUBLISHER, "publisher-1", 9, s_down.epoch);
    s_fake.link = s_down.link;
    bench_hear (&s_down, fake_welcome (&s_fake));
    bench_turn (&s_down);
    assert_int_equal (s_upper ()->phase, PEER_UP);
    bench_forget (&s_down);
    bench_run (&s_down, 3 * SECOND);
    assert_int_equal (s_down.frames[VERB_HELLO], 0);
}

static void
both_ends_come_up_and_say_so_once (void **state)
{
    (void) state;
    bench_join (&s_up, &s_down);
    bench_run (&s_down, 10 * SECOND);
    assert_int_equal (s_upper ()->phase, PEER_UP);
    assert_int_equal (s_lower ()->phase, PEER_UP);
    assert_int_equal (s_up.news[DOWN_SLOT], NEWS_GREETED | NEWS_UP | NEWS_HOLDING);
    assert_int_equal (s_down.news[0], NEWS_GREETED | NEWS_UP);
    assert_int_equal (s_up.says[SAY_LINK_UP], 1);
    assert_int_equal (s_down.says[SAY_LINK_UP], 1);
    assert_string_equal (s_down.text, "Linked with publisher-1");
    assert_int_equal (s_down.frames[VERB_HOLDING], 1);
    assert_string_equal (s_lower ()->inbox, "ipc://@self");
}

static void
a_lost_welcome_is_said_again_to_the_next_hello (void **state)
{
    (void) state;
    bench_join (&s_up, &s_down);
    s_up.drops = 1u << VERB_WELCOME;
    bench_run (&s_down, 2500 * MS);
    assert_int_equal (s_up.lost, 3);
    assert_int_equal (s_lower ()->phase, PEER_GREETED);
    s_up.drops = 0;
    bench_run (&s_down, SECOND);
    assert_int_equal (s_upper ()->phase, PEER_UP);
    assert_int_equal (s_down.link, 1);
}

static void
the_lower_end_finds_its_neighbours_by_name_and_epoch (void **state)
{
    (void) state;
    s_link ();
    assert_ptr_equal (links_by_name (s_down.links, SIDE_UP, fake_text ("publisher-1")), s_upper ());
    assert_null (links_by_name (s_down.links, SIDE_UP, fake_text ("publisher-11")));
    assert_null (links_by_name (s_down.links, SIDE_DOWN, fake_text ("publisher-1")));
    assert_ptr_equal (links_by_epoch (s_up.links, SIDE_DOWN, s_down.epoch), s_lower ());
    assert_null (links_by_epoch (s_up.links, SIDE_UP, s_down.epoch));
    assert_int_equal (links_linked (s_up.links, SIDE_DOWN), 1);
    assert_int_equal (links_running (s_up.links, SIDE_DOWN), 1);
    assert_false (links_all_ended (s_up.links));
    assert_int_equal (links_slot (s_up.links, s_lower ()), DOWN_SLOT);
}

static void
a_list_of_holdings_that_counts_up_brings_the_link_up (void **state)
{
    (void) state;
    fake_init (&s_fake, STAGE_CONSUMER, "consumer-1", 9, s_up.epoch);
    bench_hear (&s_up, fake_hello (&s_fake));
    bench_turn (&s_up);
    work_t work = bench_work (1);
    claim_t claims[2] = {fake_claim (&work, CLAIM_HOLDS, 9, 0),
                         fake_claim (&work, CLAIM_HOLDS, 9, 0)};
    bench_hear (&s_up, fake_holding (&s_fake, claims, 2, 0));
    assert_int_equal (s_lower ()->phase, PEER_GREETED);
    bench_hear (&s_up, fake_holding (&s_fake, claims, 1, 1 + 3));
    assert_int_equal (s_lower ()->phase, PEER_UP);
    assert_true (s_lower ()->listed == 3);
}

static void
a_list_of_holdings_that_does_not_count_up_ends_the_link (void **state)
{
    (void) state;
    for (uint64_t wrong = 2; wrong <= 4; wrong += 2) {
        fake_init (&s_fake, STAGE_CONSUMER, "consumer-1", 9 + wrong, s_up.epoch);
        bench_hear (&s_up, fake_hello (&s_fake));
        bench_turn (&s_up);
        work_t work = bench_work (1);
        claim_t claim = fake_claim (&work, CLAIM_HOLDS, 9, 0);
        bench_hear (&s_up, fake_holding (&s_fake, &claim, 1, 0));
        bench_hear (&s_up, fake_holding (&s_fake, &claim, 1, wrong)); // 2 claims would be 3
        assert_int_equal (s_lower ()->phase, PEER_ENDED);
        bench_forget (&s_up);
        bench_turn (&s_up);
        assert_int_equal (s_up.frames[VERB_AGAIN], 1);
        assert_int_equal (s_up.cause[DOWN_SLOT], CAUSE_GAP);
    }
}

//  ---- Numbers

static void
a_gap_with_the_inbox_empty_ends_the_link_and_brings_a_new_one (void **state)
{
    (void) state;
    s_link ();
    s_up.drops = 1u << VERB_BEAT;
    bench_run (&s_up, 2500 * MS);
    assert_true (s_up.lost > 0);
    assert_int_equal (s_upper ()->phase, PEER_UP);
    s_up.drops = 0;
    bench_run (&s_up, 2 * SECOND);
    assert_int_equal (s_down.cause[0], CAUSE_GAP);
    assert_true (links_counts (s_down.links)->gaps == 1);
    assert_int_equal (s_down.says[SAY_LINK_ENDED], 1);
    assert_int_equal (s_down.link, 2);
    assert_int_equal (s_upper ()->phase, PEER_UP);
    assert_int_equal (s_lower ()->phase, PEER_UP);
    assert_int_equal (s_lower ()->link, 2);
    assert_int_equal (s_up.cause[DOWN_SLOT], CAUSE_RENEWED);
    assert_int_equal (s_up.says[SAY_LINK_AGAIN], 1);
}

static void
a_gap_seen_above_says_again_and_brings_a_new_link (void **state)
{
    (void) state;
    s_link ();
    s_down.drops = 1u << VERB_BEAT;
    bench_run (&s_down, 2500 * MS);
    s_down.drops = 0;
    bench_run (&s_down, 2 * SECOND);
    assert_int_equal (s_up.cause[DOWN_SLOT], CAUSE_GAP);
    assert_int_equal (s_up.frames[VERB_AGAIN], 1);
    assert_int_equal (s_lower ()->phase, PEER_UP);
    assert_int_equal (s_lower ()->link, 2);
    assert_int_equal (s_down.cause[0], CAUSE_GAP);
}

static void
a_lost_again_is_said_to_the_next_hello_of_the_old_link (void **state)
{
    (void) state;
    fake_init (&s_fake, STAGE_CONSUMER, "consumer-1", 9, s_up.epoch);
    bench_hear (&s_up, fake_hello (&s_fake));
    bench_run (&s_up, 5 * SECOND); // no list of holdings comes
    assert_int_equal (s_lower ()->phase, PEER_ENDED);
    assert_int_equal (s_up.frames[VERB_AGAIN], 1);
    s_fake.link--;
    bench_hear (&s_up, fake_hello (&s_fake));
    bench_turn (&s_up);
    assert_int_equal (s_up.frames[VERB_AGAIN], 2);
    bench_hear (&s_up, fake_hello (&s_fake));
    assert_int_equal (s_lower ()->phase, PEER_GREETED);
    assert_int_equal (s_lower ()->link, 2);
}

static void
again_to_a_hello_makes_a_new_number (void **state)
{
    (void) state;
    bench_turn (&s_down);
    wire_header_t header = {.verb = VERB_AGAIN, .link = 1, .sender = 9, .receiver = s_down.epoch};
    uint8_t bytes[HEADER_BYTES];
    wire_put_header (bytes, &header);
    bench_hear (&s_down, (bytes_t){bytes, sizeof bytes});
    bench_turn (&s_down);
    assert_int_equal (s_down.link, 2);
    assert_int_equal (s_down.duties[EFFECT_OPEN], 2);
}

static void
a_gap_is_no_gap_before_the_inbox_is_read_empty (void **state)
{
    (void) state;
    peer_t *peer = bench_link_down (&s_up, &s_fake, "consumer-1", 9);
    s_fake.sent += 2;
    s_up.busy = true;
    bench_beat (&s_up, &s_fake);
    bench_turn (&s_up);
    assert_int_equal (peer->phase, PEER_UP);
    assert_true (peer->missing == 2);
    s_fake.sent -= 3;
    bench_beat (&s_up, &s_fake);
    bench_beat (&s_up, &s_fake);
    s_up.busy = false;
    bench_turn (&s_up);
    assert_int_equal (peer->phase, PEER_UP);
    assert_true (links_counts (s_up.links)->gaps == 0);
}

//  Whether a beat of this neighbour is taken.
static bool
s_taken (bench_t *bench, fake_peer_t *fake)
{
    uint64_t before = links_counts (bench->links)->stale;
    bench_beat (bench, fake);
    return links_counts (bench->links)->stale == before;
}

static void
a_stale_link_epoch_or_receiver_is_dropped_and_counted (void **state)
{
    (void) state;
    bench_link_down (&s_up, &s_fake, "consumer-1", 9);
    assert_true (s_taken (&s_up, &s_fake));
    s_fake.link++;
    assert_false (s_taken (&s_up, &s_fake));
    s_fake.link--;
    s_fake.epoch++;
    assert_false (s_taken (&s_up, &s_fake));
    s_fake.epoch--;
    s_fake.core++;
    assert_false (s_taken (&s_up, &s_fake));
    s_fake.core = 0; // only a HELLO may be for anybody
    assert_false (s_taken (&s_up, &s_fake));
    s_fake.core = s_up.epoch;
    s_fake.sent = UINT64_MAX; // number 0 is outside of links
    assert_false (s_taken (&s_up, &s_fake));
    assert_int_equal (links_counts (s_up.links)->stale, 5);
}

static void
a_frame_from_the_wrong_end_is_stale (void **state)
{
    (void) state;
    peer_t *peer = bench_link_down (&s_up, &s_fake, "consumer-1", 9);
    bench_hear (&s_up, fake_confirm (&s_fake, 1, 1));
    bench_hear (&s_up, fake_state (&s_fake, VERB_EOS));
    assert_null (bench_hear (&s_up, fake_return (&s_fake, 1)));
    assert_true (links_counts (s_up.links)->stale == 3);
    assert_false (peer->eos_heard || peer->eos_number);
}

static void
duplicates_are_dropped_and_counted (void **state)
{
    (void) state;
    bench_link_down (&s_up, &s_fake, "consumer-1", 9);
    work_t work = bench_work (1);
    claim_t claim = fake_claim (&work, CLAIM_EXTENDS, 9, 1);
    assert_non_null (bench_hear (&s_up, fake_claims (&s_fake, VERB_EXTEND, &claim, 1)));
    s_fake.sent--;
    assert_null (bench_hear (&s_up, fake_claims (&s_fake, VERB_EXTEND, &claim, 1)));
    assert_true (links_counts (s_up.links)->duplicate == 1);
}

static void
dropped_frames_are_said_once_a_second_with_their_number (void **state)
{
    (void) state;
    bench_link_down (&s_up, &s_fake, "consumer-1", 9);
    bench_forget (&s_up);
    uint8_t garbage[5] = "hallo";
    for (int i = 0; i < 50; i++) {
        bench_hear (&s_up, (bytes_t){garbage, sizeof garbage});
        bench_turn (&s_up);
        bench_pass (&s_up, 30 * MS);
    }
    assert_true (links_counts (s_up.links)->bad == 50);
    assert_int_equal (s_up.says[SAY_BAD_FRAME], 2);
    assert_string_equal (s_up.text,
                         "Dropped 34 frames from a stranger: stale, repeated or not ours");
    assert_int_equal (s_lower ()->phase, PEER_UP);
}

//  ---- Silence

static void
silence_cuts_after_the_peer_time_out (void **state)
{
    (void) state;
    peer_t *peer = bench_link_down (&s_up, &s_fake, "consumer-1", 9);
    bench_run (&s_up, PEER_TIMEOUT - MS);
    assert_int_equal (peer->phase, PEER_UP);
    bench_run (&s_up, 2 * MS);
    assert_int_equal (peer->phase, PEER_ENDED);
    assert_int_equal (s_up.cause[DOWN_SLOT], CAUSE_CUT);
    assert_int_equal (s_up.says[SAY_PEER_CUT], 1);
    assert_string_equal (s_up.text, "consumer-1 is cut off: nothing heard for 4.0 s");
    assert_int_equal (s_up.duties[EFFECT_CLOSE], 1);
}

static void
a_peer_that_has_not_heard_us_is_cut (void **state)
{
    (void) state;
    peer_t *peer = bench_link_down (&s_up, &s_fake, "consumer-1", 9);
    s_up.fakes[DOWN_SLOT] = NULL;
    bench_run (&s_up, SECOND); // a beat that it will not hear
    for (int i = 0; i < 60 && peer->phase == PEER_UP; i++) {
        bench_hear (&s_up, fake_state (&s_fake, VERB_BEAT));
        bench_run (&s_up, 100 * MS);
    }
    assert_int_equal (peer->phase, PEER_ENDED);
    assert_int_equal (s_up.cause[DOWN_SLOT], CAUSE_CUT);
    int64_t waited = s_up.now_us - BENCH_START;
    assert_in_range (waited, PEER_TIMEOUT, PEER_TIMEOUT + 2 * SECOND);
}

static void
a_peer_that_claims_to_have_heard_what_was_never_sent_is_not_believed (void **state)
{
    (void) state;
    peer_t *peer = bench_link_down (&s_up, &s_fake, "consumer-1", 9);
    s_up.fakes[DOWN_SLOT] = NULL;
    for (int i = 0; i < 70 && peer->phase == PEER_UP; i++) {
        s_fake.heard = UINT64_MAX - 1;
        bench_hear (&s_up, fake_state (&s_fake, VERB_BEAT));
        bench_run (&s_up, 100 * MS);
    }
    assert_int_equal (peer->phase, PEER_ENDED);
}

static void
no_new_work_after_two_silent_heartbeats (void **state)
{
    (void) state;
    peer_t *peer = bench_link_down (&s_up, &s_fake, "consumer-1", 9);
    bench_run (&s_up, 2 * SECOND);
    assert_true (links_ready (s_up.links, peer, s_up.now_us));
    bench_run (&s_up, 600 * MS);
    assert_false (links_ready (s_up.links, peer, s_up.now_us));
    assert_int_equal (peer->phase, PEER_UP);
    bench_beat (&s_up, &s_fake);
    assert_true (links_ready (s_up.links, peer, s_up.now_us));
}

static void
an_unanswered_greeting_is_cut_too (void **state)
{
    (void) state;
    fake_init (&s_fake, STAGE_CONSUMER, "consumer-1", 9, s_up.epoch);
    bench_hear (&s_up, fake_hello (&s_fake));
    bench_turn (&s_up);
    bench_run (&s_up, PEER_TIMEOUT + MS);
    assert_int_equal (s_lower ()->phase, PEER_ENDED);
    assert_int_equal (s_up.frames[VERB_BEAT], 0);
}

static void
a_stall_of_ours_is_not_their_silence (void **state)
{
    (void) state;
    s_link ();
    bench_pass (&s_up, 20 * SECOND);
    links_stall (s_up.links, 20 * SECOND);
    links_stall (s_down.links, 20 * SECOND);
    assert_false (links_inbox_is_empty (s_up.links));
    bench_run (&s_up, 10 * SECOND);
    assert_int_equal (s_lower ()->phase, PEER_UP);
    assert_int_equal (s_down.link, 0);
    bench_pass (&s_up, 20 * SECOND);
    bench_turn (&s_up);
    assert_int_equal (s_lower ()->phase, PEER_ENDED);
}

//  ---- Suspicion

//  A notice so long after the last frame, then nothing: the cause of the end.
static cause_t
s_notice_after (int64_t us)
{
    peer_t *peer = bench_link_down (&s_up, &s_fake, "consumer-1", 9);
    bench_run (&s_up, us);
    links_notice (s_up.links, s_up.now_us, "consumer-1", 9);
    assert_false (links_ready (s_up.links, peer, s_up.now_us));
    bench_run (&s_up, PEER_PROBE_US - MS);
    assert_int_equal (peer->phase, PEER_UP);
    bench_run (&s_up, 2 * MS);
    assert_int_equal (peer->phase, PEER_ENDED);
    return s_up.cause[DOWN_SLOT];
}

static void
a_notice_soon_after_the_last_frame_and_silence_is_death (void **state)
{
    (void) state;
    assert_int_equal (s_notice_after (1900 * MS), CAUSE_DEAD);
    assert_string_equal (s_up.text, "consumer-1 is dead: it vanished and did not answer");
    assert_int_equal (s_up.frames[VERB_AGAIN], 0);
}

static void
a_notice_after_a_longer_silence_is_only_a_cut (void **state)
{
    (void) state;
    assert_int_equal (s_notice_after (2100 * MS), CAUSE_CUT);
}

static void
a_notice_asks_at_once_and_the_answer_is_life (void **state)
{
    (void) state;
    peer_t *peer = bench_link_down (&s_up, &s_fake, "consumer-1", 9);
    links_notice (s_up.links, s_up.now_us, "consumer-1", 9);
    bench_turn (&s_up);
    beat_t beat;
    assert_int_equal (fake_take_state (&s_fake, &s_up.effects, VERB_BEAT, &beat), 1);
    assert_true (beat.flags & BEAT_PROBE);
    bench_pass (&s_up, MS);
    bench_beat (&s_up, &s_fake);
    assert_true (links_ready (s_up.links, peer, s_up.now_us));
    bench_run (&s_up, SECOND);
    assert_int_equal (peer->phase, PEER_UP);
}

static void
a_frame_that_was_under_way_at_death_is_not_life (void **state)
{
    (void) state;
    peer_t *peer = bench_link_down (&s_up, &s_fake, "consumer-1", 9);
    bench_pass (&s_up, 500 * MS);
    s_up.fakes[DOWN_SLOT] = NULL;
    links_notice (s_up.links, s_up.now_us, "consumer-1", 9);
    bench_turn (&s_up);
    bench_hear (&s_up, fake_state (&s_fake, VERB_BEAT)); // older than the probe
    bench_run (&s_up, PEER_PROBE_US + MS);
    assert_int_equal (peer->phase, PEER_ENDED);
    assert_int_equal (s_up.cause[DOWN_SLOT], CAUSE_DEAD);
}

static void
what_is_still_in_the_inbox_is_read_before_a_peer_is_dead (void **state)
{
    (void) state;
    peer_t *peer = bench_link_down (&s_up, &s_fake, "consumer-1", 9);
    links_notice (s_up.links, s_up.now_us, "consumer-1", 9);
    bench_turn (&s_up);
    s_up.busy = true;
    bench_pass (&s_up, PEER_PROBE_US + MS);
    work_t work = bench_work (1);
    claim_t claim = fake_claim (&work, CLAIM_EXTENDS, 9, 1);
    assert_ptr_equal (bench_hear (&s_up, fake_claims (&s_fake, VERB_EXTEND, &claim, 1)), peer);
    bench_turn (&s_up);
    assert_int_equal (peer->phase, PEER_UP);
}

static void
a_notice_about_somebody_else_changes_nothing (void **state)
{
    (void) state;
    peer_t *peer = bench_link_down (&s_up, &s_fake, "consumer-1", 9);
    links_notice (s_up.links, s_up.now_us, "consumer-1", 8);
    links_notice (s_up.links, s_up.now_us, "consumer-2", 9);
    assert_false (peer->suspect);
}

static void
a_probe_is_answered_in_the_next_turn (void **state)
{
    (void) state;
    s_link ();
    bench_turn (&s_down);
    bench_forget (&s_down);
    bench_turn (&s_down);
    assert_int_equal (s_down.frames[VERB_BEAT], 0);
    links_notice (s_up.links, s_up.now_us, "consumer-1", s_down.epoch);
    bench_turn (&s_up);
    assert_true (links_deadline (s_down.links, &s_down.drain) == 0);
    bench_turn (&s_down);
    assert_int_equal (s_down.frames[VERB_BEAT], 1);
    assert_false (s_lower ()->suspect);
}

//  ---- Names

static void
a_name_in_use_is_refused_and_given_up_after_two_time_outs (void **state)
{
    (void) state;
    peer_t *peer = bench_link_down (&s_up, &s_fake, "consumer-1", 9);
    bench_join (&s_up, &s_down);
    for (int i = 0; i < 79; i++) {
        assert_false (links_name_given_up (s_down.links, s_down.now_us));
        bench_run (&s_down, 100 * MS);
        bench_turn (&s_up);
        bench_beat (&s_up, &s_fake);
    }
    assert_int_equal (s_down.says[SAY_NAME_IN_USE], 1);
    bench_run (&s_down, 300 * MS);
    assert_true (links_name_given_up (s_down.links, s_down.now_us));
    assert_int_equal (peer->phase, PEER_UP);
    assert_true (peer->epoch == 9);
    bench_beat (&s_up, &s_fake);
    assert_true (links_ready (s_up.links, peer, s_up.now_us));
}

static void
a_newcomer_takes_over_after_the_unanswered_probe (void **state)
{
    (void) state;
    peer_t *peer = bench_link_down (&s_up, &s_fake, "consumer-1", 9);
    bench_run (&s_up, 3 * SECOND);
    bench_pass (&s_down, 3 * SECOND);
    bench_join (&s_up, &s_down);
    bench_forget (&s_up);
    bench_run (&s_down, 500 * MS);
    assert_true (peer->epoch == 9 && peer->phase == PEER_UP);
    assert_int_equal (s_up.frames[VERB_REFUSED], 1);
    bench_run (&s_down, SECOND);
    assert_true (peer->epoch == s_down.epoch);
    assert_int_equal (peer->phase, PEER_UP);
    //  Silent is not dead: its commands may run on, so nothing of it is lost.
    assert_int_equal (s_up.cause[DOWN_SLOT], CAUSE_CUT);
    assert_false (s_up.news[DOWN_SLOT] & NEWS_EPOCH);
    bench_run (&s_down, 10 * SECOND);
    assert_false (links_name_given_up (s_down.links, s_down.now_us));
}

static void
a_frame_that_was_under_way_does_not_answer_a_challenge (void **state)
{
    (void) state;
    peer_t *peer = bench_link_down (&s_up, &s_fake, "consumer-1", 9);
    fake_init (&s_second, STAGE_CONSUMER, "consumer-1", 10, s_up.epoch);
    s_up.fakes[DOWN_SLOT] = NULL;
    bench_hear (&s_up, fake_hello (&s_second));
    bench_turn (&s_up);
    bench_run (&s_up, 300 * MS);
    bench_hear (&s_up, fake_state (&s_fake, VERB_BEAT));
    bench_run (&s_up, 201 * MS);
    assert_int_equal (peer->phase, PEER_ENDED);
    bench_hear (&s_up, fake_hello (&s_second));
    assert_true (peer->epoch == 10 && peer->phase == PEER_GREETED);
}

static void
a_refusal_that_nobody_repeats_is_forgotten (void **state)
{
    (void) state;
    bench_turn (&s_down);
    wire_header_t header = {.verb = VERB_REFUSED, .link = 1, .sender = 9, .receiver = s_down.epoch};
    uint8_t bytes[HEADER_BYTES];
    wire_put_header (bytes, &header);
    bench_hear (&s_down, (bytes_t){bytes, sizeof bytes});
    bench_run (&s_down, 20 * SECOND);
    assert_int_equal (s_down.says[SAY_NAME_IN_USE], 1);
    assert_false (links_name_given_up (s_down.links, s_down.now_us));
}

static void
a_dead_name_comes_back_at_once_with_a_new_epoch (void **state)
{
    (void) state;
    peer_t *peer = bench_link_down (&s_up, &s_fake, "consumer-1", 9);
    links_notice (s_up.links, s_up.now_us, "consumer-1", 9);
    bench_run (&s_up, SECOND);
    assert_int_equal (peer->cause, CAUSE_DEAD);
    bench_forget (&s_up);
    assert_ptr_equal (bench_link_down (&s_up, &s_second, "consumer-1", 10), peer);
    assert_int_equal (peer->phase, PEER_UP);
    assert_true (s_up.news[DOWN_SLOT] & NEWS_EPOCH);
}

//  ---- Strangers

static void
every_slot_can_be_taken_and_the_next_waits_for_one (void **state)
{
    (void) state;
    static fake_peer_t fakes[LINKS_DOWN_MAX + 1];
    static char names[LINKS_DOWN_MAX + 1][16];
    for (uint32_t i = 0; i <= LINKS_DOWN_MAX; i++) {
        snprintf (names[i], sizeof names[i], "consumer-%u", i);
        fake_init (&fakes[i], STAGE_CONSUMER, names[i], 100 + i, s_up.epoch);
        bench_hear (&s_up, fake_hello (&fakes[i]));
    }
    bench_turn (&s_up);
    assert_int_equal (links_linked (s_up.links, SIDE_DOWN), LINKS_DOWN_MAX);
    assert_int_equal (s_up.frames[VERB_WELCOME], LINKS_DOWN_MAX);
    assert_int_equal (s_up.frames[VERB_REFUSED], 0);
    assert_int_equal (links_counts (s_up.links)->unknown, 1);
    //  A slot whose owner is gone serves the next name, and says nothing about the former's work.
    bench_run (&s_up, 5 * SECOND);
    bench_forget (&s_up);
    bench_hear (&s_up, fake_hello (&fakes[LINKS_DOWN_MAX]));
    bench_turn (&s_up);
    assert_string_equal (s_lower ()->name, names[LINKS_DOWN_MAX]);
    assert_int_equal (s_up.news[DOWN_SLOT], NEWS_GREETED);
}

static void
a_slot_of_one_that_left_is_taken_before_that_of_one_that_died (void **state)
{
    (void) state;
    static fake_peer_t fakes[LINKS_DOWN_MAX];
    static char names[LINKS_DOWN_MAX][16];
    for (uint32_t i = 0; i < LINKS_DOWN_MAX; i++) {
        snprintf (names[i], sizeof names[i], "consumer-%u", i);
        bench_link_down (&s_up, &fakes[i], names[i], 100 + i);
    }
    bench_hear (&s_up, fake_state (&fakes[7], VERB_BYE));
    bench_turn (&s_up);
    bench_run (&s_up, 5 * SECOND);
    assert_int_equal (links_peer (s_up.links, DOWN_SLOT)->phase, PEER_ENDED);
    assert_int_equal (links_peer (s_up.links, DOWN_SLOT + 7)->phase, PEER_LEFT);
    assert_ptr_equal (bench_link_down (&s_up, &s_fake, "consumer-new", 9),
                      links_peer (s_up.links, DOWN_SLOT + 7));
}

static void
replies_to_strangers_are_bounded (void **state)
{
    (void) state;
    bench_link_down (&s_up, &s_fake, "consumer-1", 9);
    bench_forget (&s_up);
    for (uint32_t i = 0; i < 1000; i++) {
        fake_init (&s_second, STAGE_CONSUMER, "consumer-1", 1000 + i, s_up.epoch);
        bench_hear (&s_up, fake_hello (&s_second));
    }
    bench_turn (&s_up);
    assert_int_equal (s_up.duties[EFFECT_REPLY], 16);
    assert_int_equal (s_lower ()->phase, PEER_UP);
    bench_forget (&s_up);
    bench_turn (&s_up);
    assert_int_equal (s_up.duties[EFFECT_REPLY], 0);
}

static void
a_hello_that_makes_no_sense_is_bad (void **state)
{
    (void) state;
    fake_init (&s_fake, STAGE_HANDLER, "handler-1", 9, s_up.epoch); // two stages below
    bench_hear (&s_up, fake_hello (&s_fake));
    fake_init (&s_fake, STAGE_CONSUMER, "consumer-1", s_up.epoch, s_up.epoch); // ourselves
    bench_hear (&s_up, fake_hello (&s_fake));
    fake_init (&s_fake, STAGE_CONSUMER, "consumer-1", 0, s_up.epoch);
    bench_hear (&s_up, fake_hello (&s_fake));
    fake_init (&s_fake, STAGE_CONSUMER, "consumer-1", 9, s_up.epoch);
    s_fake.link = UINT32_MAX; // the next number is 0
    bench_hear (&s_up, fake_hello (&s_fake));
    assert_true (links_counts (s_up.links)->bad == 4);
    assert_int_equal (links_linked (s_up.links, SIDE_DOWN), 0);
}

static void
an_old_hello_of_a_link_that_is_up_is_stale (void **state)
{
    (void) state;
    peer_t *peer = bench_link_down (&s_up, &s_fake, "consumer-1", 9);
    s_fake.link -= 1;
    bench_hear (&s_up, fake_hello (&s_fake));
    assert_true (links_counts (s_up.links)->stale == 1);
    assert_int_equal (peer->phase, PEER_UP);
}

static void
greetings_of_unknown_links_are_stale (void **state)
{
    (void) state;
    bench_turn (&s_down);
    fake_init (&s_fake, STAGE_PUBLISHER, "publisher-1", 9, s_down.epoch);
    s_fake.link = 0;
    bench_hear (&s_down, fake_welcome (&s_fake));
    s_fake.link = 77;
    bench_hear (&s_down, fake_welcome (&s_fake));
    s_fake.link = 1;
    s_fake.stage = STAGE_HANDLER;
    bench_hear (&s_down, fake_welcome (&s_fake));
    wire_header_t header = {
        .verb = VERB_REFUSED, .link = 77, .sender = 9, .receiver = s_down.epoch};
    uint8_t bytes[HEADER_BYTES];
    wire_put_header (bytes, &header);
    bench_hear (&s_down, (bytes_t){bytes, sizeof bytes});
    assert_true (links_counts (s_down.links)->stale == 4);
    assert_int_equal (s_upper ()->phase, PEER_CALLING);
    bench_join (&s_up, &s_down);
    bench_run (&s_down, 2 * SECOND);
    header.link = 1;
    wire_put_header (bytes, &header);
    bench_hear (&s_down, (bytes_t){bytes, sizeof bytes});
    assert_true (links_counts (s_down.links)->stale == 5);
    assert_int_equal (s_upper ()->phase, PEER_UP);
}

int
main (void)
{
#define TEST(name) cmocka_unit_test_setup_teardown (name, s_setup, s_teardown)
    const struct CMUnitTest tests[] = {
        TEST (hello_is_repeated_each_second_until_welcome),
        TEST (both_ends_come_up_and_say_so_once),
        TEST (a_lost_welcome_is_said_again_to_the_next_hello),
        TEST (the_lower_end_finds_its_neighbours_by_name_and_epoch),
        TEST (a_list_of_holdings_that_counts_up_brings_the_link_up),
        TEST (a_list_of_holdings_that_does_not_count_up_ends_the_link),
        TEST (a_gap_with_the_inbox_empty_ends_the_link_and_brings_a_new_one),
        TEST (a_gap_seen_above_says_again_and_brings_a_new_link),
        TEST (a_lost_again_is_said_to_the_next_hello_of_the_old_link),
        TEST (again_to_a_hello_makes_a_new_number),
        TEST (a_gap_is_no_gap_before_the_inbox_is_read_empty),
        TEST (a_stale_link_epoch_or_receiver_is_dropped_and_counted),
        TEST (a_frame_from_the_wrong_end_is_stale),
        TEST (duplicates_are_dropped_and_counted),
        TEST (dropped_frames_are_said_once_a_second_with_their_number),
        TEST (silence_cuts_after_the_peer_time_out),
        TEST (a_peer_that_has_not_heard_us_is_cut),
        TEST (a_peer_that_claims_to_have_heard_what_was_never_sent_is_not_believed),
        TEST (no_new_work_after_two_silent_heartbeats),
        TEST (an_unanswered_greeting_is_cut_too),
        TEST (a_stall_of_ours_is_not_their_silence),
        TEST (a_notice_soon_after_the_last_frame_and_silence_is_death),
        TEST (a_notice_after_a_longer_silence_is_only_a_cut),
        TEST (a_notice_asks_at_once_and_the_answer_is_life),
        TEST (a_frame_that_was_under_way_at_death_is_not_life),
        TEST (what_is_still_in_the_inbox_is_read_before_a_peer_is_dead),
        TEST (a_notice_about_somebody_else_changes_nothing),
        TEST (a_probe_is_answered_in_the_next_turn),
        TEST (a_name_in_use_is_refused_and_given_up_after_two_time_outs),
        TEST (a_newcomer_takes_over_after_the_unanswered_probe),
        TEST (a_frame_that_was_under_way_does_not_answer_a_challenge),
        TEST (a_refusal_that_nobody_repeats_is_forgotten),
        TEST (a_dead_name_comes_back_at_once_with_a_new_epoch),
        TEST (every_slot_can_be_taken_and_the_next_waits_for_one),
        TEST (a_slot_of_one_that_left_is_taken_before_that_of_one_that_died),
        TEST (replies_to_strangers_are_bounded),
        TEST (a_hello_that_makes_no_sense_is_bad),
        TEST (an_old_hello_of_a_link_that_is_up_is_stale),
        TEST (greetings_of_unknown_links_are_stale),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
