#include "handler/tasks.h"

#include <assert.h>
#include <stdlib.h>

#include "common/core/heap.h"
#include "common/core/index.h"

struct tasks_t {
    slab_t *slab;                 // of task_t
    index_t *index;               // name -> the newest task of it
    heap_t *due;                  // when to look at it
    list_link_t *links;           // of touched, of a route's settling, of a pack's
    list_link_t *age_links;       // of age
    list_link_t *send_links;      // of to_send
    list_t touched;               // to be looked at by the next turn
    list_t age;                   // all, the oldest first
    list_t to_send[LINKS_UP_MAX]; // to be extended
    uint32_t generation;          // counted up: half of a task's number
};

tasks_t *
tasks_new (uint32_t capacity)
{
    assert (capacity > 0);
    tasks_t *self = calloc (1, sizeof *self);
    if (!self) {
        return NULL;
    }
    self->slab = slab_new (capacity, sizeof (task_t));
    self->index = index_new (capacity);
    self->due = heap_new (capacity);
    self->links = calloc (capacity, sizeof *self->links);
    self->age_links = calloc (capacity, sizeof *self->age_links);
    self->send_links = calloc (capacity, sizeof *self->send_links);
    list_init (&self->touched);
    list_init (&self->age);
    for (uint32_t via = 0; via < LINKS_UP_MAX; via++) {
        list_init (&self->to_send[via]);
    }
    if (!self->slab || !self->index || !self->due || !self->links || !self->age_links ||
        !self->send_links) {
        tasks_destroy (&self);
    }
    return self;
}

void
tasks_destroy (tasks_t **self_p)
{
    assert (self_p);
    tasks_t *self = *self_p;
    if (self) {
        slab_destroy (&self->slab);
        index_destroy (&self->index);
        heap_destroy (&self->due);
        free (self->links);
        free (self->age_links);
        free (self->send_links);
        free (self);
        *self_p = NULL;
    }
}

task_t *
tasks_at (const tasks_t *self, uint32_t slot)
{
    assert (slab_taken (self->slab, slot));
    return slab_at (self->slab, slot);
}

bool
tasks_taken (const tasks_t *self, uint32_t slot)
{
    return slab_taken (self->slab, slot);
}

uint32_t
tasks_find (const tasks_t *self, name_t name)
{
    return index_get (self->index, name.outbox, name.seq);
}

uint32_t
tasks_take (tasks_t *self, const work_t *work, int64_t now_us, int64_t max_lease_us)
{
    uint32_t slot = slab_take (self->slab);
    if (slot == SLAB_NONE) {
        return slot;
    }
    task_t *task = slab_at (self->slab, slot);
    task_init (task, work, now_us, max_lease_us);
    task->number = (uint64_t) ++self->generation << 32 | slot;
    uint32_t former = tasks_find (self, work->name);
    if (former != SLAB_NONE) {
        assert (task_decided (tasks_at (self, former)));
        tasks_at (self, former)->former = true;
        index_set (self->index, work->name.outbox, work->name.seq, slot);
    } else {
        index_put (self->index, work->name.outbox, work->name.seq, slot);
    }
    list_append (&self->age, self->age_links, slot);
    return slot;
}

//  Every list must have let go of it before: a slot in a list that is given away is a bug that
//  shows much later.
void
tasks_give (tasks_t *self, uint32_t slot)
{
    task_t *task = tasks_at (self, slot);
    assert (!task->listed && !task->sending);
    assert (!heap_has (self->due, slot));
    if (!task->former) {
        index_drop (self->index, task->work.name.outbox, task->work.name.seq);
    }
    list_remove (&self->age, self->age_links, slot);
    slab_give (self->slab, slot);
}

//  The slot is half of the number; the other half tells former tasks of that slot apart.
uint32_t
tasks_numbered (const tasks_t *self, uint64_t number)
{
    uint32_t slot = (uint32_t) number;
    bool there = slab_taken (self->slab, slot) && tasks_at (self, slot)->number == number;
    return there ? slot : SLAB_NONE;
}

uint32_t
tasks_count (const tasks_t *self)
{
    return slab_used (self->slab);
}

uint32_t
tasks_high (const tasks_t *self)
{
    return slab_high (self->slab);
}

uint32_t
tasks_room (const tasks_t *self)
{
    return slab_room (self->slab);
}

uint32_t
tasks_oldest (const tasks_t *self)
{
    return list_head (&self->age);
}

uint32_t
tasks_younger (const tasks_t *self, uint32_t slot)
{
    return list_next (self->age_links, slot);
}

list_link_t *
tasks_links (tasks_t *self)
{
    return self->links;
}

void
tasks_touch (tasks_t *self, uint32_t slot)
{
    task_t *task = tasks_at (self, slot);
    if (!task->listed && !task_decided (task)) {
        task->listed = true;
        list_append (&self->touched, self->links, slot);
    }
}

uint32_t
tasks_next_touched (tasks_t *self)
{
    uint32_t slot = list_shift (&self->touched, self->links);
    if (slot != SLAB_NONE) {
        tasks_at (self, slot)->listed = false;
    }
    return slot;
}

bool
tasks_any_touched (const tasks_t *self)
{
    return self->touched.count > 0;
}

void
tasks_due_at (tasks_t *self, uint32_t slot, int64_t due_us)
{
    if (due_us == INT64_MAX) {
        heap_drop (self->due, slot);
    } else {
        heap_set (self->due, slot, due_us);
    }
}

uint32_t
tasks_next_due (tasks_t *self, int64_t now_us)
{
    if (heap_next (self->due) > now_us) {
        return SLAB_NONE;
    }
    uint32_t slot = heap_first (self->due);
    if (slot != SLAB_NONE) {
        heap_drop (self->due, slot);
    }
    return slot;
}

int64_t
tasks_deadline (const tasks_t *self)
{
    return heap_next (self->due);
}

void
tasks_to_send (tasks_t *self, uint32_t slot, uint32_t via)
{
    assert (via < LINKS_UP_MAX);
    task_t *task = tasks_at (self, slot);
    if (!task->sending) {
        task->sending = true;
        list_append (&self->to_send[via], self->send_links, slot);
    }
}

void
tasks_not_to_send (tasks_t *self, uint32_t slot, uint32_t via)
{
    assert (via < LINKS_UP_MAX);
    task_t *task = tasks_at (self, slot);
    if (task->sending) {
        task->sending = false;
        list_remove (&self->to_send[via], self->send_links, slot);
    }
}

uint32_t
tasks_next_to_send (tasks_t *self, uint32_t via)
{
    uint32_t slot = list_shift (&self->to_send[via], self->send_links);
    if (slot != SLAB_NONE) {
        tasks_at (self, slot)->sending = false;
    }
    return slot;
}

uint32_t
tasks_any_to_send (const tasks_t *self, uint32_t via)
{
    return self->to_send[via].count;
}

void
tasks_assert (const tasks_t *self)
{
    uint32_t count = 0, indexed = 0, touched = 0, sending = 0;
    for (uint32_t slot = tasks_oldest (self); slot != SLAB_NONE;
         slot = tasks_younger (self, slot)) {
        const task_t *task = tasks_at (self, slot);
        count++;
        touched += task->listed;
        sending += task->sending;
        indexed += !task->former;
        assert (task->former || tasks_find (self, task->work.name) == slot);
        assert (tasks_numbered (self, task->number) == slot);
        //  Nothing is forgotten: what is not decided is looked at now or at a time.
        assert (task_decided (task)
                    ? !task->listed && !heap_has (self->due, slot)
                    : task->listed || task->sending || task->killed || heap_has (self->due, slot));
    }
    uint32_t to_send = 0;
    for (uint32_t via = 0; via < LINKS_UP_MAX; via++) {
        to_send += self->to_send[via].count;
    }
    assert (count == slab_used (self->slab) && indexed == index_count (self->index));
    assert (touched == self->touched.count && sending == to_send);
}
