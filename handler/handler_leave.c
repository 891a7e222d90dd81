//  The drain of a handler: no new work, what runs is finished and settled; when its time is over
//  what is left is ended, handed back and told; then it leaves.

#include "handler/handler_private.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "common/core/drain_say.h"

#define EXIT_EFFECTS 8
#define EXIT_BYTES   4096

static text_t
s_text (const char *text)
{
    return (text_t){text, strlen (text)};
}

static void
s_say (effects_t *effects, say_kind_t kind, const char *text, int64_t number)
{
    effects_say (effects, &(say_t){.kind = kind, .text = s_text (text), .number = number});
}

//  ---- The beginning
//  ------------------------------------------------------------------------------

//  Nothing more can come: drain, in what is left of the time of whoever began it.
static void
s_upstream_over (handler_t *self)
{
    drain_bound (&self->drain, self->now_us, links_wave_us (self->links, self->now_us));
    if (self->drain.state != DRAIN_RUNNING ||
        !links_side_over (self->links, SIDE_UP, self->now_us)) {
        return;
    }
    const peer_t *last = links_finisher (self->links);
    int64_t left_us = links_wave_us (self->links, self->now_us);
    const char *origin = last && *last->origin_name ? last->origin_name : NULL;
    drain_begin (&self->drain, self->now_us, WHY_UPSTREAM_FINISHED, left_us, origin);
}

//  Another handler of this name answers its probes: this one has no business here.
static void
s_name_given_up (handler_t *self, effects_t *effects)
{
    if (self->name_said || !links_name_given_up (self->links, self->now_us)) {
        return;
    }
    self->name_said = true;
    for (uint32_t slot = 0; slot < LINKS_UP_MAX; slot++) {
        const peer_t *peer = links_peer (self->links, slot);
        if (peer->refused_us) {
            const char *who = *peer->name ? peer->name : peer->inbox;
            effects_say (effects, &(say_t){.kind = SAY_NAME_GIVEN_UP, .peer = s_text (who)});
            break;
        }
    }
    drain_fail (&self->drain, self->now_us, WHY_NAME_IN_USE, EXIT_CONFIG);
}

//  Why it drains: an error first, because then a signal is only what came after it.
static void
s_say_beginning (handler_t *self, effects_t *effects)
{
    if (self->fault_due) {
        s_say (effects, SAY_FAULT, self->fault, 0);
        self->fault_due = false;
    }
    if (self->shutting_down_due) {
        s_say (effects, SAY_SHUTTING_DOWN, "", 0);
        self->shutting_down_due = false;
    }
    if (self->drain.state != DRAIN_RUNNING) {
        drain_say_start (&self->drain, self->now_us, self->unsent, effects);
    }
}

//  Tell all tasks of a change, some at a time: they know themselves what it means for them.
static void
s_sweep (handler_t *self)
{
    int target = self->drain.state == DRAIN_RUNNING ? 0 : self->drain.cut ? 2 : 1;
    if (self->swept_for < target) {
        self->swept_for = target;
        self->sweep = 0;
    }
    uint32_t high = target ? tasks_high (self->tasks) : 0;
    for (uint32_t done = 0; done < TURN_QUOTA && self->sweep < high; done++, self->sweep++) {
        if (tasks_taken (self->tasks, self->sweep)) {
            tasks_touch (self->tasks, self->sweep);
        }
    }
}

//  ---- What is in hand
//  ----------------------------------------------------------------------------

//  USR1: what is in hand, the oldest first. It changes nothing.
static void
s_say_in_hand (handler_t *self, effects_t *effects)
{
    char text[REASON_MAX_BYTES];
    int64_t count = tasks_count (self->tasks);
    uint32_t slot = tasks_oldest (self->tasks);
    self->in_hand_due = false;
    if (slot == SLAB_NONE) {
        s_say (effects, SAY_IN_HAND, "nothing", 0);
    }
    for (int line = 0; line < IN_HAND_LINES_MAX && slot != SLAB_NONE; line++) {
        const task_t *task = tasks_at (self->tasks, slot);
        int64_t age_ms = (self->now_us - task->taken_us) / 1000;
        snprintf (text, sizeof text, "%.*s %s for %d.%d s", (int) task->work.instance.length,
                  task->work.instance.at, task_state_word (task->state), (int) (age_ms / 1000),
                  (int) (age_ms / 100 % 10));
        handler_say (effects, SAY_IN_HAND, task, s_text (text), count);
        slot = tasks_younger (self->tasks, slot);
    }
}

//  Once a second: how many, the oldest, who holds it, the time left.
static void
s_say_left (handler_t *self, effects_t *effects)
{
    uint32_t slot = tasks_oldest (self->tasks);
    text_t oldest = slot == SLAB_NONE ? (text_t){0} : tasks_at (self->tasks, slot)->work.instance;
    drain_say_left (&self->drain, self->now_us, tasks_count (self->tasks), oldest,
                    s_text (self->name), effects);
}

void
handler_drain_begin (handler_t *self, effects_t *effects)
{
    s_upstream_over (self);
    s_name_given_up (self, effects);
    if (self->drain.cut && self->cut_us == INT64_MAX) {
        self->cut_us = self->now_us;
    }
    s_say_beginning (self, effects);
    if (self->in_hand_due) {
        s_say_in_hand (self, effects);
    }
    s_say_left (self, effects);
    s_sweep (self);
}

//  ---- The end
//  ------------------------------------------------------------------------------------

//  By then it is gone, however much is left. INT64_MAX while the drain is not cut.
static int64_t
s_latest (const handler_t *self)
{
    return self->cut_us == INT64_MAX ? INT64_MAX : self->cut_us + DRAIN_OVER_US;
}

//  DRAINING to FLUSHED when nothing is in hand any more, or when the cut has had its time; FLUSHED
//  to GONE when every link has come to its end, or when that takes too long.
static void
s_move (handler_t *self)
{
    assert (!self->exited);
    drain_t *drain = &self->drain;
    bool empty = tasks_count (self->tasks) == 0;
    bool ended = links_all_ended (self->links);
    if (drain->state == DRAIN_DRAINING) {
        bool late = drain->cut && self->now_us >= self->cut_us + FLUSH_AFTER_US;
        if ((empty && (ended || drain->cut)) || late) {
            drain_flushed (drain, self->now_us);
        }
    }
    if (drain->state == DRAIN_FLUSHED) {
        bool late =
            self->now_us >= drain->flushed_us + PEER_REPEAT_US || self->now_us >= s_latest (self);
        if (ended || late) {
            drain_gone (drain);
        }
    }
}

//  The last lines are counted, not claimed: released and sent; restarts that the cut ended.
static void
s_exit (handler_t *self, effects_t *effects)
{
    assert (self->drain.state == DRAIN_GONE && !self->exited);
    if (self->begun_back || tasks_count (self->tasks) > 0) {
        drain_code (&self->drain, EXIT_HANDED_BACK);
    }
    s_say (effects, SAY_NACKING, "", (int64_t) self->handed_back);
    s_say (effects, SAY_CANCELLING, "", (int64_t) self->cancelled);
    effects_add (effects, EFFECT_EXIT)->code = self->drain.exit_code;
    self->exited = true;
    self->again = false;
}

void
handler_drain_end (handler_t *self, effects_t *effects)
{
    s_move (self);
    uint32_t in_hand = tasks_count (self->tasks);
    links_end (self->links, self->now_us, &self->drain, in_hand, false, effects);
    if (self->drain.state != DRAIN_GONE) {
        return;
    }
    if (effects_room (effects, EXIT_EFFECTS, EXIT_BYTES)) {
        s_exit (self, effects);
    } else {
        self->again = true;
    }
}

static int64_t
s_sooner (int64_t one, int64_t other)
{
    return one < other ? one : other;
}

int64_t
handler_drain_deadline (const handler_t *self)
{
    const drain_t *drain = &self->drain;
    bool due = self->fault_due || self->in_hand_due || (drain->cut && self->cut_us == INT64_MAX);
    bool sweeping = self->swept_for && self->sweep < tasks_high (self->tasks);
    if (due || sweeping || drain->state == DRAIN_GONE) {
        return self->now_us;
    }
    switch (drain->state) {
    case DRAIN_DRAINING: return drain->cut ? self->cut_us + FLUSH_AFTER_US : INT64_MAX;
    case DRAIN_FLUSHED: return s_sooner (s_latest (self), drain->flushed_us + PEER_REPEAT_US);
    case DRAIN_RUNNING:
    case DRAIN_GONE: break;
    }
    return INT64_MAX;
}
