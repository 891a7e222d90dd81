//  Unit tests of endpoint: what people may write, what becomes of it, and what is refused.

#include "common/io/endpoint.h"
#include "common/core/hostname.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static char s_out[ENDPOINT_SIZE];
static char s_why[ENDPOINT_WHY_SIZE];

static endpoint_result_t
s_resolve (const char *text)
{
    return endpoint_resolve (s_out, text, s_why);
}

//  Values of cksum(1).
static void
the_checksum_is_that_of_cksum (void **state)
{
    (void) state;
    assert_int_equal (endpoint_cksum (NULL, 0), 4294967295u);
    assert_int_equal (endpoint_cksum ("/srv/mayhem", 11), 1144887226u);
    assert_int_equal (endpoint_cksum ("123456789", 9), 930766865u);
    char long_text[300];
    memset (long_text, 'a', sizeof long_text);
    assert_int_equal (endpoint_cksum (long_text, sizeof long_text), 1664553091u);
}

static void
the_default_is_made_of_folder_and_name (void **state)
{
    (void) state;
    endpoint_default (s_out, "/srv/mayhem", "handler-1");
    assert_string_equal (s_out, "ipc://@mayhem-443d97ba-handler-1");
    endpoint_default (s_out, "/srv/mayhem", "abcdefghijklmnopqrstuvwxyz012345");
    assert_int_equal (s_resolve ("ipc://@mayhem-443d97ba-abcdefghijklmnopqrstuvwxyz012345"),
                      ENDPOINT_OK);
}

static void
the_state_socket_stands_next_to_the_inbox (void **state)
{
    (void) state;
    endpoint_state (s_out, "ipc://@x");
    assert_string_equal (s_out, "ipc://@x.state");
    endpoint_state (s_out, "tcp://10.0.0.1:5000");
    assert_string_equal (s_out, "tcp://10.0.0.1:5001");
    endpoint_state (s_out, "tcp://[::1]:32766");
    assert_string_equal (s_out, "tcp://[::1]:32767");
}

static void
good_endpoints_become_numeric (void **state)
{
    (void) state;
    static const struct {
        const char *text, *numeric;
    } s_good[] = {
        {"ipc://@x", "ipc://@x"},
        {"tcp://127.0.0.1:1", "tcp://127.0.0.1:1"},
        {"tcp://10.0.0.1:32766", "tcp://10.0.0.1:32766"},
        {"tcp://[::1]:5000", "tcp://[::1]:5000"},
        {"tcp://[0:0:0:0:0:0:0:1]:5000", "tcp://[::1]:5000"},
        {"tcp://localhost:5000", "tcp://127.0.0.1:5000"},
        {"tcp://127.1:05000", "tcp://127.0.0.1:5000"},
    };
    for (size_t i = 0; i < sizeof s_good / sizeof s_good[0]; i++) {
        assert_int_equal (s_resolve (s_good[i].text), ENDPOINT_OK);
        assert_string_equal (s_out, s_good[i].numeric);
        assert_string_equal (s_why, "");
    }
}

static void
bad_endpoints_are_refused_with_a_reason (void **state)
{
    (void) state;
    static const char *const s_bad[] = {
        "",
        "x",
        "ipc://",
        "ipc://@",
        "ipc:///",
        "ipc:///run/mayhem/x",
        "ipc://relative",
        "ipc://*",
        "ipc://@a b",
        "ipc://@a\n",
        "ipc://@\xc3\xa9",
        "inproc://x",
        "udp://1.2.3.4:5",
        "TCP://1.2.3.4:5",
        "tcp://",
        "tcp://:5000",
        "tcp://1.2.3.4",
        "tcp://1.2.3.4:",
        "tcp://1.2.3.4:0",
        "tcp://1.2.3.4:32767",
        "tcp://1.2.3.4:99999999999999999999",
        "tcp://1.2.3.4:-1",
        "tcp://1.2.3.4:+1",
        "tcp://1.2.3.4:5x",
        "tcp://1.2.3.4:*",
        "tcp://*:5000",
        "tcp://0.0.0.0:5000",
        "tcp://0:5000",
        "tcp://[::]:5000",
        "tcp://::1:5000",
        "tcp://[::1:5000",
        "tcp://[]:5000",
        "tcp://eth0;1.2.3.4:5000",
        "tcp://1.2.3.4:1,tcp://1.2.3.4:2",
        "tcp://a/b:5000",
    };
    for (size_t i = 0; i < sizeof s_bad / sizeof s_bad[0]; i++) {
        if (s_resolve (s_bad[i]) != ENDPOINT_BAD || !s_why[0]) {
            fail_msg ("not refused: %s", s_bad[i]);
        }
    }
}

static void
an_ipc_endpoint_leaves_room_for_its_state_socket (void **state)
{
    (void) state;
    char text[ENDPOINT_SIZE + 8];
    memset (text, 'x', sizeof text);
    memcpy (text, "ipc://@", 7);
    text[ENDPOINT_IPC_MAX] = '\0';
    assert_int_equal (s_resolve (text), ENDPOINT_OK);
    char state_endpoint[ENDPOINT_SIZE];
    endpoint_state (state_endpoint, s_out);
    assert_int_equal (strlen (state_endpoint), ENDPOINT_MAX_BYTES);
    text[ENDPOINT_IPC_MAX] = 'x';
    text[ENDPOINT_IPC_MAX + 1] = '\0';
    assert_int_equal (s_resolve (text), ENDPOINT_BAD);
}

static void
a_long_host_name_is_cut_nowhere (void **state)
{
    (void) state;
    char text[600] = "tcp://";
    memset (text + 6, 'a', 254);
    snprintf (text + 6 + 254, sizeof text - 260, ":5000");
    assert_int_equal (s_resolve (text), ENDPOINT_BAD);
}

static void
loopback_is_what_other_hosts_cannot_reach (void **state)
{
    (void) state;
    assert_true (endpoint_loopback ("ipc://@x"));
    assert_true (endpoint_loopback ("tcp://127.0.0.1:5"));
    assert_true (endpoint_loopback ("tcp://127.255.0.9:5"));
    assert_true (endpoint_loopback ("tcp://[::1]:5"));
    assert_true (endpoint_loopback ("tcp://[::ffff:127.0.0.1]:5"));
    assert_false (endpoint_loopback ("tcp://128.0.0.1:5"));
    assert_false (endpoint_loopback ("tcp://10.0.0.1:5"));
    assert_false (endpoint_loopback ("tcp://[2001:db8::1]:5"));
    assert_false (endpoint_loopback ("tcp://[::ffff:10.0.0.1]:5"));
}

static void
a_host_s_name_becomes_a_process_s_name (void **state)
{
    (void) state;
    static const struct {
        const char *host, *name;
    } s_names[] = {
        {"web3", "consumer-web3"},
        {"Web_3.example.net", "consumer-web-3"},
        {"", "consumer-1"},
        {".x", "consumer-1"},
        {"\xc3\xa9", "consumer---"},
        {"a-very-long-host-name-that-goes-on", "consumer-a-very-long-host-name-t"},
    };
    char out[NAME_MAX_BYTES + 1];
    for (size_t i = 0; i < sizeof s_names / sizeof s_names[0]; i++) {
        endpoint_host_name (out, "consumer", s_names[i].host);
        assert_string_equal (out, s_names[i].name);
        assert_true (name_valid (out, strlen (out)));
    }
}

int
main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (the_checksum_is_that_of_cksum),
        cmocka_unit_test (the_default_is_made_of_folder_and_name),
        cmocka_unit_test (the_state_socket_stands_next_to_the_inbox),
        cmocka_unit_test (good_endpoints_become_numeric),
        cmocka_unit_test (bad_endpoints_are_refused_with_a_reason),
        cmocka_unit_test (an_ipc_endpoint_leaves_room_for_its_state_socket),
        cmocka_unit_test (a_long_host_name_is_cut_nowhere),
        cmocka_unit_test (loopback_is_what_other_hosts_cannot_reach),
        cmocka_unit_test (a_host_s_name_becomes_a_process_s_name),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
