/* SPDX-License-Identifier: Apache-2.0 */
/* One HTTPS request as curl sees it: copied input, options, response body, meaning of results. Inside net/ only. */
#ifndef NET_CALL_H
#define NET_CALL_H

#include <curl/curl.h>
#include <stddef.h>
#include <time.h>

#include "net/https.h"

struct https_call {
    const struct loop *loop;
    https_done_fn *fn;
    void *user;
    struct resolve *resolve;
    uint64_t deadline, started, starter;
    time_t now;              /* for certificates; 0: the system clock */
    uint32_t timeout_ms;
    struct lease lease;
    struct http_proxy proxy; /* host "": none */
    char host[256];
    uint16_t port;
    uint8_t family;          /* 6, 4: being tried */
    struct ip_address addresses[8];
    size_t address_count;
    CURL *easy;
    struct curl_slist *headers, *names;
    char *url, *roots;
    uint8_t *body;
    size_t body_len;
    char reason[CURL_ERROR_SIZE];
    uint8_t *response;
    size_t response_len, response_max;
    bool overflow;
    enum error_code (*sink)(void *user, struct slice octets);
    enum error_code refused; /* by the sink */
    char content_type[96];
};

/* Copies the request; NULL with INVALID (URL) or NO_MEMORY. */
struct https_call *call_new(const struct https_request *request, https_done_fn *fn, void *user, struct error *err);
void call_free(struct https_call *c); /* the easy handle must be out of its multi */
/* Keeps the addresses that the lease can reach; false if none is left. */
bool call_addresses(struct https_call *c, const struct ip_address *addresses, size_t count);
/* Sets addresses, source and time left for an attempt; NULL or the reason why it cannot be made. */
const char *call_prepare(struct https_call *c);
/* Goes over to the next address family; false if there is none. */
bool call_next_family(struct https_call *c);
/* The error code of curl's result, with the reason in words. */
enum error_code call_result(const struct https_call *c, CURLcode result, char *reason, size_t cap);
/* With a proxy: PROXY for what happened before it had opened the way to the server; any other code as it is. */
enum error_code call_blame(const struct https_call *c, enum error_code code);
/* Whom a connection is made to: the proxy, or the server. */
const char *call_peer(const struct https_call *c);
void call_response(struct https_call *c, struct https_response *r);

#endif
