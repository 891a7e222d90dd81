/*  action_exec.h - restarts by a command: one child of the guard per task.

    What the command writes is taken line by line, escaped, cut, prefixed with the instance and
    logged: stdout at INFO, stderr at WARNING. Reading is bounded per wake-up: a command that floods
    its pipe is held up by the pipe, the reactor never. */

#ifndef MAYHEM_ACTION_EXEC_H
#define MAYHEM_ACTION_EXEC_H

#include "common/core/event.h"
#include "common/io/guard.h"
#include "common/io/watch.h"
#include "handler/argv.h"

//  Bytes of a line that are shown; the rest becomes "...".
#define ACTION_LINE_MAX 512
//  Lines of one task and pipe that are shown; the rest becomes one line with their count.
#define ACTION_LINES_MAX 100
//  Bytes read from one pipe in one wake-up: a quarter of a pipe.
#define ACTION_READ_BYTES 16384
//  Descriptors of one task: two pipes, whose write ends wait twice while the guard is busy.
#define ACTION_DESCRIPTORS 6
//  After the end of a command its pipes get this long: somebody else may hold them open.
#define ACTION_DRAIN_US 200000

typedef struct action_exec_t action_exec_t;

//  A command is over: called once per started task, never from within action_exec_start.
//  ran->kind is RAN_OK (exit 0), RAN_LATER (exit 75, or this machine lacks descriptors, memory
//  or processes), RAN_FAILED, RAN_SIGNALLED, RAN_NOT_STARTED. The text of an errno is logged here.
typedef void (action_exec_ran_fn) (void *arg, const ran_t *ran);
//  The guard is gone; the groups that were known are KILLed. Called once. Leave with 70.
typedef void (action_exec_lost_fn) (void *arg);

//  For at most `capacity` (1..GUARD_CHILDREN_MAX) tasks. guard and watch are borrowed and must
//  outlive it; the guard's socket is watched from here on. NULL when there is no room.
action_exec_t *action_exec_new (guard_t *guard, watch_t *watch, uint32_t capacity,
                                action_exec_ran_fn *ran, action_exec_lost_fn *lost, void *arg);
void action_exec_destroy (action_exec_t **self_p);

//  Begin. lease_end_us as for guard_run. 0: `ran` will be called, whatever happens, also when the
//  command cannot be started. -1: no room for the task or its number is in use.
int action_exec_start (action_exec_t *self, uint64_t task, int64_t lease_end_us, text_t instance,
                       const argv_t *argv, const argv_t *env);

//  The lease of a task goes on; signal its group. Unknown tasks are ignored.
void action_exec_renew (action_exec_t *self, uint64_t task, int64_t lease_end_us);
void action_exec_end (action_exec_t *self, uint64_t task, int signo);

//  When action_exec_tick has something to do, INT64_MAX: not by itself. It may call back.
int64_t action_exec_deadline (const action_exec_t *self);
void action_exec_tick (action_exec_t *self, int64_t now_us);

#endif
