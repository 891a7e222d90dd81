//  Facts: what events say about tasks. No effects here.
//
//  Everything here is O(1) a record and decides nothing that takes an effect: it changes the task
//  and puts it in the list of what the next turn looks at. Whatever came from outside may be old,
//  repeated or nonsense: then it is counted and changes nothing.

#include "handler/handler_private.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "common/core/hostname.h"

//  ---- Work
//  ---------------------------------------------------------------------------------------

//  Order of a host name and an entry of the allow-list, as strcmp would say after folding.
static int
s_compare (text_t host, const char *entry)
{
    for (size_t i = 0; i < host.length; i++) {
        unsigned char c = (unsigned char) host.at[i];
        unsigned char folded = c >= 'A' && c <= 'Z' ? (unsigned char) (c - 'A' + 'a') : c;
        int order = folded - (unsigned char) entry[i];
        if (order) {
            return order; // also when the entry ends here
        }
    }
    return entry[host.length] ? -1 : 0;
}

//  A binary search in the allow-list; without one, as --any-host says.
static bool
s_allowed (const handler_limits_t *limits, text_t host)
{
    size_t low = 0;
    size_t high = limits->any_host ? 0 : limits->host_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = s_compare (host, limits->hosts[middle]);
        if (order == 0) {
            return true;
        }
        low = order > 0 ? middle + 1 : low;
        high = order > 0 ? high : middle;
    }
    return limits->any_host;
}

//  What ends a delivery before it begins. The publisher has checked the name already; the handler
//  does not rely on that, because it is the one that puts it on a command line.
static end_t
s_judge (const handler_t *self, const task_t *former, const work_t *work)
{
    text_t host = work->hostname;
    if (former && former->outcome == OUTCOME_DONE) {
        return END_BEFORE;
    }
    if (!hostname_valid (host.at, host.length)) {
        return END_NAME;
    }
    if (self->limits.exec && work->instance.length > 0 && work->instance.at[0] == '-') {
        return END_OPTION;
    }
    return s_allowed (&self->limits, host) ? END_NONE : END_HOST;
}

//  Grants of one publisher are ordered. Of two publishers, which are one in two lives, the one that
//  speaks now is the living one.
static bool
s_higher (grant_t one, grant_t other)
{
    return one.epoch != other.epoch || one.serial > other.serial;
}

//  A delivery of its own: in a slot that nobody uses, or not at all (then the lease runs out, and
//  it comes again).
static void
s_take (handler_t *self, const task_t *former, work_t *work, uint32_t via)
{
    uint32_t route = SLAB_NONE;
    if (self->unsent < self->limits.concurrency && tasks_room (self->tasks)) {
        route = routes_take (self->routes, work->publisher, via);
    }
    if (route == SLAB_NONE) {
        self->counts.overrun++;
        return;
    }
    //  What an older delivery did, and has not told yet, is not done again.
    work->steps |= former ? former->steps : 0;
    uint32_t slot = tasks_take (self->tasks, work, self->now_us, self->limits.max_lease_us);
    task_t *task = tasks_at (self->tasks, slot);
    task->route = route;
    task->late = self->stalled;
    task->end = s_judge (self, former, work);
    self->unsent++;
    self->counts.taken++;
    tasks_touch (self->tasks, slot);
}

//  The message is in hand already and not decided: it goes on under the higher grant, and answers
//  by the consumer that brought it. Nothing is started twice.
static void
s_take_over (handler_t *self, uint32_t slot, const work_t *work, uint32_t via)
{
    task_t *task = tasks_at (self->tasks, slot);
    uint32_t route = routes_take (self->routes, work->publisher, via);
    if (route != SLAB_NONE) {
        tasks_not_to_send (self->tasks, slot, routes_at (self->routes, task->route)->via);
        routes_give (self->routes, task->route);
        task->route = route;
    }
    task->late = self->stalled;
    task_take_over (task, work, self->now_us);
    self->counts.takeovers++;
    tasks_touch (self->tasks, slot);
}

//  One record. A message whose outcome is decided and not confirmed may come again, because the
//  publisher has heard of it and the confirmation is under way: that is a delivery of its own.
static void
s_intake (handler_t *self, work_t *work, uint32_t via)
{
    work->lease_ms = work->lease_ms ? work->lease_ms : LEASE_DEFAULT_MS;
    links_lease (self->links, work->lease_ms);
    uint32_t slot = tasks_find (self->tasks, work->name);
    const task_t *task = slot == SLAB_NONE ? NULL : tasks_at (self->tasks, slot);
    if (task && !s_higher (work->grant, task->work.grant)) {
        self->counts.ignored++;
    } else if (task && !task_decided (task)) {
        s_take_over (self, slot, work, via);
    } else {
        s_take (self, task, work, via);
    }
}

//  Every record takes one off the credit, whatever becomes of it: both ends count the same.
static void
s_work (handler_t *self, peer_t *peer, uint32_t count, wire_reader_t *body)
{
    assert (count <= WORK_RECORDS_MAX);
    work_t work;
    uint32_t via = links_slot (self->links, peer);
    peer->taken += count;
    for (uint32_t i = 0; i < count && wire_get_work (body, &work, NULL) == WIRE_OK; i++) {
        s_intake (self, &work, via);
    }
}

//  ---- Answers
//  ------------------------------------------------------------------------------------

//  `held` and `revoked`: of the current grant, and for this process; all else is stale.
static void
s_answers (handler_t *self, uint32_t count, wire_reader_t *body)
{
    assert (count <= CLAIMS_MAX);
    claim_t claim;
    for (uint32_t i = 0; i < count && wire_get_claim (body, &claim) == WIRE_OK; i++) {
        uint32_t slot = tasks_find (self->tasks, claim.name);
        if (slot != SLAB_NONE && claim.holder == self->epoch &&
            task_answered (tasks_at (self->tasks, slot), self->now_us, &claim)) {
            tasks_touch (self->tasks, slot);
        } else {
            self->counts.stale++;
        }
    }
}

//  Packs that are durable with their publisher: marked here, closed by the next turn.
static void
s_confirms (handler_t *self, uint32_t count, wire_reader_t *body)
{
    assert (count <= CONFIRMS_MAX);
    uint64_t holder;
    uint64_t number;
    for (uint32_t i = 0; i < count; i++) {
        if (wire_get_u64 (body, &holder) != WIRE_OK || wire_get_u64 (body, &number) != WIRE_OK) {
            return;
        }
        bool ours = holder == self->epoch && packs_confirm (self->packs, number);
        self->counts.stale += !ours;
    }
}

static void
s_frames (handler_t *self, const event_t *event)
{
    for (size_t i = 0; i < event->count; i++) {
        wire_header_t header;
        wire_reader_t body;
        peer_t *peer = links_frame (self->links, self->now_us, event->frames[i], &header, &body);
        if (!peer) {
            continue;
        }
        if (header.verb == VERB_WORK) {
            s_work (self, peer, header.count, &body);
        } else if (header.verb == VERB_ANSWER) {
            s_answers (self, header.count, &body);
        } else if (header.verb == VERB_CONFIRM) {
            s_confirms (self, header.count, &body);
        }
    }
}

//  ---- Steps
//  --------------------------------------------------------------------------------------

//  An answer of the shell has changed a task, or came too late for it.
static void
s_changed (handler_t *self, uint32_t slot, bool changed)
{
    if (changed) {
        tasks_touch (self->tasks, slot);
    } else {
        self->counts.stale++;
    }
}

static void
s_ran (handler_t *self, const event_t *event)
{
    for (size_t i = 0; i < event->count; i++) {
        uint32_t slot = tasks_numbered (self->tasks, event->ran[i].task);
        bool there = slot != SLAB_NONE;
        s_changed (self, slot, there && task_ran (tasks_at (self->tasks, slot), &event->ran[i]));
    }
}

static void
s_saved (handler_t *self, const event_t *event)
{
    for (size_t i = 0; i < event->count; i++) {
        const saved_t *saved = &event->saved[i];
        uint32_t slot = tasks_numbered (self->tasks, saved->task);
        bool there = slot != SLAB_NONE;
        s_changed (self, slot, there && task_saved (tasks_at (self->tasks, slot), saved));
    }
}

static void
s_found (handler_t *self, const event_t *event)
{
    for (size_t i = 0; i < event->count; i++) {
        const found_t *found = &event->found[i];
        uint32_t slot = tasks_numbered (self->tasks, found->task);
        bool there = slot != SLAB_NONE;
        s_changed (self, slot, there && task_found (tasks_at (self->tasks, slot), found));
    }
}

//  ---- The process
//  --------------------------------------------------------------------------------

static void
s_signal (handler_t *self, int signo)
{
    if (signo == SIGNAL_USR1) {
        self->in_hand_due = true;
    } else {
        drain_signal (&self->drain, self->now_us, signo);
    }
}

//  Many at once start one drain, and each line is said once.
static void
s_fault (handler_t *self, const char *text)
{
    assert (text);
    if (!self->fault_due) {
        snprintf (self->fault, sizeof self->fault, "%s", text);
    }
    self->fault_due = true;
    self->shutting_down_due |= self->drain.exit_code != EXIT_INTERNAL;
    drain_fail (&self->drain, self->now_us, WHY_FAULT, EXIT_INTERNAL);
}

static void
s_published (handler_t *self, const event_t *event)
{
    for (size_t i = 0; i < event->count; i++) {
        links_published (self->links, self->now_us, event->frames[i]);
    }
}

void
handler_fact (handler_t *self, const event_t *event)
{
    switch (event->kind) {
    case EVENT_FRAME: s_frames (self, event); break;
    case EVENT_INBOX_EMPTY:
        self->stalled = false;
        links_inbox_empty (self->links, self->now_us);
        break;
    case EVENT_NOTICE:
        links_notice (self->links, self->now_us, event->notice.name, event->notice.epoch);
        break;
    case EVENT_PUBLISHED: s_published (self, event); break;
    case EVENT_SIGNAL: s_signal (self, event->signal); break;
    //  The granter moves its leases by a stall; the holder moves nothing.
    case EVENT_STALL:
        self->stalled = true;
        links_stall (self->links, event->stall_us);
        break;
    case EVENT_FAULT: s_fault (self, event->fault); break;
    case EVENT_SAVED: s_saved (self, event); break;
    case EVENT_FOUND: s_found (self, event); break;
    case EVENT_RAN: s_ran (self, event); break;
    //  Not the handler's: a disk that is full only makes SAVED come later.
    case EVENT_DISK_FULL:
    case EVENT_DISK_FREE:
    case EVENT_OPENED:
    case EVENT_LOADED:
    case EVENT_STORED:
    case EVENT_REQUEST:
    case EVENT_EXHAUSTED: break;
    case EVENT_TURN:
    case EVENT_COUNT: assert (!"a fact");
    }
}
