/*  ending.h - the drain of a publisher, and its last words. */

#ifndef MAYHEM_PUBLISHER_ENDING_H
#define MAYHEM_PUBLISHER_ENDING_H

#include "publisher/turn.h"

//  Look whether anything may still be sent: before the first frame of a turn.
void ending_look (publisher_t *self);

//  Say what facts left to say, begin and drive the drain: before links_end.
void ending_turn (publisher_t *self, turn_t *turn);

//  When the drain is through: write what is left, say the last lines, leave: after links_end.
void ending_exit (publisher_t *self, turn_t *turn);

int64_t ending_deadline (const publisher_t *self);

#endif
