#include "common/io/endpoint.h"

#include <arpa/inet.h>
#include <assert.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#define IPC_PREFIX "ipc://"
#define TCP_PREFIX "tcp://"

//  Longest host in a tcp endpoint: a host name, or a numeric IPv6 address with a zone.
#define TCP_HOST_MAX 253

//  The generator polynomial of POSIX cksum (ISO/IEC 8802-3).
#define CKSUM_POLYNOMIAL UINT32_C (0x04c11db7)

//  A tcp endpoint in its parts.
typedef struct {
    char host[TCP_HOST_MAX + 1]; // without brackets
    int port;
} tcp_parts_t;

__attribute__ ((format (printf, 2, 3))) static endpoint_result_t
s_bad (char *why, const char *format, ...)
{
    va_list args;
    va_start (args, format);
    vsnprintf (why, ENDPOINT_WHY_SIZE, format, args);
    va_end (args);
    return ENDPOINT_BAD;
}

static uint32_t
s_cksum_byte (uint32_t crc, uint8_t byte)
{
    crc ^= (uint32_t) byte << 24;
    for (int bit = 0; bit < 8; bit++) {
        crc = (crc << 1) ^ (crc & UINT32_C (0x80000000) ? CKSUM_POLYNOMIAL : 0);
    }
    return crc;
}

uint32_t
endpoint_cksum (const void *bytes, size_t length)
{
    assert (bytes || length == 0);
    const uint8_t *at = bytes;
    uint32_t crc = 0;
    for (size_t i = 0; i < length; i++) {
        crc = s_cksum_byte (crc, at[i]);
    }
    for (size_t left = length; left > 0; left >>= 8) {
        crc = s_cksum_byte (crc, (uint8_t) left); //  As many bytes as the length needs
    }
    return ~crc;
}

void
endpoint_default (char *out, const char *real_path, const char *name)
{
    assert (out && real_path && name);
    uint32_t sum = endpoint_cksum (real_path, strlen (real_path));
    int length = snprintf (out, ENDPOINT_SIZE, IPC_PREFIX "@mayhem-%08x-%s", sum, name);
    assert (length > 0 && length <= ENDPOINT_IPC_MAX);
    (void) length;
}

bool
endpoint_is_tcp (const char *endpoint)
{
    assert (endpoint);
    return strncmp (endpoint, TCP_PREFIX, strlen (TCP_PREFIX)) == 0;
}

//  The port as a number; -1 when it is not one in 1..ENDPOINT_PORT_MAX.
static int
s_port (const char *text)
{
    size_t length = strspn (text, "0123456789");
    if (length == 0 || length > 5 || text[length]) {
        return -1;
    }
    long port = strtol (text, NULL, 10);
    return port >= 1 && port <= ENDPOINT_PORT_MAX ? (int) port : -1;
}

//  Split HOST:PORT or [HOST]:PORT.
static endpoint_result_t
s_split (tcp_parts_t *parts, const char *rest, char *why)
{
    const char *colon = strrchr (rest, ':');
    const char *host = rest;
    if (!colon) {
        return s_bad (why, "has no port");
    }
    const char *end = colon;
    if (host[0] == '[' && end > host && end[-1] == ']') {
        host++;
        end--;
    } else if (memchr (host, ':', (size_t) (end - host))) {
        return s_bad (why, "needs an IPv6 address in brackets");
    }
    size_t length = (size_t) (end - host);
    if (length == 0 || length > TCP_HOST_MAX || strcspn (host, "*;,/[] ") < length) {
        return s_bad (why, "needs the address that neighbours use, no wildcard");
    }
    memcpy (parts->host, host, length);
    parts->host[length] = '\0';
    parts->port = s_port (colon + 1);
    if (parts->port < 0) {
        return s_bad (why, "needs a port of 1 to %d", ENDPOINT_PORT_MAX);
    }
    return ENDPOINT_OK;
}

//  0.0.0.0 and [::] are an address to bind to, but not one that a neighbour can use.
static bool
s_is_any (const struct sockaddr *address)
{
    if (address->sa_family == AF_INET) {
        return ((const struct sockaddr_in *) address)->sin_addr.s_addr == htonl (INADDR_ANY);
    }
    return IN6_IS_ADDR_UNSPECIFIED (&((const struct sockaddr_in6 *) address)->sin6_addr);
}

//  The numeric form of an address.
static endpoint_result_t
s_numeric (char *out, const struct addrinfo *address, int port, char *why)
{
    char host[TCP_HOST_MAX + 1];
    if (s_is_any (address->ai_addr)) {
        return s_bad (why, "needs the address that neighbours use, no wildcard");
    }
    int rc = getnameinfo (address->ai_addr, address->ai_addrlen, host, sizeof host, NULL, 0,
                          NI_NUMERICHOST);
    if (rc != 0) {
        return s_bad (why, "%s", gai_strerror (rc));
    }
    bool v6 = address->ai_family == AF_INET6;
    int length = snprintf (out, ENDPOINT_SIZE, TCP_PREFIX "%s%s%s:%d", v6 ? "[" : "", host,
                           v6 ? "]" : "", port);
    return length < ENDPOINT_SIZE ? ENDPOINT_OK : s_bad (why, "has too long an address");
}

static endpoint_result_t
s_resolve_tcp (char *out, const char *rest, char *why)
{
    tcp_parts_t parts;
    endpoint_result_t result = s_split (&parts, rest, why);
    if (result != ENDPOINT_OK) {
        return result;
    }
    struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
    struct addrinfo *found = NULL;
    int rc = getaddrinfo (parts.host, NULL, &hints, &found);
    if (rc != 0) {
        s_bad (why, "has a host name that cannot be resolved: %s", gai_strerror (rc));
        return ENDPOINT_UNKNOWN;
    }
    //  IPv4 first, so that both ends of `localhost` choose the same.
    const struct addrinfo *best = found;
    while (best && best->ai_family != AF_INET) {
        best = best->ai_next;
    }
    best = best ? best : found;
    if (best->ai_family == AF_INET || best->ai_family == AF_INET6) {
        result = s_numeric (out, best, parts.port, why);
    } else {
        result = s_bad (why, "has no IP address");
    }
    freeaddrinfo (found);
    return result;
}

static endpoint_result_t
s_resolve_ipc (char *out, const char *text, char *why)
{
    const char *path = text + strlen (IPC_PREFIX);
    //  libzmq removes a path before it binds to it, so a second process would steal it in silence
    //  (libzmq issue 2059); an abstract name is taken or it is not.
    if (path[0] != '@' || !path[1]) {
        return s_bad (why, "needs ipc://@NAME, without a path");
    }
    if (strlen (text) > ENDPOINT_IPC_MAX) {
        return s_bad (why, "is longer than %d bytes", ENDPOINT_IPC_MAX);
    }
    snprintf (out, ENDPOINT_SIZE, "%s", text);
    return ENDPOINT_OK;
}

endpoint_result_t
endpoint_resolve (char *out, const char *text, char *why)
{
    assert (out && text && why);
    why[0] = out[0] = '\0';
    for (const char *c = text; *c; c++) {
        if (*c <= ' ' || *c > '~') {
            return s_bad (why, "has a character that is not allowed");
        }
    }
    if (endpoint_is_tcp (text)) {
        return s_resolve_tcp (out, text + strlen (TCP_PREFIX), why);
    }
    if (strncmp (text, IPC_PREFIX, strlen (IPC_PREFIX)) == 0) {
        return s_resolve_ipc (out, text, why);
    }
    return s_bad (why, "needs ipc://@NAME or tcp://ADDRESS:PORT");
}

void
endpoint_state (char *out, const char *endpoint)
{
    assert (out && endpoint);
    int length = 0;
    if (endpoint_is_tcp (endpoint)) {
        const char *colon = strrchr (endpoint, ':');
        int port = s_port (colon + 1);
        assert (port > 0);
        length =
            snprintf (out, ENDPOINT_SIZE, "%.*s:%d", (int) (colon - endpoint), endpoint, port + 1);
    } else {
        length = snprintf (out, ENDPOINT_SIZE, "%s.state", endpoint);
    }
    assert (length > 0 && length < ENDPOINT_SIZE);
    (void) length;
}

bool
endpoint_loopback (const char *endpoint)
{
    assert (endpoint);
    if (!endpoint_is_tcp (endpoint)) {
        return true;
    }
    tcp_parts_t parts;
    char why[ENDPOINT_WHY_SIZE];
    struct in_addr v4;
    struct in6_addr v6;
    if (s_split (&parts, endpoint + strlen (TCP_PREFIX), why) != ENDPOINT_OK) {
        return false;
    }
    if (inet_pton (AF_INET, parts.host, &v4) == 1) {
        return ntohl (v4.s_addr) >> 24 == IN_LOOPBACKNET;
    }
    if (inet_pton (AF_INET6, parts.host, &v6) == 1) {
        bool mapped = IN6_IS_ADDR_V4MAPPED (&v6) && v6.s6_addr[12] == IN_LOOPBACKNET;
        return IN6_IS_ADDR_LOOPBACK (&v6) || mapped;
    }
    return false;
}

void
endpoint_host_name (char *out, const char *stage, const char *hostname)
{
    assert (out && stage && hostname);
    size_t used = (size_t) snprintf (out, NAME_MAX_BYTES + 1, "%s-", stage);
    assert (used < NAME_MAX_BYTES);
    size_t start = used;
    for (const char *c = hostname; *c && *c != '.' && used < NAME_MAX_BYTES; c++) {
        bool lower = *c >= 'a' && *c <= 'z';
        bool upper = *c >= 'A' && *c <= 'Z';
        bool digit = *c >= '0' && *c <= '9';
        out[used++] = (char) (upper ? *c - 'A' + 'a' : lower || digit ? *c : '-');
    }
    if (used == start) {
        out[used++] = '1'; //  A host without a name
    }
    out[used] = '\0';
}
