//  Frames to consumers: work, answers to claims, confirmed packs.

#include "publisher/send.h"
#include "publisher/lease.h"

#include <assert.h>
#include <string.h>

static text_t
s_name (const publisher_t *self)
{
    return (text_t){self->name, strlen (self->name)};
}

//  Take off the queue what belongs to a link that has ended.
static void
s_forget (publisher_t *self, turn_t *turn, uint32_t route)
{
    const peer_t *peer = lease_peer (self, route);
    bool linked = peer_linked (peer);
    const answer_t *answer = reply_first_answer (self->reply, route);
    while (answer && (!linked || answer->link != peer->link) && turn_take (turn, 0, 0)) {
        reply_drop_answer (self->reply, route);
        answer = reply_first_answer (self->reply, route);
    }
    const confirm_t *confirm = reply_first_confirm (self->reply, route);
    while (confirm && (!linked || confirm->link != peer->link) && turn_take (turn, 0, 0)) {
        reply_drop_confirm (self->reply, route);
        confirm = reply_first_confirm (self->reply, route);
    }
}

static size_t
s_fewer (size_t one, size_t other)
{
    return one < other ? one : other;
}

//  One frame of answers to one neighbour. False when nothing more can go.
static bool
s_answer (publisher_t *self, turn_t *turn, uint32_t route)
{
    peer_t *peer = lease_peer (self, route);
    size_t most = s_fewer (self->reply->answers[route].count, CLAIMS_MAX);
    size_t bytes = HEADER_BYTES + most * CLAIM_BYTES_MAX;
    if (most == 0 || peer->phase != PEER_UP || !turn_take (turn, 1, bytes)) {
        return false;
    }
    packet_t packet = links_packet (self->links, peer, VERB_ANSWER, bytes, turn->effects);
    const answer_t *answer = reply_first_answer (self->reply, route);
    while (answer && packet.count < most && answer->link == peer->link &&
           (packet.count == 0 || turn_take (turn, 1, bytes))) {
        claim_t claim = answer->claim;
        claim.publisher = s_name (self);
        wire_put_claim (&packet.writer, &claim);
        packet.count++;
        reply_drop_answer (self->reply, route);
        answer = reply_first_answer (self->reply, route);
    }
    bool some = packet.count > 0;
    links_send (self->links, &packet, turn->effects);
    return some;
}

void
send_answers (publisher_t *self, turn_t *turn)
{
    for (uint32_t route = 0; route < lease_routes (self); route++) {
        s_forget (self, turn, route);
        while (s_answer (self, turn, route)) {
        }
    }
}

//  One frame of confirmed packs. False when nothing more can go.
static bool
s_confirm (publisher_t *self, turn_t *turn, uint32_t route)
{
    peer_t *peer = lease_peer (self, route);
    size_t most = s_fewer (self->reply->confirms[route].count, CONFIRMS_MAX);
    size_t bytes = HEADER_BYTES + most * 2 * sizeof (uint64_t);
    const confirm_t *confirm = reply_first_confirm (self->reply, route);
    uint64_t durable = MAYHEM_BUG == 10 ? UINT64_MAX : self->journal->durable;
    if (!confirm || peer->phase != PEER_UP || confirm->need > durable ||
        !turn_take (turn, 1, bytes)) {
        return false;
    }
    packet_t packet = links_packet (self->links, peer, VERB_CONFIRM, bytes, turn->effects);
    while (confirm && packet.count < most && confirm->link == peer->link &&
           confirm->need <= durable && (packet.count == 0 || turn_take (turn, 1, bytes))) {
        wire_put_u64 (&packet.writer, confirm->holder);
        wire_put_u64 (&packet.writer, confirm->number);
        packet.count++;
        reply_drop_confirm (self->reply, route);
        confirm = reply_first_confirm (self->reply, route);
    }
    bool some = packet.count > 0;
    links_send (self->links, &packet, turn->effects);
    return some;
}

void
send_confirms (publisher_t *self, turn_t *turn)
{
    for (uint32_t route = 0; route < lease_routes (self); route++) {
        while (s_confirm (self, turn, route)) {
        }
    }
}

//  Who may get work: up, running, not suspect, with a handler, and not told that it is over.
static bool
s_eligible (const publisher_t *self, const peer_t *peer)
{
    return links_ready (self->links, peer, self->now_us) && peer->theirs.below > 0 &&
           !peer->eos_said;
}

void
send_deal (publisher_t *self)
{
    uint64_t consumers[LINKS_DOWN_MAX] = {0};
    for (uint32_t route = 0; route < lease_routes (self); route++) {
        const peer_t *peer = lease_peer (self, route);
        if (peer->phase == PEER_UP && s_eligible (self, peer)) {
            //  Not 0, which says that it may not.
            consumers[route] = prng_hash_bytes (peer->name, strlen (peer->name), 0) | 1;
        }
    }
    ready_deal (&self->ready, consumers);
}

//  The next message for this neighbour that may be sent: one that `granted` covers.
static uint32_t
s_next (publisher_t *self, uint32_t route)
{
    uint64_t granted = self->limits.is_volatile ? UINT64_MAX : self->journal->granted;
    for (uint32_t tries = self->ready.waiting[route].count; tries > 0; tries--) {
        uint32_t slot = ready_next (&self->ready, route);
        uint64_t seq = outbox_at (self->outbox, slot)->seq;
        if (seq <= granted) {
            return slot;
        }
        self->blocked_low = seq < self->blocked_low ? seq : self->blocked_low;
        self->blocked_high = seq > self->blocked_high ? seq : self->blocked_high;
        self->blocked++;
    }
    return SLAB_NONE;
}

static void
s_put (publisher_t *self, packet_t *packet, uint32_t slot)
{
    const message_t *message = outbox_at (self->outbox, slot);
    work_t work = {
        .name = {self->outbox_id, message->seq},
        .grant = message->grant,
        .host = self->limits.per_host ? message->host : 0, // 0: no gate anywhere
        .lease_ms = (uint32_t) (self->limits.lease_us / 1000),
        .extended = message->extended,
        .delivery = (uint16_t) (message->delivery + 1),
        .steps = message->steps,
        .redelivery = message->redelivered,
        .publisher = s_name (self),
        .instance = outbox_text (self->outbox, message, TEXT_INSTANCE),
        .hostname = outbox_text (self->outbox, message, TEXT_HOSTNAME),
        .reason = outbox_text (self->outbox, message, TEXT_REASON),
        .requested_by = outbox_text (self->outbox, message, TEXT_REQUESTED_BY),
    };
    memcpy (work.id, message->id, ID_BYTES);
    wire_put_work (&packet->writer, &work);
    packet->count++;
}

static void
s_say_redelivering (publisher_t *self, effects_t *effects, uint32_t slot)
{
    const message_t *message = outbox_at (self->outbox, slot);
    say_t say = {
        .kind = SAY_REDELIVERING,
        .instance = outbox_text (self->outbox, message, TEXT_INSTANCE),
        .hostname = outbox_text (self->outbox, message, TEXT_HOSTNAME),
        .text = outbox_why (self->outbox, message),
        .number = message->delivery + 1,
        .other = self->limits.max_deliveries,
        .name = {self->outbox_id, message->seq},
        .delivery = (uint16_t) (message->delivery + 1),
    };
    memcpy (say.id, message->id, ID_BYTES);
    effects_say (effects, &say);
}

//  One frame of work, its leases granted. Returns how many records went.
static size_t
s_frame (publisher_t *self, turn_t *turn, uint32_t route, size_t most)
{
    peer_t *peer = lease_peer (self, route);
    uint32_t again[WORK_RECORDS_MAX];
    size_t agains = 0;
    size_t bytes = HEADER_BYTES + most * WORK_BYTES_MAX;
    packet_t packet = links_packet (self->links, peer, VERB_WORK, bytes, turn->effects);
    while (packet.count < most) {
        uint32_t slot = s_next (self, route);
        if (slot == SLAB_NONE) {
            break;
        }
        message_t *message = outbox_at (self->outbox, slot);
        message->redelivered = message->was_leased;
        lease_begin (self, slot, peer);
        s_put (self, &packet, slot);
        self->books.redelivered += message->redelivered;
        if (message->redelivered && message->why_length > 0) {
            again[agains++] = slot;
        }
    }
    size_t count = packet.count;
    peer->spent += count;
    links_send (self->links, &packet, turn->effects);
    for (size_t i = 0; i < agains; i++) { // after the frame: both take from one arena
        s_say_redelivering (self, turn->effects, again[i]);
    }
    return count;
}

static void
s_work_to (publisher_t *self, turn_t *turn, uint32_t route)
{
    peer_t *peer = lease_peer (self, route);
    while (self->ready.waiting[route].count > 0 && peer_room (peer) > 0) {
        size_t most = s_fewer (s_fewer (peer_room (peer), WORK_RECORDS_MAX), turn->phase);
        size_t bytes = HEADER_BYTES + most * (WORK_BYTES_MAX + SAY_BYTES);
        if (!turn_take (turn, 1 + most, bytes)) {
            break;
        }
        size_t count = s_frame (self, turn, route, most);
        turn->left -= count > 0 ? (uint32_t) count - 1 : 0; // the first one was taken above
        turn->phase -= count > 0 ? (uint32_t) count - 1 : 0;
        if (count < most) {
            break; // nothing left that may be sent
        }
    }
    peer->waiting = self->ready.waiting[route].count > 0 && peer_room (peer) == 0;
}

void
send_work (publisher_t *self, turn_t *turn)
{
    self->blocked_low = UINT64_MAX;
    self->blocked_high = 0;
    self->blocked = 0;
    for (uint32_t i = 0; i < LINKS_DOWN_MAX; i++) {
        uint32_t route = (self->first + i) % LINKS_DOWN_MAX;
        peer_t *peer = lease_peer (self, route);
        peer->waiting = false;
        if (!self->last && self->ready.consumers[route]) {
            s_work_to (self, turn, route);
        }
        bool spare = peer->phase == PEER_UP && (peer->theirs.flags & BEAT_WANTED) != 0 &&
                     self->ready.waiting[route].count == 0;
        if (spare && peer_room (peer) > 0 && effects_room (turn->effects, 1, SAY_BYTES)) {
            links_give_back (self->links, peer, peer_room (peer), turn->effects);
        }
    }
    self->first++; // nobody is always the last to be looked at
}
