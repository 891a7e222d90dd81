/*  watch.h - one epoll set for every descriptor that comes and goes.

    zloop's pollers must never change while it runs, so pipes, stdin and the guard's socket are
    watched here, and the reactor watches this. Level-triggered: what was not read is told again.

    A descriptor must be removed before it is closed. Numbers are used again at once, so each
    registration has a generation: an event that was fetched for an earlier one is dropped. */

#ifndef MAYHEM_WATCH_H
#define MAYHEM_WATCH_H

#include <stdbool.h>
#include <stdint.h>

//  Events of one watch_run: keeps a flood of ready pipes from holding up the reactor.
#define WATCH_BURST_MAX 64
//  Highest descriptor: what Linux allows by default (fs.nr_open). Untouched pages cost nothing.
#define WATCH_FDS_MAX 1048576

typedef struct watch_t watch_t;

//  `events` are those of epoll (EPOLLIN, EPOLLOUT, EPOLLHUP, EPOLLERR).
typedef void (watch_fn) (void *arg, int fd, uint32_t events);

watch_t *watch_new (void);
void watch_destroy (watch_t **self_p);

//  Watch a descriptor that is not watched yet. one_shot: told once, then silent until watch_again.
//  0, or -1 with errno: EPERM for a regular file (always ready, read it without a watch), EMFILE
//  beyond WATCH_FDS_MAX.
int watch_add (watch_t *self, int fd, uint32_t events, bool one_shot, watch_fn *call, void *arg);

//  Arm a watched descriptor again, or change what it is watched for. 0 or -1 with errno.
int watch_again (watch_t *self, int fd, uint32_t events);

//  Forget a descriptor. False when it was not watched. Allowed in callbacks, also for others.
bool watch_remove (watch_t *self, int fd);

//  Readable when watch_run has something to do.
int watch_fd (const watch_t *self);

//  Call back for at most WATCH_BURST_MAX ready descriptors; never waits. Returns how many.
int watch_run (watch_t *self);

#endif
