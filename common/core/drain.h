/*  drain.h - one way to stop, for every process.

        RUNNING ──▶ DRAINING ──▶ FLUSHED ──▶ GONE
                        └─ deadline or second signal: hand the rest back, then FLUSHED

    Three facts drive it: a signal, "my last downstream has left", "my last upstream has finished".
    Only signals that this process itself received are counted: the second hands back everything at
    once, the third leaves at once. Many reasons start one drain: the first one is kept. */

#ifndef MAYHEM_DRAIN_H
#define MAYHEM_DRAIN_H

#include "common/core/wire.h"

#define DRAIN_NO_DEADLINE INT64_MAX
#define DRAIN_GRACE_US    500000  // from TERM to KILL for what still runs at the deadline
#define DRAIN_OVER_US     900000  // after the deadline the process is gone: the promise is 1 s
#define DRAIN_MARGIN_US   250000  // a stage keeps at least so much of the wave for those above it
#define DRAIN_SAY_US      1000000 // one line a second says what is left

typedef enum {
    DRAIN_RUNNING,
    DRAIN_DRAINING,
    DRAIN_FLUSHED,
    DRAIN_GONE
} drain_state_t;

typedef enum {
    WHY_NONE,
    WHY_SIGNAL,
    WHY_DOWNSTREAM_LEFT,
    WHY_UPSTREAM_FINISHED,
    WHY_SOURCE_ENDED,
    WHY_FAULT,
    WHY_NAME_IN_USE,
    WHY_COUNT
} drain_why_t;

enum {
    EXIT_CLEAN = 0,
    EXIT_INTERNAL = 70,
    EXIT_HANDED_BACK = 75,
    EXIT_CONFIG = 78
};

typedef struct {
    drain_state_t state;
    drain_why_t why;
    int signal;                            // that started it, or 0
    int signals;                           // received by this process
    int exit_code;                         // the first one that is not 0 stays
    bool cut;                              // hand back everything now
    int64_t timeout_us;                    // --drain-timeout
    int64_t deadline_us;                   // absolute, DRAIN_NO_DEADLINE while running
    int64_t flushed_us;                    // when FLUSHED began
    int64_t say_us;                        // next line of what is left
    uint64_t version;                      // raised by every change that neighbours should hear of
    char name[NAME_MAX_BYTES + 1];         // of this process
    char origin[NAME_MAX_BYTES + 1];       // of the process where the drain began
    bool announced, signal_said, cut_said; // lines that were said
} drain_t;

void drain_init (drain_t *self, const char *name, int64_t timeout_us);

//  Count a signal: the first begins the drain, the second cuts it short, the third is GONE with
//  128 + signo.
void drain_signal (drain_t *self, int64_t now_us, int signo);

//  Begin, unless begun. left_us: what the neighbour that passed it on has left, or -1.
//  origin: that neighbour's origin, NULL for this process. Returns whether it began now.
bool drain_begin (drain_t *self, int64_t now_us, drain_why_t why, int64_t left_us,
                  const char *origin);

//  What upstream has left became shorter (-1: it has no deadline): a drain that has begun ends
//  before it.
void drain_bound (drain_t *self, int64_t now_us, int64_t left_us);

//  An error of this process: begins a drain that ends with this exit code.
void drain_fail (drain_t *self, int64_t now_us, drain_why_t why, int exit_code);

//  Keep an exit code unless a former one is worse than clean.
void drain_code (drain_t *self, int exit_code);

//  Look at the clock: past the deadline everything is cut.
void drain_tick (drain_t *self, int64_t now_us);

//  DRAINING -> FLUSHED: nothing is in hand any more. FLUSHED -> GONE.
void drain_flushed (drain_t *self, int64_t now_us);
void drain_gone (drain_t *self);

//  Time left in ms for the wire, UINT32_MAX without a deadline.
uint32_t drain_left_ms (const drain_t *self, int64_t now_us);

//  When drain_tick matters next.
int64_t drain_deadline (const drain_t *self);

//  "SIGTERM", "its last downstream has left": for the line about a drain.
const char *drain_reason (drain_why_t why, int signo);

#endif
