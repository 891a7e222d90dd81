//  Duties: openings and greetings first, then (after the stage's own) beats, EOS, BYE, closings.

#include "common/core/links_private.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

static text_t
s_text (const char *text)
{
    return (text_t){text, strlen (text)};
}

packet_t
links_packet (links_t *self, peer_t *peer, verb_t verb, size_t bytes, effects_t *effects)
{
    assert (effects_room (effects, 1, bytes));
    assert (bytes <= FRAME_BYTES_MAX);
    (void) self;
    uint8_t *start = effects_reserve (effects, bytes);
    return (packet_t){.writer = {start + HEADER_BYTES, start + bytes},
                      .start = start,
                      .peer = peer,
                      .verb = verb};
}

//  Greetings stand outside the numbers of a link.
static bool
s_outside (verb_t verb)
{
    return verb == VERB_HELLO || verb == VERB_WELCOME || verb == VERB_AGAIN;
}

static uint64_t
s_number (peer_t *peer, int64_t now_us)
{
    peer->sent++;
    if (peer->theirs.heard >= peer->mark && now_us) {
        peer->mark = peer->sent;
        peer->mark_us = now_us;
    }
    return peer->sent;
}

static void
s_emit (links_t *self, packet_t *packet, int64_t now_us, effects_t *effects)
{
    peer_t *peer = packet->peer;
    bool outside = s_outside (packet->verb);
    assert (outside || peer_linked (peer));
    wire_header_t header = {
        .verb = (uint8_t) packet->verb,
        .link = peer->link,
        .sender = self->epoch,
        .receiver = packet->verb == VERB_HELLO ? 0 : peer->epoch,
        .number = outside ? 0 : s_number (peer, now_us),
        .count = packet->count,
        .body = (uint32_t) (packet->writer.at - packet->start - HEADER_BYTES),
    };
    size_t length = HEADER_BYTES + header.body;
    wire_put_header (packet->start, &header);
    effects_commit (effects, packet->writer.at);
    effect_t *effect = effects_add (effects, EFFECT_SEND);
    effect->slot = links_slot (self, peer);
    effect->frame = (bytes_t){packet->start, length};
}

void
links_send (links_t *self, packet_t *packet, effects_t *effects)
{
    if (packet->count || packet->verb == VERB_HOLDING) {
        s_emit (self, packet, self->now_us, effects);
    }
}

static void
s_bare (links_t *self, peer_t *peer, verb_t verb, effects_t *effects)
{
    packet_t packet = links_packet (self, peer, verb, BEAT_FRAME_BYTES, effects);
    s_emit (self, &packet, 0, effects);
}

static void
s_close (links_t *self, peer_t *peer, effects_t *effects)
{
    if (peer->again_due) {
        s_bare (self, peer, VERB_AGAIN, effects);
    }
    effect_t *effect = effects_add (effects, EFFECT_CLOSE);
    effect->slot = links_slot (self, peer);
    effect->linger_ms = peer->again_due             ? LINKS_AGAIN_MS
                        : peer->cause == CAUSE_LEFT ? LINKS_LINGER_MS
                                                    : 0;
    peer->again_due = peer->close_due = false;
}

static void
s_open (links_t *self, peer_t *peer, effects_t *effects)
{
    text_t endpoint = effects_text (effects, s_text (peer->inbox));
    text_t state = effects_text (effects, s_text (peer->state));
    effect_t *effect = effects_add (effects, EFFECT_OPEN);
    effect->slot = links_slot (self, peer);
    effect->endpoint = endpoint;
    effect->state = state;
    peer->open_due = false;
}

static void
s_greeting (links_t *self, peer_t *peer, verb_t verb, effects_t *effects)
{
    packet_t packet = links_packet (self, peer, verb, HELLO_FRAME_BYTES, effects);
    hello_t hello = {.stage = (uint8_t) self->stage,
                     .name = s_text (self->name),
                     .inbox = s_text (self->inbox),
                     .state = s_text (self->state)};
    wire_put_hello (&packet.writer, &hello);
    packet.count = 1;
    s_emit (self, &packet, 0, effects);
}

static void
s_replies (links_t *self, effects_t *effects)
{
    for (uint32_t i = 0; i < self->reply_count; i++) {
        const reply_t *reply = &self->replies[i];
        wire_header_t header = {.verb = (uint8_t) reply->verb,
                                .link = reply->link,
                                .sender = self->epoch,
                                .receiver = reply->receiver};
        uint8_t *start = effects_reserve (effects, HEADER_BYTES);
        wire_put_header (start, &header);
        effects_commit (effects, start + HEADER_BYTES);
        text_t endpoint = effects_text (effects, s_text (reply->endpoint));
        effect_t *effect = effects_add (effects, EFFECT_REPLY);
        effect->endpoint = endpoint;
        effect->frame = (bytes_t){start, HEADER_BYTES};
    }
    self->reply_count = 0;
}

//  Judge a linked neighbour by the clock; gaps and deaths only with the inbox read empty, because
//  what clears them may lie in it.
static void
s_judge (links_t *self, peer_t *peer, int64_t now_us)
{
    if (!self->inbox_empty) {
        return;
    }
    bool unheard =
        peer->theirs.heard < peer->mark && now_us - peer->mark_us > self->peer_timeout_us;
    //  A newcomer that has not said its holdings yet cannot be probed: it has to speak itself.
    bool asked = !peer->probe_due || (peer->side == SIDE_DOWN && peer->phase == PEER_GREETED);
    if (peer->missing) {
        links_cut (self, peer, CAUSE_GAP, now_us);
    } else if (peer->suspect && asked && now_us >= peer->probe_us) {
        links_cut (self, peer, peer->notice_fresh ? CAUSE_DEAD : CAUSE_CUT, now_us);
    } else if (unheard || now_us - peer->heard_us > self->peer_timeout_us) {
        links_cut (self, peer, CAUSE_CUT, now_us);
    }
}

static void
s_take_eos (links_t *self, peer_t *peer)
{
    if (peer->eos_number && !peer->eos_heard && peer->missing == 0) {
#if MAYHEM_BUG != 4
        peer->eos_heard = true;
        peer->left = true;
        self->finisher = peer;
#else
        (void) self;
#endif
    }
}

void
links_begin (links_t *self, int64_t now_us, drain_t *drain, effects_t *effects)
{
    assert (effects->count == 0);
    self->now_us = now_us;
    drain_tick (drain, now_us);
    for (uint32_t slot = 0; slot < self->high; slot++) {
        peer_t *peer = &self->peers[slot];
        if (peer_linked (peer)) {
            s_judge (self, peer, now_us);
            s_take_eos (self, peer);
        }
        links_say (peer, effects);
        if (peer->close_due) {
            s_close (self, peer, effects);
        }
        if (peer->open_due) {
            s_open (self, peer, effects);
        }
        if (peer->welcome_due) {
            s_greeting (self, peer, VERB_WELCOME, effects);
            peer->welcome_due = false;
        }
    }
    s_replies (self, effects);
}

static void
s_fill_beat (const links_t *self, const peer_t *peer, const drain_t *drain, int64_t now_us,
             uint32_t in_hand, beat_t *beat)
{
    *beat = (beat_t){
        .state = (uint8_t) drain->state,
        .flags = (uint8_t) ((peer->waiting ? BEAT_WAITING : 0) | (peer->wanted ? BEAT_WANTED : 0) |
                            (peer->probe_due ? BEAT_PROBE : 0)),
        .why = (uint8_t) drain->why,
        .signal = (uint8_t) drain->signal,
        .left_ms = drain_left_ms (drain, now_us),
        .below = links_running (self, SIDE_DOWN),
        .in_hand = in_hand,
        .lease_ms = self->lease_ms,
        .version = drain->version,
        .credit = peer->granted,
        .spent = peer->side == SIDE_UP ? peer->taken : peer->spent,
        .heard = peer->heard,
        .origin = s_text (drain->origin),
    };
}

static void
s_say_state (links_t *self, peer_t *peer, verb_t verb, const beat_t *beat, effects_t *effects)
{
    packet_t packet = links_packet (self, peer, verb, BEAT_FRAME_BYTES, effects);
    wire_put_beat (&packet.writer, beat);
    packet.count = 1;
    s_emit (self, &packet, self->now_us, effects);
    if (peer->probe_due) {
        peer->probe_due = false;
        peer->probe_number = peer->sent;
    }
    peer->beat_us = self->now_us + links_beat_us (self);
    peer->beat_due = peer->answer_due = false;
    peer->told = beat->credit;
    peer->told_flags = beat->flags & (uint8_t) ~BEAT_PROBE;
    peer->told_version = beat->version;
    peer->told_below = beat->below;
}

static bool
s_beat_wanted (const links_t *self, const peer_t *peer, const beat_t *beat)
{
    return peer->beat_due || peer->answer_due || peer->probe_due || self->now_us >= peer->beat_us ||
           peer->told != beat->credit || peer->told_version != beat->version ||
           peer->told_below != beat->below ||
           peer->told_flags != (beat->flags & (uint8_t) ~BEAT_PROBE);
}

//  The upstream end: EOS after the last work, then the answer to BYE.
static void
s_finish_down (links_t *self, peer_t *peer, const beat_t *beat, bool last, effects_t *effects)
{
    if (peer->bye_heard && peer->missing == 0) {
        s_say_state (self, peer, VERB_BYE, beat, effects);
        links_leave (self, peer);
    } else if ((last || peer->eos_said || peer->theirs.state != DRAIN_RUNNING) &&
               (!peer->eos_said || self->now_us >= peer->repeat_us)) {
        s_say_state (self, peer, VERB_EOS, beat, effects);
        peer->eos_said = true;
        peer->repeat_us = self->now_us + PEER_REPEAT_US;
    }
}

//  The downstream end: BYE after the last settlement is confirmed, until it is answered.
static void
s_finish_up (links_t *self, peer_t *peer, const beat_t *beat, bool flushed, effects_t *effects)
{
    if (peer->bye_heard || (peer->bye_said && self->now_us >= peer->bye_until_us)) {
        links_leave (self, peer);
        return;
    }
    bool ready = (peer->eos_heard && peer->bye_ready) || flushed || peer->bye_said;
    if (ready && (!peer->bye_said || self->now_us >= peer->repeat_us)) {
        s_say_state (self, peer, VERB_BYE, beat, effects);
        peer->bye_until_us = peer->bye_said ? peer->bye_until_us : self->now_us + PEER_REPEAT_US;
        peer->bye_said = true;
        peer->repeat_us = self->now_us + PEER_REPEAT_US / 2;
    }
}

static void
s_call (links_t *self, peer_t *peer, effects_t *effects)
{
    if (peer->hello_us > self->now_us) {
        return;
    }
    //  Whoever refused has fallen silent: nobody says any more that the name is in use.
    if (self->now_us - peer->refused_last_us > 3 * PEER_REPEAT_US) {
        peer->refused_us = 0;
    }
    if (peer->link == 0 || peer->cause != CAUSE_NONE) {
        peer_renew (peer, ++self->link, self->now_us);
        peer->cause = CAUSE_NONE;
        s_open (self, peer, effects);
    }
    s_greeting (self, peer, VERB_HELLO, effects);
    peer->says |= ++peer->calls == PEER_CALLS_SAID ? PEER_SAYS_NO_ANSWER : 0;
    peer->hello_us = self->now_us + PEER_REPEAT_US;
}

static void
s_serve (links_t *self, peer_t *peer, drain_t *drain, uint32_t in_hand, bool last,
         effects_t *effects)
{
    bool flushed = drain->state >= DRAIN_FLUSHED;
    if (peer->phase == PEER_LEFT && peer->configured && drain->state == DRAIN_RUNNING) {
        //  Another may come in its place: a rolling restart. While it is still the one that left
        //  (a long drain), it is asked less often: each time it greets, and leaves again.
        bool again = peer->left_epoch == peer->epoch;
        peer->phase = PEER_CALLING;
        peer->hello_us = self->now_us + (again ? self->peer_timeout_us : PEER_REPEAT_US);
        peer->left_epoch = peer->epoch;
    }
    if (peer->phase == PEER_CALLING) {
        if (drain->state == DRAIN_RUNNING || (drain->state == DRAIN_DRAINING && in_hand)) {
            s_call (self, peer, effects);
        }
        return;
    }
    bool talks = peer->phase == PEER_UP || (peer->phase == PEER_GREETED && peer->side == SIDE_UP);
    if (!talks) {
        return;
    }
    beat_t beat;
    s_fill_beat (self, peer, drain, self->now_us, in_hand, &beat);
    if (s_beat_wanted (self, peer, &beat)) {
        s_say_state (self, peer, VERB_BEAT, &beat, effects);
        s_fill_beat (self, peer, drain, self->now_us, in_hand, &beat);
    }
    if (peer->phase == PEER_UP && peer->side == SIDE_DOWN) {
        s_finish_down (self, peer, &beat, last || flushed, effects);
    } else if (peer->side == SIDE_UP) {
        s_finish_up (self, peer, &beat, flushed, effects);
    }
}

//  The state for all who watch: the shutdown message, once it says draining.
static void
s_publish (links_t *self, const drain_t *drain, uint32_t in_hand, effects_t *effects)
{
    if (self->published == drain->version && self->now_us < self->publish_us) {
        return;
    }
    static const peer_t nobody;
    beat_t beat;
    s_fill_beat (self, &nobody, drain, self->now_us, in_hand, &beat);
    uint8_t *start = effects_reserve (effects, BEAT_FRAME_BYTES);
    wire_writer_t writer = {start + HEADER_BYTES, start + BEAT_FRAME_BYTES};
    wire_put_beat (&writer, &beat);
    wire_header_t header = {.verb = VERB_BEAT,
                            .sender = self->epoch,
                            .number = drain->version,
                            .count = 1,
                            .body = (uint32_t) (writer.at - start - HEADER_BYTES)};
    wire_put_header (start, &header);
    effects_commit (effects, writer.at);
    effect_t *effect = effects_add (effects, EFFECT_PUBLISH);
    effect->frame = (bytes_t){start, (size_t) (writer.at - start)};
    self->published = drain->version;
    self->publish_us = self->now_us + PEER_BEAT_MAX_US;
}

void
links_end (links_t *self, int64_t now_us, drain_t *drain, uint32_t in_hand, bool last,
           effects_t *effects)
{
    assert (now_us == self->now_us);
    self->in_hand = in_hand;
    self->unfinished = false;
    for (uint32_t slot = 0; slot < self->high; slot++) {
        if (!effects_room (effects, 8, 4 * HELLO_FRAME_BYTES)) {
            self->unfinished = true; // the next turn goes on
            return;
        }
        s_serve (self, &self->peers[slot], drain, in_hand, last, effects);
    }
    s_publish (self, drain, in_hand, effects);
    links_say_bad (self, effects);
}

static int64_t
s_sooner (int64_t one, int64_t other)
{
    return one < other ? one : other;
}

static int64_t
s_peer_deadline (const links_t *self, const peer_t *peer, const drain_t *drain)
{
    if (peer->says || peer->close_due || peer->open_due || peer->welcome_due || peer->news) {
        return 0;
    }
    if (peer->phase == PEER_CALLING) {
        bool calls =
            drain->state == DRAIN_RUNNING || (drain->state == DRAIN_DRAINING && self->in_hand > 0);
        return calls ? peer->hello_us : INT64_MAX;
    }
    if (peer->phase == PEER_LEFT && peer->configured && drain->state == DRAIN_RUNNING) {
        return 0;
    }
    if (!peer_linked (peer)) {
        return INT64_MAX;
    }
    int64_t next = peer->heard_us + self->peer_timeout_us + 1;
    if (peer->side == SIDE_DOWN && peer->phase == PEER_GREETED) {
        return next;
    }
    next = s_sooner (next, peer->beat_us);
    if (peer->theirs.heard < peer->mark) {
        next = s_sooner (next, peer->mark_us + self->peer_timeout_us + 1);
    }
    if (peer->suspect || peer->challenged) {
        next = s_sooner (next, peer->probe_due ? 0 : peer->probe_us);
    }
    if (peer->answer_due || peer->beat_due) {
        return 0;
    }
    if (peer->bye_said || peer->eos_said) {
        next = s_sooner (next, peer->repeat_us);
    }
    return next;
}

int64_t
links_deadline (const links_t *self, const drain_t *drain)
{
    int64_t next = s_sooner (self->publish_us, drain_deadline (drain));
    for (uint32_t slot = 0; slot < self->high; slot++) {
        next = s_sooner (next, s_peer_deadline (self, &self->peers[slot], drain));
    }
    return self->reply_count || self->unfinished ? 0 : next;
}
