/* SPDX-License-Identifier: Apache-2.0 */
/* Key derivation over HMAC and SHA-1 of libcrypto. Promises to zero what it computes on the way. The generator of FIPS 186-2 is the bare
 * compression function of SHA-1, which libcrypto gives by SHA1_Transform only; hence the older interface, here and nowhere else. */
#define OPENSSL_SUPPRESS_DEPRECATED
#include "tred/keys.h"

#include <openssl/evp.h>
#include <openssl/sha.h>
#include <string.h>

#include "base/secret.h"
#include "base/writer.h"

enum { MK = 20, KEY = 16, HASH = 32, FIELD_MAX = 512, STRING_MAX = 2 * FIELD_MAX + 64, PRIME_STRING = HASH + 8 + FIELD_MAX + 1 };

static bool hmac_sha256(struct slice key, struct slice data, uint8_t out[HASH])
{
    size_t len = 0;
    return EVP_Q_mac(NULL, "HMAC", NULL, "SHA256", NULL, key.data, key.len, data.data, data.len, out, HASH, &len) && len == HASH;
}

static void put_word(uint8_t *at, SHA_LONG v)
{
    for (size_t i = 0; i < 4; i++)
        at[i] = (uint8_t)(v >> (24 - 8 * i));
}

/* G(t, XVAL): SHA-1's compression of XVAL, filled with zeros to 64 octets, without the block of its length. */
static void compress(const uint8_t xval[MK], uint8_t out[MK])
{
    uint8_t block[SHA_CBLOCK] = { 0 };
    SHA_CTX c;
    (void)SHA1_Init(&c);
    memcpy(block, xval, MK);
    SHA1_Transform(&c, block);
    put_word(&out[0], c.h0);
    put_word(&out[4], c.h1);
    put_word(&out[8], c.h2);
    put_word(&out[12], c.h3);
    put_word(&out[16], c.h4);
    secret_zero(block, sizeof block);
    secret_zero(&c, sizeof c);
}

/* XKEY = (1 + XKEY + w) mod 2^160 */
static void step(uint8_t xkey[MK], const uint8_t w[MK])
{
    unsigned carry = 1;
    for (size_t i = MK; i-- > 0; carry >>= 8) {
        carry += (unsigned)xkey[i] + w[i];
        xkey[i] = (uint8_t)carry;
    }
}

void keys_fips186(const uint8_t mk[20], uint8_t *out, size_t len)
{
    uint8_t xkey[MK];
    memcpy(xkey, mk, MK);
    for (size_t i = 0; i + MK <= len; i += MK) {
        compress(xkey, &out[i]);
        step(xkey, &out[i]);
    }
    secret_zero(xkey, sizeof xkey);
}

bool keys_eap_aka(struct slice identity, const uint8_t *ck, const uint8_t *ik, uint8_t out[KEYS_EAP_AKA])
{
    uint8_t mk[MK];
    EVP_MD_CTX *c = EVP_MD_CTX_new(); /* MK = SHA1(Identity | IK | CK) */
    bool ok = c && EVP_DigestInit_ex(c, EVP_sha1(), NULL) == 1 && EVP_DigestUpdate(c, identity.data, identity.len) == 1 &&
              EVP_DigestUpdate(c, ik, KEY) == 1 && EVP_DigestUpdate(c, ck, KEY) == 1 && EVP_DigestFinal_ex(c, mk, NULL) == 1;
    EVP_MD_CTX_free(c);
    if (ok)
        keys_fips186(mk, out, KEYS_EAP_AKA);
    secret_zero(mk, sizeof mk);
    return ok;
}

/* The KDF of TS 33.220 annex B.2: S = FC | (P | length of P) for each P. */
static void put_parameter(struct writer *w, struct slice p)
{
    writer_put(w, p.data, p.len);
    writer_u16(w, (uint16_t)p.len);
}

static bool kdf(const uint8_t *first, const uint8_t *second, struct slice s, uint8_t out[HASH])
{
    uint8_t key[2 * KEY];
    memcpy(key, first, KEY);
    memcpy(&key[KEY], second, KEY);
    bool ok = s.len && hmac_sha256((struct slice){ key, sizeof key }, s, out);
    secret_zero(key, sizeof key);
    return ok;
}

bool keys_prime(struct slice name, const uint8_t sqn_ak[6], const uint8_t *ck, const uint8_t *ik, uint8_t out[32])
{
    uint8_t string[KEYS_PRIME_NAME + 16];
    struct writer w = writer_make(string, sizeof string);
    writer_u8(&w, 0x20); /* TS 33.402 annex A.2 */
    put_parameter(&w, name);
    put_parameter(&w, (struct slice){ sqn_ak, 6 });
    return name.len && kdf(ck, ik, writer_slice(&w), out);
}

/* PRF' (RFC 9048 section 3.4): T1 = HMAC(K, S | 1), Tn = HMAC(K, Tn-1 | S | n). */
static bool prf_prime(struct slice key, struct slice identity, uint8_t *out, size_t len)
{
    uint8_t string[PRIME_STRING], t[HASH];
    bool ok = identity.len <= FIELD_MAX;
    for (size_t done = 0; ok && done < len; done += HASH) {
        struct writer w = writer_make(string, sizeof string);
        writer_put(&w, t, done ? HASH : 0);
        writer_text(&w, "EAP-AKA'");
        writer_put(&w, identity.data, identity.len);
        writer_u8(&w, (uint8_t)(done / HASH + 1));
        ok = !w.failed && hmac_sha256(key, writer_slice(&w), t);
        memcpy(&out[done], t, len - done < HASH ? len - done : HASH);
    }
    secret_zero(string, sizeof string);
    secret_zero(t, sizeof t);
    return ok;
}

bool keys_eap_aka_prime(struct slice identity, struct slice name, const uint8_t sqn_ak[6], const uint8_t *ck, const uint8_t *ik,
                        uint8_t out[KEYS_EAP_AKA_PRIME])
{
    uint8_t prime[2 * KEY], swapped[2 * KEY]; /* MK = PRF'(IK'|CK', "EAP-AKA'"|Identity) */
    bool ok = keys_prime(name, sqn_ak, ck, ik, prime);
    memcpy(swapped, &prime[KEY], KEY);
    memcpy(&swapped[KEY], prime, KEY);
    ok = ok && prf_prime((struct slice){ swapped, sizeof swapped }, identity, out, KEYS_EAP_AKA_PRIME);
    secret_zero(prime, sizeof prime);
    secret_zero(swapped, sizeof swapped);
    return ok;
}

bool keys_ks_naf(const uint8_t rand[16], struct slice impi, struct slice naf_id, const uint8_t *ck, const uint8_t *ik, uint8_t out[KEYS_KS_NAF])
{
    uint8_t string[STRING_MAX];
    static const uint8_t use[] = { 'g', 'b', 'a', '-', 'm', 'e' };
    struct writer w = writer_make(string, sizeof string);
    writer_u8(&w, 0x01);
    put_parameter(&w, (struct slice){ use, sizeof use });
    put_parameter(&w, (struct slice){ rand, 16 });
    put_parameter(&w, impi);
    put_parameter(&w, naf_id);
    return impi.len && impi.len <= FIELD_MAX && naf_id.len && naf_id.len <= FIELD_MAX && kdf(ck, ik, writer_slice(&w), out);
}
