/*  hosts.h - the gate of each host: how many messages of it are admitted, and who waits.

    A message is admitted from READY to the end of its lease; while `per_host` of one host are, the
    next ones wait in that host's chain, first come, first served. A host is its hash alone: a
    collision only makes two hosts take turns. O(1) expected for everything. */

#ifndef MAYHEM_HOSTS_H
#define MAYHEM_HOSTS_H

#include "common/core/list.h"

typedef struct hosts_s hosts_t;

//  For at most `capacity` messages. per_host 0: no gate at all. NULL without memory.
hosts_t *hosts_new (uint32_t capacity, uint32_t per_host);
void hosts_destroy (hosts_t **self_p);

//  Whether one more of this host may be admitted.
bool hosts_open (const hosts_t *self, uint64_t host);

//  Admit one, also past the limit (what was leased before a crash may be). Returns its gate.
uint32_t hosts_admit (hosts_t *self, uint64_t host);

//  One of this gate is through. Returns the list of those who wait when one may be admitted now,
//  else NULL. A gate with nobody in it is gone.
list_t *hosts_leave (hosts_t *self, uint32_t gate);

//  The gate and the chain of a host that is not open.
uint32_t hosts_gate (const hosts_t *self, uint64_t host);
list_t *hosts_chain (hosts_t *self, uint32_t gate);

//  Admitted ones of a gate; gates there are.
uint32_t hosts_admitted (hosts_t *self, uint32_t gate);
uint32_t hosts_count (const hosts_t *self);
uint32_t hosts_per_host (const hosts_t *self);

#endif
