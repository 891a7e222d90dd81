#include "common/io/log_meter.h"
#include "common/io/log.h"

#include <assert.h>

//  Length of the second, in microseconds.
#define METER_PERIOD_US INT64_C (1000000)

uint64_t
log_meter_roll (log_meter_t *self, int64_t now_us)
{
    assert (self);
    if (self->taken == 0 || now_us - self->start_us < METER_PERIOD_US) {
        return 0;
    }
    uint64_t over = self->over;
    *self = (log_meter_t){0};
    return over;
}

bool
log_meter_take (log_meter_t *self, int64_t now_us)
{
    assert (self);
    assert (self->taken <= LOG_MESSAGE_LINES);
    if (self->taken == LOG_MESSAGE_LINES) {
        self->over++;
        return false;
    }
    if (self->taken == 0) {
        self->start_us = now_us;
    }
    self->taken++;
    return true;
}

int64_t
log_meter_deadline (const log_meter_t *self)
{
    assert (self);
    return self->over > 0 ? self->start_us + METER_PERIOD_US : INT64_MAX;
}
