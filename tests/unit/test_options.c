//  Unit tests of the command line: every default, every limit and one past it, the environment.
//  Lines on stderr are caught in a file.

#include "consumer/consumer_options.h"
#include "handler/argv.h"
#include "handler/handler_options.h"
#include "publisher/publisher_options.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define ARGS_MAX 400

static char s_folder[] = "/tmp/mayhem-options-XXXXXX";
static char s_said[16384]; // what the last parse wrote
static publisher_options_t s_publisher;
static consumer_options_t s_consumer;
static handler_options_t s_handler;

static int
s_parse_stage (stage_t stage, int argc, char **argv)
{
    switch (stage) {
    case STAGE_PUBLISHER: return publisher_options_parse (&s_publisher, argc, argv);
    case STAGE_CONSUMER: return consumer_options_parse (&s_consumer, argc, argv);
    case STAGE_HANDLER: return handler_options_parse (&s_handler, argc, argv);
    case STAGE_COUNT: break;
    }
    fail ();
    return 0;
}

//  Parse with stdout and stderr in a file, whose text is then in s_said.
static int
s_parse_caught (stage_t stage, int argc, char **argv)
{
    char path[64];
    snprintf (path, sizeof path, "%s/said", s_folder);
    int file = open (path, O_RDWR | O_CREAT | O_TRUNC, 0600);
    assert_true (file >= 0);
    fflush (stdout);
    int out = dup (STDOUT_FILENO), error = dup (STDERR_FILENO);
    dup2 (file, STDOUT_FILENO);
    dup2 (file, STDERR_FILENO);
    int result = s_parse_stage (stage, argc, argv);
    fflush (stdout);
    dup2 (out, STDOUT_FILENO);
    dup2 (error, STDERR_FILENO);
    ssize_t length = pread (file, s_said, sizeof s_said - 1, 0);
    s_said[length > 0 ? length : 0] = '\0';
    close (out);
    close (error);
    close (file);
    return result;
}

//  Arguments in one string, at blanks; --data is added in front. The target lives until the next.
static int
s_parse (stage_t stage, const char *line)
{
    static char s_copy[8192], s_data[64];
    static char *s_argv[ARGS_MAX];
    int argc = 0;
    snprintf (s_copy, sizeof s_copy, "%s", line);
    snprintf (s_data, sizeof s_data, "--data=%s", s_folder);
    s_argv[argc++] = "program";
    s_argv[argc++] = s_data;
    char *rest = s_copy;
    for (char *word; (word = strsep (&rest, " ")) != NULL && argc < ARGS_MAX - 1;) {
        if (*word) {
            s_argv[argc++] = word;
        }
    }
    s_argv[argc] = NULL;
    return s_parse_caught (stage, argc, s_argv);
}

//  A refused line: the code, and one line that holds `what`.
static void
s_refused (stage_t stage, const char *line, int code, const char *what)
{
    int result = s_parse (stage, line);
    const char *end = strchr (s_said, '\n');
    if (result != code || !strstr (s_said, what) || !end || end[1]) {
        fail_msg ("'%s' gave %d and said '%s', not '%s'", line, result, s_said, what);
    }
}

static void
s_accepted (stage_t stage, const char *line)
{
    int result = s_parse (stage, line);
    if (result != OPTIONS_GO || s_said[0]) {
        fail_msg ("'%s' gave %d and said '%s'", line, result, s_said);
    }
}

static void
s_check_common (const options_common_t *common, const char *name)
{
    assert_string_equal (common->name, name);
    char real[PATH_MAX], expected[ENDPOINT_SIZE];
    assert_non_null (realpath (s_folder, real));
    endpoint_default (expected, real, name);
    assert_string_equal (common->bind, expected);
    assert_string_equal (common->data, real);
    assert_int_equal (common->drain_timeout_us, 8000000);
    assert_int_equal (common->peer_timeout_us, 4000000);
    assert_false (common->has_seed || common->stay || common->insecure);
    assert_int_equal (common->log_level, LEVEL_INFO);
    assert_int_equal (common->log_format, LOG_AS_TEXT);
    assert_string_equal (common->report, "");
}

static void
the_publisher_s_defaults_are_the_contract_s (void **state)
{
    (void) state;
    s_accepted (STAGE_PUBLISHER, "");
    s_check_common (&s_publisher.common, "publisher-1");
    assert_int_equal (s_publisher.common.connect_count, 0);
    assert_int_equal (s_publisher.count, 0);
    assert_int_equal (s_publisher.pace.mode, PACE_RANDOM);
    assert_string_equal (s_publisher.requests, "");
    assert_false (s_publisher.from_start || s_publisher.is_volatile || s_publisher.pace_given);
    assert_int_equal (s_publisher.lease_us, 3000000);
    assert_int_equal (s_publisher.max_deliveries, 5);
    assert_int_equal (s_publisher.max_lost, 20);
    assert_int_equal (s_publisher.per_host, 1);
    assert_int_equal (s_publisher.max_pending, 1048576);
}

static void
the_consumer_s_defaults_are_the_contract_s (void **state)
{
    (void) state;
    s_accepted (STAGE_CONSUMER, "");
    s_check_common (&s_consumer.common, "consumer-1");
    assert_int_equal (s_consumer.common.connect_count, 1);
    char expected[ENDPOINT_SIZE];
    endpoint_default (expected, s_consumer.common.data, "publisher-1");
    assert_string_equal (s_consumer.common.connect[0], expected);
    assert_true (s_consumer.fail_consume == 0.0);
}

static void
the_handler_s_defaults_are_the_contract_s (void **state)
{
    (void) state;
    s_accepted (STAGE_HANDLER, "");
    s_check_common (&s_handler.common, "handler-1");
    char expected[ENDPOINT_SIZE];
    endpoint_default (expected, s_handler.common.data, "consumer-1");
    assert_string_equal (s_handler.common.connect[0], expected);
    assert_int_equal (s_handler.concurrency, 10000);
    assert_int_equal (s_handler.action, ACTION_SIMULATE);
    assert_string_equal (s_handler.hosts, "");
    assert_false (s_handler.any_host);
    assert_int_equal (s_handler.restart_min_us, 0);
    assert_int_equal (s_handler.restart_max_us, 1000000);
    assert_int_equal (s_handler.timeout_us, 60000000);
    assert_int_equal (s_handler.max_lease_us, 600000000);
    assert_int_equal (s_handler.on_save_failure, SAVE_FAILURE_RETRY);
    assert_true (s_handler.fail_restart == 0.0 && s_handler.fail_save == 0.0);
    assert_int_equal (s_handler.command_argc, 0);
    s_accepted (STAGE_HANDLER, "--action exec --any-host -- true");
    assert_int_equal (s_handler.concurrency, 4);
}

//  Each limit, and one past it.
static void
limits_are_taken_and_one_past_them_is_refused (void **state)
{
    (void) state;
    static const struct {
        stage_t stage;
        const char *name, *good, *bad;
    } s_limits[] = {
        {STAGE_CONSUMER, "drain-timeout", "0", "-1"},
        {STAGE_CONSUMER, "drain-timeout", "24h", "86400.000001"},
        {STAGE_CONSUMER, "peer-timeout", "100ms", "99.999ms"},
        {STAGE_CONSUMER, "peer-timeout", "1h", "3600.000001"},
        {STAGE_CONSUMER, "seed", "18446744073709551615", "18446744073709551616"},
        {STAGE_CONSUMER, "fail-consume", "1", "1.1"},
        {STAGE_CONSUMER, "fail-consume", "0", "-0"},
        {STAGE_CONSUMER, "log-level", "debug", "DEBUG"},
        {STAGE_CONSUMER, "log-level", "error", "err"},
        {STAGE_CONSUMER, "log-format", "json", "jso"},
        {STAGE_CONSUMER, "log-format", "text", "text|json"},
        {STAGE_CONSUMER, "name", "abcdefghijklmnopqrstuvwxyz012345",
         "abcdefghijklmnopqrstuvwxyz0123456"},
        {STAGE_CONSUMER, "name", "0-", "-0"},
        {STAGE_PUBLISHER, "count", "1000000000000000", "1000000000000001"},
        {STAGE_PUBLISHER, "count", "0", "1.5"},
        {STAGE_PUBLISHER, "rate", "1000000", "1000000.000001"},
        {STAGE_PUBLISHER, "rate", "0.000001", "0.0000001"},
        {STAGE_PUBLISHER, "rate", "max", "MAX"},
        {STAGE_PUBLISHER, "rate", "random", "-1"},
        {STAGE_PUBLISHER, "every", "0.001ms", "0"},
        {STAGE_PUBLISHER, "every", "8760h", "8761h"},
        {STAGE_PUBLISHER, "lease", "100ms", "99ms"},
        {STAGE_PUBLISHER, "lease", "24h", "25h"},
        {STAGE_PUBLISHER, "max-deliveries", "1", "0"},
        {STAGE_PUBLISHER, "max-deliveries", "10000", "10001"},
        {STAGE_PUBLISHER, "max-lost", "1", "0"},
        {STAGE_PUBLISHER, "max-lost", "10000", "10001"},
        {STAGE_PUBLISHER, "per-host", "0", "x"},
        {STAGE_PUBLISHER, "per-host", "1024", "1025"},
        {STAGE_PUBLISHER, "max-pending", "1", "0"},
        {STAGE_PUBLISHER, "max-pending", "16777216", "16777217"},
        {STAGE_HANDLER, "concurrency", "1", "0"},
        {STAGE_HANDLER, "concurrency", "100000", "100001"},
        {STAGE_HANDLER, "action", "simulate", "reboot"},
        {STAGE_HANDLER, "restart-time", "1:1", "1:0.999999"},
        {STAGE_HANDLER, "restart-time", "0:24h", "0:24.1h"},
        {STAGE_HANDLER, "restart-time", "250ms:20m", "250ms:"},
        {STAGE_HANDLER, "restart-time", "1", "1:2:3"},
        {STAGE_HANDLER, "timeout", "1ms", "0.999ms"},
        {STAGE_HANDLER, "timeout", "24h", "25h"},
        {STAGE_HANDLER, "max-lease", "100ms", "99ms"},
        {STAGE_HANDLER, "max-lease", "168h", "169h"},
        {STAGE_HANDLER, "on-save-failure", "log", "ignore"},
        {STAGE_HANDLER, "fail-restart", "0.5", "50%"},
        {STAGE_HANDLER, "fail-save", "0.000000001", "nan"},
    };
    for (size_t i = 0; i < sizeof s_limits / sizeof s_limits[0]; i++) {
        char line[128], option[64];
        snprintf (line, sizeof line, "--%s=%s", s_limits[i].name, s_limits[i].good);
        s_accepted (s_limits[i].stage, line);
        snprintf (line, sizeof line, "--%s=%s", s_limits[i].name, s_limits[i].bad);
        snprintf (option, sizeof option, ": --%s ", s_limits[i].name);
        s_refused (s_limits[i].stage, line, EX_USAGE, option);
    }
}

static void
values_arrive_where_they_belong (void **state)
{
    (void) state;
    s_accepted (STAGE_PUBLISHER, "--count 7 --rate 2.5 --requests - --from-start --lease 1.5 "
                                 "--max-deliveries 3 --max-lost 4 --per-host 0 --max-pending 9 "
                                 "--volatile --seed 11 --stay --insecure --log-level debug "
                                 "--log-format json --report r.json --drain-timeout 250ms "
                                 "--peer-timeout 2 --name p-9 --bind ipc://@p9");
    assert_int_equal (s_publisher.count, 7);
    assert_int_equal (s_publisher.pace.mode, PACE_RATE);
    assert_int_equal (s_publisher.pace.rate, 2500000);
    assert_string_equal (s_publisher.requests, "-");
    assert_true (s_publisher.from_start && s_publisher.is_volatile && s_publisher.pace_given);
    assert_int_equal (s_publisher.lease_us, 1500000);
    assert_int_equal (s_publisher.max_deliveries, 3);
    assert_int_equal (s_publisher.max_lost, 4);
    assert_int_equal (s_publisher.per_host, 0);
    assert_int_equal (s_publisher.max_pending, 9);
    const options_common_t *common = &s_publisher.common;
    assert_true (common->has_seed && common->seed == 11 && common->stay && common->insecure);
    assert_int_equal (common->log_level, LEVEL_DEBUG);
    assert_int_equal (common->log_format, LOG_AS_JSON);
    assert_string_equal (common->report, "r.json");
    assert_int_equal (common->drain_timeout_us, 250000);
    assert_int_equal (common->peer_timeout_us, 2000000);
    assert_string_equal (common->name, "p-9");
    assert_string_equal (common->bind, "ipc://@p9");
}

static void
requests_are_read_as_fast_as_they_go_unless_paced (void **state)
{
    (void) state;
    s_accepted (STAGE_PUBLISHER, "--requests x.jsonl");
    assert_int_equal (s_publisher.pace.mode, PACE_MAX);
    s_accepted (STAGE_PUBLISHER, "--requests x.jsonl --every 20m");
    assert_int_equal (s_publisher.pace.mode, PACE_EVERY);
    assert_int_equal (s_publisher.pace.every_us, 1200000000);
}

static void
connect_is_repeatable_up_to_its_limit (void **state)
{
    (void) state;
    s_accepted (STAGE_CONSUMER, "--connect ipc://@a --connect ipc://@b,tcp://127.0.0.1:5");
    assert_int_equal (s_consumer.common.connect_count, 3);
    assert_string_equal (s_consumer.common.connect[2], "tcp://127.0.0.1:5");
    char line[CONNECT_MAX * 32 + 64] = "";
    for (int i = 0; i < CONNECT_MAX; i++) {
        snprintf (line + strlen (line), sizeof line - strlen (line), "--connect ipc://@%d ", i);
    }
    s_accepted (STAGE_CONSUMER, line);
    assert_int_equal (s_consumer.common.connect_count, CONNECT_MAX);
    snprintf (line + strlen (line), sizeof line - strlen (line), "--connect ipc://@x");
    s_refused (STAGE_CONSUMER, line, EX_USAGE, "at most 16 endpoints");
    s_refused (STAGE_CONSUMER, "--connect ipc://@a,", EX_USAGE, "--connect ipc://@a,");
    s_refused (STAGE_PUBLISHER, "--connect ipc://@a", EX_USAGE, "is not for a publisher");
}

static void
the_environment_stands_behind_the_command_line (void **state)
{
    (void) state;
    setenv ("MAYHEM_PEER_TIMEOUT", "2", 1);
    setenv ("MAYHEM_CONNECT", "ipc://@a,ipc://@b", 1);
    setenv ("MAYHEM_STAY", "yes", 1);
    setenv ("MAYHEM_INSECURE", "0", 1);
    setenv ("MAYHEM_NAME", "", 1);
    setenv ("MAYHEM_FAIL_CONSUME", "0.5", 1);
    s_accepted (STAGE_CONSUMER, "");
    assert_int_equal (s_consumer.common.peer_timeout_us, 2000000);
    assert_int_equal (s_consumer.common.connect_count, 2);
    assert_true (s_consumer.common.stay && !s_consumer.common.insecure);
    assert_string_equal (s_consumer.common.name, "consumer-1");
    assert_true (s_consumer.fail_consume == 0.5);

    s_accepted (STAGE_CONSUMER, "--peer-timeout 3 --connect ipc://@c");
    assert_int_equal (s_consumer.common.peer_timeout_us, 3000000);
    assert_int_equal (s_consumer.common.connect_count, 1);

    setenv ("MAYHEM_PEER_TIMEOUT", "soon", 1);
    s_refused (STAGE_CONSUMER, "", EX_USAGE, ": MAYHEM_PEER_TIMEOUT must be a duration");
    s_accepted (STAGE_CONSUMER, "--peer-timeout 3");
    setenv ("MAYHEM_STAY", "maybe", 1);
    s_refused (STAGE_CONSUMER, "--peer-timeout 3", EX_USAGE, ": MAYHEM_STAY must be 1 or 0");
    unsetenv ("MAYHEM_PEER_TIMEOUT");
    unsetenv ("MAYHEM_CONNECT");
    unsetenv ("MAYHEM_STAY");
    unsetenv ("MAYHEM_INSECURE");
    unsetenv ("MAYHEM_NAME");
    unsetenv ("MAYHEM_FAIL_CONSUME");
}

static void
what_is_no_option_is_one_line_and_64 (void **state)
{
    (void) state;
    s_refused (STAGE_CONSUMER, "--nope", EX_USAGE, "unknown option '--nope'");
    s_refused (STAGE_CONSUMER, "--nope=3", EX_USAGE, "unknown option '--nope=3'");
    s_refused (STAGE_CONSUMER, "-x", EX_USAGE, "unknown option '-x'");
    s_refused (STAGE_CONSUMER, "--log x", EX_USAGE, "ambiguous option '--log'");
    s_refused (STAGE_CONSUMER, "--seed", EX_USAGE, "--seed needs a value");
    s_refused (STAGE_CONSUMER, "--stay=1", EX_USAGE, "--stay takes no value");
    s_refused (STAGE_CONSUMER, "word", EX_USAGE, "unexpected argument 'word'");
    s_refused (STAGE_CONSUMER, "-- word", EX_USAGE, "unexpected argument 'word'");
    s_refused (STAGE_CONSUMER, "--name \x1b[31m\n", EX_USAGE, "\\x1B[31m\\x0A");
    s_refused (STAGE_CONSUMER, "--report=", EX_USAGE, "--report must be a path");
    s_refused (STAGE_PUBLISHER, "--fail-save 1", EX_USAGE, "unknown option '--fail-save'");
}

static void
exec_needs_a_command_and_its_hosts (void **state)
{
    (void) state;
    s_refused (STAGE_HANDLER, "--action exec --any-host", EX_USAGE, "needs a command");
    s_refused (STAGE_HANDLER, "--action exec --any-host --", EX_USAGE, "needs a command");
    s_refused (STAGE_HANDLER, "-- true", EX_USAGE, "needs --action exec");
    s_refused (STAGE_HANDLER, "--action exec -- true", EX_CONFIG, "--any-host");
    s_refused (STAGE_HANDLER, "--any-host --hosts x", EX_USAGE, "exclude each other");
    s_accepted (STAGE_HANDLER, "--action exec --hosts x -- restart --name {host} --stay");
    assert_string_equal (s_handler.hosts, "x");
    assert_int_equal (s_handler.command_argc, 4);
    assert_string_equal (s_handler.command_argv[0], "restart");
    assert_string_equal (s_handler.command_argv[3], "--stay");
    assert_false (s_handler.common.stay);
    s_accepted (STAGE_HANDLER, "--action exec --any-host --concurrency 1024 -- true");
    s_refused (STAGE_HANDLER, "--action exec --any-host --concurrency 1025 -- true", EX_USAGE,
               "--concurrency must be");
}

static void
a_command_has_a_limit_of_arguments (void **state)
{
    (void) state;
    char line[2048] = "--action exec --any-host --";
    for (int i = 0; i < ARGV_WORDS_MAX; i++) {
        strncat (line, " x", sizeof line - strlen (line) - 1);
    }
    s_accepted (STAGE_HANDLER, line);
    assert_int_equal (s_handler.command_argc, ARGV_WORDS_MAX);
    strncat (line, " x", sizeof line - strlen (line) - 1);
    s_refused (STAGE_HANDLER, line, EX_USAGE, "at most 256 arguments");
}

static void
a_command_that_long_names_make_too_long_is_refused_at_the_start (void **state)
{
    (void) state;
    char line[4096] = "--action exec --any-host -- x ";
    for (int i = 0; i < ARGV_BYTES_MAX / HOSTNAME_MAX_BYTES - 2; i++) {
        strncat (line, "{host}", sizeof line - strlen (line) - 1);
    }
    s_accepted (STAGE_HANDLER, line);
    strncat (line, "{host}{host}{host}", sizeof line - strlen (line) - 1);
    s_refused (STAGE_HANDLER, line, EX_USAGE, "with the longest names filled in, 32768 bytes");
}

static void
an_open_tcp_bind_needs_insecure (void **state)
{
    (void) state;
    s_refused (STAGE_CONSUMER, "--bind tcp://10.0.0.1:5000", EX_CONFIG, "--insecure");
    s_accepted (STAGE_CONSUMER, "--bind tcp://10.0.0.1:5000 --insecure --name c-1");
    assert_string_equal (s_consumer.common.bind, "tcp://10.0.0.1:5000");
    s_accepted (STAGE_CONSUMER, "--bind tcp://127.0.0.1:5000");
    assert_true (strncmp (s_consumer.common.name, "consumer-", 9) == 0);
    s_refused (STAGE_CONSUMER, "--bind tcp://127.0.0.1:32767", EX_USAGE, "1 to 32766");
    s_refused (STAGE_CONSUMER, "--bind nonsense", EX_USAGE, "--bind nonsense needs ipc://");
}

static void
the_data_folder_is_made (void **state)
{
    (void) state;
    char line[128], path[64];
    snprintf (path, sizeof path, "%s/a/b", s_folder);
    snprintf (line, sizeof line, "--data %s/", path);
    s_accepted (STAGE_CONSUMER, line);
    assert_string_equal (s_consumer.common.data, path);
    struct stat st;
    assert_int_equal (stat (path, &st), 0);
    snprintf (line, sizeof line, "--data %s/said", s_folder);
    s_refused (STAGE_CONSUMER, line, EX_CANTCREAT, "is not a folder");
    snprintf (line, sizeof line, "--data %s/said/x", s_folder);
    s_refused (STAGE_CONSUMER, line, EX_CANTCREAT, "cannot be made");
    rmdir (path);
    snprintf (path, sizeof path, "%s/a", s_folder);
    rmdir (path);
}

static void
help_and_version_leave_with_0 (void **state)
{
    (void) state;
    static const char *const s_programs[] = {"mayhem-publisher", "mayhem-consumer",
                                             "mayhem-handler"};
    for (stage_t stage = STAGE_PUBLISHER; stage < STAGE_COUNT; stage++) {
        assert_int_equal (s_parse (stage, "--help"), 0);
        assert_non_null (strstr (s_said, s_programs[stage]));
        assert_non_null (strstr (s_said, "--peer-timeout=T"));
        assert_non_null (strstr (s_said, "(default 4)"));
        assert_int_equal (s_parse (stage, "--usage"), 0);
        assert_non_null (strstr (s_said, "Usage: "));
        assert_int_equal (s_parse (stage, "--version --nope"), 0);
        assert_true (strncmp (s_said, s_programs[stage], strlen (s_programs[stage])) == 0);
    }
}

static int
s_make_folder (void **state)
{
    (void) state;
    return mkdtemp (s_folder) ? 0 : -1;
}

static int
s_remove_folder (void **state)
{
    (void) state;
    char path[64];
    snprintf (path, sizeof path, "%s/said", s_folder);
    unlink (path);
    return rmdir (s_folder);
}

int
main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (the_publisher_s_defaults_are_the_contract_s),
        cmocka_unit_test (the_consumer_s_defaults_are_the_contract_s),
        cmocka_unit_test (the_handler_s_defaults_are_the_contract_s),
        cmocka_unit_test (limits_are_taken_and_one_past_them_is_refused),
        cmocka_unit_test (values_arrive_where_they_belong),
        cmocka_unit_test (requests_are_read_as_fast_as_they_go_unless_paced),
        cmocka_unit_test (connect_is_repeatable_up_to_its_limit),
        cmocka_unit_test (the_environment_stands_behind_the_command_line),
        cmocka_unit_test (what_is_no_option_is_one_line_and_64),
        cmocka_unit_test (exec_needs_a_command_and_its_hosts),
        cmocka_unit_test (a_command_has_a_limit_of_arguments),
        cmocka_unit_test (a_command_that_long_names_make_too_long_is_refused_at_the_start),
        cmocka_unit_test (an_open_tcp_bind_needs_insecure),
        cmocka_unit_test (the_data_folder_is_made),
        cmocka_unit_test (help_and_version_leave_with_0),
    };
    return cmocka_run_group_tests (tests, s_make_folder, s_remove_folder);
}
