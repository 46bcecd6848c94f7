/* SPDX-License-Identifier: Apache-2.0 */
/* Instructions by MAC and by signature, as an operator makes them: of each authentic one every bit flipped and every truncation. In the protected header,
 * the payload and the proof a flip is refused; elsewhere it is refused, or the same payload by the same kind of proof. */
#include <glib.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <string.h>

#include "bootstrap/instruction/instruction.h"
#include "codec/bei.h"
#include "codec/cbor.h"
#include "tre_bench.h"

#define PIN "24681357"
#define GATEWAY "gw" /* of tre_bench */

enum { ES256 = -7, HMAC_256 = 5, ALGORITHM = 1, KID = 4, TAG_MAC0 = 17, TAG_SIGN1 = 18 };

struct sample {
    uint8_t octets[512];
    size_t len;
    struct bei_envelope envelope; /* of the octets */
};

static struct tre_bench *tre;
static struct factory_data factory;

static bool is_authentic(struct slice message, struct bei_envelope *v)
{
    uint8_t covered[1024];
    struct error err;
    struct writer w = writer_make(covered, sizeof covered);
    if (bei_open(message, v, &err))
        return false;
    bei_put_authenticated(&w, v);
    g_assert_false(w.failed);
    return (v->kind == BEI_MAC0 ? tre_bench_instruction(tre, v->proof, writer_slice(&w)) : instruction_verify(&factory, v, writer_slice(&w), &err)) == ERROR_NONE;
}

static bool holds(const struct sample *s, struct slice part, size_t at)
{
    size_t from = (size_t)(part.data - s->octets);
    return part.len && at >= from && at < from + part.len;
}

static void flips(struct sample *s)
{
    const struct bei_envelope *good = &s->envelope;
    struct bei_envelope v;
    g_autofree uint8_t *payload = g_memdup2(good->payload.data, good->payload.len);
    size_t len = good->payload.len;
    for (size_t bit = 0; bit < 8 * s->len; bit++) {
        bool guarded = holds(s, good->protected_header, bit / 8) || holds(s, good->payload, bit / 8) || holds(s, good->proof, bit / 8);
        s->octets[bit / 8] ^= (uint8_t)(1u << bit % 8);
        bool authentic = is_authentic((struct slice){ s->octets, s->len }, &v);
        if (authentic && (guarded || v.kind != good->kind || !slice_equal(v.payload, (struct slice){ payload, len })))
            g_error("bit %zu of octet %zu is not protected", bit % 8, bit / 8);
        s->octets[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
}

static void truncations(const struct sample *s)
{
    struct bei_envelope v;
    for (size_t len = 0; len < s->len; len++) {
        g_autofree uint8_t *cut = g_memdup2(s->octets, len);
        if (is_authentic((struct slice){ cut, len }, &v))
            g_error("its first %zu octets are taken for authentic", len);
    }
}

/* --- samples --- */

static void put_payload(struct writer *w)
{
    static const uint8_t hash[BEI_PIN] = { 7 };
    const struct bei b = { .version = 1, .id = "b1", .seq = 7, .issuer = "bbn.owner.example", .subject = "urn:gateway:" GATEWAY, .issued = 1795200000,
                           .expires = 1795800000, .mechanism = BEI_PKI, .target = { .uri = { "coaps://in-cse.owner.example:5684" }, .uris = 1, .server_id = 7 },
                           .trust = { { BEI_TRUST_SPKI, { hash, sizeof hash } } }, .trusts = 1, .context = "m2m" };
    bei_write(w, &b);
}

/* Tag, protected header, kid or nothing, payload; the proof is to follow. */
static void put_begin(struct writer *w, unsigned tag, int algorithm, struct slice kid)
{
    uint8_t header[8], payload[256];
    struct writer h = writer_make(header, sizeof header), p = writer_make(payload, sizeof payload);
    cbor_put_map(&h, 1);
    cbor_put_uint(&h, ALGORITHM);
    cbor_put_int(&h, algorithm);
    put_payload(&p);
    g_assert_false(h.failed || p.failed);
    cbor_put_tag(w, tag);
    cbor_put_array(w, 4);
    cbor_put_bytes(w, header, h.len);
    cbor_put_map(w, kid.len ? 1 : 0);
    if (kid.len) {
        cbor_put_uint(w, KID);
        cbor_put_bytes(w, kid.data, kid.len);
    }
    cbor_put_bytes(w, payload, p.len);
}

/* What the proof covers: read from the message with octets of zero in its place. */
static size_t covered_of(const struct writer *begun, size_t proof_len, uint8_t *out, size_t cap)
{
    static const uint8_t zeros[BEI_SIGNATURE_LEN];
    uint8_t whole[512];
    struct bei_envelope v;
    struct error err;
    struct writer w = writer_make(whole, sizeof whole), c = writer_make(out, cap);
    writer_put(&w, begun->data, begun->len);
    cbor_put_bytes(&w, zeros, proof_len);
    g_assert_cmpint(bei_open(writer_slice(&w), &v, &err), ==, ERROR_NONE);
    bei_put_authenticated(&c, &v);
    g_assert_false(w.failed || c.failed);
    return c.len;
}

static void hmac(const void *key, size_t key_len, const void *data, size_t len, uint8_t out[BEI_MAC_LEN])
{
    gsize n = BEI_MAC_LEN;
    GHmac *h = g_hmac_new(G_CHECKSUM_SHA256, key, key_len);
    g_hmac_update(h, data, (gssize)len);
    g_hmac_get_digest(h, out, &n);
    g_hmac_unref(h);
}

static void make_mac0(struct sample *s)
{
    static const char info[] = "oneM2M bootstrap instruction\x01"; /* HKDF (RFC 5869), one block */
    uint8_t prk[BEI_MAC_LEN], key[BEI_MAC_LEN], mac[BEI_MAC_LEN], covered[1024];
    struct writer w = writer_make(s->octets, sizeof s->octets);
    put_begin(&w, TAG_MAC0, HMAC_256, (struct slice){ NULL, 0 });
    size_t len = covered_of(&w, BEI_MAC_LEN, covered, sizeof covered);
    hmac(GATEWAY, strlen(GATEWAY), PIN, strlen(PIN), prk);
    hmac(prk, sizeof prk, info, sizeof info - 1, key);
    hmac(key, sizeof key, covered, len, mac);
    cbor_put_bytes(&w, mac, sizeof mac);
    s->len = w.len;
}

static void sign(EVP_PKEY *key, const uint8_t *covered, size_t len, uint8_t out[BEI_SIGNATURE_LEN])
{
    uint8_t der[80];
    size_t der_len = sizeof der;
    const unsigned char *at = der;
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    g_assert_true(EVP_DigestSignInit(ctx, NULL, EVP_sha256(), NULL, key) == 1 && EVP_DigestSign(ctx, der, &der_len, covered, len) == 1);
    ECDSA_SIG *sig = d2i_ECDSA_SIG(NULL, &at, (long)der_len);
    g_assert_true(BN_bn2binpad(ECDSA_SIG_get0_r(sig), out, BEI_SIGNATURE_LEN / 2) > 0 &&
                  BN_bn2binpad(ECDSA_SIG_get0_s(sig), &out[BEI_SIGNATURE_LEN / 2], BEI_SIGNATURE_LEN / 2) > 0);
    ECDSA_SIG_free(sig);
    EVP_MD_CTX_free(ctx);
}

static void make_sign1(struct sample *s)
{
    uint8_t covered[1024], signature[BEI_SIGNATURE_LEN];
    EVP_PKEY *key = EVP_EC_gen("P-256");
    struct instruction_key *k = &factory.instruction_key[0];
    unsigned char *spki = NULL;
    int spki_len = i2d_PUBKEY(key, &spki);
    g_assert_cmpint(spki_len, >, 0);
    k->spki_len = (size_t)spki_len;
    g_assert_cmpuint(k->spki_len, <=, sizeof k->spki);
    memcpy(k->spki, spki, k->spki_len);
    g_assert_cmpint(EVP_Digest(spki, k->spki_len, k->kid, NULL, EVP_sha256(), NULL), ==, 1);
    factory.instruction_keys = 1;
    OPENSSL_free(spki);
    struct writer w = writer_make(s->octets, sizeof s->octets);
    put_begin(&w, TAG_SIGN1, ES256, (struct slice){ k->kid, sizeof k->kid });
    sign(key, covered, covered_of(&w, BEI_SIGNATURE_LEN, covered, sizeof covered), signature);
    cbor_put_bytes(&w, signature, sizeof signature);
    s->len = w.len;
    EVP_PKEY_free(key);
}

static void check(void (*make)(struct sample *s), enum bei_envelope_kind kind)
{
    struct sample s;
    make(&s);
    g_assert_true(is_authentic((struct slice){ s.octets, s.len }, &s.envelope));
    g_assert_cmpint(s.envelope.kind, ==, kind);
    g_assert_cmpuint(s.envelope.payload.len, >, 100);
    flips(&s);
    truncations(&s);
}

static void by_mac(void)
{
    check(make_mac0, BEI_MAC0);
}

static void by_signature(void)
{
    check(make_sign1, BEI_SIGN1);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    tre = tre_bench_new(PIN);
    g_test_add_func("/instruction/flips/mac", by_mac);
    g_test_add_func("/instruction/flips/signature", by_signature);
    int rc = g_test_run();
    tre_bench_free(tre);
    return rc;
}
