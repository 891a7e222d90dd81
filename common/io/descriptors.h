/*  descriptors.h - whether this process may open as many files as it can come to need.

    libzmq aborts when it gets none for an ipc connection, and takes every restart with it: so too
    small a limit is refused at the start, where somebody looks. */

#ifndef MAYHEM_DESCRIPTORS_H
#define MAYHEM_DESCRIPTORS_H

#include <stddef.h>

//  Of each neighbour: its PUSH and the mailbox of that, its connections to our inbox and between
//  the state sockets, and one that is being made anew.
#define DESCRIPTORS_NEIGHBOUR 6
//  All else: standard streams, log, reactor, context, inbox, state, one-shot answers.
#define DESCRIPTORS_BASE 128

//  The hard limit, which sockets_init raises the limit to, against what so many neighbours need and
//  what else the stage opens at once. 0, or the exit code after a line.
int descriptors_check (size_t neighbours, size_t others);

#endif
