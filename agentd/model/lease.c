/* SPDX-License-Identifier: Apache-2.0 */
/* Addresses as text; pure. */
#include "model/lease.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

char *ip_address_text(const struct ip_address *a, bool with_prefix, char *out, size_t cap)
{
    char text[INET6_ADDRSTRLEN] = "";
    if (a->family)
        (void)inet_ntop(a->family == 4 ? AF_INET : AF_INET6, a->octets, text, sizeof text);
    if (with_prefix && a->family)
        (void)snprintf(out, cap, "%s/%u", text, (unsigned)a->prefix);
    else
        (void)snprintf(out, cap, "%s", text);
    return out;
}

bool ip_address_parse(const char *text, struct ip_address *a)
{
    *a = (struct ip_address){ 0 };
    if (inet_pton(AF_INET, text, a->octets) == 1) {
        a->family = 4;
        a->prefix = 32;
    } else if (inet_pton(AF_INET6, text, a->octets) == 1) {
        a->family = 6;
        a->prefix = 128;
    }
    return a->family != 0;
}

const struct ip_address *lease_address(const struct lease *l, uint8_t family)
{
    for (size_t i = 0; i < l->addresses; i++)
        if (l->address[i].family == family)
            return &l->address[i];
    return NULL;
}
