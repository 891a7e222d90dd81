#include "common/io/log.h"
#include "common/core/escape.h"
#include "common/io/clock.h"
#include "common/io/log_json.h"
#include "common/io/log_meter.h"
#include "common/io/log_sink.h"

#include <assert.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

//  A reader that stalled is asked again this often: often enough to look live, rare enough to cost
//  nothing.
#define LOG_RETRY_US INT64_C (50000)

//  The loss is said when half of the buffer is free again, so that saying it does not repeat.
#define LOG_SAY_LOSS_BELOW (LOG_BUFFER_BYTES / 2)

//  Room for a stage's name.
#define LOG_STAGE_BYTES 16

static const char *const s_level_names[] = {"ERROR", "WARNING", "INFO", "DEBUG"};
_Static_assert(sizeof s_level_names / sizeof s_level_names[0] == LEVEL_COUNT, "a name per level");

//  The log is the process's, like its descriptor 2. The lock is for the committer's rare lines.
static pthread_mutex_t s_mutex = PTHREAD_MUTEX_INITIALIZER;
static struct {
    log_sink_t *sink;    // NULL until the first line
    log_level_t level;   // written up to this one
    log_format_t format; //
    log_meter_t meter;   // of lines about messages
    uint64_t said;       // dropped lines that were said
    int64_t retry_us;    // when to ask a stalled reader again
    time_t clock_second; // that clock_text shows
    char clock_text[16]; // "HH:MM:SS", local time
    char name[NAME_MAX_BYTES + 1];
    char stage[LOG_STAGE_BYTES];
} s_log = {.level = LEVEL_INFO};

//  "HH:MM:SS,mmm LEVEL: text\n" to out (LOG_LINE_MAX bytes); returns its length.
static size_t
s_text_line (char *out, log_level_t level, int64_t wall_us, const char *text, size_t length)
{
    time_t second = (time_t) (wall_us / CLOCK_SECOND_US);
    if (second != s_log.clock_second || !s_log.clock_text[0]) {
        struct tm tm = {0};
        localtime_r (&second, &tm);
        strftime (s_log.clock_text, sizeof s_log.clock_text, "%H:%M:%S", &tm);
        s_log.clock_second = second;
    }
    int used = snprintf (out, LOG_LINE_MAX, "%s,%03d %s: ", s_log.clock_text,
                         (int) (wall_us / 1000 % 1000), s_level_names[level]);
    assert (used > 0 && used < LOG_LINE_MAX / 2);
    size_t end = (size_t) used;
    end += escape_text (out + end, LOG_LINE_MAX - end - 1, text, length);
    out[end] = '\n';
    return end + 1;
}

//  Format a line and hand it to the sink.
static void
s_put (log_level_t level, const log_subject_t *subject, const char *text, size_t length)
{
    char line[LOG_JSON_MAX];
    size_t size = 0;
    int64_t wall_us = clock_wall_us ();
    if (s_log.format == LOG_AS_JSON) {
        log_head_t head = {wall_us, s_level_names[level], s_log.name, s_log.stage};
        size = log_json_line (line, &head, text, length, subject);
    } else {
        size = s_text_line (line, level, wall_us, text, length);
    }
    log_sink_put (s_log.sink, line, size);
}

//  A line of the log itself; seen at every level, it says that something is not seen.
__attribute__ ((format (printf, 2, 3))) static void
s_put_own (log_level_t level, const char *format, ...)
{
    char text[128];
    va_list args;
    va_start (args, format);
    int length = vsnprintf (text, sizeof text, format, args);
    va_end (args);
    assert (length > 0 && (size_t) length < sizeof text);
    s_put (level < s_log.level ? level : s_log.level, NULL, text, (size_t) length);
}

static void
s_say_loss (void)
{
    uint64_t lost = log_sink_dropped (s_log.sink) - s_log.said;
    if (lost > 0 && !log_sink_dead (s_log.sink) &&
        log_sink_backlog (s_log.sink) < LOG_SAY_LOSS_BELOW) {
        s_log.said += lost; //  First: the line itself may be lost, and is counted then
        s_put_own (LEVEL_WARNING, "%" PRIu64 " log lines dropped, nobody read them in time", lost);
    }
}

//  Everything that is due before the next line.
static void
s_catch_up (int64_t now_us)
{
    if (!s_log.sink) {
        s_log.sink = log_sink_new (STDERR_FILENO);
    }
    s_log.retry_us = log_sink_flush (s_log.sink) ? 0 : now_us + LOG_RETRY_US;
    s_say_loss ();
    uint64_t over = log_meter_roll (&s_log.meter, now_us);
    if (over > 0) {
        s_put_own (LEVEL_INFO, "%" PRIu64 " more lines about messages in this second", over);
    }
}

static void
s_line (log_level_t level, const log_subject_t *subject, const char *format, va_list args)
{
    char text[LOG_LINE_MAX];
    int length = vsnprintf (text, sizeof text, format, args);
    if (length < 0) {
        length = 0;
    }
    size_t size = (size_t) length < sizeof text ? (size_t) length : sizeof text - 1;
    s_put (level, subject, text, size);
    if (log_sink_backlog (s_log.sink) > 0 && s_log.retry_us == 0) {
        s_log.retry_us = clock_now_us () + LOG_RETRY_US;
    }
}

void
log_open (const char *name, const char *stage, log_level_t level, log_format_t format)
{
    assert (name && stage);
    assert (level < LEVEL_COUNT && format < LOG_AS_COUNT);
    pthread_mutex_lock (&s_mutex);
    log_sink_destroy (&s_log.sink);
    memset (&s_log, 0, sizeof s_log);
    s_log.level = level;
    s_log.format = format;
    snprintf (s_log.name, sizeof s_log.name, "%s", name);
    snprintf (s_log.stage, sizeof s_log.stage, "%s", stage);
    s_log.sink = log_sink_new (STDERR_FILENO);
    pthread_mutex_unlock (&s_mutex);
}

void
log_close (void)
{
    pthread_mutex_lock (&s_mutex);
    int64_t now_us = clock_now_us ();
    int64_t end_us = now_us + LOG_CLOSE_US;
    s_catch_up (now_us);
    if (s_log.meter.over > 0) {
        s_put_own (LEVEL_INFO, "%" PRIu64 " more lines about messages in this second",
                   s_log.meter.over);
    }
    while (!log_sink_flush (s_log.sink) && (now_us = clock_now_us ()) < end_us) {
        log_sink_wait (s_log.sink, (int) ((end_us - now_us) / 1000) + 1);
    }
    s_say_loss ();
    log_sink_destroy (&s_log.sink);
    memset (&s_log, 0, sizeof s_log);
    s_log.level = LEVEL_INFO;
    pthread_mutex_unlock (&s_mutex);
}

bool
log_on (log_level_t level)
{
    return level <= s_log.level;
}

void
log_line (log_level_t level, const char *format, ...)
{
    assert (level < LEVEL_COUNT);
    if (!log_on (level)) {
        return;
    }
    va_list args;
    va_start (args, format);
    pthread_mutex_lock (&s_mutex);
    s_catch_up (clock_now_us ());
    s_line (level, NULL, format, args);
    pthread_mutex_unlock (&s_mutex);
    va_end (args);
}

void
log_always (const char *format, ...)
{
    va_list args;
    va_start (args, format);
    pthread_mutex_lock (&s_mutex);
    s_catch_up (clock_now_us ());
    s_line (LEVEL_INFO, NULL, format, args);
    pthread_mutex_unlock (&s_mutex);
    va_end (args);
}

void
log_about (log_level_t level, const log_subject_t *subject, const char *format, ...)
{
    assert (level < LEVEL_COUNT);
    if (!log_on (level)) {
        return;
    }
    va_list args;
    va_start (args, format);
    pthread_mutex_lock (&s_mutex);
    int64_t now_us = clock_now_us ();
    s_catch_up (now_us);
    if (log_meter_take (&s_log.meter, now_us)) {
        s_line (level, subject, format, args);
    }
    pthread_mutex_unlock (&s_mutex);
    va_end (args);
}

int64_t
log_deadline (void)
{
    pthread_mutex_lock (&s_mutex);
    int64_t deadline_us = log_meter_deadline (&s_log.meter);
    if (s_log.sink && log_sink_backlog (s_log.sink) > 0 && s_log.retry_us < deadline_us) {
        deadline_us = s_log.retry_us;
    }
    pthread_mutex_unlock (&s_mutex);
    return deadline_us;
}

void
log_tick (int64_t now_us)
{
    pthread_mutex_lock (&s_mutex);
    s_catch_up (now_us);
    pthread_mutex_unlock (&s_mutex);
}

uint64_t
log_dropped (void)
{
    pthread_mutex_lock (&s_mutex);
    uint64_t dropped = s_log.sink ? log_sink_dropped (s_log.sink) : 0;
    pthread_mutex_unlock (&s_mutex);
    return dropped;
}
