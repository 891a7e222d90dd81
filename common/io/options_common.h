/*  options_common.h - the options that all three stages have. */

#ifndef MAYHEM_OPTIONS_COMMON_H
#define MAYHEM_OPTIONS_COMMON_H

#include "common/core/wire.h"
#include "common/io/endpoint.h"
#include "common/io/log.h"
#include "common/io/options.h"

//  Endpoints of one --connect list: the neighbours of one stage that a person writes down.
#define CONNECT_MAX 16

//  A drain longer than a day is not a drain.
#define DRAIN_TIMEOUT_DEFAULT_US INT64_C (8000000)
#define DRAIN_TIMEOUT_MAX_US     INT64_C (86400000000)

//  Below the minimum a busy machine looks dead; above the maximum nobody waits for the answer.
#define PEER_TIMEOUT_DEFAULT_US INT64_C (4000000)
#define PEER_TIMEOUT_MIN_US     INT64_C (100000)
#define PEER_TIMEOUT_MAX_US     INT64_C (3600000000)

typedef struct {
    stage_t stage;
    char name[NAME_MAX_BYTES + 1];
    char bind[ENDPOINT_SIZE];                 // resolved
    char connect[CONNECT_MAX][ENDPOINT_SIZE]; // resolved, upstream's inboxes; a publisher has none
    size_t connect_count;
    char data[OPTIONS_PATH_SIZE]; // real path of the data folder, which exists
    int64_t drain_timeout_us;
    int64_t peer_timeout_us;
    uint64_t seed;
    bool has_seed;
    bool stay;
    bool insecure;
    log_level_t log_level;
    log_format_t log_format;
    char report[OPTIONS_PATH_SIZE]; // empty: none
} options_common_t;

extern const option_t options_common[];
extern const size_t options_common_length;

//  The defaults that need no data folder.
void options_common_init (options_common_t *self, stage_t stage);

//  After options_parse and the stage's own checks: make the data folder, fill in name, bind and
//  connect where they were not given, refuse an open tcp bind. OPTIONS_GO or an exit code.
int options_common_settle (const options_program_t *program, options_common_t *self);

//  "publisher", "consumer", "handler".
const char *options_stage_name (stage_t stage);

#endif
