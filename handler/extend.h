/*  extend.h - the lease of one task, as its holder counts it, and when to ask for more. Pure.

        receipt        2/3 lease       4/3 lease                the end of the work
           |--- extend ----|--- extend ----|--- ... ---|           no extension from here on
           |=== lease ====.....|  moved by every `held` to (sending of its extension) + lease

    The holder counts from the sending of its last confirmed extension, at first from receipt; the
    publisher counts from what it hears and adds a slack. So the holder's lease ends first, and by
    `end_us` nothing of the task may run. An extension that is not answered is sent again, under a
    number of its own, but does not count as another one. */

#ifndef MAYHEM_EXTEND_H
#define MAYHEM_EXTEND_H

#include <stdbool.h>
#include <stdint.h>

//  Sendings that an answer may still refer to: with a repetition every twelfth of the lease, an
//  answer may take two thirds of a lease.
#define EXTEND_SENT_MAX 8

//  Repeated after this part of the lease: once before a real restart is told to end, which is when
//  a sixth of the lease is left, that is a sixth after an extension.
#define EXTEND_AGAIN_PART 12

//  No task extends more often than this, however short a lease the record names.
#define EXTEND_PACE_US 10000

//  A real restart is told to end when this part of the lease is left, and begins only before.
#define EXTEND_TERM_PART 6

typedef struct {
    int64_t lease_us;                 // length
    int64_t end_us;                   // nothing of the task may run from here on
    int64_t slot_us;                  // the next scheduled extension
    int64_t again_us;                 // the last one is sent again, INT64_MAX: it was answered
    int64_t sent_us[EXTEND_SENT_MAX]; // when number n was sent: at n % EXTEND_SENT_MAX
    uint32_t number;                  // of the last extension, counted from 1
    uint32_t first;                   // the first number under this grant
    uint32_t slot_number;             // the first number of the last schedule slot
    bool held;                        // the publisher has confirmed this grant
} extend_t;

//  A lease of lease_us (> 0) begins by receipt; the first extension is due at once.
void extend_begin (extend_t *self, int64_t now_us, int64_t lease_us);

//  A lease under a higher grant takes over; numbers go on. fenced: something real runs, so the end
//  stays where a confirmed extension has put it until the new grant is held.
void extend_take_over (extend_t *self, int64_t now_us, int64_t lease_us, bool fenced);

//  Whether an extension is to be sent, and when the next one is.
bool extend_due (const extend_t *self, int64_t now_us);
int64_t extend_deadline (const extend_t *self);

//  One is sent now, as self->number. True: a scheduled one; false: a repetition.
bool extend_send (extend_t *self, int64_t now_us);

//  `held` came for this number. False: not one of ours, nothing changes.
bool extend_held (extend_t *self, int64_t now_us, uint32_t number);

//  When a running real restart is told to end.
int64_t extend_term_us (const extend_t *self);

#endif
