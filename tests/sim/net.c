#include "tests/sim/world.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define NET_LOST       UINT32_MAX // life of nobody
#define NET_NOTICE_US  3000       // until a state socket sees a subscription end
#define NET_GRID_US    250        // arrivals come together, as in a real inbox
#define NET_LATE_US    4000000
#define NET_CONNECT_US 200000 // until a PUSH finds the process that is back

static const uint32_t s_sizes[NET_CLASSES] = {320, 2048, 16384, FRAME_BYTES_MAX};

void
net_reset (net_t *self)
{
    frame_t *frames = self->frames;
    uint32_t room = self->room;
    uint32_t count = self->count;
    *self = (net_t){.frames = frames, .room = room, .count = count};
    for (uint32_t size = 0; size < NET_CLASSES; size++) {
        self->spare[size] = NET_NONE;
    }
    for (uint32_t item = count; item-- > 0;) {
        frames[item].next = self->spare[frames[item].size];
        self->spare[frames[item].size] = item;
    }
    for (uint32_t node = 0; node < SIM_NODES; node++) {
        for (uint32_t slot = 0; slot < LINKS_MAX; slot++) {
            self->push[node][slot].first = self->push[node][slot].last = NET_NONE;
        }
    }
}

void
net_term (net_t *self)
{
    for (uint32_t item = 0; item < self->count; item++) {
        free (self->frames[item].bytes);
    }
    free (self->frames);
    *self = (net_t){0};
}

frame_t *
net_frame (world_t *world, uint32_t item)
{
    assert (item < world->net.count);
    return &world->net.frames[item];
}

void
net_free (world_t *world, uint32_t item)
{
    frame_t *frame = net_frame (world, item);
    frame->next = world->net.spare[frame->size];
    world->net.spare[frame->size] = item;
}

static uint32_t
s_new (net_t *self, uint8_t size)
{
    if (self->count == self->room) {
        self->room = self->room ? 2 * self->room : 1024;
        self->frames = realloc (self->frames, self->room * sizeof *self->frames);
        assert (self->frames);
    }
    frame_t *frame = &self->frames[self->count];
    *frame = (frame_t){.bytes = malloc (s_sizes[size]), .size = size};
    assert (frame->bytes);
    return self->count++;
}

static uint32_t
s_take (world_t *world, uint32_t src, uint32_t dst, bytes_t bytes)
{
    net_t *self = &world->net;
    uint8_t size = 0;
    while (bytes.length > s_sizes[size]) {
        size++;
        assert (size < NET_CLASSES);
    }
    uint32_t item = self->spare[size];
    if (item != NET_NONE) {
        self->spare[size] = self->frames[item].next;
    } else {
        item = s_new (self, size);
    }
    frame_t *frame = &self->frames[item];
    memcpy (frame->bytes, bytes.at, bytes.length);
    frame->length = (uint32_t) bytes.length;
    frame->next = NET_NONE;
    frame->slot = LINKS_MAX;
    frame->src = (uint16_t) src;
    frame->dst = (uint16_t) dst;
    frame->dst_life = world->node[dst].alive ? world->node[dst].life : 0;
    return item;
}

//  Damage that a receiver can see. Neither ipc nor tcp flips bits, and the frames have no check
//  sum, so a flip inside a record may make another legal record: that no receiver could know. So
//  only what makes a frame illegal is done here: its end is cut off, or magic, version, receiver,
//  count or length are wrong. Verb, link, sender and number are spared: another legal value of
//  these is a forgery, not damage (a BEAT that has become a BYE).
static void
s_damage (world_t *world, frame_t *frame)
{
    static const uint8_t places[] = {0, 1, 3, 16, 17, 18, 19, 20, 21, 22, 23, 32, 36, 37};
    if (world_odds (world, 0.5)) {
        frame->length = (uint32_t) world_between (world, 0, frame->length - 1);
        return;
    }
    uint64_t place = prng_below (&world->prng, sizeof places);
    frame->bytes[places[place]] ^= (uint8_t) (1u << prng_below (&world->prng, 8));
}

static int64_t
s_latency (world_t *world)
{
    return world_between (world, 20, world->plan.latency_us);
}

static int64_t
s_grid (int64_t at_us)
{
    return (at_us / NET_GRID_US + 1) * NET_GRID_US;
}

static void
s_wait (push_t *push, world_t *world, uint32_t item)
{
    net_frame (world, item)->next = NET_NONE;
    if (push->first == NET_NONE) {
        push->first = item;
    } else {
        net_frame (world, push->last)->next = item;
    }
    push->last = item;
}

//  On its way: in order behind what this PUSH sent before, unless it overtakes.
static void
s_fly (world_t *world, push_t *push, uint32_t item)
{
    const frame_t *frame = net_frame (world, item);
    int64_t at = world->now_us + s_latency (world);
    if (world_fault (world, FAULT_LATE)) {
        at += world_between (world, 0, NET_LATE_US);
    }
    bool overtakes = world_fault (world, FAULT_OVERTAKE);
    if (overtakes) {
        at += world_between (world, 0, 4 * world->plan.latency_us);
    } else if (push) {
        at = at > push->last_us ? at : push->last_us;
        push->last_us = at;
    }
    world_put (world, s_grid (at), HAPPEN_FRAME, frame->dst, item, 0);
}

static void
s_copy (world_t *world, uint32_t item)
{
    frame_t *frame = net_frame (world, item);
    bytes_t bytes = {frame->bytes, frame->length};
    uint32_t slot = frame->slot;
    uint32_t opening = frame->opening;
    uint32_t twin = s_take (world, frame->src, frame->dst, bytes);
    net_frame (world, twin)->slot = slot;
    net_frame (world, twin)->opening = opening;
    int64_t at = world->now_us + s_latency (world) + world_between (world, 0, 300000);
    world_put (world, s_grid (at), HAPPEN_FRAME, net_frame (world, twin)->dst, twin, 0);
}

static void
s_post (world_t *world, push_t *push, uint32_t item)
{
    frame_t *frame = net_frame (world, item);
    bool cut = world->net.cuts[frame->src][frame->dst] > 0;
    bool lost = cut && (!push || world->net.loses[frame->src][frame->dst]);
    if (lost || (!push && !frame->dst_life) || world_fault (world, FAULT_LOSS)) {
        net_free (world, item);
        return;
    }
    if (world_fault (world, FAULT_COPY)) {
        s_copy (world, item);
        frame = net_frame (world, item);
    }
    if (world_fault (world, FAULT_DAMAGE)) {
        s_damage (world, frame);
    }
    s_fly (world, push, item);
}

static void
s_drop_waiting (world_t *world, push_t *push)
{
    while (push->first != NET_NONE) {
        uint32_t item = push->first;
        push->first = net_frame (world, item)->next;
        net_free (world, item);
    }
    push->last = NET_NONE;
}

static void
s_notice (world_t *world, uint32_t watcher, uint32_t watched, int64_t extra_us)
{
    const node_t *node = &world->node[watched];
    if (!node->alive || world->net.cuts[watcher][watched]) {
        return; // behind a partition nobody sees it; the peer time-out will
    }
    world_put (world, world->now_us + world_between (world, 100, NET_NOTICE_US) + extra_us,
               HAPPEN_NOTICE, watched, watcher, world->node[watcher].epoch);
}

static bool
s_watches (const net_t *self, uint32_t node, uint32_t other)
{
    for (uint32_t slot = 0; slot < LINKS_MAX; slot++) {
        if (self->watches[node][slot] == (int8_t) (other + 1)) {
            return true;
        }
    }
    return false;
}

void
net_open (world_t *world, uint32_t node, const effect_t *effect)
{
    push_t *push = &world->net.push[node][effect->slot];
    s_drop_waiting (world, push);
    uint32_t dst = node_by_endpoint (world, effect->endpoint.at);
    uint32_t watched = node_by_endpoint (world, effect->state.at);
    assert (dst < world->nodes && watched == dst);
    *push = (push_t){.open = true,
                     .dst = (uint16_t) dst,
                     .opening = ++world->net.opening,
                     .first = NET_NONE,
                     .last = NET_NONE};
    world->net.watches[node][effect->slot] = (int8_t) (watched + 1);
    world->disturbed_us = world->now_us;
}

void
net_close (world_t *world, uint32_t node, uint32_t slot, int linger_ms)
{
    push_t *push = &world->net.push[node][slot];
    if (!push->open) {
        return;
    }
    (void) linger_ms; // what waits now has nobody to go to within a linger
    s_drop_waiting (world, push);
    push->open = false;
    check_closed (world, node, push->dst);
    world->net.watches[node][slot] = 0;
    if (!s_watches (&world->net, node, push->dst)) {
        s_notice (world, node, push->dst, 0);
    }
    world->disturbed_us = world->now_us;
}

void
net_send (world_t *world, uint32_t node, uint32_t slot, bytes_t bytes)
{
    push_t *push = &world->net.push[node][slot];
    if (!push->open) {
        world_fail (world, "%s sends to slot %u, which it has not opened", world->node[node].name,
                    slot);
        return;
    }
    world->frames++;
    uint32_t item = s_take (world, node, push->dst, bytes);
    net_frame (world, item)->slot = slot;
    net_frame (world, item)->opening = push->opening;
    s_post (world, push, item);
}

void
net_reply (world_t *world, uint32_t node, const char *endpoint, bytes_t bytes)
{
    uint32_t dst = node_by_endpoint (world, endpoint);
    assert (dst < world->nodes);
    world->frames++;
    s_post (world, NULL, s_take (world, node, dst, bytes));
}

void
net_publish (world_t *world, uint32_t node, bytes_t bytes)
{
    for (uint32_t other = 0; other < world->nodes; other++) {
        if (other == node || !world->node[other].alive || world->net.cuts[node][other] ||
            !s_watches (&world->net, other, node) || world_fault (world, FAULT_LOSS)) {
            continue;
        }
        uint32_t item = s_take (world, node, other, bytes);
        world_put (world, s_grid (world->now_us + s_latency (world)), HAPPEN_PUBLISHED, other, item,
                   0);
    }
}

static void
s_mail (world_t *world, frames_t *list, uint32_t item)
{
    net_frame (world, item)->next = NET_NONE;
    if (list->count++) {
        net_frame (world, list->last)->next = item;
    } else {
        list->first = item;
    }
    list->last = item;
}

static void
s_deliver (world_t *world, uint32_t item)
{
    node_t *dst = &world->node[net_frame (world, item)->dst];
    const frame_t *frame = net_frame (world, item);
    assert (dst->alive);
    check_arrived (world, dst->id, (bytes_t){frame->bytes, frame->length});
    s_mail (world, &dst->mail.inbox, item);
    node_touch (world, dst->id);
}

void
net_arrive (world_t *world, uint32_t item)
{
    frame_t *frame = net_frame (world, item);
    const node_t *dst = &world->node[frame->dst];
    push_t *push = frame->slot < LINKS_MAX ? &world->net.push[frame->src][frame->slot] : NULL;
    push = push && push->open && push->opening == frame->opening ? push : NULL;
    bool cut = world->net.cuts[frame->src][frame->dst] > 0;
    bool loses = cut && world->net.loses[frame->src][frame->dst];
    bool died = frame->dst_life && !(dst->alive && dst->life == frame->dst_life);
    if (!died && dst->alive && !cut && !(push && push->first != NET_NONE)) {
        s_deliver (world, item);
    } else if (!died && !loses && push) {
        s_wait (push, world, item);
    } else {
        net_free (world, item);
    }
}

void
net_hear (world_t *world, uint32_t item)
{
    frame_t *frame = net_frame (world, item);
    node_t *dst = &world->node[frame->dst];
    if (dst->alive && dst->life == frame->dst_life) {
        s_mail (world, &dst->mail.published, item);
        node_touch (world, frame->dst);
    } else {
        net_free (world, item);
    }
}

void
net_gone (world_t *world, uint32_t node)
{
    for (uint32_t slot = 0; slot < LINKS_MAX; slot++) {
        push_t *push = &world->net.push[node][slot];
        if (!push->open) {
            continue;
        }
        s_drop_waiting (world, push);
        push->open = false;
    }
    for (uint32_t other = 0; other < world->nodes; other++) {
        if (other != node && s_watches (&world->net, node, other)) {
            s_notice (world, node, other, 0);
        }
    }
    memset (world->net.watches[node], 0, sizeof world->net.watches[node]);
    world->disturbed_us = world->now_us;
}

//  What waits arrives, in order.
static void
s_flow (world_t *world, uint32_t from, uint32_t to)
{
    for (uint32_t slot = 0; slot < LINKS_MAX; slot++) {
        push_t *push = &world->net.push[from][slot];
        while (push->open && push->dst == to && push->first != NET_NONE) {
            uint32_t item = push->first;
            push->first = net_frame (world, item)->next;
            s_deliver (world, item);
        }
    }
}

void
net_back (world_t *world, uint32_t node)
{
    //  A PUSH finds the process that is back by and by: until then it is cut off from it.
    for (uint32_t other = 0; other < world->nodes; other++) {
        if (other != node) {
            net_cut (world, other, node, false);
            world_put (world, world->now_us + world_between (world, 200, NET_CONNECT_US),
                       HAPPEN_CALM, node, other, 0);
        }
    }
}

void
net_cut (world_t *world, uint32_t from, uint32_t to, bool loses)
{
    world->net.cuts[from][to]++;
    world->net.loses[from][to] = loses;
    world->disturbed_us = world->now_us;
}

void
net_heal (world_t *world, uint32_t from, uint32_t to)
{
    assert (world->net.cuts[from][to] > 0);
    if (--world->net.cuts[from][to] == 0) {
        world->net.loses[from][to] = false;
        if (world->node[to].alive) {
            s_flow (world, from, to);
        }
    }
    world->disturbed_us = world->now_us;
}

//  A new connection does not wait for the frames of the old one.
static void
s_reconnect (world_t *world, uint32_t from, uint32_t to)
{
    for (uint32_t slot = 0; slot < LINKS_MAX; slot++) {
        push_t *push = &world->net.push[from][slot];
        if (push->open && push->dst == to) {
            push->last_us = world->now_us;
        }
    }
}

//  What is under way is lost, what waits is not; both see each other's subscriptions end.
void
net_break (world_t *world, uint32_t one, uint32_t other)
{
    queue_t *queue = &world->queue;
    for (size_t at = 1; at <= queue->count; at++) {
        if (queue->heap[at].kind == HAPPEN_FRAME) {
            frame_t *frame = net_frame (world, queue->heap[at].item);
            bool between = (frame->src == one && frame->dst == other) ||
                           (frame->src == other && frame->dst == one);
            frame->dst_life = between ? NET_LOST : frame->dst_life;
        }
    }
    s_reconnect (world, one, other);
    s_reconnect (world, other, one);
    world->node[one].broken_us = world->node[other].broken_us = world->now_us;
    if (world->node[one].alive && s_watches (&world->net, one, other)) {
        s_notice (world, one, other, 0);
    }
    if (world->node[other].alive && s_watches (&world->net, other, one)) {
        s_notice (world, other, one, 0);
    }
    world->disturbed_us = world->now_us;
}
