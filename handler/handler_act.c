//  One task in one turn: end what has to end, begin what may begin, say what was done, decide.
//
//  The order matters. What ends the task is looked at before anything begins, so nothing begins
//  outside the lease or in a drain. KILL and RENEW come after TERM, because a stall may have made
//  them due at once. The fact is written before the outcome is decided, so that it is on its way
//  even when the task is handed back. Lines are said before the settlement that they explain.

#include "handler/handler_private.h"

#include <assert.h>

#include "handler/fate.h"

void
handler_say (effects_t *effects, say_kind_t kind, const task_t *task, text_t text, int64_t number)
{
    say_t say = {.kind = kind,
                 .instance = task->work.instance,
                 .hostname = task->work.hostname,
                 .text = text,
                 .number = number,
                 .name = task->work.name,
                 .delivery = task->work.delivery};
    for (size_t i = 0; i < ID_BYTES; i++) {
        say.id[i] = task->work.id[i];
    }
    effects_say (effects, &say);
}

//  An effect about a task, with everything that its shell needs to know of it.
static step_t *
s_step (effect_kind_t kind, const task_t *task, effects_t *effects)
{
    const work_t *work = &task->work;
    step_t *step = &effects_add (effects, kind)->run.step;
    step->task = task->number;
    step->name = work->name;
    step->grant = work->grant;
    step->delivery = work->delivery;
    for (size_t i = 0; i < ID_BYTES; i++) {
        step->id[i] = work->id[i];
    }
    step->publisher = effects_text (effects, work->publisher);
    step->instance = effects_text (effects, work->instance);
    step->hostname = effects_text (effects, work->hostname);
    step->reason = effects_text (effects, work->reason);
    step->requested_by = effects_text (effects, work->requested_by);
    return step;
}

//  An effect about the restart that runs: its number says it all.
static effect_t *
s_about_restart (effect_kind_t kind, const task_t *task, effects_t *effects)
{
    assert (task->restart == STEP_BUSY);
    effect_t *effect = effects_add (effects, kind);
    effect->run.step.task = task->number;
    effect->run.step.simulated = !task->real;
    return effect;
}

//  How long a simulated step takes; restarts and saves are drawn from the same range.
static int64_t
s_duration (const handler_t *self, const task_t *task, unsigned step)
{
    return fate_duration_us (self->seed, &task->work, step, self->limits.restart_min_us,
                             self->limits.restart_max_us);
}

//  The restart. An injected failure of a command is simulated: the host is left in peace.
static void
s_run (handler_t *self, task_t *task, effects_t *effects)
{
    assert (task->restart == STEP_NONE && !(task->steps & STEP_RESTARTED));
    assert (self->now_us < task->extend.end_us || MAYHEM_BUG == 12);
    step_t *step = s_step (EFFECT_RUN, task, effects);
    step->fails = fate_fails (self->seed, &task->work, STEP_RESTARTED, self->limits.fail_restart);
    task->real = self->limits.exec && !step->fails;
    step->simulated = !task->real;
    step->duration_us = task->real ? 0 : s_duration (self, task, STEP_RESTARTED);
    step->lease_us = task->extend.end_us - self->now_us;
    task->restart = STEP_BUSY;
    task->restart_us = self->now_us;
    task->due_us = self->now_us + step->duration_us;
    self->counts.restarts++;
}

//  The save, as a step of its own; it does not know yet how the restart will end.
static void
s_save (handler_t *self, task_t *task, effects_t *effects)
{
    assert (task->save == STEP_NONE && !(task->steps & STEP_SAVED));
    step_t *step = s_step (EFFECT_SAVE, task, effects);
    step->ticket = task->save_ticket = ++self->ticket;
    step->steps = task->steps | STEP_SAVED;
    step->fails = fate_fails (self->seed, &task->work, STEP_SAVED, self->limits.fail_save);
    step->duration_us = s_duration (self, task, STEP_SAVED);
    task->save = STEP_BUSY;
    self->counts.saves++;
}

//  The row was begun before the restart had ended: it says so now, and DONE rests on that too.
static void
s_write_fact (handler_t *self, task_t *task, effects_t *effects)
{
    assert (task->steps & STEP_RESTARTED);
    assert (!task->writing && !task->written);
    step_t *step = s_step (EFFECT_SAVE, task, effects);
    step->ticket = task->fact_ticket = ++self->ticket;
    step->steps = task->steps;
    step->fact = true;
    task->writing = task->written = true;
}

//  Both steps at once; what is done already is not done again.
static void
s_start (handler_t *self, task_t *task, effects_t *effects)
{
    assert (task_idle (task));
    task->state = TASK_RUNNING;
    task->begun = task->steps != STEPS_ALL;
    task->limit_us = self->now_us + self->limits.max_lease_us;
    if (task->steps & STEP_RESTARTED) {
        task->restart = STEP_KNOWN;
    } else {
        s_run (self, task, effects);
    }
    if (task->steps & STEP_SAVED) {
        task->save = STEP_KNOWN;
    } else {
        s_save (self, task, effects);
    }
}

//  A real restart begins only inside a lease that the publisher has confirmed, and not when it
//  would be told to end at once. A simulated one waits for that only when its lease may be long
//  over.
static bool
s_may_start (const handler_t *self, const task_t *task)
{
    if ((!self->limits.exec && !task->late) || task->steps & STEP_RESTARTED) {
        return true;
    }
    return task->extend.held && self->now_us < extend_term_us (&task->extend);
}

//  TAKEN, ASKING, WAITING: one step on, as far as what is known and held allows.
static void
s_begin (handler_t *self, task_t *task, effects_t *effects)
{
    assert (task->end == END_NONE && !task->begun);
    bool asks = task->work.redelivery && task->steps != STEPS_ALL;
    if (task->state == TASK_TAKEN && asks) {
        s_step (EFFECT_ASK, task, effects);
        task->state = TASK_ASKING;
    } else if (task->state == TASK_ASKING && !task->found) {
        return;
    } else if (s_may_start (self, task)) {
        s_start (self, task, effects);
    } else {
        task->state = TASK_WAITING;
    }
}

//  One signal to the restart's process group (a simulated one is just stopped).
static void
s_signal (task_t *task, int signo, effects_t *effects)
{
    s_about_restart (EFFECT_END, task, effects)->run.signal = signo;
}

//  Stop the restart, if one runs: a command is told to end and waited for, a simulated one is gone.
static void
s_stop (handler_t *self, task_t *task, effects_t *effects)
{
    if (task->restart != STEP_BUSY || task->stopping || task->survived) {
        return;
    }
    self->cancelled += task->end == END_CUT;
    task->stopping = true;
    if (task->real) {
        bool lease = task->end == END_LEASE;
        task->kill_us = lease ? task->extend.end_us : self->now_us + DRAIN_GRACE_US;
        task->state = TASK_ENDING;
        s_signal (task, SIGNAL_TERM, effects);
    } else {
        s_signal (task, SIGNAL_KILL, effects);
        task->restart = STEP_DROPPED;
    }
}

//  KILL what was told to end and has not, at the latest when its lease ends.
static void
s_kill (handler_t *self, task_t *task, effects_t *effects)
{
    if (!task->stopping || task->killed || task->survived || task->restart != STEP_BUSY) {
        return;
    }
    if (self->drain.cut && task->kill_us > self->cut_us + DRAIN_GRACE_US) {
        task->kill_us = self->cut_us + DRAIN_GRACE_US;
    }
    if (self->now_us >= task->kill_us || self->now_us >= task->extend.end_us) {
        s_signal (task, SIGNAL_KILL, effects);
        task->killed = true;
    }
}

//  The guard ends a command by itself when its lease runs out: it has to hear of a longer one.
static void
s_renew (const handler_t *self, task_t *task, effects_t *effects)
{
    if (task->renew && task->restart == STEP_BUSY && !task->stopping && !task->survived) {
        int64_t left_us = task->extend.end_us - self->now_us;
        s_about_restart (EFFECT_RENEW, task, effects)->run.step.lease_us = left_us;
    }
    task->renew = false;
}

//  What the facts since the last turn have left to be said, restart first.
static void
s_say_lines (task_t *task, effects_t *effects)
{
    char reason[REASON_MAX_BYTES + 1];
    if (task->lines & LINE_RESTARTED) {
        handler_say (effects, SAY_RESTARTED, task, (text_t){0}, 0);
    }
    if (task->lines & LINE_NOT_RESTARTED) {
        size_t length = task_restart_reason (task, reason);
        handler_say (effects, SAY_RESTART_FAILED, task, (text_t){reason, length}, 0);
    }
    if (task->lines & LINE_SAVED) {
        handler_say (effects, SAY_SAVED, task, (text_t){0}, 0);
    }
    if (task->lines & LINE_NOT_SAVED) {
        size_t length = task_save_reason (task, reason);
        handler_say (effects, SAY_SAVE_FAILED, task, (text_t){reason, length}, 0);
    }
    task->lines = 0;
}

//  To SETTLING. From here on the task has no times, no lease and no lines: only its settlement.
static void
s_decide (handler_t *self, uint32_t slot, task_t *task, effects_t *effects)
{
    assert (task->restart != STEP_BUSY || MAYHEM_BUG == 3);
    assert (!task->listed);
    route_t *route = routes_at (self->routes, task->route);
    task->outcome = task_outcome (task, self->limits.save_may_fail);
    task->state = TASK_SETTLING;
    tasks_due_at (self->tasks, slot, INT64_MAX);
    tasks_not_to_send (self->tasks, slot, route->via);
    list_append (&route->settling, tasks_links (self->tasks), slot);
    routes_ready (self->routes, task->route);
    self->counts.revoked += task->end == END_REVOKED;
    if (self->drain.state != DRAIN_RUNNING && task->outcome == OUTCOME_RELEASED && task->begun) {
        self->begun_back = true;
    }
    if (task->outcome == OUTCOME_REFUSED) {
        char reason[REASON_MAX_BYTES + 1];
        size_t length = task_reason (task, reason);
        handler_say (effects, SAY_REFUSED_HOST, task, (text_t){reason, length}, 0);
    }
}

//  Not over yet: when it has to be extended, and when to look at it again.
static void
s_schedule (handler_t *self, uint32_t slot, task_t *task)
{
    uint32_t via = routes_at (self->routes, task->route)->via;
    if (!task_extends (task)) {
        tasks_not_to_send (self->tasks, slot, via);
    } else if (extend_due (&task->extend, self->now_us)) {
        tasks_to_send (self->tasks, slot, via);
    }
    tasks_due_at (self->tasks, slot, task_due (task, self->limits.timeout_us));
}

void
handler_act (handler_t *self, uint32_t slot, effects_t *effects)
{
    task_t *task = tasks_at (self->tasks, slot);
    bool draining = self->drain.state != DRAIN_RUNNING;
    assert (!task_decided (task) && !task->listed);
    task_survivors (task, self->now_us);
    task->end = task_end_at (task, self->now_us, draining, self->drain.cut);
    if (task->end != END_NONE) {
        s_stop (self, task, effects);
    } else if (task_idle (task)) {
        s_begin (self, task, effects);
    } else if (task_times_out (task, self->now_us, self->limits.timeout_us)) {
        task->timed_out = true;
        s_stop (self, task, effects);
    }
    s_kill (self, task, effects);
    s_renew (self, task, effects);
    if (task->restart == STEP_OK && !task->written) {
        s_write_fact (self, task, effects);
    }
    s_say_lines (task, effects);
    if (task_over (task)) {
        s_decide (self, slot, task, effects);
    } else {
        s_schedule (self, slot, task);
    }
}
