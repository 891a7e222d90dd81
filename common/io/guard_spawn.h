/*  guard_spawn.h - how the guard itself and its children start: clean, whatever we inherited. */

#ifndef MAYHEM_GUARD_SPAWN_H
#define MAYHEM_GUARD_SPAWN_H

#include <sys/types.h>

//  Make this forked process the guard: own session and name, all signals blocked, parent of every
//  orphan below it, no descriptor but stderr (what it says when it breaks) and `keep`. 0 or -1.
int guard_spawn_init (int keep);

//  Start a command in a group of its own: empty signal mask, default dispositions, /dev/null, the
//  two descriptors as stdout and stderr, nothing else open. No shell. Returns 0 and sets *pid once
//  the program itself runs, or the errno of what failed (ENOENT, EACCES, ENOEXEC ...).
int guard_spawn (char *const *argv, char *const *env, int out_fd, int err_fd, pid_t *pid);

#endif
