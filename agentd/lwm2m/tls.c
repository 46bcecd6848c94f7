/* SPDX-License-Identifier: Apache-2.0 */
/* Certificate usages 0 to 3 of object 0 are those of DANE (RFC 6698 clause 2.1.1), so OpenSSL's DANE judges the server's chain. The verdict is OpenSSL's:
 * nothing here overrides one. */
#include "lwm2m/tls.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <string.h>
#include <time.h>

#include "base/reader.h"
#include "model/lease.h"

enum { RESUMED_MAX_S = 86400, /* RFC 5246 appendix F.1.4 */ TICKET_MAX = 1024, /* beside all else in one datagram */
       ALERT_NONE = -1, HANDSHAKE_DONE_MESSAGE = 14, MATCH_WHOLE = 0, MATCHES = 4 };

/* Of /0/x/13 as OpenSSL's TLSA matching types: 1 and 2 are SHA-256 and SHA-512 there (RFC 6698 clause 2.1.3), 3 is free for SHA-384. */
static const struct {
    uint8_t type;
    uint8_t len; /* of the digest */
} matches[MATCHES] = { { 0, 0 }, { 1, 32 }, { 3, 48 }, { 2, 64 } };

/* ---- what the account brings ---- */

static X509 *certificate_of(const uint8_t *octets, size_t len)
{
    const uint8_t *at = octets;
    X509 *x = d2i_X509(NULL, &at, (long)len);
    if (x && at == octets + len)
        return x;
    X509_free(x);
    ERR_clear_error();
    return NULL;
}

static EVP_PKEY *key_of(const uint8_t *octets, size_t len)
{
    const uint8_t *at = octets;
    EVP_PKEY *key = d2i_AutoPrivateKey(NULL, &at, (long)len);
    ERR_clear_error();
    return key;
}

int tls_key_type(const struct lwm2m_x509 *x)
{
    EVP_PKEY *key = key_of(x->private_key, x->private_key_len);
    int type = key ? EVP_PKEY_get_base_id(key) : EVP_PKEY_NONE;
    EVP_PKEY_free(key);
    return type;
}

static bool is_usable(const EVP_PKEY *key)
{
    return EVP_PKEY_get_base_id(key) == EVP_PKEY_EC || EVP_PKEY_get_base_id(key) == EVP_PKEY_RSA; /* what the CoAP library takes */
}

/* Of the device, whose key is in the TRE, the certificate alone is there. */
static enum error_code check_ours(const struct lwm2m_x509 *x, struct error *err)
{
    X509 *certificate = certificate_of(x->certificate, x->certificate_len);
    EVP_PKEY *key = x->device ? NULL : key_of(x->private_key, x->private_key_len);
    enum error_code code = ERROR_NONE;
    if (!certificate)
        code = error_set(err, ERROR_INVALID, "our certificate (/0/x/3) is no X.509 certificate in DER");
    else if (x->device)
        code = ERROR_NONE;
    else if (!key || !is_usable(key))
        code = error_set(err, ERROR_INVALID, "our private key (/0/x/5) is no EC or RSA private key in DER");
    else if (X509_check_private_key(certificate, key) != 1)
        code = error_set(err, ERROR_INVALID, "our private key (/0/x/5) does not belong to our certificate (/0/x/3)");
    ERR_clear_error();
    X509_free(certificate);
    EVP_PKEY_free(key);
    return code;
}

enum error_code tls_check(const struct lwm2m_x509 *x, const char *roots_pem, struct error *err)
{
    if (!x->certificate_len || (!x->private_key_len && !x->device) || !x->server_len)
        return error_set(err, ERROR_INCOMPLETE, "security mode 2 needs our certificate, our private key and the server's certificate (/0/x/3, 5, 4)");
    if (x->usage > 3 || x->matching >= MATCHES)
        return error_set(err, ERROR_INVALID, "certificate usage (/0/x/15) and matching type (/0/x/13) are 0 to 3");
    if (x->usage < USAGE_TRUST_ANCHOR && !roots_pem)
        return error_set(err, ERROR_INCOMPLETE, "certificate usage %u (/0/x/15) needs factory roots, and there are none", x->usage);
    X509 *server = x->matching == MATCH_WHOLE && !x->selector ? certificate_of(x->server, x->server_len) : NULL;
    bool fine = x->matching == MATCH_WHOLE && !x->selector ? server != NULL : x->server_len == matches[x->matching].len;
    X509_free(server);
    if (!fine)
        return error_set(err, ERROR_INVALID, "the server's certificate (/0/x/4) is not what matching type %u (/0/x/13) says", x->matching);
    return check_ours(x, err);
}

/* ---- trust ---- */

static bool add_roots(SSL_CTX *context, const char *pem)
{
    BIO *in = BIO_new_mem_buf(pem, -1);
    X509 *root = NULL;
    bool fine = in != NULL;
    while (fine && (root = PEM_read_bio_X509(in, NULL, NULL, NULL))) {
        fine = X509_STORE_add_cert(SSL_CTX_get_cert_store(context), root) == 1;
        X509_free(root);
    }
    ERR_clear_error(); /* the end of the text is an error to PEM */
    BIO_free(in);
    return fine;
}

/* The name that the certificate must have: the host of the URI (Transport TS 1.1.1 clause 5.2.8.7), also if that is an address. */
static bool expect_name(SSL *ssl, const char *host)
{
    struct ip_address literal;
    bool fine = SSL_dane_enable(ssl, host) == 1;
    if (!ip_address_parse(host, &literal))
        return fine;
    X509_VERIFY_PARAM *param = SSL_get0_param(ssl);
    return fine && SSL_set_tlsext_host_name(ssl, NULL) == 1 && X509_VERIFY_PARAM_set1_host(param, NULL, 0) == 1 && X509_VERIFY_PARAM_set1_ip_asc(param, host) == 1;
}

static int keep_verdict(int good, X509_STORE_CTX *store)
{
    (void)store;
    return good;
}

/* OpenSSL's own judgement; the CoAP library, which would be asked about each certificate, is left out. */
static int judge(X509_STORE_CTX *store, void *user)
{
    struct tls_watch *watch = user;
    watch->judged = true;
    X509_STORE_CTX_set_verify_cb(store, keep_verdict);
    int good = X509_verify_cert(store);
    watch->verdict = good == 1 ? X509_V_OK : X509_STORE_CTX_get_error(store);
    return good;
}

static bool set_trust(SSL *ssl, struct tls_watch *watch, const struct endpoint *e)
{
    const struct lwm2m_x509 *x = &e->account.x509;
    SSL_CTX *context = SSL_get_SSL_CTX(ssl);
    SSL_CTX_set_cert_verify_callback(context, judge, watch);
    SSL_set_verify(ssl, SSL_VERIFY_PEER, NULL);
    (void)X509_VERIFY_PARAM_clear_flags(SSL_get0_param(ssl), X509_V_FLAG_CRL_CHECK); /* the library sets it where its own check is off */
    if (SSL_CTX_dane_enable(context) != 1 || SSL_CTX_dane_mtype_set(context, EVP_sha384(), 3, 1) != 1 || !expect_name(ssl, x->sni[0] ? x->sni : e->host))
        return false;
    if (x->usage < USAGE_TRUST_ANCHOR && (!e->roots_pem || !add_roots(context, e->roots_pem)))
        return false;
    if (e->now)
        X509_VERIFY_PARAM_set_time(SSL_get0_param(ssl), (time_t)e->now);
    if (!x->server_len) /* of no account, and not pinned: without a record of DANE the chain alone is judged */
        return true;
    return SSL_dane_tlsa_add(ssl, x->usage, x->selector, matches[x->matching].type, x->server, x->server_len) == 1;
}

/* The device certificate, and the key that signs in the TRE. OpenSSL compares their public halves. */
static bool use_device(SSL *ssl, const struct endpoint *e)
{
    const struct lwm2m_x509 *x = &e->account.x509;
    EVP_PKEY *key = e->device_key ? e->device_key((struct slice){ x->certificate, x->certificate_len }, e->tre_socket) : NULL;
    bool fine = key && SSL_use_certificate_ASN1(ssl, x->certificate, (int)x->certificate_len) == 1 && SSL_use_PrivateKey(ssl, key) == 1;
    EVP_PKEY_free(key);
    return fine;
}

/* A handshake that was over before the session could be taken over: the same judgement of what the server has shown. */
static void judge_late(SSL *ssl, struct tls_watch *watch)
{
    X509 *server = SSL_get1_peer_certificate(ssl);
    X509_STORE_CTX *store = X509_STORE_CTX_new();
    watch->verdict = X509_V_ERR_UNSPECIFIED;
    if (server && store && X509_STORE_CTX_init(store, SSL_CTX_get_cert_store(SSL_get_SSL_CTX(ssl)), server, SSL_get_peer_cert_chain(ssl)) == 1 &&
        X509_STORE_CTX_set_default(store, "ssl_server") == 1 && X509_VERIFY_PARAM_set1(X509_STORE_CTX_get0_param(store), SSL_get0_param(ssl)) == 1) {
        X509_STORE_CTX_set0_dane(store, SSL_get0_dane(ssl));
        (void)judge(store, watch);
    }
    X509_STORE_CTX_free(store);
    X509_free(server);
    ERR_clear_error();
}

bool tls_trusts(SSL *ssl, struct tls_watch *watch, const struct endpoint *e)
{
    if (e->account.mode == LWM2M_PSK)
        return SSL_get_psk_identity(ssl) != NULL;
    if (SSL_session_reused(ssl)) /* it shows no certificate, but has the key that was agreed on when it did: tls_offer */
        return SSL_get_verify_result(ssl) == X509_V_OK;
    if (!watch->judged)
        judge_late(ssl, watch);
    return watch->judged && watch->verdict == X509_V_OK;
}

/* ---- the session ---- */

/* RFC 5246 clause 7.2: the alert of the peer, and how far the key exchange got, tell a refused credential from a silent server. */
static void on_message(int write, int version, int type, const void *data, size_t len, SSL *ssl, void *user)
{
    (void)version;
    (void)ssl;
    struct tls_watch *watch = user;
    if (!write && type == SSL3_RT_HEADER)
        watch->heard = true;
    struct reader r = reader_make(data, len);
    uint8_t first = reader_u8(&r);
    if (type == SSL3_RT_ALERT && first == SSL3_AL_FATAL)
        *(write ? &watch->own_alert : &watch->alert) = reader_u8(&r);
    if (!write && type == SSL3_RT_HANDSHAKE && first == HANDSHAKE_DONE_MESSAGE)
        watch->key_sent = true;
}

bool tls_adopt(SSL *ssl, struct tls_watch *watch, const struct endpoint *e)
{
    *watch = (struct tls_watch){ .alert = ALERT_NONE, .own_alert = ALERT_NONE };
    /* Californium 2.x (Leshan before 2.0.0-M12 and its kin) sends no renegotiation_info (RFC 5746); RFC 7925 clause 17 forbids
     * renegotiation to both sides, and we never do it. */
    SSL_set_options(ssl, SSL_OP_LEGACY_SERVER_CONNECT | SSL_OP_NO_RENEGOTIATION | SSL_OP_CLEANSE_PLAINTEXT); /* keys may be written */
    SSL_set_msg_callback(ssl, on_message);
    SSL_set_msg_callback_arg(ssl, watch);
    bool fine = e->account.mode != LWM2M_X509 || (set_trust(ssl, watch, e) && (!e->account.x509.device || SSL_get_certificate(ssl) || use_device(ssl, e)));
    ERR_clear_error();
    return fine;
}

/* ---- a session over a restart ---- */

void tls_session_write(SSL *ssl, struct writer *w)
{
    SSL_SESSION *session = SSL_get_session(ssl);
    const uint8_t *ticket;
    size_t ticket_len = 0;
    int len = session && SSL_SESSION_is_resumable(session) ? i2d_SSL_SESSION(session, NULL) : 0;
    if (session)
        SSL_SESSION_get0_ticket(session, &ticket, &ticket_len);
    if (ticket_len > TICKET_MAX)
        return;
    if (len <= 0 || w->failed || w->cap - w->len < (size_t)len)
        return;
    uint8_t *end = &w->data[w->len];
    w->len += (size_t)i2d_SSL_SESSION(session, &end);
}

static SSL_SESSION *offered;
static const struct endpoint *shown;

/* The CoAP library makes its TLS session and sends the first message in one call; OpenSSL calls this in between. */
static void on_new_ssl(void *parent, void *ptr, CRYPTO_EX_DATA *data, int index, long argl, void *argp)
{
    (void)ptr;
    (void)data;
    (void)index;
    (void)argl;
    (void)argp;
    if (offered)
        (void)SSL_set_session(parent, offered);
    if (shown && !use_device(parent, shown))
        ERR_clear_error(); /* tls_adopt tries again, and says so */
}

static bool hook(void)
{
    static int index = -1;
    if (index < 0)
        index = SSL_get_ex_new_index(0, NULL, on_new_ssl, NULL, NULL);
    return index >= 0;
}

/* A server over TCP may ask for the certificate before the library lets go. */
void tls_show(const struct endpoint *e)
{
    shown = e && e->account.mode == LWM2M_X509 && e->account.x509.device && hook() ? e : NULL;
}

uint64_t tls_now(const struct endpoint *e)
{
    return e->now ? e->now : (uint64_t)time(NULL);
}

/* The certificate of then would still do, and was judged within a day. */
static bool is_fresh(SSL_SESSION *session, const struct endpoint *e, uint64_t judged)
{
    uint64_t now = tls_now(e);
    time_t at = (time_t)now;
    X509 *server = SSL_SESSION_get0_peer(session);
    if (e->account.mode != LWM2M_X509)
        return true;
    if (!server || now < judged || now - judged >= RESUMED_MAX_S)
        return false;
    return e->account.x509.usage == USAGE_END_ENTITY || X509_cmp_time(X509_get0_notAfter(server), &at) > 0; /* RFC 7671 clause 5.1: its time says nothing */
}

bool tls_offer(const struct endpoint *e, struct slice octets, uint64_t judged)
{
    const uint8_t *at = octets.data;
    tls_withdraw();
    offered = hook() ? d2i_SSL_SESSION(NULL, &at, (long)octets.len) : NULL;
    ERR_clear_error();
    if (offered && !is_fresh(offered, e, judged))
        tls_withdraw();
    return offered != NULL;
}

void tls_withdraw(void)
{
    SSL_SESSION_free(offered);
    offered = NULL;
}

/* ---- why it failed ---- */

static enum error_code describe_server(const struct tls_watch *w, const struct endpoint *e, struct error *err)
{
    enum error_code code = w->verdict == X509_V_ERR_CERT_NOT_YET_VALID ? ERROR_CLOCK : ERROR_TLS_UNTRUSTED;
    return error_set(err, code, "%s: the certificate of %.100s is not trusted: %s", transport_name(e->transport), e->host, X509_verify_cert_error_string(w->verdict));
}

static enum error_code describe_alert(const struct tls_watch *w, const struct endpoint *e, struct error *err)
{
    const char *name = transport_name(e->transport), *text = SSL_alert_desc_string_long(w->alert);
    switch (w->alert) {
    case SSL_AD_UNKNOWN_PSK_IDENTITY:
    case SSL_AD_DECRYPT_ERROR:
    case SSL_AD_BAD_RECORD_MAC:
    case SSL_AD_ACCESS_DENIED:
        return error_set(err, ERROR_CLIENT_AUTH, "%s: the server refused the %s (alert %d, %s)", name,
                         e->account.mode == LWM2M_PSK ? "PSK identity or key" : "certificate or key", w->alert, text);
    case SSL_AD_BAD_CERTIFICATE:
    case SSL_AD_UNSUPPORTED_CERTIFICATE:
    case SSL_AD_CERTIFICATE_REVOKED:
    case SSL_AD_CERTIFICATE_EXPIRED:
    case SSL_AD_CERTIFICATE_UNKNOWN:
    case SSL_AD_UNKNOWN_CA:
        return error_set(err, ERROR_CLIENT_AUTH, "%s: the server refused our certificate (alert %d, %s)", name, w->alert, text);
    }
    return error_set(err, ERROR_TLS, "%s: alert %d of the server, %s", name, w->alert, text);
}

bool tls_describe(const struct tls_watch *w, const struct endpoint *e, struct error *err)
{
    if (w->verdict != X509_V_OK)
        return describe_server(w, e, err) != ERROR_NONE;
    if (w->alert != ALERT_NONE)
        return describe_alert(w, e, err) != ERROR_NONE;
    if (w->own_alert != ALERT_NONE)
        return error_set(err, ERROR_TLS, "%s: we refused what the server sent (alert %d, %s)", transport_name(e->transport), w->own_alert,
                         SSL_alert_desc_string_long(w->own_alert)) != ERROR_NONE;
    return false;
}
