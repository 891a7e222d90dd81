/*  log_json.h - one log line as a JSON object (RFC 8259), with the fields of its subject. */

#ifndef MAYHEM_LOG_JSON_H
#define MAYHEM_LOG_JSON_H

#include "common/io/log.h"

//  What stands before the text of every line.
typedef struct {
    int64_t wall_us;   // microseconds since 1970
    const char *level; // "INFO"
    const char *name;  // of the process; "" before log_open
    const char *stage;
} log_head_t;

//  Writes the object and a newline to out (LOG_JSON_MAX bytes), returns its length. subject may be
//  NULL. Valid JSON whatever the texts hold: fields that do not fit are left out, text is cut.
size_t log_json_line (char *out, const log_head_t *head, const char *text, size_t length,
                      const log_subject_t *subject);

#endif
