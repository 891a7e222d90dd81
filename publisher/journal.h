/*  journal.h - which changes are durable: the queue of changed messages, and the tickets out.

    Every change of a message has a number. Changes wait in a queue (a later change of a message
    that waits already replaces the earlier one) and get tickets in its order; so "ticket t is
    through" means "all changes up to c are durable". At most JOURNAL_TICKETS are out: that is
    what two batches of the committer hold, and what a turn can be behind by. */

#ifndef MAYHEM_JOURNAL_H
#define MAYHEM_JOURNAL_H

#include "common/core/list.h"

#define JOURNAL_TICKETS 4096 // a power of two: two batches of the committer

typedef struct {
    uint32_t slot;   // of the message, SLAB_NONE: GRANTED
    uint64_t number; // change, or granted
} ticket_t;

typedef struct {
    list_t dirty;       // messages whose change waits for a ticket
    list_link_t *links; // owned
    uint64_t changes;   // number of the latest change
    uint64_t durable;   // all changes up to this one are durable
    uint64_t ticket;    // last one given out
    uint64_t through;   // last one that is durable
    uint64_t walked;    // last one whose consequences were drawn
    uint64_t asked;     // granted: highest asked for
    uint64_t granted;   // granted: highest that is durable
    bool full;          // the disk is full
    ticket_t ring[JOURNAL_TICKETS];
} journal_t;

//  NULL without memory.
journal_t *journal_new (uint32_t capacity);
void journal_destroy (journal_t **self_p);

//  A message that waits for no ticket yet has changed. Returns the number of the change.
uint64_t journal_change (journal_t *self, uint32_t slot);

//  How many tickets may be given out now; 0 while the disk is full.
uint32_t journal_room (const journal_t *self);

//  Give out the next ticket: for the first message that waits, or for GRANTED.
uint64_t journal_issue (journal_t *self, uint32_t *slot, uint64_t change);
uint64_t journal_issue_granted (journal_t *self, uint64_t granted);

//  Tickets up to this one are durable. Nonsense is ignored.
void journal_through (journal_t *self, uint64_t through);

//  The next durable ticket whose consequences were not drawn: false when there is none. slot is
//  SLAB_NONE for GRANTED.
bool journal_walk (journal_t *self, uint32_t *slot, uint64_t *ticket);

//  Nothing waits and no ticket is out.
bool journal_idle (const journal_t *self);

#endif
