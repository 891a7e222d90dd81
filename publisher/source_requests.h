/*  source_requests.h - requests from a file or from stdin, JSON lines, never read whole.

    The memory is one buffer, whatever comes in. Lines that are not requests are reported with their
    number (from 1) and the reason, counted and skipped; blank lines are skipped. A last line
    without a newline counts as a line: if it was cut off, it is not JSON.

    stdin may be a pipe, terminal, file, socket or /dev/null, and may be shared: it is never made
    non-blocking, but asked before it is read. What cannot be polled is read in slices. */

#ifndef MAYHEM_SOURCE_REQUESTS_H
#define MAYHEM_SOURCE_REQUESTS_H

#include "publisher/pace.h"
#include "publisher/source.h"

//  Longest line without its newline: all fields at their limits, with some escapes.
#define REQUEST_LINE_MAX 4096

//  Read at most this much in one call of next: some hundred lines, a fraction of a millisecond.
#define REQUEST_SLICE_BYTES 65536

//  Called for each line that is not a request; reason is foreign text. NULL: a WARNING is logged.
typedef void (source_reject_fn) (void *arg, uint64_t line, const char *reason);

typedef struct {
    const char *path;                  // borrowed; "-": stdin
    pace_limits_t pace;                // PACE_MAX: as fast as there is room
    uint64_t count;                    // requests in all, 0: no end
    uint64_t seed;                     // of PACE_RANDOM and of ids when id is NULL
    void (*id) (uint8_t id[ID_BYTES]); // for requests without message_id
    source_reject_fn *reject;
    void *reject_arg;
} source_requests_limits_t;

//  Returns 0, or -1 with errno: the file cannot be opened or read, no memory.
int source_requests_open (source_t *out, const source_requests_limits_t *limits, int64_t now_us);

#endif
