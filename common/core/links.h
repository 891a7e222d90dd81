/*  links.h - all neighbours of one process: greeting, numbering, beats, suspicion, EOS and BYE.

    The three cores share it. Facts (links_frame ...) only change peers; links_begin and links_end
    frame the stage's own TURN and make the effects: first openings and WELCOME, last credit, beats,
    EOS, BYE, closings. The stage reads peer->news, decodes payload frames and sends its own. */

#ifndef MAYHEM_LINKS_H
#define MAYHEM_LINKS_H

#include "common/core/drain.h"
#include "common/core/effect.h"
#include "common/core/peer.h"

#ifndef LINKS_UP_MAX      // the simulator builds smaller tables: a turn walks all of them
#define LINKS_UP_MAX   16 // neighbours upstream: each is on the command line
#define LINKS_DOWN_MAX 64 // neighbours downstream: one PUSH and one descriptor each
#endif
#define LINKS_MAX (LINKS_UP_MAX + LINKS_DOWN_MAX)

typedef struct {
    stage_t stage;
    uint64_t epoch;    // random per start
    const char *name;  // copied, as all texts here
    const char *inbox; // endpoints that neighbours use
    const char *state;
    size_t up_count;
    const char *up_inbox[LINKS_UP_MAX]; // configured upstream neighbours
    const char *up_state[LINKS_UP_MAX];
    int64_t peer_timeout_us;
    int64_t drain_timeout_us;
    uint32_t lease_ms; // publisher: its lease; others: 0
    bool stay;
} links_config_t;

typedef struct links_s links_t;

//  A frame being written into the effects' arena.
typedef struct {
    wire_writer_t writer;
    uint8_t *start;
    peer_t *peer;
    verb_t verb;
    uint32_t count;
} packet_t;
links_t *links_new (const links_config_t *config, int64_t now_us);
void links_destroy (links_t **self_p);
//  Slots 0 .. LINKS_UP_MAX - 1 are upstream, the rest downstream; LINKS_MAX in all.
peer_t *links_peer (links_t *self, uint32_t slot);
uint32_t links_slot (const links_t *self, const peer_t *peer);
//  One past the last slot that was ever used: walks end there.
uint32_t links_high (const links_t *self);
//  NULL when nobody linked has this epoch, or name, on this side.
peer_t *links_by_epoch (links_t *self, side_t side, uint64_t epoch);
peer_t *links_by_name (links_t *self, side_t side, text_t name);
//  Facts. links_frame returns the peer when the frame is payload for the stage (HOLDING, WORK,
//  EXTEND, ANSWER, SETTLE, CONFIRM), already checked whole by wire_check; else NULL.
peer_t *links_frame (links_t *self, int64_t now_us, bytes_t frame, wire_header_t *header,
                     wire_reader_t *body);
void links_published (links_t *self, int64_t now_us, bytes_t frame);
void links_notice (links_t *self, int64_t now_us, const char *name, uint64_t epoch);
void links_inbox_empty (links_t *self, int64_t now_us);
void links_stall (links_t *self, int64_t stall_us);
bool links_inbox_is_empty (const links_t *self);

//  TURN. in_hand: messages in this process's hands; `last`: no more work will ever be sent.
void links_begin (links_t *self, int64_t now_us, drain_t *drain, effects_t *effects);
void links_end (links_t *self, int64_t now_us, drain_t *drain, uint32_t in_hand, bool last,
                effects_t *effects);
int64_t links_deadline (const links_t *self, const drain_t *drain);

//  A frame of the stage's own to a linked peer. Room for `bytes` is asserted; the caller asked
//  effects_room (1, bytes + HEADER_BYTES) before. links_send gives back an empty one (count 0).
packet_t links_packet (links_t *self, peer_t *peer, verb_t verb, size_t bytes, effects_t *effects);
void links_send (links_t *self, packet_t *packet, effects_t *effects);

//  Downstream end: the list of holdings is through, the link is up.
void links_holding_said (links_t *self, int64_t now_us, peer_t *peer);
//  Upstream end: a HOLDING frame was read (claims, trailer); NEWS_HOLDING when it closes the list,
//  a list that does not count up ends the link.
void links_holding_heard (links_t *self, int64_t now_us, peer_t *peer, uint64_t claims,
                          uint64_t trailer);
//  The name is in use for longer than two peer time-outs: leave with EXIT_CONFIG.
bool links_name_given_up (const links_t *self, int64_t now_us);
//  Whether new work may go to this peer: up, running, not suspect, heard within two beats.
bool links_ready (const links_t *self, const peer_t *peer, int64_t now_us);
//  How many on this side are up and running.
uint32_t links_running (const links_t *self, side_t side);
uint32_t links_linked (const links_t *self, side_t side);
//  Local rules of the drain: whether this side is over (see design section 5).
bool links_side_over (links_t *self, side_t side, int64_t now_us);
//  What the upstream neighbours that drain leave of the wave, the shortest; -1: no deadline.
int64_t links_wave_us (const links_t *self, int64_t now_us);
//  The last upstream that finished, or NULL: its origin is that of the wave.
const peer_t *links_finisher (const links_t *self);
//  Whether every link has come to its end: nobody is linked any more.
bool links_all_ended (const links_t *self);
void links_lease (links_t *self, uint32_t lease_ms); // a shorter lease was seen: beat faster
uint32_t links_lease_ms (const links_t *self);

#endif
