#include "handler/extend.h"

#include <assert.h>

#include "common/core/message.h"

static void
s_schedule (extend_t *self, int64_t now_us, int64_t lease_us)
{
    assert (lease_us > 0);
    self->lease_us = lease_us;
    self->slot_us = now_us;
    self->again_us = INT64_MAX;
    self->first = self->number + 1;
    self->slot_number = self->number + 1;
    self->held = false;
}

void
extend_begin (extend_t *self, int64_t now_us, int64_t lease_us)
{
    *self = (extend_t){.end_us = now_us + lease_us};
    s_schedule (self, now_us, lease_us);
}

void
extend_take_over (extend_t *self, int64_t now_us, int64_t lease_us, bool fenced)
{
    s_schedule (self, now_us, lease_us);
    if (!fenced && now_us + lease_us > self->end_us) {
        self->end_us = now_us + lease_us;
    }
}

int64_t
extend_deadline (const extend_t *self)
{
    return self->slot_us < self->again_us ? self->slot_us : self->again_us;
}

bool
extend_due (const extend_t *self, int64_t now_us)
{
    return now_us >= extend_deadline (self);
}

static int64_t
s_pace (int64_t interval_us)
{
    return interval_us > EXTEND_PACE_US ? interval_us : EXTEND_PACE_US;
}

bool
extend_send (extend_t *self, int64_t now_us)
{
    assert (extend_due (self, now_us));
    bool scheduled = now_us >= self->slot_us;
    self->number++;
    self->sent_us[self->number % EXTEND_SENT_MAX] = now_us;
    self->again_us = now_us + s_pace (self->lease_us / EXTEND_AGAIN_PART);
    if (scheduled) {
        int64_t interval_us = s_pace (self->lease_us * 2 / 3);
        self->slot_number = self->number;
        //  Keeps its beat, unless it is so late that the next one is due as well.
        self->slot_us += interval_us;
        self->slot_us = self->slot_us > now_us ? self->slot_us : now_us + interval_us;
    }
    return scheduled;
}

bool
extend_held (extend_t *self, int64_t now_us, uint32_t number)
{
    if (number < self->first || number > self->number || self->number - number >= EXTEND_SENT_MAX) {
        return false;
    }
    int64_t from = self->sent_us[number % EXTEND_SENT_MAX];
    assert (from <= now_us);
#if MAYHEM_BUG == 8
    from = now_us;
#endif
    if (from + self->lease_us > self->end_us) {
        self->end_us = from + self->lease_us;
    }
    if (number >= self->slot_number) {
        self->again_us = INT64_MAX;
    }
    self->held = true;
    return true;
}

int64_t
extend_term_us (const extend_t *self)
{
    return self->end_us - self->lease_us / EXTEND_TERM_PART;
}
