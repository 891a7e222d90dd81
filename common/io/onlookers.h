/*  onlookers.h - the event stream on the state socket: JSON, topic `event.<kind>`, for people and
    tools that watch. The pipeline never depends on one: with nobody there nothing is even made. */

#ifndef MAYHEM_ONLOOKERS_H
#define MAYHEM_ONLOOKERS_H

#include "common/core/say.h"
#include "common/io/neighbours.h"

typedef struct onlookers_s onlookers_t;

//  neighbours is borrowed: its XPUB carries the stream. NULL without memory.
onlookers_t *onlookers_new (neighbours_t *neighbours, const char *name);
void onlookers_destroy (onlookers_t **self_p);

//  A subscription came or went. Returns whether it was one for events.
bool onlookers_notice (onlookers_t *self, const char *topic, bool present);

//  Does anybody watch?
bool onlookers_watch (const onlookers_t *self);

//  Publish a line as an event, if anybody watches. text: the formatted line.
void onlookers_say (onlookers_t *self, const say_t *say, const char *text);

#endif
