#include "publisher/publisher_shell.h"

#include "common/core/prng.h"
#include "common/io/clock.h"
#include "common/io/log.h"
#include "common/io/report.h"
#include "common/io/shell.h"
#include "publisher/left.h"
#include "publisher/publisher.h"
#include "publisher/source_generate.h"
#include "publisher/source_requests.h"
#include "publisher/source_uuid.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <sys/epoll.h>
#include <sysexits.h>

#define FEED_MAX 256 // requests asked of the source at once

typedef struct {
    const publisher_options_t *options;
    shell_t *shell;
    publisher_t *core;
    left_t *left;
    source_t source;
    const char *path; // what the source reads; NULL: it makes messages
    bool watching;    // the source's descriptor is in the watch
    bool exhausted;   // the core was told that the source has ended
    bool failed;      // it ended because it could not be read
    source_message_t messages[FEED_MAX];
    request_t requests[FEED_MAX];
} self_t;

static void
s_step (void *core, int64_t now_us, const event_t *event, effects_t *effects)
{
    publisher_step (core, now_us, event, effects);
}

static int64_t
s_deadline (const void *core)
{
    return publisher_deadline (core);
}

//  The first failure is said when it happens, the count of all at the end.
static void
s_leave (self_t *self, const row_t *row)
{
    if (left_put (self->left, row) && left_failures (self->left) == 1) {
        log_line (LEVEL_ERROR, "Could not write %s to %s: %s", row->instance.at,
                  left_path (self->left), strerror (errno));
    }
}

//  Until the outbox is durable there is no file: tickets are through by themselves.
static void
s_perform (void *arg, const effect_t *effect, int64_t now_us)
{
    self_t *self = arg;
    (void) now_us;
    switch (effect->kind) {
    case EFFECT_STORE:
    case EFFECT_GRANTED:
    case EFFECT_REMOVE: break;
    case EFFECT_LEFT: s_leave (self, &effect->store.row); break;
    default: assert (!"an effect of a publisher");
    }
}

static text_t
s_text (const char *text)
{
    return (text_t){text, strlen (text)};
}

static void
s_tell_requests (self_t *self, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const source_message_t *message = &self->messages[i];
        self->requests[i] = (request_t){.instance = s_text (message->instance),
                                        .hostname = s_text (message->hostname),
                                        .reason = s_text (message->reason),
                                        .requested_by = s_text (message->requested_by),
                                        .own_id = message->own_id};
        memcpy (self->requests[i].id, message->id, ID_BYTES);
    }
    event_t event = {.kind = EVENT_REQUEST, .count = count, .requests = self->requests};
    shell_tell (self->shell, &event);
}

static void
s_readable (void *arg, int fd, uint32_t events)
{
    (void) arg; // the turn that follows feeds
    (void) fd;
    (void) events;
}

//  Wait for the source's descriptor when that is all there is to wait for.
static void
s_watch (self_t *self)
{
    const source_t *source = &self->source;
    int fd = source->ops->fd (source->self);
    if (fd < 0) {
        return;
    }
    watch_t *watch = shell_watch (self->shell);
    if (self->watching) {
        watch_again (watch, fd, EPOLLIN);
    } else {
        self->watching = watch_add (watch, fd, EPOLLIN, true, s_readable, self) == 0;
    }
}

//  A source that broke off looks like a finished one to the core: what came before is worked on.
static void
s_end (self_t *self)
{
    const source_t *source = &self->source;
    int error = source->ops->failed (source->self);
    if (error) {
        self->failed = true;
        log_line (LEVEL_ERROR, "Could not read %s on from line %" PRIu64 ": %s", self->path,
                  source->ops->line (source->self), strerror (error));
    }
    self->exhausted = true;
    shell_tell (self->shell, &(event_t){.kind = EVENT_EXHAUSTED});
}

//  Ask the source for as much as there is room for: that is the back-pressure.
static void
s_feed (void *arg, int64_t now_us)
{
    self_t *self = arg;
    const source_t *source = &self->source;
    uint32_t room = publisher_room (self->core);
    if (self->exhausted || !room) {
        return;
    }
    size_t most = room < FEED_MAX ? room : FEED_MAX;
    size_t count = source->ops->next (source->self, now_us, most, self->messages);
    if (count) {
        s_tell_requests (self, count);
    }
    if (source->ops->finished (source->self)) {
        s_end (self);
    } else {
        s_watch (self);
    }
}

static int64_t
s_due (const void *arg)
{
    const self_t *self = arg;
    bool closed = self->exhausted || !publisher_room (self->core);
    return closed ? INT64_MAX : self->source.ops->deadline (self->source.self);
}

static int
s_no_memory (void)
{
    log_line (LEVEL_ERROR, "Out of memory");
    return EX_SOFTWARE;
}

static int
s_open_source (self_t *self)
{
    const publisher_options_t *options = self->options;
    void (*id) (uint8_t *) = options->common.has_seed ? NULL : source_uuid;
    uint64_t seed = shell_seed (self->shell);
    if (!*options->requests) {
        source_generate_limits_t limits = {
            .pace = options->pace, .count = (uint64_t) options->count, .seed = seed, .id = id};
        return source_generate_open (&self->source, &limits, clock_now_us ()) ? s_no_memory () : 0;
    }
    self->path = left_take (self->left, options->requests);
    if (!self->path) {
        log_line (LEVEL_ERROR, "Could not put %s aside: %s", options->requests, strerror (errno));
        return EX_CANTCREAT;
    }
    if (strcmp (self->path, options->requests) != 0) {
        log_line (LEVEL_INFO, "%s is put aside as %s", options->requests, self->path);
    }
    source_requests_limits_t limits = {.path = self->path,
                                       .pace = options->pace,
                                       .count = (uint64_t) options->count,
                                       .seed = seed,
                                       .id = id};
    if (source_requests_open (&self->source, &limits, clock_now_us ())) {
        log_line (LEVEL_ERROR, "Could not read %s: %s", self->path, strerror (errno));
        return EX_CONFIG;
    }
    return 0;
}

static publisher_t *
s_core (const self_t *self)
{
    const publisher_options_t *options = self->options;
    publisher_limits_t limits = {.lease_us = options->lease_us,
                                 .max_deliveries = (uint32_t) options->max_deliveries,
                                 .max_lost = (uint32_t) options->max_lost,
                                 .per_host = (uint32_t) options->per_host,
                                 .max_pending = (uint32_t) options->max_pending,
                                 .is_volatile = true};
    shell_links_config (self->shell, &limits.links);
    limits.links.lease_ms = (uint32_t) (options->lease_us / 1000);
    return publisher_new (&limits, shell_seed (self->shell));
}

static int
s_report (const self_t *self, int code)
{
    publisher_books_t books = publisher_books (self->core);
    uint64_t rejected = self->source.ops->rejected (self->source.self);
    const char *kind;
    report_field_t fields[] = {{"accepted", books.accepted},
                               {"done", books.done},
                               {"dead", books.dead},
                               {"dropped", books.dropped},
                               {"pending", books.pending + books.leased},
                               {"redelivered", books.redelivered},
                               {"released", books.released},
                               {"stale", books.stale},
                               {"rejected", books.rejected + rejected},
                               {"failed", books.failed},
                               {"deferred", books.deferred},
                               {"lost", books.lost},
                               {"expired", books.expired},
                               {"returned", books.returned},
                               {"duplicates", books.duplicates},
                               {"longest_us", (uint64_t) shell_longest (self->shell, &kind)}};
    return report_write (&self->options->common, code, fields, sizeof fields / sizeof *fields);
}

//  At a stop in the midst of the source: say where, and keep what nobody can read again.
static void
s_stop_reading (self_t *self)
{
    const source_ops_t *ops = self->source.ops;
    if (self->exhausted || !self->path) {
        return;
    }
    source_message_t *message = &self->messages[0];
    while (ops->rest (self->source.self, message)) {
        row_t row = {.instance = s_text (message->instance),
                     .hostname = s_text (message->hostname),
                     .reason = s_text (message->reason),
                     .requested_by = s_text (message->requested_by)};
        memcpy (row.id, message->id, ID_BYTES);
        s_leave (self, &row);
    }
    bool is_stdin = strcmp (self->path, "-") == 0;
    log_line (LEVEL_INFO, "Stopped reading %s at line %" PRIu64, is_stdin ? "stdin" : self->path,
              ops->line (self->source.self));
}

//  Returns the exit code: what is left is kept here, or it is lost.
static int
s_close_left (self_t *self, int code)
{
    uint64_t left = left_count (self->left);
    uint64_t failures = left_failures (self->left);
    if (left) {
        log_line (LEVEL_WARNING, "%" PRIu64 " messages are left, written to %s", left,
                  left_path (self->left));
        code = code ? code : EX_TEMPFAIL;
    }
    if (left_close (&self->left)) {
        log_line (LEVEL_ERROR, "What is left could not be written whole, %" PRIu64 " are lost: %s",
                  failures, strerror (errno));
        code = report_io_error (code);
    }
    return code;
}

static int
s_run (self_t *self)
{
    static const shell_stage_t stage = {
        .step = s_step, .deadline = s_deadline, .perform = s_perform, .feed = s_feed, .due = s_due};
    opened_t opened = {.outbox =
                           prng_hash (shell_seed (self->shell), 0, shell_epoch (self->shell))};
    event_t event = {.kind = EVENT_OPENED, .count = 1, .opened = &opened};
    publisher_step (self->core, clock_now_us (), &event, NULL);
    int code = shell_run (self->shell, &stage, self->core, self);
    log_line (LEVEL_INFO, "Closing database connections");
    s_stop_reading (self);
    code = s_close_left (self, code);
    code = self->failed ? report_io_error (code) : code;
    log_line (LEVEL_INFO, "Flushing metrics");
    return s_report (self, code);
}

//  The source and what it needs; the left file comes first, it may be what is read.
static int
s_open (self_t *self)
{
    const options_common_t *common = &self->options->common;
    self->left = left_new (common->data, common->name);
    if (!self->left) {
        log_line (LEVEL_ERROR, "Could not write in %s: %s", common->data, strerror (errno));
        return EX_CANTCREAT;
    }
    int code = s_open_source (self);
    if (code == 0) {
        self->core = s_core (self);
        code = self->core ? 0 : s_no_memory ();
    }
    return code;
}

int
publisher_shell_run (const publisher_options_t *options)
{
    int code;
    static self_t self;
    self.options = options;
    self.shell = shell_new (&options->common, LINKS_MAX, &code);
    if (!self.shell) {
        log_close ();
        return code;
    }
    code = s_open (&self);
    bool ran = code == 0;
    if (ran) {
        code = s_run (&self);
    }
    publisher_destroy (&self.core);
    if (self.source.ops) {
        self.source.ops->destroy (&self.source.self);
    }
    left_close (&self.left);
    shell_close (&self.shell, ran && code != EX_IOERR);
    return code;
}
