/*  neighbours.h - the sending side of a process and its state socket.

    One PUSH per neighbour, by slot: exactly one peer behind a socket, so routing, credit and the
   last frame are ours to decide, and a dead peer's queue goes with its socket. One SUB hears all
    neighbours' state sockets, one XPUB is ours. No policy: who is a neighbour is the core's matter.

    A SUB connection heals by itself when the peer is started again at the same endpoint. One that
    libzmq gave up (a stranger answered there) heals by closing the slot before it is opened again:
    opening alone keeps a connection to the same state socket. */

#ifndef MAYHEM_NEIGHBOURS_H
#define MAYHEM_NEIGHBOURS_H

#include <stdint.h>
#include "common/io/socket.h"

//  One-shot answers that may be on their way at once: newcomers whose name is in use are rare, and
//  a flood of them must not eat descriptors.
#define NEIGHBOURS_REPLIES_MAX 16
//  Frames that one of them may hold.
#define NEIGHBOURS_REPLY_FRAMES 16
//  An answer's socket is closed this long after its last use: linger is no promise, so it also
//  gets this time to connect and to send.
#define NEIGHBOURS_REPLY_US 2000000
//  At the end what is still queued for a neighbour gets this long: BYE was answered before, and the
//  drain has a second over its deadline for everything.
#define NEIGHBOURS_EXIT_LINGER_MS 300

typedef struct neighbours_t neighbours_t;

//  Slots 0..slots_max-1, all closed; makes the SUB and the XPUB. NULL when there is no room.
neighbours_t *neighbours_new (size_t slots_max);

//  Close every socket and null the caller's pointer. May be called twice.
void neighbours_destroy (neighbours_t **self_p);

//  Bind our state socket. 0 or -1 with errno.
int neighbours_bind (neighbours_t *self, const char *state_endpoint);

//  Our XPUB and our SUB, borrowed, for the reactor.
void *neighbours_state (neighbours_t *self);
void *neighbours_sub (neighbours_t *self);

//  A new PUSH in this slot, connected to `endpoint`; the slot's former one is closed with linger 0.
//  The SUB is connected to `state_endpoint` unless it is so already. The peer need not be there
//  yet. Endpoints may be a stranger's words: only abstract ipc and numeric tcp addresses are taken.
//  0, or -1 with errno; the slot is closed then.
int neighbours_open (neighbours_t *self, size_t slot, const char *endpoint,
                     const char *state_endpoint);

//  Close the slot's PUSH (socket_close has the linger) and leave its state socket when no other
//  slot hears it. A closed slot stays closed.
void neighbours_close (neighbours_t *self, size_t slot, int linger_ms);

//  Queue one frame for the slot's peer. 0; -1 when the slot is closed or memory is short.
int neighbours_send (neighbours_t *self, size_t slot, const void *bytes, size_t length);

//  Queue one frame for an endpoint that is no neighbour. 0; -1 when NEIGHBOURS_REPLIES_MAX other
//  answers are on their way: whoever asked asks again.
int neighbours_reply (neighbours_t *self, const char *endpoint, const void *bytes, size_t length);

//  Publish one message: the topic, a NUL and the bytes. Who is not there or too slow misses it.
int neighbours_publish (neighbours_t *self, const char *topic, const void *bytes, size_t length);

//  Hear topics that begin so, from all neighbours. To be said once per topic.
int neighbours_subscribe (neighbours_t *self, const char *topic);

//  Close answers whose time is over. Cheap; call it about once a second.
void neighbours_tick (neighbours_t *self, int64_t now_us);

#endif
