#include "tests/sim/world.h"

#include <assert.h>
#include <string.h>

#define TERM_GRACE_US 300000 // what a command takes to end when it is told to
#define ASK_US        3000   // an answer of the restarts database

void
runs_reset (runs_t *self)
{
    self->count = self->active_count = 0;
    memset (self->saves, 0, sizeof self->saves);
    memset (self->databases, 0, sizeof self->databases);
}

static runs_t *
s_runs (world_t *world)
{
    return &world->runs;
}

static uint32_t
s_site (const world_t *world, uint32_t node)
{
    return world->node[node].index % world->plan.sites;
}

uint32_t
runs_job (world_t *world, const step_t *step)
{
    uint32_t job;
    memcpy (&job, step->id, sizeof job);
    assert (job < world->plan.messages);
    return job;
}

uint32_t
runs_of (const world_t *world, uint32_t node)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < world->runs.active_count; i++) {
        count += world->runs.list[world->runs.active[i]].node == node;
    }
    return count;
}

static run_t *
s_find (world_t *world, uint32_t node, uint64_t task)
{
    for (uint32_t i = 0; i < world->runs.active_count; i++) {
        run_t *run = &world->runs.list[world->runs.active[i]];
        if (run->node == node && run->task == task) {
            return run;
        }
    }
    return NULL;
}

static void
s_put (world_t *world, const run_t *run, int64_t at_us, bool guard)
{
    if (at_us != INT64_MAX) {
        world_put (world, at_us, HAPPEN_RAN, run->node, (uint32_t) (run - world->runs.list), guard);
    }
}

//  How a command will end.
static void
s_draw_command (world_t *world, run_t *run)
{
    const plan_t *plan = &world->plan;
    run->ends_us = world->now_us + world_between (world, 1000, plan->restart_max_us);
    run->kind = RAN_OK;
    if (world_odds (world, plan->hang)) {
        world->tally[FAULT_HANG]++;
        bool ever = world_odds (world, 0.5);
        run->ends_us = ever ? INT64_MAX : world->now_us + world_between (world, 0, 30000000);
    } else if (world_odds (world, plan->later)) {
        run->kind = RAN_LATER;
        run->value = 75;
    } else if (world_odds (world, plan->fail_restart)) {
        world->tally[FAULT_FAILURE]++;
        run->kind = world_odds (world, 0.8) ? RAN_FAILED : RAN_NOT_STARTED;
        run->value = 1;
    }
}

void
runs_begin (world_t *world, uint32_t node, const effect_t *effect)
{
    runs_t *self = s_runs (world);
    const step_t *step = &effect->run.step;
    assert (self->count < RUNS_MAX && self->active_count < RUNS_ACTIVE);
    run_t *run = &self->list[self->count];
    *run = (run_t){.task = step->task,
                   .name = step->name,
                   .grant = step->grant,
                   .node = node,
                   .life = world->node[node].life,
                   .job = runs_job (world, step),
                   .begun_us = world->now_us,
                   .lease_us = world->now_us + step->lease_us,
                   .simulated = step->simulated,
                   .active = true,
                   .ends_us = world->now_us + step->duration_us,
                   .kind = step->fails ? RAN_FAILED : RAN_OK,
                   .value = step->fails};
    if (!step->simulated) {
        s_draw_command (world, run);
    } else {
        world->tally[FAULT_FAILURE] += step->fails;
    }
    check_run (world, run);
    self->active[self->active_count++] = self->count++;
    world->jobs[run->job].runs++;
    s_put (world, run, run->ends_us, false);
    if (!run->simulated) {
        s_put (world, run, run->lease_us, true);
    }
}

void
runs_renew (world_t *world, uint32_t node, const effect_t *effect)
{
    run_t *run = s_find (world, node, effect->run.step.task);
    if (run) {
        run->lease_us = world->now_us + effect->run.step.lease_us;
    }
}

static void
s_over (world_t *world, run_t *run, ran_kind_t kind, int value)
{
    runs_t *self = s_runs (world);
    uint32_t item = (uint32_t) (run - self->list);
    uint32_t at = 0;
    while (self->active[at] != item) {
        at++;
        assert (at < self->active_count);
    }
    self->active[at] = self->active[--self->active_count];
    run->active = false;
    world_trace (world, "%s: the restart for message %u ends, kind %u value %d",
                 world->node[run->node].name, run->job, kind, value);
    if (kind == RAN_OK) {
        world->jobs[run->job].restarted = true;
    }
    mail_t *mail = &world->node[run->node].mail;
    assert (mail->ran_count < NODE_MAIL);
    mail->ran[mail->ran_count++] =
        (ran_t){.task = run->task, .kind = kind, .value = value, .group_gone = true};
    node_touch (world, run->node);
}

void
runs_end (world_t *world, uint32_t node, const effect_t *effect)
{
    run_t *run = s_find (world, node, effect->run.step.task);
    world_trace (world, "%s sends %d to task %lu", world->node[node].name, effect->run.signal,
                 effect->run.step.task);
    if (!run) {
        return; // it ended at the same time
    }
    if (run->simulated) {
        s_over (world, run, RAN_CANCELLED, 0);
    } else if (effect->run.signal == 9) {
        s_over (world, run, RAN_SIGNALLED, 9);
    } else if (!run->termed && world_odds (world, 0.8)) {
        run->termed = true;
        run->kind = RAN_SIGNALLED;
        run->value = effect->run.signal;
        run->ends_us = world->now_us + world_between (world, 100, TERM_GRACE_US);
        s_put (world, run, run->ends_us, false);
    }
}

void
runs_due (world_t *world, uint32_t item, bool guard)
{
    run_t *run = &world->runs.list[item];
    if (!run->active) {
        return;
    }
    if (world->now_us >= run->ends_us) {
        s_over (world, run, run->kind, run->value);
    } else if (guard && world->now_us >= run->lease_us) {
        s_over (world, run, RAN_SIGNALLED, 9);
    } else if (guard) {
        s_put (world, run, run->lease_us, true);
    }
}

void
runs_gone (world_t *world, uint32_t node)
{
    runs_t *self = s_runs (world);
    uint32_t kept = 0;
    for (uint32_t i = 0; i < self->active_count; i++) {
        run_t *run = &self->list[self->active[i]];
        run->active = run->node != node;
        if (run->active) {
            self->active[kept++] = self->active[i];
        }
    }
    self->active_count = kept;
}

//  ---- the restarts databases
//  ------------------------------------------------------------------------

static uint32_t
s_spare_save (world_t *world)
{
    for (uint32_t i = 0; i < RUNS_SAVES; i++) {
        if (!world->runs.saves[i].used) {
            return i;
        }
    }
    assert (false);
    return 0;
}

void
runs_save (world_t *world, uint32_t node, const effect_t *effect)
{
    const step_t *step = &effect->run.step;
    uint32_t item = s_spare_save (world);
    int64_t takes = world_between (world, 100, world->plan.commit_us);
    takes += step->fact ? 0 : step->duration_us;
    world->runs.saves[item] = (run_save_t){.task = step->task,
                                           .ticket = step->ticket,
                                           .job = runs_job (world, step),
                                           .node = node,
                                           .life = world->node[node].life,
                                           .steps = step->steps,
                                           .ok = step->fact || !step->fails,
                                           .used = true};
    if (!step->fact && !step->fails) {
        world->runs.saves[item].steps |= STEP_SAVED;
    }
    world_put (world, world->now_us + takes, HAPPEN_SAVED, node, item, 0);
}

void
runs_saved (world_t *world, uint32_t item)
{
    run_save_t *save = &world->runs.saves[item];
    node_t *node = &world->node[save->node];
    save->used = false;
    if (!node->alive || node->life != save->life) {
        return; // it died before the commit
    }
    if (save->ok) {
        world->runs.databases[s_site (world, save->node)][save->job] |= save->steps;
        world->jobs[save->job].durable |= save->steps;
    } else {
        world->jobs[save->job].save_failed = true;
        world->tally[FAULT_FAILURE]++;
    }
    mail_t *mail = &node->mail;
    assert (mail->saved_count < NODE_MAIL);
    mail->saved[mail->saved_count++] =
        (saved_t){.task = save->task, .ticket = save->ticket, .ok = save->ok};
    node_touch (world, save->node);
}

void
runs_ask (world_t *world, uint32_t node, const effect_t *effect)
{
    uint32_t job = runs_job (world, &effect->run.step);
    world_put (world, world->now_us + world_between (world, 50, ASK_US), HAPPEN_FOUND, node, job,
               effect->run.step.task);
}

void
runs_found (world_t *world, uint32_t node, uint64_t task, uint32_t job)
{
    uint8_t steps = world->runs.databases[s_site (world, node)][job];
    mail_t *mail = &world->node[node].mail;
    assert (mail->found_count < NODE_MAIL);
    mail->found[mail->found_count++] = (found_t){.task = task, .steps = steps};
    check_told (world, node, job, steps);
    node_touch (world, node);
}
