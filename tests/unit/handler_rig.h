/*  handler_rig.h - a handler on a virtual clock, between consumers and a world that are played.

    What the handler does is written down as text, one line an effect, "MS WHAT SEQ ...", and tests
    compare it. Consumers greet, answer extensions, confirm packs and answer BYE by themselves until
    a test tells them not to. Simulated steps end by themselves; a command ends as the test says. */

#ifndef MAYHEM_HANDLER_RIG_H
#define MAYHEM_HANDLER_RIG_H

#include "handler/handler.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define MS          INT64_C (1000)
#define SECOND      INT64_C (1000000)
#define RIG_EPOCH   UINT64_C (0xE0)
#define RIG_FOREVER (INT64_C (3600) * SECOND)
#define RIG_HOP     MS // from here to a consumer and back, and from a signal to the end

enum {
    RIG_CONSUMERS = 2,
    RIG_PENDING = 8192,
    RIG_TRACE = 1 << 20
};

//  One thing that will happen.
typedef struct {
    int64_t due_us;
    uint64_t order;
    event_kind_t kind; // FRAME, RAN, SAVED, FOUND
    uint32_t slot;     // FRAME: of the consumer
    uint8_t *bytes;    // FRAME
    size_t length;
    ran_t ran;
    saved_t saved;
    found_t found;
    bool real; // RAN of a command
} rig_pending_t;

typedef struct {
    bool deaf;       // does not even greet
    uint64_t epoch;  //
    uint32_t link;   // 0: none yet
    uint64_t sent;   // frame numbers
    uint64_t heard;  //
    uint64_t credit; // granted to it
    uint64_t spent;  // WORK records sent
    bool up;         // HOLDING was closed
    bool eos;        // EOS was said
} rig_consumer_t;

typedef struct {
    handler_limits_t limits;
    handler_t *core;
    effects_t effects;
    int64_t now_us;
    uint64_t order;
    rig_consumer_t up[RIG_CONSUMERS];
    rig_pending_t pending[RIG_PENDING];
    size_t pending_count;
    bool mute;            // the publisher answers no extension
    bool unsure;          // it confirms no pack
    bool silent_disk;     // no SAVED
    bool deaf_children;   // commands ignore TERM
    bool survivors;       // processes of a command outlive it
    bool hasty;           // invariants are not checked at every turn: for thousands
    uint8_t found;        // steps that the database knows
    int64_t command_us;   // how long a command runs; RIG_FOREVER: until it is ended
    ran_kind_t command;   // how it ends
    int command_value;    //
    uint64_t last_task;   // of the last RUN
    uint64_t last_pack;   // number of the last SETTLE
    uint32_t last_number; // of the last extension
    int exit_code;        // -1: has not left
    int runs_now;         // restarts under way
    int runs_most;        //
    char trace[RIG_TRACE];
    size_t trace_length;
} rig_t;

//  ---- The trace
//  ----------------------------------------------------------------------------------

__attribute__ ((format (printf, 2, 3))) static inline void
rig_note (rig_t *self, const char *format, ...)
{
    va_list args;
    char *at = self->trace + self->trace_length;
    size_t room = sizeof self->trace - self->trace_length;
    int used = snprintf (at, room, "%lld ", (long long) (self->now_us / MS - 1000));
    va_start (args, format);
    used += vsnprintf (at + used, room - (size_t) used, format, args);
    va_end (args);
    used += snprintf (at + used, room - (size_t) used, "\n");
    assert_true ((size_t) used < room);
    self->trace_length += (size_t) used;
}

static inline void
rig_forget (rig_t *self)
{
    self->trace_length = 0;
    self->trace[0] = 0;
}

static inline void
rig_expect (rig_t *self, const char *trace)
{
    assert_string_equal (self->trace, trace);
    rig_forget (self);
}

static inline bool
rig_saw (const rig_t *self, const char *text)
{
    return strstr (self->trace, text) != NULL;
}

//  How often a text is in the trace.
static inline int
rig_times (const rig_t *self, const char *text)
{
    int times = 0;
    for (const char *at = self->trace; (at = strstr (at, text)) != NULL; at++) {
        times++;
    }
    return times;
}

//  ---- What will happen
//  ---------------------------------------------------------------------------

static inline rig_pending_t *
rig_later (rig_t *self, event_kind_t kind, int64_t after_us)
{
    assert_true (self->pending_count < RIG_PENDING);
    rig_pending_t *pending = &self->pending[self->pending_count++];
    *pending = (rig_pending_t){.kind = kind, .due_us = self->now_us + after_us};
    pending->order = ++self->order;
    return pending;
}

static inline void
rig_drop (rig_t *self, size_t at)
{
    free (self->pending[at].bytes);
    self->pending[at] = self->pending[--self->pending_count];
}

//  The first thing to happen, pending_count: nothing.
static inline size_t
rig_first (const rig_t *self)
{
    size_t first = 0;
    for (size_t i = 1; i < self->pending_count; i++) {
        const rig_pending_t *one = &self->pending[i];
        const rig_pending_t *best = &self->pending[first];
        bool sooner =
            one->due_us < best->due_us || (one->due_us == best->due_us && one->order < best->order);
        first = sooner ? i : first;
    }
    return self->pending_count ? first : 0;
}

//  ---- Frames of a consumer
//  -----------------------------------------------------------------------

typedef struct {
    uint8_t bytes[FRAME_BYTES_MAX];
    wire_writer_t writer;
} rig_frame_t;

static inline rig_frame_t *
rig_frame (void)
{
    rig_frame_t *frame = malloc (sizeof *frame);
    frame->writer = (wire_writer_t){frame->bytes + HEADER_BYTES, frame->bytes + FRAME_BYTES_MAX};
    return frame;
}

static inline void
rig_say (rig_t *self, uint32_t slot, verb_t verb, uint32_t count, rig_frame_t *frame)
{
    rig_consumer_t *up = &self->up[slot];
    bool outside = verb == VERB_WELCOME || verb == VERB_AGAIN;
    wire_header_t header = {.verb = (uint8_t) verb,
                            .link = up->link,
                            .sender = up->epoch,
                            .receiver = RIG_EPOCH,
                            .number = outside ? 0 : ++up->sent,
                            .count = count,
                            .body = (uint32_t) (frame->writer.at - frame->bytes - HEADER_BYTES)};
    wire_put_header (frame->bytes, &header);
    rig_pending_t *pending = rig_later (self, EVENT_FRAME, RIG_HOP / 2);
    pending->slot = slot;
    pending->length = HEADER_BYTES + header.body;
    pending->bytes = malloc (pending->length);
    memcpy (pending->bytes, frame->bytes, pending->length);
    free (frame);
}

static inline text_t
rig_text (const char *text)
{
    return (text_t){text, strlen (text)};
}

static inline void
rig_welcome (rig_t *self, uint32_t slot)
{
    rig_frame_t *frame = rig_frame ();
    const char *name = slot ? "consumer-2" : "consumer-1";
    wire_put_hello (&frame->writer, &(hello_t){.stage = STAGE_CONSUMER,
                                               .name = rig_text (name),
                                               .inbox = rig_text ("ipc://@c"),
                                               .state = rig_text ("ipc://@s")});
    rig_say (self, slot, VERB_WELCOME, 1, frame);
}

//  BEAT, EOS or BYE.
static inline void
rig_beat (rig_t *self, uint32_t slot, verb_t verb)
{
    rig_consumer_t *up = &self->up[slot];
    rig_frame_t *frame = rig_frame ();
    wire_put_beat (&frame->writer, &(beat_t){.left_ms = UINT32_MAX,
                                             .version = 1,
                                             .spent = up->spent,
                                             .heard = up->heard,
                                             .origin = {"", 0}});
    rig_say (self, slot, verb, 1, frame);
    up->eos |= verb == VERB_EOS;
}

//  The record of message `seq` under a grant, as a first delivery.
static inline work_t
rig_record (uint64_t seq, uint64_t serial)
{
    static char hosts[64][32];
    char *host = hosts[seq % 64];
    snprintf (host, sizeof hosts[0], "cattle-%04u.example.net", (unsigned) (seq % 10000));
    return (work_t){.name = {7, seq},
                    .grant = {0xA, serial},
                    .host = 100 + seq,
                    .lease_ms = 3000,
                    .delivery = 1,
                    .id = {(uint8_t) seq, (uint8_t) (seq >> 8)},
                    .publisher = {"publisher-1", 11},
                    .instance = {host, sizeof "cattle-0000" - 1},
                    .hostname = rig_text (host)};
}

static inline void
rig_work (rig_t *self, uint32_t slot, const work_t *work)
{
    rig_frame_t *frame = rig_frame ();
    wire_put_work (&frame->writer, work);
    self->up[slot].spent++;
    rig_say (self, slot, VERB_WORK, 1, frame);
}

//  Message `seq` by the first consumer.
static inline void
rig_give (rig_t *self, uint64_t seq)
{
    work_t work = rig_record (seq, seq);
    rig_work (self, 0, &work);
}

static inline void
rig_answer (rig_t *self, uint32_t slot, const work_t *work, claim_kind_t kind, uint32_t number)
{
    rig_frame_t *frame = rig_frame ();
    wire_put_claim (&frame->writer, &(claim_t){.name = work->name,
                                               .grant = work->grant,
                                               .host = work->host,
                                               .holder = RIG_EPOCH,
                                               .extension = number,
                                               .lease_ms = work->lease_ms,
                                               .kind = (uint8_t) kind,
                                               .publisher = work->publisher});
    rig_say (self, slot, VERB_ANSWER, 1, frame);
}

static inline void
rig_confirm (rig_t *self, uint32_t slot, uint64_t number)
{
    rig_frame_t *frame = rig_frame ();
    wire_put_u64 (&frame->writer, RIG_EPOCH);
    wire_put_u64 (&frame->writer, number);
    rig_say (self, slot, VERB_CONFIRM, 1, frame);
}

//  The consumer ends the link: the handler has to greet it anew.
static inline void
rig_again (rig_t *self, uint32_t slot)
{
    rig_say (self, slot, VERB_AGAIN, 0, rig_frame ());
}

//  ---- What the handler says
//  ----------------------------------------------------------------------

static inline void
rig_heard_extend (rig_t *self, uint32_t slot, uint32_t count, wire_reader_t *body)
{
    rig_frame_t *frame = rig_frame ();
    for (uint32_t i = 0; i < count; i++) {
        claim_t claim;
        assert_int_equal (wire_get_claim (body, &claim), WIRE_OK);
        rig_note (self, "extend %d #%u", (int) claim.name.seq, claim.extension);
        self->last_number = claim.extension;
        claim.kind = CLAIM_HELD;
        wire_put_claim (&frame->writer, &claim);
    }
    if (self->mute) {
        free (frame);
    } else {
        rig_say (self, slot, VERB_ANSWER, count, frame);
    }
}

static inline void
rig_heard_settle (rig_t *self, uint32_t slot, uint32_t count, wire_reader_t *body)
{
    static const char *const words[] = {"done",    "failed",   "deferred", "lost",
                                        "expired", "released", "refused"};
    pack_t pack;
    assert_int_equal (wire_get_pack (body, &pack), WIRE_OK);
    self->last_pack = pack.number;
    for (uint32_t i = 0; i < count; i++) {
        settlement_t one;
        assert_int_equal (wire_get_settlement (body, &one), WIRE_OK);
        rig_note (self, "settle %d %s grant %d steps %d extended %u pack %d by %u%s%.*s",
                  (int) one.name.seq, words[one.outcome], (int) one.grant.serial, one.steps,
                  one.extended, (int) pack.number, slot, one.reason.length ? ": " : "",
                  (int) one.reason.length, one.reason.at);
    }
    if (!self->unsure) {
        rig_confirm (self, slot, pack.number);
    }
}

static inline void
rig_heard_holding (rig_t *self, uint32_t slot, uint32_t count, wire_reader_t *body)
{
    claim_t claim;
    uint64_t trailer;
    for (uint32_t i = 0; i < count; i++) {
        assert_int_equal (wire_get_claim (body, &claim), WIRE_OK);
    }
    assert_int_equal (wire_get_u64 (body, &trailer), WIRE_OK);
    rig_note (self, "holding %u by %u%s", count, slot, trailer ? " closed" : "");
    self->up[slot].up = trailer != 0;
}

static inline void
rig_heard_beat (rig_t *self, uint32_t slot, uint8_t verb, wire_reader_t *body)
{
    beat_t beat;
    assert_int_equal (wire_get_beat (body, &beat), WIRE_OK);
    self->up[slot].credit = beat.credit;
    if (verb == VERB_BYE) {
        rig_note (self, "bye by %u", slot);
        rig_beat (self, slot, VERB_BYE);
    } else {
        rig_beat (self, slot, VERB_BEAT);
        if (beat.state != DRAIN_RUNNING && !self->up[slot].eos) {
            rig_beat (self, slot, VERB_EOS);
        }
    }
}

static inline void
rig_heard (rig_t *self, uint32_t slot, bytes_t bytes)
{
    wire_header_t header;
    wire_reader_t body;
    assert_int_equal (wire_get_header (bytes.at, bytes.length, &header, &body), WIRE_OK);
    assert_int_equal (wire_check (&header, body), WIRE_OK);
    rig_consumer_t *up = &self->up[slot];
    if (up->deaf) {
        return;
    }
    up->heard = header.number ? header.number : up->heard;
    switch (header.verb) {
    case VERB_HELLO:
        *up = (rig_consumer_t){.epoch = up->epoch, .link = header.link};
        rig_welcome (self, slot);
        break;
    case VERB_HOLDING: rig_heard_holding (self, slot, header.count, &body); break;
    case VERB_EXTEND: rig_heard_extend (self, slot, header.count, &body); break;
    case VERB_SETTLE: rig_heard_settle (self, slot, header.count, &body); break;
    default: rig_heard_beat (self, slot, header.verb, &body); break;
    }
}

//  ---- The world
//  ----------------------------------------------------------------------------------

static inline void
rig_run_step (rig_t *self, const step_t *step)
{
    rig_note (self, "run %d %s lease %lld", (int) step->name.seq,
              step->simulated ? "simulated" : "command", (long long) (step->lease_us / MS));
    int64_t after_us = step->simulated ? step->duration_us : self->command_us;
    rig_pending_t *pending = rig_later (self, EVENT_RAN, after_us);
    pending->ran = (ran_t){.task = step->task, .kind = RAN_OK, .group_gone = true};
    pending->real = !step->simulated;
    if (step->simulated) {
        pending->ran.kind = step->fails ? RAN_FAILED : RAN_OK;
    } else {
        pending->ran.kind = self->command;
        pending->ran.value = self->command_value;
        pending->ran.group_gone = !self->survivors;
    }
    self->last_task = step->task;
    self->runs_now++;
    self->runs_most = self->runs_now > self->runs_most ? self->runs_now : self->runs_most;
}

static inline void
rig_save_step (rig_t *self, const step_t *step)
{
    rig_note (self, "%s %d steps %d", step->fact ? "fact" : "save", (int) step->name.seq,
              step->steps);
    int64_t after_us = self->silent_disk ? RIG_FOREVER : step->duration_us;
    rig_pending_t *pending = rig_later (self, EVENT_SAVED, after_us);
    pending->saved = (saved_t){.task = step->task, .ticket = step->ticket, .ok = !step->fails};
}

static inline void
rig_end_step (rig_t *self, uint64_t task, int signal)
{
    rig_note (self, "%s", signal == 9 ? "kill" : "term");
    for (size_t i = 0; i < self->pending_count; i++) {
        rig_pending_t *pending = &self->pending[i];
        if (pending->kind != EVENT_RAN || pending->ran.task != task) {
            continue;
        }
        if (!pending->real) {
            pending->ran.kind = RAN_CANCELLED;
            pending->due_us = self->now_us;
        } else if (signal == 9 || !self->deaf_children) {
            pending->ran.kind = RAN_SIGNALLED;
            pending->ran.value = signal;
            pending->due_us = self->now_us + RIG_HOP;
        }
    }
}

static inline void
rig_say_line (rig_t *self, const say_t *say)
{
    char line[512];
    if (say->kind != SAY_LINK_UP && say->kind != SAY_LINK_ENDED && say->kind != SAY_BAD_FRAME) {
        say_format (line, sizeof line, say);
        rig_note (self, "say %s", line);
    }
}

static inline void
rig_perform (rig_t *self, const effect_t *effect)
{
    const step_t *step = &effect->run.step;
    switch (effect->kind) {
    case EFFECT_SEND: rig_heard (self, effect->slot, effect->frame); break;
    case EFFECT_ASK:
        rig_note (self, "ask %d", (int) step->name.seq);
        rig_later (self, EVENT_FOUND, RIG_HOP)->found =
            (found_t){.task = step->task, .steps = self->found};
        break;
    case EFFECT_SAVE: rig_save_step (self, step); break;
    case EFFECT_RUN: rig_run_step (self, step); break;
    case EFFECT_RENEW: rig_note (self, "renew %lld", (long long) (step->lease_us / MS)); break;
    case EFFECT_END: rig_end_step (self, step->task, effect->run.signal); break;
    case EFFECT_SAY: rig_say_line (self, &effect->say); break;
    case EFFECT_EXIT:
        rig_note (self, "exit %d", effect->code);
        self->exit_code = effect->code;
        break;
    default: break;
    }
}

//  ---- Time
//  ---------------------------------------------------------------------------------------

static inline void
rig_event (rig_t *self, const event_t *event)
{
    handler_step (self->core, self->now_us, event, &self->effects);
    assert_int_equal (self->effects.count, 0); // facts emit nothing
}

//  Turn until the core has nothing more to do now.
static inline void
rig_turn (rig_t *self)
{
    int turns = 0;
    do {
        handler_step (self->core, self->now_us, &(event_t){.kind = EVENT_TURN}, &self->effects);
        if (!self->hasty) {
            handler_assert (self->core);
        }
        for (size_t i = 0; i < self->effects.count; i++) {
            rig_perform (self, &self->effects.list[i]);
        }
        effects_clear (&self->effects);
        assert_true (++turns < 1000);
    } while (handler_deadline (self->core) <= self->now_us);
}

static inline void
rig_happen (rig_t *self, size_t at)
{
    rig_pending_t *pending = &self->pending[at];
    bytes_t bytes = {pending->bytes, pending->length};
    event_t event = {.kind = pending->kind, .count = 1};
    switch (pending->kind) {
    case EVENT_FRAME: event.frames = &bytes; break;
    case EVENT_RAN: event.ran = &pending->ran; break;
    case EVENT_SAVED: event.saved = &pending->saved; break;
    default: event.found = &pending->found; break;
    }
    self->runs_now -= pending->kind == EVENT_RAN;
    rig_event (self, &event);
    rig_drop (self, at);
}

//  Let time pass up to `until_us`: everything that is due by then happens.
static inline void
rig_until (rig_t *self, int64_t until_us)
{
    rig_turn (self);
    while (self->exit_code < 0) {
        size_t at = rig_first (self);
        int64_t event_us = self->pending_count ? self->pending[at].due_us : INT64_MAX;
        int64_t core_us = handler_deadline (self->core);
        int64_t next_us = event_us < core_us ? event_us : core_us;
        if (next_us > until_us) {
            break;
        }
        self->now_us = next_us > self->now_us ? next_us : self->now_us;
        if (event_us <= self->now_us) {
            rig_happen (self, at);
        }
        rig_event (self, &(event_t){.kind = EVENT_INBOX_EMPTY});
        rig_turn (self);
    }
    self->now_us = until_us > self->now_us ? until_us : self->now_us;
}

//  So much later.
static inline void
rig_pass (rig_t *self, int64_t us)
{
    rig_until (self, self->now_us + us);
}

static inline void
rig_signal (rig_t *self, int signo)
{
    rig_event (self, &(event_t){.kind = EVENT_SIGNAL, .signal = signo});
    rig_turn (self);
}

//  The process stands still for so long: nothing of it happens meanwhile, then all at once.
static inline void
rig_stall (rig_t *self, int64_t us)
{
    self->now_us += us;
    rig_event (self, &(event_t){.kind = EVENT_STALL, .stall_us = us});
    for (size_t at = rig_first (self);
         self->pending_count && self->pending[at].due_us <= self->now_us; at = rig_first (self)) {
        rig_happen (self, at);
    }
    rig_event (self, &(event_t){.kind = EVENT_INBOX_EMPTY});
    rig_turn (self);
}

//  ---- Life
//  ---------------------------------------------------------------------------------------

//  A rig with usual limits, not started: change self->limits, then rig_start.
static inline rig_t *
rig_new (void)
{
    rig_t *self = calloc (1, sizeof *self);
    self->exit_code = -1;
    self->command_us = RIG_FOREVER;
    self->limits = (handler_limits_t){
        .links = {.stage = STAGE_HANDLER,
                  .epoch = RIG_EPOCH,
                  .name = "handler-1",
                  .inbox = "ipc://@h",
                  .state = "ipc://@t",
                  .up_count = 1,
                  .up_inbox = {"ipc://@c1", "ipc://@c2"},
                  .up_state = {"ipc://@s1", "ipc://@s2"},
                  .peer_timeout_us = 4 * SECOND,
                  .drain_timeout_us = 8 * SECOND},
        .concurrency = 8,
        .restart_min_us = SECOND,
        .restart_max_us = SECOND,
        .timeout_us = 60 * SECOND,
        .max_lease_us = 600 * SECOND,
        .any_host = true,
    };
    self->up[0].epoch = 0xC1;
    self->up[1].epoch = 0xC2;
    return self;
}

//  Start it and link it with its consumers. What is given now arrives at 0 ms of the trace.
static inline void
rig_start (rig_t *self)
{
    assert_int_equal (effects_init (&self->effects, SAY_LEVEL_INFO), 0);
    self->core = handler_new (&self->limits, 1);
    assert_non_null (self->core);
    rig_until (self, 999 * MS + RIG_HOP / 2);
    rig_forget (self);
}

static inline void
rig_destroy (rig_t *self)
{
    while (self->pending_count) {
        rig_drop (self, self->pending_count - 1);
    }
    handler_destroy (&self->core);
    effects_term (&self->effects);
    free (self);
}

#endif
