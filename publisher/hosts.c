#include "publisher/hosts.h"

#include "common/core/index.h"

#include <assert.h>
#include <stdlib.h>

typedef struct {
    uint64_t host;
    uint32_t admitted;
    list_t chain;
} gate_t;

struct hosts_s {
    uint32_t per_host; // 0: no limit, no gates
    slab_t *gates;
    index_t *index; // host -> gate
};

hosts_t *
hosts_new (uint32_t capacity, uint32_t per_host)
{
    assert (capacity > 0);
    hosts_t *self = calloc (1, sizeof *self);
    if (!self) {
        return NULL;
    }
    self->per_host = per_host;
    self->gates = slab_new (capacity, sizeof (gate_t));
    self->index = index_new (capacity);
    if (!self->gates || !self->index) {
        hosts_destroy (&self);
    }
    return self;
}

void
hosts_destroy (hosts_t **self_p)
{
    hosts_t *self = *self_p;
    if (self) {
        slab_destroy (&self->gates);
        index_destroy (&self->index);
        free (self);
        *self_p = NULL;
    }
}

static gate_t *
s_at (hosts_t *self, uint32_t gate)
{
    return slab_at (self->gates, gate);
}

bool
hosts_open (const hosts_t *self, uint64_t host)
{
    if (!self->per_host) {
        return true;
    }
    uint32_t gate = index_get (self->index, host, 0);
    return gate == SLAB_NONE ||
           ((const gate_t *) slab_at (self->gates, gate))->admitted < self->per_host;
}

uint32_t
hosts_admit (hosts_t *self, uint64_t host)
{
    if (!self->per_host) {
        return SLAB_NONE;
    }
    uint32_t gate = index_get (self->index, host, 0);
    if (gate == SLAB_NONE) {
        gate = slab_take (self->gates);
        assert (gate != SLAB_NONE); // never more hosts than messages
        *s_at (self, gate) = (gate_t){.host = host, .chain = LIST_EMPTY};
        index_put (self->index, host, 0, gate);
    }
    s_at (self, gate)->admitted++;
    return gate;
}

list_t *
hosts_leave (hosts_t *self, uint32_t gate)
{
    if (!self->per_host) {
        return NULL;
    }
    gate_t *at = s_at (self, gate);
    assert (at->admitted > 0);
    at->admitted--;
    if (at->admitted < self->per_host && at->chain.count > 0) {
        return &at->chain;
    }
    if (at->admitted == 0) {
        index_drop (self->index, at->host, 0);
        slab_give (self->gates, gate);
    }
    return NULL;
}

uint32_t
hosts_gate (const hosts_t *self, uint64_t host)
{
    assert (!hosts_open (self, host));
    return index_get (self->index, host, 0);
}

list_t *
hosts_chain (hosts_t *self, uint32_t gate)
{
    return &s_at (self, gate)->chain;
}

uint32_t
hosts_admitted (hosts_t *self, uint32_t gate)
{
    return s_at (self, gate)->admitted;
}

uint32_t
hosts_count (const hosts_t *self)
{
    return index_count (self->index);
}

uint32_t
hosts_per_host (const hosts_t *self)
{
    return self->per_host;
}
