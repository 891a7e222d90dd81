/*  guard_wire.h - the datagrams between a handler and its guard.

    Both ends are the same binary on the same machine, so a request is its struct and its words, and
    a report is guard_report_t as it stands. One datagram each on a SOCK_SEQPACKET pair: whole or
   not at all, in order. Nothing here ever waits. */

#ifndef MAYHEM_GUARD_WIRE_H
#define MAYHEM_GUARD_WIRE_H

#include "common/io/guard.h"

typedef enum {
    GUARD_REQUEST_RUN = 1, // with words and two descriptors
    GUARD_REQUEST_RENEW,
    GUARD_REQUEST_END
} guard_request_kind_t;

typedef struct {
    guard_request_kind_t kind;
    int signo;            // END
    uint64_t task;        // all
    int64_t lease_end_us; // RUN, RENEW
    uint32_t argc;        // RUN: words of the arguments, then those of the environment
    uint32_t envc;
    uint32_t argv_length; // RUN: their bytes
    uint32_t env_length;
} guard_request_t;

//  0; -1 with errno: EAGAIN when the socket is full, EPIPE or ECONNRESET when the peer is gone.
//  argv and env have the lengths that the request says; fds is NULL or two descriptors.
int guard_wire_send_request (int socket, const guard_request_t *request, const char *argv,
                             const char *env, const int *fds);
int guard_wire_send_report (int socket, const guard_report_t *report);

//  1: received. 0: the peer is gone. -1: nothing now. bytes has GUARD_BYTES_MAX; fds are -1 or the
//  caller's to close. A datagram that is not a request has kind 0.
int guard_wire_get_request (int socket, guard_request_t *request, char *bytes, int fds[2]);
int guard_wire_get_report (int socket, guard_report_t *report);

//  Point at `count` words that together are exactly `length` bytes, and end with NULL. 0 or -1.
int guard_wire_words (char *bytes, size_t length, size_t count, char **words);

#endif
