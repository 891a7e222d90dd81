/*  source_id.h - ids that a seed can repeat. Pure. */

#ifndef MAYHEM_SOURCE_ID_H
#define MAYHEM_SOURCE_ID_H

#include "common/core/message.h"
#include "common/core/prng.h"

//  A valid UUID v4 (RFC 9562, section 5.4) from the generator's next 128 bits.
void source_id_next (prng_t *prng, uint8_t id[ID_BYTES]);

#endif
