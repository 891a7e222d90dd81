/*  message.h - what travels through the pipeline, as open value types.

    A message is named (outbox, seq): the random id of the outbox that accepted it and a number that
    is counted up by one and never used again. A lease of it is named by its grant (publisher epoch,
    serial), never used again either. Texts are borrowed slices of whatever bytes hold them. */

#ifndef MAYHEM_MESSAGE_H
#define MAYHEM_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

//  A build with MAYHEM_BUG=n has the planted bug n, to prove that the simulator finds it.
#ifndef MAYHEM_BUG
#define MAYHEM_BUG 0
#endif

#define NAME_MAX_BYTES     32  // a process name, by the contract's pattern
#define INSTANCE_MAX_BYTES 128 // longer than any cloud's instance name seen in the field
#define HOSTNAME_MAX_BYTES 253 // RFC 1123
#define REASON_MAX_BYTES   200 // reason, requested_by, why a step failed: a line, not an essay
#define ENDPOINT_MAX_BYTES 107 // sun_path of a unix socket less its NUL; numeric tcp is shorter
#define ID_BYTES           16  // a UUID

//  A slice of somebody else's bytes, not terminated.
typedef struct {
    const char *at;
    size_t length;
} text_t;

//  The name of a message.
typedef struct {
    uint64_t outbox;
    uint64_t seq;
} name_t;

//  The fence: one per lease.
typedef struct {
    uint64_t epoch;  // of the publisher that gave it
    uint64_t serial; // counted by that publisher from 1
} grant_t;

//  Facts: steps that are done, merged from wherever they come, never taken back.
enum {
    STEP_RESTARTED = 1,
    STEP_SAVED = 2,
    STEPS_ALL = 3
};

//  What a settlement says became of a delivery (design section 3 has the table of consequences).
typedef enum {
    OUTCOME_DONE,
    OUTCOME_FAILED,
    OUTCOME_DEFERRED,
    OUTCOME_LOST,
    OUTCOME_EXPIRED, // never on the wire: the publisher's own word for a lease that ran out
    OUTCOME_RELEASED,
    OUTCOME_REFUSED,
    OUTCOME_COUNT
} outcome_t;

//  One record of work, the same bytes on both hops.
typedef struct {
    name_t name;
    grant_t grant;
    uint64_t host;      // hash of the host name, made once, by the publisher
    uint32_t lease_ms;  // length of the lease
    uint32_t extended;  // extensions so far, over all deliveries
    uint16_t delivery;  // 1 for the first
    uint8_t steps;      // facts known so far
    uint8_t redelivery; // 1: was leased before, so the restarts database may know more
    uint8_t id[ID_BYTES];
    text_t publisher;
    text_t instance;
    text_t hostname;
    text_t reason;
    text_t requested_by;
} work_t;

//  A request as a source gives it to the publisher; texts are borrowed.
typedef struct {
    text_t instance;
    text_t hostname;
    text_t reason;
    text_t requested_by;
    uint8_t id[ID_BYTES];
    bool own_id; // the request brought its id: the same id twice is one message
} request_t;

#endif
