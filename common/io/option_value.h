/*  option_value.h - numbers and durations as people write them. Exact, or refused.

    No sign, no space, no exponent, no locale. Durations: `250ms`, `3`, `1.5`, `.5`, `3s`, `20m`,
    `2h`; seconds without unit. All functions return false, and leave the result alone, when the
    text is not such a value or does not fit. */

#ifndef MAYHEM_OPTION_VALUE_H
#define MAYHEM_OPTION_VALUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

//  Room for any duration in words.
#define DURATION_TEXT_SIZE 32

//  A duration in microseconds. Refused when finer than a microsecond.
bool value_duration (const char *text, int64_t *us_p);

//  A duration as short as it can be written exactly; returns text (DURATION_TEXT_SIZE).
const char *value_duration_text (char *text, int64_t us);

//  Digits with an optional fraction, as a whole number of 1/unit: value_decimal ("1.5", 1000, &n)
//  gives 1500. Refused when finer than that. unit: a power of ten.
bool value_decimal (const char *text, int64_t unit, int64_t *value_p);

//  A whole number, not negative.
bool value_number (const char *text, int64_t *value_p);

//  A whole number of 64 bits: a seed.
bool value_seed (const char *text, uint64_t *value_p);

//  A chance in 0..1, with at most nine digits behind the point.
bool value_chance (const char *text, double *value_p);

#endif
