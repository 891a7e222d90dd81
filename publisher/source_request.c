#include "publisher/source_request.h"
#include "common/core/hostname.h"

#include <assert.h>
#include <jansson.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <uuid/uuid.h>

__attribute__ ((format (printf, 2, 3))) static bool
s_bad (char *why, const char *format, ...)
{
    va_list args;
    va_start (args, format);
    vsnprintf (why, REQUEST_WHY_SIZE, format, args);
    va_end (args);
    return false;
}

//  Copy a field's text to out, of max + 1 bytes. A missing field leaves it empty.
static bool
s_copy (char *out, size_t max, const json_t *root, const char *field, char *why)
{
    const json_t *value = json_object_get (root, field);
    if (!value) {
        return true;
    }
    if (!json_is_string (value)) {
        return s_bad (why, "%s is not a string", field);
    }
    size_t length = json_string_length (value);
    if (length > max) {
        return s_bad (why, "%s is longer than %zu bytes", field, max);
    }
    memcpy (out, json_string_value (value), length); //  jansson refuses \u0000: no NUL inside
    out[length] = '\0';
    return true;
}

//  C0, DEL and C1 (U+0080..U+009F: C2 80..C2 9F); the text is valid UTF-8.
static bool
s_has_control (const char *text)
{
    for (const unsigned char *c = (const unsigned char *) text; *c; c++) {
        if (*c < 0x20 || *c == 0x7f || (c[0] == 0xc2 && c[1] < 0xa0)) {
            return true;
        }
    }
    return false;
}

static bool
s_read_instance (source_message_t *out, const json_t *root, char *why)
{
    if (!s_copy (out->instance, INSTANCE_MAX_BYTES, root, "instance_name", why)) {
        return false;
    }
    if (!json_object_get (root, "instance_name")) {
        return s_bad (why, "instance_name is missing");
    }
    if (!out->instance[0]) {
        return s_bad (why, "instance_name is empty");
    }
    //  A command would take it for an option.
    if (out->instance[0] == '-') {
        return s_bad (why, "instance_name begins with -");
    }
    if (s_has_control (out->instance)) {
        return s_bad (why, "instance_name has control characters");
    }
    return true;
}

static bool
s_read_hostname (source_message_t *out, const json_t *root, char *why)
{
    if (json_object_get (root, "hostname")) {
        if (!s_copy (out->hostname, HOSTNAME_MAX_BYTES, root, "hostname", why)) {
            return false;
        }
    } else {
        snprintf (out->hostname, sizeof out->hostname, "%s" SOURCE_DOMAIN, out->instance);
    }
    if (!hostname_valid (out->hostname, strlen (out->hostname))) {
        return s_bad (why, "'%.100s' is not a host name (RFC 1123)", out->hostname);
    }
    return true;
}

static bool
s_read_id (source_message_t *out, const json_t *root, char *why)
{
    char text[UUID_STR_LEN] = "";
    if (!json_object_get (root, "message_id")) {
        return true;
    }
    if (!s_copy (text, sizeof text - 1, root, "message_id", why)) {
        return false;
    }
    if (uuid_parse (text, out->id) != 0) {
        return s_bad (why, "message_id is not a UUID");
    }
    out->own_id = true;
    return true;
}

bool
source_request_parse (source_message_t *out, const char *line, size_t length, char *why)
{
    assert (out && line && why);
    memset (out, 0, sizeof *out);
    why[0] = '\0';
    json_error_t error;
    json_t *root = json_loadb (line, length, JSON_REJECT_DUPLICATES, &error);
    if (!root) {
        return s_bad (why, "not JSON: %.120s", error.text);
    }
    bool good = json_is_object (root) || s_bad (why, "not a JSON object");
    good = good && s_read_instance (out, root, why) && s_read_hostname (out, root, why) &&
           s_read_id (out, root, why) &&
           s_copy (out->reason, REASON_MAX_BYTES, root, "reason", why) &&
           s_copy (out->requested_by, REASON_MAX_BYTES, root, "requested_by", why);
    json_decref (root);
    return good;
}
