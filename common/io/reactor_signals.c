//  reactor_signals.c - which signals reach the reactor, and how.

#include "common/io/reactor.h"

#include <pthread.h>
#include <signal.h>
#include <sys/signalfd.h>
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
