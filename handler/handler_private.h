/*  handler_private.h - what the files of the handler share; nobody else includes it.
        handler.c           life, step, deadline, queries
        handler_facts.c     events into tasks
        handler_turn.c      the order of a turn; news, HOLDING
        handler_act.c       one task: begin, end, lines, decide
        handler_send.c      extensions and packs
        handler_leave.c     the drain */

#ifndef MAYHEM_HANDLER_PRIVATE_H
#define MAYHEM_HANDLER_PRIVATE_H

#include "common/core/links_credit.h"
#include "handler/handler.h"
#include "handler/packs.h"
#include "handler/routes.h"
#include "handler/tasks.h"

//  A turn works on four queues; each gets a quarter of what a step may do, so none starves.
#define TURN_QUOTA (STEP_WORK_MAX / 4)
//  The most effects and bytes of one task in one turn: ask or run, save, fact, renew, end, lines.
#define ACT_EFFECTS 10
#define ACT_BYTES   8192
//  A line about a message: instance, host name, text.
#define LINE_BYTES 640
//  Kept for the queues behind and for the links: their frames and one line a message.
#define SEND_EFFECTS (2 * TURN_QUOTA + 64)
#define SEND_BYTES   (2 * TURN_QUOTA * LINE_BYTES + 3 * FRAME_BYTES_MAX)
#define END_EFFECTS  192
#define END_BYTES    65536

_Static_assert(SEND_EFFECTS + END_EFFECTS + ACT_EFFECTS < EFFECTS_MAX, "a turn can begin");
_Static_assert(SEND_BYTES + END_BYTES + ACT_BYTES < EFFECTS_BYTES, "a turn can begin");

//  Settlements of what the drain's end cut off get this long to be confirmed: after the children
//  had their grace, before the process has to be gone.
#define FLUSH_AFTER_US (DRAIN_GRACE_US + 200000)
_Static_assert(FLUSH_AFTER_US < DRAIN_OVER_US, "BYE is said before the end");

//  SIGTERM and SIGKILL: signal.h is not for pure code.
enum {
    SIGNAL_KILL = 9,
    SIGNAL_USR1 = 10,
    SIGNAL_TERM = 15
};

struct handler_s {
    handler_limits_t limits;
    uint64_t seed;  // of injected failures and simulated times
    uint64_t epoch; // of this process: it is the holder
    char name[NAME_MAX_BYTES + 1];
    links_t *links;
    drain_t drain;
    tasks_t *tasks;
    routes_t *routes;
    packs_t *packs;
    handler_counts_t counts;
    int64_t now_us;  // of the step under way
    uint64_t ticket; // the last one given
    uint32_t unsent; // tasks not in a pack: they fill the slots
    bool again;      // the turn could not finish
    bool stalled;    // it stood still, and has not read its inbox empty since
    //  The drain.
    int swept_for;        // 0: running, 1: draining, 2: cut: what tasks have been told
    uint32_t sweep;       // next slot to tell
    int64_t cut_us;       // since when it is cut, INT64_MAX: it is not
    uint64_t handed_back; // tasks released since the drain began, and sent
    uint64_t cancelled;   // restarts that the cut ended
    bool begun_back;      // something begun was handed back
    bool exited;          // EFFECT_EXIT was given
    //  To be said.
    char fault[REASON_MAX_BYTES + 1]; // what happened
    bool fault_due;
    bool shutting_down_due;
    bool in_hand_due; // USR1 came
    bool name_said;   // the name was given up
};

//  handler_facts.c
void handler_fact (handler_t *self, const event_t *event);

//  handler_turn.c
void handler_turn (handler_t *self, effects_t *effects);

//  handler_act.c: everything about one task that the turn can do.
void handler_act (handler_t *self, uint32_t slot, effects_t *effects);
void handler_say (effects_t *effects, say_kind_t kind, const task_t *task, text_t text,
                  int64_t number);

//  handler_send.c: a quota of each. True: something is left that could be sent.
bool handler_send_extensions (handler_t *self, effects_t *effects);
bool handler_send_packs (handler_t *self, effects_t *effects);
bool handler_close_packs (handler_t *self, effects_t *effects);
bool handler_send_holding (handler_t *self, effects_t *effects);

//  handler_leave.c: before the queues, and after them.
void handler_drain_begin (handler_t *self, effects_t *effects);
void handler_drain_end (handler_t *self, effects_t *effects);
int64_t handler_drain_deadline (const handler_t *self);

#endif
