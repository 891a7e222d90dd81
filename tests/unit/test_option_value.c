//  Unit tests of option_value: durations and numbers, exact or refused.

#include "common/io/option_value.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static void
good_durations_are_exact (void **state)
{
    (void) state;
    static const struct {
        const char *text;
        int64_t us;
    } s_good[] = {
        {"0", 0},
        {"250ms", 250000},
        {"3", 3000000},
        {"3s", 3000000},
        {"1.5", 1500000},
        {".5", 500000},
        {"20m", 1200000000},
        {"2h", 7200000000},
        {"1.5h", 5400000000},
        {"0.1m", 6000000},
        {"0.001ms", 1},
        {"0.000001", 1},
        {"1.0000010000", 1000001},
        {"000003", 3000000},
        {"0.1", 100000},
        {"0.3", 300000},
        {"9223372036854.775807", INT64_MAX},
        {"9223372036854775.807ms", INT64_MAX},
    };
    for (size_t i = 0; i < sizeof s_good / sizeof s_good[0]; i++) {
        int64_t us = -1;
        if (!value_duration (s_good[i].text, &us) || us != s_good[i].us) {
            fail_msg ("%s is %lld", s_good[i].text, (long long) us);
        }
    }
}

static void
bad_durations_are_refused (void **state)
{
    (void) state;
    static const char *const s_bad[] = {
        "",
        " ",
        "1 ",
        " 1",
        "-1",
        "+1",
        "1.",
        ".",
        "1..5",
        "1.5.0",
        "ms",
        "h",
        ".ms",
        "1d",
        "1us",
        "1MS",
        "1mm",
        "1ms1",
        "1s ",
        "1 s",
        "1e3",
        "0x10",
        "inf",
        "nan",
        "1,5",
        "1:2",
        "0.0000001",
        "0.0001ms",
        "\xd9\xa1",
        "1h30m",
        "9223372036854.775808",
        "9223372036854775807",
        "99999999999999999999",
        "2562047789h",
    };
    for (size_t i = 0; i < sizeof s_bad / sizeof s_bad[0]; i++) {
        int64_t us = -7;
        if (value_duration (s_bad[i], &us)) {
            fail_msg ("%s is %lld", s_bad[i], (long long) us);
        }
        assert_int_equal (us, -7);
    }
}

static void
a_duration_is_written_as_short_as_it_is_exact (void **state)
{
    (void) state;
    static const struct {
        int64_t us;
        const char *text;
    } s_table[] = {{0, "0"},
                   {7200000000, "2h"},
                   {5400000000, "90m"},
                   {4000000, "4s"},
                   {250000, "250ms"},
                   {1, "0.001ms"},
                   {INT64_MAX, "9223372036854775.807ms"}};
    char text[DURATION_TEXT_SIZE];
    for (size_t i = 0; i < sizeof s_table / sizeof s_table[0]; i++) {
        int64_t us = -1;
        assert_string_equal (value_duration_text (text, s_table[i].us), s_table[i].text);
        assert_true (value_duration (text, &us));
        assert_int_equal (us, s_table[i].us);
    }
}

static void
whole_numbers_are_digits_only (void **state)
{
    (void) state;
    int64_t value = -7;
    assert_true (value_number ("9223372036854775807", &value));
    assert_int_equal (value, INT64_MAX);
    static const char *const s_bad[] = {"",   "1.0", "-1",  "+1",
                                        "1 ", "0x1", "1e3", "9223372036854775808"};
    for (size_t i = 0; i < sizeof s_bad / sizeof s_bad[0]; i++) {
        assert_false (value_number (s_bad[i], &value));
    }
    assert_int_equal (value, INT64_MAX);
}

static void
a_seed_is_any_number_of_64_bits (void **state)
{
    (void) state;
    uint64_t seed = 7;
    assert_true (value_seed ("0", &seed));
    assert_true (seed == 0);
    assert_true (value_seed ("18446744073709551615", &seed));
    assert_true (seed == UINT64_MAX);
    assert_false (value_seed ("18446744073709551616", &seed));
    assert_false (value_seed ("", &seed));
    assert_false (value_seed ("-1", &seed));
    assert_false (value_seed ("1.5", &seed));
}

static void
a_chance_is_between_0_and_1 (void **state)
{
    (void) state;
    double chance = 7;
    assert_true (value_chance ("0", &chance) && chance == 0.0);
    assert_true (value_chance ("1", &chance) && chance == 1.0);
    assert_true (value_chance ("0.25", &chance) && chance == 0.25);
    assert_true (value_chance ("1.000000000", &chance) && chance == 1.0);
    static const char *const s_bad[] = {"",    "1.000000001", "2",    "-0.1",
                                        "nan", "0,5",         "1e-1", "50%"};
    for (size_t i = 0; i < sizeof s_bad / sizeof s_bad[0]; i++) {
        assert_false (value_chance (s_bad[i], &chance));
    }
}

int
main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (good_durations_are_exact),
        cmocka_unit_test (bad_durations_are_refused),
        cmocka_unit_test (a_duration_is_written_as_short_as_it_is_exact),
        cmocka_unit_test (whole_numbers_are_digits_only),
        cmocka_unit_test (a_seed_is_any_number_of_64_bits),
        cmocka_unit_test (a_chance_is_between_0_and_1),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
