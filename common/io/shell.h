/*  shell.h - what the three programs have in common around their cores.

    It turns sockets, clock and signals into events and the common effects into calls: OPEN CLOSE
    SEND REPLY PUBLISH SAY EXIT. The stage adds its own: how its core is called, what its other
    effects do, and what else it waits for. No policy here. */

#ifndef MAYHEM_SHELL_H
#define MAYHEM_SHELL_H

#include "common/core/effect.h"
#include "common/core/links.h"
#include "common/io/options_common.h"
#include "common/io/watch.h"

typedef struct shell_s shell_t;

//  The stage's side. `arg` goes to each; core is what step and deadline get.
typedef struct {
    void (*step) (void *core, int64_t now_us, const event_t *event, effects_t *effects);
    int64_t (*deadline) (const void *core);
    //  An effect that the shell does not know.
    void (*perform) (void *arg, const effect_t *effect, int64_t now_us);
    //  Before each TURN: give the core what has come meanwhile (shell_tell). May be NULL.
    void (*feed) (void *arg, int64_t now_us);
    //  When feed has something to do even if nothing happens. May be NULL.
    int64_t (*due) (const void *arg);
} shell_stage_t;

//  Signals are taken before any work, thread, child or socket, but after the options are parsed: a
//  name service that does not answer can be interrupted. 0, or the exit code after a line.
int shell_early (void);

//  Open the log, sockets and the reactor for these options. NULL after an error, which was said;
//  then *code is the exit code. slots: neighbours at the most (LINKS_MAX).
shell_t *shell_new (const options_common_t *options, size_t slots, int *code);

//  Close everything in order and null the pointer; the stage has closed its own before.
void shell_destroy (shell_t **self_p);

//  The same at the end, and of the log. The stage says the lines about its store and its report
//  when it closes them; this one says the last line, after a run that ended by EFFECT_EXIT. whole:
//  the stage wrote everything that it had to.
void shell_close (shell_t **self_p, bool whole);

//  What links need to know: epoch, name, endpoints, time-outs. Texts are borrowed from the shell.
void shell_links_config (const shell_t *self, links_config_t *config);
uint64_t shell_seed (const shell_t *self);
uint64_t shell_epoch (const shell_t *self);

//  For descriptors of the stage.
watch_t *shell_watch (shell_t *self);

//  Give the core an event, now.
void shell_tell (shell_t *self, const event_t *event);

//  Say that we are ready, at every log level, and run until EFFECT_EXIT; returns its code.
int shell_run (shell_t *self, const shell_stage_t *stage, void *core, void *arg);

//  The longest callback of the run, in us, with its kind.
int64_t shell_longest (const shell_t *self, const char **kind);

#endif
