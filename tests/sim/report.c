#include "tests/sim/report.h"

#include <inttypes.h>

void
report_add (report_t *self, const world_t *world)
{
    self->seeds++;
    self->turns += world->steps;
    self->frames += world->frames;
    self->messages += world->plan.messages;
    self->restarts += world->runs.count;
    self->virtual_ms += (uint64_t) world->now_us / 1000;
    for (uint32_t kind = 0; kind < FAULT_KINDS; kind++) {
        self->tally[kind] += world->tally[kind];
    }
}

static void
s_tally (const uint64_t tally[FAULT_KINDS])
{
    for (uint32_t kind = 0; kind < FAULT_KINDS; kind++) {
        printf (" %s %" PRIu64, fault_word ((fault_t) kind), tally[kind]);
    }
    putchar ('\n');
}

void
report_seed (const world_t *world)
{
    const plan_t *plan = &world->plan;
    printf ("seed %" PRIu64 ": %ux%ux%u, %u messages, %.1f s, %" PRIu64 " turns, hash %016" PRIx64
            ", faults:",
            plan->seed, plan->publishers, plan->consumers, plan->handlers, plan->messages,
            (double) world->now_us / 1e6, world->steps, world->hash);
    s_tally (world->tally);
}

void
report_sum (const report_t *reports, uint32_t count)
{
    report_t sum = {0};
    for (uint32_t i = 0; i < count; i++) {
        sum.seeds += reports[i].seeds;
        sum.turns += reports[i].turns;
        sum.frames += reports[i].frames;
        sum.messages += reports[i].messages;
        sum.restarts += reports[i].restarts;
        sum.virtual_ms += reports[i].virtual_ms;
        for (uint32_t kind = 0; kind < FAULT_KINDS; kind++) {
            sum.tally[kind] += reports[i].tally[kind];
        }
    }
    printf ("%" PRIu64 " seeds, %.1f virtual hours, %" PRIu64 " messages, %" PRIu64
            " restarts, %" PRIu64 " turns, %" PRIu64 " frames\nfaults:",
            sum.seeds, (double) sum.virtual_ms / 3.6e6, sum.messages, sum.restarts, sum.turns,
            sum.frames);
    s_tally (sum.tally);
}

//  Two passes over the file: count, then print from there.
void
report_tail (FILE *trace, uint32_t lines)
{
    uint32_t count = 0;
    rewind (trace);
    for (int byte; (byte = fgetc (trace)) != EOF;) {
        count += byte == '\n';
    }
    rewind (trace);
    for (int byte; (byte = fgetc (trace)) != EOF;) {
        if (count <= lines) {
            putchar (byte);
        }
        count -= byte == '\n';
    }
}
