/* SPDX-License-Identifier: Apache-2.0 */
/* A table of URI schemes and a check a security mode. Never opens anything. */
#include "lwm2m/endpoint.h"

#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/secret.h"
#include "lwm2m/tls.h"
#include "model/settings.h"

enum { PSK_MIN = 1, MATCH_SHA256 = 1 /* /0/x/13 */ };

/* Transport TS 1.1.1 clause 6.1 */
static const struct {
    const char *scheme, *name, *binding;
    bool secure, reliable;
} transports[] = {
    [TRANSPORT_UDP] = { "coap", "UDP", "U", false, false },
    [TRANSPORT_DTLS] = { "coaps", "DTLS", "U", true, false },
    [TRANSPORT_TCP] = { "coap+tcp", "TCP", "T", false, true },
    [TRANSPORT_TLS] = { "coaps+tcp", "TLS", "T", true, true },
};
enum { TRANSPORTS = sizeof transports / sizeof *transports };

bool transport_is_secure(enum transport t)
{
    return transports[t].secure;
}

bool transport_is_reliable(enum transport t)
{
    return transports[t].reliable;
}

const char *transport_name(enum transport t)
{
    return transports[t].name;
}

static bool find_transport(const char *uri, enum transport *transport)
{
    const char *end = strstr(uri, "://");
    size_t len = end ? (size_t)(end - uri) : 0;
    for (int i = 0; i < TRANSPORTS; i++)
        if (len == strlen(transports[i].scheme) && strncmp(uri, transports[i].scheme, len) == 0) {
            *transport = (enum transport)i;
            return true;
        }
    return false;
}

const char *transport_binding(const char *uri)
{
    enum transport t = TRANSPORT_UDP;
    (void)find_transport(uri, &t);
    return transports[t].binding;
}

static enum error_code split(const char *uri, enum transport *transport, char *host, size_t cap, uint16_t *port, struct error *err)
{
    if (find_transport(uri, transport))
        return uri_split(uri, transports[*transport].scheme, host, cap, port, err);
    return error_set(err, ERROR_NOT_SUPPORTED, "server URI %.100s: the scheme must be coaps, coaps+tcp, coap or coap+tcp", uri);
}

static enum error_code check_mode(const struct lwm2m_account *a, const struct lwm2m_rules *rules, struct error *err)
{
    switch ((enum lwm2m_mode)a->mode) {
    case LWM2M_PSK:
        if (!a->identity[0] || a->key_len < PSK_MIN || a->key_len > sizeof a->key)
            return error_set(err, ERROR_INCOMPLETE, "server %u has no PSK identity or key", a->short_server_id);
        return ERROR_NONE;
    case LWM2M_X509:
        return tls_check(&a->x509, rules ? rules->roots_pem : NULL, err);
    case LWM2M_NOSEC:
        if (!rules || !rules->nosec)
            return error_set(err, ERROR_POLICY, "server %u: security mode 3 (none) is not allowed", a->short_server_id);
        return ERROR_NONE;
    case LWM2M_RPK:
        return error_set(err, ERROR_NOT_SUPPORTED, "server %u: security mode 1 (raw public key): the linked OpenSSL has none", a->short_server_id);
    case LWM2M_EST:
        break;
    }
    return error_set(err, ERROR_NOT_SUPPORTED, "server %u: security mode %u is not known here; 0 (PSK), 2 (certificate) and 3 (none) are", a->short_server_id, a->mode);
}

static enum error_code check(const struct lwm2m_account *a, const struct lwm2m_rules *rules, struct endpoint *e, struct error *err)
{
    enum error_code code = split(a->uri, &e->transport, e->host, sizeof e->host, &e->port, err);
    if (code == ERROR_NONE && transport_is_secure(e->transport) != (a->mode != LWM2M_NOSEC))
        code = error_set(err, ERROR_INVALID, "server %u: the scheme of %.100s does not fit security mode %u", a->short_server_id, a->uri, a->mode);
    return code == ERROR_NONE ? check_mode(a, rules, err) : code;
}

enum error_code endpoint_check(const struct lwm2m_account *a, const struct lwm2m_rules *rules, struct error *err)
{
    struct endpoint e;
    return check(a, rules, &e, err);
}

struct endpoint *endpoint_new(const struct lwm2m_account *a, const struct lwm2m_rules *rules, struct error *err)
{
    struct endpoint *e = secret_pages_new(sizeof *e);
    if (!e) {
        error_set(err, ERROR_NO_MEMORY, "account of server %u", a->short_server_id);
        return NULL;
    }
    e->account = *a;
    if (check(a, rules, e, err)) {
        endpoint_free(e);
        return NULL;
    }
    e->device_key = rules ? rules->device_key : NULL;
    e->tre_socket = rules ? rules->tre_socket : NULL;
    e->roots_pem = rules && rules->roots_pem ? strdup(rules->roots_pem) : NULL;
    return e;
}

static bool is_pinned(const struct endpoint_file *file)
{
    return file->trust && file->trust->has_pin;
}

static enum error_code check_file(const struct endpoint *e, const struct endpoint_file *file, const struct lwm2m_rules *rules, struct error *err)
{
    if (!transport_is_secure(e->transport) && !rules->nosec)
        return error_set(err, ERROR_POLICY, "%.100s: a server without security is not allowed", file->uri);
    if (transport_is_secure(e->transport) && !rules->roots_pem && !is_pinned(file))
        return error_set(err, ERROR_INCOMPLETE, "%.100s: there are no factory roots to know its server by", file->uri);
    if (file->certificate.len > sizeof e->account.x509.certificate)
        return error_set(err, ERROR_TOO_LARGE, "%.100s: the device certificate has %zu octets", file->uri, file->certificate.len);
    return ERROR_NONE;
}

/* The pin as a record of DANE (RFC 6698 clause 2.1): 3 1 1. */
static void take_file(struct lwm2m_x509 *x, const struct endpoint_file *file)
{
    if (is_pinned(file)) {
        memcpy(x->server, file->trust->pin, sizeof file->trust->pin);
        x->server_len = sizeof file->trust->pin;
        x->usage = USAGE_END_ENTITY;
        x->selector = 1;
        x->matching = MATCH_SHA256;
    }
    if (file->certificate.len) {
        memcpy(x->certificate, file->certificate.data, file->certificate.len);
        x->certificate_len = file->certificate.len;
        x->device = true;
    }
}

struct endpoint *endpoint_of_file(const struct endpoint_file *file, const struct lwm2m_rules *rules, struct error *err)
{
    struct endpoint *e = secret_pages_new(sizeof *e);
    if (!e) {
        error_set(err, ERROR_NO_MEMORY, "%.100s", file->uri);
        return NULL;
    }
    if (split(file->uri, &e->transport, e->host, sizeof e->host, &e->port, err) || check_file(e, file, rules, err)) {
        endpoint_free(e);
        return NULL;
    }
    e->account.mode = transport_is_secure(e->transport) ? LWM2M_X509 : LWM2M_NOSEC;
    take_file(&e->account.x509, file);
    e->roots_pem = rules->roots_pem ? strdup(rules->roots_pem) : NULL;
    e->device_key = rules->device_key;
    e->tre_socket = rules->tre_socket;
    e->now = file->now;
    return e;
}

bool endpoint_digest(const struct endpoint *e, uint8_t out[ENDPOINT_DIGEST])
{
    const struct lwm2m_account *a = &e->account;
    const struct lwm2m_x509 *x = &a->x509;
    const uint8_t how[] = { a->mode, x->usage, x->matching, x->selector, x->device };
    const char *roots = x->usage < USAGE_TRUST_ANCHOR && e->roots_pem ? e->roots_pem : "";
    const struct { const void *octets; size_t len; } parts[] = {
        { a->uri, sizeof a->uri }, { a->endpoint, sizeof a->endpoint }, { a->identity, sizeof a->identity }, { a->key, sizeof a->key }, { how, sizeof how },
        { x->certificate, sizeof x->certificate }, { x->private_key, sizeof x->private_key }, { x->server, sizeof x->server }, { x->sni, sizeof x->sni },
        { roots, strlen(roots) },
    };
    EVP_MD_CTX *hash = EVP_MD_CTX_new();
    bool fine = hash && EVP_DigestInit_ex(hash, EVP_sha256(), NULL) == 1;
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++)
        fine = fine && EVP_DigestUpdate(hash, parts[i].octets, parts[i].len) == 1;
    fine = fine && EVP_DigestFinal_ex(hash, out, NULL) == 1;
    EVP_MD_CTX_free(hash);
    return fine;
}

bool endpoint_is_at(const struct endpoint *e, const char *uri)
{
    char host[sizeof e->host];
    enum transport transport = e->transport;
    uint16_t port = 0;
    return split(uri, &transport, host, sizeof host, &port, NULL) == ERROR_NONE && transport == e->transport && port == e->port && strcasecmp(host, e->host) == 0;
}

void endpoint_free(struct endpoint *e)
{
    if (!e)
        return;
    free(e->roots_pem);
    secret_pages_free(e, sizeof *e);
}
