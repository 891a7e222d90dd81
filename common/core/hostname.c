#include "common/core/hostname.h"

#include <assert.h>

//  Own tests, because isalnum depends on the locale and takes letters beyond ASCII.
static bool
s_lower_or_digit (char c)
{
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

static bool
s_alnum (char c)
{
    return s_lower_or_digit (c) || (c >= 'A' && c <= 'Z');
}

static bool
s_label_valid (const char *label, size_t length)
{
    if (length < 1 || length > HOSTNAME_LABEL_MAX) {
        return false;
    }
    for (size_t i = 0; i < length; i++) {
        if (!s_alnum (label[i]) && label[i] != '-') {
            return false;
        }
    }
    return label[0] != '-' && label[length - 1] != '-';
}

bool
hostname_valid (const char *text, size_t length)
{
    assert (text || length == 0);
    if (length < 1 || length > HOSTNAME_LENGTH_MAX) {
        return false;
    }
    size_t start = 0; //  Of the label that `at` is in
    for (size_t at = 0; at <= length; at++) {
        if (at < length && text[at] != '.') {
            continue;
        }
        if (!s_label_valid (text + start, at - start)) {
            return false;
        }
        start = at + 1;
    }
    return true;
}

bool
name_valid (const char *text, size_t length)
{
    assert (text || length == 0);
    if (length < 1 || length > NAME_LENGTH_MAX || !s_lower_or_digit (text[0])) {
        return false;
    }
    for (size_t i = 1; i < length; i++) {
        if (!s_lower_or_digit (text[i]) && text[i] != '-') {
            return false;
        }
    }
    return true;
}
