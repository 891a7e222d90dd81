//  mayhem-consumer: takes work from publishers, gives it to handlers, carries the answers back.

#include "common/io/shell.h"
#include "consumer/consumer_shell.h"

#include <sysexits.h>

int
main (int argc, char **argv)
{
    if (shell_early ()) {
        return EX_OSERR;
    }
    static consumer_options_t options;
    int code = consumer_options_parse (&options, argc, argv);
    return code == OPTIONS_GO ? consumer_shell_run (&options) : code;
}
