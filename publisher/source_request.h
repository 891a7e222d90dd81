/*  source_request.h - one line of JSON becomes a message, or a reason why not.

    {"instance_name": "cattle-gw75", "hostname": "gw75.example.net", "message_id": "a UUID",
     "reason": "stuck", "requested_by": "alice"}

    Only instance_name is required. Fields that are not ours are ignored. The line is hostile: it
    may hold any bytes. */

#ifndef MAYHEM_SOURCE_REQUEST_H
#define MAYHEM_SOURCE_REQUEST_H

#include "publisher/source.h"

//  Room for why a line is not a request.
#define REQUEST_WHY_SIZE 160

//  Parse a line without its newline. False with the reason, printable after escaping, in why
//  (REQUEST_WHY_SIZE). When the line has no message_id, own_id is false and id is zero.
bool source_request_parse (source_message_t *out, const char *line, size_t length, char *why);

#endif
