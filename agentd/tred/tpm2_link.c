/* SPDX-License-Identifier: Apache-2.0 */
/* The way to the TPM (TCG TCTI 1.0): one descriptor, opened before the sandbox closes and kept. The socket TCTI of tpm2-tss connects anew for each command,
 * which the sandbox refuses. Promises an end within a bounded time; must never hand on an answer that is shorter than its header says. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/reader.h"
#include "tred/tpm2.h"

enum { HEADER = 10, ANSWER_MAX = 4096, WAIT_MS = 60 * 1000 }; /* a TPM may work half a minute on an RSA key */

static const uint64_t MAGIC = 0x6761746c696e6b31;

struct link {
    TSS2_TCTI_CONTEXT_COMMON_V1 common; /* first: what the library sees */
    int fd;
    uint8_t answer[ANSWER_MAX];
    size_t len;
};

static struct link *link_of(TSS2_TCTI_CONTEXT *c)
{
    struct link *l = (struct link *)c;
    return l && l->common.magic == MAGIC ? l : NULL;
}

static bool wait_for(const struct link *l, short events)
{
    struct pollfd p = { .fd = l->fd, .events = events };
    int n;
    do
        n = poll(&p, 1, WAIT_MS);
    while (n < 0 && errno == EINTR);
    return n == 1 && (p.revents & events);
}

static TSS2_RC link_transmit(TSS2_TCTI_CONTEXT *c, size_t size, const uint8_t *command)
{
    struct link *l = link_of(c);
    if (!l || !command)
        return TSS2_TCTI_RC_BAD_REFERENCE;
    l->len = 0;
    ssize_t n = wait_for(l, POLLOUT) ? write(l->fd, command, size) : -1; /* a device takes a command in one piece */
    return n == (ssize_t)size ? TSS2_RC_SUCCESS : TSS2_TCTI_RC_IO_ERROR;
}

/* Length of the answer by its header (TPM 2.0 part 3, section 5); 0 while the header is not there. */
static size_t announced(const struct link *l)
{
    struct reader r = reader_make(l->answer, l->len);
    (void)reader_u16(&r);
    uint32_t size = reader_u32(&r);
    return l->len < HEADER ? 0 : size;
}

static bool fill(struct link *l)
{
    while (!announced(l) || l->len < announced(l)) {
        ssize_t n = wait_for(l, POLLIN) ? read(l->fd, &l->answer[l->len], sizeof l->answer - l->len) : -1;
        if (n <= 0)
            return false;
        l->len += (size_t)n;
    }
    return l->len == announced(l);
}

static TSS2_RC link_receive(TSS2_TCTI_CONTEXT *c, size_t *size, uint8_t *response, int32_t timeout)
{
    struct link *l = link_of(c);
    (void)timeout; /* the library asks without one */
    if (!l || !size)
        return TSS2_TCTI_RC_BAD_REFERENCE;
    if (!l->len && !fill(l)) {
        l->len = 0;
        return TSS2_TCTI_RC_IO_ERROR;
    }
    size_t room = *size;
    *size = l->len;
    if (!response)
        return TSS2_RC_SUCCESS;
    if (room < l->len)
        return TSS2_TCTI_RC_INSUFFICIENT_BUFFER;
    memcpy(response, l->answer, l->len);
    secret_zero(l->answer, l->len);
    l->len = 0;
    return TSS2_RC_SUCCESS;
}

static void link_finalize(TSS2_TCTI_CONTEXT *c)
{
    struct link *l = link_of(c);
    if (l)
        close(l->fd);
}

static TSS2_RC link_cancel(TSS2_TCTI_CONTEXT *c)
{
    (void)c;
    return TSS2_TCTI_RC_NOT_SUPPORTED;
}

static TSS2_RC link_poll_handles(TSS2_TCTI_CONTEXT *c, TSS2_TCTI_POLL_HANDLE *handles, size_t *count)
{
    (void)c;
    (void)handles;
    (void)count;
    return TSS2_TCTI_RC_NOT_SUPPORTED;
}

static TSS2_RC link_locality(TSS2_TCTI_CONTEXT *c, uint8_t locality)
{
    (void)c;
    return locality == 0 ? TSS2_RC_SUCCESS : TSS2_TCTI_RC_NOT_SUPPORTED;
}

static int path_open(const char *path)
{
    struct stat st;
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    if (stat(path, &st) != 0)
        return -1;
    if (!S_ISSOCK(st.st_mode))
        return open(path, O_RDWR | O_CLOEXEC | O_NONBLOCK);
    if (snprintf(address.sun_path, sizeof address.sun_path, "%s", path) >= (int)sizeof address.sun_path) {
        errno = ENAMETOOLONG;
        return -1;
    }
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd >= 0 && connect(fd, (const struct sockaddr *)&address, sizeof address) != 0) {
        int why = errno;
        close(fd);
        errno = why;
        return -1;
    }
    return fd;
}

TSS2_TCTI_CONTEXT *tpm2_link_open(const char *path)
{
    int fd = path_open(path);
    struct link *l = fd >= 0 ? calloc(1, sizeof *l) : NULL;
    if (!l) {
        if (fd >= 0)
            close(fd);
        return NULL;
    }
    *l = (struct link){ .common = { .magic = MAGIC, .version = 1, .transmit = link_transmit, .receive = link_receive, .finalize = link_finalize,
                                    .cancel = link_cancel, .getPollHandles = link_poll_handles, .setLocality = link_locality },
                        .fd = fd };
    return (TSS2_TCTI_CONTEXT *)l;
}
