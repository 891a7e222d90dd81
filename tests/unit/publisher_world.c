#include "tests/unit/publisher_world.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define STEP_US 250000 // virtual time passes in such steps: peers beat in each

static const char *const s_names[WORLD_PEERS] = {"consumer-1", "consumer-2", "consumer-3"};

publisher_limits_t
world_limits (void)
{
    return (publisher_limits_t){
        .links = {.stage = STAGE_PUBLISHER,
                  .epoch = WORLD_EPOCH,
                  .name = "publisher-1",
                  .inbox = "ipc://@publisher-1",
                  .state = "ipc://@publisher-1.state",
                  .peer_timeout_us = 4 * SECOND_US,
                  .drain_timeout_us = 8 * SECOND_US,
                  .lease_ms = LEASE_US / 1000},
        .lease_us = LEASE_US,
        .max_deliveries = 5,
        .max_lost = 20,
        .per_host = 1,
        .max_pending = 8192,
        .max_dead = 64,
    };
}

world_t *
world_new (const publisher_limits_t *limits)
{
    world_t *self = calloc (1, sizeof *self);
    assert (self);
    self->publisher = publisher_new (limits, 1);
    assert (self->publisher);
    int rc = effects_init (&self->effects, SAY_LEVEL_DEBUG);
    assert (rc == 0);
    self->durable = true;
    self->now_us = SECOND_US;
    self->exit_code = -1;
    for (uint32_t i = 0; i < WORLD_PEERS; i++) {
        fake_init (&self->peers[i], STAGE_CONSUMER, s_names[i], 100 + i, limits->links.epoch);
        self->peers[i].beat.below = 1;
    }
    return self;
}

world_t *
world_start (void)
{
    publisher_limits_t limits = world_limits ();
    world_t *self = world_new (&limits);
    world_open (self, &(opened_t){.outbox = WORLD_OUTBOX});
    return self;
}

void
world_free (world_t *self)
{
    publisher_destroy (&self->publisher);
    effects_term (&self->effects);
    free (self);
}

void
world_step (world_t *self, const event_t *event)
{
    publisher_step (self->publisher, self->now_us, event, &self->effects);
}

void
world_open (world_t *self, const opened_t *opened)
{
    world_step (self, &(event_t){.kind = EVENT_OPENED, .opened = opened});
}

void
world_load (world_t *self, uint64_t seq, const char *hostname, int64_t delay_us)
{
    row_t row = {.seq = seq,
                 .delay_us = delay_us,
                 .instance = fake_text ("cattle"),
                 .hostname = fake_text (hostname)};
    world_step (self, &(event_t){.kind = EVENT_LOADED, .count = 1, .rows = &row});
}

void
world_stored (world_t *self, uint64_t through)
{
    self->through = through;
    world_step (self, &(event_t){.kind = EVENT_STORED, .through = through});
}

void
world_signal (world_t *self, int signal)
{
    world_step (self, &(event_t){.kind = EVENT_SIGNAL, .signal = signal});
}

void
world_request (world_t *self, const char *hostname)
{
    self->requests++;
    request_t request = {.instance = fake_text ("cattle"), .hostname = fake_text (hostname)};
    memcpy (request.id, &self->requests, sizeof self->requests);
    world_step (self, &(event_t){.kind = EVENT_REQUEST, .count = 1, .requests = &request});
}

void
world_requests (world_t *self, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        char hostname[32];
        snprintf (hostname, sizeof hostname, "host-%u.example.net", self->requests);
        world_request (self, hostname);
    }
}

void
world_say (world_t *self, uint32_t peer, bytes_t frame)
{
    assert (peer < WORLD_PEERS);
    world_step (self, &(event_t){.kind = EVENT_FRAME, .count = 1, .frames = &frame});
}

void
world_hello (world_t *self, uint32_t peer)
{
    world_say (self, peer, fake_hello (&self->peers[peer]));
    world_run (self);
}

void
world_list (world_t *self, uint32_t peer, const claim_t *claims, size_t count)
{
    world_say (self, peer, fake_holding (&self->peers[peer], claims, count, 1 + count));
    self->linked[peer] = true;
    world_run (self);
}

void
world_credit (world_t *self, uint32_t peer, uint64_t credit)
{
    self->peers[peer].beat.credit += credit;
    world_say (self, peer, fake_state (&self->peers[peer], VERB_BEAT));
}

void
world_link (world_t *self, uint32_t peer, uint64_t credit)
{
    world_hello (self, peer);
    world_list (self, peer, NULL, 0);
    world_credit (self, peer, credit);
    world_run (self);
}

void
world_settle_all (world_t *self, uint32_t peer, const settlement_t *list, size_t count)
{
    pack_t pack = {.holder = 7,
                   .number = ++self->pack,
                   .publisher = fake_text ("publisher-1"),
                   .holder_name = fake_text ("handler-1")};
    world_say (self, peer, fake_settle (&self->peers[peer], &pack, list, count));
}

void
world_settle (world_t *self, uint32_t peer, const work_t *work, outcome_t outcome)
{
    settlement_t said =
        fake_settlement (work, outcome, outcome == OUTCOME_DONE ? STEPS_ALL : 0, "");
    world_settle_all (self, peer, &said, 1);
}

void
world_extend (world_t *self, uint32_t peer, const work_t *work, uint32_t extension)
{
    claim_t claim = fake_claim (work, CLAIM_EXTENDS, 7, extension);
    world_say (self, peer, fake_claims (&self->peers[peer], VERB_EXTEND, &claim, 1));
}

static void
s_collect_frames (world_t *self, uint32_t peer)
{
    fake_peer_t *fake = &self->peers[peer];
    work_t work[WORLD_KEPT];
    size_t count = fake_take_work (fake, &self->effects, work, WORLD_KEPT);
    for (size_t i = 0; i < count; i++) {
        assert (self->sent_count < WORLD_KEPT);
        work[i].publisher = fake_text ("publisher-1");
        work[i].instance = work[i].hostname = work[i].reason = work[i].requested_by =
            (text_t){"", 0};
        self->sent[self->sent_count++] = (sent_t){.work = work[i], .peer = peer};
    }
    self->answer_count +=
        fake_take_claims (fake, &self->effects, VERB_ANSWER, self->answers + self->answer_count,
                          WORLD_KEPT - self->answer_count);
    self->confirm_count +=
        fake_take_confirms (fake, &self->effects, self->confirms + self->confirm_count,
                            WORLD_KEPT - self->confirm_count);
    self->eos += fake_take_state (fake, &self->effects, VERB_EOS, NULL);
    self->byes += fake_take_state (fake, &self->effects, VERB_BYE, NULL);
    fake_take_state (fake, &self->effects, VERB_BEAT, NULL);
}

static void
s_collect (world_t *self, const effect_t *effect)
{
    self->effect_counts[effect->kind]++;
    if (effect->kind == EFFECT_SAY) {
        const say_t *say = &effect->say;
        self->says[say->kind]++;
        self->said[say->kind] = *say;
        snprintf (self->text[say->kind], sizeof self->text[0], "%s", say->text.at);
    } else if (effect->kind == EFFECT_EXIT) {
        self->exit_code = effect->code;
    } else if (effect->kind == EFFECT_GRANTED) {
        self->granted = effect->store.number;
    } else if (effect->kind == EFFECT_STORE || effect->kind == EFFECT_LEFT) {
        self->row = effect->store.row;
    }
    if (effect->kind == EFFECT_GRANTED || effect->kind == EFFECT_STORE ||
        effect->kind == EFFECT_REMOVE) {
        assert (effect->store.ticket == self->ticket + 1);
        self->ticket = effect->store.ticket;
    }
}

void
world_turn (world_t *self)
{
    effects_clear (&self->effects);
    world_step (self, &(event_t){.kind = EVENT_INBOX_EMPTY});
    world_step (self, &(event_t){.kind = EVENT_TURN});
    publisher_assert (self->publisher);
    for (size_t i = 0; i < self->effects.count; i++) {
        s_collect (self, &self->effects.list[i]);
    }
    for (uint32_t peer = 0; peer < WORLD_PEERS; peer++) {
        s_collect_frames (self, peer);
    }
}

void
world_run (world_t *self)
{
    for (;;) {
        world_turn (self);
        if (self->durable && self->through < self->ticket) {
            world_stored (self, self->ticket);
        } else if (self->exit_code >= 0 || publisher_deadline (self->publisher) > self->now_us) {
            break;
        }
    }
}

void
world_wait (world_t *self, int64_t us)
{
    for (int64_t end_us = self->now_us + us; self->now_us < end_us && self->exit_code < 0;) {
        int64_t left_us = end_us - self->now_us;
        self->now_us += left_us < STEP_US ? left_us : STEP_US;
        for (uint32_t peer = 0; peer < WORLD_PEERS; peer++) {
            if (self->linked[peer]) {
                world_credit (self, peer, 0);
            }
        }
        world_run (self);
    }
}

void
world_forget (world_t *self)
{
    self->sent_count = self->answer_count = self->confirm_count = 0;
    self->eos = self->byes = 0;
    memset (self->says, 0, sizeof self->says);
    memset (self->effect_counts, 0, sizeof self->effect_counts);
}

publisher_books_t
world_books (const world_t *self)
{
    return publisher_books (self->publisher);
}

typedef struct {
    uint64_t seq;
    message_state_t state;
} wanted_t;

static void
s_look (const publisher_entry_t *entry, void *arg)
{
    wanted_t *wanted = arg;
    if (entry->name.seq == wanted->seq) {
        wanted->state = entry->state;
    }
}

message_state_t
world_state (const world_t *self, uint64_t seq)
{
    wanted_t wanted = {seq, MESSAGE_STATES};
    publisher_audit (self->publisher, s_look, &wanted);
    return wanted.state;
}
