#include "publisher/source_requests.h"
#include "common/io/log.h"
#include "publisher/source_request.h"
#include "publisher/source_id.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/stat.h>
#include <unistd.h>

//  Lines looked at in one call of next, good or bad: two milliseconds of parsing.
#define LINES_PER_CALL 1024

typedef struct {
    source_requests_limits_t limits;
    int fd;
    bool can_poll;     // an epoll set takes fd
    bool once;         // what was read cannot be read again: stdin, a pipe
    bool waiting;      // fd had nothing: wait until it is readable
    bool ended;        // end of the input, or error
    bool skipping;     // inside a line that is too long
    int error;         // errno of the read that failed
    uint64_t line;     // number of the line that starts at head
    uint64_t made;     // requests given out
    uint64_t rejected; // lines
    pace_t pace;
    prng_t prng;
    size_t head; // of what is not parsed yet
    size_t tail; // behind it
    char buffer[REQUEST_SLICE_BYTES];
} requests_t;

//  What one look at the buffer gave.
typedef enum {
    LINE_REQUEST, // a message
    LINE_PASSED,  // a line that is none: blank, too long or rejected
    LINE_NONE     // no line is complete
} line_result_t;

static void
s_reject (requests_t *self, const char *why)
{
    self->rejected++;
    if (self->limits.reject) {
        self->limits.reject (self->limits.reject_arg, self->line, why);
        return;
    }
    const char *path = self->limits.path;
    log_about (LEVEL_WARNING, NULL, "Line %" PRIu64 " of %.200s is not a request: %s", self->line,
               strcmp (path, "-") == 0 ? "stdin" : path, why);
}

static void
s_reject_long (requests_t *self)
{
    char why[REQUEST_WHY_SIZE];
    snprintf (why, sizeof why, "longer than %d bytes", REQUEST_LINE_MAX);
    s_reject (self, why);
}

static bool
s_is_blank (const char *line, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        if (line[i] != ' ' && line[i] != '\t' && line[i] != '\r') {
            return false;
        }
    }
    return true;
}

//  A whole line of `length` bytes at head.
static line_result_t
s_parse (requests_t *self, size_t length, source_message_t *out)
{
    const char *line = self->buffer + self->head;
    char why[REQUEST_WHY_SIZE];
    if (self->skipping || s_is_blank (line, length)) {
        return LINE_PASSED;
    }
    if (length > REQUEST_LINE_MAX) {
        s_reject_long (self);
        return LINE_PASSED;
    }
    if (!source_request_parse (out, line, length, why)) {
        s_reject (self, why);
        return LINE_PASSED;
    }
    if (!out->own_id && self->limits.id) {
        self->limits.id (out->id);
    } else if (!out->own_id) {
        source_id_next (&self->prng, out->id);
    }
    return LINE_REQUEST;
}

//  The next line of the buffer, if it is complete.
static line_result_t
s_take_line (requests_t *self, source_message_t *out)
{
    size_t length = self->tail - self->head;
    const char *end = memchr (self->buffer + self->head, '\n', length);
    if (!end && length > REQUEST_LINE_MAX) {
        //  Too long already: forget it now, so that it never fills the buffer.
        if (!self->skipping) {
            s_reject_long (self);
        }
        self->skipping = true;
        self->head = self->tail;
        return LINE_NONE;
    }
    if (!end && (!self->ended || length == 0)) {
        return LINE_NONE;
    }
    if (end) {
        length = (size_t) (end - (self->buffer + self->head));
    }
    line_result_t result = s_parse (self, length, out);
    self->head += length + (end != NULL);
    self->line++;
    self->skipping = false;
    return result;
}

static void
s_end (requests_t *self, int error)
{
    self->ended = true;
    self->error = error;
}

//  Read behind what is left of the buffer, without waiting.
static void
s_fill (requests_t *self)
{
    self->tail -= self->head;
    memmove (self->buffer, self->buffer + self->head, self->tail);
    self->head = 0;
    assert (self->tail <= REQUEST_LINE_MAX);

    struct pollfd item = {.fd = self->fd, .events = POLLIN};
    if (poll (&item, 1, 0) == 0) {
        self->waiting = self->can_poll;
        return;
    }
    ssize_t got = read (self->fd, self->buffer + self->tail, sizeof self->buffer - self->tail);
    if (got > 0) {
        self->tail += (size_t) got;
    } else if (got == 0) {
        s_end (self, 0);
    } else if (errno == EAGAIN) {
        self->waiting = self->can_poll;
    } else if (errno != EINTR) {
        s_end (self, errno);
    }
}

static bool
s_finished (const void *base)
{
    const requests_t *self = base;
    bool all_made = self->limits.count > 0 && self->made == self->limits.count;
    return all_made || (self->ended && self->head == self->tail);
}

static size_t
s_next (void *base, int64_t now_us, size_t max, source_message_t *out)
{
    requests_t *self = base;
    assert (self && out);
    size_t made = 0;
    bool filled = false;
    self->waiting = false;
    for (int lines = 0; made < max && lines < LINES_PER_CALL && !s_finished (self); lines++) {
        if (pace_deadline (&self->pace) > now_us) {
            break;
        }
        switch (s_take_line (self, &out[made])) {
        case LINE_REQUEST:
            pace_take (&self->pace, &self->prng, now_us);
            self->made++;
            made++;
            break;
        case LINE_PASSED: break;
        case LINE_NONE:
            if (filled || self->ended) {
                return made; //  One slice a call
            }
            s_fill (self);
            filled = true;
            if (self->waiting) {
                return made;
            }
            break;
        }
    }
    return made;
}

static int64_t
s_deadline (const void *base)
{
    const requests_t *self = base;
    return s_finished (self) || self->waiting ? INT64_MAX : pace_deadline (&self->pace);
}

static int
s_fd (const void *base)
{
    const requests_t *self = base;
    return self->waiting && !s_finished (self) ? self->fd : -1;
}

static int
s_failed (const void *base)
{
    const requests_t *self = base;
    return self->error;
}

static uint64_t
s_rejected (const void *base)
{
    const requests_t *self = base;
    return self->rejected;
}

static void
s_destroy (void **self_p)
{
    assert (self_p);
    requests_t *self = *self_p;
    if (self) {
        if (self->fd > STDIN_FILENO) {
            close (self->fd);
        }
        free (self);
        *self_p = NULL;
    }
}

static uint64_t
s_line (const void *base)
{
    return ((const requests_t *) base)->line;
}

static bool
s_rest (void *base, source_message_t *out)
{
    requests_t *self = base;
    line_result_t result = LINE_PASSED;
    while (self->once && !s_finished (self) && result == LINE_PASSED) {
        result = s_take_line (self, out);
        self->made += result == LINE_REQUEST;
    }
    return result == LINE_REQUEST;
}

static const source_ops_t s_ops = {s_next,     s_deadline, s_fd,   s_finished, s_failed,
                                   s_rejected, s_line,     s_rest, s_destroy};

//  Does an epoll set take it? Files and /dev/null say EPERM. -1: cannot be found out.
static int
s_can_poll (int fd)
{
    int set = epoll_create1 (EPOLL_CLOEXEC);
    if (set < 0) {
        return -1;
    }
    struct epoll_event event = {.events = EPOLLIN};
    int rc = epoll_ctl (set, EPOLL_CTL_ADD, fd, &event);
    int error = errno;
    close (set);
    errno = error;
    return rc == 0 ? 1 : error == EPERM ? 0 : -1;
}

//  Open path, "-" is stdin. -1 with errno.
static int
s_open (const char *path, bool *once)
{
    int fd = STDIN_FILENO;
    struct stat st;
    if (strcmp (path, "-") != 0) {
        //  Non-blocking for a FIFO: opening waits for a writer otherwise.
        fd = open (path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    }
    if (fd >= 0 && fstat (fd, &st) == 0 && S_ISDIR (st.st_mode)) {
        if (fd > STDIN_FILENO) {
            close (fd);
        }
        errno = EISDIR;
        return -1;
    }
    *once = fd == STDIN_FILENO || (fd >= 0 && !S_ISREG (st.st_mode));
    return fd;
}

int
source_requests_open (source_t *out, const source_requests_limits_t *limits, int64_t now_us)
{
    assert (out && limits && limits->path);
    requests_t *self = malloc (sizeof *self);
    if (!self) {
        return -1;
    }
    memset (self, 0, offsetof (requests_t, buffer));
    self->limits = *limits;
    self->line = 1;
    self->fd = s_open (limits->path, &self->once);
    int can_poll = self->fd < 0 ? -1 : s_can_poll (self->fd);
    if (can_poll < 0) {
        int error = errno;
        s_destroy ((void **) &self);
        errno = error;
        return -1;
    }
    self->can_poll = can_poll == 1;
    prng_seed (&self->prng, limits->seed);
    pace_start (&self->pace, &limits->pace, &self->prng, now_us);
    *out = (source_t){&s_ops, self};
    return 0;
}
