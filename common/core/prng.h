//  prng: random numbers from a seed, and hashes that are the same on every machine.
//
//  The generator is xoshiro256** seeded by splitmix64 (Blackman and Vigna, prng.di.unimi.it,
//  public domain). Same seed, same numbers: a simulation is replayed by its seed. Neither the
//  generator nor the hashes are secret: never use them for keys or tokens.

#ifndef MAYHEM_PRNG_H
#define MAYHEM_PRNG_H

#include <stddef.h>
#include <stdint.h>

typedef struct {
    uint64_t s[4]; //  State of xoshiro256**, never all zero after prng_seed
} prng_t;

//  Start the generator. Every seed is good, 0 too. Must come before any other call.
void prng_seed (prng_t *self, uint64_t seed);

//  The next 64 random bits.
uint64_t prng_next (prng_t *self);

//  A number in 0..bound-1, bound > 0. One multiplication and no loop; the bias is below
//  bound / 2^64 (Lemire, "Fast random integer generation in an interval", 2019, without the
//  rejection step).
uint64_t prng_below (prng_t *self, uint64_t bound);

//  A number in [0, 1) with 53 random bits.
double prng_unit (prng_t *self);

//  Mix three numbers to one. No state: the same numbers give the same answer. Uses the output
//  function of splitmix64 (Stafford's variant 13 of the MurmurHash3 finaliser) between the steps.
uint64_t prng_hash (uint64_t a, uint64_t b, uint64_t c);

//  Hash `length` bytes: 64-bit FNV-1a (Fowler, Noll, Vo) with the seed mixed into the start value,
//  then the splitmix64 output function. Reads byte by byte, so the answer does not depend on
//  endianness. It is part of the wire format (hash of the host name): never change it.
//  `data` may be NULL when `length` is 0.
uint64_t prng_hash_bytes (const void *data, size_t length, uint64_t seed);

#endif
