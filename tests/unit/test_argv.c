//  Unit tests of argv: what stands in a word is exactly what was given, and nothing chooses more.

#include "handler/argv.h"
#include "tests/unit/injection_list.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static const uint8_t s_id[ID_BYTES] = {0x12, 0x3e, 0x45, 0x67, 0xe8, 0x9b, 0x42, 0xd3,
                                       0xa4, 0x56, 0x42, 0x66, 0x14, 0x17, 0x40, 0x00};
#define ID_AS_TEXT "123e4567-e89b-42d3-a456-426614174000"

static argv_t s_words;

static text_t
s_text (const char *text)
{
    return (text_t){text, strlen (text)};
}

static argv_values_t
s_values (const char *host, const char *instance)
{
    return (argv_values_t){.host = s_text (host),
                           .instance = s_text (instance),
                           .id = s_id,
                           .delivery = 3,
                           .path = "/usr/bin:/bin"};
}

//  The word with this number.
static const char *
s_word (const argv_t *self, size_t number)
{
    assert_true (number < self->count);
    const char *word = self->bytes;
    for (size_t i = 0; i < number; i++) {
        word += strlen (word) + 1;
    }
    return word;
}

static void
every_value_is_filled_in_wherever_it_stands (void **state)
{
    (void) state;
    const char *const words[] = {"ssh", "root@{host}", "{instance}/{id}#{delivery}{delivery}", "",
                                 "{id}"};
    argv_values_t values = s_values ("web-1.example.net", "web-1");
    assert_int_equal (argv_fill (&s_words, words, 5, &values), 0);
    assert_int_equal (s_words.count, 5);
    assert_string_equal (s_word (&s_words, 0), "ssh");
    assert_string_equal (s_word (&s_words, 1), "root@web-1.example.net");
    assert_string_equal (s_word (&s_words, 2), "web-1/" ID_AS_TEXT "#33");
    assert_string_equal (s_word (&s_words, 3), "");
    assert_string_equal (s_word (&s_words, 4), ID_AS_TEXT);
    assert_int_equal (s_words.bytes[s_words.length - 1], 0);
}

static void
other_braces_stay_as_they_are (void **state)
{
    (void) state;
    const char *const words[] = {"x", "{", "{}", "{hosts}", "{ host}", "{{host}}", "{host", "%s$1"};
    argv_values_t values = s_values ("h", "i");
    assert_int_equal (argv_fill (&s_words, words, 8, &values), 0);
    for (size_t i = 0; i < 8; i++) {
        assert_string_equal (s_word (&s_words, i), i == 5 ? "{h}" : words[i]);
    }
}

static void
values_are_never_looked_at_again (void **state)
{
    (void) state;
    const char *const words[] = {"x", "{host} {instance}"};
    argv_values_t values = s_values ("{instance}", "{host}{id}");
    assert_int_equal (argv_fill (&s_words, words, 2, &values), 0);
    assert_string_equal (s_word (&s_words, 1), "{instance} {host}{id}");
}

static void
no_name_chooses_the_program (void **state)
{
    (void) state;
    const char *const words[] = {"{host}", "{host}"};
    argv_values_t values = s_values ("/bin/sh", "i");
    assert_int_equal (argv_fill (&s_words, words, 2, &values), 0);
    assert_string_equal (s_word (&s_words, 0), "{host}");
    assert_string_equal (s_word (&s_words, 1), "/bin/sh");
}

//  Fill and compare, or see it refused for its NUL.
static void
s_check_injection (const injection_t *name)
{
    const char *const words[] = {"cmd", "a{host}z", "{instance}"};
    argv_values_t values = s_values ("", "");
    values.host = values.instance = (text_t){name->text, name->length};
    bool has_nul = memchr (name->text, 0, name->length) != NULL;
    assert_int_equal (argv_fill (&s_words, words, 3, &values), has_nul ? -1 : 0);
    if (has_nul) {
        assert_int_equal (argv_environment (&s_words, &values), -1);
        return;
    }
    assert_int_equal (s_words.count, 3);
    assert_int_equal (s_words.length, 4 + 3 + name->length + 1 + name->length);
    assert_memory_equal (s_word (&s_words, 1) + 1, name->text, name->length);
    assert_string_equal (s_word (&s_words, 2), name->text);
    assert_int_equal (argv_environment (&s_words, &values), 0);
    assert_int_equal (s_words.count, ARGV_ENV_WORDS);
    assert_string_equal (s_word (&s_words, 2) + strlen ("MAYHEM_INSTANCE="), name->text);
}

static void
a_name_of_an_attacker_is_one_word_and_no_other (void **state)
{
    (void) state;
    size_t count = sizeof injections / sizeof *injections;
    assert_true (count >= 200);
    for (size_t i = 0; i < count; i++) {
        s_check_injection (&injections[i]);
    }
}

static void
the_environment_is_five_words_and_no_more (void **state)
{
    (void) state;
    argv_values_t values = s_values ("h.example.net", "h");
    values.delivery = UINT32_MAX;
    assert_int_equal (argv_environment (&s_words, &values), 0);
    assert_int_equal (s_words.count, 5);
    assert_string_equal (s_word (&s_words, 0), "PATH=/usr/bin:/bin");
    assert_string_equal (s_word (&s_words, 1), "MAYHEM_HOST=h.example.net");
    assert_string_equal (s_word (&s_words, 2), "MAYHEM_INSTANCE=h");
    assert_string_equal (s_word (&s_words, 3), "MAYHEM_ID=" ID_AS_TEXT);
    assert_string_equal (s_word (&s_words, 4), "MAYHEM_DELIVERY=4294967295");
}

static void
words_fit_at_the_limit_and_not_one_past_it (void **state)
{
    (void) state;
    static char long_word[ARGV_BYTES_MAX];
    const char *const words[] = {"x", long_word};
    argv_values_t values = s_values ("h", "i");
    memset (long_word, 'a', ARGV_BYTES_MAX - 3);
    assert_int_equal (argv_fill (&s_words, words, 2, &values), 0);
    assert_int_equal (s_words.length, ARGV_BYTES_MAX);
    long_word[ARGV_BYTES_MAX - 3] = 'a';
    assert_int_equal (argv_fill (&s_words, words, 2, &values), -1);
    values.path = long_word;
    assert_int_equal (argv_environment (&s_words, &values), -1);
}

static void
a_template_has_between_one_and_the_limit_of_words (void **state)
{
    (void) state;
    const char *words[ARGV_WORDS_MAX + 1];
    for (size_t i = 0; i <= ARGV_WORDS_MAX; i++) {
        words[i] = "x";
    }
    argv_values_t values = s_values ("h", "i");
    assert_int_equal (argv_fill (&s_words, words, 0, &values), -1);
    assert_int_equal (argv_fill (&s_words, words, ARGV_WORDS_MAX, &values), 0);
    assert_int_equal (argv_fill (&s_words, words, ARGV_WORDS_MAX + 1, &values), -1);
}

int
main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (every_value_is_filled_in_wherever_it_stands),
        cmocka_unit_test (other_braces_stay_as_they_are),
        cmocka_unit_test (values_are_never_looked_at_again),
        cmocka_unit_test (no_name_chooses_the_program),
        cmocka_unit_test (a_name_of_an_attacker_is_one_word_and_no_other),
        cmocka_unit_test (the_environment_is_five_words_and_no_more),
        cmocka_unit_test (words_fit_at_the_limit_and_not_one_past_it),
        cmocka_unit_test (a_template_has_between_one_and_the_limit_of_words),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
