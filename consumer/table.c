#include "consumer/table.h"

#include "common/core/wire.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

_Static_assert(CONSUMER_PUBS_MAX <= 32, "a bit each");

//  Who has a host in work through this consumer.
typedef struct {
    uint64_t host;
    uint64_t outbox;
    uint32_t count;
} gate_t;

int
table_init (table_t *self, uint32_t messages_max)
{
    assert (messages_max > 0);
    *self = (table_t){0};
    self->entries = slab_new (messages_max, sizeof (entry_t));
    self->raws = slab_new (messages_max, WORK_BYTES_MAX);
    self->gates = slab_new (messages_max, sizeof (gate_t));
    self->order = calloc (messages_max, sizeof *self->order);
    self->by_name = index_new (messages_max);
    self->by_pack = index_new (messages_max);
    self->hosts = index_new (messages_max);
    self->deadlines = heap_new (messages_max);
    list_init (&self->unplaced);
    for (uint32_t slot = 0; slot < LINKS_MAX; slot++) {
        list_init (&self->at[slot]);
    }
    bool all = self->entries && self->raws && self->gates && self->order && self->by_name &&
               self->by_pack && self->hosts && self->deadlines;
    return all ? 0 : -1;
}

void
table_term (table_t *self)
{
    slab_destroy (&self->entries);
    slab_destroy (&self->raws);
    slab_destroy (&self->gates);
    index_destroy (&self->by_name);
    index_destroy (&self->by_pack);
    index_destroy (&self->hosts);
    heap_destroy (&self->deadlines);
    free (self->order);
    self->order = NULL;
}

entry_t *
table_at (const table_t *self, uint32_t slot)
{
    return slab_at (self->entries, slot);
}

uint32_t
table_find (const table_t *self, name_t name)
{
    return index_get (self->by_name, name.outbox, name.seq);
}

uint8_t
table_known_pub (const table_t *self, text_t name)
{
    assert (name.length <= NAME_MAX_BYTES);
    for (uint8_t pub = 0; pub < self->pub_count; pub++) {
        if (strlen (self->pubs[pub].name) == name.length &&
            memcmp (self->pubs[pub].name, name.at, name.length) == 0) {
            return pub;
        }
    }
    return PUB_NONE;
}

//  Room for a new name: behind the others, or that of a publisher without anything in hand.
static uint8_t
s_pub_room (table_t *self, uint32_t linked)
{
    if (self->pub_count < CONSUMER_PUBS_MAX) {
        return self->pub_count++;
    }
    for (uint8_t pub = 0; pub < CONSUMER_PUBS_MAX; pub++) {
        if (self->pubs[pub].in_hand == 0 && !(linked >> pub & 1)) {
            return pub;
        }
    }
    return PUB_NONE;
}

uint8_t
table_pub (table_t *self, text_t name, uint32_t linked)
{
    uint8_t pub = table_known_pub (self, name);
    pub = pub == PUB_NONE ? s_pub_room (self, linked) : pub;
    if (pub != PUB_NONE && table_known_pub (self, name) != pub) {
        pub_t *fresh = &self->pubs[pub];
        *fresh = (pub_t){0};
        memcpy (fresh->name, name.at, name.length);
        list_init (&fresh->settling);
    }
    return pub;
}

static void
s_gate_in (table_t *self, const entry_t *entry)
{
    if (!entry->host) {
        return;
    }
    uint32_t at = index_get (self->hosts, entry->host, 0);
    if (at == SLAB_NONE) {
        at = slab_take (self->gates);
        assert (at != SLAB_NONE);
        *(gate_t *) slab_at (self->gates, at) =
            (gate_t){.host = entry->host, .outbox = entry->name.outbox};
        index_put (self->hosts, entry->host, 0, at);
    }
    ((gate_t *) slab_at (self->gates, at))->count++;
}

static void
s_gate_out (table_t *self, const entry_t *entry)
{
    if (!entry->host) {
        return;
    }
    uint32_t at = index_get (self->hosts, entry->host, 0);
    assert (at != SLAB_NONE);
    gate_t *gate = slab_at (self->gates, at);
    assert (gate->count > 0);
    if (--gate->count == 0) {
        index_drop (self->hosts, entry->host, 0);
        slab_give (self->gates, at);
    }
}

bool
table_busy (const table_t *self, uint64_t host, uint64_t outbox)
{
    uint32_t at = host ? index_get (self->hosts, host, 0) : SLAB_NONE;
    return at != SLAB_NONE && ((gate_t *) slab_at (self->gates, at))->outbox != outbox;
}

uint32_t
table_add (table_t *self, name_t name, grant_t grant, uint64_t host, uint8_t pub)
{
    assert (pub < self->pub_count);
    uint32_t slot = slab_take (self->entries);
    if (slot == SLAB_NONE) {
        return SLAB_NONE;
    }
    entry_t *entry = table_at (self, slot);
    *entry = (entry_t){.name = name,
                       .grant = grant,
                       .host = host,
                       .pub = pub,
                       .raw = SLAB_NONE,
                       .next = SLAB_NONE,
                       .state = ENTRY_SETTLED};
    index_put (self->by_name, name.outbox, name.seq, slot);
    s_gate_in (self, entry);
    self->pubs[pub].in_hand++;
    return slot;
}

//  The list an entry stands on, or NULL.
static list_t *
s_list (table_t *self, const entry_t *entry)
{
    switch ((entry_state_t) entry->state) {
    case ENTRY_UNPLACED: return &self->unplaced;
    case ENTRY_PLACED: return &self->at[entry->slot];
    case ENTRY_SETTLING: return &self->pubs[entry->pub].settling;
    case ENTRY_SETTLED: return NULL;
    }
    return NULL;
}

static void
s_unlist (table_t *self, uint32_t slot)
{
    entry_t *entry = table_at (self, slot);
    list_t *list = s_list (self, entry);
    if (list) {
        list_remove (list, self->order, slot);
    }
    entry->state = ENTRY_SETTLED;
}

static void
s_enlist (table_t *self, uint32_t slot, entry_state_t state)
{
    entry_t *entry = table_at (self, slot);
    entry->state = (uint8_t) state;
    list_append (s_list (self, entry), self->order, slot);
}

//  Take an entry off the chain of its pack.
static void
s_unpack (table_t *self, uint32_t slot)
{
    entry_t *entry = table_at (self, slot);
    if (!entry->pack) {
        return;
    }
    uint32_t at = index_get (self->by_pack, entry->holder, entry->pack);
    if (at == slot && entry->next == SLAB_NONE) {
        index_drop (self->by_pack, entry->holder, entry->pack);
    } else if (at == slot) {
        index_set (self->by_pack, entry->holder, entry->pack, entry->next);
    } else {
        while (at != SLAB_NONE && table_at (self, at)->next != slot) {
            at = table_at (self, at)->next;
        }
        assert (at != SLAB_NONE);
        table_at (self, at)->next = entry->next;
    }
    entry->pack = 0;
    entry->next = SLAB_NONE;
}

static void
s_forget_raw (table_t *self, entry_t *entry)
{
    if (entry->raw != SLAB_NONE) {
        slab_give (self->raws, entry->raw);
        entry->raw = SLAB_NONE;
    }
}

void
table_drop (table_t *self, uint32_t slot)
{
    entry_t *entry = table_at (self, slot);
    s_unlist (self, slot);
    s_unpack (self, slot);
    s_forget_raw (self, entry);
    s_gate_out (self, entry);
    heap_drop (self->deadlines, slot);
    index_drop (self->by_name, entry->name.outbox, entry->name.seq);
    assert (self->pubs[entry->pub].in_hand > 0);
    self->pubs[entry->pub].in_hand--;
    slab_give (self->entries, slot);
}

void
table_unplaced (table_t *self, uint32_t slot)
{
    entry_t *entry = table_at (self, slot);
    assert (entry->raw != SLAB_NONE);
    s_unlist (self, slot);
    s_unpack (self, slot);
    entry->holder = 0;
    s_enlist (self, slot, ENTRY_UNPLACED);
}

void
table_placed (table_t *self, uint32_t slot, uint8_t peer_slot, uint64_t holder)
{
    entry_t *entry = table_at (self, slot);
    assert (holder != 0);
    s_unlist (self, slot);
    if (entry->holder != holder) {
        s_unpack (self, slot);
    }
    entry->slot = peer_slot;
    entry->holder = holder;
    s_enlist (self, slot, ENTRY_PLACED);
}

void
table_settle (table_t *self, uint32_t slot, outcome_t outcome, table_reason_t reason)
{
    entry_t *entry = table_at (self, slot);
    s_unlist (self, slot);
    s_unpack (self, slot);
    s_forget_raw (self, entry);
    entry->outcome = (uint8_t) outcome;
    entry->reason = (uint8_t) reason;
    s_enlist (self, slot, ENTRY_SETTLING);
}

void
table_pack (table_t *self, uint32_t slot, uint64_t holder, uint64_t number)
{
    entry_t *entry = table_at (self, slot);
    assert (number != 0);
    if (entry->holder == holder && entry->pack == number) {
        return;
    }
    s_unpack (self, slot);
    entry->holder = holder;
    entry->pack = number;
    uint32_t first = index_get (self->by_pack, holder, number);
    entry->next = first;
    if (first == SLAB_NONE) {
        index_put (self->by_pack, holder, number, slot);
    } else {
        index_set (self->by_pack, holder, number, slot);
    }
}

uint32_t
table_confirm (table_t *self, uint64_t holder, uint64_t number)
{
    uint32_t count = 0;
    for (uint32_t slot = index_get (self->by_pack, holder, number); slot != SLAB_NONE;
         slot = index_get (self->by_pack, holder, number)) {
        table_drop (self, slot);
        count++;
    }
    return count;
}

int64_t
table_lease_us (const entry_t *entry)
{
    //  Slack is one extension interval, two thirds of a lease.
    return (int64_t) entry->lease_ms * 1000 * 5 / 3;
}
