/*  task_state.h - where one delivery in the handler's hands stands.

        WORK ──▶ TAKEN ──▶ ASKING ──▶ WAITING ──held──▶ RUNNING ──▶ SETTLING ──▶ SETTLED ──▶ gone
                   │          │                          │   ▲          ▲  sent     confirmed:
                   │          └── simulated: at once ──▶ │   │          │  in a      "Acked"
                   └── a first delivery is not asked for ┘   │          │  pack
                                                         ▼   │ the save │
                                                        ENDING ─────────┘

    Restart and save run side by side and neither ends the other. What ends the whole task is an
    end_t: what was not begun is dropped, a real restart is told to end (TERM, then KILL) and waited
    for, what is done is reported. Every way leads to SETTLING, and from there only on. */

#ifndef MAYHEM_TASK_STATE_H
#define MAYHEM_TASK_STATE_H

typedef enum {
    TASK_TAKEN,    // nothing was done with it yet
    TASK_ASKING,   // the restarts database is asked what it knows of a redelivery
    TASK_WAITING,  // a real restart waits for `held`
    TASK_RUNNING,  // steps are under way
    TASK_ENDING,   // its restart was told to end and has not ended yet
    TASK_SETTLING, // its outcome is decided and not sent yet
    TASK_SETTLED,  // the ack step: sent in a pack, not confirmed yet
    TASK_STATE_COUNT
} task_state_t;

//  How far a step is.
typedef enum {
    STEP_NONE,    // not begun
    STEP_KNOWN,   // was done before
    STEP_BUSY,    // under way
    STEP_OK,      // done here
    STEP_LATER,   // restart only: the command said "not now"
    STEP_FAILED,  // did not work
    STEP_DROPPED, // ended by us before it was through
    STEP_COUNT
} progress_t;

//  What ends a task before its steps do: the first one stays.
typedef enum {
    END_NONE,    // nothing
    END_BEFORE,  // it was done under an older grant: only say so again
    END_NAME,    // bad host name
    END_HOST,    // host not allowed
    END_OPTION,  // an instance name that a command would take for an option
    END_DRAIN,   // not begun when the drain began
    END_REVOKED, // the publisher says that it is not ours any more
    END_LEASE,   // the lease ran out without `held`
    END_LIMIT,   // --max-lease
    END_CUT,     // the drain's time is over
    END_COUNT
} end_t;

//  Lines that are due: facts leave them, the next turn says them.
#define LINE_RESTARTED     1
#define LINE_NOT_RESTARTED 2
#define LINE_SAVED         4
#define LINE_NOT_SAVED     8

//  For people.
const char *task_state_word (task_state_t state);

#endif
