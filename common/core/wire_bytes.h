/*  wire_bytes.h - numbers and texts as little-endian bytes; private to wire.c and wire_records.c.

    The s_get_* do not look at the end: their caller has checked once that the fixed part is there.
    The s_put_* are checked once at the end of each record, by s_room at its start. */

#ifndef MAYHEM_WIRE_BYTES_H
#define MAYHEM_WIRE_BYTES_H

#include "common/core/wire.h"

#include <assert.h>
#include <string.h>

#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
#define LITTLE(bits, value) __builtin_bswap##bits (value)
#else
#define LITTLE(bits, value) (value)
#endif

#define WIRE_NUMBER(bits)                                                                          \
    static inline void s_put_u##bits (wire_writer_t *writer, uint##bits##_t value)                 \
    {                                                                                              \
        value = LITTLE (bits, value);                                                              \
        memcpy (writer->at, &value, sizeof value);                                                 \
        writer->at += sizeof value;                                                                \
    }                                                                                              \
    static inline uint##bits##_t s_get_u##bits (wire_reader_t *reader)                             \
    {                                                                                              \
        uint##bits##_t value;                                                                      \
        memcpy (&value, reader->at, sizeof value);                                                 \
        reader->at += sizeof value;                                                                \
        return LITTLE (bits, value);                                                               \
    }

WIRE_NUMBER (16)
WIRE_NUMBER (32)
WIRE_NUMBER (64)

static inline void
s_put_u8 (wire_writer_t *writer, uint8_t value)
{
    *writer->at++ = value;
}

static inline uint8_t
s_get_u8 (wire_reader_t *reader)
{
    return *reader->at++;
}

static inline void
s_put_text (wire_writer_t *writer, text_t text)
{
    if (text.length > 0) { // memcpy of nothing must not see NULL
        memcpy (writer->at, text.at, text.length);
        writer->at += text.length;
    }
}

//  The next `length` bytes as a text: borrowed from the frame.
static inline text_t
s_get_text (wire_reader_t *reader, size_t length)
{
    text_t text = {(const char *) reader->at, length};
    reader->at += length;
    return text;
}

static inline void
s_put_ids (wire_writer_t *writer, name_t name, grant_t grant)
{
    s_put_u64 (writer, name.outbox);
    s_put_u64 (writer, name.seq);
    s_put_u64 (writer, grant.epoch);
    s_put_u64 (writer, grant.serial);
}

static inline void
s_get_ids (wire_reader_t *reader, name_t *name, grant_t *grant)
{
    name->outbox = s_get_u64 (reader);
    name->seq = s_get_u64 (reader);
    grant->epoch = s_get_u64 (reader);
    grant->serial = s_get_u64 (reader);
}

static inline size_t
s_left (const wire_reader_t *reader)
{
    assert (reader->at <= reader->end);
    return (size_t) (reader->end - reader->at);
}

static inline bool
s_room (const wire_writer_t *writer, size_t bytes)
{
    return bytes <= (size_t) (writer->end - writer->at);
}

#endif
