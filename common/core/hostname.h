//  hostname: is this a name? Checked before a name is used, stored or shown.
//
//  Both answers are about the spelling only, nothing is resolved. A valid name has no character
//  that a shell, a path, a log line or an address could take for something else.

#ifndef MAYHEM_HOSTNAME_H
#define MAYHEM_HOSTNAME_H

#include <stdbool.h>
#include <stddef.h>

//  Longest host name as text (RFC 1035 section 2.3.4 allows 255 bytes on the wire: 253 as text).
#define HOSTNAME_LENGTH_MAX 253

//  Longest label between two dots (RFC 1035, section 2.3.4).
#define HOSTNAME_LABEL_MAX 63

//  Longest process name: one letter or digit and up to 31 more characters.
#define NAME_LENGTH_MAX 32

//  True for a host name after RFC 1123, section 2.1 (with RFC 952): labels of 1..63 letters,
//  digits and '-', not starting or ending with '-', joined by '.', 1..253 characters in all.
//  No dot at the end, no empty label. Letters are ASCII; a name in punycode is a name. So is a
//  dotted IPv4 address: it is spelled like one. Upper and lower case are both valid, and stay two
//  spellings: who compares or hashes names must fold them first.
//  `text` may be NULL when `length` is 0, and need not end with NUL.
bool hostname_valid (const char *text, size_t length);

//  True for a process name: [a-z0-9][a-z0-9-]{0,31}.
bool name_valid (const char *text, size_t length);

#endif
