/*  send.h - frames to consumers: work, answers to claims, confirmed packs. */

#ifndef MAYHEM_PUBLISHER_SEND_H
#define MAYHEM_PUBLISHER_SEND_H

#include "publisher/turn.h"

//  Phases.
void send_answers (publisher_t *self, turn_t *turn);
void send_confirms (publisher_t *self, turn_t *turn);
void send_work (publisher_t *self, turn_t *turn);

//  Look who may get work now.
void send_deal (publisher_t *self);

#endif
