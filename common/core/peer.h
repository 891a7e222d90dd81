/*  peer.h - one neighbour: who it is, the link to it, credit, liveness, EOS and BYE.

    Open values: the stage reads them and leaves its wishes (bye_ready, waiting, wanted). */

#ifndef MAYHEM_PEER_H
#define MAYHEM_PEER_H

#include "common/core/peer_state.h"
#include "common/core/wire.h"

typedef struct {
    //  Who.
    peer_phase_t phase;
    side_t side;
    uint8_t stage;
    bool configured; // an upstream given on the command line: called for ever
    bool was_up;     // a link to it was up at least once
    bool left;       // it left: said BYE (or EOS), or vanished while draining
    char name[NAME_MAX_BYTES + 1];
    char inbox[ENDPOINT_MAX_BYTES + 1];
    char state[ENDPOINT_MAX_BYTES + 1];
    uint64_t epoch;
    uint32_t calls;      // HELLOs without an answer
    uint64_t left_epoch; // of the process that left last
    uint32_t link;
    uint8_t news;
    cause_t cause; // of the last end
    //  Frames.
    uint64_t sent;                      // highest number sent
    uint64_t heard;                     // highest number heard
    uint64_t missing;                   // numbers below it not heard yet
    uint64_t window[PEER_WINDOW_WORDS]; // bit i: heard - i was heard
    uint64_t mark;                      // a number sent that was not acknowledged at mark_us
    int64_t mark_us;                    // when it was sent
    int64_t heard_us;                   // when the last frame came
    int64_t hello_us;                   // next HELLO (downstream end)
    int64_t beat_us;                    // next BEAT
    //  Duties of the next turn: a new PUSH, WELCOME; AGAIN, then the end of the PUSH; an answer to
    //  a probe, a BEAT because something changed; lines (PEER_SAYS_*).
    bool open_due, welcome_due, again_due, close_due, answer_due, beat_due;
    uint8_t says;
    int64_t silent_us; // for the line about a cut: how long nothing was heard
    //  Suspicion.
    bool suspect;
    bool challenged;   // another epoch wants the name
    bool notice_fresh; // the notice came soon after its last frame: death, not a cut
    bool probe_due;
    uint64_t probe_number; // of the frame that asked
    int64_t probe_us;      // when the suspicion becomes certainty
    int64_t refused_us;    // downstream end: since when the name is refused, 0: it is not
    int64_t refused_last_us;
    //  What it last said of itself.
    beat_t theirs; // (origin points to origin_name)
    char origin_name[NAME_MAX_BYTES + 1];
    bool drain_said; // the line about its drain was made
    int64_t over_us; // when its drain is over, by our clock; INT64_MAX: no deadline
    //  Credit, cumulative on this link.
    uint64_t credit;       // sender: granted to us
    uint64_t spent;        // sender: used or given back
    uint64_t granted;      // receiver: granted by us
    uint64_t taken;        // receiver: used or given back by them
    uint64_t told;         // receiver: granted, as last told
    bool waiting;          // sender: work waits for this one's credit (the stage says so)
    bool wanted;           // receiver: others wait (the stage says so)
    uint64_t told_version; // of the last beat, with the two below: a change is said at once
    uint32_t told_below;
    uint8_t told_flags;
    //  Holdings.
    uint32_t cursor;   // downstream end: next slot to list
    uint64_t listed;   // claims said, or counted
    bool holding_said; // downstream end: list closed
    //  The end of the link.
    bool eos_said, eos_heard, bye_said, bye_heard;
    uint64_t eos_number;  // frame number of the EOS heard
    bool bye_ready;       // downstream end: nothing of this link is in hand (the stage says so)
    int64_t repeat_us;    // next EOS or BYE
    int64_t bye_until_us; // a missing answer to BYE is waited for until then
} peer_t;

//  Begin a link: numbers, credit, liveness, ends are those of a new one.
void peer_renew (peer_t *self, uint32_t link, int64_t now_us);

//  Take note of a frame's number. False: it was heard before, drop it.
bool peer_hear (peer_t *self, uint64_t number, int64_t now_us);

//  The peer says that it heard us up to this number.
void peer_heard_by (peer_t *self, uint64_t heard, int64_t now_us);

//  A link that frames of ours can go over.
static inline bool
peer_linked (const peer_t *self)
{
    return self->phase == PEER_GREETED || self->phase == PEER_UP;
}

#endif
