/* SPDX-License-Identifier: Apache-2.0 */
/* The MAC, apart from the signature: agent-tred has a use for this one alone. Wipes what depends on the PIN. */
#include <openssl/core_names.h>
#include <openssl/hmac.h>
#include <openssl/kdf.h>
#include <stdint.h>
#include <string.h>

#include "base/secret.h"
#include "codec/bei_proof.h"

enum { KEY_LEN = 32 };

static const char info[] = "oneM2M bootstrap instruction";

static bool make_key(struct slice pin, const char *gateway, uint8_t key[KEY_LEN])
{
    EVP_KDF *kdf = EVP_KDF_fetch(NULL, "HKDF", NULL);
    EVP_KDF_CTX *ctx = kdf ? EVP_KDF_CTX_new(kdf) : NULL;
    char digest[] = "SHA256";
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, digest, 0),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_KEY, (void *)(uintptr_t)pin.data, pin.len),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SALT, (void *)(uintptr_t)gateway, strlen(gateway)),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_INFO, (void *)(uintptr_t)info, sizeof info - 1),
        OSSL_PARAM_construct_end(),
    };
    bool ok = ctx && EVP_KDF_derive(ctx, key, KEY_LEN, params) == 1;
    EVP_KDF_CTX_free(ctx);
    EVP_KDF_free(kdf);
    return ok;
}

enum error_code bei_mac_verify(struct slice pin, const char *gateway, struct slice covered, struct slice mac, bool *fits)
{
    uint8_t key[KEY_LEN], own[EVP_MAX_MD_SIZE];
    unsigned len = 0;
    bool ok = make_key(pin, gateway, key) && HMAC(EVP_sha256(), key, sizeof key, covered.data, covered.len, own, &len);
    *fits = ok && secret_equal((struct slice){ own, len }, mac);
    secret_zero(key, sizeof key);
    secret_zero(own, sizeof own);
    return ok ? ERROR_NONE : ERROR_INTERNAL;
}
