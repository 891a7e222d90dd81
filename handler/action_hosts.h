/*  action_hosts.h - the hosts that may be restarted: an allow-list from a file.

    One host name (RFC 1123) a line, `#` starts a comment, blanks around are ignored. Upper and
    lower case are the same. Anything else in the file is an error: a list that is only half
    understood must not decide what is restarted. Read once, at start. */

#ifndef MAYHEM_ACTION_HOSTS_H
#define MAYHEM_ACTION_HOSTS_H

#include <stdbool.h>
#include <stddef.h>

//  Names in one list: a large fleet, 256 MB at the very most.
#define ACTION_HOSTS_MAX 1000000

//  Room for why a list cannot be used.
#define ACTION_HOSTS_WHY_SIZE 256

typedef struct action_hosts action_hosts_t;

//  NULL with the reason in why (ACTION_HOSTS_WHY_SIZE) when the file cannot be read or is wrong.
action_hosts_t *action_hosts_load (const char *path, char *why);
void action_hosts_destroy (action_hosts_t **self_p);

size_t action_hosts_size (const action_hosts_t *self);

//  The names, sorted by strcmp, in lower case; borrowed.
const char *const *action_hosts_names (const action_hosts_t *self);

#endif
