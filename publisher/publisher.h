/*  publisher.h - the publisher's core: accepts messages, grants leases, counts, redelivers, buries.

    Pure: facts come in by publisher_step and change state, duties come out of TURN alone. The shell
    gives OPENED, then all LOADED rows, before the first request, frame and TURN; a volatile one is
    OPENED with a random outbox id and its tickets need no answer. Life of a message:

        accepted ──▶ STORING ──▶ READY ◀──▶ CHAINED (another of its host is under way)
                       ▲ │ │        │
           nack, loss, │ │ └▶ DEAD  └──▶ LEASED ──▶ done: LEAVING ──▶ (removed)
           release     │ └▶ DELAYED ──▶ READY  │
                       └───────────────────────┘     done by another than the holder: GHOST
        recovered after an unclean end, may have been leased: UNSURE ──▶ LEASED or lost

    What is in STORING or LEAVING waits for the journal: nothing rests on a change that is not
    durable. One message is one row everywhere: accepted = pending + leased + done + dead + dropped.
*/

#ifndef MAYHEM_PUBLISHER_H
#define MAYHEM_PUBLISHER_H

#include "common/core/links.h"
#include "publisher/outbox.h"

//  Dead letters that are kept in memory beside max_pending messages; more of them take its place.
#define PUBLISHER_DEAD_MAX 65536

typedef struct {
    links_config_t links;    // epoch: that of every grant
    int64_t lease_us;        // length of a lease; it expires two thirds later
    uint32_t max_deliveries; // counted deliveries until a message is dead, 1..UINT16_MAX
    uint32_t max_lost;       // losses until it is dead, 1..UINT16_MAX
    uint32_t per_host;       // leases of one host at the same time, 0: no limit
    uint32_t max_pending;    // messages that are not settled, 1..
    uint32_t max_dead;       // dead letters in memory, 0: PUBLISHER_DEAD_MAX
    bool is_volatile;        // no file: tickets are through at once, what is left comes as LEFT
} publisher_limits_t;

//  What became of all messages. accepted = pending + leased + done + dead + dropped, always.
typedef struct {
    uint64_t accepted, done, dead, dropped; // since the outbox was made
    uint64_t pending;                       // delayed ones included
    uint64_t leased;                        // those that may have been leased included
    uint64_t ghosts;                        // done, but a lease of them still runs
    uint64_t redelivered;                   // sent after a former lease
    uint64_t released, deferred, failed, lost, expired, refused, returned; // ends of leases
    uint64_t stale;      // claims and settlements that changed nothing
    uint64_t duplicates; // requests with an id that the outbox holds
    uint64_t rejected;   // requests past the room, and rows past the memory
} publisher_books_t;

typedef struct publisher_s publisher_t;

//  Reserves everything; NULL without memory. The limits are copied.
publisher_t *publisher_new (const publisher_limits_t *limits, uint64_t seed);
void publisher_destroy (publisher_t **self_p);

//  One fact, or TURN. `effects` is used by TURN alone and must be empty then.
void publisher_step (publisher_t *self, int64_t now_us, const event_t *event, effects_t *effects);

//  When to TURN next even if nothing happens.
int64_t publisher_deadline (const publisher_t *self);

//  How many requests may come now: the source waits while it is 0.
uint32_t publisher_room (const publisher_t *self);

publisher_books_t publisher_books (const publisher_t *self);

//  Whether nothing is leased and everything is durable: then, and only then, the file may be closed
//  as clean. Otherwise the next start must be told that the end was unclean.
bool publisher_clean (const publisher_t *self);

//  Check every invariant, O(messages): for tests and the simulator.
void publisher_assert (const publisher_t *self);

//  Every message, in no order. `via`: epoch of the consumer that its lease goes through.
typedef struct {
    name_t name;
    message_state_t state;
    grant_t grant; // current while LEASED or GHOST
    uint64_t host;
    uint64_t via;
    uint16_t delivery, lost;
    uint8_t steps;
} publisher_entry_t;
typedef void (publisher_audit_fn) (const publisher_entry_t *entry, void *arg);
void publisher_audit (const publisher_t *self, publisher_audit_fn *fn, void *arg);

#endif
