/*  consumer.h - the pure core of the consumer: it takes work from every publisher without ever
   waiting for one message before the next, gives it to the handler with the most free slots, and
   carries extensions, settlements and answers between the two. It holds soft state only.

    The contract with the shell is that of event.h and effect.h: facts in, duties out of TURN.
    Effects it makes: OPEN CLOSE SEND REPLY PUBLISH SAY EXIT. */

#ifndef MAYHEM_CONSUMER_H
#define MAYHEM_CONSUMER_H

#include "common/core/effect.h"
#include "common/core/links.h"

#define CONSUMER_MESSAGES_MAX 131072 // in its table: a dozen handlers of 10000 slots; 200 B each
#define CONSUMER_PUBS_MAX     32     // publishers whose messages it may meet, linked or not

typedef struct {
    links_config_t links;
    uint32_t messages_max; // CONSUMER_MESSAGES_MAX; less in tests
    double fail_consume;   // injected: the chance of an exception for one delivery
} consumer_limits_t;

typedef struct {
    uint64_t taken;                            // work records received
    uint64_t placed;                           // passed on to a handler
    uint64_t settled;                          // settlements confirmed
    uint64_t released, lost, deferred, failed; // settled by this consumer itself
    uint64_t
        dropped; // claims and packs dropped for a full queue or an unknown way; they come again
    uint64_t forgotten; // entries that nobody spoke of for two leases
} consumer_counts_t;

typedef struct consumer_s consumer_t;

//  NULL without memory. Reserves everything that the limits allow.
consumer_t *consumer_new (const consumer_limits_t *limits, uint64_t seed, int64_t now_us);
void consumer_destroy (consumer_t **self_p);

void consumer_step (consumer_t *self, int64_t now_us, const event_t *event, effects_t *effects);
int64_t consumer_deadline (const consumer_t *self);

const consumer_counts_t *consumer_counts (const consumer_t *self);
const drain_t *consumer_drain (const consumer_t *self);
links_t *consumer_links (consumer_t *self);
uint32_t consumer_in_hand (const consumer_t *self);

//  Check every invariant, O(messages): for tests.
void consumer_assert (const consumer_t *self);

#endif
