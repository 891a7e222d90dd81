//  Leases: extended, expired, listed, lost by a crash; one restart of a host at a time.

#include "tests/unit/publisher_world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define SPAN_US (LEASE_US * 5 / 3) // a lease and its slack

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

static void
a_lease_expires_after_its_length_and_slack (void **state)
{
    (void) state;
    work_t work;
    world_t *world = s_leased (&work);
    world_wait (world, SPAN_US - 1);
    assert_int_equal (world_books (world).expired, 0);
    assert_int_equal (world_state (world, 1), MESSAGE_LEASED);
    world_wait (world, 1);
    publisher_books_t books = world_books (world);
    assert_int_equal (books.expired, 1);
    assert_int_equal (world->answer_count, 1);
    assert_int_equal (world->answers[0].kind, CLAIM_REVOKED);
    assert_int_equal (world->answers[0].grant.serial, work.grant.serial);
    assert_int_equal (world->sent_count, 1);
    assert_int_equal (world->sent[0].work.delivery, 1);
    assert_int_equal (world->row.lost, 1);
    assert_string_equal (world->text[SAY_REDELIVERING], "its lease expired");
    world_free (world);
}

static void
an_extension_is_answered_and_moves_the_end (void **state)
{
    (void) state;
    work_t work;
    world_t *world = s_leased (&work);
    for (uint32_t i = 1; i <= 5; i++) {
        world_wait (world, LEASE_US * 2 / 3);
        world_extend (world, 0, &work, i);
        world_run (world);
        assert_int_equal (world->answer_count, i);
        assert_int_equal (world->answers[i - 1].kind, CLAIM_HELD);
        assert_int_equal (world->answers[i - 1].extension, i);
        assert_int_equal (world->answers[i - 1].holder, 7);
    }
    world_wait (world, SPAN_US - 1);
    assert_int_equal (world_books (world).expired, 0);
    world_wait (world, 1);
    assert_int_equal (world_books (world).expired, 1);
    assert_int_equal (world->answers[5].kind, CLAIM_REVOKED);
    assert_int_equal (world->answers[5].holder, 7);
    world_free (world);
}

static void
an_extension_of_an_old_grant_is_revoked_and_brings_its_facts (void **state)
{
    (void) state;
    work_t work;
    world_t *world = s_leased (&work);
    world_settle (world, 0, &work, OUTCOME_RELEASED);
    world_run (world);
    claim_t claim = fake_claim (&work, CLAIM_EXTENDS, 7, 1);
    claim.steps = STEP_SAVED;
    world_say (world, 0, fake_claims (&world->peers[0], VERB_EXTEND, &claim, 1));
    world_run (world);
    assert_int_equal (world->answers[0].kind, CLAIM_REVOKED);
    world_settle (world, 0, &world->sent[0].work, OUTCOME_RELEASED);
    world_run (world);
    assert_int_equal (world->sent[1].work.steps, STEP_SAVED);
    world_free (world);
}

static void
nothing_expires_while_the_inbox_is_not_empty (void **state)
{
    (void) state;
    work_t work;
    world_t *world = s_leased (&work);
    world->now_us += SPAN_US / 2;
    world_credit (world, 0, 0);
    world_run (world);
    world->now_us += SPAN_US / 2 + 1;
    world_credit (world, 0, 0); // a frame, and more may follow
    effects_clear (&world->effects);
    world_step (world, &(event_t){.kind = EVENT_TURN});
    assert_int_equal (world_books (world).expired, 0);
    world_run (world);
    assert_int_equal (world_books (world).expired, 1);
    world_free (world);
}

static void
a_stall_moves_leases_and_gives_an_extension_interval (void **state)
{
    (void) state;
    work_t work;
    world_t *world = s_leased (&work);
    world->now_us += 60 * SECOND_US;
    world_step (world, &(event_t){.kind = EVENT_STALL, .stall_us = 60 * SECOND_US});
    world_credit (world, 0, 0);
    world_run (world);
    assert_int_equal (world_books (world).expired, 0);
    world_wait (world, SPAN_US - 1);
    assert_int_equal (world_books (world).expired, 0);
    world_wait (world, 1);
    assert_int_equal (world_books (world).expired, 1);
    world_free (world);
}

static void
nothing_expires_within_one_extension_interval_of_a_stall (void **state)
{
    (void) state;
    work_t work;
    world_t *world = s_leased (&work);
    world_wait (world, SPAN_US - 1);
    world->now_us += SECOND_US;
    world_step (world, &(event_t){.kind = EVENT_STALL, .stall_us = SECOND_US});
    world_wait (world, LEASE_US * 2 / 3 - 1);
    assert_int_equal (world_books (world).expired, 0);
    world_wait (world, 1);
    assert_int_equal (world_books (world).expired, 1);
    world_free (world);
}

static void
what_a_returning_consumer_does_not_list_comes_back_uncounted (void **state)
{
    (void) state;
    world_t *world = world_start ();
    world_link (world, 0, 100);
    world_requests (world, 2);
    world_run (world);
    assert_int_equal (world->sent_count, 2);
    work_t kept = world->sent[0].work;
    work_t never = world->sent[1].work;
    world_forget (world);
    world_hello (world, 0);
    claim_t claim = fake_claim (&kept, CLAIM_HOLDS, 7, 0);
    world_list (world, 0, &claim, 1);
    assert_int_equal (world_state (world, kept.name.seq), MESSAGE_LEASED);
    assert_int_equal (world_state (world, never.name.seq), MESSAGE_READY);
    assert_int_equal (world_books (world).returned, 1);
    assert_int_equal (world->answer_count, 0);
    world_credit (world, 0, 10);
    world_run (world);
    assert_int_equal (world->sent_count, 1);
    assert_int_equal (world->sent[0].work.delivery, 1);
    assert_int_equal (world->row.delivery + world->row.lost, 0);
    world_free (world);
}

static void
what_is_listed_and_not_current_is_revoked (void **state)
{
    (void) state;
    work_t work;
    world_t *world = s_leased (&work);
    world_settle (world, 0, &work, OUTCOME_RELEASED);
    world_run (world);
    work_t strange = work;
    strange.name.seq = 77;
    claim_t claims[2] = {fake_claim (&work, CLAIM_HOLDS, 7, 0),
                         fake_claim (&strange, CLAIM_HOLDS, 7, 0)};
    world_link (world, 1, 0);
    world_hello (world, 1);
    world_list (world, 1, claims, 2);
    assert_int_equal (world->answer_count, 2);
    assert_int_equal (world->answers[0].kind, CLAIM_REVOKED);
    assert_int_equal (world->answers[1].kind, CLAIM_REVOKED);
    assert_int_equal (world_state (world, 1), MESSAGE_LEASED);
    world_free (world);
}

static void
the_leases_of_a_consumer_that_was_started_again_run_on (void **state)
{
    (void) state;
    work_t work;
    world_t *world = s_leased (&work);
    world_wait (world, SECOND_US);
    world->linked[0] = false;
    world_step (world, &(event_t){.kind = EVENT_NOTICE, .notice = {"consumer-1", 100}});
    world_run (world);
    world_wait (world, SECOND_US);
    world->peers[0].epoch = 200;
    world->peers[0].link = 0;
    world_link (world, 0, 10);
    assert_int_equal (world_state (world, 1), MESSAGE_LEASED);
    assert_int_equal (world_books (world).returned, 0);
    world_extend (world, 0, &work, 1);
    world_run (world);
    assert_int_equal (world->answers[0].kind, CLAIM_HELD);
    //  It only forwards: not in its list, but not lost either.
    world_link (world, 0, 10);
    assert_int_equal (world_state (world, 1), MESSAGE_LEASED);
    assert_int_equal (world_books (world).returned, 0);
    world_free (world);
}

static void
an_extension_through_another_consumer_moves_the_lease_there (void **state)
{
    (void) state;
    work_t work;
    world_t *world = s_leased (&work);
    world_link (world, 1, 0);
    world_extend (world, 1, &work, 1);
    world_run (world);
    assert_int_equal (world->answers[0].kind, CLAIM_HELD);
    world_hello (world, 0); // its list no longer speaks for it
    world_list (world, 0, NULL, 0);
    assert_int_equal (world_state (world, 1), MESSAGE_LEASED);
    world_free (world);
}

//  An outbox of three messages, the first two may have been leased.
static world_t *
s_recovered (bool unclean)
{
    publisher_limits_t limits = world_limits ();
    world_t *world = world_new (&limits);
    world_open (world, &(opened_t){.outbox = WORLD_OUTBOX,
                                   .last_seq = 3,
                                   .granted = 2,
                                   .accepted = 5,
                                   .done = 2,
                                   .unclean = unclean});
    world_load (world, 1, "a", 0);
    world_load (world, 2, "b", 0);
    world_load (world, 3, "c", 0);
    return world;
}

static work_t
s_former (uint64_t seq, uint64_t serial)
{
    return (work_t){
        .name = {WORLD_OUTBOX, seq}, .grant = {5, serial}, .publisher = fake_text ("publisher-1")};
}

static void
after_a_clean_end_everything_is_ready (void **state)
{
    (void) state;
    world_t *world = s_recovered (false);
    world_link (world, 0, 100);
    assert_int_equal (world->sent_count, 3);
    assert_int_equal (world->sent[0].work.redelivery, 1);
    assert_int_equal (world->says[SAY_REDELIVERING], 0);
    publisher_books_t books = world_books (world);
    assert_int_equal (books.accepted, 5);
    assert_int_equal (books.leased, 3);
    assert_int_equal (books.done, 2);
    world_free (world);
}

static void
after_an_unclean_end_what_nobody_reports_counts_as_lost (void **state)
{
    (void) state;
    world_t *world = s_recovered (true);
    world_wait (world, 10 * SPAN_US); // nobody could report yet
    assert_int_equal (world_state (world, 1), MESSAGE_UNSURE);
    world_link (world, 0, 100);
    assert_int_equal (world->sent_count, 1);
    assert_int_equal (world->sent[0].work.name.seq, 3);
    world_wait (world, SPAN_US - 1);
    assert_int_equal (world_state (world, 1), MESSAGE_UNSURE);
    world_wait (world, 1);
    assert_int_equal (world_state (world, 1), MESSAGE_LEASED);
    assert_int_equal (world_state (world, 2), MESSAGE_LEASED);
    assert_int_equal (world->row.lost, 1);
    assert_int_equal (world->said[SAY_REDELIVERING].number, 1);
    world_free (world);
}

static void
after_an_unclean_end_what_is_listed_is_adopted_and_not_sent (void **state)
{
    (void) state;
    world_t *world = s_recovered (true);
    work_t former = s_former (1, 9);
    claim_t claim = fake_claim (&former, CLAIM_HOLDS, 7, 0);
    world_hello (world, 0);
    world_list (world, 0, &claim, 1);
    assert_int_equal (world_state (world, 1), MESSAGE_LEASED);
    assert_int_equal (world->answer_count, 0);
    world_extend (world, 0, &former, 3);
    world_run (world);
    assert_int_equal (world->answers[0].kind, CLAIM_HELD);
    world_settle (world, 0, &former, OUTCOME_FAILED);
    world_run (world);
    assert_int_equal (world_state (world, 1), MESSAGE_DELAYED);
    assert_int_equal (world->row.delivery, 1);
    world_free (world);
}

static void
after_an_unclean_end_extensions_and_settlements_adopt_too (void **state)
{
    (void) state;
    world_t *world = s_recovered (true);
    world_link (world, 0, 0);
    work_t first = s_former (1, 9);
    work_t second = s_former (2, 8);
    world_extend (world, 0, &first, 3);
    world_settle (world, 0, &second, OUTCOME_DONE);
    world_run (world);
    assert_int_equal (world_state (world, 1), MESSAGE_LEASED);
    assert_int_equal (world_state (world, 2), MESSAGE_STATES);
    assert_int_equal (world->answers[0].kind, CLAIM_HELD);
    assert_int_equal (world_books (world).done, 3);
    world_free (world);
}

static void
of_two_former_holders_the_later_grant_counts (void **state)
{
    (void) state;
    world_t *world = s_recovered (true);
    work_t older = s_former (1, 4);
    work_t newer = s_former (1, 9);
    world_link (world, 0, 0);
    world_extend (world, 0, &older, 1);
    world_extend (world, 0, &newer, 1);
    world_extend (world, 0, &older, 2);
    world_run (world);
    assert_int_equal (world->answer_count, 4);
    assert_int_equal (world->answers[0].kind, CLAIM_HELD);
    assert_int_equal (world->answers[1].kind, CLAIM_REVOKED);
    assert_int_equal (world->answers[1].grant.serial, 4);
    assert_int_equal (world->answers[2].kind, CLAIM_HELD);
    assert_int_equal (world->answers[3].kind, CLAIM_REVOKED);
    world_free (world);
}

static void
an_unsure_message_keeps_its_host (void **state)
{
    (void) state;
    world_t *world = s_recovered (true);
    world_link (world, 0, 100);
    world_request (world, "A");
    world_run (world);
    assert_int_equal (world_state (world, 4), MESSAGE_CHAINED);
    work_t former = s_former (1, 9);
    world_settle (world, 0, &former, OUTCOME_DONE);
    world_run (world);
    assert_int_equal (world_state (world, 4), MESSAGE_LEASED);
    world_free (world);
}

static void
after_an_unclean_end_a_message_that_was_lost_before_may_have_two_holders (void **state)
{
    (void) state;
    publisher_limits_t limits = world_limits ();
    world_t *world = world_new (&limits);
    world_open (
        world,
        &(opened_t){
            .outbox = WORLD_OUTBOX, .last_seq = 3, .granted = 3, .accepted = 3, .unclean = true});
    row_t rows[2] = {
        {.seq = 1, .lost = 1, .instance = fake_text ("cattle"), .hostname = fake_text ("a")},
        {.seq = 2, .dead = 1, .instance = fake_text ("cattle"), .hostname = fake_text ("a")},
    };
    world_step (world, &(event_t){.kind = EVENT_LOADED, .count = 2, .rows = rows});
    assert_int_equal (world_state (world, 2), MESSAGE_DEAD);
    world_link (world, 0, 10);
    work_t former = s_former (1, 4);
    world_settle (world, 0, &former, OUTCOME_DONE);
    world_request (world, "a");
    world_run (world);
    assert_int_equal (world_state (world, 1), MESSAGE_GHOST);
    assert_int_equal (world_books (world).done, 1);
    assert_int_equal (world_state (world, 4), MESSAGE_CHAINED);
    world_wait (world, SPAN_US);
    assert_int_equal (world_state (world, 1), MESSAGE_STATES);
    assert_int_equal (world_state (world, 4), MESSAGE_LEASED);
    world_free (world);
}

static void
two_messages_of_one_host_go_one_at_a_time (void **state)
{
    (void) state;
    world_t *world = world_start ();
    world_link (world, 0, 100);
    world_request (world, "host.example.net");
    world_request (world, "HOST.example.NET");
    world_request (world, "other.example.net");
    world_run (world);
    assert_int_equal (world->sent_count, 2);
    assert_int_equal (world_state (world, 1), MESSAGE_LEASED);
    assert_int_equal (world_state (world, 2), MESSAGE_CHAINED);
    world_settle (world, 0, &world->sent[0].work, OUTCOME_FAILED);
    world_settle (world, 0, &world->sent[1].work, OUTCOME_DONE);
    world_run (world);
    assert_int_equal (world_state (world, 2), MESSAGE_LEASED);
    world_wait (world, SECOND_US / 2); // the back-off of the first is over: now it waits
    assert_int_equal (world_state (world, 1), MESSAGE_CHAINED);
    world_free (world);
}

static size_t
s_sent_of_one_host (uint32_t per_host)
{
    publisher_limits_t limits = world_limits ();
    limits.per_host = per_host;
    world_t *world = world_new (&limits);
    world_open (world, &(opened_t){.outbox = WORLD_OUTBOX});
    world_link (world, 0, 100);
    for (int i = 0; i < 5; i++) {
        world_request (world, "a");
    }
    world_run (world);
    size_t sent = world->sent_count;
    world_free (world);
    return sent;
}

static void
per_host_two_sends_two_and_per_host_zero_sends_all (void **state)
{
    (void) state;
    assert_int_equal (s_sent_of_one_host (1), 1);
    assert_int_equal (s_sent_of_one_host (2), 2);
    assert_int_equal (s_sent_of_one_host (0), 5);
}

static void
answers_to_a_link_that_ended_are_dropped (void **state)
{
    (void) state;
    work_t work;
    world_t *world = s_leased (&work);
    world_extend (world, 0, &work, 1);
    bytes_t hello = fake_hello (&world->peers[0]); // the old link ends before a turn
    world_say (world, 0, hello);
    claim_t claim = fake_claim (&work, CLAIM_HOLDS, 7, 0);
    world_list (world, 0, &claim, 1);
    assert_int_equal (world->answer_count, 0);
    assert_int_equal (world_state (world, 1), MESSAGE_LEASED);
    world_free (world);
}

int
main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (a_lease_expires_after_its_length_and_slack),
        cmocka_unit_test (an_extension_is_answered_and_moves_the_end),
        cmocka_unit_test (an_extension_of_an_old_grant_is_revoked_and_brings_its_facts),
        cmocka_unit_test (nothing_expires_while_the_inbox_is_not_empty),
        cmocka_unit_test (a_stall_moves_leases_and_gives_an_extension_interval),
        cmocka_unit_test (nothing_expires_within_one_extension_interval_of_a_stall),
        cmocka_unit_test (what_a_returning_consumer_does_not_list_comes_back_uncounted),
        cmocka_unit_test (what_is_listed_and_not_current_is_revoked),
        cmocka_unit_test (the_leases_of_a_consumer_that_was_started_again_run_on),
        cmocka_unit_test (an_extension_through_another_consumer_moves_the_lease_there),
        cmocka_unit_test (after_a_clean_end_everything_is_ready),
        cmocka_unit_test (after_an_unclean_end_what_nobody_reports_counts_as_lost),
        cmocka_unit_test (after_an_unclean_end_what_is_listed_is_adopted_and_not_sent),
        cmocka_unit_test (after_an_unclean_end_extensions_and_settlements_adopt_too),
        cmocka_unit_test (of_two_former_holders_the_later_grant_counts),
        cmocka_unit_test (an_unsure_message_keeps_its_host),
        cmocka_unit_test (after_an_unclean_end_a_message_that_was_lost_before_may_have_two_holders),
        cmocka_unit_test (two_messages_of_one_host_go_one_at_a_time),
        cmocka_unit_test (per_host_two_sends_two_and_per_host_zero_sends_all),
        cmocka_unit_test (answers_to_a_link_that_ended_are_dropped),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
