#include "handler/action_hosts.h"
#include "common/core/hostname.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

//  Longest line: a name with a comment behind it.
#define LINE_SIZE 1024

struct action_hosts {
    char **names; // sorted, in lower case, owned
    size_t size;
    size_t room;
};

static int
s_compare (const void *a, const void *b)
{
    return strcmp (*(char *const *) a, *(char *const *) b);
}

static void
s_lower (char *text)
{
    for (; *text; text++) {
        if (*text >= 'A' && *text <= 'Z') {
            *text = (char) (*text - 'A' + 'a');
        }
    }
}

static bool
s_add (action_hosts_t *self, const char *name)
{
    if (self->size == self->room) {
        size_t room = self->room ? self->room * 2 : 64;
        char **names = realloc (self->names, room * sizeof *names);
        if (!names) {
            return false;
        }
        self->names = names;
        self->room = room;
    }
    char *copy = strdup (name);
    if (!copy) {
        return false;
    }
    s_lower (copy);
    self->names[self->size++] = copy;
    return true;
}

//  The line without comment and blanks around; may be empty.
static char *
s_trim (char *line)
{
    line[strcspn (line, "#\r\n")] = '\0';
    line += strspn (line, " \t");
    size_t length = strlen (line);
    while (length > 0 && (line[length - 1] == ' ' || line[length - 1] == '\t')) {
        line[--length] = '\0';
    }
    return line;
}

//  False with the reason in why.
static bool
s_read (action_hosts_t *self, FILE *file, const char *path, char *why)
{
    char line[LINE_SIZE];
    for (size_t number = 1; fgets (line, sizeof line, file); number++) {
        bool whole = strchr (line, '\n') || feof (file); // not cut, no NUL inside
        char *name = s_trim (line);
        if (!whole || (*name && !hostname_valid (name, strlen (name)))) {
            snprintf (why, ACTION_HOSTS_WHY_SIZE, "line %zu of %.128s is not a host name", number,
                      path);
            return false;
        }
        if (*name && (self->size == ACTION_HOSTS_MAX || !s_add (self, name))) {
            snprintf (why, ACTION_HOSTS_WHY_SIZE, "%.128s has more than %d host names", path,
                      ACTION_HOSTS_MAX);
            return false;
        }
    }
    if (ferror (file)) {
        snprintf (why, ACTION_HOSTS_WHY_SIZE, "%.128s: %s", path, strerror (errno));
        return false;
    }
    return true;
}

action_hosts_t *
action_hosts_load (const char *path, char *why)
{
    assert (path && why);
    FILE *file = fopen (path, "re");
    if (!file) {
        snprintf (why, ACTION_HOSTS_WHY_SIZE, "%.128s: %s", path, strerror (errno));
        return NULL;
    }
    action_hosts_t *self = calloc (1, sizeof *self);
    if (self && !s_read (self, file, path, why)) {
        action_hosts_destroy (&self);
    } else if (self && self->size > 0) {
        qsort (self->names, self->size, sizeof *self->names, s_compare);
    }
    fclose (file);
    return self;
}

void
action_hosts_destroy (action_hosts_t **self_p)
{
    assert (self_p);
    action_hosts_t *self = *self_p;
    if (self) {
        for (size_t i = 0; i < self->size; i++) {
            free (self->names[i]);
        }
        free (self->names);
        free (self);
        *self_p = NULL;
    }
}

size_t
action_hosts_size (const action_hosts_t *self)
{
    assert (self);
    return self->size;
}

const char *const *
action_hosts_names (const action_hosts_t *self)
{
    assert (self);
    return (const char *const *) self->names;
}
