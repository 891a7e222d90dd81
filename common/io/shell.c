#include "common/io/shell.h"

#include "common/core/prng.h"
#include "common/io/clock.h"
#include "common/io/descriptors.h"
#include "common/io/endpoint.h"
#include "common/io/log.h"
#include "common/io/neighbours.h"
#include "common/io/onlookers.h"
#include "common/io/reactor.h"
#include "common/io/report.h"
#include "common/io/socket.h"

#include <assert.h>
#include <errno.h>
#include <signal.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sysexits.h>
#include <unistd.h>
#include <zmq.h>

#define SPARE_SOCKETS 64 // inbox, state, neighbours, one-shot answers
#define STATE_TOPIC   "state"

struct shell_s {
    const options_common_t *options; // borrowed
    char state_endpoint[ENDPOINT_SIZE];
    uint64_t epoch;
    uint64_t seed;
    int signal_fd;
    void *inbox;
    neighbours_t *neighbours;
    watch_t *watch;
    reactor_t *reactor;
    onlookers_t *onlookers;
    effects_t effects;
    const shell_stage_t *stage;
    void *core;
    void *arg;
    int signals; // that end the process, as many as came
    int code;
    bool over;
};

static int s_signal_fd = -1;

int
shell_early (void)
{
    s_signal_fd = reactor_block_signals ();
    if (s_signal_fd < 0) {
        log_line (LEVEL_ERROR, "Could not take signals: %s", strerror (errno));
        return EX_SOFTWARE;
    }
    return 0;
}

static uint64_t
s_random (void)
{
    uint64_t value = 0;
    while (value == 0) {
        if (getrandom (&value, sizeof value, 0) != sizeof value) {
            value = (uint64_t) clock_wall_us () ^ (uint64_t) getpid () << 40;
        }
    }
    return value;
}

void
shell_tell (shell_t *self, const event_t *event)
{
    self->stage->step (self->core, clock_now_us (), event, &self->effects);
}

static bool
s_has_id (const say_t *say)
{
    static const uint8_t s_none[ID_BYTES];
    return memcmp (say->id, s_none, ID_BYTES) != 0;
}

static void
s_say (shell_t *self, const say_t *say)
{
    char text[LOG_LINE_MAX];
    say_format (text, sizeof text, say);
    log_level_t level = (log_level_t) say_level (say->kind);
    log_subject_t subject = {.instance = say->instance,
                             .hostname = say->hostname,
                             .message_id = s_has_id (say) ? say->id : NULL,
                             .name = say->name,
                             .peer = say->peer,
                             .delivery = say->delivery};
    if (say_about_message (say->kind)) {
        log_about (level, &subject, "%s", text);
    } else {
        log_line (level, "%s", text);
    }
    onlookers_say (self->onlookers, say, text);
}

static void
s_perform (shell_t *self, const effect_t *effect, int64_t now_us)
{
    neighbours_t *neighbours = self->neighbours;
    switch (effect->kind) {
    case EFFECT_OPEN:
        if (neighbours_open (neighbours, effect->slot, effect->endpoint.at, effect->state.at)) {
            log_line (LEVEL_WARNING, "Could not connect to %s: %s", effect->endpoint.at,
                      zmq_strerror (errno));
        }
        break;
    case EFFECT_CLOSE: neighbours_close (neighbours, effect->slot, effect->linger_ms); break;
    case EFFECT_SEND:
        //  What is not sent is missing in the numbers of the link, so the link is made anew.
        neighbours_send (neighbours, effect->slot, effect->frame.at, effect->frame.length);
        break;
    case EFFECT_REPLY:
        neighbours_reply (neighbours, effect->endpoint.at, effect->frame.at, effect->frame.length);
        break;
    case EFFECT_PUBLISH:
        neighbours_publish (neighbours, STATE_TOPIC, effect->frame.at, effect->frame.length);
        break;
    case EFFECT_SAY: s_say (self, &effect->say); break;
    case EFFECT_EXIT:
        self->code = effect->code;
        self->over = true;
        break;
    default: self->stage->perform (self->arg, effect, now_us);
    }
}

static void
s_turn (void *arg)
{
    shell_t *self = arg;
    int64_t now_us = clock_now_us ();
    if (self->stage->feed) {
        self->stage->feed (self->arg, now_us);
    }
    effects_clear (&self->effects);
    //  Who watches gets every event, whatever is logged; log_line and log_about know their level.
    self->effects.level = onlookers_watch (self->onlookers)
                              ? SAY_LEVEL_DEBUG
                              : (say_level_t) self->options->log_level;
    shell_tell (self, &(event_t){.kind = EVENT_TURN});
    for (size_t i = 0; i < self->effects.count; i++) {
        s_perform (self, &self->effects.list[i], now_us);
    }
    log_tick (now_us);
    neighbours_tick (self->neighbours, now_us);
}

static int64_t
s_deadline (void *arg)
{
    const shell_t *self = arg;
    int64_t next = self->stage->deadline (self->core);
    int64_t due = self->stage->due ? self->stage->due (self->arg) : INT64_MAX;
    int64_t log = log_deadline ();
    next = due < next ? due : next;
    return log < next ? log : next;
}

static bool
s_over (void *arg)
{
    return ((const shell_t *) arg)->over;
}

static void
s_signal (void *arg, int signo)
{
    ((shell_t *) arg)->signals += signo != SIGUSR1;
    shell_tell (arg, &(event_t){.kind = EVENT_SIGNAL, .signal = signo});
}

static void
s_frames (void *arg, const bytes_t *frames, size_t count)
{
    shell_tell (arg, &(event_t){.kind = EVENT_FRAME, .count = count, .frames = frames});
}

static void
s_inbox_empty (void *arg)
{
    shell_tell (arg, &(event_t){.kind = EVENT_INBOX_EMPTY});
}

static void
s_notice (void *arg, const char *topic, bool present)
{
    shell_t *self = arg;
    char name[NAME_MAX_BYTES + 1];
    uint64_t epoch;
    if (onlookers_notice (self->onlookers, topic, present) || present ||
        wire_topic_parse (topic, name, &epoch)) {
        return;
    }
    shell_tell (self, &(event_t){.kind = EVENT_NOTICE, .notice = {name, epoch}});
}

static void
s_published (void *arg, const bytes_t *frames, size_t count)
{
    shell_tell (arg, &(event_t){.kind = EVENT_PUBLISHED, .count = count, .frames = frames});
}

static void
s_watched (void *arg)
{
    watch_run (((shell_t *) arg)->watch);
}

static void
s_stalled (void *arg, int64_t stall_us)
{
    say_t say = {.kind = SAY_STALLED, .number = stall_us};
    s_say (arg, &say);
    shell_tell (arg, &(event_t){.kind = EVENT_STALL, .stall_us = stall_us});
}

//  rc of a bind, said with the endpoint that it is about. Returns 0 or the exit code.
static int
s_bound (int rc, const char *endpoint)
{
    int error = errno; // what is said next may change it
    if (rc == 0) {
        return 0;
    }
    log_line (LEVEL_ERROR, "Could not bind %s: %s", endpoint, zmq_strerror (error));
    return error == EADDRINUSE ? EX_CONFIG : EX_CANTCREAT;
}

static int
s_open_sockets (shell_t *self, size_t slots)
{
    const options_common_t *options = self->options;
    endpoint_state (self->state_endpoint, options->bind);
    if (sockets_init (slots + SPARE_SOCKETS)) {
        log_line (LEVEL_ERROR, "Could not make a ZeroMQ context: %s", zmq_strerror (errno));
        return EX_SOFTWARE;
    }
    self->inbox = socket_new (SOCKET_INBOX, NULL);
    self->neighbours = neighbours_new (slots);
    self->watch = watch_new ();
    if (!self->inbox || !self->neighbours || !self->watch) {
        log_line (LEVEL_ERROR, "Could not make sockets: %s", zmq_strerror (errno));
        return EX_SOFTWARE;
    }
    int code = s_bound (socket_bind (self->inbox, options->bind), options->bind);
    if (code == 0) {
        code = s_bound (neighbours_bind (self->neighbours, self->state_endpoint),
                        self->state_endpoint);
    }
    return code;
}

//  Hear the neighbours' states, and be seen at their state sockets.
static int
s_subscribe (shell_t *self)
{
    char topic[TOPIC_BYTES_MAX];
    wire_topic (topic, self->options->name, self->epoch);
    if (neighbours_subscribe (self->neighbours, STATE_TOPIC) ||
        neighbours_subscribe (self->neighbours, topic)) {
        log_line (LEVEL_ERROR, "Could not subscribe: %s", zmq_strerror (errno));
        return EX_SOFTWARE;
    }
    self->onlookers = onlookers_new (self->neighbours, self->options->name);
    say_level_t level = (say_level_t) self->options->log_level;
    if (!self->onlookers || effects_init (&self->effects, level)) {
        log_line (LEVEL_ERROR, "Out of memory");
        return EX_SOFTWARE;
    }
    return 0;
}

shell_t *
shell_new (const options_common_t *options, size_t slots, int *code)
{
    log_open (options->name, options_stage_name (options->stage), options->log_level,
              options->log_format);
    shell_t *self = calloc (1, sizeof *self);
    if (!self) {
        log_line (LEVEL_ERROR, "Out of memory");
        *code = EX_SOFTWARE;
        return NULL;
    }
    self->options = options;
    self->signal_fd = s_signal_fd;
    self->epoch = s_random ();
    self->seed = options->has_seed ? options->seed : s_random ();
    *code = report_check (options);
    *code = *code ? *code : descriptors_check (slots, 0);
    *code = *code ? *code : s_open_sockets (self, slots);
    *code = *code ? *code : s_subscribe (self);
    if (*code) {
        shell_destroy (&self);
    }
    return self;
}

void
shell_destroy (shell_t **self_p)
{
    shell_t *self = *self_p;
    if (!self) {
        return;
    }
    reactor_destroy (&self->reactor);
    onlookers_destroy (&self->onlookers);
    socket_close (&self->inbox, 0);
    neighbours_destroy (&self->neighbours);
    watch_destroy (&self->watch);
    sockets_term ();
    effects_term (&self->effects);
    free (self);
    *self_p = NULL;
}

void
shell_links_config (const shell_t *self, links_config_t *config)
{
    const options_common_t *options = self->options;
    *config = (links_config_t){.stage = options->stage,
                               .epoch = self->epoch,
                               .name = options->name,
                               .inbox = options->bind,
                               .state = self->state_endpoint,
                               .up_count = options->connect_count,
                               .peer_timeout_us = options->peer_timeout_us,
                               .drain_timeout_us = options->drain_timeout_us,
                               .stay = options->stay};
    static char states[CONNECT_MAX][ENDPOINT_SIZE];
    for (size_t i = 0; i < options->connect_count; i++) {
        endpoint_state (states[i], options->connect[i]);
        config->up_inbox[i] = options->connect[i];
        config->up_state[i] = states[i];
    }
}

uint64_t
shell_seed (const shell_t *self)
{
    return self->seed;
}

uint64_t
shell_epoch (const shell_t *self)
{
    return self->epoch;
}

watch_t *
shell_watch (shell_t *self)
{
    return self->watch;
}

//  What a stranger sent to our sockets, and what nobody read of our log.
static void
s_say_dropped (const shell_t *self)
{
    uint64_t messages = reactor_dropped (self->reactor);
    if (messages) {
        log_line (LEVEL_WARNING, "Dropped %" PRIu64 " messages that were no frames", messages);
    }
    if (log_dropped ()) {
        log_line (LEVEL_WARNING, "%" PRIu64 " log lines were dropped in all", log_dropped ());
    }
}

int
shell_run (shell_t *self, const shell_stage_t *stage, void *core, void *arg)
{
    self->stage = stage;
    self->core = core;
    self->arg = arg;
    reactor_sources_t sources = {.signal_fd = self->signal_fd,
                                 .inbox = self->inbox,
                                 .state = neighbours_state (self->neighbours),
                                 .neighbours = neighbours_sub (self->neighbours),
                                 .committed_fd = -1,
                                 .watch_fd = watch_fd (self->watch)};
    reactor_calls_t calls = {.signal = s_signal,
                             .frames = s_frames,
                             .inbox_empty = s_inbox_empty,
                             .notice = s_notice,
                             .published = s_published,
                             .watched = s_watched,
                             .stalled = s_stalled,
                             .turn = s_turn,
                             .deadline = s_deadline,
                             .over = s_over};
    self->reactor = reactor_new (&sources, &calls, self);
    if (!self->reactor) {
        log_line (LEVEL_ERROR, "Could not make the reactor: %s", strerror (errno));
        return EX_SOFTWARE;
    }
    log_always ("Ready as %s at %s", self->options->name, self->options->bind);
    s_turn (self);
    int rc = reactor_run (self->reactor);
    s_say_dropped (self);
    const char *kind;
    int64_t longest = shell_longest (self, &kind);
    log_line (LEVEL_DEBUG, "The longest callback took %.1f ms: %s", (double) longest / 1000, kind);
    return rc ? EX_SOFTWARE : self->code;
}

void
shell_close (shell_t **self_p, bool whole)
{
    reactor_leave ((*self_p)->signals);
    //  The stage has closed its store and written its report by now; sockets go last, so that BYE
    //  and the last answers leave before linger is all that is left to them.
    bool orderly = whole && (*self_p)->over;
    shell_destroy (self_p);
    if (orderly) {
        log_line (LEVEL_INFO, "Successfully shutdown the Mayhem service.");
    }
    log_close ();
}

int64_t
shell_longest (const shell_t *self, const char **kind)
{
    int64_t longest = 0;
    *kind = "none";
    for (int i = 0; self->reactor && i < REACTOR_KINDS; i++) {
        if (reactor_longest (self->reactor, i) > longest) {
            longest = reactor_longest (self->reactor, i);
            *kind = reactor_kind_name (i);
        }
    }
    return longest;
}
