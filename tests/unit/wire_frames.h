/*  wire_frames.h - valid frames of every verb, and the proof that a frame has one spelling.

    For test_wire.c and fuzz_wire.c. All functions are static inline: either uses only some. */

#ifndef MAYHEM_WIRE_FRAMES_H
#define MAYHEM_WIRE_FRAMES_H

#include "common/core/prng.h"
#include "common/core/wire.h"

#include <stdlib.h>
#include <string.h>

typedef struct {
    uint8_t bytes[FRAME_BYTES_MAX + 4096]; // room to be too long
    size_t length;
} frame_t;

//  What a sample frame is made from.
typedef struct {
    prng_t prng;
    uint32_t count; // records, of the verbs that have a list
    bool largest;   // every text as long as it may be
    bool closes;    // HOLDING: this frame closes the list
} sample_t;

static const char *const s_name = "handler-0123456789-abcdefghijklm";
static const char s_text[] =
    "tcp://[2001:db8::1]:5555/"
    "an-endpoint-or-a-reason-or-a-host-as-long-as-any-of-them-may-be-and-so-"
    "on-and-on-0123456789-0123456789-0123456789-0123456789-0123456789-0123456789-0123456789-"
    "01234567"
    "89-0123456789-0123456789-0123456789-0123456789-0123456789-0123456789";

//  `least` to `most` bytes of the sample text.
static inline text_t
sample_text (sample_t *sample, size_t least, size_t most)
{
    size_t length = most;
    if (!sample->largest) {
        length = least + (size_t) prng_below (&sample->prng, most - least + 1);
    }
    return (text_t){most == NAME_MAX_BYTES ? s_name : s_text, length};
}

static inline name_t
sample_name (sample_t *sample)
{
    return (name_t){prng_next (&sample->prng), prng_next (&sample->prng)};
}

static inline grant_t
sample_grant (sample_t *sample)
{
    return (grant_t){prng_next (&sample->prng), prng_next (&sample->prng)};
}

static inline hello_t
sample_hello (sample_t *sample)
{
    return (hello_t){.stage = (uint8_t) prng_below (&sample->prng, STAGE_COUNT),
                     .name = sample_text (sample, 1, NAME_MAX_BYTES),
                     .inbox = sample_text (sample, 1, ENDPOINT_MAX_BYTES),
                     .state = sample_text (sample, 1, ENDPOINT_MAX_BYTES)};
}

static inline beat_t
sample_beat (sample_t *sample)
{
    return (beat_t){.state = (uint8_t) prng_below (&sample->prng, BEAT_STATE_MAX + 1),
                    .flags = (uint8_t) prng_below (&sample->prng, BEAT_FLAGS + 1),
                    .why = (uint8_t) prng_below (&sample->prng, BEAT_WHY_MAX + 1),
                    .signal = (uint8_t) prng_below (&sample->prng, BEAT_SIGNAL_MAX + 1),
                    .left_ms = (uint32_t) prng_next (&sample->prng),
                    .below = (uint32_t) prng_next (&sample->prng),
                    .in_hand = (uint32_t) prng_next (&sample->prng),
                    .lease_ms = (uint32_t) prng_next (&sample->prng),
                    .version = prng_next (&sample->prng),
                    .credit = prng_next (&sample->prng),
                    .spent = prng_next (&sample->prng),
                    .heard = prng_next (&sample->prng),
                    .origin = sample_text (sample, 0, NAME_MAX_BYTES)};
}

static inline work_t
sample_work (sample_t *sample)
{
    work_t work = {.name = sample_name (sample),
                   .grant = sample_grant (sample),
                   .host = prng_next (&sample->prng),
                   .lease_ms = (uint32_t) prng_next (&sample->prng),
                   .extended = (uint32_t) prng_next (&sample->prng),
                   .delivery = (uint16_t) prng_next (&sample->prng),
                   .steps = (uint8_t) prng_below (&sample->prng, STEPS_ALL + 1),
                   .redelivery = (uint8_t) prng_below (&sample->prng, 2),
                   .publisher = sample_text (sample, 1, NAME_MAX_BYTES),
                   .instance = sample_text (sample, 1, INSTANCE_MAX_BYTES),
                   .hostname = sample_text (sample, 0, HOSTNAME_MAX_BYTES),
                   .reason = sample_text (sample, 0, REASON_MAX_BYTES),
                   .requested_by = sample_text (sample, 0, REASON_MAX_BYTES)};
    for (size_t i = 0; i < ID_BYTES; i++) {
        work.id[i] = (uint8_t) prng_next (&sample->prng);
    }
    return work;
}

static inline claim_t
sample_claim (sample_t *sample, uint8_t kind)
{
    return (claim_t){.name = sample_name (sample),
                     .grant = sample_grant (sample),
                     .host = prng_next (&sample->prng),
                     .holder = prng_next (&sample->prng),
                     .extension = (uint32_t) prng_next (&sample->prng),
                     .lease_ms = (uint32_t) prng_next (&sample->prng),
                     .steps = (uint8_t) prng_below (&sample->prng, STEPS_ALL + 1),
                     .kind = kind,
                     .publisher = sample_text (sample, 1, NAME_MAX_BYTES)};
}

static inline pack_t
sample_pack (sample_t *sample)
{
    return (pack_t){.holder = prng_next (&sample->prng),
                    .number = prng_next (&sample->prng),
                    .publisher = sample_text (sample, 1, NAME_MAX_BYTES),
                    .holder_name = sample_text (sample, 1, NAME_MAX_BYTES)};
}

static inline settlement_t
sample_settlement (sample_t *sample)
{
    static const uint8_t outcomes[] = {OUTCOME_DONE, OUTCOME_FAILED,   OUTCOME_DEFERRED,
                                       OUTCOME_LOST, OUTCOME_RELEASED, OUTCOME_REFUSED};
    return (settlement_t){.name = sample_name (sample),
                          .grant = sample_grant (sample),
                          .extended = (uint32_t) prng_next (&sample->prng),
                          .not_before_ms = (uint32_t) prng_next (&sample->prng),
                          .outcome = outcomes[prng_below (&sample->prng, sizeof outcomes)],
                          .steps = (uint8_t) prng_below (&sample->prng, STEPS_ALL + 1),
                          .reason = sample_text (sample, 0, REASON_MAX_BYTES)};
}

static inline void
put_sample_claims (wire_writer_t *writer, sample_t *sample, uint8_t verb)
{
    for (uint32_t i = 0; i < sample->count; i++) {
        uint8_t answer = prng_below (&sample->prng, 2) ? CLAIM_HELD : CLAIM_REVOKED;
        uint8_t kind = verb == VERB_HOLDING  ? CLAIM_HOLDS
                       : verb == VERB_EXTEND ? CLAIM_EXTENDS
                                             : answer;
        claim_t claim = sample_claim (sample, kind);
        wire_put_claim (writer, &claim);
    }
    if (verb == VERB_HOLDING) {
        wire_put_u64 (writer, sample->closes ? 1 + (uint64_t) sample->count : 0);
    }
}

static inline void
put_sample_lists (wire_writer_t *writer, sample_t *sample, uint8_t verb)
{
    if (verb == VERB_SETTLE) {
        pack_t pack = sample_pack (sample);
        wire_put_pack (writer, &pack);
    }
    for (uint32_t i = 0; i < sample->count; i++) {
        if (verb == VERB_WORK) {
            work_t work = sample_work (sample);
            wire_put_work (writer, &work);
        } else if (verb == VERB_SETTLE) {
            settlement_t settlement = sample_settlement (sample);
            wire_put_settlement (writer, &settlement);
        } else {
            wire_put_u64 (writer, prng_next (&sample->prng));
            wire_put_u64 (writer, prng_next (&sample->prng));
        }
    }
}

//  The body of a sample frame; answers its count.
static inline uint32_t
put_sample_body (wire_writer_t *writer, sample_t *sample, uint8_t verb)
{
    hello_t hello = sample_hello (sample);
    beat_t beat = sample_beat (sample);
    switch ((verb_t) verb) {
    case VERB_HELLO:
    case VERB_WELCOME: wire_put_hello (writer, &hello); return 1;
    case VERB_REFUSED:
    case VERB_AGAIN: return 0;
    case VERB_BEAT:
    case VERB_EOS:
    case VERB_BYE: wire_put_beat (writer, &beat); return 1;
    case VERB_RETURN: wire_put_u64 (writer, prng_next (&sample->prng)); return 1;
    case VERB_HOLDING:
    case VERB_EXTEND:
    case VERB_ANSWER: put_sample_claims (writer, sample, verb); return sample->count;
    case VERB_WORK:
    case VERB_SETTLE:
    case VERB_CONFIRM: put_sample_lists (writer, sample, verb); return sample->count;
    case VERB_COUNT: break;
    }
    abort ();
}

//  Put the header before the body that ends at `end`.
static inline void
frame_close (frame_t *frame, wire_header_t *header, const uint8_t *end)
{
    frame->length = (size_t) (end - frame->bytes);
    header->body = (uint32_t) (frame->length - HEADER_BYTES);
    wire_put_header (frame->bytes, header);
}

//  A valid frame, while sample->count is legal for the verb.
static inline void
frame_sample (frame_t *frame, sample_t *sample, uint8_t verb)
{
    wire_writer_t writer = {frame->bytes + HEADER_BYTES, frame->bytes + sizeof frame->bytes};
    wire_header_t header = {.verb = verb,
                            .link = (uint32_t) prng_next (&sample->prng),
                            .sender = prng_next (&sample->prng),
                            .receiver = prng_next (&sample->prng),
                            .number = prng_next (&sample->prng)};
    header.count = put_sample_body (&writer, sample, verb);
    frame_close (frame, &header, writer.at);
}

//  Write the body length that the frame now has into its header.
static inline void
frame_fix_length (uint8_t *bytes, size_t length)
{
    for (size_t i = 0; i < 4 && length >= HEADER_BYTES; i++) {
        bytes[36 + i] = (uint8_t) ((length - HEADER_BYTES) >> (8 * i));
    }
}

static inline void
again_claims (wire_reader_t *body, wire_writer_t *writer, const wire_header_t *header)
{
    claim_t claim;
    uint64_t closed;
    for (uint32_t i = 0; i < header->count; i++) {
        if (wire_get_claim (body, &claim)) {
            abort ();
        }
        wire_put_claim (writer, &claim);
    }
    if (header->verb == VERB_HOLDING) {
        if (wire_get_u64 (body, &closed)) {
            abort ();
        }
        wire_put_u64 (writer, closed);
    }
}

static inline void
again_work (wire_reader_t *body, wire_writer_t *writer, uint32_t count)
{
    work_t work;
    text_t raw;
    for (uint32_t i = 0; i < count; i++) {
        const char *start = (const char *) body->at;
        if (wire_get_work (body, &work, &raw) || raw.at != start ||
            raw.length != wire_work_size (&work)) {
            abort ();
        }
        wire_put_work (writer, &work);
    }
}

static inline void
again_pack (wire_reader_t *body, wire_writer_t *writer, uint32_t count)
{
    pack_t pack;
    settlement_t settlement;
    if (wire_get_pack (body, &pack)) {
        abort ();
    }
    wire_put_pack (writer, &pack);
    for (uint32_t i = 0; i < count; i++) {
        if (wire_get_settlement (body, &settlement)) {
            abort ();
        }
        wire_put_settlement (writer, &settlement);
    }
}

static inline void
again_numbers (wire_reader_t *body, wire_writer_t *writer, uint32_t count)
{
    uint64_t value;
    for (uint32_t i = 0; i < count; i++) {
        if (wire_get_u64 (body, &value)) {
            abort ();
        }
        wire_put_u64 (writer, value);
    }
}

//  Decode a body that wire_check accepted and encode it again.
static inline void
again_body (wire_reader_t *body, wire_writer_t *writer, const wire_header_t *header)
{
    hello_t hello;
    beat_t beat;
    switch ((verb_t) header->verb) {
    case VERB_HELLO:
    case VERB_WELCOME:
        if (wire_get_hello (body, &hello)) {
            abort ();
        }
        wire_put_hello (writer, &hello);
        break;
    case VERB_BEAT:
    case VERB_EOS:
    case VERB_BYE:
        if (wire_get_beat (body, &beat)) {
            abort ();
        }
        wire_put_beat (writer, &beat);
        break;
    case VERB_HOLDING:
    case VERB_EXTEND:
    case VERB_ANSWER: again_claims (body, writer, header); break;
    case VERB_WORK: again_work (body, writer, header->count); break;
    case VERB_SETTLE: again_pack (body, writer, header->count); break;
    case VERB_RETURN: again_numbers (body, writer, 1); break;
    case VERB_CONFIRM: again_numbers (body, writer, 2 * header->count); break;
    case VERB_REFUSED:
    case VERB_AGAIN:
    case VERB_COUNT: break;
    }
}

//  Whether a frame is accepted. The bytes are copied into memory of just their size, so that the
//  sanitizers see the first byte read behind them. An accepted frame that does not give the same
//  bytes when it is encoded again ends the program.
static inline bool
frame_accepted (const uint8_t *bytes, size_t length)
{
    static frame_t s_again;
    wire_header_t header;
    wire_reader_t body;
    uint8_t *copy = malloc (length ? length : 1);
    if (!copy) {
        abort ();
    }
    memcpy (copy, bytes, length);
    bool accepted = wire_get_header (copy, length, &header, &body) == WIRE_OK &&
                    wire_check (&header, body) == WIRE_OK;
    if (accepted) {
        wire_writer_t writer = {s_again.bytes + HEADER_BYTES, s_again.bytes + sizeof s_again.bytes};
        again_body (&body, &writer, &header);
        frame_close (&s_again, &header, writer.at);
        if (s_again.length != length || memcmp (s_again.bytes, copy, length) != 0) {
            abort ();
        }
    }
    free (copy);
    return accepted;
}

#endif
