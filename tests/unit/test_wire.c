//  Unit tests of wire: round trips, each limit and one past it, and damaged frames.

#include "tests/unit/wire_frames.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static frame_t s_frame;

//  A sample frame in s_frame.
static void
s_sample (uint8_t verb, uint32_t count, bool largest)
{
    sample_t sample = {.count = count, .largest = largest, .closes = count % 2 == 1};
    prng_seed (&sample.prng, 1000u * verb + count);
    frame_sample (&s_frame, &sample, verb);
}

static bool
s_accepted (void)
{
    return frame_accepted (s_frame.bytes, s_frame.length);
}

//  What the header's decoder and the check say to the frame in s_frame.
static wire_status_t
s_status (void)
{
    wire_header_t header;
    wire_reader_t body;
    wire_status_t status = wire_get_header (s_frame.bytes, s_frame.length, &header, &body);
    return status != WIRE_OK ? status : wire_check (&header, body);
}

static void
s_set_count (uint32_t count)
{
    for (size_t i = 0; i < 4; i++) {
        s_frame.bytes[32 + i] = (uint8_t) (count >> (8 * i));
    }
}

//  Any one record, for tests that go over all the decoders.
typedef union {
    hello_t hello;
    beat_t beat;
    work_t work;
    claim_t claim;
    pack_t pack;
    settlement_t settlement;
    uint64_t value;
} record_t;

typedef enum {
    KIND_HELLO,
    KIND_BEAT,
    KIND_WORK,
    KIND_CLAIM,
    KIND_PACK,
    KIND_SETTLEMENT,
    KIND_NUMBER,
    KIND_COUNT
} kind_t;

static wire_status_t
s_get (kind_t kind, wire_reader_t *reader, record_t *record)
{
    switch (kind) {
    case KIND_HELLO: return wire_get_hello (reader, &record->hello);
    case KIND_BEAT: return wire_get_beat (reader, &record->beat);
    case KIND_WORK: return wire_get_work (reader, &record->work, NULL);
    case KIND_CLAIM: return wire_get_claim (reader, &record->claim);
    case KIND_PACK: return wire_get_pack (reader, &record->pack);
    case KIND_SETTLEMENT: return wire_get_settlement (reader, &record->settlement);
    case KIND_NUMBER: return wire_get_u64 (reader, &record->value);
    case KIND_COUNT: break;
    }
    abort ();
}

static void
s_put (kind_t kind, wire_writer_t *writer, const record_t *record)
{
    switch (kind) {
    case KIND_HELLO: wire_put_hello (writer, &record->hello); return;
    case KIND_BEAT: wire_put_beat (writer, &record->beat); return;
    case KIND_WORK: wire_put_work (writer, &record->work); return;
    case KIND_CLAIM: wire_put_claim (writer, &record->claim); return;
    case KIND_PACK: wire_put_pack (writer, &record->pack); return;
    case KIND_SETTLEMENT: wire_put_settlement (writer, &record->settlement); return;
    case KIND_NUMBER: wire_put_u64 (writer, record->value); return;
    case KIND_COUNT: break;
    }
    abort ();
}

static void
s_sample_record (kind_t kind, sample_t *sample, record_t *record)
{
    memset (record, 0, sizeof *record);
    switch (kind) {
    case KIND_HELLO: record->hello = sample_hello (sample); return;
    case KIND_BEAT: record->beat = sample_beat (sample); return;
    case KIND_WORK: record->work = sample_work (sample); return;
    case KIND_CLAIM: record->claim = sample_claim (sample, CLAIM_COUNT - 1); return;
    case KIND_PACK: record->pack = sample_pack (sample); return;
    case KIND_SETTLEMENT: record->settlement = sample_settlement (sample); return;
    case KIND_NUMBER: record->value = UINT64_MAX; return;
    case KIND_COUNT: break;
    }
    abort ();
}

//  The largest bytes of each kind, and where its u8 text lengths stand.
static const struct {
    size_t bytes;
    size_t lengths_at;
    size_t texts;
} s_kinds[KIND_COUNT] = {
    [KIND_HELLO] = {HELLO_BYTES_MAX, 1, 3},    [KIND_BEAT] = {BEAT_BYTES_MAX, 52, 1},
    [KIND_WORK] = {WORK_BYTES_MAX, 70, 5},     [KIND_CLAIM] = {CLAIM_BYTES_MAX, 58, 1},
    [KIND_PACK] = {PACK_BYTES_MAX, 16, 2},     [KIND_SETTLEMENT] = {SETTLE_BYTES_MAX, 42, 1},
    [KIND_NUMBER] = {sizeof (uint64_t), 0, 0},
};

//  Bytes of a record of this kind with texts as long as they may be, in just the room they need.
static size_t
s_largest (kind_t kind, uint8_t *bytes)
{
    sample_t sample = {.largest = true};
    record_t record;
    prng_seed (&sample.prng, 7);
    s_sample_record (kind, &sample, &record);
    wire_writer_t writer = {bytes, bytes + s_kinds[kind].bytes};
    s_put (kind, &writer, &record);
    assert_ptr_equal (writer.at, writer.end);
    return s_kinds[kind].bytes;
}

//  Decode a copy in memory of just its size: the sanitizers see what is read behind it. A decoder
//  that fails must not have moved.
static wire_status_t
s_decode (kind_t kind, const uint8_t *bytes, size_t length)
{
    record_t record;
    uint8_t *copy = malloc (length ? length : 1);
    assert_non_null (copy);
    memcpy (copy, bytes, length);
    wire_reader_t reader = {copy, copy + length};
    wire_status_t status = s_get (kind, &reader, &record);
    if (status != WIRE_OK) {
        assert_ptr_equal (reader.at, copy);
    }
    free (copy);
    return status;
}

// ---- The header ---------------------------------------------------------------------------------

static void
a_header_is_laid_out_as_the_protocol_says (void **state)
{
    (void) state;
    static const uint8_t expected[HEADER_BYTES] = {
        'M',  1,    VERB_AGAIN, 0,    4,    3,    2,    1,     // link
        0x18, 0x17, 0x16,       0x15, 0x14, 0x13, 0x12, 0x11,  // sender
        0x28, 0x27, 0x26,       0x25, 0x24, 0x23, 0x22, 0x21,  // receiver
        0x38, 0x37, 0x36,       0x35, 0x34, 0x33, 0x32, 0x31,  // number
        0x44, 0x43, 0x42,       0x41, 0x54, 0x53, 0x01, 0x00}; // count, body
    wire_header_t header = {.verb = VERB_AGAIN,
                            .link = 0x01020304,
                            .sender = 0x1112131415161718,
                            .receiver = 0x2122232425262728,
                            .number = 0x3132333435363738,
                            .count = 0x41424344,
                            .body = 0x15354};
    uint8_t bytes[HEADER_BYTES];
    wire_put_header (bytes, &header);
    assert_memory_equal (bytes, expected, HEADER_BYTES);
}

static void
a_header_comes_back_as_it_was (void **state)
{
    (void) state;
    wire_header_t header = {VERB_RETURN, UINT32_MAX, UINT64_MAX, 1, 2, UINT32_MAX, 3};
    wire_header_t again;
    wire_reader_t body;
    uint8_t bytes[HEADER_BYTES + 3];
    wire_put_header (bytes, &header);
    assert_int_equal (wire_get_header (bytes, sizeof bytes, &again, &body), WIRE_OK);
    assert_int_equal (again.verb, header.verb);
    assert_int_equal (again.link, header.link);
    assert_true (again.sender == header.sender && again.receiver == header.receiver);
    assert_true (again.number == header.number);
    assert_int_equal (again.count, header.count);
    assert_int_equal (again.body, 3);
    assert_ptr_equal (body.at, bytes + HEADER_BYTES);
    assert_ptr_equal (body.end, bytes + sizeof bytes);
}

static void
a_header_of_another_magic_version_or_verb_is_bad (void **state)
{
    (void) state;
    static const struct {
        size_t at;
        uint8_t value;
    } wrong[] = {{0, 'm'}, {0, 0},  {1, 0},          {1, WIRE_VERSION + 1},
                 {1, 255}, {2, 0},  {2, VERB_COUNT}, {2, 255},
                 {3, 1},   {3, 128}};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        s_sample (VERB_AGAIN, 0, false);
        s_frame.bytes[wrong[i].at] = wrong[i].value;
        assert_int_equal (s_status (), WIRE_BAD);
    }
}

static void
a_body_shorter_or_longer_than_the_header_says_is_refused (void **state)
{
    (void) state;
    s_sample (VERB_BEAT, 1, true);
    s_frame.length--;
    assert_int_equal (s_status (), WIRE_SHORT);
    s_frame.length += 2;
    assert_int_equal (s_status (), WIRE_BAD);
}

static void
a_frame_at_the_byte_limit_has_a_header_and_one_past_it_has_none (void **state)
{
    (void) state;
    wire_header_t header;
    wire_reader_t body;
    s_sample (VERB_AGAIN, 0, false);
    s_frame.length = FRAME_BYTES_MAX;
    frame_fix_length (s_frame.bytes, s_frame.length);
    assert_int_equal (wire_get_header (s_frame.bytes, s_frame.length, &header, &body), WIRE_OK);
    assert_int_equal (wire_check (&header, body), WIRE_BAD);
    s_frame.length++;
    frame_fix_length (s_frame.bytes, s_frame.length);
    assert_int_equal (wire_get_header (s_frame.bytes, s_frame.length, &header, &body), WIRE_BAD);
}

// ---- Round trips and limits ---------------------------------------------------------------------

static void
every_verb_comes_back_as_it_was (void **state)
{
    (void) state;
    for (uint8_t verb = VERB_HELLO; verb < VERB_COUNT; verb++) {
        for (uint32_t count = 0; count < 40; count++) {
            s_sample (verb, count, count % 4 == 3);
            assert_true (s_accepted ());
        }
    }
}

//  The most records that a verb may have; 0: it has no list.
static uint32_t
s_most (uint8_t verb)
{
    switch ((verb_t) verb) {
    case VERB_HOLDING:
    case VERB_EXTEND:
    case VERB_ANSWER: return CLAIMS_MAX;
    case VERB_WORK: return WORK_RECORDS_MAX;
    case VERB_SETTLE: return PACK_RECORDS_MAX;
    case VERB_CONFIRM: return CONFIRMS_MAX;
    case VERB_HELLO:
    case VERB_WELCOME:
    case VERB_REFUSED:
    case VERB_AGAIN:
    case VERB_BEAT:
    case VERB_RETURN:
    case VERB_EOS:
    case VERB_BYE:
    case VERB_COUNT: break;
    }
    return 0;
}

static void
a_list_of_the_largest_records_fits_at_its_limit_and_not_one_past_it (void **state)
{
    (void) state;
    for (uint8_t verb = VERB_HELLO; verb < VERB_COUNT; verb++) {
        if (s_most (verb) > 0) {
            s_sample (verb, s_most (verb), true);
            assert_true (s_frame.length <= FRAME_BYTES_MAX);
            assert_true (s_accepted ());
            s_sample (verb, s_most (verb) + 1, false);
            assert_true (s_frame.length <= FRAME_BYTES_MAX);
            assert_int_equal (s_status (), WIRE_BAD);
        }
    }
}

static void
a_count_that_is_not_the_records_there_is_refused (void **state)
{
    (void) state;
    for (uint8_t verb = VERB_HELLO; verb < VERB_COUNT; verb++) {
        static const uint32_t wrong[] = {0, 2, 4, 65, 1024, 1025, 0x7fffffff, 0x80000001, ~0u};
        for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
            bool none = verb == VERB_REFUSED || verb == VERB_AGAIN;
            s_sample (verb, 3, false);
            s_set_count (none ? wrong[i] + 1 : wrong[i]);
            assert_true (s_status () != WIRE_OK || (none && wrong[i] == ~0u));
        }
    }
}

static void
the_text_limits_hold_for_every_record_and_text (void **state)
{
    (void) state;
    uint8_t bytes[WORK_BYTES_MAX + 1];
    for (kind_t kind = KIND_HELLO; kind < KIND_COUNT; kind++) {
        size_t length = s_largest (kind, bytes);
        assert_int_equal (s_decode (kind, bytes, length), WIRE_OK);
        for (size_t text = 0, end = length; text < s_kinds[kind].texts; text++) {
            size_t last = s_kinds[kind].texts - 1 - text; // one byte more at its end
            s_largest (kind, bytes);
            uint8_t *size = &bytes[s_kinds[kind].lengths_at + last];
            memmove (bytes + end + 1, bytes + end, length - end);
            bytes[end] = 'x';
            end -= *size;
            *size += 1;
            if (kind == KIND_WORK) {
                bytes[0]++;
                assert_int_not_equal (bytes[0], 0);
            }
            assert_int_equal (s_decode (kind, bytes, length + 1), WIRE_BAD);
        }
    }
}

//  Decode the record with one text set to `text`, spelt by hand, as an encoder would refuse it.
static wire_status_t
s_with_text (kind_t kind, size_t which, const char *text, size_t length)
{
    uint8_t bytes[WORK_BYTES_MAX];
    uint8_t out[WORK_BYTES_MAX + 256];
    size_t from = s_kinds[kind].lengths_at + s_kinds[kind].texts;
    s_largest (kind, bytes);
    if (kind == KIND_BEAT || kind == KIND_CLAIM || kind == KIND_SETTLEMENT) {
        assert_int_equal (which, 0);
    }
    memcpy (out, bytes, from);
    uint8_t *at = out + from;
    for (size_t i = 0; i < s_kinds[kind].texts; i++) {
        size_t size = bytes[s_kinds[kind].lengths_at + i];
        out[s_kinds[kind].lengths_at + i] = (uint8_t) (i == which ? length : size);
        memcpy (at, i == which ? (const uint8_t *) text : bytes + from, i == which ? length : size);
        at += i == which ? length : size;
        from += size;
    }
    if (kind == KIND_WORK) {
        out[0] = (uint8_t) (at - out);
        out[1] = (uint8_t) ((at - out) >> 8);
    }
    return s_decode (kind, out, (size_t) (at - out));
}

//  Every text that must be a process name.
static const struct {
    kind_t kind;
    size_t which;
} s_names[] = {{KIND_HELLO, 0}, {KIND_BEAT, 0}, {KIND_WORK, 0},
               {KIND_CLAIM, 0}, {KIND_PACK, 0}, {KIND_PACK, 1}};

static void
process_names_must_match_their_pattern (void **state)
{
    (void) state;
    static const char *const wrong[] = {"-a",   "Handler",  "a b",      "a\n",
                                        "a/b",  "a\x7f",    "\xc3\xa4", "a\xe2\x80\xae",
                                        "\xff", "a\x1b[2J", "a_b"};
    for (size_t i = 0; i < sizeof s_names / sizeof *s_names; i++) {
        kind_t kind = s_names[i].kind;
        size_t which = s_names[i].which;
        assert_int_equal (s_with_text (kind, which, "0", 1), WIRE_OK);
        assert_int_equal (s_with_text (kind, which, "a-", 2), WIRE_OK);
        assert_int_equal (s_with_text (kind, which, "a\0b", 3), WIRE_BAD);
        assert_int_equal (s_with_text (kind, which, "", 0),
                          kind == KIND_BEAT ? WIRE_OK : WIRE_BAD); // no origin while running
        for (size_t j = 0; j < sizeof wrong / sizeof *wrong; j++) {
            assert_int_equal (s_with_text (kind, which, wrong[j], strlen (wrong[j])), WIRE_BAD);
        }
    }
}

static void
an_endpoint_is_visible_ascii_and_not_empty (void **state)
{
    (void) state;
    for (size_t which = 1; which <= 2; which++) {
        assert_int_equal (s_with_text (KIND_HELLO, which, "ipc://@mayhem-1.state", 21), WIRE_OK);
        assert_int_equal (s_with_text (KIND_HELLO, which, "", 0), WIRE_BAD);
        assert_int_equal (s_with_text (KIND_HELLO, which, "ipc:// a", 8), WIRE_BAD);
        assert_int_equal (s_with_text (KIND_HELLO, which, "a\0b", 3), WIRE_BAD);
        assert_int_equal (s_with_text (KIND_HELLO, which, "a\n", 2), WIRE_BAD);
        assert_int_equal (s_with_text (KIND_HELLO, which, "\x7f", 1), WIRE_BAD);
        assert_int_equal (s_with_text (KIND_HELLO, which, "\xc3\xa4", 2), WIRE_BAD);
    }
}

static void
an_instance_has_a_byte_and_the_host_name_is_left_to_the_handler (void **state)
{
    (void) state;
    assert_int_equal (s_with_text (KIND_WORK, 1, "", 0), WIRE_BAD);
    assert_int_equal (s_with_text (KIND_WORK, 1, "\xff", 1), WIRE_OK);
    assert_int_equal (s_with_text (KIND_WORK, 2, "", 0), WIRE_OK);
    assert_int_equal (s_with_text (KIND_WORK, 2, "-a..b; reboot\n", 14), WIRE_OK);
}

// ---- Values out of range ------------------------------------------------------------------------

static void
numbers_with_a_range_are_refused_one_past_it (void **state)
{
    (void) state;
    static const struct {
        kind_t kind;
        size_t at;
        uint8_t most;
    } ranges[] = {{KIND_HELLO, 0, STAGE_COUNT - 1},
                  {KIND_BEAT, 0, BEAT_STATE_MAX},
                  {KIND_BEAT, 1, BEAT_FLAGS},
                  {KIND_BEAT, 2, BEAT_WHY_MAX},
                  {KIND_BEAT, 3, BEAT_SIGNAL_MAX},
                  {KIND_WORK, 52, STEPS_ALL},
                  {KIND_WORK, 53, 1},
                  {KIND_CLAIM, 56, STEPS_ALL},
                  {KIND_CLAIM, 57, CLAIM_COUNT - 1},
                  {KIND_SETTLEMENT, 40, OUTCOME_COUNT - 1},
                  {KIND_SETTLEMENT, 41, STEPS_ALL}};
    uint8_t bytes[WORK_BYTES_MAX];
    for (size_t i = 0; i < sizeof ranges / sizeof *ranges; i++) {
        size_t length = s_largest (ranges[i].kind, bytes);
        for (unsigned value = 0; value <= UINT8_MAX; value++) {
            bool expired = ranges[i].kind == KIND_SETTLEMENT && ranges[i].at == 40 &&
                           value == OUTCOME_EXPIRED; // never on the wire
            bytes[ranges[i].at] = (uint8_t) value;
            assert_int_equal (s_decode (ranges[i].kind, bytes, length),
                              value <= ranges[i].most && !expired ? WIRE_OK : WIRE_BAD);
        }
    }
}

static void
a_claim_of_a_kind_that_its_verb_does_not_have_is_refused (void **state)
{
    (void) state;
    static const struct {
        uint8_t verb;
        unsigned kinds; // bit set
    } verbs[] = {{VERB_HOLDING, 1 << CLAIM_HOLDS},
                 {VERB_EXTEND, 1 << CLAIM_EXTENDS},
                 {VERB_ANSWER, 1 << CLAIM_HELD | 1 << CLAIM_REVOKED}};
    for (size_t i = 0; i < sizeof verbs / sizeof *verbs; i++) {
        for (uint8_t kind = 0; kind < CLAIM_COUNT; kind++) {
            s_sample (verbs[i].verb, 1, false);
            s_frame.bytes[HEADER_BYTES + 57] = kind;
            assert_int_equal (s_status (), verbs[i].kinds >> kind & 1 ? WIRE_OK : WIRE_BAD);
        }
    }
}

//  A HOLDING frame of `count` claims with this number behind them.
static wire_status_t
s_holding_closed_by (uint32_t count, uint64_t closed)
{
    s_sample (VERB_HOLDING, count, false);
    wire_writer_t writer = {s_frame.bytes + s_frame.length - 8, s_frame.bytes + s_frame.length};
    wire_put_u64 (&writer, closed);
    return s_status ();
}

static void
a_list_of_holdings_is_closed_by_no_less_than_its_last_frame (void **state)
{
    (void) state;
    assert_int_equal (s_holding_closed_by (0, 0), WIRE_OK); // more follows
    assert_int_equal (s_holding_closed_by (0, 1), WIRE_OK); // holds nothing
    assert_int_equal (s_holding_closed_by (3, 0), WIRE_OK);
    assert_int_equal (s_holding_closed_by (3, 1), WIRE_BAD);
    assert_int_equal (s_holding_closed_by (3, 3), WIRE_BAD);
    assert_int_equal (s_holding_closed_by (3, 4), WIRE_OK);
    assert_int_equal (s_holding_closed_by (3, UINT64_MAX), WIRE_OK); // the core counts the list
}

static void
a_work_record_whose_length_is_not_that_of_its_parts_is_refused (void **state)
{
    (void) state;
    uint8_t bytes[WORK_BYTES_MAX];
    size_t length = s_largest (KIND_WORK, bytes);
    for (unsigned size = 0; size <= UINT16_MAX; size++) {
        bytes[0] = (uint8_t) size;
        bytes[1] = (uint8_t) (size >> 8);
        assert_int_equal (s_decode (KIND_WORK, bytes, length), size == length ? WIRE_OK : WIRE_BAD);
    }
}

static void
raw_work_records_can_be_walked_and_copied (void **state)
{
    (void) state;
    s_sample (VERB_WORK, WORK_RECORDS_MAX, false);
    wire_reader_t reader = {s_frame.bytes + HEADER_BYTES, s_frame.bytes + s_frame.length};
    const uint8_t *at = reader.at;
    for (uint32_t i = 0; i < WORK_RECORDS_MAX; i++) {
        work_t work;
        text_t raw;
        assert_int_equal (wire_get_work (&reader, &work, &raw), WIRE_OK);
        assert_ptr_equal (raw.at, at);
        assert_int_equal (raw.length, at[0] | at[1] << 8);
        assert_int_equal (raw.length, wire_work_size (&work));
        at += raw.length;
    }
    assert_ptr_equal (at, reader.end);
}

// ---- Damage -------------------------------------------------------------------------------------

static void
a_record_cut_at_any_byte_is_short (void **state)
{
    (void) state;
    uint8_t bytes[WORK_BYTES_MAX];
    for (kind_t kind = KIND_HELLO; kind < KIND_COUNT; kind++) {
        size_t length = s_largest (kind, bytes);
        for (size_t cut = 0; cut < length; cut++) {
            assert_int_equal (s_decode (kind, bytes, cut), WIRE_SHORT);
        }
    }
}

static void
a_frame_cut_at_any_byte_is_refused (void **state)
{
    (void) state;
    for (uint8_t verb = VERB_HELLO; verb < VERB_COUNT; verb++) {
        s_sample (verb, 3, true);
        for (size_t cut = s_frame.length; cut-- > 0;) {
            s_sample (verb, 3, true);
            s_frame.length = cut;
            assert_int_equal (s_status (), WIRE_SHORT);
            assert_false (s_accepted ());
            frame_fix_length (s_frame.bytes, cut);
            assert_int_equal (s_status (), WIRE_SHORT);
            assert_false (s_accepted ());
        }
    }
}

static void
trailing_bytes_are_refused_even_when_the_length_counts_them (void **state)
{
    (void) state;
    for (uint8_t verb = VERB_HELLO; verb < VERB_COUNT; verb++) {
        for (uint32_t more = 1; more <= 200; more++) {
            s_sample (verb, 2, false);
            memset (s_frame.bytes + s_frame.length, more % 2 ? 0 : 0xff, more);
            s_frame.length += more;
            assert_int_equal (s_status (), WIRE_BAD);
            frame_fix_length (s_frame.bytes, s_frame.length);
            assert_int_equal (s_status (), WIRE_BAD);
        }
    }
}

//  frame_accepted ends the program when an accepted frame has a second spelling.
static void
every_flipped_bit_is_refused_or_says_something_else (void **state)
{
    (void) state;
    unsigned accepted = 0;
    unsigned refused = 0;
    for (uint8_t verb = VERB_HELLO; verb < VERB_COUNT; verb++) {
        for (uint32_t count = 0; count <= 3; count += 3) {
            s_sample (verb, count, count > 0);
            for (size_t bit = 0; bit < 8 * s_frame.length; bit++) {
                s_frame.bytes[bit / 8] ^= (uint8_t) (1u << bit % 8);
                *(s_accepted () ? &accepted : &refused) += 1;
                s_frame.bytes[bit / 8] ^= (uint8_t) (1u << bit % 8);
            }
            assert_true (s_accepted ());
        }
    }
    assert_true (accepted > 1000 && refused > 1000);
}

static void
every_byte_set_to_every_value_is_refused_or_says_something_else (void **state)
{
    (void) state;
    for (uint8_t verb = VERB_HELLO; verb < VERB_COUNT; verb++) {
        s_sample (verb, 1, false);
        for (size_t at = 0; at < s_frame.length; at++) {
            uint8_t kept = s_frame.bytes[at];
            for (unsigned value = 0; value <= UINT8_MAX; value++) {
                s_frame.bytes[at] = (uint8_t) value;
                s_accepted ();
            }
            s_frame.bytes[at] = kept;
        }
        assert_true (s_accepted ());
    }
}

// ---- Topics -------------------------------------------------------------------------------------

static void
a_topic_comes_back_as_it_was (void **state)
{
    (void) state;
    static const uint64_t epochs[] = {0, 1, 0xfedcba9876543210, UINT64_MAX};
    char topic[TOPIC_BYTES_MAX];
    char name[NAME_MAX_BYTES + 1];
    char longest[] = "handler-0123456789-abcdefghijklm";
    assert_int_equal (strlen (longest), NAME_MAX_BYTES);
    for (size_t i = 0; i < sizeof epochs / sizeof *epochs; i++) {
        uint64_t epoch = 5;
        wire_topic (topic, longest, epochs[i]);
        assert_int_equal (wire_topic_parse (topic, name, &epoch), 0);
        assert_string_equal (name, longest);
        assert_true (epoch == epochs[i]);
    }
    wire_topic (topic, "a", 0xab);
    assert_string_equal (topic, "peer/a/00000000000000ab");
}

static void
what_is_no_topic_is_refused (void **state)
{
    (void) state;
    static const char *const wrong[] = {"",
                                        "peer/",
                                        "peer/a",
                                        "peer/a/",
                                        "peer//00000000000000ab",
                                        "peer/a/0000000000000ab",
                                        "peer/a/00000000000000abc",
                                        "peer/a/00000000000000aB",
                                        "peer/a/00000000000000a ",
                                        "peer/a/00000000000000ab/",
                                        "peer/a/b/00000000000000ab",
                                        "peer/A/00000000000000ab",
                                        "Peer/a/00000000000000ab",
                                        "event.done",
                                        "peer/handler-0123456789-abcdefghijklmn/00000000000000ab"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        char name[NAME_MAX_BYTES + 1];
        uint64_t epoch;
        assert_int_equal (wire_topic_parse (wrong[i], name, &epoch), -1);
    }
}

int
main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (a_header_is_laid_out_as_the_protocol_says),
        cmocka_unit_test (a_header_comes_back_as_it_was),
        cmocka_unit_test (a_header_of_another_magic_version_or_verb_is_bad),
        cmocka_unit_test (a_body_shorter_or_longer_than_the_header_says_is_refused),
        cmocka_unit_test (a_frame_at_the_byte_limit_has_a_header_and_one_past_it_has_none),
        cmocka_unit_test (every_verb_comes_back_as_it_was),
        cmocka_unit_test (a_list_of_the_largest_records_fits_at_its_limit_and_not_one_past_it),
        cmocka_unit_test (a_count_that_is_not_the_records_there_is_refused),
        cmocka_unit_test (the_text_limits_hold_for_every_record_and_text),
        cmocka_unit_test (process_names_must_match_their_pattern),
        cmocka_unit_test (an_endpoint_is_visible_ascii_and_not_empty),
        cmocka_unit_test (an_instance_has_a_byte_and_the_host_name_is_left_to_the_handler),
        cmocka_unit_test (numbers_with_a_range_are_refused_one_past_it),
        cmocka_unit_test (a_claim_of_a_kind_that_its_verb_does_not_have_is_refused),
        cmocka_unit_test (a_list_of_holdings_is_closed_by_no_less_than_its_last_frame),
        cmocka_unit_test (a_work_record_whose_length_is_not_that_of_its_parts_is_refused),
        cmocka_unit_test (raw_work_records_can_be_walked_and_copied),
        cmocka_unit_test (a_record_cut_at_any_byte_is_short),
        cmocka_unit_test (a_frame_cut_at_any_byte_is_refused),
        cmocka_unit_test (trailing_bytes_are_refused_even_when_the_length_counts_them),
        cmocka_unit_test (every_flipped_bit_is_refused_or_says_something_else),
        cmocka_unit_test (every_byte_set_to_every_value_is_refused_or_says_something_else),
        cmocka_unit_test (a_topic_comes_back_as_it_was),
        cmocka_unit_test (what_is_no_topic_is_refused),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
