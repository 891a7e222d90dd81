//  Unit tests of prng: known answers, ranges and evenness.

#include "common/core/prng.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void
the_seed_goes_through_splitmix64 (void **state)
{
    (void) state;
    //  The published outputs of splitmix64 for this seed
    const uint64_t expected[4] = {UINT64_C (6457827717110365317), UINT64_C (3203168211198807973),
                                  UINT64_C (9817491932198370423), UINT64_C (4593380528125082431)};
    prng_t prng;
    prng_seed (&prng, 1234567);
    assert_memory_equal (prng.s, expected, sizeof expected);
}

static void
the_numbers_are_those_of_xoshiro256_star_star (void **state)
{
    (void) state;
    //  The known answers for the state 1, 2, 3, 4
    const uint64_t expected[] = {11520,
                                 0,
                                 UINT64_C (1509978240),
                                 UINT64_C (1215971899390074240),
                                 UINT64_C (1216172134540287360),
                                 UINT64_C (607988272756665600),
                                 UINT64_C (16172922978634559625),
                                 UINT64_C (8476171486693032832)};
    prng_t prng = {{1, 2, 3, 4}};
    for (size_t i = 0; i < sizeof expected / sizeof expected[0]; i++) {
        assert_true (prng_next (&prng) == expected[i]);
    }
}

static void
the_same_seed_gives_the_same_numbers (void **state)
{
    (void) state;
    for (uint64_t seed = 0; seed < 100; seed++) {
        prng_t one, two, other;
        prng_seed (&one, seed);
        prng_seed (&two, seed);
        prng_seed (&other, seed + 1);
        bool differs = false;
        for (int i = 0; i < 10; i++) {
            uint64_t number = prng_next (&one);
            assert_true (number == prng_next (&two));
            differs = differs || number != prng_next (&other);
        }
        assert_true (differs);
    }
}

static void
below_stays_below_and_is_even (void **state)
{
    (void) state;
    enum {
        BOUND = 10,
        DRAWS = 50000
    };
    prng_t prng;
    prng_seed (&prng, 0);
    int seen[BOUND] = {0};
    for (int i = 0; i < DRAWS; i++) {
        assert_true (prng_below (&prng, 1) == 0);
        assert_true (prng_below (&prng, UINT64_MAX) < UINT64_MAX);
        seen[prng_below (&prng, BOUND)]++;
    }
    for (int i = 0; i < BOUND; i++) {
        assert_in_range (seen[i], DRAWS / BOUND * 95 / 100, DRAWS / BOUND * 105 / 100);
    }
}

static void
unit_lies_in_the_half_open_interval (void **state)
{
    (void) state;
    enum {
        DRAWS = 50000
    };
    prng_t prng;
    prng_seed (&prng, 7);
    double sum = 0, least = 1, most = 0;
    for (int i = 0; i < DRAWS; i++) {
        double unit = prng_unit (&prng);
        assert_true (unit >= 0.0 && unit < 1.0);
        sum += unit;
        least = unit < least ? unit : least;
        most = unit > most ? unit : most;
    }
    assert_true (sum / DRAWS > 0.49 && sum / DRAWS < 0.51);
    assert_true (least < 0.001 && most > 0.999);
}

static void
the_least_and_the_largest_number_stay_in_range (void **state)
{
    (void) state;
    const prng_t least = {{1, 0, 0, 0}};                               //  Gives 0 next
    const prng_t largest = {{1, UINT64_C (0x4fc71c71c71c71c7), 0, 0}}; //  Gives 2^64 - 1 next
    prng_t prng = least;
    assert_true (prng_next (&prng) == 0);
    prng = largest;
    assert_true (prng_next (&prng) == UINT64_MAX);
    prng = least;
    assert_true (prng_below (&prng, 10) == 0);
    prng = largest;
    assert_true (prng_below (&prng, 10) == 9);
    prng = least;
    assert_true (prng_unit (&prng) == 0.0);
    prng = largest;
    assert_true (prng_unit (&prng) == 1.0 - 0x1.0p-53);
}

static void
hash_has_known_answers_and_keeps_the_order_of_arguments (void **state)
{
    (void) state;
    assert_true (prng_hash (0, 0, 0) == UINT64_C (0x238275bc38fcbe91));
    assert_true (prng_hash (1, 2, 3) == UINT64_C (0xd0734750fde362b3));
    assert_true (prng_hash (3, 2, 1) == UINT64_C (0xd62a7f6e291fef64));
    assert_true (prng_hash (UINT64_MAX, UINT64_MAX, UINT64_MAX) == UINT64_C (0x595b17f487c0e71b));
}

static int
s_order (const void *left, const void *right)
{
    uint64_t a, b;
    memcpy (&a, left, sizeof a);
    memcpy (&b, right, sizeof b);
    return (a > b) - (a < b);
}

static void
hash_of_small_numbers_has_no_collisions (void **state)
{
    (void) state;
    enum {
        SIDE = 24,
        COUNT = SIDE * SIDE * SIDE
    };
    static uint64_t hashes[COUNT];
    for (uint64_t i = 0; i < COUNT; i++) {
        hashes[i] = prng_hash (i / (SIDE * SIDE), i / SIDE % SIDE, i % SIDE);
    }
    qsort (hashes, COUNT, sizeof hashes[0], s_order);
    for (int i = 1; i < COUNT; i++) {
        assert_true (hashes[i - 1] != hashes[i]);
    }
}

static void
every_input_bit_of_hash_turns_about_half_of_the_answer (void **state)
{
    (void) state;
    enum {
        SAMPLES = 200
    };
    prng_t prng;
    prng_seed (&prng, 8);
    for (int bit = 0; bit < 192; bit++) {
        int turned = 0;
        for (int i = 0; i < SAMPLES; i++) {
            uint64_t in[3] = {prng_next (&prng), prng_next (&prng), prng_next (&prng)};
            uint64_t before = prng_hash (in[0], in[1], in[2]);
            in[bit / 64] ^= UINT64_C (1) << bit % 64;
            turned += __builtin_popcountll (before ^ prng_hash (in[0], in[1], in[2]));
        }
        assert_in_range (turned, SAMPLES * 28, SAMPLES * 36);
    }
}

//  These answers are on the wire. Computed by a second implementation, in another language.
static void
hash_of_bytes_is_the_same_on_every_machine (void **state)
{
    (void) state;
    const struct {
        const char *text;
        size_t length;
        uint64_t seed, hash;
    } known[] = {
        {"", 0, 0, UINT64_C (0xf52a15e9a9b5e89b)},
        {"a", 1, 0, UINT64_C (0x02c0bdbf481420f8)},
        {"foobar", 6, 0, UINT64_C (0x404da9e3b74078c2)},
        {"cattle-gw75.example.net", 23, 0, UINT64_C (0x088b13e707e4e87e)},
        {"cattle-gw75.example.net", 23, 1, UINT64_C (0x9d8814a50f80400a)},
        {"\0\xff\x80", 3, 7, UINT64_C (0x4d0470a0fa16c69f)},
    };
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        assert_true (prng_hash_bytes (known[i].text, known[i].length, known[i].seed) ==
                     known[i].hash);
    }
    assert_true (prng_hash_bytes (NULL, 0, 0) == known[0].hash);
}

static void
hash_of_bytes_sees_every_byte_and_the_length (void **state)
{
    (void) state;
    unsigned char bytes[65] = {0};
    for (size_t length = 1; length <= sizeof bytes; length++) {
        uint64_t hash = prng_hash_bytes (bytes, length, 0);
        assert_true (hash != prng_hash_bytes (bytes, length - 1, 0));
        bytes[length - 1] ^= 1;
        assert_true (hash != prng_hash_bytes (bytes, length, 0));
        bytes[length - 1] ^= 1;
    }
}

int
main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (the_seed_goes_through_splitmix64),
        cmocka_unit_test (the_numbers_are_those_of_xoshiro256_star_star),
        cmocka_unit_test (the_same_seed_gives_the_same_numbers),
        cmocka_unit_test (below_stays_below_and_is_even),
        cmocka_unit_test (unit_lies_in_the_half_open_interval),
        cmocka_unit_test (the_least_and_the_largest_number_stay_in_range),
        cmocka_unit_test (hash_has_known_answers_and_keeps_the_order_of_arguments),
        cmocka_unit_test (hash_of_small_numbers_has_no_collisions),
        cmocka_unit_test (every_input_bit_of_hash_turns_about_half_of_the_answer),
        cmocka_unit_test (hash_of_bytes_is_the_same_on_every_machine),
        cmocka_unit_test (hash_of_bytes_sees_every_byte_and_the_length),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
