/* SPDX-License-Identifier: Apache-2.0 */
/* A certificate is made once, by a key of the test, for the successor of key_steps_asked. */
#include "key_steps.h"

#include <openssl/x509v3.h>

#include "tred/cose.h"
#include "tred/enrolment.h"
#include "tred/successor.h"

enum { REQUEST_AT = 45 /* in the COSE_Sign1: behind tag, protected header, kid, and the head of the payload */ };

struct mem key_steps_asked;
static uint8_t certificate[IDENTITY_CERTIFICATE_MAX];
static size_t certificate_len;
static struct identity_spki former, successor;

bool key_steps_ask(struct tre *t)
{
    uint8_t octets[2048];
    struct writer w = writer_make(octets, sizeof octets);
    return enrolment_request(t, true, &w) == ERROR_NONE;
}

bool key_steps_install(struct tre *t)
{
    return enrolment_take(t, (struct slice){ certificate, certificate_len }) == ERROR_NONE;
}

bool key_steps_is_asked(struct tre *t)
{
    return store_exists(&t->store, "successor");
}

bool key_steps_is_installed(const struct tre *t)
{
    return memcmp(t->identity.pfc.hash, successor.hash, HASH_LEN) == 0;
}

void key_steps_check(struct tre *t)
{
    static const uint8_t text[] = "signed";
    uint8_t raw[BACKEND_SIGNATURE], *der = NULL;
    const unsigned char *spki = t->identity.pfc.der;
    g_assert_cmpint(cose_sign_octets(t, (struct slice){ text, sizeof text }, raw), ==, ERROR_NONE);
    ECDSA_SIG *sig = ECDSA_SIG_new();
    ECDSA_SIG_set0(sig, BN_bin2bn(raw, 32, NULL), BN_bin2bn(&raw[32], 32, NULL));
    int len = i2d_ECDSA_SIG(sig, &der);
    EVP_PKEY *key = d2i_PUBKEY(NULL, &spki, (long)t->identity.pfc.len);
    EVP_MD_CTX *c = EVP_MD_CTX_new();
    g_assert_true(EVP_DigestVerifyInit(c, NULL, EVP_sha256(), NULL, key) == 1 && EVP_DigestVerify(c, der, (size_t)len, text, sizeof text) == 1);
    EVP_MD_CTX_free(c);
    EVP_PKEY_free(key);
    ECDSA_SIG_free(sig);
    OPENSSL_free(der);
}

/* The program of the bench has no digest: zeros. */
static void certify(EVP_PKEY *key)
{
    char name[] = "URI:ni:///sha-256;AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
    EVP_PKEY *issuer = EVP_EC_gen("P-256");
    X509 *x = X509_new();
    X509_EXTENSION *san = X509V3_EXT_conf_nid(NULL, NULL, NID_subject_alt_name, name);
    uint8_t *out = certificate;
    g_assert_true(x && san && X509_set_version(x, X509_VERSION_3) && X509_set_pubkey(x, key) && X509_gmtime_adj(X509_getm_notBefore(x), 0) &&
                  X509_gmtime_adj(X509_getm_notAfter(x), 3600) && X509_add_ext(x, san, -1) && X509_sign(x, issuer, EVP_sha256()) > 0);
    certificate_len = (size_t)i2d_X509(x, &out);
    X509_EXTENSION_free(san);
    X509_free(x);
    EVP_PKEY_free(issuer);
}

void key_steps_setup(void)
{
    uint8_t octets[2048];
    struct writer w = writer_make(octets, sizeof octets);
    const unsigned char *at = &octets[REQUEST_AT];
    key_steps_asked = mid_bench_active;
    struct tre *t = mid_bench_start(&key_steps_asked);
    former = t->identity.pfc;
    g_assert_cmpint(enrolment_request(t, true, &w), ==, ERROR_NONE);
    X509_REQ *request = d2i_X509_REQ(NULL, &at, (long)(w.len - REQUEST_AT));
    g_assert_nonnull(request);
    g_assert_true(identity_spki_of(X509_REQ_get0_pubkey(request), &successor));
    g_assert_cmpint(memcmp(successor.hash, former.hash, HASH_LEN), !=, 0);
    certify(X509_REQ_get0_pubkey(request));
    X509_REQ_free(request);
    mid_bench_stop(t);
}
