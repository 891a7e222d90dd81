//  mayhem-publisher: accepts restart requests and keeps each one until it is settled.

#include "common/io/shell.h"
#include "publisher/publisher_shell.h"

#include <sysexits.h>

int
main (int argc, char **argv)
{
    if (shell_early ()) {
        return EX_OSERR;
    }
    static publisher_options_t options;
    int code = publisher_options_parse (&options, argc, argv);
    return code == OPTIONS_GO ? publisher_shell_run (&options) : code;
}
