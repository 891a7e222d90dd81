/*  net.h - the virtual network: one PUSH per (process, slot), in order; state sockets; partitions.

    What cannot arrive now (nobody is there, or a partition that keeps) waits in its PUSH, as in
    libzmq, and arrives later, maybe at the next process of that endpoint. What is under way when a
    process dies or a connection breaks is lost. */

#ifndef MAYHEM_SIM_NET_H
#define MAYHEM_SIM_NET_H

#include "common/core/links.h"
#include "tests/sim/plan.h"

typedef struct world_s world_t;

#define NET_CLASSES 4          // sizes of buffers
#define NET_NONE    UINT32_MAX // no frame

typedef struct {
    uint8_t *bytes;
    uint32_t length;
    uint32_t next;     // in the one list where it is
    uint32_t slot;     // of the sender's PUSH; LINKS_MAX: by none
    uint32_t opening;  // of that PUSH
    uint32_t dst_life; // of whoever was there when it was sent, 0: nobody
    uint16_t src;
    uint16_t dst;
    uint8_t size; // class of its buffer
} frame_t;

typedef struct {
    bool open;
    uint16_t dst;
    uint32_t opening; // raised by every OPEN
    int64_t last_us;  // arrival of the last frame: no later one comes before it
    uint32_t first;   // frames that wait
    uint32_t last;
} push_t;

typedef struct {
    frame_t *frames;
    uint32_t count;
    uint32_t room;
    uint32_t spare[NET_CLASSES]; // unused frames, by size
    uint32_t opening;
    push_t push[SIM_NODES][LINKS_MAX];
    int8_t watches[SIM_NODES][LINKS_MAX]; // node + 1 whose state the slot hears
    uint8_t cuts[SIM_NODES][SIM_NODES];   // partitions from one to the other
    bool loses[SIM_NODES][SIM_NODES];     // and what is sent meanwhile is lost
} net_t;

void net_reset (net_t *self);
void net_term (net_t *self);

frame_t *net_frame (world_t *world, uint32_t item);
void net_free (world_t *world, uint32_t item);

//  Effects.
void net_open (world_t *world, uint32_t node, const effect_t *effect);
void net_close (world_t *world, uint32_t node, uint32_t slot, int linger_ms);
void net_send (world_t *world, uint32_t node, uint32_t slot, bytes_t bytes);
void net_reply (world_t *world, uint32_t node, const char *endpoint, bytes_t bytes);
void net_publish (world_t *world, uint32_t node, bytes_t bytes);

//  A frame is due: it arrives, or waits on, or is lost.
void net_arrive (world_t *world, uint32_t item);
void net_hear (world_t *world, uint32_t item);

//  A process is gone: its sockets close. It is back: what waits for it flows.
void net_gone (world_t *world, uint32_t node);
void net_back (world_t *world, uint32_t node);

void net_cut (world_t *world, uint32_t from, uint32_t to, bool loses);
void net_heal (world_t *world, uint32_t from, uint32_t to);
void net_break (world_t *world, uint32_t one, uint32_t other);

#endif
