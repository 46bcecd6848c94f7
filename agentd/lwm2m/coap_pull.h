/* SPDX-License-Identifier: Apache-2.0 */
/* A file by CoAP, over UDP, DTLS, TCP or TLS: block by block (RFC 7959 clause 2.4), each asked for when the one before was taken; or one POST. Over DTLS and TLS the server
 * is known by the factory roots, or a pin, and the host of the URI, or by its account where it is a LwM2M server of ours; without either only where the gateway allows servers
 * without security. */
#ifndef LWM2M_COAP_PULL_H
#define LWM2M_COAP_PULL_H

#include "lwm2m/download.h"
#include "lwm2m/endpoint.h"
#include "model/lease.h"

struct coap_pull;

struct coap_pull_end {
    enum download_result result;
    const struct error *error; /* why it is not WHOLE */
    uint8_t code;              /* of the server's last answer; 0: none came */
    uint32_t max_age;          /* of that answer, seconds; 0: not said */
};

struct coap_pull_order { /* all copied but post and what is behind the rules */
    struct endpoint_file file;
    const struct endpoint *server;   /* the authority of the URI is this LwM2M server: by its account, which says who we are and who it is. NULL: by the file's trust */
    const struct lease *lease;       /* bound: its name servers and local address */
    const struct ip_address *address; /* where the host is, and in which zone; NULL: its name is looked up */
    const struct lwm2m_rules *rules;
    int64_t format;                  /* 0: any; else one more than the Content-Format that alone is asked for and taken, or posted */
    struct slice post;               /* empty: a GET */
    uint32_t timeout_ms;             /* for all of it; 0: as long as blocks come */
    download_sink_fn *sink;          /* of a GET */
    void (*ended)(void *user, const struct coap_pull_end *end); /* once, from the loop; the pull is free then */
    void *user;
};

/* Begins. NULL with *why and err: INVALID (no such URI), NOT_SUPPORTED, POLICY, INCOMPLETE, NO_MEMORY. */
struct coap_pull *coap_pull_new(const struct loop *loop, const struct coap_pull_order *order, enum download_result *why, struct error *err);
void coap_pull_free(struct coap_pull *p); /* stops it, nothing is told; NULL is fine */
bool coap_pull_is(const char *uri);       /* is the scheme one of CoAP? */
/* What /5/0/8 says of CoAP: a bit 1 << number for each protocol that coap_pull_new takes. No account has another transport than these rules allow. */
unsigned coap_pull_protocols(const struct lwm2m_rules *rules);

#endif
