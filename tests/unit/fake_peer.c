#include "tests/unit/fake_peer.h"

#include <assert.h>
#include <string.h>

text_t
fake_text (const char *text)
{
    return (text_t){text, strlen (text)};
}

void
fake_init (fake_peer_t *self, stage_t stage, const char *name, uint64_t epoch, uint64_t core)
{
    memset (self, 0, sizeof *self);
    self->stage = stage;
    self->name = name;
    self->epoch = epoch;
    self->core = core;
    self->beat.left_ms = UINT32_MAX;
    self->beat.version = 1;
}

static wire_writer_t
s_writer (fake_peer_t *self)
{
    return (wire_writer_t){self->bytes + HEADER_BYTES, self->bytes + sizeof self->bytes};
}

static bytes_t
s_close (fake_peer_t *self, const wire_writer_t *writer, verb_t verb, uint64_t number, size_t count)
{
    wire_header_t header = {.verb = (uint8_t) verb,
                            .link = self->link,
                            .sender = self->epoch,
                            .receiver = verb == VERB_HELLO ? 0 : self->core,
                            .number = number,
                            .count = (uint32_t) count,
                            .body = (uint32_t) (writer->at - self->bytes - HEADER_BYTES)};
    wire_put_header (self->bytes, &header);
    return (bytes_t){self->bytes, HEADER_BYTES + header.body};
}

static bytes_t
s_greet (fake_peer_t *self, verb_t verb)
{
    wire_writer_t writer = s_writer (self);
    wire_put_hello (&writer, &(hello_t){.stage = (uint8_t) self->stage,
                                        .name = fake_text (self->name),
                                        .inbox = fake_text (FAKE_INBOX),
                                        .state = fake_text (FAKE_STATE)});
    return s_close (self, &writer, verb, 0, 1);
}

bytes_t
fake_hello (fake_peer_t *self)
{
    self->link++;
    self->sent = self->heard = 0;
    self->beat.credit = self->beat.spent = 0;
    return s_greet (self, VERB_HELLO);
}

bytes_t
fake_welcome (fake_peer_t *self)
{
    self->sent = self->heard = 0;
    self->beat.credit = self->beat.spent = 0;
    return s_greet (self, VERB_WELCOME);
}

bytes_t
fake_state (fake_peer_t *self, verb_t verb)
{
    assert (verb == VERB_BEAT || verb == VERB_EOS || verb == VERB_BYE);
    wire_writer_t writer = s_writer (self);
    self->beat.heard = self->heard;
    wire_put_beat (&writer, &self->beat);
    return s_close (self, &writer, verb, ++self->sent, 1);
}

bytes_t
fake_holding (fake_peer_t *self, const claim_t *claims, size_t count, uint64_t trailer)
{
    wire_writer_t writer = s_writer (self);
    for (size_t i = 0; i < count; i++) {
        wire_put_claim (&writer, &claims[i]);
    }
    wire_put_u64 (&writer, trailer);
    return s_close (self, &writer, VERB_HOLDING, ++self->sent, count);
}

bytes_t
fake_claims (fake_peer_t *self, verb_t verb, const claim_t *claims, size_t count)
{
    wire_writer_t writer = s_writer (self);
    for (size_t i = 0; i < count; i++) {
        wire_put_claim (&writer, &claims[i]);
    }
    return s_close (self, &writer, verb, ++self->sent, count);
}

bytes_t
fake_work (fake_peer_t *self, const work_t *works, size_t count)
{
    wire_writer_t writer = s_writer (self);
    for (size_t i = 0; i < count; i++) {
        wire_put_work (&writer, &works[i]);
    }
    return s_close (self, &writer, VERB_WORK, ++self->sent, count);
}

bytes_t
fake_settle (fake_peer_t *self, const pack_t *pack, const settlement_t *list, size_t count)
{
    wire_writer_t writer = s_writer (self);
    wire_put_pack (&writer, pack);
    for (size_t i = 0; i < count; i++) {
        wire_put_settlement (&writer, &list[i]);
    }
    return s_close (self, &writer, VERB_SETTLE, ++self->sent, count);
}

bytes_t
fake_confirm (fake_peer_t *self, uint64_t holder, uint64_t number)
{
    wire_writer_t writer = s_writer (self);
    wire_put_u64 (&writer, holder);
    wire_put_u64 (&writer, number);
    return s_close (self, &writer, VERB_CONFIRM, ++self->sent, 1);
}

bytes_t
fake_return (fake_peer_t *self, uint64_t credit)
{
    wire_writer_t writer = s_writer (self);
    wire_put_u64 (&writer, credit);
    return s_close (self, &writer, VERB_RETURN, ++self->sent, 1);
}

claim_t
fake_claim (const work_t *work, claim_kind_t kind, uint64_t holder, uint32_t extension)
{
    return (claim_t){.name = work->name,
                     .grant = work->grant,
                     .host = work->host,
                     .holder = holder,
                     .extension = extension,
                     .lease_ms = work->lease_ms,
                     .kind = (uint8_t) kind,
                     .publisher = work->publisher};
}

settlement_t
fake_settlement (const work_t *work, outcome_t outcome, uint8_t steps, const char *reason)
{
    return (settlement_t){.name = work->name,
                          .grant = work->grant,
                          .outcome = (uint8_t) outcome,
                          .steps = steps,
                          .reason = fake_text (reason)};
}

//  The next frame of a verb to this peer (NULL: to anybody) from *at on; false: no more.
static bool
s_next (fake_peer_t *self, const effects_t *effects, verb_t verb, size_t *at, wire_header_t *header,
        wire_reader_t *body)
{
    for (; *at < effects->count; (*at)++) {
        const effect_t *effect = &effects->list[*at];
        if (effect->kind != EFFECT_SEND) {
            continue;
        }
        wire_status_t status =
            wire_get_header (effect->frame.at, effect->frame.length, header, body);
        assert (status == WIRE_OK && wire_check (header, *body) == WIRE_OK);
        bool mine = !self || (header->receiver == self->epoch && header->link == self->link);
        if (self && mine && header->number > self->heard) {
            self->heard = header->number;
        }
        if (mine && header->verb == verb) {
            (*at)++;
            return true;
        }
    }
    return false;
}

size_t
fake_take_work (fake_peer_t *self, const effects_t *effects, work_t *out, size_t max)
{
    wire_header_t header;
    wire_reader_t body;
    size_t found = 0;
    for (size_t at = 0; s_next (self, effects, VERB_WORK, &at, &header, &body);) {
        for (uint32_t i = 0; i < header.count; i++, found++) {
            work_t work;
            wire_status_t status = wire_get_work (&body, &work, NULL);
            assert (status == WIRE_OK);
            if (found < max) {
                out[found] = work;
            }
        }
    }
    return found;
}

size_t
fake_take_claims (fake_peer_t *self, const effects_t *effects, verb_t verb, claim_t *out,
                  size_t max)
{
    wire_header_t header;
    wire_reader_t body;
    size_t found = 0;
    for (size_t at = 0; s_next (self, effects, verb, &at, &header, &body);) {
        for (uint32_t i = 0; i < header.count; i++, found++) {
            claim_t claim;
            wire_status_t status = wire_get_claim (&body, &claim);
            assert (status == WIRE_OK);
            if (found < max) {
                out[found] = claim;
            }
        }
    }
    return found;
}

size_t
fake_take_confirms (fake_peer_t *self, const effects_t *effects, pack_t *out, size_t max)
{
    wire_header_t header;
    wire_reader_t body;
    size_t found = 0;
    for (size_t at = 0; s_next (self, effects, VERB_CONFIRM, &at, &header, &body);) {
        for (uint32_t i = 0; i < header.count; i++, found++) {
            pack_t pack = {0};
            wire_status_t status = wire_get_u64 (&body, &pack.holder);
            status = status == WIRE_OK ? wire_get_u64 (&body, &pack.number) : status;
            assert (status == WIRE_OK);
            if (found < max) {
                out[found] = pack;
            }
        }
    }
    return found;
}

size_t
fake_take_settlements (fake_peer_t *self, const effects_t *effects, settlement_t *out, size_t max)
{
    wire_header_t header;
    wire_reader_t body;
    size_t found = 0;
    for (size_t at = 0; s_next (self, effects, VERB_SETTLE, &at, &header, &body);) {
        pack_t pack;
        wire_status_t status = wire_get_pack (&body, &pack);
        for (uint32_t i = 0; i < header.count; i++, found++) {
            settlement_t said;
            status = status == WIRE_OK ? wire_get_settlement (&body, &said) : status;
            assert (status == WIRE_OK);
            if (found < max) {
                out[found] = said;
            }
        }
    }
    return found;
}

size_t
fake_take_packs (fake_peer_t *self, const effects_t *effects, pack_t *out, size_t max)
{
    wire_header_t header;
    wire_reader_t body;
    size_t found = 0;
    for (size_t at = 0; s_next (self, effects, VERB_SETTLE, &at, &header, &body); found++) {
        pack_t pack;
        wire_status_t status = wire_get_pack (&body, &pack);
        assert (status == WIRE_OK);
        if (found < max) {
            out[found] = pack;
        }
    }
    return found;
}

size_t
fake_take_state (fake_peer_t *self, const effects_t *effects, verb_t verb, beat_t *out)
{
    wire_header_t header;
    wire_reader_t body;
    size_t found = 0;
    for (size_t at = 0; s_next (self, effects, verb, &at, &header, &body); found++) {
        beat_t beat;
        wire_status_t status = wire_get_beat (&body, &beat);
        assert (status == WIRE_OK);
        if (out) {
            *out = beat;
        }
    }
    return found;
}

size_t
fake_frames (const effects_t *effects, verb_t verb)
{
    wire_header_t header;
    wire_reader_t body;
    size_t found = 0;
    for (size_t at = 0; s_next (NULL, effects, verb, &at, &header, &body);) {
        found++;
    }
    return found;
}

size_t
fake_effects (const effects_t *effects, effect_kind_t kind)
{
    size_t found = 0;
    for (size_t i = 0; i < effects->count; i++) {
        found += effects->list[i].kind == kind;
    }
    return found;
}

size_t
fake_says (const effects_t *effects, say_kind_t kind)
{
    size_t found = 0;
    for (size_t i = 0; i < effects->count; i++) {
        const effect_t *effect = &effects->list[i];
        found += effect->kind == EFFECT_SAY && effect->say.kind == kind;
    }
    return found;
}
