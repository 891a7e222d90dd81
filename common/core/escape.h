//  escape: make text from outside safe to print. The one function for all log sinks.
//
//  Text of a peer may try to forge a log line, move the cursor or turn the reading direction. So
//  these are escaped, everything else that is valid UTF-8 passes:
//  - control characters (U+0000..U+001F), DEL (U+007F), C1 (U+0080..U+009F)
//  - bidi controls (U+061C, U+200E, U+200F, U+202A..U+202E, U+2066..U+2069; Unicode UAX #9)
//  - line and paragraph separator (U+2028, U+2029) and the byte order mark (U+FEFF)
//  - every byte that is not part of valid UTF-8 (Unicode, table 3-7: no overlong forms, no
//    surrogates, nothing above U+10FFFF)
//  - the escape character itself, so that escaped text cannot be forged
//
//  Both functions write at most `out_size` (>= 1) bytes, always end with NUL, and return the
//  length without it. When the text does not fit it is cut between characters, never inside an
//  escape, and ends with "..." (with fewer dots only if `out_size` is below 4).
//  `text` may hold NUL bytes, and may be NULL when `length` is 0. `out` and `text` do not overlap.

#ifndef MAYHEM_ESCAPE_H
#define MAYHEM_ESCAPE_H

#include <stddef.h>

//  Most bytes written for one byte of text: length * factor + 1 always fits.
#define ESCAPE_TEXT_FACTOR 4
#define ESCAPE_JSON_FACTOR 6

//  For a line of text: each byte of an escaped character becomes \xNN, a backslash \x5C.
size_t escape_text (char *out, size_t out_size, const char *text, size_t length);

//  For the inside of a JSON string (RFC 8259): \" and \\, an escaped character becomes \uNNNN,
//  and a byte that is not UTF-8 becomes \uFFFD, the replacement character.
size_t escape_json (char *out, size_t out_size, const char *text, size_t length);

#endif
