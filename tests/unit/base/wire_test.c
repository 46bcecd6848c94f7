/* SPDX-License-Identifier: Apache-2.0 */
/* Packets over a socket pair: small and large bodies, descriptors, and what is no packet. No descriptor may be left over. */
#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/wire.h"

static uint8_t buffer[WIRE_MAX];

static size_t open_descriptors(void)
{
    size_t n = 0;
    for (int fd = 0; fd < 256; fd++)
        n += fcntl(fd, F_GETFD) >= 0;
    return n;
}

struct pair {
    int a, b;
    size_t before;
};

static struct pair pair_new(void)
{
    int s[2];
    size_t before = open_descriptors();
    g_assert_cmpint(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, s), ==, 0);
    return (struct pair){ s[0], s[1], before };
}

static void pair_end(struct pair p)
{
    close(p.a);
    close(p.b);
    g_assert_cmpuint(open_descriptors(), ==, p.before);
}

static void bodies_of_every_size(void)
{
    static const size_t sizes[] = { 0, 1, WIRE_INLINE - 1, WIRE_INLINE, WIRE_INLINE + 1, WIRE_MAX };
    struct pair p = pair_new();
    g_autofree uint8_t *body = g_malloc(WIRE_MAX);
    for (size_t i = 0; i < WIRE_MAX; i++)
        body[i] = (uint8_t)(i * 7 + i / 256);
    for (size_t i = 0; i < G_N_ELEMENTS(sizes); i++) {
        struct wire_packet out = { .seq = 0x01020304, .op = 5, .status = ERROR_BUSY, .fd = -1, .body = { body, sizes[i] } }, in;
        g_assert_cmpint(wire_send(p.a, &out), ==, ERROR_NONE);
        g_assert_cmpint(wire_receive(p.b, buffer, sizeof buffer, &in), ==, ERROR_NONE);
        g_assert_true(in.seq == out.seq && in.op == 5 && in.status == ERROR_BUSY && in.fd == -1);
        g_assert_true(slice_equal(in.body, out.body));
    }
    struct wire_packet out = { .fd = -1, .body = { body, WIRE_MAX + 1 } };
    g_assert_cmpint(wire_send(p.a, &out), ==, ERROR_TOO_LARGE);
    pair_end(p);
}

static void a_descriptor_travels(void)
{
    struct pair p = pair_new();
    int pipes[2];
    g_assert_cmpint(pipe2(pipes, O_CLOEXEC), ==, 0);
    struct wire_packet out = { .seq = 1, .fd = pipes[0] }, in;
    g_assert_cmpint(wire_send(p.a, &out), ==, ERROR_NONE);
    g_assert_cmpint(wire_receive(p.b, buffer, sizeof buffer, &in), ==, ERROR_NONE);
    g_assert_cmpint(in.fd, >=, 0);
    g_assert_true(fcntl(in.fd, F_GETFD) & FD_CLOEXEC);
    char c = 0;
    g_assert_cmpint(write(pipes[1], "x", 1), ==, 1);
    g_assert_cmpint(read(in.fd, &c, 1), ==, 1);
    static uint8_t large[WIRE_INLINE + 1];
    out.body = (struct slice){ large, sizeof large };
    g_assert_cmpint(wire_send(p.a, &out), ==, ERROR_INVALID); /* one descriptor a packet */
    close(in.fd);
    close(pipes[0]);
    close(pipes[1]);
    pair_end(p);
}

static void ends(void)
{
    struct pair p = pair_new();
    struct wire_packet in, out = { .fd = -1 };
    g_assert_cmpint(wire_receive(p.b, buffer, sizeof buffer, &in), ==, ERROR_BUSY);
    enum error_code rc = ERROR_NONE;
    for (int i = 0; i < 100000 && rc == ERROR_NONE; i++)
        rc = wire_send(p.a, &out);
    g_assert_cmpint(rc, ==, ERROR_BUSY);
    close(p.a);
    while ((rc = wire_receive(p.b, buffer, sizeof buffer, &in)) == ERROR_NONE)
        ;
    g_assert_cmpint(rc, ==, ERROR_PEER_LOST);
    g_assert_cmpint(wire_send(p.b, &out), ==, ERROR_PEER_LOST);
    close(p.b);
    g_assert_cmpuint(open_descriptors(), ==, p.before);
}

/* Sends octets as they are, with up to four descriptors. */
static void send_raw(int sock, const void *data, size_t len, const int *fds, size_t count)
{
    union {
        struct cmsghdr align;
        char space[CMSG_SPACE(8 * sizeof(int))];
    } control = { 0 };
    struct iovec iov = { .iov_base = (void *)(uintptr_t)data, .iov_len = len };
    struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };
    if (count) {
        msg.msg_control = control.space;
        msg.msg_controllen = CMSG_SPACE(count * sizeof(int));
        struct cmsghdr *c = CMSG_FIRSTHDR(&msg);
        *c = (struct cmsghdr){ .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS, .cmsg_len = CMSG_LEN(count * sizeof(int)) };
        memcpy(CMSG_DATA(c), fds, count * sizeof(int));
    }
    g_assert_cmpint(sendmsg(sock, &msg, 0), ==, (ssize_t)len);
}

static int memfd(size_t len, unsigned seals)
{
    int fd = memfd_create("t", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    g_assert_cmpint(ftruncate(fd, (off_t)len), ==, 0);
    g_assert_cmpint(fcntl(fd, F_ADD_SEALS, seals), ==, 0);
    return fd;
}

enum { ALL_SEALS = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE };

static const uint8_t large_header[WIRE_HEADER] = { 0, 0, 0, 1, 0, 1, 0, 0, 0, 0, 0x40, 0x01 }; /* 16385 octets */

static void expect(enum error_code rc, const void *data, size_t len, const int *fds, size_t count)
{
    struct pair p = pair_new();
    struct wire_packet in;
    send_raw(p.a, data, len, fds, count);
    g_assert_cmpint(wire_receive(p.b, buffer, sizeof buffer, &in), ==, rc);
    g_assert_cmpint(in.fd, ==, -1);
    pair_end(p);
}

static void what_is_no_packet(void)
{
    static const uint8_t header[WIRE_HEADER + 2] = { 0, 0, 0, 1, 0, 1, 0, 0, 0, 0, 0, 1, 9, 9 };
    static const uint8_t huge[WIRE_HEADER] = { 0, 0, 0, 1, 0, 1, 0, 0, 0xff, 0xff, 0xff, 0xff };
    static uint8_t longest[WIRE_MAX + 1];
    expect(ERROR_NONE, header, WIRE_HEADER + 1, NULL, 0);
    expect(ERROR_MALFORMED, header, WIRE_HEADER - 1, NULL, 0);
    expect(ERROR_MALFORMED, header, WIRE_HEADER, NULL, 0);
    expect(ERROR_MALFORMED, header, WIRE_HEADER + 2, NULL, 0);
    expect(ERROR_MALFORMED, huge, sizeof huge, NULL, 0);
    expect(ERROR_MALFORMED, longest, sizeof longest, NULL, 0);
    expect(ERROR_MALFORMED, large_header, WIRE_HEADER, NULL, 0); /* no memfd */
}

static void what_is_no_body(void)
{
    static const struct {
        size_t len;
        unsigned seals;
        enum error_code rc;
    } rows[] = {
        { 16385, ALL_SEALS, ERROR_NONE },          { 16384, ALL_SEALS, ERROR_MALFORMED },
        { 16386, ALL_SEALS, ERROR_MALFORMED },     { 16385, F_SEAL_SHRINK | F_SEAL_GROW, ERROR_MALFORMED },
        { 16385, 0, ERROR_MALFORMED },
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        int fd = memfd(rows[i].len, rows[i].seals);
        expect(rows[i].rc, large_header, WIRE_HEADER, &fd, 1);
        close(fd);
    }
    int pipes[2];
    g_assert_cmpint(pipe(pipes), ==, 0);
    expect(ERROR_MALFORMED, large_header, WIRE_HEADER, &pipes[0], 1);
    close(pipes[0]);
    close(pipes[1]);
}

/* Descriptors that nobody asked for are closed: with a bad packet, with an empty one, several at a time. */
static void descriptors_are_not_kept(void)
{
    static const uint8_t bad[WIRE_HEADER + 1] = { 0 };
    int fds[6];
    for (size_t i = 0; i < G_N_ELEMENTS(fds); i++)
        fds[i] = dup(0);
    expect(ERROR_MALFORMED, bad, sizeof bad, fds, 4);
    expect(ERROR_MALFORMED, bad, sizeof bad, fds, 6);
    expect(ERROR_PEER_LOST, bad, 0, fds, 1);
    for (size_t i = 0; i < G_N_ELEMENTS(fds); i++)
        close(fds[i]);
}

static void paths(void)
{
    g_autofree char *longest = g_strnfill(108, 'p');
    g_assert_cmpint(wire_connect(longest), ==, -1);
    g_assert_cmpint(errno, ==, ENAMETOOLONG);
    g_assert_cmpint(wire_connect(""), ==, -1);
    g_autofree char *dir = g_dir_make_tmp("wire-XXXXXX", NULL);
    g_autofree char *path = g_build_filename(dir, "sock", NULL);
    g_assert_cmpint(wire_connect(path), ==, -1);
    for (int i = 0; i < 2; i++) { /* the file of a dead server is replaced */
        int server = wire_listen(path, 0600), client = wire_connect(path);
        g_assert_true(server >= 0 && client >= 0);
        int peer = accept(server, NULL, NULL);
        g_assert_cmpuint(wire_peer_uid(peer), ==, getuid());
        close(peer);
        close(client);
        close(server);
    }
    unlink(path);
    rmdir(dir);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/wire/bodies of every size", bodies_of_every_size);
    g_test_add_func("/wire/a descriptor travels", a_descriptor_travels);
    g_test_add_func("/wire/ends", ends);
    g_test_add_func("/wire/what is no packet", what_is_no_packet);
    g_test_add_func("/wire/what is no body", what_is_no_body);
    g_test_add_func("/wire/descriptors are not kept", descriptors_are_not_kept);
    g_test_add_func("/wire/paths", paths);
    return g_test_run();
}
