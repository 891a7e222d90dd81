/*  trace.h - a frame as lines for people: what it says, record by record. */

#ifndef MAYHEM_SIM_TRACE_H
#define MAYHEM_SIM_TRACE_H

#include "common/core/event.h"

typedef struct world_s world_t;

void trace_frame (world_t *world, const char *from, const char *to, bytes_t bytes);

#endif
