#include "common/io/onlookers.h"

#include "common/core/escape.h"
#include "common/io/clock.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TOPIC_PREFIX "event."
#define EVENT_BYTES  4096 // a line and its fields, escaped; longer ones are cut in the text
#define TEXT_BYTES   2048

struct onlookers_s {
    neighbours_t *neighbours; // borrowed
    char name[NAME_MAX_BYTES + 1];
    int watching; // subscriptions that take events
};

onlookers_t *
onlookers_new (neighbours_t *neighbours, const char *name)
{
    assert (strlen (name) <= NAME_MAX_BYTES);
    onlookers_t *self = calloc (1, sizeof *self);
    if (self) {
        self->neighbours = neighbours;
        snprintf (self->name, sizeof self->name, "%s", name);
    }
    return self;
}

void
onlookers_destroy (onlookers_t **self_p)
{
    free (*self_p);
    *self_p = NULL;
}

bool
onlookers_notice (onlookers_t *self, const char *topic, bool present)
{
    size_t length = strlen (topic);
    size_t prefix = strlen (TOPIC_PREFIX);
    //  "", "event" and "event.restarted" take events; "state" and "peer/..." do not.
    if (strncmp (topic, TOPIC_PREFIX, length < prefix ? length : prefix) != 0) {
        return false;
    }
    self->watching += present ? 1 : -1;
    self->watching = self->watching < 0 ? 0 : self->watching;
    return true;
}

bool
onlookers_watch (const onlookers_t *self)
{
    return self->watching > 0;
}

void
onlookers_say (onlookers_t *self, const say_t *say, const char *text)
{
    if (!onlookers_watch (self)) {
        return;
    }
    char topic[64];
    char escaped[TEXT_BYTES];
    char instance[TEXT_BYTES / 2];
    char bytes[EVENT_BYTES];
    snprintf (topic, sizeof topic, TOPIC_PREFIX "%s", say_word (say->kind));
    escape_json (escaped, sizeof escaped, text, strlen (text));
    escape_json (instance, sizeof instance, say->instance.length ? say->instance.at : "",
                 say->instance.length);
    int length = snprintf (bytes, sizeof bytes,
                           "{\"time_us\":%" PRId64 ",\"process\":\"%s\",\"kind\":\"%s\","
                           "\"instance\":\"%s\",\"seq\":%" PRIu64 ",\"text\":\"%s\"}",
                           clock_wall_us (), self->name, say_word (say->kind), instance,
                           say->name.seq, escaped);
    assert (length > 0 && (size_t) length < sizeof bytes);
    neighbours_publish (self->neighbours, topic, bytes, (size_t) length);
}
