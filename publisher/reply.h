/*  reply.h - what consumers are still to be told: answers to claims, and confirmed packs.

    One queue of each kind per neighbour, out of two pools. Both are best effort: what does not fit
    is not kept, and what belongs to a link that has ended is dropped. The holder repeats what
    nobody answered. */

#ifndef MAYHEM_REPLY_H
#define MAYHEM_REPLY_H

#include "common/core/links.h"
#include "common/core/list.h"

#define ANSWERS_MAX   65536 // two thirds of a lease's extensions of a large pipeline
#define CONFIRMS_HELD 16384 // packs of 64: a million settlements between two syncs

typedef struct {
    uint32_t link; // that it belongs to
    claim_t claim; // its publisher is filled in when it is sent
} answer_t;

typedef struct {
    uint32_t link;
    uint64_t holder;
    uint64_t number;
    uint64_t need; // change that has to be durable first
} confirm_t;

typedef struct {
    list_t answers[LINKS_DOWN_MAX];
    list_t confirms[LINKS_DOWN_MAX];
    slab_t *answer_pool;
    slab_t *confirm_pool;
    list_link_t *answer_links;
    list_link_t *confirm_links;
} reply_t;

//  NULL without memory.
reply_t *reply_new (void);
void reply_destroy (reply_t **self_p);

//  `to`: 0 .. LINKS_DOWN_MAX - 1.
void reply_answer (reply_t *self, uint32_t to, uint32_t link, const claim_t *claim);
void reply_confirm (reply_t *self, uint32_t to, const confirm_t *confirm);

//  The first of a queue, NULL when it is empty; and take it off.
const answer_t *reply_first_answer (reply_t *self, uint32_t to);
const confirm_t *reply_first_confirm (reply_t *self, uint32_t to);
void reply_drop_answer (reply_t *self, uint32_t to);
void reply_drop_confirm (reply_t *self, uint32_t to);

#endif
