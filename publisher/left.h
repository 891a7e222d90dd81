/*  left.h - what a volatile publisher could not finish: `DIR/left-NAME.jsonl`, requests that
    --requests takes again. Appended, so that an earlier rest is never lost. */

#ifndef MAYHEM_LEFT_H
#define MAYHEM_LEFT_H

#include "common/core/event.h"

typedef struct left_s left_t;

//  Nothing is made before the first row. NULL without memory.
left_t *left_new (const char *data, const char *name);

//  Sync and close. 0, or -1 when rows may be missing; then errno says why. Nulls the pointer.
int left_close (left_t **self_p);

//  Write one row. 0 or -1, as at the close.
int left_put (left_t *self, const row_t *row);

//  How many rows were written, and where.
uint64_t left_count (const left_t *self);
const char *left_path (const left_t *self);

#endif
