/*  guard_process.h - the guard itself: what runs in the forked process. */

#ifndef MAYHEM_GUARD_PROCESS_H
#define MAYHEM_GUARD_PROCESS_H

//  Serve the handler at the other end of this socket until it is gone, end everything, and leave
//  the process. To be called in the child of a fork, by guard_start only.
_Noreturn void guard_process (int socket);

#endif
