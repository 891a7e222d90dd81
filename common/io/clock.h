/*  clock.h - the only place that reads clocks.

    Everything that decides uses monotonic time, taken once per turn and passed on as a parameter.
    The wall clock is for people: log lines and rows of a database. */

#ifndef MAYHEM_CLOCK_H
#define MAYHEM_CLOCK_H

#include <stdint.h>

#define CLOCK_SECOND_US INT64_C (1000000)

//  CLOCK_MONOTONIC in microseconds. Runs on while this process is stopped, never goes back.
int64_t clock_now_us (void);

//  CLOCK_REALTIME in microseconds since 1970. May jump: never compute a deadline from it.
int64_t clock_wall_us (void);

#endif
