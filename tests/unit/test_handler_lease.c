//  Unit tests of the handler: the fence at the end of the lease, answers, links that end.

#include "handler/routes.h"
#include "tests/unit/handler_rig.h"

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

//  ---- Before the first held
//  ----------------------------------------------------------------------

static void
a_command_begins_only_after_the_first_held (void **state)
{
    (void) state;
    rig_t *rig = s_exec (SECOND);
    rig->mute = true;
    rig_start (rig);
    rig_give (rig, 1);
    rig_pass (rig, 700 * MS);
    rig_expect (rig, "0 extend 1 #1\n"
                     "0 say Extended deadline by 3 seconds for cattle-0001\n"
                     "250 extend 1 #2\n"
                     "500 extend 1 #3\n");
    rig->mute = false;
    rig_pass (rig, 100 * MS);
    rig_expect (rig, "750 extend 1 #4\n"
                     "750 run 1 command lease 2999\n"
                     "750 save 1 steps 2\n");
    rig_destroy (rig);
}

static void
without_held_nothing_begins_and_the_message_is_released_at_the_end_of_its_lease (void **state)
{
    (void) state;
    rig_t *rig = s_exec (SECOND);
    rig->mute = true;
    rig_start (rig);
    rig_give (rig, 1);
    rig_pass (rig, 10 * SECOND);
    assert_true (rig_saw (rig, "3000 settle 1 released grant 1 steps 0 extended 2 pack 1 by 0: "
                               "the lease ran out\n"));
    assert_false (rig_saw (rig, "run 1"));
    assert_false (rig_saw (rig, "save 1"));
    assert_int_equal (handler_in_hand (rig->core), 0);
    rig_destroy (rig);
}

static void
a_held_that_leaves_less_than_a_sixth_begins_no_command (void **state)
{
    (void) state;
    rig_t *rig = s_exec (SECOND);
    rig->mute = true;
    rig_start (rig);
    rig_give (rig, 1);
    rig_pass (rig, 2501 * MS);
    work_t work = rig_record (1, 1);
    rig_answer (rig, 0, &work, CLAIM_HELD, 4); // sent at 750 ms: the lease ends at 3750 ms
    rig_pass (rig, 10 * MS);
    assert_true (rig_saw (rig, "2501 run 1 command lease 1249\n"));
    rig_give (rig, 2);
    rig_pass (rig, 2600 * MS);
    assert_false (rig_saw (rig, "run 2"));
    work = rig_record (2, 2);
    rig_answer (rig, 0, &work, CLAIM_HELD, 1); // sent at receipt
    rig_pass (rig, 10 * MS);
    assert_false (rig_saw (rig, "run 2"));
    rig_destroy (rig);
}

//  ---- The fence
//  ----------------------------------------------------------------------------------

static void
a_command_gets_term_with_a_sixth_of_the_lease_left_and_kill_at_its_end (void **state)
{
    (void) state;
    rig_t *rig = s_exec (RIG_FOREVER);
    rig->deaf_children = true;
    rig_start (rig);
    rig_give (rig, 1);
    rig_pass (rig, SECOND);
    rig->mute = true;
    rig_forget (rig);
    rig_pass (rig, 10 * SECOND);
    rig_expect (rig, "1000 say Saved cattle-0001 into database\n"
                     "2000 extend 1 #2\n"
                     "2000 say Extended deadline by 3 seconds for cattle-0001\n"
                     "2250 extend 1 #3\n"
                     "2500 term\n"
                     "3000 kill\n"
                     "3001 settle 1 released grant 1 steps 2 extended 2 pack 1 by 0: the lease ran "
                     "out\n");
    rig_destroy (rig);
}

static void
a_command_that_leaves_processes_is_settled_when_its_lease_is_over (void **state)
{
    (void) state;
    rig_t *rig = s_exec (2500 * MS);
    rig->survivors = true;
    rig_start (rig);
    rig_give (rig, 1);
    rig_pass (rig, 2400 * MS);
    rig_forget (rig);
    rig_pass (rig, 10 * SECOND);
    //  Extended at 2000, so it is held until 5000: no extension, no signal, no word before.
    rig_expect (rig, "5000 say Could not restart cattle-0001.example.net: its processes could not "
                     "be ended\n"
                     "5000 settle 1 failed grant 1 steps 2 extended 2 pack 1 by 0: its processes "
                     "could not be ended\n");
    assert_int_equal (handler_in_hand (rig->core), 0);
    rig_destroy (rig);
}

static void
one_lost_answer_does_not_end_a_command (void **state)
{
    (void) state;
    rig_t *rig = s_exec (RIG_FOREVER);
    rig_start (rig);
    rig_give (rig, 1);
    rig_pass (rig, 1900 * MS);
    rig->mute = true;
    rig_pass (rig, 200 * MS);
    rig->mute = false;
    rig_forget (rig);
    rig_pass (rig, 1800 * MS);
    rig_expect (rig, "2250 extend 1 #3\n"
                     "2250 renew 2999\n");
    rig_destroy (rig);
}

static void
a_simulated_restart_is_over_when_its_lease_is (void **state)
{
    (void) state;
    rig_t *rig = s_simulated (8 * SECOND);
    rig->mute = true;
    rig_start (rig);
    rig_give (rig, 1);
    rig_pass (rig, 20 * SECOND);
    assert_true (rig_saw (rig, "3000 kill\n"));
    assert_true (rig_saw (rig, "3000 settle 1 released grant 1 steps 0 extended 2"));
    assert_int_equal (rig_times (rig, " done "), 0);
    assert_int_equal (handler_counts (rig->core)->stale, 2); // its end, and that of its save
    rig_destroy (rig);
}

//  The answer took 800 ms: the lease counts from the sending.
static void
the_lease_counts_from_the_sending_of_the_extension (void **state)
{
    (void) state;
    rig_t *rig = s_exec (RIG_FOREVER);
    rig->mute = true;
    rig_start (rig);
    rig_give (rig, 1);
    rig_pass (rig, 800 * MS);
    work_t work = rig_record (1, 1);
    rig_answer (rig, 0, &work, CLAIM_HELD, 1);
    rig_pass (rig, 10 * SECOND);
    assert_true (rig_saw (rig, "800 run 1 command lease 2199\n") ||
                 rig_saw (rig, "800 run 1 command lease 2200\n"));
    assert_true (rig_saw (rig, "2500 term\n"));
    rig_destroy (rig);
}

static void
an_answer_to_something_never_said_is_stale (void **state)
{
    (void) state;
    rig_t *rig = s_exec (RIG_FOREVER);
    rig->mute = true;
    rig_start (rig);
    rig_give (rig, 1);
    rig_pass (rig, 100 * MS);
    work_t work = rig_record (1, 1);
    rig_answer (rig, 0, &work, CLAIM_HELD, 0);
    rig_answer (rig, 0, &work, CLAIM_HELD, 2);
    rig_answer (rig, 0, &work, CLAIM_HELD, UINT32_MAX);
    work = rig_record (2, 2);
    rig_answer (rig, 0, &work, CLAIM_HELD, 1);
    rig_confirm (rig, 0, 1);
    rig_pass (rig, 10 * MS);
    assert_int_equal (handler_counts (rig->core)->stale, 5);
    assert_false (rig_saw (rig, "run 1"));
    rig_destroy (rig);
}

static void
a_stalled_handler_does_not_count_what_ended_past_its_lease (void **state)
{
    (void) state;
    rig_t *rig = s_simulated (4 * SECOND);
    rig_start (rig);
    rig_give (rig, 1);
    rig_pass (rig, 100 * MS);
    rig_stall (rig, 5 * SECOND);
    rig_pass (rig, SECOND);
    assert_true (rig_saw (rig, "settle 1 released grant 1 steps 2 extended 1 pack 1 by 0: the "
                               "lease ran out\n") ||
                 rig_saw (rig, "settle 1 released grant 1 steps 0 extended 1 pack 1 by 0: the "
                               "lease ran out\n"));
    assert_false (rig_saw (rig, "Restarted"));
    rig_destroy (rig);
}

static void
a_stalled_handler_counts_what_ended_inside_its_lease (void **state)
{
    (void) state;
    rig_t *rig = s_simulated (2500 * MS);
    rig_start (rig);
    rig_give (rig, 1);
    rig_pass (rig, 100 * MS);
    rig_stall (rig, 5 * SECOND);
    rig_pass (rig, SECOND);
    assert_true (rig_saw (rig, "Restarted"));
    assert_true (rig_saw (rig, "settle 1 released grant 1 steps 3"));
    rig_destroy (rig);
}

static void
a_command_that_outlived_a_stall_is_killed_at_once (void **state)
{
    (void) state;
    rig_t *rig = s_exec (RIG_FOREVER);
    rig_start (rig);
    rig_give (rig, 1);
    rig_pass (rig, 100 * MS);
    rig_forget (rig);
    rig_stall (rig, 5 * SECOND);
    assert_true (rig_saw (rig, "term\n"));
    assert_true (rig_saw (rig, "kill\n"));
    rig_destroy (rig);
}

//  ---- Revoked
//  ------------------------------------------------------------------------------------

static void
revoked_ends_a_command_and_reports_what_is_done (void **state)
{
    (void) state;
    rig_t *rig = s_exec (RIG_FOREVER);
    rig_start (rig);
    rig_give (rig, 1);
    rig_pass (rig, 1500 * MS);
    rig_forget (rig);
    work_t work = rig_record (1, 1);
    rig_answer (rig, 0, &work, CLAIM_REVOKED, 0);
    rig_pass (rig, 10 * SECOND);
    rig_expect (rig, "1500 term\n"
                     "1501 settle 1 released grant 1 steps 2 extended 1 pack 1 by 0: revoked\n");
    assert_int_equal (handler_counts (rig->core)->revoked, 1);
    rig_destroy (rig);
}

static void
revoked_before_the_beginning_drops_the_steps (void **state)
{
    (void) state;
    rig_t *rig = s_exec (SECOND);
    rig->mute = true;
    rig_start (rig);
    rig_give (rig, 1);
    rig_pass (rig, 100 * MS);
    work_t work = rig_record (1, 1);
    rig_answer (rig, 0, &work, CLAIM_REVOKED, 0);
    rig_pass (rig, 10 * SECOND);
    assert_true (rig_saw (rig, "100 settle 1 released grant 1 steps 0"));
    assert_false (rig_saw (rig, "run 1"));
    rig_destroy (rig);
}

static void
revoked_in_the_ack_step_changes_nothing (void **state)
{
    (void) state;
    rig_t *rig = s_simulated (SECOND);
    rig->unsure = true;
    rig_start (rig);
    rig_give (rig, 1);
    rig_pass (rig, 1500 * MS);
    work_t work = rig_record (1, 1);
    rig_answer (rig, 0, &work, CLAIM_REVOKED, 0);
    rig_pass (rig, 100 * MS);
    rig_confirm (rig, 0, 1);
    rig_pass (rig, 100 * MS);
    assert_true (rig_saw (rig, "1600 say Done. Acked"));
    assert_int_equal (rig_times (rig, "settle 1"), 1);
    rig_destroy (rig);
}

//  ---- Links
//  --------------------------------------------------------------------------------------

static void
an_unconfirmed_pack_is_sent_again_after_2_s_and_on_a_new_link (void **state)
{
    (void) state;
    rig_t *rig = s_simulated (SECOND);
    rig->unsure = true;
    rig_start (rig);
    rig_give (rig, 1);
    rig_pass (rig, 3500 * MS);
    assert_true (rig_saw (rig, "1000 settle 1 done grant 1 steps 3 extended 1 pack 1 by 0\n"));
    assert_true (rig_saw (rig, "3000 settle 1 done grant 1 steps 3 extended 1 pack 1 by 0\n"));
    rig_forget (rig);
    rig_again (rig, 0);
    rig_pass (rig, 300 * MS);
    rig_expect (rig, "3500 holding 1 by 0 closed\n"
                     "3500 settle 1 done grant 1 steps 3 extended 1 pack 1 by 0\n");
    rig_confirm (rig, 0, 1);
    rig_pass (rig, 10 * SECOND);
    rig_expect (rig, "3800 say Done. Acked cattle-0001\n");
    rig_destroy (rig);
}

static void
a_new_link_lists_everything_in_hand (void **state)
{
    (void) state;
    rig_t *rig = s_simulated (2 * SECOND);
    rig->hasty = true;
    rig->limits.concurrency = 1500;
    rig_start (rig);
    rig->effects.level = SAY_LEVEL_ERROR;
    for (uint64_t seq = 1; seq <= 1500; seq++) {
        rig_give (rig, seq);
    }
    rig_pass (rig, 500 * MS);
    rig_forget (rig);
    rig_again (rig, 0);
    rig_pass (rig, 100 * MS);
    rig_expect (rig, "500 holding 1024 by 0\n"
                     "500 holding 476 by 0 closed\n");
    handler_assert (rig->core);
    rig_destroy (rig);
}

static void
work_goes_on_through_another_consumer_when_one_is_gone (void **state)
{
    (void) state;
    rig_t *rig = s_simulated (9 * SECOND);
    rig->limits.links.up_count = 2;
    rig_start (rig);
    assert_int_equal (rig->up[0].credit + rig->up[1].credit, 8);
    rig_give (rig, 1);
    rig_pass (rig, 100 * MS);
    rig->up[0].deaf = true;
    rig_again (rig, 0);
    rig_pass (rig, 20 * SECOND);
    assert_int_equal (rig_times (rig, " extend 1"), 5);
    assert_true (rig_saw (rig, "9000 settle 1 done grant 1 steps 3 extended 5 pack 1 by 1\n"));
    assert_true (rig_saw (rig, "Acked"));
    rig_destroy (rig);
}

static void
without_a_consumer_nothing_spins_and_the_settlement_waits (void **state)
{
    (void) state;
    rig_t *rig = s_simulated (SECOND);
    rig_start (rig);
    rig_give (rig, 1);
    rig_pass (rig, 100 * MS);
    rig->up[0].deaf = true;
    rig_again (rig, 0);
    rig_pass (rig, 20 * SECOND);
    assert_false (rig_saw (rig, "settle"));
    rig->up[0].deaf = false;
    rig_pass (rig, 2 * SECOND);
    assert_true (rig_saw (rig, "settle 1 done grant 1 steps 3 extended 1 pack 1 by 0\n"));
    assert_true (rig_saw (rig, "Acked"));
    rig_destroy (rig);
}

static void
packs_are_numbered_over_all_publishers_and_hold_64 (void **state)
{
    (void) state;
    rig_t *rig = s_simulated (SECOND);
    rig->limits.concurrency = 130;
    rig_start (rig);
    for (uint64_t seq = 1; seq <= 65; seq++) {
        rig_give (rig, seq);
    }
    for (uint64_t seq = 1; seq <= 65; seq++) {
        work_t work = rig_record (seq, seq);
        work.name.outbox = 8;
        work.publisher = rig_text ("publisher-2");
        rig_work (rig, 0, &work);
    }
    rig_pass (rig, 5 * SECOND);
    const handler_counts_t *counts = handler_counts (rig->core);
    assert_int_equal (counts->confirmed[OUTCOME_DONE], 130);
    //  The ends of one moment come one by one here, so there may be more packs than the least.
    assert_true (counts->packs >= 4);
    assert_int_equal (counts->packs, rig->last_pack);
    rig_destroy (rig);
}

//  ---- Looked at from outside
//  ---------------------------------------------------------------------

static void
s_copy_audit (void *arg, const handler_audit_t *task)
{
    *(handler_audit_t *) arg = *task;
}

static void
an_audit_sees_what_runs_and_until_when_it_may (void **state)
{
    (void) state;
    handler_audit_t audit = {0};
    rig_t *rig = s_exec (SECOND);
    rig->unsure = true;
    rig_start (rig);
    rig_give (rig, 5);
    rig_pass (rig, 500 * MS);
    handler_audit (rig->core, s_copy_audit, &audit);
    assert_int_equal (audit.name.seq, 5);
    assert_int_equal (audit.grant.serial, 5);
    assert_int_equal (audit.host, 105);
    assert_true (audit.running && audit.real && !audit.settled);
    assert_int_equal (audit.lease_end_us, 4 * SECOND);
    rig_pass (rig, SECOND);
    handler_audit (rig->core, s_copy_audit, &audit);
    assert_true (!audit.running && audit.settled);
    assert_int_equal (audit.outcome, OUTCOME_DONE);
    assert_int_equal (audit.steps, STEPS_ALL);
    assert_int_equal (links_linked (handler_links (rig->core), SIDE_UP), 1);
    rig_destroy (rig);
}

static void
answers_for_tasks_that_are_gone_are_counted (void **state)
{
    (void) state;
    rig_t *rig = s_simulated (SECOND);
    rig_start (rig);
    found_t found = {.task = UINT64_MAX, .steps = STEPS_ALL};
    ran_t ran = {.task = 1, .kind = RAN_OK, .group_gone = true};
    saved_t saved = {.task = 1, .ticket = 1, .ok = true};
    rig_event (rig, &(event_t){.kind = EVENT_FOUND, .count = 1, .found = &found});
    rig_event (rig, &(event_t){.kind = EVENT_RAN, .count = 1, .ran = &ran});
    rig_event (rig, &(event_t){.kind = EVENT_SAVED, .count = 1, .saved = &saved});
    assert_int_equal (handler_counts (rig->core)->stale, 3);
    rig_destroy (rig);
}

static void
events_of_other_stages_and_garbage_change_nothing (void **state)
{
    (void) state;
    rig_t *rig = s_simulated (SECOND);
    rig_start (rig);
    static const uint8_t garbage[64] = {1, 2, 3};
    bytes_t frame = {garbage, sizeof garbage};
    rig_event (rig, &(event_t){.kind = EVENT_FRAME, .count = 1, .frames = &frame});
    rig_event (rig, &(event_t){.kind = EVENT_PUBLISHED, .count = 1, .frames = &frame});
    rig_event (rig, &(event_t){.kind = EVENT_STORED, .through = 9});
    rig_event (rig, &(event_t){.kind = EVENT_EXHAUSTED});
    event_t notice = {.kind = EVENT_NOTICE};
    notice.notice.name = "nobody";
    notice.notice.epoch = 1;
    rig_event (rig, &notice);
    rig_pass (rig, SECOND);
    assert_int_equal (handler_in_hand (rig->core), 0);
    assert_int_equal (handler_drain (rig->core)->state, DRAIN_RUNNING);
    rig_destroy (rig);
}

//  Records whose consumer names more publishers than anybody runs.
static void
work_of_one_publisher_too_many_is_not_taken (void **state)
{
    (void) state;
    char name[NAME_MAX_BYTES];
    rig_t *rig = s_simulated (2 * SECOND);
    rig->hasty = true;
    rig->limits.concurrency = ROUTES_MAX + 1;
    rig_start (rig);
    rig->effects.level = SAY_LEVEL_ERROR;
    for (uint64_t seq = 0; seq <= ROUTES_MAX; seq++) {
        work_t work = rig_record (seq, 1);
        snprintf (name, sizeof name, "p-%d", (int) seq);
        work.publisher = rig_text (name);
        work.name.outbox = seq;
        rig_work (rig, 0, &work);
    }
    rig_pass (rig, SECOND);
    assert_int_equal (handler_counts (rig->core)->taken, ROUTES_MAX);
    assert_int_equal (handler_counts (rig->core)->overrun, 1);
    rig_pass (rig, 4 * SECOND);
    assert_int_equal (handler_counts (rig->core)->confirmed[OUTCOME_DONE], ROUTES_MAX);
    rig_destroy (rig);
}

static void
a_record_without_a_lease_gets_the_usual_one (void **state)
{
    (void) state;
    rig_t *rig = s_simulated (SECOND);
    rig_start (rig);
    work_t work = rig_record (1, 1);
    work.lease_ms = 0;
    rig_work (rig, 0, &work);
    rig_pass (rig, 100 * MS);
    assert_true (rig_saw (rig, "run 1 simulated lease 3000"));
    rig_destroy (rig);
}

int
main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (a_command_begins_only_after_the_first_held),
        cmocka_unit_test (
            without_held_nothing_begins_and_the_message_is_released_at_the_end_of_its_lease),
        cmocka_unit_test (a_held_that_leaves_less_than_a_sixth_begins_no_command),
        cmocka_unit_test (a_command_gets_term_with_a_sixth_of_the_lease_left_and_kill_at_its_end),
        cmocka_unit_test (a_command_that_leaves_processes_is_settled_when_its_lease_is_over),
        cmocka_unit_test (one_lost_answer_does_not_end_a_command),
        cmocka_unit_test (a_simulated_restart_is_over_when_its_lease_is),
        cmocka_unit_test (the_lease_counts_from_the_sending_of_the_extension),
        cmocka_unit_test (an_answer_to_something_never_said_is_stale),
        cmocka_unit_test (a_stalled_handler_does_not_count_what_ended_past_its_lease),
        cmocka_unit_test (a_stalled_handler_counts_what_ended_inside_its_lease),
        cmocka_unit_test (a_command_that_outlived_a_stall_is_killed_at_once),
        cmocka_unit_test (revoked_ends_a_command_and_reports_what_is_done),
        cmocka_unit_test (revoked_before_the_beginning_drops_the_steps),
        cmocka_unit_test (revoked_in_the_ack_step_changes_nothing),
        cmocka_unit_test (an_unconfirmed_pack_is_sent_again_after_2_s_and_on_a_new_link),
        cmocka_unit_test (a_new_link_lists_everything_in_hand),
        cmocka_unit_test (work_goes_on_through_another_consumer_when_one_is_gone),
        cmocka_unit_test (without_a_consumer_nothing_spins_and_the_settlement_waits),
        cmocka_unit_test (packs_are_numbered_over_all_publishers_and_hold_64),
        cmocka_unit_test (an_audit_sees_what_runs_and_until_when_it_may),
        cmocka_unit_test (answers_for_tasks_that_are_gone_are_counted),
        cmocka_unit_test (events_of_other_stages_and_garbage_change_nothing),
        cmocka_unit_test (work_of_one_publisher_too_many_is_not_taken),
        cmocka_unit_test (a_record_without_a_lease_gets_the_usual_one),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
