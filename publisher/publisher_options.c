#include "publisher/publisher_options.h"
#include "common/io/option_value.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

_Static_assert(offsetof (publisher_options_t, common) == 0, "common options come first");

static int
s_set_rate (void *target, const char *value, bool again, char *why)
{
    (void) again;
    publisher_options_t *self = target;
    int64_t rate = 0;
    if (strcmp (value, "max") == 0) {
        self->pace = (pace_limits_t){.mode = PACE_MAX};
    } else if (strcmp (value, "random") == 0) {
        self->pace = (pace_limits_t){.mode = PACE_RANDOM};
    } else if (value_decimal (value, PACE_RATE_UNIT, &rate) &&
               rate <= PACE_RATE_MAX * PACE_RATE_UNIT) {
        self->pace = (pace_limits_t){.mode = PACE_RATE, .rate = rate};
    } else {
        snprintf (why, OPTIONS_WHY_SIZE,
                  "is not a rate: 0 to %lld messages a second, max or random",
                  (long long) PACE_RATE_MAX);
        return EX_USAGE;
    }
    self->pace_given = true;
    return OPTIONS_GO;
}

static int
s_set_every (void *target, const char *value, bool again, char *why)
{
    (void) again;
    publisher_options_t *self = target;
    int64_t us = 0;
    if (!value_duration (value, &us) || us < EVERY_MIN_US || us > EVERY_MAX_US) {
        snprintf (why, OPTIONS_WHY_SIZE,
                  "is not a duration above 0 and up to 8760h (250ms, 1.5, 20m, 2h)");
        return EX_USAGE;
    }
    self->pace = (pace_limits_t){.mode = PACE_EVERY, .every_us = us};
    self->pace_given = true;
    return OPTIONS_GO;
}

#define AT(field) offsetof (publisher_options_t, field)

static const option_t s_options[] = {
    {"count", "N", "Messages of this start, then finish; 0: no end (default 0)", OPTION_NUMBER,
     AT (count), 0, COUNT_OPTION_MAX, NULL},
    {"rate", "R|max|random",
     "Messages a second; random: a gap of 0 to 1 s before each; 0: make none "
     "(default random, requests: max)",
     OPTION_CUSTOM, 0, 0, 0, s_set_rate},
    {"every", "T", "One message each T; the last of --rate and --every counts", OPTION_CUSTOM, 0, 0,
     0, s_set_every},
    {"requests", "FILE|-",
     "Publish the requests of FILE, or of stdin, instead of generated ones: JSON lines",
     OPTION_PATH, AT (requests), 0, 0, NULL},
    {"from-start", NULL,
     "Read FILE from its first line. Without it a restarted publisher goes on where it was, once "
     "its outbox is durable",
     OPTION_FLAG, AT (from_start), 0, 0, NULL},
    {"lease", "T", "How long a message is leased to its holder between extensions (default 3)",
     OPTION_DURATION, AT (lease_us), LEASE_MIN_US, LEASE_MAX_US, NULL},
    {"max-deliveries", "N", "Failed deliveries before a message is dead (default 5)", OPTION_NUMBER,
     AT (max_deliveries), 1, MAX_DELIVERIES_MAX, NULL},
    {"max-lost", "N", "Lost or expired deliveries before a message is dead (default 20)",
     OPTION_NUMBER, AT (max_lost), 1, MAX_DELIVERIES_MAX, NULL},
    {"per-host", "N", "Restarts of one host at a time; 0: no limit (default 1)", OPTION_NUMBER,
     AT (per_host), 0, PER_HOST_MAX, NULL},
    {"max-pending", "N", "Messages kept before the source has to wait (default 1048576)",
     OPTION_NUMBER, AT (max_pending), 1, MAX_PENDING_MAX, NULL},
    {"volatile", NULL,
     "Keep messages in memory only, as every publisher does so far; what is left at the end goes "
     "to "
     "DIR/left-NAME.jsonl",
     OPTION_FLAG, AT (is_volatile), 0, 0, NULL},
};

static const options_program_t s_program = {
    .name = "mayhem-publisher",
    .about = "Accepts requests to restart hosts and keeps each one until it is done or dead.",
    .notes =
        "T is a duration: 250ms, 3, 1.5, 20m, 2h; seconds without unit. Every option is also an "
        "environment variable: --max-lost is MAYHEM_MAX_LOST; the command line wins.\n\n"
        "A request is a line {\"instance_name\": \"cattle-gw75\"}, optionally with hostname, "
        "message_id, reason and requested_by. What is not a request is reported and skipped.\n\n"
        "Exit: 0 clean, 64 usage, 69 not reachable, 70 internal error, 73 cannot create, 74 I/O, "
        "75 messages were left, 78 configuration, 128 + n third signal.",
    .options = s_options,
    .count = sizeof s_options / sizeof s_options[0],
};

int
publisher_options_parse (publisher_options_t *self, int argc, char **argv)
{
    assert (self && argv);
    memset (self, 0, sizeof *self);
    options_common_init (&self->common, STAGE_PUBLISHER);
    self->lease_us = LEASE_DEFAULT_US;
    self->max_deliveries = MAX_DELIVERIES_DEFAULT;
    self->max_lost = MAX_LOST_DEFAULT;
    self->per_host = PER_HOST_DEFAULT;
    self->max_pending = MAX_PENDING_DEFAULT;
    self->pace.mode = PACE_RANDOM;

    int result = options_parse (&s_program, self, argc, argv, NULL);
    if (result != OPTIONS_GO) {
        return result;
    }
    if (self->requests[0] && !self->pace_given) {
        self->pace.mode = PACE_MAX;
    }
    return options_common_settle (&s_program, &self->common);
}
