#include "tests/unit/links_bench.h"

#include "common/core/drain_say.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

links_config_t
bench_config (stage_t stage)
{
    static const char *const names[] = {"publisher-1", "consumer-1", "handler-1"};
    links_config_t config = {.stage = stage,
                             .epoch = BENCH_EPOCH + stage,
                             .name = names[stage],
                             .inbox = "ipc://@self",
                             .state = "ipc://@self.state",
                             .peer_timeout_us = PEER_TIMEOUT,
                             .drain_timeout_us = 8 * SECOND};
    if (stage != STAGE_PUBLISHER) {
        config.up_count = 2;
        config.up_inbox[0] = "ipc://@above-1";
        config.up_state[0] = "ipc://@above-1.state";
        config.up_inbox[1] = "ipc://@above-2";
        config.up_state[1] = "ipc://@above-2.state";
    } else {
        config.lease_ms = 3000;
    }
    return config;
}

void
bench_start (bench_t *self, const links_config_t *config)
{
    *self = (bench_t){.now_us = BENCH_START, .epoch = config->epoch, .bye_ready = true};
    drain_init (&self->drain, config->name, config->drain_timeout_us);
    self->links = links_new (config, self->now_us);
    int status = effects_init (&self->effects, SAY_LEVEL_DEBUG);
    assert (self->links && status == 0);
}

void
bench_stop (bench_t *self)
{
    links_destroy (&self->links);
    effects_term (&self->effects);
}

void
bench_forget (bench_t *self)
{
    size_t at = offsetof (bench_t, turns);
    memset ((uint8_t *) self + at, 0, offsetof (bench_t, header) - at);
}

peer_t *
bench_hear (bench_t *self, bytes_t frame)
{
    self->due = true;
    peer_t *peer = links_frame (self->links, self->now_us, frame, &self->header, &self->body);
    if (peer && self->header.verb == VERB_HOLDING) {
        wire_reader_t body = self->body;
        claim_t claim;
        uint64_t trailer = 0;
        for (uint32_t i = 0; i < self->header.count; i++) {
            wire_get_claim (&body, &claim);
        }
        wire_get_u64 (&body, &trailer);
        links_holding_heard (self->links, self->now_us, peer, self->header.count, trailer);
    }
    return peer;
}

static void
s_holding (bench_t *self, peer_t *peer)
{
    packet_t packet =
        links_packet (self->links, peer, VERB_HOLDING, HEADER_BYTES + 8, &self->effects);
    wire_put_u64 (&packet.writer, 1);
    links_send (self->links, &packet, &self->effects);
    links_holding_said (self->links, self->now_us, peer);
}

static void
s_stage (bench_t *self)
{
    drain_say_left (&self->drain, self->now_us, self->in_hand, (text_t){0}, (text_t){0},
                    &self->effects);
    for (uint32_t slot = 0; slot < LINKS_MAX; slot++) {
        peer_t *peer = links_peer (self->links, slot);
        self->news[slot] |= peer->news;
        if (peer->news & NEWS_ENDED) {
            self->cause[slot] = peer->cause;
        }
        peer->news = 0;
        peer->bye_ready = self->bye_ready;
        if (peer->side == SIDE_UP && peer->phase == PEER_GREETED && !self->silent) {
            s_holding (self, peer);
        }
    }
    if (self->serves) {
        links_grant (self->links, self->free);
    }
}

static void
s_count (bench_t *self, const effect_t *effect)
{
    self->duties[effect->kind]++;
    if (effect->kind == EFFECT_SAY) {
        self->says[effect->say.kind]++;
        say_format (self->text, sizeof self->text, &effect->say);
    }
    if (effect->kind != EFFECT_SEND && effect->kind != EFFECT_REPLY) {
        return;
    }
    wire_header_t header;
    wire_reader_t body;
    wire_status_t status = wire_get_header (effect->frame.at, effect->frame.length, &header, &body);
    assert (status == WIRE_OK && wire_check (&header, body) == WIRE_OK);
    self->frames[header.verb]++;
    self->link = header.verb == VERB_HELLO ? header.link : self->link;
    if (self->other && self->drops >> header.verb & 1) {
        self->lost++;
    } else if (self->other) {
        bench_hear (self->other, effect->frame);
    }
}

void
bench_turn (bench_t *self)
{
    if (!self->busy) {
        links_inbox_empty (self->links, self->now_us);
    }
    self->due = false;
    effects_clear (&self->effects);
    links_begin (self->links, self->now_us, &self->drain, &self->effects);
    s_stage (self);
    links_end (self->links, self->now_us, &self->drain, self->in_hand, self->last, &self->effects);
    self->turns++;
    for (size_t i = 0; i < self->effects.count; i++) {
        s_count (self, &self->effects.list[i]);
    }
    for (uint32_t slot = 0; slot < LINKS_MAX; slot++) {
        if (self->fakes[slot]) {
            fake_take_state (self->fakes[slot], &self->effects, VERB_BEAT, NULL);
        }
    }
}

void
bench_pass (bench_t *self, int64_t us)
{
    self->now_us += us;
    if (self->other) {
        self->other->now_us = self->now_us;
    }
}

static int64_t
s_deadline (const bench_t *self)
{
    return self->due ? self->now_us : links_deadline (self->links, &self->drain);
}

void
bench_run (bench_t *self, int64_t us)
{
    int64_t end = self->now_us + us;
    for (int busy = 0;; busy++) {
        int64_t mine = s_deadline (self);
        int64_t its = self->other ? s_deadline (self->other) : end;
        int64_t next = mine < its ? mine : its;
        if (next >= end) {
            break;
        }
        busy = next > self->now_us ? 0 : busy;
        assert (busy < 100); // deadlines that never move on
        bench_pass (self, next > self->now_us ? next - self->now_us : 0);
        if (mine <= self->now_us) {
            bench_turn (self);
        }
        if (self->other && s_deadline (self->other) <= self->now_us) {
            bench_turn (self->other);
        }
    }
    bench_pass (self, end - self->now_us);
}

void
bench_join (bench_t *up, bench_t *down)
{
    up->other = down;
    down->other = up;
}

peer_t *
bench_link_down (bench_t *self, fake_peer_t *fake, const char *name, uint64_t epoch)
{
    fake_init (fake, (stage_t) (self->epoch - BENCH_EPOCH + 1), name, epoch, self->epoch);
    bench_hear (self, fake_hello (fake));
    bench_turn (self);
    peer_t *peer = bench_hear (self, fake_holding (fake, NULL, 0, 1));
    self->fakes[links_slot (self->links, peer)] = fake;
    bench_turn (self);
    return peer;
}

peer_t *
bench_link_up (bench_t *self, fake_peer_t *fake, uint32_t slot, const char *name)
{
    stage_t stage = (stage_t) (self->epoch - BENCH_EPOCH - 1);
    fake_init (fake, stage, name, 0x100 + slot, self->epoch);
    bench_turn (self);
    peer_t *peer = links_peer (self->links, slot);
    fake->link = peer->link;
    bench_hear (self, fake_welcome (fake));
    self->fakes[slot] = fake;
    bench_turn (self);
    return peer;
}

work_t
bench_work (uint64_t seq)
{
    return (work_t){.name = {1, seq},
                    .grant = {1, seq},
                    .lease_ms = 3000,
                    .delivery = 1,
                    .publisher = fake_text ("publisher-1"),
                    .instance = fake_text ("cattle-aaaa"),
                    .hostname = fake_text ("cattle-aaaa.example.net")};
}

peer_t *
bench_beat (bench_t *self, fake_peer_t *fake)
{
    return bench_hear (self, fake_state (fake, VERB_BEAT));
}
