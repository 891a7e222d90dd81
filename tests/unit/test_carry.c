//  Unit tests of carry: what a consumer takes along from one neighbour to another, and its limits.

#include "consumer/carry.h"
#include "tests/unit/links_bench.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

enum {
    CLAIMS = 3000
};

static bench_t s_bench; // a consumer
static carry_t s_carry;
static fake_peer_t s_up, s_down;
static peer_t *s_above;
static peer_t *s_below;

static int
s_setup (void **state)
{
    (void) state;
    links_config_t config = bench_config (STAGE_CONSUMER);
    bench_start (&s_bench, &config);
    s_above = bench_link_up (&s_bench, &s_up, 0, "publisher-1");
    s_below = bench_link_down (&s_bench, &s_down, "handler-1", 9);
    effects_clear (&s_bench.effects);
    return carry_init (&s_carry, CLAIMS);
}

static int
s_teardown (void **state)
{
    (void) state;
    carry_term (&s_carry);
    bench_stop (&s_bench);
    return 0;
}

static claim_t
s_claim (uint64_t seq)
{
    work_t work = bench_work (seq);
    return fake_claim (&work, CLAIM_EXTENDS, 9, (uint32_t) seq);
}

static uint32_t
s_slot (const peer_t *peer)
{
    return links_slot (s_bench.links, peer);
}

static bool
s_out (peer_t *peer)
{
    return carry_out (&s_carry, s_bench.links, peer, &s_bench.effects);
}

static void
claims_go_out_in_order_with_their_publishers_name (void **state)
{
    (void) state;
    char name[] = "publisher-7";
    for (uint64_t seq = 1; seq <= 3; seq++) {
        claim_t claim = s_claim (seq);
        claim.publisher = fake_text (name);
        assert_true (carry_claim (&s_carry, s_slot (s_above), &claim));
    }
    memset (name, 'x', sizeof name - 1); // the frame it came in is gone
    assert_true (s_out (s_above));
    claim_t out[3];
    assert_int_equal (fake_take_claims (&s_up, &s_bench.effects, VERB_EXTEND, out, 3), 3);
    for (uint64_t seq = 1; seq <= 3; seq++) {
        assert_true (out[seq - 1].name.seq == seq);
        assert_int_equal (out[seq - 1].publisher.length, 11);
        assert_memory_equal (out[seq - 1].publisher.at, "publisher-7", 11);
    }
    assert_int_equal (slab_used (s_carry.claims), 0);
}

static void
downward_claims_are_answers (void **state)
{
    (void) state;
    claim_t claim = s_claim (1);
    claim.kind = CLAIM_HELD;
    assert_true (carry_claim (&s_carry, s_slot (s_below), &claim));
    assert_true (s_out (s_below));
    claim_t out[1];
    assert_int_equal (fake_take_claims (&s_down, &s_bench.effects, VERB_ANSWER, out, 1), 1);
}

static void
claims_go_in_frames_of_1024_and_one_more (void **state)
{
    (void) state;
    for (uint64_t seq = 1; seq <= CLAIMS_MAX + 1; seq++) {
        claim_t claim = s_claim (seq);
        assert_true (carry_claim (&s_carry, s_slot (s_above), &claim));
    }
    assert_true (s_out (s_above));
    assert_int_equal (fake_frames (&s_bench.effects, VERB_EXTEND), 2);
}

static void
more_claims_than_fit_are_not_taken (void **state)
{
    (void) state;
    claim_t claim = s_claim (1);
    for (uint32_t i = 0; i < CLAIMS; i++) {
        assert_true (carry_claim (&s_carry, i % LINKS_MAX, &claim));
    }
    assert_false (carry_claim (&s_carry, 0, &claim));
    for (uint32_t slot = 0; slot < LINKS_MAX; slot++) {
        carry_drop (&s_carry, slot);
    }
    assert_int_equal (slab_used (s_carry.claims), 0);
    assert_true (carry_claim (&s_carry, 0, &claim));
}

//  A pack's body in s_down.bytes.
static wire_reader_t
s_pack (size_t count)
{
    static settlement_t list[PACK_RECORDS_MAX];
    for (size_t i = 0; i < count; i++) {
        work_t work = bench_work (i + 1);
        list[i] = fake_settlement (&work, OUTCOME_FAILED, STEP_SAVED, "no route to host");
    }
    pack_t pack = {.holder = 9,
                   .number = 5,
                   .publisher = fake_text ("publisher-1"),
                   .holder_name = fake_text ("handler-1")};
    bytes_t frame = fake_settle (&s_down, &pack, list, count);
    return (wire_reader_t){frame.at + HEADER_BYTES, frame.at + frame.length};
}

static void
a_pack_goes_on_with_the_same_bytes (void **state)
{
    (void) state;
    wire_reader_t body = s_pack (PACK_RECORDS_MAX);
    size_t length = (size_t) (body.end - body.at);
    uint8_t copy[CARRY_PACK_BYTES];
    memcpy (copy, body.at, length);
    assert_true (carry_pack (&s_carry, s_slot (s_above), PACK_RECORDS_MAX, body));
    memset (s_down.bytes, 0, sizeof s_down.bytes);
    assert_true (s_out (s_above));
    assert_int_equal (s_bench.effects.count, 1);
    bytes_t frame = s_bench.effects.list[0].frame;
    assert_int_equal (frame.length, HEADER_BYTES + length);
    assert_memory_equal (frame.at + HEADER_BYTES, copy, length);
    settlement_t out[PACK_RECORDS_MAX];
    assert_int_equal (fake_take_settlements (&s_up, &s_bench.effects, out, PACK_RECORDS_MAX),
                      PACK_RECORDS_MAX);
}

static void
more_packs_than_fit_are_not_taken (void **state)
{
    (void) state;
    uint32_t most = CLAIMS / PACK_RECORDS_MAX + CARRY_PACKS_MIN;
    wire_reader_t body = s_pack (1);
    for (uint32_t i = 0; i < most; i++) {
        assert_true (carry_pack (&s_carry, 0, 1, body));
    }
    assert_false (carry_pack (&s_carry, 0, 1, body));
    carry_drop (&s_carry, 0);
    assert_int_equal (slab_used (s_carry.packs), 0);
}

static void
a_pack_longer_than_any_legal_one_is_not_taken (void **state)
{
    (void) state;
    static uint8_t bytes[CARRY_PACK_BYTES + 1];
    assert_false (carry_pack (&s_carry, 0, 1, (wire_reader_t){bytes, bytes + sizeof bytes}));
    assert_true (carry_pack (&s_carry, 0, 1, (wire_reader_t){bytes, bytes + CARRY_PACK_BYTES}));
}

static void
confirmations_go_out_in_frames_of_1024_and_one_more (void **state)
{
    (void) state;
    for (uint64_t number = 1; number <= CONFIRMS_MAX + 1; number++) {
        assert_true (carry_confirm (&s_carry, s_slot (s_below), 9, number));
    }
    assert_true (s_out (s_below));
    assert_int_equal (fake_frames (&s_bench.effects, VERB_CONFIRM), 2);
    pack_t out[CONFIRMS_MAX + 1];
    assert_int_equal (fake_take_confirms (&s_down, &s_bench.effects, out, CONFIRMS_MAX + 1),
                      CONFIRMS_MAX + 1);
    assert_true (out[0].number == 1 && out[0].holder == 9);
    assert_true (out[CONFIRMS_MAX].number == CONFIRMS_MAX + 1);
}

static void
more_confirmations_than_fit_are_not_taken (void **state)
{
    (void) state;
    for (uint32_t i = 0; i < CLAIMS; i++) {
        assert_true (carry_confirm (&s_carry, 0, 9, i));
    }
    assert_false (carry_confirm (&s_carry, 0, 9, 1));
    carry_drop (&s_carry, 0);
    assert_int_equal (slab_used (s_carry.confirms), 0);
}

static void
a_claim_goes_before_the_pack_that_came_after_it (void **state)
{
    (void) state;
    claim_t claim = s_claim (1);
    assert_true (carry_pack (&s_carry, s_slot (s_above), 1, s_pack (1)));
    assert_true (carry_claim (&s_carry, s_slot (s_above), &claim));
    assert_true (s_out (s_above));
    wire_header_t header;
    wire_reader_t body;
    bytes_t frame = s_bench.effects.list[0].frame;
    assert_int_equal (wire_get_header (frame.at, frame.length, &header, &body), WIRE_OK);
    assert_int_equal (header.verb, VERB_EXTEND);
}

static void
each_neighbour_gets_only_its_own (void **state)
{
    (void) state;
    claim_t claim = s_claim (1);
    assert_true (carry_claim (&s_carry, s_slot (s_above), &claim));
    assert_true (carry_confirm (&s_carry, s_slot (s_below), 9, 1));
    carry_drop (&s_carry, 1);
    assert_true (s_out (s_below));
    assert_int_equal (fake_frames (&s_bench.effects, VERB_CONFIRM), 1);
    assert_int_equal (fake_frames (&s_bench.effects, VERB_EXTEND), 0);
    assert_int_equal (slab_used (s_carry.claims), 1);
}

//  Leave so many bytes in the effects.
static void
s_fill (size_t left)
{
    effects_clear (&s_bench.effects);
    uint8_t *at = effects_reserve (&s_bench.effects, EFFECTS_BYTES);
    effects_commit (&s_bench.effects, at + EFFECTS_BYTES - left);
}

static void
full_effects_keep_the_rest_for_the_next_turn (void **state)
{
    (void) state;
    uint32_t above = s_slot (s_above);
    claim_t claim = s_claim (1);
    assert_true (carry_claim (&s_carry, above, &claim));
    assert_true (carry_pack (&s_carry, above, 1, s_pack (1)));
    assert_true (carry_confirm (&s_carry, above, 9, 1));
    s_fill (HEADER_BYTES);
    assert_false (s_out (s_above));
    assert_int_equal (slab_used (s_carry.claims), 1);
    s_fill (HEADER_BYTES + CLAIM_BYTES_MAX);
    assert_false (s_out (s_above));
    assert_int_equal (slab_used (s_carry.claims), 0);
    assert_int_equal (slab_used (s_carry.packs), 1);
    s_fill (HEADER_BYTES + 120);
    assert_false (s_out (s_above));
    assert_int_equal (slab_used (s_carry.packs), 0);
    assert_int_equal (slab_used (s_carry.confirms), 1);
    s_fill (HEADER_BYTES + 16);
    assert_true (s_out (s_above));
    assert_int_equal (slab_used (s_carry.confirms), 0);
}

int
main (void)
{
#define TEST(name) cmocka_unit_test_setup_teardown (name, s_setup, s_teardown)
    const struct CMUnitTest tests[] = {
        TEST (claims_go_out_in_order_with_their_publishers_name),
        TEST (downward_claims_are_answers),
        TEST (claims_go_in_frames_of_1024_and_one_more),
        TEST (more_claims_than_fit_are_not_taken),
        TEST (a_pack_goes_on_with_the_same_bytes),
        TEST (more_packs_than_fit_are_not_taken),
        TEST (a_pack_longer_than_any_legal_one_is_not_taken),
        TEST (confirmations_go_out_in_frames_of_1024_and_one_more),
        TEST (more_confirmations_than_fit_are_not_taken),
        TEST (a_claim_goes_before_the_pack_that_came_after_it),
        TEST (each_neighbour_gets_only_its_own),
        TEST (full_effects_keep_the_rest_for_the_next_turn),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
