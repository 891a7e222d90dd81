/*  entry.h - one message that passes through a consumer: name, grant, host, holder, links; and the
    slot of the record's own bytes while nobody has them.

        UNPLACED ──placed──▶ PLACED ──settled──▶ PLACED, in a pack ──confirmed──▶ gone
           │                   │
           │ drain, one lease  │ handler dead, never arrived
           ▼                   ▼
        SETTLING (by the consumer itself) ──packed──▶ SETTLED ──confirmed──▶ gone */

#ifndef MAYHEM_ENTRY_H
#define MAYHEM_ENTRY_H

#include "common/core/message.h"

#define PUB_NONE UINT8_MAX

typedef enum {
    ENTRY_UNPLACED,
    ENTRY_PLACED,
    ENTRY_SETTLING,
    ENTRY_SETTLED
} entry_state_t;

typedef struct {
    name_t name;
    grant_t grant;
    uint64_t host;   // 0: no gate
    uint64_t holder; // epoch of the handler that has it, 0: nobody
    uint64_t pack;   // number of the pack that settles it, 0: none
    uint32_t mark;   // link on which it was sent or last listed
    uint32_t raw;    // slot of its bytes, SLAB_NONE once placed
    uint32_t next;   // of the same pack
    uint32_t lease_ms;
    uint32_t extension; // number of our own last extension
    uint16_t delivery;
    uint8_t slot; // of the handler's link, while placed
    uint8_t pub;  // publisher
    uint8_t steps;
    uint8_t state;   // entry_state_t
    uint8_t outcome; // while SETTLING and after: what we say
    uint8_t reason;  // table_reason_t
    bool revoked;
    bool heard; // its holder has spoken of this lease: it did arrive
} entry_t;

typedef enum {
    REASON_NONE,
    REASON_UNPLACED, // could not be placed within one lease
    REASON_DRAINING, // handed back by the drain
    REASON_DEAD,     // the handler died
    REASON_BUSY,     // the host is in work for another publisher
    REASON_FAULT,    // could not be consumed
    REASON_COUNT
} table_reason_t;

#endif
