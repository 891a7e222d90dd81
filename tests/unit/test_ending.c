//  The drain of a publisher: durable, volatile, with a finite source, cut short.

#include "tests/unit/publisher_world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

enum {
    SIGNAL_USR1 = 10,
    SIGNAL_TERM = 15
};

static world_t *
s_world (bool is_volatile, uint64_t credit)
{
    publisher_limits_t limits = world_limits ();
    limits.is_volatile = is_volatile;
    world_t *world = world_new (&limits);
    world_open (world, &(opened_t){.outbox = WORLD_OUTBOX});
    world_link (world, 0, credit);
    return world;
}

//  The consumer has nothing in hand any more and says so.
static void
s_bye (world_t *world, uint32_t peer)
{
    world->linked[peer] = false;
    world_say (world, peer, fake_state (&world->peers[peer], VERB_BYE));
    world_run (world);
}

static void
a_durable_one_sends_nothing_more_and_awaits_what_is_leased (void **state)
{
    (void) state;
    world_t *world = s_world (false, 1);
    world_requests (world, 3);
    world_run (world);
    assert_int_equal (world->sent_count, 1);
    work_t work = world->sent[0].work;
    world_forget (world);
    world_signal (world, SIGNAL_TERM);
    world_credit (world, 0, 10);
    world_run (world);
    assert_int_equal (world->says[SAY_SIGNAL], 1);
    assert_string_equal (world->text[SAY_SIGNAL], "SIGTERM");
    assert_int_equal (world->eos, 1);
    assert_int_equal (world->sent_count, 0);
    assert_int_equal (publisher_room (world->publisher), 0);
    world_wait (world, 2 * SECOND_US);
    assert_int_equal (world->exit_code, -1);
    assert_int_equal (world->says[SAY_DRAIN_LEFT], 2);
    assert_string_equal (world->text[SAY_DRAIN_LEFT], "consumer-1");
    world_settle (world, 0, &work, OUTCOME_DONE);
    world_run (world);
    assert_int_equal (world->confirm_count, 1);
    s_bye (world, 0);
    assert_int_equal (world->byes, 1);
    assert_int_equal (world->exit_code, 0);
    assert_int_equal (world_books (world).pending, 2);
    assert_int_equal (world->says[SAY_NACKING], 1);
    assert_int_equal (world->says[SAY_CANCELLING], 1);
    assert_true (publisher_clean (world->publisher));
    world_free (world);
}

static void
what_comes_back_during_a_durable_drain_stays_pending (void **state)
{
    (void) state;
    world_t *world = s_world (false, 10);
    world_requests (world, 1);
    world_run (world);
    world_signal (world, SIGNAL_TERM);
    world_settle (world, 0, &world->sent[0].work, OUTCOME_RELEASED);
    world_run (world);
    assert_int_equal (world->sent_count, 1);
    s_bye (world, 0);
    assert_int_equal (world->exit_code, 0);
    assert_int_equal (world_books (world).pending, 1);
    world_free (world);
}

static void
a_lease_that_is_left_at_the_deadline_costs_75 (void **state)
{
    (void) state;
    world_t *world = s_world (false, 10);
    world_requests (world, 1);
    world_run (world);
    world_signal (world, SIGNAL_TERM);
    world_run (world);
    int64_t begin_us = world->now_us;
    for (uint32_t i = 1; world->exit_code < 0 && i < 100; i++) {
        world_extend (world, 0, &world->sent[0].work, i);
        world_wait (world, SECOND_US / 4);
    }
    assert_int_equal (world->exit_code, 75);
    assert_in_range (world->now_us - begin_us, 8 * SECOND_US, 9 * SECOND_US);
    assert_int_equal (world->says[SAY_DRAIN_DEADLINE], 1);
    assert_false (publisher_clean (world->publisher));
    world_free (world);
}

static void
a_volatile_one_works_off_what_is_pending (void **state)
{
    (void) state;
    world_t *world = s_world (true, 1);
    world_requests (world, 3);
    world_run (world);
    world_signal (world, SIGNAL_TERM);
    world_run (world);
    assert_int_equal (world->eos, 0);
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal (world->sent_count, i + 1);
        world_settle (world, 0, &world->sent[i].work, OUTCOME_DONE);
        world_credit (world, 0, 1);
        world_run (world);
    }
    assert_int_equal (world->eos, 1);
    s_bye (world, 0);
    assert_int_equal (world->exit_code, 0);
    assert_int_equal (world->effect_counts[EFFECT_LEFT], 0);
    assert_int_equal (world_books (world).done, 3);
    world_free (world);
}

static void
a_volatile_one_says_eos_with_a_quarter_left_and_writes_what_is_left (void **state)
{
    (void) state;
    world_t *world = s_world (true, 0);
    world_requests (world, 3);
    world_run (world);
    world_signal (world, SIGNAL_TERM);
    world_run (world);
    world_wait (world, 6 * SECOND_US - 1);
    assert_int_equal (world->eos, 0);
    world_wait (world, 1);
    assert_int_equal (world->eos, 1);
    world_credit (world, 0, 10);
    world_run (world);
    assert_int_equal (world->sent_count, 0);
    s_bye (world, 0);
    assert_int_equal (world->exit_code, 75);
    assert_int_equal (world->effect_counts[EFFECT_LEFT], 3);
    world_free (world);
}

static void
a_volatile_one_without_anybody_downstream_leaves_at_once (void **state)
{
    (void) state;
    publisher_limits_t limits = world_limits ();
    limits.is_volatile = true;
    world_t *world = world_new (&limits);
    world_open (world, &(opened_t){.outbox = WORLD_OUTBOX});
    world_requests (world, 3000);
    world_signal (world, SIGNAL_TERM);
    world_turn (world);
    assert_true (world->effect_counts[EFFECT_LEFT] <= STEP_WORK_MAX);
    world_run (world);
    assert_int_equal (world->exit_code, 75);
    assert_int_equal (world->effect_counts[EFFECT_LEFT], 3000);
    assert_int_equal (world->effect_counts[EFFECT_EXIT], 1);
    world_free (world);
}

static void
a_finite_source_is_finished_with_its_delays_and_then_ends (void **state)
{
    (void) state;
    world_t *world = s_world (false, 10);
    world_requests (world, 2);
    world_step (world, &(event_t){.kind = EVENT_EXHAUSTED});
    assert_int_equal (publisher_room (world->publisher), 0);
    world_run (world);
    world_settle (world, 0, &world->sent[0].work, OUTCOME_DONE);
    world_settle (world, 0, &world->sent[1].work, OUTCOME_FAILED);
    world_run (world);
    assert_int_equal (world->eos, 0);
    world_wait (world, SECOND_US);
    assert_int_equal (world->sent_count, 3);
    assert_int_equal (world->eos, 0);
    world_settle (world, 0, &world->sent[2].work, OUTCOME_DONE);
    world_run (world);
    assert_int_equal (world->eos, 1);
    assert_int_equal (world->says[SAY_SIGNAL], 0);
    s_bye (world, 0);
    assert_int_equal (world->exit_code, 0);
    assert_int_equal (world_books (world).done, 2);
    world_free (world);
}

static void
dead_letters_do_not_keep_a_finite_source (void **state)
{
    (void) state;
    world_t *world = s_world (false, 10);
    world_requests (world, 1);
    world_step (world, &(event_t){.kind = EVENT_EXHAUSTED});
    world_run (world);
    world_settle (world, 0, &world->sent[0].work, OUTCOME_REFUSED);
    world_run (world);
    s_bye (world, 0);
    assert_int_equal (world->exit_code, 0);
    assert_int_equal (world_books (world).dead, 1);
    world_free (world);
}

static void
it_drains_when_its_last_downstream_has_left (void **state)
{
    (void) state;
    world_t *world = s_world (true, 0);
    world_link (world, 1, 0);
    world_requests (world, 1);
    world_run (world);
    for (uint32_t peer = 0; peer < 2; peer++) {
        world->peers[peer].beat.state = DRAIN_DRAINING;
        world->peers[peer].beat.version++;
        world_credit (world, peer, 0);
        world_run (world);
        assert_int_equal (world->eos, peer + 1);
        assert_int_equal (world->exit_code, -1);
        s_bye (world, peer);
    }
    assert_int_equal (world->exit_code, 75);
    assert_int_equal (world->effect_counts[EFFECT_LEFT], 1);
    world_free (world);
}

static void
a_draining_consumer_gets_no_more_work (void **state)
{
    (void) state;
    world_t *world = s_world (true, 100);
    world_link (world, 1, 100);
    world->peers[0].beat.state = DRAIN_DRAINING;
    world->peers[0].beat.version++;
    world_credit (world, 0, 0);
    world_run (world);
    world_requests (world, 50);
    world_run (world);
    assert_int_equal (world->sent_count, 50);
    for (size_t i = 0; i < 50; i++) {
        assert_int_equal (world->sent[i].peer, 1);
    }
    world_free (world);
}

static void
the_second_signal_cuts_short_and_waits_a_second_for_byes (void **state)
{
    (void) state;
    world_t *world = s_world (true, 10);
    world_requests (world, 1);
    world_run (world);
    world_signal (world, SIGNAL_TERM);
    world_run (world);
    assert_int_equal (world->exit_code, -1);
    world_signal (world, SIGNAL_TERM);
    world_run (world);
    assert_int_equal (world->says[SAY_SIGNAL], 1);
    assert_int_equal (world->says[SAY_DRAIN_CUT_SHORT], 1);
    assert_int_equal (world->eos, 1);
    assert_int_equal (world->exit_code, -1);
    world_wait (world, PEER_REPEAT_US);
    assert_int_equal (world->exit_code, 75);
    assert_int_equal (world->effect_counts[EFFECT_LEFT], 1);
    world_free (world);
}

static void
the_third_signal_leaves_at_once_with_its_number (void **state)
{
    (void) state;
    world_t *world = s_world (true, 10);
    world_requests (world, 1);
    world_run (world);
    for (int i = 0; i < 3; i++) {
        world_signal (world, SIGNAL_TERM);
    }
    world_run (world);
    assert_int_equal (world->exit_code, 128 + SIGNAL_TERM);
    assert_int_equal (world->effect_counts[EFFECT_LEFT], 1);
    world_free (world);
}

static void
many_faults_start_one_drain_and_end_with_70 (void **state)
{
    (void) state;
    world_t *world = s_world (true, 10);
    for (int i = 0; i < 3; i++) {
        world_step (world, &(event_t){.kind = EVENT_FAULT, .fault = "boom"});
    }
    world_run (world);
    world_step (world, &(event_t){.kind = EVENT_FAULT, .fault = "again"});
    world_run (world);
    assert_int_equal (world->says[SAY_FAULT], 4);
    assert_string_equal (world->text[SAY_FAULT], "again");
    assert_int_equal (world->says[SAY_SHUTTING_DOWN], 1);
    s_bye (world, 0);
    assert_int_equal (world->exit_code, 70);
    world_free (world);
}

static void
usr1_says_what_is_in_hand_and_drains_nothing (void **state)
{
    (void) state;
    world_t *world = s_world (false, 1);
    world_requests (world, 2);
    world_run (world);
    world_signal (world, SIGNAL_USR1);
    world_run (world);
    assert_int_equal (world->says[SAY_IN_HAND], 1);
    assert_int_equal (world->said[SAY_IN_HAND].number, 2);
    assert_non_null (strstr (world->text[SAY_IN_HAND], "leased 1"));
    assert_int_equal (world->eos, 0);
    assert_true (publisher_room (world->publisher) > 0);
    world_free (world);
}

static void
an_expired_lease_ends_a_drain_without_neighbours (void **state)
{
    (void) state;
    world_t *world = s_world (false, 10);
    world_requests (world, 1);
    world_run (world);
    world_signal (world, SIGNAL_TERM);
    world_run (world);
    s_bye (world, 0); // it left its work to the lease
    assert_int_equal (world->exit_code, -1);
    world_wait (world, LEASE_US * 5 / 3);
    assert_int_equal (world->exit_code, 0);
    assert_int_equal (world_books (world).pending, 1);
    world_free (world);
}

int
main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (a_durable_one_sends_nothing_more_and_awaits_what_is_leased),
        cmocka_unit_test (what_comes_back_during_a_durable_drain_stays_pending),
        cmocka_unit_test (a_lease_that_is_left_at_the_deadline_costs_75),
        cmocka_unit_test (a_volatile_one_works_off_what_is_pending),
        cmocka_unit_test (a_volatile_one_says_eos_with_a_quarter_left_and_writes_what_is_left),
        cmocka_unit_test (a_volatile_one_without_anybody_downstream_leaves_at_once),
        cmocka_unit_test (a_finite_source_is_finished_with_its_delays_and_then_ends),
        cmocka_unit_test (dead_letters_do_not_keep_a_finite_source),
        cmocka_unit_test (it_drains_when_its_last_downstream_has_left),
        cmocka_unit_test (a_draining_consumer_gets_no_more_work),
        cmocka_unit_test (the_second_signal_cuts_short_and_waits_a_second_for_byes),
        cmocka_unit_test (the_third_signal_leaves_at_once_with_its_number),
        cmocka_unit_test (many_faults_start_one_drain_and_end_with_70),
        cmocka_unit_test (usr1_says_what_is_in_hand_and_drains_nothing),
        cmocka_unit_test (an_expired_lease_ends_a_drain_without_neighbours),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
