/*  drain.pml: how a pipeline is left (doc/design.md, "Drain"), to be searched whole by spin.

    P publishers, one consumer, H handlers. Up to two signals to anybody at any moment (two to
    one: the second hands back at once), one crash of anybody at any moment. Checked in every
    state:
      - who leaves before its deadline, with exit 0, has nothing in its hands (P5)
      - who says BYE has nothing in hand and gets no work after it; no work follows EOS
      - no deadline is needed: without a crash every drain ends by itself
      - with deadlines, at whatever moment and in whatever order, every drain ends; and when one
        side of a living process is empty, and one of it has left, that process leaves too. So a
        signal to the only one of a stage ends the whole pipeline; one to one of two takes that
        one alone
      - there is no run without an end: the states have no cycle (`run` searches for non-progress
        cycles, and nothing is marked as progress). So "in the end" is "in every last state"

    Left out, and why that hides nothing:
      - Time. Either deadlines may strike at any step (`late` from the start), or only when
        nothing else can move.
      - The fence (fence.pml): a lease returns to the outbox when nobody holds the message.
      - Lost verbs. EOS and BYE are said again until answered, so a lost one is a late one; it is
        lost for good only when its sender is no longer there, and then it is heard or not. The
        answer to BYE is read at once: a late one is a BYE heard late.
      - Settlements pass the consumer, and are confirmed, in one step, and not at all while the
        consumer is not there: the handler sends them again until confirmed, so only the success
        matters.
      - One message a publisher: a process waits for all of its messages alike (P = 1 takes two
        with -DMESSAGES=2, by hand).
      - A crashed process does not come back: until its HELLO it is as if it were not there; then
        it has nothing in hand, is answered WELCOME and EOS, and leaves as any other.
      - FLUSHED is DRAINING with empty hands. After a deadline or a second signal it takes no
        time: what is handed back then returns by its release or, if that is lost, by its lease,
        to the same place. Exit 75 is not computed: what is checked is when 0 is given.

    What is bounded, not proven: two signals and one crash (TROUBLE of them together), LEASES
    leases of a message. What is taken as given: who is GONE is known to have left (see UNHEARD).

    A switch -DBUG_... plants one mistake; `run` demands that each is found. */

#ifndef P
#define P 1
#endif
#ifndef H
#define H 1
#endif
#ifndef TROUBLE
#define TROUBLE 2              /* signals and crashes in one run; two signals at most, one crash */
#endif
#ifndef LEASES
#define LEASES 2
#endif
#ifndef MESSAGES
#define MESSAGES P
#endif

/* Processes: publishers 0 .. P - 1, the consumer, handlers. Every link has the consumer at one end;
   link l < P goes to publisher l, link DOWN (h) to handler h. */
#define PROCESSES (P + 1 + H)
#define CONSUMER P
#define HANDLER(h) (P + 1 + h)
#define DOWN(h) (P + h)

mtype = { RUNNING, DRAINING, GONE, CRASHED, VANISHED };            /* VANISHED: crashed in drain */
mtype = { UNSAID, SAID, HEARD, OVER };                             /* EOS and BYE */
mtype = { PENDING, LEASED, DONE };                                 /* a row of the outbox */
mtype = { NONE, COMING, IN_HAND, FINISHED, RELEASED };         /* in the consumer, a handler */

typedef link_t {
    mtype eos;              /* upstream end: no more work */
    mtype bye;              /* downstream end: nothing in hand */
    bool down_lost;         /* the downstream end crashed, not known to be draining */
    bool up_gone            /* the upstream end is not there any more */
}

mtype state[PROCESSES];
byte signals[PROCESSES];            /* "that this process itself received" */
link_t link[P + H];
mtype outbox[MESSAGES];
mtype passing[MESSAGES];            /* in the consumer, not passed on */
mtype task[H * MESSAGES];           /* on the way to a handler, or in it */
byte leases[MESSAGES];
bool late;                          /* deadlines may strike */
bool crashed;
bool impatient;                     /* somebody got two signals */

#define T task[h * MESSAGES + m]
#define OWNER(m) (m % P)

/* Over all messages, handlers, publishers. */
#if MESSAGES == 2
#define EVERY_MESSAGE(rule) (rule (0) && rule (1))
#else
#define EVERY_MESSAGE(rule) (rule (0))
#endif
#if H == 2
#define EVERY_DOWN(rule) (rule (DOWN (0)) && rule (DOWN (1)))
#define ANY_DOWN(rule) (rule (DOWN (0)) || rule (DOWN (1)))
#define NO_TASK(m) (task[m] == NONE && task[MESSAGES + m] == NONE)
#else
#define EVERY_DOWN(rule) (rule (DOWN (0)))
#define ANY_DOWN(rule) (rule (DOWN (0)))
#define NO_TASK(m) (task[m] == NONE)
#endif
#if P == 2
#define EVERY_UP(rule) (rule (0) && rule (1))
#define ANY_UP(rule) (rule (0) || rule (1))
#define EVERY_MESSAGE_OF(p, rule) (rule (p))
#else
#define EVERY_UP(rule) (rule (0))
#define ANY_UP(rule) (rule (0))
#define EVERY_MESSAGE_OF(p, rule) EVERY_MESSAGE (rule)
#endif
#if MESSAGES == 2
#define EVERY_TASK(h, is) (task[h * 2] is && task[h * 2 + 1] is)
#else
#define EVERY_TASK(h, is) (task[h] is)
#endif

#define ALIVE(x) (state[x] == RUNNING || state[x] == DRAINING)
#define LEAVING(x) (state[x] == DRAINING)

/* "Left = said BYE (or EOS), or vanished after it said that it is draining. A crash is not
   leaving." Who vanishes after it said so counts as heard, see sees_nobody. */
#define DOWN_LEFT(l) (link[l].bye == HEARD)
#define NO_DOWN(l) (link[l].bye == HEARD || link[l].down_lost)
#define UP_LEFT(l) (link[l].eos == HEARD)
#define NO_UP(l) (link[l].eos == HEARD || link[l].up_gone)

/* In hand. What handlers hold is in the consumer's hands too. */
#define NOT_LEASED(m) (outbox[m] != LEASED)
#define IS_DONE(m) (outbox[m] == DONE)
#define NOT_HERE(m) (passing[m] == NONE && NO_TASK (m))

#include "drain_rules.pml"
#include "drain_stages.pml"
#include "drain_world.pml"
