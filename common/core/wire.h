/*  wire.h - frames as bytes, and back.

    All numbers are little-endian. Whatever comes in is hostile until it is decoded: decoders never
    read past the end, say WIRE_SHORT or WIRE_BAD, and wire_check says whether anything is left. A
    decoder that does not say WIRE_OK has not moved its reader; what it filled in means nothing.
    Decoded texts are borrowed from the frame.

    Encoders write into memory of the caller that has room for the record; that, and every limit
    that a decoder checks, is asserted. So a frame has one spelling: decoding and encoding it again
    gives the same bytes. Idea of the codec pairs and of "nothing left": OpenSMTPD mproc.c, libcbor
    data.h. */

#ifndef MAYHEM_WIRE_H
#define MAYHEM_WIRE_H

#include "common/core/frame.h"

typedef enum {
    WIRE_OK,
    WIRE_SHORT, // ends before it should
    WIRE_BAD    // not a legal spelling
} wire_status_t;

//  A cursor over bytes, for reading or writing.
typedef struct {
    uint8_t *at;
    uint8_t *end;
} wire_writer_t;

typedef struct {
    const uint8_t *at;
    const uint8_t *end;
} wire_reader_t;

//  Bytes that a work record will take.
size_t wire_work_size (const work_t *work);

void wire_put_header (uint8_t *at, const wire_header_t *header);
void wire_put_hello (wire_writer_t *writer, const hello_t *hello);
void wire_put_beat (wire_writer_t *writer, const beat_t *beat);
void wire_put_work (wire_writer_t *writer, const work_t *work);
void wire_put_claim (wire_writer_t *writer, const claim_t *claim);
void wire_put_pack (wire_writer_t *writer, const pack_t *pack);
void wire_put_settlement (wire_writer_t *writer, const settlement_t *settlement);
void wire_put_u64 (wire_writer_t *writer, uint64_t value);

//  Decode the header of a whole frame and set the reader on its body. Checks magic, version, verb
//  and that the frame is not larger than FRAME_BYTES_MAX and exactly as long as it says.
wire_status_t wire_get_header (const uint8_t *bytes, size_t length, wire_header_t *header,
                               wire_reader_t *reader);
wire_status_t wire_get_hello (wire_reader_t *reader, hello_t *hello);
wire_status_t wire_get_beat (wire_reader_t *reader, beat_t *beat);
//  raw, when not NULL, becomes the record's own bytes, so that they can be copied on as they are.
wire_status_t wire_get_work (wire_reader_t *reader, work_t *work, text_t *raw);
wire_status_t wire_get_claim (wire_reader_t *reader, claim_t *claim);
wire_status_t wire_get_pack (wire_reader_t *reader, pack_t *pack);
wire_status_t wire_get_settlement (wire_reader_t *reader, settlement_t *settlement);
wire_status_t wire_get_u64 (wire_reader_t *reader, uint64_t *value);

//  Whether the whole body of a frame is legal: `count` records of its verb and nothing behind them.
//  Links check every frame by this before anybody acts on its first record.
wire_status_t wire_check (const wire_header_t *header, wire_reader_t body);

//  "peer/NAME/EPOCH": the topic by which a process is seen on its neighbours' state sockets.
#define TOPIC_BYTES_MAX 64
void wire_topic (char topic[TOPIC_BYTES_MAX], const char *name, uint64_t epoch);
//  0, or -1 when the text is not such a topic. name gets at most NAME_MAX_BYTES and a NUL.
int wire_topic_parse (const char *topic, char name[NAME_MAX_BYTES + 1], uint64_t *epoch);

#endif
