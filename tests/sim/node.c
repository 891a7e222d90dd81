#include "tests/sim/world.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define NODE_STALL_US 200000 // a tick later than two periods is a stall, as in the reactor
#define NODE_TICK_US  100000

static const char *const s_stages[STAGE_COUNT] = {"publisher", "consumer", "handler"};

int64_t
node_now (const world_t *world, const node_t *self)
{
    return world->now_us + self->clock_us;
}

uint32_t
node_by_endpoint (const world_t *world, const char *endpoint)
{
    size_t skip = strlen ("ipc://@");
    if (strlen (endpoint) <= skip) {
        return SIM_NODES;
    }
    for (uint32_t node = 0; node < world->nodes; node++) {
        const char *name = world->node[node].name;
        if (strncmp (endpoint + skip, name, strlen (name)) == 0) {
            return node;
        }
    }
    return SIM_NODES;
}

void
node_reset (world_t *world, uint32_t node)
{
    const plan_t *plan = &world->plan;
    node_t *self = &world->node[node];
    assert (!self->core);
    mail_t *mail = &self->mail;
    mail->notice_count = mail->ran_count = mail->saved_count = mail->found_count = 0;
    mail->signal_count = mail->requests = 0;
    mail->inbox.count = mail->published.count = 0;
    uint32_t index = node;
    self->stage = STAGE_PUBLISHER;
    if (index >= plan->publishers) {
        index -= plan->publishers;
        self->stage = STAGE_CONSUMER;
    }
    if (self->stage == STAGE_CONSUMER && index >= plan->consumers) {
        index -= plan->consumers;
        self->stage = STAGE_HANDLER;
    }
    self->id = node;
    self->index = index;
    const char *stage = s_stages[self->stage];
    snprintf (self->name, sizeof self->name, "%s-%u", stage, index + 1);
    snprintf (self->inbox, sizeof self->inbox, "ipc://@%s-%u", stage, index + 1);
    snprintf (self->state, sizeof self->state, "ipc://@%s-%u.state", stage, index + 1);
    self->clock_us = world_between (world, 1000000, INT64_C (1) << 40);
    self->life = 0;
    self->broken_us = self->stalled_us = self->died_us = -INT64_MAX / 2;
    self->former = 0;
    self->alive = self->paused = self->starting = self->dirty = false;
    self->wake_us = self->drain_us = INT64_MAX;
}

//  ---- one core behind one face
//  --------------------------------------------------------------------

static void
s_core_step (node_t *self, int64_t now_us, const event_t *event, effects_t *effects)
{
    switch (self->stage) {
    case STAGE_PUBLISHER: publisher_step (self->core, now_us, event, effects); break;
    case STAGE_CONSUMER: consumer_step (self->core, now_us, event, effects); break;
    case STAGE_HANDLER: handler_step (self->core, now_us, event, effects); break;
    case STAGE_COUNT: assert (false);
    }
}

static int64_t
s_core_deadline (const node_t *self)
{
    switch (self->stage) {
    case STAGE_PUBLISHER: return publisher_deadline (self->core);
    case STAGE_CONSUMER: return consumer_deadline (self->core);
    case STAGE_HANDLER: return handler_deadline (self->core);
    case STAGE_COUNT: break;
    }
    assert (false);
    return 0;
}

static void
s_core_destroy (node_t *self)
{
    switch (self->stage) {
    case STAGE_PUBLISHER: publisher_destroy ((publisher_t **) &self->core); break;
    case STAGE_CONSUMER: consumer_destroy ((consumer_t **) &self->core); break;
    case STAGE_HANDLER: handler_destroy ((handler_t **) &self->core); break;
    case STAGE_COUNT: assert (false);
    }
    self->core = NULL;
}

uint32_t
node_in_hand (const node_t *self)
{
    switch (self->stage) {
    case STAGE_PUBLISHER: return (uint32_t) publisher_books (self->core).leased;
    case STAGE_CONSUMER: return consumer_in_hand (self->core);
    case STAGE_HANDLER: return handler_in_hand (self->core);
    case STAGE_COUNT: break;
    }
    return 0;
}

//  ---- life
//  ------------------------------------------------------------------------------------------

static links_config_t
s_links (const world_t *world, const node_t *self)
{
    const plan_t *plan = &world->plan;
    links_config_t config = {.stage = self->stage,
                             .epoch = self->epoch,
                             .name = self->name,
                             .inbox = self->inbox,
                             .state = self->state,
                             .peer_timeout_us = plan->peer_timeout_us,
                             .drain_timeout_us = plan->drain_timeout_us,
                             .stay = plan->stay};
    if (self->stage == STAGE_PUBLISHER) {
        config.lease_ms = (uint32_t) (plan->lease_us / 1000);
    }
    for (uint32_t node = 0; node < world->nodes; node++) {
        if (world->node[node].stage + 1 == self->stage) {
            config.up_inbox[config.up_count] = world->node[node].inbox;
            config.up_state[config.up_count++] = world->node[node].state;
        }
    }
    return config;
}

static void
s_new_publisher (world_t *world, node_t *self, uint64_t seed)
{
    const plan_t *plan = &world->plan;
    publisher_limits_t limits = {.links = s_links (world, self),
                                 .lease_us = plan->lease_us,
                                 .max_deliveries = plan->max_deliveries,
                                 .max_lost = plan->max_lost,
                                 .per_host = 1,
                                 .max_pending = DISK_SEQS,
                                 .is_volatile = plan->is_volatile[self->index]};
    self->core = publisher_new (&limits, seed);
}

static void
s_new_consumer (world_t *world, node_t *self, uint64_t seed)
{
    consumer_limits_t limits = {.links = s_links (world, self),
                                .messages_max = 4096,
                                .fail_consume = world->plan.fail_consume};
    self->core = consumer_new (&limits, seed, node_now (world, self));
}

static void
s_new_handler (world_t *world, node_t *self, uint64_t seed)
{
    const plan_t *plan = &world->plan;
    handler_limits_t limits = {.links = s_links (world, self),
                               .concurrency = plan->concurrency,
                               .exec = plan->exec,
                               .restart_max_us = plan->restart_max_us,
                               .timeout_us = plan->timeout_us,
                               .max_lease_us = plan->max_lease_us,
                               .save_may_fail = plan->save_may_fail,
                               .fail_restart = plan->fail_restart,
                               .fail_save = plan->fail_save,
                               .any_host = true};
    self->core = handler_new (&limits, seed);
}

void
node_start (world_t *world, uint32_t node)
{
    node_t *self = &world->node[node];
    assert (!self->alive && !self->core);
    self->life++;
    self->epoch = prng_next (&world->prng) | 1;
    self->born_us = world->now_us;
    self->alive = true;
    self->starting = self->paused = self->exhausted = false;
    self->drain_us = INT64_MAX;
    self->signals = 0;
    uint64_t seed = prng_next (&world->prng);
    switch (self->stage) {
    case STAGE_PUBLISHER: s_new_publisher (world, self, seed); break;
    case STAGE_CONSUMER: s_new_consumer (world, self, seed); break;
    case STAGE_HANDLER: s_new_handler (world, self, seed); break;
    case STAGE_COUNT: assert (false);
    }
    assert (self->core);
    world_trace (world, "%s starts, life %u epoch %016lx", self->name, self->life, self->epoch);
    check_start (world, node);
    if (self->stage == STAGE_PUBLISHER) {
        disk_load (world, node);
        world_put (world, world->now_us, HAPPEN_REQUESTS, node, 0, 0);
    }
    net_back (world, node);
    node_touch (world, node);
}

static void
s_throw_away (world_t *world, frames_t *list)
{
    for (; list->count; list->count--) {
        uint32_t item = list->first;
        list->first = net_frame (world, item)->next;
        net_free (world, item);
    }
}

//  The process is no more, for whatever reason.
static void
s_gone (world_t *world, node_t *self)
{
    runs_gone (world, self->id);
    net_gone (world, self->id);
    s_core_destroy (self);
    mail_t *mail = &self->mail;
    s_throw_away (world, &mail->inbox);
    s_throw_away (world, &mail->published);
    mail->notice_count = mail->ran_count = mail->saved_count = mail->found_count = 0;
    mail->signal_count = 0;
    mail->through = 0;
    mail->disk_full = mail->disk_free = mail->fault = false;
    self->alive = self->paused = self->dirty = false;
    self->wake_us = self->drain_us = INT64_MAX;
}

void
node_crash (world_t *world, uint32_t node)
{
    node_t *self = &world->node[node];
    assert (self->alive);
    world_trace (world, "%s is killed", self->name);
    self->died_us = world->now_us;
    self->former = self->epoch;
    if (self->stage == STAGE_PUBLISHER) {
        disk_close (world, node, false, false);
    }
    check_exit (world, node, -1);
    s_gone (world, self);
}

static void
s_exit (world_t *world, node_t *self, int code)
{
    world_trace (world, "%s leaves with %d", self->name, code);
    check_exit (world, self->id, code);
    if (self->stage == STAGE_PUBLISHER) {
        bool clean = publisher_clean (self->core);
        disk_close (world, self->id, clean, code < 128);
    }
    s_gone (world, self);
}

void
node_pause (world_t *world, uint32_t node)
{
    node_t *self = &world->node[node];
    assert (self->alive && !self->paused);
    world_trace (world, "%s is stopped", self->name);
    self->paused = true;
    self->paused_us = world->now_us;
}

void
node_resume (world_t *world, uint32_t node)
{
    node_t *self = &world->node[node];
    assert (self->alive && self->paused);
    world_trace (world, "%s is continued", self->name);
    self->paused = false;
    node_touch (world, node);
    int64_t stood_us = world->now_us - self->paused_us;
    if (self->drain_us != INT64_MAX) {
        self->drain_us += stood_us;
    }
    //  The reactor's timer was armed for a tick at the latest.
    stood_us -= world_between (world, 0, NODE_TICK_US);
    if (stood_us > NODE_STALL_US) {
        event_t event = {.kind = EVENT_STALL, .stall_us = stood_us};
        self->stalled_us = world->now_us;
        s_core_step (self, node_now (world, self), &event, &world->effects);
    }
}

void
node_signal (world_t *world, uint32_t node, int number)
{
    mail_t *mail = &world->node[node].mail;
    if (mail->signal_count < NODE_SIGNALS) {
        mail->signals[mail->signal_count++] = number;
        node_touch (world, node);
    }
}

void
node_touch (world_t *world, uint32_t node)
{
    world->node[node].dirty = true;
}

//  ---- effects
//  ---------------------------------------------------------------------------------------

static void
s_send (world_t *world, node_t *self, const effect_t *effect)
{
    const push_t *push = &world->net.push[self->id][effect->slot];
    if (push->open) {
        check_sent (world, self->id, push->dst, effect->frame);
    }
    world_hash (world, effect->frame.at, effect->frame.length);
    net_send (world, self->id, effect->slot, effect->frame);
}

static void
s_say (world_t *world, const node_t *self, const effect_t *effect)
{
    if (world->trace) {
        char line[512];
        say_format (line, sizeof line, &effect->say);
        world_trace (world, "%s: %s", self->name, line);
    }
}

//  True: it left.
static bool
s_perform (world_t *world, node_t *self, const effect_t *effect)
{
    uint64_t about[] = {effect->kind, effect->slot, self->id, (uint64_t) world->now_us};
    world_hash (world, about, sizeof about);
    switch (effect->kind) {
    case EFFECT_OPEN: net_open (world, self->id, effect); break;
    case EFFECT_CLOSE: net_close (world, self->id, effect->slot, effect->linger_ms); break;
    case EFFECT_SEND: s_send (world, self, effect); break;
    case EFFECT_REPLY: net_reply (world, self->id, effect->endpoint.at, effect->frame); break;
    case EFFECT_PUBLISH:
        check_published (world, self->id, effect->frame);
        net_publish (world, self->id, effect->frame);
        break;
    case EFFECT_STORE:
    case EFFECT_GRANTED:
    case EFFECT_REMOVE: disk_op (world, self->id, effect); break;
    case EFFECT_ASK: runs_ask (world, self->id, effect); break;
    case EFFECT_SAVE: runs_save (world, self->id, effect); break;
    case EFFECT_RUN: runs_begin (world, self->id, effect); break;
    case EFFECT_RENEW: runs_renew (world, self->id, effect); break;
    case EFFECT_END: runs_end (world, self->id, effect); break;
    case EFFECT_SAY: s_say (world, self, effect); break;
    case EFFECT_LEFT: world->check.left++; break;
    case EFFECT_EXIT: s_exit (world, self, effect->code); return true;
    case EFFECT_COUNT: assert (false);
    }
    return false;
}

//  ---- a step
//  ----------------------------------------------------------------------------------------

static void
s_tell (world_t *world, node_t *self, const event_t *event)
{
    s_core_step (self, node_now (world, self), event, &world->effects);
    assert (world->effects.count == 0);
}

static void
s_tell_frames (world_t *world, node_t *self, frames_t *list, event_kind_t kind)
{
    bytes_t bytes[NODE_BURST];
    uint32_t items[NODE_BURST];
    uint32_t count = 0;
    for (; list->count && count < NODE_BURST; list->count--) {
        items[count] = list->first;
        const frame_t *frame = net_frame (world, list->first);
        bytes[count++] = (bytes_t){frame->bytes, frame->length};
        list->first = frame->next;
    }
    event_t event = {.kind = kind, .count = count, .frames = bytes};
    for (uint32_t i = 0; i < count && kind == EVENT_FRAME; i++) {
        check_heard (world, self->id, bytes[i]);
    }
    s_tell (world, self, &event);
    for (uint32_t i = 0; i < count; i++) {
        net_free (world, items[i]);
    }
}

static void
s_tell_signals (world_t *world, node_t *self)
{
    for (uint32_t i = 0; i < self->mail.signal_count; i++) {
        self->signals += self->mail.signals[i] != 10;
        s_tell (world, self, &(event_t){.kind = EVENT_SIGNAL, .signal = self->mail.signals[i]});
    }
    self->mail.signal_count = 0;
    if (self->mail.fault) {
        self->mail.fault = false;
        s_tell (world, self, &(event_t){.kind = EVENT_FAULT, .fault = "a planted exception"});
    }
}

static void
s_tell_inbox (world_t *world, node_t *self)
{
    if (self->mail.inbox.count) {
        s_tell_frames (world, self, &self->mail.inbox, EVENT_FRAME);
    }
    if (self->mail.inbox.count == 0) {
        s_tell (world, self, &(event_t){.kind = EVENT_INBOX_EMPTY});
    }
}

static void
s_tell_neighbours (world_t *world, node_t *self)
{
    mail_t *mail = &self->mail;
    for (uint32_t i = 0; i < mail->notice_count; i++) {
        event_t event = {.kind = EVENT_NOTICE};
        event.notice.name = world->node[mail->notices[i].node].name;
        event.notice.epoch = mail->notices[i].epoch;
        s_tell (world, self, &event);
    }
    mail->notice_count = 0;
    if (mail->published.count) {
        s_tell_frames (world, self, &mail->published, EVENT_PUBLISHED);
    }
}

static void
s_tell_disk (world_t *world, node_t *self)
{
    mail_t *mail = &self->mail;
    if (mail->disk_full) {
        s_tell (world, self, &(event_t){.kind = EVENT_DISK_FULL});
    }
    if (mail->disk_free) {
        s_tell (world, self, &(event_t){.kind = EVENT_DISK_FREE});
    }
    if (mail->through) {
        s_tell (world, self, &(event_t){.kind = EVENT_STORED, .through = mail->through});
    }
    mail->disk_full = mail->disk_free = false;
    mail->through = 0;
}

static void
s_tell_work (world_t *world, node_t *self)
{
    mail_t *mail = &self->mail;
    if (mail->saved_count) {
        s_tell (world, self,
                &(event_t){.kind = EVENT_SAVED, .count = mail->saved_count, .saved = mail->saved});
    }
    if (mail->found_count) {
        s_tell (world, self,
                &(event_t){.kind = EVENT_FOUND, .count = mail->found_count, .found = mail->found});
    }
    if (mail->ran_count) {
        s_tell (world, self,
                &(event_t){.kind = EVENT_RAN, .count = mail->ran_count, .ran = mail->ran});
    }
    mail->saved_count = mail->found_count = mail->ran_count = 0;
}

static request_t
s_request (world_t *world, uint32_t job)
{
    job_t *it = &world->jobs[job];
    it->submitted = true;
    request_t request = {.instance = {it->instance, strlen (it->instance)},
                         .hostname = {it->hostname, strlen (it->hostname)},
                         .reason = {"test", 4},
                         .own_id = job % 3 == 0};
    memcpy (request.id, &job, sizeof job);
    request.id[6] = 0x40;
    request.id[8] = 0x80;
    return request;
}

//  The source gives what is due, as far as there is room, and says once that it has ended.
static void
s_tell_requests (world_t *world, node_t *self)
{
    request_t requests[NODE_REQUESTS];
    uint32_t room = publisher_room (self->core);
    uint32_t count = 0;
    for (uint32_t job = 0; job < world->plan.messages && self->mail.requests; job++) {
        if (count == room || count == NODE_REQUESTS) {
            break;
        }
        if (world->jobs[job].publisher == self->index && !world->jobs[job].submitted) {
            requests[count++] = s_request (world, job);
            self->mail.requests--;
        }
    }
    if (count) {
        event_t event = {.kind = EVENT_REQUEST, .count = count, .requests = requests};
        s_tell (world, self, &event);
    }
    if (world->phase == PHASE_END && !self->mail.requests && !self->exhausted) {
        self->exhausted = true;
        s_tell (world, self, &(event_t){.kind = EVENT_EXHAUSTED});
    }
}

//  True: it left.
static bool
s_turn (world_t *world, node_t *self)
{
    world->steps++;
    s_core_step (self, node_now (world, self), &(event_t){.kind = EVENT_TURN}, &world->effects);
    bool left = false;
    for (size_t i = 0; i < world->effects.count && !left && !world->failed; i++) {
        left = s_perform (world, self, &world->effects.list[i]);
    }
    effects_clear (&world->effects);
    if (!left && !world->failed) {
        check_step (world, self->id);
    }
    return left || world->failed;
}

static void
s_arm (world_t *world, node_t *self, int64_t deadline)
{
    int64_t at = deadline == INT64_MAX ? INT64_MAX : deadline - self->clock_us;
    if (at == self->wake_us) {
        return;
    }
    self->wake_us = at;
    self->arming++;
    if (at != INT64_MAX) {
        world_put (world, at, HAPPEN_WAKE, self->id, self->arming, 0);
    }
}

void
node_step (world_t *world, uint32_t node)
{
    node_t *self = &world->node[node];
    assert (self->alive && !self->paused);
    self->dirty = false;
    int64_t deadline = 0;
    for (uint32_t turns = 0;; turns++) {
        s_tell_signals (world, self);
        s_tell_inbox (world, self);
        s_tell_neighbours (world, self);
        s_tell_disk (world, self);
        s_tell_work (world, self);
        if (self->stage == STAGE_PUBLISHER) {
            s_tell_requests (world, self);
        }
        if (s_turn (world, self)) {
            return;
        }
        deadline = s_core_deadline (self);
        if (deadline > node_now (world, self) && self->mail.inbox.count == 0) {
            break;
        }
        if (turns == NODE_SPIN) {
            world_fail (world, "%s turns for ever at one instant", self->name);
            return;
        }
    }
    s_arm (world, self, deadline);
}
