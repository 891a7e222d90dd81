/*  outbox.h - the messages themselves: one record each, found by seq, and by the id that a request
    brought itself. Their texts lie in blocks of two sizes, so that the usual message is small.

    The outbox keeps and counts; it decides nothing. All memory is reserved by outbox_new. */

#ifndef MAYHEM_OUTBOX_H
#define MAYHEM_OUTBOX_H

#include "publisher/record.h"

#define OUTBOX_SMALL_BYTES 192 // texts of a usual request: two names and a line of reason
#define OUTBOX_LARGE_BYTES (INSTANCE_MAX_BYTES + HOSTNAME_MAX_BYTES + 2 * REASON_MAX_BYTES)

typedef struct outbox_s outbox_t;

//  NULL without memory.
outbox_t *outbox_new (uint32_t capacity);
void outbox_destroy (outbox_t **self_p);

//  Add a message in state STORING; asserts that there is room and that seq is new. A row keeps its
//  counters and its `why`; its own id is indexed unless another message bears it already.
uint32_t outbox_add (outbox_t *self, const row_t *row);
void outbox_free (outbox_t *self, uint32_t slot);

message_t *outbox_at (outbox_t *self, uint32_t slot);
uint32_t outbox_find (const outbox_t *self, uint64_t seq);
uint32_t outbox_find_id (const outbox_t *self, const uint8_t id[ID_BYTES]);

//  Texts are borrowed until the message changes or goes.
text_t outbox_text (outbox_t *self, const message_t *message, which_t which);
text_t outbox_why (outbox_t *self, const message_t *message);
void outbox_set_why (outbox_t *self, message_t *message, text_t why);

//  The row as it is to be written now.
row_t outbox_row (outbox_t *self, uint32_t slot, int64_t now_us);

//  Links of the one list that a message is in by its state.
list_link_t *outbox_homes (outbox_t *self);

//  Change the state and the counts; the lists are the caller's.
void outbox_set_state (outbox_t *self, message_t *message, message_state_t state);
uint32_t outbox_count (const outbox_t *self, message_state_t state);

//  Slots: free ones, those in use, and one past the highest ever used.
uint32_t outbox_room (const outbox_t *self);
uint32_t outbox_used (const outbox_t *self);
uint32_t outbox_high (const outbox_t *self);
bool outbox_taken (const outbox_t *self, uint32_t slot);

#endif
