/*  publisher_options.h - the command line of mayhem-publisher. */

#ifndef MAYHEM_PUBLISHER_OPTIONS_H
#define MAYHEM_PUBLISHER_OPTIONS_H

#include "common/io/options_common.h"
#include "publisher/pace.h"

//  More than any start will ever make, and far from where a seq could wrap.
#define COUNT_OPTION_MAX INT64_C (1000000000000000)

//  Between two messages of --every: the fastest rate there is, and a year.
#define EVERY_MIN_US INT64_C (1)
#define EVERY_MAX_US INT64_C (31536000000000)

//  A lease below the minimum expires on scheduling noise; above the maximum nobody notices a death.
#define LEASE_DEFAULT_US INT64_C (3000000)
#define LEASE_MIN_US     INT64_C (100000)
#define LEASE_MAX_US     INT64_C (86400000000)

//  Deliveries are 16 bits on the wire; both limits together stay far below that.
#define MAX_DELIVERIES_DEFAULT 5
#define MAX_LOST_DEFAULT       20
#define MAX_DELIVERIES_MAX     10000

//  Leases of one host at the same time.
#define PER_HOST_DEFAULT 1
#define PER_HOST_MAX     1024

//  Messages kept in memory; then the source waits.
#define MAX_PENDING_DEFAULT 1048576
#define MAX_PENDING_MAX     16777216

typedef struct {
    options_common_t common; // first: options_parse relies on it
    int64_t count;           // messages of this start, 0: no end
    pace_limits_t pace;
    bool pace_given; // --rate or --every: requests are paced too, else read as fast as they go
    char requests[OPTIONS_PATH_SIZE]; // "-": stdin; empty: messages are generated
    bool from_start;                  // read FILE from its first line, not from where it was
    int64_t lease_us;
    int64_t max_deliveries;
    int64_t max_lost;
    int64_t per_host; // 0: no limit
    int64_t max_pending;
    bool is_volatile; // --volatile
} publisher_options_t;

//  Defaults, command line, environment, checks. OPTIONS_GO or the exit code; errors are printed.
int publisher_options_parse (publisher_options_t *self, int argc, char **argv);

#endif
