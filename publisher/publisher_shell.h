/*  publisher_shell.h - the publisher's core between its source, sockets, clock and signals. */

#ifndef MAYHEM_PUBLISHER_SHELL_H
#define MAYHEM_PUBLISHER_SHELL_H

#include "publisher/publisher_options.h"

//  Run until the drain is over; returns the exit code.
int publisher_shell_run (const publisher_options_t *options);

#endif
