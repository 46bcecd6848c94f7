/* SPDX-License-Identifier: Apache-2.0 */
/* A function for each mechanism. What the payload names is followed as a whole or refused as a whole: what a mechanism has no use for is an error. */
#include "bootstrap/instruction/mechanism.h"

#include <openssl/evp.h>
#include <openssl/x509v3.h>
#include <string.h>

#include "base/text.h"

enum { USAGE_AUTHORITY = 2, USAGE_SERVER = 3, MATCH_WHOLE = 0, MATCH_SHA256 = 1 }; /* /0/x/15, /0/x/13 */
enum { LIFETIME = 86400 }; /* of a registration, seconds; the server may write another */

/* The first URI of a scheme that the mechanism speaks (they are in the order of preference). */
static const char *uri_of(const struct bei *b, const char *schemes, char *host, size_t cap, struct error *err)
{
    uint16_t port;
    for (size_t i = 0; i < b->target.uris; i++)
        if (uri_split_any(b->target.uri[i], schemes, host, cap, &port, NULL) == ERROR_NONE)
            return b->target.uri[i];
    error_set(err, b->target.uris ? ERROR_INVALID : ERROR_INCOMPLETE, "instruction: mechanism %s needs a uri of %s in tgt", bei_mechanism_name(b->mechanism), schemes);
    return NULL;
}

/* Of what only some mechanisms have a use for. */
enum { NAF = 1, SNI = 2, PORT = 4, SERVER = 8, BSF = 16, UA = 32, TRUST = 64 };
static const unsigned uses[] = { [BEI_GBA] = NAF | SERVER | BSF | UA, [BEI_PKI] = SNI | SERVER | TRUST, [BEI_PSK] = SERVER, [BEI_LWM2M] = 0, [BEI_OMADM] = TRUST };

/* What is signed is followed as a whole or not at all. */
static enum error_code refuse_others(const struct bei *b, struct error *err)
{
    const struct {
        unsigned use;
        bool named;
        const char *name;
    } rows[] = {
        { NAF, b->target.naf[0] != '\0', "tgt naf" }, { SNI, b->target.sni[0] != '\0', "tgt sni" }, { PORT, b->target.port != 0, "tgt port" },
        { SERVER, b->target.server_id != 0, "tgt server" }, { BSF, b->bsf[0] != '\0', "bsf" }, { UA, b->has_ua, "ua" }, { TRUST, b->trusts != 0, "trust" },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (rows[i].named && !(uses[b->mechanism] & rows[i].use))
            return error_set(err, ERROR_NOT_SUPPORTED, "instruction: %s means nothing to mechanism %s", rows[i].name, bei_mechanism_name(b->mechanism));
    return ERROR_NONE;
}

static enum error_code take_target(const struct bei *b, struct settings *out, struct error *err)
{
    struct dm_account *a = &out->dm[0];
    char host[256];
    const char *uri = uri_of(b, "https", host, sizeof host, err);
    *a = (struct dm_account){ .auth = DM_AUTH_MD5, .secrets = DM_SECRETS_PIN };
    if (!uri)
        return err->code;
    (void)text_copy(a->server_id, sizeof a->server_id, b->target.nid[0] ? b->target.nid : host);
    (void)text_copy(a->uri, sizeof a->uri, uri);
    (void)text_copy(a->name, sizeof a->name, b->issuer);
    (void)text_copy(out->provurl, sizeof out->provurl, uri);
    out->dms = 1;
    return ERROR_NONE;
}

static enum error_code pin_of(const struct bei_trust *t, struct server_trust *out, struct error *err)
{
    const unsigned char *der = t->value.data;
    unsigned char *spki = NULL;
    X509 *x = NULL;
    int len = 0;
    switch (t->type) {
    case BEI_TRUST_SPKI:
        memcpy(out->pin, t->value.data, sizeof out->pin);
        out->has_pin = true;
        return ERROR_NONE;
    case BEI_TRUST_CERTIFICATE:
        x = d2i_X509(NULL, &der, (long)t->value.len);
        len = x ? i2d_X509_PUBKEY(X509_get_X509_PUBKEY(x), &spki) : 0;
        out->has_pin = len > 0 && EVP_Digest(spki, (size_t)len, out->pin, NULL, EVP_sha256(), NULL) == 1;
        OPENSSL_free(spki);
        X509_free(x);
        return out->has_pin ? ERROR_NONE : error_set(err, ERROR_INVALID, "instruction: trust holds no certificate");
    case BEI_TRUST_ISSUER:
        break;
    }
    return error_set(err, ERROR_NOT_SUPPORTED, "instruction: trust in a named issuer needs mech pki");
}

/* A name of the TRE that stands for a method; nothing else is known there. */
static enum error_code take_credential(const struct bei *b, struct dm_account *a, struct error *err)
{
    static const struct {
        const char *name;
        enum dm_secrets secrets;
    } rows[] = { { "pin", DM_SECRETS_PIN }, { "keyed", DM_SECRETS_KEYED }, { "fcs11384", DM_SECRETS_FCS11384 }, { "fcs14345", DM_SECRETS_FCS14345 } };
    if (b->credential == BEI_CREDENTIAL_NONE)
        return ERROR_NONE;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (b->credential == BEI_CREDENTIAL_KEY && strcmp(b->credential_ref, rows[i].name) == 0) {
            a->secrets = rows[i].secrets;
            return ERROR_NONE;
        }
    return error_set(err, ERROR_NOT_SUPPORTED, "instruction: credential %.64s is not known here", b->credential_ref);
}

static void take_bearer(const struct bei *b, struct settings *out)
{
    struct napdef *n = &out->napdef[0];
    if (!b->has_bearer)
        return;
    *n = (struct napdef){ .auth = b->bearer.auth, .ip_type = b->bearer.ip };
    (void)text_copy(n->napid, sizeof n->napid, "BEI");
    (void)text_copy(n->name, sizeof n->name, b->issuer);
    (void)text_copy(n->apn, sizeof n->apn, b->bearer.apn);
    out->napdefs = 1;
}

static enum error_code take_omadm(const struct bei *b, struct settings *out, struct error *err)
{
    enum error_code rc = take_target(b, out, err);
    for (size_t i = 0; !rc && i < b->trusts; i++)
        rc = pin_of(&b->trust[i], &out->dm[0].trust, err);
    return rc ? rc : take_credential(b, &out->dm[0], err);
}

/* A LwM2M server at the place of tgt: with a number it is a management server and the account is whole, without one a bootstrap server, which is asked for the
 * accounts. */
static enum error_code take_place(const struct bei *b, struct settings *out, char *host, size_t cap, struct error *err)
{
    struct lwm2m_account *a = &out->lwm2m[0];
    const char *uri = uri_of(b, LWM2M_SECURE_SCHEMES, host, cap, err);
    if (!uri)
        return err->code;
    *a = (struct lwm2m_account){ .short_server_id = b->target.server_id, .lifetime = b->target.server_id ? LIFETIME : 0 };
    (void)text_copy(a->uri, sizeof a->uri, uri);
    out->lwm2ms = 1;
    return ERROR_NONE;
}

/* Its pre-shared key is in the TRE: derived for its name (nid, else its host), or one that the factory gave under that name. */
static enum error_code take_psk(const struct bei *b, struct settings *out, struct error *err)
{
    struct lwm2m_account *a = &out->lwm2m[0];
    char host[256];
    bool named = b->credential == BEI_CREDENTIAL_PSK;
    if (take_place(b, out, host, sizeof host, err))
        return err->code;
    if (!named && b->credential != BEI_CREDENTIAL_NONE && (b->credential != BEI_CREDENTIAL_KEY || strcmp(b->credential_ref, "keyed") != 0))
        return error_set(err, ERROR_NOT_SUPPORTED, "instruction: credential %.64s is no pre-shared key", b->credential_ref);
    a->key_from = named ? LWM2M_KEY_NAMED : LWM2M_KEY_DERIVED;
    if (!text_copy(a->key_ref, sizeof a->key_ref, named ? b->credential_ref : b->target.nid[0] ? b->target.nid : host))
        return error_set(err, ERROR_INVALID, "instruction: tgt needs a nid, the host is too long for a name");
    return ERROR_NONE;
}

/* TS 33.220 annex H.3: shared-key TLS is 01 00 01 and the cipher suite; the default is what LwM2M demands (Transport TS 1.1.1 clause 5.2.8.1),
 * TLS_PSK_WITH_AES_128_CCM_8. */
static const uint8_t ua_default[BEI_UA] = { 1, 0, 1, 0xc0, 0xa8 };
enum { UA_FAMILY = 3 };

/* The server is a NAF: its key is made of Ks of a MID. It is named as it is reached, because TLS tells it that name (TS 24.109 clause 5.3.3.1). */
static enum error_code take_gba(const struct bei *b, struct settings *out, struct error *err)
{
    struct lwm2m_account *a = &out->lwm2m[0];
    char host[256], bsf[256];
    uint16_t port;
    if (take_place(b, out, host, sizeof host, err))
        return err->code;
    if (b->target.naf[0] && strcmp(b->target.naf, host) != 0)
        return error_set(err, ERROR_INVALID, "instruction: tgt naf %.100s is not the host of its uri", b->target.naf);
    if (b->bsf[0] && uri_split(b->bsf, "https", bsf, sizeof bsf, &port, err))
        return err->code;
    if (b->has_ua && memcmp(b->ua, ua_default, UA_FAMILY) != 0)
        return error_set(err, ERROR_NOT_SUPPORTED, "instruction: ua is not that of shared-key TLS (01 00 01 and a cipher suite)");
    if (b->credential != BEI_CREDENTIAL_NONE && b->credential != BEI_CREDENTIAL_BTID)
        return error_set(err, ERROR_NOT_SUPPORTED, "instruction: credential %.64s is no identity", b->credential_ref);
    a->key_from = LWM2M_KEY_NAF;
    memcpy(a->gba.ua, b->has_ua ? b->ua : ua_default, sizeof a->gba.ua);
    (void)text_copy(a->gba.bsf, sizeof a->gba.bsf, b->bsf);
    (void)text_copy(a->gba.mid, sizeof a->gba.mid, b->credential_ref);
    return text_copy(a->gba.naf, sizeof a->gba.naf, host) ? ERROR_NONE : error_set(err, ERROR_INVALID, "instruction: the host is too long for a NAF");
}

/* As certificate usage, selector and matching type of DANE (RFC 6698 clause 2.1), which LwM2M took over: the server's key by its hash, the certificate of its
 * authority, or its own. */
static enum error_code take_anchor(const struct bei_trust *t, struct lwm2m_x509 *x, struct error *err)
{
    const unsigned char *der = t->value.data;
    if (t->type == BEI_TRUST_ISSUER)
        return error_set(err, ERROR_NOT_SUPPORTED, "instruction: trust in a named issuer is not carried out, name its certificate");
    X509 *c = t->type == BEI_TRUST_CERTIFICATE ? d2i_X509(NULL, &der, (long)t->value.len) : NULL;
    bool authority = c && X509_check_ca(c) > 0, whole = c && der == t->value.data + t->value.len;
    X509_free(c);
    if ((t->type == BEI_TRUST_CERTIFICATE && !whole) || t->value.len > sizeof x->server)
        return error_set(err, ERROR_INVALID, "instruction: trust holds no certificate");
    memcpy(x->server, t->value.data, t->value.len);
    x->server_len = t->value.len;
    x->usage = authority ? USAGE_AUTHORITY : USAGE_SERVER;
    x->selector = t->type == BEI_TRUST_SPKI;
    x->matching = t->type == BEI_TRUST_SPKI ? MATCH_SHA256 : MATCH_WHOLE;
    return ERROR_NONE;
}

/* The server knows the gateway by its device certificate, whose key signs in the TRE. The target's certificate is proved by what the instruction trusts. */
static enum error_code take_pki(const struct bei *b, struct settings *out, struct error *err)
{
    struct lwm2m_account *a = &out->lwm2m[0];
    char host[256];
    if (take_place(b, out, host, sizeof host, err))
        return err->code;
    if (b->trusts != 1)
        return error_set(err, b->trusts ? ERROR_NOT_SUPPORTED : ERROR_INCOMPLETE, "instruction: mechanism pki needs one trust, not %zu", b->trusts);
    if (b->credential != BEI_CREDENTIAL_NONE)
        return error_set(err, ERROR_NOT_SUPPORTED, "instruction: mechanism pki is by the device certificate; cred means nothing to it");
    a->mode = LWM2M_X509;
    a->x509.device = true;
    (void)text_copy(a->x509.sni, sizeof a->x509.sni, b->target.sni);
    return take_anchor(&b->trust[0], &a->x509, err);
}

static enum error_code take_mechanism(const struct bei *b, struct settings *out, struct error *err)
{
    switch (b->mechanism) {
    case BEI_OMADM:
        return take_omadm(b, out, err);
    case BEI_LWM2M:
    case BEI_PSK:
        return take_psk(b, out, err);
    case BEI_GBA:
        return take_gba(b, out, err);
    case BEI_PKI:
        return take_pki(b, out, err);
    }
    return error_set(err, ERROR_NOT_SUPPORTED, "instruction: mechanism %d is not carried out by this build", (int)b->mechanism);
}

enum error_code instruction_settings(const struct bei *b, struct settings *out, struct error *err)
{
    enum error_code rc = take_mechanism(b, out, err);
    if (!rc)
        rc = refuse_others(b, err);
    take_bearer(b, out);
    return rc;
}
