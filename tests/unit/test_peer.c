//  Unit tests of peer: frame numbers in every order, what was heard, what a new link forgets.

#include "common/core/links_credit.h"
#include "common/core/peer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define NOW         INT64_C (1000000)
#define WINDOW_BITS (64 * PEER_WINDOW_WORDS)

static peer_t
s_peer (void)
{
    peer_t peer = {.phase = PEER_UP, .side = SIDE_DOWN, .epoch = 7};
    peer_renew (&peer, 1, NOW);
    return peer;
}

static void
frames_in_order_leave_nothing_missing (void **state)
{
    (void) state;
    peer_t peer = s_peer ();
    for (uint64_t number = 1; number <= 1000; number++) {
        assert_true (peer_hear (&peer, number, NOW + (int64_t) number));
        assert_true (peer.heard == number);
        assert_true (peer.missing == 0);
    }
    assert_true (peer.heard_us == NOW + 1000);
}

static void
a_frame_is_heard_only_once (void **state)
{
    (void) state;
    peer_t peer = s_peer ();
    assert_true (peer_hear (&peer, 1, NOW));
    assert_true (peer_hear (&peer, 2, NOW));
    assert_false (peer_hear (&peer, 2, NOW + 5));
    assert_false (peer_hear (&peer, 1, NOW + 5));
    assert_true (peer.heard_us == NOW);
    assert_true (peer.missing == 0);
}

static void
a_gap_is_missing_until_it_is_filled (void **state)
{
    (void) state;
    peer_t peer = s_peer ();
    assert_true (peer_hear (&peer, 5, NOW));
    assert_true (peer.missing == 4);
    assert_true (peer_hear (&peer, 2, NOW));
    assert_true (peer_hear (&peer, 4, NOW));
    assert_true (peer.missing == 2);
    assert_false (peer_hear (&peer, 4, NOW));
    assert_true (peer_hear (&peer, 1, NOW));
    assert_true (peer_hear (&peer, 3, NOW));
    assert_true (peer.missing == 0);
    assert_true (peer.heard == 5);
}

static void
a_frame_may_be_overtaken_by_the_whole_window_and_not_one_more (void **state)
{
    (void) state;
    for (uint64_t age = 1; age <= WINDOW_BITS + 1; age++) {
        peer_t peer = s_peer ();
        for (uint64_t number = 1; number <= 1 + age; number++) {
            if (number != 1) {
                assert_true (peer_hear (&peer, number, NOW));
            }
        }
        assert_true (peer.missing == 1);
        bool inside = age < WINDOW_BITS;
        assert_int_equal (peer_hear (&peer, 1, NOW), inside);
        assert_true (peer.missing == (inside ? 0 : 1));
    }
}

static void
a_leap_over_the_window_forgets_all_of_it (void **state)
{
    (void) state;
    static const uint64_t leaps[] = {63, 64, 65, 127, 128, 191, 192, 254, 255, 256, 257, 100000};
    for (size_t i = 0; i < sizeof leaps / sizeof *leaps; i++) {
        peer_t peer = s_peer ();
        assert_true (peer_hear (&peer, 1, NOW));
        assert_true (peer_hear (&peer, 1 + leaps[i], NOW));
        assert_true (peer.missing == leaps[i] - 1);
        assert_false (peer_hear (&peer, 1, NOW));
        assert_false (peer_hear (&peer, 1 + leaps[i], NOW));
        assert_true (peer.missing == leaps[i] - 1);
        assert_true (peer_hear (&peer, leaps[i], NOW));
        assert_true (peer.missing == leaps[i] - 2);
    }
}

static void
the_highest_number_of_all_does_no_harm (void **state)
{
    (void) state;
    peer_t peer = s_peer ();
    assert_true (peer_hear (&peer, UINT64_MAX, NOW));
    assert_true (peer.missing == UINT64_MAX - 1);
    assert_false (peer_hear (&peer, UINT64_MAX, NOW));
    assert_false (peer_hear (&peer, 1, NOW));
    assert_true (peer_hear (&peer, UINT64_MAX - 1, NOW));
}

//  A window of its own, kept the slow way.
static void
any_order_counts_the_same_as_a_slow_window (void **state)
{
    (void) state;
    enum {
        NUMBERS = 600
    };
    for (uint64_t seed = 1; seed <= 50; seed++) {
        bool seen[NUMBERS + 1] = {false};
        uint64_t dice = seed * UINT64_C (0x9E3779B97F4A7C15);
        peer_t peer = s_peer ();
        uint64_t top = 0;
        uint64_t heard = 0;
        for (int i = 0; i < 2000; i++) {
            dice = dice * UINT64_C (6364136223846793005) + 1442695040888963407u;
            uint64_t high = top + 20 < NUMBERS ? top + 20 : NUMBERS;
            uint64_t number = high - (dice >> 33) % (high < 300 ? high : 300);
            bool fresh = number > top || (!seen[number] && top - number < WINDOW_BITS);
            assert_int_equal (peer_hear (&peer, number, NOW), fresh);
            seen[number] |= fresh;
            heard += fresh;
            top = number > top ? number : top;
            assert_true (peer.missing == top - heard);
        }
    }
}

static void
a_frame_long_after_the_notice_ends_the_suspicion (void **state)
{
    (void) state;
    peer_t peer = s_peer ();
    peer.suspect = true;
    peer.probe_us = NOW + PEER_PROBE_US;
    assert_true (peer_hear (&peer, 1, NOW + PEER_STALE_US - 1));
    assert_true (peer.suspect);
    assert_true (peer_hear (&peer, 2, NOW + PEER_STALE_US));
    assert_false (peer.suspect);
}

static void
a_challenge_is_not_answered_by_any_frame (void **state)
{
    (void) state;
    peer_t peer = s_peer ();
    peer.suspect = peer.challenged = true;
    peer.probe_us = NOW + PEER_PROBE_US;
    assert_true (peer_hear (&peer, 1, NOW + PEER_PROBE_US));
    assert_true (peer.suspect);
}

static void
the_mark_moves_when_it_was_heard (void **state)
{
    (void) state;
    peer_t peer = s_peer ();
    peer.sent = 10;
    peer.mark = 4;
    peer_heard_by (&peer, 3, NOW + 1);
    assert_true (peer.mark == 4 && peer.mark_us == NOW);
    peer_heard_by (&peer, 4, NOW + 2);
    assert_true (peer.mark == 10 && peer.mark_us == NOW + 2);
    peer_heard_by (&peer, 10, NOW + 3);
    assert_true (peer.mark == 10 && peer.mark_us == NOW + 3);
}

static void
a_number_that_was_never_sent_is_not_heard (void **state)
{
    (void) state;
    peer_t peer = s_peer ();
    peer.sent = 10;
    peer.mark = 4;
    peer_heard_by (&peer, 11, NOW + 2);
    assert_true (peer.mark == 4 && peer.mark_us == NOW);
}

//  A neighbour about which everything is known that a link can know.
static peer_t
s_old (void)
{
    peer_t peer = s_peer ();
    memset (&peer.sent, 0x5a, offsetof (peer_t, says) - offsetof (peer_t, sent));
    peer.phase = PEER_CALLING;
    peer.stage = 1;
    peer.configured = peer.was_up = peer.left = peer.drain_said = true;
    peer.news = NEWS_ENDED;
    peer.cause = CAUSE_GAP;
    peer.refused_us = 77;
    peer.says = PEER_SAYS_ENDED;
    peer.silent_us = 5;
    memcpy (peer.name, "consumer-1", 11);
    memcpy (peer.inbox, "ipc://@a", 9);
    memcpy (peer.state, "ipc://@b", 9);
    return peer;
}

static void
a_new_link_keeps_who_the_peer_is (void **state)
{
    (void) state;
    peer_t peer = s_old ();
    peer_renew (&peer, 2, NOW + 9);
    assert_int_equal (peer.link, 2);
    assert_int_equal (peer.phase, PEER_CALLING);
    assert_true (peer.epoch == 7);
    assert_true (peer.configured && peer.was_up && peer.left && peer.drain_said);
    assert_int_equal (peer.news, NEWS_ENDED);
    assert_int_equal (peer.cause, CAUSE_GAP);
    assert_true (peer.refused_us == 77);
    assert_int_equal (peer.says, PEER_SAYS_ENDED);
    assert_true (peer.silent_us == 5);
    assert_string_equal (peer.name, "consumer-1");
    assert_string_equal (peer.inbox, "ipc://@a");
    assert_string_equal (peer.state, "ipc://@b");
}

static void
a_new_link_starts_its_numbers_and_its_credit_at_zero (void **state)
{
    (void) state;
    peer_t peer = s_old ();
    peer_renew (&peer, 2, NOW + 9);
    assert_true (peer.sent == 0 && peer.heard == 0 && peer.missing == 0 && peer.mark == 0);
    assert_true (peer.credit == 0 && peer.spent == 0 && peer.granted == 0 && peer.taken == 0);
    assert_true (peer.listed == 0 && peer.cursor == 0 && !peer.holding_said);
    assert_false (peer.eos_said || peer.eos_heard || peer.bye_said || peer.bye_heard);
    assert_false (peer.suspect || peer.challenged || peer.probe_due);
    assert_true (peer.heard_us == NOW + 9 && peer.mark_us == NOW + 9);
    assert_true (peer_hear (&peer, 1, NOW + 10));
}

static void
room_and_outstanding_never_wrap (void **state)
{
    (void) state;
    peer_t peer = s_peer ();
    peer.credit = 5;
    peer.spent = 3;
    assert_true (peer_room (&peer) == 2);
    peer.spent = 6;
    assert_true (peer_room (&peer) == 0);
    peer.granted = 5;
    peer.taken = 4;
    assert_true (peer_outstanding (&peer) == 1);
    peer.taken = 9;
    assert_true (peer_outstanding (&peer) == 0);
}

int
main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (frames_in_order_leave_nothing_missing),
        cmocka_unit_test (a_frame_is_heard_only_once),
        cmocka_unit_test (a_gap_is_missing_until_it_is_filled),
        cmocka_unit_test (a_frame_may_be_overtaken_by_the_whole_window_and_not_one_more),
        cmocka_unit_test (a_leap_over_the_window_forgets_all_of_it),
        cmocka_unit_test (the_highest_number_of_all_does_no_harm),
        cmocka_unit_test (any_order_counts_the_same_as_a_slow_window),
        cmocka_unit_test (a_frame_long_after_the_notice_ends_the_suspicion),
        cmocka_unit_test (a_challenge_is_not_answered_by_any_frame),
        cmocka_unit_test (the_mark_moves_when_it_was_heard),
        cmocka_unit_test (a_number_that_was_never_sent_is_not_heard),
        cmocka_unit_test (a_new_link_keeps_who_the_peer_is),
        cmocka_unit_test (a_new_link_starts_its_numbers_and_its_credit_at_zero),
        cmocka_unit_test (room_and_outstanding_never_wrap),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
