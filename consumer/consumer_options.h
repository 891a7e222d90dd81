/*  consumer_options.h - the command line of mayhem-consumer. */

#ifndef MAYHEM_CONSUMER_OPTIONS_H
#define MAYHEM_CONSUMER_OPTIONS_H

#include "common/io/options_common.h"

typedef struct {
    options_common_t common; // first: options_parse relies on it
    double fail_consume;     // chance that taking a message fails
} consumer_options_t;

//  Defaults, command line, environment, checks. OPTIONS_GO or the exit code; errors are printed.
int consumer_options_parse (consumer_options_t *self, int argc, char **argv);

#endif
