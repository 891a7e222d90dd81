/*  turn.h - what the facts left to do, phase by phase; a turn ends when the work of one step is
    done or the effects are full, and comes again for the rest. */

#ifndef MAYHEM_PUBLISHER_TURN_H
#define MAYHEM_PUBLISHER_TURN_H

#include "publisher/core.h"

typedef struct {
    effects_t *effects;
    uint32_t left;  // records that this turn may still work on
    uint32_t phase; // records that this phase may still work on
    bool again;     // something was left for the next turn
} turn_t;

void turn_run (publisher_t *self, effects_t *effects);

//  Whether one more record may be worked on, with so many effects; else the turn comes again.
bool turn_take (turn_t *self, size_t effects, size_t bytes);

#endif
