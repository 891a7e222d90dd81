#include "common/core/drain.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

static const char *const s_reasons[] = {
    [WHY_NONE] = "no reason",
    [WHY_SIGNAL] = "signal",
    [WHY_DOWNSTREAM_LEFT] = "the last downstream has left",
    [WHY_UPSTREAM_FINISHED] = "the last upstream has finished",
    [WHY_SOURCE_ENDED] = "the source has ended and everything is settled",
    [WHY_FAULT] = "an error",
    [WHY_NAME_IN_USE] = "its name is in use",
};
_Static_assert(sizeof s_reasons / sizeof *s_reasons == WHY_COUNT, "a reason for each why");

static const struct {
    int number;
    const char *name;
} s_signals[] = {{1, "SIGHUP"}, {2, "SIGINT"}, {3, "SIGQUIT"}, {15, "SIGTERM"}};

const char *
drain_reason (drain_why_t why, int signo)
{
    assert (why < WHY_COUNT);
    if (why != WHY_SIGNAL) {
        return s_reasons[why];
    }
    for (size_t i = 0; i < sizeof s_signals / sizeof *s_signals; i++) {
        if (s_signals[i].number == signo) {
            return s_signals[i].name;
        }
    }
    return s_reasons[why];
}

void
drain_init (drain_t *self, const char *name, int64_t timeout_us)
{
    assert (strlen (name) <= NAME_MAX_BYTES);
    assert (timeout_us >= 0);
    *self = (drain_t){.timeout_us = timeout_us,
                      .deadline_us = DRAIN_NO_DEADLINE,
                      .say_us = DRAIN_NO_DEADLINE,
                      .version = 1};
    snprintf (self->name, sizeof self->name, "%s", name);
}

//  Going down the wave each stage takes an eighth, at least DRAIN_MARGIN_US, off what upstream has
//  left, so that those below hand back first.
static int64_t
s_share (const drain_t *self, int64_t left_us)
{
    if (left_us < 0) {
        return self->timeout_us;
    }
    int64_t margin = left_us / 8 > DRAIN_MARGIN_US ? left_us / 8 : DRAIN_MARGIN_US;
    int64_t share = left_us > margin ? left_us - margin : 0;
    return share < self->timeout_us ? share : self->timeout_us;
}

bool
drain_begin (drain_t *self, int64_t now_us, drain_why_t why, int64_t left_us, const char *origin)
{
    assert (why > WHY_NONE && why < WHY_COUNT);
    if (self->state != DRAIN_RUNNING) {
        return false;
    }
    self->state = DRAIN_DRAINING;
    self->why = why;
    self->deadline_us = now_us + s_share (self, left_us);
    self->say_us = now_us + DRAIN_SAY_US;
    self->version++;
    snprintf (self->origin, sizeof self->origin, "%s", origin ? origin : self->name);
    drain_tick (self, now_us);
    return true;
}

void
drain_bound (drain_t *self, int64_t now_us, int64_t left_us)
{
    if (self->state != DRAIN_DRAINING || self->cut || left_us < 0) {
        return;
    }
    int64_t end_us = now_us + s_share (self, left_us);
    self->deadline_us = end_us < self->deadline_us ? end_us : self->deadline_us;
}

void
drain_signal (drain_t *self, int64_t now_us, int signo)
{
    assert (signo > 0);
    self->signals++;
    if (self->signals >= 3) {
        self->exit_code = 128 + signo;
        drain_gone (self);
    } else if (self->signals == 2) {
        self->cut |= self->state == DRAIN_DRAINING;
        self->version++;
    } else {
        self->signal = signo;
        drain_begin (self, now_us, WHY_SIGNAL, -1, NULL);
    }
}

void
drain_fail (drain_t *self, int64_t now_us, drain_why_t why, int exit_code)
{
    assert (exit_code != EXIT_CLEAN);
    drain_code (self, exit_code);
    drain_begin (self, now_us, why, -1, NULL);
}

void
drain_code (drain_t *self, int exit_code)
{
    //  An error of our own says more than that something was handed back.
    if (self->exit_code == EXIT_CLEAN || self->exit_code == EXIT_HANDED_BACK) {
        self->exit_code = exit_code ? exit_code : self->exit_code;
    }
}

void
drain_tick (drain_t *self, int64_t now_us)
{
    if (self->state == DRAIN_DRAINING && now_us >= self->deadline_us) {
        self->cut = true;
    }
}

void
drain_flushed (drain_t *self, int64_t now_us)
{
    assert (self->state == DRAIN_DRAINING);
    self->state = DRAIN_FLUSHED;
    self->flushed_us = now_us;
    self->version++;
}

void
drain_gone (drain_t *self)
{
    self->state = DRAIN_GONE;
    self->version++;
}

uint32_t
drain_left_ms (const drain_t *self, int64_t now_us)
{
    if (self->deadline_us == DRAIN_NO_DEADLINE) {
        return UINT32_MAX;
    }
    int64_t left = self->cut ? 0 : (self->deadline_us - now_us) / 1000;
    if (left < 0) {
        return 0;
    }
    return left < UINT32_MAX ? (uint32_t) left : UINT32_MAX - 1;
}

int64_t
drain_deadline (const drain_t *self)
{
    if (self->state != DRAIN_DRAINING) {
        return DRAIN_NO_DEADLINE;
    }
    int64_t next = self->cut ? DRAIN_NO_DEADLINE : self->deadline_us;
    return self->say_us < next ? self->say_us : next;
}
