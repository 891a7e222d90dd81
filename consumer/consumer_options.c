#include "consumer/consumer_options.h"

#include <assert.h>
#include <string.h>

_Static_assert(offsetof (consumer_options_t, common) == 0, "common options come first");

static const option_t s_options[] = {
    {"fail-consume", "P", "Chance that taking a message fails, 0 to 1 (default 0)", OPTION_CHANCE,
     offsetof (consumer_options_t, fail_consume), 0, 0, NULL},
};

static const options_program_t s_program = {
    .name = "mayhem-consumer",
    .about = "Takes messages from publishers, gives each to the handler with the most free slots, "
             "and carries the answers back.",
    .notes =
        "T is a duration: 250ms, 3, 1.5, 20m, 2h; seconds without unit. Every option is also an "
        "environment variable: --peer-timeout is MAYHEM_PEER_TIMEOUT; the command line wins.\n\n"
        "Exit: 0 clean, 64 usage, 69 not reachable, 70 internal error, 73 cannot create, 74 I/O, "
        "75 messages were left to their leases, 78 configuration, 128 + n third signal.",
    .options = s_options,
    .count = sizeof s_options / sizeof s_options[0],
};

int
consumer_options_parse (consumer_options_t *self, int argc, char **argv)
{
    assert (self && argv);
    memset (self, 0, sizeof *self);
    options_common_init (&self->common, STAGE_CONSUMER);
    int result = options_parse (&s_program, self, argc, argv, NULL);
    if (result != OPTIONS_GO) {
        return result;
    }
    return options_common_settle (&s_program, &self->common);
}
