/*  socket.h - the one place that opens ZeroMQ sockets, with every option said for every kind.

    One context with one I/O thread, which is enough on two cores. Receivers bind, senders connect:
    a bound receiver survives oversize frames and broken peers, a connecting one does not. Flow
    control is credit, so the data sockets have no high-water mark; time-outs are 0, so no call ever
    waits. Raw sockets: they go to zmq_msg_send and zmq_msg_recv as they are.

    Every socket has a ZAP domain: without one a NULL-mechanism listener also talks ZMTP 1.0, and
   raw bytes of any TCP client would arrive as a message. Bound ipc endpoints accept our own user
   only; abstract names have no file permissions. */

#ifndef MAYHEM_SOCKET_H
#define MAYHEM_SOCKET_H

#include <stddef.h>

//  Largest inbox message: above the largest legal frame, the same number as in wire.h. A longer one
//  costs its sender the connection.
#define SOCKET_FRAME_BYTES_MAX 98304
//  Largest message that a socket accepts which only expects ZMTP and topics. Below 276 the
//  handshake itself fails.
#define SOCKET_CONTROL_BYTES_MAX 4096
//  How long queued frames of a living peer may still leave after the close.
#define SOCKET_LINGER_MS 2000
//  Sockets of one process when every neighbour has its own: libzmq's own ceiling is 65535.
#define SOCKETS_MAX 65000
//  socket_close: leave the linger as it was set when the socket was made.
#define SOCKET_AS_CREATED (-1)

typedef enum {
    SOCKET_INBOX,      // PULL, bound
    SOCKET_PUSH,       // PUSH, connected to one peer's inbox
    SOCKET_STATE,      // XPUB, bound: its subscriptions are the presence notices
    SOCKET_NEIGHBOURS, // SUB, connected to every neighbour's state socket
    SOCKET_KINDS
} socket_kind_t;

//  What a caller may want otherwise than its kind has it. NULL instead: nothing.
typedef struct {
    int linger_ms; // SOCKET_AS_CREATED: the kind's own
    int send_hwm;  // 0: the kind's own; for a PUSH that no credit bounds
} socket_options_t;

//  Raise RLIMIT_NOFILE to its hard limit and make the context for `sockets_max` sockets
//  (1..SOCKETS_MAX). Once per process, after guard_start. 0 or -1.
int sockets_init (size_t sockets_max);

//  End the context. Waits for closed sockets that still have frames to send, at most their linger;
//  every socket must have been closed. May be called twice.
void sockets_term (void);

//  A new socket of this kind, neither bound nor connected; NULL when there is no room for one.
void *socket_new (socket_kind_t kind, const socket_options_t *options);

//  Bind or connect. The reconnect intervals follow the endpoint: 10 to 200 ms for ipc, where a
//  peer that comes back should not be waited for, 100 to 3000 ms for tcp. 0, or -1 with errno
//  (EADDRINUSE, EINVAL for what is no endpoint).
int socket_bind (void *socket, const char *endpoint);
int socket_connect (void *socket, const char *endpoint);
int socket_disconnect (void *socket, const char *endpoint);

//  Close and null the caller's pointer; never waits. linger_ms 0 for a dead peer, whose frames are
//  sent again elsewhere; it can only shorten the linger. That late change may reach the I/O thread
//  too late (libzmq#3252): then the frames linger on as created, which is harmless and bounded.
void socket_close (void **socket_p, int linger_ms);

#endif
