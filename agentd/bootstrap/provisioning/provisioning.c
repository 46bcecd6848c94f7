/* SPDX-License-Identifier: Apache-2.0 */
/* Characteristics and parms by ProvCont 1.1 clause 4.5 (BOOTSTRAP), 4.6 (NAPDEF), 4.9 (APPLICATION) and the w7 registration. */
#include "bootstrap/provisioning/provisioning.h"

#include <openssl/evp.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "bootstrap/provisioning/room.h"

/* --- APPLICATION w7 --- */

static enum error_code take_nonce(struct prov_node *in, struct dm_credential *c, struct error *err)
{
    struct prov_node *parm = prov_parm_next(in, WORD_AAUTHDATA, NULL);
    if (!parm)
        return ERROR_NONE;
    if (parm->has_opaque) {
        if (parm->octets.len > sizeof c->nonce)
            return error_set(err, ERROR_INVALID, "APPAUTH: AAUTHDATA is longer than %zu octets", sizeof c->nonce);
        memcpy(c->nonce, parm->octets.data, parm->octets.len);
        c->nonce_len = parm->octets.len;
    } else if (!text_base64_decode(parm->octets, c->nonce, sizeof c->nonce, &c->nonce_len)) {
        return error_set(err, ERROR_INVALID, "APPAUTH: AAUTHDATA is not Base64 of at most %zu octets", sizeof c->nonce);
    }
    parm->taken = true;
    return ERROR_NONE;
}

static bool auth_of(struct slice type, enum dm_auth *out)
{
    bool digest = slice_is(type, "DIGEST"), hmac = slice_is(type, "HMAC");
    if (!digest && !hmac && !slice_is(type, "BASIC"))
        return false;
    *out = digest ? DM_AUTH_MD5 : hmac ? DM_AUTH_HMAC : DM_AUTH_BASIC;
    return true;
}

static enum error_code take_appauth(struct prov_node *in, struct dm_account *a, struct error *err)
{
    struct slice level = prov_text(in, WORD_AAUTHLEVEL);
    bool client = slice_is(level, "APPSRV");
    if (!client && !slice_is(level, "CLIENT"))
        return ERROR_NONE; /* OBEX and unknown levels are not ours */
    struct dm_credential *c = client ? &a->client : &a->server;
    if (c->secret[0])
        return ERROR_NONE; /* several of one level: in the order of the server's preference */
    (void)field_value(in, WORD_AAUTHLEVEL);
    const char *type = client ? field_value(in, WORD_AAUTHTYPE) : NULL;
    if (type && !auth_of(prov_text(in, WORD_AAUTHTYPE), &a->auth))
        return error_set(err, ERROR_NOT_SUPPORTED, "APPAUTH: AAUTHTYPE %.20s (BASIC, DIGEST, HMAC are known)", type);
    enum error_code rc = field_text(&(struct field){ in, "APPAUTH", WORD_AAUTHNAME }, client, c->name, sizeof c->name, err);
    if (!rc)
        rc = field_text(&(struct field){ in, "APPAUTH", WORD_AAUTHSECRET }, true, c->secret, sizeof c->secret, err);
    return rc ? rc : take_nonce(in, c, err);
}

/* Of a URI that uri_split has read; a literal without its brackets. */
static struct slice host_of(const char *uri)
{
    const char *at = &uri[strlen("https://")], *host = at[0] == '[' ? &at[1] : at;
    return (struct slice){ (const uint8_t *)host, strcspn(host, at[0] == '[' ? "]" : ":/?#") };
}

/* Puts ":port" behind the host of such a URI that names no port. */
static bool add_port(char *uri, size_t cap, const char *port)
{
    char whole[sizeof((struct dm_account *)0)->uri + 8];
    struct slice host = host_of(uri);
    const char *end = (const char *)&host.data[host.len];
    end += *end == ']';
    if (*end == ':')
        return true;
    (void)snprintf(whole, sizeof whole, "%.*s:%s%s", (int)(end - uri), uri, port, end);
    return text_copy(uri, cap, whole);
}

/* APPADDR/PORT/PORTNBR, ProvCont 4.9. It is not taken: where the URI names a port, that one counts. */
static enum error_code take_port(struct prov_node *address, struct dm_account *a, struct error *err)
{
    struct prov_node *port = address ? prov_characteristic(address, WORD_PORT, NULL) : NULL;
    const char *text = port ? prov_parm(port, WORD_PORTNBR) : NULL;
    uint64_t number = 0;
    if (!text)
        return port ? error_set(err, ERROR_INCOMPLETE, "PORT lacks PORTNBR") : ERROR_NONE;
    if (!text_decimal((struct slice){ (const uint8_t *)text, strlen(text) }, UINT16_MAX, &number) || number == 0)
        return error_set(err, ERROR_INVALID, "PORT: PORTNBR is no port");
    return add_port(a->uri, sizeof a->uri, text) ? ERROR_NONE : error_set(err, ERROR_INVALID, "APPLICATION w7: ADDR with its port is too long");
}

/* ADDR of the application, or of its first APPADDR (with the port there, unless the URI names one). */
static enum error_code take_address(struct prov_node *in, struct dm_account *a, struct error *err)
{
    struct prov_node *address = prov_characteristic(in, WORD_APPADDR, NULL);
    struct prov_node *from = prov_parm(in, WORD_ADDR) || !address ? in : address;
    char host[256];
    uint16_t port;
    enum error_code rc = field_text(&(struct field){ from, "APPLICATION w7", WORD_ADDR }, true, a->uri, sizeof a->uri, err);
    if (rc)
        return rc;
    if (uri_split(a->uri, "https", host, sizeof host, &port, err))
        return error_set(err, ERROR_INVALID, "APPLICATION w7: ADDR must be an https URI");
    return from == address ? take_port(address, a, err) : ERROR_NONE;
}

static enum error_code take_w7(struct prov_node *in, struct settings *out, struct error *err)
{
    if (out->dms == SETTINGS_DM)
        return error_set(err, ERROR_TOO_LARGE, "more than %d APPLICATION w7", SETTINGS_DM);
    struct dm_account *a = &out->dm[out->dms];
    *a = (struct dm_account){ .auth = DM_AUTH_MD5 };
    enum error_code rc = field_text(&(struct field){ in, "APPLICATION w7", WORD_PROVIDER_ID }, true, a->server_id, sizeof a->server_id, err);
    if (!rc)
        rc = field_text(&(struct field){ in, "APPLICATION w7", WORD_NAME }, false, a->name, sizeof a->name, err);
    if (!rc)
        rc = field_texts(&(struct field){ in, "APPLICATION w7", WORD_TO_NAPID }, a->napid[0], sizeof a->napid[0], DM_TO_NAPIDS, &a->napids, err);
    if (!rc)
        rc = take_address(in, a, err);
    for (struct prov_node *n = NULL; !rc && (n = prov_characteristic(in, WORD_APPAUTH, n));)
        rc = take_appauth(n, a, err);
    if (rc)
        return rc;
    if (a->server.secret[0] && !a->server.name[0])
        (void)text_copy(a->server.name, sizeof a->server.name, a->server_id); /* DM 1.2: the server's name is its id */
    out->dms++;
    return ERROR_NONE;
}

/* --- pins: of the w7 servers of this document only (the caller demands more than NETWPIN for an account) --- */

static enum error_code take_vendor(struct prov_node *in, struct settings *out, struct server_trust *pin, struct error *err)
{
    const char *name = prov_parm(in, WORD_NAME), *text = prov_parm(in, WORD_SERVER_PIN);
    size_t len = 0;
    if (!name || strcmp(name, "gateway-agent") != 0)
        return ERROR_NONE;
    (void)field_value(in, WORD_NAME);
    if (text) {
        if (!text_base64_decode((struct slice){ (const uint8_t *)text, strlen(text) }, pin->pin, sizeof pin->pin, &len) || len != sizeof pin->pin)
            return error_set(err, ERROR_INVALID, "VENDORCONFIG: SERVER-PIN is not the Base64 of a SHA-256");
        (void)field_value(in, WORD_SERVER_PIN);
        pin->has_pin = true;
    }
    return field_text(&(struct field){ in, "VENDORCONFIG", WORD_CONTEXT }, false, out->context, sizeof out->context, err);
}

static bool pin_of_certificate(const char *base64, struct server_trust *pin)
{
    uint8_t der[2048];
    size_t len = 0;
    if (!text_base64_decode((struct slice){ (const uint8_t *)base64, strlen(base64) }, der, sizeof der, &len))
        return false;
    const unsigned char *at = der;
    X509 *cert = d2i_X509(NULL, &at, (long)len);
    unsigned char *spki = NULL;
    int n = cert ? i2d_X509_PUBKEY(X509_get_X509_PUBKEY(cert), &spki) : -1;
    pin->has_pin = n > 0 && at == &der[len] && EVP_Digest(spki, (size_t)n, pin->pin, NULL, EVP_sha256(), NULL) == 1;
    OPENSSL_free(spki);
    X509_free(cert);
    return pin->has_pin;
}

/* CertificateStore > ROOT|CA|MY > thumbprint > EncodedCertificate: the key of the first certificate is the pin. */
static enum error_code take_store(struct prov_node *in, struct server_trust *pin, int depth, struct error *err)
{
    const char *text = prov_parm(in, WORD_ENCODED_CERTIFICATE);
    if (text && !pin->has_pin) {
        if (!pin_of_certificate(text, pin))
            return error_set(err, ERROR_INVALID, "CertificateStore: EncodedCertificate is not a certificate in Base64");
        (void)field_value(in, WORD_ENCODED_CERTIFICATE);
    }
    for (struct prov_node *n = in->child; n && depth < PROV_MAX_DEPTH; n = n->next) {
        enum error_code rc = n->element == PROV_CHARACTERISTIC ? take_store(n, pin, depth + 1, err) : ERROR_NONE;
        if (rc)
            return rc;
    }
    return ERROR_NONE;
}

/* --- document --- */

static enum error_code take_bootstrap(struct prov_node *in, struct settings *out, struct error *err)
{
    char host[256];
    uint16_t port;
    enum error_code rc = field_text(&(struct field){ in, "BOOTSTRAP", WORD_NAME }, false, out->bootstrap_name, sizeof out->bootstrap_name, err);
    if (!rc)
        rc = field_text(&(struct field){ in, "BOOTSTRAP", WORD_PROVURL }, false, out->provurl, sizeof out->provurl, err);
    if (!rc && out->provurl[0] && uri_split(out->provurl, "https", host, sizeof host, &port, NULL))
        rc = error_set(err, ERROR_INVALID, "BOOTSTRAP: PROVURL must be an https URI");
    return rc ? rc : provisioning_reach(in, &out->extras, err);
}

/* PROVURL alone is a DM session with the device PIN as shared secret: an account without secrets, named after the host, says so. */
static enum error_code account_of_provurl(struct settings *s, struct error *err)
{
    struct dm_account *a = &s->dm[0];
    uint16_t port;
    if (!s->provurl[0] || s->dms)
        return ERROR_NONE;
    *a = (struct dm_account){ .auth = DM_AUTH_MD5, .secrets = DM_SECRETS_PIN };
    enum error_code rc = uri_split(s->provurl, "https", a->server_id, sizeof a->server_id, &port, err);
    (void)text_copy(a->uri, sizeof a->uri, s->provurl);
    (void)text_copy(a->name, sizeof a->name, s->bootstrap_name);
    if (!rc)
        rc = provisioning_rule(s, a, err);
    s->dms = rc ? 0 : 1;
    return rc;
}

/* The ways of the w7 accounts, in the order in which take_one found them. */
static enum error_code take_ways(const struct prov_node *root, struct settings *out, struct error *err)
{
    enum error_code rc = ERROR_NONE;
    size_t i = 0;
    for (struct prov_node *n = NULL; !rc && i < out->dms && (n = prov_characteristic(root, WORD_APPLICATION, n));) {
        const char *app = prov_parm(n, WORD_APPID);
        if (app && strcmp(app, "w7") == 0)
            rc = provisioning_way(n, out, &out->dm[i++], err);
    }
    return rc;
}

/* Trust rule 4: the session goes to the w7 ADDR, which must share its host with PROVURL. */
static enum error_code check_hosts(const struct settings *s, struct error *err)
{
    for (size_t i = 0; s->provurl[0] && i < s->dms; i++) {
        struct slice a = host_of(s->provurl), b = host_of(s->dm[i].uri);
        if (a.len != b.len || strncasecmp((const char *)a.data, (const char *)b.data, a.len) != 0)
            return error_set(err, ERROR_POLICY, "w7 server %.*s is not on the host of PROVURL %.*s", (int)(b.len < 60 ? b.len : 60), b.data, (int)(a.len < 60 ? a.len : 60), a.data);
    }
    return ERROR_NONE;
}

static enum error_code take_one(const struct prov_node *root, struct prov_node *n, struct settings *out, struct server_trust *pin, struct error *err)
{
    if (n->element != PROV_CHARACTERISTIC)
        return ERROR_NONE;
    if (n->word == WORD_BOOTSTRAP)
        return take_bootstrap(n, out, err);
    if (n->word == WORD_NAPDEF)
        return provisioning_napdef(root, n, out, err);
    if (!out->beyond[0])
        (void)text_copy(out->beyond, sizeof out->beyond, prov_own(n));
    if (n->word == WORD_VENDORCONFIG)
        return take_vendor(n, out, pin, err);
    if (n->word == WORD_CERTIFICATE_STORE)
        return take_store(n, pin, 0, err);
    if (n->word == WORD_PXLOGICAL)
        return provisioning_proxy(n, &out->extras, err);
    if (n->word == WORD_ACCESS)
        return provisioning_access(n, &out->extras, err);
    if (n->word == WORD_CLIENTIDENTITY)
        return provisioning_client(n, &out->extras, err);
    if (n->word != WORD_APPLICATION)
        return ERROR_NONE;
    const char *app = field_value(n, WORD_APPID);
    return app && strcmp(app, "w7") == 0 ? take_w7(n, out, err) : provisioning_named(n, "APPLICATION", WORD_APPID, &out->extras, err);
}

enum error_code provisioning_settings(const struct prov_node *root, struct settings *out, struct error *err)
{
    struct server_trust pin = { 0 };
    settings_clear(out);
    for (struct prov_node *n = root->child; n; n = n->next) {
        enum error_code rc = take_one(root, n, out, &pin, err);
        if (rc)
            return rc;
    }
    enum error_code rc = take_ways(root, out, err);
    if (!rc)
        rc = check_hosts(out, err);
    if (!rc)
        rc = account_of_provurl(out, err);
    if (!rc)
        rc = provisioning_leftover(root, &out->leftover, err);
    for (size_t i = 0; i < out->dms; i++)
        out->dm[i].trust = pin;
    return rc;
}
