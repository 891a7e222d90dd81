//  Unit tests of the handler: whole runs on a virtual clock, compared as text.

#include "tests/unit/handler_rig.h"

static rig_t *
s_simulated (int64_t step_us)
{
    rig_t *rig = rig_new ();
    rig->limits.restart_min_us = rig->limits.restart_max_us = step_us;
    return rig;
}

//  Restarts are commands, saves take 1 s.
static rig_t *
s_exec (int64_t command_us)
{
    rig_t *rig = rig_new ();
    rig->limits.exec = true;
    rig->command_us = command_us;
    return rig;
}

//  ---- The ordinary way
//  ---------------------------------------------------------------------------

static void
both_steps_run_at_once_and_the_ack_comes_after_both (void **state)
{
    (void) state;
    rig_t *rig = s_simulated (SECOND);
    rig_start (rig);
    rig_give (rig, 1);
    rig_pass (rig, 10 * SECOND);
    rig_expect (rig, "0 run 1 simulated lease 3000\n"
                     "0 save 1 steps 2\n"
                     "0 extend 1 #1\n"
                     "0 say Extended deadline by 3 seconds for cattle-0001\n"
                     "1000 fact 1 steps 1\n"
                     "1000 say Restarted cattle-0001.example.net\n"
                     "1000 say Saved cattle-0001 into database\n"
                     "1000 settle 1 done grant 1 steps 3 extended 1 pack 1 by 0\n"
                     "1000 say Done. Acked cattle-0001\n");
    assert_int_equal (handler_in_hand (rig->core), 0);
    rig_destroy (rig);
}

static void
work_of_5_s_is_extended_at_0_2_and_4_s_and_then_no_more (void **state)
{
    (void) state;
    rig_t *rig = s_simulated (5 * SECOND);
    rig_start (rig);
    rig_give (rig, 1);
    rig_pass (rig, 4900 * MS);
    rig_expect (rig, "0 run 1 simulated lease 3000\n"
                     "0 save 1 steps 2\n"
                     "0 extend 1 #1\n"
                     "0 say Extended deadline by 3 seconds for cattle-0001\n"
                     "2000 extend 1 #2\n"
                     "2000 say Extended deadline by 3 seconds for cattle-0001\n"
                     "4000 extend 1 #3\n"
                     "4000 say Extended deadline by 3 seconds for cattle-0001\n");
    rig_pass (rig, 60 * SECOND);
    assert_false (rig_saw (rig, "extend 1"));
    assert_true (rig_saw (rig, "5000 settle 1 done grant 1 steps 3 extended 3"));
    rig_destroy (rig);
}

//  The settlement is not confirmed for a minute: it is said again, the lease is not extended.
static void
the_ack_step_never_extends (void **state)
{
    (void) state;
    rig_t *rig = s_simulated (SECOND);
    rig->unsure = true;
    rig_start (rig);
    rig_give (rig, 1);
    rig_pass (rig, 60 * SECOND);
    assert_int_equal (rig_times (rig, " extend 1"), 1);
    assert_int_equal (rig_times (rig, "pack 1 by 0"), 30);
    assert_false (rig_saw (rig, "Acked"));
    rig_destroy (rig);
}

static void
thousands_run_on_one_thread_at_once (void **state)
{
    (void) state;
    enum {
        MANY = 2000
    };
    rig_t *rig = s_simulated (SECOND);
    rig->hasty = true;
    rig->limits.concurrency = MANY;
    rig_start (rig);
    rig->effects.level = SAY_LEVEL_ERROR;
    assert_int_equal (rig->up[0].credit, MANY);
    for (uint64_t seq = 1; seq <= MANY; seq++) {
        rig_give (rig, seq);
    }
    rig_pass (rig, 500 * MS);
    rig_forget (rig);
    assert_int_equal (rig->runs_now, MANY);
    rig_pass (rig, 600 * MS);
    handler_assert (rig->core);
    assert_int_equal (handler_counts (rig->core)->confirmed[OUTCOME_DONE], MANY);
    assert_int_equal (handler_in_hand (rig->core), 0);
    assert_int_equal (rig->up[0].credit, 2 * MANY);
    rig_destroy (rig);
}

static void
the_next_ticket_is_waited_for_before_done_is_said (void **state)
{
    (void) state;
    rig_t *rig = s_simulated (SECOND);
    rig->silent_disk = true;
    rig_start (rig);
    rig_give (rig, 1);
    rig_pass (rig, 20 * SECOND);
    assert_true (rig_saw (rig, "fact 1 steps 1"));
    assert_false (rig_saw (rig, "settle"));
    assert_true (rig_saw (rig, "20000 extend") || rig_saw (rig, "18000 extend"));
    rig_destroy (rig);
}

//  ---- Redeliveries
//  -------------------------------------------------------------------------------

static void
a_redelivery_asks_first_and_does_not_repeat_what_is_done (void **state)
{
    (void) state;
    rig_t *rig = s_simulated (SECOND);
    rig->found = STEP_RESTARTED;
    rig_start (rig);
    work_t work = rig_record (1, 5);
    work.redelivery = 1;
    work.delivery = 2;
    work.extended = 4;
    rig_work (rig, 0, &work);
    rig_pass (rig, 3 * SECOND);
    rig_expect (rig, "0 ask 1\n"
                     "0 extend 1 #1\n"
                     "0 say Extended deadline by 3 seconds for cattle-0001\n"
                     "1 save 1 steps 3\n"
                     "1001 say Saved cattle-0001 into database\n"
                     "1001 settle 1 done grant 5 steps 3 extended 5 pack 1 by 0\n"
                     "1001 say Done. Acked cattle-0001\n");
    rig_destroy (rig);
}

static void
a_redelivery_of_what_was_saved_only_is_restarted_and_the_fact_written (void **state)
{
    (void) state;
    rig_t *rig = s_simulated (SECOND);
    rig_start (rig);
    work_t work = rig_record (1, 5);
    work.steps = STEP_SAVED;
    rig_work (rig, 0, &work);
    rig_pass (rig, 3 * SECOND);
    assert_false (rig_saw (rig, "save 1"));
    assert_true (rig_saw (rig, "1000 fact 1 steps 3"));
    assert_true (rig_saw (rig, "1000 settle 1 done grant 5 steps 3"));
    rig_destroy (rig);
}

static void
what_is_all_done_is_settled_at_once (void **state)
{
    (void) state;
    rig_t *rig = s_exec (SECOND);
    rig_start (rig);
    work_t work = rig_record (1, 5);
    work.steps = STEPS_ALL;
    work.redelivery = 1;
    rig_work (rig, 0, &work);
    rig_pass (rig, 3 * SECOND);
    rig_expect (rig, "0 settle 1 done grant 5 steps 3 extended 0 pack 1 by 0\n"
                     "0 say Done. Acked cattle-0001\n");
    rig_destroy (rig);
}

static void
a_higher_grant_is_taken_over_and_nothing_is_started_twice (void **state)
{
    (void) state;
    rig_t *rig = s_exec (2500 * MS);
    rig_start (rig);
    rig_give (rig, 1);
    rig_pass (rig, 1500 * MS);
    work_t again = rig_record (1, 9);
    again.redelivery = 1;
    rig_work (rig, 0, &again);
    rig_pass (rig, 500 * MS);
    work_t older = rig_record (1, 4);
    rig_work (rig, 0, &older);
    rig_work (rig, 0, &again);
    rig_pass (rig, 3 * SECOND);
    assert_int_equal (rig_times (rig, " run 1"), 1);
    assert_int_equal (rig_times (rig, " save 1"), 1);
    assert_int_equal (rig_times (rig, " ask 1"), 0);
    assert_true (rig_saw (rig, "2500 settle 1 done grant 9 steps 3"));
    assert_int_equal (handler_counts (rig->core)->takeovers, 1);
    assert_int_equal (handler_counts (rig->core)->ignored, 2);
    rig_destroy (rig);
}

//  What runs under a fence keeps it until the new grant is confirmed.
static void
a_takeover_does_not_lengthen_the_lease_of_a_command_before_held (void **state)
{
    (void) state;
    rig_t *rig = s_exec (RIG_FOREVER);
    rig_start (rig);
    rig_give (rig, 1);
    rig_pass (rig, 1500 * MS);
    rig->mute = true;
    work_t again = rig_record (1, 9);
    rig_work (rig, 0, &again);
    rig_pass (rig, 3 * SECOND);
    assert_true (rig_saw (rig, "2500 term"));
    assert_true (rig_saw (rig, "2501 settle 1 released grant 9"));
    rig_destroy (rig);
}

static void
an_answer_to_the_former_grant_is_stale_after_a_takeover (void **state)
{
    (void) state;
    rig_t *rig = s_exec (RIG_FOREVER);
    rig->mute = true;
    rig_start (rig);
    rig_give (rig, 1);
    rig_pass (rig, MS);
    work_t work = rig_record (1, 1);
    work_t again = rig_record (1, 9);
    rig_work (rig, 0, &again);
    rig_answer (rig, 0, &work, CLAIM_HELD, 1);
    rig_answer (rig, 0, &work, CLAIM_REVOKED, 0);
    rig_answer (rig, 0, &again, CLAIM_HELD, 1); // sent under the former one
    rig_pass (rig, MS);
    assert_false (rig_saw (rig, "run 1"));
    assert_int_equal (handler_counts (rig->core)->stale, 3);
    rig_answer (rig, 0, &again, CLAIM_HELD, 2);
    rig_pass (rig, MS);
    assert_true (rig_saw (rig, "run 1 command"));
    rig_destroy (rig);
}

static void
a_failed_message_that_comes_back_before_its_confirmation_is_worked_on_anew (void **state)
{
    (void) state;
    rig_t *rig = s_exec (500 * MS);
    rig->command = RAN_FAILED;
    rig->command_value = 3;
    rig->unsure = true;
    rig_start (rig);
    rig_give (rig, 1);
    rig_pass (rig, 1500 * MS);
    assert_true (rig_saw (rig, "1000 settle 1 failed grant 1 steps 2 extended 1 pack 1 by 0: "
                               "exit code 3"));
    rig->command = RAN_OK;
    work_t again = rig_record (1, 9);
    rig_work (rig, 0, &again);
    rig_pass (rig, 490 * MS);
    rig_forget (rig);
    rig_pass (rig, 300 * MS);
    rig_expect (rig, "2000 fact 1 steps 3\n"
                     "2000 say Restarted cattle-0001.example.net\n"
                     "2000 settle 1 done grant 9 steps 3 extended 1 pack 2 by 0\n");
    assert_int_equal (handler_in_hand (rig->core), 2);
    rig_confirm (rig, 0, 1);
    rig_confirm (rig, 0, 2);
    rig_pass (rig, 100 * MS);
    assert_int_equal (handler_in_hand (rig->core), 0);
    rig_destroy (rig);
}

static void
a_done_message_that_comes_back_is_said_to_be_done_again (void **state)
{
    (void) state;
    rig_t *rig = s_simulated (SECOND);
    rig->unsure = true;
    rig->limits.save_may_fail = true;
    rig->limits.fail_save = 1;
    rig_start (rig);
    rig_give (rig, 1);
    rig_pass (rig, 1500 * MS);
    rig_forget (rig);
    work_t again = rig_record (1, 9);
    rig_work (rig, 0, &again);
    rig_pass (rig, 100 * MS);
    rig_expect (rig, "1500 settle 1 done grant 9 steps 1 extended 0 pack 2 by 0\n");
    rig_destroy (rig);
}

//  ---- Failures
//  -----------------------------------------------------------------------------------

//  Defect of the articles: the message whose restart failed was extended for ever.
static void
a_failed_message_reaches_its_end_and_is_not_extended_any_more (void **state)
{
    (void) state;
    rig_t *rig = s_simulated (SECOND);
    rig->limits.fail_restart = 1;
    rig_start (rig);
    rig_give (rig, 1);
    rig_pass (rig, 60 * SECOND);
    rig_expect (rig, "0 run 1 simulated lease 3000\n"
                     "0 save 1 steps 2\n"
                     "0 extend 1 #1\n"
                     "0 say Extended deadline by 3 seconds for cattle-0001\n"
                     "1000 say Could not restart cattle-0001.example.net: injected failure\n"
                     "1000 say Saved cattle-0001 into database\n"
                     "1000 settle 1 failed grant 1 steps 2 extended 1 pack 1 by 0: "
                     "injected failure\n");
    assert_int_equal (handler_in_hand (rig->core), 0);
    rig_destroy (rig);
}

//  Defect of the articles: "retrying" was said and the message acked.
static void
a_failed_save_is_nacked_with_the_restart_as_a_fact_and_never_acked (void **state)
{
    (void) state;
    rig_t *rig = s_simulated (SECOND);
    rig->limits.fail_save = 1;
    rig_start (rig);
    rig_give (rig, 1);
    rig_pass (rig, 60 * SECOND);
    assert_true (rig_saw (rig, "1000 say Restarted cattle-0001.example.net\n"));
    assert_true (rig_saw (rig, "1000 say Could not save cattle-0001: the row was not written\n"));
    assert_true (rig_saw (rig, "1000 settle 1 failed grant 1 steps 1 extended 1 pack 1 by 0: the "
                               "row was not written\n"));
    assert_false (rig_saw (rig, "Acked"));
    assert_false (rig_saw (rig, "Saved"));
    rig_destroy (rig);
}

//  Defect of the articles: the flag that was set was not the one that was reported.
static void
a_failed_save_that_is_only_logged_is_done_without_the_fact_saved (void **state)
{
    (void) state;
    rig_t *rig = s_simulated (SECOND);
    rig->limits.fail_save = 1;
    rig->limits.save_may_fail = true;
    rig_start (rig);
    rig_give (rig, 1);
    rig_pass (rig, 60 * SECOND);
    assert_true (rig_saw (rig, "1000 say Could not save cattle-0001: the row was not written\n"));
    assert_true (rig_saw (rig, "1000 settle 1 done grant 1 steps 1 extended 1"));
    assert_true (rig_saw (rig, "1000 say Done. Acked cattle-0001\n"));
    assert_false (rig_saw (rig, "Saved"));
    rig_destroy (rig);
}

static void
a_failed_step_does_not_cancel_the_other (void **state)
{
    (void) state;
    rig_t *rig = s_exec (100 * MS);
    rig->command = RAN_SIGNALLED;
    rig->command_value = 11;
    rig_start (rig);
    rig_give (rig, 1);
    rig_pass (rig, 3 * SECOND);
    assert_true (rig_saw (rig, "100 say Could not restart cattle-0001.example.net: ended by "
                               "signal 11\n1000 say Saved"));
    assert_true (rig_saw (rig, "1000 settle 1 failed grant 1 steps 2"));
    assert_false (rig_saw (rig, "term"));
    rig_destroy (rig);
}

static void
one_failing_message_does_not_disturb_another (void **state)
{
    (void) state;
    rig_t *rig = s_simulated (SECOND);
    rig->limits.fail_restart = 0.5;
    rig->limits.concurrency = 40;
    rig_start (rig);
    for (uint64_t seq = 1; seq <= 40; seq++) {
        rig_give (rig, seq);
    }
    rig_pass (rig, 5 * SECOND);
    int failed = rig_times (rig, " failed grant");
    assert_in_range (failed, 5, 35);
    assert_int_equal (rig_times (rig, " done grant"), 40 - failed);
    assert_int_equal (handler_in_hand (rig->core), 0);
    rig_destroy (rig);
}

static void
an_injected_failure_of_a_command_is_simulated (void **state)
{
    (void) state;
    rig_t *rig = s_exec (RIG_FOREVER);
    rig->limits.fail_restart = 1;
    rig_start (rig);
    rig_give (rig, 1);
    rig_pass (rig, 3 * SECOND);
    assert_true (rig_saw (rig, "run 1 simulated"));
    assert_true (rig_saw (rig, "1000 settle 1 failed grant 1 steps 2 extended 1 pack 1 by 0: "
                               "injected failure"));
    rig_destroy (rig);
}

static void
not_now_is_deferred (void **state)
{
    (void) state;
    rig_t *rig = s_exec (200 * MS);
    rig->command = RAN_LATER;
    rig->command_value = RAN_LATER_EXIT;
    rig_start (rig);
    rig_give (rig, 1);
    rig_pass (rig, 3 * SECOND);
    assert_true (rig_saw (rig, "1000 settle 1 deferred grant 1 steps 2 extended 1 pack 1 by 0: "
                               "not now (exit code 75)"));
    assert_false (rig_saw (rig, "Could not"));
    rig_destroy (rig);
}

static void
a_command_that_does_not_start_is_failed (void **state)
{
    (void) state;
    rig_t *rig = s_exec (0);
    rig->command = RAN_NOT_STARTED;
    rig->command_value = 2;
    rig_start (rig);
    rig_give (rig, 1);
    rig_pass (rig, 3 * SECOND);
    assert_true (rig_saw (rig, "failed grant 1 steps 2 extended 1 pack 1 by 0: not started "
                               "(errno 2)"));
    rig_destroy (rig);
}

static void
a_command_past_its_time_out_gets_term_then_kill_and_the_save_goes_on (void **state)
{
    (void) state;
    rig_t *rig = s_exec (RIG_FOREVER);
    rig->limits.timeout_us = 2 * SECOND;
    rig->limits.restart_min_us = rig->limits.restart_max_us = 4 * SECOND;
    rig->deaf_children = true;
    rig_start (rig);
    rig_give (rig, 1);
    rig_pass (rig, 10 * SECOND);
    assert_true (rig_saw (rig, "2000 term\n"));
    assert_true (rig_saw (rig, "2500 kill\n"));
    assert_true (rig_saw (rig, "Could not restart cattle-0001.example.net: it took longer than "
                               "the time-out\n"));
    assert_true (rig_saw (rig, "4000 settle 1 failed grant 1 steps 2 extended 3 "));
    assert_int_equal (rig_times (rig, "term"), 1);
    rig_destroy (rig);
}

static void
a_message_past_the_longest_lease_is_ended_and_failed (void **state)
{
    (void) state;
    rig_t *rig = s_exec (RIG_FOREVER);
    rig->limits.max_lease_us = 5 * SECOND;
    rig_start (rig);
    rig_give (rig, 1);
    rig_pass (rig, 10 * SECOND);
    assert_true (rig_saw (rig, "5000 term\n"));
    assert_true (rig_saw (rig, "5001 settle 1 failed grant 1 steps 2 extended 3 pack 1 by 0: it "
                               "took longer than the longest lease\n"));
    rig_destroy (rig);
}

//  ---- Refusals
//  -----------------------------------------------------------------------------------

static void
an_instance_that_looks_like_an_option_is_not_given_to_a_command (void **state)
{
    (void) state;
    rig_t *rig = s_exec (SECOND);
    rig_start (rig);
    work_t work = rig_record (1, 1);
    work.instance = rig_text ("-oProxyCommand=x");
    rig_work (rig, 0, &work);
    rig_pass (rig, SECOND);
    assert_true (rig_saw (rig, "0 settle 1 refused grant 1 steps 0 extended 0 pack 1 by 0: an "
                               "instance name that begins with -"));
    assert_false (rig_saw (rig, "run 1"));
    rig_destroy (rig);
}

static void
a_bad_host_name_is_refused_and_nothing_begun (void **state)
{
    (void) state;
    rig_t *rig = s_simulated (SECOND);
    rig_start (rig);
    work_t work = rig_record (1, 1);
    work.hostname = rig_text ("-oProxyCommand=reboot");
    rig_work (rig, 0, &work);
    rig_pass (rig, 3 * SECOND);
    rig_expect (rig, "0 say Refused cattle-0001: not a host name by RFC 1123\n"
                     "0 settle 1 refused grant 1 steps 0 extended 0 pack 1 by 0: not a host name "
                     "by RFC 1123\n");
    rig_destroy (rig);
}

static void
only_hosts_on_the_list_are_restarted_in_either_case (void **state)
{
    (void) state;
    static const char *const hosts[] = {"a.example.net", "cattle-0001.example.net",
                                        "cattle-00011.example.net"};
    rig_t *rig = s_simulated (SECOND);
    rig->limits.any_host = false;
    rig->limits.hosts = hosts;
    rig->limits.host_count = 3;
    rig_start (rig);
    work_t work = rig_record (1, 1);
    work.hostname = rig_text ("CATTLE-0001.Example.net");
    rig_work (rig, 0, &work);
    rig_give (rig, 2);
    work = rig_record (3, 3);
    work.hostname = rig_text ("cattle-0001.example.ne");
    rig_work (rig, 0, &work);
    rig_pass (rig, 3 * SECOND);
    assert_true (rig_saw (rig, "settle 1 done"));
    assert_true (rig_saw (rig, "settle 2 refused grant 2 steps 0 extended 0 pack 1 by 0: the host "
                               "is not allowed here"));
    assert_true (rig_saw (rig, "settle 3 refused"));
    assert_int_equal (rig_times (rig, " run "), 1);
    rig_destroy (rig);
}

//  ---- Slots
//  --------------------------------------------------------------------------------------

static void
a_slot_is_free_when_the_settlement_is_sent (void **state)
{
    (void) state;
    rig_t *rig = s_simulated (SECOND);
    rig->unsure = true;
    rig_start (rig);
    assert_int_equal (rig->up[0].credit, 8);
    for (uint64_t seq = 1; seq <= 8; seq++) {
        rig_give (rig, seq);
    }
    rig_pass (rig, 900 * MS);
    assert_int_equal (rig->up[0].credit, 8);
    rig_pass (rig, 200 * MS);
    assert_int_equal (rig->up[0].credit, 16);
    rig_destroy (rig);
}

static void
one_more_than_the_slots_is_not_taken (void **state)
{
    (void) state;
    rig_t *rig = s_simulated (SECOND);
    rig_start (rig);
    for (uint64_t seq = 1; seq <= 9; seq++) {
        rig_give (rig, seq);
    }
    rig_pass (rig, 5 * SECOND);
    assert_int_equal (rig_times (rig, " done grant"), 8);
    assert_int_equal (handler_counts (rig->core)->overrun, 1);
    rig_destroy (rig);
}

static void
one_slot_is_the_serial_mode (void **state)
{
    (void) state;
    rig_t *rig = s_simulated (SECOND);
    rig->limits.concurrency = 1;
    rig_start (rig);
    for (uint64_t seq = 1; seq <= 5; seq++) {
        assert_int_equal (rig->up[0].credit, seq);
        rig_give (rig, seq);
        rig_pass (rig, 1100 * MS);
    }
    assert_int_equal (rig->runs_most, 1);
    assert_int_equal (rig_times (rig, " done grant"), 5);
    rig_destroy (rig);
}

static void
credit_shrinks_when_too_many_settlements_are_unconfirmed (void **state)
{
    (void) state;
    rig_t *rig = s_simulated (0);
    rig->hasty = true;
    rig->unsure = true;
    rig->limits.concurrency = 1024;
    rig_start (rig);
    rig->effects.level = SAY_LEVEL_ERROR;
    uint64_t seq = 0;
    while (rig->up[0].credit > rig->up[0].spent) {
        for (uint64_t room = rig->up[0].credit - rig->up[0].spent; room > 0; room--) {
            rig_give (rig, ++seq);
        }
        rig_pass (rig, 5 * MS);
        rig_forget (rig);
    }
    assert_int_equal (seq, 1024 + UNCONFIRMED_MAX);
    assert_int_equal (handler_in_hand (rig->core), seq);
    handler_assert (rig->core);
    rig_confirm (rig, 0, 1);
    rig_pass (rig, 5 * MS);
    assert_true (rig->up[0].credit > rig->up[0].spent);
    rig_destroy (rig);
}

int
main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (both_steps_run_at_once_and_the_ack_comes_after_both),
        cmocka_unit_test (work_of_5_s_is_extended_at_0_2_and_4_s_and_then_no_more),
        cmocka_unit_test (the_ack_step_never_extends),
        cmocka_unit_test (thousands_run_on_one_thread_at_once),
        cmocka_unit_test (the_next_ticket_is_waited_for_before_done_is_said),
        cmocka_unit_test (a_redelivery_asks_first_and_does_not_repeat_what_is_done),
        cmocka_unit_test (a_redelivery_of_what_was_saved_only_is_restarted_and_the_fact_written),
        cmocka_unit_test (what_is_all_done_is_settled_at_once),
        cmocka_unit_test (a_higher_grant_is_taken_over_and_nothing_is_started_twice),
        cmocka_unit_test (a_takeover_does_not_lengthen_the_lease_of_a_command_before_held),
        cmocka_unit_test (an_answer_to_the_former_grant_is_stale_after_a_takeover),
        cmocka_unit_test (
            a_failed_message_that_comes_back_before_its_confirmation_is_worked_on_anew),
        cmocka_unit_test (a_done_message_that_comes_back_is_said_to_be_done_again),
        cmocka_unit_test (a_failed_message_reaches_its_end_and_is_not_extended_any_more),
        cmocka_unit_test (a_failed_save_is_nacked_with_the_restart_as_a_fact_and_never_acked),
        cmocka_unit_test (a_failed_save_that_is_only_logged_is_done_without_the_fact_saved),
        cmocka_unit_test (a_failed_step_does_not_cancel_the_other),
        cmocka_unit_test (one_failing_message_does_not_disturb_another),
        cmocka_unit_test (an_injected_failure_of_a_command_is_simulated),
        cmocka_unit_test (not_now_is_deferred),
        cmocka_unit_test (a_command_that_does_not_start_is_failed),
        cmocka_unit_test (a_command_past_its_time_out_gets_term_then_kill_and_the_save_goes_on),
        cmocka_unit_test (a_message_past_the_longest_lease_is_ended_and_failed),
        cmocka_unit_test (an_instance_that_looks_like_an_option_is_not_given_to_a_command),
        cmocka_unit_test (a_bad_host_name_is_refused_and_nothing_begun),
        cmocka_unit_test (only_hosts_on_the_list_are_restarted_in_either_case),
        cmocka_unit_test (a_slot_is_free_when_the_settlement_is_sent),
        cmocka_unit_test (one_more_than_the_slots_is_not_taken),
        cmocka_unit_test (one_slot_is_the_serial_mode),
        cmocka_unit_test (credit_shrinks_when_too_many_settlements_are_unconfirmed),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
