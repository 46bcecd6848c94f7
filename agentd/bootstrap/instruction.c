/* SPDX-License-Identifier: Apache-2.0 */
/* Promises: nothing of an instruction is used that its proof does not cover; a number once accepted from an issuer is never accepted again for other
 * octets, over restarts and without a clock. */
#include "bootstrap/instruction.h"

#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/text.h"

#define RESULT "bei-result"

enum { RESULT_CAP = 512, LIFE_MAX = 30 * 24 * 3600, SKEW = 300, VALUE_CAP = 96, KEY_CAP = 224 };

/* --- signatures --- */

/* r | s of 32 octets each to DER (RFC 9053 section 2.1). */
static bool signature_fits(const struct instruction_key *k, struct slice covered, struct slice proof)
{
    const unsigned char *der_key = k->spki;
    unsigned char *der = NULL;
    EVP_PKEY *key = d2i_PUBKEY(NULL, &der_key, (long)k->spki_len);
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    ECDSA_SIG *sig = ECDSA_SIG_new();
    BIGNUM *r = BN_bin2bn(proof.data, BEI_SIGNATURE_LEN / 2, NULL), *s = BN_bin2bn(proof.data + BEI_SIGNATURE_LEN / 2, BEI_SIGNATURE_LEN / 2, NULL);
    bool ok = key && ctx && sig && r && s && ECDSA_SIG_set0(sig, r, s) == 1;
    if (!ok) {
        BN_free(r);
        BN_free(s);
    }
    int len = ok ? i2d_ECDSA_SIG(sig, &der) : 0;
    ok = len > 0 && EVP_DigestVerifyInit(ctx, NULL, EVP_sha256(), NULL, key) == 1 &&
         EVP_DigestVerify(ctx, der, (size_t)len, covered.data, covered.len) == 1;
    OPENSSL_free(der);
    ECDSA_SIG_free(sig);
    EVP_MD_CTX_free(ctx);
    EVP_PKEY_free(key);
    return ok;
}

enum error_code instruction_verify(const struct factory_data *f, const struct bei_envelope *v, struct slice covered, struct error *err)
{
    char hex[2 * BEI_KID_LEN + 1];
    if (v->kind != BEI_SIGN1)
        return error_set(err, ERROR_MAC_MISSING, "instruction without MAC or signature");
    for (size_t i = 0; i < f->instruction_keys; i++) {
        const struct instruction_key *k = &f->instruction_key[i];
        if (!slice_equal((struct slice){ k->kid, sizeof k->kid }, v->kid))
            continue;
        return signature_fits(k, covered, v->proof) ? ERROR_NONE : error_set(err, ERROR_MAC_MISMATCH, "instruction: the signature does not fit");
    }
    return error_set(err, ERROR_UNKNOWN_KEY, "instruction: signed by %.16s..., which is none of instruction_keys", text_hex(v->kid.data, v->kid.len, hex));
}

/* --- reading --- */

/* The first URI of the scheme that the mechanism speaks (they are in the order of preference). */
static const char *uri_of(const struct bei *b, const char *scheme, char *host, size_t cap, struct error *err)
{
    uint16_t port;
    for (size_t i = 0; i < b->target.uris; i++)
        if (uri_split(b->target.uri[i], scheme, host, cap, &port, NULL) == ERROR_NONE)
            return b->target.uri[i];
    error_set(err, b->target.uris ? ERROR_INVALID : ERROR_INCOMPLETE, "instruction: mechanism %s needs a uri of %s in tgt", bei_mechanism_name(b->mechanism), scheme);
    return NULL;
}

/* What is signed is followed as a whole or not at all. */
static enum error_code refuse_others(const struct bei *b, struct error *err)
{
    const char *key = b->target.naf[0] ? "tgt naf" : b->target.sni[0] ? "tgt sni" : b->target.port ? "tgt port" : b->bsf[0] ? "bsf" : b->has_ua ? "ua" : NULL;
    return key ? error_set(err, ERROR_NOT_SUPPORTED, "instruction: %s means nothing to mechanism %s", key, bei_mechanism_name(b->mechanism)) : ERROR_NONE;
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

/* The place of a LwM2M bootstrap server; its key is in the TRE: derived for its name (nid, else its host), or one that the factory gave under that name. */
static enum error_code take_lwm2m(const struct bei *b, struct settings *out, struct error *err)
{
    struct lwm2m_account *a = &out->lwm2m[0];
    char host[256];
    const char *uri = uri_of(b, "coaps", host, sizeof host, err);
    bool named = b->credential == BEI_CREDENTIAL_PSK;
    if (!uri)
        return err->code;
    if (b->trusts)
        return error_set(err, ERROR_NOT_SUPPORTED, "instruction: trust is for certificates; a LwM2M bootstrap server proves itself by its pre-shared key");
    if (!named && b->credential != BEI_CREDENTIAL_NONE && (b->credential != BEI_CREDENTIAL_KEY || strcmp(b->credential_ref, "keyed") != 0))
        return error_set(err, ERROR_NOT_SUPPORTED, "instruction: credential %.64s is no pre-shared key", b->credential_ref);
    *a = (struct lwm2m_account){ .key_from = named ? LWM2M_KEY_NAMED : LWM2M_KEY_DERIVED };
    (void)text_copy(a->uri, sizeof a->uri, uri);
    if (!text_copy(a->key_ref, sizeof a->key_ref, named ? b->credential_ref : b->target.nid[0] ? b->target.nid : host))
        return error_set(err, ERROR_INVALID, "instruction: tgt needs a nid, the host is too long for a name");
    out->lwm2ms = 1;
    return ERROR_NONE;
}

static enum error_code settings_of(const struct bei *b, struct settings *out, struct error *err)
{
    enum error_code rc = ERROR_NONE;
    switch (b->mechanism) {
    case BEI_OMADM:
        rc = take_omadm(b, out, err);
        break;
    case BEI_LWM2M:
        rc = take_lwm2m(b, out, err);
        break;
    case BEI_GBA:
    case BEI_PKI:
    case BEI_PSK:
        return error_set(err, ERROR_NOT_SUPPORTED, "instruction: mechanism %s is not carried out by this build, only omadm and lwm2m", bei_mechanism_name(b->mechanism));
    }
    if (!rc)
        rc = refuse_others(b, err);
    take_bearer(b, out);
    return rc;
}

static void take_origin(const struct bei *b, const struct bei_envelope *v, struct settings_origin *o)
{
    *o = (struct settings_origin){ .seq = b->seq, .issued = b->issued, .expires = b->expires };
    if (v->kind == BEI_SIGN1)
        (void)text_hex(v->kid.data, v->kid.len, o->signer);
    else
        (void)text_copy(o->signer, sizeof o->signer, v->kind == BEI_MAC0 ? "pin" : "local");
    (void)text_copy(o->issuer, sizeof o->issuer, b->issuer);
    (void)text_copy(o->id, sizeof o->id, b->id);
    (void)text_copy(o->subject, sizeof o->subject, b->subject);
    (void)text_copy(o->next, sizeof o->next, b->next);
}

enum error_code instruction_read(const struct wsp_push *push, struct trigger *t, struct error *err)
{
    struct bei_envelope v;
    struct bei b;
    char host[256];
    uint16_t port;
    enum error_code rc = bei_open(push->body, &v, err);
    if (!rc)
        rc = bei_read(v.payload, &b, err);
    if (!rc)
        rc = settings_of(&b, t->settings, err);
    if (!rc && b.next[0])
        rc = uri_split(b.next, "https", host, sizeof host, &port, err);
    if (rc)
        return rc;
    take_origin(&b, &v, &t->settings->origin);
    (void)text_copy(t->context, sizeof t->context, b.context[0] ? b.context : "usim");
    (void)text_copy(t->settings->context, sizeof t->settings->context, t->context);
    return ERROR_NONE;
}

/* --- rules --- */

char *instruction_subject(const struct site *s, char *out, size_t cap)
{
    (void)snprintf(out, cap, "urn:gateway:%s", s->factory.gateway_id);
    return out;
}

static bool is_local(const struct settings_origin *o)
{
    return strcmp(o->signer, "local") == 0;
}

/* UEID of RFC 9711: 01 (RAND) and the TRE id, as in evidence. */
static bool is_own(const struct site *s, const char *subject)
{
    char own[97], ueid[48] = "ueid:01";
    if (strcmp(subject, instruction_subject(s, own, sizeof own)) == 0)
        return true;
    (void)text_hex(trust_status(s->trust)->tre_id, 16, &ueid[7]);
    return strcmp(subject, ueid) == 0;
}

static enum error_code judge_time(const struct site *s, const struct settings_origin *o, struct error *err)
{
    uint64_t now = clock_now(&s->clock);
    if (o->expires - o->issued > LIFE_MAX)
        return error_set(err, ERROR_EXPIRED, "instruction of %.60s is valid for more than 30 days", o->issuer);
    if (!now) {
        log_notice("instruction", "%s of %s: the clock is not trusted, only its number %llu is looked at", o->id, o->issuer, (unsigned long long)o->seq);
        return ERROR_NONE;
    }
    if (now + SKEW < o->issued)
        return error_set(err, ERROR_EXPIRED, "instruction of %.60s is not valid yet", o->issuer);
    return now < o->expires ? ERROR_NONE : error_set(err, ERROR_EXPIRED, "instruction of %.60s has expired", o->issuer);
}

static void seq_key(const struct settings_origin *o, char key[KEY_CAP])
{
    (void)snprintf(key, KEY_CAP, "bei-seq/%s/%s", o->signer, o->issuer);
}

/* "<seq> <hash of the message>" */
static enum error_code judge_seq(struct site *s, const struct trigger *t, struct error *err)
{
    const struct settings_origin *o = &t->settings->origin;
    char key[KEY_CAP], value[VALUE_CAP], hex[65], *rest = NULL;
    seq_key(o, key);
    if (!store_value_get(s->store, key, value, sizeof value))
        return ERROR_NONE;
    unsigned long long last = strtoull(value, &rest, 10);
    if (o->seq > last)
        return ERROR_NONE;
    if (o->seq == last && strcmp(rest + (*rest == ' '), text_hex(t->hash, sizeof t->hash, hex)) == 0)
        return ERROR_NONE;
    return error_set(err, ERROR_REPLAYED, "instruction of %.60s has number %llu, %llu was accepted before", o->issuer, (unsigned long long)o->seq, last);
}

enum error_code instruction_judge(struct site *s, const struct trigger *t, struct error *err)
{
    const struct settings_origin *o = &t->settings->origin;
    if (!is_own(s, o->subject))
        return error_set(err, ERROR_WRONG_SUBJECT, "instruction of %.60s is for %.80s", o->issuer, o->subject);
    if (is_local(o)) /* made here, for one use */
        return ERROR_NONE;
    enum error_code rc = judge_time(s, o, err);
    return rc ? rc : judge_seq(s, t, err);
}

/* --- result: "<state> <message> <seq> <phase> <code> <id> <next>", words without spaces --- */

static void result_open(struct store *store, const struct trigger *t, const char *hex)
{
    char value[RESULT_CAP];
    const struct settings_origin *o = &t->settings->origin;
    if (!o->next[0])
        return;
    (void)snprintf(value, sizeof value, "open %s %llu - - %s %s", hex, (unsigned long long)o->seq, o->id, o->next);
    store_value_put(store, RESULT, value);
}

static bool result_read(struct store *store, char state[8], char hex[65], struct instruction_result *r)
{
    char value[RESULT_CAP];
    unsigned long long seq = 0;
    *r = (struct instruction_result){ .seq = 0 };
    bool ok = store_value_get(store, RESULT, value, sizeof value) &&
              sscanf(value, "%7s %64s %llu %15s %31s %32s %255s", state, hex, &seq, r->phase, r->code, r->id, r->next) == 7;
    r->seq = seq;
    return ok;
}

void instruction_result_end(struct store *store, const uint8_t hash[32], const char *phase, const char *code)
{
    struct instruction_result r;
    char state[8], hex[65], own[65], value[RESULT_CAP];
    if (!result_read(store, state, hex, &r) || strcmp(hex, text_hex(hash, 32, own)) != 0)
        return;
    (void)snprintf(value, sizeof value, "due %s %llu %s %s %s %s", hex, (unsigned long long)r.seq, phase, code, r.id, r.next);
    store_value_put(store, RESULT, value);
}

bool instruction_result_due(struct store *store, struct instruction_result *out)
{
    char state[8], hex[65];
    return result_read(store, state, hex, out) && strcmp(state, "due") == 0;
}

void instruction_result_sent(struct store *store)
{
    store_value_put(store, RESULT, "");
}

static const char *node_key(const char *source)
{
    return strcmp(source, "bbn") == 0 ? "bbn-seq" : strcmp(source, "lan") == 0 ? "lan-seq" : NULL;
}

void instruction_accept(struct store *store, const struct trigger *t)
{
    char key[KEY_CAP], value[VALUE_CAP], hex[65];
    if (is_local(&t->settings->origin))
        return;
    seq_key(&t->settings->origin, key);
    (void)snprintf(value, sizeof value, "%llu %s", (unsigned long long)t->settings->origin.seq, text_hex(t->hash, sizeof t->hash, hex));
    store_value_put(store, key, value);
    if (node_key(t->source))
        store_value_put(store, node_key(t->source), value);
    result_open(store, t, hex);
}

uint64_t instruction_last_of_node(struct store *store, const char *source)
{
    char value[VALUE_CAP];
    return store_value_get(store, node_key(source), value, sizeof value) ? strtoull(value, NULL, 10) : 0;
}

/* --- owner of a context --- */

static void owner_key(const char *context, char key[KEY_CAP])
{
    (void)snprintf(key, KEY_CAP, "bei-owner/%s", context);
}

static void owner_value(const struct settings_origin *o, char value[KEY_CAP])
{
    (void)snprintf(value, KEY_CAP, "%s/%s", o->signer, o->issuer);
}

bool instruction_of_owner(struct store *store, const struct trigger *t)
{
    const struct settings_origin *o = &t->settings->origin;
    char key[KEY_CAP], value[KEY_CAP], own[KEY_CAP];
    owner_key(t->context, key);
    owner_value(o, own);
    bool is_signed = o->signer[0] && !is_local(o);
    return is_signed && store_value_get(store, key, value, sizeof value) && strcmp(value, own) == 0;
}

void instruction_own(struct store *store, const char *context, const struct settings_origin *origin)
{
    char key[KEY_CAP], value[KEY_CAP] = "";
    owner_key(context, key);
    if (origin->signer[0])
        owner_value(origin, value);
    store_value_put(store, key, value);
}
