#include "common/io/options_common.h"
#include "common/core/hostname.h"
#include "common/io/option_value.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

_Static_assert(sizeof (log_level_t) == sizeof (int) && sizeof (log_format_t) == sizeof (int),
               "OPTION_CHOICE writes an int");
_Static_assert(NAME_LENGTH_MAX == NAME_MAX_BYTES, "one limit of a name");

static const char *const s_stage_names[] = {"publisher", "consumer", "handler"};
_Static_assert(sizeof s_stage_names / sizeof s_stage_names[0] == STAGE_COUNT, "a name per stage");

const char *
options_stage_name (stage_t stage)
{
    assert (stage < STAGE_COUNT);
    return s_stage_names[stage];
}

static int
s_set_name (void *target, const char *value, bool again, char *why)
{
    options_common_t *self = target;
    (void) again;
    if (!name_valid (value, strlen (value))) {
        snprintf (why, OPTIONS_WHY_SIZE,
                  "is not a name: 1 to %d of a-z, 0-9 and -, starting with a letter or digit",
                  NAME_MAX_BYTES);
        return EX_USAGE;
    }
    snprintf (self->name, sizeof self->name, "%s", value);
    return OPTIONS_GO;
}

//  The exit code for what endpoint_resolve said.
static int
s_code (endpoint_result_t result)
{
    switch (result) {
    case ENDPOINT_OK: return OPTIONS_GO;
    case ENDPOINT_BAD: return EX_USAGE;
    case ENDPOINT_UNKNOWN: return EX_UNAVAILABLE;
    }
    abort ();
}

static int
s_set_bind (void *target, const char *value, bool again, char *why)
{
    (void) again;
    options_common_t *self = target;
    return s_code (endpoint_resolve (self->bind, value, why));
}

//  One endpoint or several with commas; further ones on the command line are added.
static int
s_set_connect (void *target, const char *value, bool again, char *why)
{
    options_common_t *self = target;
    if (self->stage == STAGE_PUBLISHER) {
        snprintf (why, OPTIONS_WHY_SIZE, "is not for a publisher: consumers connect to it");
        return EX_USAGE;
    }
    if (!again) {
        self->connect_count = 0;
    }
    int code = OPTIONS_GO;
    for (const char *at = value; code == OPTIONS_GO; at++) {
        char one[512]; //  Longer than any host name; what is cut is refused by its port
        size_t length = strcspn (at, ",");
        if (self->connect_count == CONNECT_MAX || length >= sizeof one) {
            snprintf (why, OPTIONS_WHY_SIZE, "is too much: at most %d endpoints", CONNECT_MAX);
            return EX_USAGE;
        }
        memcpy (one, at, length);
        one[length] = '\0';
        code = s_code (endpoint_resolve (self->connect[self->connect_count], one, why));
        self->connect_count += code == OPTIONS_GO;
        at += length;
        if (!*at) {
            break;
        }
    }
    return code;
}

static int
s_set_seed (void *target, const char *value, bool again, char *why)
{
    (void) again;
    options_common_t *self = target;
    if (!value_seed (value, &self->seed)) {
        snprintf (why, OPTIONS_WHY_SIZE, "is not a whole number of 0 to 18446744073709551615");
        return EX_USAGE;
    }
    self->has_seed = true;
    return OPTIONS_GO;
}

#define AT(field) offsetof (options_common_t, field)

const option_t options_common[] = {
    {"name", "NAME",
     "Name of this process, unique in the pipeline: a-z, 0-9 and -, at most 32 (default: the stage "
     "and -1, with a tcp bind the stage and the host's name)",
     OPTION_CUSTOM, 0, 0, 0, s_set_name},
    {"bind", "ENDPOINT",
     "Where neighbours reach this process: ipc://@NAME or tcp://ADDRESS:PORT, the address that "
     "they "
     "use, port 1 to 32766; the next port is used too (default: ipc, made of DIR and NAME)",
     OPTION_CUSTOM, 0, 0, 0, s_set_bind},
    {"connect", "ENDPOINT",
     "Where an upstream process is reached; repeatable, or with commas. Consumers name publishers, "
     "handlers name consumers, publishers nobody (default: publisher-1 or consumer-1 of DIR)",
     OPTION_CUSTOM, 0, 0, 0, s_set_connect},
    {"data", "DIR", "Data folder, made if missing (default ./data)", OPTION_PATH, AT (data), 0, 0,
     NULL},
    {"drain-timeout", "T",
     "Time to finish what is in hand when told to stop; 0: hand it back at once (default 8)",
     OPTION_DURATION, AT (drain_timeout_us), 0, DRAIN_TIMEOUT_MAX_US, NULL},
    {"peer-timeout", "T", "Silence after which a link to a neighbour ends (default 4)",
     OPTION_DURATION, AT (peer_timeout_us), PEER_TIMEOUT_MIN_US, PEER_TIMEOUT_MAX_US, NULL},
    {"seed", "N", "Make random choices repeatable (default: none)", OPTION_CUSTOM, 0, 0, 0,
     s_set_seed},
    {"stay", NULL, "Wait for neighbours that leave instead of draining with them", OPTION_FLAG,
     AT (stay), 0, 0, NULL},
    {"insecure", NULL, "Allow a tcp bind that other hosts reach although no keys are in use",
     OPTION_FLAG, AT (insecure), 0, 0, NULL},
    {"log-level", "error|warning|info|debug",
     "Write log lines up to this level, and `Ready as` at every one (default info)", OPTION_CHOICE,
     AT (log_level), 0, 0, NULL},
    {"log-format", "text|json", "Format of log lines (default text)", OPTION_CHOICE,
     AT (log_format), 0, 0, NULL},
    {"report", "FILE", "Write the books as one JSON object at exit (default: none)", OPTION_PATH,
     AT (report), 0, 0, NULL},
};
const size_t options_common_length = sizeof options_common / sizeof options_common[0];

void
options_common_init (options_common_t *self, stage_t stage)
{
    assert (self && stage < STAGE_COUNT);
    memset (self, 0, sizeof *self);
    self->stage = stage;
    snprintf (self->data, sizeof self->data, "./data");
    self->drain_timeout_us = DRAIN_TIMEOUT_DEFAULT_US;
    self->peer_timeout_us = PEER_TIMEOUT_DEFAULT_US;
    self->log_level = LEVEL_INFO;
    self->log_format = LOG_AS_TEXT;
}

//  mkdir -p.
static int
s_make_folder (const char *path)
{
    char part[OPTIONS_PATH_SIZE];
    size_t length = strlen (path);
    assert (length < sizeof part);
    memcpy (part, path, length + 1);
    for (size_t i = 1; i <= length; i++) {
        if (part[i] != '/' && part[i] != '\0') {
            continue;
        }
        char kept = part[i];
        part[i] = '\0';
        if (mkdir (part, 0777) < 0 && errno != EEXIST) {
            return -1;
        }
        part[i] = kept;
    }
    return 0;
}

static int
s_settle_data (const options_program_t *program, options_common_t *self)
{
    char real[PATH_MAX];
    struct stat st;
    bool found = realpath (self->data, real) != NULL;
    if (!found && errno == ENOENT && s_make_folder (self->data) == 0) {
        found = realpath (self->data, real) != NULL;
    }
    if (!found) {
        return options_fail (program, EX_CANTCREAT, "--data %.500s cannot be made: %s", self->data,
                             strerror (errno));
    }
    if (stat (real, &st) < 0 || !S_ISDIR (st.st_mode)) {
        return options_fail (program, EX_CANTCREAT, "--data %.500s is not a folder", self->data);
    }
    memcpy (self->data, real, sizeof real);
    return OPTIONS_GO;
}

static void
s_settle_name (options_common_t *self)
{
    const char *stage = options_stage_name (self->stage);
    if (self->name[0]) {
        return;
    }
    if (endpoint_is_tcp (self->bind)) {
        char host[HOSTNAME_MAX_BYTES + 1] = "";
        if (gethostname (host, sizeof host - 1) < 0) {
            host[0] = '\0';
        }
        endpoint_host_name (self->name, stage, host);
    } else {
        snprintf (self->name, sizeof self->name, "%s-1", stage);
    }
}

int
options_common_settle (const options_program_t *program, options_common_t *self)
{
    assert (program && self);
    if (!self->insecure && !endpoint_loopback (self->bind)) {
        return options_fail (program, EX_CONFIG,
                             "--bind %s is open to other hosts without keys: give --insecure if "
                             "that network is trusted",
                             self->bind);
    }
    s_settle_name (self);
    int result = s_settle_data (program, self);
    if (result != OPTIONS_GO) {
        return result;
    }
    if (!self->bind[0]) {
        endpoint_default (self->bind, self->data, self->name);
    }
    if (self->connect_count == 0 && self->stage != STAGE_PUBLISHER) {
        char upstream[NAME_MAX_BYTES + 1];
        snprintf (upstream, sizeof upstream, "%s-1", options_stage_name (self->stage - 1));
        endpoint_default (self->connect[0], self->data, upstream);
        self->connect_count = 1;
    }
    return OPTIONS_GO;
}
