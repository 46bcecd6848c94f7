/* SPDX-License-Identifier: Apache-2.0 */
/* The link of a bearer: one network port with given addresses, and one routing table that only its source addresses use. Promises: the main
 * table and every other port stay as they are; what link_up made, link_down removes. Blocks for a few netlink round trips in the kernel. */
#ifndef MODEMD_LINK_H
#define MODEMD_LINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "model/lease.h"

enum { LINK_TABLE_MIN = 1000, LINK_TABLE_MAX = 1999, LINK_HOSTS = 20 };

struct link_request {
    char port[16];
    uint32_t table; /* LINK_TABLE_MIN .. LINK_TABLE_MAX; also the priority of its rules */
    uint32_t mtu;   /* 0: leave */
    struct ip_address address[LEASE_ADDRESSES];
    size_t addresses;
    struct ip_address gateway[2];
    size_t gateways;
    bool limited; /* the table leads to these hosts alone, not anywhere */
    struct ip_address host[LINK_HOSTS];
    size_t hosts;
};

/* Port and table were checked by the caller. NOT_FOUND (no such port), DENIED (an address stands on another port) or IO, text says at which step; then nothing of it is left. */
enum error_code link_up(const struct link_request *r, struct error *err);
/* Removes addresses, rules, routes; port down. No error if nothing is there. */
enum error_code link_down(const char *port, uint32_t table, struct error *err);

#endif
