/*  argv.h - from the command's template to the words and the environment of one restart. Pure.

    `{host}`, `{instance}`, `{id}` and `{delivery}` are replaced inside arguments, in one pass: what
   a value holds is never looked at again, other braces stay as they are. The command itself (the
    first word) is taken as it is: no name may choose the program. There is no shell. A name that
    begins with `-` would be an option of the command: host names cannot, and such instances are
    refused by the source and by the handler. */

#ifndef MAYHEM_ARGV_H
#define MAYHEM_ARGV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "common/core/message.h"

//  Words of a template: a command line, not a file list.
#define ARGV_WORDS_MAX 256
//  Bytes of the words, and of the environment, of one restart, NULs included.
#define ARGV_BYTES_MAX 32768
//  Words of the environment: PATH, MAYHEM_HOST, MAYHEM_INSTANCE, MAYHEM_ID, MAYHEM_DELIVERY.
#define ARGV_ENV_WORDS 5

typedef struct {
    text_t host;
    text_t instance;
    const uint8_t *id; // ID_BYTES, written as 36 characters
    unsigned delivery;
    const char *path; // for PATH
} argv_values_t;

//  Words, each with its NUL, one behind the other: what guard_run takes.
typedef struct {
    char bytes[ARGV_BYTES_MAX];
    size_t length;
    size_t count;
} argv_t;

//  Fill the template's words. 0; -1 when they do not fit, there are none, or a value holds a NUL.
int argv_fill (argv_t *self, const char *const *words, size_t count, const argv_values_t *values);

//  Whether the words, and the environment, are filled with any names: tried with the longest.
bool argv_fits (const char *const *words, size_t count, const char *path);

//  Make the environment: exactly ARGV_ENV_WORDS entries. 0 or -1 as above.
int argv_environment (argv_t *self, const argv_values_t *values);

#endif
