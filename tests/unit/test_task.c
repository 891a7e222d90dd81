//  Unit tests of task: how facts change one delivery, and how it comes out.

#include "handler/task.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

enum {
    LEASE = 3000000,
    LONGEST = 60000000,
    TIMEOUT = 5000000
};

static task_t
s_task (void)
{
    task_t self;
    work_t work = {.name = {7, 1},
                   .grant = {0xA, 1},
                   .lease_ms = LEASE / 1000,
                   .delivery = 1,
                   .publisher = {"publisher-1", 11},
                   .instance = {"cattle-0001", 11},
                   .hostname = {"cattle-0001.example.net", 23}};
    task_init (&self, &work, 0, LONGEST);
    return self;
}

//  Restart and save are under way since 0.
static task_t
s_running (bool real)
{
    task_t self = s_task ();
    self.state = TASK_RUNNING;
    self.begun = true;
    self.real = real;
    self.restart = self.save = STEP_BUSY;
    self.due_us = 1000000;
    self.save_ticket = 1;
    return self;
}

static bool
s_ran (task_t *self, ran_kind_t kind, int value)
{
    return task_ran (self, &(ran_t){.kind = kind, .value = value, .group_gone = true});
}

static bool
s_saved (task_t *self, uint64_t ticket, bool ok)
{
    return task_saved (self, &(saved_t){.ticket = ticket, .ok = ok});
}

static const char *
s_why (const task_t *self)
{
    static char reason[REASON_MAX_BYTES + 1];
    size_t length = task_reason (self, reason);
    assert_int_equal (length, strlen (reason));
    return reason;
}

static void
the_longest_texts_fit_and_are_copied (void **state)
{
    (void) state;
    char bytes[HOSTNAME_MAX_BYTES];
    memset (bytes, 'x', sizeof bytes);
    work_t work = {.lease_ms = 1,
                   .publisher = {bytes, NAME_MAX_BYTES},
                   .instance = {bytes, INSTANCE_MAX_BYTES},
                   .hostname = {bytes, HOSTNAME_MAX_BYTES},
                   .reason = {bytes, REASON_MAX_BYTES},
                   .requested_by = {bytes, REASON_MAX_BYTES}};
    task_t self;
    task_init (&self, &work, 0, LONGEST);
    memset (bytes, 'y', sizeof bytes);
    assert_int_equal (self.work.requested_by.at[REASON_MAX_BYTES - 1], 'x');
    assert_true (self.work.requested_by.at + REASON_MAX_BYTES == self.text + sizeof self.text);
}

static void
it_is_over_when_both_ended_and_the_fact_is_written (void **state)
{
    (void) state;
    task_t self = s_running (true);
    assert_false (task_over (&self));
    assert_true (s_saved (&self, 1, true));
    assert_false (task_over (&self));
    assert_true (s_ran (&self, RAN_OK, 0));
    assert_false (task_over (&self)); // the fact is not even begun
    self.writing = self.written = true;
    self.fact_ticket = 2;
    assert_false (task_over (&self));
    assert_true (s_saved (&self, 2, true));
    assert_true (task_over (&self));
    assert_int_equal (task_outcome (&self, false), OUTCOME_DONE);
    assert_int_equal (self.steps, STEPS_ALL);
}

static void
a_fact_that_is_not_written_is_a_failed_save (void **state)
{
    (void) state;
    task_t self = s_running (true);
    s_saved (&self, 1, true);
    s_ran (&self, RAN_OK, 0);
    self.writing = self.written = true;
    self.fact_ticket = 2;
    assert_true (s_saved (&self, 2, false));
    assert_true (task_over (&self));
    assert_int_equal (task_outcome (&self, false), OUTCOME_FAILED);
    assert_int_equal (self.steps, STEP_RESTARTED);
}

static void
answers_that_nobody_waits_for_change_nothing (void **state)
{
    (void) state;
    task_t self = s_task ();
    assert_false (s_ran (&self, RAN_OK, 0));
    assert_false (s_saved (&self, 1, true));
    assert_false (task_found (&self, &(found_t){.steps = STEPS_ALL}));
    self.state = TASK_ASKING;
    assert_true (task_found (&self, &(found_t){.steps = 0xff}));
    assert_false (task_found (&self, &(found_t){.steps = 0}));
    assert_int_equal (self.steps, STEPS_ALL);
    self = s_running (true);
    assert_false (s_saved (&self, 9, true));
    assert_true (s_ran (&self, RAN_OK, 0));
    assert_false (s_ran (&self, RAN_FAILED, 1));
    self.state = TASK_SETTLED;
    assert_false (s_saved (&self, 1, true));
}

static void
each_end_of_a_command_has_its_outcome_and_reason (void **state)
{
    (void) state;
    static const struct {
        ran_kind_t kind;
        int value;
        outcome_t outcome;
        const char *why;
    } cases[] = {
        {RAN_FAILED, 3, OUTCOME_FAILED, "exit code 3"},
        {RAN_SIGNALLED, 9, OUTCOME_FAILED, "ended by signal 9"},
        {RAN_NOT_STARTED, 2, OUTCOME_FAILED, "not started (errno 2), see the log"},
        {RAN_CANCELLED, 0, OUTCOME_FAILED, "cancelled"},
        {RAN_LATER, 75, OUTCOME_DEFERRED, "not now (exit code 75)"},
        {RAN_LATER, 24, OUTCOME_DEFERRED, "not now (errno 24), see the log"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        task_t self = s_running (true);
        s_saved (&self, 1, true);
        s_ran (&self, cases[i].kind, cases[i].value);
        assert_true (task_over (&self));
        assert_int_equal (task_outcome (&self, false), cases[i].outcome);
        assert_string_equal (s_why (&self), cases[i].why);
        assert_int_equal (self.steps, STEP_SAVED);
    }
}

static void
what_could_not_be_ended_counts_as_running_until_its_lease_ends_and_then_as_failed (void **state)
{
    (void) state;
    static const ran_kind_t kinds[] = {RAN_OK, RAN_LATER, RAN_SIGNALLED, RAN_CANCELLED};
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        task_t self = s_running (true);
        s_saved (&self, 1, true);
        assert_true (task_ran (&self, &(ran_t){.kind = kinds[i], .group_gone = false}));
        assert_false (s_ran (&self, RAN_OK, 0)); // there is one answer
        assert_false (task_over (&self) || task_extends (&self));
        assert_true (task_due (&self, LONGEST) == self.extend.end_us);
        task_survivors (&self, self.extend.end_us - 1);
        assert_false (task_over (&self));
        task_survivors (&self, self.extend.end_us);
        assert_true (task_over (&self));
        assert_int_equal (task_outcome (&self, false), OUTCOME_FAILED);
        self.end = END_LEASE;
        assert_int_equal (task_outcome (&self, false), OUTCOME_FAILED);
        assert_string_equal (s_why (&self), "its processes could not be ended");
    }
}

static void
the_host_s_wish_to_be_left_alone_counts_before_a_failed_save (void **state)
{
    (void) state;
    task_t self = s_running (true);
    s_saved (&self, 1, false);
    s_ran (&self, RAN_LATER, 75);
    assert_int_equal (task_outcome (&self, false), OUTCOME_DEFERRED);
}

static void
what_ends_it_gives_the_outcome_when_no_step_failed (void **state)
{
    (void) state;
    static const outcome_t outcomes[] = {
        [END_NONE] = OUTCOME_DONE,        [END_BEFORE] = OUTCOME_DONE,
        [END_OPTION] = OUTCOME_REFUSED,   [END_NAME] = OUTCOME_REFUSED,
        [END_HOST] = OUTCOME_REFUSED,     [END_DRAIN] = OUTCOME_RELEASED,
        [END_REVOKED] = OUTCOME_RELEASED, [END_LEASE] = OUTCOME_RELEASED,
        [END_LIMIT] = OUTCOME_FAILED,     [END_CUT] = OUTCOME_RELEASED,
    };
    for (end_t end = END_NONE; end < END_COUNT; end++) {
        task_t self = s_running (true);
        self.end = end;
        assert_false (task_over (&self)); // it still runs
        s_ran (&self, RAN_OK, 0);
        self.save = STEP_OK;
        assert_true (task_over (&self) || end == END_NONE);
        assert_int_equal (task_outcome (&self, false), outcomes[end]);
        assert_int_equal (self.steps & STEP_RESTARTED, STEP_RESTARTED);
    }
}

static void
what_was_ended_by_us_has_not_failed_and_what_failed_before_has (void **state)
{
    (void) state;
    task_t self = s_running (true);
    self.end = END_CUT;
    s_ran (&self, RAN_SIGNALLED, 15);
    assert_int_equal (task_outcome (&self, false), OUTCOME_RELEASED);
    self = s_running (true);
    s_ran (&self, RAN_FAILED, 1);
    self.end = END_CUT;
    assert_int_equal (task_outcome (&self, false), OUTCOME_FAILED);
    self = s_running (true);
    self.timed_out = true;
    s_ran (&self, RAN_SIGNALLED, 15);
    self.save = STEP_OK;
    assert_int_equal (task_outcome (&self, false), OUTCOME_FAILED);
    assert_string_equal (s_why (&self), "it took longer than the time-out");
}

static void
the_end_of_the_lease_is_exact (void **state)
{
    (void) state;
    task_t child = s_running (true);
    assert_int_equal (task_end_at (&child, 2499999, false, false), END_NONE);
    assert_int_equal (task_end_at (&child, 2500000, false, false), END_LEASE);
    task_t simulated = s_running (false);
    assert_int_equal (task_end_at (&simulated, 2999999, false, false), END_NONE);
    assert_int_equal (task_end_at (&simulated, 3000000, false, false), END_LEASE);
    task_t idle = s_task ();
    assert_int_equal (task_end_at (&idle, 2999999, false, false), END_NONE);
    assert_int_equal (task_end_at (&idle, 3000000, false, false), END_LEASE);
    assert_int_equal (task_end_at (&idle, 0, true, false), END_DRAIN);
    assert_int_equal (task_end_at (&simulated, 0, true, false), END_NONE);
    assert_int_equal (task_end_at (&simulated, 0, true, true), END_CUT);
    simulated.limit_us = 5;
    assert_int_equal (task_end_at (&simulated, 5, false, false), END_LIMIT);
}

static void
a_simulated_end_past_the_lease_is_none (void **state)
{
    (void) state;
    task_t self = s_running (false);
    self.due_us = self.extend.end_us;
    assert_true (s_ran (&self, RAN_OK, 0));
    assert_int_equal (self.restart, STEP_OK);
    self = s_running (false);
    self.due_us = self.extend.end_us + 1;
    assert_true (s_ran (&self, RAN_OK, 0));
    assert_int_equal (self.restart, STEP_DROPPED);
    assert_int_equal (self.end, END_LEASE);
    assert_int_equal (self.steps, 0);
}

static void
every_state_that_is_not_decided_has_a_next_time (void **state)
{
    (void) state;
    task_t self = s_task ();
    assert_int_equal (task_due (&self, TIMEOUT), 0); // the first extension
    self.sending = true;
    assert_int_equal (task_due (&self, TIMEOUT), LEASE);
    self = s_running (true);
    extend_send (&self.extend, 0);
    extend_held (&self.extend, 1, 1);
    assert_int_equal (task_due (&self, TIMEOUT), 2000000);
    assert_int_equal (task_due (&self, 1000000), 1000000);
    assert_true (task_times_out (&self, 1000000, 1000000));
    assert_false (task_times_out (&self, 999999, 1000000));
    self.stopping = true;
    self.kill_us = 1500000;
    assert_int_equal (task_due (&self, TIMEOUT), 1500000);
    self.end = END_LEASE;
    self.killed = true;
    assert_int_equal (task_due (&self, TIMEOUT), INT64_MAX); // only its end
    assert_false (task_extends (&self));
    assert_string_equal (task_state_word (TASK_ENDING), "being ended");
}

static void
held_brings_facts_only_to_what_was_not_begun (void **state)
{
    (void) state;
    claim_t claim = {
        .grant = {0xA, 1}, .extension = 1, .steps = STEP_RESTARTED, .kind = CLAIM_HELD};
    task_t self = s_task ();
    extend_send (&self.extend, 0);
    assert_true (task_answered (&self, 1, &claim));
    assert_int_equal (self.steps, STEP_RESTARTED);
    self = s_running (true);
    extend_send (&self.extend, 0);
    assert_true (task_answered (&self, 1, &claim));
    assert_int_equal (self.steps, 0);
    assert_true (self.renew);
    claim.grant.epoch++;
    assert_false (task_answered (&self, 1, &claim));
}

//  ---- Fate
//  ---------------------------------------------------------------------------------------

int
main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (the_longest_texts_fit_and_are_copied),
        cmocka_unit_test (it_is_over_when_both_ended_and_the_fact_is_written),
        cmocka_unit_test (a_fact_that_is_not_written_is_a_failed_save),
        cmocka_unit_test (answers_that_nobody_waits_for_change_nothing),
        cmocka_unit_test (each_end_of_a_command_has_its_outcome_and_reason),
        cmocka_unit_test (
            what_could_not_be_ended_counts_as_running_until_its_lease_ends_and_then_as_failed),
        cmocka_unit_test (the_host_s_wish_to_be_left_alone_counts_before_a_failed_save),
        cmocka_unit_test (what_ends_it_gives_the_outcome_when_no_step_failed),
        cmocka_unit_test (what_was_ended_by_us_has_not_failed_and_what_failed_before_has),
        cmocka_unit_test (the_end_of_the_lease_is_exact),
        cmocka_unit_test (a_simulated_end_past_the_lease_is_none),
        cmocka_unit_test (every_state_that_is_not_decided_has_a_next_time),
        cmocka_unit_test (held_brings_facts_only_to_what_was_not_begun),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
