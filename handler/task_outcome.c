//  How a task comes out, and why. The other half of task.h.

#include "handler/task.h"

#include <assert.h>
#include <stdio.h>

static const char *const s_words[] = {
    [TASK_TAKEN] = "taken",
    [TASK_ASKING] = "asking the database",
    [TASK_WAITING] = "waiting for its lease",
    [TASK_RUNNING] = "running",
    [TASK_ENDING] = "being ended",
    [TASK_SETTLING] = "to be settled",
    [TASK_SETTLED] = "waiting for the confirmation",
};
_Static_assert(sizeof s_words / sizeof *s_words == TASK_STATE_COUNT, "a word for each state");

const char *
task_state_word (task_state_t state)
{
    assert (state < TASK_STATE_COUNT);
    return s_words[state];
}

static bool
s_ended (progress_t progress)
{
    return progress != STEP_NONE && progress != STEP_BUSY;
}

bool
task_over (const task_t *self)
{
    assert (!task_decided (self));
#if MAYHEM_BUG == 3
    if (s_ended (self->save) || s_ended (self->restart)) {
        return true;
    }
#endif
    if (self->restart == STEP_BUSY) {
        return false; // whatever ends it: nothing is said while it runs
    }
    if (self->end != END_NONE) {
        return true;
    }
    bool written = self->restart != STEP_OK || (self->written && !self->writing);
    return s_ended (self->restart) && s_ended (self->save) && written;
}

//  Both steps have ended by themselves.
static outcome_t
s_by_steps (const task_t *self, bool save_may_fail)
{
    if (self->restart == STEP_FAILED) {
        return OUTCOME_FAILED;
    }
    //  The host's own wish counts before a row that is written again next time anyway.
    if (self->restart == STEP_LATER) {
        return OUTCOME_DEFERRED;
    }
    return self->save == STEP_FAILED && !save_may_fail ? OUTCOME_FAILED : OUTCOME_DONE;
}

//  What ended the task counts first. Handed back is what has not failed: a delivery that was taken
//  away in the middle must not count against the message.
outcome_t
task_outcome (const task_t *self, bool save_may_fail)
{
    switch (self->end) {
    case END_NONE: return s_by_steps (self, save_may_fail);
    case END_BEFORE: return OUTCOME_DONE;
    case END_NAME:
    case END_OPTION:
    case END_HOST: return OUTCOME_REFUSED;
    case END_LIMIT: return self->begun ? OUTCOME_FAILED : OUTCOME_RELEASED;
    case END_DRAIN:
    case END_REVOKED:
    case END_LEASE:
    case END_CUT: break;
    case END_COUNT: assert (!"an end of task_state.h");
    }
    bool failed = self->restart == STEP_FAILED || (self->save == STEP_FAILED && !save_may_fail);
    return failed ? OUTCOME_FAILED : OUTCOME_RELEASED;
}

static size_t
s_say (char reason[REASON_MAX_BYTES + 1], const char *format, int value)
{
    int length = snprintf (reason, REASON_MAX_BYTES + 1, format, value);
    assert (length >= 0 && length <= REASON_MAX_BYTES);
    return (size_t) length;
}

size_t
task_restart_reason (const task_t *self, char reason[REASON_MAX_BYTES + 1])
{
    if (self->survived) {
        return s_say (reason, "its processes could not be ended", 0);
    }
    if (self->timed_out) {
        return s_say (reason, "it took longer than the time-out", 0);
    }
    switch (self->ran) {
    case RAN_OK: return s_say (reason, "", 0);
    case RAN_LATER:
        return s_say (reason,
                      self->ran_value == RAN_LATER_EXIT ? "not now (exit code %d)"
                                                        : "not now (errno %d), see the log",
                      self->ran_value);
    case RAN_FAILED:
        return s_say (reason, self->real ? "exit code %d" : "injected failure", self->ran_value);
    case RAN_SIGNALLED: return s_say (reason, "ended by signal %d", self->ran_value);
    case RAN_NOT_STARTED:
        return s_say (reason, "not started (errno %d), see the log", self->ran_value);
    case RAN_CANCELLED: break;
    }
    return s_say (reason, "cancelled", 0);
}

size_t
task_save_reason (const task_t *self, char reason[REASON_MAX_BYTES + 1])
{
    assert (self->save == STEP_FAILED);
    return s_say (reason, "the row was not written", 0);
}

size_t
task_reason (const task_t *self, char reason[REASON_MAX_BYTES + 1])
{
    static const char *const ends[] = {
        [END_NONE] = "",
        [END_BEFORE] = "",
        [END_NAME] = "not a host name by RFC 1123",
        [END_HOST] = "the host is not allowed here",
        [END_OPTION] = "an instance name that begins with - is not given to a command",
        [END_DRAIN] = "the handler is draining",
        [END_REVOKED] = "revoked",
        [END_LEASE] = "the lease ran out",
        [END_LIMIT] = "it took longer than the longest lease",
        [END_CUT] = "the drain's time was over",
    };
    _Static_assert(sizeof ends / sizeof *ends == END_COUNT, "a reason for each end");
    if (self->restart == STEP_FAILED || (self->restart == STEP_LATER && self->end == END_NONE)) {
        return task_restart_reason (self, reason);
    }
    return self->save == STEP_FAILED && self->end == END_NONE ? task_save_reason (self, reason)
                                                              : s_say (reason, ends[self->end], 0);
}
