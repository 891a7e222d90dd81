//  mayhem-handler: restarts hosts, saves rows, extends leases meanwhile, and settles.

#include "common/io/shell.h"
#include "handler/handler_shell.h"

int
main (int argc, char **argv)
{
    static handler_options_t options;
    int code = handler_options_parse (&options, argc, argv);
    if (code != OPTIONS_GO) {
        return code;
    }
    code = shell_early ();
    return code ? code : handler_shell_run (&options);
}
