#include "publisher/source_generate.h"
#include "publisher/source_id.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define INSTANCE_PREFIX "cattle-"
#define INSTANCE_RANDOM 4

typedef struct {
    source_generate_limits_t limits;
    uint64_t made;
    pace_t pace;
    prng_t prng;
} generate_t;

static void
s_destroy (void **self_p)
{
    assert (self_p);
    free (*self_p);
    *self_p = NULL;
}

static bool
s_finished (const void *base)
{
    const generate_t *self = base;
    return self->limits.count > 0 && self->made == self->limits.count;
}

static void
s_make (generate_t *self, source_message_t *out)
{
    static const char s_letters[] = "abcdefghijklmnopqrstuvwxyz0123456789";
    memset (out, 0, sizeof *out);
    size_t used = strlen (INSTANCE_PREFIX);
    memcpy (out->instance, INSTANCE_PREFIX, used);
    for (int i = 0; i < INSTANCE_RANDOM; i++) {
        out->instance[used++] = s_letters[prng_below (&self->prng, sizeof s_letters - 1)];
    }
    memcpy (out->hostname, out->instance, used);
    memcpy (out->hostname + used, SOURCE_DOMAIN, sizeof SOURCE_DOMAIN);
    if (self->limits.id) {
        self->limits.id (out->id);
    } else {
        source_id_next (&self->prng, out->id);
    }
}

static size_t
s_next (void *base, int64_t now_us, size_t max, source_message_t *out)
{
    generate_t *self = base;
    assert (self && out);
    size_t made = 0;
    while (made < max && !s_finished (self) && pace_take (&self->pace, &self->prng, now_us)) {
        s_make (self, &out[made]);
        made++;
        self->made++;
    }
    return made;
}

static int64_t
s_deadline (const void *base)
{
    const generate_t *self = base;
    return s_finished (self) ? INT64_MAX : pace_deadline (&self->pace);
}

//  Nothing to wait for but time.
static int
s_fd (const void *base)
{
    (void) base;
    return -1;
}

static int
s_failed (const void *base)
{
    (void) base;
    return 0;
}

static uint64_t
s_rejected (const void *base)
{
    (void) base;
    return 0;
}

static uint64_t
s_line (const void *base)
{
    (void) base;
    return 0;
}

static bool
s_rest (void *base, source_message_t *out)
{
    (void) base;
    (void) out;
    return false;
}

static const source_ops_t s_ops = {s_next,     s_deadline, s_fd,   s_finished, s_failed,
                                   s_rejected, s_line,     s_rest, s_destroy};

int
source_generate_open (source_t *out, const source_generate_limits_t *limits, int64_t now_us)
{
    assert (out && limits);
    generate_t *self = calloc (1, sizeof *self);
    if (!self) {
        return -1;
    }
    self->limits = *limits;
    prng_seed (&self->prng, limits->seed);
    pace_start (&self->pace, &limits->pace, &self->prng, now_us);
    *out = (source_t){&s_ops, self};
    return 0;
}
