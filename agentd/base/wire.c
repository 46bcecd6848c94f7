/* SPDX-License-Identifier: Apache-2.0 */
/* Packet framing over SOCK_SEQPACKET; owns no state. A malformed packet is reported, never half taken over. */
#include "base/wire.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/writer.h"

enum { SEALS = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE };

static enum error_code from_errno(int e)
{
    if (e == EAGAIN || e == EWOULDBLOCK || e == ENOBUFS)
        return ERROR_BUSY;
    return e == EPIPE || e == ECONNRESET || e == ENOTCONN ? ERROR_PEER_LOST : ERROR_IO;
}

static int memfd_with(struct slice body)
{
    int fd = memfd_create("body", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (fd < 0)
        return -1;
    for (size_t done = 0; done < body.len;) {
        ssize_t n = write(fd, &body.data[done], body.len - done);
        if (n <= 0) {
            close(fd);
            return -1;
        }
        done += (size_t)n;
    }
    if (fcntl(fd, F_ADD_SEALS, SEALS) < 0) {
        close(fd);
        return -1;
    }
    return fd;
}

static enum error_code send_octets(int sock, struct slice octets, int fd)
{
    union {
        struct cmsghdr align;
        char space[CMSG_SPACE(sizeof(int))];
    } control = { 0 };
    struct iovec iov = { .iov_base = (void *)(uintptr_t)octets.data, .iov_len = octets.len };
    struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };
    if (fd >= 0) {
        msg.msg_control = control.space;
        msg.msg_controllen = sizeof control.space;
        struct cmsghdr *c = CMSG_FIRSTHDR(&msg);
        c->cmsg_level = SOL_SOCKET;
        c->cmsg_type = SCM_RIGHTS;
        c->cmsg_len = CMSG_LEN(sizeof fd);
        memcpy(CMSG_DATA(c), &fd, sizeof fd);
    }
    return sendmsg(sock, &msg, MSG_NOSIGNAL) < 0 ? from_errno(errno) : ERROR_NONE;
}

enum error_code wire_send(int sock, const struct wire_packet *packet)
{
    uint8_t octets[WIRE_HEADER + WIRE_INLINE];
    struct writer w = writer_make(octets, sizeof octets);
    if (packet->body.len > WIRE_MAX)
        return ERROR_TOO_LARGE;
    bool large = packet->body.len > WIRE_INLINE;
    if (large && packet->fd >= 0)
        return ERROR_INVALID; /* one descriptor a packet */
    writer_u32(&w, packet->seq);
    writer_u16(&w, packet->op);
    writer_u16(&w, packet->status);
    writer_u32(&w, (uint32_t)packet->body.len);
    if (!large)
        writer_put(&w, packet->body.data, packet->body.len);
    int fd = large ? memfd_with(packet->body) : packet->fd;
    if (large && fd < 0)
        return ERROR_IO;
    enum error_code rc = send_octets(sock, writer_slice(&w), fd);
    if (large)
        close(fd);
    explicit_bzero(octets, w.len); /* bodies may be secrets */
    return rc;
}

static int take_fd(struct msghdr *msg)
{
    int first = -1;
    for (struct cmsghdr *c = CMSG_FIRSTHDR(msg); c; c = CMSG_NXTHDR(msg, c)) {
        if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
            continue;
        size_t n = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
        for (size_t i = 0; i < n; i++) {
            int fd;
            memcpy(&fd, &((int *)(void *)CMSG_DATA(c))[i], sizeof fd);
            if (first < 0)
                first = fd;
            else
                close(fd);
        }
    }
    return first;
}

/* The sealed memfd of a large body; read positioned, so that the sender's offset does not matter. */
static bool read_memfd(int fd, uint8_t *out, size_t len)
{
    int seals = fcntl(fd, F_GET_SEALS);
    struct stat st;
    if (seals < 0 || (seals & SEALS) != SEALS || fstat(fd, &st) < 0 || (size_t)st.st_size != len)
        return false;
    for (size_t done = 0; done < len;) {
        ssize_t n = pread(fd, &out[done], len - done, (off_t)done);
        if (n <= 0)
            return false;
        done += (size_t)n;
    }
    return true;
}

static enum error_code parse_packet(uint8_t *buf, size_t cap, size_t got, struct wire_packet *p)
{
    struct reader r = reader_make(buf, got);
    p->seq = reader_u32(&r);
    p->op = reader_u16(&r);
    p->status = reader_u16(&r);
    size_t len = reader_u32(&r);
    if (r.failed || len > cap)
        return ERROR_MALFORMED;
    if (len <= WIRE_INLINE) {
        p->body = reader_take(&r, len);
        return reader_done(&r) ? ERROR_NONE : ERROR_MALFORMED;
    }
    if (!reader_done(&r) || p->fd < 0 || !read_memfd(p->fd, buf, len))
        return ERROR_MALFORMED;
    close(p->fd);
    p->fd = -1;
    p->body = (struct slice){ buf, len };
    return ERROR_NONE;
}

enum error_code wire_receive(int sock, void *buf, size_t cap, struct wire_packet *packet)
{
    union {
        struct cmsghdr align;
        char space[CMSG_SPACE(4 * sizeof(int))];
    } control;
    struct iovec iov = { .iov_base = buf, .iov_len = cap };
    struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = control.space, .msg_controllen = sizeof control.space };
    *packet = (struct wire_packet){ .fd = -1 };
    ssize_t got = recvmsg(sock, &msg, MSG_CMSG_CLOEXEC);
    if (got < 0)
        return from_errno(errno);
    packet->fd = take_fd(&msg);
    enum error_code rc = ERROR_PEER_LOST; /* an empty packet looks like the end, but may carry a descriptor */
    if (got > 0)
        rc = msg.msg_flags & (MSG_TRUNC | MSG_CTRUNC) ? ERROR_MALFORMED : parse_packet(buf, cap, (size_t)got, packet);
    if (rc && packet->fd >= 0) {
        close(packet->fd);
        packet->fd = -1;
    }
    return rc;
}

static bool address_of(const char *path, struct sockaddr_un *addr, socklen_t *len)
{
    size_t n = strlen(path);
    *addr = (struct sockaddr_un){ .sun_family = AF_UNIX };
    if (n == 0 || n >= sizeof addr->sun_path) {
        errno = ENAMETOOLONG;
        return false;
    }
    memcpy(addr->sun_path, path, n);
    if (path[0] == '@')
        addr->sun_path[0] = '\0';
    *len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n + (path[0] != '@'));
    return true;
}

static int seqpacket(void)
{
    return socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
}

int wire_connect(const char *path)
{
    struct sockaddr_un addr;
    socklen_t len;
    int fd = address_of(path, &addr, &len) ? seqpacket() : -1;
    if (fd < 0 || connect(fd, (struct sockaddr *)&addr, len) == 0)
        return fd;
    int e = errno;
    close(fd);
    errno = e;
    return -1;
}

int wire_listen(const char *path, mode_t mode)
{
    struct sockaddr_un addr;
    socklen_t len;
    int fd = address_of(path, &addr, &len) ? seqpacket() : -1;
    if (fd < 0)
        return -1;
    if (path[0] != '@')
        (void)unlink(path);
    bool ok = bind(fd, (struct sockaddr *)&addr, len) == 0 && (path[0] == '@' || chmod(path, mode) == 0) && listen(fd, 4) == 0;
    if (ok)
        return fd;
    int e = errno;
    close(fd);
    errno = e;
    return -1;
}

uid_t wire_peer_uid(int sock)
{
    struct ucred cred;
    socklen_t len = sizeof cred;
    return getsockopt(sock, SOL_SOCKET, SO_PEERCRED, &cred, &len) == 0 ? cred.uid : (uid_t)-1;
}
