//  Unit tests of hostname: each limit and one past it, all single bytes, and the injection list.

#include "common/core/hostname.h"
#include "common/core/prng.h"
#include "tests/unit/injection_list.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static bool
s_host (const char *text)
{
    return hostname_valid (text, strlen (text));
}

static bool
s_name (const char *text)
{
    return name_valid (text, strlen (text));
}

static void
every_name_of_the_injection_list_is_judged_right (void **state)
{
    (void) state;
    for (size_t i = 0; i < INJECTION_COUNT; i++) {
        if (hostname_valid (injections[i].text, injections[i].length) != injections[i].is_host) {
            fail_msg ("injection %zu: %s", i, injections[i].text);
        }
    }
}

static void
nothing_is_no_name (void **state)
{
    (void) state;
    assert_false (hostname_valid (NULL, 0));
    assert_false (name_valid (NULL, 0));
    assert_false (hostname_valid ("a", 0));
}

static void
a_label_has_63_characters_at_most (void **state)
{
    (void) state;
    char text[130];
    memset (text, 'a', sizeof text);
    assert_true (hostname_valid (text, 63));
    assert_false (hostname_valid (text, 64));
    text[63] = '.';
    assert_true (hostname_valid (text, 64 + 63));
    assert_false (hostname_valid (text, 64 + 64));
    assert_false (hostname_valid (text, 64)); //  Dot at the end
}

static void
a_host_name_has_253_characters_at_most (void **state)
{
    (void) state;
    char text[300];
    for (size_t i = 0; i < sizeof text; i++) {
        text[i] = i % 2 ? '.' : 'a';
    }
    assert_true (hostname_valid (text, 251));
    assert_true (hostname_valid (text, 253));
    assert_false (hostname_valid (text, 255));
    text[251] = 'a'; //  The last label has three letters: an even length
    assert_true (hostname_valid (text, 252));
    text[253] = 'a';
    assert_false (hostname_valid (text, 254));
}

static void
the_text_is_read_up_to_its_length_and_not_to_a_nul (void **state)
{
    (void) state;
    const char text[] = {'a', 'b', '.', 'c'}; //  No NUL: a read too far is seen by the sanitizer
    assert_true (hostname_valid (text, sizeof text));
    assert_true (hostname_valid (text, 2));
    assert_false (hostname_valid (text, 3));
    assert_true (name_valid (text, 2));
    assert_false (hostname_valid ("a\0b", 3));
    assert_false (name_valid ("a\0b", 3));
}

static void
every_byte_is_judged_in_every_place (void **state)
{
    (void) state;
    for (int byte = 0; byte < 256; byte++) {
        bool lower = byte && strchr ("abcdefghijklmnopqrstuvwxyz0123456789", byte);
        bool upper = byte && strchr ("ABCDEFGHIJKLMNOPQRSTUVWXYZ", byte);
        bool dash = byte == '-', dot = byte == '.';
        char text[] = {'a', 'a', 'a'};
        text[1] = (char) byte;
        assert_int_equal (hostname_valid (text, 3), lower || upper || dash || dot);
        assert_int_equal (name_valid (text, 3), lower || dash);
        assert_int_equal (hostname_valid (text, 2), lower || upper);
        assert_int_equal (name_valid (text, 2), lower || dash);
        assert_int_equal (hostname_valid (text + 1, 2), lower || upper);
        assert_int_equal (name_valid (text + 1, 2), lower);
        assert_int_equal (hostname_valid (text + 1, 1), lower || upper);
        assert_int_equal (name_valid (text + 1, 1), lower);
    }
}

static void
a_process_name_has_32_characters_at_most (void **state)
{
    (void) state;
    assert_true (s_name ("handler-1"));
    assert_true (s_name ("0-"));
    assert_true (s_name ("abcdefghijklmnopqrstuvwxyz012345"));
    assert_false (s_name ("abcdefghijklmnopqrstuvwxyz0123456"));
    assert_false (s_name ("-a"));
    assert_false (s_name ("Handler"));
    assert_false (s_name ("a.b"));
    assert_false (s_name ("a_b"));
}

//  The rules once more, label by label, with the classes of characters from libc.
static bool
s_naive (const char *text)
{
    size_t length = strlen (text);
    if (length == 0 || length > 253 || text[length - 1] == '.') {
        return false;
    }
    while (true) {
        size_t label = strcspn (text, ".");
        size_t good = strspn (text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                    "0123456789-");
        if (label == 0 || label > 63 || good < label || *text == '-' || text[label - 1] == '-') {
            return false;
        }
        if (!text[label]) {
            return true;
        }
        text += label + 1;
    }
}

static void
random_names_agree_with_a_second_reading_of_the_rules (void **state)
{
    (void) state;
    static const char letters[] = "aaaabbzzAZ059-..";
    prng_t prng;
    prng_seed (&prng, 9);
    int valid = 0;
    for (int round = 0; round < 20000; round++) {
        char text[270];
        size_t length = prng_below (&prng, round % 4 ? 12 : 260);
        for (size_t i = 0; i < length; i++) {
            text[i] = letters[prng_below (&prng, sizeof letters - 1)];
        }
        if (length && prng_below (&prng, 20) == 0) {
            text[prng_below (&prng, length)] = (char) (1 + prng_below (&prng, 255));
        }
        text[length] = '\0';
        assert_int_equal (s_host (text), s_naive (text));
        valid += s_host (text);
    }
    assert_in_range (valid, 2000, 18000);
}

int
main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (every_name_of_the_injection_list_is_judged_right),
        cmocka_unit_test (nothing_is_no_name),
        cmocka_unit_test (a_label_has_63_characters_at_most),
        cmocka_unit_test (a_host_name_has_253_characters_at_most),
        cmocka_unit_test (the_text_is_read_up_to_its_length_and_not_to_a_nul),
        cmocka_unit_test (every_byte_is_judged_in_every_place),
        cmocka_unit_test (a_process_name_has_32_characters_at_most),
        cmocka_unit_test (random_names_agree_with_a_second_reading_of_the_rules),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
