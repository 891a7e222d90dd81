//  Unit tests of the handler: the drain, from its reasons to its exit code and its last lines.

#include "tests/unit/handler_rig.h"

enum {
    HUP = 1,
    USR1 = 10,
    TERM = 15
};

static rig_t *
s_simulated (int64_t step_us)
{
    rig_t *rig = rig_new ();
    rig->limits.restart_min_us = rig->limits.restart_max_us = step_us;
    return rig;
}

static rig_t *
s_exec (int64_t command_us)
{
    rig_t *rig = rig_new ();
    rig->limits.exec = true;
    rig->command_us = command_us;
    return rig;
}

//  ---- In peace
//  -----------------------------------------------------------------------------------

static void
a_drain_finishes_what_runs_and_leaves_clean (void **state)
{
    (void) state;
    rig_t *rig = s_simulated (5 * SECOND);
    rig_start (rig);
    rig_give (rig, 1);
    rig_pass (rig, 1500 * MS);
    rig_forget (rig);
    rig_signal (rig, TERM);
    rig_pass (rig, 20 * SECOND);
    rig_expect (rig, "1499 say Received exit signal SIGTERM...\n"
                     "1499 say Draining: SIGTERM, 8.0 s left\n"
                     "2000 extend 1 #2\n"
                     "2000 say Extended deadline by 3 seconds for cattle-0001\n"
                     "2499 say Still 1 in hand, the oldest cattle-0001 at handler-1, 7.0 s left\n"
                     "3499 say Still 1 in hand, the oldest cattle-0001 at handler-1, 6.0 s left\n"
                     "4000 extend 1 #3\n"
                     "4000 say Extended deadline by 3 seconds for cattle-0001\n"
                     "4499 say Still 1 in hand, the oldest cattle-0001 at handler-1, 5.0 s left\n"
                     "5000 fact 1 steps 1\n"
                     "5000 say Restarted cattle-0001.example.net\n"
                     "5000 say Saved cattle-0001 into database\n"
                     "5000 settle 1 done grant 1 steps 3 extended 3 pack 1 by 0\n"
                     "5000 say Done. Acked cattle-0001\n"
                     "5000 bye by 0\n"
                     "5001 say consumer-1 has left\n"
                     "5001 say Nacking outstanding messages (0)\n"
                     "5001 say Cancelling 0 outstanding tasks\n"
                     "5001 exit 0\n");
    rig_destroy (rig);
}

static void
an_idle_handler_leaves_at_once (void **state)
{
    (void) state;
    rig_t *rig = s_simulated (SECOND);
    rig_start (rig);
    rig_signal (rig, HUP);
    rig_pass (rig, 100 * MS);
    assert_true (rig_saw (rig, "Received exit signal SIGHUP..."));
    assert_int_equal (rig->exit_code, 0);
    rig_destroy (rig);
}

static void
a_handler_that_never_had_a_link_leaves_at_once (void **state)
{
    (void) state;
    rig_t *rig = s_simulated (SECOND);
    rig->up[0].deaf = true;
    rig_start (rig);
    rig_signal (rig, TERM);
    assert_int_equal (rig->exit_code, 0);
    rig_destroy (rig);
}

static void
work_that_arrives_while_draining_is_released_at_once (void **state)
{
    (void) state;
    rig_t *rig = s_simulated (SECOND);
    rig_start (rig);
    rig_give (rig, 1);
    rig_signal (rig, TERM);
    rig_pass (rig, 100 * MS);
    assert_true (rig_saw (rig, "settle 1 released grant 1 steps 0 extended 0 pack 1 by 0: the "
                               "handler is draining"));
    assert_true (rig_saw (rig, "Nacking outstanding messages (1)"));
    assert_false (rig_saw (rig, "run 1"));
    assert_int_equal (rig->exit_code, 0);
    rig_destroy (rig);
}

static void
what_was_not_begun_is_released_by_a_drain_and_costs_nothing (void **state)
{
    (void) state;
    rig_t *rig = s_exec (SECOND);
    rig->mute = true;
    rig_start (rig);
    rig_give (rig, 1);
    rig_pass (rig, 100 * MS);
    rig_signal (rig, TERM);
    rig_pass (rig, 100 * MS);
    assert_true (rig_saw (rig, "settle 1 released grant 1 steps 0"));
    assert_int_equal (rig->exit_code, 0);
    rig_destroy (rig);
}

static void
the_last_consumer_that_says_eos_begins_a_drain (void **state)
{
    (void) state;
    rig_t *rig = s_simulated (2 * SECOND);
    rig_start (rig);
    rig_give (rig, 1);
    rig_pass (rig, 100 * MS);
    rig_beat (rig, 0, VERB_EOS);
    rig_pass (rig, 20 * SECOND);
    assert_true (rig_saw (rig, "Draining: the last upstream has finished"));
    assert_false (rig_saw (rig, "Received exit signal"));
    assert_true (rig_saw (rig, "settle 1 done"));
    assert_int_equal (rig->exit_code, 0);
    rig_destroy (rig);
}

static void
one_consumer_of_two_that_leaves_gets_its_bye_and_nothing_drains (void **state)
{
    (void) state;
    rig_t *rig = s_simulated (1900 * MS);
    rig->limits.links.up_count = 2;
    rig_start (rig);
    rig_give (rig, 1);
    work_t work = rig_record (2, 2);
    rig_work (rig, 1, &work);
    rig_pass (rig, 100 * MS);
    rig_beat (rig, 0, VERB_EOS);
    rig_pass (rig, 1500 * MS);
    assert_false (rig_saw (rig, "bye"));
    rig->unsure = true;
    rig_pass (rig, SECOND);
    assert_true (rig_saw (rig, "1900 settle 1 done grant 1 steps 3 extended 1 pack 1 by 0"));
    assert_false (rig_saw (rig, "bye")); // not before the last confirmation
    rig_confirm (rig, 0, 1);
    rig_pass (rig, SECOND);
    assert_true (rig_saw (rig, "bye by 0"));
    assert_int_equal (handler_drain (rig->core)->state, DRAIN_RUNNING);
    rig_destroy (rig);
}

static void
usr1_says_what_is_in_hand_and_drains_nothing (void **state)
{
    (void) state;
    rig_t *rig = s_simulated (2 * SECOND);
    rig->limits.concurrency = 30;
    rig_start (rig);
    rig_signal (rig, USR1);
    assert_true (rig_saw (rig, "In hand: 0; nothing"));
    for (uint64_t seq = 1; seq <= IN_HAND_LINES_MAX + 1; seq++) {
        rig_give (rig, seq);
    }
    rig_pass (rig, 1100 * MS);
    rig_forget (rig);
    rig_signal (rig, USR1);
    assert_int_equal (rig_times (rig, "say In hand: 21; cattle-"), IN_HAND_LINES_MAX);
    assert_true (rig_saw (rig, "In hand: 21; cattle-0001 running for 1.0 s"));
    rig_pass (rig, 20 * SECOND);
    assert_int_equal (handler_drain (rig->core)->state, DRAIN_RUNNING);
    assert_int_equal (rig->exit_code, -1);
    rig_destroy (rig);
}

//  ---- When the time is over
//  ----------------------------------------------------------------------

static void
a_stuck_command_is_ended_at_the_deadline_and_handed_back (void **state)
{
    (void) state;
    rig_t *rig = s_exec (RIG_FOREVER);
    rig->limits.links.drain_timeout_us = 3 * SECOND;
    rig_start (rig);
    rig_give (rig, 1);
    rig_pass (rig, 1500 * MS);
    rig_signal (rig, TERM);
    rig_forget (rig);
    rig_pass (rig, 20 * SECOND);
    rig_expect (rig, "2000 extend 1 #2\n"
                     "2000 say Extended deadline by 3 seconds for cattle-0001\n"
                     "2000 renew 2999\n"
                     "2499 say Still 1 in hand, the oldest cattle-0001 at handler-1, 2.0 s left\n"
                     "3499 say Still 1 in hand, the oldest cattle-0001 at handler-1, 1.0 s left\n"
                     "4000 extend 1 #3\n"
                     "4000 say Extended deadline by 3 seconds for cattle-0001\n"
                     "4000 renew 2999\n"
                     "4499 say The drain's time is over, 1 still in hand\n"
                     "4499 say Still 1 in hand, the oldest cattle-0001 at handler-1, 0.0 s left\n"
                     "4499 term\n"
                     "4500 settle 1 released grant 1 steps 2 extended 3 pack 1 by 0: the drain's "
                     "time was over\n"
                     "4501 bye by 0\n"
                     "4501 say consumer-1 has left\n"
                     "4501 say Nacking outstanding messages (1)\n"
                     "4501 say Cancelling 1 outstanding tasks\n"
                     "4501 exit 75\n");
    rig_destroy (rig);
}

static void
a_command_that_ignores_term_is_killed_500_ms_after_the_deadline (void **state)
{
    (void) state;
    rig_t *rig = s_exec (RIG_FOREVER);
    rig->deaf_children = true;
    rig->limits.links.drain_timeout_us = 3 * SECOND;
    rig_start (rig);
    rig_give (rig, 1);
    rig_pass (rig, 1500 * MS);
    rig_signal (rig, TERM);
    rig_pass (rig, 20 * SECOND);
    assert_true (rig_saw (rig, "4499 term\n"));
    assert_true (rig_saw (rig, "4999 kill\n"));
    assert_true (rig_saw (rig, "5000 settle 1 released grant 1 steps 2"));
    assert_true (rig_saw (rig, "5001 exit 75\n"));
    rig_destroy (rig);
}

static void
with_no_time_to_drain_everything_is_handed_back_at_once (void **state)
{
    (void) state;
    rig_t *rig = s_simulated (5 * SECOND);
    rig->limits.links.drain_timeout_us = 0;
    rig_start (rig);
    rig_give (rig, 1);
    rig_give (rig, 2);
    rig_pass (rig, 1500 * MS);
    rig_signal (rig, TERM);
    rig_pass (rig, 20 * SECOND);
    assert_int_equal (rig_times (rig, " released grant"), 2);
    assert_true (rig_saw (rig, "Nacking outstanding messages (2)"));
    assert_true (rig_saw (rig, "Cancelling 2 outstanding tasks"));
    assert_true (rig_saw (rig, "1500 exit 75\n"));
    rig_destroy (rig);
}

static void
a_second_signal_hands_back_everything_at_once (void **state)
{
    (void) state;
    rig_t *rig = s_exec (RIG_FOREVER);
    rig_start (rig);
    rig_give (rig, 1);
    rig_pass (rig, 1500 * MS);
    rig_signal (rig, TERM);
    rig_pass (rig, 500 * MS);
    rig_signal (rig, HUP);
    rig_pass (rig, 20 * SECOND);
    assert_true (rig_saw (rig, "1999 term\n"));
    assert_true (rig_saw (rig, "The drain is cut short, 1 still in hand"));
    assert_int_equal (rig_times (rig, "Received exit signal"), 1);
    assert_true (rig_saw (rig, "2001 exit 75\n"));
    rig_destroy (rig);
}

static void
a_third_signal_leaves_at_once (void **state)
{
    (void) state;
    rig_t *rig = s_exec (RIG_FOREVER);
    rig->deaf_children = true;
    rig_start (rig);
    rig_give (rig, 1);
    rig_pass (rig, 1500 * MS);
    rig_signal (rig, TERM);
    rig_signal (rig, TERM);
    rig_signal (rig, TERM);
    assert_int_equal (rig->exit_code, 128 + TERM);
    assert_int_equal (handler_deadline (rig->core), INT64_MAX);
    rig_destroy (rig);
}

//  Defect of the articles: a message cancelled in its ack step was neither acked nor nacked.
static void
the_ack_step_is_not_cancelled_by_the_end_of_a_drain (void **state)
{
    (void) state;
    rig_t *rig = s_simulated (SECOND);
    rig->unsure = true;
    rig->limits.links.drain_timeout_us = SECOND;
    rig_start (rig);
    rig_give (rig, 1);
    rig_pass (rig, 1500 * MS);
    rig_signal (rig, TERM);
    rig_pass (rig, 1200 * MS); // its time is over
    assert_int_equal (rig->exit_code, -1);
    rig_confirm (rig, 0, 1);
    rig_pass (rig, 100 * MS);
    assert_true (rig_saw (rig, "Done. Acked cattle-0001"));
    assert_true (rig_saw (rig, "Nacking outstanding messages (0)"));
    assert_int_equal (rig->exit_code, 0);
    rig_destroy (rig);
}

static void
what_nobody_confirmed_is_said_by_the_exit_code (void **state)
{
    (void) state;
    rig_t *rig = s_simulated (SECOND);
    rig->unsure = true;
    rig->limits.links.drain_timeout_us = SECOND;
    rig_start (rig);
    rig_give (rig, 1);
    rig_pass (rig, 1500 * MS);
    rig_signal (rig, TERM);
    rig_pass (rig, 2 * SECOND);
    assert_false (rig_saw (rig, "Acked"));
    assert_true (rig_saw (rig, "Nacking outstanding messages (0)"));
    assert_int_equal (rig->exit_code, 75);
    rig_destroy (rig);
}

//  Defect of the articles: lines about a clean-up that did not happen.
static void
without_a_consumer_nothing_is_said_to_be_handed_back (void **state)
{
    (void) state;
    rig_t *rig = s_simulated (60 * SECOND);
    rig_start (rig);
    rig_give (rig, 1);
    rig_pass (rig, 500 * MS);
    rig->up[0].deaf = true;
    rig_again (rig, 0);
    rig_pass (rig, 100 * MS);
    rig->limits.links.drain_timeout_us = SECOND;
    rig_signal (rig, TERM);
    rig_pass (rig, 8900 * MS);
    assert_true (rig_saw (rig, "Nacking outstanding messages (0)"));
    assert_int_equal (rig->exit_code, 75);
    rig_destroy (rig);
}

static void
a_failed_message_that_waits_for_its_save_is_failed_when_the_time_is_over (void **state)
{
    (void) state;
    rig_t *rig = s_exec (100 * MS);
    rig->command = RAN_FAILED;
    rig->silent_disk = true;
    rig->limits.links.drain_timeout_us = SECOND;
    rig_start (rig);
    rig_give (rig, 1);
    rig_pass (rig, 500 * MS);
    rig_signal (rig, TERM);
    rig_pass (rig, 5 * SECOND);
    assert_true (rig_saw (rig, "1499 settle 1 failed grant 1 steps 0"));
    assert_int_equal (rig->exit_code, 0); // nothing begun was handed back
    rig_destroy (rig);
}

//  ---- Errors
//  -------------------------------------------------------------------------------------

//  Defect of the articles: two errors started two shutdowns.
static void
many_errors_start_one_drain (void **state)
{
    (void) state;
    rig_t *rig = s_simulated (2 * SECOND);
    rig_start (rig);
    rig_give (rig, 1);
    rig_pass (rig, 500 * MS);
    for (int i = 0; i < 3; i++) {
        rig_event (rig, &(event_t){.kind = EVENT_FAULT, .fault = "the guard has died"});
        rig_turn (rig);
    }
    rig_signal (rig, TERM);
    rig_pass (rig, 20 * SECOND);
    assert_int_equal (rig_times (rig, "Shutting down..."), 1);
    assert_int_equal (rig_times (rig, "Draining: an error"), 1);
    assert_int_equal (rig_times (rig, "exit 70"), 1);
    assert_true (rig_saw (rig, "Caught exception: the guard has died\n"));
    assert_true (rig_saw (rig, "settle 1 done"));
    rig_destroy (rig);
}

static void
a_name_that_stays_in_use_is_given_up (void **state)
{
    (void) state;
    rig_t *rig = s_simulated (SECOND);
    rig->up[0].deaf = true;
    rig_start (rig);
    rig->up[0].link = 1; // as in its first HELLO
    for (int i = 0; i < 12; i++) {
        rig_say (rig, 0, VERB_REFUSED, 0, rig_frame ());
        rig_pass (rig, SECOND);
    }
    assert_int_equal (rig_times (rig, "giving up"), 1);
    assert_int_equal (rig->exit_code, 78);
    rig_destroy (rig);
}

int
main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (a_drain_finishes_what_runs_and_leaves_clean),
        cmocka_unit_test (an_idle_handler_leaves_at_once),
        cmocka_unit_test (a_handler_that_never_had_a_link_leaves_at_once),
        cmocka_unit_test (work_that_arrives_while_draining_is_released_at_once),
        cmocka_unit_test (what_was_not_begun_is_released_by_a_drain_and_costs_nothing),
        cmocka_unit_test (the_last_consumer_that_says_eos_begins_a_drain),
        cmocka_unit_test (one_consumer_of_two_that_leaves_gets_its_bye_and_nothing_drains),
        cmocka_unit_test (usr1_says_what_is_in_hand_and_drains_nothing),
        cmocka_unit_test (a_stuck_command_is_ended_at_the_deadline_and_handed_back),
        cmocka_unit_test (a_command_that_ignores_term_is_killed_500_ms_after_the_deadline),
        cmocka_unit_test (with_no_time_to_drain_everything_is_handed_back_at_once),
        cmocka_unit_test (a_second_signal_hands_back_everything_at_once),
        cmocka_unit_test (a_third_signal_leaves_at_once),
        cmocka_unit_test (the_ack_step_is_not_cancelled_by_the_end_of_a_drain),
        cmocka_unit_test (what_nobody_confirmed_is_said_by_the_exit_code),
        cmocka_unit_test (without_a_consumer_nothing_is_said_to_be_handed_back),
        cmocka_unit_test (a_failed_message_that_waits_for_its_save_is_failed_when_the_time_is_over),
        cmocka_unit_test (many_errors_start_one_drain),
        cmocka_unit_test (a_name_that_stays_in_use_is_given_up),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
