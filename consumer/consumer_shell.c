#include "consumer/consumer_shell.h"

#include "common/io/clock.h"
#include "common/io/log.h"
#include "common/io/report.h"
#include "common/io/shell.h"
#include "consumer/consumer.h"

#include <assert.h>
#include <sysexits.h>

static void
s_step (void *core, int64_t now_us, const event_t *event, effects_t *effects)
{
    consumer_step (core, now_us, event, effects);
}

static int64_t
s_deadline (const void *core)
{
    return consumer_deadline (core);
}

static void
s_perform (void *arg, const effect_t *effect, int64_t now_us)
{
    (void) arg;
    (void) effect;
    (void) now_us;
    assert (!"a consumer has no effects of its own");
}

static int
s_report (const consumer_options_t *options, int code, const consumer_t *core, const shell_t *shell)
{
    const consumer_counts_t *counts = consumer_counts (core);
    const char *kind;
    report_field_t fields[] = {{"taken", counts->taken},
                               {"placed", counts->placed},
                               {"settled", counts->settled},
                               {"released", counts->released},
                               {"lost", counts->lost},
                               {"deferred", counts->deferred},
                               {"failed", counts->failed},
                               {"dropped", counts->dropped},
                               {"forgotten", counts->forgotten},
                               {"in_hand", consumer_in_hand (core)},
                               {"longest_us", (uint64_t) shell_longest (shell, &kind)}};
    log_line (LEVEL_INFO, "Flushing metrics");
    return report_write (&options->common, code, fields, sizeof fields / sizeof *fields);
}

int
consumer_shell_run (const consumer_options_t *options)
{
    int code;
    shell_t *shell = shell_new (&options->common, LINKS_MAX, &code);
    if (!shell) {
        log_close ();
        return code;
    }
    consumer_limits_t limits = {.messages_max = CONSUMER_MESSAGES_MAX,
                                .fail_consume = options->fail_consume};
    shell_links_config (shell, &limits.links);
    consumer_t *core = consumer_new (&limits, shell_seed (shell), clock_now_us ());
    bool ran = core != NULL;
    if (!core) {
        log_line (LEVEL_ERROR, "Out of memory");
        code = EX_SOFTWARE;
    } else {
        static const shell_stage_t stage = {
            .step = s_step, .deadline = s_deadline, .perform = s_perform};
        code = shell_run (shell, &stage, core, NULL);
        //  What a consumer holds is in memory only: there is nothing to wait for.
        log_line (LEVEL_INFO, "Closing database connections");
        code = s_report (options, code, core, shell);
    }
    consumer_destroy (&core);
    shell_close (&shell, ran && code != EX_IOERR);
    return code;
}
