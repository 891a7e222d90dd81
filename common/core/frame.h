/*  frame.h - what a frame between two processes is made of: limits, verbs, and the records
    of a link itself. wire.h writes and reads them, doc/protocol.md draws them byte by byte.

    One ZeroMQ message is one frame: a header of HEADER_BYTES and `count` packed records. "D" is the
    downstream end of a link, which owns it, "U" the upstream end. */

#ifndef MAYHEM_FRAME_H
#define MAYHEM_FRAME_H

#include "common/core/records.h"

#define WIRE_VERSION     1     // raised whenever a layout or a verb changes
#define HEADER_BYTES     40    // see wire_header_t
#define WORK_RECORDS_MAX 64    // records in a WORK frame: beyond that packing stops paying
#define CLAIMS_MAX       1024  // claims in a frame, by the design
#define PACK_RECORDS_MAX 64    // settlements in a pack
#define CONFIRMS_MAX     1024  // confirmed packs in a frame
#define WORK_BYTES_MAX   888   // 75 fixed, five texts
#define CLAIM_BYTES_MAX  91    // 59 fixed, the publisher's name
#define SETTLE_BYTES_MAX 243   // 43 fixed, the reason
#define PACK_BYTES_MAX   82    // the pack's own head: 18 fixed, two names
#define HELLO_BYTES_MAX  250   // 4 fixed, a name, two endpoints
#define BEAT_BYTES_MAX   85    // 53 fixed, a name
#define FRAME_BYTES_MAX  98304 // above the largest legal frame (1024 claims); ZMQ_MAXMSGSIZE

typedef enum {
    VERB_HELLO = 1, // D to U: who I am, where I am reached; repeated until WELCOME
    VERB_WELCOME,   // U to D: the link is known
    VERB_REFUSED,   // U to D: name in use, or no room; the hello goes on
    VERB_AGAIN,     // U to D: this link has ended for me, say HELLO on a new one
    VERB_HOLDING,   // D to U: claims, what I hold; the last frame closes the list by its count
    VERB_BEAT,      // both: state, credit, totals, last frame heard
    VERB_WORK,      // U to D: work records
    VERB_RETURN,    // U to D: credit that I give back
    VERB_EXTEND,    // D to U: claims
    VERB_ANSWER,    // U to D: claims, held or revoked
    VERB_SETTLE,    // D to U: one pack
    VERB_CONFIRM,   // U to D: packs that are durable
    VERB_EOS,       // U to D: no more work on this link
    VERB_BYE,       // D to U: nothing in hand any more; U answers with the same
    VERB_COUNT
} verb_t;

typedef enum {
    STAGE_PUBLISHER,
    STAGE_CONSUMER,
    STAGE_HANDLER,
    STAGE_COUNT
} stage_t;

typedef struct {
    uint8_t verb;      // verb_t
    uint32_t link;     // owned by the downstream, raised at each new link
    uint64_t sender;   // epoch
    uint64_t receiver; // epoch, 0: any (HELLO)
    uint64_t number;   // of the frame on this link and direction, from 1; 0: outside (HELLO ...)
    uint32_t count;    // records
    uint32_t body;     // bytes behind the header, all of them
} wire_header_t;

//  HELLO and WELCOME: who and where.
typedef struct {
    uint8_t stage; // stage_t
    text_t name;
    text_t inbox; // endpoint of the inbox
    text_t state; // endpoint of the state socket
} hello_t;

//  BEAT, EOS and BYE: the state of a process towards one neighbour; also what the state socket
//  says.
enum {
    BEAT_WAITING = 1, // sender: work waits for your credit
    BEAT_WANTED = 2,  // receiver: somebody else waits, give back what you do not need
    BEAT_PROBE = 4,   // answer at once, please
    BEAT_FLAGS = 7    // all of them
};

#define BEAT_STATE_MAX  3  // highest drain_state_t
#define BEAT_WHY_MAX    6  // highest drain_why_t
#define BEAT_SIGNAL_MAX 64 // highest signal of Linux

typedef struct {
    uint8_t state;     // drain_state_t
    uint8_t flags;     // BEAT_*
    uint8_t why;       // drain_why_t, while draining
    uint8_t signal;    // the signal's number, when a signal started the drain
    uint32_t left_ms;  // of the drain; UINT32_MAX: no deadline
    uint32_t below;    // running neighbours downstream
    uint32_t in_hand;  // messages in this process's hands
    uint32_t lease_ms; // shortest lease known, 0: none yet
    uint64_t version;  // of this process's state, counted up: the newer one wins
    uint64_t credit;   // receiver: records granted on this link in all
    uint64_t spent;    // sender: records sent or given back; receiver: records taken off the credit
    uint64_t heard;    // highest frame number heard on this link
    text_t origin;     // name of the process where the drain began
} beat_t;

#endif
