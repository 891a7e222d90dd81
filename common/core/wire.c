//  The header, the records of a link itself, and the check of whole frames.

#include "common/core/wire_bytes.h"

#include "common/core/hostname.h"

#define MAGIC        'M'
#define HELLO_FIXED  4
#define BEAT_FIXED   53
#define TOPIC_PREFIX "peer/"
#define EPOCH_DIGITS 16 // always all of them, so that no topic is the beginning of another

_Static_assert(HELLO_FIXED + NAME_MAX_BYTES + 2 * ENDPOINT_MAX_BYTES == HELLO_BYTES_MAX,
               "the largest hello");
_Static_assert(BEAT_FIXED + NAME_MAX_BYTES == BEAT_BYTES_MAX, "the largest beat");
_Static_assert(sizeof TOPIC_PREFIX + NAME_MAX_BYTES + 1 + EPOCH_DIGITS <= TOPIC_BYTES_MAX,
               "the longest topic with its NUL");
_Static_assert(HEADER_BYTES + CLAIMS_MAX * CLAIM_BYTES_MAX + 8 <= FRAME_BYTES_MAX &&
                   HEADER_BYTES + WORK_RECORDS_MAX * WORK_BYTES_MAX <= FRAME_BYTES_MAX &&
                   HEADER_BYTES + PACK_BYTES_MAX + PACK_RECORDS_MAX * SETTLE_BYTES_MAX <=
                       FRAME_BYTES_MAX &&
                   HEADER_BYTES + CONFIRMS_MAX * 16 <= FRAME_BYTES_MAX,
               "every legal frame fits");

void
wire_put_header (uint8_t *at, const wire_header_t *header)
{
    assert (header->verb >= VERB_HELLO && header->verb < VERB_COUNT);
    assert (header->body <= FRAME_BYTES_MAX - HEADER_BYTES);
    wire_writer_t writer = {at, at + HEADER_BYTES};
    s_put_u8 (&writer, MAGIC);
    s_put_u8 (&writer, WIRE_VERSION);
    s_put_u8 (&writer, header->verb);
    s_put_u8 (&writer, 0);
    s_put_u32 (&writer, header->link);
    s_put_u64 (&writer, header->sender);
    s_put_u64 (&writer, header->receiver);
    s_put_u64 (&writer, header->number);
    s_put_u32 (&writer, header->count);
    s_put_u32 (&writer, header->body);
    assert (writer.at == writer.end);
}

wire_status_t
wire_get_header (const uint8_t *bytes, size_t length, wire_header_t *header, wire_reader_t *reader)
{
    assert (bytes || length == 0);
    if (length < HEADER_BYTES) {
        return WIRE_SHORT;
    }
    wire_reader_t in = {bytes, bytes + length};
    uint8_t magic = s_get_u8 (&in);
    uint8_t version = s_get_u8 (&in);
    header->verb = s_get_u8 (&in);
    uint8_t zero = s_get_u8 (&in);
    if (magic != MAGIC || version != WIRE_VERSION || header->verb < VERB_HELLO ||
        header->verb >= VERB_COUNT || zero != 0 || length > FRAME_BYTES_MAX) {
        return WIRE_BAD;
    }
    header->link = s_get_u32 (&in);
    header->sender = s_get_u64 (&in);
    header->receiver = s_get_u64 (&in);
    header->number = s_get_u64 (&in);
    header->count = s_get_u32 (&in);
    header->body = s_get_u32 (&in);
    if (header->body != s_left (&in)) {
        return header->body > s_left (&in) ? WIRE_SHORT : WIRE_BAD;
    }
    *reader = in;
    return WIRE_OK;
}

//  An endpoint goes into connect and into log lines: visible ASCII and nothing else.
static bool
s_endpoint_legal (text_t text)
{
    for (size_t i = 0; i < text.length; i++) {
        if (text.at[i] < '!' || text.at[i] > '~') {
            return false;
        }
    }
    return text.length >= 1 && text.length <= ENDPOINT_MAX_BYTES;
}

static bool
s_hello_legal (const hello_t *hello)
{
    return hello->stage < STAGE_COUNT && name_valid (hello->name.at, hello->name.length) &&
           s_endpoint_legal (hello->inbox) && s_endpoint_legal (hello->state);
}

void
wire_put_hello (wire_writer_t *writer, const hello_t *hello)
{
    assert (s_hello_legal (hello));
    assert (s_room (writer,
                    HELLO_FIXED + hello->name.length + hello->inbox.length + hello->state.length));
    s_put_u8 (writer, hello->stage);
    s_put_u8 (writer, (uint8_t) hello->name.length);
    s_put_u8 (writer, (uint8_t) hello->inbox.length);
    s_put_u8 (writer, (uint8_t) hello->state.length);
    s_put_text (writer, hello->name);
    s_put_text (writer, hello->inbox);
    s_put_text (writer, hello->state);
}

wire_status_t
wire_get_hello (wire_reader_t *reader, hello_t *hello)
{
    wire_reader_t in = *reader;
    if (s_left (&in) < HELLO_FIXED) {
        return WIRE_SHORT;
    }
    hello->stage = s_get_u8 (&in);
    size_t name = s_get_u8 (&in);
    size_t inbox = s_get_u8 (&in);
    size_t state = s_get_u8 (&in);
    if (name + inbox + state > s_left (&in)) {
        return WIRE_SHORT;
    }
    hello->name = s_get_text (&in, name);
    hello->inbox = s_get_text (&in, inbox);
    hello->state = s_get_text (&in, state);
    if (!s_hello_legal (hello)) {
        return WIRE_BAD;
    }
    *reader = in;
    return WIRE_OK;
}

//  The origin is empty while nothing drains.
static bool
s_beat_legal (const beat_t *beat)
{
    return beat->state <= BEAT_STATE_MAX && (beat->flags & ~BEAT_FLAGS) == 0 &&
           beat->why <= BEAT_WHY_MAX && beat->signal <= BEAT_SIGNAL_MAX &&
           (beat->origin.length == 0 || name_valid (beat->origin.at, beat->origin.length));
}

void
wire_put_beat (wire_writer_t *writer, const beat_t *beat)
{
    assert (s_beat_legal (beat));
    assert (s_room (writer, BEAT_FIXED + beat->origin.length));
    s_put_u8 (writer, beat->state);
    s_put_u8 (writer, beat->flags);
    s_put_u8 (writer, beat->why);
    s_put_u8 (writer, beat->signal);
    s_put_u32 (writer, beat->left_ms);
    s_put_u32 (writer, beat->below);
    s_put_u32 (writer, beat->in_hand);
    s_put_u32 (writer, beat->lease_ms);
    s_put_u64 (writer, beat->version);
    s_put_u64 (writer, beat->credit);
    s_put_u64 (writer, beat->spent);
    s_put_u64 (writer, beat->heard);
    s_put_u8 (writer, (uint8_t) beat->origin.length);
    s_put_text (writer, beat->origin);
}

wire_status_t
wire_get_beat (wire_reader_t *reader, beat_t *beat)
{
    wire_reader_t in = *reader;
    if (s_left (&in) < BEAT_FIXED) {
        return WIRE_SHORT;
    }
    beat->state = s_get_u8 (&in);
    beat->flags = s_get_u8 (&in);
    beat->why = s_get_u8 (&in);
    beat->signal = s_get_u8 (&in);
    beat->left_ms = s_get_u32 (&in);
    beat->below = s_get_u32 (&in);
    beat->in_hand = s_get_u32 (&in);
    beat->lease_ms = s_get_u32 (&in);
    beat->version = s_get_u64 (&in);
    beat->credit = s_get_u64 (&in);
    beat->spent = s_get_u64 (&in);
    beat->heard = s_get_u64 (&in);
    size_t length = s_get_u8 (&in);
    if (length > s_left (&in)) {
        return WIRE_SHORT;
    }
    beat->origin = s_get_text (&in, length);
    if (!s_beat_legal (beat)) {
        return WIRE_BAD;
    }
    *reader = in;
    return WIRE_OK;
}

void
wire_put_u64 (wire_writer_t *writer, uint64_t value)
{
    assert (s_room (writer, sizeof value));
    s_put_u64 (writer, value);
}

wire_status_t
wire_get_u64 (wire_reader_t *reader, uint64_t *value)
{
    assert (value);
    if (s_left (reader) < sizeof *value) {
        return WIRE_SHORT;
    }
    *value = s_get_u64 (reader);
    return WIRE_OK;
}

//  Each s_check_* walks the body of its verbs; wire_check sees to what is left behind it.

static wire_status_t
s_check_nothing (const wire_header_t *header, wire_reader_t *body)
{
    (void) header;
    (void) body;
    return WIRE_OK;
}

static wire_status_t
s_check_hello (const wire_header_t *header, wire_reader_t *body)
{
    (void) header; // its count is 1, by the table
    hello_t hello;
    return wire_get_hello (body, &hello);
}

static wire_status_t
s_check_beat (const wire_header_t *header, wire_reader_t *body)
{
    (void) header; // its count is 1, by the table
    beat_t beat;
    return wire_get_beat (body, &beat);
}

static wire_status_t
s_check_work (const wire_header_t *header, wire_reader_t *body)
{
    work_t work;
    wire_status_t status = WIRE_OK;
    for (uint32_t i = 0; i < header->count && status == WIRE_OK; i++) {
        status = wire_get_work (body, &work, NULL);
    }
    return status;
}

//  A claim's kind must be one that its verb is made of.
static bool
s_kind_fits (uint8_t verb, uint8_t kind)
{
    if (verb == VERB_HOLDING) {
        return kind == CLAIM_HOLDS;
    }
    if (verb == VERB_EXTEND) {
        return kind == CLAIM_EXTENDS;
    }
    return kind == CLAIM_HELD || kind == CLAIM_REVOKED;
}

static wire_status_t
s_check_claims (const wire_header_t *header, wire_reader_t *body)
{
    claim_t claim;
    for (uint32_t i = 0; i < header->count; i++) {
        wire_status_t status = wire_get_claim (body, &claim);
        if (status != WIRE_OK) {
            return status;
        }
        if (!s_kind_fits (header->verb, claim.kind)) {
            return WIRE_BAD;
        }
    }
    return WIRE_OK;
}

//  Behind the claims: 0, more frames follow, or 1 + the claims of the whole list, which are at
//  least those of this frame.
static wire_status_t
s_check_holding (const wire_header_t *header, wire_reader_t *body)
{
    uint64_t closed = 0;
    wire_status_t status = s_check_claims (header, body);
    if (status == WIRE_OK) {
        status = wire_get_u64 (body, &closed);
    }
    if (status == WIRE_OK && closed != 0 && closed - 1 < header->count) {
        status = WIRE_BAD;
    }
    return status;
}

static wire_status_t
s_check_pack (const wire_header_t *header, wire_reader_t *body)
{
    pack_t pack;
    settlement_t settlement;
    wire_status_t status = wire_get_pack (body, &pack);
    for (uint32_t i = 0; i < header->count && status == WIRE_OK; i++) {
        status = wire_get_settlement (body, &settlement);
    }
    return status;
}

static wire_status_t
s_check_credit (const wire_header_t *header, wire_reader_t *body)
{
    (void) header; // its count is 1, by the table
    uint64_t credit;
    return wire_get_u64 (body, &credit);
}

static wire_status_t
s_check_confirms (const wire_header_t *header, wire_reader_t *body)
{
    uint64_t value;
    wire_status_t status = WIRE_OK;
    for (uint32_t i = 0; i < 2 * header->count && status == WIRE_OK; i++) {
        status = wire_get_u64 (body, &value);
    }
    return status;
}

typedef wire_status_t (check_fn) (const wire_header_t *header, wire_reader_t *body);

//  How many records a verb may have, and who walks them.
static const struct {
    uint32_t least;
    uint32_t most;
    check_fn *check;
} s_rules[] = {
    [VERB_HELLO] = {1, 1, s_check_hello},
    [VERB_WELCOME] = {1, 1, s_check_hello},
    [VERB_REFUSED] = {0, 0, s_check_nothing},
    [VERB_AGAIN] = {0, 0, s_check_nothing},
    [VERB_HOLDING] = {0, CLAIMS_MAX, s_check_holding},
    [VERB_BEAT] = {1, 1, s_check_beat},
    [VERB_WORK] = {0, WORK_RECORDS_MAX, s_check_work},
    [VERB_RETURN] = {1, 1, s_check_credit},
    [VERB_EXTEND] = {0, CLAIMS_MAX, s_check_claims},
    [VERB_ANSWER] = {0, CLAIMS_MAX, s_check_claims},
    [VERB_SETTLE] = {0, PACK_RECORDS_MAX, s_check_pack},
    [VERB_CONFIRM] = {0, CONFIRMS_MAX, s_check_confirms},
    [VERB_EOS] = {1, 1, s_check_beat},
    [VERB_BYE] = {1, 1, s_check_beat},
};
_Static_assert(sizeof s_rules / sizeof *s_rules == VERB_COUNT, "a rule for every verb");

wire_status_t
wire_check (const wire_header_t *header, wire_reader_t body)
{
    assert (header->verb >= VERB_HELLO && header->verb < VERB_COUNT);
    if (header->count < s_rules[header->verb].least || header->count > s_rules[header->verb].most) {
        return WIRE_BAD;
    }
    wire_status_t status = s_rules[header->verb].check (header, &body);
    if (status == WIRE_OK && s_left (&body) > 0) {
        status = WIRE_BAD;
    }
    return status;
}

void
wire_topic (char topic[TOPIC_BYTES_MAX], const char *name, uint64_t epoch)
{
    size_t length = strlen (name);
    assert (name_valid (name, length));
    char *at = topic + sizeof TOPIC_PREFIX - 1;
    memcpy (topic, TOPIC_PREFIX, sizeof TOPIC_PREFIX - 1);
    memcpy (at, name, length);
    at += length;
    *at++ = '/';
    for (int shift = 60; shift >= 0; shift -= 4) {
        *at++ = "0123456789abcdef"[(epoch >> shift) & 15];
    }
    *at = '\0';
    assert (at < topic + TOPIC_BYTES_MAX);
}

//  Sixteen digits and nothing else, or -1.
static int
s_parse_epoch (const char *text, uint64_t *epoch)
{
    uint64_t value = 0;
    for (int i = 0; i < EPOCH_DIGITS; i++) {
        char c = text[i]; // the NUL of a short text is no digit
        if (c >= '0' && c <= '9') {
            value = value << 4 | (uint64_t) (c - '0');
        } else if (c >= 'a' && c <= 'f') {
            value = value << 4 | (uint64_t) (c - 'a' + 10);
        } else {
            return -1;
        }
    }
    if (text[EPOCH_DIGITS] != '\0') {
        return -1;
    }
    *epoch = value;
    return 0;
}

int
wire_topic_parse (const char *topic, char name[NAME_MAX_BYTES + 1], uint64_t *epoch)
{
    assert (topic && name && epoch);
    if (strncmp (topic, TOPIC_PREFIX, sizeof TOPIC_PREFIX - 1) != 0) {
        return -1;
    }
    const char *start = topic + sizeof TOPIC_PREFIX - 1;
    const char *slash = strchr (start, '/');
    if (!slash || !name_valid (start, (size_t) (slash - start)) ||
        s_parse_epoch (slash + 1, epoch)) {
        return -1;
    }
    memcpy (name, start, (size_t) (slash - start));
    name[slash - start] = '\0';
    return 0;
}
