/*  intake.h - what comes in: the rows of the outbox first, then requests. */

#ifndef MAYHEM_PUBLISHER_INTAKE_H
#define MAYHEM_PUBLISHER_INTAKE_H

#include "publisher/core.h"

void intake_opened (publisher_t *self, const opened_t *opened);

//  A row that cannot be right, or that has no room, is counted as rejected.
void intake_loaded (publisher_t *self, const row_t *row);

//  Accept a request; one whose own id the outbox holds is the same message.
void intake_request (publisher_t *self, const request_t *request);

#endif
