/*  records.h - what is said about messages: claims to leases, settlements, packs of them.

    Open value types, as those of message.h; texts are borrowed slices. */

#ifndef MAYHEM_RECORDS_H
#define MAYHEM_RECORDS_H

#include "common/core/message.h"

//  A claim names a lease and who holds it: HOLDING, EXTEND and ANSWER are made of claims.
typedef enum {
    CLAIM_HOLDS,   // "I hold this" (HOLDING)
    CLAIM_EXTENDS, // "extend this" (EXTEND)
    CLAIM_HELD,    // "you have it for another lease" (ANSWER)
    CLAIM_REVOKED, // "it is not yours any more" (ANSWER)
    CLAIM_COUNT
} claim_kind_t;

typedef struct {
    name_t name;
    grant_t grant;
    uint64_t host;      // as in the work record
    uint64_t holder;    // epoch of the process that holds it: answers find their way by it
    uint32_t extension; // the holder's number of this extension; its answer repeats it
    uint32_t lease_ms;  // length of the lease
    uint8_t steps;      // facts
    uint8_t kind;       // claim_kind_t
    text_t publisher;   // records name their publisher, so any consumer can forward them
} claim_t;

//  One settlement inside a pack.
typedef struct {
    name_t name;
    grant_t grant;
    uint32_t extended;      // the message's extensions, over all deliveries
    uint32_t not_before_ms; // deferred: not before this long from now; 0: as the back-off says
    uint8_t outcome;        // outcome_t
    uint8_t steps;          // facts
    text_t reason;          // why, for failed, deferred and refused
} settlement_t;

//  A pack: the settlements of one holder to one publisher, numbered by the holder, confirmed whole.
typedef struct {
    uint64_t holder; // epoch of the process that settled
    uint64_t number; // counted by the holder from 1
    text_t publisher;
    text_t holder_name;
} pack_t;

#endif
