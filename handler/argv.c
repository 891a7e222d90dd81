#include "handler/argv.h"

#include <assert.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

//  A UUID as text, and a number as text, with their NULs.
#define ID_TEXT     37
#define NUMBER_TEXT 12

//  What may stand between braces, in the order of s_name.
typedef enum {
    VALUE_HOST,
    VALUE_INSTANCE,
    VALUE_ID,
    VALUE_DELIVERY,
    VALUE_COUNT
} value_t;

static const char *const s_name[] = {"{host}", "{instance}", "{id}", "{delivery}"};
_Static_assert(sizeof s_name / sizeof *s_name == VALUE_COUNT, "one name per value");

static const char *const s_variable[] = {
    "MAYHEM_HOST=", "MAYHEM_INSTANCE=", "MAYHEM_ID=", "MAYHEM_DELIVERY="};
_Static_assert(sizeof s_variable / sizeof *s_variable == VALUE_COUNT, "one variable per value");

//  The values as texts.
typedef struct {
    text_t text[VALUE_COUNT];
    char id[ID_TEXT];
    char delivery[NUMBER_TEXT];
} texts_t;

static void
s_write_id (char *out, const uint8_t *id)
{
    static const char digits[] = "0123456789abcdef";
    for (int i = 0; i < ID_BYTES; i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10) {
            *out++ = '-';
        }
        *out++ = digits[id[i] >> 4];
        *out++ = digits[id[i] & 15];
    }
    *out = 0;
}

//  0; -1 when a value holds a NUL, which would end its word early.
static int
s_texts (texts_t *self, const argv_values_t *values)
{
    s_write_id (self->id, values->id);
    int length = snprintf (self->delivery, sizeof self->delivery, "%u", values->delivery);
    self->text[VALUE_HOST] = values->host;
    self->text[VALUE_INSTANCE] = values->instance;
    self->text[VALUE_ID] = (text_t){self->id, ID_TEXT - 1};
    self->text[VALUE_DELIVERY] = (text_t){self->delivery, (size_t) length};
    for (int i = 0; i < VALUE_COUNT; i++) {
        if (self->text[i].length > 0 && memchr (self->text[i].at, 0, self->text[i].length)) {
            return -1;
        }
    }
    return 0;
}

static int
s_put (argv_t *self, const char *bytes, size_t length)
{
    if (length > ARGV_BYTES_MAX - self->length) {
        return -1;
    }
    if (length > 0) {
        memcpy (self->bytes + self->length, bytes, length);
    }
    self->length += length;
    return 0;
}

static int
s_end_word (argv_t *self)
{
    self->count++;
    return s_put (self, "", 1);
}

//  Which value is named here; VALUE_COUNT: none.
static value_t
s_named (const char *at)
{
    for (value_t value = 0; value < VALUE_COUNT; value++) {
        if (strncmp (at, s_name[value], strlen (s_name[value])) == 0) {
            return value;
        }
    }
    return VALUE_COUNT;
}

static int
s_put_filled (argv_t *self, const char *word, const texts_t *texts)
{
    while (*word) {
        value_t value = s_named (word);
        bool named = value < VALUE_COUNT;
        const text_t piece = named ? texts->text[value] : (text_t){word, 1};
        if (s_put (self, piece.at, piece.length) != 0) {
            return -1;
        }
        word += named ? strlen (s_name[value]) : 1;
    }
    return s_end_word (self);
}

int
argv_fill (argv_t *self, const char *const *words, size_t count, const argv_values_t *values)
{
    assert (self && words && values);
    self->length = self->count = 0;
    texts_t texts;
    if (count == 0 || count > ARGV_WORDS_MAX || s_texts (&texts, values) != 0) {
        return -1;
    }
    if (s_put (self, words[0], strlen (words[0])) != 0 || s_end_word (self) != 0) {
        return -1;
    }
    for (size_t i = 1; i < count; i++) {
        if (s_put_filled (self, words[i], &texts) != 0) {
            return -1;
        }
    }
    return 0;
}

static int
s_put_variable (argv_t *self, const char *variable, text_t text)
{
    if (s_put (self, variable, strlen (variable)) != 0 || s_put (self, text.at, text.length) != 0) {
        return -1;
    }
    return s_end_word (self);
}

int
argv_environment (argv_t *self, const argv_values_t *values)
{
    assert (self && values);
    assert (values->path);
    self->length = self->count = 0;
    texts_t texts;
    text_t path = {values->path, strlen (values->path)};
    if (s_texts (&texts, values) != 0 || s_put_variable (self, "PATH=", path) != 0) {
        return -1;
    }
    for (int i = 0; i < VALUE_COUNT; i++) {
        if (s_put_variable (self, s_variable[i], texts.text[i]) != 0) {
            return -1;
        }
    }
    assert (self->count == ARGV_ENV_WORDS);
    return 0;
}

bool
argv_fits (const char *const *words, size_t count, const char *path)
{
    static argv_t argv;
    static const uint8_t id[ID_BYTES];
    char name[HOSTNAME_MAX_BYTES > INSTANCE_MAX_BYTES ? HOSTNAME_MAX_BYTES : INSTANCE_MAX_BYTES];
    memset (name, 'x', sizeof name);
    argv_values_t values = {.host = {name, HOSTNAME_MAX_BYTES},
                            .instance = {name, INSTANCE_MAX_BYTES},
                            .id = id,
                            .delivery = UINT_MAX,
                            .path = path};
    return argv_fill (&argv, words, count, &values) == 0 && argv_environment (&argv, &values) == 0;
}
