#include "handler/action_simulate.h"

#include <assert.h>
#include <stdlib.h>
#include "common/core/heap.h"
#include "common/core/index.h"

struct action_simulate_t {
    slab_t *steps;  // action_simulated_t
    index_t *index; // slots by (0, task)
    heap_t *times;  // slots by due time
};

action_simulate_t *
action_simulate_new (uint32_t capacity)
{
    assert (capacity > 0);
    action_simulate_t *self = calloc (1, sizeof *self);
    if (!self) {
        return NULL;
    }
    self->steps = slab_new (capacity, sizeof (action_simulated_t));
    self->index = index_new (capacity);
    self->times = heap_new (capacity);
    if (!self->steps || !self->index || !self->times) {
        action_simulate_destroy (&self);
    }
    return self;
}

void
action_simulate_destroy (action_simulate_t **self_p)
{
    assert (self_p);
    action_simulate_t *self = *self_p;
    if (self) {
        slab_destroy (&self->steps);
        index_destroy (&self->index);
        heap_destroy (&self->times);
        free (self);
        *self_p = NULL;
    }
}

int
action_simulate_start (action_simulate_t *self, uint64_t task, int64_t due_us, uint64_t note)
{
    assert (self);
    if (index_get (self->index, 0, task) != SLAB_NONE) {
        return -1;
    }
    uint32_t slot = slab_take (self->steps);
    if (slot == SLAB_NONE) {
        return -1;
    }
    action_simulated_t *step = slab_at (self->steps, slot);
    step->task = task;
    step->note = note;
    index_put (self->index, 0, task, slot);
    heap_set (self->times, slot, due_us);
    return 0;
}

static void
s_forget (action_simulate_t *self, uint32_t slot)
{
    action_simulated_t *step = slab_at (self->steps, slot);
    index_drop (self->index, 0, step->task);
    heap_drop (self->times, slot);
    slab_give (self->steps, slot);
}

bool
action_simulate_cancel (action_simulate_t *self, uint64_t task)
{
    assert (self);
    uint32_t slot = index_get (self->index, 0, task);
    if (slot == SLAB_NONE) {
        return false;
    }
    s_forget (self, slot);
    return true;
}

size_t
action_simulate_take (action_simulate_t *self, int64_t now_us, action_simulated_t *out, size_t max)
{
    assert (self && out);
    size_t count = 0;
    while (count < max && heap_next (self->times) <= now_us) {
        uint32_t slot = heap_first (self->times);
        if (slot == SLAB_NONE) {
            break;
        }
        out[count++] = *(action_simulated_t *) slab_at (self->steps, slot);
        s_forget (self, slot);
    }
    return count;
}

int64_t
action_simulate_deadline (const action_simulate_t *self)
{
    assert (self);
    return heap_next (self->times);
}
