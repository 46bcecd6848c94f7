/* SPDX-License-Identifier: Apache-2.0 */
/* Owns the context. Promises to key it with a constant after each call, so that the secret one is overwritten. */
#include "tred/hmac.h"

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <string.h>

static EVP_MAC_CTX *context_new(void)
{
    OSSL_PARAM params[] = { OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, (char[]){ "SHA1" }, 0), OSSL_PARAM_construct_end() };
    EVP_MAC *mac = EVP_MAC_fetch(NULL, "HMAC", NULL);
    EVP_MAC_CTX *c = mac ? EVP_MAC_CTX_new(mac) : NULL;
    EVP_MAC_free(mac);
    if (c && EVP_MAC_CTX_set_params(c, params) == 1)
        return c;
    EVP_MAC_CTX_free(c);
    return NULL;
}

bool hmac_sha1(struct slice key, struct slice data, uint8_t out[HMAC_SHA1_LEN])
{
    static EVP_MAC_CTX *context;
    static const uint8_t no_key[HMAC_SHA1_LEN];
    size_t len = 0;
    if (!context)
        context = context_new();
    bool ok = context && EVP_MAC_init(context, key.data, key.len, NULL) == 1 && EVP_MAC_update(context, data.data, data.len) == 1 &&
              EVP_MAC_final(context, out, &len, HMAC_SHA1_LEN) == 1;
    if (context)
        (void)EVP_MAC_init(context, no_key, sizeof no_key, NULL);
    if (!ok)
        memset(out, 0, HMAC_SHA1_LEN);
    return ok;
}
