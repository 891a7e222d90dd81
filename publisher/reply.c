#include "publisher/reply.h"

#include <assert.h>
#include <stdlib.h>

reply_t *
reply_new (void)
{
    reply_t *self = calloc (1, sizeof *self);
    if (!self) {
        return NULL;
    }
    for (uint32_t to = 0; to < LINKS_DOWN_MAX; to++) {
        list_init (&self->answers[to]);
        list_init (&self->confirms[to]);
    }
    self->answer_pool = slab_new (ANSWERS_MAX, sizeof (answer_t));
    self->confirm_pool = slab_new (CONFIRMS_HELD, sizeof (confirm_t));
    self->answer_links = calloc (ANSWERS_MAX, sizeof *self->answer_links);
    self->confirm_links = calloc (CONFIRMS_HELD, sizeof *self->confirm_links);
    if (!self->answer_pool || !self->confirm_pool || !self->answer_links || !self->confirm_links) {
        reply_destroy (&self);
    }
    return self;
}

void
reply_destroy (reply_t **self_p)
{
    reply_t *self = *self_p;
    if (self) {
        slab_destroy (&self->answer_pool);
        slab_destroy (&self->confirm_pool);
        free (self->answer_links);
        free (self->confirm_links);
        free (self);
        *self_p = NULL;
    }
}

void
reply_answer (reply_t *self, uint32_t to, uint32_t link, const claim_t *claim)
{
    assert (to < LINKS_DOWN_MAX);
    uint32_t slot = slab_take (self->answer_pool);
    if (slot != SLAB_NONE) { // else the holder asks again
        answer_t *answer = slab_at (self->answer_pool, slot);
        *answer = (answer_t){.link = link, .claim = *claim};
        list_append (&self->answers[to], self->answer_links, slot);
    }
}

void
reply_confirm (reply_t *self, uint32_t to, const confirm_t *confirm)
{
    assert (to < LINKS_DOWN_MAX);
    uint32_t slot = slab_take (self->confirm_pool);
    if (slot != SLAB_NONE) { // else the holder says the pack again
        *(confirm_t *) slab_at (self->confirm_pool, slot) = *confirm;
        list_append (&self->confirms[to], self->confirm_links, slot);
    }
}

const answer_t *
reply_first_answer (reply_t *self, uint32_t to)
{
    uint32_t slot = list_head (&self->answers[to]);
    return slot == SLAB_NONE ? NULL : slab_at (self->answer_pool, slot);
}

const confirm_t *
reply_first_confirm (reply_t *self, uint32_t to)
{
    uint32_t slot = list_head (&self->confirms[to]);
    return slot == SLAB_NONE ? NULL : slab_at (self->confirm_pool, slot);
}

void
reply_drop_answer (reply_t *self, uint32_t to)
{
    assert (self->answers[to].count > 0);
    slab_give (self->answer_pool, list_shift (&self->answers[to], self->answer_links));
}

void
reply_drop_confirm (reply_t *self, uint32_t to)
{
    assert (self->confirms[to].count > 0);
    slab_give (self->confirm_pool, list_shift (&self->confirms[to], self->confirm_links));
}
