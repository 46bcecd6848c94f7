/* SPDX-License-Identifier: Apache-2.0 */
/* What LwM2M asks of a TLS or DTLS session beyond the CoAP library: our certificate, trust by certificate usage, and why a session failed. */
#ifndef LWM2M_TLS_H
#define LWM2M_TLS_H

#include <openssl/ssl.h>

#include "base/reader.h"
#include "base/writer.h"
#include "lwm2m/endpoint.h"

enum { USAGE_TRUST_ANCHOR = 2, USAGE_END_ENTITY = 3 }; /* /0/x/15; below: judged by the roots, too */

struct tls_watch { /* of one session */
    int alert, own_alert; /* last fatal alert of the peer and of ours, -1: none */
    bool heard;           /* a record came; for its reader to reset */
    bool key_sent;        /* the server finished its part of the key exchange */
    bool judged;          /* the server's certificate was looked at; */
    long verdict;         /* X509_V_* on it */
};

/* Can the account's certificates and key be used (Transport TS 1.1.1 clause 5.2.8)? INVALID, INCOMPLETE with the resource of object 0. */
enum error_code tls_check(const struct lwm2m_x509 *x, const char *roots_pem, struct error *err);
/* EVP_PKEY_EC or EVP_PKEY_RSA, of a private key that has passed the check. */
int tls_key_type(const struct lwm2m_x509 *x);
/* Takes a session over: no renegotiation, the endpoint's trust, events into watch. Both must outlive the session. False: it must not be used. */
bool tls_adopt(SSL *ssl, struct tls_watch *watch, const struct endpoint *e);
/* Has the peer of a session that was taken over, at the end of its handshake, shown that it is the server of the account? */
bool tls_trusts(SSL *ssl, struct tls_watch *watch, const struct endpoint *e);
/* A session to take up again, as octets: a secret. Empty: this one cannot be, or is longer than room. */
void tls_session_write(SSL *ssl, struct writer *w);
uint64_t tls_now(const struct endpoint *e); /* Unix seconds at which its certificates are judged */
/* The next TLS session of the process offers that one to its server (RFC 5246 clause 7.4.1.2), until tls_withdraw. It must come from a session to the same endpoint
 * (endpoint_digest), whose server has proved itself at that time. False: these octets are none, or too old for a server that has a certificate. */
bool tls_offer(const struct endpoint *e, struct slice octets, uint64_t judged);
void tls_withdraw(void);
/* A TLS session that the library makes before the next call has the device certificate of that endpoint from its first message on; NULL: none has. */
void tls_show(const struct endpoint *e);
/* What the handshake says about its failure: CLIENT_AUTH, TLS_UNTRUSTED, CLOCK, TLS. False: nothing. */
bool tls_describe(const struct tls_watch *watch, const struct endpoint *e, struct error *err);

#endif
