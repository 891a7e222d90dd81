/*  peer_state.h - the life of a link as each end sees it, its times, and the words for it.

        upstream end:    NONE ──HELLO──▶ GREETED ──HOLDING closed──▶ UP ──BYE──▶ LEFT
                                            ▲                        │
                                            └──HELLO── ENDED ◀── dead, cut off, gap
        downstream end:  CALLING ──WELCOME──▶ GREETED ──HOLDING said──▶ UP ──BYE answered──▶ LEFT
                            ▲                                           │                     │
                            └──────────── dead, cut off, gap ───────────┘◀── it came back ────┘ */

#ifndef MAYHEM_PEER_STATE_H
#define MAYHEM_PEER_STATE_H

#define PEER_PROBE_US     500000   // a suspect that stays silent for so long is dead
#define PEER_STALE_US     100000   // frames so soon after a notice may be older than it
#define PEER_REPEAT_US    1000000  // HELLO, EOS, BYE are said again after so long
#define PEER_BEAT_MAX_US  1000000  // the longest time between two frames
#define PEER_BEAT_MIN_US  10000    // whatever lease a neighbour claims: no storm of beats
#define PEER_CALLS_SAID   5        // calls without an answer until that is said
#define PEER_AVOID_US     60000000 // one whose name somebody else bears is left alone so long
#define PEER_WINDOW_WORDS 4        // frames may overtake each other by 256 numbers

typedef enum {
    SIDE_UP,
    SIDE_DOWN,
    SIDE_COUNT
} side_t; // where the neighbour stands

typedef enum {
    PEER_NONE,
    PEER_CALLING,
    PEER_GREETED,
    PEER_UP,
    PEER_ENDED,
    PEER_LEFT
} peer_phase_t;

//  What the stage has not looked at yet; it clears the bits itself.
enum {
    NEWS_GREETED = 1, // a new link: say (or expect) HOLDING
    NEWS_UP = 2,      // the link is up
    NEWS_ENDED = 4,   // the link ended, for `cause`
    NEWS_HOLDING = 8, // upstream end: the list of holdings is closed
    NEWS_EPOCH = 16   // another process bears the name now: what the former held is lost
};

typedef enum {
    CAUSE_NONE,
    CAUSE_DEAD,
    CAUSE_CUT,
    CAUSE_GAP,
    CAUSE_RENEWED,
    CAUSE_LEFT
} cause_t;

//  Lines to be said in the next turn.
enum {
    PEER_SAYS_UP = 1,
    PEER_SAYS_ENDED = 2,
    PEER_SAYS_DRAINING = 4,
    PEER_SAYS_LEFT = 8,
    PEER_SAYS_REFUSED = 16,
    PEER_SAYS_SAME = 32,     // another upstream neighbour bears its name
    PEER_SAYS_NO_ANSWER = 64 // it has been called for long
};

#endif
