#include "tests/unit/capture.h"

#include "common/io/log.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

//  More than the lines of two seconds.
#define CAPTURE_MAX (1 << 20)

static char s_text[CAPTURE_MAX];
static int s_stderr = -1; // the real one
static int s_file = -1;

void
capture_begin (void)
{
    char path[] = "/tmp/mayhem_capture_XXXXXX";
    s_file = mkstemp (path);
    if (s_file < 0 || unlink (path) != 0) {
        abort ();
    }
    s_stderr = dup (STDERR_FILENO);
    dup2 (s_file, STDERR_FILENO);
    log_open ("handler-1", "handler", LEVEL_INFO, LOG_AS_TEXT);
}

const char *
capture_end (void)
{
    log_close ();
    ssize_t got = pread (s_file, s_text, CAPTURE_MAX - 1, 0);
    s_text[got > 0 ? got : 0] = 0;
    dup2 (s_stderr, STDERR_FILENO);
    close (s_stderr);
    close (s_file);
    return s_text;
}

size_t
capture_count (const char *text, const char *what)
{
    size_t count = 0;
    for (const char *at = text; (at = strstr (at, what)) != NULL; at += strlen (what)) {
        count++;
    }
    return count;
}
