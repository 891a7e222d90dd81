/*  consumer_shell.h - the consumer's core between sockets, clock and signals. */

#ifndef MAYHEM_CONSUMER_SHELL_H
#define MAYHEM_CONSUMER_SHELL_H

#include "consumer/consumer_options.h"

//  Run until the drain is over; returns the exit code.
int consumer_shell_run (const consumer_options_t *options);

#endif
