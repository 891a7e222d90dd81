#include "common/io/log_json.h"
#include "common/core/escape.h"

#include <assert.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <uuid/uuid.h>

//  Longest value of a subject's field, escaped: the host name with every byte escaped.
#define FIELD_MAX (HOSTNAME_MAX_BYTES * ESCAPE_JSON_FACTOR + 1)

//  The line being written. Two bytes are always left for "}\n".
typedef struct {
    char *out;
    size_t used;
} json_line_t;

#define LINE_ROOM(line) (LOG_JSON_MAX - 2 - (line)->used)

//  Add all of it or nothing.
__attribute__ ((format (printf, 2, 3))) static void
s_add (json_line_t *line, const char *format, ...)
{
    va_list args;
    va_start (args, format);
    int length = vsnprintf (line->out + line->used, LINE_ROOM (line), format, args);
    va_end (args);
    if (length > 0 && (size_t) length < LINE_ROOM (line)) {
        line->used += (size_t) length;
    }
}

static void
s_add_text (json_line_t *line, const char *field, text_t text)
{
    if (text.length > 0) {
        char value[FIELD_MAX];
        escape_json (value, sizeof value, text.at, text.length);
        s_add (line, ",\"%s\":\"%s\"", field, value);
    }
}

static void
s_add_number (json_line_t *line, const char *field, uint64_t number)
{
    if (number > 0) {
        s_add (line, ",\"%s\":%" PRIu64, field, number);
    }
}

static void
s_add_subject (json_line_t *line, const log_subject_t *subject)
{
    s_add_text (line, "instance", subject->instance);
    s_add_text (line, "hostname", subject->hostname);
    if (subject->message_id) {
        char id[UUID_STR_LEN];
        uuid_unparse_lower (subject->message_id, id);
        s_add (line, ",\"message_id\":\"%s\"", id);
    }
    if (subject->name.outbox > 0) {
        s_add (line, ",\"outbox\":\"%016" PRIx64 "\"", subject->name.outbox);
    }
    s_add_number (line, "seq", subject->name.seq);
    s_add_text (line, "peer", subject->peer);
    s_add_number (line, "delivery", subject->delivery);
}

//  RFC 3339, UTC, milliseconds.
static void
s_add_time (json_line_t *line, int64_t wall_us)
{
    time_t seconds = (time_t) (wall_us / 1000000);
    struct tm tm;
    char text[32] = "";
    if (gmtime_r (&seconds, &tm)) {
        strftime (text, sizeof text, "%Y-%m-%dT%H:%M:%S", &tm);
    }
    s_add (line, "{\"time\":\"%s.%03dZ\"", text, (int) (wall_us / 1000 % 1000));
}

size_t
log_json_line (char *out, const log_head_t *head, const char *text, size_t length,
               const log_subject_t *subject)
{
    assert (out && head && text);
    assert (head->wall_us >= 0);
    json_line_t line = {.out = out};
    char value[LOG_LINE_MAX];
    s_add_time (&line, head->wall_us);
    s_add (&line, ",\"level\":\"%s\"", head->level);
    s_add_text (&line, "name", (text_t){head->name, strlen (head->name)});
    s_add_text (&line, "stage", (text_t){head->stage, strlen (head->stage)});
    escape_json (value, sizeof value, text, length);
    s_add (&line, ",\"text\":\"%s\"", value);
    if (subject) {
        s_add_subject (&line, subject);
    }
    memcpy (out + line.used, "}\n", 2);
    return line.used + 2;
}
