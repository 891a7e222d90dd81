/*  left.h - what a volatile publisher could not finish: `DIR/left-NAME.jsonl`, requests that
    --requests takes again. Appended, so that an earlier rest is never lost. When it is itself what
    is read (--requests), it is put aside first as `left-NAME.jsonl.taken`, so that the new file
    holds nothing but the new rest. */

#ifndef MAYHEM_LEFT_H
#define MAYHEM_LEFT_H

#include "common/core/event.h"

typedef struct left_s left_t;

//  Nothing is made before the first row, but DIR must be writable. NULL after an error, with errno.
left_t *left_new (const char *data, const char *name);

//  `requests` is about to be read ("-": stdin). Returns the path to read: another one when it was
//  this file, by whatever name. NULL with errno when it could not be put aside. Borrowed.
const char *left_take (left_t *self, const char *requests);

//  Sync and close. 0, or -1 when rows may be missing; then errno says why. Nulls the pointer.
int left_close (left_t **self_p);

//  Write one row. 0 or -1, as at the close.
int left_put (left_t *self, const row_t *row);

//  How many rows were written, how many could not be, and where.
uint64_t left_count (const left_t *self);
uint64_t left_failures (const left_t *self);
const char *left_path (const left_t *self);

#endif
