//  What processes do: restarts, outboxes, leases, books, drains, exits.

#include "tests/sim/check_private.h"

#include <assert.h>
#include <string.h>

#define CHECK_LOST_US 1500000 // from the death of a handler until its messages are lost
#define CHECK_LIST_US 300000  // from a list of holdings until what it leaves out is returned
#define PROMPT_US     3000000 // a drain with nothing in hand needs no more
#define LEAVE_US      1000000 // a drain is over so long after its deadline
#define SLACK_US      1000    // the wire counts milliseconds

void
check_reset (check_t *self)
{
    memset (self, 0, sizeof *self);
}

void
check_start (world_t *world, uint32_t node)
{
    const node_t *self = &world->node[node];
    check_t *check = &world->check;
    if (self->stage == STAGE_HANDLER) {
        memset (check->told[self->index], 0, sizeof check->told[0]);
        memset (check->asked_us[self->index], 0, sizeof check->asked_us[0]);
        check->out_count[self->index] = 0;
    } else if (self->stage == STAGE_PUBLISHER) {
        memset (check->gone[self->index], 0, sizeof check->gone[0]);
        check->seen[self->index] = check->expired[self->index] = 0;
    }
}

//  ---- drains ------------------------------------------------------------------------------------

static int64_t
s_sooner (int64_t one, int64_t other)
{
    return one < other ? one : other;
}

//  Long enough after the last fault that nobody remembers a lease of before.
static bool
s_quiet (const world_t *world)
{
    return world->phase == PHASE_END &&
           world->now_us > world->plan.faults_until_us + 5 * world->plan.lease_us;
}

//  The state that a process shows says when its drain must be over.
void
check_published (world_t *world, uint32_t node, bytes_t bytes)
{
    wire_header_t header;
    wire_reader_t body;
    beat_t beat;
    node_t *self = &world->node[node];
    bool read = wire_get_header (bytes.at, bytes.length, &header, &body) == WIRE_OK &&
                wire_get_beat (&body, &beat) == WIRE_OK;
    assert (read);
    if (beat.state != DRAIN_RUNNING && self->drain_us == INT64_MAX) {
        world->disturbed_us = world->now_us;
        self->drain_us = world->now_us + (int64_t) beat.left_ms * 1000 + LEAVE_US + SLACK_US;
        if (beat.why == WHY_SOURCE_ENDED && s_quiet (world)) {
            self->drain_us = s_sooner (self->drain_us, world->now_us + PROMPT_US);
        }
        world_put (world, self->drain_us, HAPPEN_WAKE, node, UINT32_MAX, self->epoch);
    }
}

void
check_drain (world_t *world, uint32_t node)
{
    node_t *self = &world->node[node];
    if (!self->alive || self->drain_us == INT64_MAX || self->paused) {
        return;
    }
    if (world->now_us >= self->drain_us) {
        world_fail (world, "the drain of %s is not over in time", self->name);
    } else {
        world_put (world, self->drain_us, HAPPEN_WAKE, node, UINT32_MAX, self->epoch);
    }
}

//  ---- work
//  --------------------------------------------------------------------------------------------

//  A simulated restart does nothing while its process stands still: what is past its lease there is
//  stopped first thing when the process goes on (s_check_task), before it is anything to the world.
static bool
s_runs_now (const world_t *world, const run_t *run)
{
    return !run->simulated || world->now_us < run->lease_us;
}

static bool
s_late (world_t *world, const run_t *run)
{
    //  Of a former publisher's lease nothing is known any more.
    const check_grant_t *grant = check_grant (world, run->job, run->grant);
    return run->simulated && (grant->late || !check_same (grant, run->grant));
}

//  A connection that breaks while its process cannot answer a probe within 500 ms looks like a
//  death: what it held is given to another at once. The design takes that risk (section 3, Deaths).
//  Seeds where nothing but connections breaks are not excused.
static bool
s_looked_dead (const world_t *world, const run_t *run)
{
    const plan_t *plan = &world->plan;
    bool silent = plan->moments[FAULT_PAUSE] || plan->moments[FAULT_CUT] ||
                  plan->moments[FAULT_CUT_ONE_WAY] || plan->chance[FAULT_LATE] > 0 ||
                  plan->chance[FAULT_LOSS] > 0 || plan->chance[FAULT_DAMAGE] > 0 ||
                  plan->chance[FAULT_OVERTAKE] > 0;
    return silent && world->now_us < world->node[run->node].broken_us + 2 * plan->lease_us;
}

//  Between publishers: only while they see the same consumers, so long after a disturbance as the
//  leases of before may last. A volatile one that was killed and started again is another one.
static bool
s_excused (world_t *world, const run_t *one, const run_t *other)
{
    int64_t settled = world->disturbed_us + 4 * world->plan.lease_us + world->plan.peer_timeout_us;
    if (s_looked_dead (world, one) || s_looked_dead (world, other)) {
        return true;
    }
    bool moved = one->name.outbox != other->name.outbox &&
                 (one->begun_us < settled || other->begun_us < settled);
    return moved || s_late (world, one) || s_late (world, other);
}

void
check_run (world_t *world, const run_t *run)
{
    const job_t *job = &world->jobs[run->job];
    const node_t *node = &world->node[run->node];
    world_trace (world, "%s restarts %s for message %u", node->name, job->hostname, run->job);
    for (uint32_t i = 0; i < world->runs.active_count; i++) {
        const run_t *other = &world->runs.list[world->runs.active[i]];
        if (world->jobs[other->job].host != job->host || !s_runs_now (world, other) ||
            s_excused (world, run, other)) {
            continue;
        }
        world_fail (world, "%s is restarted twice at once: by %s for message %u and by %s for %u",
                    job->hostname, world->node[other->node].name, other->job, node->name, run->job);
    }
    if (world->check.told[node->index][run->job] & STEP_RESTARTED) {
        world_fail (world, "%s restarts %s again, though it was told that this was done",
                    node->name, job->hostname);
    } else if (run->lease_us <= world->now_us) {
        world_fail (world, "%s begins a restart outside its lease", node->name);
    } else if (runs_of (world, run->node) >= world->plan.concurrency) {
        world_fail (world, "%s restarts more hosts than it has slots", node->name);
    } else if (job->bad) {
        world_fail (world, "%s restarts a host with a bad name", node->name);
    }
}

void
check_told (world_t *world, uint32_t node, uint32_t job, uint8_t steps)
{
    world->check.told[world->node[node].index][job] |= steps;
}

void
check_op (world_t *world, uint32_t node, const effect_t *effect)
{
    const node_t *self = &world->node[node];
    const disk_t *disk = &world->disk[self->index];
    const row_t *row = &effect->store.row;
    uint64_t seq = effect->kind == EFFECT_STORE ? row->seq : effect->store.number;
    if (seq == 0 || seq >= DISK_SEQS) {
        world_fail (world, "%s writes seq %lu", self->name, seq);
    } else if (effect->kind == EFFECT_GRANTED) {
        return;
    } else if (effect->kind == EFFECT_STORE) {
        memcpy (&world->check.jobs[self->index][seq], row->id, sizeof (uint32_t));
        bool dead = disk->latest[seq] == ROW_DEAD;
        if (disk->latest[seq] == ROW_REMOVED || (dead && !row->dead)) {
            world_fail (world, "%s revives seq %lu, which was settled", self->name, seq);
        } else if (row->dead && !dead && row->delivery < world->plan.max_deliveries &&
                   row->lost < world->plan.max_lost &&
                   !world->jobs[world->check.jobs[self->index][seq]].bad) {
            world_fail (world, "%s buries seq %lu after %u deliveries", self->name, seq,
                        row->delivery);
        }
    } else if (disk->latest[seq] != ROW_KEPT && disk->latest[seq] != ROW_DEAD) {
        world_fail (world, "%s settles seq %lu twice", self->name, seq);
    } else if (!check_really_done (world, world->check.jobs[self->index][seq])) {
        world_fail (world, "%s removes seq %lu, which is not done", self->name, seq);
    }
}

//  ---- after every step
//  -------------------------------------------------------------------------------

typedef struct {
    world_t *world;
    uint32_t index;
    uint32_t count;
    uint64_t epoch;
    uint64_t hosts[DISK_SEQS];
} audit_t;

typedef struct {
    world_t *world;
    const node_t *node;
} leases_t;

static void
s_audit_host (audit_t *audit, uint64_t host)
{
    for (uint32_t i = 0; i < audit->count; i++) {
        if (audit->hosts[i] == host) {
            world_fail (audit->world, "publisher-%u has two leases for one host", audit->index + 1);
        }
    }
    if (audit->count < DISK_SEQS) {
        audit->hosts[audit->count++] = host;
    }
}

//  Where processes only die, what a dead handler held is told to be lost within moments.
static bool
s_only_deaths (const plan_t *plan)
{
    for (uint32_t kind = 0; kind < FAULT_FAILURE; kind++) {
        bool disk = kind == FAULT_DISK_FULL || kind == FAULT_DISK_SLOW;
        if (kind != FAULT_CRASH && !disk &&
            (kind < FAULT_MOMENTS ? plan->moments[kind] > 0 : plan->chance[kind] > 0)) {
            return false;
        }
    }
    return plan->fail_consume <= 0;
}

static void
s_audit_dead (audit_t *audit, const publisher_entry_t *entry)
{
    world_t *world = audit->world;
    uint32_t job = world->check.jobs[audit->index][entry->name.seq];
    const check_grant_t *grant = check_grant (world, job, entry->grant);
    if (!grant->holder || !s_only_deaths (&world->plan) || !check_same (grant, entry->grant) ||
        entry->state != MESSAGE_LEASED) {
        return;
    }
    int64_t since_us = INT64_MAX;
    bool carried = false;
    for (uint32_t i = 0; i < world->nodes; i++) {
        const node_t *node = &world->node[i];
        if (node->stage == STAGE_HANDLER && node->former == grant->holder) {
            since_us = node->died_us;
        }
    }
    for (uint32_t i = 0; i < world->nodes; i++) {
        const node_t *node = &world->node[i];
        bool steady = node->alive && node->born_us < grant->sent_us && node->drain_us == INT64_MAX;
        carried |= steady && node->epoch == entry->via;
    }
    if (carried && since_us != INT64_MAX && world->now_us > since_us + CHECK_LOST_US) {
        world_fail (world, "publisher-%u still waits for a dead handler to finish seq %lu",
                    audit->index + 1, entry->name.seq);
    }
}

//  What a consumer has left out of its list, and nobody ever spoke of, did not arrive: its
//  lease must not wait to run out.
static void
s_audit_unlisted (audit_t *audit, const publisher_entry_t *entry)
{
    world_t *world = audit->world;
    uint32_t job = world->check.jobs[audit->index][entry->name.seq];
    const check_grant_t *grant = check_grant (world, job, entry->grant);
    if (entry->state != MESSAGE_LEASED || !check_same (grant, entry->grant) || grant->listed ||
        grant->holder) {
        return;
    }
    for (uint32_t i = 0; i < world->nodes; i++) {
        const check_list_t *list = &world->check.lists[audit->index][i];
        if (list->epoch == entry->via && list->link > grant->link && list->current == list->link &&
            world->now_us > list->at_us + CHECK_LIST_US) {
            world_fail (world, "publisher-%u keeps seq %lu leased, which never arrived",
                        audit->index + 1, entry->name.seq);
        }
    }
}

static void
s_audit_message (const publisher_entry_t *entry, void *arg)
{
    audit_t *audit = arg;
    uint8_t *gone = audit->world->check.gone[audit->index];
    if (entry->name.seq >= DISK_SEQS) {
        return;
    }
    //  Leases of a former process are taken over as they are listed, with those that are settled
    //  and not confirmed yet: what really runs is checked in the world.
    bool leased = entry->state == MESSAGE_LEASED || entry->state == MESSAGE_GHOST;
    if (leased && entry->grant.epoch == audit->epoch) {
        s_audit_host (audit, entry->host);
        s_audit_dead (audit, entry);
        s_audit_unlisted (audit, entry);
    }
    if (gone[entry->name.seq] == 2) {
        world_fail (audit->world, "publisher-%u has seq %lu again, which was settled",
                    audit->index + 1, entry->name.seq);
    }
    gone[entry->name.seq] = 3; // seen in this audit
}

static void
s_audit_publisher (world_t *world, node_t *self)
{
    audit_t audit = {.world = world, .index = self->index, .epoch = self->epoch};
    publisher_assert (self->core);
    publisher_audit (self->core, s_audit_message, &audit);
    uint8_t *gone = world->check.gone[self->index];
    for (uint64_t seq = 1; seq <= world->check.seen[self->index]; seq++) {
        gone[seq] = gone[seq] == 3 ? 1 : gone[seq] ? 2 : 0;
    }
    for (uint64_t seq = world->check.seen[self->index] + 1; seq < DISK_SEQS; seq++) {
        gone[seq] = gone[seq] ? 1 : 0;
    }
}

//  After a stall of its own the granter expires nothing for one extension interval.
static void
s_check_expiry (world_t *world, const node_t *self, uint64_t expired)
{
    const plan_t *plan = &world->plan;
    uint64_t *known = &world->check.expired[self->index];
    if (expired > *known && world->now_us < self->stalled_us + plan->lease_us * 2 / 3) {
        world_fail (world, "%s lets a lease expire right after it stood still", self->name);
    }
    *known = expired;
}

static void
s_check_books (world_t *world, const node_t *self)
{
    publisher_books_t books = publisher_books (self->core);
    s_check_expiry (world, self, books.expired);
    uint64_t sum = books.pending + books.leased + books.done + books.dead + books.dropped;
    if (books.accepted != sum) {
        world_fail (world,
                    "the books of %s: accepted %lu, but pending %lu leased %lu done %lu "
                    "dead %lu dropped %lu",
                    self->name, books.accepted, books.pending, books.leased, books.done, books.dead,
                    books.dropped);
    }
}

//  A simulated restart knows its lease from its handler alone, which must have ended it by then. A
//  command has a guard for that.
static void
s_check_task (void *arg, const handler_audit_t *task)
{
    leases_t *leases = arg;
    world_t *world = leases->world;
    uint32_t job = check_job (world, task->name);
    int64_t asked_us = job < SIM_MESSAGES ? world->check.asked_us[leases->node->index][job] : 0;
    if (asked_us && !task->settled &&
        task->lease_end_us - leases->node->clock_us > asked_us + world->plan.lease_us) {
        world_fail (world, "%s counts its lease of seq %lu from later than it asked for it",
                    leases->node->name, task->name.seq);
    }
    if (!task->running || task->real) {
        return;
    }
    int64_t end_us = task->lease_end_us - leases->node->clock_us;
    for (uint32_t i = 0; i < world->runs.active_count; i++) {
        run_t *run = &world->runs.list[world->runs.active[i]];
        if (run->node == leases->node->id && run->name.seq == task->name.seq &&
            run->name.outbox == task->name.outbox) {
            run->lease_us = end_us;
        }
    }
    if (world->now_us > end_us) {
        world_fail (world, "%s goes on restarting for seq %lu past its lease", leases->node->name,
                    task->name.seq);
    }
}

void
check_step (world_t *world, uint32_t node)
{
    node_t *self = &world->node[node];
    bool audit = ++world->check.turns % CHECK_EVERY == 0;
    switch (self->stage) {
    case STAGE_PUBLISHER:
        s_check_books (world, self);
        if (audit) {
            s_audit_publisher (world, self);
        }
        break;
    case STAGE_CONSUMER:
        if (audit) {
            consumer_assert (self->core);
        }
        break;
    case STAGE_HANDLER:
        handler_audit (self->core, s_check_task, &(leases_t){world, self});
        if (audit) {
            handler_assert (self->core);
        }
        break;
    case STAGE_COUNT: assert (false);
    }
}

//  ---- the end
//  ------------------------------------------------------------------------------------------

static void
s_exit_publisher (world_t *world, node_t *self, int code)
{
    publisher_books_t books = publisher_books (self->core);
    if (code == EXIT_CLEAN && books.leased) {
        world_fail (world, "%s leaves with 0, but %lu messages are leased", self->name,
                    books.leased);
    } else if (code == EXIT_CLEAN && world->plan.is_volatile[self->index] && books.pending) {
        world_fail (world, "%s leaves with 0, but %lu messages are pending and void", self->name,
                    books.pending);
    }
    s_audit_publisher (world, self);
    s_check_books (world, self);
}

void
check_exit (world_t *world, uint32_t node, int code)
{
    node_t *self = &world->node[node];
    if (code < 0) {
        return;
    }
    if (code != EXIT_CLEAN && code != EXIT_HANDED_BACK && code != EXIT_CONFIG &&
        code != EXIT_INTERNAL && code <= 128) {
        world_fail (world, "%s leaves with %d", self->name, code);
    } else if (code > 128 && self->signals < 3) {
        world_fail (world, "%s leaves with %d after %d signals", self->name, code, self->signals);
    } else if (self->stage == STAGE_HANDLER && code < 128 && runs_of (world, node)) {
        world_fail (world, "%s leaves, but %u restarts run", self->name, runs_of (world, node));
    } else if (self->stage == STAGE_PUBLISHER) {
        s_exit_publisher (world, self, code);
    } else if (code == EXIT_CLEAN && node_in_hand (self)) {
        world_fail (world, "%s leaves with 0, but has %u in hand", self->name, node_in_hand (self));
    }
}

void
check_end (world_t *world)
{
    for (uint32_t i = 0; i < world->plan.publishers; i++) {
        uint32_t pending = disk_pending (&world->disk[i]);
        if (!world->plan.is_volatile[i] && pending) {
            world_fail (world, "%u messages of publisher-%u are neither done nor dead", pending,
                        i + 1);
        }
    }
    for (uint32_t job = 0; job < world->plan.messages; job++) {
        if (!world->jobs[job].submitted) {
            world_fail (world, "message %u was never accepted", job);
        }
    }
    if (world->runs.active_count) {
        world_fail (world, "everybody is gone, but %u restarts run", world->runs.active_count);
    }
}
