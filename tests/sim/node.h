/*  node.h - one process: a real core in a fake shell. Events wait as in the sockets and descriptors
   of a real one; a step hands them over, turns, and performs the effects. */

#ifndef MAYHEM_SIM_NODE_H
#define MAYHEM_SIM_NODE_H

#include "common/core/effect.h"
#include "consumer/consumer.h"
#include "handler/handler.h"
#include "publisher/publisher.h"
#include "tests/sim/net.h"

#define NODE_BURST    256  // frames of one event, as in the reactor
#define NODE_MAIL     1024 // answers of the world that may wait in a paused process
#define NODE_SIGNALS  8
#define NODE_SPIN     4000 // turns at one instant: more is an endless loop
#define NODE_REQUESTS 64   // of one event

typedef struct {
    uint32_t first, last, count;
} frames_t;

//  What waits for a process.
typedef struct {
    frames_t inbox;
    frames_t published;
    struct {
        uint16_t node;
        uint64_t epoch;
    } notices[NODE_MAIL];
    ran_t ran[NODE_MAIL];
    saved_t saved[NODE_MAIL];
    found_t found[NODE_MAIL];
    int signals[NODE_SIGNALS];
    uint32_t notice_count, ran_count, saved_count, found_count, signal_count;
    uint64_t through; // 0: nothing new
    bool disk_full, disk_free;
    bool fault;
    uint32_t requests; // that the source would give now
} mail_t;

typedef struct {
    stage_t stage;
    uint32_t id;    // of the node
    uint32_t index; // within its stage
    char name[24];
    char inbox[40];
    char state[48];
    int64_t clock_us; // its clock is ahead of the world's
    uint32_t life;    // counted up by every start
    bool alive;
    bool paused;
    bool starting;  // a START is on its way
    bool dirty;     // to be stepped at this instant
    bool exhausted; // its source said that it has ended
    uint64_t epoch;
    void *core; // publisher_t, consumer_t or handler_t
    int64_t paused_us;
    int64_t wake_us; // of its timer, INT64_MAX: off
    uint32_t arming;
    int64_t born_us;    // when this life began
    int64_t died_us;    // when the former one was killed
    uint64_t former;    // its epoch
    int64_t stalled_us; // when it was told last that it had stood still
    int64_t broken_us;  // when a connection of it broke last
    int64_t drain_us;   // when it must be gone, INT64_MAX: it does not drain
    int signals;        // given to this life
    mail_t mail;
} node_t;

void node_reset (world_t *world, uint32_t node);
void node_start (world_t *world, uint32_t node);
void node_crash (world_t *world, uint32_t node);
void node_pause (world_t *world, uint32_t node);
void node_resume (world_t *world, uint32_t node);
void node_signal (world_t *world, uint32_t node, int number);

//  Hand over what waits, turn, perform the effects, until nothing is due at this instant.
void node_step (world_t *world, uint32_t node);
void node_touch (world_t *world, uint32_t node);

int64_t node_now (const world_t *world, const node_t *self);
//  By the endpoint of its inbox or state socket; SIM_NODES: nobody.
uint32_t node_by_endpoint (const world_t *world, const char *endpoint);
uint32_t node_in_hand (const node_t *self);

#endif
