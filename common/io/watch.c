#include "common/io/watch.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <unistd.h>

typedef struct {
    watch_fn *call;      // NULL: not watched
    void *arg;           // handed to call
    uint32_t generation; // raised by each registration, so old events are known as such
    bool one_shot;       // silent after each event until watch_again
} entry_t;

struct watch_t {
    int epoll;        // the set
    entry_t *entries; // by descriptor
    size_t limit;     // number of entries
};

static size_t
s_limit (void)
{
    struct rlimit limit;
    if (getrlimit (RLIMIT_NOFILE, &limit) != 0 || limit.rlim_max > WATCH_FDS_MAX) {
        return WATCH_FDS_MAX;
    }
    return limit.rlim_max;
}

watch_t *
watch_new (void)
{
    watch_t *self = calloc (1, sizeof *self);
    if (!self) {
        return NULL;
    }
    self->limit = s_limit ();
    self->entries = calloc (self->limit, sizeof *self->entries);
    self->epoll = epoll_create1 (EPOLL_CLOEXEC);
    if (!self->entries || self->epoll < 0) {
        watch_destroy (&self);
    }
    return self;
}

void
watch_destroy (watch_t **self_p)
{
    assert (self_p);
    watch_t *self = *self_p;
    if (!self) {
        return;
    }
    if (self->epoll >= 0) {
        close (self->epoll);
    }
    free (self->entries);
    free (self);
    *self_p = NULL;
}

static entry_t *
s_entry (watch_t *self, int fd)
{
    return fd >= 0 && (size_t) fd < self->limit ? &self->entries[fd] : NULL;
}

static int
s_control (watch_t *self, int operation, int fd, uint32_t events)
{
    const entry_t *entry = &self->entries[fd];
    struct epoll_event event = {.events = events | (entry->one_shot ? EPOLLONESHOT : 0)};
    event.data.u64 = (uint64_t) entry->generation << 32 | (uint32_t) fd;
    return epoll_ctl (self->epoll, operation, fd, &event);
}

int
watch_add (watch_t *self, int fd, uint32_t events, bool one_shot, watch_fn *call, void *arg)
{
    assert (self && call);
    entry_t *entry = s_entry (self, fd);
    if (!entry) {
        errno = fd < 0 ? EBADF : EMFILE;
        return -1;
    }
    assert (!entry->call);
    entry->generation++;
    entry->one_shot = one_shot;
    if (s_control (self, EPOLL_CTL_ADD, fd, events) != 0) {
        return -1;
    }
    entry->call = call;
    entry->arg = arg;
    return 0;
}

int
watch_again (watch_t *self, int fd, uint32_t events)
{
    assert (self);
    const entry_t *entry = s_entry (self, fd);
    if (!entry || !entry->call) {
        errno = ENOENT;
        return -1;
    }
    return s_control (self, EPOLL_CTL_MOD, fd, events);
}

bool
watch_remove (watch_t *self, int fd)
{
    assert (self);
    entry_t *entry = s_entry (self, fd);
    if (!entry || !entry->call) {
        return false;
    }
    epoll_ctl (self->epoll, EPOLL_CTL_DEL, fd, NULL);
    entry->call = NULL;
    return true;
}

int
watch_fd (const watch_t *self)
{
    assert (self);
    return self->epoll;
}

int
watch_run (watch_t *self)
{
    assert (self);
    struct epoll_event events[WATCH_BURST_MAX];
    int called = 0;
    int ready = epoll_wait (self->epoll, events, WATCH_BURST_MAX, 0);
    for (int i = 0; i < ready; i++) {
        int fd = (int) (uint32_t) events[i].data.u64;
        const entry_t *entry = &self->entries[fd];
        //  A callback before this one may have removed it, and the number may be another's now.
        if (entry->call && entry->generation == events[i].data.u64 >> 32) {
            entry->call (entry->arg, fd, events[i].events);
            called++;
        }
    }
    return called;
}
