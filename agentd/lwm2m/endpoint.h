/* SPDX-License-Identifier: Apache-2.0 */
/* Where and how the server of an account is reached: the account, checked, with its URI taken apart. Everything that this client has no means for is
 * refused here, by name. */
#ifndef LWM2M_ENDPOINT_H
#define LWM2M_ENDPOINT_H

#include "base/error.h"
#include "base/reader.h"
#include "model/account.h"

enum transport { TRANSPORT_UDP, TRANSPORT_DTLS, TRANSPORT_TCP, TRANSPORT_TLS };

/* The device key of that certificate (DER), which signs in the TRE: trust/device_key.h. */
typedef struct evp_pkey_st *device_key_fn(struct slice certificate, const char *socket);

struct lwm2m_rules {       /* what the gateway allows and trusts; borrowed */
    bool nosec;            /* accounts without any security (mode 3) may be used */
    const char *roots_pem; /* for certificate usages 0 and 1; NULL: there are none */
    device_key_fn *device_key; /* NULL: no account by the device certificate */
    const char *tre_socket; /* for it; outlives everything */
};

struct endpoint { /* holds keys: wiped pages */
    struct lwm2m_account account;
    enum transport transport;
    char host[256];
    uint16_t port;
    char *roots_pem; /* NULL: none */
    uint64_t now;    /* Unix seconds at which certificates are judged; 0: by the system clock */
    device_key_fn *device_key; /* as in the rules */
    const char *tre_socket;
};

/* INVALID, INCOMPLETE, POLICY, NOT_SUPPORTED: can a session with the server of that account be tried? rules NULL: nothing allowed, nothing trusted. */
enum error_code endpoint_check(const struct lwm2m_account *a, const struct lwm2m_rules *rules, struct error *err);
struct endpoint_file { /* of no account; borrowed */
    const char *uri;
    const struct server_trust *trust; /* the pin of its key, which then suffices; NULL or none: the roots say who it is */
    struct slice certificate;         /* the device's (DER), for a server that asks for one; empty: none */
    uint64_t now;
};
/* INVALID, NOT_SUPPORTED (scheme), POLICY (without security, and that is not allowed), INCOMPLETE (neither roots nor pin), TOO_LARGE (certificate), NO_MEMORY. */
struct endpoint *endpoint_of_file(const struct endpoint_file *file, const struct lwm2m_rules *rules, struct error *err);
/* A checked copy; NULL with err: the same errors, or NO_MEMORY. endpoint_free wipes; NULL is fine. */
struct endpoint *endpoint_new(const struct lwm2m_account *a, const struct lwm2m_rules *rules, struct error *err);
void endpoint_free(struct endpoint *e);
bool endpoint_is_at(const struct endpoint *e, const char *uri); /* is that server the authority of the URI: the same scheme, host and port? */
enum { ENDPOINT_DIGEST = 32 };
bool endpoint_digest(const struct endpoint *e, uint8_t out[ENDPOINT_DIGEST]); /* SHA-256 of who we are to whom, with which key, and by what we know it; false: without memory */
bool transport_is_secure(enum transport t);
bool transport_is_reliable(enum transport t); /* a stream: RFC 8323 */
const char *transport_name(enum transport t); /* UDP, DTLS, TCP, TLS */
const char *transport_binding(const char *uri); /* of the server at that URI: "U" or "T" (Core TS 1.1.1 clause 6.2.1.2); "U" if its scheme is none of ours */

#endif
