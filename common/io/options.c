#include "common/io/options.h"
#include "common/core/escape.h"
#include "common/io/option_value.h"
#include "common/io/options_common.h"

#include <argp.h>
#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifndef MAYHEM_VERSION
#define MAYHEM_VERSION "0.1.0"
#endif

//  Keys of argp: ours start behind the characters.
#define KEY_FIRST   256
#define KEY_HELP    '?'
#define KEY_VERSION 'V'
#define KEY_USAGE   (KEY_FIRST + OPTIONS_MAX)

//  Longest line about a wrong option, before it is escaped.
#define FAIL_TEXT_MAX 1024

//  Longest name of an environment variable of ours.
#define ENV_NAME_SIZE 64

//  One run of the parser.
typedef struct {
    const options_program_t *program;
    void *target;
    bool given[OPTIONS_MAX];   // on the command line
    int result;                // OPTIONS_GO, or the exit code
    char label[ENV_NAME_SIZE]; // what is being set, as people gave it: "--count", "MAYHEM_COUNT"
    const struct argp *argp;
} parse_t;

int
options_fail (const options_program_t *program, int code, const char *format, ...)
{
    assert (program && code >= 0);
    char text[FAIL_TEXT_MAX];
    char line[FAIL_TEXT_MAX * ESCAPE_TEXT_FACTOR];
    va_list args;
    va_start (args, format);
    int length = vsnprintf (text, sizeof text, format, args);
    va_end (args);
    size_t size = length < 0 ? 0 : (size_t) length;
    escape_text (line, sizeof line, text, size < sizeof text ? size : sizeof text - 1);
    fprintf (stderr, "%s: %s\n", program->name, line);
    return code;
}

//  The program's own options first, then the common ones. NULL: no such index.
static const option_t *
s_option (const options_program_t *program, size_t index)
{
    if (index < program->count) {
        return &program->options[index];
    }
    index -= program->count;
    return index < options_common_length ? &options_common[index] : NULL;
}

static int
s_wrong (parse_t *parse, const char *value, const char *allowed)
{
    return options_fail (parse->program, EX_USAGE, "%s must be %s, not '%.200s'", parse->label,
                         allowed, value);
}

static int
s_set_number (parse_t *parse, const option_t *option, const char *value, void *at)
{
    int64_t number = 0;
    if (!value_number (value, &number) || number < option->min || number > option->max) {
        char allowed[OPTIONS_WHY_SIZE];
        snprintf (allowed, sizeof allowed, "a whole number of %" PRId64 " to %" PRId64, option->min,
                  option->max);
        return s_wrong (parse, value, allowed);
    }
    memcpy (at, &number, sizeof number);
    return OPTIONS_GO;
}

static int
s_set_duration (parse_t *parse, const option_t *option, const char *value, void *at)
{
    int64_t us = 0;
    if (!value_duration (value, &us) || us < option->min || us > option->max) {
        char allowed[OPTIONS_WHY_SIZE], min[DURATION_TEXT_SIZE], max[DURATION_TEXT_SIZE];
        snprintf (allowed, sizeof allowed, "a duration (250ms, 1.5, 20m, 2h) of %s to %s",
                  value_duration_text (min, option->min), value_duration_text (max, option->max));
        return s_wrong (parse, value, allowed);
    }
    memcpy (at, &us, sizeof us);
    return OPTIONS_GO;
}

static int
s_set_chance (parse_t *parse, const option_t *option, const char *value, void *at)
{
    (void) option;
    double chance = 0;
    if (!value_chance (value, &chance)) {
        return s_wrong (parse, value, "a chance of 0 to 1");
    }
    memcpy (at, &chance, sizeof chance);
    return OPTIONS_GO;
}

static int
s_set_path (parse_t *parse, const option_t *option, const char *value, void *at)
{
    (void) option;
    size_t length = strlen (value);
    if (length == 0 || length >= OPTIONS_PATH_SIZE) {
        return options_fail (parse->program, EX_USAGE, "%s must be a path of 1 to %d bytes",
                             parse->label, OPTIONS_PATH_SIZE - 1);
    }
    memcpy (at, value, length + 1);
    return OPTIONS_GO;
}

static int
s_set_choice (parse_t *parse, const option_t *option, const char *value, void *at)
{
    size_t length = strlen (value);
    int index = 0;
    for (const char *word = option->arg; *word; index++) {
        size_t end = strcspn (word, "|");
        if (end == length && strncmp (word, value, end) == 0) {
            memcpy (at, &index, sizeof index);
            return OPTIONS_GO;
        }
        word += end + (word[end] == '|');
    }
    return s_wrong (parse, value, option->arg);
}

//  On the command line a flag has no value; in the environment it has.
static int
s_set_flag (parse_t *parse, const option_t *option, const char *value, void *at)
{
    (void) option;
    static const char *const s_words[] = {"0", "1", "false", "true", "no", "yes", "off", "on"};
    for (size_t i = 0; i < sizeof s_words / sizeof s_words[0]; i++) {
        if (strcmp (value, s_words[i]) == 0) {
            bool on = i % 2 == 1;
            memcpy (at, &on, sizeof on);
            return OPTIONS_GO;
        }
    }
    return s_wrong (parse, value, "1 or 0");
}

typedef int (setter_t) (parse_t *parse, const option_t *option, const char *value, void *at);
static setter_t *const s_setters[] = {
    [OPTION_FLAG] = s_set_flag,
    [OPTION_NUMBER] = s_set_number,
    [OPTION_DURATION] = s_set_duration,
    [OPTION_CHANCE] = s_set_chance,
    [OPTION_PATH] = s_set_path,
    [OPTION_CHOICE] = s_set_choice,
    [OPTION_CUSTOM] = NULL,
};
_Static_assert(sizeof s_setters / sizeof s_setters[0] == OPTION_KINDS, "a setter per kind");

static int
s_set (parse_t *parse, const option_t *option, const char *value, bool again)
{
    if (option->kind != OPTION_CUSTOM) {
        return s_setters[option->kind](parse, option, value,
                                       (char *) parse->target + option->offset);
    }
    char why[OPTIONS_WHY_SIZE] = "";
    int result = option->set (parse->target, value, again, why);
    if (result != OPTIONS_GO) {
        options_fail (parse->program, result, "%s %.200s %s", parse->label, value, why);
    }
    return result;
}

//  Why getopt did not like an argument, in our words.
static int
s_unknown (parse_t *parse, const char *argument)
{
    const char *name = argument + strspn (argument, "-");
    size_t length = strcspn (name, "=");
    const option_t *option;
    size_t matches = 0;
    for (size_t i = 0; (option = s_option (parse->program, i)) != NULL; i++) {
        if (strncmp (option->name, name, length) != 0) {
            continue;
        }
        if (strlen (option->name) == length) {
            return options_fail (parse->program, EX_USAGE, "--%s %s", option->name,
                                 option->arg ? "needs a value" : "takes no value");
        }
        matches++;
    }
    return options_fail (parse->program, EX_USAGE, "%s option '%.200s', see --help",
                         matches > 1 && length > 0 ? "ambiguous" : "unknown", argument);
}

//  The options that every program of the world has.
static int
s_standard (parse_t *parse, int key)
{
    char name[64];
    snprintf (name, sizeof name, "%s", parse->program->name);
    if (key == KEY_VERSION) {
        printf ("%s %s\n", name, MAYHEM_VERSION);
    } else {
        unsigned flags = key == KEY_USAGE ? ARGP_HELP_USAGE
                                          : ARGP_HELP_SHORT_USAGE | ARGP_HELP_LONG | ARGP_HELP_DOC;
        argp_help (parse->argp, stdout, flags, name);
    }
    fflush (stdout);
    return 0;
}

static error_t
s_on_key (int key, char *arg, struct argp_state *state)
{
    parse_t *parse = state->input;
    switch (key) {
    case KEY_HELP:
    case KEY_VERSION:
    case KEY_USAGE: parse->result = s_standard (parse, key); return ECANCELED;
    case ARGP_KEY_ARG:
        parse->result =
            options_fail (parse->program, EX_USAGE, "unexpected argument '%.200s'", arg);
        return ECANCELED;
    case ARGP_KEY_ERROR:
        if (parse->result == OPTIONS_GO) {
            parse->result = s_unknown (parse, state->argv[state->next - 1]);
        }
        return 0;
    default: break;
    }
    const option_t *option = NULL;
    if (key >= KEY_FIRST) {
        option = s_option (parse->program, (size_t) (key - KEY_FIRST));
    }
    if (!option) {
        return ARGP_ERR_UNKNOWN;
    }
    bool *given = &parse->given[key - KEY_FIRST];
    snprintf (parse->label, sizeof parse->label, "--%s", option->name);
    parse->result = s_set (parse, option, option->arg ? arg : "1", *given);
    *given = true;
    return parse->result == OPTIONS_GO ? 0 : ECANCELED;
}

//  Our table in argp's form: the program's own options, the common ones, and the standard ones.
static void
s_fill_argp (struct argp_option *out, const options_program_t *program)
{
    const option_t *option;
    if (program->count > 0) {
        *out++ = (struct argp_option){.doc = "Options of this stage:", .group = 1};
    }
    for (size_t i = 0; (option = s_option (program, i)) != NULL; i++) {
        if (i == program->count) {
            *out++ = (struct argp_option){.doc = "Options of all stages:", .group = 2};
        }
        assert (i < OPTIONS_MAX);
        *out++ = (struct argp_option){.name = option->name,
                                      .key = KEY_FIRST + (int) i,
                                      .arg = option->arg,
                                      .doc = option->doc,
                                      .group = i < program->count ? 1 : 2};
    }
    *out++ = (struct argp_option){"help", KEY_HELP, NULL, 0, "Show this page", -1};
    *out++ = (struct argp_option){"usage", KEY_USAGE, NULL, 0, "Show a short usage message", -1};
    *out++ = (struct argp_option){"version", KEY_VERSION, NULL, 0, "Show the version", -1};
    *out = (struct argp_option){0};
}

//  "log-level" is MAYHEM_LOG_LEVEL.
static void
s_env_name (char *out, const char *name)
{
    size_t used = (size_t) snprintf (out, ENV_NAME_SIZE, "MAYHEM_%s", name);
    assert (used < ENV_NAME_SIZE);
    for (size_t i = 0; i < used; i++) {
        if (out[i] == '-') {
            out[i] = '_';
        } else if (out[i] >= 'a' && out[i] <= 'z') {
            out[i] = (char) (out[i] - 'a' + 'A');
        }
    }
}

static int
s_parse_environment (parse_t *parse)
{
    const option_t *option;
    for (size_t i = 0; (option = s_option (parse->program, i)) != NULL; i++) {
        s_env_name (parse->label, option->name);
        const char *value = getenv (parse->label);
        if (parse->given[i] || !value || !*value) {
            continue;
        }
        int result = s_set (parse, option, value, false);
        if (result != OPTIONS_GO) {
            return result;
        }
    }
    return OPTIONS_GO;
}

//  Everything from `--` on is not ours to parse. Returns the arguments before it.
static int
s_cut_rest (int argc, char **argv, options_rest_t *rest)
{
    int end = 1;
    while (end < argc && strcmp (argv[end], "--") != 0) {
        end++;
    }
    *rest = (options_rest_t){0};
    if (end + 1 < argc) {
        *rest = (options_rest_t){argc - end - 1, argv + end + 1};
    }
    return end < argc ? end : argc;
}

int
options_parse (const options_program_t *program, void *target, int argc, char **argv,
               options_rest_t *rest)
{
    assert (program && target && argc > 0);
    assert ((rest != NULL) == (program->args_doc != NULL));
    assert (program->count + options_common_length <= OPTIONS_MAX);
    struct argp_option options[OPTIONS_MAX + 6]; //  Two headers, three standard ones, the end
    char doc[2048];
    s_fill_argp (options, program);
    snprintf (doc, sizeof doc, "%s\v%s", program->about, program->notes);
    struct argp argp = {options, s_on_key, program->args_doc, doc, NULL, NULL, NULL};
    parse_t parse = {.program = program, .target = target, .result = OPTIONS_GO, .argp = &argp};

    options_rest_t behind;
    argc = s_cut_rest (argc, argv, &behind);
    error_t error = argp_parse (&argp, argc, argv, ARGP_NO_ERRS | ARGP_NO_HELP, NULL, &parse);
    if (parse.result == OPTIONS_GO && error != 0) {
        parse.result = options_fail (program, EX_USAGE, "wrong options, see --help");
    }
    if (parse.result == OPTIONS_GO && behind.argc > 0 && !rest) {
        parse.result =
            options_fail (program, EX_USAGE, "unexpected argument '%.200s'", behind.argv[0]);
    }
    if (parse.result == OPTIONS_GO) {
        parse.result = s_parse_environment (&parse);
    }
    if (rest) {
        *rest = behind;
    }
    return parse.result;
}
