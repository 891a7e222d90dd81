#include "publisher/left.h"

#include <errno.h>
#include <jansson.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <uuid/uuid.h>

struct left_s {
    char path[PATH_MAX];
    FILE *file; // NULL before the first row
    uint64_t count;
    int error; // errno of the first failure
};

left_t *
left_new (const char *data, const char *name)
{
    left_t *self = calloc (1, sizeof *self);
    if (self) {
        snprintf (self->path, sizeof self->path, "%s/left-%s.jsonl", data, name);
    }
    return self;
}

static int
s_fail (left_t *self)
{
    self->error = self->error ? self->error : (errno ? errno : EIO);
    errno = self->error;
    return -1;
}

static void
s_set (json_t *object, const char *key, text_t text)
{
    if (text.length) {
        json_object_set_new (object, key, json_stringn (text.at, text.length));
    }
}

int
left_put (left_t *self, const row_t *row)
{
    char id[UUID_STR_LEN];
    uuid_unparse_lower (row->id, id);
    if (!self->file) {
        self->file = fopen (self->path, "ae");
    }
    json_t *object = self->file ? json_object () : NULL;
    if (!object) {
        return s_fail (self);
    }
    s_set (object, "instance_name", row->instance);
    s_set (object, "hostname", row->hostname);
    s_set (object, "reason", row->reason);
    s_set (object, "requested_by", row->requested_by);
    json_object_set_new (object, "message_id", json_string (id));
    int bad = json_dumpf (object, self->file, JSON_COMPACT) || fputc ('\n', self->file) == EOF;
    json_decref (object);
    self->count += !bad;
    return bad ? s_fail (self) : 0;
}

int
left_close (left_t **self_p)
{
    left_t *self = *self_p;
    if (!self) {
        return 0;
    }
    if (self->file && (fflush (self->file) || fsync (fileno (self->file)))) {
        s_fail (self);
    }
    if (self->file && fclose (self->file)) {
        s_fail (self);
    }
    int error = self->error;
    free (self);
    *self_p = NULL;
    errno = error;
    return error ? -1 : 0;
}

uint64_t
left_count (const left_t *self)
{
    return self->count;
}

const char *
left_path (const left_t *self)
{
    return self->path;
}
