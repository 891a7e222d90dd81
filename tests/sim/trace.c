#include "tests/sim/trace.h"

#include "tests/sim/world.h"

static const char *const s_verbs[VERB_COUNT] = {
    "?",      "HELLO",  "WELCOME", "REFUSED", "AGAIN",   "HOLDING", "BEAT", "WORK",
    "RETURN", "EXTEND", "ANSWER",  "SETTLE",  "CONFIRM", "EOS",     "BYE",
};
static const char *const s_claims[CLAIM_COUNT] = {"holds", "extends", "held", "revoked"};
static const char *const s_outcomes[OUTCOME_COUNT] = {"done",    "failed",   "deferred", "lost",
                                                      "expired", "released", "refused"};

static void
s_claim (world_t *world, wire_reader_t *body)
{
    claim_t claim;
    if (wire_get_claim (body, &claim) == WIRE_OK) {
        world_trace (world, "        %s seq %lu of %.*s grant %lu, number %u, facts %u",
                     s_claims[claim.kind], claim.name.seq, (int) claim.publisher.length,
                     claim.publisher.at, claim.grant.serial, claim.extension, claim.steps);
    }
}

static void
s_work (world_t *world, wire_reader_t *body)
{
    work_t work;
    if (wire_get_work (body, &work, NULL) == WIRE_OK) {
        world_trace (world, "        work seq %lu of %.*s grant %lu, delivery %u, facts %u, %.*s",
                     work.name.seq, (int) work.publisher.length, work.publisher.at,
                     work.grant.serial, work.delivery, work.steps, (int) work.hostname.length,
                     work.hostname.at);
    }
}

static void
s_pack (world_t *world, wire_reader_t *body, uint32_t count)
{
    pack_t pack;
    settlement_t settlement;
    if (wire_get_pack (body, &pack) != WIRE_OK) {
        return;
    }
    world_trace (world, "        pack %lu of %.*s for %.*s", pack.number,
                 (int) pack.holder_name.length, pack.holder_name.at, (int) pack.publisher.length,
                 pack.publisher.at);
    for (uint32_t i = 0; i < count && wire_get_settlement (body, &settlement) == WIRE_OK; i++) {
        world_trace (world, "        %s seq %lu of %.*s grant %lu, facts %u, %.*s",
                     s_outcomes[settlement.outcome], settlement.name.seq,
                     (int) pack.publisher.length, pack.publisher.at, settlement.grant.serial,
                     settlement.steps, (int) settlement.reason.length, settlement.reason.at);
    }
}

static void
s_beat (world_t *world, wire_reader_t *body)
{
    beat_t beat;
    if (wire_get_beat (body, &beat) == WIRE_OK) {
        world_trace (world,
                     "        state %u flags %u below %u in hand %u credit %lu spent %lu "
                     "heard %lu",
                     beat.state, beat.flags, beat.below, beat.in_hand, beat.credit, beat.spent,
                     beat.heard);
    }
}

void
trace_frame (world_t *world, const char *from, const char *to, bytes_t bytes)
{
    wire_header_t header;
    wire_reader_t body;
    if (!world->trace || wire_get_header (bytes.at, bytes.length, &header, &body) != WIRE_OK) {
        return;
    }
    world_trace (world, "%s -> %s: %s link %u number %lu count %u", from, to, s_verbs[header.verb],
                 header.link, header.number, header.count);
    switch ((verb_t) header.verb) {
    case VERB_WORK:
    case VERB_HOLDING:
    case VERB_EXTEND:
    case VERB_ANSWER:
        for (uint32_t i = 0; i < header.count; i++) {
            header.verb == VERB_WORK ? s_work (world, &body) : s_claim (world, &body);
        }
        break;
    case VERB_SETTLE: s_pack (world, &body, header.count); break;
    case VERB_BEAT:
    case VERB_EOS:
    case VERB_BYE: s_beat (world, &body); break;
    default: break;
    }
}
