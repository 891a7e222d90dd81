#include "tests/sim/faults.h"

#include "tests/sim/world.h"

#include <assert.h>

#define NOBODY SIM_NODES

void
faults_plan (world_t *world)
{
    for (uint32_t kind = 0; kind < FAULT_MOMENTS; kind++) {
        for (uint32_t i = 0; i < world->plan.moments[kind]; i++) {
            int64_t at = world_between (world, 0, world->plan.faults_until_us);
            world_put (world, at, HAPPEN_FAULT, 0, kind, 0);
        }
    }
}

static uint32_t
s_victim (world_t *world)
{
    uint32_t node = (uint32_t) prng_below (&world->prng, world->nodes);
    return world->node[node].alive && !world->node[node].paused ? node : NOBODY;
}

//  Two neighbours.
static bool
s_pair (world_t *world, uint32_t *one, uint32_t *other)
{
    *one = (uint32_t) prng_below (&world->prng, world->nodes);
    *other = (uint32_t) prng_below (&world->prng, world->nodes);
    stage_t first = world->node[*one].stage;
    stage_t second = world->node[*other].stage;
    return first == second + 1 || second == first + 1;
}

static bool
s_crash (world_t *world)
{
    uint32_t node = s_victim (world);
    if (node == NOBODY) {
        return false;
    }
    node_crash (world, node);
    world->node[node].starting = true;
    world_put (world, world->now_us + world_between (world, 50000, 6000000), HAPPEN_START, node, 0,
               0);
    return true;
}

static bool
s_pause (world_t *world)
{
    uint32_t node = s_victim (world);
    if (node == NOBODY) {
        return false;
    }
    node_pause (world, node);
    int64_t most = world_odds (world, 0.5) ? 3000000 : 12000000;
    world_put (world, world->now_us + world_between (world, 20000, most), HAPPEN_RESUME, node, 0,
               0);
    return true;
}

static bool
s_cut (world_t *world, bool both)
{
    uint32_t one;
    uint32_t other;
    if (!s_pair (world, &one, &other)) {
        return false;
    }
    bool loses = world_odds (world, 0.5);
    int64_t most = world_odds (world, 0.5) ? 3000000 : 12000000;
    int64_t until = world->now_us + world_between (world, 50000, most);
    world_trace (world, "cut %s -> %s%s", world->node[one].name, world->node[other].name,
                 both ? " and back" : "");
    net_cut (world, one, other, loses);
    world_put (world, until, HAPPEN_CALM, other, one, 0);
    if (both) {
        net_cut (world, other, one, loses);
        world_put (world, until, HAPPEN_CALM, one, other, 0);
    }
    return true;
}

static bool
s_reset (world_t *world)
{
    uint32_t one;
    uint32_t other;
    if (!s_pair (world, &one, &other)) {
        return false;
    }
    world_trace (world, "break %s - %s", world->node[one].name, world->node[other].name);
    net_break (world, one, other);
    return true;
}

static bool
s_drain (world_t *world, const happen_t *happen)
{
    static const int numbers[] = {1, 2, 3, 15};
    uint32_t node = happen->extra ? happen->node : s_victim (world);
    if (node == NOBODY || !world->node[node].alive ||
        (happen->extra && world->node[node].life != happen->life)) {
        return false;
    }
    int number = world_odds (world, 0.05) ? 10 : numbers[prng_below (&world->prng, 4)];
    world_trace (world, "signal %d to %s", number, world->node[node].name);
    node_signal (world, node, number);
    if (happen->extra < 2 && world_odds (world, 0.3)) {
        world_put (world, world->now_us + world_between (world, 0, 2000000), HAPPEN_FAULT, node,
                   FAULT_DRAIN, happen->extra + 1);
    }
    world->disturbed_us = world->now_us;
    return true;
}

static bool
s_exception (world_t *world)
{
    uint32_t node = s_victim (world);
    if (node == NOBODY) {
        return false;
    }
    world_trace (world, "an exception in %s", world->node[node].name);
    world->node[node].mail.fault = true;
    node_touch (world, node);
    return true;
}

static bool
s_disk (world_t *world, fault_t kind)
{
    uint32_t node = (uint32_t) prng_below (&world->prng, world->plan.publishers);
    if (kind == FAULT_DISK_FULL) {
        disk_fill (world, node, true);
    } else {
        world->disk[node].slow = true;
    }
    world_put (world, world->now_us + world_between (world, 100000, 8000000), HAPPEN_CALM, node,
               NOBODY, 0);
    return true;
}

static bool
s_try (world_t *world, const happen_t *happen)
{
    switch ((fault_t) happen->item) {
    case FAULT_CRASH: return s_crash (world);
    case FAULT_PAUSE: return s_pause (world);
    case FAULT_CUT: return s_cut (world, true);
    case FAULT_CUT_ONE_WAY: return s_cut (world, false);
    case FAULT_RESET: return s_reset (world);
    case FAULT_DRAIN: return s_drain (world, happen);
    case FAULT_FAULT: return s_exception (world);
    case FAULT_DISK_FULL:
    case FAULT_DISK_SLOW: return s_disk (world, (fault_t) happen->item);
    case FAULT_LOSS:
    case FAULT_COPY:
    case FAULT_LATE:
    case FAULT_OVERTAKE:
    case FAULT_DAMAGE:
    case FAULT_FAILURE:
    case FAULT_HANG:
    case FAULT_KINDS: break;
    }
    assert (false);
    return false;
}

//  Whom it would befall is drawn anew until it can.
void
faults_begin (world_t *world, const happen_t *happen)
{
    for (uint32_t tries = 0; tries < 20; tries++) {
        if (s_try (world, happen)) {
            world->tally[happen->item]++;
            world->disturbed_us = world->now_us;
            return;
        }
    }
}

void
faults_end (world_t *world, const happen_t *happen)
{
    if (happen->item != NOBODY) {
        net_heal (world, happen->item, happen->node);
        return;
    }
    disk_fill (world, happen->node, false);
    world->disk[happen->node].slow = false;
}
