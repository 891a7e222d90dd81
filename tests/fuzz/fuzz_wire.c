//  fuzz_wire: random and mutated frames against every decoder.
//
//  usage: fuzz_wire [FRAMES [SEED]]
//
//  Deterministic: the same seed, the same frames. Run it with the sanitizers on. With
//  -DMAYHEM_LIBFUZZER and clang's -fsanitize=fuzzer the same file is a libFuzzer target:
//
//      clang -std=gnu17 -g -O1 -fsanitize=fuzzer,address,undefined -DMAYHEM_LIBFUZZER -I.
//          tests/fuzz/fuzz_wire.c common/core/{wire,wire_records,hostname,prng}.c
//
//  What must hold: no crash, no read behind the frame, and what is accepted gives the same bytes
//  when it is decoded and encoded again.

#include "tests/unit/wire_frames.h"

#include <inttypes.h>
#include <stdio.h>

#define FRAMES 2000000 // a million of noise and a million damaged ones
#define SEED   20240615

//  Every decoder on the same bytes, whatever they are, until it says no or nothing is left.
static void
s_decode_all (const uint8_t *bytes, size_t length)
{
    hello_t hello;
    beat_t beat;
    work_t work;
    claim_t claim;
    pack_t pack;
    settlement_t settlement;
    uint64_t value;
    const wire_reader_t start = {bytes, bytes + length};
    wire_reader_t in[7] = {start, start, start, start, start, start, start};
    while (wire_get_hello (&in[0], &hello) == WIRE_OK) {
    }
    while (wire_get_beat (&in[1], &beat) == WIRE_OK) {
    }
    while (wire_get_work (&in[2], &work, NULL) == WIRE_OK) {
    }
    while (wire_get_claim (&in[3], &claim) == WIRE_OK) {
    }
    while (wire_get_pack (&in[4], &pack) == WIRE_OK) {
    }
    while (wire_get_settlement (&in[5], &settlement) == WIRE_OK) {
    }
    while (wire_get_u64 (&in[6], &value) == WIRE_OK) {
    }
    for (size_t i = 0; i < sizeof in / sizeof *in; i++) {
        if (in[i].at > start.end || in[i].end != start.end) {
            abort ();
        }
    }
}

//  The bytes as a topic.
static void
s_parse_topic (const uint8_t *bytes, size_t length)
{
    char topic[2 * TOPIC_BYTES_MAX];
    char name[NAME_MAX_BYTES + 1];
    char again[TOPIC_BYTES_MAX];
    uint64_t epoch;
    length = length < sizeof topic ? length : sizeof topic - 1;
    memcpy (topic, bytes, length);
    topic[length] = '\0';
    if (wire_topic_parse (topic, name, &epoch) == 0) {
        wire_topic (again, name, epoch);
        if (strcmp (again, topic) != 0) {
            abort ();
        }
    }
}

//  Put one frame through everything. Returns whether it was accepted.
static bool
s_try (const uint8_t *bytes, size_t length)
{
    size_t body = length > HEADER_BYTES ? length - HEADER_BYTES : 0;
    uint8_t *copy = malloc (body + 1);
    if (!copy) {
        abort ();
    }
    memcpy (copy, bytes + (length - body), body);
    s_parse_topic (bytes, length);
    s_decode_all (copy, body);
    free (copy);
    return frame_accepted (bytes, length);
}

#ifdef MAYHEM_LIBFUZZER

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
    s_try (data, size);
    return 0;
}

#else

static void
s_random_bytes (prng_t *prng, uint8_t *bytes, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        bytes[i] = (uint8_t) prng_next (prng);
    }
}

//  Nothing but noise.
static void
s_make_random (frame_t *frame, prng_t *prng)
{
    frame->length = (size_t) prng_below (prng, 300);
    s_random_bytes (prng, frame->bytes, frame->length);
}

//  A header that is right, and noise behind it. Small bytes are likelier to pass for lengths.
static void
s_make_noisy_body (frame_t *frame, prng_t *prng)
{
    size_t length = (size_t) prng_below (prng, 300);
    uint8_t *body = frame->bytes + HEADER_BYTES;
    s_random_bytes (prng, body, length);
    for (size_t i = 0; i < length; i++) {
        body[i] = prng_below (prng, 2) ? body[i] : body[i] & 3;
    }
    wire_header_t header = {.verb = (uint8_t) (1 + prng_below (prng, VERB_COUNT - 1)),
                            .sender = prng_next (prng),
                            .count = (uint32_t) prng_below (prng, 3)};
    frame_close (frame, &header, body + length);
}

//  One small damage to a frame.
static void
s_mutate (frame_t *frame, prng_t *prng)
{
    size_t at = (size_t) prng_below (prng, frame->length + 1);
    size_t some = (size_t) prng_below (prng, 16);
    switch (prng_below (prng, 6)) {
    case 0: frame->bytes[at] ^= (uint8_t) (1u << prng_below (prng, 8)); break;
    case 1: frame->bytes[at] = (uint8_t) prng_next (prng); break;
    case 2: frame->bytes[at] = prng_below (prng, 2) ? 0 : 0xff; break;
    case 3: frame->length = at; break;
    case 4:
        s_random_bytes (prng, frame->bytes + frame->length, some);
        frame->length += some;
        break;
    case 5: frame->bytes[32] = (uint8_t) prng_below (prng, 4); break; // the count
    }
}

//  A valid frame with up to four damages, mostly with the length set right again, so that the
//  decoders behind the header see them.
static void
s_make_mutated (frame_t *frame, prng_t *prng)
{
    sample_t sample = {.prng = {{0}}, .count = (uint32_t) prng_below (prng, 4)};
    prng_seed (&sample.prng, prng_next (prng));
    sample.largest = prng_below (prng, 16) == 0;
    sample.closes = prng_below (prng, 2) == 0;
    frame_sample (frame, &sample, (uint8_t) (1 + prng_below (prng, VERB_COUNT - 1)));
    for (uint64_t left = prng_below (prng, 5); left > 0; left--) {
        s_mutate (frame, prng);
    }
    if (prng_below (prng, 4) > 0) {
        frame_fix_length (frame->bytes, frame->length);
    }
}

int
main (int argc, char **argv)
{
    static frame_t s_frame;
    static void (*const makers[]) (frame_t *, prng_t *) = {s_make_random, s_make_noisy_body,
                                                           s_make_mutated, s_make_mutated};
    uint64_t frames = argc > 1 ? strtoull (argv[1], NULL, 10) : FRAMES;
    uint64_t seed = argc > 2 ? strtoull (argv[2], NULL, 10) : SEED;
    uint64_t accepted = 0;
    prng_t prng;
    prng_seed (&prng, seed);
    for (uint64_t i = 0; i < frames; i++) {
        makers[i % 4](&s_frame, &prng);
        accepted += s_try (s_frame.bytes, s_frame.length);
    }
    printf ("fuzz wire: %" PRIu64 " frames, %" PRIu64 " accepted\n", frames, accepted);
    return accepted > 0 || frames < 100 ? 0 : 1;
}

#endif
