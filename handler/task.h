/*  task.h - one delivery in the handler's hands. Pure: facts change it, it makes no effects. An
    open value: the handler's parts read and write it; how a fact changes it is written here. */

#ifndef MAYHEM_TASK_H
#define MAYHEM_TASK_H

#include "common/core/event.h"
#include "common/core/records.h"
#include "handler/extend.h"
#include "handler/task_state.h"

#define TASK_TEXT_BYTES                                                                            \
    (NAME_MAX_BYTES + INSTANCE_MAX_BYTES + HOSTNAME_MAX_BYTES + 2 * REASON_MAX_BYTES)

typedef struct {
    //  What it is.
    work_t work;      // the newest record of it; its texts lie in `text`
    uint64_t number;  // for effects and their answers, never used again
    int64_t taken_us; // receipt
    uint32_t route;   // handler's: publisher and consumer
    bool late;        // read after a stall: its lease counts for nothing before it is held
    bool former;      // a newer delivery of the same message has its place in the index
    //  Where it stands.
    task_state_t state;
    end_t end;         // the first thing that ended it
    outcome_t outcome; // from SETTLING on
    uint8_t steps;     // facts: done before or here
    uint8_t lines;     // LINE_*
    bool listed;       // handler's: waits in the list of what the next turn looks at
    //  The lease.
    extend_t extend;
    uint32_t extended; // scheduled extensions here
    int64_t limit_us;  // --max-lease: from the first step on, before it from receipt on
    bool sending;      // handler's: waits in the list of what is to be extended
    bool revoked;      // `revoked` came
    bool renew;        // `held` came: a running command may go on
    //  The restart.
    progress_t restart;
    bool found;         // the database has answered
    bool begun;         // a step was begun
    bool real;          // by the command
    bool timed_out;     // --timeout: it is being ended, the save goes on
    bool survived;      // it is over, but not all of its processes are
    bool stopping;      // it was told to end
    bool killed;        // and KILLed
    ran_kind_t ran;     // how it ended
    int ran_value;      // exit code, signal or errno
    int64_t restart_us; // when it began
    int64_t due_us;     // simulated: when it ends by itself
    int64_t kill_us;    // stopping: when it is KILLed
    //  The save.
    progress_t save;
    bool writing;         // the fact that it was restarted is being written
    bool written;         // or was, or need not be
    uint64_t save_ticket; // of the save itself
    uint64_t fact_ticket; // of the fact
    char text[TASK_TEXT_BYTES];
} task_t;

//  A task from a record, whose texts are copied.
void task_init (task_t *self, const work_t *work, int64_t now_us, int64_t max_lease_us);

//  The same message again under a higher grant, before its outcome was decided: goes on under it.
void task_take_over (task_t *self, const work_t *work, int64_t now_us);

//  Facts. False: it says nothing about this task as it stands.
bool task_found (task_t *self, const found_t *found);
bool task_ran (task_t *self, const ran_t *ran);
//  A restart whose processes could not be ended counts as running up to the end of its lease, so
//  that nobody restarts the host beside them, and then as failed.
void task_survivors (task_t *self, int64_t now_us);
bool task_saved (task_t *self, const saved_t *saved);
bool task_answered (task_t *self, int64_t now_us, const claim_t *claim);
//  Not begun: nothing of it has run, nothing of it is under way.
bool task_idle (const task_t *self);
//  Its outcome is decided.
bool task_decided (const task_t *self);
//  Whether it is still to be extended.
bool task_extends (const task_t *self);

//  What ends it now, END_NONE: nothing. draining, cut: how far the drain is.
end_t task_end_at (const task_t *self, int64_t now_us, bool draining, bool cut);
//  Whether the time of its restart is over (timeout_us: --timeout, of a real one).
bool task_times_out (const task_t *self, int64_t now_us, int64_t timeout_us);
//  When to look at it next, INT64_MAX: when something comes.
int64_t task_due (const task_t *self, int64_t timeout_us);

//  Whether nothing more is to be waited for; how it came out (--on-save-failure log:
//  save_may_fail).
bool task_over (const task_t *self);
outcome_t task_outcome (const task_t *self, bool save_may_fail);

//  Why, for people, with a NUL: of the restart, of the save, of the outcome. Returns the length.
size_t task_restart_reason (const task_t *self, char reason[REASON_MAX_BYTES + 1]);
size_t task_save_reason (const task_t *self, char reason[REASON_MAX_BYTES + 1]);
size_t task_reason (const task_t *self, char reason[REASON_MAX_BYTES + 1]);

#endif
