#include "common/io/report.h"

#include "common/io/log.h"

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
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

static void
s_partial (char *out, size_t size, const options_common_t *options)
{
    snprintf (out, size, "%s" PARTIAL, options->report);
}

int
report_check (const options_common_t *options)
{
    struct stat st;
    char partial[OPTIONS_PATH_SIZE + sizeof PARTIAL];
    if (!*options->report) {
        return 0;
    }
    s_partial (partial, sizeof partial, options);
    bool folder = stat (options->report, &st) == 0 && S_ISDIR (st.st_mode);
    FILE *file = folder ? NULL : fopen (partial, "we");
    if (!file) {
        log_line (LEVEL_ERROR, "The report %s cannot be written: %s", options->report,
                  strerror (folder ? EISDIR : errno));
        return EX_CANTCREAT;
    }
    fclose (file);
    unlink (partial);
    return 0;
}

int
report_io_error (int code)
{
    return code == 0 || code == EX_TEMPFAIL ? EX_IOERR : code;
}

int
report_write (const options_common_t *options, int code, const report_field_t *fields, size_t count)
{
    char partial[OPTIONS_PATH_SIZE + sizeof PARTIAL];
    if (!*options->report) {
        return code;
    }
    s_partial (partial, sizeof partial, options);
    FILE *file = fopen (partial, "we");
    if (!file || s_write (file, options, code, fields, count) ||
        rename (partial, options->report)) {
        log_line (LEVEL_ERROR, "Could not write the report %s: %s", options->report,
                  strerror (errno));
        unlink (partial);
        return report_io_error (code);
    }
    return code;
}
