/*  table.h - the messages that pass through a consumer, by name, by pack, by handler and by
    publisher; and the hosts that are in work through it.

    An entry that nobody speaks of for two leases is forgotten: the publisher's lease has ended. */

#ifndef MAYHEM_TABLE_H
#define MAYHEM_TABLE_H

#include "common/core/heap.h"
#include "common/core/index.h"
#include "common/core/list.h"
#include "common/core/message.h"
#include "common/core/peer.h"
#include "common/core/slab.h"
#include "consumer/consumer.h"
#include "consumer/entry.h"

//  A publisher by name, linked or not.
typedef struct {
    char name[NAME_MAX_BYTES + 1];
    uint32_t in_hand; // entries of its messages
    list_t settling;  // entries that wait for a pack of ours
} pub_t;

typedef struct {
    slab_t *entries;
    slab_t *raws;       // records' bytes: u16 length is their own first field
    list_link_t *order; // UNPLACED, SETTLING and PLACED lists, by entry
    index_t *by_name;
    index_t *by_pack; // (holder, number) -> first entry
    index_t *hosts;   // (host, 0) -> slot of gates
    slab_t *gates;
    heap_t *deadlines; // by entry
    list_t unplaced;
    list_t at[LINKS_MAX]; // PLACED, by handler's slot
    pub_t pubs[CONSUMER_PUBS_MAX];
    uint8_t pub_count;
} table_t;

//  0, or -1 without memory.
int table_init (table_t *self, uint32_t messages_max);
void table_term (table_t *self);

//  Whether two grants are one lease.
static inline bool
table_same (grant_t one, grant_t other)
{
    return one.epoch == other.epoch && one.serial == other.serial;
}

entry_t *table_at (const table_t *self, uint32_t slot);
uint32_t table_find (const table_t *self, name_t name);
//  The publisher of a name. table_pub makes it when it is new, if need be in the place of one that
//  has nothing in hand and is not among the `linked` (a bit each). PUB_NONE: unknown, or no room.
uint8_t table_known_pub (const table_t *self, text_t name);
uint8_t table_pub (table_t *self, text_t name, uint32_t linked);

//  A new entry from a claim or a record, without a state list yet. SLAB_NONE when full.
uint32_t table_add (table_t *self, name_t name, grant_t grant, uint64_t host, uint8_t pub);
void table_drop (table_t *self, uint32_t slot);

//  Whether the host is in work for another outbox: another publisher, or one that bore its name.
bool table_busy (const table_t *self, uint64_t host, uint64_t outbox);

//  Moves between states; each takes the entry off its former list.
void table_unplaced (table_t *self, uint32_t slot);
void table_placed (table_t *self, uint32_t slot, uint8_t peer_slot, uint64_t holder);
void table_settle (table_t *self, uint32_t slot, outcome_t outcome, table_reason_t reason);

//  Remember that a pack settles this entry, and drop all that a confirmed pack settled.
void table_pack (table_t *self, uint32_t slot, uint64_t holder, uint64_t number);
uint32_t table_confirm (table_t *self, uint64_t holder, uint64_t number);

//  How long the entry's lease lasts at the most from now, with the publisher's slack.
int64_t table_lease_us (const entry_t *entry);

#endif
