/* SPDX-License-Identifier: Apache-2.0 */
/* Hosts and their addresses; pure. Must never take a part of a name for the name. */
#include "model/reach.h"

#include <string.h>
#include <strings.h>

/* Its number; r->hosts if it is none of them. */
static size_t host_of(const struct reach *r, const char *host)
{
    size_t i = 0;
    while (i < r->hosts && strcasecmp(r->host[i], host) != 0)
        i++;
    return i;
}

bool reach_allows(const struct reach *r, const char *host)
{
    return host_of(r, host) < r->hosts;
}

size_t reach_find(const struct reach *r, const char *host, struct ip_address *out, size_t cap)
{
    size_t wanted = host_of(r, host), n = 0;
    for (size_t i = 0; wanted < r->hosts && i < r->addresses && n < cap; i++)
        if (r->of[i] == wanted)
            out[n++] = r->address[i];
    return n;
}

void reach_add(struct reach *r, size_t i, const struct ip_address *a)
{
    for (size_t k = 0; k < r->addresses; k++)
        if (r->of[k] == i && r->address[k].family == a->family && memcmp(r->address[k].octets, a->octets, sizeof a->octets) == 0)
            return;
    if (r->addresses == REACH_ADDRESSES)
        return;
    r->address[r->addresses] = *a;
    r->of[r->addresses++] = (uint8_t)i;
}

void reach_reset(struct reach *r)
{
    struct ip_address a;
    r->addresses = 0;
    for (size_t i = 0; i < r->hosts; i++)
        if (ip_address_parse(r->host[i], &a))
            reach_add(r, i, &a);
}

size_t reach_next_name(const struct reach *r, size_t i)
{
    struct ip_address a;
    for (i++; i < r->hosts; i++)
        if (!ip_address_parse(r->host[i], &a))
            return i;
    return REACH_HOSTS;
}
