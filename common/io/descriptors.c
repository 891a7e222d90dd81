#include "common/io/descriptors.h"

#include <stdint.h>
#include <sys/resource.h>
#include <sysexits.h>

#include "common/io/log.h"

int
descriptors_check (size_t neighbours, size_t others)
{
    struct rlimit limit;
    size_t need = DESCRIPTORS_BASE + neighbours * DESCRIPTORS_NEIGHBOUR + others;
    if (getrlimit (RLIMIT_NOFILE, &limit) != 0 || limit.rlim_max >= need) {
        return 0;
    }
    log_line (LEVEL_ERROR, "Needs %zu open files at once, the limit (ulimit -Hn) is %zu", need,
              (size_t) limit.rlim_max);
    return EX_CONFIG;
}
