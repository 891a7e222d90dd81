#include "handler/action_output.h"

#include <assert.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

//  What a NUL becomes: "substitute" in ASCII. It is escaped by the log like any control character,
//  where the NUL itself would end the text.
#define SUBSTITUTE 0x1a

void
action_output_open (action_output_t *self, int fd, log_level_t level)
{
    assert (self && fd >= 0);
    self->fd = fd;
    self->level = level;
    self->lines = 0;
    self->length = 0;
    self->cut = false;
}

//  A cut between two bytes of one character would show as two escapes: leave that character out.
static size_t
s_whole_characters (const char *text, size_t length)
{
    size_t lead = length;
    while (lead > 0 && length - lead < 3 && ((unsigned char) text[lead - 1] & 0xc0) == 0x80) {
        lead--;
    }
    unsigned char first = lead > 0 ? (unsigned char) text[lead - 1] : 0;
    if (first < 0xc0) {
        return length;
    }
    size_t size = first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
    return length - (lead - 1) < size ? lead - 1 : length;
}

static void
s_end_line (action_output_t *self, text_t instance)
{
    if (self->length > 0 && self->lines++ < ACTION_LINES_MAX) {
        size_t length = self->length;
        if (self->cut) {
            length = s_whole_characters (self->line, length);
        } else if (self->line[length - 1] == '\r') {
            length--;
        }
        for (char *nul; (nul = memchr (self->line, 0, length));) {
            *nul = SUBSTITUTE;
        }
        log_subject_t subject = {.instance = instance};
        log_about (self->level, &subject, "%.*s: %.*s%s", (int) instance.length, instance.at,
                   (int) length, self->line, self->cut ? "..." : "");
    }
    self->length = 0;
    self->cut = false;
}

static void
s_add (action_output_t *self, const char *bytes, size_t length)
{
    size_t room = ACTION_LINE_MAX - self->length;
    if (length > room) {
        self->cut = true;
        length = room;
    }
    memcpy (self->line + self->length, bytes, length);
    self->length += length;
}

bool
action_output_read (action_output_t *self, text_t instance)
{
    assert (self->fd >= 0);
    char bytes[ACTION_READ_BYTES];
    ssize_t got = read (self->fd, bytes, sizeof bytes);
    if (got <= 0) {
        return got < 0 && (errno == EAGAIN || errno == EINTR);
    }
    const char *at = bytes;
    const char *end = bytes + got;
    for (const char *newline; (newline = memchr (at, '\n', (size_t) (end - at)));) {
        s_add (self, at, (size_t) (newline - at));
        s_end_line (self, instance);
        at = newline + 1;
    }
    s_add (self, at, (size_t) (end - at));
    return true;
}

void
action_output_close (action_output_t *self, text_t instance)
{
    if (self->fd < 0) {
        return;
    }
    s_end_line (self, instance);
    if (self->lines > ACTION_LINES_MAX) {
        log_subject_t subject = {.instance = instance};
        log_about (self->level, &subject, "%.*s: %u more lines", (int) instance.length, instance.at,
                   self->lines - ACTION_LINES_MAX);
    }
    close (self->fd);
    self->fd = -1;
}
