//  Unit tests of the consumer: deaths, cuts, lists of holdings, packs of its own.

#include "tests/unit/consumer_scene.h"

static scene_t s_scene;
static work_t s_works[KEPT]; // that the last handler was sent, texts and all

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

//  Records 1 .. count of the first publisher are with the first handler.
static void
s_placed (size_t count)
{
    scene_link_pub (&s_scene, 0);
    scene_link_handler (&s_scene, 0, count);
    for (size_t i = 0; i < count; i++) {
        s_works[i] = scene_work (&s_scene, 0, i + 1);
    }
    scene_send (&s_scene, 0, s_works, count);
    scene_turn (&s_scene);
    assert_int_equal (s_scene.handlers[0].work_count, count);
    scene_forget (&s_scene);
}

//  The first publisher ends the link, and takes the new one.
static void
s_relink (void)
{
    wire_header_t header = {.verb = VERB_AGAIN,
                            .link = s_scene.pubs[0].fake.link,
                            .sender = s_scene.pubs[0].fake.epoch,
                            .receiver = SCENE_EPOCH};
    uint8_t bytes[HEADER_BYTES];
    wire_put_header (bytes, &header);
    scene_hear (&s_scene, (bytes_t){bytes, sizeof bytes});
    scene_link_pub (&s_scene, 0);
}

//  ---- Deaths

static void
what_a_dead_handler_held_is_lost_at_once (void **state)
{
    (void) state;
    s_placed (50);
    scene_kill (&s_scene, 0);
    scene_run (&s_scene, PEER_PROBE_US - MS);
    assert_int_equal (s_scene.pubs[0].settlement_count, 0);
    scene_run (&s_scene, 2 * MS);
    assert_int_equal (scene_outcomes (&s_scene.pubs[0], OUTCOME_LOST), 50);
    assert_true (consumer_counts (s_scene.consumer)->lost == 50);
    assert_int_equal (s_scene.says[SAY_PEER_DEAD], 1);
}

static void
what_a_silent_handler_holds_stays_with_it (void **state)
{
    (void) state;
    s_placed (5);
    scene_silence (&s_scene.handlers[0]);
    scene_run (&s_scene, 5 * SECOND);
    assert_int_equal (s_scene.says[SAY_PEER_CUT], 1);
    assert_int_equal (s_scene.pubs[0].settlement_count, 0);
    assert_int_equal (consumer_in_hand (s_scene.consumer), 5);
}

static void
what_a_silent_process_held_stays_with_it_when_another_takes_its_name (void **state)
{
    (void) state;
    s_placed (5);
    scene_silence (&s_scene.handlers[0]);
    scene_run (&s_scene, 5 * SECOND);
    s_scene.handlers[0].fake.epoch += 0x100;
    scene_link_handler (&s_scene, 0, 10);
    assert_int_equal (scene_outcomes (&s_scene.pubs[0], OUTCOME_LOST), 0);
    assert_int_equal (consumer_in_hand (s_scene.consumer), 5);
}

static void
a_handler_of_another_name_loses_nothing_of_a_silent_one (void **state)
{
    (void) state;
    s_placed (5);
    scene_silence (&s_scene.handlers[0]);
    scene_run (&s_scene, 5 * SECOND);
    //  All slots are taken by others in turn, the last one is that of the silent handler.
    for (uint32_t i = 0; i < LINKS_DOWN_MAX; i++) {
        static char names[LINKS_DOWN_MAX][16];
        snprintf (names[i], sizeof names[i], "handler-x%u", i);
        fake_init (&s_scene.handlers[1].fake, STAGE_HANDLER, names[i], 0x500 + i, SCENE_EPOCH);
        s_scene.handlers[1].fake.link = 7; // its numbers are its own
        assert_true (scene_hold (&s_scene, 1, NULL, 0));
    }
    assert_int_equal (s_scene.handlers[1].slot, LINKS_UP_MAX);
    assert_int_equal (s_scene.pubs[0].settlement_count, 0);
    assert_int_equal (consumer_in_hand (s_scene.consumer), 5);
}

//  ---- Lists from below

static void
what_a_handler_does_not_list_on_its_next_link_is_released (void **state)
{
    (void) state;
    s_placed (5);
    uint64_t epoch = s_scene.handlers[0].fake.epoch;
    claim_t claims[2] = {fake_claim (&s_works[1], CLAIM_HOLDS, epoch, 0),
                         fake_claim (&s_works[3], CLAIM_HOLDS, epoch, 0)};
    assert_true (scene_hold (&s_scene, 0, claims, 2));
    assert_int_equal (scene_outcomes (&s_scene.pubs[0], OUTCOME_RELEASED), 3);
    for (size_t i = 0; i < 3; i++) {
        assert_true (s_scene.pubs[0].settlements[i].name.seq % 2 == 1);
    }
    assert_int_equal (consumer_in_hand (s_scene.consumer), 5); // until they are confirmed
    scene_confirm (&s_scene, 0, SCENE_EPOCH, 1);
    assert_int_equal (consumer_in_hand (s_scene.consumer), 2);
}

static void
what_is_listed_and_unknown_is_adopted (void **state)
{
    (void) state;
    work_t work = scene_work (&s_scene, 0, 7);
    claim_t claim = fake_claim (&work, CLAIM_HOLDS, s_scene.handlers[0].fake.epoch, 3);
    claim.steps = STEP_RESTARTED;
    assert_true (scene_hold (&s_scene, 0, &claim, 1)); // before its publisher is known
    assert_int_equal (consumer_in_hand (s_scene.consumer), 1);
    scene_link_pub (&s_scene, 0);
    assert_int_equal (s_scene.pubs[0].holding_count, 1);
    const claim_t *held = &s_scene.pubs[0].holdings[0];
    assert_true (held->name.seq == 7 && held->grant.serial == work.grant.serial);
    assert_true (held->holder == s_scene.handlers[0].fake.epoch);
    assert_int_equal (held->steps, STEP_RESTARTED);
    assert_int_equal (held->kind, CLAIM_HOLDS);
    scene_kill (&s_scene, 0);
    scene_run (&s_scene, SECOND);
    assert_int_equal (scene_outcomes (&s_scene.pubs[0], OUTCOME_LOST), 1);
    assert_int_equal (s_scene.pubs[0].settlements[0].steps, STEP_RESTARTED);
}

static void
what_is_extended_and_unknown_is_adopted (void **state)
{
    (void) state;
    scene_link_pub (&s_scene, 0);
    scene_link_handler (&s_scene, 0, 10);
    work_t work = scene_work (&s_scene, 0, 7);
    scene_extend (&s_scene, 0, &work, 1);
    assert_int_equal (consumer_in_hand (s_scene.consumer), 1);
    assert_int_equal (s_scene.pubs[0].claim_count, 1);
    scene_settle (&s_scene, 0, 0, &work, 1);
    scene_confirm (&s_scene, 0, s_scene.handlers[0].fake.epoch, 1);
    assert_int_equal (consumer_in_hand (s_scene.consumer), 0);
}

static void
a_message_of_a_cut_handler_moves_to_its_new_slot_with_its_list (void **state)
{
    (void) state;
    s_placed (1);
    scene_silence (&s_scene.handlers[0]);
    scene_run (&s_scene, 5 * SECOND);
    claim_t claim = fake_claim (&s_works[0], CLAIM_HOLDS, s_scene.handlers[0].fake.epoch, 0);
    assert_true (scene_hold (&s_scene, 0, &claim, 1));
    scene_run (&s_scene, 100 * MS);
    assert_int_equal (s_scene.pubs[0].settlement_count, 0);
    scene_kill (&s_scene, 0);
    scene_run (&s_scene, SECOND);
    assert_int_equal (scene_outcomes (&s_scene.pubs[0], OUTCOME_LOST), 1);
}

static void
a_list_with_an_older_lease_says_that_the_newer_one_never_arrived (void **state)
{
    (void) state;
    s_placed (1);
    work_t newer = scene_work (&s_scene, 0, 1);
    scene_send (&s_scene, 0, &newer, 1);
    scene_credit (&s_scene, 0, 1);
    assert_int_equal (s_scene.handlers[0].work_count, 1);
    claim_t claim = fake_claim (&s_works[0], CLAIM_HOLDS, s_scene.handlers[0].fake.epoch, 0);
    assert_true (scene_hold (&s_scene, 0, &claim, 1));
    assert_int_equal (scene_outcomes (&s_scene.pubs[0], OUTCOME_RELEASED), 1);
    assert_true (s_scene.pubs[0].settlements[0].grant.serial == newer.grant.serial);
}

static void
work_that_waits_goes_to_the_handler_that_lists_it (void **state)
{
    (void) state;
    scene_link_pub (&s_scene, 0);
    work_t works[2] = {scene_work (&s_scene, 0, 1), scene_work (&s_scene, 0, 2)};
    work_t old = works[1];
    works[1].grant.serial += 10;
    scene_send (&s_scene, 0, works, 2);
    scene_turn (&s_scene);
    claim_t claim = fake_claim (&old, CLAIM_HOLDS, s_scene.handlers[0].fake.epoch, 0);
    assert_true (scene_hold (&s_scene, 0, &claim, 1));
    scene_link_handler (&s_scene, 1, 0);
    s_scene.handlers[0].fake.beat.credit = 5;
    s_scene.handlers[1].fake.beat.credit = 50;
    scene_hear (&s_scene, fake_state (&s_scene.handlers[0].fake, VERB_BEAT));
    scene_hear (&s_scene, fake_state (&s_scene.handlers[1].fake, VERB_BEAT));
    scene_turn (&s_scene);
    assert_int_equal (s_scene.handlers[0].work_count, 1);
    assert_true (s_scene.handlers[0].works[0].name.seq == 2);
    assert_int_equal (s_scene.handlers[1].work_count, 1);
}

//  ---- Lists upward

static void
a_long_list_is_said_in_frames_and_closed_by_its_count (void **state)
{
    (void) state;
    s_placed (3000);
    actor_t *pub = &s_scene.pubs[0];
    scene_silence (pub);
    scene_extend (&s_scene, 0, &s_works[0], 1); // and nothing else goes over that link meanwhile
    scene_run (&s_scene, 5 * SECOND);
    scene_forget (&s_scene);
    pub->fake.epoch += 0x100;
    scene_link_pub (&s_scene, 0);
    assert_int_equal (pub->holding_count, 3000);
    bool seen[3001] = {false};
    for (size_t i = 0; i < 3000; i++) {
        assert_false (seen[pub->holdings[i].name.seq]);
        seen[pub->holdings[i].name.seq] = true;
    }
    assert_int_equal (pub->claim_count, 0);
}

static void
each_publisher_hears_of_its_own_messages_only (void **state)
{
    (void) state;
    work_t works[2] = {scene_work (&s_scene, 0, 1), scene_work (&s_scene, 1, 2)};
    claim_t claims[2];
    for (size_t i = 0; i < 2; i++) {
        claims[i] = fake_claim (&works[i], CLAIM_HOLDS, s_scene.handlers[0].fake.epoch, 0);
    }
    assert_true (scene_hold (&s_scene, 0, claims, 2));
    scene_link_pub (&s_scene, 0);
    scene_link_pub (&s_scene, 1);
    assert_int_equal (s_scene.pubs[0].holding_count, 1);
    assert_true (s_scene.pubs[0].holdings[0].name.seq == 1);
    assert_int_equal (s_scene.pubs[1].holding_count, 1);
    assert_true (s_scene.pubs[1].holdings[0].name.seq == 2);
}

static void
what_is_not_placed_yet_is_listed_as_its_own (void **state)
{
    (void) state;
    scene_link_pub (&s_scene, 0);
    scene_burst (&s_scene, 0, 1, 1);
    scene_forget (&s_scene);
    s_relink ();
    assert_int_equal (s_scene.pubs[0].holding_count, 1);
    assert_true (s_scene.pubs[0].holdings[0].holder == SCENE_EPOCH);
}

static void
more_publishers_than_can_be_named_are_never_served (void **state)
{
    (void) state;
    scene_link_handler (&s_scene, 0, 10);
    for (uint32_t i = 0; i < CONSUMER_PUBS_MAX; i++) {
        char name[16];
        snprintf (name, sizeof name, "other-%u", i);
        work_t work = scene_work (&s_scene, 0, 100 + i);
        claim_t claim = fake_claim (&work, CLAIM_EXTENDS, s_scene.handlers[0].fake.epoch, 1);
        claim.publisher = fake_text (name);
        scene_hear (&s_scene, fake_claims (&s_scene.handlers[0].fake, VERB_EXTEND, &claim, 1));
    }
    scene_turn (&s_scene);
    assert_int_equal (consumer_in_hand (s_scene.consumer), CONSUMER_PUBS_MAX);
    actor_t *pub = &s_scene.pubs[0];
    scene_turn (&s_scene);
    scene_hear (&s_scene, fake_welcome (&pub->fake));
    scene_turn (&s_scene);
    assert_int_equal (scene_peer (&s_scene, pub)->phase, PEER_GREETED);
    scene_extend (&s_scene, 0, &(work_t){.name = {0xA0, 9}, .grant = {1, 1}}, 1);
    work_t work = scene_work (&s_scene, 0, 5);
    scene_send (&s_scene, 0, &work, 1);
    scene_turn (&s_scene);
    assert_int_equal (consumer_in_hand (s_scene.consumer), CONSUMER_PUBS_MAX);
}

//  ---- Packs of its own

static void
an_own_pack_is_said_again_until_it_is_confirmed (void **state)
{
    (void) state;
    s_placed (70);
    scene_kill (&s_scene, 0);
    scene_run (&s_scene, SECOND);
    actor_t *pub = &s_scene.pubs[0];
    assert_int_equal (pub->pack_count, 2); // 64 and 6
    assert_int_equal (pub->settlement_count, 70);
    scene_run (&s_scene, 3 * SECOND);
    assert_int_equal (pub->pack_count, 4);
    assert_int_equal (pub->settlement_count, 140);
    assert_true (pub->packs[2].number == 1 && pub->packs[3].number == 2);
    scene_confirm (&s_scene, 0, SCENE_EPOCH, 1);
    assert_int_equal (consumer_in_hand (s_scene.consumer), 6);
    scene_run (&s_scene, 2 * SECOND);
    assert_int_equal (pub->pack_count, 5);
    scene_confirm (&s_scene, 0, SCENE_EPOCH, 2);
    scene_confirm (&s_scene, 0, SCENE_EPOCH, 2); // twice does no harm
    assert_int_equal (consumer_in_hand (s_scene.consumer), 0);
    scene_forget (&s_scene);
    scene_run (&s_scene, 5 * SECOND);
    assert_int_equal (pub->pack_count, 0);
}

static void
an_own_pack_is_said_at_once_on_a_new_link (void **state)
{
    (void) state;
    s_placed (3);
    scene_kill (&s_scene, 0);
    scene_run (&s_scene, SECOND);
    actor_t *pub = &s_scene.pubs[0];
    assert_int_equal (pub->pack_count, 1);
    scene_silence (pub);
    scene_run (&s_scene, 5 * SECOND);
    scene_forget (&s_scene);
    scene_run (&s_scene, 3 * SECOND);
    assert_int_equal (pub->pack_count, 0); // nobody to say it to
    scene_link_pub (&s_scene, 0);
    scene_run (&s_scene, 10 * MS);
    assert_int_equal (pub->pack_count, 1);
    assert_int_equal (pub->settlement_count, 3);
}

static void
a_new_link_does_not_wait_for_the_repetition (void **state)
{
    (void) state;
    s_placed (3);
    scene_kill (&s_scene, 0);
    scene_run (&s_scene, PEER_PROBE_US + MS);
    assert_int_equal (s_scene.pubs[0].pack_count, 1);
    s_relink ();
    scene_run (&s_scene, MS);
    assert_int_equal (s_scene.pubs[0].pack_count, 2);
}

static void
what_waits_for_a_publisher_is_packed_when_it_comes (void **state)
{
    (void) state;
    s_placed (3);
    scene_silence (&s_scene.pubs[0]);
    scene_run (&s_scene, 5 * SECOND);
    scene_kill (&s_scene, 0);
    scene_run (&s_scene, SECOND);
    assert_int_equal (s_scene.pubs[0].pack_count, 0);
    scene_link_pub (&s_scene, 0);
    assert_int_equal (scene_outcomes (&s_scene.pubs[0], OUTCOME_LOST), 3);
}

static void
an_own_pack_whose_leases_have_ended_is_forgotten (void **state)
{
    (void) state;
    s_placed (3);
    scene_kill (&s_scene, 0);
    scene_run (&s_scene, 12 * SECOND); // said again and again, never confirmed
    assert_int_equal (consumer_in_hand (s_scene.consumer), 0);
    scene_forget (&s_scene);
    scene_run (&s_scene, 5 * SECOND);
    assert_int_equal (s_scene.pubs[0].pack_count, 0);
}

static void
a_new_lease_takes_a_message_out_of_an_own_pack (void **state)
{
    (void) state;
    s_placed (2);
    scene_kill (&s_scene, 0);
    scene_run (&s_scene, SECOND);
    scene_link_handler (&s_scene, 1, 10);
    scene_burst (&s_scene, 0, 1, 1);
    assert_int_equal (s_scene.handlers[1].work_count, 1);
    scene_forget (&s_scene);
    scene_run (&s_scene, 2500 * MS);
    assert_int_equal (s_scene.pubs[0].settlement_count, 1);
    assert_true (s_scene.pubs[0].settlements[0].name.seq == 2);
    scene_confirm (&s_scene, 0, SCENE_EPOCH, 1);
    assert_int_equal (consumer_in_hand (s_scene.consumer), 1);
}

static void
a_pack_of_a_handler_that_died_after_it_counts_before_the_loss (void **state)
{
    (void) state;
    s_placed (1);
    scene_settle (&s_scene, 0, 0, s_works, 1);
    scene_kill (&s_scene, 0);
    scene_run (&s_scene, SECOND);
    assert_int_equal (s_scene.pubs[0].pack_count, 2);
    assert_int_equal (s_scene.pubs[0].settlements[0].outcome, OUTCOME_DONE);
    assert_int_equal (s_scene.pubs[0].settlements[1].outcome, OUTCOME_LOST);
}

int
main (void)
{
#define TEST(name) cmocka_unit_test_setup_teardown (name, s_setup, s_teardown)
    const struct CMUnitTest tests[] = {
        TEST (what_a_dead_handler_held_is_lost_at_once),
        TEST (what_a_silent_handler_holds_stays_with_it),
        TEST (what_a_silent_process_held_stays_with_it_when_another_takes_its_name),
        TEST (a_handler_of_another_name_loses_nothing_of_a_silent_one),
        TEST (what_a_handler_does_not_list_on_its_next_link_is_released),
        TEST (what_is_listed_and_unknown_is_adopted),
        TEST (what_is_extended_and_unknown_is_adopted),
        TEST (a_message_of_a_cut_handler_moves_to_its_new_slot_with_its_list),
        TEST (a_list_with_an_older_lease_says_that_the_newer_one_never_arrived),
        TEST (work_that_waits_goes_to_the_handler_that_lists_it),
        TEST (a_long_list_is_said_in_frames_and_closed_by_its_count),
        TEST (each_publisher_hears_of_its_own_messages_only),
        TEST (what_is_not_placed_yet_is_listed_as_its_own),
        TEST (more_publishers_than_can_be_named_are_never_served),
        TEST (an_own_pack_is_said_again_until_it_is_confirmed),
        TEST (an_own_pack_is_said_at_once_on_a_new_link),
        TEST (a_new_link_does_not_wait_for_the_repetition),
        TEST (what_waits_for_a_publisher_is_packed_when_it_comes),
        TEST (an_own_pack_whose_leases_have_ended_is_forgotten),
        TEST (a_new_lease_takes_a_message_out_of_an_own_pack),
        TEST (a_pack_of_a_handler_that_died_after_it_counts_before_the_loss),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
