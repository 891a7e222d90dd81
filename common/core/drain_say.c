#include "common/core/drain_say.h"

#include <assert.h>
#include <string.h>

static text_t
s_text (const char *text)
{
    return (text_t){text, strlen (text)};
}

static int64_t
s_left_us (const drain_t *self, int64_t now_us)
{
    return (int64_t) drain_left_ms (self, now_us) * 1000;
}

void
drain_say_start (drain_t *self, int64_t now_us, uint32_t in_hand, effects_t *effects)
{
    assert (self->state != DRAIN_RUNNING);
    if (self->signals && !self->signal_said) {
        const char *name = drain_reason (WHY_SIGNAL, self->signal);
        effects_say (effects, &(say_t){.kind = SAY_SIGNAL, .text = s_text (name)});
        self->signal_said = true;
    }
    if (!self->announced) {
        effects_say (effects, &(say_t){.kind = SAY_DRAINING,
                                       .text = s_text (drain_reason (self->why, self->signal)),
                                       .number = s_left_us (self, now_us)});
        self->announced = true;
    }
    if (self->cut && !self->cut_said) {
        say_kind_t kind = self->signals >= 2 ? SAY_DRAIN_CUT_SHORT : SAY_DRAIN_DEADLINE;
        effects_say (effects, &(say_t){.kind = kind, .number = in_hand});
        self->cut_said = true;
    }
}

void
drain_say_left (drain_t *self, int64_t now_us, uint32_t in_hand, text_t oldest, text_t holder,
                effects_t *effects)
{
    if (self->state != DRAIN_DRAINING || now_us < self->say_us) {
        return;
    }
    self->say_us = now_us + DRAIN_SAY_US;
    if (in_hand) {
        effects_say (effects, &(say_t){.kind = SAY_DRAIN_LEFT,
                                       .number = in_hand,
                                       .instance = oldest,
                                       .text = holder,
                                       .other = s_left_us (self, now_us)});
    }
}
