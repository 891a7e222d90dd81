/*  report.h - the report of one run: `--report FILE`, one JSON object, written at exit. */

#ifndef MAYHEM_REPORT_H
#define MAYHEM_REPORT_H

#include "common/io/options_common.h"

typedef struct {
    const char *name;
    uint64_t value;
} report_field_t;

//  Write stage, name, exit and the fields; nothing when no report was asked for. The file appears
//  whole or not at all. 0, or -1 after an error, which was said.
int report_write (const options_common_t *options, int code, const report_field_t *fields,
                  size_t count);

#endif
