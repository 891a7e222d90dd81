//  Unit tests of action_hosts: the list of hosts that may be restarted.

#include "handler/action_hosts.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static char s_path[] = "/tmp/mayhem-hosts-XXXXXX";
static char s_why[ACTION_HOSTS_WHY_SIZE];

static action_hosts_t *
s_load (const char *text, size_t length)
{
    FILE *file = fopen (s_path, "w");
    assert_non_null (file);
    assert_int_equal (fwrite (text, 1, length, file), length);
    fclose (file);
    return action_hosts_load (s_path, s_why);
}

static void
only_listed_hosts_are_in_the_list (void **state)
{
    (void) state;
    static const char s_text[] = "# the fleet\n\nb.example.net\r\n  A.example.net \t# first\n"
                                 "c.example.net";
    action_hosts_t *hosts = s_load (s_text, sizeof s_text - 1);
    assert_non_null (hosts);
    assert_int_equal (action_hosts_size (hosts), 3);
    static const char *const s_expected[] = {"a.example.net", "b.example.net", "c.example.net"};
    for (size_t i = 0; i < 3; i++) {
        assert_string_equal (action_hosts_names (hosts)[i], s_expected[i]);
    }
    action_hosts_destroy (&hosts);
    action_hosts_destroy (&hosts);
}

static void
an_empty_list_allows_nobody (void **state)
{
    (void) state;
    action_hosts_t *hosts = s_load ("# none\n", 7);
    assert_non_null (hosts);
    assert_int_equal (action_hosts_size (hosts), 0);
    action_hosts_destroy (&hosts);
}

static void
a_list_that_is_not_understood_is_no_list (void **state)
{
    (void) state;
    static const struct {
        const char *text;
        size_t length;
    } s_bad[] = {
        {"a\nb_c\n", 6},  {"a\nb c\n", 6},  {"a\n*.example.net\n", 16},
        {"a\nb\0c\n", 6}, {"a\n\xff\n", 4},
    };
    for (size_t i = 0; i < sizeof s_bad / sizeof s_bad[0]; i++) {
        assert_null (s_load (s_bad[i].text, s_bad[i].length));
        assert_non_null (strstr (s_why, "line 2 of "));
    }
    char line[3000];
    memset (line, ' ', sizeof line);
    assert_null (s_load (line, sizeof line));
}

static void
a_missing_file_is_no_list (void **state)
{
    (void) state;
    assert_null (action_hosts_load ("/nonexistent/hosts", s_why));
    assert_non_null (strstr (s_why, "No such file"));
}

static int
s_make_file (void **state)
{
    (void) state;
    int fd = mkstemp (s_path);
    return fd < 0 ? -1 : close (fd);
}

static int
s_remove_file (void **state)
{
    (void) state;
    return unlink (s_path);
}

int
main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (only_listed_hosts_are_in_the_list),
        cmocka_unit_test (an_empty_list_allows_nobody),
        cmocka_unit_test (a_list_that_is_not_understood_is_no_list),
        cmocka_unit_test (a_missing_file_is_no_list),
    };
    return cmocka_run_group_tests (tests, s_make_file, s_remove_file);
}
