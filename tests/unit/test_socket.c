//  Unit tests of socket: IPv6 where it is asked for.

#include "common/io/socket.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>
#include <zmq.h>

#include <cmocka.h>

//  How long a frame may take on a loaded machine.
#define WITHIN_MS 5000

//  A free port of ::1; 0: this machine has no IPv6.
static int
s_free_port (void)
{
    struct sockaddr_in6 address = {.sin6_family = AF_INET6, .sin6_addr = in6addr_loopback};
    socklen_t size = sizeof address;
    int fd = socket (AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool bound = fd >= 0 && bind (fd, (struct sockaddr *) &address, size) == 0 &&
                 getsockname (fd, (struct sockaddr *) &address, &size) == 0;
    if (fd >= 0) {
        close (fd);
    }
    return bound ? ntohs (address.sin6_port) : 0;
}

static void
a_frame_goes_over_ipv6 (void **state)
{
    (void) state;
    char endpoint[64];
    int port = s_free_port ();
    if (port == 0) {
        skip ();
    }
    snprintf (endpoint, sizeof endpoint, "tcp://[::1]:%d", port);
    assert_int_equal (sockets_init (4), 0);
    void *inbox = socket_new (SOCKET_INBOX, NULL);
    void *push = socket_new (SOCKET_PUSH, NULL);
    assert_int_equal (socket_bind (inbox, endpoint), 0);
    assert_int_equal (socket_connect (push, endpoint), 0);
    assert_int_equal (zmq_send (push, "x", 1, 0), 1);
    zmq_pollitem_t item = {.socket = inbox, .events = ZMQ_POLLIN};
    assert_int_equal (zmq_poll (&item, 1, WITHIN_MS), 1);
    socket_close (&push, 0);
    socket_close (&inbox, 0);
    sockets_term ();
}

int
main (void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test (a_frame_goes_over_ipv6)};
    return cmocka_run_group_tests (tests, NULL, NULL);
}
