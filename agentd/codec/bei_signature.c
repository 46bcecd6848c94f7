/* SPDX-License-Identifier: Apache-2.0 */
/* The signature: public octets only. */
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

#include "codec/bei.h"
#include "codec/bei_proof.h"

/* libcrypto takes the signature as DER. */
static int to_der(struct slice proof, unsigned char **der)
{
    ECDSA_SIG *sig = ECDSA_SIG_new();
    BIGNUM *r = BN_bin2bn(proof.data, BEI_SIGNATURE_LEN / 2, NULL), *s = BN_bin2bn(proof.data + BEI_SIGNATURE_LEN / 2, BEI_SIGNATURE_LEN / 2, NULL);
    bool ok = sig && r && s && ECDSA_SIG_set0(sig, r, s) == 1;
    if (!ok) {
        BN_free(r);
        BN_free(s);
    }
    int len = ok ? i2d_ECDSA_SIG(sig, der) : 0;
    ECDSA_SIG_free(sig);
    return len;
}

bool bei_signature_fits(struct slice spki, struct slice covered, struct slice proof)
{
    const unsigned char *at = spki.data;
    unsigned char *der = NULL;
    EVP_PKEY *key = d2i_PUBKEY(NULL, &at, (long)spki.len);
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    int len = proof.len == BEI_SIGNATURE_LEN ? to_der(proof, &der) : 0;
    bool ok = key && ctx && len > 0 && EVP_DigestVerifyInit(ctx, NULL, EVP_sha256(), NULL, key) == 1 &&
              EVP_DigestVerify(ctx, der, (size_t)len, covered.data, covered.len) == 1;
    OPENSSL_free(der);
    EVP_MD_CTX_free(ctx);
    EVP_PKEY_free(key);
    return ok;
}
