//  mayhem-consumer: takes work from publishers, gives it to handlers, carries the answers back.

#include "common/io/shell.h"
#include "consumer/consumer_shell.h"

int
main (int argc, char **argv)
{
    static consumer_options_t options;
    int code = consumer_options_parse (&options, argc, argv);
    if (code != OPTIONS_GO) {
        return code;
    }
    code = shell_early ();
    return code ? code : consumer_shell_run (&options);
}
