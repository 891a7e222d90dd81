/*  handler_options.h - the command line of mayhem-handler. */

#ifndef MAYHEM_HANDLER_OPTIONS_H
#define MAYHEM_HANDLER_OPTIONS_H

#include "common/io/options_common.h"

//  Slots: simulated work is a timer, a command is a process with descriptors.
#define CONCURRENCY_SIMULATE_DEFAULT 10000
#define CONCURRENCY_SIMULATE_MAX     100000
#define CONCURRENCY_EXEC_DEFAULT     4
#define CONCURRENCY_EXEC_MAX         1024

//  Simulated work of more than a day shows nothing.
#define RESTART_TIME_DEFAULT_MAX_US INT64_C (1000000)
#define RESTART_TIME_MAX_US         INT64_C (86400000000)

//  Of one command, before its group is told to end.
#define TIMEOUT_DEFAULT_US INT64_C (60000000)
#define TIMEOUT_MIN_US     INT64_C (1000)
#define TIMEOUT_MAX_US     INT64_C (86400000000)

//  How long one message may be extended, from the start of its first step.
#define MAX_LEASE_DEFAULT_US INT64_C (600000000)
#define MAX_LEASE_MIN_US     INT64_C (100000)
#define MAX_LEASE_MAX_US     INT64_C (604800000000)

typedef enum {
    ACTION_SIMULATE,
    ACTION_EXEC
} handler_action_t;

typedef enum {
    SAVE_FAILURE_RETRY, // nack: the message is delivered again, the restart is not done again
    SAVE_FAILURE_LOG    // say it and ack
} save_failure_t;

typedef struct {
    options_common_t common; // first: options_parse relies on it
    int64_t concurrency;     // slots
    handler_action_t action;
    char hosts[OPTIONS_PATH_SIZE]; // allow-list (action_hosts.h), empty: none
    bool any_host;
    int64_t restart_min_us; // --restart-time MIN:MAX
    int64_t restart_max_us;
    int64_t timeout_us;
    int64_t max_lease_us;
    save_failure_t on_save_failure;
    double fail_restart;
    double fail_save;
    int command_argc; // behind `--`, borrowed from argv; 0: none
    char **command_argv;
} handler_options_t;

//  Defaults, command line, environment, checks. OPTIONS_GO or the exit code; errors are printed.
int handler_options_parse (handler_options_t *self, int argc, char **argv);

#endif
