#include "handler/handler_private.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

static void
s_check (const handler_limits_t *limits)
{
    assert (limits->links.stage == STAGE_HANDLER);
    assert (limits->concurrency >= 1);
    assert (limits->restart_min_us >= 0 && limits->restart_min_us <= limits->restart_max_us);
    assert (limits->timeout_us > 0 && limits->max_lease_us > 0);
    assert (limits->any_host || limits->hosts || limits->host_count == 0);
}

handler_t *
handler_new (const handler_limits_t *limits, uint64_t seed)
{
    s_check (limits);
    handler_t *self = calloc (1, sizeof *self);
    if (!self) {
        return NULL;
    }
    uint32_t capacity = limits->concurrency + UNCONFIRMED_MAX;
    self->limits = *limits;
    self->seed = seed;
    self->epoch = limits->links.epoch;
    self->cut_us = INT64_MAX;
    snprintf (self->name, sizeof self->name, "%s", limits->links.name);
    drain_init (&self->drain, self->name, limits->links.drain_timeout_us);
    self->links = links_new (&limits->links, 0);
    self->tasks = tasks_new (capacity);
    self->routes = routes_new ();
    self->packs = packs_new (capacity);
    if (!self->links || !self->tasks || !self->routes || !self->packs) {
        handler_destroy (&self);
    }
    return self;
}

void
handler_destroy (handler_t **self_p)
{
    assert (self_p);
    handler_t *self = *self_p;
    if (self) {
        if (self->links) {
            links_destroy (&self->links);
        }
        tasks_destroy (&self->tasks);
        routes_destroy (&self->routes);
        packs_destroy (&self->packs);
        free (self);
        *self_p = NULL;
    }
}

void
handler_step (handler_t *self, int64_t now_us, const event_t *event, effects_t *effects)
{
    assert (now_us >= self->now_us);
    assert (event->kind < EVENT_COUNT);
    self->now_us = now_us;
    if (self->exited) {
        return; // what still comes is nobody's
    }
    if (event->kind == EVENT_TURN) {
        handler_turn (self, effects);
    } else {
        handler_fact (self, event);
    }
}

static bool
s_any_up (const handler_t *self)
{
    for (uint32_t slot = 0; slot < LINKS_UP_MAX; slot++) {
        //  As s_up in handler_send.c: after BYE nothing is sent any more.
        const peer_t *peer = links_peer (self->links, slot);
        if (peer->phase == PEER_UP && !peer->bye_said) {
            return true;
        }
    }
    return false;
}

static int64_t
s_sooner (int64_t one, int64_t other)
{
    return one < other ? one : other;
}

int64_t
handler_deadline (const handler_t *self)
{
    if (self->exited) {
        return INT64_MAX;
    }
    if (self->again || tasks_any_touched (self->tasks) ||
        packs_next_confirmed (self->packs) != SLAB_NONE) {
        return self->now_us;
    }
    int64_t next = s_sooner (tasks_deadline (self->tasks), handler_drain_deadline (self));
    next = s_sooner (next, links_deadline (self->links, &self->drain));
    //  What is to be sent again waits for a link.
    return s_any_up (self) ? s_sooner (next, packs_deadline (self->packs)) : next;
}

const handler_counts_t *
handler_counts (const handler_t *self)
{
    return &self->counts;
}

uint32_t
handler_in_hand (const handler_t *self)
{
    return tasks_count (self->tasks);
}

const drain_t *
handler_drain (const handler_t *self)
{
    return &self->drain;
}

links_t *
handler_links (handler_t *self)
{
    return self->links;
}

void
handler_audit (const handler_t *self, handler_audit_fn *fn, void *arg)
{
    for (uint32_t slot = tasks_oldest (self->tasks); slot != SLAB_NONE;
         slot = tasks_younger (self->tasks, slot)) {
        const task_t *task = tasks_at (self->tasks, slot);
        handler_audit_t audit = {.name = task->work.name,
                                 .grant = task->work.grant,
                                 .host = task->work.host,
                                 .lease_end_us = task->extend.end_us,
                                 .real = task->real,
                                 .running = task->restart == STEP_BUSY,
                                 .settled = task_decided (task),
                                 .outcome = task->outcome,
                                 .steps = task->steps};
        fn (arg, &audit);
    }
}

void
handler_assert (const handler_t *self)
{
    uint32_t unsent = 0;
    uint32_t settled = 0;
    uint32_t by_route[LINKS_UP_MAX] = {0};
    for (uint32_t slot = tasks_oldest (self->tasks); slot != SLAB_NONE;
         slot = tasks_younger (self->tasks, slot)) {
        const task_t *task = tasks_at (self->tasks, slot);
        by_route[routes_at (self->routes, task->route)->via]++;
        unsent += task->state != TASK_SETTLED;
        settled += task->state == TASK_SETTLED;
        assert (task->outcome != OUTCOME_DONE || !task_decided (task) || MAYHEM_BUG == 3 ||
                task->restart != STEP_BUSY);
    }
    for (uint32_t via = 0; via < LINKS_UP_MAX; via++) {
        assert (by_route[via] == routes_in_hand (self->routes, via));
    }
    assert (unsent == self->unsent || MAYHEM_BUG == 5);
    assert (unsent <= self->limits.concurrency || MAYHEM_BUG == 5);
    assert (settled >= packs_count (self->packs)); // a pack has at least one
    tasks_assert (self->tasks);
}
