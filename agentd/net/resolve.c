/* SPDX-License-Identifier: Apache-2.0 */
/* Names to addresses by c-ares on the loop. A bound lease is asked through its own name servers from its own addresses, and the hosts file of the
 * gateway plays no part; an unbound lease uses the system's configuration. Over a limited lease no other host has an address, and its own have those that its
 * bearer leads to. Promises one call of the result function, from the loop. */
#include <arpa/inet.h>
#include <ares.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model/reach.h"
#include "net/https.h"

enum { SOCKETS = 16, ADDRESSES = 8, QUERY_TIMEOUT_MS = 2500, QUERY_TRIES = 3, BOUND_TRIES = 6, REFUSED_WAIT_MS = 500 };

struct resolve {
    const struct loop *loop;
    resolve_fn *fn;
    void *user;
    ares_channel channel;
    bool channel_open;
    bool done;           /* result is known, `finish` is on its way */
    enum error_code status;
    char text[160];
    char host[256];
    bool bound;
    int family;       /* AF_ of the addresses that are wanted */
    unsigned tries;   /* how often the name servers of a bound lease were asked in vain */
    struct ip_address addresses[ADDRESSES];
    size_t count;
    struct {
        int fd;
        uint64_t id;
    } sockets[SOCKETS];
    uint64_t timer;
    uint64_t again;
    uint64_t finish;
};

static void drive(struct resolve *r);

static void resolve_free(struct resolve *r)
{
    r->done = true; /* ares_destroy calls on_answer */
    if (r->channel_open)
        ares_destroy(r->channel);
    for (size_t i = 0; i < SOCKETS; i++)
        loop_cancel(r->loop, &r->sockets[i].id);
    loop_cancel(r->loop, &r->timer);
    loop_cancel(r->loop, &r->again);
    loop_cancel(r->loop, &r->finish);
    free(r);
}

static void on_finish(void *user)
{
    struct resolve *r = user;
    r->finish = 0;
    resolve_fn *fn = r->fn;
    fn(r->user, r->status, r->text, r->addresses, r->count);
    resolve_free(r);
}

/* The result goes out from the next iteration of the loop: never from inside c-ares. */
static void finish(struct resolve *r, enum error_code status, const char *reason)
{
    if (r->done)
        return;
    r->done = true;
    r->status = status;
    if (status)
        (void)snprintf(r->text, sizeof r->text, "name %.80s: %.60s", r->host, reason);
    r->finish = loop_timer(r->loop, 0, on_finish, r);
}

static void on_socket(void *user, int fd, bool readable, bool writable)
{
    struct resolve *r = user;
    ares_process_fd(r->channel, readable ? fd : ARES_SOCKET_BAD, writable ? fd : ARES_SOCKET_BAD);
    drive(r);
}

static void on_timer(void *user)
{
    struct resolve *r = user;
    r->timer = 0;
    ares_process_fd(r->channel, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
    drive(r);
}

/* c-ares: watch this socket so from now on. */
static void on_interest(void *user, ares_socket_t fd, int readable, int writable)
{
    struct resolve *r = user;
    size_t at = SOCKETS;
    for (size_t i = 0; i < SOCKETS; i++)
        if (r->sockets[i].id && r->sockets[i].fd == fd)
            at = i;
    for (size_t i = 0; i < SOCKETS && at == SOCKETS; i++)
        if (!r->sockets[i].id)
            at = i;
    if (at == SOCKETS)
        return; /* more servers than any lease has; the query times out */
    loop_cancel(r->loop, &r->sockets[at].id);
    r->sockets[at].fd = fd;
    if (readable || writable)
        r->sockets[at].id = loop_fd(r->loop, fd, readable != 0, writable != 0, on_socket, r);
}

static void drive(struct resolve *r)
{
    struct timeval tv;
    loop_cancel(r->loop, &r->timer);
    if (!r->done && ares_timeout(r->channel, NULL, &tv))
        r->timer = loop_timer(r->loop, (uint64_t)tv.tv_sec * 1000 + (uint64_t)tv.tv_usec / 1000 + 1, on_timer, r);
}

static void add_address(struct resolve *r, const struct ares_addrinfo_node *node)
{
    struct ip_address *a = &r->addresses[r->count];
    if (r->count == ADDRESSES)
        return;
    if (node->ai_family == AF_INET) {
        struct sockaddr_in in;
        memcpy(&in, node->ai_addr, sizeof in);
        *a = (struct ip_address){ .family = 4, .prefix = 32 };
        memcpy(a->octets, &in.sin_addr, 4);
    } else if (node->ai_family == AF_INET6) {
        struct sockaddr_in6 in6;
        memcpy(&in6, node->ai_addr, sizeof in6);
        *a = (struct ip_address){ .family = 6, .prefix = 128 };
        memcpy(a->octets, &in6.sin6_addr, 16);
    } else {
        return;
    }
    r->count++;
}

static void ask_again(void *user);

/* Name servers of a bearer that refuse may be starting, and a bearer is not given up for that. c-ares would ask such a one as often as it may within a millisecond: so it asks each
 * once, and is asked again here. */
static bool may_ask_again(struct resolve *r, int status)
{
    return !r->done && r->bound && (status == ARES_ECONNREFUSED || status == ARES_ETIMEOUT) && ++r->tries < BOUND_TRIES;
}

static void on_answer(void *user, int status, int timeouts, struct ares_addrinfo *info)
{
    struct resolve *r = user;
    (void)timeouts;
    if (may_ask_again(r, status)) {
        r->again = loop_timer(r->loop, status == ARES_ECONNREFUSED ? REFUSED_WAIT_MS : 0, ask_again, r);
        return;
    }
    if (!r->done && status == ARES_SUCCESS)
        for (const struct ares_addrinfo_node *n = info->nodes; n; n = n->ai_next)
            add_address(r, n);
    if (r->count)
        finish(r, ERROR_NONE, "");
    else
        finish(r, ERROR_NAME_LOOKUP, status == ARES_SUCCESS ? "no addresses" : ares_strerror(status));
    if (info)
        ares_freeaddrinfo(info);
}

static bool use_lease_servers(struct resolve *r, const struct lease *lease)
{
    struct ares_addr_node nodes[LEASE_DNS];
    size_t n = 0;
    memset(nodes, 0, sizeof nodes);
    for (size_t i = 0; i < lease->dns_count && i < LEASE_DNS; i++) {
        const struct ip_address *dns = &lease->dns[i];
        if (!dns->family || !lease_address(lease, dns->family))
            continue; /* no source address to ask from */
        nodes[n].family = dns->family == 4 ? AF_INET : AF_INET6;
        memcpy(&nodes[n].addr, dns->octets, dns->family == 4 ? 4 : 16);
        if (n)
            nodes[n - 1].next = &nodes[n];
        n++;
    }
    if (n == 0)
        return false;
    const struct ip_address *a4 = lease_address(lease, 4), *a6 = lease_address(lease, 6);
    if (a4)
        ares_set_local_ip4(r->channel, (unsigned)a4->octets[0] << 24 | (unsigned)a4->octets[1] << 16 | (unsigned)a4->octets[2] << 8 | a4->octets[3]);
    if (a6)
        ares_set_local_ip6(r->channel, a6->octets);
    return ares_set_servers(r->channel, nodes) == ARES_SUCCESS;
}

static void ask_channel(struct resolve *r)
{
    struct ares_addrinfo_hints hints = { .ai_flags = ARES_AI_NOSORT, .ai_family = r->family, .ai_socktype = SOCK_STREAM };
    ares_getaddrinfo(r->channel, r->host, NULL, &hints, on_answer, r);
    drive(r);
}

static void ask_again(void *user)
{
    struct resolve *r = user;
    r->again = 0;
    ask_channel(r);
}

static void ask(struct resolve *r, const struct lease *lease)
{
    struct ares_options options = { .flags = ARES_FLAG_NOSEARCH, .timeout = QUERY_TIMEOUT_MS, .tries = lease->bound ? 1 : QUERY_TRIES };
    char dns_only[] = "b";
    options.sock_state_cb = on_interest;
    options.sock_state_cb_data = r;
    options.lookups = dns_only;
    int mask = ARES_OPT_FLAGS | ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_SOCK_STATE_CB | (lease->bound ? ARES_OPT_LOOKUPS : 0);
    if (ares_init_options(&r->channel, &options, mask) != ARES_SUCCESS) {
        finish(r, ERROR_NAME_LOOKUP, "resolver could not be set up");
        return;
    }
    r->channel_open = true;
    if (lease->bound && !use_lease_servers(r, lease)) {
        finish(r, ERROR_NAME_LOOKUP, "the bearer brought no usable name server");
        return;
    }
    r->bound = lease->bound;
    r->family = AF_UNSPEC; /* a bound lease asks only for what it can reach */
    if (lease->bound && !lease_address(lease, 6))
        r->family = AF_INET;
    else if (lease->bound && !lease_address(lease, 4))
        r->family = AF_INET6;
    ask_channel(r);
}

static void answer_limited(struct resolve *r, const struct reach *reach)
{
    r->count = reach_find(reach, r->host, r->addresses, ADDRESSES);
    if (!reach_allows(reach, r->host))
        finish(r, ERROR_POLICY, "the initial access leads to the hosts of the factory data alone");
    else
        finish(r, r->count ? ERROR_NONE : ERROR_NAME_LOOKUP, "no addresses");
}

struct resolve *resolve_host(const struct loop *loop, const struct lease *lease, const char *host, resolve_fn *fn, void *user)
{
    static bool ready;
    if (!ready)
        ready = ares_library_init(ARES_LIB_INIT_ALL) == ARES_SUCCESS;
    struct resolve *r = calloc(1, sizeof *r);
    if (!r)
        abort(); /* the agent restarts */
    r->loop = loop;
    r->fn = fn;
    r->user = user;
    (void)snprintf(r->host, sizeof r->host, "%s", host);
    if (lease->reach) {
        answer_limited(r, lease->reach);
    } else if (ip_address_parse(host, &r->addresses[0])) {
        r->count = 1;
        finish(r, ERROR_NONE, "");
    } else {
        ask(r, lease);
    }
    return r;
}

void resolve_cancel(struct resolve *r)
{
    if (r)
        resolve_free(r);
}
