//  Unit tests of escape: known answers, every code point, truncation at every size, and the
//  injection list. Expected answers are put together from pieces, not computed by a second decoder.

#include "common/core/escape.h"
#include "common/core/prng.h"
#include "tests/unit/injection_list.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define TEXT(text) text, sizeof (text) - 1

enum {
    OUT_SIZE = 4096
};

static void
s_expect_text (const char *text, size_t length, const char *expected)
{
    char out[OUT_SIZE];
    size_t written = escape_text (out, sizeof out, text, length);
    assert_string_equal (out, expected);
    assert_int_equal (written, strlen (expected));
}

static void
s_expect_json (const char *text, size_t length, const char *expected)
{
    char out[OUT_SIZE];
    size_t written = escape_json (out, sizeof out, text, length);
    assert_string_equal (out, expected);
    assert_int_equal (written, strlen (expected));
}

static void
text_escapes_what_could_forge_a_line (void **state)
{
    (void) state;
    s_expect_text (NULL, 0, "");
    s_expect_text (TEXT ("plain 'text' \"quoted\" ~"), "plain 'text' \"quoted\" ~");
    s_expect_text (TEXT ("b\xC3\xBC"
                         "cher \xF0\x9F\x92\xA9"),
                   "b\xC3\xBC"
                   "cher \xF0\x9F\x92\xA9");
    s_expect_text (TEXT ("a\nb\0c\x7F"), "a\\x0Ab\\x00c\\x7F");
    s_expect_text (TEXT ("\\x41"), "\\x5Cx41");
    s_expect_text (TEXT ("\xC2\x9B"
                         "2J\xC2\xA0"),
                   "\\xC2\\x9B2J\xC2\xA0");
    s_expect_text (TEXT ("\xE2\x80\xAE"
                         "abc"),
                   "\\xE2\\x80\\xAEabc");
    s_expect_text (TEXT ("\xFF\xC0\xAF\xED\xA0\x80"), "\\xFF\\xC0\\xAF\\xED\\xA0\\x80");
    s_expect_text (TEXT ("\xE2\x82"
                         "a\xF0\x9F\x92"),
                   "\\xE2\\x82a\\xF0\\x9F\\x92");
}

static void
json_escapes_what_could_end_the_string (void **state)
{
    (void) state;
    s_expect_json (NULL, 0, "");
    s_expect_json (TEXT ("a\"b\\c/d"), "a\\\"b\\\\c/d");
    s_expect_json (TEXT ("\n\0\x1F\x7F"), "\\u000A\\u0000\\u001F\\u007F");
    s_expect_json (TEXT ("\xC2\x85\xC2\xA0"), "\\u0085\xC2\xA0");
    s_expect_json (TEXT ("\xE2\x80\xA8\xEF\xBB\xBF"), "\\u2028\\uFEFF");
    s_expect_json (TEXT ("\xFF\xC0\xAF"
                         "a"),
                   "\\uFFFD\\uFFFD\\uFFFDa");
    s_expect_json (TEXT ("\xF0\x9F\x92\xA9"), "\xF0\x9F\x92\xA9");
    s_expect_json (TEXT ("\xEF\xBF\xBD"), "\xEF\xBF\xBD");
}

//  The bytes of a code point; surrogates and too large ones too, as a broken encoder makes them.
static size_t
s_encode (char *out, uint32_t code)
{
    if (code < 0x80) {
        out[0] = (char) code;
        return 1;
    }
    size_t size = code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
    static const uint8_t leads[] = {0, 0, 0xc0, 0xe0, 0xf0};
    for (size_t i = size - 1; i > 0; i--) {
        out[i] = (char) (0x80 | (code & 0x3f));
        code >>= 6;
    }
    out[0] = (char) (leads[size] | code);
    return size;
}

static bool
s_is_unsafe (uint32_t code)
{
    static const uint32_t others[] = {0x61c,  0x200e, 0x200f, 0x2028, 0x2029,
                                      0x202a, 0x202b, 0x202c, 0x202d, 0x202e,
                                      0x2066, 0x2067, 0x2068, 0x2069, 0xfeff};
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        if (code == others[i]) {
            return true;
        }
    }
    return code < 0x20 || (code >= 0x7f && code < 0xa0);
}

//  The expected escape of `size` bytes, \xNN each. Returns its length.
static size_t
s_hex (char *out, const char *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        snprintf (out + 4 * i, 5, "\\x%02X", (unsigned) (uint8_t) bytes[i]);
    }
    return 4 * size;
}

static void
every_code_point_passes_or_is_escaped_whole (void **state)
{
    (void) state;
    for (uint32_t code = 0; code < 0x110400; code += code < 0x3000 || code >= 0x10ff00 ? 1 : 17) {
        char bytes[8], expected[20], out[20];
        size_t size = s_encode (bytes, code), length = size;
        bool is_valid = code <= 0x10ffff && (code < 0xd800 || code > 0xdfff);
        if (is_valid && !s_is_unsafe (code) && code != '\\') {
            memcpy (expected, bytes, size);
        } else {
            length = s_hex (expected, bytes, size);
        }
        assert_int_equal (escape_text (out, sizeof out, bytes, size), length);
        assert_memory_equal (out, expected, length);
        if (s_is_unsafe (code)) {
            snprintf (expected, sizeof expected, "\\u%04X", code);
            s_expect_json (bytes, size, expected);
        }
    }
}

static void
overlong_forms_are_not_utf8 (void **state)
{
    (void) state;
    for (uint32_t code = 0; code < 0x10000; code += code < 0x1000 ? 1 : 61) {
        const char four[] = {(char) 0xf0, (char) (0x80 | code >> 12),
                             (char) (0x80 | (code >> 6 & 0x3f)), (char) (0x80 | (code & 0x3f))};
        const char three[] = {(char) (0xe0 | (code >> 12 & 0xf)), four[2], four[3]};
        const char two[] = {(char) (0xc0 | (code >> 6 & 0x1f)), four[3]};
        char expected[20];
        expected[s_hex (expected, four, 4)] = '\0';
        s_expect_text (four, 4, expected);
        if (code < 0x800) {
            expected[s_hex (expected, three, 3)] = '\0';
            s_expect_text (three, 3, expected);
        }
        if (code < 0x80) {
            expected[s_hex (expected, two, 2)] = '\0';
            s_expect_text (two, 2, expected);
        }
    }
}

//  Bytes with the answers of both functions, each piece whole.
typedef struct {
    const char *bytes;
    size_t size;
    const char *text, *json;
} piece_t;

static const piece_t s_pieces[] = {
    {TEXT ("a"), "a", "a"},
    {TEXT ("."), ".", "."},
    {TEXT ("\0"), "\\x00", "\\u0000"},
    {TEXT ("\n"), "\\x0A", "\\u000A"},
    {TEXT ("\""), "\"", "\\\""},
    {TEXT ("\\"), "\\x5C", "\\\\"},
    {TEXT ("\xC3\xBC"), "\xC3\xBC", "\xC3\xBC"},
    {TEXT ("\xE4\xBE\x8B"), "\xE4\xBE\x8B", "\xE4\xBE\x8B"},
    {TEXT ("\xF0\x9F\x92\xA9"), "\xF0\x9F\x92\xA9", "\xF0\x9F\x92\xA9"},
    {TEXT ("\xC2\x85"), "\\xC2\\x85", "\\u0085"},
    {TEXT ("\xE2\x80\xAE"), "\\xE2\\x80\\xAE", "\\u202E"},
    {TEXT ("\xFF"), "\\xFF", "\\uFFFD"},
    {TEXT ("\xC0"), "\\xC0", "\\uFFFD"},
};

enum {
    PIECES = sizeof s_pieces / sizeof s_pieces[0],
    LINE_MAX = 12
};

typedef size_t (function_t) (char *out, size_t out_size, const char *text, size_t length);

//  A line of pieces, escaped into every size of buffer, against the pieces that should fit.
static void
s_check_truncation (function_t *function, const char *text, size_t length, const char *const *units,
                    size_t count)
{
    char whole[200] = "";
    size_t total = 0;
    for (size_t i = 0; i < count; i++) {
        total += (size_t) snprintf (whole + total, sizeof whole - total, "%s", units[i]);
    }
    for (size_t out_size = 1; out_size <= total + 2; out_size++) {
        char out[200], expected[200];
        memset (out, '#', sizeof out);
        size_t kept = 0;
        for (size_t i = 0; i < count && kept + strlen (units[i]) + 3 < out_size; i++) {
            kept += strlen (units[i]);
        }
        size_t dots = out_size - 1 < 3 ? out_size - 1 : 3;
        bool fits = total < out_size;
        snprintf (expected, sizeof expected, "%.*s%.*s", (int) (fits ? total : kept), whole,
                  (int) (fits ? 0 : dots), "...");
        assert_int_equal (function (out, out_size, text, length), strlen (expected));
        assert_string_equal (out, expected);
        assert_int_equal (out[out_size], '#');
    }
}

static void
random_lines_are_cut_between_escapes_at_every_size (void **state)
{
    (void) state;
    prng_t prng;
    prng_seed (&prng, 10);
    for (int round = 0; round < 300; round++) {
        char text[LINE_MAX * 4];
        const char *as_text[LINE_MAX], *as_json[LINE_MAX];
        size_t length = 0, count = prng_below (&prng, LINE_MAX + 1);
        for (size_t i = 0; i < count; i++) {
            const piece_t *piece = &s_pieces[prng_below (&prng, PIECES)];
            memcpy (text + length, piece->bytes, piece->size);
            length += piece->size;
            as_text[i] = piece->text;
            as_json[i] = piece->json;
        }
        s_check_truncation (escape_text, text, length, as_text, count);
        s_check_truncation (escape_json, text, length, as_json, count);
    }
}

//  Read \xNN back. Returns the length.
static size_t
s_unescape (char *out, const char *text)
{
    size_t length = 0;
    while (*text) {
        unsigned byte = (uint8_t) *text++;
        if (byte == '\\') {
            assert_int_equal (sscanf (text, "x%2X", &byte), 1);
            text += 3;
        }
        out[length++] = (char) byte;
    }
    return length;
}

//  The answer has nothing unsafe in it, and is stable under the decoder of the function itself.
static void
s_check_safe (const char *out)
{
    char again[OUT_SIZE];
    for (const char *at = out; *at; at++) {
        assert_in_range ((uint8_t) *at, 0x20, 0xff);
        assert_int_not_equal (*at, 0x7f);
    }
    size_t quoted = 0;
    for (const char *at = out; *at; at++) {
        quoted += *at == '\\' || *at == '"';
    }
    assert_int_equal (escape_json (again, sizeof again, out, strlen (out)), strlen (out) + quoted);
}

static void
the_injection_list_comes_out_safe_and_can_be_read_back (void **state)
{
    (void) state;
    for (size_t i = 0; i < INJECTION_COUNT; i++) {
        const injection_t *name = &injections[i];
        char out[OUT_SIZE], back[OUT_SIZE];
        size_t length = escape_text (out, sizeof out, name->text, name->length);
        assert_true (length <= name->length * ESCAPE_TEXT_FACTOR);
        s_check_safe (out);
        assert_int_equal (s_unescape (back, out), name->length);
        assert_memory_equal (back, name->text, name->length);
        if (name->is_host) {
            assert_string_equal (out, name->text);
        }
        length = escape_json (out, sizeof out, name->text, name->length);
        assert_true (length <= name->length * ESCAPE_JSON_FACTOR);
        s_check_safe (out);
    }
}

static void
random_bytes_come_out_safe_and_can_be_read_back (void **state)
{
    (void) state;
    static const uint8_t likely[] = {0xe2, 0x80, 0xae, 0xc2, 0xed, 0xa0,
                                     0xf0, 0xf4, 0x90, 0x8f, '\\'};
    prng_t prng;
    prng_seed (&prng, 11);
    for (int round = 0; round < 10000; round++) {
        char text[24], out[24 * 4 + 1], back[24 * 4 + 1];
        size_t length = prng_below (&prng, sizeof text + 1);
        for (size_t i = 0; i < length; i++) {
            bool is_likely = prng_below (&prng, 2);
            text[i] = (char) (is_likely ? likely[prng_below (&prng, sizeof likely)]
                                        : prng_below (&prng, 256));
        }
        escape_text (out, sizeof out, text, length);
        s_check_safe (out);
        assert_int_equal (s_unescape (back, out), length);
        assert_memory_equal (back, text, length);
    }
}

int
main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (text_escapes_what_could_forge_a_line),
        cmocka_unit_test (json_escapes_what_could_end_the_string),
        cmocka_unit_test (every_code_point_passes_or_is_escaped_whole),
        cmocka_unit_test (overlong_forms_are_not_utf8),
        cmocka_unit_test (random_lines_are_cut_between_escapes_at_every_size),
        cmocka_unit_test (the_injection_list_comes_out_safe_and_can_be_read_back),
        cmocka_unit_test (random_bytes_come_out_safe_and_can_be_read_back),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
