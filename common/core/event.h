/*  event.h - what a shell tells a core: facts, and the one question TURN.

    Facts change state and emit nothing; effects come out of TURN alone. Every pointer in an event
   is the shell's and valid until x_step returns. Idea: raft_step in cowsql/raft. */

#ifndef MAYHEM_EVENT_H
#define MAYHEM_EVENT_H

#include "common/core/row.h"

typedef enum {
    EVENT_TURN,        // now act: effects come out of this one alone
    EVENT_FRAME,       // frames from the inbox, in the order they came
    EVENT_INBOX_EMPTY, // the inbox has been read empty: gaps in frame numbers are real now
    EVENT_NOTICE,      // the state socket saw a neighbour's subscription end
    EVENT_PUBLISHED,   // frames from the neighbours' state sockets (topic taken off)
    EVENT_SIGNAL,      // a signal to this process
    EVENT_STALL,       // this process stood still for so long; comes before anything else
    EVENT_FAULT,       // an unexpected error in a callback: the global handler
    EVENT_OPENED,      // the outbox is open (publisher, first of all)
    EVENT_LOADED,      // a row of the outbox (publisher, before any intake)
    EVENT_STORED,      // tickets up to `through` are durable
    EVENT_DISK_FULL,   // the disk is full: tickets wait
    EVENT_DISK_FREE,   // it is not any more
    EVENT_REQUEST,     // requests from the source
    EVENT_EXHAUSTED,   // the source has ended
    EVENT_SAVED,       // saves ended
    EVENT_FOUND,       // what the restarts database knows of redelivered messages
    EVENT_RAN,         // restarts ended
    EVENT_COUNT
} event_kind_t;

typedef struct {
    const uint8_t *at;
    size_t length;
} bytes_t;

//  The exit code by which a command says "not now" (EX_TEMPFAIL of sysexits.h).
#define RAN_LATER_EXIT 75

//  How a task ended, for SAVED and RAN.
typedef enum {
    RAN_OK,
    RAN_LATER,       // not now; value: exit code 75, or errno of what this machine is short of
    RAN_FAILED,      // value: exit code
    RAN_SIGNALLED,   // value: signal
    RAN_NOT_STARTED, // value: errno
    RAN_CANCELLED    // ended by us before it was through
} ran_kind_t;

typedef struct {
    uint64_t task; // as in the effect
    int value;
    ran_kind_t kind;
    bool group_gone; // nothing of it runs any more (false only when that cannot be known)
} ran_t;

typedef struct {
    uint64_t task;
    uint64_t ticket;
    bool ok;
} saved_t;

typedef struct {
    uint64_t task;
    uint8_t steps; // facts that the database has
} found_t;

typedef struct {
    event_kind_t kind;
    size_t count; // of the array in the union
    union {
        const bytes_t *frames;     // FRAME, PUBLISHED
        const request_t *requests; // REQUEST
        const row_t *rows;         // LOADED
        const opened_t *opened;    // OPENED
        const saved_t *saved;      // SAVED
        const found_t *found;      // FOUND
        const ran_t *ran;          // RAN
        struct {
            const char *name;
            uint64_t epoch;
        } notice;
        const char *fault; // FAULT: what happened
        int signal;        // SIGNAL
        int64_t stall_us;  // STALL
        uint64_t through;  // STORED
    };
} event_t;

#endif
