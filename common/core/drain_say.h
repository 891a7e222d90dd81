/*  drain_say.h - the lines of a drain, the same in every process. */

#ifndef MAYHEM_DRAIN_SAY_H
#define MAYHEM_DRAIN_SAY_H

#include "common/core/drain.h"
#include "common/core/effect.h"

//  Say that a drain has begun, that a signal came, that it was cut short: each once, when true.
//  in_hand: how many messages a cut will hand back.
void drain_say_start (drain_t *self, int64_t now_us, uint32_t in_hand, effects_t *effects);

//  Once a second: how many are in hand, the oldest, who holds it, the time left.
void drain_say_left (drain_t *self, int64_t now_us, uint32_t in_hand, text_t oldest, text_t holder,
                     effects_t *effects);

#endif
