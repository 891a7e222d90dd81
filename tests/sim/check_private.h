/*  check_private.h - what the files of the checks share; nobody else includes it. */

#ifndef MAYHEM_SIM_CHECK_PRIVATE_H
#define MAYHEM_SIM_CHECK_PRIVATE_H

#include "tests/sim/world.h"

//  Whether both steps of a message really came to their end in the world.
bool check_really_done (const world_t *world, uint32_t job);

//  What is remembered of a lease; check_same says whether it is that of this lease.
check_grant_t *check_grant (world_t *world, uint32_t job, grant_t grant);

static inline bool
check_same (const check_grant_t *kept, grant_t grant)
{
    return kept->epoch == grant.epoch && kept->serial == grant.serial;
}

//  The job of a message by its name; SIM_MESSAGES: of an outbox that is gone.
uint32_t check_job (const world_t *world, name_t name);

#endif
