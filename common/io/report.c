#include "common/io/report.h"

#include "common/io/log.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define PARTIAL ".part"

static int
s_write (FILE *file, const options_common_t *options, int code, const report_field_t *fields,
         size_t count)
{
    //  Stage and name are plain by their grammar, so nothing needs escaping.
    fprintf (file, "{\"stage\": \"%s\", \"name\": \"%s\", \"exit\": %d",
             options_stage_name (options->stage), options->name, code);
    for (size_t i = 0; i < count; i++) {
        fprintf (file, ", \"%s\": %" PRIu64, fields[i].name, fields[i].value);
    }
    fputs ("}\n", file);
    int bad = ferror (file) || fflush (file) || fsync (fileno (file));
    return fclose (file) || bad ? -1 : 0;
}

int
report_write (const options_common_t *options, int code, const report_field_t *fields, size_t count)
{
    if (!*options->report) {
        return 0;
    }
    char partial[OPTIONS_PATH_SIZE + sizeof PARTIAL];
    snprintf (partial, sizeof partial, "%s" PARTIAL, options->report);
    FILE *file = fopen (partial, "we");
    if (!file || s_write (file, options, code, fields, count) ||
        rename (partial, options->report)) {
        log_line (LEVEL_ERROR, "Could not write the report %s: %s", options->report,
                  strerror (errno));
        unlink (partial);
        return -1;
    }
    return 0;
}
