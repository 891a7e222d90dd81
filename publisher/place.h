/*  place.h - the only way to change the state of a message, and with it the list it stands in. */

#ifndef MAYHEM_PUBLISHER_PLACE_H
#define MAYHEM_PUBLISHER_PLACE_H

#include "publisher/core.h"

//  Move to a state whose list and gate follow from it.
void place_move (publisher_t *self, uint32_t slot, message_state_t state);

//  READY, or CHAINED while its host is not open.
void place_ready (publisher_t *self, uint32_t slot);

//  STORING until the journal is through with it, then `next`, not before due_us.
void place_store (publisher_t *self, uint32_t slot, message_state_t next, int64_t due_us);

//  Done: LEAVING until its removal is durable. A ghost stays until its lease ends.
void place_leave (publisher_t *self, uint32_t slot);
void place_end_ghost (publisher_t *self, uint32_t slot);

//  Its last change is durable: go on.
void place_stored (publisher_t *self, uint32_t slot);

//  Queue a change for the journal, unless one waits there already.
void place_changed (publisher_t *self, uint32_t slot);

#endif
