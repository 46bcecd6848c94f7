/* SPDX-License-Identifier: Apache-2.0 */
/* One rtnetlink socket: send a request and wait for its acknowledgement, or walk through a dump. Knows nothing of what is asked. */
#ifndef MODEMD_NETLINK_H
#define MODEMD_NETLINK_H

#include <libmnl/libmnl.h>
#include <stdbool.h>
#include <stdint.h>

struct netlink {
    struct mnl_socket *socket;
    unsigned port, seq;
    char out[1024]; /* the request under construction */
};

bool netlink_open(struct netlink *n);
void netlink_close(struct netlink *n);
/* A request of that type in n->out: flags are added to REQUEST and ACK; extra is the family header, zeroed, size octets. */
struct nlmsghdr *netlink_request(struct netlink *n, uint16_t type, uint16_t flags, size_t size, void **extra);
/* Sends and waits for the acknowledgement. 0 or an errno value. */
int netlink_send(struct netlink *n, struct nlmsghdr *request);
/* Dumps objects of type (RTM_GETADDR ..) and family; calls fn for each whose match says yes, after the dump, so that fn may send. At most 256
 * matches a call; returns their number, or -1 with errno. */
int netlink_each(struct netlink *n, uint16_t type, uint8_t family, bool (*match)(const struct nlmsghdr *h, void *user),
                 void (*fn)(struct netlink *n, struct nlmsghdr *h), void *user);

#endif
