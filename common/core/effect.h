/*  effect.h - what a core asks of its shell: duties, carried out in order, after TURN.

    An effect's bytes and texts lie in the arena of its effects_t until effects_clear; no pointer
    into a core leaves it. A TURN stops when the effects are full (effects_room): what is left stays
    in the core, whose deadline then says now. */

#ifndef MAYHEM_EFFECT_H
#define MAYHEM_EFFECT_H

#include "common/core/event.h"
#include "common/core/say.h"
#include "common/core/step.h"

#define EFFECTS_MAX   2048              // duties of one turn: a few frames and a line a message
#define EFFECTS_BYTES (2 * 1024 * 1024) // their bytes: twenty of the largest frames
#define STEP_WORK_MAX 1024              // records one step works on: about a millisecond

typedef enum {
    EFFECT_OPEN,    // connect a PUSH at `slot` to `endpoint`, watch `state`; replaces the old one
    EFFECT_CLOSE,   // end the PUSH at `slot` with `linger_ms`
    EFFECT_SEND,    // one frame to `slot`
    EFFECT_REPLY,   // one frame to `endpoint`, by a PUSH of its own
    EFFECT_PUBLISH, // the state, to all who watch this process
    EFFECT_STORE,   // write `row` under `ticket`
    EFFECT_GRANTED, // write that seq up to `number` may be leased, under `ticket`
    EFFECT_REMOVE,  // remove `number` (done), under `ticket`
    EFFECT_ASK,     // what does the restarts database know of this message? answered by FOUND
    EFFECT_SAVE,    // write the message's row, under `ticket`; answered by SAVED
    EFFECT_RUN,     // begin a restart; answered by RAN
    EFFECT_RENEW,   // the lease of a running restart goes on for `lease_us`
    EFFECT_END,     // send `signal` to a running restart's group
    EFFECT_SAY,     // a log line
    EFFECT_LEFT,    // volatile publisher: write `row` to the file of what is left
    EFFECT_EXIT,    // leave, with `code`
    EFFECT_COUNT
} effect_kind_t;

typedef struct {
    effect_kind_t kind;
    uint32_t slot; // neighbour
    union {
        struct {
            text_t endpoint; // terminated
            text_t state;    // terminated
            bytes_t frame;
        };
        struct {
            uint64_t ticket;
            uint64_t number;
            row_t row;
        } store;
        struct {
            step_t step;
            int signal;
        } run;
        say_t say;
        int code;
        int linger_ms;
    };
} effect_t;

typedef struct {
    effect_t *list; // EFFECTS_MAX
    size_t count;
    uint8_t *arena; // EFFECTS_BYTES
    size_t used;
    say_level_t level; // lines above it are not even made
} effects_t;

//  Returns 0, or -1 without memory. The shell makes one and keeps it.
int effects_init (effects_t *self, say_level_t level);
void effects_term (effects_t *self);
void effects_clear (effects_t *self);

//  Whether `count` more effects with `bytes` in all fit.
bool effects_room (const effects_t *self, size_t count, size_t bytes);

//  Add an effect; asserts that it fits. Valid until effects_clear.
effect_t *effects_add (effects_t *self, effect_kind_t kind);

//  Copy a text into the arena, with a NUL behind it; asserts that it fits.
text_t effects_text (effects_t *self, text_t text);

//  Reserve bytes at the end of the arena and give back what was not used.
uint8_t *effects_reserve (effects_t *self, size_t bytes);
void effects_commit (effects_t *self, const uint8_t *end);

//  Add a line unless its level is off; texts are copied. Asserts that it fits when it is on.
void effects_say (effects_t *self, const say_t *say);

#endif
