/* SPDX-License-Identifier: Apache-2.0 */
/* HTTPS requests over a lease: libcurl on the loop, c-ares with the lease's name servers, TLS >= 1.2, server trust by roots or pin. There is no way
 * to ask for less, nor through a proxy: that carries octets, and the server's certificate is judged as without it. A bound lease binds the local address;
 * nothing goes through another uplink. */
#ifndef NET_HTTPS_H
#define NET_HTTPS_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/loop.h"
#include "base/reader.h"
#include "model/lease.h"
#include "model/settings.h"

struct https;

struct https_request {
    const char *url; /* https:// only */
    const char *content_type; /* of the body; NULL: a GET without one */
    const char *const *headers; /* NULL-terminated, "Name: value"; may be NULL */
    struct slice body;
    const char *roots_pem;           /* concatenated factory roots; may be NULL if trust has a pin */
    const struct server_trust *trust; /* pin of the server's key, which then suffices; may be NULL */
    const struct http_proxy *proxy;   /* NULL, or host "": none */
    const struct lease *lease;
    const struct ip_address *address; /* where the host is, and in which zone; NULL: its name is looked up */
    size_t max_response;  /* octets; more is ERROR_TOO_LARGE */
    /* Takes the body of a 200 piece by piece instead, which is then not in the response and not bounded; an error of its own ends the request. NULL: none. */
    enum error_code (*sink)(void *user, struct slice octets);
    uint32_t timeout_ms;  /* whole request */
    uint64_t now;         /* Unix seconds at which certificates are judged; 0: by the system clock */
};

struct https_response {
    long status;
    const char *content_type; /* "" if none */
    struct slice body;
    /* Value of a response header (case-insensitive), or NULL. */
    const char *(*header)(const struct https_response *r, const char *name);
    void *impl;
};

/* error: NAME_LOOKUP, CONNECT, TLS_UNTRUSTED, TLS, TIMEOUT, SERVER_CLOSED, TOO_LARGE, CANCELLED,
 * PROXY (not there, or it refuses); text names host and reason. response NULL then. */
typedef void https_done_fn(void *user, const struct error *error, const struct https_response *response);

struct https *https_new(const struct loop *loop); /* keeps connections alive between requests of one lease */
void https_free(struct https *h);
/* Starts a request; everything is copied. One at a time (ERROR_BUSY). fn once from the loop. */
enum error_code https_post(struct https *h, const struct https_request *request, https_done_fn *fn, void *user, struct error *err);
void https_cancel(struct https *h); /* fn is not called */
void https_drop_connections(struct https *h);

/* Names: the addresses of host over the lease (its name servers and source address when bound). fn once from the loop. Returns a handle to cancel. */
struct resolve;
typedef void resolve_fn(void *user, enum error_code status, const char *text, const struct ip_address *addresses, size_t count);
struct resolve *resolve_host(const struct loop *loop, const struct lease *lease, const char *host, resolve_fn *fn, void *user);
void resolve_cancel(struct resolve *r);

#endif
