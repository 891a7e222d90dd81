//  What processes say to each other: credit, grants, packs, confirmations, BYE.

#include "tests/sim/check_private.h"
#include "tests/sim/trace.h"

#include <assert.h>
#include <string.h>

//  ---- frames
//  ------------------------------------------------------------------------------------------

static check_pack_t *
s_pack (world_t *world, uint64_t holder, uint64_t number)
{
    return &world->check.packs[prng_hash (holder, number, 0) % CHECK_PACKS];
}

bool
check_really_done (const world_t *world, uint32_t job)
{
    const job_t *it = &world->jobs[job];
    bool saved = it->durable & STEP_SAVED || (world->plan.save_may_fail && it->save_failed);
    return it->restarted && saved;
}

//  The publisher whose outbox this is, or SIM_PUBLISHERS.
static uint32_t
s_by_outbox (const world_t *world, uint64_t outbox)
{
    for (uint32_t i = 0; i < world->plan.publishers; i++) {
        if (world->disk[i].outbox == outbox) {
            return i;
        }
    }
    return SIM_PUBLISHERS;
}

static void
s_done (world_t *world, uint32_t node, const settlement_t *settlement)
{
    uint32_t publisher = s_by_outbox (world, settlement->name.outbox);
    if (publisher == SIM_PUBLISHERS) {
        return; // of a volatile one that is gone
    }
    uint32_t job = world->check.jobs[publisher][settlement->name.seq % DISK_SEQS];
    if (world->node[node].stage != STAGE_HANDLER) {
        world_fail (world, "%s says that seq %lu is done", world->node[node].name,
                    settlement->name.seq);
    } else if (!check_really_done (world, job)) {
        world_fail (world, "%s acks seq %lu of publisher-%u, which is not done (facts %u)",
                    world->node[node].name, settlement->name.seq, publisher + 1,
                    (world->jobs[job].restarted ? 1u : 0u) | world->jobs[job].durable);
    }
}

static check_out_t *
s_out (world_t *world, uint32_t handler, uint64_t number)
{
    for (uint32_t i = 0; i < world->check.out_count[handler]; i++) {
        if (world->check.out[handler][i].number == number) {
            return &world->check.out[handler][i];
        }
    }
    return NULL;
}

//  A handler has sent a pack: it is out until it is confirmed.
static void
s_goes_out (world_t *world, uint32_t handler, const check_out_t *pack)
{
    check_t *check = &world->check;
    check_out_t *out = s_out (world, handler, pack->number);
    if (!out && check->out_count[handler] < CHECK_OUT) {
        out = &check->out[handler][check->out_count[handler]++];
    }
    if (out) {
        *out = *pack;
    }
}

//  BYE comes after the last confirmation, unless the time is over.
static void
s_sent_bye (world_t *world, uint32_t node, uint32_t to, uint32_t link, wire_reader_t body)
{
    beat_t beat;
    const node_t *self = &world->node[node];
    bool read = wire_get_beat (&body, &beat) == WIRE_OK;
    assert (read);
    if (self->stage != STAGE_HANDLER || beat.state >= DRAIN_FLUSHED) {
        return;
    }
    for (uint32_t i = 0; i < world->check.out_count[self->index]; i++) {
        const check_out_t *out = &world->check.out[self->index][i];
        if (out->to == to && out->link == link) {
            world_fail (world, "%s says BYE to %s before pack %lu is confirmed", self->name,
                        world->node[to].name, out->number);
        }
    }
}

static void
s_sent_pack (world_t *world, uint32_t node, uint32_t to, const wire_header_t *header,
             wire_reader_t body)
{
    uint32_t count = header->count;
    pack_t pack;
    settlement_t settlement;
    bool read = wire_get_pack (&body, &pack) == WIRE_OK;
    assert (read);
    if (pack.holder != world->node[node].epoch) {
        return; // passed on
    }
    if (world->node[node].stage == STAGE_HANDLER) {
        s_goes_out (world, world->node[node].index,
                    &(check_out_t){.number = pack.number, .to = to, .link = header->link});
    }
    check_pack_t *kept = s_pack (world, pack.holder, pack.number);
    *kept = (check_pack_t){.holder = pack.holder, .number = pack.number};
    for (uint32_t i = 0; i < count && wire_get_settlement (&body, &settlement) == WIRE_OK; i++) {
        if (settlement.outcome == OUTCOME_DONE) {
            s_done (world, node, &settlement);
            kept->outbox = settlement.name.outbox;
            kept->done[kept->count++] = settlement.name.seq;
        }
    }
}

//  Confirmed: then what the pack said is durable.
static void
s_sent_confirms (world_t *world, uint32_t node, uint32_t count, wire_reader_t body)
{
    const node_t *self = &world->node[node];
    if (self->stage != STAGE_PUBLISHER || world->plan.is_volatile[self->index]) {
        return;
    }
    const disk_t *disk = &world->disk[self->index];
    for (uint32_t i = 0; i < count; i++) {
        uint64_t holder = 0;
        uint64_t number = 0;
        wire_get_u64 (&body, &holder);
        wire_get_u64 (&body, &number);
        const check_pack_t *pack = s_pack (world, holder, number);
        bool same = pack->holder == holder && pack->number == number;
        for (uint32_t at = 0; same && at < pack->count && pack->outbox == disk->outbox; at++) {
            if (disk->durable[pack->done[at]] != ROW_REMOVED) {
                world_fail (world, "%s confirms seq %lu, which is not durable as done", self->name,
                            pack->done[at]);
            }
        }
    }
}

check_grant_t *
check_grant (world_t *world, uint32_t job, grant_t grant)
{
    uint32_t publisher = world->jobs[job % SIM_MESSAGES].publisher;
    return &world->check.grants[publisher][grant.serial % CHECK_GRANTS];
}

static void
s_granted (world_t *world, uint32_t index, uint32_t link, const work_t *work)
{
    check_t *check = &world->check;
    const disk_t *disk = &world->disk[index];
    uint64_t seq = work->name.seq;
    assert (seq < DISK_SEQS);
    memcpy (&check->jobs[index][seq], work->id, sizeof check->jobs[index][seq]);
    check_grant_t *grant = check_grant (world, check->jobs[index][seq], work->grant);
    check->seen[index] = seq > check->seen[index] ? seq : check->seen[index];
    if (check_same (grant, work->grant)) {
        world_fail (world, "publisher-%u gives grant %lu twice", index + 1, work->grant.serial);
    } else if (check->gone[index][seq] == 2) {
        world_fail (world, "publisher-%u sends seq %lu, which was settled", index + 1, seq);
    } else if (!world->plan.is_volatile[index] && disk->latest[seq] != ROW_KEPT) {
        world_fail (world, "publisher-%u sends seq %lu, which is not in its outbox", index + 1,
                    seq);
    } else if (!world->plan.is_volatile[index] && disk->pending[seq]) {
        world_fail (world, "publisher-%u sends seq %lu before its change is durable", index + 1,
                    seq);
    } else if (!world->plan.is_volatile[index] && disk->granted < seq) {
        world_fail (world, "publisher-%u sends seq %lu, durable are %lu", index + 1, seq,
                    disk->granted);
    }
    *grant = (check_grant_t){.epoch = work->grant.epoch,
                             .serial = work->grant.serial,
                             .sent_us = world->now_us,
                             .link = link};
}

static void
s_sent_work (world_t *world, uint32_t node, const wire_header_t *header, wire_reader_t body)
{
    work_t work;
    uint32_t count = header->count;
    const node_t *self = &world->node[node];
    for (uint32_t i = 0; i < count && wire_get_work (&body, &work, NULL) == WIRE_OK; i++) {
        if (self->stage == STAGE_PUBLISHER) {
            s_granted (world, self->index, header->link, &work);
        }
    }
}

static check_credit_t *
s_credit (world_t *world, uint32_t up, uint32_t down, uint32_t link)
{
    check_credit_t *credit = &world->check.credit[up][down];
    const node_t *upper = &world->node[up];
    const node_t *lower = &world->node[down];
    if (credit->link != link || credit->up != upper->epoch || credit->down != lower->epoch) {
        *credit = (check_credit_t){.up = upper->epoch, .down = lower->epoch, .link = link};
    }
    return credit;
}

static void
s_used (world_t *world, uint32_t node, uint32_t to, uint32_t link, uint64_t count)
{
    check_credit_t *credit = s_credit (world, node, to, link);
    credit->used += count;
    if (credit->used > credit->told && world->node[to].epoch == credit->down) {
        world_fail (world, "%s uses %lu of %lu credit of %s", world->node[node].name, credit->used,
                    credit->told, world->node[to].name);
    }
}

static void
s_sent_beat (world_t *world, uint32_t node, uint32_t to, uint32_t link, wire_reader_t body)
{
    beat_t beat;
    bool read = wire_get_beat (&body, &beat) == WIRE_OK;
    assert (read);
    if (world->node[node].stage > world->node[to].stage) {
        check_credit_t *credit = s_credit (world, to, node, link);
        credit->told = beat.credit > credit->told ? beat.credit : credit->told;
    }
}

uint32_t
check_job (const world_t *world, name_t name)
{
    uint32_t publisher = s_by_outbox (world, name.outbox);
    return publisher == SIM_PUBLISHERS || name.seq >= DISK_SEQS
               ? SIM_MESSAGES
               : world->check.jobs[publisher][name.seq];
}

//  A handler asks for more time: from here on its lease may count.
static void
s_sent_extensions (world_t *world, uint32_t node, uint32_t count, wire_reader_t body)
{
    claim_t claim;
    const node_t *self = &world->node[node];
    for (uint32_t i = 0; i < count && wire_get_claim (&body, &claim) == WIRE_OK; i++) {
        uint32_t job = check_job (world, claim.name);
        if (self->stage == STAGE_HANDLER && job < SIM_MESSAGES) {
            world->check.asked_us[self->index][job] = world->now_us;
        }
    }
}

//  A publisher welcomes a link, or ends it: lists of holdings on other ones are stale.
static void
s_sent_greeting (world_t *world, uint32_t node, uint32_t to, uint32_t link)
{
    if (world->node[node].stage == STAGE_PUBLISHER) {
        check_list_t *list = &world->check.lists[world->node[node].index][to];
        uint64_t epoch = world->node[to].epoch;
        list->link = list->epoch == epoch ? list->link : 0;
        list->epoch = epoch;
        list->current = link;
    }
}

void
check_closed (world_t *world, uint32_t node, uint32_t to)
{
    s_sent_greeting (world, node, to, 0);
}

void
check_sent (world_t *world, uint32_t node, uint32_t to, bytes_t bytes)
{
    wire_header_t header;
    wire_reader_t body;
    if (wire_get_header (bytes.at, bytes.length, &header, &body) != WIRE_OK ||
        wire_check (&header, body) != WIRE_OK) {
        world_fail (world, "%s sends a frame that is not legal", world->node[node].name);
        return;
    }
    trace_frame (world, world->node[node].name, world->node[to].name, bytes);
    bool there = world->node[to].epoch == header.receiver;
    uint64_t back = 0;
    switch ((verb_t) header.verb) {
    case VERB_WELCOME: s_sent_greeting (world, node, to, header.link); break;
    case VERB_BEAT:
    case VERB_EOS: s_sent_beat (world, node, to, header.link, body); break;
    case VERB_BYE:
        s_sent_beat (world, node, to, header.link, body);
        s_sent_bye (world, node, to, header.link, body);
        break;
    case VERB_WORK:
        s_sent_work (world, node, &header, body);
        s_used (world, node, to, header.link, there ? header.count : 0);
        break;
    case VERB_RETURN:
        wire_get_u64 (&body, &back);
        s_used (world, node, to, header.link, there ? back : 0);
        break;
    case VERB_SETTLE: s_sent_pack (world, node, to, &header, body); break;
    case VERB_EXTEND: s_sent_extensions (world, node, header.count, body); break;
    case VERB_CONFIRM: s_sent_confirms (world, node, header.count, body); break;
    default: break;
    }
}

//  A legal frame of this verb to this process: the number of its records, else 0.
static uint32_t
s_frame_to (const world_t *world, uint32_t node, bytes_t bytes, verb_t verb, wire_reader_t *body)
{
    wire_header_t header;
    bool right = wire_get_header (bytes.at, bytes.length, &header, body) == WIRE_OK &&
                 header.verb == verb && header.receiver == world->node[node].epoch &&
                 wire_check (&header, *body) == WIRE_OK;
    return right ? header.count : 0;
}

static void
s_heard_work (world_t *world, const node_t *self, bytes_t bytes)
{
    wire_reader_t body;
    work_t work;
    uint32_t count = s_frame_to (world, self->id, bytes, VERB_WORK, &body);
    for (uint32_t i = 0; i < count && wire_get_work (&body, &work, NULL) == WIRE_OK; i++) {
        uint32_t job;
        memcpy (&job, work.id, sizeof job);
        world->check.told[self->index][job % SIM_MESSAGES] |= work.steps;
        world->check.asked_us[self->index][job % SIM_MESSAGES] = world->now_us;
    }
}

static void
s_heard_confirms (world_t *world, const node_t *self, bytes_t bytes)
{
    wire_reader_t body;
    uint64_t holder;
    uint64_t number;
    check_t *check = &world->check;
    uint32_t count = s_frame_to (world, self->id, bytes, VERB_CONFIRM, &body);
    for (uint32_t i = 0; i < count; i++) {
        wire_get_u64 (&body, &holder);
        wire_get_u64 (&body, &number);
        check_out_t *out = holder == self->epoch ? s_out (world, self->index, number) : NULL;
        if (out) {
            *out = check->out[self->index][--check->out_count[self->index]];
        }
    }
}

static void
s_heard_extensions (world_t *world, const node_t *self, bytes_t bytes)
{
    wire_reader_t body;
    claim_t claim;
    uint32_t count = s_frame_to (world, self->id, bytes, VERB_EXTEND, &body);
    for (uint32_t i = 0; i < count && wire_get_claim (&body, &claim) == WIRE_OK; i++) {
        uint32_t job = check_job (world, claim.name);
        check_grant_t *grant = job < SIM_MESSAGES ? check_grant (world, job, claim.grant) : NULL;
        if (grant && check_same (grant, claim.grant)) {
            grant->holder = claim.holder;
        }
    }
}

//  A list of holdings; its last frame closes it.
static void
s_heard_holdings (world_t *world, const node_t *self, bytes_t bytes)
{
    wire_header_t header;
    wire_reader_t body;
    claim_t claim;
    if (wire_get_header (bytes.at, bytes.length, &header, &body) != WIRE_OK ||
        header.verb != VERB_HOLDING || header.receiver != self->epoch ||
        wire_check (&header, body) != WIRE_OK) {
        return;
    }
    for (uint32_t i = 0; i < header.count && wire_get_claim (&body, &claim) == WIRE_OK; i++) {
        uint32_t job = check_job (world, claim.name);
        check_grant_t *grant = job < SIM_MESSAGES ? check_grant (world, job, claim.grant) : NULL;
        if (grant && check_same (grant, claim.grant)) {
            grant->listed = true;
        }
    }
    for (uint32_t i = 0; i < world->nodes; i++) {
        check_list_t *list = &world->check.lists[self->index][i];
        bool news = list->epoch == header.sender && list->link < header.link;
        if (news && list->current == header.link && header.count < CLAIMS_MAX) {
            list->link = header.link;
            list->at_us = world->now_us;
        }
    }
}

void
check_heard (world_t *world, uint32_t node, bytes_t bytes)
{
    const node_t *self = &world->node[node];
    if (self->stage == STAGE_HANDLER) {
        s_heard_work (world, self, bytes);
        s_heard_confirms (world, self, bytes);
    } else if (self->stage == STAGE_PUBLISHER) {
        s_heard_extensions (world, self, bytes);
        s_heard_holdings (world, self, bytes);
    }
}

//  A holder counts its first lease from receipt, so a record must not be under way for longer than
//  the slack. When it is, a restart of a real host still waits for `held`, a simulated one does
//  not.
void
check_arrived (world_t *world, uint32_t node, bytes_t bytes)
{
    wire_reader_t body;
    work_t work;
    bool handler = world->node[node].stage == STAGE_HANDLER;
    uint32_t count = handler ? s_frame_to (world, node, bytes, VERB_WORK, &body) : 0;
    for (uint32_t i = 0; i < count && wire_get_work (&body, &work, NULL) == WIRE_OK; i++) {
        uint32_t job;
        memcpy (&job, work.id, sizeof job);
        check_grant_t *grant = check_grant (world, job, work.grant);
        bool same = check_same (grant, work.grant);
        grant->late |= same && world->now_us > grant->sent_us + world->plan.lease_us * 2 / 3;
    }
}
