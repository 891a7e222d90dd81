#include "handler/task.h"

#include <assert.h>
#include <string.h>

//  Copy the record's texts behind each other, so that nothing of it is the frame's any more.
static void
s_keep (task_t *self, const work_t *work)
{
    self->work = *work;
    text_t *texts[] = {&self->work.publisher, &self->work.instance, &self->work.hostname,
                       &self->work.reason, &self->work.requested_by};
    char *at = self->text;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        assert (texts[i]->length <= (size_t) (self->text + sizeof self->text - at));
        if (texts[i]->length) {
            memcpy (at, texts[i]->at, texts[i]->length);
        }
        texts[i]->at = at;
        at += texts[i]->length;
    }
}

void
task_init (task_t *self, const work_t *work, int64_t now_us, int64_t max_lease_us)
{
    assert (work->lease_ms > 0);
    assert (max_lease_us > 0);
    *self = (task_t){.state = TASK_TAKEN, .taken_us = now_us, .steps = work->steps};
    self->limit_us = now_us + max_lease_us;
    s_keep (self, work);
    extend_begin (&self->extend, now_us, (int64_t) work->lease_ms * 1000);
}

void
task_take_over (task_t *self, const work_t *work, int64_t now_us)
{
    assert (!task_decided (self));
    assert (work->lease_ms > 0);
    bool fenced = self->late || (self->real && self->restart == STEP_BUSY);
    s_keep (self, work);
    self->steps |= work->steps;
    self->revoked = false;
    extend_take_over (&self->extend, now_us, (int64_t) work->lease_ms * 1000, fenced);
}

bool
task_idle (const task_t *self)
{
    return self->state <= TASK_WAITING;
}

bool
task_decided (const task_t *self)
{
    return self->state >= TASK_SETTLING;
}

bool
task_found (task_t *self, const found_t *found)
{
    if (self->state != TASK_ASKING || self->found) {
        return false;
    }
    self->found = true;
    self->steps |= found->steps & STEPS_ALL;
    return true;
}

//  A simulated restart that was due after the end of the lease did not come to its end: this
//  process stood still, and has to act as if it had not.
static bool
s_too_late (const task_t *self)
{
#if MAYHEM_BUG == 12
    return false;
#endif
    return !self->real && self->due_us > self->extend.end_us;
}

//  A command runs that can be told to end.
static bool
s_child (const task_t *self)
{
    return self->real && self->restart == STEP_BUSY && !self->survived;
}

//  What ends a restart that was told to end is not its failure, whatever it says: it is dropped,
//  unless it had come to its good end by itself.
bool
task_ran (task_t *self, const ran_t *ran)
{
    if (self->restart != STEP_BUSY || task_decided (self) || self->survived) {
        return false;
    }
    self->ran = ran->kind;
    self->ran_value = ran->value;
    if (!ran->group_gone) {
        self->survived = true;
        return true;
    }
    if (ran->kind == RAN_OK && s_too_late (self)) {
        self->restart = STEP_DROPPED;
        self->end = self->end == END_NONE ? END_LEASE : self->end;
    } else if (ran->kind == RAN_OK) {
        self->restart = STEP_OK;
        self->steps |= STEP_RESTARTED;
        self->lines |= LINE_RESTARTED;
    } else if (self->end != END_NONE) {
        self->restart = STEP_DROPPED;
    } else if (ran->kind == RAN_LATER && !self->timed_out) {
        self->restart = STEP_LATER;
    } else {
        self->restart = STEP_FAILED;
        self->lines |= LINE_NOT_RESTARTED;
    }
    self->state = TASK_RUNNING;
    return true;
}

void
task_survivors (task_t *self, int64_t now_us)
{
    if (self->survived && self->restart == STEP_BUSY && now_us >= self->extend.end_us) {
        self->restart = STEP_FAILED;
        self->state = TASK_RUNNING;
        self->lines |= LINE_NOT_RESTARTED;
    }
}

//  The second save of a task: the row that says restarted, too.
static bool
s_fact_written (task_t *self, bool ok)
{
    if (!self->writing) {
        return false;
    }
    self->writing = false;
    if (!ok) {
        //  The row as a whole is not there: whoever comes next writes it again.
        self->save = STEP_FAILED;
        self->steps &= (uint8_t) ~STEP_SAVED;
        self->lines |= LINE_NOT_SAVED;
    }
    return true;
}

bool
task_saved (task_t *self, const saved_t *saved)
{
    if (self->state == TASK_SETTLED) {
        return false;
    }
    if (saved->ticket == self->fact_ticket) {
        return s_fact_written (self, saved->ok);
    }
    if (self->save != STEP_BUSY || saved->ticket != self->save_ticket) {
        return false;
    }
    self->save = saved->ok ? STEP_OK : STEP_FAILED;
    self->steps |= saved->ok ? STEP_SAVED : 0;
    self->lines |= saved->ok ? LINE_SAVED : LINE_NOT_SAVED;
    return true;
}

bool
task_answered (task_t *self, int64_t now_us, const claim_t *claim)
{
    grant_t grant = self->work.grant;
    if (task_decided (self) || claim->grant.epoch != grant.epoch ||
        claim->grant.serial != grant.serial) {
        return false;
    }
    if (claim->kind == CLAIM_REVOKED) {
        self->revoked = true;
        return true;
    }
    if (!extend_held (&self->extend, now_us, claim->extension)) {
        return false;
    }
    //  The publisher may have heard of a step since; once begun it is too late to leave it out.
    self->steps |= task_idle (self) ? claim->steps & STEPS_ALL : 0;
    self->renew = s_child (self) && !self->stopping;
    return true;
}

bool
task_extends (const task_t *self)
{
    bool on = self->end == END_NONE || self->end == END_CUT;
    //  What does not even end by KILL is nothing to hold a lease for.
    bool stuck = (self->killed || self->survived) && self->restart == STEP_BUSY;
    return on && !self->revoked && !stuck && !task_decided (self);
}

//  A child needs time to end: it is told to before the lease is over. All else ends in no time.
static bool
s_lease_over (const task_t *self, int64_t now_us)
{
#if MAYHEM_BUG == 12
    return false;
#endif
    return now_us >= (s_child (self) ? extend_term_us (&self->extend) : self->extend.end_us);
}

//  The order is that of certainty: what the publisher says, what the operator wants, the clock.
end_t
task_end_at (const task_t *self, int64_t now_us, bool draining, bool cut)
{
    assert (!task_decided (self));
    if (self->end != END_NONE) {
        return self->end;
    }
    if (self->revoked) {
        return END_REVOKED;
    }
    if (task_idle (self) ? draining : cut) {
        return cut ? END_CUT : END_DRAIN;
    }
    if (s_lease_over (self, now_us)) {
        return END_LEASE;
    }
    return now_us >= self->limit_us ? END_LIMIT : END_NONE;
}

bool
task_times_out (const task_t *self, int64_t now_us, int64_t timeout_us)
{
    assert (timeout_us > 0);
    return s_child (self) && !self->stopping && now_us >= self->restart_us + timeout_us;
}

static int64_t
s_sooner (int64_t one, int64_t other)
{
    return one < other ? one : other;
}

//  Mirrors task_end_at, task_times_out and the schedule: whatever one of them would say by a clock
//  alone is in here, or the task would sleep through it.
int64_t
task_due (const task_t *self, int64_t timeout_us)
{
    assert (!task_decided (self));
    const extend_t *extend = &self->extend;
    bool child = s_child (self);
    int64_t due = INT64_MAX;
    if (self->survived && self->restart == STEP_BUSY) {
        return extend->end_us;
    }
    if (task_extends (self) && !self->sending) {
        due = extend_deadline (extend);
    }
    if (self->stopping && !self->killed && self->restart == STEP_BUSY) {
        due = s_sooner (due, s_sooner (self->kill_us, extend->end_us));
    }
    if (self->end != END_NONE) {
        return due;
    }
    if (child && !self->stopping) {
        due = s_sooner (due, self->restart_us + timeout_us);
    }
#if MAYHEM_BUG != 12
    due = s_sooner (due, child ? extend_term_us (extend) : extend->end_us);
#endif
    return s_sooner (due, self->limit_us);
}
