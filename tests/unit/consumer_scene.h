/*  consumer_scene.h - a consumer on a virtual clock between two publishers and three handlers made
    by hand.

    scene_turn turns until nothing is left to do, checks every invariant after each turn, and keeps
    what came out, by neighbour, until scene_forget. Texts of what is kept are gone by then. */

#ifndef MAYHEM_CONSUMER_SCENE_H
#define MAYHEM_CONSUMER_SCENE_H

#include "consumer/consumer.h"
#include "tests/unit/fake_peer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define MS           INT64_C (1000)
#define SECOND       INT64_C (1000000)
#define LEASE_MS     3000
#define PEER_TIMEOUT (4 * SECOND)
#define SCENE_EPOCH  UINT64_C (0xC0)

enum {
    PUBS = 2,
    HANDLERS = 3,
    KEPT = 8192,
    TERM = 15,
    USR1 = 10
};

typedef struct {
    fake_peer_t fake;
    uint32_t slot;
    uint64_t packs_said; // number of its last pack
    //  What it was sent.
    work_t works[KEPT];
    size_t work_count;
    claim_t claims[KEPT]; // EXTEND of a publisher, ANSWER of a handler
    size_t claim_count;
    claim_t holdings[KEPT];
    size_t holding_count;
    settlement_t settlements[KEPT];
    size_t settlement_count;
    pack_t packs[KEPT];
    size_t pack_count;
    pack_t confirms[KEPT];
    size_t confirm_count;
    uint32_t frames[VERB_COUNT];
    beat_t beat; // the last one heard
} actor_t;

typedef struct {
    consumer_limits_t limits;
    consumer_t *consumer;
    effects_t effects;
    int64_t now_us;
    uint64_t serial; // of the last grant
    actor_t pubs[PUBS];
    actor_t handlers[HANDLERS];
    uint32_t turns;
    uint32_t says[SAY_COUNT];
    char lines[4096]; // those about the process itself, one a line
    int exit_code;    // -1: has not left
    int64_t exit_us;
} scene_t;

consumer_limits_t scene_limits (void);
void scene_start (scene_t *self, const consumer_limits_t *limits);
void scene_stop (scene_t *self);
void scene_forget (scene_t *self);

void scene_event (scene_t *self, const event_t *event);
void scene_hear (scene_t *self, bytes_t frame);
void scene_turn (scene_t *self);
//  Time passes; it turns at every deadline. Live neighbours beat twice a second.
void scene_run (scene_t *self, int64_t us);

//  Links: a publisher that answers the HELLO, a handler that says what it holds (false: its name
//  is in use).
void scene_link_pub (scene_t *self, uint32_t pub);
void scene_link_handler (scene_t *self, uint32_t handler, uint64_t credit);
bool scene_hold (scene_t *self, uint32_t handler, const claim_t *claims, size_t count);
//  Everybody, with so much credit for each handler.
void scene_link_all (scene_t *self, uint64_t credit);
void scene_credit (scene_t *self, uint32_t handler, uint64_t more);
//  It vanishes: nobody hears from it again (a handler's notice comes, too).
void scene_kill (scene_t *self, uint32_t handler);
void scene_silence (actor_t *actor);

//  A publisher's record, with a new grant and a host of its own; scene_send sends it in frames.
work_t scene_work (scene_t *self, uint32_t pub, uint64_t seq);
void scene_send (scene_t *self, uint32_t pub, const work_t *works, size_t count);
//  Records first .. first + count - 1, and the turn.
void scene_burst (scene_t *self, uint32_t pub, uint64_t first, size_t count);

//  A handler settles, extends; a publisher confirms, answers; and the turn.
void scene_settle (scene_t *self, uint32_t handler, uint32_t pub, const work_t *works,
                   size_t count);
void scene_extend (scene_t *self, uint32_t handler, const work_t *work, uint32_t number);
void scene_confirm (scene_t *self, uint32_t pub, uint64_t holder, uint64_t number);
void scene_answer (scene_t *self, uint32_t pub, const claim_t *claim, claim_kind_t kind);

//  Claims of a kind, or settlements of an outcome, that an actor was sent.
size_t scene_outcomes (const actor_t *actor, outcome_t outcome);
peer_t *scene_peer (scene_t *self, const actor_t *actor);

#endif
