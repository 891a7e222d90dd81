#include "common/io/guard_wire.h"

#include <assert.h>
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#define FDS_BYTES (2 * sizeof (int))

//  Room for two descriptors, aligned as the kernel wants it.
typedef union {
    struct cmsghdr header;
    char bytes[CMSG_SPACE (FDS_BYTES)];
} control_t;

static void
s_attach (struct msghdr *message, control_t *control, const int *fds)
{
    memset (control, 0, sizeof *control);
    message->msg_control = control->bytes;
    message->msg_controllen = sizeof control->bytes;
    struct cmsghdr *head = CMSG_FIRSTHDR (message);
    head->cmsg_level = SOL_SOCKET;
    head->cmsg_type = SCM_RIGHTS;
    head->cmsg_len = CMSG_LEN (FDS_BYTES);
    memcpy (CMSG_DATA (head), fds, FDS_BYTES);
}

int
guard_wire_send_request (int socket, const guard_request_t *request, const char *argv,
                         const char *env, const int *fds)
{
    assert (request->argv_length + request->env_length <= GUARD_BYTES_MAX);
    struct iovec parts[] = {{(void *) request, sizeof *request},
                            {(void *) argv, request->argv_length},
                            {(void *) env, request->env_length}};
    struct msghdr message = {.msg_iov = parts, .msg_iovlen = 3};
    control_t control;
    if (fds) {
        s_attach (&message, &control, fds);
    }
    return sendmsg (socket, &message, MSG_DONTWAIT | MSG_NOSIGNAL) < 0 ? -1 : 0;
}

int
guard_wire_send_report (int socket, const guard_report_t *report)
{
    return send (socket, report, sizeof *report, MSG_DONTWAIT | MSG_NOSIGNAL) < 0 ? -1 : 0;
}

//  What recv said: 1 a datagram, 0 the peer is gone, -1 nothing now.
static int
s_outcome (ssize_t got)
{
    if (got < 0) {
        return errno == EAGAIN || errno == EINTR ? -1 : 0;
    }
    return got > 0;
}

static void
s_detach (struct msghdr *message, int fds[2])
{
    struct cmsghdr *head = CMSG_FIRSTHDR (message);
    if (head && head->cmsg_type == SCM_RIGHTS && head->cmsg_len == CMSG_LEN (FDS_BYTES)) {
        memcpy (fds, CMSG_DATA (head), FDS_BYTES);
    }
}

static bool
s_whole (const guard_request_t *request, ssize_t got, const struct msghdr *message)
{
    size_t words = (size_t) request->argv_length + request->env_length;
    return !(message->msg_flags & (MSG_TRUNC | MSG_CTRUNC)) && words <= GUARD_BYTES_MAX &&
           (size_t) got == sizeof *request + words;
}

int
guard_wire_get_request (int socket, guard_request_t *request, char *bytes, int fds[2])
{
    struct iovec parts[] = {{request, sizeof *request}, {bytes, GUARD_BYTES_MAX}};
    control_t control;
    struct msghdr message = {.msg_iov = parts,
                             .msg_iovlen = 2,
                             .msg_control = control.bytes,
                             .msg_controllen = sizeof control.bytes};
    memset (request, 0, sizeof *request);
    fds[0] = fds[1] = -1;
    ssize_t got = recvmsg (socket, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
    int outcome = s_outcome (got);
    if (outcome == 1) {
        s_detach (&message, fds);
        if (!s_whole (request, got, &message)) {
            request->kind = 0;
        }
    }
    return outcome;
}

//  A peer that died with requests unread leaves ECONNRESET before its last reports: ask again.
int
guard_wire_get_report (int socket, guard_report_t *report)
{
    ssize_t got = recv (socket, report, sizeof *report, MSG_DONTWAIT);
    if (got < 0 && errno == ECONNRESET) {
        got = recv (socket, report, sizeof *report, MSG_DONTWAIT);
    }
    assert (got <= 0 || got == sizeof *report);
    return s_outcome (got);
}

int
guard_wire_words (char *bytes, size_t length, size_t count, char **words)
{
    if (count > GUARD_WORDS_MAX) {
        return -1;
    }
    char *at = bytes;
    for (size_t i = 0; i < count; i++) {
        char *end = memchr (at, 0, (size_t) (bytes + length - at));
        if (!end) {
            return -1;
        }
        words[i] = at;
        at = end + 1;
    }
    words[count] = NULL;
    return at == bytes + length ? 0 : -1;
}
