/*  log.h - the process's log on stderr. It never stalls the reactor.

    A line is `HH:MM:SS,mmm LEVEL: text` in local time, or one JSON object a line. Formatted text is
    escaped as a whole (common/core/escape.h), so text from outside may be passed as it is: it can
    neither break a line nor move a cursor. Text beyond LOG_LINE_MAX is cut.

    Lines go through log_sink.h: written at once while somebody reads them, kept in a bounded buffer
    while nobody does, dropped and counted when that is full. Before log_open the log is text at
    INFO, so early errors are seen too. Any thread may log; a forked child must not. */

#ifndef MAYHEM_LOG_H
#define MAYHEM_LOG_H

#include "common/core/message.h"

//  Longest text line with its newline: a reason of 200 bytes, escaped four times, and names fit.
#define LOG_LINE_MAX 2000
//  Longest JSON line: PIPE_BUF, so that a line is written whole or not at all.
#define LOG_JSON_MAX 4096
//  Lines about single messages in one second; beyond it people read counts, not lines.
#define LOG_MESSAGE_LINES 200
//  log_close waits this long for a reader: a part of what a drain may take over its deadline.
#define LOG_CLOSE_US 200000

//  Not LOG_INFO and so on: those are macros of <syslog.h>.
typedef enum {
    LEVEL_ERROR,
    LEVEL_WARNING,
    LEVEL_INFO,
    LEVEL_DEBUG,
    LEVEL_COUNT
} log_level_t;

typedef enum {
    LOG_AS_TEXT,
    LOG_AS_JSON,
    LOG_AS_COUNT
} log_format_t;

//  What a line is about: fields of the JSON format only. Zeros, NULLs and empty texts are left out,
//  and so is a field for which the line has no room left.
typedef struct {
    text_t instance;
    text_t hostname;
    const uint8_t *message_id; // ID_BYTES bytes
    name_t name;               // seen as "outbox" (16 hex digits) and "seq"
    text_t peer;               // the neighbour that the line is about
    uint32_t delivery;
} log_subject_t;

//  Start the log on descriptor 2. name and stage appear in JSON lines and are copied.
void log_open (const char *name, const char *stage, log_level_t level, log_format_t format);

//  Say what was dropped, write what waits for at most LOG_CLOSE_US, and be as before log_open.
void log_close (void);

//  Is this level written? Ask before you compute something only for a line.
bool log_on (log_level_t level);

//  A line of the process. Below the level it is not even formatted.
void log_line (log_level_t level, const char *format, ...) __attribute__ ((format (printf, 2, 3)));

//  A line of the process at INFO that is written at every level: others wait for it.
void log_always (const char *format, ...) __attribute__ ((format (printf, 1, 2)));

//  A line about a single message; subject may be NULL. Counts towards LOG_MESSAGE_LINES.
void log_about (log_level_t level, const log_subject_t *subject, const char *format, ...)
    __attribute__ ((format (printf, 3, 4)));

//  When log_tick wants to be called (monotonic us); INT64_MAX: not at all.
int64_t log_deadline (void);

//  Write what waits, and the count of a second that had too many lines about messages.
void log_tick (int64_t now_us);

//  Lines lost since log_open: not even the count of them is lost.
uint64_t log_dropped (void);

#endif
