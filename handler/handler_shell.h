/*  handler_shell.h - the handler's core between sockets, clock, signals and the work itself. */

#ifndef MAYHEM_HANDLER_SHELL_H
#define MAYHEM_HANDLER_SHELL_H

#include "handler/handler_options.h"

//  Run until the drain is over; returns the exit code.
int handler_shell_run (const handler_options_t *options);

#endif
