#include "tests/unit/consumer_scene.h"

static const char *const s_pub_names[] = {"publisher-1", "publisher-2"};
static const char *const s_handler_names[] = {"handler-1", "handler-2", "handler-3"};

consumer_limits_t
scene_limits (void)
{
    consumer_limits_t limits = {.messages_max = KEPT};
    limits.links = (links_config_t){.stage = STAGE_CONSUMER,
                                    .epoch = SCENE_EPOCH,
                                    .name = "consumer-1",
                                    .inbox = "ipc://@self",
                                    .state = "ipc://@self.state",
                                    .up_count = PUBS,
                                    .up_inbox = {"ipc://@p1", "ipc://@p2"},
                                    .up_state = {"ipc://@p1.state", "ipc://@p2.state"},
                                    .peer_timeout_us = PEER_TIMEOUT,
                                    .drain_timeout_us = 8 * SECOND};
    return limits;
}

void
scene_start (scene_t *self, const consumer_limits_t *limits)
{
    memset (self, 0, sizeof *self);
    self->limits = *limits;
    self->now_us = 1000 * SECOND;
    self->exit_code = -1;
    self->consumer = consumer_new (limits, 1, self->now_us);
    assert_non_null (self->consumer);
    assert_int_equal (effects_init (&self->effects, SAY_LEVEL_INFO), 0);
    for (uint32_t i = 0; i < PUBS; i++) {
        self->pubs[i].slot = i;
        fake_init (&self->pubs[i].fake, STAGE_PUBLISHER, s_pub_names[i], 0x10 + i, SCENE_EPOCH);
    }
    for (uint32_t i = 0; i < HANDLERS; i++) {
        self->handlers[i].slot = UINT32_MAX;
        fake_init (&self->handlers[i].fake, STAGE_HANDLER, s_handler_names[i], 0x20 + i,
                   SCENE_EPOCH);
    }
}

void
scene_stop (scene_t *self)
{
    consumer_destroy (&self->consumer);
    consumer_destroy (&self->consumer);
    effects_term (&self->effects);
}

static void
s_forget (actor_t *actor)
{
    actor->work_count = actor->claim_count = actor->holding_count = 0;
    actor->settlement_count = actor->pack_count = actor->confirm_count = 0;
    memset (actor->frames, 0, sizeof actor->frames);
}

void
scene_forget (scene_t *self)
{
    for (uint32_t i = 0; i < PUBS; i++) {
        s_forget (&self->pubs[i]);
    }
    for (uint32_t i = 0; i < HANDLERS; i++) {
        s_forget (&self->handlers[i]);
    }
    memset (self->says, 0, sizeof self->says);
    self->lines[0] = 0;
    self->turns = 0;
}

void
scene_event (scene_t *self, const event_t *event)
{
    consumer_step (self->consumer, self->now_us, event, &self->effects);
    consumer_assert (self->consumer);
}

void
scene_hear (scene_t *self, bytes_t frame)
{
    scene_event (self, &(event_t){.kind = EVENT_FRAME, .count = 1, .frames = &frame});
}

static void
s_collect (actor_t *actor, const effects_t *effects)
{
    fake_peer_t *fake = &actor->fake;
    actor->work_count +=
        fake_take_work (fake, effects, actor->works + actor->work_count, KEPT - actor->work_count);
    verb_t verb = fake->stage == STAGE_HANDLER ? VERB_ANSWER : VERB_EXTEND;
    actor->claim_count += fake_take_claims (fake, effects, verb, actor->claims + actor->claim_count,
                                            KEPT - actor->claim_count);
    actor->holding_count +=
        fake_take_claims (fake, effects, VERB_HOLDING, actor->holdings + actor->holding_count,
                          KEPT - actor->holding_count);
    actor->settlement_count +=
        fake_take_settlements (fake, effects, actor->settlements + actor->settlement_count,
                               KEPT - actor->settlement_count);
    actor->pack_count +=
        fake_take_packs (fake, effects, actor->packs + actor->pack_count, KEPT - actor->pack_count);
    actor->confirm_count += fake_take_confirms (
        fake, effects, actor->confirms + actor->confirm_count, KEPT - actor->confirm_count);
    static const verb_t states[] = {VERB_BEAT, VERB_EOS, VERB_BYE};
    for (size_t i = 0; i < sizeof states / sizeof *states; i++) {
        actor->frames[states[i]] +=
            (uint32_t) fake_take_state (fake, effects, states[i], &actor->beat);
    }
}

//  A HELLO on a new link: the publisher learns its number.
static void
s_learn_links (scene_t *self)
{
    for (uint32_t i = 0; i < PUBS; i++) {
        const peer_t *peer = links_peer (consumer_links (self->consumer), i);
        if (peer->phase == PEER_CALLING) {
            self->pubs[i].fake.link = peer->link;
        }
    }
}

static void
s_duties (scene_t *self)
{
    for (size_t i = 0; i < self->effects.count; i++) {
        const effect_t *effect = &self->effects.list[i];
        if (effect->kind == EFFECT_EXIT) {
            assert_int_equal (self->exit_code, -1);
            self->exit_code = effect->code;
            self->exit_us = self->now_us;
        } else if (effect->kind == EFFECT_SAY) {
            self->says[effect->say.kind]++;
            size_t length = strlen (self->lines);
            if (!say_about_message (effect->say.kind) && length < sizeof self->lines - 200) {
                length += say_format (self->lines + length, 190, &effect->say);
                memcpy (self->lines + length, "\n", 2);
            }
        }
    }
}

void
scene_turn (scene_t *self)
{
    scene_event (self, &(event_t){.kind = EVENT_INBOX_EMPTY});
    int rounds = 0;
    do {
        effects_clear (&self->effects);
        scene_event (self, &(event_t){.kind = EVENT_TURN});
        self->turns++;
        s_duties (self);
        s_learn_links (self);
        for (uint32_t i = 0; i < PUBS; i++) {
            s_collect (&self->pubs[i], &self->effects);
        }
        for (uint32_t i = 0; i < HANDLERS; i++) {
            s_collect (&self->handlers[i], &self->effects);
        }
        assert_true (++rounds < 1000); // deadlines that never move on
    } while (consumer_deadline (self->consumer) <= self->now_us);
}

peer_t *
scene_peer (scene_t *self, const actor_t *actor)
{
    return links_peer (consumer_links (self->consumer), actor->slot);
}

static void
s_beat (scene_t *self, actor_t *actor)
{
    if (actor->slot != UINT32_MAX && scene_peer (self, actor)->phase == PEER_UP &&
        scene_peer (self, actor)->link == actor->fake.link) {
        scene_hear (self, fake_state (&actor->fake, VERB_BEAT));
    }
}

void
scene_run (scene_t *self, int64_t us)
{
    int64_t end = self->now_us + us;
    int64_t beat_us = self->now_us + SECOND / 2;
    while (self->now_us < end) {
        int64_t next = consumer_deadline (self->consumer);
        next = next < beat_us ? next : beat_us;
        next = next < end ? next : end;
        self->now_us = next > self->now_us ? next : self->now_us;
        for (uint32_t i = 0; i < PUBS && self->now_us >= beat_us; i++) {
            s_beat (self, &self->pubs[i]);
        }
        for (uint32_t i = 0; i < HANDLERS && self->now_us >= beat_us; i++) {
            s_beat (self, &self->handlers[i]);
        }
        beat_us += self->now_us >= beat_us ? SECOND / 2 : 0;
        scene_turn (self);
    }
}

void
scene_link_pub (scene_t *self, uint32_t pub)
{
    scene_turn (self);
    actor_t *actor = &self->pubs[pub];
    actor->slot = pub;
    actor->fake.link = scene_peer (self, actor)->link;
    scene_hear (self, fake_welcome (&actor->fake));
    scene_turn (self);
    assert_int_equal (scene_peer (self, actor)->phase, PEER_UP);
}

bool
scene_hold (scene_t *self, uint32_t handler, const claim_t *claims, size_t count)
{
    actor_t *actor = &self->handlers[handler];
    scene_hear (self, fake_hello (&actor->fake));
    scene_turn (self);
    peer_t *peer =
        links_by_name (consumer_links (self->consumer), SIDE_DOWN, fake_text (actor->fake.name));
    if (!peer || peer->epoch != actor->fake.epoch) {
        return false;
    }
    actor->slot = links_slot (consumer_links (self->consumer), peer);
    scene_hear (self, fake_holding (&actor->fake, claims, count, 1 + count));
    scene_turn (self);
    assert_int_equal (peer->phase, PEER_UP);
    return true;
}

void
scene_link_handler (scene_t *self, uint32_t handler, uint64_t credit)
{
    assert_true (scene_hold (self, handler, NULL, 0));
    scene_credit (self, handler, credit);
}

void
scene_link_all (scene_t *self, uint64_t credit)
{
    for (uint32_t i = 0; i < PUBS; i++) {
        scene_link_pub (self, i);
    }
    for (uint32_t i = 0; i < HANDLERS; i++) {
        scene_link_handler (self, i, credit);
    }
    scene_forget (self);
}

void
scene_credit (scene_t *self, uint32_t handler, uint64_t more)
{
    self->handlers[handler].fake.beat.credit += more;
    scene_hear (self, fake_state (&self->handlers[handler].fake, VERB_BEAT));
    scene_turn (self);
}

void
scene_silence (actor_t *actor)
{
    actor->slot = UINT32_MAX;
}

void
scene_kill (scene_t *self, uint32_t handler)
{
    actor_t *actor = &self->handlers[handler];
    scene_event (self,
                 &(event_t){.kind = EVENT_NOTICE, .notice = {actor->fake.name, actor->fake.epoch}});
    scene_turn (self);
    scene_silence (actor);
}

work_t
scene_work (scene_t *self, uint32_t pub, uint64_t seq)
{
    work_t work = {.name = {0xA0 + pub, seq},
                   .grant = {self->pubs[pub].fake.epoch, ++self->serial},
                   .host = (uint64_t) (pub + 1) << 32 | seq,
                   .lease_ms = LEASE_MS,
                   .delivery = 1,
                   .publisher = fake_text (s_pub_names[pub]),
                   .instance = fake_text ("cattle-gw75"),
                   .hostname = fake_text ("cattle-gw75.example.net"),
                   .reason = fake_text ("why not")};
    memcpy (work.id, &seq, sizeof seq);
    return work;
}

void
scene_send (scene_t *self, uint32_t pub, const work_t *works, size_t count)
{
    for (size_t at = 0; at < count; at += WORK_RECORDS_MAX) {
        size_t run = count - at < WORK_RECORDS_MAX ? count - at : WORK_RECORDS_MAX;
        scene_hear (self, fake_work (&self->pubs[pub].fake, works + at, run));
    }
}

void
scene_burst (scene_t *self, uint32_t pub, uint64_t first, size_t count)
{
    for (size_t at = 0; at < count; at++) {
        work_t work = scene_work (self, pub, first + at);
        scene_send (self, pub, &work, 1);
    }
    scene_turn (self);
}

void
scene_settle (scene_t *self, uint32_t handler, uint32_t pub, const work_t *works, size_t count)
{
    actor_t *actor = &self->handlers[handler];
    settlement_t list[PACK_RECORDS_MAX];
    for (size_t i = 0; i < count; i++) {
        list[i] = fake_settlement (&works[i], OUTCOME_DONE, STEPS_ALL, "");
    }
    pack_t pack = {.holder = actor->fake.epoch,
                   .number = ++actor->packs_said,
                   .publisher = fake_text (s_pub_names[pub]),
                   .holder_name = fake_text (actor->fake.name)};
    scene_hear (self, fake_settle (&actor->fake, &pack, list, count));
    scene_turn (self);
}

void
scene_extend (scene_t *self, uint32_t handler, const work_t *work, uint32_t number)
{
    actor_t *actor = &self->handlers[handler];
    claim_t claim = fake_claim (work, CLAIM_EXTENDS, actor->fake.epoch, number);
    claim.publisher = fake_text (s_pub_names[work->name.outbox - 0xA0]);
    scene_hear (self, fake_claims (&actor->fake, VERB_EXTEND, &claim, 1));
    scene_turn (self);
}

void
scene_confirm (scene_t *self, uint32_t pub, uint64_t holder, uint64_t number)
{
    scene_hear (self, fake_confirm (&self->pubs[pub].fake, holder, number));
    scene_turn (self);
}

void
scene_answer (scene_t *self, uint32_t pub, const claim_t *claim, claim_kind_t kind)
{
    claim_t answer = *claim;
    answer.kind = (uint8_t) kind;
    answer.publisher = fake_text (s_pub_names[pub]);
    scene_hear (self, fake_claims (&self->pubs[pub].fake, VERB_ANSWER, &answer, 1));
    scene_turn (self);
}

size_t
scene_outcomes (const actor_t *actor, outcome_t outcome)
{
    size_t count = 0;
    for (size_t i = 0; i < actor->settlement_count; i++) {
        count += actor->settlements[i].outcome == outcome;
    }
    return count;
}
