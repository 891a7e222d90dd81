//  The publisher's core as a whole: intake, the order of what must be durable, who gets work, and
//  a random run in which every invariant holds after every turn.

#include "common/core/prng.h"
#include "tests/unit/publisher_world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static world_t *
s_manual (void)
{
    world_t *world = world_start ();
    world->durable = false;
    return world;
}

static void
nothing_is_accepted_before_the_outbox_is_open (void **state)
{
    (void) state;
    publisher_limits_t limits = world_limits ();
    world_t *world = world_new (&limits);
    assert_int_equal (publisher_room (world->publisher), 0);
    world_open (world, &(opened_t){.outbox = WORLD_OUTBOX});
    assert_int_equal (publisher_room (world->publisher), STEP_WORK_MAX);
    world_free (world);
}

static void
a_request_is_stored_before_it_is_announced_or_sent (void **state)
{
    (void) state;
    world_t *world = s_manual ();
    world_link (world, 0, 100);
    world_request (world, "a");
    world_run (world);
    assert_int_equal (world->effect_counts[EFFECT_STORE], 1);
    assert_int_equal (world->says[SAY_PUBLISHED], 0);
    assert_int_equal (world->sent_count, 0);
    assert_int_equal (world_books (world).accepted, 1);
    assert_int_equal (world_books (world).pending, 1);
    world_stored (world, world->ticket);
    world_run (world);
    assert_int_equal (world->says[SAY_PUBLISHED], 1);
    assert_int_equal (world->sent_count, 1);
    world_free (world);
}

static void
nothing_is_sent_beyond_the_durable_granted (void **state)
{
    (void) state;
    world_t *world = s_manual ();
    world_requests (world, 3);
    world_run (world);
    world_stored (world, world->ticket);
    world_run (world);
    assert_int_equal (world->effect_counts[EFFECT_GRANTED], 0); // nobody to lease to
    world_link (world, 0, 2);
    assert_int_equal (world->effect_counts[EFFECT_GRANTED], 1);
    assert_true (world->granted >= 2);
    assert_int_equal (world->sent_count, 0);
    world_stored (world, world->ticket);
    world_run (world);
    assert_int_equal (world->sent_count, 2);
    world_free (world);
}

static void
granted_does_not_run_ahead_of_the_credit (void **state)
{
    (void) state;
    world_t *world = world_start ();
    world_requests (world, 1000);
    world_run (world);
    world_link (world, 0, 1);
    assert_int_equal (world->sent_count, 1);
    assert_in_range (world->granted, 1, 300); // a message in front of a bucket, and one step
    world_free (world);
}

static void
no_confirmation_before_the_removal_is_stored (void **state)
{
    (void) state;
    world_t *world = world_start ();
    world_link (world, 0, 100);
    world_requests (world, 2);
    world_run (world);
    world->durable = false;
    world_settle (world, 0, &world->sent[0].work, OUTCOME_DONE);
    world_run (world);
    assert_int_equal (world->effect_counts[EFFECT_REMOVE], 1);
    assert_int_equal (world->confirm_count, 0);
    world_settle (world, 0, &world->sent[0].work, OUTCOME_DONE); // again: it waits for the same
    world_run (world);
    assert_int_equal (world->confirm_count, 0);
    world_stored (world, world->ticket);
    world_run (world);
    assert_int_equal (world->confirm_count, 2);
    world_free (world);
}

static void
no_redelivery_before_the_nack_is_stored (void **state)
{
    (void) state;
    static const outcome_t outcomes[] = {OUTCOME_RELEASED, OUTCOME_LOST};
    for (size_t i = 0; i < sizeof outcomes / sizeof *outcomes; i++) {
        world_t *world = world_start ();
        world_link (world, 0, 100);
        world_request (world, "a");
        world_run (world);
        world->durable = false;
        world_settle (world, 0, &world->sent[0].work, outcomes[i]);
        world_run (world);
        assert_int_equal (world->sent_count, 1);
        assert_int_equal (world->confirm_count, 0);
        world_stored (world, world->ticket);
        world_run (world);
        assert_int_equal (world->sent_count, 2);
        assert_int_equal (world->confirm_count, 1);
        world_free (world);
    }
}

static void
tickets_are_bounded_and_later_changes_wait (void **state)
{
    (void) state;
    world_t *world = s_manual ();
    for (int i = 0; i < 6; i++) {
        uint32_t room = publisher_room (world->publisher);
        world_requests (world, room);
        world_run (world);
    }
    assert_int_equal (publisher_room (world->publisher), 0);
    assert_int_equal (world_books (world).accepted, 4096);
    assert_int_equal (world->ticket, 4095); // one is kept for granted
    world_stored (world, 1000);
    world_run (world);
    assert_int_equal (world->ticket, 4096);
    assert_int_equal (publisher_room (world->publisher), 1000);
    world_free (world);
}

static void
a_full_disk_stops_intake_and_resumes (void **state)
{
    (void) state;
    world_t *world = s_manual ();
    world_link (world, 0, 100);
    world_step (world, &(event_t){.kind = EVENT_DISK_FULL});
    assert_int_equal (publisher_room (world->publisher), 0);
    world_request (world, "a"); // was on its way
    world_run (world);
    assert_int_equal (world->effect_counts[EFFECT_STORE], 0);
    world_step (world, &(event_t){.kind = EVENT_DISK_FREE});
    world->durable = true;
    world_run (world);
    assert_int_equal (world->sent_count, 1);
    assert_true (publisher_room (world->publisher) > 0);
    world_free (world);
}

static void
max_pending_is_the_room_and_one_more_is_not (void **state)
{
    (void) state;
    publisher_limits_t limits = world_limits ();
    limits.max_pending = 10;
    limits.max_dead = 1;
    world_t *world = world_new (&limits);
    world_open (world, &(opened_t){.outbox = WORLD_OUTBOX});
    assert_int_equal (publisher_room (world->publisher), 10);
    world_requests (world, 10);
    world_run (world);
    assert_int_equal (publisher_room (world->publisher), 0);
    world_link (world, 0, 1);
    world_settle (world, 0, &world->sent[0].work, OUTCOME_DONE);
    world_run (world);
    assert_int_equal (publisher_room (world->publisher), 1);
    world_requests (world, 2); // one more than asked for, and the place of a dead letter
    world_requests (world, 1); // no place at all
    world_run (world);
    assert_int_equal (world_books (world).accepted, 12);
    assert_int_equal (world_books (world).rejected, 1);
    world_free (world);
}

static void
the_same_id_twice_is_one_message_while_the_outbox_holds_it (void **state)
{
    (void) state;
    world_t *world = world_start ();
    world_link (world, 0, 100);
    request_t request = {.instance = fake_text ("cattle-gw75"),
                         .hostname = fake_text ("gw75"),
                         .id = {1, 2, 3},
                         .own_id = true};
    event_t event = {.kind = EVENT_REQUEST, .count = 1, .requests = &request};
    world_step (world, &event);
    world_step (world, &event);
    world_run (world);
    assert_int_equal (world_books (world).accepted, 1);
    assert_int_equal (world_books (world).duplicates, 1);
    world_settle (world, 0, &world->sent[0].work, OUTCOME_DONE);
    world_step (world, &event); // done, but not removed yet
    assert_int_equal (world_books (world).duplicates, 2);
    world_run (world);
    world_step (world, &event);
    world_run (world);
    assert_int_equal (world_books (world).accepted, 2);
    assert_int_equal (world->sent[1].work.name.seq, 2);
    world_free (world);
}

static void
rows_that_cannot_be_right_are_not_loaded (void **state)
{
    (void) state;
    publisher_limits_t limits = world_limits ();
    world_t *world = world_new (&limits);
    world_open (world, &(opened_t){.outbox = WORLD_OUTBOX, .last_seq = 5, .accepted = 2});
    world_load (world, 3, "a", 0);
    world_load (world, 3, "a", 0);
    world_load (world, 6, "a", 0);
    world_load (world, 0, "a", 0);
    world_load (world, 4, "b", 2 * SECOND_US);
    world_run (world);
    assert_int_equal (world_books (world).rejected, 3);
    assert_int_equal (world_books (world).accepted, 2);
    assert_int_equal (world_state (world, 3), MESSAGE_READY);
    assert_int_equal (world_state (world, 4), MESSAGE_DELAYED);
    assert_int_equal (publisher_deadline (world->publisher) <= world->now_us + 2 * SECOND_US, 1);
    world_request (world, "c");
    assert_int_equal (world_state (world, 6), MESSAGE_STORING);
    world_free (world);
}

static void
work_is_packed_and_credit_is_never_exceeded (void **state)
{
    (void) state;
    world_t *world = world_start ();
    world_requests (world, 200);
    world_run (world);
    world_link (world, 0, 130);
    assert_int_equal (world->sent_count, 130);
    assert_true (world->effect_counts[EFFECT_SEND] < 20);
    world_credit (world, 0, 1);
    world_run (world);
    assert_int_equal (world->sent_count, 131);
    world_free (world);
}

static void
the_messages_of_a_host_go_to_one_consumer (void **state)
{
    (void) state;
    publisher_limits_t limits = world_limits ();
    limits.per_host = 5;
    world_t *world = world_new (&limits);
    world_open (world, &(opened_t){.outbox = WORLD_OUTBOX});
    world_link (world, 0, 500);
    world_link (world, 1, 500);
    for (int i = 0; i < 100; i++) {
        char hostname[16];
        snprintf (hostname, sizeof hostname, "h%d", i % 20);
        world_request (world, hostname);
    }
    world_run (world);
    assert_int_equal (world->sent_count, 100);
    size_t second = 0;
    for (size_t i = 0; i < 100; i++) {
        for (size_t j = 0; j < i; j++) {
            bool same = world->sent[i].work.host == world->sent[j].work.host;
            assert_true (!same || world->sent[i].peer == world->sent[j].peer);
        }
        second += world->sent[i].peer == 1;
    }
    assert_in_range (second, 10, 90);
    world_free (world);
}

static void
a_consumer_without_a_handler_gets_no_work (void **state)
{
    (void) state;
    world_t *world = world_start ();
    world->peers[0].beat.below = 0;
    world_link (world, 0, 10);
    world_request (world, "a");
    world_run (world);
    assert_int_equal (world->sent_count, 0);
    world->peers[0].beat.below = 1;
    world_credit (world, 0, 0);
    world_run (world);
    assert_int_equal (world->sent_count, 1);
    world_free (world);
}

static void
credit_that_another_waits_for_is_given_back (void **state)
{
    (void) state;
    world_t *world = world_start ();
    world_link (world, 0, 10);
    world->peers[0].beat.flags = BEAT_WANTED;
    world_credit (world, 0, 0);
    effects_clear (&world->effects);
    world_step (world, &(event_t){.kind = EVENT_TURN});
    assert_int_equal (fake_frames (&world->effects, VERB_RETURN), 1);
    world_request (world, "a");
    world_run (world);
    assert_int_equal (world->sent_count, 0);
    world_free (world);
}

static void
waiting_work_is_said_in_the_beat (void **state)
{
    (void) state;
    world_t *world = world_start ();
    world_link (world, 0, 0);
    world_request (world, "a");
    world->durable = false;
    world_run (world);
    world_stored (world, world->ticket);
    effects_clear (&world->effects);
    world_step (world, &(event_t){.kind = EVENT_TURN});
    beat_t beat = {0};
    assert_int_equal (fake_take_state (&world->peers[0], &world->effects, VERB_BEAT, &beat), 1);
    assert_true (beat.flags & BEAT_WAITING);
    assert_int_equal (beat.in_hand, 1);
    world_free (world);
}

static void
five_thousand_messages_in_one_go_are_split_into_turns (void **state)
{
    (void) state;
    publisher_limits_t limits = world_limits ();
    limits.is_volatile = true;
    world_t *world = world_new (&limits);
    world_open (world, &(opened_t){.outbox = WORLD_OUTBOX});
    world_link (world, 0, 5000);
    for (int i = 0; i < 5; i++) {
        assert_int_equal (publisher_room (world->publisher) >= 1000, 1);
        world_requests (world, 1000);
        world_forget (world);
        world_turn (world);
        assert_true (world->sent_count <= STEP_WORK_MAX);
        assert_int_equal (publisher_deadline (world->publisher), world->now_us);
        world_run (world);
        assert_int_equal (world->sent_count, 1000);
    }
    assert_int_equal (world_books (world).leased, 5000);
    assert_int_equal (world->ticket, 0); // a volatile one stores nothing
    world_free (world);
}

//  A random neighbour says something about a random message, whether it is true or not.
static void
s_anything (world_t *world, prng_t *prng)
{
    uint32_t peer = (uint32_t) prng_below (prng, WORLD_PEERS);
    if (!world->linked[peer]) {
        return;
    }
    size_t pick = prng_below (prng, world->sent_count ? world->sent_count : 1);
    work_t work = world->sent[pick].work;
    if (world->sent_count == 0) {
        return;
    }
    if (prng_below (prng, 3) == 0) {
        world_extend (world, peer, &work, (uint32_t) prng_below (prng, 9));
        return;
    }
    static const outcome_t outcomes[] = {OUTCOME_DONE,     OUTCOME_DONE,     OUTCOME_DONE,
                                         OUTCOME_FAILED,   OUTCOME_DEFERRED, OUTCOME_LOST,
                                         OUTCOME_RELEASED, OUTCOME_REFUSED};
    settlement_t said =
        fake_settlement (&work, outcomes[prng_below (prng, sizeof outcomes / sizeof *outcomes)],
                         (uint8_t) prng_below (prng, 4), "because");
    world_settle_all (world, peer, &said, 1);
}

static void
s_random_link (world_t *world, prng_t *prng)
{
    uint32_t peer = (uint32_t) prng_below (prng, WORLD_PEERS);
    if (prng_below (prng, 2) == 0) {
        world->peers[peer].epoch += 10; // another process of the same name
        world->peers[peer].link = 0;
    }
    claim_t claims[4];
    size_t count = 0;
    while (world->sent_count > 0 && count < prng_below (prng, 5) && count < 4) {
        size_t pick = prng_below (prng, world->sent_count);
        claims[count++] = fake_claim (&world->sent[pick].work, CLAIM_HOLDS, 7, 0);
    }
    world_say (world, peer, fake_hello (&world->peers[peer]));
    world_run (world);
    world_say (world, peer, fake_holding (&world->peers[peer], claims, count, 1 + count));
    world->linked[peer] = true;
    world_run (world);
}

static void
s_random_step (world_t *world, prng_t *prng)
{
    switch (prng_below (prng, 12)) {
    case 0:
    case 1:
    case 2: {
        char hostname[16];
        snprintf (hostname, sizeof hostname, "h%u", (unsigned) prng_below (prng, 12));
        if (publisher_room (world->publisher) > 0) {
            world_request (world, hostname);
        }
        break;
    }
    case 3: world->now_us += (int64_t) prng_below (prng, 2 * SECOND_US); break;
    case 4: s_random_link (world, prng); break;
    case 5:
        if (world->through < world->ticket) {
            world_stored (world,
                          world->through + 1 + prng_below (prng, world->ticket - world->through));
        }
        break;
    case 6: world_credit (world, (uint32_t) prng_below (prng, WORLD_PEERS), 5); break;
    case 7:
        world_step (world,
                    &(event_t){.kind = prng_below (prng, 3) ? EVENT_DISK_FREE : EVENT_DISK_FULL});
        break;
    case 8: world_step (world, &(event_t){.kind = EVENT_STALL, .stall_us = 1000}); break;
    default: s_anything (world, prng);
    }
}

static void
whatever_is_said_the_books_balance (void **state)
{
    (void) state;
    for (uint64_t seed = 0; seed < 60; seed++) {
        prng_t prng;
        prng_seed (&prng, seed);
        publisher_limits_t limits = world_limits ();
        limits.max_pending = 64;
        limits.max_dead = 8;
        limits.max_lost = 3;
        limits.per_host = seed % 3;
        limits.is_volatile = seed % 4 == 3;
        world_t *world = world_new (&limits);
        world->durable = false;
        world_open (world, &(opened_t){.outbox = WORLD_OUTBOX,
                                       .last_seq = 4,
                                       .granted = 3,
                                       .accepted = 4,
                                       .unclean = seed % 2 == 0});
        for (uint64_t seq = 1; seq <= 4; seq++) {
            world_load (world, seq, "h1", 0);
        }
        for (int i = 0; i < 600 && world->sent_count < WORLD_KEPT - 64; i++) {
            s_random_step (world, &prng);
            world_turn (world); // asserts every invariant
        }
        world_free (world);
    }
}

int
main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (nothing_is_accepted_before_the_outbox_is_open),
        cmocka_unit_test (a_request_is_stored_before_it_is_announced_or_sent),
        cmocka_unit_test (nothing_is_sent_beyond_the_durable_granted),
        cmocka_unit_test (granted_does_not_run_ahead_of_the_credit),
        cmocka_unit_test (no_confirmation_before_the_removal_is_stored),
        cmocka_unit_test (no_redelivery_before_the_nack_is_stored),
        cmocka_unit_test (tickets_are_bounded_and_later_changes_wait),
        cmocka_unit_test (a_full_disk_stops_intake_and_resumes),
        cmocka_unit_test (max_pending_is_the_room_and_one_more_is_not),
        cmocka_unit_test (the_same_id_twice_is_one_message_while_the_outbox_holds_it),
        cmocka_unit_test (rows_that_cannot_be_right_are_not_loaded),
        cmocka_unit_test (work_is_packed_and_credit_is_never_exceeded),
        cmocka_unit_test (the_messages_of_a_host_go_to_one_consumer),
        cmocka_unit_test (a_consumer_without_a_handler_gets_no_work),
        cmocka_unit_test (credit_that_another_waits_for_is_given_back),
        cmocka_unit_test (waiting_work_is_said_in_the_beat),
        cmocka_unit_test (five_thousand_messages_in_one_go_are_split_into_turns),
        cmocka_unit_test (whatever_is_said_the_books_balance),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
