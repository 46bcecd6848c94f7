/* SPDX-License-Identifier: Apache-2.0 */
/* IP connectivity that somebody may use: a bearer of ours, or the uplink that the gateway has anyway. */
#ifndef MODEL_LEASE_H
#define MODEL_LEASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { LEASE_ADDRESSES = 4, LEASE_DNS = 4 };

struct ip_address {
    uint8_t family; /* 4 or 6; 0: none */
    uint8_t prefix;
    uint8_t octets[16];
    uint32_t zone;  /* of a link-local one (RFC 4007): the interface's index; 0: none */
};

struct reach; /* model/reach.h */

struct lease {
    bool bound;          /* true: use only these addresses and servers; false: the host's own routing and resolver */
    char bearer[64];     /* object id of the bearer, "" if not ours */
    char interface[16];
    struct ip_address address[LEASE_ADDRESSES];
    size_t addresses;
    struct ip_address gateway[2];
    size_t gateways;
    struct ip_address dns[LEASE_DNS];
    size_t dns_count;
    uint32_t mtu;   /* 0: unknown */
    uint32_t table; /* routing table, 0 if not bound */
    const struct reach *reach; /* NULL: it leads anywhere; else to these hosts alone. bearer/'s, as long as the process lives */
};

/* "192.0.2.10" or "2001:db8::1", with "/24" when with_prefix; out >= 64 octets. Returns out. */
char *ip_address_text(const struct ip_address *a, bool with_prefix, char *out, size_t cap);
/* False if text is no IP address (prefix length 32 or 128 is filled in). */
bool ip_address_parse(const char *text, struct ip_address *a);
/* The first address of that family (4, 6), or NULL. */
const struct ip_address *lease_address(const struct lease *l, uint8_t family);

#endif
