//  reactor_signals.c - which signals reach the reactor, and how.

#include "common/io/reactor.h"

#include <pthread.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>
#include <czmq.h>

static void
s_set_disposition (int signo, void (*disposition) (int))
{
    struct sigaction action = {.sa_handler = disposition};
    sigemptyset (&action.sa_mask);
    sigaction (signo, &action, NULL);
}

static bool
s_is_ignored (int signo)
{
    struct sigaction action;
    return sigaction (signo, NULL, &action) == 0 && action.sa_handler == SIG_IGN;
}

int
reactor_block_signals (void)
{
    zsys_handler_set (NULL);
    s_set_disposition (SIGPIPE, SIG_IGN);
    s_set_disposition (SIGUSR2, SIG_IGN); // next to USR1, a slip of the finger
    //  An inherited "ignore" would reap children behind our back.
    s_set_disposition (SIGCHLD, SIG_DFL);

    sigset_t set;
    sigemptyset (&set);
    sigaddset (&set, SIGINT);
    sigaddset (&set, SIGTERM);
    sigaddset (&set, SIGQUIT);
    sigaddset (&set, SIGUSR1);
    //  A blocked signal reaches a signalfd even when it is ignored: nohup needs HUP left out.
    if (!s_is_ignored (SIGHUP)) {
        sigaddset (&set, SIGHUP);
    }
    if (pthread_sigmask (SIG_BLOCK, &set, NULL) != 0) {
        return -1;
    }
    return signalfd (-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
}

static volatile sig_atomic_t s_seen;

//  After the reactor nobody counts signals any more but this; the third leaves, as in a drain.
static void
s_on_late_signal (int signo)
{
    s_seen++;
    if (s_seen >= REACTOR_SIGNALS_LEAVE) {
        _exit (128 + signo);
    }
}

void
reactor_leave (int seen)
{
    static const int signals[] = {SIGINT, SIGTERM, SIGQUIT, SIGHUP};
    sigset_t set;
    sigemptyset (&set);
    sigaddset (&set, SIGALRM);
    s_set_disposition (SIGALRM, SIG_DFL);
    s_seen = seen;
    for (size_t i = 0; i < sizeof signals / sizeof *signals; i++) {
        if (!s_is_ignored (signals[i]) || signals[i] != SIGHUP) {
            s_set_disposition (signals[i], s_on_late_signal);
            sigaddset (&set, signals[i]);
        }
    }
    alarm (REACTOR_LEAVE_S);
    pthread_sigmask (SIG_UNBLOCK, &set, NULL);
}
