/* SPDX-License-Identifier: Apache-2.0 */
/* Services of one DNS-SD type in the local network, through Avahi's D-Bus API. Survives Avahi absent, restarted or refusing, and services that go. Whoever is
 * in that network says what is found here: a bounded number of names, of which nothing is logged or believed before it was checked. */
#ifndef NET_DISCOVERY_H
#define NET_DISCOVERY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "model/lease.h"

enum { DISCOVERY_MAX = 8, DISCOVERY_HOST = 128 };

struct discovery;

struct discovered {
    char host[DISCOVERY_HOST]; /* lower case, below .local */
    uint16_t port;
    struct ip_address address; /* with its zone if it is link-local */
    bool has_pin;              /* TXT pin=: SHA-256 of the server's SubjectPublicKeyInfo */
    uint8_t pin[32];
};

/* A service appeared, or Avahi came or went. */
typedef void discovery_changed_fn(void *user);
/* INVALID, NAME_LOOKUP, CONNECT, NOT_FOUND; found NULL then. */
typedef void discovery_found_fn(void *user, const struct error *err, const struct discovered *found);

/* Browses type ("_name._tcp") below .local from the moment Avahi is on the system bus. Never starts Avahi. */
struct discovery *discovery_new(const char *type, discovery_changed_fn *fn, void *user);
void discovery_free(struct discovery *d);
bool discovery_present(const struct discovery *d);
size_t discovery_count(const struct discovery *d);
/* Where service i (below the count) is now: by an IPv4 address or else an IPv6 one, in the other order if it is announced over IPv6 alone. fn once from the loop, unless cancelled. One at a time. */
void discovery_resolve(struct discovery *d, size_t i, discovery_found_fn *fn, void *user);
void discovery_cancel(struct discovery *d);

/* One TXT string "key=value" (RFC 6763 section 6): path must be /v1; pin must be base64url of 32 octets without padding; others are passed over. INVALID. */
enum error_code discovered_take_txt(struct discovered *out, const uint8_t *text, size_t len, struct error *err);
/* A host below .local of letters, digits, hyphens and dots: INVALID otherwise. No such name can be that of a server in the Internet, for which a request of ours
 * could be passed on. */
enum error_code discovered_take_host(struct discovered *out, const char *host, struct error *err);
/* Its address, found on the interface of that index. A link-local one means a neighbour on that interface alone (RFC 4007 section 6). INVALID: no address of a
 * neighbour (loopback, unspecified, multicast, IPv4-mapped), or link-local and no interface. */
enum error_code discovered_take_address(struct discovered *out, const char *text, int interface, struct error *err);

#endif
