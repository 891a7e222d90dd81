#include "publisher/left.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <uuid/uuid.h>

//  Files put aside and never removed by anybody; who has that many has another problem.
#define TAKEN_MAX 1000

//  Room behind the path for ".taken" and a number.
#define TAKEN_SIZE 16

struct left_s {
    char path[PATH_MAX];
    char taken[PATH_MAX + TAKEN_SIZE]; // where it was put aside
    FILE *file;                        // NULL before the first row
    uint64_t count;
    uint64_t failures;
    int error; // errno of the first failure
};

left_t *
left_new (const char *data, const char *name)
{
    assert (data && name);
    if (faccessat (AT_FDCWD, data, W_OK | X_OK, AT_EACCESS)) {
        return NULL;
    }
    left_t *self = calloc (1, sizeof *self);
    if (self) {
        snprintf (self->path, sizeof self->path, "%s/left-%s.jsonl", data, name);
    }
    return self;
}

//  Is this path, or stdin, our file?
static bool
s_is_ours (const left_t *self, const char *requests)
{
    struct stat ours;
    struct stat other;
    bool is_stdin = strcmp (requests, "-") == 0;
    int rc = is_stdin ? fstat (STDIN_FILENO, &other) : stat (requests, &other);
    return rc == 0 && stat (self->path, &ours) == 0 && ours.st_dev == other.st_dev &&
           ours.st_ino == other.st_ino;
}

const char *
left_take (left_t *self, const char *requests)
{
    assert (self && requests);
    assert (!self->file);
    if (!s_is_ours (self, requests)) {
        return requests;
    }
    int rc = -1;
    for (int i = 1; rc && i <= TAKEN_MAX; i++) {
        int length = snprintf (self->taken, sizeof self->taken, "%s.taken", self->path);
        if (i > 1) {
            snprintf (self->taken + length, sizeof self->taken - (size_t) length, "-%d", i);
        }
        //  Over nothing: an older one may hold what nobody has read yet.
        rc = renameat2 (AT_FDCWD, self->path, AT_FDCWD, self->taken, RENAME_NOREPLACE);
        if (rc && errno != EEXIST) {
            break;
        }
    }
    const char *path = strcmp (requests, "-") == 0 ? requests : self->taken;
    return rc ? NULL : path;
}

//  Append behind whole lines only: the last one may have been cut off by a full disk.
static FILE *
s_open (const char *path)
{
    FILE *file = fopen (path, "a+e");
    if (file && fseek (file, -1, SEEK_END) == 0 && fgetc (file) != '\n') {
        fseek (file, 0, SEEK_END);
        fputc ('\n', file);
    }
    return file;
}

static int
s_fail (left_t *self)
{
    self->error = self->error ? self->error : (errno ? errno : EIO);
    errno = self->error;
    return -1;
}

static int
s_fail_row (left_t *self)
{
    self->failures++;
    return s_fail (self);
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
        self->file = s_open (self->path);
    }
    json_t *object = self->file ? json_object () : NULL;
    if (!object) {
        return s_fail_row (self);
    }
    s_set (object, "instance_name", row->instance);
    s_set (object, "hostname", row->hostname);
    s_set (object, "reason", row->reason);
    s_set (object, "requested_by", row->requested_by);
    json_object_set_new (object, "message_id", json_string (id));
    int bad = json_dumpf (object, self->file, JSON_COMPACT) || fputc ('\n', self->file) == EOF;
    json_decref (object);
    self->count += !bad;
    return bad ? s_fail_row (self) : 0;
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

uint64_t
left_failures (const left_t *self)
{
    return self->failures;
}

const char *
left_path (const left_t *self)
{
    return self->path;
}
