/* SPDX-License-Identifier: Apache-2.0 */
/* Envelope by RFC 9052, payload by a table of keys. Promises: what is read writes back to the same octets; every text is printable ASCII without a
 * space, so that it may be shown and put into a URL. */
#include "codec/bei.h"

#include <string.h>

#include "base/text.h"
#include "codec/cbor.h"

enum { TAG_MAC0 = 17, TAG_SIGN1 = 18, HEADER_ALG = 1, HEADER_KID = 4, ALG_HMAC_256 = 5, ALG_ES256 = -7, ID_OCTETS = 16 };

static enum error_code fail(const struct reader *r, const char *what, struct error *err)
{
    return error_set(err, ERROR_MALFORMED, "instruction: %s at octet %zu", what, r->pos);
}

/* --- envelope --- */

/* A protected header of one entry: 1 => algorithm (RFC 9052 3.1). */
static bool algorithm_is(struct slice header, int wanted)
{
    struct reader r = reader_make(header.data, header.len);
    struct cbor_item map = cbor_take(&r), key = cbor_take(&r), value = cbor_take(&r);
    bool sign = wanted < 0;
    return reader_done(&r) && map.major == CBOR_MAP && map.value == 1 && key.major == CBOR_UINT && key.value == HEADER_ALG &&
           value.major == (sign ? CBOR_NINT : CBOR_UINT) && value.value == (uint64_t)(sign ? -1 - wanted : wanted);
}

static struct slice take_octets(struct reader *r)
{
    struct cbor_item item = cbor_take(r);
    if (item.major != CBOR_BYTES)
        reader_fail(r);
    return r->failed ? (struct slice){ NULL, 0 } : item.data;
}

/* The unprotected header: 4 => kid in a signed one, nothing in the other. */
static void take_unprotected(struct reader *r, struct bei_envelope *out)
{
    struct cbor_item map = cbor_take(r);
    if (map.major != CBOR_MAP || map.value != (out->kind == BEI_SIGN1 ? 1 : 0))
        reader_fail(r);
    if (out->kind != BEI_SIGN1 || r->failed)
        return;
    struct cbor_item key = cbor_take(r);
    if (key.major != CBOR_UINT || key.value != HEADER_KID)
        reader_fail(r);
    out->kid = take_octets(r);
    if (out->kid.len != BEI_KID_LEN)
        reader_fail(r);
}

enum error_code bei_open(struct slice octets, struct bei_envelope *out, struct error *err)
{
    *out = (struct bei_envelope){ .kind = BEI_BARE, .payload = octets };
    struct reader r = reader_make(octets.data, octets.len);
    if (octets.len > BEI_OCTETS_MAX)
        return error_set(err, ERROR_TOO_LARGE, "instruction: %zu octets, allowed are %d", octets.len, BEI_OCTETS_MAX);
    if (reader_peek(&r) >> 5 == CBOR_MAP)
        return ERROR_NONE;
    struct cbor_item tag = cbor_take(&r);
    if (r.failed || tag.major != CBOR_TAG)
        return fail(&r, "no COSE message", err);
    if (tag.value != TAG_MAC0 && tag.value != TAG_SIGN1)
        return error_set(err, ERROR_NOT_SUPPORTED, "instruction: COSE tag %llu, known are 17 and 18", (unsigned long long)tag.value);
    out->kind = tag.value == TAG_MAC0 ? BEI_MAC0 : BEI_SIGN1;
    struct cbor_item list = cbor_take(&r);
    if (list.major != CBOR_ARRAY || list.value != 4)
        reader_fail(&r);
    out->protected_header = take_octets(&r);
    take_unprotected(&r, out);
    out->payload = take_octets(&r);
    out->proof = take_octets(&r);
    if (!reader_done(&r) || out->proof.len != (out->kind == BEI_MAC0 ? BEI_MAC_LEN : BEI_SIGNATURE_LEN))
        return fail(&r, "bad COSE structure", err);
    if (!algorithm_is(out->protected_header, out->kind == BEI_MAC0 ? ALG_HMAC_256 : ALG_ES256))
        return error_set(err, ERROR_NOT_SUPPORTED, "instruction: algorithm is not HMAC 256/256 or ES256");
    return ERROR_NONE;
}

void bei_put_authenticated(struct writer *w, const struct bei_envelope *e)
{
    cbor_put_array(w, 4);
    cbor_put_text(w, e->kind == BEI_MAC0 ? "MAC0" : "Signature1");
    cbor_put_bytes(w, e->protected_header.data, e->protected_header.len);
    cbor_put_bytes(w, NULL, 0);
    cbor_put_bytes(w, e->payload.data, e->payload.len);
}

/* --- values of the payload --- */

static uint64_t take_number(struct reader *r, uint64_t max)
{
    struct cbor_item item = cbor_take(r);
    if (item.major != CBOR_UINT || item.value > max)
        reader_fail(r);
    return r->failed ? 0 : item.value;
}

/* 1..max printable octets of ASCII without a space. */
static bool is_plain(struct slice s, size_t max)
{
    for (size_t i = 0; i < s.len; i++)
        if (s.data[i] <= 0x20 || s.data[i] >= 0x7f)
            return false;
    return s.len >= 1 && s.len <= max;
}

static void copy_text(struct reader *r, struct slice s, char *out, size_t cap)
{
    out[0] = '\0';
    if (!is_plain(s, cap - 1)) {
        reader_fail(r);
        return;
    }
    memcpy(out, s.data, s.len);
    out[s.len] = '\0';
}

static void take_text(struct reader *r, char *out, size_t cap)
{
    struct cbor_item item = cbor_take(r);
    out[0] = '\0';
    if (item.major != CBOR_TEXT)
        reader_fail(r);
    if (!r->failed)
        copy_text(r, item.data, out, cap);
}

/* A container of at most max entries; 0 once failed. */
static size_t take_count(struct reader *r, enum cbor_major major, uint64_t max)
{
    struct cbor_item item = cbor_take(r);
    if (item.major != major || item.value < 1 || item.value > max)
        reader_fail(r);
    return r->failed ? 0 : (size_t)item.value;
}

static void take_id(struct reader *r, struct bei *b)
{
    struct cbor_item item = cbor_take(r);
    b->id_is_octets = item.major == CBOR_BYTES;
    if (item.major == CBOR_TEXT)
        copy_text(r, item.data, b->id, sizeof b->id);
    else if (b->id_is_octets && item.data.len == ID_OCTETS)
        (void)text_hex(item.data.data, item.data.len, b->id);
    else
        reader_fail(r);
}

static void take_uris(struct reader *r, struct bei_target *t)
{
    t->uris = take_count(r, CBOR_ARRAY, BEI_URIS);
    for (size_t i = 0; i < t->uris; i++)
        take_text(r, t->uri[i], sizeof t->uri[i]);
}

enum { TARGET_NID, TARGET_URI, TARGET_NAF, TARGET_SNI, TARGET_PORT, TARGET_SERVER, TARGET_KEYS };

/* The next key of a map: above the one before (RFC 8949 4.2.1), below end. */
static uint64_t take_key(struct reader *r, int64_t *before, uint64_t end)
{
    uint64_t key = take_number(r, end - 1);
    if (!r->failed && (int64_t)key <= *before)
        reader_fail(r);
    *before = (int64_t)key;
    return r->failed ? end : key;
}

static void take_target(struct reader *r, struct bei *b)
{
    int64_t before = -1;
    for (size_t n = take_count(r, CBOR_MAP, TARGET_KEYS); n && !r->failed; n--) {
        uint64_t key = take_key(r, &before, TARGET_KEYS);
        if (key == TARGET_NID)
            take_text(r, b->target.nid, sizeof b->target.nid);
        else if (key == TARGET_URI)
            take_uris(r, &b->target);
        else if (key == TARGET_NAF)
            take_text(r, b->target.naf, sizeof b->target.naf);
        else if (key == TARGET_SNI)
            take_text(r, b->target.sni, sizeof b->target.sni);
        else if (key == TARGET_PORT && (b->target.port = (uint16_t)take_number(r, 65535)) == 0)
            reader_fail(r);
        else if (key == TARGET_SERVER && (b->target.server_id = (uint16_t)take_number(r, 65534)) == 0) /* LwM2M Core TS 1.1.1 clause E.2: 1..65534 */
            reader_fail(r);
    }
}

static void take_ua(struct reader *r, struct bei *b)
{
    struct cbor_item item = cbor_take(r);
    if (item.major != CBOR_BYTES || item.data.len != BEI_UA) {
        reader_fail(r);
        return;
    }
    memcpy(b->ua, item.data.data, BEI_UA);
    b->has_ua = true;
}

static bool trust_fits(enum bei_trust_type type, enum cbor_major major, struct slice value)
{
    if (type == BEI_TRUST_ISSUER)
        return major == CBOR_TEXT && is_plain(value, 128);
    size_t least = type == BEI_TRUST_SPKI ? BEI_PIN : 1, most = type == BEI_TRUST_SPKI ? BEI_PIN : BEI_TRUST_MAX;
    return major == CBOR_BYTES && value.len >= least && value.len <= most;
}

static void take_trust(struct reader *r, struct bei *b)
{
    b->trusts = take_count(r, CBOR_ARRAY, BEI_TRUSTS);
    for (size_t i = 0; i < b->trusts && !r->failed; i++) {
        struct cbor_item pair = cbor_take(r);
        if (pair.major != CBOR_ARRAY || pair.value != 2)
            reader_fail(r);
        b->trust[i].type = (enum bei_trust_type)take_number(r, BEI_TRUST_ISSUER);
        struct cbor_item value = cbor_take(r);
        if (!trust_fits(b->trust[i].type, value.major, value.data))
            reader_fail(r);
        b->trust[i].value = value.data;
    }
}

static void take_credential(struct reader *r, struct bei *b)
{
    if (take_count(r, CBOR_ARRAY, 2) != 2)
        reader_fail(r);
    b->credential = (enum bei_credential)take_number(r, BEI_CREDENTIAL_KEY);
    if (b->credential == BEI_CREDENTIAL_NONE)
        reader_fail(r);
    take_text(r, b->credential_ref, sizeof b->credential_ref);
}

static void take_bearer(struct reader *r, struct bei *b)
{
    if (take_count(r, CBOR_ARRAY, 3) != 3)
        reader_fail(r);
    b->has_bearer = true;
    take_text(r, b->bearer.apn, sizeof b->bearer.apn);
    b->bearer.auth = (enum napdef_auth)take_number(r, NAPDEF_AUTH_CHAP);
    b->bearer.ip = (enum napdef_ip)take_number(r, NAPDEF_IPV4V6);
}

static void take_mechanism(struct reader *r, struct bei *b)
{
    b->mechanism = (enum bei_mechanism)take_number(r, BEI_OMADM);
    if (!bei_mechanism_name(b->mechanism)[0])
        reader_fail(r);
}

/* --- the payload --- */

enum key { KEY_V, KEY_ID, KEY_SEQ, KEY_ISS, KEY_SUB, KEY_IAT, KEY_EXP, KEY_MECH, KEY_TGT, KEY_BSF, KEY_UA, KEY_TRUST, KEY_CRED, KEY_BEARER, KEY_CTX, KEY_NEXT, KEYS };

static const struct {
    const char *name;
    bool mandatory;
} keys[KEYS] = {
    [KEY_V] = { "v", true },       [KEY_ID] = { "id", true },     [KEY_SEQ] = { "seq", true },     [KEY_ISS] = { "iss", true },
    [KEY_SUB] = { "sub", true },   [KEY_IAT] = { "iat", true },   [KEY_EXP] = { "exp", true },     [KEY_MECH] = { "mech", true },
    [KEY_TGT] = { "tgt", false },  [KEY_BSF] = { "bsf", false },  [KEY_UA] = { "ua", false },      [KEY_TRUST] = { "trust", false },
    [KEY_CRED] = { "cred", false }, [KEY_BEARER] = { "bearer", false }, [KEY_CTX] = { "ctx", false }, [KEY_NEXT] = { "next", false },
};

static void take_value(struct reader *r, enum key key, struct bei *b)
{
    switch (key) {
    case KEY_V: b->version = take_number(r, UINT64_MAX); break;
    case KEY_ID: take_id(r, b); break;
    case KEY_SEQ: b->seq = take_number(r, INT64_MAX); break;
    case KEY_ISS: take_text(r, b->issuer, sizeof b->issuer); break;
    case KEY_SUB: take_text(r, b->subject, sizeof b->subject); break;
    case KEY_IAT: b->issued = take_number(r, INT64_MAX); break;
    case KEY_EXP: b->expires = take_number(r, INT64_MAX); break;
    case KEY_MECH: take_mechanism(r, b); break;
    case KEY_TGT: take_target(r, b); break;
    case KEY_BSF: take_text(r, b->bsf, sizeof b->bsf); break;
    case KEY_UA: take_ua(r, b); break;
    case KEY_TRUST: take_trust(r, b); break;
    case KEY_CRED: take_credential(r, b); break;
    case KEY_BEARER: take_bearer(r, b); break;
    case KEY_CTX: take_text(r, b->context, sizeof b->context); break;
    case KEY_NEXT: take_text(r, b->next, sizeof b->next); break;
    case KEYS: break;
    }
}

static enum error_code check(unsigned seen, const struct bei *b, struct error *err)
{
    for (unsigned i = 0; i < KEYS; i++)
        if (keys[i].mandatory && !(seen & 1U << i))
            return error_set(err, ERROR_INCOMPLETE, "instruction: \"%s\" is missing", keys[i].name);
    if (b->version != 1)
        return error_set(err, ERROR_NOT_SUPPORTED, "instruction: version is not 1");
    if (b->expires <= b->issued)
        return error_set(err, ERROR_INVALID, "instruction: exp is not after iat");
    if (b->context[0] && !text_is_name(b->context, "_-", 32))
        return error_set(err, ERROR_INVALID, "instruction: ctx is no name");
    return ERROR_NONE;
}

enum error_code bei_read(struct slice payload, struct bei *out, struct error *err)
{
    struct reader r = reader_make(payload.data, payload.len);
    unsigned seen = 0;
    int64_t before = -1;
    *out = (struct bei){ .version = 0 };
    if (payload.len > BEI_OCTETS_MAX)
        return error_set(err, ERROR_TOO_LARGE, "instruction: %zu octets, allowed are %d", payload.len, BEI_OCTETS_MAX);
    for (size_t n = take_count(&r, CBOR_MAP, KEYS); n; n--) {
        uint64_t key = take_key(&r, &before, KEYS);
        if (r.failed)
            return fail(&r, "unknown or misplaced key", err);
        seen |= 1U << key;
        take_value(&r, (enum key)key, out);
        if (r.failed)
            return fail(&r, keys[key].name, err);
    }
    if (!reader_done(&r))
        return fail(&r, "not one map", err);
    return check(seen, out, err);
}

/* --- writing --- */

static void put_text(struct writer *w, unsigned key, const char *text)
{
    if (!text[0])
        return;
    cbor_put_uint(w, key);
    cbor_put_text(w, text);
}

static void put_number(struct writer *w, unsigned key, uint64_t value)
{
    cbor_put_uint(w, key);
    cbor_put_uint(w, value);
}

static void put_id(struct writer *w, const struct bei *b)
{
    uint8_t octets[ID_OCTETS];
    size_t len = 0;
    cbor_put_uint(w, KEY_ID);
    if (b->id_is_octets && text_hex_decode((struct slice){ (const uint8_t *)b->id, strlen(b->id) }, octets, sizeof octets, &len))
        cbor_put_bytes(w, octets, len);
    else
        cbor_put_text(w, b->id);
}

static unsigned target_fields(const struct bei_target *t)
{
    return (t->nid[0] != 0) + (t->uris != 0) + (t->naf[0] != 0) + (t->sni[0] != 0) + (t->port != 0) + (t->server_id != 0);
}

static void put_target(struct writer *w, const struct bei_target *t)
{
    if (!target_fields(t))
        return;
    cbor_put_uint(w, KEY_TGT);
    cbor_put_map(w, target_fields(t));
    put_text(w, TARGET_NID, t->nid);
    if (t->uris) {
        cbor_put_uint(w, TARGET_URI);
        cbor_put_array(w, t->uris);
        for (size_t i = 0; i < t->uris; i++)
            cbor_put_text(w, t->uri[i]);
    }
    put_text(w, TARGET_NAF, t->naf);
    put_text(w, TARGET_SNI, t->sni);
    if (t->port)
        put_number(w, TARGET_PORT, t->port);
    if (t->server_id)
        put_number(w, TARGET_SERVER, t->server_id);
}

static void put_trust(struct writer *w, const struct bei *b)
{
    if (!b->trusts)
        return;
    cbor_put_uint(w, KEY_TRUST);
    cbor_put_array(w, b->trusts);
    for (size_t i = 0; i < b->trusts; i++) {
        cbor_put_array(w, 2);
        cbor_put_uint(w, (uint64_t)b->trust[i].type);
        if (b->trust[i].type == BEI_TRUST_ISSUER)
            cbor_put_string(w, b->trust[i].value);
        else
            cbor_put_bytes(w, b->trust[i].value.data, b->trust[i].value.len);
    }
}

static void put_rest(struct writer *w, const struct bei *b)
{
    if (b->credential) {
        cbor_put_uint(w, KEY_CRED);
        cbor_put_array(w, 2);
        cbor_put_uint(w, (uint64_t)b->credential);
        cbor_put_text(w, b->credential_ref);
    }
    if (b->has_bearer) {
        cbor_put_uint(w, KEY_BEARER);
        cbor_put_array(w, 3);
        cbor_put_text(w, b->bearer.apn);
        cbor_put_uint(w, (uint64_t)b->bearer.auth);
        cbor_put_uint(w, (uint64_t)b->bearer.ip);
    }
    put_text(w, KEY_CTX, b->context);
    put_text(w, KEY_NEXT, b->next);
}

void bei_write(struct writer *w, const struct bei *b)
{
    unsigned fields = 8U + (target_fields(&b->target) != 0) + (b->bsf[0] != 0) + b->has_ua + (b->trusts != 0) + (b->credential != 0) + b->has_bearer +
                      (b->context[0] != 0) + (b->next[0] != 0);
    cbor_put_map(w, fields);
    put_number(w, KEY_V, b->version);
    put_id(w, b);
    put_number(w, KEY_SEQ, b->seq);
    put_text(w, KEY_ISS, b->issuer);
    put_text(w, KEY_SUB, b->subject);
    put_number(w, KEY_IAT, b->issued);
    put_number(w, KEY_EXP, b->expires);
    put_number(w, KEY_MECH, (uint64_t)b->mechanism);
    put_target(w, &b->target);
    put_text(w, KEY_BSF, b->bsf);
    if (b->has_ua) {
        cbor_put_uint(w, KEY_UA);
        cbor_put_bytes(w, b->ua, sizeof b->ua);
    }
    put_trust(w, b);
    put_rest(w, b);
}
