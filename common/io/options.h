/*  options.h - a table of options becomes a command line (GNU argp), an environment and a help
   page.

    Every option `--some-name` is also MAYHEM_SOME_NAME in the environment; the command line wins,
    an empty variable counts as not set. Flags in the environment: 1, true, yes, on and their
    opposites. A wrong value is one line on stderr that names the option and what is allowed. */

#ifndef MAYHEM_OPTIONS_H
#define MAYHEM_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <limits.h>
#include <sysexits.h>

//  Go on: no exit code.
#define OPTIONS_GO (-1)
//  Room for what an OPTION_CUSTOM says about a wrong value.
#define OPTIONS_WHY_SIZE 256
//  Options of one program, the common ones included.
#define OPTIONS_MAX 48
//  Room for a path with its NUL.
#define OPTIONS_PATH_SIZE PATH_MAX

//  What a value is and where it goes, at option_t.offset of the target.
typedef enum {
    OPTION_FLAG,     // bool
    OPTION_NUMBER,   // int64_t in min..max
    OPTION_DURATION, // int64_t microseconds in min..max
    OPTION_CHANCE,   // double in 0..1
    OPTION_PATH,     // char[OPTIONS_PATH_SIZE], not empty
    OPTION_CHOICE,   // an enum (int): the index of the word in `arg`, which is "one|two|three"
    OPTION_CUSTOM,   // whatever `set` does
    OPTION_KINDS
} option_kind_t;

typedef struct {
    const char *name; // without the dashes
    const char *arg;  // its value in the help, NULL for a flag
    const char *doc;  // with the default
    option_kind_t kind;
    size_t offset;
    int64_t min;
    int64_t max;
    //  OPTION_CUSTOM: returns OPTIONS_GO, or an exit code with the end of the line "--name VALUE
    //  ..." in why (OPTIONS_WHY_SIZE). `again` is true from the second time on the command line on.
    int (*set) (void *target, const char *value, bool again, char *why);
} option_t;

//  A program's command line. The target's first member is an options_common_t.
typedef struct {
    const char *name;     // "mayhem-publisher"
    const char *about;    // what it does, one paragraph
    const char *notes;    // below the options
    const char *args_doc; // "-- COMMAND ARGS...", NULL: nothing behind the options
    const option_t *options;
    size_t count;
} options_program_t;

//  What stands behind `--`, borrowed from argv.
typedef struct {
    int argc;
    char **argv;
} options_rest_t;

//  Fill target, which holds the defaults, from command line and environment. Returns OPTIONS_GO,
//  or the exit code: 0 after --help, --usage and --version, EX_USAGE and others after an error,
//  which has been printed. rest is NULL when args_doc is.
int options_parse (const options_program_t *program, void *target, int argc, char **argv,
                   options_rest_t *rest);

//  Print "NAME: text" in one line on stderr, with what is foreign in it escaped; returns code.
int options_fail (const options_program_t *program, int code, const char *format, ...)
    __attribute__ ((format (printf, 3, 4)));

#endif
