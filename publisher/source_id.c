#include "publisher/source_id.h"

#include <assert.h>

void
source_id_next (prng_t *prng, uint8_t id[ID_BYTES])
{
    assert (prng && id);
    for (int i = 0; i < ID_BYTES; i += 8) {
        uint64_t bits = prng_next (prng);
        for (int k = 0; k < 8; k++) {
            id[i + k] = (uint8_t) (bits >> (8 * k));
        }
    }
    id[6] = (uint8_t) ((id[6] & 0x0f) | 0x40); //  Version 4
    id[8] = (uint8_t) ((id[8] & 0x3f) | 0x80); //  Variant 10
}
