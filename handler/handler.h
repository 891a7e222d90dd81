/*  handler.h - the stage that does the work: restarts the host and saves the row, both at once,
    extends the lease meanwhile, and settles what came of it. Pure: no clock, socket, file, process.

    Facts (every event but TURN) only change state; effects come out of TURN alone. The answers:
    - EFFECT_ASK by one FOUND;
    - EFFECT_SAVE by one SAVED with its ticket, also when a later SAVE of the task replaced it;
    - EFFECT_RUN by one RAN, also when it was ended (EFFECT_END: SIGTERM or SIGKILL to the group; a
      simulated step is simply stopped) and when the guard was lost (then FAULT).
    - SAVE adds facts to the message's row and takes none away: a fact may overtake the save.
    An answer for a task that is gone is counted and ignored. lease_us of RUN and RENEW is what is
    left from this turn on: a real restart may not live longer, whatever happens to the handler.

    Custody: a task is extended while work goes on and never after; its settlement is kept until the
    publisher confirms it. DONE rests on every ticket of the task being through. */

#ifndef MAYHEM_HANDLER_H
#define MAYHEM_HANDLER_H

#include "common/core/links.h"

//  Settled tasks that may wait for their confirmation before credit shrinks: what 100,000 a second
//  are in the 160 ms that two hops and a slow commit take. Above it stands back-pressure.
#define UNCONFIRMED_MAX 16384
//  The lease of a record that names none.
#define LEASE_DEFAULT_MS 3000
//  Lines that USR1 gets, the oldest first: a screen, not a dump.
#define IN_HAND_LINES_MAX 20

typedef struct {
    links_config_t links;     // stage is STAGE_HANDLER; has the name, epoch and drain time-out too
    uint32_t concurrency;     // slots, at least 1
    bool exec;                // restarts by the command, else simulated
    int64_t restart_min_us;   // of a simulated step
    int64_t restart_max_us;   //
    int64_t timeout_us;       // of a real restart: TERM, then KILL
    int64_t max_lease_us;     // of a message, from the start of its first step
    bool save_may_fail;       // --on-save-failure log: done all the same
    double fail_restart;      // injected failures: 0..1
    double fail_save;         //
    bool any_host;            // else only these:
    const char *const *hosts; // sorted by strcmp, lower case, borrowed for the handler's life
    size_t host_count;
} handler_limits_t;

typedef struct {
    uint64_t taken;                    // deliveries, takeovers not counted
    uint64_t takeovers;                // the same message again under a higher grant
    uint64_t ignored;                  // records of a lower or the same grant
    uint64_t overrun;                  // records without a slot: nobody granted them
    uint64_t extended;                 // scheduled extensions
    uint64_t repeated;                 // extensions sent again
    uint64_t revoked;                  // tasks that were taken away
    uint64_t restarts;                 // begun
    uint64_t saves;                    // begun, facts not counted
    uint64_t stale;                    // answers that no task waits for
    uint64_t packs;                    // sent for the first time
    uint64_t resent;                   // sent again
    uint64_t settled[OUTCOME_COUNT];   // sent, by outcome
    uint64_t confirmed[OUTCOME_COUNT]; // confirmed, by outcome
} handler_counts_t;

//  A task as the simulator's checks see it.
typedef struct {
    name_t name;
    grant_t grant;
    uint64_t host;
    int64_t lease_end_us; // nothing of it runs from here on
    bool real;            // its restart is a command
    bool running;         // its restart was begun, has not ended and was not stopped
    bool settled;         // its outcome is decided
    outcome_t outcome;    // when settled
    uint8_t steps;
} handler_audit_t;

typedef void (handler_audit_fn) (void *arg, const handler_audit_t *task);

typedef struct handler_s handler_t;

//  NULL when memory is short. Texts are copied, hosts are borrowed.
handler_t *handler_new (const handler_limits_t *limits, uint64_t seed);
void handler_destroy (handler_t **self_p);
void handler_step (handler_t *self, int64_t now_us, const event_t *event, effects_t *effects);
int64_t handler_deadline (const handler_t *self);

const handler_counts_t *handler_counts (const handler_t *self);
uint32_t handler_in_hand (const handler_t *self);
const drain_t *handler_drain (const handler_t *self);
links_t *handler_links (handler_t *self);
void handler_audit (const handler_t *self, handler_audit_fn *fn, void *arg);
void handler_assert (const handler_t *self);

#endif
