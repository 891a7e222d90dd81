#include "handler/handler_options.h"
#include "common/io/option_value.h"
#include "handler/argv.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

_Static_assert(offsetof (handler_options_t, common) == 0, "common options come first");
_Static_assert(sizeof (handler_action_t) == sizeof (int) && sizeof (save_failure_t) == sizeof (int),
               "OPTION_CHOICE writes an int");

//  MIN:MAX, or T for both.
static int
s_set_restart_time (void *target, const char *value, bool again, char *why)
{
    (void) again;
    handler_options_t *self = target;
    char min[DURATION_TEXT_SIZE];
    size_t length = strcspn (value, ":");
    const char *max = value[length] ? value + length + 1 : value;
    int64_t min_us = 0, max_us = 0;
    snprintf (min, sizeof min, "%.*s", (int) length, value);
    if (length >= sizeof min || !value_duration (min, &min_us) || !value_duration (max, &max_us) ||
        min_us > max_us || max_us > RESTART_TIME_MAX_US) {
        snprintf (why, OPTIONS_WHY_SIZE,
                  "is not MIN:MAX, two durations of 0 to 24h, MAX not below "
                  "MIN");
        return EX_USAGE;
    }
    self->restart_min_us = min_us;
    self->restart_max_us = max_us;
    return OPTIONS_GO;
}

#define AT(field) offsetof (handler_options_t, field)

static const option_t s_options[] = {
    {"concurrency", "N",
     "Messages worked on at the same time; 1 is the serial mode (default 10000, with exec 4)",
     OPTION_NUMBER, AT (concurrency), 1, CONCURRENCY_SIMULATE_MAX, NULL},
    {"action", "simulate|exec",
     "What a restart is: a random time, or the command behind -- (default simulate)", OPTION_CHOICE,
     AT (action), 0, 0, NULL},
    {"hosts", "FILE",
     "Restart only these hosts: one host name a line, # starts a comment (default: none)",
     OPTION_PATH, AT (hosts), 0, 0, NULL},
    {"any-host", NULL, "Let exec restart whatever host a message names", OPTION_FLAG, AT (any_host),
     0, 0, NULL},
    {"restart-time", "MIN:MAX", "Time that a simulated restart takes (default 0:1)", OPTION_CUSTOM,
     0, 0, 0, s_set_restart_time},
    {"timeout", "T", "Time that a command may take before it is ended (default 60)",
     OPTION_DURATION, AT (timeout_us), TIMEOUT_MIN_US, TIMEOUT_MAX_US, NULL},
    {"max-lease", "T",
     "How long a message is extended, from the start of its first step (default 600)",
     OPTION_DURATION, AT (max_lease_us), MAX_LEASE_MIN_US, MAX_LEASE_MAX_US, NULL},
    {"on-save-failure", "retry|log",
     "When a row cannot be saved: deliver the message again, or say it and go on (default retry)",
     OPTION_CHOICE, AT (on_save_failure), 0, 0, NULL},
    {"fail-restart", "P", "Chance that a restart fails, 0 to 1 (default 0)", OPTION_CHANCE,
     AT (fail_restart), 0, 0, NULL},
    {"fail-save", "P", "Chance that saving fails, 0 to 1 (default 0)", OPTION_CHANCE,
     AT (fail_save), 0, 0, NULL},
};

static const options_program_t s_program = {
    .name = "mayhem-handler",
    .about = "Restarts hosts and saves what it did, thousands of messages at a time.",
    .notes =
        "T is a duration: 250ms, 3, 1.5, 20m, 2h; seconds without unit. Every option is also an "
        "environment variable: --max-lease is MAYHEM_MAX_LEASE; the command line wins.\n\n"
        "In COMMAND ARGS the words {host}, {instance}, {id} and {delivery} are replaced; there is "
        "no shell. Its environment is PATH, MAYHEM_HOST, MAYHEM_INSTANCE, MAYHEM_ID and "
        "MAYHEM_DELIVERY. It exits with 0: restarted, 75: not now, anything else: failed.\n\n"
        "Exit: 0 clean, 64 usage, 69 not reachable, 70 internal error, 73 cannot create, 74 I/O, "
        "75 work was handed back, 78 configuration, 128 + n third signal.",
    .args_doc = "[-- COMMAND ARGS...]",
    .options = s_options,
    .count = sizeof s_options / sizeof s_options[0],
};

static int
s_check_command (const handler_options_t *self)
{
    if (self->action == ACTION_SIMULATE && self->command_argc > 0) {
        return options_fail (&s_program, EX_USAGE,
                             "a command behind -- needs --action exec, not simulate");
    }
    if (self->action == ACTION_EXEC && (self->command_argc == 0 || !self->command_argv[0][0])) {
        return options_fail (&s_program, EX_USAGE, "--action exec needs a command behind --");
    }
    const char *const *words = (const char *const *) self->command_argv;
    if (self->action == ACTION_EXEC && !argv_fits (words, (size_t) self->command_argc, "")) {
        return options_fail (&s_program, EX_USAGE,
                             "the command behind -- must have at most %d arguments and, with the "
                             "longest names filled in, %d bytes",
                             ARGV_WORDS_MAX, ARGV_BYTES_MAX);
    }
    return OPTIONS_GO;
}

//  What only makes sense together.
static int
s_check (handler_options_t *self)
{
    bool exec = self->action == ACTION_EXEC;
    int result = s_check_command (self);
    if (result != OPTIONS_GO) {
        return result;
    }
    if (self->concurrency == 0) {
        self->concurrency = exec ? CONCURRENCY_EXEC_DEFAULT : CONCURRENCY_SIMULATE_DEFAULT;
    }
    if (exec && self->concurrency > CONCURRENCY_EXEC_MAX) {
        return options_fail (&s_program, EX_USAGE,
                             "--concurrency must be a whole number of 1 to %d with --action exec",
                             CONCURRENCY_EXEC_MAX);
    }
    if (self->any_host && self->hosts[0]) {
        return options_fail (&s_program, EX_USAGE, "--any-host and --hosts exclude each other");
    }
    if (exec && !self->any_host && !self->hosts[0]) {
        return options_fail (&s_program, EX_CONFIG,
                             "--action exec needs --hosts FILE with the hosts that may be "
                             "restarted, or --any-host");
    }
    return OPTIONS_GO;
}

int
handler_options_parse (handler_options_t *self, int argc, char **argv)
{
    assert (self && argv);
    memset (self, 0, sizeof *self);
    options_common_init (&self->common, STAGE_HANDLER);
    self->restart_max_us = RESTART_TIME_DEFAULT_MAX_US;
    self->timeout_us = TIMEOUT_DEFAULT_US;
    self->max_lease_us = MAX_LEASE_DEFAULT_US;

    options_rest_t rest;
    int result = options_parse (&s_program, self, argc, argv, &rest);
    if (result == OPTIONS_GO) {
        self->command_argc = rest.argc;
        self->command_argv = rest.argv;
        result = s_check (self);
    }
    if (result == OPTIONS_GO) {
        result = options_common_settle (&s_program, &self->common);
    }
    return result;
}
