/* SPDX-License-Identifier: Apache-2.0 */
/* Addresses, routes and rules of one bearer. Order of link_up: remove what an earlier bearer left, port quiet (no IPv6 address of its own making,
 * no router advertisements), MTU, up, addresses without prefix route (the main table is not ours), routes into the table, the rules last:
 * nobody finds the table before it is complete. The table ends in an unreachable default, so that a session of this bearer
 * can never leave through another uplink, and one that is for some hosts alone reaches no other. */
#include "modemd/link.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fib_rules.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "modemd/netlink.h"

enum { LAST_METRIC = 0x7fffffff };

enum { OLD_MAX = 16 };

struct target {
    unsigned index; /* of the port; 0: it is not there */
    uint32_t table;
    const struct link_request *request; /* NULL for link_down */
    struct ip_address old[OLD_MAX];     /* on the port now, or wanted: no rule of ours for another table may name them */
    size_t olds;
    uint32_t tables[OLD_MAX];           /* to be emptied; the first is table */
    size_t table_count;
};

static int family_of(const struct ip_address *a)
{
    return a->family == 4 ? AF_INET : AF_INET6;
}

static size_t length_of(const struct ip_address *a)
{
    return a->family == 4 ? 4 : 16;
}

static uint8_t full_prefix(const struct ip_address *a)
{
    return a->family == 4 ? 32 : 128;
}

/* The network part of a. */
static struct ip_address network_of(const struct ip_address *a)
{
    struct ip_address n = *a;
    for (size_t i = 0; i < sizeof n.octets; i++) {
        size_t bits = n.prefix > 8 * i ? n.prefix - 8 * i : 0;
        n.octets[i] = bits >= 8 ? n.octets[i] : (uint8_t)(n.octets[i] & (0xff00 >> bits));
    }
    return n;
}

struct wanted { /* one attribute, looked for */
    uint16_t type;
    const struct nlattr *found;
};

static int on_attribute(const struct nlattr *attr, void *data)
{
    struct wanted *w = data;
    if (mnl_attr_get_type(attr) == w->type)
        w->found = attr;
    return MNL_CB_OK;
}

/* The attribute if it is there with that many octets, else NULL. */
static const struct nlattr *attribute(const struct nlmsghdr *h, size_t header, uint16_t type, size_t len)
{
    struct wanted w = { .type = type };
    (void)mnl_attr_parse(h, (unsigned)header, on_attribute, &w);
    return w.found && mnl_attr_get_payload_len(w.found) == len ? w.found : NULL;
}

static uint32_t table_of(const struct nlmsghdr *h, size_t header, uint16_t type, uint8_t small)
{
    const struct nlattr *attr = attribute(h, header, type, sizeof(uint32_t));
    return attr ? mnl_attr_get_u32(attr) : small;
}

static void note_address(struct target *t, const struct ip_address *a)
{
    if (t->olds < OLD_MAX)
        t->old[t->olds++] = *a;
}

static bool is_address_of_port(const struct nlmsghdr *h, void *user)
{
    struct target *t = user;
    const struct ifaddrmsg *m = mnl_nlmsg_get_payload(h);
    if (h->nlmsg_type != RTM_NEWADDR || m->ifa_index != t->index)
        return false;
    struct ip_address a = { .family = m->ifa_family == AF_INET ? 4 : 6 };
    const struct nlattr *attr = attribute(h, sizeof *m, m->ifa_family == AF_INET ? IFA_LOCAL : IFA_ADDRESS, length_of(&a));
    if (attr) {
        memcpy(a.octets, mnl_attr_get_payload(attr), length_of(&a));
        note_address(t, &a);
    }
    return true;
}

static bool is_emptied(const struct target *t, uint32_t table)
{
    for (size_t i = 0; i < t->table_count; i++)
        if (t->tables[i] == table)
            return true;
    return false;
}

static bool is_route_of_tables(const struct nlmsghdr *h, void *user)
{
    const struct rtmsg *m = mnl_nlmsg_get_payload(h);
    return h->nlmsg_type == RTM_NEWROUTE && !(m->rtm_flags & RTM_F_CLONED) &&
           is_emptied(user, table_of(h, sizeof *m, RTA_TABLE, m->rtm_table));
}

static bool rule_is_from(const struct nlmsghdr *h, const struct fib_rule_hdr *m, const struct ip_address *a)
{
    const struct nlattr *attr = attribute(h, sizeof *m, FRA_SRC, length_of(a));
    return attr && m->family == family_of(a) && memcmp(mnl_attr_get_payload(attr), a->octets, length_of(a)) == 0;
}

/* Rules of the tables, and what an earlier bearer left: rules of another table of ours for an address that was on the port or will be. */
static bool is_rule_of_target(const struct nlmsghdr *h, void *user)
{
    struct target *t = user;
    const struct fib_rule_hdr *m = mnl_nlmsg_get_payload(h);
    if (h->nlmsg_type != RTM_NEWRULE)
        return false;
    uint32_t table = table_of(h, sizeof *m, FRA_TABLE, m->table);
    if (is_emptied(t, table))
        return true;
    for (size_t i = 0; table >= LINK_TABLE_MIN && table <= LINK_TABLE_MAX && i < t->olds; i++)
        if (rule_is_from(h, m, &t->old[i])) {
            if (t->table_count < OLD_MAX)
                t->tables[t->table_count++] = table;
            return true;
        }
    return false;
}

static bool is_wanted_elsewhere(const struct nlmsghdr *h, void *user)
{
    const struct target *t = user;
    const struct ifaddrmsg *m = mnl_nlmsg_get_payload(h);
    if (h->nlmsg_type != RTM_NEWADDR || m->ifa_index == t->index)
        return false;
    for (size_t i = 0; i < t->request->addresses; i++) {
        const struct ip_address *a = &t->request->address[i];
        const struct nlattr *attr = attribute(h, sizeof *m, m->ifa_family == AF_INET ? IFA_LOCAL : IFA_ADDRESS, length_of(a));
        if (attr && m->ifa_family == family_of(a) && memcmp(mnl_attr_get_payload(attr), a->octets, length_of(a)) == 0)
            return true;
    }
    return false;
}

static void leave_object(struct netlink *n, struct nlmsghdr *h)
{
    (void)n;
    (void)h;
}

/* An address of another port would draw that port's own traffic into our table. */
static bool is_free(struct netlink *n, struct target *t)
{
    return netlink_each(n, RTM_GETADDR, AF_INET, is_wanted_elsewhere, leave_object, t) == 0 &&
           netlink_each(n, RTM_GETADDR, AF_INET6, is_wanted_elsewhere, leave_object, t) == 0;
}

/* Dumped objects become requests for their own removal: RTM_NEWx + 1 is RTM_DELx. */
static void remove_object(struct netlink *n, struct nlmsghdr *h)
{
    h->nlmsg_type++;
    h->nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK;
    int rc = netlink_send(n, h);
    if (rc && rc != ENOENT && rc != ESRCH && rc != EADDRNOTAVAIL)
        log_warning("link", "an old address, route or rule stays: %s", strerror(rc));
}

static int clear(struct netlink *n, struct target *t)
{
    static const struct {
        uint16_t type;
        bool (*match)(const struct nlmsghdr *h, void *user);
    } steps[] = { { RTM_GETADDR, is_address_of_port }, { RTM_GETRULE, is_rule_of_target }, { RTM_GETROUTE, is_route_of_tables } };
    static const uint8_t families[] = { AF_INET, AF_INET6 };
    t->olds = 0;
    for (size_t i = 0; t->request && i < t->request->addresses; i++)
        note_address(t, &t->request->address[i]);
    t->tables[0] = t->table;
    t->table_count = 1;
    for (size_t s = 0; s < sizeof steps / sizeof *steps; s++)
        for (size_t i = 0; i < sizeof families; i++)
            if (netlink_each(n, steps[s].type, families[i], steps[s].match, remove_object, t) < 0)
                return errno;
    return 0;
}

/* No link-local address, so no router solicitation: the network gave us everything already. Fails where the kernel has no IPv6. */
static void quiet_port(struct netlink *n, const struct target *t, const char *port)
{
    void *extra;
    struct nlmsghdr *h = netlink_request(n, RTM_NEWLINK, 0, sizeof(struct ifinfomsg), &extra);
    struct ifinfomsg *m = extra;
    m->ifi_index = (int)t->index;
    struct nlattr *spec = mnl_attr_nest_start(h, IFLA_AF_SPEC);
    struct nlattr *inet6 = mnl_attr_nest_start(h, AF_INET6);
    mnl_attr_put_u8(h, IFLA_INET6_ADDR_GEN_MODE, IN6_ADDR_GEN_MODE_NONE);
    mnl_attr_nest_end(h, inet6);
    mnl_attr_nest_end(h, spec);
    int rc = netlink_send(n, h);
    if (rc)
        log_debug("link", "%s: address generation stays: %s", port, strerror(rc));
    char path[80];
    (void)snprintf(path, sizeof path, "/proc/sys/net/ipv6/conf/%s/accept_ra", port);
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    if (fd < 0 || write(fd, "0", 1) != 1)
        log_debug("link", "%s: accept_ra stays: %s", port, strerror(errno));
    if (fd >= 0)
        close(fd);
}

static int set_port(struct netlink *n, const struct target *t, bool up, uint32_t mtu)
{
    void *extra;
    struct nlmsghdr *h = netlink_request(n, RTM_NEWLINK, 0, sizeof(struct ifinfomsg), &extra);
    struct ifinfomsg *m = extra;
    m->ifi_index = (int)t->index;
    m->ifi_change = IFF_UP;
    m->ifi_flags = up ? IFF_UP : 0;
    if (mtu)
        mnl_attr_put_u32(h, IFLA_MTU, mtu);
    return netlink_send(n, h);
}

static int add_address(struct netlink *n, const struct target *t, const struct ip_address *a)
{
    void *extra;
    struct nlmsghdr *h = netlink_request(n, RTM_NEWADDR, NLM_F_CREATE | NLM_F_REPLACE, sizeof(struct ifaddrmsg), &extra);
    struct ifaddrmsg *m = extra;
    m->ifa_family = (uint8_t)family_of(a);
    m->ifa_prefixlen = a->prefix;
    m->ifa_index = t->index;
    m->ifa_scope = RT_SCOPE_UNIVERSE;
    mnl_attr_put(h, IFA_LOCAL, length_of(a), a->octets);
    mnl_attr_put(h, IFA_ADDRESS, length_of(a), a->octets);
    mnl_attr_put_u32(h, IFA_FLAGS, IFA_F_NOPREFIXROUTE | (a->family == 6 ? IFA_F_NODAD : 0));
    return netlink_send(n, h);
}

static struct nlmsghdr *route(struct netlink *n, const struct target *t, int family, struct rtmsg **m)
{
    void *extra;
    struct nlmsghdr *h = netlink_request(n, RTM_NEWROUTE, NLM_F_CREATE | NLM_F_REPLACE, sizeof(struct rtmsg), &extra);
    *m = extra;
    (*m)->rtm_family = (uint8_t)family;
    (*m)->rtm_table = RT_TABLE_UNSPEC;
    (*m)->rtm_protocol = RTPROT_STATIC;
    (*m)->rtm_scope = RT_SCOPE_UNIVERSE;
    (*m)->rtm_type = RTN_UNICAST;
    mnl_attr_put_u32(h, RTA_TABLE, t->table);
    return h;
}

static int add_prefix_route(struct netlink *n, const struct target *t, const struct ip_address *a)
{
    struct rtmsg *m;
    struct ip_address network = network_of(a);
    struct nlmsghdr *h = route(n, t, family_of(a), &m);
    m->rtm_dst_len = a->prefix;
    if (a->family == 4)
        m->rtm_scope = RT_SCOPE_LINK;
    mnl_attr_put(h, RTA_DST, length_of(a), network.octets);
    mnl_attr_put(h, RTA_PREFSRC, length_of(a), a->octets);
    mnl_attr_put_u32(h, RTA_OIF, t->index);
    return netlink_send(n, h);
}

/* host NULL: the default route. */
static int add_route_from(struct netlink *n, const struct target *t, const struct ip_address *a, const struct ip_address *gateway, const struct ip_address *host)
{
    struct rtmsg *m;
    struct nlmsghdr *h = route(n, t, family_of(a), &m);
    if (host) {
        m->rtm_dst_len = full_prefix(host);
        mnl_attr_put(h, RTA_DST, length_of(host), host->octets);
    }
    if (gateway) {
        m->rtm_flags = RTNH_F_ONLINK; /* networks give gateways outside of the prefix */
        mnl_attr_put(h, RTA_GATEWAY, length_of(a), gateway->octets);
    } else if (a->family == 4) {
        m->rtm_scope = RT_SCOPE_LINK;
    }
    mnl_attr_put(h, RTA_PREFSRC, length_of(a), a->octets);
    mnl_attr_put_u32(h, RTA_OIF, t->index);
    return netlink_send(n, h);
}

static int add_last_route(struct netlink *n, const struct target *t, int family)
{
    struct rtmsg *m;
    struct nlmsghdr *h = route(n, t, family, &m);
    m->rtm_type = RTN_UNREACHABLE;
    mnl_attr_put_u32(h, RTA_PRIORITY, LAST_METRIC);
    return netlink_send(n, h);
}

static int add_rule(struct netlink *n, const struct target *t, const struct ip_address *a)
{
    void *extra;
    struct nlmsghdr *h = netlink_request(n, RTM_NEWRULE, NLM_F_CREATE | NLM_F_EXCL, sizeof(struct fib_rule_hdr), &extra);
    struct fib_rule_hdr *m = extra;
    m->family = (uint8_t)family_of(a);
    m->src_len = full_prefix(a);
    m->table = RT_TABLE_UNSPEC;
    m->action = FR_ACT_TO_TBL;
    mnl_attr_put(h, FRA_SRC, length_of(a), a->octets);
    mnl_attr_put_u32(h, FRA_TABLE, t->table);
    mnl_attr_put_u32(h, FRA_PRIORITY, t->table);
    return netlink_send(n, h);
}

static const struct ip_address *gateway_for(const struct link_request *r, uint8_t family)
{
    for (size_t i = 0; i < r->gateways; i++)
        if (r->gateway[i].family == family)
            return &r->gateway[i];
    return NULL;
}

static const struct ip_address *first_of(const struct link_request *r, uint8_t family)
{
    for (size_t i = 0; i < r->addresses; i++)
        if (r->address[i].family == family)
            return &r->address[i];
    return NULL;
}

static bool is_on_link(const struct ip_address *a, const struct ip_address *host)
{
    struct ip_address there = *host;
    there.prefix = a->prefix;
    there = network_of(&there);
    return memcmp(network_of(a).octets, there.octets, length_of(a)) == 0;
}

/* In place of the routes to the prefix and to anywhere. */
static int add_host_routes(struct netlink *n, const struct target *t, const struct ip_address *a)
{
    int rc = 0;
    for (size_t i = 0; !rc && i < t->request->hosts; i++) {
        const struct ip_address *host = &t->request->host[i];
        if (host->family == a->family)
            rc = add_route_from(n, t, a, is_on_link(a, host) ? NULL : gateway_for(t->request, a->family), host);
    }
    return rc;
}

static int add_routes(struct netlink *n, const struct target *t)
{
    static const uint8_t families[] = { 4, 6 };
    int rc = 0;
    for (size_t i = 0; !rc && !t->request->limited && i < t->request->addresses; i++)
        if (t->request->address[i].prefix < full_prefix(&t->request->address[i]))
            rc = add_prefix_route(n, t, &t->request->address[i]);
    for (size_t i = 0; !rc && i < sizeof families; i++) {
        const struct ip_address *a = first_of(t->request, families[i]);
        if (a)
            rc = t->request->limited ? add_host_routes(n, t, a) : add_route_from(n, t, a, gateway_for(t->request, families[i]), NULL);
        if (a && !rc)
            rc = add_last_route(n, t, family_of(a));
    }
    return rc;
}

static int each_address(struct netlink *n, const struct target *t,
                        int (*fn)(struct netlink *n, const struct target *t, const struct ip_address *a))
{
    int rc = 0;
    for (size_t i = 0; !rc && i < t->request->addresses; i++)
        rc = fn(n, t, &t->request->address[i]);
    return rc;
}

static int set_all(struct netlink *n, struct target *t, const char **step)
{
    *step = "remove the old";
    int rc = clear(n, t);
    quiet_port(n, t, t->request->port);
    if (!rc) {
        *step = "bring up, MTU";
        rc = set_port(n, t, true, t->request->mtu);
    }
    if (!rc) {
        *step = "address";
        rc = each_address(n, t, add_address);
    }
    if (!rc) {
        *step = "route";
        rc = add_routes(n, t);
    }
    if (!rc) {
        *step = "rule";
        rc = each_address(n, t, add_rule);
    }
    return rc;
}

enum error_code link_up(const struct link_request *r, struct error *err)
{
    struct netlink n;
    struct target t = { .index = if_nametoindex(r->port), .table = r->table, .request = r };
    if (!t.index)
        return error_set(err, ERROR_NOT_FOUND, "%s: no such port", r->port);
    if (!netlink_open(&n))
        return error_set(err, ERROR_IO, "rtnetlink: %s", strerror(errno));
    if (!is_free(&n, &t)) {
        netlink_close(&n);
        return error_set(err, ERROR_DENIED, "%s: an address of it belongs to another port", r->port);
    }
    const char *step = "";
    int rc = set_all(&n, &t, &step);
    if (rc) {
        (void)clear(&n, &t);
        (void)set_port(&n, &t, false, 0);
    }
    netlink_close(&n);
    return rc ? error_set(err, ERROR_IO, "%s: %s: %s", r->port, step, strerror(rc)) : ERROR_NONE;
}

enum error_code link_down(const char *port, uint32_t table, struct error *err)
{
    struct netlink n;
    struct target t = { .index = if_nametoindex(port), .table = table };
    if (!netlink_open(&n))
        return error_set(err, ERROR_IO, "rtnetlink: %s", strerror(errno));
    int rc = clear(&n, &t);
    if (!rc && t.index)
        rc = set_port(&n, &t, false, 0);
    netlink_close(&n);
    return rc && rc != ENODEV ? error_set(err, ERROR_IO, "%s: %s", port, strerror(rc)) : ERROR_NONE;
}
