//  mayhem-publisher: accepts restart requests and keeps each one until it is settled.

#include "common/io/shell.h"
#include "publisher/publisher_shell.h"

int
main (int argc, char **argv)
{
    static publisher_options_t options;
    int code = publisher_options_parse (&options, argc, argv);
    if (code != OPTIONS_GO) {
        return code;
    }
    code = shell_early ();
    return code ? code : publisher_shell_run (&options);
}
