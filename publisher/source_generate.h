/*  source_generate.h - messages made up: `cattle-` and four of a-z0-9, at a pace.

    Pure: links libc only; time is a parameter, all randomness comes from the seed and from id. */

#ifndef MAYHEM_SOURCE_GENERATE_H
#define MAYHEM_SOURCE_GENERATE_H

#include "publisher/pace.h"
#include "publisher/source.h"

typedef struct {
    pace_limits_t pace;
    uint64_t count; // messages in all, 0: no end
    uint64_t seed;  // of names and gaps, and of ids when id is NULL
    //  Makes a random UUID (source_uuid.h); NULL: ids are valid v4 from the seed.
    void (*id) (uint8_t id[ID_BYTES]);
} source_generate_limits_t;

//  The source starts at now_us. Returns 0, -1: no memory.
int source_generate_open (source_t *out, const source_generate_limits_t *limits, int64_t now_us);

#endif
