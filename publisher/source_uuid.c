#include "publisher/source_uuid.h"

#include <uuid/uuid.h>

void
source_uuid (uint8_t id[ID_BYTES])
{
    uuid_generate_random (id);
}
