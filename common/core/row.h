/*  row.h - the outbox as a store sees it: rows that are loaded and written, and what it says of
    itself when it is opened. */

#ifndef MAYHEM_ROW_H
#define MAYHEM_ROW_H

#include "common/core/message.h"

//  OPENED: what the outbox's file says of itself.
typedef struct {
    uint64_t outbox;                        // its random id
    uint64_t last_seq;                      // highest seq ever accepted
    uint64_t granted;                       // highest seq that may ever have been leased
    uint64_t accepted, done, dead, dropped; // totals since it was made
    bool unclean;                           // the last process did not close it
} opened_t;

//  A row of the outbox: LOADED gives it, EFFECT_STORE writes it. Times are durations from now.
typedef struct {
    uint64_t seq;
    uint32_t extended;
    uint16_t delivery; // deliveries that counted so far
    uint16_t lost;     // in all
    uint16_t failures; // in a row: drives the back-off
    uint8_t steps;
    uint8_t dead; // 1: a dead letter
    uint8_t own_id;
    uint8_t id[ID_BYTES];
    int64_t delay_us; // not before this long from now
    text_t instance, hostname, reason, requested_by;
    text_t why; // of the last failure
} row_t;

#endif
