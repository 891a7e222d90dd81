/*  fake_peer.h - a neighbour made by hand: tests speak with a core by raw frames through it.

    It stands downstream or upstream of the core under test. Frames that it says are built in its
    own memory and valid until it says the next one. What the core sent to it is read out of the
    effects of a turn; texts of what is read are borrowed from there. */

#ifndef MAYHEM_FAKE_PEER_H
#define MAYHEM_FAKE_PEER_H

#include "common/core/effect.h"
#include "common/core/wire.h"

#define FAKE_INBOX "ipc://@fake"
#define FAKE_STATE "ipc://@fake.state"

typedef struct {
    stage_t stage;
    const char *name;
    uint64_t epoch;
    uint64_t core; // epoch of the core under test
    uint32_t link; // downstream: raised by fake_hello; upstream: set it to that of the core's HELLO
    uint64_t sent; // frame number of the last frame said on this link
    uint64_t heard; // highest frame number taken from the effects
    beat_t beat;    // what beats, EOS and BYE say: the test changes it
    uint8_t bytes[FRAME_BYTES_MAX];
} fake_peer_t;

void fake_init (fake_peer_t *self, stage_t stage, const char *name, uint64_t epoch, uint64_t core);

//  Greetings, outside the numbers of a link. fake_hello begins a new link.
bytes_t fake_hello (fake_peer_t *self);
bytes_t fake_welcome (fake_peer_t *self);

//  Numbered frames. trailer of HOLDING: 0, more follow; 1 + all claims of the list closes it.
bytes_t fake_state (fake_peer_t *self, verb_t verb); // BEAT, EOS, BYE: self->beat
bytes_t fake_holding (fake_peer_t *self, const claim_t *claims, size_t count, uint64_t trailer);
bytes_t fake_claims (fake_peer_t *self, verb_t verb, const claim_t *claims, size_t count);
bytes_t fake_work (fake_peer_t *self, const work_t *works, size_t count);
bytes_t fake_settle (fake_peer_t *self, const pack_t *pack, const settlement_t *list, size_t count);
bytes_t fake_confirm (fake_peer_t *self, uint64_t holder, uint64_t number);
bytes_t fake_return (fake_peer_t *self, uint64_t credit);

//  A claim of a work record, and a settlement of it, by a holder.
claim_t fake_claim (const work_t *work, claim_kind_t kind, uint64_t holder, uint32_t extension);
settlement_t fake_settlement (const work_t *work, outcome_t outcome, uint8_t steps,
                              const char *reason);
text_t fake_text (const char *text);

//  What the core sent to this peer in these effects, in order; at most max are filled in. Returns
//  how many there were. Confirmed packs come as pack_t with holder and number.
size_t fake_take_work (fake_peer_t *self, const effects_t *effects, work_t *out, size_t max);
size_t fake_take_claims (fake_peer_t *self, const effects_t *effects, verb_t verb, claim_t *out,
                         size_t max);
size_t fake_take_confirms (fake_peer_t *self, const effects_t *effects, pack_t *out, size_t max);
size_t fake_take_settlements (fake_peer_t *self, const effects_t *effects, settlement_t *out,
                              size_t max);
//  The heads of the packs.
size_t fake_take_packs (fake_peer_t *self, const effects_t *effects, pack_t *out, size_t max);
//  The last beat, EOS or BYE of this verb; returns how many there were.
size_t fake_take_state (fake_peer_t *self, const effects_t *effects, verb_t verb, beat_t *out);

//  Frames of a verb to anybody; effects of a kind; log lines of a kind.
size_t fake_frames (const effects_t *effects, verb_t verb);
size_t fake_effects (const effects_t *effects, effect_kind_t kind);
size_t fake_says (const effects_t *effects, say_kind_t kind);

#endif
