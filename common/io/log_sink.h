/*  log_sink.h - whole lines to a descriptor that may stall, without ever waiting for it.

    The descriptor's file description is shared with whoever started us, so O_NONBLOCK is never set
    on it. A pipe or terminal is opened anew through /proc for a non-blocking description of our
    own; a socket is sent to with MSG_DONTWAIT. What is neither is asked with poll first and written
    at most PIPE_BUF bytes at a time, which a pipe with room takes without blocking. */

#ifndef MAYHEM_LOG_SINK_H
#define MAYHEM_LOG_SINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

//  What waits for a slow reader: about a minute of a quiet process, two seconds of a loud one.
#define LOG_BUFFER_BYTES 262144

typedef struct log_sink log_sink_t;

//  fd is borrowed and must stay open.
log_sink_t *log_sink_new (int fd);
void log_sink_destroy (log_sink_t **self_p);

//  Write or keep a line of 1..PIPE_BUF bytes with its newline. False: dropped and counted.
bool log_sink_put (log_sink_t *self, const char *line, size_t length);

//  Write what waits as far as the reader takes it. True when nothing waits any more.
bool log_sink_flush (log_sink_t *self);

//  Wait for the reader at most this long; returns at once when nothing waits.
void log_sink_wait (log_sink_t *self, int timeout_ms);

//  Bytes that wait.
size_t log_sink_backlog (const log_sink_t *self);

//  The reader is gone (EPIPE and the like): everything is dropped from now on.
bool log_sink_dead (const log_sink_t *self);

//  Lines dropped since log_sink_new.
uint64_t log_sink_dropped (const log_sink_t *self);

#endif
