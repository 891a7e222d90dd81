//  The order of a turn: what is confirmed makes room, what is due or touched acts, what came of it
//  is sent, and the credit is what is left.
//
//  Each queue has a quota, and the one that makes effects of its own leaves room for those behind
//  it: so a flood of work cannot hold up extensions, nor those the settlements. What is left over
//  makes the deadline `now`, and the shell turns again after it has looked at its sockets.

#include "handler/handler_private.h"

#include <assert.h>

//  A link that is up again: everything unconfirmed is said over it. What else happens to a consumer
//  changes nothing: the tasks are held from the publisher.
static void
s_news (handler_t *self)
{
    for (uint32_t slot = 0; slot < LINKS_UP_MAX; slot++) {
        peer_t *peer = links_peer (self->links, slot);
        if (peer->news & NEWS_UP) {
            packs_again (self->packs);
        }
        peer->news = 0;
    }
}

//  Tasks whose time has come are looked at like those that something happened to.
static bool
s_due (handler_t *self)
{
    for (uint32_t done = 0; done < TURN_QUOTA; done++) {
        uint32_t slot = tasks_next_due (self->tasks, self->now_us);
        if (slot == SLAB_NONE) {
            return false;
        }
        tasks_touch (self->tasks, slot);
    }
    return true;
}

//  The tasks that something happened to, in the order it did.
static bool
s_touched (handler_t *self, effects_t *effects)
{
    for (uint32_t done = 0; done < TURN_QUOTA; done++) {
        bool room = effects_room (effects, ACT_EFFECTS + SEND_EFFECTS + END_EFFECTS,
                                  ACT_BYTES + SEND_BYTES + END_BYTES);
        uint32_t slot = room ? tasks_next_touched (self->tasks) : SLAB_NONE;
        if (slot == SLAB_NONE) {
            break;
        }
        handler_act (self, slot, effects);
    }
    return tasks_any_touched (self->tasks);
}

//  Free are the slots of tasks that are not in a pack, as long as the slab has room for them: what
//  is unconfirmed takes no slot but memory, which is bounded too.
static void
s_credit (handler_t *self)
{
    uint64_t slots = 0;
    if (self->drain.state == DRAIN_RUNNING && self->unsent < self->limits.concurrency) {
        slots = self->limits.concurrency - self->unsent;
        uint32_t room = tasks_room (self->tasks);
        slots = slots < room ? slots : room;
    }
    links_grant (self->links, slots);
}

//  Tasks whose own consumer is not up: they need another one to settle by.
static uint32_t
s_stranded (handler_t *self)
{
    uint32_t count = 0;
    for (uint32_t slot = 0; slot < LINKS_UP_MAX; slot++) {
        bool up = links_peer (self->links, slot)->phase == PEER_UP;
        count += up ? 0 : routes_in_hand (self->routes, slot);
    }
    return count;
}

//  BYE: nothing that came over this link is in hand, and nothing sent over it is unconfirmed. Who
//  drains keeps its last links for what it still has to say; for a consumer that drains it does not
//  hold up that one's drain.
static void
s_bye (handler_t *self)
{
    bool keep = self->drain.state != DRAIN_RUNNING && s_stranded (self) > 0;
    for (uint32_t slot = 0; slot < LINKS_UP_MAX; slot++) {
        bool empty = routes_in_hand (self->routes, slot) == 0 && packs_out (self->packs, slot) == 0;
#if MAYHEM_BUG == 11
        empty = self->unsent == 0;
#endif
        links_peer (self->links, slot)->bye_ready = empty && !keep;
    }
}

void
handler_turn (handler_t *self, effects_t *effects)
{
    assert (effects->count == 0);
    links_begin (self->links, self->now_us, &self->drain, effects);
    handler_drain_begin (self, effects);
    bool again = handler_close_packs (self, effects);
    again |= handler_send_holding (self, effects);
    s_news (self);
    again |= s_due (self);
    again |= s_touched (self, effects);
    again |= handler_send_extensions (self, effects);
    again |= handler_send_packs (self, effects);
    s_credit (self);
    s_bye (self);
    self->again = again;
    handler_drain_end (self, effects);
}
