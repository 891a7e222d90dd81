//  mayhem-handler: restarts hosts, saves rows, extends leases meanwhile, and settles.

#include "common/io/shell.h"
#include "handler/handler_shell.h"

#include <sysexits.h>

int
main (int argc, char **argv)
{
    if (shell_early ()) {
        return EX_OSERR;
    }
    static handler_options_t options;
    int code = handler_options_parse (&options, argc, argv);
    return code == OPTIONS_GO ? handler_shell_run (&options) : code;
}
