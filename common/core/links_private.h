/*  links_private.h - what the three files of links share; nobody else includes it. */

#ifndef MAYHEM_LINKS_PRIVATE_H
#define MAYHEM_LINKS_PRIVATE_H

#include "common/core/links_counts.h"
#include "common/core/links_credit.h"

#define REPLIES_MAX       16  // answers to strangers waiting for the next turn; more are dropped
#define LINKS_LINGER_MS   300 // for a link that ended in peace; a drain must be over in time
#define LINKS_AGAIN_MS    250 // for AGAIN: whoever is alive reads it by then
#define SAY_BAD_US        1000000 // dropped frames are said once in so long
#define BEAT_FRAME_BYTES  256     // header, beat, name: more than any of them takes
#define HELLO_FRAME_BYTES 512

//  An answer to somebody without a link.
typedef struct {
    verb_t verb;
    uint32_t link;
    uint64_t receiver;
    char endpoint[ENDPOINT_MAX_BYTES + 1];
} reply_t;

struct links_s {
    stage_t stage;
    uint64_t epoch;
    char name[NAME_MAX_BYTES + 1];
    char inbox[ENDPOINT_MAX_BYTES + 1];
    char state[ENDPOINT_MAX_BYTES + 1];
    int64_t peer_timeout_us;
    int64_t drain_timeout_us;
    uint32_t lease_ms; // shortest known, 0: none
    bool stay;
    bool unfinished;              // the last turn's effects were full
    bool inbox_empty;             // read empty since the last frame
    int64_t now_us;               // of the turn under way
    uint32_t high;                // one past the last slot ever used
    uint32_t in_hand;             // of the stage, as of its last turn
    uint32_t link;                // last link number given out, over all upstream neighbours
    uint32_t rotation;            // who gets the remainder of the credit next
    int64_t since_us[SIDE_COUNT]; // since when nobody on the side is live, 0: somebody is
    const peer_t *finisher;       // the upstream neighbour that finished last
    uint64_t published;           // version of the state that onlookers heard last
    int64_t publish_us;           // when they hear it again
    reply_t replies[REPLIES_MAX];
    uint32_t reply_count;
    uint64_t bad_said; // dropped frames, as last said
    int64_t bad_us;    // when they may be said again
    char bad_from[NAME_MAX_BYTES + 1];
    links_counts_t counts;
    peer_t peers[LINKS_MAX];
};

//  The time between two frames on a link.
int64_t links_beat_us (const links_t *self);

//  End a link for a cause: the downstream end calls again, the upstream end waits for HELLO.
void links_cut (links_t *self, peer_t *peer, cause_t cause, int64_t now_us);

//  A link that came to its end in peace.
void links_leave (links_t *self, peer_t *peer);

//  Say what facts left to say of one neighbour, and of dropped frames (at most once a second).
void links_say (peer_t *peer, effects_t *effects);
void links_say_bad (links_t *self, effects_t *effects);

static inline bool
links_upstream (uint32_t slot)
{
    return slot < LINKS_UP_MAX;
}

#endif
