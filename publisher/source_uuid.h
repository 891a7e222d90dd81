/*  source_uuid.h - random ids from libuuid, for the sources that are pure. */

#ifndef MAYHEM_SOURCE_UUID_H
#define MAYHEM_SOURCE_UUID_H

#include "common/core/message.h"

//  A random UUID (v4).
void source_uuid (uint8_t id[ID_BYTES]);

#endif
