/*  fence.pml: custody of a message (doc/design.md, "Custody"), to be searched whole by spin.

    Two messages of ONE host; P publishers (P = 2: one message each), one consumer, H handlers.
    Checked in every state that can be reached, with one crash (and return) of any process:
      - no two restarts of the host run at once (P3); a publisher never has two leases for it
      - done is final, and true: never without restarted and saved having happened (P1)
      - a fact that was confirmed is in every later grant (P3, second sentence)
      - when nothing moves any more, every message is done or dead, or has used up its grants, and
        no handler holds anything (P2)

    Left out, and why that hides nothing:
      - Time. A lease ends whenever it likes. The publisher's expiry waits until no handler is
        inside a confirmed lease: a holder counts from the SENDING of its last confirmed
        extension, the publisher from its receipt and adds the slack, so the holder's ends first.
        Before its first `held` a holder may begin nothing, so what it believes until then is of
        no weight.
      - Links and frames. A settlement, once sent, may arrive at any later time, never (until the
        end, where it is sent again), or twice (DUPLICATES), in any order; it may outlive its
        handler. What waits in the consumer also stands for what is on its way; the consumer keeps
        no other state than the gate, which it has back from HOLDING before credit counts.
      - `held` and `revoked` are read at once: a late `held` is one acted on later, the lost is
        one that was never asked for. Back-off and counts: a failed message is pending or dead,
        freely.
      - The save is part of settling: it restarts nothing, so only its outcome matters.
      - Crash and return are one step: a process that is down and one that has not begun to act
        look the same.
      - The messages are alike, and so are two handlers: the first lease is message 0's, and a
        handler that crashes is handler 0. Every other run is one of these with the names changed.

    What is bounded, not proven: GRANTS grants, DUPLICATES late copies, one crash a run.

    A switch -DBUG_... plants one mistake; `run` demands that each is found. */

#ifndef P
#define P 1
#endif
#ifndef H
#define H 1
#endif
#ifndef GRANTS
#define GRANTS 3
#endif
#ifndef DUPLICATES
#define DUPLICATES 1
#endif
#define MESSAGES 2

#define RESTARTED 1
#define SAVED     2
#define BOTH      3

mtype = { PENDING, LEASED, SUSPECT, GHOST, GONE, DEAD };    /* a row of the outbox */
mtype = { NONE, WAITING, RUNNING, SETTLED };                /* a task of a handler */
mtype = { NOTHING, DONE, FAILED, BACK };      /* a settlement; BACK: released, deferred, lost */

typedef row_t {
    mtype state;
    byte current;       /* the grant that is out; 0: none, or unknown since the restart */
    byte ended;         /* durable: grants up to here have ended */
    byte facts;         /* steps done, merged from all grants */
    bool was_leased     /* durable: seq <= granted */
}
typedef grant_t {
    byte message;
    byte carried;       /* the facts that go down with it */
    mtype sent;         /* its settlement, sent until confirmed */
    byte facts;         /* the facts that come up with it */
    bool confirmed;
    bool lost           /* its handler died: the consumer says so */
}
typedef task_t {
    mtype state;
    byte grant;
    byte facts;
    bool held;          /* inside a lease that the publisher has confirmed */
    bool did_restart    /* ghost variable: it restarted the host, not confirmed yet */
}

row_t row[MESSAGES];
grant_t grant[GRANTS + 1];
task_t task[H * MESSAGES];
byte in_hand[MESSAGES];     /* consumer: the grant that it has not passed on */
bool in_work[MESSAGES];     /* consumer's gate: what its handlers work on */
byte next = 1;              /* the next grant, never used again */
byte running;               /* restarts of the host at this moment */
byte happened[MESSAGES];    /* ghost variable: the truth about the steps */
byte known[MESSAGES];       /* ghost variable: facts that were confirmed */
bool settled[MESSAGES];     /* ghost variable: settled once */
byte duplicates = DUPLICATES;
hidden byte who, f;          /* of the step that is being taken; no part of the state */
hidden byte fits;

#define OTHER(m) (1 - m)
#if P == 2
#define SAME_OUTBOX 0
#define OWNER(m) m
#else
#define SAME_OUTBOX 1
#define OWNER(m) 0
#endif
#define OUT(m) (row[m].state == LEASED || row[m].state == SUSPECT || row[m].state == GHOST)
#define SETTLED_ROW(m) (row[m].state == GHOST || row[m].state == GONE)
/* "accepted from the current grant only"; after a restart: from one that is not known to have
   ended */
#ifdef BUG_ADOPTS_ANY_GRANT
#define CURRENT(m, g) (OUT (m) && (row[m].current == g || row[m].current == 0))
#else
#define CURRENT(m, g) \
    (OUT (m) && (row[m].current == g || (row[m].current == 0 && g > row[m].ended)))
#endif
#define HELD_FOR(m, g) (CURRENT (m, g) && row[m].state != GHOST)
#define T task[h * MESSAGES + m]
#if H == 2
#define NOBODY_INSIDE(m) (!task[m].held && !task[MESSAGES + m].held)
#define EMPTY(m) (task[m].state == NONE && task[MESSAGES + m].state == NONE)
#else
#define NOBODY_INSIDE(m) (!task[m].held)
#define EMPTY(m) (task[m].state == NONE)
#endif

/* --- publisher ------------------------------------------------------------------------------- */

/* "A publisher never has two leases for one host: the next waits in that host's chain." A ghost
   is a lease too: the message is settled, but the holder of its grant may still be restarting the
   host. `granted`, and the END OF EVERY EARLIER LEASE OF THIS HOST, are durable before the
   send. */
inline lease (m)
{
    assert (!settled[m]);
    assert ((row[m].facts & known[m]) == known[m]);
    grant[next].message = m;
    grant[next].carried = row[m].facts;
    row[m].ended = next - 1;
#ifndef BUG_END_SAVED_FOR_OWN_REDELIVERY_ONLY
    row[OTHER (m)].ended = (SAME_OUTBOX -> next - 1 : row[OTHER (m)].ended);
#endif
    row[m].was_leased = true;
    row[m].state = LEASED;
    row[m].current = next;
    in_hand[m] = next;
    next++
}

/* "Done and the steps done are facts: accepted from any grant and merged; a done settles the
   message wherever it is: leased, pending, delayed or dead." "Extend, nack and release are
   claims." */
inline settlement (m, g, counts, reported)
{
    fits = CURRENT (m, g);
#ifdef BUG_NO_GRANT_CHECK
    fits = OUT (m);
#endif
#ifdef BUG_STALE_FACTS_DROPPED
    if
    :: fits || row[m].state == DEAD -> row[m].facts = row[m].facts | reported
    :: else
    fi;
#else
    row[m].facts = row[m].facts | reported;
#endif
    known[m] = known[m] | reported;
    if
    :: row[m].facts == BOTH && !SETTLED_ROW (m) ->
        assert (happened[m] == BOTH && !settled[m]);
        settled[m] = true;
        if
        :: OUT (m) && !fits ->      /* another holder has the lease: the host stays busy */
#ifdef BUG_GHOST_FORGOTTEN
            row[m].state = GONE;
            row[m].current = 0
#else
            row[m].state = GHOST
#endif
        :: else -> row[m].state = GONE; row[m].current = 0
        fi
    :: !(row[m].facts == BOTH && !SETTLED_ROW (m)) && fits && row[m].state == GHOST ->
        row[m].state = GONE; row[m].current = 0
    :: row[m].facts != BOTH && fits && row[m].state != GHOST ->
        row[m].current = 0;
        if
        :: row[m].state = PENDING
        :: counts -> row[m].state = DEAD
        fi
#ifdef BUG_LATE_NACK_REVIVES
    :: row[m].state == GONE && counts -> row[m].state = PENDING
#endif
    :: else                         /* stale: counted, changes nothing */
    fi
}

proctype publisher (byte m)
{
end: do
    :: d_step { row[m].state == PENDING && next <= GRANTS && !(SAME_OUTBOX && OUT (OTHER (m))) &&
            (next > 1 || m == 0) ->
            lease (m) }
#ifdef BUG_NO_SLACK
    :: d_step { OUT (m) ->
#else
    :: d_step { OUT (m) && NOBODY_INSIDE (m) ->         /* expired, or one lease after a restart */
#endif
            row[m].state = (row[m].state == GHOST -> GONE : PENDING);
            row[m].current = 0 }
    od
}

/* One grant's settlement on its way: it arrives late, or again, by whatever consumer is there. */
proctype wire (byte g)
{
end: do
    :: atomic { grant[g].sent != NOTHING && (!grant[g].confirmed || duplicates > 0) ->
            duplicates = (grant[g].confirmed -> duplicates - 1 : duplicates);
            grant[g].confirmed = true;
            who = grant[g].message;
            f = grant[g].facts;
            settlement (who, g, (grant[g].sent == FAILED), f) }
    :: atomic { grant[g].lost ->
            grant[g].lost = false;
            who = grant[g].message;
            settlement (who, g, false, 0) }
    od
}

/* --- consumer -------------------------------------------------------------------------------- */

/* "A consumer answers `deferred` to work for a host that another publisher has in work through it."
   "What a consumer cannot place within one lease it releases." */
#ifdef BUG_NO_GATE
#define GATE_OPEN(m) true
#else
#define GATE_OPEN(m) (SAME_OUTBOX || !in_work[OTHER (m)])
#endif

proctype consumer (byte m)
{
end: do
    :: d_step { in_hand[m] != 0 ->
            grant[in_hand[m]].sent = BACK;
            in_hand[m] = 0 }
    od
}

#include "fence_handler.pml"
#include "fence_world.pml"
