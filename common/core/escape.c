#include "common/core/escape.h"

#include <assert.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

//  Longest answer for one character: \xNN for each of up to four bytes.
#define UNIT_MAX 16

//  Stands for a byte that is not part of valid UTF-8. Not a code point, so no text can hold it.
#define CODE_INVALID UINT32_C (0xffffffff)

//  One character of the input.
typedef struct {
    uint32_t code;  //  Code point, or CODE_INVALID
    uint32_t size;  //  Bytes in the text, 1..4
    const char *at; //  Its first byte
} glyph_t;

//  Writes the escape of one glyph to `unit` (UNIT_MAX bytes, no NUL), returns its length.
typedef size_t (escape_fn) (char *unit, const glyph_t *glyph);

static const char s_hex[] = "0123456789ABCDEF";

//  What a lead byte says: number of bytes and the range of the code point, which excludes overlong
//  forms and everything above U+10FFFF.
typedef struct {
    uint8_t mask, lead; //  byte & mask == lead
    uint8_t size;       //  Bytes in all
    uint32_t min, max;  //  Code points that may have this length
} form_t;

static const form_t s_forms[] = {
    {0x80, 0x00, 1, 0x0, 0x7f},
    {0xe0, 0xc0, 2, 0x80, 0x7ff},
    {0xf0, 0xe0, 3, 0x800, 0xffff},
    {0xf8, 0xf0, 4, 0x10000, 0x10ffff},
};

//  The code point of `size` bytes at `text`, CODE_INVALID when they are not continued right.
static uint32_t
s_join (const uint8_t *text, const form_t *form)
{
    uint32_t code = text[0] & (uint8_t) ~form->mask;
    for (uint32_t i = 1; i < form->size; i++) {
        if ((text[i] & 0xc0) != 0x80) {
            return CODE_INVALID;
        }
        code = code << 6 | (text[i] & 0x3f);
    }
    bool surrogate = code >= 0xd800 && code <= 0xdfff;
    return code < form->min || code > form->max || surrogate ? CODE_INVALID : code;
}

//  The next character of `length` (>= 1) bytes. An invalid one is one byte long, so that a broken
//  lead byte never swallows the valid bytes behind it.
static glyph_t
s_decode (const char *text, size_t length)
{
    const uint8_t *bytes = (const uint8_t *) text;
    for (size_t i = 0; i < sizeof s_forms / sizeof s_forms[0]; i++) {
        const form_t *form = &s_forms[i];
        if ((bytes[0] & form->mask) != form->lead || form->size > length) {
            continue;
        }
        uint32_t code = s_join (bytes, form);
        if (code != CODE_INVALID) {
            return (glyph_t){.code = code, .size = form->size, .at = text};
        }
    }
    return (glyph_t){.code = CODE_INVALID, .size = 1, .at = text};
}

//  True for what must not reach a terminal or a log as it is; see the header.
static bool
s_unsafe (uint32_t code)
{
    static const struct {
        uint32_t first, last;
    } ranges[] = {
        {0x0, 0x1f},      {0x7f, 0x9f},     {0x61c, 0x61c},   {0x200e, 0x200f},
        {0x2028, 0x202e}, {0x2066, 0x2069}, {0xfeff, 0xfeff}, {CODE_INVALID, CODE_INVALID},
    };
    for (size_t i = 0; i < sizeof ranges / sizeof ranges[0]; i++) {
        if (code >= ranges[i].first && code <= ranges[i].last) {
            return true;
        }
    }
    return false;
}

static size_t
s_copy (char *unit, const glyph_t *glyph)
{
    memcpy (unit, glyph->at, glyph->size);
    return glyph->size;
}

static size_t
s_unit_text (char *unit, const glyph_t *glyph)
{
    if (!s_unsafe (glyph->code) && glyph->code != '\\') {
        return s_copy (unit, glyph);
    }
    size_t length = 0;
    for (uint32_t i = 0; i < glyph->size; i++) {
        uint8_t byte = (uint8_t) glyph->at[i];
        unit[length++] = '\\';
        unit[length++] = 'x';
        unit[length++] = s_hex[byte >> 4];
        unit[length++] = s_hex[byte & 15];
    }
    return length;
}

static size_t
s_unit_json (char *unit, const glyph_t *glyph)
{
    if (glyph->code == '"' || glyph->code == '\\') {
        unit[0] = '\\';
        unit[1] = (char) glyph->code;
        return 2;
    }
    if (!s_unsafe (glyph->code)) {
        return s_copy (unit, glyph);
    }
    //  Nothing unsafe lies above U+FFFF, so no surrogate pairs
    uint32_t code = glyph->code == CODE_INVALID ? 0xfffd : glyph->code;
    assert (code <= 0xffff);
    unit[0] = '\\';
    unit[1] = 'u';
    for (int i = 0; i < 4; i++) {
        unit[2 + i] = s_hex[code >> (12 - 4 * i) & 15];
    }
    return 6;
}

//  Append units while they fit. `cut` is the last boundary with room for the dots behind it.
static size_t
s_escape (char *out, size_t out_size, const char *text, size_t length, escape_fn *escape)
{
    assert (out && out_size > 0);
    assert (text || length == 0);
    const size_t room = out_size - 1, dots = room < 3 ? room : 3;
    size_t written = 0, cut = 0;
    for (size_t at = 0; at < length;) {
        char unit[UNIT_MAX];
        glyph_t glyph = s_decode (text + at, length - at);
        size_t size = escape (unit, &glyph);
        if (size > room - written) {
            memset (out + cut, '.', dots);
            written = cut + dots;
            break;
        }
        memcpy (out + written, unit, size);
        written += size;
        at += glyph.size;
        if (written + dots <= room) {
            cut = written;
        }
    }
    out[written] = '\0';
    return written;
}

size_t
escape_text (char *out, size_t out_size, const char *text, size_t length)
{
    return s_escape (out, out_size, text, length, s_unit_text);
}

size_t
escape_json (char *out, size_t out_size, const char *text, size_t length)
{
    return s_escape (out, out_size, text, length, s_unit_json);
}
