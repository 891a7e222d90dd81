/*  record.h - a message in the publisher's memory: an open value.

    What is written to the outbox's file is row_t (event.h); the rest dies with the process. */

#ifndef MAYHEM_RECORD_H
#define MAYHEM_RECORD_H

#include "common/core/event.h"
#include "common/core/list.h"

typedef enum {
    MESSAGE_STORING, // a change of it is not durable yet; `next` says where it goes then
    MESSAGE_READY,   // may be sent
    MESSAGE_CHAINED, // waits for its host
    MESSAGE_DELAYED, // waits until due_us
    MESSAGE_LEASED,
    MESSAGE_UNSURE, // recovered: may have been leased, nobody has reported yet
    MESSAGE_GHOST,  // done, but the lease of another than who did it still runs
    MESSAGE_DEAD,
    MESSAGE_LEAVING, // done, its removal is not durable yet
    MESSAGE_STATES
} message_state_t;

typedef enum {
    TEXT_INSTANCE,
    TEXT_HOSTNAME,
    TEXT_REASON,
    TEXT_REQUESTED_BY,
    TEXT_COUNT
} which_t;

typedef struct {
    uint64_t seq;
    uint64_t host;         // hash of the lower-cased host name
    grant_t grant;         // of the last lease
    uint64_t holder;       // epoch of who extended it last, 0: not known
    uint64_t via;          // epoch of the consumer that its lease goes through
    uint64_t change;       // number of its last change in the journal
    uint64_t ticket;       // of its change under way, 0: none
    int64_t due_us;        // DELAYED, or STORING on the way there
    uint32_t mark;         // link on which it was sent or listed last
    uint32_t extension;    // the holder's number of its last extension
    uint32_t extended;     // extensions over all deliveries
    uint32_t texts;        // block, see large
    uint32_t why;          // block, SLAB_NONE: nothing went wrong yet
    uint32_t gate;         // record of its host while it is admitted or waits there
    uint16_t delivery;     // deliveries that counted
    uint16_t lost;         // in all
    uint16_t failures;     // failures and deferrals: drive the back-off
    uint16_t lost_row;     // in a row
    uint16_t released_row; // in a row
    uint8_t lengths[TEXT_COUNT];
    uint8_t why_length;
    uint8_t route; // downstream neighbour that its lease goes through, ROUTE_NONE
    uint8_t state; // message_state_t
    uint8_t next;  // STORING: state once it is durable
    uint8_t steps; // facts
    bool dirty;    // a change waits for its ticket
    bool own_id;
    bool large;
    bool was_leased;
    bool redelivered; // its lease is not its first
    bool fresh;       // not announced as published yet
    uint8_t id[ID_BYTES];
} message_t;

#endif
