#include "common/io/option_value.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define US_PER_MS     INT64_C (1000)
#define US_PER_SECOND INT64_C (1000000)
#define US_PER_MINUTE (60 * US_PER_SECOND)
#define US_PER_HOUR   (60 * US_PER_MINUTE)

//  A chance is read exactly as a number of these.
#define CHANCE_UNIT INT64_C (1000000000)

static bool
s_is_digit (char c)
{
    return c >= '0' && c <= '9';
}

//  Digits before the point: value = value * 10 + digit, each time the unit. False: overflow.
static bool
s_whole (const char **at, int64_t unit, int64_t *value_p)
{
    int64_t number = 0;
    for (; s_is_digit (**at); (*at)++) {
        if (__builtin_mul_overflow (number, 10, &number) ||
            __builtin_add_overflow (number, **at - '0', &number)) {
            return false;
        }
    }
    return !__builtin_mul_overflow (number, unit, value_p);
}

//  Digits behind the point, each worth a tenth of the one before. False: finer than one.
static bool
s_fraction (const char **at, int64_t unit, int64_t *value_p)
{
    int64_t worth = unit;
    for (; s_is_digit (**at); (*at)++) {
        int64_t digit = **at - '0';
        if (worth % 10 != 0 && digit > 0) {
            return false;
        }
        worth = worth % 10 == 0 ? worth / 10 : 0;
        if (__builtin_add_overflow (*value_p, digit * worth, value_p)) {
            return false;
        }
    }
    return true;
}

//  [digits][.digits] with at least one digit; *end is what follows.
static bool
s_decimal (const char *text, int64_t unit, int64_t *value_p, const char **end)
{
    const char *at = text;
    int64_t value = 0;
    bool has_digits = s_is_digit (*at);
    if (!s_whole (&at, unit, &value)) {
        return false;
    }
    if (*at == '.') {
        at++;
        if (!s_is_digit (*at) || !s_fraction (&at, unit, &value)) {
            return false;
        }
        has_digits = true;
    }
    *end = at;
    *value_p = value;
    return has_digits;
}

//  The unit in microseconds, 0: none of ours.
static int64_t
s_unit_us (const char *unit)
{
    static const struct {
        const char *name;
        int64_t us;
    } s_units[] = {
        {"", US_PER_SECOND},  {"s", US_PER_SECOND}, {"ms", US_PER_MS},
        {"m", US_PER_MINUTE}, {"h", US_PER_HOUR},
    };
    for (size_t i = 0; i < sizeof s_units / sizeof s_units[0]; i++) {
        if (strcmp (unit, s_units[i].name) == 0) {
            return s_units[i].us;
        }
    }
    return 0;
}

bool
value_duration (const char *text, int64_t *us_p)
{
    assert (text && us_p);
    int64_t unit = s_unit_us (text + strspn (text, "0123456789."));
    int64_t us = 0;
    const char *end = NULL;
    if (unit == 0 || !s_decimal (text, unit, &us, &end)) {
        return false;
    }
    if (s_is_digit (*end) || *end == '.') { //  Two points
        return false;
    }
    *us_p = us;
    return true;
}

const char *
value_duration_text (char *text, int64_t us)
{
    assert (text && us >= 0);
    if (us == 0) {
        snprintf (text, DURATION_TEXT_SIZE, "0");
    } else if (us % US_PER_HOUR == 0) {
        snprintf (text, DURATION_TEXT_SIZE, "%" PRId64 "h", us / US_PER_HOUR);
    } else if (us % US_PER_MINUTE == 0) {
        snprintf (text, DURATION_TEXT_SIZE, "%" PRId64 "m", us / US_PER_MINUTE);
    } else if (us % US_PER_SECOND == 0) {
        snprintf (text, DURATION_TEXT_SIZE, "%" PRId64 "s", us / US_PER_SECOND);
    } else if (us % US_PER_MS == 0) {
        snprintf (text, DURATION_TEXT_SIZE, "%" PRId64 "ms", us / US_PER_MS);
    } else {
        snprintf (text, DURATION_TEXT_SIZE, "%" PRId64 ".%03dms", us / US_PER_MS,
                  (int) (us % US_PER_MS));
    }
    return text;
}

bool
value_decimal (const char *text, int64_t unit, int64_t *value_p)
{
    assert (text && value_p && unit > 0);
    int64_t value = 0;
    const char *end = NULL;
    if (!s_decimal (text, unit, &value, &end) || *end) {
        return false;
    }
    *value_p = value;
    return true;
}

bool
value_number (const char *text, int64_t *value_p)
{
    assert (text && value_p);
    return !strchr (text, '.') && value_decimal (text, 1, value_p);
}

bool
value_seed (const char *text, uint64_t *value_p)
{
    assert (text && value_p);
    uint64_t value = 0;
    if (!*text) {
        return false;
    }
    for (const char *at = text; *at; at++) {
        if (!s_is_digit (*at) || __builtin_mul_overflow (value, UINT64_C (10), &value) ||
            __builtin_add_overflow (value, (uint64_t) (*at - '0'), &value)) {
            return false;
        }
    }
    *value_p = value;
    return true;
}

bool
value_chance (const char *text, double *value_p)
{
    assert (text && value_p);
    int64_t value = 0;
    if (!value_decimal (text, CHANCE_UNIT, &value) || value > CHANCE_UNIT) {
        return false;
    }
    *value_p = (double) value / (double) CHANCE_UNIT;
    return true;
}
