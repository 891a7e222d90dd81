/*  action_simulate.h - steps that only take time: simulated restarts and saves. Pure.

    Thousands at once under one deadline: a heap by due time, a slab and an index by task. */

#ifndef MAYHEM_ACTION_SIMULATE_H
#define MAYHEM_ACTION_SIMULATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct action_simulate_t action_simulate_t;

//  A step that is over.
typedef struct {
    uint64_t task;
    uint64_t note; // as given to action_simulate_start: the caller's
} action_simulated_t;

//  For at most `capacity` steps at once. NULL when memory is short.
action_simulate_t *action_simulate_new (uint32_t capacity);
void action_simulate_destroy (action_simulate_t **self_p);

//  A step that is over at `due_us`. 0; -1 when there is no room or the task is there already.
int action_simulate_start (action_simulate_t *self, uint64_t task, int64_t due_us, uint64_t note);

//  Forget a step. False when it is not there (any more).
bool action_simulate_cancel (action_simulate_t *self, uint64_t task);

//  Take at most `max` steps that are due at `now_us`, the earliest first. Returns how many.
size_t action_simulate_take (action_simulate_t *self, int64_t now_us, action_simulated_t *out,
                             size_t max);

//  When the next one is due, INT64_MAX: none.
int64_t action_simulate_deadline (const action_simulate_t *self);

#endif
