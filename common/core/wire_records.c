//  The records that travel by the thousand: work, claims, packs and settlements.

#include "common/core/wire_bytes.h"

#include "common/core/hostname.h"

//  Bytes of a record without its texts.
#define WORK_FIXED   75
#define CLAIM_FIXED  59
#define SETTLE_FIXED 43
#define PACK_FIXED   18

_Static_assert(WORK_FIXED + NAME_MAX_BYTES + INSTANCE_MAX_BYTES + HOSTNAME_MAX_BYTES +
                       2 * REASON_MAX_BYTES ==
                   WORK_BYTES_MAX,
               "the largest work record");
_Static_assert(CLAIM_FIXED + NAME_MAX_BYTES == CLAIM_BYTES_MAX, "the largest claim");
_Static_assert(SETTLE_FIXED + REASON_MAX_BYTES == SETTLE_BYTES_MAX, "the largest settlement");
_Static_assert(PACK_FIXED + 2 * NAME_MAX_BYTES == PACK_BYTES_MAX, "the largest head of a pack");
_Static_assert(HOSTNAME_LENGTH_MAX == HOSTNAME_MAX_BYTES, "one limit for host names");
_Static_assert(NAME_LENGTH_MAX == NAME_MAX_BYTES, "one limit for names");
_Static_assert(WORK_BYTES_MAX <= UINT16_MAX, "a work record says its length in 16 bits");

//  What both ends of a work record must be. The host name's spelling is the handler's to judge: it
//  refuses the one message, where a refused frame would take the others down with it.
static bool
s_work_legal (const work_t *work)
{
    return work->steps <= STEPS_ALL && work->redelivery <= 1 && work->instance.length >= 1 &&
           work->instance.length <= INSTANCE_MAX_BYTES &&
           work->hostname.length <= HOSTNAME_MAX_BYTES && work->reason.length <= REASON_MAX_BYTES &&
           work->requested_by.length <= REASON_MAX_BYTES &&
           name_valid (work->publisher.at, work->publisher.length);
}

size_t
wire_work_size (const work_t *work)
{
    assert (work);
    return WORK_FIXED + work->publisher.length + work->instance.length + work->hostname.length +
           work->reason.length + work->requested_by.length;
}

void
wire_put_work (wire_writer_t *writer, const work_t *work)
{
    size_t size = wire_work_size (work);
    assert (s_work_legal (work));
    assert (s_room (writer, size));
    s_put_u16 (writer, (uint16_t) size);
    s_put_ids (writer, work->name, work->grant);
    s_put_u64 (writer, work->host);
    s_put_u32 (writer, work->lease_ms);
    s_put_u32 (writer, work->extended);
    s_put_u16 (writer, work->delivery);
    s_put_u8 (writer, work->steps);
    s_put_u8 (writer, work->redelivery);
    memcpy (writer->at, work->id, ID_BYTES);
    writer->at += ID_BYTES;
    s_put_u8 (writer, (uint8_t) work->publisher.length);
    s_put_u8 (writer, (uint8_t) work->instance.length);
    s_put_u8 (writer, (uint8_t) work->hostname.length);
    s_put_u8 (writer, (uint8_t) work->reason.length);
    s_put_u8 (writer, (uint8_t) work->requested_by.length);
    s_put_text (writer, work->publisher);
    s_put_text (writer, work->instance);
    s_put_text (writer, work->hostname);
    s_put_text (writer, work->reason);
    s_put_text (writer, work->requested_by);
}

//  The fixed part behind the record's length, up to the lengths of the texts.
static void
s_get_work_fixed (wire_reader_t *reader, work_t *work)
{
    s_get_ids (reader, &work->name, &work->grant);
    work->host = s_get_u64 (reader);
    work->lease_ms = s_get_u32 (reader);
    work->extended = s_get_u32 (reader);
    work->delivery = s_get_u16 (reader);
    work->steps = s_get_u8 (reader);
    work->redelivery = s_get_u8 (reader);
    memcpy (work->id, reader->at, ID_BYTES);
    reader->at += ID_BYTES;
}

wire_status_t
wire_get_work (wire_reader_t *reader, work_t *work, text_t *raw)
{
    wire_reader_t in = *reader;
    if (s_left (&in) < WORK_FIXED) {
        return WIRE_SHORT;
    }
    size_t size = s_get_u16 (&in);
    s_get_work_fixed (&in, work);
    size_t lengths[5];
    size_t sum = WORK_FIXED;
    for (size_t i = 0; i < 5; i++) {
        lengths[i] = s_get_u8 (&in);
        sum += lengths[i];
    }
    if (size != sum) {
        return WIRE_BAD;
    }
    if (size > s_left (reader)) {
        return WIRE_SHORT;
    }
    work->publisher = s_get_text (&in, lengths[0]);
    work->instance = s_get_text (&in, lengths[1]);
    work->hostname = s_get_text (&in, lengths[2]);
    work->reason = s_get_text (&in, lengths[3]);
    work->requested_by = s_get_text (&in, lengths[4]);
    if (!s_work_legal (work)) {
        return WIRE_BAD;
    }
    if (raw) {
        *raw = (text_t){(const char *) reader->at, size};
    }
    *reader = in;
    return WIRE_OK;
}

static bool
s_claim_legal (const claim_t *claim)
{
    return claim->steps <= STEPS_ALL && claim->kind < CLAIM_COUNT &&
           name_valid (claim->publisher.at, claim->publisher.length);
}

void
wire_put_claim (wire_writer_t *writer, const claim_t *claim)
{
    assert (s_claim_legal (claim));
    assert (s_room (writer, CLAIM_FIXED + claim->publisher.length));
    s_put_ids (writer, claim->name, claim->grant);
    s_put_u64 (writer, claim->host);
    s_put_u64 (writer, claim->holder);
    s_put_u32 (writer, claim->extension);
    s_put_u32 (writer, claim->lease_ms);
    s_put_u8 (writer, claim->steps);
    s_put_u8 (writer, claim->kind);
    s_put_u8 (writer, (uint8_t) claim->publisher.length);
    s_put_text (writer, claim->publisher);
}

wire_status_t
wire_get_claim (wire_reader_t *reader, claim_t *claim)
{
    wire_reader_t in = *reader;
    if (s_left (&in) < CLAIM_FIXED) {
        return WIRE_SHORT;
    }
    s_get_ids (&in, &claim->name, &claim->grant);
    claim->host = s_get_u64 (&in);
    claim->holder = s_get_u64 (&in);
    claim->extension = s_get_u32 (&in);
    claim->lease_ms = s_get_u32 (&in);
    claim->steps = s_get_u8 (&in);
    claim->kind = s_get_u8 (&in);
    size_t length = s_get_u8 (&in);
    if (length > s_left (&in)) {
        return WIRE_SHORT;
    }
    claim->publisher = s_get_text (&in, length);
    if (!s_claim_legal (claim)) {
        return WIRE_BAD;
    }
    *reader = in;
    return WIRE_OK;
}

static bool
s_pack_legal (const pack_t *pack)
{
    return name_valid (pack->publisher.at, pack->publisher.length) &&
           name_valid (pack->holder_name.at, pack->holder_name.length);
}

void
wire_put_pack (wire_writer_t *writer, const pack_t *pack)
{
    assert (s_pack_legal (pack));
    assert (s_room (writer, PACK_FIXED + pack->publisher.length + pack->holder_name.length));
    s_put_u64 (writer, pack->holder);
    s_put_u64 (writer, pack->number);
    s_put_u8 (writer, (uint8_t) pack->publisher.length);
    s_put_u8 (writer, (uint8_t) pack->holder_name.length);
    s_put_text (writer, pack->publisher);
    s_put_text (writer, pack->holder_name);
}

wire_status_t
wire_get_pack (wire_reader_t *reader, pack_t *pack)
{
    wire_reader_t in = *reader;
    if (s_left (&in) < PACK_FIXED) {
        return WIRE_SHORT;
    }
    pack->holder = s_get_u64 (&in);
    pack->number = s_get_u64 (&in);
    size_t publisher = s_get_u8 (&in);
    size_t holder = s_get_u8 (&in);
    if (publisher + holder > s_left (&in)) {
        return WIRE_SHORT;
    }
    pack->publisher = s_get_text (&in, publisher);
    pack->holder_name = s_get_text (&in, holder);
    if (!s_pack_legal (pack)) {
        return WIRE_BAD;
    }
    *reader = in;
    return WIRE_OK;
}

//  Expired is the publisher's own word: a peer that says it lies.
static bool
s_settlement_legal (const settlement_t *settlement)
{
    return settlement->outcome < OUTCOME_COUNT && settlement->outcome != OUTCOME_EXPIRED &&
           settlement->steps <= STEPS_ALL && settlement->reason.length <= REASON_MAX_BYTES;
}

void
wire_put_settlement (wire_writer_t *writer, const settlement_t *settlement)
{
    assert (s_settlement_legal (settlement));
    assert (s_room (writer, SETTLE_FIXED + settlement->reason.length));
    s_put_ids (writer, settlement->name, settlement->grant);
    s_put_u32 (writer, settlement->extended);
    s_put_u32 (writer, settlement->not_before_ms);
    s_put_u8 (writer, settlement->outcome);
    s_put_u8 (writer, settlement->steps);
    s_put_u8 (writer, (uint8_t) settlement->reason.length);
    s_put_text (writer, settlement->reason);
}

wire_status_t
wire_get_settlement (wire_reader_t *reader, settlement_t *settlement)
{
    wire_reader_t in = *reader;
    if (s_left (&in) < SETTLE_FIXED) {
        return WIRE_SHORT;
    }
    s_get_ids (&in, &settlement->name, &settlement->grant);
    settlement->extended = s_get_u32 (&in);
    settlement->not_before_ms = s_get_u32 (&in);
    settlement->outcome = s_get_u8 (&in);
    settlement->steps = s_get_u8 (&in);
    size_t length = s_get_u8 (&in);
    if (length > s_left (&in)) {
        return WIRE_SHORT;
    }
    settlement->reason = s_get_text (&in, length);
    if (!s_settlement_legal (settlement)) {
        return WIRE_BAD;
    }
    *reader = in;
    return WIRE_OK;
}
