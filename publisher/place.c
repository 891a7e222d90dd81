//  Which list a message stands in: one function maps its state to it, one moves it.

#include "publisher/place.h"

#include <assert.h>

//  Admitted messages keep the others of their host waiting.
static bool
s_admitted (message_state_t state)
{
    switch (state) {
    case MESSAGE_READY:
    case MESSAGE_LEASED:
    case MESSAGE_UNSURE: return true;
    //  Its holder may still be at work on the host.
    case MESSAGE_GHOST: return MAYHEM_BUG != 7;
    case MESSAGE_STORING:
    case MESSAGE_CHAINED:
    case MESSAGE_DELAYED:
    case MESSAGE_DEAD:
    case MESSAGE_LEAVING:
    case MESSAGE_STATES: return false;
    }
    return false;
}

static bool
s_on_lease (message_state_t state)
{
    return state == MESSAGE_LEASED || state == MESSAGE_GHOST;
}

//  The list of a message by its state. READY has buckets of its own, DELAYED a heap; what waits
//  for the journal is in no list.
static list_t *
s_home (publisher_t *self, const message_t *message)
{
    switch ((message_state_t) message->state) {
    case MESSAGE_CHAINED: return hosts_chain (self->hosts, message->gate);
    case MESSAGE_LEASED:
    case MESSAGE_GHOST: return &self->held[message->route];
    case MESSAGE_UNSURE: return &self->unsure;
    case MESSAGE_DEAD: return &self->dead;
    case MESSAGE_READY:
    case MESSAGE_STORING:
    case MESSAGE_DELAYED:
    case MESSAGE_LEAVING:
    case MESSAGE_STATES: return NULL;
    }
    return NULL;
}

static void
s_take_out (publisher_t *self, uint32_t slot, const message_t *message)
{
    list_link_t *homes = outbox_homes (self->outbox);
    list_t *home = s_home (self, message);
    if (home) {
        list_remove (home, homes, slot);
    } else if (message->state == MESSAGE_READY) {
        ready_remove (&self->ready, homes, slot, message->host);
    } else if (message->state == MESSAGE_DELAYED) {
        heap_drop (self->delays, slot);
    }
}

static void
s_put_in (publisher_t *self, uint32_t slot, const message_t *message)
{
    list_link_t *homes = outbox_homes (self->outbox);
    list_t *home = s_home (self, message);
    if (home) {
        list_append (home, homes, slot);
    } else if (message->state == MESSAGE_READY) {
        ready_add (&self->ready, homes, slot, message->host);
    } else if (message->state == MESSAGE_DELAYED) {
        heap_set (self->delays, slot, message->due_us);
    }
}

void
place_move (publisher_t *self, uint32_t slot, message_state_t state)
{
    message_t *message = outbox_at (self->outbox, slot);
    bool was = s_admitted (message->state);
    bool is = s_admitted (state);
    assert (message->state != MESSAGE_LEAVING);
    assert (state != MESSAGE_CHAINED || !was);
    s_take_out (self, slot, message);
    if (s_on_lease (message->state) && !s_on_lease (state)) {
        heap_drop (self->leases, slot);
    }
    uint32_t gate = message->gate;
    if (state == MESSAGE_CHAINED) {
        message->gate = hosts_gate (self->hosts, message->host);
    } else if (is && !was) {
        message->gate = hosts_admit (self->hosts, message->host);
    } else if (!is) {
        message->gate = SLAB_NONE;
    }
    outbox_set_state (self->outbox, message, state);
    s_put_in (self, slot, message);
    list_t *chain = was && !is ? hosts_leave (self->hosts, gate) : NULL;
    if (chain) {
        place_move (self, list_head (chain), MESSAGE_READY); // once: it gives up no gate
    }
}

void
place_ready (publisher_t *self, uint32_t slot)
{
    const message_t *message = outbox_at (self->outbox, slot);
    bool open = hosts_open (self->hosts, message->host);
    place_move (self, slot, open ? MESSAGE_READY : MESSAGE_CHAINED);
}

void
place_changed (publisher_t *self, uint32_t slot)
{
    message_t *message = outbox_at (self->outbox, slot);
    if (!message->dirty) {
        message->dirty = true;
        message->change = journal_change (self->journal, slot);
    }
}

void
place_store (publisher_t *self, uint32_t slot, message_state_t next, int64_t due_us)
{
    message_t *message = outbox_at (self->outbox, slot);
    assert (next == MESSAGE_READY || next == MESSAGE_DELAYED || next == MESSAGE_DEAD);
    message->next = (uint8_t) next;
    message->due_us = due_us;
    if (message->state != MESSAGE_STORING) {
        place_move (self, slot, MESSAGE_STORING);
    }
    place_changed (self, slot);
}

void
place_leave (publisher_t *self, uint32_t slot)
{
    place_move (self, slot, MESSAGE_LEAVING);
    place_changed (self, slot);
}

void
place_end_ghost (publisher_t *self, uint32_t slot)
{
    message_t *message = outbox_at (self->outbox, slot);
    assert (message->state == MESSAGE_GHOST);
    place_move (self, slot, MESSAGE_LEAVING);
    if (!message->dirty && !message->ticket) {
        outbox_free (self->outbox, slot);
    }
}

void
place_stored (publisher_t *self, uint32_t slot)
{
    message_t *message = outbox_at (self->outbox, slot);
    assert (!message->dirty && !message->ticket);
    if (message->state == MESSAGE_LEAVING) {
        outbox_free (self->outbox, slot);
    } else if (message->state == MESSAGE_STORING) {
        if (message->next == MESSAGE_READY) {
            place_ready (self, slot);
        } else {
            place_move (self, slot, message->next);
        }
    }
    //  In every other state only facts were written: it is where it was.
}
