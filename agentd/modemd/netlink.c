/* SPDX-License-Identifier: Apache-2.0 */
/* libmnl, one request at a time. The kernel answers before send returns, so nothing here waits for anybody outside. */
#include "modemd/netlink.h"

#include <errno.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <string.h>

enum { MATCHES_MAX = 256, MATCH_LEN = 1024 };

struct walk {
    bool (*match)(const struct nlmsghdr *h, void *user);
    void *user;
    int count;
    char (*kept)[MATCH_LEN];
};

bool netlink_open(struct netlink *n)
{
    *n = (struct netlink){ .socket = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC) };
    if (!n->socket)
        return false;
    if (mnl_socket_bind(n->socket, 0, MNL_SOCKET_AUTOPID) < 0) {
        netlink_close(n);
        return false;
    }
    n->port = mnl_socket_get_portid(n->socket);
    return true;
}

void netlink_close(struct netlink *n)
{
    if (n->socket)
        mnl_socket_close(n->socket);
    n->socket = NULL;
}

struct nlmsghdr *netlink_request(struct netlink *n, uint16_t type, uint16_t flags, size_t size, void **extra)
{
    memset(n->out, 0, sizeof n->out);
    struct nlmsghdr *h = mnl_nlmsg_put_header(n->out);
    h->nlmsg_type = type;
    h->nlmsg_flags = (uint16_t)(NLM_F_REQUEST | NLM_F_ACK | flags);
    *extra = mnl_nlmsg_put_extra_header(h, size);
    return h;
}

/* Answers to h until its end; cb may be NULL. 0 or an errno value. */
static int exchange(struct netlink *n, struct nlmsghdr *h, mnl_cb_t cb, void *data)
{
    char in[32 * 1024];
    h->nlmsg_seq = ++n->seq;
    if (mnl_socket_sendto(n->socket, h, h->nlmsg_len) < 0)
        return errno;
    for (;;) {
        ssize_t got = mnl_socket_recvfrom(n->socket, in, sizeof in);
        if (got < 0)
            return errno;
        int rc = mnl_cb_run(in, (size_t)got, h->nlmsg_seq, n->port, cb, data);
        if (rc < 0)
            return errno;
        if (rc == MNL_CB_STOP)
            return 0;
    }
}

int netlink_send(struct netlink *n, struct nlmsghdr *request)
{
    return exchange(n, request, NULL, NULL);
}

static int on_object(const struct nlmsghdr *h, void *data)
{
    struct walk *w = data;
    if (w->count < MATCHES_MAX && h->nlmsg_len <= MATCH_LEN && w->match(h, w->user))
        memcpy(w->kept[w->count++], h, h->nlmsg_len);
    return MNL_CB_OK;
}

int netlink_each(struct netlink *n, uint16_t type, uint8_t family, bool (*match)(const struct nlmsghdr *h, void *user),
                 void (*fn)(struct netlink *n, struct nlmsghdr *h), void *user)
{
    struct walk w = { .match = match, .user = user, .kept = calloc(MATCHES_MAX, MATCH_LEN) };
    if (!w.kept) {
        errno = ENOMEM;
        return -1;
    }
    void *extra;
    struct nlmsghdr *h = netlink_request(n, type, NLM_F_DUMP, sizeof(struct rtmsg), &extra); /* the largest family header in use */
    *(uint8_t *)extra = family; /* every family header begins with it */
    int rc = exchange(n, h, on_object, &w);
    for (int i = 0; !rc && i < w.count; i++)
        fn(n, (struct nlmsghdr *)(void *)w.kept[i]);
    free(w.kept);
    errno = rc;
    return rc ? -1 : w.count;
}
