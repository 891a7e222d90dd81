#include "common/core/prng.h"

#include <assert.h>

//  splitmix64: step of its counter (2^64 divided by the golden ratio) and its two multipliers
//  (Stafford, "Better Bit Mixing", Mix13). https://prng.di.unimi.it/splitmix64.c
#define SPLITMIX_STEP UINT64_C (0x9e3779b97f4a7c15)
#define SPLITMIX_MUL1 UINT64_C (0xbf58476d1ce4e5b9)
#define SPLITMIX_MUL2 UINT64_C (0x94d049bb133111eb)

//  64-bit FNV-1a. http://www.isthe.com/chongo/tech/comp/fnv/
#define FNV_OFFSET UINT64_C (0xcbf29ce484222325)
#define FNV_PRIME  UINT64_C (0x00000100000001b3)

//  The output function of splitmix64. A bijection: different inputs stay different.
static uint64_t
s_mix (uint64_t x)
{
    x = (x ^ (x >> 30)) * SPLITMIX_MUL1;
    x = (x ^ (x >> 27)) * SPLITMIX_MUL2;
    return x ^ (x >> 31);
}

static uint64_t
s_rotate (uint64_t x, int bits)
{
    return (x << bits) | (x >> (64 - bits));
}

void
prng_seed (prng_t *self, uint64_t seed)
{
    assert (self);
    for (int i = 0; i < 4; i++) {
        seed += SPLITMIX_STEP;
        self->s[i] = s_mix (seed);
    }
    assert (self->s[0] | self->s[1]); //  Different inputs of s_mix: at most one gives 0
}

//  https://prng.di.unimi.it/xoshiro256starstar.c
uint64_t
prng_next (prng_t *self)
{
    uint64_t *s = self->s;
    assert (s[0] | s[1] | s[2] | s[3]); //  All zero: never seeded
    uint64_t result = s_rotate (s[1] * 5, 7) * 9;
    uint64_t t = s[1] << 17;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = s_rotate (s[3], 45);
    return result;
}

uint64_t
prng_below (prng_t *self, uint64_t bound)
{
    assert (bound > 0);
    __extension__ typedef unsigned __int128 wide_t;
    uint64_t result = (uint64_t) (((wide_t) prng_next (self) * bound) >> 64);
    assert (result < bound);
    return result;
}

double
prng_unit (prng_t *self)
{
    //  A double holds 53 bits exactly, so 1.0 cannot appear by rounding
    return (double) (prng_next (self) >> 11) * 0x1.0p-53;
}

uint64_t
prng_hash (uint64_t a, uint64_t b, uint64_t c)
{
    //  The step keeps (0, 0, 0) from being a fixed point
    uint64_t hash = s_mix (a + SPLITMIX_STEP);
    hash = s_mix ((hash ^ b) + SPLITMIX_STEP);
    return s_mix ((hash ^ c) + SPLITMIX_STEP);
}

uint64_t
prng_hash_bytes (const void *data, size_t length, uint64_t seed)
{
    assert (data || length == 0);
    const uint8_t *bytes = data;
    uint64_t hash = FNV_OFFSET ^ s_mix (seed); //  s_mix (0) is 0: seed 0 is plain FNV-1a
    for (size_t i = 0; i < length; i++) {
        hash = (hash ^ bytes[i]) * FNV_PRIME;
    }
    return s_mix (hash);
}
