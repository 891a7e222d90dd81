//  Facts: what frames, notices and the state socket say of the neighbours. No effects here.

#include "common/core/links_private.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

static void
s_keep (char *to, size_t size, text_t from)
{
    assert (from.length < size);
    memcpy (to, from.at, from.length);
    to[from.length] = 0;
}

static peer_t *
s_bad (links_t *self, uint64_t *counter, const peer_t *peer)
{
    (*counter)++;
    snprintf (self->bad_from, sizeof self->bad_from, "%s", peer ? peer->name : "a stranger");
    return NULL;
}

static void
s_reply (links_t *self, verb_t verb, const wire_header_t *header, text_t endpoint)
{
    if (self->reply_count == REPLIES_MAX || endpoint.length > ENDPOINT_MAX_BYTES) {
        return;
    }
    reply_t *reply = &self->replies[self->reply_count++];
    *reply = (reply_t){.verb = verb, .link = header->link, .receiver = header->sender};
    s_keep (reply->endpoint, sizeof reply->endpoint, endpoint);
}

static bool
s_named (const peer_t *peer, text_t name)
{
    return strlen (peer->name) == name.length && memcmp (peer->name, name.at, name.length) == 0;
}

//  How fit a slot is for a new name: nobody's, that of one that has left, that of one that died.
static int
s_fitness (const peer_t *peer)
{
    if (peer_linked (peer)) {
        return 0;
    }
    return peer->phase == PEER_NONE ? 3 : peer->phase == PEER_LEFT ? 2 : 1;
}

//  The slot of a name, or the fittest one, or NULL.
static peer_t *
s_slot_for (links_t *self, text_t name)
{
    peer_t *best = NULL;
    for (uint32_t slot = LINKS_UP_MAX; slot < LINKS_MAX; slot++) {
        peer_t *peer = &self->peers[slot];
        if (peer->phase != PEER_NONE && s_named (peer, name)) {
            return peer;
        }
        if (s_fitness (peer) > (best ? s_fitness (best) : 0)) {
            best = peer;
        }
    }
    return best;
}

//  A notice, or a challenge: somebody else wants the name. Only the notice of a process that spoke
//  a moment ago means death; one that is merely silent may stand still, and its commands run on.
static void
s_suspect (links_t *self, peer_t *peer, int64_t now_us, bool challenged)
{
    if (!peer->suspect) {
        peer->suspect = true;
        peer->probe_due = true;
        peer->probe_us = now_us + PEER_PROBE_US;
    }
    //  A frame that was under way proves nothing to a challenger: only the answer to a probe does.
    peer->challenged |= challenged;
    peer->notice_fresh |= !challenged && now_us - peer->heard_us <= 2 * links_beat_us (self);
}

static void
s_greet (peer_t *peer, const wire_header_t *header, const hello_t *hello, int64_t now_us)
{
    s_keep (peer->name, sizeof peer->name, hello->name);
    s_keep (peer->inbox, sizeof peer->inbox, hello->inbox);
    s_keep (peer->state, sizeof peer->state, hello->state);
    peer->stage = hello->stage;
    peer_renew (peer, header->link, now_us);
    peer->phase = PEER_GREETED;
    peer->open_due = peer->welcome_due = true;
    peer->news |= NEWS_GREETED;
}

//  Another process says the name of a slot, or the slot is new.
static void
s_newcomer (links_t *self, peer_t *peer, const wire_header_t *header, const hello_t *hello,
            int64_t now_us)
{
    if (peer_linked (peer)) {
        s_suspect (self, peer, now_us, true);
        s_reply (self, VERB_REFUSED, header, hello->inbox);
        return;
    }
    //  A former one that was not seen to die may still be alive: its leases run on.
    bool died = peer->phase == PEER_ENDED && peer->cause == CAUSE_DEAD;
    peer->news |= died && s_named (peer, hello->name) ? NEWS_EPOCH : 0;
    uint32_t slot = links_slot (self, peer);
    self->high = slot >= self->high ? slot + 1 : self->high;
    peer->epoch = header->sender;
    peer->link = 0;
    peer->left = peer->was_up = peer->drain_said = false;
    s_greet (peer, header, hello, now_us);
}

static void
s_hello (links_t *self, int64_t now_us, const wire_header_t *header, wire_reader_t body)
{
    hello_t hello;
    if (wire_get_hello (&body, &hello) != WIRE_OK || hello.stage != self->stage + 1u ||
        header->sender == self->epoch || header->sender == 0 || header->link == 0) {
        s_bad (self, &self->counts.bad, NULL);
        return;
    }
    peer_t *peer = s_slot_for (self, hello.name);
    if (!peer) {
        //  No room: it goes on calling, and gets the first slot that is free.
        s_bad (self, &self->counts.unknown, NULL);
    } else if (peer->phase == PEER_NONE || peer->epoch != header->sender ||
               !s_named (peer, hello.name)) {
        s_newcomer (self, peer, header, &hello, now_us);
    } else if (header->link > peer->link) {
        if (peer_linked (peer)) {
            links_cut (self, peer, CAUSE_RENEWED, now_us);
        }
        s_greet (peer, header, &hello, now_us);
    } else if (header->link == peer->link && peer->phase == PEER_GREETED) {
        peer->welcome_due = true;
    } else if (header->link == peer->link && !peer_linked (peer)) {
        s_reply (self, VERB_AGAIN, header, hello.inbox);
    } else {
        s_bad (self, &self->counts.stale, peer);
    }
}

static peer_t *
s_by_link (links_t *self, uint32_t link)
{
    for (uint32_t slot = 0; slot < LINKS_UP_MAX; slot++) {
        if (link && self->peers[slot].configured && self->peers[slot].link == link) {
            return &self->peers[slot];
        }
    }
    return NULL;
}

static void
s_welcome (links_t *self, int64_t now_us, const wire_header_t *header, wire_reader_t body)
{
    hello_t hello;
    peer_t *peer = s_by_link (self, header->link);
    //  A link that has ended is not welcomed any more, not even by a copy that comes late.
    if (!peer || peer->link == 0 || peer->cause != CAUSE_NONE || peer->phase != PEER_CALLING ||
        wire_get_hello (&body, &hello) != WIRE_OK || hello.stage + 1u != self->stage ||
        header->sender == 0) {
        s_bad (self, &self->counts.stale, peer);
        return;
    }
    if (links_by_epoch (self, SIDE_UP, header->sender) ||
        links_by_name (self, SIDE_UP, hello.name)) {
        //  What is said to a publisher finds it by its name, so there can be only one of it.
        peer->says |= PEER_SAYS_SAME;
        peer->hello_us = now_us + PEER_AVOID_US;
        return;
    }
    peer->calls = 0;
    if (peer->epoch != header->sender) {
        peer->news |= peer->epoch ? NEWS_EPOCH : 0;
        peer->left = peer->drain_said = false;
    }
    peer->epoch = header->sender;
    peer->stage = hello.stage;
    peer->refused_us = 0;
    s_keep (peer->name, sizeof peer->name, hello.name);
    peer->phase = PEER_GREETED;
    peer->heard_us = peer->mark_us = now_us;
    peer->news |= NEWS_GREETED;
}

//  REFUSED and AGAIN: the answers to a downstream end that are no link of their own.
static void
s_turned_away (links_t *self, int64_t now_us, const wire_header_t *header)
{
    peer_t *peer = s_by_link (self, header->link);
    if (!peer) {
        s_bad (self, &self->counts.stale, NULL);
    } else if (header->verb == VERB_REFUSED && peer->phase == PEER_CALLING) {
        peer->says |= peer->refused_us ? 0 : PEER_SAYS_REFUSED;
        peer->refused_us = peer->refused_us ? peer->refused_us : now_us;
        peer->refused_last_us = now_us;
    } else if (header->verb == VERB_AGAIN && peer_linked (peer) && peer->epoch == header->sender) {
        links_cut (self, peer, CAUSE_GAP, now_us);
    } else if (header->verb == VERB_AGAIN && peer->phase == PEER_CALLING) {
        peer->link = 0;
        peer->hello_us = now_us;
    } else {
        s_bad (self, &self->counts.stale, peer);
    }
}

//  The state of a neighbour, wherever it was said.
static void
s_take_state (links_t *self, int64_t now_us, peer_t *peer, const beat_t *beat)
{
    if (beat->version < peer->theirs.version) {
        return;
    }
    uint8_t was = peer->theirs.state;
    peer->theirs.version = beat->version;
    peer->theirs.state = beat->state > was ? beat->state : was;
    peer->theirs.why = beat->why;
    peer->theirs.signal = beat->signal;
    peer->theirs.left_ms = beat->left_ms;
    bool endless = beat->left_ms == UINT32_MAX;
    peer->over_us = endless ? INT64_MAX : now_us + beat->left_ms * INT64_C (1000);
    s_keep (peer->origin_name, sizeof peer->origin_name, beat->origin);
    if (peer->side == SIDE_UP) {
        links_lease (self, beat->lease_ms);
    }
    if (peer->theirs.state != DRAIN_RUNNING && !peer->drain_said) {
        peer->drain_said = true;
        peer->says |= PEER_SAYS_DRAINING;
    }
}

static void
s_beat (links_t *self, int64_t now_us, peer_t *peer, const wire_header_t *header,
        const beat_t *beat)
{
    s_take_state (self, now_us, peer, beat);
    //  Beats may overtake each other, so what is cumulative only grows, and the rest is the latest.
    if (header->number >= peer->heard) {
        peer->theirs.flags = beat->flags;
        peer->theirs.below = beat->below;
        peer->theirs.in_hand = beat->in_hand;
    }
    if (beat->heard > peer->theirs.heard && beat->heard <= peer->sent) {
        peer->theirs.heard = beat->heard;
    }
    peer->credit = beat->credit > peer->credit ? beat->credit : peer->credit;
    peer_heard_by (peer, beat->heard, now_us);
    peer->answer_due |= (beat->flags & BEAT_PROBE) != 0;
    if (peer->suspect && !peer->probe_due && beat->heard >= peer->probe_number) {
        peer->challenged = peer->suspect = peer->notice_fresh = false;
    }
    if (header->verb == VERB_EOS) {
        peer->eos_number = header->number;
    } else if (header->verb == VERB_BYE) {
        peer->bye_heard = true;
        peer->repeat_us = 0;
    }
}

//  Which end may say what.
static bool
s_may_say (side_t side, uint8_t verb)
{
    static const uint8_t says[VERB_COUNT] = {
        [VERB_HOLDING] = 1 << SIDE_DOWN,
        [VERB_EXTEND] = 1 << SIDE_DOWN,
        [VERB_SETTLE] = 1 << SIDE_DOWN,
        [VERB_WORK] = 1 << SIDE_UP,
        [VERB_RETURN] = 1 << SIDE_UP,
        [VERB_ANSWER] = 1 << SIDE_UP,
        [VERB_CONFIRM] = 1 << SIDE_UP,
        [VERB_EOS] = 1 << SIDE_UP,
        [VERB_BEAT] = 3,
        [VERB_BYE] = 3,
    };
    return verb < VERB_COUNT && says[verb] >> side & 1;
}

static peer_t *
s_linked_sender (links_t *self, const wire_header_t *header)
{
    for (uint32_t slot = 0; slot < self->high; slot++) {
        peer_t *peer = &self->peers[slot];
        if (peer_linked (peer) && peer->epoch == header->sender && peer->link == header->link) {
            return s_may_say (peer->side, header->verb) ? peer : NULL;
        }
    }
    return NULL;
}

static peer_t *
s_numbered (links_t *self, int64_t now_us, const wire_header_t *header, wire_reader_t body)
{
    peer_t *peer = s_linked_sender (self, header);
    if (!peer || header->number == 0) {
        return s_bad (self, &self->counts.stale, peer);
    }
    if (!peer_hear (peer, header->number, now_us)) {
        return s_bad (self, &self->counts.duplicate, peer);
    }
    beat_t beat;
    uint64_t back;
    switch (header->verb) {
    case VERB_BEAT:
    case VERB_EOS:
    case VERB_BYE:
        if (wire_get_beat (&body, &beat) == WIRE_OK) {
            s_beat (self, now_us, peer, header, &beat);
        }
        return NULL;
    case VERB_RETURN:
        if (wire_get_u64 (&body, &back) == WIRE_OK && back <= peer_outstanding (peer)) {
            peer->taken += back;
        }
        return NULL;
    default: return peer;
    }
}

peer_t *
links_frame (links_t *self, int64_t now_us, bytes_t frame, wire_header_t *header,
             wire_reader_t *body)
{
    self->inbox_empty = false;
    self->counts.frames++;
    if (wire_get_header (frame.at, frame.length, header, body) != WIRE_OK ||
        wire_check (header, *body) != WIRE_OK) {
        return s_bad (self, &self->counts.bad, NULL);
    }
    if (header->receiver != self->epoch && (header->receiver != 0 || header->verb != VERB_HELLO)) {
        return s_bad (self, &self->counts.stale, NULL);
    }
    switch (header->verb) {
    case VERB_HELLO: s_hello (self, now_us, header, *body); return NULL;
    case VERB_WELCOME: s_welcome (self, now_us, header, *body); return NULL;
    case VERB_REFUSED:
    case VERB_AGAIN: s_turned_away (self, now_us, header); return NULL;
    default: return s_numbered (self, now_us, header, *body);
    }
}

void
links_published (links_t *self, int64_t now_us, bytes_t frame)
{
    wire_header_t header;
    wire_reader_t body;
    beat_t beat;
    if (wire_get_header (frame.at, frame.length, &header, &body) != WIRE_OK ||
        header.verb != VERB_BEAT || wire_check (&header, body) != WIRE_OK ||
        wire_get_beat (&body, &beat) != WIRE_OK) {
        self->counts.bad++;
        return;
    }
    for (uint32_t slot = 0; slot < self->high; slot++) {
        peer_t *peer = &self->peers[slot];
        if (peer->epoch != header.sender) {
            continue;
        }
        if (peer_linked (peer)) {
            s_take_state (self, now_us, peer, &beat);
        } else if (peer->was_up && beat.state != DRAIN_RUNNING) {
            //  It drained while the link was down (we stood still, or were cut off): that is
            //  leaving, and nobody will answer our calls.
            peer->left = true;
        }
    }
}

void
links_notice (links_t *self, int64_t now_us, const char *name, uint64_t epoch)
{
    for (uint32_t slot = 0; slot < self->high; slot++) {
        peer_t *peer = &self->peers[slot];
        if (peer_linked (peer) && peer->epoch == epoch && strcmp (peer->name, name) == 0) {
            s_suspect (self, peer, now_us, false);
        }
    }
}

void
links_holding_heard (links_t *self, int64_t now_us, peer_t *peer, uint64_t claims, uint64_t trailer)
{
    peer->listed += claims;
    if (trailer == 0 || !peer_linked (peer)) {
        return;
    }
    if (peer->listed != trailer - 1) {
        links_cut (self, peer, CAUSE_GAP, now_us);
        return;
    }
    if (peer->phase == PEER_GREETED) {
        peer->phase = PEER_UP;
        peer->probe_us = now_us + PEER_PROBE_US;
        peer->was_up = true;
        peer->left = false;
        peer->news |= NEWS_UP | NEWS_HOLDING;
        peer->says |= PEER_SAYS_UP;
        peer->beat_due = true;
    }
}

void
links_holding_said (links_t *self, int64_t now_us, peer_t *peer)
{
    assert (peer->phase == PEER_GREETED && peer->side == SIDE_UP);
    (void) self;
    (void) now_us;
    peer->phase = PEER_UP;
    peer->holding_said = true;
    peer->was_up = true;
    peer->left = false;
    peer->news |= NEWS_UP;
    peer->says |= PEER_SAYS_UP;
    peer->beat_due = true;
}
