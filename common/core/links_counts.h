/*  links_counts.h - frames that were dropped, and why: counted, said once a second. */

#ifndef MAYHEM_LINKS_COUNTS_H
#define MAYHEM_LINKS_COUNTS_H

#include "common/core/links.h"

typedef struct {
    uint64_t frames;    // that came
    uint64_t bad;       // not legal
    uint64_t stale;     // of another version, epoch or link
    uint64_t duplicate; // heard before
    uint64_t unknown;   // HELLO, and no slot is free
    uint64_t gaps;      // links that ended for missing frames
} links_counts_t;

const links_counts_t *links_counts (const links_t *self);

#endif
