#include "tests/sim/queue.h"

#include <assert.h>
#include <stdlib.h>

void
queue_reset (queue_t *self)
{
    self->count = 0;
    self->order = 0;
}

void
queue_term (queue_t *self)
{
    free (self->heap);
    *self = (queue_t){0};
}

static bool
s_before (const happen_t *one, const happen_t *other)
{
    return one->at_us < other->at_us || (one->at_us == other->at_us && one->order < other->order);
}

void
queue_put (queue_t *self, const happen_t *happen)
{
    if (self->count + 1 >= self->room) {
        self->room = self->room ? 2 * self->room : 4096;
        self->heap = realloc (self->heap, self->room * sizeof *self->heap);
        assert (self->heap);
    }
    happen_t fresh = *happen;
    fresh.order = ++self->order;
    size_t at = ++self->count;
    for (; at > 1 && s_before (&fresh, &self->heap[at / 2]); at /= 2) {
        self->heap[at] = self->heap[at / 2];
    }
    self->heap[at] = fresh;
}

bool
queue_take (queue_t *self, happen_t *out)
{
    if (self->count == 0) {
        return false;
    }
    *out = self->heap[1];
    happen_t last = self->heap[self->count--];
    size_t at = 1;
    while (2 * at <= self->count) {
        size_t child = 2 * at;
        if (child < self->count && s_before (&self->heap[child + 1], &self->heap[child])) {
            child++;
        }
        if (!s_before (&self->heap[child], &last)) {
            break;
        }
        self->heap[at] = self->heap[child];
        at = child;
    }
    self->heap[at] = last;
    return true;
}

int64_t
queue_next (const queue_t *self)
{
    return self->count ? self->heap[1].at_us : INT64_MAX;
}
