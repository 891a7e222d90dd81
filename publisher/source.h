/*  source.h - where messages come from: one small table of functions for all sources.

    The shell asks a source for messages only while there is room for them: that is the
    back-pressure. A source never blocks and never allocates per message that it holds.

        next()  when deadline() is due, or when fd() is readable, and there is room
        stop    when finished() */

#ifndef MAYHEM_SOURCE_H
#define MAYHEM_SOURCE_H

#include "common/core/message.h"

//  Appended to the instance name when a request has no hostname of its own.
#define SOURCE_DOMAIN ".example.net"

//  One message as it comes from outside, checked. Texts end with NUL and hold no other.
typedef struct {
    char instance[INSTANCE_MAX_BYTES + 1];
    char hostname[HOSTNAME_MAX_BYTES + 1]; // valid after RFC 1123
    uint8_t id[ID_BYTES];
    bool own_id; // the request brought its id
    char reason[REASON_MAX_BYTES + 1];
    char requested_by[REASON_MAX_BYTES + 1];
} source_message_t;

typedef struct {
    //  Up to max messages to out; returns how many. now_us is monotonic. Work per call is bounded.
    size_t (*next) (void *self, int64_t now_us, size_t max, source_message_t *out);
    //  When to call next even if fd stays silent: a time already past means at once, INT64_MAX
    //  means that there is nothing to wait for but fd.
    int64_t (*deadline) (const void *self);
    //  Descriptor to wait for, one-shot, until it is readable (epoll); -1: nothing to wait for
    //  there, deadline alone says when.
    int (*fd) (const void *self);
    //  True when nothing will ever come again.
    bool (*finished) (const void *self);
    //  errno of the read that ended the source early, 0: none.
    int (*failed) (const void *self);
    //  Lines that were not requests.
    uint64_t (*rejected) (const void *self);
    //  Number of the line that comes next, from 1; 0: a source without lines.
    uint64_t (*line) (const void *self);
    //  At a stop, for what cannot be read a second time: one more message of what was read already,
    //  whatever the pace. False: there is none, or all of it can be read again.
    bool (*rest) (void *self, source_message_t *out);
    //  Destroys *self_p and sets it to NULL; may be called twice.
    void (*destroy) (void **self_p);
} source_ops_t;

typedef struct {
    const source_ops_t *ops;
    void *self; // owned
} source_t;

#endif
