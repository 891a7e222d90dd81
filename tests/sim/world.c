#include "tests/sim/world.h"

#include "tests/sim/faults.h"

#include <assert.h>
#include <malloc.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#define AGAIN_US  500000  // the end looks at who is still needed so often
#define TURNS_MAX 3000000 // a seed usually takes 20000

world_t *
world_new (void)
{
    //  Large tables of the cores come as zero pages and go back: clearing them by hand would cost
    //  more than a whole seed.
    mallopt (M_MMAP_THRESHOLD, 64 * 1024);
    world_t *self = calloc (1, sizeof *self);
    if (self && effects_init (&self->effects, SAY_LEVEL_ERROR)) {
        free (self);
        self = NULL;
    }
    return self;
}

void
world_destroy (world_t **self_p)
{
    world_t *self = *self_p;
    if (self) {
        queue_term (&self->queue);
        net_term (&self->net);
        effects_term (&self->effects);
        free (self);
        *self_p = NULL;
    }
}

void
world_fail (world_t *self, const char *format, ...)
{
    if (self->failed) {
        return;
    }
    self->failed = true;
    va_list arguments;
    va_start (arguments, format);
    vsnprintf (self->rule, sizeof self->rule, format, arguments);
    va_end (arguments);
    world_trace (self, "VIOLATION: %s", self->rule);
}

void
world_trace (world_t *self, const char *format, ...)
{
    if (!self->trace) {
        return;
    }
    fprintf (self->trace, "%11.6f ", (double) self->now_us / 1e6);
    va_list arguments;
    va_start (arguments, format);
    vfprintf (self->trace, format, arguments);
    va_end (arguments);
    fputc ('\n', self->trace);
}

void
world_put (world_t *self, int64_t at_us, happen_kind_t kind, uint32_t node, uint32_t item,
           uint64_t extra)
{
    assert (node < SIM_NODES);
    queue_put (&self->queue, &(happen_t){.at_us = at_us > self->now_us ? at_us : self->now_us,
                                         .extra = extra,
                                         .item = item,
                                         .life = self->node[node].life,
                                         .node = (uint16_t) node,
                                         .kind = (uint16_t) kind});
}

int64_t
world_between (world_t *self, int64_t least, int64_t most)
{
    return least >= most
               ? least
               : least + (int64_t) prng_below (&self->prng, (uint64_t) (most - least + 1));
}

bool
world_odds (world_t *self, double chance)
{
    return chance > 0 && prng_unit (&self->prng) < chance;
}

bool
world_fault (world_t *self, fault_t kind)
{
    if (self->phase != PHASE_MAYHEM || !world_odds (self, self->plan.chance[kind])) {
        return false;
    }
    self->tally[kind]++;
    self->disturbed_us = self->now_us;
    return true;
}

void
world_hash (world_t *self, const void *bytes, size_t length)
{
    const uint8_t *at = bytes;
    uint64_t hash = self->hash ^ length;
    for (; length >= 8; length -= 8, at += 8) {
        uint64_t word;
        memcpy (&word, at, 8);
        hash = (hash ^ word) * UINT64_C (0x9e3779b97f4a7c15);
        hash ^= hash >> 32;
    }
    for (; length; length--) {
        hash = (hash ^ *at++) * UINT64_C (0x100000001b3);
    }
    self->hash = hash;
}

//  ---- the run
//  -----------------------------------------------------------------------------------------

static void
s_jobs (world_t *self)
{
    const plan_t *plan = &self->plan;
    for (uint32_t job = 0; job < plan->messages; job++) {
        job_t *it = &self->jobs[job];
        *it = (job_t){0};
        it->host = (uint32_t) prng_below (&self->prng, plan->hosts);
        it->publisher = (uint16_t) prng_below (&self->prng, plan->publishers);
        it->bad = world_odds (self, plan->bad_host);
        snprintf (it->instance, sizeof it->instance, "cattle-%04u", job);
        snprintf (it->hostname, sizeof it->hostname, "%shost-%u.example.net", it->bad ? "-" : "",
                  it->host);
        int64_t most = plan->burst ? 1000000 : plan->source_until_us;
        int64_t least = plan->burst && job % 8 == 0 ? 40000000 : 0;
        most = least > most ? plan->source_until_us : most;
        world_put (self, world_between (self, least, most), HAPPEN_REQUESTS, it->publisher, 1, 1);
    }
}

static void
s_begin (world_t *self, uint64_t seed, FILE *trace)
{
    plan_make (&self->plan, seed);
    prng_seed (&self->prng, seed);
    self->phase = PHASE_MAYHEM;
    self->now_us = self->disturbed_us = 0;
    self->steps = self->frames = self->hash = 0;
    self->failed = false;
    self->rule[0] = 0;
    self->trace = trace;
    memset (self->tally, 0, sizeof self->tally);
    queue_reset (&self->queue);
    net_reset (&self->net);
    runs_reset (&self->runs);
    check_reset (&self->check);
    effects_clear (&self->effects);
    self->effects.level = self->plan.chatty ? SAY_LEVEL_DEBUG : SAY_LEVEL_ERROR;
    self->nodes = self->plan.publishers + self->plan.consumers + self->plan.handlers;
    for (uint32_t node = 0; node < self->nodes; node++) {
        node_reset (self, node);
        self->node[node].starting = true;
        world_put (self, world_between (self, 0, 2000000), HAPPEN_START, node, 0, 0);
    }
    for (uint32_t index = 0; index < self->plan.publishers; index++) {
        disk_reset (self, index);
    }
    s_jobs (self);
    faults_plan (self);
    world_put (self, self->plan.faults_until_us, HAPPEN_PHASE, 0, PHASE_CALM, 0);
    world_put (self, self->plan.source_until_us + 1, HAPPEN_PHASE, 0, PHASE_END, 0);
}

static bool
s_unsubmitted (const world_t *self, uint32_t publisher)
{
    for (uint32_t job = 0; job < self->plan.messages; job++) {
        if (self->jobs[job].publisher == publisher && !self->jobs[job].submitted) {
            return true;
        }
    }
    return false;
}

//  Whether a process that is not there must come back for all to be done.
static bool
s_needed (const world_t *self, const node_t *node)
{
    if (node->stage == STAGE_PUBLISHER) {
        bool rows = !self->plan.is_volatile[node->index] && disk_pending (&self->disk[node->index]);
        return rows || s_unsubmitted (self, node->index);
    }
    for (uint32_t i = 0; i < self->plan.publishers; i++) {
        const node_t *publisher = &self->node[i];
        if (publisher->starting || (publisher->alive && node_in_hand (publisher)) ||
            (publisher->alive && publisher_books (publisher->core).pending) ||
            s_needed (self, publisher)) {
            return true;
        }
    }
    return false;
}

static void
s_bring_back (world_t *self, node_t *node, int64_t after_us)
{
    if (!node->alive && !node->starting) {
        node->starting = true;
        world_put (self, self->now_us + after_us, HAPPEN_START, node->id, 0, 0);
    }
}

//  The supervisor: who left comes back; in the end only who is needed, and who has nobody left to
//  work for is told to stop.
static void
s_supervise (world_t *self)
{
    bool publishers = false;
    for (uint32_t i = 0; i < self->nodes; i++) {
        node_t *node = &self->node[i];
        if (self->phase != PHASE_END || s_needed (self, node)) {
            s_bring_back (self, node, world_between (self, 100000, 4000000));
        }
        publishers |= node->stage == STAGE_PUBLISHER && (node->alive || node->starting);
    }
    bool over = self->phase == PHASE_END && !publishers;
    for (uint32_t i = 0; i < self->nodes && over; i++) {
        node_t *node = &self->node[i];
        if (node->alive && node->signals == 0 && node->drain_us == INT64_MAX &&
            node->mail.signal_count == 0 &&
            self->now_us > self->check.over_us + self->plan.peer_timeout_us) {
            node_signal (self, i, 15);
        }
    }
    self->check.over_us = over && self->check.over_us ? self->check.over_us : self->now_us;
    world_put (self, self->now_us + AGAIN_US, HAPPEN_PHASE, 0, PHASE_COUNT, 0);
}

static void
s_enter (world_t *self, uint32_t phase)
{
    if (phase == PHASE_COUNT) {
        s_supervise (self);
        return;
    }
    self->phase = (phase_t) phase;
    world_trace (self, "phase %u", phase);
    for (uint32_t i = 0; i < self->nodes; i++) {
        node_t *node = &self->node[i];
        if (phase == PHASE_END && node->stage == STAGE_PUBLISHER) {
            node_touch (self, i);
        }
    }
    if (phase == PHASE_CALM) {
        s_supervise (self);
    }
}

//  Nobody is there, and nobody has to come back.
static bool
s_all_gone (const world_t *self)
{
    for (uint32_t i = 0; i < self->nodes; i++) {
        const node_t *node = &self->node[i];
        if (node->alive || node->starting || s_needed (self, node)) {
            return false;
        }
    }
    return true;
}

static void
s_wake (world_t *self, const happen_t *happen)
{
    node_t *node = &self->node[happen->node];
    if (happen->item == UINT32_MAX) {
        if (happen->extra == node->epoch) {
            check_drain (self, happen->node);
        }
    } else if (happen->item == node->arming) {
        node->wake_us = -1;
        node_touch (self, happen->node);
    }
}

static void
s_notice (world_t *self, const happen_t *happen)
{
    mail_t *mail = &self->node[happen->node].mail;
    if (mail->notice_count < NODE_MAIL) {
        mail->notices[mail->notice_count].node = (uint16_t) happen->item;
        mail->notices[mail->notice_count++].epoch = happen->extra;
        node_touch (self, happen->node);
    }
}

//  What is about one life of a process.
static void
s_happen_to (world_t *self, const happen_t *happen)
{
    node_t *node = &self->node[happen->node];
    if (!node->alive || node->life != happen->life) {
        return;
    }
    switch ((happen_kind_t) happen->kind) {
    case HAPPEN_WAKE: s_wake (self, happen); break;
    case HAPPEN_NOTICE: s_notice (self, happen); break;
    case HAPPEN_COMMIT: disk_commit (self, happen->node); break;
    case HAPPEN_FOUND: runs_found (self, happen->node, happen->extra, happen->item); break;
    case HAPPEN_RAN: runs_due (self, happen->item, happen->extra); break;
    case HAPPEN_RESUME:
        if (node->paused) {
            node_resume (self, happen->node);
            self->disturbed_us = self->now_us;
        }
        break;
    default: assert (false);
    }
}

static void
s_start (world_t *self, uint32_t node)
{
    if (!self->node[node].alive) {
        node_start (self, node);
    }
}

static void
s_happen (world_t *self, const happen_t *happen)
{
    switch ((happen_kind_t) happen->kind) {
    case HAPPEN_WAKE:
    case HAPPEN_NOTICE:
    case HAPPEN_COMMIT:
    case HAPPEN_FOUND:
    case HAPPEN_RAN:
    case HAPPEN_RESUME: s_happen_to (self, happen); break;
    case HAPPEN_FRAME: net_arrive (self, happen->item); break;
    case HAPPEN_PUBLISHED: net_hear (self, happen->item); break;
    case HAPPEN_SAVED: runs_saved (self, happen->item); break;
    case HAPPEN_REQUESTS:
        self->node[happen->node].mail.requests += happen->item;
        node_touch (self, happen->node);
        break;
    case HAPPEN_START: s_start (self, happen->node); break;
    case HAPPEN_FAULT: faults_begin (self, happen); break;
    case HAPPEN_CALM: faults_end (self, happen); break;
    case HAPPEN_PHASE: s_enter (self, happen->item); break;
    case HAPPEN_COUNT: assert (false);
    }
}

//  Everything of one instant happens, then the processes that it concerns step.
static void
s_instant (world_t *self)
{
    happen_t happen;
    self->now_us = queue_next (&self->queue);
    while (queue_next (&self->queue) <= self->now_us && !self->failed) {
        queue_take (&self->queue, &happen);
        s_happen (self, &happen);
    }
    for (uint32_t i = 0; i < self->nodes && !self->failed; i++) {
        node_t *node = &self->node[i];
        if (node->dirty && node->alive && !node->paused) {
            node_step (self, i);
        }
    }
}

static void
s_finish (world_t *self)
{
    if (!self->failed && s_all_gone (self)) {
        check_end (self);
    }
    for (uint32_t i = 0; i < self->nodes; i++) {
        if (self->node[i].alive) {
            node_crash (self, i);
        }
    }
    happen_t happen;
    while (queue_take (&self->queue, &happen)) {
        if (happen.kind == HAPPEN_FRAME || happen.kind == HAPPEN_PUBLISHED) {
            net_free (self, happen.item);
        }
    }
}

bool
world_run (world_t *self, uint64_t seed, int64_t until_us, FILE *trace)
{
    s_begin (self, seed, trace);
    int64_t limit_us = self->plan.source_until_us + SIM_LIMIT_US;
    while (!self->failed && self->now_us < until_us) {
        if (self->phase == PHASE_END && self->now_us >= SIM_LEAST_US && s_all_gone (self)) {
            break;
        }
        s_instant (self);
        if (self->now_us > limit_us) {
            world_fail (self, "not everything is over %d s after the last request",
                        SIM_LIMIT_US / 1000000);
        } else if (self->steps > TURNS_MAX) {
            world_fail (self, "more than %d turns", TURNS_MAX);
        }
    }
    s_finish (self);
    return !self->failed;
}
