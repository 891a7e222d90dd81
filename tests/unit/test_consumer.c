//  Unit tests of the consumer: work in and out, credit, extensions, settlements and answers.

#include "common/core/links_credit.h"
#include "tests/unit/consumer_scene.h"

#include "common/core/prng.h"

static scene_t s_scene;

static int
s_setup (void **state)
{
    (void) state;
    consumer_limits_t limits = scene_limits ();
    scene_start (&s_scene, &limits);
    return 0;
}

static int
s_teardown (void **state)
{
    (void) state;
    scene_stop (&s_scene);
    return 0;
}

static const consumer_counts_t *
s_counts (void)
{
    return consumer_counts (s_scene.consumer);
}

//  ---- Work in, work out

static void
a_burst_of_5000_is_taken_and_placed_before_the_first_is_finished (void **state)
{
    (void) state;
    scene_link_all (&s_scene, 2000);
    scene_burst (&s_scene, 0, 1, 5000);
    assert_true (s_counts ()->taken == 5000);
    assert_true (s_counts ()->placed == 5000);
    assert_int_equal (consumer_in_hand (s_scene.consumer), 5000);
    size_t placed = 0;
    for (uint32_t i = 0; i < HANDLERS; i++) {
        assert_in_range (s_scene.handlers[i].work_count, 1600, 1700);
        placed += s_scene.handlers[i].work_count;
    }
    assert_int_equal (placed, 5000);
    assert_int_equal (s_scene.says[SAY_CONSUMED], 5000);
    assert_in_range (s_scene.turns, 5, 12); // no turn does more than its share
}

static void
records_pass_in_order_in_runs_of_64_with_the_same_bytes (void **state)
{
    (void) state;
    scene_link_pub (&s_scene, 0);
    scene_link_handler (&s_scene, 0, 200);
    work_t works[130];
    for (size_t i = 0; i < 130; i++) {
        works[i] = scene_work (&s_scene, 0, i + 1);
    }
    scene_send (&s_scene, 0, works, 130);
    effects_clear (&s_scene.effects);
    scene_event (&s_scene, &(event_t){.kind = EVENT_TURN});
    work_t out[130];
    actor_t *handler = &s_scene.handlers[0];
    assert_int_equal (fake_take_work (&handler->fake, &s_scene.effects, out, 130), 130);
    assert_int_equal (fake_frames (&s_scene.effects, VERB_WORK), 3);
    for (size_t i = 0; i < 130; i++) {
        uint8_t one[WORK_BYTES_MAX], other[WORK_BYTES_MAX];
        wire_writer_t before = {one, one + sizeof one};
        wire_writer_t after = {other, other + sizeof other};
        wire_put_work (&before, &works[i]);
        wire_put_work (&after, &out[i]);
        assert_int_equal (before.at - one, after.at - other);
        assert_memory_equal (one, other, (size_t) (before.at - one));
    }
}

static void
the_handlers_free_slots_level_out (void **state)
{
    (void) state;
    scene_link_pub (&s_scene, 0);
    scene_link_handler (&s_scene, 0, 100);
    scene_link_handler (&s_scene, 1, 60);
    scene_link_handler (&s_scene, 2, 20);
    scene_burst (&s_scene, 0, 1, 120);
    assert_int_equal (s_scene.handlers[0].work_count, 80);
    assert_int_equal (s_scene.handlers[1].work_count, 40);
    assert_int_equal (s_scene.handlers[2].work_count, 0);
    scene_burst (&s_scene, 0, 1000, 60);
    for (uint32_t i = 0; i < HANDLERS; i++) {
        assert_true (peer_room (scene_peer (&s_scene, &s_scene.handlers[i])) == 0);
    }
}

static void
what_one_handler_has_more_room_for_goes_in_one_frame (void **state)
{
    (void) state;
    scene_link_pub (&s_scene, 0);
    scene_link_handler (&s_scene, 0, 100);
    scene_link_handler (&s_scene, 1, 10);
    for (uint64_t seq = 1; seq <= 64; seq++) {
        work_t work = scene_work (&s_scene, 0, seq);
        scene_send (&s_scene, 0, &work, 1);
    }
    effects_clear (&s_scene.effects);
    scene_event (&s_scene, &(event_t){.kind = EVENT_TURN});
    assert_int_equal (fake_frames (&s_scene.effects, VERB_WORK), 1);
}

static void
no_handler_gets_more_than_it_granted (void **state)
{
    (void) state;
    scene_link_pub (&s_scene, 0);
    scene_link_handler (&s_scene, 0, 3);
    scene_burst (&s_scene, 0, 1, 10);
    assert_int_equal (s_scene.handlers[0].work_count, 3);
    scene_credit (&s_scene, 0, 2);
    assert_int_equal (s_scene.handlers[0].work_count, 5);
    assert_true (s_scene.handlers[0].works[4].name.seq == 5);
}

static void
credit_upward_is_what_the_handlers_granted (void **state)
{
    (void) state;
    scene_link_pub (&s_scene, 0);
    assert_true (s_scene.pubs[0].beat.credit == 0);
    scene_link_handler (&s_scene, 0, 10);
    assert_true (s_scene.pubs[0].beat.credit == 10);
    scene_burst (&s_scene, 0, 1, 10);
    assert_true (s_scene.pubs[0].beat.credit == 10);
    scene_link_handler (&s_scene, 1, 7);
    assert_true (s_scene.pubs[0].beat.credit == 17);
    scene_link_pub (&s_scene, 1);
    assert_true (s_scene.pubs[1].beat.credit == 0);
    scene_credit (&s_scene, 0, 4);
    assert_true (s_scene.pubs[0].beat.credit + s_scene.pubs[1].beat.credit == 21);
}

static void
held_work_and_waiting_publishers_are_told_downward (void **state)
{
    (void) state;
    scene_link_pub (&s_scene, 0);
    scene_link_handler (&s_scene, 0, 1);
    assert_false (s_scene.handlers[0].beat.flags & BEAT_WAITING);
    s_scene.pubs[0].fake.beat.flags = BEAT_WAITING;
    scene_hear (&s_scene, fake_state (&s_scene.pubs[0].fake, VERB_BEAT));
    scene_turn (&s_scene);
    assert_true (s_scene.handlers[0].beat.flags & BEAT_WAITING);
    s_scene.pubs[0].fake.beat.flags = 0;
    scene_hear (&s_scene, fake_state (&s_scene.pubs[0].fake, VERB_BEAT));
    scene_burst (&s_scene, 0, 1, 2);
    assert_true (s_scene.handlers[0].beat.flags & BEAT_WAITING);
    scene_credit (&s_scene, 0, 1);
    assert_false (s_scene.handlers[0].beat.flags & BEAT_WAITING);
}

static void
credit_that_a_handler_wants_back_comes_back_from_the_publishers (void **state)
{
    (void) state;
    scene_link_pub (&s_scene, 0);
    scene_link_handler (&s_scene, 0, 10);
    s_scene.handlers[0].fake.beat.flags = BEAT_WANTED;
    scene_credit (&s_scene, 0, 0);
    assert_true (s_scene.pubs[0].beat.flags & BEAT_WANTED);
    peer_t *peer = scene_peer (&s_scene, &s_scene.handlers[0]);
    assert_true (peer_room (peer) == 10);
    scene_hear (&s_scene, fake_return (&s_scene.pubs[0].fake, 6));
    scene_turn (&s_scene);
    assert_true (peer_room (peer) == 4);
    assert_true (s_scene.pubs[0].beat.credit == 10);
    s_scene.pubs[0].fake.beat.flags = BEAT_WAITING; // somebody needs the rest
    scene_hear (&s_scene, fake_state (&s_scene.pubs[0].fake, VERB_BEAT));
    scene_hear (&s_scene, fake_return (&s_scene.pubs[0].fake, 4));
    scene_turn (&s_scene);
    assert_true (peer_room (peer) == 4);
    assert_true (s_scene.pubs[0].beat.credit == 14);
}

//  ---- What cannot be placed

static void
what_cannot_be_placed_is_extended_at_two_thirds_and_released_at_one_lease (void **state)
{
    (void) state;
    scene_link_pub (&s_scene, 0);
    scene_burst (&s_scene, 0, 1, 2);
    actor_t *pub = &s_scene.pubs[0];
    scene_run (&s_scene, 2 * SECOND - MS);
    assert_int_equal (pub->claim_count, 0);
    scene_run (&s_scene, 2 * MS);
    assert_int_equal (pub->claim_count, 2);
    assert_true (pub->claims[0].holder == SCENE_EPOCH);
    assert_int_equal (pub->claims[0].kind, CLAIM_EXTENDS);
    assert_int_equal (pub->claims[0].extension, 1);
    scene_answer (&s_scene, 0, &pub->claims[0], CLAIM_HELD); // for itself: goes nowhere
    scene_run (&s_scene, SECOND - 3 * MS);
    assert_int_equal (pub->settlement_count, 0);
    scene_run (&s_scene, 3 * MS);
    assert_int_equal (scene_outcomes (pub, OUTCOME_RELEASED), 2);
    assert_int_equal (pub->claim_count, 2);
    assert_true (pub->packs[0].holder == SCENE_EPOCH);
    scene_confirm (&s_scene, 0, SCENE_EPOCH, pub->packs[0].number);
    assert_int_equal (consumer_in_hand (s_scene.consumer), 0);
    assert_true (s_counts ()->released == 2);
}

static void
a_new_lease_of_what_could_not_be_placed_is_extended_again (void **state)
{
    (void) state;
    scene_link_pub (&s_scene, 0);
    scene_burst (&s_scene, 0, 1, 1);
    scene_run (&s_scene, 2500 * MS);
    assert_int_equal (s_scene.pubs[0].claim_count, 1);
    scene_burst (&s_scene, 0, 1, 1); // the same message under a new grant
    scene_run (&s_scene, 2500 * MS);
    assert_int_equal (s_scene.pubs[0].claim_count, 2);
    assert_int_equal (s_scene.pubs[0].settlement_count, 0);
}

static void
unplaced_work_is_placed_as_soon_as_a_handler_comes (void **state)
{
    (void) state;
    scene_link_pub (&s_scene, 0);
    scene_burst (&s_scene, 0, 1, 5);
    scene_run (&s_scene, SECOND);
    scene_link_handler (&s_scene, 0, 10);
    assert_int_equal (s_scene.handlers[0].work_count, 5);
    scene_run (&s_scene, 3 * SECOND);
    assert_int_equal (s_scene.pubs[0].settlement_count, 0);
}

static void
suspect_or_silent_handlers_get_no_new_work (void **state)
{
    (void) state;
    scene_link_pub (&s_scene, 0);
    scene_link_handler (&s_scene, 0, 10);
    scene_kill (&s_scene, 0);
    scene_burst (&s_scene, 0, 1, 5);
    assert_int_equal (s_scene.handlers[0].work_count, 0);
    assert_int_equal (consumer_in_hand (s_scene.consumer), 5);
    assert_true (s_scene.pubs[0].beat.credit == 10); // what is held has its slots already
}

static void
work_of_a_copy_or_of_an_older_grant_is_dropped (void **state)
{
    (void) state;
    scene_link_pub (&s_scene, 0);
    scene_link_handler (&s_scene, 0, 10);
    work_t old = scene_work (&s_scene, 0, 1);
    work_t work = scene_work (&s_scene, 0, 1);
    scene_send (&s_scene, 0, &work, 1);
    scene_send (&s_scene, 0, &work, 1);
    scene_send (&s_scene, 0, &old, 1);
    scene_turn (&s_scene);
    assert_int_equal (s_scene.handlers[0].work_count, 1);
    assert_true (s_counts ()->dropped == 2);
    assert_int_equal (consumer_in_hand (s_scene.consumer), 1);
}

static void
a_redelivery_goes_to_the_handler_that_still_holds_it (void **state)
{
    (void) state;
    scene_link_pub (&s_scene, 0);
    scene_link_handler (&s_scene, 0, 10);
    scene_burst (&s_scene, 0, 1, 3);
    assert_int_equal (s_scene.handlers[0].work_count, 3);
    scene_link_handler (&s_scene, 1, 1000); // has far more room
    scene_forget (&s_scene);
    work_t works[5];
    for (size_t i = 0; i < 5; i++) {
        works[i] = scene_work (&s_scene, 0, i == 2 ? 2 : 100 + i); // in the middle of a run
    }
    scene_send (&s_scene, 0, works, 5);
    scene_turn (&s_scene);
    assert_int_equal (s_scene.handlers[0].work_count, 1);
    assert_true (s_scene.handlers[0].works[0].name.seq == 2);
    assert_true (s_scene.handlers[0].works[0].grant.serial == works[2].grant.serial);
    assert_int_equal (s_scene.handlers[1].work_count, 4);
}

static void
a_redelivery_whose_handler_is_gone_goes_to_another (void **state)
{
    (void) state;
    scene_link_pub (&s_scene, 0);
    scene_link_handler (&s_scene, 0, 10);
    scene_burst (&s_scene, 0, 1, 1);
    scene_link_handler (&s_scene, 1, 10);
    scene_kill (&s_scene, 0);
    scene_burst (&s_scene, 0, 1, 1);
    assert_int_equal (s_scene.handlers[1].work_count, 1);
}

//  ---- One restart of a host at a time

static void
a_host_that_another_publisher_has_in_work_is_deferred (void **state)
{
    (void) state;
    scene_link_all (&s_scene, 10);
    work_t first = scene_work (&s_scene, 0, 1);
    work_t second = scene_work (&s_scene, 1, 2);
    work_t same = scene_work (&s_scene, 0, 3);
    first.host = second.host = same.host = 77;
    scene_send (&s_scene, 0, &first, 1);
    scene_send (&s_scene, 1, &second, 1);
    scene_send (&s_scene, 0, &same, 1); // the publisher's own gate is its own business
    scene_turn (&s_scene);
    assert_int_equal (scene_outcomes (&s_scene.pubs[1], OUTCOME_DEFERRED), 1);
    assert_int_equal (s_scene.pubs[0].settlement_count, 0);
    assert_true (s_counts ()->placed == 2);
    assert_true (s_counts ()->deferred == 1);
}

static void
a_host_is_free_when_its_settlement_is_confirmed (void **state)
{
    (void) state;
    scene_link_pub (&s_scene, 0);
    scene_link_pub (&s_scene, 1);
    scene_link_handler (&s_scene, 0, 10);
    work_t first = scene_work (&s_scene, 0, 1);
    work_t second = scene_work (&s_scene, 1, 2);
    first.host = second.host = 77;
    scene_send (&s_scene, 0, &first, 1);
    scene_turn (&s_scene);
    scene_settle (&s_scene, 0, 0, &first, 1);
    scene_confirm (&s_scene, 0, s_scene.handlers[0].fake.epoch, 1);
    scene_send (&s_scene, 1, &second, 1);
    scene_turn (&s_scene);
    assert_int_equal (s_scene.handlers[0].work_count, 2);
    assert_int_equal (s_scene.pubs[1].settlement_count, 0);
}

static void
host_0_has_no_gate (void **state)
{
    (void) state;
    scene_link_all (&s_scene, 10);
    work_t first = scene_work (&s_scene, 0, 1);
    work_t second = scene_work (&s_scene, 1, 2);
    first.host = second.host = 0;
    scene_send (&s_scene, 0, &first, 1);
    scene_send (&s_scene, 1, &second, 1);
    scene_turn (&s_scene);
    assert_true (s_counts ()->placed == 2);
}

//  ---- Extensions, settlements, answers

static void
an_extension_goes_up_and_its_answer_finds_the_handler (void **state)
{
    (void) state;
    scene_link_all (&s_scene, 10);
    work_t work = scene_work (&s_scene, 1, 5);
    scene_send (&s_scene, 1, &work, 1);
    scene_turn (&s_scene);
    scene_extend (&s_scene, 2, &work, 9);
    assert_int_equal (s_scene.pubs[0].claim_count, 0);
    assert_int_equal (s_scene.pubs[1].claim_count, 1);
    const claim_t *claim = &s_scene.pubs[1].claims[0];
    assert_true (claim->holder == s_scene.handlers[2].fake.epoch);
    assert_int_equal (claim->extension, 9);
    scene_answer (&s_scene, 1, claim, CLAIM_HELD);
    assert_int_equal (s_scene.handlers[2].claim_count, 1);
    assert_int_equal (s_scene.handlers[2].claims[0].kind, CLAIM_HELD);
    assert_int_equal (s_scene.handlers[2].claims[0].extension, 9);
    assert_int_equal (s_scene.handlers[0].claim_count + s_scene.handlers[1].claim_count, 0);
}

static void
a_pack_goes_on_whole_and_its_entries_stay_until_it_is_confirmed (void **state)
{
    (void) state;
    scene_link_pub (&s_scene, 0);
    scene_link_handler (&s_scene, 0, 100);
    scene_burst (&s_scene, 0, 1, 64);
    actor_t *handler = &s_scene.handlers[0];
    work_t works[PACK_RECORDS_MAX];
    memcpy (works, handler->works, sizeof works);
    scene_forget (&s_scene);
    scene_settle (&s_scene, 0, 0, works, 64);
    assert_int_equal (s_scene.pubs[0].settlement_count, 64);
    assert_int_equal (s_scene.pubs[0].pack_count, 1);
    assert_true (s_scene.pubs[0].packs[0].holder == handler->fake.epoch);
    assert_true (s_scene.pubs[0].packs[0].number == 1);
    assert_int_equal (consumer_in_hand (s_scene.consumer), 64);
    scene_confirm (&s_scene, 0, handler->fake.epoch, 1);
    assert_int_equal (consumer_in_hand (s_scene.consumer), 0);
    assert_int_equal (handler->confirm_count, 1);
    assert_true (handler->confirms[0].number == 1);
    assert_true (s_counts ()->settled == 64);
}

static void
what_is_for_a_publisher_that_is_not_linked_is_dropped_and_counted (void **state)
{
    (void) state;
    scene_link_pub (&s_scene, 0);
    scene_link_handler (&s_scene, 0, 10);
    work_t work = scene_work (&s_scene, 1, 5);
    scene_extend (&s_scene, 0, &work, 1);
    scene_settle (&s_scene, 0, 1, &work, 1);
    assert_true (s_counts ()->dropped == 2);
    claim_t claim = fake_claim (&work, CLAIM_HELD, 0x999, 1); // nobody's epoch
    scene_answer (&s_scene, 0, &claim, CLAIM_HELD);
    scene_confirm (&s_scene, 0, 0x999, 1);
    assert_true (s_counts ()->dropped == 4);
}

static void
a_pack_without_a_number_is_not_passed_on (void **state)
{
    (void) state;
    scene_link_pub (&s_scene, 0);
    scene_link_handler (&s_scene, 0, 10);
    work_t work = scene_work (&s_scene, 0, 5);
    s_scene.handlers[0].packs_said = UINT64_MAX;
    scene_settle (&s_scene, 0, 0, &work, 1);
    assert_int_equal (s_scene.pubs[0].pack_count, 0);
}

static void
revoked_work_is_dropped_while_nobody_has_it (void **state)
{
    (void) state;
    scene_link_pub (&s_scene, 0);
    work_t work = scene_work (&s_scene, 0, 1);
    scene_send (&s_scene, 0, &work, 1);
    scene_turn (&s_scene);
    claim_t claim = fake_claim (&work, CLAIM_REVOKED, 0, 0);
    claim.grant.serial += 7; // another lease
    scene_answer (&s_scene, 0, &claim, CLAIM_REVOKED);
    assert_int_equal (consumer_in_hand (s_scene.consumer), 1);
    claim.grant.serial -= 7;
    scene_answer (&s_scene, 0, &claim, CLAIM_REVOKED);
    assert_int_equal (consumer_in_hand (s_scene.consumer), 0);
}

static void
revoked_goes_down_to_the_handler_that_has_it_and_nothing_is_lost_later (void **state)
{
    (void) state;
    scene_link_pub (&s_scene, 0);
    scene_link_handler (&s_scene, 0, 10);
    work_t work = scene_work (&s_scene, 0, 1);
    scene_send (&s_scene, 0, &work, 1);
    scene_turn (&s_scene);
    claim_t claim =
        fake_claim (&work, CLAIM_REVOKED, 0, 0); // the publisher does not know the holder
    scene_answer (&s_scene, 0, &claim, CLAIM_REVOKED);
    assert_int_equal (s_scene.handlers[0].claim_count, 1);
    assert_int_equal (s_scene.handlers[0].claims[0].kind, CLAIM_REVOKED);
    scene_kill (&s_scene, 0);
    scene_run (&s_scene, SECOND);
    assert_int_equal (s_scene.pubs[0].settlement_count, 0);
    assert_int_equal (consumer_in_hand (s_scene.consumer), 0);
}

static void
an_entry_that_nobody_speaks_of_is_forgotten_after_two_leases (void **state)
{
    (void) state;
    scene_link_pub (&s_scene, 0);
    scene_link_handler (&s_scene, 0, 10);
    work_t work = scene_work (&s_scene, 0, 1);
    scene_send (&s_scene, 0, &work, 1);
    scene_turn (&s_scene);
    for (int i = 0; i < 5; i++) {
        scene_run (&s_scene, 6 * SECOND);
        scene_extend (&s_scene, 0, &work, 1);
    }
    assert_int_equal (consumer_in_hand (s_scene.consumer), 1);
    scene_run (&s_scene, 10 * SECOND - MS);
    assert_int_equal (consumer_in_hand (s_scene.consumer), 1);
    scene_run (&s_scene, 2 * MS);
    assert_int_equal (consumer_in_hand (s_scene.consumer), 0);
    assert_true (s_counts ()->forgotten == 1);
}

//  ---- Limits

//  The article's consumer took whatever came into a queue without an end.
static void
defect_unbounded_queue_a_full_table_drops_and_grants_nothing (void **state)
{
    (void) state;
    consumer_limits_t limits = scene_limits ();
    limits.messages_max = 64;
    scene_stop (&s_scene);
    scene_start (&s_scene, &limits);
    scene_link_pub (&s_scene, 0);
    scene_link_handler (&s_scene, 0, 1000);
    assert_true (s_scene.pubs[0].beat.credit == 64); // no more than its own slots
    scene_burst (&s_scene, 0, 1, 64);
    assert_int_equal (consumer_in_hand (s_scene.consumer), 64);
    assert_true (s_counts ()->dropped == 0);
    assert_true (s_scene.pubs[0].beat.credit == 64);
    scene_burst (&s_scene, 0, 65, 1); // more than was granted
    assert_int_equal (consumer_in_hand (s_scene.consumer), 64);
    assert_true (s_counts ()->dropped == 1);
    work_t unknown = scene_work (&s_scene, 0, 999);
    scene_extend (&s_scene, 0, &unknown, 1); // not adopted, still passed on
    assert_int_equal (s_scene.pubs[0].claim_count, 1);
    assert_int_equal (consumer_in_hand (s_scene.consumer), 64);
}

static void
what_does_not_fit_into_one_turn_comes_in_the_next (void **state)
{
    (void) state;
    scene_link_pub (&s_scene, 0);
    scene_link_handler (&s_scene, 0, 5000);
    for (uint64_t seq = 1; seq <= 3000; seq++) {
        work_t work = scene_work (&s_scene, 0, seq);
        scene_send (&s_scene, 0, &work, 1);
    }
    size_t seen = 0;
    for (int turn = 0; turn < 3; turn++) {
        effects_clear (&s_scene.effects);
        scene_event (&s_scene, &(event_t){.kind = EVENT_TURN});
        work_t out[1];
        size_t found = fake_take_work (&s_scene.handlers[0].fake, &s_scene.effects, out, 1);
        assert_in_range (found, 1, STEP_WORK_MAX + WORK_RECORDS_MAX);
        seen += found;
        assert_int_equal (consumer_deadline (s_scene.consumer) <= s_scene.now_us, seen < 3000);
    }
    assert_int_equal (seen, 3000);
}

static void
deadlines_never_busy_loop (void **state)
{
    (void) state;
    scene_run (&s_scene, 60 * SECOND);
    assert_in_range (s_scene.turns, 60, 400);
    scene_link_all (&s_scene, 5);
    scene_burst (&s_scene, 0, 1, 20);
    scene_forget (&s_scene);
    scene_run (&s_scene, 60 * SECOND);
    assert_in_range (s_scene.turns, 60, 600);
}

//  ---- Everything at once

typedef struct {
    prng_t prng;
    uint64_t seq;
} dice_t;

static void
s_random_step (scene_t *scene, dice_t *dice)
{
    uint32_t handler = (uint32_t) prng_below (&dice->prng, HANDLERS);
    uint32_t pub = (uint32_t) prng_below (&dice->prng, PUBS);
    actor_t *actor = &scene->handlers[handler];
    bool up = actor->slot != UINT32_MAX && scene_peer (scene, actor)->phase == PEER_UP &&
              scene_peer (scene, actor)->link == actor->fake.link;
    bool above = scene_peer (scene, &scene->pubs[pub])->phase == PEER_UP;
    work_t work = scene_work (scene, pub, 1 + prng_below (&dice->prng, 200));
    work.host = prng_below (&dice->prng, 20);
    claim_t claim = fake_claim (&work, CLAIM_REVOKED, actor->fake.epoch, 1);
    claim.grant.serial -= prng_below (&dice->prng, 200) % claim.grant.serial;
    claim.publisher = work.publisher;
    claim_t held = claim;
    held.kind = CLAIM_HOLDS;
    work_t old = work;
    old.grant = claim.grant;
    uint64_t pack = 1 + prng_below (&dice->prng, 1 + actor->packs_said);
    switch (prng_below (&dice->prng, 12)) {
    case 0: above ? scene_send (scene, pub, &work, 1) : scene_link_pub (scene, pub); break;
    case 1: above ? scene_answer (scene, pub, &claim, CLAIM_REVOKED) : (void) 0; break;
    case 2: above ? scene_confirm (scene, pub, actor->fake.epoch, pack) : (void) 0; break;
    case 3: above ? scene_confirm (scene, pub, SCENE_EPOCH, pack) : (void) 0; break;
    case 4: up ? scene_settle (scene, handler, pub, &old, 1) : (void) 0; break;
    case 5: up ? scene_extend (scene, handler, &old, 1) : (void) 0; break;
    case 6: scene_hold (scene, handler, &held, prng_below (&dice->prng, 2)); break;
    case 7: up ? scene_kill (scene, handler) : (void) 0; break;
    case 8: up ? scene_credit (scene, handler, prng_below (&dice->prng, 20)) : (void) 0; break;
    case 9: scene_run (scene, (int64_t) prng_below (&dice->prng, 3000) * MS); break;
    case 10: above ? scene_burst (scene, pub, 1 + work.name.seq, 10) : (void) 0; break;
    default: actor->fake.epoch += up ? 0 : 0x100; // starts again as a new process
    }
}

static void
any_order_of_events_keeps_every_invariant (void **state)
{
    (void) state;
    for (uint64_t seed = 1; seed <= 30; seed++) {
        dice_t dice = {.seq = 1};
        prng_seed (&dice.prng, seed);
        consumer_limits_t limits = scene_limits ();
        limits.messages_max = 128;
        scene_stop (&s_scene);
        scene_start (&s_scene, &limits);
        for (int i = 0; i < 400; i++) {
            s_random_step (&s_scene, &dice);
            scene_turn (&s_scene);
            scene_forget (&s_scene);
            assert_true (consumer_in_hand (s_scene.consumer) <= limits.messages_max);
        }
        //  Once everybody is silent, everything is forgotten.
        for (uint32_t i = 0; i < PUBS + HANDLERS; i++) {
            scene_silence (i < PUBS ? &s_scene.pubs[i] : &s_scene.handlers[i - PUBS]);
        }
        scene_run (&s_scene, 60 * SECOND);
        assert_int_equal (consumer_in_hand (s_scene.consumer), 0);
    }
}

int
main (void)
{
#define TEST(name) cmocka_unit_test_setup_teardown (name, s_setup, s_teardown)
    const struct CMUnitTest tests[] = {
        TEST (a_burst_of_5000_is_taken_and_placed_before_the_first_is_finished),
        TEST (records_pass_in_order_in_runs_of_64_with_the_same_bytes),
        TEST (the_handlers_free_slots_level_out),
        TEST (what_one_handler_has_more_room_for_goes_in_one_frame),
        TEST (no_handler_gets_more_than_it_granted),
        TEST (credit_upward_is_what_the_handlers_granted),
        TEST (held_work_and_waiting_publishers_are_told_downward),
        TEST (credit_that_a_handler_wants_back_comes_back_from_the_publishers),
        TEST (what_cannot_be_placed_is_extended_at_two_thirds_and_released_at_one_lease),
        TEST (a_new_lease_of_what_could_not_be_placed_is_extended_again),
        TEST (unplaced_work_is_placed_as_soon_as_a_handler_comes),
        TEST (suspect_or_silent_handlers_get_no_new_work),
        TEST (work_of_a_copy_or_of_an_older_grant_is_dropped),
        TEST (a_redelivery_goes_to_the_handler_that_still_holds_it),
        TEST (a_redelivery_whose_handler_is_gone_goes_to_another),
        TEST (a_host_that_another_publisher_has_in_work_is_deferred),
        TEST (a_host_is_free_when_its_settlement_is_confirmed),
        TEST (host_0_has_no_gate),
        TEST (an_extension_goes_up_and_its_answer_finds_the_handler),
        TEST (a_pack_goes_on_whole_and_its_entries_stay_until_it_is_confirmed),
        TEST (what_is_for_a_publisher_that_is_not_linked_is_dropped_and_counted),
        TEST (a_pack_without_a_number_is_not_passed_on),
        TEST (revoked_work_is_dropped_while_nobody_has_it),
        TEST (revoked_goes_down_to_the_handler_that_has_it_and_nothing_is_lost_later),
        TEST (an_entry_that_nobody_speaks_of_is_forgotten_after_two_leases),
        TEST (defect_unbounded_queue_a_full_table_drops_and_grants_nothing),
        TEST (what_does_not_fit_into_one_turn_comes_in_the_next),
        TEST (deadlines_never_busy_loop),
        TEST (any_order_of_events_keeps_every_invariant),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
