#include "common/core/links_private.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void
s_copy (char *to, size_t size, const char *from)
{
    assert (strlen (from) < size);
    snprintf (to, size, "%s", from);
}

//  The same address twice is one neighbour.
static bool
s_given_before (const links_config_t *config, size_t which)
{
    for (size_t i = 0; i < which; i++) {
        if (strcmp (config->up_inbox[i], config->up_inbox[which]) == 0) {
            return true;
        }
    }
    return false;
}

links_t *
links_new (const links_config_t *config, int64_t now_us)
{
    assert (config->epoch != 0);
    assert (config->up_count <= LINKS_UP_MAX);
    links_t *self = calloc (1, sizeof *self);
    if (!self) {
        return NULL;
    }
    self->stage = config->stage;
    self->epoch = config->epoch;
    self->peer_timeout_us = config->peer_timeout_us;
    self->drain_timeout_us = config->drain_timeout_us;
    self->lease_ms = config->lease_ms;
    self->stay = config->stay;
    s_copy (self->name, sizeof self->name, config->name);
    s_copy (self->inbox, sizeof self->inbox, config->inbox);
    s_copy (self->state, sizeof self->state, config->state);
    for (uint32_t slot = 0; slot < LINKS_MAX; slot++) {
        self->peers[slot].side = links_upstream (slot) ? SIDE_UP : SIDE_DOWN;
    }
    self->high = LINKS_UP_MAX;
    for (uint32_t slot = 0; slot < config->up_count; slot++) {
        peer_t *peer = &self->peers[slot];
        if (s_given_before (config, slot)) {
            continue;
        }
        peer->configured = true;
        peer->phase = PEER_CALLING;
        peer->hello_us = now_us;
        s_copy (peer->inbox, sizeof peer->inbox, config->up_inbox[slot]);
        s_copy (peer->state, sizeof peer->state, config->up_state[slot]);
    }
    return self;
}

void
links_destroy (links_t **self_p)
{
    free (*self_p);
    *self_p = NULL;
}

peer_t *
links_peer (links_t *self, uint32_t slot)
{
    assert (slot < LINKS_MAX);
    return &self->peers[slot];
}

uint32_t
links_high (const links_t *self)
{
    return self->high;
}

uint32_t
links_slot (const links_t *self, const peer_t *peer)
{
    assert (peer >= self->peers && peer < self->peers + LINKS_MAX);
    return (uint32_t) (peer - self->peers);
}

peer_t *
links_by_epoch (links_t *self, side_t side, uint64_t epoch)
{
    for (uint32_t slot = 0; slot < self->high; slot++) {
        peer_t *peer = &self->peers[slot];
        if (peer->side == side && peer->epoch == epoch && peer_linked (peer)) {
            return peer;
        }
    }
    return NULL;
}

peer_t *
links_by_name (links_t *self, side_t side, text_t name)
{
    for (uint32_t slot = 0; slot < self->high; slot++) {
        peer_t *peer = &self->peers[slot];
        if (peer->side == side && peer_linked (peer) && strlen (peer->name) == name.length &&
            memcmp (peer->name, name.at, name.length) == 0) {
            return peer;
        }
    }
    return NULL;
}

int64_t
links_beat_us (const links_t *self)
{
    //  Never slower than a neighbour with our time-out could bear.
    int64_t beat = self->peer_timeout_us / 4;
    int64_t third = (int64_t) self->lease_ms * 1000 / 3;
    beat = beat < PEER_BEAT_MAX_US ? beat : PEER_BEAT_MAX_US;
    beat = third && third < beat ? third : beat;
    return beat > PEER_BEAT_MIN_US ? beat : PEER_BEAT_MIN_US;
}

void
links_cut (links_t *self, peer_t *peer, cause_t cause, int64_t now_us)
{
    assert (peer_linked (peer));
    //  Vanished after it said that it is draining: that is leaving, not a crash.
    if (peer->theirs.state != DRAIN_RUNNING) {
        peer->left = true;
    }
    peer->silent_us = now_us - peer->heard_us;
    peer->cause = cause;
    peer->news |= NEWS_ENDED;
    peer->news &= (uint8_t) ~(NEWS_GREETED | NEWS_UP | NEWS_HOLDING);
    peer->says |= PEER_SAYS_ENDED;
    peer->suspect = peer->challenged = peer->open_due = peer->welcome_due = false;
    if (peer->side == SIDE_UP) {
        peer->phase = PEER_CALLING;
        peer->hello_us = now_us;
    } else {
        peer->phase = PEER_ENDED;
        peer->again_due = cause != CAUSE_DEAD && cause != CAUSE_RENEWED;
        peer->close_due = cause != CAUSE_RENEWED;
    }
    self->counts.gaps += cause == CAUSE_GAP;
}

void
links_leave (links_t *self, peer_t *peer)
{
    assert (peer_linked (peer));
    peer->left = true;
    peer->phase = PEER_LEFT;
    peer->cause = CAUSE_LEFT;
    peer->news |= NEWS_ENDED;
    peer->news &= (uint8_t) ~(NEWS_GREETED | NEWS_UP | NEWS_HOLDING);
    peer->says |= PEER_SAYS_LEFT;
    peer->close_due = true;
    if (peer->side == SIDE_UP) {
        self->finisher = peer;
    }
}

void
links_inbox_empty (links_t *self, int64_t now_us)
{
    (void) now_us;
    self->inbox_empty = true;
}

bool
links_inbox_is_empty (const links_t *self)
{
    return self->inbox_empty;
}

void
links_stall (links_t *self, int64_t stall_us)
{
    assert (stall_us >= 0);
    self->inbox_empty = false;
    for (uint32_t slot = 0; slot < self->high; slot++) {
        self->peers[slot].heard_us += stall_us;
        self->peers[slot].mark_us += stall_us;
        self->peers[slot].probe_us += stall_us;
    }
}

bool
links_ready (const links_t *self, const peer_t *peer, int64_t now_us)
{
    return peer->phase == PEER_UP && peer->theirs.state == DRAIN_RUNNING && !peer->suspect &&
           !peer->eos_said && now_us - peer->heard_us <= 5 * links_beat_us (self) / 2;
}

uint32_t
links_running (const links_t *self, side_t side)
{
    uint32_t count = 0;
    for (uint32_t slot = 0; slot < self->high; slot++) {
        const peer_t *peer = &self->peers[slot];
        count += peer->side == side && peer->phase == PEER_UP &&
                 peer->theirs.state == DRAIN_RUNNING && !peer->suspect;
    }
    return count;
}

uint32_t
links_linked (const links_t *self, side_t side)
{
    uint32_t count = 0;
    for (uint32_t slot = 0; slot < self->high; slot++) {
        count += self->peers[slot].side == side && peer_linked (&self->peers[slot]);
    }
    return count;
}

bool
links_all_ended (const links_t *self)
{
    return links_linked (self, SIDE_UP) == 0 && links_linked (self, SIDE_DOWN) == 0;
}

int64_t
links_wave_us (const links_t *self, int64_t now_us)
{
    int64_t over_us = INT64_MAX;
    for (uint32_t slot = 0; slot < LINKS_UP_MAX; slot++) {
        const peer_t *peer = &self->peers[slot];
        if (peer_linked (peer) && peer->theirs.state != DRAIN_RUNNING && peer->over_us < over_us) {
            over_us = peer->over_us;
        }
    }
    return over_us == INT64_MAX ? -1 : over_us > now_us ? over_us - now_us : 0;
}

const peer_t *
links_finisher (const links_t *self)
{
    return self->finisher;
}

static bool
s_live (const peer_t *peer)
{
    return peer_linked (peer) && !(peer->side == SIDE_UP ? peer->eos_heard : peer->bye_heard);
}

bool
links_side_over (links_t *self, side_t side, int64_t now_us)
{
    uint32_t left = 0;
    uint32_t crashed = 0;
    uint32_t live = 0;
    for (uint32_t slot = 0; slot < self->high; slot++) {
        const peer_t *peer = &self->peers[slot];
        if (peer->side != side || peer->phase == PEER_NONE) {
            continue;
        }
        live += s_live (peer);
        left += peer->left;
        crashed += !s_live (peer) && !peer->left;
    }
    if (live || !left) {
        self->since_us[side] = 0;
        return false;
    }
    if (self->since_us[side] == 0) {
        self->since_us[side] = now_us;
    }
    if (self->stay) {
        return false;
    }
    //  A crash is not leaving: the crashed ones get one drain time-out to return.
    return !crashed || now_us - self->since_us[side] >= self->drain_timeout_us;
}

bool
links_name_given_up (const links_t *self, int64_t now_us)
{
    for (uint32_t slot = 0; slot < LINKS_UP_MAX; slot++) {
        const peer_t *peer = &self->peers[slot];
        if (peer->refused_us && now_us - peer->refused_us >= 2 * self->peer_timeout_us) {
            return true;
        }
    }
    return false;
}

void
links_lease (links_t *self, uint32_t lease_ms)
{
    if (lease_ms && (!self->lease_ms || lease_ms < self->lease_ms)) {
        self->lease_ms = lease_ms;
    }
}

uint32_t
links_lease_ms (const links_t *self)
{
    return self->lease_ms;
}

const links_counts_t *
links_counts (const links_t *self)
{
    return &self->counts;
}
