#include "common/io/socket.h"

#include <assert.h>
#include <stdbool.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>
#include <zmq.h>

//  Deprecated in zmq.h, yet the only guard of an abstract ipc endpoint.
#ifndef ZMQ_IPC_FILTER_UID
#define ZMQ_IPC_FILTER_UID 59
#endif

//  Any name will do: a domain makes listeners refuse ZMTP 1.0 and 2.0, no handler need answer.
#define ZAP_DOMAIN "mayhem"

//  Marks an option that a kind does not have.
#define NONE INT32_MIN

typedef struct {
    int name;
    int value[SOCKET_KINDS]; // in the order of socket_kind_t
} option_t;

//  Every option for every kind, so that neither a default nor an environment variable decides.
//  - High-water marks: 0 where credit bounds the queue. State may be dropped, so it has one.
//  - VERBOSER is off: a notice means the first or the last subscriber of a topic.
//  - Heartbeats are sent by sending sockets only. A connecting receiver with heartbeats aborts the
//    process when its queue is full (libzmq#3937), and one that only waits would be cut.
//  - Keep-alive and MAXRT end what heartbeats cannot: a silent sender, a half-written frame.
static const option_t s_options[] = {
    // name, {inbox, PUSH, state, neighbours}
    {ZMQ_SNDHWM, {NONE, 0, 1000, NONE}},
    {ZMQ_RCVHWM, {0, 1, 1000, 0}},
    {ZMQ_LINGER, {0, SOCKET_LINGER_MS, 1000, 0}},
    {ZMQ_SNDTIMEO, {0, 0, 0, 0}},
    {ZMQ_RCVTIMEO, {0, 0, 0, 0}},
    {ZMQ_IMMEDIATE, {NONE, 0, NONE, 0}},
    {ZMQ_HEARTBEAT_IVL, {0, 1000, 1000, 0}},
    {ZMQ_HEARTBEAT_TIMEOUT, {NONE, 4000, 4000, NONE}},
    {ZMQ_HEARTBEAT_TTL, {0, 0, 0, 0}},
    {ZMQ_TCP_KEEPALIVE, {1, 1, 1, 1}},
    {ZMQ_TCP_KEEPALIVE_IDLE, {5, 5, 5, 5}},
    {ZMQ_TCP_KEEPALIVE_INTVL, {2, 2, 2, 2}},
    {ZMQ_TCP_KEEPALIVE_CNT, {3, 3, 3, 3}},
    {ZMQ_TCP_MAXRT, {10000, 10000, 10000, 10000}},
    {ZMQ_CONNECT_TIMEOUT, {NONE, 3000, NONE, 3000}},
    {ZMQ_HANDSHAKE_IVL, {3000, 3000, 3000, 3000}},
    {ZMQ_BACKLOG, {1024, NONE, 1024, NONE}},
    {ZMQ_XPUB_VERBOSER, {NONE, NONE, 0, NONE}},
    {ZMQ_XPUB_NODROP, {NONE, NONE, 0, NONE}},
};

//  A violation costs a bound receiver one connection, but a connecting one its peer for ever, so
//  the SUB takes any size: its publishers are neighbours that we chose.
static const int64_t s_message_max[] = {SOCKET_FRAME_BYTES_MAX, SOCKET_CONTROL_BYTES_MAX,
                                        SOCKET_CONTROL_BYTES_MAX, -1};
static const int s_type[] = {ZMQ_PULL, ZMQ_PUSH, ZMQ_XPUB, ZMQ_SUB};
_Static_assert(sizeof s_message_max / sizeof *s_message_max == SOCKET_KINDS, "one per kind");
_Static_assert(sizeof s_type / sizeof *s_type == SOCKET_KINDS, "one per kind");

//  One context per process (libzmq#4242), so it is the process's and not an object's.
static void *s_context;

static void
s_raise_descriptors (void)
{
    struct rlimit limit;
    if (getrlimit (RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < limit.rlim_max) {
        limit.rlim_cur = limit.rlim_max;
        setrlimit (RLIMIT_NOFILE, &limit);
    }
}

int
sockets_init (size_t sockets_max)
{
    assert (!s_context);
    assert (sockets_max >= 1 && sockets_max <= SOCKETS_MAX);
    s_raise_descriptors ();
    s_context = zmq_ctx_new ();
    if (!s_context) {
        return -1;
    }
    if (zmq_ctx_set (s_context, ZMQ_IO_THREADS, 1) != 0 ||
        zmq_ctx_set (s_context, ZMQ_MAX_SOCKETS, (int) sockets_max) != 0) {
        sockets_term ();
        return -1;
    }
    return 0;
}

void
sockets_term (void)
{
    if (!s_context) {
        return;
    }
    //  A signal that is not blocked may interrupt the wait for the last frames.
    while (zmq_ctx_term (s_context) != 0 && zmq_errno () == EINTR) {
    }
    s_context = NULL;
}

static int
s_set_int (void *socket, int name, int value)
{
    return zmq_setsockopt (socket, name, &value, sizeof value);
}

static int
s_set_all (void *socket, socket_kind_t kind)
{
    for (size_t i = 0; i < sizeof s_options / sizeof *s_options; i++) {
        int value = s_options[i].value[kind];
        if (value != NONE && s_set_int (socket, s_options[i].name, value) != 0) {
            return -1;
        }
    }
    if (zmq_setsockopt (socket, ZMQ_ZAP_DOMAIN, ZAP_DOMAIN, strlen (ZAP_DOMAIN)) != 0) {
        return -1;
    }
    return zmq_setsockopt (socket, ZMQ_MAXMSGSIZE, &s_message_max[kind], sizeof (int64_t));
}

static int
s_set_wishes (void *socket, const socket_options_t *options)
{
    if (options->linger_ms != SOCKET_AS_CREATED &&
        s_set_int (socket, ZMQ_LINGER, options->linger_ms) != 0) {
        return -1;
    }
    return options->send_hwm == 0 ? 0 : s_set_int (socket, ZMQ_SNDHWM, options->send_hwm);
}

void *
socket_new (socket_kind_t kind, const socket_options_t *options)
{
    assert (s_context);
    assert (kind >= 0 && kind < SOCKET_KINDS);
    void *socket = zmq_socket (s_context, s_type[kind]);
    if (!socket) {
        return NULL;
    }
    if (s_set_all (socket, kind) != 0 || (options && s_set_wishes (socket, options) != 0)) {
        int error = errno;
        socket_close (&socket, 0);
        errno = error;
    }
    return socket;
}

//  IPv6 only where it is asked for: a kernel without it must still do 127.0.0.1.
static int
s_set_family (void *socket, const char *endpoint)
{
    return s_set_int (socket, ZMQ_IPV6, strncmp (endpoint, "tcp://[", 7) == 0);
}

static bool
s_is_ipc (const char *endpoint)
{
    return strncmp (endpoint, "ipc://", 6) == 0;
}

int
socket_bind (void *socket, const char *endpoint)
{
    assert (socket && endpoint);
    uid_t uid = geteuid ();
    if (s_is_ipc (endpoint) && zmq_setsockopt (socket, ZMQ_IPC_FILTER_UID, &uid, sizeof uid) != 0) {
        return -1;
    }
    return s_set_family (socket, endpoint) == 0 ? zmq_bind (socket, endpoint) : -1;
}

//  Options are copied into the connection when it is made, so they may differ per endpoint.
int
socket_connect (void *socket, const char *endpoint)
{
    assert (socket && endpoint);
    bool ipc = s_is_ipc (endpoint);
    if (s_set_family (socket, endpoint) != 0 ||
        s_set_int (socket, ZMQ_RECONNECT_IVL, ipc ? 10 : 100) != 0 ||
        s_set_int (socket, ZMQ_RECONNECT_IVL_MAX, ipc ? 200 : 3000) != 0) {
        return -1;
    }
    return zmq_connect (socket, endpoint);
}

int
socket_disconnect (void *socket, const char *endpoint)
{
    assert (socket && endpoint);
    return zmq_disconnect (socket, endpoint);
}

void
socket_close (void **socket_p, int linger_ms)
{
    assert (socket_p);
    void *socket = *socket_p;
    if (!socket) {
        return;
    }
    int now = 0;
    size_t size = sizeof now;
    zmq_getsockopt (socket, ZMQ_LINGER, &now, &size);
    if (linger_ms != SOCKET_AS_CREATED && linger_ms < now) {
        s_set_int (socket, ZMQ_LINGER, linger_ms);
    }
    zmq_close (socket);
    *socket_p = NULL;
}
