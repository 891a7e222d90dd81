/*  action_output.h - one output pipe of one command: bytes in, log lines out. */

#ifndef MAYHEM_ACTION_OUTPUT_H
#define MAYHEM_ACTION_OUTPUT_H

#include "common/io/log.h"
#include "handler/action_exec.h"

typedef struct {
    int fd;                     // read end, non-blocking; -1: closed
    log_level_t level;          // of its lines
    uint32_t lines;             // lines seen, shown or not
    size_t length;              // of the line in hand
    bool cut;                   // the line in hand is longer than ACTION_LINE_MAX
    char line[ACTION_LINE_MAX]; // the line in hand
} action_output_t;

//  Take the read end of a pipe.
void action_output_open (action_output_t *self, int fd, log_level_t level);

//  Read at most ACTION_READ_BYTES and log the lines. False at the end of the pipe.
bool action_output_read (action_output_t *self, text_t instance);

//  Log what is left, and how many lines were not shown, and close. May be called twice.
void action_output_close (action_output_t *self, text_t instance);

#endif
