/*  log_meter.h - at most LOG_MESSAGE_LINES lines about messages a second, the rest is counted.

    Pure: time is a parameter. A second starts with the first line after the last one ended. */

#ifndef MAYHEM_LOG_METER_H
#define MAYHEM_LOG_METER_H

#include <stdbool.h>
#include <stdint.h>

//  All zero is a new meter.
typedef struct {
    int64_t start_us; // of the running second
    uint32_t taken;   // lines let through in it; 0: no second runs
    uint64_t over;    // lines held back in it
} log_meter_t;

//  Ends the second if it is over. Returns how many lines it held back, once.
uint64_t log_meter_roll (log_meter_t *self, int64_t now_us);

//  May one more line be written? Call log_meter_roll first.
bool log_meter_take (log_meter_t *self, int64_t now_us);

//  When log_meter_roll has something to say; INT64_MAX: nothing.
int64_t log_meter_deadline (const log_meter_t *self);

#endif
