//  What goes up: holdings, extensions, settlements. By the consumer that the task came by, by any
//  other one while that is not up.

#include "handler/handler_private.h"

#include <assert.h>

//  A link that still takes what the handler says: after BYE there is nothing more to say.
static bool
s_up (const peer_t *peer)
{
    return peer->phase == PEER_UP && !peer->bye_said;
}

//  The consumer to say something by: that one, or any that is up. NULL: none is up at all.
static peer_t *
s_consumer (handler_t *self, uint32_t via)
{
    peer_t *peer = links_peer (self->links, via);
    for (uint32_t slot = 0; slot < LINKS_UP_MAX && !s_up (peer); slot++) {
        peer = links_peer (self->links, slot);
    }
    return s_up (peer) ? peer : NULL;
}

static claim_t
s_claim (const handler_t *self, const task_t *task, claim_kind_t kind)
{
    return (claim_t){.name = task->work.name,
                     .grant = task->work.grant,
                     .host = task->work.host,
                     .holder = self->epoch,
                     .extension = kind == CLAIM_EXTENDS ? task->extend.number : 0,
                     .lease_ms = task->work.lease_ms,
                     .steps = task->steps,
                     .kind = (uint8_t) kind,
                     .publisher = task->work.publisher};
}

//  ---- HOLDING
//  ------------------------------------------------------------------------------------

//  A consumer hears of what came by it, and of what came by one that is not up now: it may have to
//  carry that. What another one has, too, would stay in its table with nobody to settle it there.
static bool
s_lists (handler_t *self, const task_t *task, const peer_t *peer)
{
    const peer_t *via = links_peer (self->links, routes_at (self->routes, task->route)->via);
    return via == peer || via->phase != PEER_UP;
}

//  One frame of the list: everything in hand, the settlements that are not confirmed too.
static void
s_hold (handler_t *self, peer_t *peer, effects_t *effects)
{
    assert (peer->phase == PEER_GREETED);
    assert (peer->cursor <= tasks_high (self->tasks));
    uint32_t high = tasks_high (self->tasks);
    uint32_t end = high - peer->cursor > CLAIMS_MAX ? peer->cursor + CLAIMS_MAX : high;
    packet_t packet = links_packet (self->links, peer, VERB_HOLDING, FRAME_BYTES_MAX, effects);
    for (uint32_t slot = peer->cursor; slot < end; slot++) {
        if (tasks_taken (self->tasks, slot) && s_lists (self, tasks_at (self->tasks, slot), peer)) {
            claim_t claim = s_claim (self, tasks_at (self->tasks, slot), CLAIM_HOLDS);
            wire_put_claim (&packet.writer, &claim);
            packet.count++;
        }
    }
    peer->cursor = end;
    peer->listed += packet.count;
    wire_put_u64 (&packet.writer, end == high ? 1 + peer->listed : 0);
    links_send (self->links, &packet, effects);
    if (end == high) {
        links_holding_said (self->links, self->now_us, peer);
    }
}

bool
handler_send_holding (handler_t *self, effects_t *effects)
{
    bool left = false;
    for (uint32_t slot = 0; slot < LINKS_UP_MAX; slot++) {
        peer_t *peer = links_peer (self->links, slot);
        if (peer->phase != PEER_GREETED || peer->holding_said) {
            continue;
        }
        //  One frame a turn: the list may be long, and others have to say something too.
        if (!left && effects_room (effects, 1 + SEND_EFFECTS, FRAME_BYTES_MAX + SEND_BYTES)) {
            s_hold (self, peer, effects);
        }
        left = true;
    }
    return left;
}

//  ---- Extensions
//  ---------------------------------------------------------------------------------

//  The next task of a consumer's list into the frame. SLAB_NONE: it needs none any more, or only a
//  repetition, which is no news.
static uint32_t
s_extend (handler_t *self, uint32_t via, packet_t *packet)
{
    uint32_t slot = tasks_next_to_send (self->tasks, via);
    task_t *task = tasks_at (self->tasks, slot);
    bool due = task_extends (task) && extend_due (&task->extend, self->now_us);
    bool scheduled = due && extend_send (&task->extend, self->now_us);
    if (due) {
        claim_t claim = s_claim (self, task, CLAIM_EXTENDS);
        wire_put_claim (&packet->writer, &claim);
        packet->count++;
        task->extended += scheduled;
        self->counts.extended += scheduled;
        self->counts.repeated += !scheduled;
    }
    tasks_due_at (self->tasks, slot, task_due (task, self->limits.timeout_us));
    return scheduled ? slot : SLAB_NONE;
}

//  One frame of extensions. The lines come after it: a frame under way has the arena for itself.
static void
s_extend_some (handler_t *self, uint32_t via, peer_t *peer, uint32_t count, effects_t *effects)
{
    assert (count <= TURN_QUOTA);
    uint32_t said[TURN_QUOTA];
    uint32_t says = 0;
    packet_t packet = links_packet (self->links, peer, VERB_EXTEND,
                                    HEADER_BYTES + (size_t) count * CLAIM_BYTES_MAX, effects);
    for (uint32_t i = 0; i < count; i++) {
        said[says] = s_extend (self, via, &packet);
        says += said[says] != SLAB_NONE;
    }
    links_send (self->links, &packet, effects);
    for (uint32_t i = 0; i < says; i++) {
        const task_t *task = tasks_at (self->tasks, said[i]);
        handler_say (effects, SAY_EXTENDED, task, (text_t){0}, task->extend.lease_us);
    }
}

bool
handler_send_extensions (handler_t *self, effects_t *effects)
{
    uint32_t quota = TURN_QUOTA;
    bool left = false;
    for (uint32_t via = 0; via < LINKS_UP_MAX; via++) {
        uint32_t waits = tasks_any_to_send (self->tasks, via);
        peer_t *peer = waits ? s_consumer (self, via) : NULL;
        if (!peer) {
            continue; // nobody is up: they wait, and the lease runs out by itself
        }
        uint32_t count = waits < quota ? waits : quota;
        size_t bytes = HEADER_BYTES + (size_t) count * (CLAIM_BYTES_MAX + LINE_BYTES);
        if (count && effects_room (effects, 1 + count, bytes)) {
            s_extend_some (self, via, peer, count, effects);
            quota -= count;
        }
        left |= tasks_any_to_send (self->tasks, via) > 0;
    }
    return left;
}

//  ---- Settlements
//  --------------------------------------------------------------------------------

//  What a settled task says never changes, so a pack that is sent again says the same.
static void
s_put_task (const task_t *task, packet_t *packet)
{
    assert (task->state == TASK_SETTLED);
    char reason[REASON_MAX_BYTES + 1];
    settlement_t settlement = {.name = task->work.name,
                               .grant = task->work.grant,
                               .extended = task->work.extended + task->extended,
                               .outcome = (uint8_t) task->outcome,
                               .steps = task->steps};
    settlement.reason = (text_t){reason, task_reason (task, reason)};
    wire_put_settlement (&packet->writer, &settlement);
    packet->count++;
}

//  One pack in one frame, for the first time or again.
static void
s_send_pack (handler_t *self, uint32_t pack, peer_t *peer, effects_t *effects)
{
    const pack_entry_t *entry = packs_at (self->packs, pack);
    size_t bytes = HEADER_BYTES + PACK_BYTES_MAX + (size_t) entry->tasks.count * SETTLE_BYTES_MAX;
    packet_t packet = links_packet (self->links, peer, VERB_SETTLE, bytes, effects);
    size_t length = 0;
    while (self->name[length]) {
        length++;
    }
    pack_t head = {.holder = self->epoch,
                   .number = entry->number,
                   .publisher = routes_publisher (self->routes, entry->route),
                   .holder_name = {self->name, length}};
    wire_put_pack (&packet.writer, &head);
    const list_link_t *links = tasks_links (self->tasks);
    for (uint32_t slot = list_head (&entry->tasks); slot != SLAB_NONE;
         slot = list_next (links, slot)) {
        s_put_task (tasks_at (self->tasks, slot), &packet);
    }
    links_send (self->links, &packet, effects);
    packs_sent (self->packs, pack, links_slot (self->links, peer), self->now_us);
}

//  From SETTLING to SETTLED: a slot is free.
static void
s_pack_up (handler_t *self, uint32_t slot)
{
    task_t *task = tasks_at (self->tasks, slot);
    assert (task->state == TASK_SETTLING && self->unsent > 0);
    task->state = TASK_SETTLED;
    self->counts.settled[task->outcome]++;
    if (self->drain.state != DRAIN_RUNNING && task->outcome == OUTCOME_RELEASED) {
        self->handed_back++;
    }
#if MAYHEM_BUG != 5
    self->unsent--;
#endif
}

//  A new pack of one route's tasks. Returns how many.
static uint32_t
s_new_pack (handler_t *self, uint32_t route_slot, uint32_t most)
{
    route_t *route = routes_at (self->routes, route_slot);
    list_link_t *links = tasks_links (self->tasks);
    uint32_t pack = packs_open (self->packs, route_slot);
    pack_entry_t *entry = packs_at (self->packs, pack);
    assert (route->settling.count > 0 && most <= PACK_RECORDS_MAX);
    while (entry->tasks.count < most && route->settling.count) {
        uint32_t slot = list_shift (&route->settling, links);
        s_pack_up (self, slot);
        list_append (&entry->tasks, links, slot);
    }
    if (route->settling.count) {
        routes_ready (self->routes, route_slot);
    }
    self->counts.packs++;
    return pack;
}

//  A pack is not begun unless the largest one fits.
static bool
s_room_for_pack (const effects_t *effects)
{
    size_t bytes = HEADER_BYTES + PACK_BYTES_MAX + PACK_RECORDS_MAX * SETTLE_BYTES_MAX;
    return effects_room (effects, 1, bytes);
}

//  The next pack to be sent, an old one first, and the consumer for it. SLAB_NONE: none.
static uint32_t
s_next_pack (handler_t *self, peer_t **peer)
{
    uint32_t pack = packs_due (self->packs, self->now_us);
    if (pack != SLAB_NONE) {
        uint32_t route = packs_at (self->packs, pack)->route;
        *peer = s_consumer (self, routes_at (self->routes, route)->via);
        self->counts.resent++;
        return pack;
    }
    uint32_t route = routes_next_ready (self->routes);
    if (route == SLAB_NONE) {
        return SLAB_NONE;
    }
    *peer = s_consumer (self, routes_at (self->routes, route)->via);
    return s_new_pack (self, route, PACK_RECORDS_MAX);
}

bool
handler_send_packs (handler_t *self, effects_t *effects)
{
    if (!s_consumer (self, 0)) {
        return false; // nobody is up: everything waits where it is
    }
    for (uint32_t done = 0; done < TURN_QUOTA && s_room_for_pack (effects);) {
        peer_t *peer = NULL;
        uint32_t pack = s_next_pack (self, &peer);
        if (pack == SLAB_NONE) {
            return false;
        }
        assert (peer);
        s_send_pack (self, pack, peer, effects);
        done += packs_at (self->packs, pack)->tasks.count;
    }
    return routes_any_ready (self->routes) || packs_due (self->packs, self->now_us) != SLAB_NONE;
}

//  ---- Confirmations
//  ------------------------------------------------------------------------------

//  The end of a pack and its tasks: only now is it true that they are acked.
static void
s_close_pack (handler_t *self, uint32_t pack, effects_t *effects)
{
    pack_entry_t *entry = packs_at (self->packs, pack);
    uint32_t slot;
    while ((slot = list_shift (&entry->tasks, tasks_links (self->tasks))) != SLAB_NONE) {
        const task_t *task = tasks_at (self->tasks, slot);
        assert (task->state == TASK_SETTLED);
        self->counts.confirmed[task->outcome]++;
        if (task->outcome == OUTCOME_DONE) {
            handler_say (effects, SAY_ACKED, task, (text_t){0}, 0);
        }
        tasks_give (self->tasks, slot);
        routes_give (self->routes, entry->route);
    }
    packs_close (self->packs, pack);
}

bool
handler_close_packs (handler_t *self, effects_t *effects)
{
    size_t bytes = PACK_RECORDS_MAX * LINE_BYTES;
    for (uint32_t done = 0; done < TURN_QUOTA; done += PACK_RECORDS_MAX) {
        uint32_t pack = packs_next_confirmed (self->packs);
        if (pack == SLAB_NONE) {
            return false;
        }
        if (!effects_room (effects, PACK_RECORDS_MAX, bytes)) {
            return true;
        }
        s_close_pack (self, pack, effects);
    }
    return packs_next_confirmed (self->packs) != SLAB_NONE;
}
