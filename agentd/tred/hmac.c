/* SPDX-License-Identifier: Apache-2.0 */
/* Owns two contexts, one for secret keys and one for the IMSI. Promises to key the first with a constant after each call, so that the secret one is overwritten;
 * must never key the second with a secret. */
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

/* Without a key: the one that the context has. */
static bool run(EVP_MAC_CTX *context, const struct slice *key, struct slice data, uint8_t out[HMAC_SHA1_LEN])
{
    size_t len = 0;
    bool ok = context && EVP_MAC_init(context, key ? key->data : NULL, key ? key->len : 0, NULL) == 1 &&
              EVP_MAC_update(context, data.data, data.len) == 1 && EVP_MAC_final(context, out, &len, HMAC_SHA1_LEN) == 1;
    if (!ok)
        memset(out, 0, HMAC_SHA1_LEN);
    return ok;
}

bool hmac_sha1(struct slice key, struct slice data, uint8_t out[HMAC_SHA1_LEN])
{
    static EVP_MAC_CTX *context;
    static const uint8_t no_key[HMAC_SHA1_LEN];
    if (!context)
        context = context_new();
    bool ok = run(key.len ? context : NULL, &key, data, out);
    if (context)
        (void)EVP_MAC_init(context, no_key, sizeof no_key, NULL);
    return ok;
}

struct kept_key { /* of one size, so that two are compared without a call */
    uint8_t octets[HMAC_KEPT_KEY_MAX];
    size_t len;
};

bool hmac_sha1_kept(struct slice key, struct slice data, uint8_t out[HMAC_SHA1_LEN])
{
    static EVP_MAC_CTX *context;
    static struct kept_key kept;
    struct kept_key wanted = { .len = key.len <= HMAC_KEPT_KEY_MAX ? key.len : 0 };
    if (wanted.len)
        memcpy(wanted.octets, key.data, wanted.len);
    bool same = memcmp(&kept, &wanted, sizeof kept) == 0;
    if (!context)
        context = context_new();
    kept.len = 0; /* until the context is keyed with it */
    if (!run(wanted.len ? context : NULL, same ? NULL : &key, data, out))
        return false;
    kept = wanted;
    return true;
}
