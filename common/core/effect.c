#include "common/core/effect.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

int
effects_init (effects_t *self, say_level_t level)
{
    *self = (effects_t){.level = level};
    self->list = calloc (EFFECTS_MAX, sizeof *self->list);
    self->arena = malloc (EFFECTS_BYTES);
    if (!self->list || !self->arena) {
        effects_term (self);
        return -1;
    }
    return 0;
}

void
effects_term (effects_t *self)
{
    free (self->list);
    free (self->arena);
    *self = (effects_t){0};
}

void
effects_clear (effects_t *self)
{
    self->count = 0;
    self->used = 0;
}

bool
effects_room (const effects_t *self, size_t count, size_t bytes)
{
    return self->count + count <= EFFECTS_MAX && self->used + bytes <= EFFECTS_BYTES;
}

effect_t *
effects_add (effects_t *self, effect_kind_t kind)
{
    assert (kind < EFFECT_COUNT);
    assert (self->count < EFFECTS_MAX);
    effect_t *effect = &self->list[self->count++];
    *effect = (effect_t){.kind = kind};
    return effect;
}

text_t
effects_text (effects_t *self, text_t text)
{
    char *at = (char *) effects_reserve (self, text.length + 1);
    if (text.length) {
        memcpy (at, text.at, text.length);
    }
    at[text.length] = 0;
    effects_commit (self, (uint8_t *) at + text.length + 1);
    return (text_t){at, text.length};
}

uint8_t *
effects_reserve (effects_t *self, size_t bytes)
{
    assert (self->used + bytes <= EFFECTS_BYTES);
    return self->arena + self->used;
}

void
effects_commit (effects_t *self, const uint8_t *end)
{
    assert (end >= self->arena + self->used);
    assert (end <= self->arena + EFFECTS_BYTES);
    self->used = (size_t) (end - self->arena);
}

void
effects_say (effects_t *self, const say_t *say)
{
    if (say_level (say->kind) > self->level) {
        return;
    }
    effect_t *effect = effects_add (self, EFFECT_SAY);
    effect->say = *say;
    effect->say.instance = effects_text (self, say->instance);
    effect->say.hostname = effects_text (self, say->hostname);
    effect->say.text = effects_text (self, say->text);
    effect->say.peer = effects_text (self, say->peer);
}
