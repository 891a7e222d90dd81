/*  endpoint.h - addresses as people write them and as ZeroMQ takes them.

    On one host `ipc://@mayhem-<8 hex>-NAME`, an abstract unix socket: the 8 hex digits are the
    POSIX cksum of the data folder's real path, so that scripts find it too:
        printf '%08x' "$(printf %s "$dir" | cksum | cut -d' ' -f1)"
    Between hosts `tcp://ADDRESS:PORT`, numeric after endpoint_resolve. The state socket stands next
    to the inbox: the same with `.state` for ipc, the next port for tcp. */

#ifndef MAYHEM_ENDPOINT_H
#define MAYHEM_ENDPOINT_H

#include "common/core/message.h"

//  Bytes for any endpoint with its NUL; what the wire carries (ENDPOINT_MAX_BYTES).
#define ENDPOINT_SIZE (ENDPOINT_MAX_BYTES + 1)

//  Longest ipc endpoint that people may give: its state socket has ".state" behind it.
#define ENDPOINT_IPC_MAX (ENDPOINT_MAX_BYTES - 6)

//  The state socket's port must be below 32768 too: from there on a connect to a port where nobody
//  listens may connect to itself (zeromq/libzmq issue 4588).
#define ENDPOINT_PORT_MAX 32766

//  Room for why an endpoint is refused.
#define ENDPOINT_WHY_SIZE 160

typedef enum {
    ENDPOINT_OK,
    ENDPOINT_BAD,    // not an endpoint, or not allowed: usage
    ENDPOINT_UNKNOWN // its host name cannot be resolved now: not reachable
} endpoint_result_t;

//  POSIX cksum(1): CRC-32 with the length behind the bytes.
uint32_t endpoint_cksum (const void *bytes, size_t length);

//  The default endpoint of process `name` with the data folder `real_path`; out: ENDPOINT_SIZE.
void endpoint_default (char *out, const char *real_path, const char *name);

//  Check `text` and make it numeric; out: ENDPOINT_SIZE, why: ENDPOINT_WHY_SIZE, set when not OK.
//  Refused: other transports, wildcards, ports outside 1..ENDPOINT_PORT_MAX, ipc paths,
//  characters outside printable ASCII. A host name may take as long as the resolver; IPv4 first.
endpoint_result_t endpoint_resolve (char *out, const char *text, char *why);

//  The state socket of a resolved endpoint; out: ENDPOINT_SIZE.
void endpoint_state (char *out, const char *endpoint);

bool endpoint_is_tcp (const char *endpoint);

//  True for ipc and for tcp on a loopback address: nobody on another host reaches it.
bool endpoint_loopback (const char *endpoint);

//  The default name of a process that is reached over tcp: STAGE-HOSTNAME, the host's name up to
//  its first dot in lower case with '-' for what a name may not hold. out: NAME_MAX_BYTES + 1.
void endpoint_host_name (char *out, const char *stage, const char *hostname);

#endif
