/*  core.h - the state of a publisher; only the files of its core include it.

    place    which list a message stands in          lease    grants, expiry, who holds
    intake   requests and rows come in               settle   what ends a lease, and how
    turn     the phases of a turn                    send     frames to consumers
    ending   the drain, and the last words           audit    invariants */

#ifndef MAYHEM_PUBLISHER_CORE_H
#define MAYHEM_PUBLISHER_CORE_H

#include "common/core/links_credit.h"
#include "common/core/backoff.h"
#include "common/core/heap.h"
#include "publisher/hosts.h"
#include "publisher/journal.h"
#include "publisher/publisher.h"
#include "publisher/ready.h"
#include "publisher/reply.h"

#define GRANT_STEP  1024 // granted runs ahead by so many messages: each may be `lost` by a crash
#define FAULTS_KEPT 4    // texts of errors between two turns
#define SAY_BYTES   1024 // four texts of a line
#define STORE_BYTES 1280 // five texts of a row
#define NEVER       INT64_MAX

struct publisher_s {
    publisher_limits_t limits; // (its links are not used after _new)
    char name[NAME_MAX_BYTES + 1];
    uint64_t epoch;
    int64_t now_us;     // of the step under way
    int64_t stalled_us; // all stalls together: leases stand still meanwhile
    int64_t hold_us;    // nothing expires before
    links_t *links;
    drain_t drain;
    prng_t prng;
    //  The messages.
    bool opened;
    uint64_t outbox_id;
    uint64_t seq;    // highest accepted
    uint64_t stored; // highest that has a ticket
    uint64_t former; // highest that a former process may have leased
    bool unclean;
    uint64_t unloaded; // rows that the file has and memory has not
    outbox_t *outbox;
    hosts_t *hosts;
    journal_t *journal;
    reply_t *reply;
    ready_t ready;
    heap_t *delays;                    // DELAYED by due_us
    heap_t *leases;                    // LEASED and GHOST by their end on the lease clock
    list_t held[LINKS_DOWN_MAX + 1];   // LEASED and GHOST by route
    uint32_t unlisted[LINKS_DOWN_MAX]; // how many of held are still to be compared with the list
    list_t unsure;
    int64_t unsure_us; // on the lease clock: whoever has not reported by then never will
    list_t dead;
    uint64_t serial;         // of the last grant
    publisher_books_t books; // the counters that are not counts of states
    //  Sending: what lacks `granted`, in this turn.
    uint64_t blocked_low, blocked_high;
    uint32_t blocked;
    uint32_t first; // whose turn it is to be looked at first
    //  The end.
    bool exhausted;   // the source has ended
    bool last;        // nothing will be sent any more
    int64_t alone_us; // draining: since when nobody downstream will take anything, NEVER
    int64_t eos_us;   // when a volatile one stops sending, NEVER: no drain yet
    uint32_t cursor;  // next slot to write as left
    uint64_t left;
    bool exited;
    //  What the next turn says.
    bool again;
    bool show;
    bool fault_said;
    uint32_t faults; // errors that were not said yet
    char fault[FAULTS_KEPT][REASON_MAX_BYTES + 1];
};

static inline uint32_t
core_count (const publisher_t *self, message_state_t state)
{
    return outbox_count (self->outbox, state);
}

//  Counted once, in the books of the messages: what is in which state.
static inline uint32_t
core_pending (const publisher_t *self)
{
    return core_count (self, MESSAGE_STORING) + core_count (self, MESSAGE_READY) +
           core_count (self, MESSAGE_CHAINED) + core_count (self, MESSAGE_DELAYED);
}

static inline uint32_t
core_leased (const publisher_t *self)
{
    return core_count (self, MESSAGE_LEASED) + core_count (self, MESSAGE_UNSURE);
}

#endif
