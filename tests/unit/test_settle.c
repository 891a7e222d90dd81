//  Settlements: every row of the design's table, and everything that must change nothing.

#include "common/core/backoff.h"
#include "tests/unit/publisher_world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

//  One message, leased to consumer-1.
static world_t *
s_leased (work_t *work)
{
    world_t *world = world_start ();
    world_link (world, 0, 100);
    world_request (world, "a.example.net");
    world_run (world);
    assert_int_equal (world->sent_count, 1);
    *work = world->sent[0].work;
    world_forget (world);
    return world;
}

//  Wait until the message is sent again.
static work_t
s_wait_for_it (world_t *world)
{
    for (int i = 0; i < 200 && world->sent_count == 0; i++) {
        world_wait (world, SECOND_US / 4);
    }
    assert_int_equal (world->sent_count, 1);
    return world->sent[0].work;
}

//  Settle the lease that runs and wait until the message is sent again.
static work_t
s_again (world_t *world, const work_t *work, outcome_t outcome)
{
    world_settle (world, 0, work, outcome);
    world_forget (world);
    world_run (world);
    return s_wait_for_it (world);
}

static void
done_removes_the_message_and_is_confirmed (void **state)
{
    (void) state;
    work_t work;
    world_t *world = s_leased (&work);
    world_settle (world, 0, &work, OUTCOME_DONE);
    world_run (world);
    publisher_books_t books = world_books (world);
    assert_int_equal (books.done, 1);
    assert_int_equal (books.pending + books.leased + books.dead, 0);
    assert_int_equal (world->effect_counts[EFFECT_REMOVE], 1);
    assert_int_equal (world->confirm_count, 1);
    assert_int_equal (world->confirms[0].holder, 7);
    assert_int_equal (world->confirms[0].number, 1);
    assert_int_equal (world_state (world, 1), MESSAGE_STATES);
    world_free (world);
}

static void
failed_counts_a_delivery_and_is_delayed (void **state)
{
    (void) state;
    work_t work;
    world_t *world = s_leased (&work);
    settlement_t said = fake_settlement (&work, OUTCOME_FAILED, STEP_SAVED, "exit 1");
    said.extended = 4;
    world_settle_all (world, 0, &said, 1);
    world_run (world);
    assert_int_equal (world_state (world, 1), MESSAGE_DELAYED);
    assert_int_equal (world->row.delivery, 1);
    assert_int_equal (world->row.failures, 1);
    assert_int_equal (world->row.steps, STEP_SAVED);
    assert_in_range (world->row.delay_us, 1, BACKOFF_FIRST_US);
    world_wait (world, BACKOFF_FIRST_US);
    assert_int_equal (world->sent_count, 1);
    assert_int_equal (world->sent[0].work.delivery, 2);
    assert_int_equal (world->sent[0].work.steps, STEP_SAVED);
    assert_int_equal (world->sent[0].work.extended, 4);
    assert_int_equal (world->sent[0].work.redelivery, 1);
    assert_true (world->sent[0].work.grant.serial > work.grant.serial);
    assert_int_equal (world->said[SAY_REDELIVERING].number, 2);
    assert_int_equal (world->said[SAY_REDELIVERING].other, 5);
    assert_string_equal (world->text[SAY_REDELIVERING], "exit 1");
    assert_int_equal (world_books (world).redelivered, 1);
    world_free (world);
}

static void
the_fifth_failure_kills_and_the_fourth_does_not (void **state)
{
    (void) state;
    work_t work;
    world_t *world = s_leased (&work);
    for (int i = 0; i < 4; i++) {
        work = s_again (world, &work, OUTCOME_FAILED);
    }
    assert_int_equal (work.delivery, 5);
    world_settle (world, 0, &work, OUTCOME_FAILED);
    world_run (world);
    assert_int_equal (world_state (world, 1), MESSAGE_DEAD);
    assert_int_equal (world->row.dead, 1);
    assert_int_equal (world->says[SAY_DEAD], 1);
    assert_int_equal (world->said[SAY_DEAD].number, 5);
    assert_string_equal (world->text[SAY_DEAD], "a step failed");
    assert_int_equal (world_books (world).dead, 1);
    world_free (world);
}

static void
the_back_off_doubles_up_to_its_limit (void **state)
{
    (void) state;
    publisher_limits_t limits = world_limits ();
    limits.max_deliveries = 1000;
    world_t *world = world_new (&limits);
    world_open (world, &(opened_t){.outbox = WORLD_OUTBOX});
    world_link (world, 0, 100);
    world_request (world, "a");
    world_run (world);
    work_t work = world->sent[0].work;
    int64_t cap_us = BACKOFF_FIRST_US;
    for (int i = 0; i < 10; i++) {
        world_settle (world, 0, &work, OUTCOME_FAILED);
        world_forget (world);
        world_run (world);
        assert_in_range (world->row.delay_us, 1, cap_us);
        cap_us = 2 * cap_us < BACKOFF_MAX_US ? 2 * cap_us : BACKOFF_MAX_US;
        work = s_wait_for_it (world);
    }
    world_free (world);
}

static void
deferred_counts_nothing_and_is_delayed (void **state)
{
    (void) state;
    work_t work;
    world_t *world = s_leased (&work);
    for (int i = 0; i < 7; i++) {
        work = s_again (world, &work, OUTCOME_DEFERRED);
        assert_int_equal (work.delivery, 1);
    }
    assert_string_equal (world->text[SAY_REDELIVERING], "not now");
    assert_int_equal (world->row.delivery, 0);
    assert_int_equal (world_books (world).deferred, 7);
    world_free (world);
}

static void
deferred_until_a_time_waits_for_it (void **state)
{
    (void) state;
    work_t work;
    world_t *world = s_leased (&work);
    settlement_t said = fake_settlement (&work, OUTCOME_DEFERRED, 0, "busy");
    said.not_before_ms = 10000;
    world_settle_all (world, 0, &said, 1);
    world_run (world);
    assert_int_equal (world->row.delay_us, 10 * SECOND_US);
    world_wait (world, 10 * SECOND_US - 1);
    assert_int_equal (world->sent_count, 0);
    world_wait (world, 1);
    assert_int_equal (world->sent_count, 1);
    world_free (world);
}

static void
lost_goes_again_at_once_and_the_second_time_in_a_row_delayed (void **state)
{
    (void) state;
    work_t work;
    world_t *world = s_leased (&work);
    world_settle (world, 0, &work, OUTCOME_LOST);
    world_run (world);
    assert_int_equal (world->sent_count, 1);
    assert_int_equal (world->row.lost, 1);
    assert_int_equal (world->sent[0].work.delivery, 1);
    assert_string_equal (world->text[SAY_REDELIVERING], "its handler died");
    world_settle (world, 0, &world->sent[0].work, OUTCOME_LOST);
    world_run (world);
    assert_int_equal (world_state (world, 1), MESSAGE_DELAYED);
    assert_in_range (world->row.delay_us, 1, BACKOFF_FIRST_US);
    assert_int_equal (world_books (world).lost, 2);
    world_free (world);
}

static void
the_twentieth_loss_kills_and_the_nineteenth_does_not (void **state)
{
    (void) state;
    work_t work;
    world_t *world = s_leased (&work);
    for (int i = 0; i < 19; i++) {
        work = s_again (world, &work, OUTCOME_LOST);
    }
    world_settle (world, 0, &work, OUTCOME_LOST);
    world_run (world);
    assert_int_equal (world_state (world, 1), MESSAGE_DEAD);
    assert_int_equal (world->said[SAY_DEAD].number, 20);
    assert_string_equal (world->text[SAY_DEAD], "its handler died");
    world_free (world);
}

static void
released_goes_again_at_once_and_the_tenth_time_in_a_row_delayed (void **state)
{
    (void) state;
    work_t work;
    world_t *world = s_leased (&work);
    for (int i = 0; i < 9; i++) {
        world_settle (world, 0, &work, OUTCOME_RELEASED);
        world_forget (world);
        world_run (world);
        assert_int_equal (world->sent_count, 1);
        work = world->sent[0].work;
        assert_int_equal (work.delivery, 1);
    }
    world_settle (world, 0, &work, OUTCOME_RELEASED);
    world_run (world);
    assert_int_equal (world_state (world, 1), MESSAGE_DELAYED);
    assert_int_equal (world_books (world).released, 10);
    assert_int_equal (world->row.delivery + world->row.lost, 0);
    world_free (world);
}

static void
refused_is_dead_at_once_with_its_reason (void **state)
{
    (void) state;
    work_t work;
    world_t *world = s_leased (&work);
    settlement_t said = fake_settlement (&work, OUTCOME_REFUSED, 0, "host not allowed");
    world_settle_all (world, 0, &said, 1);
    world_run (world);
    assert_int_equal (world_state (world, 1), MESSAGE_DEAD);
    assert_int_equal (world->says[SAY_DEAD], 1);
    assert_int_equal (world->said[SAY_DEAD].number, 1);
    assert_string_equal (world->text[SAY_DEAD], "host not allowed");
    world_free (world);
}

static void
done_settles_a_dead_letter (void **state)
{
    (void) state;
    work_t work;
    world_t *world = s_leased (&work);
    world_settle (world, 0, &work, OUTCOME_REFUSED);
    world_run (world);
    world_settle (world, 0, &work, OUTCOME_DONE);
    world_run (world);
    assert_int_equal (world_books (world).dead, 0);
    assert_int_equal (world_books (world).done, 1);
    assert_int_equal (world_state (world, 1), MESSAGE_STATES);
    world_free (world);
}

static void
done_settles_a_delayed_and_a_ready_message (void **state)
{
    (void) state;
    work_t work;
    world_t *world = s_leased (&work);
    world_settle (world, 0, &work, OUTCOME_FAILED);
    world_run (world);
    world_settle (world, 0, &work, OUTCOME_DONE);
    world_run (world);
    assert_int_equal (world_books (world).done, 1);
    world->peers[0].beat.below = 0; // nobody to send to
    world_credit (world, 0, 0);
    world_request (world, "b");
    world_run (world);
    assert_int_equal (world_state (world, 2), MESSAGE_READY);
    work.name.seq = 2;
    world_settle (world, 0, &work, OUTCOME_DONE);
    world_run (world);
    assert_int_equal (world_books (world).done, 2);
    world_free (world);
}

static void
done_while_a_change_is_being_stored_settles_after_it (void **state)
{
    (void) state;
    work_t work;
    world_t *world = s_leased (&work);
    world->durable = false;
    world_settle (world, 0, &work, OUTCOME_FAILED);
    world_run (world);
    assert_int_equal (world_state (world, 1), MESSAGE_STORING);
    world_settle (world, 0, &work, OUTCOME_DONE);
    world_run (world);
    assert_int_equal (world_state (world, 1), MESSAGE_LEAVING);
    assert_int_equal (world->confirm_count, 0);
    world_stored (world, world->ticket - 1);
    world_run (world);
    assert_int_equal (world_state (world, 1), MESSAGE_LEAVING);
    assert_int_equal (world->confirm_count, 1);
    world_stored (world, world->ticket);
    world_run (world);
    assert_int_equal (world_state (world, 1), MESSAGE_STATES);
    assert_int_equal (world->confirm_count, 2);
    world_free (world);
}

static void
done_by_another_leaves_a_ghost_until_the_holder_settles (void **state)
{
    (void) state;
    work_t work;
    world_t *world = s_leased (&work);
    work_t second = s_again (world, &work, OUTCOME_LOST);
    world_request (world, "a.example.net");
    world_run (world);
    assert_int_equal (world_state (world, 2), MESSAGE_CHAINED);
    world_forget (world);
    world_settle (world, 0, &work, OUTCOME_DONE);
    world_run (world);
    assert_int_equal (world_state (world, 1), MESSAGE_GHOST);
    assert_int_equal (world_books (world).done, 1);
    assert_int_equal (world_books (world).ghosts, 1);
    assert_int_equal (world->confirm_count, 1);
    assert_int_equal (world->answer_count, 1);
    assert_int_equal (world->answers[0].kind, CLAIM_REVOKED);
    //  The host is busy as long as the holder may be at work.
    assert_int_equal (world_state (world, 2), MESSAGE_CHAINED);
    world_extend (world, 0, &second, 1);
    world_run (world);
    assert_int_equal (world->answers[1].kind, CLAIM_REVOKED);
    world_settle (world, 0, &second, OUTCOME_RELEASED);
    world_run (world);
    assert_int_equal (world_state (world, 1), MESSAGE_STATES);
    assert_int_equal (world_state (world, 2), MESSAGE_LEASED);
    assert_int_equal (world_books (world).done, 1);
    world_free (world);
}

static void
a_ghost_ends_with_its_lease (void **state)
{
    (void) state;
    work_t work;
    world_t *world = s_leased (&work);
    s_again (world, &work, OUTCOME_LOST);
    world_settle (world, 0, &work, OUTCOME_DONE);
    world_run (world);
    world_wait (world, LEASE_US * 5 / 3 - 1);
    assert_int_equal (world_state (world, 1), MESSAGE_GHOST);
    world_wait (world, 1);
    assert_int_equal (world_state (world, 1), MESSAGE_STATES);
    assert_int_equal (world_books (world).expired, 0);
    world_free (world);
}

static void
a_late_nack_does_not_revive_a_settled_message (void **state)
{
    (void) state;
    work_t work;
    world_t *world = s_leased (&work);
    world_settle (world, 0, &work, OUTCOME_DONE);
    world_run (world);
    world_settle (world, 0, &work, OUTCOME_FAILED);
    world_run (world);
    assert_int_equal (world_state (world, 1), MESSAGE_STATES);
    assert_int_equal (world_books (world).stale, 1);
    assert_int_equal (world->confirm_count, 2);
    world_free (world);
}

static void
a_claim_of_an_old_grant_changes_nothing_but_brings_its_facts (void **state)
{
    (void) state;
    static const outcome_t claims[] = {OUTCOME_FAILED, OUTCOME_DEFERRED, OUTCOME_LOST,
                                       OUTCOME_RELEASED, OUTCOME_REFUSED};
    work_t work;
    world_t *world = s_leased (&work);
    work_t second = s_again (world, &work, OUTCOME_RELEASED);
    for (size_t i = 0; i < sizeof claims / sizeof *claims; i++) {
        settlement_t said = fake_settlement (&work, claims[i], STEP_RESTARTED, "late");
        world_settle_all (world, 0, &said, 1);
        world_run (world);
        assert_int_equal (world_state (world, 1), MESSAGE_LEASED);
    }
    assert_int_equal (world_books (world).stale, 5);
    work_t third = s_again (world, &second, OUTCOME_RELEASED);
    assert_int_equal (third.steps, STEP_RESTARTED);
    assert_int_equal (third.delivery, 1);
    world_free (world);
}

static void
a_pack_said_twice_is_confirmed_twice_and_counts_once (void **state)
{
    (void) state;
    work_t work;
    world_t *world = s_leased (&work);
    for (int i = 0; i < 2; i++) {
        world->pack = 0;
        world_settle (world, 0, &work, OUTCOME_FAILED);
        world_run (world);
    }
    assert_int_equal (world->confirm_count, 2);
    assert_int_equal (world->row.delivery, 1);
    assert_int_equal (world_books (world).failed, 1);
    assert_int_equal (world_books (world).stale, 1);
    world_free (world);
}

static void
unknown_messages_and_outboxes_are_confirmed_and_counted (void **state)
{
    (void) state;
    work_t work;
    world_t *world = s_leased (&work);
    work_t strange = work;
    strange.name.seq = 99;
    world_settle (world, 0, &strange, OUTCOME_DONE);
    strange.name = (name_t){1, 1};
    world_settle (world, 0, &strange, OUTCOME_DONE);
    world_extend (world, 0, &strange, 1);
    world_run (world);
    assert_int_equal (world->confirm_count, 2);
    assert_int_equal (world->answer_count, 1);
    assert_int_equal (world->answers[0].kind, CLAIM_REVOKED);
    assert_int_equal (world->answers[0].name.outbox, 1);
    assert_int_equal (world_books (world).stale, 3);
    assert_int_equal (world_state (world, 1), MESSAGE_LEASED);
    world_free (world);
}

static void
reordered_settlements_of_two_grants_end_the_same (void **state)
{
    (void) state;
    work_t work;
    world_t *world = s_leased (&work);
    work_t second = s_again (world, &work, OUTCOME_LOST);
    settlement_t said[2] = {fake_settlement (&second, OUTCOME_DONE, STEPS_ALL, ""),
                            fake_settlement (&work, OUTCOME_FAILED, 0, "")};
    world_forget (world);
    world_settle_all (world, 0, said, 2);
    world_run (world);
    assert_int_equal (world_state (world, 1), MESSAGE_STATES);
    assert_int_equal (world_books (world).done, 1);
    assert_int_equal (world_books (world).failed, 0);
    assert_int_equal (world->confirm_count, 1);
    world_free (world);
}

static void
a_settlement_counts_through_any_consumer (void **state)
{
    (void) state;
    work_t work;
    world_t *world = s_leased (&work);
    world_link (world, 1, 0);
    world_settle (world, 1, &work, OUTCOME_DONE);
    world_run (world);
    assert_int_equal (world_books (world).done, 1);
    assert_int_equal (world->confirm_count, 1);
    world_free (world);
}

int
main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (done_removes_the_message_and_is_confirmed),
        cmocka_unit_test (failed_counts_a_delivery_and_is_delayed),
        cmocka_unit_test (the_fifth_failure_kills_and_the_fourth_does_not),
        cmocka_unit_test (the_back_off_doubles_up_to_its_limit),
        cmocka_unit_test (deferred_counts_nothing_and_is_delayed),
        cmocka_unit_test (deferred_until_a_time_waits_for_it),
        cmocka_unit_test (lost_goes_again_at_once_and_the_second_time_in_a_row_delayed),
        cmocka_unit_test (the_twentieth_loss_kills_and_the_nineteenth_does_not),
        cmocka_unit_test (released_goes_again_at_once_and_the_tenth_time_in_a_row_delayed),
        cmocka_unit_test (refused_is_dead_at_once_with_its_reason),
        cmocka_unit_test (done_settles_a_dead_letter),
        cmocka_unit_test (done_settles_a_delayed_and_a_ready_message),
        cmocka_unit_test (done_while_a_change_is_being_stored_settles_after_it),
        cmocka_unit_test (done_by_another_leaves_a_ghost_until_the_holder_settles),
        cmocka_unit_test (a_ghost_ends_with_its_lease),
        cmocka_unit_test (a_late_nack_does_not_revive_a_settled_message),
        cmocka_unit_test (a_claim_of_an_old_grant_changes_nothing_but_brings_its_facts),
        cmocka_unit_test (a_pack_said_twice_is_confirmed_twice_and_counts_once),
        cmocka_unit_test (unknown_messages_and_outboxes_are_confirmed_and_counted),
        cmocka_unit_test (reordered_settlements_of_two_grants_end_the_same),
        cmocka_unit_test (a_settlement_counts_through_any_consumer),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
