#include "common/io/neighbours.h"

#include <arpa/inet.h>
#include <assert.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <zmq.h>
#include "common/core/message.h"
#include "common/io/clock.h"

typedef struct {
    void *push;                         // NULL: closed
    char state[ENDPOINT_MAX_BYTES + 1]; // what the SUB hears for this slot; "" when closed
} slot_t;

typedef struct {
    void *push;       // NULL: free
    int64_t close_us; // when its time is over
    char endpoint[ENDPOINT_MAX_BYTES + 1];
} reply_t;

struct neighbours_t {
    void *xpub;    // our state socket
    void *sub;     // hears all others'
    slot_t *slots; // slots_max of them
    size_t slots_max;
    reply_t replies[NEIGHBOURS_REPLIES_MAX]; // one-shot answers
};

neighbours_t *
neighbours_new (size_t slots_max)
{
    assert (slots_max > 0);
    neighbours_t *self = calloc (1, sizeof *self);
    if (!self) {
        return NULL;
    }
    self->slots_max = slots_max;
    self->slots = calloc (slots_max, sizeof *self->slots);
    self->xpub = socket_new (SOCKET_STATE, NULL);
    self->sub = socket_new (SOCKET_NEIGHBOURS, NULL);
    if (!self->slots || !self->xpub || !self->sub) {
        neighbours_destroy (&self);
    }
    return self;
}

void
neighbours_destroy (neighbours_t **self_p)
{
    assert (self_p);
    neighbours_t *self = *self_p;
    if (!self) {
        return;
    }
    for (size_t i = 0; self->slots && i < self->slots_max; i++) {
        socket_close (&self->slots[i].push, NEIGHBOURS_EXIT_LINGER_MS);
    }
    for (size_t i = 0; i < NEIGHBOURS_REPLIES_MAX; i++) {
        socket_close (&self->replies[i].push, NEIGHBOURS_EXIT_LINGER_MS);
    }
    socket_close (&self->sub, 0);
    socket_close (&self->xpub, NEIGHBOURS_EXIT_LINGER_MS);
    free (self->slots);
    free (self);
    *self_p = NULL;
}

int
neighbours_bind (neighbours_t *self, const char *state_endpoint)
{
    assert (self);
    return socket_bind (self->xpub, state_endpoint);
}

void *
neighbours_state (neighbours_t *self)
{
    assert (self);
    return self->xpub;
}

void *
neighbours_sub (neighbours_t *self)
{
    assert (self);
    return self->sub;
}

//  How many slots hear this state socket. Slots are few and opened seldom.
static size_t
s_listeners (const neighbours_t *self, const char *state)
{
    size_t count = 0;
    for (size_t i = 0; i < self->slots_max; i++) {
        count += strcmp (self->slots[i].state, state) == 0;
    }
    return count;
}

static void
s_leave_state (neighbours_t *self, slot_t *slot)
{
    if (slot->state[0] && s_listeners (self, slot->state) == 1) {
        socket_disconnect (self->sub, slot->state);
    }
    slot->state[0] = 0;
}

static int
s_join_state (neighbours_t *self, slot_t *slot, const char *state)
{
    if (strcmp (slot->state, state) == 0) {
        return 0;
    }
    s_leave_state (self, slot);
    if (s_listeners (self, state) == 0 && socket_connect (self->sub, state) != 0) {
        return -1;
    }
    strncpy (slot->state, state, ENDPOINT_MAX_BYTES);
    return 0;
}

//  A numeric address and a port, as in 192.0.2.1:7000 or [2001:db8::1]:7000. A name would be looked
//  up by the I/O thread at every reconnect, and all sockets would wait for it.
static bool
s_numeric (const char *address)
{
    char host[ENDPOINT_MAX_BYTES + 1];
    struct in6_addr unused;
    const char *colon = strrchr (address, ':');
    size_t length = colon ? (size_t) (colon - address) : 0;
    if (length < 2) {
        return false;
    }
    char *end;
    unsigned long port = strtoul (colon + 1, &end, 10);
    if (colon[1] < '0' || colon[1] > '9' || *end || port == 0 || port > UINT16_MAX) {
        return false;
    }
    bool is_six = address[0] == '[' && colon[-1] == ']';
    memcpy (host, address + is_six, length - 2 * is_six);
    host[length - 2 * is_six] = 0;
    return inet_pton (is_six ? AF_INET6 : AF_INET, host, &unused) == 1;
}

//  An endpoint comes from a peer's frame: any text may stand in it.
static bool
s_legal (const char *endpoint)
{
    size_t length = strnlen (endpoint, ENDPOINT_MAX_BYTES + 1);
    if (length <= 6 || length > ENDPOINT_MAX_BYTES) {
        return false;
    }
    return strncmp (endpoint, "ipc://@", 7) == 0 ||
           (strncmp (endpoint, "tcp://", 6) == 0 && s_numeric (endpoint + 6));
}

static void *
s_connected (const char *endpoint, const socket_options_t *options)
{
    void *push = socket_new (SOCKET_PUSH, options);
    if (push && socket_connect (push, endpoint) != 0) {
        int error = errno;
        socket_close (&push, 0);
        errno = error;
    }
    return push;
}

int
neighbours_open (neighbours_t *self, size_t slot, const char *endpoint, const char *state_endpoint)
{
    assert (self && slot < self->slots_max);
    assert (endpoint && state_endpoint);
    slot_t *place = &self->slots[slot];
    socket_close (&place->push, 0);
    if (!s_legal (endpoint) || !s_legal (state_endpoint)) {
        neighbours_close (self, slot, 0);
        errno = EINVAL;
        return -1;
    }
    place->push = s_connected (endpoint, NULL);
    if (!place->push || s_join_state (self, place, state_endpoint) != 0) {
        int error = errno;
        neighbours_close (self, slot, 0);
        errno = error;
        return -1;
    }
    return 0;
}

void
neighbours_close (neighbours_t *self, size_t slot, int linger_ms)
{
    assert (self && slot < self->slots_max);
    socket_close (&self->slots[slot].push, linger_ms);
    s_leave_state (self, &self->slots[slot]);
}

static int
s_push (void *push, const void *bytes, size_t length)
{
    return zmq_send (push, bytes, length, ZMQ_DONTWAIT) < 0 ? -1 : 0;
}

int
neighbours_send (neighbours_t *self, size_t slot, const void *bytes, size_t length)
{
    assert (self && slot < self->slots_max);
    assert (length <= SOCKET_FRAME_BYTES_MAX);
    void *push = self->slots[slot].push;
    return push ? s_push (push, bytes, length) : -1;
}

//  The answer socket for this endpoint: the one that is open, else a free place, else NULL.
static reply_t *
s_reply_place (neighbours_t *self, const char *endpoint)
{
    reply_t *place = NULL;
    for (size_t i = 0; i < NEIGHBOURS_REPLIES_MAX; i++) {
        reply_t *reply = &self->replies[i];
        if (!reply->push) {
            place = reply;
        } else if (strcmp (reply->endpoint, endpoint) == 0) {
            return reply;
        }
    }
    return place;
}

int
neighbours_reply (neighbours_t *self, const char *endpoint, const void *bytes, size_t length)
{
    assert (self && endpoint && bytes);
    int64_t now_us = clock_now_us ();
    neighbours_tick (self, now_us);
    reply_t *reply = s_legal (endpoint) ? s_reply_place (self, endpoint) : NULL;
    if (!reply) {
        return -1;
    }
    if (!reply->push) {
        socket_options_t options = {SOCKET_AS_CREATED, NEIGHBOURS_REPLY_FRAMES};
        reply->push = s_connected (endpoint, &options);
        strncpy (reply->endpoint, endpoint, ENDPOINT_MAX_BYTES);
    }
    reply->close_us = now_us + NEIGHBOURS_REPLY_US;
    return reply->push ? s_push (reply->push, bytes, length) : -1;
}

void
neighbours_tick (neighbours_t *self, int64_t now_us)
{
    assert (self);
    for (size_t i = 0; i < NEIGHBOURS_REPLIES_MAX; i++) {
        if (self->replies[i].push && self->replies[i].close_us <= now_us) {
            socket_close (&self->replies[i].push, 0);
        }
    }
}

int
neighbours_publish (neighbours_t *self, const char *topic, const void *bytes, size_t length)
{
    assert (self && topic);
    size_t head = strlen (topic) + 1;
    zmq_msg_t message;
    if (zmq_msg_init_size (&message, head + length) != 0) {
        return -1;
    }
    memcpy (zmq_msg_data (&message), topic, head);
    if (length > 0) {
        memcpy ((char *) zmq_msg_data (&message) + head, bytes, length);
    }
    if (zmq_msg_send (&message, self->xpub, ZMQ_DONTWAIT) < 0) {
        zmq_msg_close (&message);
        return -1;
    }
    return 0;
}

int
neighbours_subscribe (neighbours_t *self, const char *topic)
{
    assert (self && topic);
    return zmq_setsockopt (self->sub, ZMQ_SUBSCRIBE, topic, strlen (topic));
}
