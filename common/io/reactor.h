/*  reactor.h - the one event loop of a process: seven pollers, registered once, never changed.

    In this order: signalfd, inbox, state socket, neighbours, committer, watch, timer. So signals
   come before work, and after a stall the inbox is read before time passes. There is no zloop
   timer: a timerfd is set after every callback to the earlier of the core's deadline and the next
   tick. It comes last, so a deadline of "now" still looks at everything else first.

    After each drained source `turn` is called, and `over` asked. A pass that comes later than two
    ticks after its time calls `stalled` before anything else. Every callback goes through one
    trampoline that measures it. Nothing but `over` ends the loop. */

#ifndef MAYHEM_REACTOR_H
#define MAYHEM_REACTOR_H

#include <stdbool.h>
#include <stdint.h>
#include "common/core/event.h"

//  The longest the loop sleeps: what counts a stall, and what flushes what waits.
#define REACTOR_TICK_US 100000
//  Messages of one callback: enough to pack answers, few enough to stay below 10 ms.
#define REACTOR_BURST_MAX 256
//  A callback that takes longer is named in the log, once a second at most.
#define REACTOR_SLOW_US 50000
//  Longest topic of a subscription that is told; a longer one is none of ours.
#define REACTOR_TOPIC_MAX 255
//  The signal that ends the process at once, as drain.h says, and the watchdog of the end: the
//  contract's second, and one more for a slow machine.
#define REACTOR_SIGNALS_LEAVE 3
#define REACTOR_LEAVE_S       2

//  What is measured. The first seven are the pollers, in their order.
typedef enum {
    REACTOR_SIGNALS,
    REACTOR_INBOX,
    REACTOR_STATE,
    REACTOR_NEIGHBOURS,
    REACTOR_COMMITTED,
    REACTOR_WATCH,
    REACTOR_TIMER,
    REACTOR_TURN,
    REACTOR_STALL,
    REACTOR_KINDS
} reactor_kind_t;

//  Borrowed; must outlive the reactor.
typedef struct {
    int signal_fd;    // from reactor_block_signals
    void *inbox;      // PULL
    void *state;      // XPUB
    void *neighbours; // SUB
    int committed_fd; // eventfd of the committer; -1: none
    int watch_fd;     // watch_fd; -1: none
} reactor_sources_t;

//  Any may be NULL but `deadline` and `over`. Bytes are valid during the call only.
typedef struct {
    void (*signal) (void *arg, int signo);
    void (*frames) (void *arg, const bytes_t *frames, size_t count);
    //  The inbox had nothing more: after every burst that ended so, and at every tick.
    void (*inbox_empty) (void *arg);
    //  A topic of our state socket has its first subscriber, or lost its last.
    void (*notice) (void *arg, const char *topic, bool present);
    //  From the neighbours' state sockets, topics taken off.
    void (*published) (void *arg, const bytes_t *frames, size_t count);
    void (*committed) (void *arg); // its eventfd has been read
    void (*watched) (void *arg);   // something for watch_run
    void (*stalled) (void *arg, int64_t stall_us);
    void (*turn) (void *arg);
    int64_t (*deadline) (void *arg); // monotonic us; INT64_MAX: none
    bool (*over) (void *arg);
} reactor_calls_t;

typedef struct reactor_t reactor_t;

//  Before any thread: czmq's handlers off, SIGPIPE and SIGUSR2 ignored, SIGCHLD default, HUP INT
//  TERM QUIT USR1 blocked. HUP is left alone when it is ignored (nohup); INT and QUIT are taken
//  even then (a shell's `&`). Returns their signalfd, the caller's to close; -1 on failure.
int reactor_block_signals (void);

//  When the reactor is over and the rest of the process closes: signals are taken as they come, the
//  third of all (`seen` before) ends the process with 128 + n, and REACTOR_LEAVE_S later SIGALRM
//  does, so that what hangs is never for somebody to kill.
void reactor_leave (int seen);

//  The callbacks are copied, `arg` is handed to each. NULL when there is no room.
reactor_t *reactor_new (const reactor_sources_t *sources, const reactor_calls_t *calls, void *arg);
void reactor_destroy (reactor_t **self_p);

//  Run until `over` says so: 0. -1 only when the sockets themselves are broken.
int reactor_run (reactor_t *self);

//  The longest call of a kind so far, in us, and its name for people.
int64_t reactor_longest (const reactor_t *self, reactor_kind_t kind);
const char *reactor_kind_name (reactor_kind_t kind);

//  Messages dropped because they had more than one part, no topic, or one that cannot be ours.
uint64_t reactor_dropped (const reactor_t *self);

#endif
