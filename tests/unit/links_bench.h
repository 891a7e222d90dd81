/*  links_bench.h - one end of links on a virtual clock, alone with neighbours made by hand
    (fake_peer.h) or joined to a second end.

    A turn does what every stage does: it says an empty list of holdings, takes notice of the news,
    divides its free slots. What came out is counted until bench_forget. */

#ifndef MAYHEM_LINKS_BENCH_H
#define MAYHEM_LINKS_BENCH_H

#include "common/core/links_credit.h"
#include "tests/unit/fake_peer.h"

#define MS           INT64_C (1000)
#define SECOND       INT64_C (1000000)
#define BENCH_START  (1000 * SECOND) // never 0: a clock that starts late finds what counts from 0
#define PEER_TIMEOUT (4 * SECOND)
#define BENCH_EPOCH  UINT64_C (0xB0)
#define DOWN_SLOT    LINKS_UP_MAX // of the first neighbour downstream

typedef struct bench_s bench_t;

struct bench_s {
    links_t *links;
    drain_t drain;
    effects_t effects;
    int64_t now_us;
    uint64_t epoch;
    bench_t *other;                // joined: frames go there at once
    fake_peer_t *fakes[LINKS_MAX]; // hear what is sent to them; NULL: deaf
    uint32_t drops;                // bit per verb: frames that are lost on the way to `other`
    uint32_t lost;                 // how many were
    bool due;                      // frames came in since the last turn
    bool busy;                     // the inbox is not read empty
    bool silent;                   // lists of holdings are not said
    bool last;                     // no more work will ever be sent
    bool bye_ready;                // nothing is in hand
    bool serves;                   // credit is divided
    uint64_t free;                 // slots
    uint32_t in_hand;
    //  What came out since bench_forget.
    uint32_t turns;
    uint32_t frames[VERB_COUNT]; // sent on links and as replies
    uint32_t says[SAY_COUNT];
    uint32_t duties[EFFECT_COUNT];
    uint8_t news[LINKS_MAX];
    cause_t cause[LINKS_MAX]; // of the last end
    uint32_t link;            // number in the last HELLO
    char text[256];           // the last line about a neighbour
    //  The last payload.
    wire_header_t header;
    wire_reader_t body;
};

//  A consumer below publishers at two addresses, a publisher, a handler.
links_config_t bench_config (stage_t stage);
void bench_start (bench_t *self, const links_config_t *config);
void bench_stop (bench_t *self);
void bench_forget (bench_t *self);

//  A frame from outside; a list of holdings is heard at once. Returns the peer of a payload.
peer_t *bench_hear (bench_t *self, bytes_t frame);
void bench_turn (bench_t *self);
//  Turn at every deadline (both ends when joined) until so much time is over.
void bench_run (bench_t *self, int64_t us);
//  Time passes and nobody looks at the clock.
void bench_pass (bench_t *self, int64_t us);
//  Two ends of one link.
void bench_join (bench_t *up, bench_t *down);

//  A neighbour by hand whose link is up, with a slot of its own.
peer_t *bench_link_down (bench_t *self, fake_peer_t *fake, const char *name, uint64_t epoch);
peer_t *bench_link_up (bench_t *self, fake_peer_t *fake, uint32_t slot, const char *name);
//  A legal record.
work_t bench_work (uint64_t seq);
//  It says its beat.
peer_t *bench_beat (bench_t *self, fake_peer_t *fake);

#endif
