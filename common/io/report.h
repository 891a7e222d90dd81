/*  report.h - the report of one run: `--report FILE`, one JSON object, written at exit. */

#ifndef MAYHEM_REPORT_H
#define MAYHEM_REPORT_H

#include "common/io/options_common.h"

typedef struct {
    const char *name;
    uint64_t value;
} report_field_t;

//  Can the report be made? Asked at the start, when there is still time to change it. 0, or
//  EX_CANTCREAT after a line.
int report_check (const options_common_t *options);

//  Write stage, name, exit and the fields; nothing when no report was asked for. The file appears
//  whole or not at all. Returns `code`; EX_IOERR after an error, which was said, unless `code` is
//  worse than EX_TEMPFAIL.
int report_write (const options_common_t *options, int code, const report_field_t *fields,
                  size_t count);

//  `code` after something could not be read or written: EX_IOERR unless `code` says worse.
int report_io_error (int code);

#endif
