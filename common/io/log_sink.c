#include "common/io/log_sink.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

typedef enum {
    SINK_OWN,   // our own non-blocking file description
    SINK_SEND,  // a socket
    SINK_POLLED // anything else: poll, then at most PIPE_BUF bytes
} sink_kind_t;

struct log_sink {
    int fd;           // written to
    sink_kind_t kind; // how
    bool dead;        // the reader is gone for good
    uint64_t dropped; // lines
    size_t head;      // first byte that waits
    size_t tail;      // end of what waits; head == tail: nothing
    char buffer[LOG_BUFFER_BYTES];
};

//  Open a pipe or terminal once more, for an O_NONBLOCK that nobody else sees. -1: not possible.
static int
s_reopen (int fd, const struct stat *st)
{
    if (!S_ISFIFO (st->st_mode) && !(S_ISCHR (st->st_mode) && isatty (fd))) {
        return -1;
    }
    char path[32];
    snprintf (path, sizeof path, "/proc/self/fd/%d", fd);
    int own = open (path, O_WRONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
    struct stat now;
    if (own >= 0 && (fstat (own, &now) < 0 || now.st_ino != st->st_ino)) {
        close (own);
        own = -1;
    }
    return own;
}

log_sink_t *
log_sink_new (int fd)
{
    log_sink_t *self = malloc (sizeof *self);
    if (!self) {
        abort (); //  At start: nothing can be said or done without it
    }
    self->fd = fd;
    self->kind = SINK_POLLED;
    self->dead = false;
    self->dropped = 0;
    self->head = self->tail = 0;

    struct stat st;
    if (fstat (fd, &st) < 0) {
        self->dead = true; //  Started with stderr closed
        return self;
    }
    int own = s_reopen (fd, &st);
    if (own >= 0) {
        self->fd = own;
        self->kind = SINK_OWN;
    } else if (S_ISSOCK (st.st_mode)) {
        self->kind = SINK_SEND;
    }
    return self;
}

void
log_sink_destroy (log_sink_t **self_p)
{
    assert (self_p);
    log_sink_t *self = *self_p;
    if (self) {
        if (self->kind == SINK_OWN) {
            close (self->fd);
        }
        free (self);
        *self_p = NULL;
    }
}

//  One write that cannot block. Returns bytes taken, 0: not now or never (then dead is set).
static size_t
s_write (log_sink_t *self, const char *bytes, size_t length)
{
    ssize_t rc = -1;
    if (self->kind == SINK_OWN) {
        rc = write (self->fd, bytes, length);
    } else if (self->kind == SINK_SEND) {
        rc = send (self->fd, bytes, length, MSG_DONTWAIT | MSG_NOSIGNAL);
    } else {
        struct pollfd item = {.fd = self->fd, .events = POLLOUT};
        if (poll (&item, 1, 0) <= 0) {
            return 0;
        }
        rc = write (self->fd, bytes, length);
    }
    if (rc >= 0) {
        return (size_t) rc;
    }
    //  A full disk, too, is waited for: the space may return. Only these never come back.
    self->dead = errno == EPIPE || errno == EIO || errno == EBADF || errno == ECONNRESET ||
                 errno == ENXIO || errno == EINVAL;
    return 0;
}

static uint64_t
s_lines (const char *bytes, size_t length)
{
    uint64_t lines = 0;
    for (size_t i = 0; i < length; i++) {
        lines += bytes[i] == '\n';
    }
    return lines;
}

//  Whole lines from the head of what waits, at most PIPE_BUF bytes of them.
static size_t
s_chunk (const log_sink_t *self)
{
    size_t length = self->tail - self->head;
    if (length <= PIPE_BUF) {
        return length;
    }
    const char *from = self->buffer + self->head;
    const char *end = memrchr (from, '\n', PIPE_BUF);
    assert (end); //  No line is longer than PIPE_BUF
    return (size_t) (end - from) + 1;
}

bool
log_sink_flush (log_sink_t *self)
{
    assert (self);
    while (self->head < self->tail) {
        size_t taken = s_write (self, self->buffer + self->head, s_chunk (self));
        if (self->dead) {
            self->dropped += s_lines (self->buffer + self->head, self->tail - self->head);
            self->head = self->tail;
        }
        if (taken == 0) {
            break;
        }
        self->head += taken;
    }
    return self->head == self->tail;
}

//  Keep bytes behind what waits already.
static bool
s_keep (log_sink_t *self, const char *bytes, size_t length)
{
    if (self->tail + length > sizeof self->buffer) {
        self->tail -= self->head;
        memmove (self->buffer, self->buffer + self->head, self->tail);
        self->head = 0;
    }
    if (self->tail + length > sizeof self->buffer) {
        return false;
    }
    memcpy (self->buffer + self->tail, bytes, length);
    self->tail += length;
    return true;
}

bool
log_sink_put (log_sink_t *self, const char *line, size_t length)
{
    assert (self);
    assert (length > 0 && length <= PIPE_BUF && line[length - 1] == '\n');
    size_t taken = 0;
    if (!self->dead && self->head == self->tail) {
        taken = s_write (self, line, length);
    }
    if (taken < length && (self->dead || !s_keep (self, line + taken, length - taken))) {
        self->dropped++;
        return false;
    }
    return true;
}

void
log_sink_wait (log_sink_t *self, int timeout_ms)
{
    assert (self);
    if (log_sink_backlog (self) > 0) {
        struct pollfd item = {.fd = self->fd, .events = POLLOUT};
        (void) poll (&item, 1, timeout_ms);
    }
}

size_t
log_sink_backlog (const log_sink_t *self)
{
    assert (self);
    return self->tail - self->head;
}

bool
log_sink_dead (const log_sink_t *self)
{
    assert (self);
    return self->dead;
}

uint64_t
log_sink_dropped (const log_sink_t *self)
{
    assert (self);
    return self->dropped;
}
