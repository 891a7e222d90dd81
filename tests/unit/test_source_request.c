//  Unit tests of source_request: one line, good or bad, and why.

#include "publisher/source_request.h"
#include "common/core/prng.h"
#include "publisher/source_requests.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static source_message_t s_out;
static char s_why[REQUEST_WHY_SIZE];

static bool
s_parse (const char *line)
{
    return source_request_parse (&s_out, line, strlen (line), s_why);
}

static void
the_shortest_request_gets_its_host_name (void **state)
{
    (void) state;
    assert_true (s_parse ("{\"instance_name\": \"cattle-gw75\"}"));
    assert_string_equal (s_out.instance, "cattle-gw75");
    assert_string_equal (s_out.hostname, "cattle-gw75.example.net");
    assert_false (s_out.own_id);
    assert_string_equal (s_out.reason, "");
    assert_string_equal (s_why, "");
}

static void
all_fields_are_read_and_others_ignored (void **state)
{
    (void) state;
    assert_true (s_parse ("\t{\"instance_name\":\"Caf\\u00e9 1\",\"hostname\":\"A-1.example.net\","
                          "\"message_id\":\"00112233-4455-4677-8899-AABBCCDDEEFF\","
                          "\"reason\":\"stuck\\n\",\"requested_by\":\"alice\",\"x\":[1]}\r"));
    const uint8_t id[ID_BYTES] = {0x00, 0x11, 0x22, 0x33, 0x44, 0x55, 0x46, 0x77,
                                  0x88, 0x99, 0xaa, 0xbb, 0xcc, 0xdd, 0xee, 0xff};
    assert_string_equal (s_out.instance, "Caf\xc3\xa9 1");
    assert_string_equal (s_out.hostname, "A-1.example.net");
    assert_true (s_out.own_id);
    assert_memory_equal (s_out.id, id, ID_BYTES);
    assert_string_equal (s_out.reason, "stuck\n");
    assert_string_equal (s_out.requested_by, "alice");
}

static void
what_is_not_a_request_is_refused_with_the_reason (void **state)
{
    (void) state;
    static const struct {
        const char *line, *why;
    } s_bad[] = {
        {"x", "not JSON"},
        {"{", "not JSON"},
        {"{\"instance_name\": \"a\"", "not JSON"},
        {"{\"instance_name\": \"a\"} x", "not JSON"},
        {"{\"instance_name\": \"a\", \"instance_name\": \"b\"}", "not JSON: duplicate"},
        {"{\"instance_name\": \"\xff\"}", "not JSON"},
        {"{\"instance_name\": \"\\ud800\"}", "not JSON"},
        {"{\"instance_name\": \"a\\u0000b\"}", "not JSON"},
        {"[]", "not a JSON object"},
        {"[{\"instance_name\": \"a\"}]", "not a JSON object"},
        {"{}", "instance_name is missing"},
        {"{\"hostname\": \"a\"}", "instance_name is missing"},
        {"{\"instance_name\": 5}", "instance_name is not a string"},
        {"{\"instance_name\": null}", "instance_name is not a string"},
        {"{\"instance_name\": {\"a\": 1}}", "instance_name is not a string"},
        {"{\"instance_name\": \"\"}", "instance_name is empty"},
        {"{\"instance_name\": \"-o\", \"hostname\": \"a\"}", "instance_name begins with -"},
        {"{\"instance_name\": \"a\\nb\", \"hostname\": \"a\"}", "control characters"},
        {"{\"instance_name\": \"a\\u007fb\", \"hostname\": \"a\"}", "control characters"},
        {"{\"instance_name\": \"a\\u0085b\", \"hostname\": \"a\"}", "control characters"},
        {"{\"instance_name\": \"a b\"}", "'a b.example.net' is not a host name"},
        {"{\"instance_name\": \"a\", \"hostname\": \"\"}", "'' is not a host name"},
        {"{\"instance_name\": \"a\", \"hostname\": \"a_b\"}", "is not a host name"},
        {"{\"instance_name\": \"a\", \"hostname\": \"$(x)\"}", "is not a host name"},
        {"{\"instance_name\": \"a\", \"hostname\": \"-oX\"}", "is not a host name"},
        {"{\"instance_name\": \"a\", \"hostname\": null}", "hostname is not a string"},
        {"{\"instance_name\": \"a\", \"message_id\": \"1\"}", "message_id is not a UUID"},
        {"{\"instance_name\": \"a\", \"message_id\": \"\"}", "message_id is not a UUID"},
        {"{\"instance_name\": \"a\", \"message_id\": 7}", "message_id is not a string"},
        {"{\"instance_name\": \"a\", \"message_id\": \"00112233-4455-4677-8899-aabbccddeefg\"}",
         "message_id is not a UUID"},
        {"{\"instance_name\": \"a\", \"message_id\": \"00112233-4455-4677-8899-aabbccddeeff0\"}",
         "message_id is longer"},
        {"{\"instance_name\": \"a\", \"reason\": []}", "reason is not a string"},
        {"{\"instance_name\": \"a\", \"requested_by\": true}", "requested_by is not a string"},
    };
    for (size_t i = 0; i < sizeof s_bad / sizeof s_bad[0]; i++) {
        if (s_parse (s_bad[i].line) || !strstr (s_why, s_bad[i].why)) {
            fail_msg ("%s: '%s', not '%s'", s_bad[i].line, s_why, s_bad[i].why);
        }
    }
}

static void
a_nul_byte_is_not_json (void **state)
{
    (void) state;
    static const char s_line[] = "{\"instance_name\": \"a\0b\"}";
    assert_false (source_request_parse (&s_out, s_line, sizeof s_line - 1, s_why));
    static const char s_behind[] = "{\"instance_name\": \"a\"}\0";
    assert_false (source_request_parse (&s_out, s_behind, sizeof s_behind - 1, s_why));
}

static void
deep_nesting_is_refused (void **state)
{
    (void) state;
    char line[REQUEST_LINE_MAX];
    memset (line, '[', sizeof line);
    assert_false (source_request_parse (&s_out, line, sizeof line, s_why));
    for (size_t i = 0; i + 5 < sizeof line; i += 5) {
        memcpy (line + i, "{\"a\":", 5);
    }
    assert_false (source_request_parse (&s_out, line, sizeof line, s_why));
    assert_non_null (strstr (s_why, "not JSON"));
}

//  A field with `length` bytes.
static bool
s_parse_long (const char *field, size_t length)
{
    char line[REQUEST_LINE_MAX], value[512];
    memset (value, 'x', sizeof value);
    bool instance = strcmp (field, "instance_name") == 0;
    snprintf (line, sizeof line, "{\"hostname\": \"h\", %s \"%s\": \"%.*s\"}",
              instance ? "" : "\"instance_name\": \"a\",", field, (int) length, value);
    return s_parse (line);
}

static void
each_field_has_its_limit (void **state)
{
    (void) state;
    static const struct {
        const char *field;
        size_t max;
    } s_limits[] = {{"instance_name", 128}, {"reason", 200}, {"requested_by", 200}};
    for (size_t i = 0; i < sizeof s_limits / sizeof s_limits[0]; i++) {
        assert_true (s_parse_long (s_limits[i].field, s_limits[i].max));
        assert_false (s_parse_long (s_limits[i].field, s_limits[i].max + 1));
        assert_non_null (strstr (s_why, "is longer than"));
    }
}

static void
a_host_name_of_253_bytes_is_the_longest (void **state)
{
    (void) state;
    char host[300], line[512];
    memset (host, 'x', sizeof host);
    host[63] = host[127] = host[191] = '.';
    snprintf (line, sizeof line, "{\"instance_name\": \"a\", \"hostname\": \"%.253s\"}", host);
    assert_true (s_parse (line));
    assert_int_equal (strlen (s_out.hostname), 253);
    snprintf (line, sizeof line, "{\"instance_name\": \"a\", \"hostname\": \"%.254s\"}", host);
    assert_false (s_parse (line));
}

//  One flipped byte must never crash; what is accepted must be within its rules.
static void
random_changes_never_break_it (void **state)
{
    (void) state;
    static const char s_line[] = "{\"instance_name\": \"cattle-gw75\", \"hostname\": \"a.b\", "
                                 "\"reason\": \"\\u00e9\", \"message_id\": "
                                 "\"00112233-4455-4677-8899-aabbccddeeff\"}";
    prng_t prng;
    prng_seed (&prng, 1);
    for (int i = 0; i < 20000; i++) {
        char line[sizeof s_line];
        memcpy (line, s_line, sizeof line);
        for (uint64_t k = prng_below (&prng, 4) + 1; k > 0; k--) {
            line[prng_below (&prng, sizeof line - 1)] = (char) prng_next (&prng);
        }
        size_t length = sizeof line - 1 - prng_below (&prng, 3);
        if (!source_request_parse (&s_out, line, length, s_why)) {
            assert_true (s_why[0]);
        } else {
            assert_true (s_out.instance[0]);
        }
    }
}

int
main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (the_shortest_request_gets_its_host_name),
        cmocka_unit_test (all_fields_are_read_and_others_ignored),
        cmocka_unit_test (what_is_not_a_request_is_refused_with_the_reason),
        cmocka_unit_test (a_nul_byte_is_not_json),
        cmocka_unit_test (deep_nesting_is_refused),
        cmocka_unit_test (each_field_has_its_limit),
        cmocka_unit_test (a_host_name_of_253_bytes_is_the_longest),
        cmocka_unit_test (random_changes_never_break_it),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
