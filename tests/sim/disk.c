#include "tests/sim/world.h"

#include <assert.h>
#include <string.h>

#define DISK_SLOW_US 1500000

static disk_t *
s_disk (world_t *world, uint32_t node)
{
    assert (world->node[node].stage == STAGE_PUBLISHER);
    return &world->disk[world->node[node].index];
}

static bool
s_volatile (const world_t *world, uint32_t node)
{
    return world->plan.is_volatile[world->node[node].index];
}

static void
s_new (world_t *world, disk_t *self)
{
    self->outbox = prng_next (&world->prng) | 1;
    self->last_seq = self->granted = self->ticket = 0;
    self->unclean = self->full = self->slow = false;
    self->first = self->count = self->batch = 0;
    memset (self->durable, ROW_NONE, sizeof self->durable);
    memset (self->latest, ROW_NONE, sizeof self->latest);
    memset (self->pending, 0, sizeof self->pending);
    memset (self->counters, 0, sizeof self->counters);
}

void
disk_reset (world_t *world, uint32_t index)
{
    s_new (world, &world->disk[index]);
}

static void
s_keep_text (disk_row_t *self, size_t *used, text_t *text)
{
    assert (*used + text->length <= DISK_TEXTS);
    memcpy (self->texts + *used, text->at, text->length);
    text->at = self->texts + *used;
    *used += text->length;
}

static void
s_keep (disk_row_t *self, const row_t *row, int64_t now_us)
{
    size_t used = 0;
    self->row = *row;
    self->due_us = now_us + row->delay_us;
    s_keep_text (self, &used, &self->row.instance);
    s_keep_text (self, &used, &self->row.hostname);
    s_keep_text (self, &used, &self->row.reason);
    s_keep_text (self, &used, &self->row.requested_by);
    s_keep_text (self, &used, &self->row.why);
}

static uint64_t
s_count (const disk_t *self, row_state_t state)
{
    uint64_t count = 0;
    for (uint64_t seq = 1; seq <= self->last_seq; seq++) {
        count += self->durable[seq] == state;
    }
    return count;
}

uint32_t
disk_pending (const disk_t *self)
{
    return (uint32_t) s_count (self, ROW_KEPT);
}

static void
s_tell_rows (world_t *world, node_t *node, disk_t *self)
{
    for (uint64_t seq = 1; seq <= self->last_seq; seq++) {
        if (self->durable[seq] != ROW_KEPT && self->durable[seq] != ROW_DEAD) {
            continue;
        }
        row_t row = self->rows[seq].row;
        int64_t left = self->rows[seq].due_us - world->now_us;
        row.delay_us = left > 0 ? left : 0;
        event_t event = {.kind = EVENT_LOADED, .count = 1, .rows = &row};
        publisher_step (node->core, node_now (world, node), &event, &world->effects);
    }
}

void
disk_load (world_t *world, uint32_t node)
{
    disk_t *self = s_disk (world, node);
    node_t *owner = &world->node[node];
    if (s_volatile (world, node)) {
        s_new (world, self);
    }
    opened_t opened = {.outbox = self->outbox,
                       .last_seq = self->last_seq,
                       .granted = self->granted,
                       .accepted = self->last_seq,
                       .done = s_count (self, ROW_REMOVED),
                       .dead = s_count (self, ROW_DEAD),
                       .unclean = self->unclean};
    event_t event = {.kind = EVENT_OPENED, .count = 1, .opened = &opened};
    publisher_step (owner->core, node_now (world, owner), &event, &world->effects);
    s_tell_rows (world, owner, self);
    self->unclean = true;
    self->ticket = 0;
}

//  The next batch: all that is there.
static void
s_begin (world_t *world, uint32_t node, disk_t *self)
{
    if (self->batch || !self->count || self->full) {
        return;
    }
    self->batch = self->count;
    int64_t takes = world_between (world, 100, world->plan.commit_us);
    takes += self->slow ? world_between (world, 0, DISK_SLOW_US) : 0;
    world_put (world, world->now_us + takes, HAPPEN_COMMIT, node, 0, 0);
}

//  What a nack, a loss or a burial changes; never 0.
static uint64_t
s_counters (const row_t *row)
{
    return (prng_hash (row->delivery, row->lost, row->failures) ^ row->dead) | 2;
}

void
disk_op (world_t *world, uint32_t node, const effect_t *effect)
{
    disk_t *self = s_disk (world, node);
    check_op (world, node, effect);
    if (s_volatile (world, node) || world->failed) {
        return;
    }
    assert (self->count < DISK_OPS);
    disk_op_t *op = &self->ops[(self->first + self->count++) % DISK_OPS];
    op->kind = effect->kind;
    op->ticket = effect->store.ticket;
    op->number = effect->store.number;
    op->counts = effect->kind == EFFECT_REMOVE;
    self->ticket = op->ticket;
    if (op->kind == EFFECT_STORE) {
        s_keep (&op->row, &effect->store.row, world->now_us);
        op->number = op->row.row.seq;
        self->latest[op->number] = op->row.row.dead ? ROW_DEAD : ROW_KEPT;
        op->counts = s_counters (&op->row.row) != self->counters[op->number];
        self->counters[op->number] = s_counters (&op->row.row);
    } else if (op->kind == EFFECT_REMOVE) {
        self->latest[op->number] = ROW_REMOVED;
    }
    self->pending[op->number] += op->counts;
    s_begin (world, node, self);
}

static void
s_apply (disk_t *self, const disk_op_t *op)
{
    if (op->kind == EFFECT_GRANTED) {
        self->granted = op->number > self->granted ? op->number : self->granted;
        return;
    }
    assert (self->pending[op->number] >= op->counts);
    self->pending[op->number] -= op->counts;
    if (op->kind == EFFECT_REMOVE) {
        self->durable[op->number] = ROW_REMOVED;
        return;
    }
    disk_row_t *row = &self->rows[op->number];
    s_keep (row, &op->row.row, 0);
    row->due_us = op->row.due_us;
    self->durable[op->number] = op->row.row.dead ? ROW_DEAD : ROW_KEPT;
    self->last_seq = op->number > self->last_seq ? op->number : self->last_seq;
}

static uint64_t
s_apply_batch (disk_t *self, uint32_t count)
{
    uint64_t through = 0;
    for (; count; count--, self->count--) {
        const disk_op_t *op = &self->ops[self->first];
        s_apply (self, op);
        through = op->ticket;
        self->first = (self->first + 1) % DISK_OPS;
    }
    return through;
}

void
disk_commit (world_t *world, uint32_t node)
{
    disk_t *self = s_disk (world, node);
    assert (self->batch && self->batch <= self->count);
    if (self->full) {
        self->batch = 0; // rolled back, and tried again when there is room
        return;
    }
    world->node[node].mail.through = s_apply_batch (self, self->batch);
    self->batch = 0;
    node_touch (world, node);
    s_begin (world, node, self);
}

void
disk_close (world_t *world, uint32_t node, bool clean, bool flush)
{
    disk_t *self = s_disk (world, node);
    //  A batch that is being committed at the end is there as a whole or not at all.
    uint32_t through = flush ? self->count : world_odds (world, 0.5) ? self->batch : 0;
    s_apply_batch (self, through);
    self->first = self->count = self->batch = 0;
    memset (self->pending, 0, sizeof self->pending);
    memcpy (self->latest, self->durable, sizeof self->latest);
    self->unclean = !clean;
}

void
disk_fill (world_t *world, uint32_t node, bool full)
{
    disk_t *self = s_disk (world, node);
    if (self->full == full || s_volatile (world, node)) {
        return;
    }
    self->full = full;
    mail_t *mail = &world->node[node].mail;
    if (world->node[node].alive) {
        mail->disk_full = full;
        mail->disk_free = !full;
        node_touch (world, node);
    }
    if (!full) {
        s_begin (world, node, self);
    }
}
