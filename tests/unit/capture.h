//  capture: what the log wrote to descriptor 2, for tests of what logs.

#ifndef MAYHEM_CAPTURE_H
#define MAYHEM_CAPTURE_H

#include <stddef.h>

//  Send the log to a file of the test, with fresh limits and INFO as its level.
void capture_begin (void);

//  End that. Returns all that was written since, until the next capture_begin.
const char *capture_end (void);

//  How often a text stands in another.
size_t capture_count (const char *text, const char *what);

#endif
