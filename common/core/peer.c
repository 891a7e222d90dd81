#include "common/core/peer.h"

#include <assert.h>
#include <string.h>

#define WINDOW_BITS (PEER_WINDOW_WORDS * 64)

void
peer_renew (peer_t *self, uint32_t link, int64_t now_us)
{
    assert (link > self->link || self->link == 0);
    peer_t fresh = {.phase = self->phase,
                    .side = self->side,
                    .stage = self->stage,
                    .configured = self->configured,
                    .was_up = self->was_up,
                    .left = self->left,
                    .epoch = self->epoch,
                    .calls = self->calls,
                    .over_us = INT64_MAX,
                    .left_epoch = self->left_epoch,
                    .link = link,
                    .news = self->news,
                    .cause = self->cause,
                    .mark_us = now_us,
                    .heard_us = now_us,
                    .beat_us = now_us + PEER_BEAT_MAX_US,
                    .refused_us = self->refused_us,
                    .refused_last_us = self->refused_last_us,
                    .drain_said = self->drain_said,
                    .says = self->says,
                    .silent_us = self->silent_us};
    memcpy (fresh.name, self->name, sizeof fresh.name);
    memcpy (fresh.inbox, self->inbox, sizeof fresh.inbox);
    memcpy (fresh.state, self->state, sizeof fresh.state);
    *self = fresh;
}

static void
s_shift (peer_t *self, uint64_t by)
{
    for (int word = PEER_WINDOW_WORDS - 1; word >= 0; word--) {
        int from = word - (int) (by / 64);
        unsigned bits = by % 64;
        uint64_t value = from >= 0 ? self->window[from] << bits : 0;
        if (bits && from >= 1) {
            value |= self->window[from - 1] >> (64 - bits);
        }
        self->window[word] = value;
    }
}

static bool
s_seen (const peer_t *self, uint64_t age)
{
    return self->window[age / 64] >> (age % 64) & 1;
}

bool
peer_hear (peer_t *self, uint64_t number, int64_t now_us)
{
    assert (number > 0);
    if (number > self->heard) {
        uint64_t by = number - self->heard;
        self->missing += by - 1;
        s_shift (self, by < WINDOW_BITS ? by : WINDOW_BITS);
        self->window[0] |= 1;
        self->heard = number;
    } else {
        uint64_t age = self->heard - number;
        //  Older than the window: it stays missing, so the link ends and its list is made anew.
        if (age >= WINDOW_BITS || s_seen (self, age)) {
            return false;
        }
        assert (self->missing > 0);
        self->window[age / 64] |= UINT64_C (1) << (age % 64);
        self->missing--;
    }
    self->heard_us = now_us;
    //  What was under way when the peer died proves nothing: only a later frame does.
    if (!self->challenged && now_us >= self->probe_us - PEER_PROBE_US + PEER_STALE_US) {
        self->suspect = self->notice_fresh = false;
    }
    return true;
}

void
peer_heard_by (peer_t *self, uint64_t heard, int64_t now_us)
{
    if (heard > self->sent) {
        return; // nonsense from outside
    }
    if (heard >= self->mark) {
        self->mark = self->sent;
        self->mark_us = now_us;
    }
}
