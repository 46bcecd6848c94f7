/* SPDX-License-Identifier: Apache-2.0 */
/* The few hosts that a lease may be used for, e.g. those of the RO over the initial access of a PCID (TR 33.812, 5.2.2.6.1 step 4). */
#ifndef MODEL_REACH_H
#define MODEL_REACH_H

#include "model/lease.h"

enum { REACH_HOSTS = 8, REACH_ADDRESSES = 16, REACH_HOST = 256 };

struct reach {
    char host[REACH_HOSTS][REACH_HOST]; /* names or addresses */
    size_t hosts;
    struct ip_address address[REACH_ADDRESSES]; /* of the hosts, as far as they are known */
    uint8_t of[REACH_ADDRESSES];                /* index of the host that has the address */
    size_t addresses;
};

/* True if host (a name in any case, or an address) is one of them. */
bool reach_allows(const struct reach *r, const char *host);
/* The known addresses of host: at most cap into out. Returns how many; 0 also if it is none of the hosts. */
size_t reach_find(const struct reach *r, const char *host, struct ip_address *out, size_t cap);
/* One more address of host i; without effect if there is no room or it is known. */
void reach_add(struct reach *r, size_t i, const struct ip_address *a);
/* Forgets all addresses but those that hosts are written as. */
void reach_reset(struct reach *r);
/* The next host after i (from SIZE_MAX: the first) that is a name, REACH_HOSTS past the end. */
size_t reach_next_name(const struct reach *r, size_t i);

#endif
