#include "handler/handler_shell.h"

#include "common/io/clock.h"
#include "common/io/descriptors.h"
#include "common/io/guard.h"
#include "common/io/log.h"
#include "common/io/report.h"
#include "common/io/shell.h"
#include "handler/action_exec.h"
#include "handler/action_hosts.h"
#include "handler/action_simulate.h"
#include "handler/argv.h"
#include "handler/handler.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#define FEED_MAX 512 // simulated steps told to the core at once

typedef struct {
    const handler_options_t *options;
    shell_t *shell;
    handler_t *core;
    guard_t *guard;
    action_hosts_t *hosts;
    action_exec_t *exec;         // NULL: every restart is simulated
    action_simulate_t *restarts; // note: whether it fails
    action_simulate_t *saves;    // by ticket; note: task * 2 + whether it fails
    const char *path;            // PATH of the commands
} self_t;

static void
s_step (void *core, int64_t now_us, const event_t *event, effects_t *effects)
{
    handler_step (core, now_us, event, effects);
}

static int64_t
s_deadline (const void *core)
{
    return handler_deadline (core);
}

static void
s_tell_ran (self_t *self, const ran_t *ran, size_t count)
{
    shell_tell (self->shell, &(event_t){.kind = EVENT_RAN, .count = count, .ran = ran});
}

//  RAN_LATER: there was no room here, which says nothing about the message.
static void
s_not_run (self_t *self, uint64_t task, ran_kind_t kind, int error)
{
    ran_t ran = {.task = task, .kind = kind, .value = error, .group_gone = true};
    s_tell_ran (self, &ran, 1);
}

static void
s_run (self_t *self, const step_t *step, int64_t now_us)
{
    if (step->simulated || !self->exec) {
        if (action_simulate_start (self->restarts, step->task, now_us + step->duration_us,
                                   step->fails)) {
            s_not_run (self, step->task, RAN_LATER, ENOBUFS);
        }
        return;
    }
    static argv_t argv;
    static argv_t environment;
    argv_values_t values = {.host = step->hostname,
                            .instance = step->instance,
                            .id = step->id,
                            .delivery = step->delivery,
                            .path = self->path};
    const char *const *words = (const char *const *) self->options->command_argv;
    if (argv_fill (&argv, words, (size_t) self->options->command_argc, &values) ||
        argv_environment (&environment, &values)) {
        //  Longer names were tried at the start, so it can only be this.
        log_line (LEVEL_ERROR, "Could not start a command (errno %d): a NUL in a name", EINVAL);
        s_not_run (self, step->task, RAN_NOT_STARTED, EINVAL);
    } else if (action_exec_start (self->exec, step->task, now_us + step->lease_us, step->instance,
                                  &argv, &environment)) {
        s_not_run (self, step->task, RAN_LATER, ENOBUFS);
    }
}

//  A save that is the step takes its time; one that only writes a fact is through at once. Both
//  end in memory until the restarts database is there.
static void
s_save (self_t *self, const step_t *step, int64_t now_us)
{
    saved_t saved = {.task = step->task, .ticket = step->ticket, .ok = true};
    uint64_t note = step->task * 2 + step->fails;
    if (!step->fact &&
        action_simulate_start (self->saves, step->ticket, now_us + step->duration_us, note) == 0) {
        return;
    }
    saved.ok = step->fact;
    shell_tell (self->shell, &(event_t){.kind = EVENT_SAVED, .count = 1, .saved = &saved});
}

static void
s_end (self_t *self, const effect_t *effect)
{
    uint64_t task = effect->run.step.task;
    if (action_simulate_cancel (self->restarts, task)) {
        ran_t ran = {.task = task, .kind = RAN_CANCELLED, .group_gone = true};
        s_tell_ran (self, &ran, 1);
    } else if (self->exec) {
        action_exec_end (self->exec, task, effect->run.signal);
    }
}

static void
s_perform (void *arg, const effect_t *effect, int64_t now_us)
{
    self_t *self = arg;
    const step_t *step = &effect->run.step;
    found_t found = {.task = step->task};
    switch (effect->kind) {
    case EFFECT_ASK: //  Nothing is kept yet, so nothing more is known.
        shell_tell (self->shell, &(event_t){.kind = EVENT_FOUND, .count = 1, .found = &found});
        break;
    case EFFECT_SAVE: s_save (self, step, now_us); break;
    case EFFECT_RUN: s_run (self, step, now_us); break;
    case EFFECT_RENEW:
        if (self->exec) {
            action_exec_renew (self->exec, step->task, now_us + step->lease_us);
        }
        break;
    case EFFECT_END: s_end (self, effect); break;
    default: assert (!"an effect of a handler");
    }
}

static void
s_feed_restarts (self_t *self, int64_t now_us)
{
    action_simulated_t due[FEED_MAX];
    ran_t ran[FEED_MAX];
    size_t count = action_simulate_take (self->restarts, now_us, due, FEED_MAX);
    for (size_t i = 0; i < count; i++) {
        ran[i] = (ran_t){.task = due[i].task,
                         .kind = due[i].note ? RAN_FAILED : RAN_OK,
                         .value = due[i].note ? EXIT_FAILURE : 0,
                         .group_gone = true};
    }
    if (count) {
        s_tell_ran (self, ran, count);
    }
}

static void
s_feed_saves (self_t *self, int64_t now_us)
{
    action_simulated_t due[FEED_MAX];
    saved_t saved[FEED_MAX];
    size_t count = action_simulate_take (self->saves, now_us, due, FEED_MAX);
    for (size_t i = 0; i < count; i++) {
        saved[i] =
            (saved_t){.task = due[i].note / 2, .ticket = due[i].task, .ok = due[i].note % 2 == 0};
    }
    if (count) {
        event_t event = {.kind = EVENT_SAVED, .count = count, .saved = saved};
        shell_tell (self->shell, &event);
    }
}

static void
s_feed (void *arg, int64_t now_us)
{
    self_t *self = arg;
    s_feed_restarts (self, now_us);
    s_feed_saves (self, now_us);
    if (self->exec) {
        action_exec_tick (self->exec, now_us);
    }
}

static int64_t
s_due (const void *arg)
{
    const self_t *self = arg;
    int64_t next = action_simulate_deadline (self->restarts);
    int64_t save = action_simulate_deadline (self->saves);
    int64_t exec = self->exec ? action_exec_deadline (self->exec) : INT64_MAX;
    next = save < next ? save : next;
    return exec < next ? exec : next;
}

static void
s_ran (void *arg, const ran_t *ran)
{
    s_tell_ran (arg, ran, 1);
}

static void
s_guard_lost (void *arg)
{
    self_t *self = arg;
    shell_tell (self->shell,
                &(event_t){.kind = EVENT_FAULT, .fault = "The guard of the children has died"});
}

static int
s_report (const self_t *self, int code)
{
    const handler_counts_t *counts = handler_counts (self->core);
    const char *kind;
    report_field_t fields[] = {{"taken", counts->taken},
                               {"takeovers", counts->takeovers},
                               {"extended", counts->extended},
                               {"revoked", counts->revoked},
                               {"restarts", counts->restarts},
                               {"saves", counts->saves},
                               {"done", counts->confirmed[OUTCOME_DONE]},
                               {"failed", counts->confirmed[OUTCOME_FAILED]},
                               {"deferred", counts->confirmed[OUTCOME_DEFERRED]},
                               {"released", counts->confirmed[OUTCOME_RELEASED]},
                               {"refused", counts->confirmed[OUTCOME_REFUSED]},
                               {"resent", counts->resent},
                               {"in_hand", handler_in_hand (self->core)},
                               {"longest_us", (uint64_t) shell_longest (self->shell, &kind)}};
    log_line (LEVEL_INFO, "Flushing metrics");
    return report_write (&self->options->common, code, fields, sizeof fields / sizeof *fields);
}

//  What exec needs, before the guard is forked for it, that is before any thread or socket.
static int
s_start_guard (self_t *self)
{
    const handler_options_t *options = self->options;
    const char *const *words = (const char *const *) options->command_argv;
    if (!argv_fits (words, (size_t) options->command_argc, self->path)) {
        log_line (LEVEL_ERROR,
                  "The command behind --, filled with long names, or PATH has more "
                  "than %d bytes",
                  ARGV_BYTES_MAX);
        return EX_CONFIG;
    }
    int code = descriptors_check (LINKS_MAX, (size_t) options->concurrency * ACTION_DESCRIPTORS);
    if (code) {
        return code;
    }
    self->guard = guard_start ();
    if (!self->guard) {
        log_line (LEVEL_ERROR, "Could not start the guard of the children: %s", strerror (errno));
    }
    return self->guard ? 0 : EX_SOFTWARE;
}

static int
s_early (self_t *self)
{
    char why[ACTION_HOSTS_WHY_SIZE];
    if (*self->options->hosts) {
        self->hosts = action_hosts_load (self->options->hosts, why);
        if (!self->hosts) {
            log_line (LEVEL_ERROR, "%s", why);
            return EX_CONFIG;
        }
    }
    self->path = getenv ("PATH");
    self->path = self->path ? self->path : "/usr/bin:/bin";
    return self->options->action == ACTION_EXEC ? s_start_guard (self) : 0;
}

static int
s_actions (self_t *self)
{
    uint32_t capacity = (uint32_t) self->options->concurrency;
    if (self->guard) {
        self->exec = action_exec_new (self->guard, shell_watch (self->shell), capacity, s_ran,
                                      s_guard_lost, self);
    }
    self->restarts = action_simulate_new (capacity + UNCONFIRMED_MAX);
    self->saves = action_simulate_new (capacity + UNCONFIRMED_MAX);
    return self->restarts && self->saves && !self->exec == !self->guard ? 0 : -1;
}

static handler_t *
s_core (self_t *self)
{
    const handler_options_t *options = self->options;
    handler_limits_t limits = {
        .concurrency = (uint32_t) options->concurrency,
        .exec = options->action == ACTION_EXEC,
        .restart_min_us = options->restart_min_us,
        .restart_max_us = options->restart_max_us,
        .timeout_us = options->timeout_us,
        .max_lease_us = options->max_lease_us,
        .save_may_fail = options->on_save_failure == SAVE_FAILURE_LOG,
        .fail_restart = options->fail_restart,
        .fail_save = options->fail_save,
        .any_host = !self->hosts,
        .hosts = self->hosts ? action_hosts_names (self->hosts) : NULL,
        .host_count = self->hosts ? action_hosts_size (self->hosts) : 0,
    };
    shell_links_config (self->shell, &limits.links);
    return handler_new (&limits, shell_seed (self->shell));
}

static void
s_close (self_t *self)
{
    handler_destroy (&self->core);
    action_simulate_destroy (&self->restarts);
    action_simulate_destroy (&self->saves);
    action_exec_destroy (&self->exec);
    guard_stop (&self->guard);
    action_hosts_destroy (&self->hosts);
}

int
handler_shell_run (const handler_options_t *options)
{
    self_t self = {.options = options};
    int code = s_early (&self);
    if (code == 0) {
        self.shell = shell_new (&options->common, LINKS_MAX, &code);
    }
    if (!self.shell) {
        s_close (&self);
        log_close ();
        return code;
    }
    self.core = s_core (&self);
    bool ran = self.core && s_actions (&self) == 0;
    if (!ran) {
        log_line (LEVEL_ERROR, "Out of memory");
        code = EX_SOFTWARE;
    } else {
        static const shell_stage_t stage = {.step = s_step,
                                            .deadline = s_deadline,
                                            .perform = s_perform,
                                            .feed = s_feed,
                                            .due = s_due};
        code = shell_run (self.shell, &stage, self.core, &self);
        log_line (LEVEL_INFO, "Closing database connections");
        action_simulate_destroy (&self.saves);
        code = s_report (&self, code);
    }
    s_close (&self);
    shell_close (&self.shell, ran && code != EX_IOERR);
    return code;
}
