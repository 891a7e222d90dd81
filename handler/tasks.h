/*  tasks.h - all tasks in hand: found by name or number, ordered by age and by what is due. Pure.

    A task's slot is in one of the lists of `links` at a time: looked at by the next turn, settling
    (of its route), in a pack. Everything here is O(1), but the heap of times, O(log n). */

#ifndef MAYHEM_TASKS_H
#define MAYHEM_TASKS_H

#include "common/core/links.h"
#include "common/core/list.h"
#include "handler/task.h"

typedef struct tasks_t tasks_t;

//  Room for `capacity` tasks. NULL when memory is short.
tasks_t *tasks_new (uint32_t capacity);
void tasks_destroy (tasks_t **self_p);

//  A task of a record, taken now; it becomes the one of its name. SLAB_NONE: there is no room.
uint32_t tasks_take (tasks_t *self, const work_t *work, int64_t now_us, int64_t max_lease_us);

//  The end of a task: it is in no list any more.
void tasks_give (tasks_t *self, uint32_t slot);

task_t *tasks_at (const tasks_t *self, uint32_t slot);
bool tasks_taken (const tasks_t *self, uint32_t slot);

//  The newest task of a message, a task by its number: SLAB_NONE when it is not in hand.
uint32_t tasks_find (const tasks_t *self, name_t name);
uint32_t tasks_numbered (const tasks_t *self, uint64_t number);

//  In all; the slots to walk for all of them; the room; the oldest and the next younger ones.
uint32_t tasks_count (const tasks_t *self);
uint32_t tasks_high (const tasks_t *self);
uint32_t tasks_room (const tasks_t *self);
uint32_t tasks_oldest (const tasks_t *self);
uint32_t tasks_younger (const tasks_t *self, uint32_t slot);

//  Links of the one list a task is in.
list_link_t *tasks_links (tasks_t *self);

//  To be looked at by the next turn (no effect when it is already, or decided); take the first.
void tasks_touch (tasks_t *self, uint32_t slot);
uint32_t tasks_next_touched (tasks_t *self);
bool tasks_any_touched (const tasks_t *self);

//  Times: INT64_MAX takes it out. Take the first that is due, SLAB_NONE: none.
void tasks_due_at (tasks_t *self, uint32_t slot, int64_t due_us);
uint32_t tasks_next_due (tasks_t *self, int64_t now_us);
int64_t tasks_deadline (const tasks_t *self);

//  To be extended, by the consumer it came by.
void tasks_to_send (tasks_t *self, uint32_t slot, uint32_t via);
void tasks_not_to_send (tasks_t *self, uint32_t slot, uint32_t via);
uint32_t tasks_next_to_send (tasks_t *self, uint32_t via);
uint32_t tasks_any_to_send (const tasks_t *self, uint32_t via);

//  Asserts that lists, heap and index agree. O(n): for tests.
void tasks_assert (const tasks_t *self);

#endif
