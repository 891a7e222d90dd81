/*  queue.h - what will happen in the virtual world, ordered by time; at the same instant in the
   order in which it was put. */

#ifndef MAYHEM_SIM_QUEUE_H
#define MAYHEM_SIM_QUEUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum {
    HAPPEN_WAKE,      // a process's timer: item is its arming
    HAPPEN_FRAME,     // item: frame that arrives
    HAPPEN_PUBLISHED, // item: frame from a state socket that arrives
    HAPPEN_NOTICE,    // item: process (and `extra` its epoch) that is not subscribed any more
    HAPPEN_COMMIT,    // the batch of an outbox is durable
    HAPPEN_SAVED,     // item: save that is durable
    HAPPEN_FOUND,     // item: task that the restarts database answers about
    HAPPEN_RAN,       // item: restart that ends
    HAPPEN_REQUESTS,  // requests for a publisher
    HAPPEN_START,     // a process that is not there starts again
    HAPPEN_RESUME,    // SIGCONT
    HAPPEN_FAULT,     // item: kind of a fault that begins
    HAPPEN_CALM,      // item: cut, or disk, whose fault ends
    HAPPEN_PHASE,     // item: phase of the run that begins
    HAPPEN_COUNT
} happen_kind_t;

typedef struct {
    int64_t at_us;
    uint64_t order; // set by queue_put
    uint64_t extra;
    uint32_t item;
    uint32_t life; // of the node; an event for a former life is void
    uint16_t node;
    uint16_t kind; // happen_kind_t
} happen_t;

typedef struct {
    happen_t *heap; // 1..count
    size_t count;
    size_t room;
    uint64_t order;
} queue_t;

//  Empty it and keep its memory. A zeroed queue is empty.
void queue_reset (queue_t *self);
void queue_term (queue_t *self);
void queue_put (queue_t *self, const happen_t *happen);
//  The next one, taken out; false when there is none.
bool queue_take (queue_t *self, happen_t *out);
//  Its time, INT64_MAX: none.
int64_t queue_next (const queue_t *self);

#endif
