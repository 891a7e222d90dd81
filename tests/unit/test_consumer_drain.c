//  Unit tests of the consumer: its drain from every cause, its faults, its last lines.

#include "common/core/links_counts.h"
#include "tests/unit/consumer_scene.h"

static scene_t s_scene;

#define LAST_LINES(nacked)                                                                         \
    "Nacking outstanding messages (" nacked ")\n"                                                  \
    "Cancelling 0 outstanding tasks\n"

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

static void
s_signal (int signo)
{
    scene_event (&s_scene, &(event_t){.kind = EVENT_SIGNAL, .signal = signo});
    scene_turn (&s_scene);
}

//  A neighbour says this verb with its present state.
static void
s_says (actor_t *actor, verb_t verb)
{
    scene_hear (&s_scene, fake_state (&actor->fake, verb));
    scene_turn (&s_scene);
}

//  One publisher, one handler, so many records with it and so many that are not placed.
static void
s_pipeline (uint64_t placed, size_t unplaced)
{
    scene_link_pub (&s_scene, 0);
    scene_link_handler (&s_scene, 0, placed);
    scene_burst (&s_scene, 0, 1, placed + unplaced);
    assert_int_equal (s_scene.handlers[0].work_count, placed);
    scene_forget (&s_scene);
}

static void
s_settle_all (size_t count)
{
    for (size_t i = 0; i < count; i++) {
        work_t work = scene_work (&s_scene, 0, i + 1);
        work.grant.serial = i + 1;
        scene_settle (&s_scene, 0, 0, &work, 1);
        scene_confirm (&s_scene, 0, s_scene.handlers[0].fake.epoch, i + 1);
    }
}

static void
a_signal_releases_what_is_not_placed_and_awaits_the_rest (void **state)
{
    (void) state;
    s_pipeline (2, 3);
    s_signal (TERM);
    assert_int_equal (scene_outcomes (&s_scene.pubs[0], OUTCOME_RELEASED), 3);
    assert_int_equal (s_scene.handlers[0].frames[VERB_EOS], 1);
    assert_int_equal (s_scene.pubs[0].beat.state, DRAIN_DRAINING);
    s_says (&s_scene.pubs[0], VERB_EOS);
    assert_int_equal (s_scene.pubs[0].frames[VERB_BYE], 0);
    scene_confirm (&s_scene, 0, SCENE_EPOCH, 1);
    assert_int_equal (s_scene.pubs[0].frames[VERB_BYE], 0); // the handler has two yet
    s_settle_all (2);
    assert_int_equal (s_scene.pubs[0].frames[VERB_BYE], 1);
    s_says (&s_scene.pubs[0], VERB_BYE);
    assert_int_equal (s_scene.exit_code, -1);
    s_says (&s_scene.handlers[0], VERB_BYE);
    assert_int_equal (s_scene.exit_code, EXIT_CLEAN);
    assert_int_equal (s_scene.handlers[0].frames[VERB_BYE], 1);
    assert_true (consumer_deadline (s_scene.consumer) == INT64_MAX);
    assert_string_equal (s_scene.lines, "Received exit signal SIGTERM...\n"
                                        "Draining: SIGTERM, 8.0 s left\n"
                                        "publisher-1 has left\n"
                                        "handler-1 has left\n" LAST_LINES ("3"));
}

static void
extensions_and_answers_flow_on_while_it_drains (void **state)
{
    (void) state;
    s_pipeline (1, 0);
    s_signal (TERM);
    work_t work = scene_work (&s_scene, 0, 1);
    work.grant.serial = 1;
    scene_extend (&s_scene, 0, &work, 4);
    assert_int_equal (s_scene.pubs[0].claim_count, 1);
    scene_answer (&s_scene, 0, &s_scene.pubs[0].claims[0], CLAIM_HELD);
    assert_int_equal (s_scene.handlers[0].claim_count, 1);
}

static void
work_that_comes_while_it_drains_is_released_and_grants_nothing (void **state)
{
    (void) state;
    s_pipeline (1, 0);
    s_signal (TERM);
    uint64_t credit = s_scene.pubs[0].beat.credit;
    scene_credit (&s_scene, 0, 10);
    scene_burst (&s_scene, 0, 50, 4);
    assert_int_equal (s_scene.handlers[0].work_count, 0);
    assert_int_equal (scene_outcomes (&s_scene.pubs[0], OUTCOME_RELEASED), 4);
    assert_true (s_scene.pubs[0].beat.credit == credit);
}

static void
once_a_second_a_line_says_what_is_left_and_who_has_it (void **state)
{
    (void) state;
    s_pipeline (2, 0);
    s_signal (TERM);
    scene_run (&s_scene, 2500 * MS);
    assert_int_equal (s_scene.says[SAY_DRAIN_LEFT], 2);
    assert_non_null (
        strstr (s_scene.lines, "Still 2 in hand, the oldest message 1 at handler-1, 6.0 s left"));
}

static void
at_the_deadline_the_rest_is_left_to_the_leases (void **state)
{
    (void) state;
    s_pipeline (2, 0);
    s_signal (TERM);
    int64_t start = s_scene.now_us;
    scene_run (&s_scene, 8 * SECOND - MS);
    assert_int_equal (s_scene.exit_code, -1);
    assert_int_equal (s_scene.pubs[0].frames[VERB_BYE], 0);
    scene_run (&s_scene, 5 * SECOND); // at its own deadlines
    assert_true (s_scene.exit_us - start <= 8 * SECOND + DRAIN_OVER_US);
    assert_int_equal (s_scene.exit_code, EXIT_HANDED_BACK);
    assert_int_equal (s_scene.pubs[0].settlement_count, 0);
    assert_true (s_scene.pubs[0].frames[VERB_BYE] >= 1);
    assert_true (s_scene.handlers[0].frames[VERB_EOS] >= 1);
    assert_int_equal (s_scene.says[SAY_DRAIN_DEADLINE], 1);
    assert_int_equal (s_scene.says[SAY_NACKING], 1);
}

static void
the_second_signal_hands_back_at_once (void **state)
{
    (void) state;
    s_pipeline (2, 2);
    s_signal (TERM);
    s_signal (TERM);
    assert_true (s_scene.pubs[0].frames[VERB_BYE] >= 1);
    assert_int_equal (s_scene.says[SAY_DRAIN_CUT_SHORT], 1);
    scene_run (&s_scene, SECOND);
    assert_int_equal (s_scene.exit_code, EXIT_HANDED_BACK);
    assert_int_equal (scene_outcomes (&s_scene.pubs[0], OUTCOME_RELEASED), 2);
}

static void
the_third_signal_leaves_at_once (void **state)
{
    (void) state;
    s_pipeline (2, 2);
    scene_event (&s_scene, &(event_t){.kind = EVENT_SIGNAL, .signal = TERM});
    scene_event (&s_scene, &(event_t){.kind = EVENT_SIGNAL, .signal = TERM});
    s_signal (TERM);
    assert_int_equal (s_scene.exit_code, 128 + TERM);
}

static void
a_time_out_of_zero_hands_back_at_once (void **state)
{
    (void) state;
    consumer_limits_t limits = scene_limits ();
    limits.links.drain_timeout_us = 0;
    scene_stop (&s_scene);
    scene_start (&s_scene, &limits);
    s_pipeline (0, 2);
    s_signal (TERM);
    assert_int_equal (scene_outcomes (&s_scene.pubs[0], OUTCOME_RELEASED), 2);
    scene_run (&s_scene, SECOND);
    assert_true (s_scene.exit_code >= 0);
}

static void
a_process_without_neighbours_leaves_at_once (void **state)
{
    (void) state;
    s_signal (TERM);
    assert_int_equal (s_scene.exit_code, EXIT_CLEAN);
    assert_string_equal (s_scene.lines, "Received exit signal SIGTERM...\n"
                                        "Draining: SIGTERM, 8.0 s left\n" LAST_LINES ("0"));
}

static void
when_its_last_handler_has_left_it_drains (void **state)
{
    (void) state;
    s_pipeline (0, 2);
    s_says (&s_scene.handlers[0], VERB_BYE);
    assert_int_equal (consumer_drain (s_scene.consumer)->state, DRAIN_DRAINING);
    assert_int_equal (consumer_drain (s_scene.consumer)->why, WHY_DOWNSTREAM_LEFT);
    assert_int_equal (scene_outcomes (&s_scene.pubs[0], OUTCOME_RELEASED), 2);
}

static void
one_of_several_handlers_may_leave (void **state)
{
    (void) state;
    scene_link_all (&s_scene, 10);
    s_says (&s_scene.handlers[0], VERB_BYE);
    s_says (&s_scene.handlers[1], VERB_BYE);
    assert_int_equal (consumer_drain (s_scene.consumer)->state, DRAIN_RUNNING);
    assert_true (s_scene.exit_code < 0);
}

static void
when_its_last_publisher_has_finished_it_drains_in_what_that_one_has_left (void **state)
{
    (void) state;
    s_pipeline (2, 0);
    scene_link_pub (&s_scene, 1);
    s_says (&s_scene.pubs[1], VERB_EOS);
    s_says (&s_scene.pubs[1], VERB_BYE);
    assert_int_equal (consumer_drain (s_scene.consumer)->state, DRAIN_RUNNING);
    s_scene.pubs[0].fake.beat.state = DRAIN_DRAINING;
    s_scene.pubs[0].fake.beat.why = WHY_SIGNAL;
    s_scene.pubs[0].fake.beat.signal = TERM;
    s_scene.pubs[0].fake.beat.left_ms = 4000;
    s_scene.pubs[0].fake.beat.origin = fake_text ("publisher-1");
    s_says (&s_scene.pubs[0], VERB_EOS);
    const drain_t *drain = consumer_drain (s_scene.consumer);
    assert_int_equal (drain->state, DRAIN_DRAINING);
    assert_int_equal (drain->why, WHY_UPSTREAM_FINISHED);
    assert_string_equal (drain->origin, "publisher-1");
    assert_int_equal (drain_left_ms (drain, s_scene.now_us), 3500);
    s_settle_all (2);
    s_says (&s_scene.pubs[0], VERB_BYE);
    s_says (&s_scene.handlers[0], VERB_BYE);
    assert_int_equal (s_scene.exit_code, EXIT_CLEAN);
}

static void
a_finished_publisher_without_a_deadline_leaves_the_consumers_own (void **state)
{
    (void) state;
    consumer_limits_t limits = scene_limits ();
    limits.links.up_count = 1;
    scene_stop (&s_scene);
    scene_start (&s_scene, &limits);
    s_pipeline (1, 0);
    s_says (&s_scene.pubs[0], VERB_EOS);
    const drain_t *drain = consumer_drain (s_scene.consumer);
    assert_int_equal (drain->why, WHY_UPSTREAM_FINISHED);
    assert_int_equal (drain_left_ms (drain, s_scene.now_us), 8000);
}

static void
a_name_in_use_ends_with_78_and_one_clear_line (void **state)
{
    (void) state;
    scene_turn (&s_scene);
    wire_header_t header = {.verb = VERB_REFUSED, .sender = 0x10, .receiver = SCENE_EPOCH};
    uint8_t bytes[HEADER_BYTES];
    for (int i = 0; i < 90 && s_scene.exit_code < 0; i++) {
        header.link = scene_peer (&s_scene, &s_scene.pubs[0])->link;
        wire_put_header (bytes, &header);
        scene_hear (&s_scene, (bytes_t){bytes, sizeof bytes});
        scene_run (&s_scene, 100 * MS);
    }
    assert_int_equal (s_scene.exit_code, EXIT_CONFIG);
    assert_int_equal (s_scene.says[SAY_NAME_IN_USE], 1);
    assert_int_equal (s_scene.says[SAY_NAME_GIVEN_UP], 1);
    assert_non_null (strstr (s_scene.lines, "ipc://@p1 says: my name is in use, giving up"));
}

static void
usr1_shows_what_is_in_hand_and_drains_nothing (void **state)
{
    (void) state;
    s_pipeline (2, 1);
    s_signal (USR1);
    assert_string_equal (s_scene.lines, "In hand: 2; handler-1\nIn hand: 3; in all\n");
    assert_int_equal (consumer_drain (s_scene.consumer)->state, DRAIN_RUNNING);
    assert_int_equal (consumer_drain (s_scene.consumer)->signals, 0);
}

static void
what_the_state_sockets_say_is_taken_and_garbage_is_not (void **state)
{
    (void) state;
    s_pipeline (0, 0);
    s_scene.handlers[0].fake.beat.state = DRAIN_DRAINING;
    s_scene.handlers[0].fake.beat.version++;
    bytes_t frames[2] = {fake_state (&s_scene.handlers[0].fake, VERB_BEAT), {NULL, 0}};
    scene_event (&s_scene, &(event_t){.kind = EVENT_PUBLISHED, .count = 2, .frames = frames});
    scene_turn (&s_scene);
    assert_int_equal (s_scene.says[SAY_PEER_DRAINING], 1);
    assert_true (links_counts (consumer_links (s_scene.consumer))->bad == 1);
}

static void
a_stall_cuts_nobody_off (void **state)
{
    (void) state;
    s_pipeline (1, 0);
    s_scene.now_us += 20 * SECOND;
    scene_event (&s_scene, &(event_t){.kind = EVENT_STALL, .stall_us = 20 * SECOND});
    scene_turn (&s_scene);
    assert_int_equal (scene_peer (&s_scene, &s_scene.handlers[0])->phase, PEER_UP);
    s_scene.now_us += 20 * SECOND;
    scene_turn (&s_scene);
    assert_int_equal (scene_peer (&s_scene, &s_scene.handlers[0])->phase, PEER_ENDED);
}

//  ---- Faults

static void
s_start_failing (double chance)
{
    consumer_limits_t limits = scene_limits ();
    limits.fail_consume = chance;
    scene_stop (&s_scene);
    scene_start (&s_scene, &limits);
}

static void
a_message_that_cannot_be_consumed_is_nacked_failed_and_ends_with_70 (void **state)
{
    (void) state;
    s_start_failing (1);
    scene_link_pub (&s_scene, 0);
    scene_link_handler (&s_scene, 0, 10);
    scene_forget (&s_scene);
    scene_burst (&s_scene, 0, 1, 1);
    assert_int_equal (scene_outcomes (&s_scene.pubs[0], OUTCOME_FAILED), 1);
    assert_true (consumer_counts (s_scene.consumer)->failed == 1);
    assert_int_equal (s_scene.handlers[0].work_count, 0);
    assert_int_equal (s_scene.says[SAY_CONSUMED], 0);
    scene_confirm (&s_scene, 0, SCENE_EPOCH, 1);
    s_says (&s_scene.pubs[0], VERB_EOS);
    s_says (&s_scene.pubs[0], VERB_BYE);
    s_says (&s_scene.handlers[0], VERB_BYE);
    assert_int_equal (s_scene.exit_code, EXIT_INTERNAL);
    assert_string_equal (s_scene.lines, "Caught exception: Could not consume cattle-gw75\n"
                                        "Shutting down...\n"
                                        "Draining: an error, 8.0 s left\n"
                                        "publisher-1 has left\n"
                                        "handler-1 has left\n" LAST_LINES ("0"));
}

//  In the article two errors in one moment started two shutdowns, the second one of the first.
static void
defect_two_shutdowns_many_errors_start_one (void **state)
{
    (void) state;
    s_start_failing (1);
    scene_link_pub (&s_scene, 0);
    scene_link_handler (&s_scene, 0, 100);
    scene_burst (&s_scene, 0, 1, 20);
    scene_burst (&s_scene, 0, 21, 1);
    scene_event (&s_scene, &(event_t){.kind = EVENT_FAULT, .fault = "one"});
    scene_event (&s_scene, &(event_t){.kind = EVENT_FAULT, .fault = "two"});
    scene_turn (&s_scene);
    assert_int_equal (s_scene.says[SAY_SHUTTING_DOWN], 1);
    assert_int_equal (s_scene.says[SAY_DRAINING], 1);
    assert_int_equal (scene_outcomes (&s_scene.pubs[0], OUTCOME_FAILED), 21);
    assert_non_null (strstr (s_scene.lines, "Caught exception: one\n"));
    assert_null (strstr (s_scene.lines, "Caught exception: two\n"));
    assert_int_equal (consumer_drain (s_scene.consumer)->exit_code, EXIT_INTERNAL);
}

static void
an_error_while_draining_changes_the_exit_code_only (void **state)
{
    (void) state;
    s_pipeline (1, 0);
    s_signal (TERM);
    scene_event (&s_scene, &(event_t){.kind = EVENT_FAULT, .fault = "late"});
    scene_turn (&s_scene);
    assert_int_equal (s_scene.says[SAY_FAULT], 1);
    assert_int_equal (s_scene.says[SAY_SHUTTING_DOWN], 0);
    assert_int_equal (consumer_drain (s_scene.consumer)->why, WHY_SIGNAL);
    assert_int_equal (consumer_drain (s_scene.consumer)->exit_code, EXIT_INTERNAL);
}

//  Which of 200 messages fail, as text; a consumer takes all of them before its turn comes.
static void
s_failures (char out[201], double chance, uint16_t delivery)
{
    s_start_failing (chance);
    scene_link_pub (&s_scene, 0);
    scene_forget (&s_scene);
    for (uint64_t seq = 0; seq < 200; seq++) {
        work_t work = scene_work (&s_scene, 0, seq + 1);
        work.delivery = delivery;
        scene_send (&s_scene, 0, &work, 1);
    }
    scene_turn (&s_scene);
    memset (out, '.', 200);
    out[200] = 0;
    for (size_t i = 0; i < s_scene.pubs[0].settlement_count; i++) {
        const settlement_t *said = &s_scene.pubs[0].settlements[i];
        if (said->outcome == OUTCOME_FAILED) {
            out[said->name.seq - 1] = 'F';
        }
    }
}

static void
injected_failures_are_drawn_from_seed_id_and_delivery (void **state)
{
    (void) state;
    char one[201], two[201], other[201], none[201];
    s_failures (one, 0.2, 1);
    s_failures (two, 0.2, 1);
    s_failures (other, 0.2, 2);
    s_failures (none, 0, 1);
    assert_string_equal (one, two);
    assert_string_not_equal (one, other);
    assert_null (strchr (none, 'F'));
    size_t failed = 0;
    for (size_t i = 0; i < 200; i++) {
        failed += one[i] == 'F';
    }
    assert_in_range (failed, 25, 60);
}

int
main (void)
{
#define TEST(name) cmocka_unit_test_setup_teardown (name, s_setup, s_teardown)
    const struct CMUnitTest tests[] = {
        TEST (a_signal_releases_what_is_not_placed_and_awaits_the_rest),
        TEST (extensions_and_answers_flow_on_while_it_drains),
        TEST (work_that_comes_while_it_drains_is_released_and_grants_nothing),
        TEST (once_a_second_a_line_says_what_is_left_and_who_has_it),
        TEST (at_the_deadline_the_rest_is_left_to_the_leases),
        TEST (the_second_signal_hands_back_at_once),
        TEST (the_third_signal_leaves_at_once),
        TEST (a_time_out_of_zero_hands_back_at_once),
        TEST (a_process_without_neighbours_leaves_at_once),
        TEST (when_its_last_handler_has_left_it_drains),
        TEST (one_of_several_handlers_may_leave),
        TEST (when_its_last_publisher_has_finished_it_drains_in_what_that_one_has_left),
        TEST (a_finished_publisher_without_a_deadline_leaves_the_consumers_own),
        TEST (a_name_in_use_ends_with_78_and_one_clear_line),
        TEST (usr1_shows_what_is_in_hand_and_drains_nothing),
        TEST (what_the_state_sockets_say_is_taken_and_garbage_is_not),
        TEST (a_stall_cuts_nobody_off),
        TEST (a_message_that_cannot_be_consumed_is_nacked_failed_and_ends_with_70),
        TEST (defect_two_shutdowns_many_errors_start_one),
        TEST (an_error_while_draining_changes_the_exit_code_only),
        TEST (injected_failures_are_drawn_from_seed_id_and_delivery),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
