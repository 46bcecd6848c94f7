/* SPDX-License-Identifier: Apache-2.0 */
/* Sealing. Owns the master key while the state is open; promises a fresh random nonce for every seal; must never give the key or a derived key to another
 * room. Where the master key lies otherwise is the back end's (tred/backend.h). */
#include "tred/seal.h"

#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/params.h>
#include <openssl/core_names.h>
#include <openssl/rand.h>
#include <limits.h>
#include <string.h>

static const char *purpose_name(enum seal_purpose p)
{
    switch (p) {
    case SEAL_RECORD:
        return "gateway-agent tre record 1";
    case SEAL_BLOB:
        return "gateway-agent tre blob 1";
    }
    return "";
}

static bool derive(const struct seal *s, enum seal_purpose purpose, uint8_t key[SEAL_KEY])
{
    const char *info = purpose_name(purpose);
    EVP_KDF *kdf = EVP_KDF_fetch(NULL, "HKDF", NULL);
    EVP_KDF_CTX *ctx = kdf ? EVP_KDF_CTX_new(kdf) : NULL;
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, (char *)(uintptr_t)"SHA256", 0),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_KEY, s->key->data, s->key->len),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_INFO, (void *)(uintptr_t)info, strlen(info)),
        OSSL_PARAM_construct_end(),
    };
    bool ok = ctx && EVP_KDF_derive(ctx, key, SEAL_KEY, params) == 1;
    EVP_KDF_CTX_free(ctx);
    EVP_KDF_free(kdf);
    return ok;
}

static bool fits(size_t len)
{
    return len <= INT_MAX - SEAL_OVERHEAD;
}

static bool encrypt(EVP_CIPHER_CTX *c, const uint8_t *key, struct slice aad, struct slice plain, uint8_t *out)
{
    int n;
    uint8_t *nonce = out, *text = &out[SEAL_NONCE], *tag = &out[SEAL_NONCE + plain.len];
    return RAND_bytes(nonce, SEAL_NONCE) == 1 && EVP_EncryptInit_ex(c, EVP_aes_256_gcm(), NULL, key, nonce) == 1 &&
           EVP_EncryptUpdate(c, NULL, &n, aad.data, (int)aad.len) == 1 &&
           (plain.len == 0 || EVP_EncryptUpdate(c, text, &n, plain.data, (int)plain.len) == 1) &&
           EVP_EncryptFinal_ex(c, tag, &n) == 1 && EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_AEAD_GET_TAG, SEAL_TAG, tag) == 1;
}

/* DENIED is the tag's word alone: without memory nothing is known of the octets. */
static enum error_code decrypt(EVP_CIPHER_CTX *c, const uint8_t *key, struct slice aad, struct slice sealed, uint8_t *out)
{
    int n;
    size_t len = sealed.len - SEAL_OVERHEAD;
    uint8_t tag[SEAL_TAG];
    memcpy(tag, &sealed.data[SEAL_NONCE + len], SEAL_TAG);
    bool ready = EVP_DecryptInit_ex(c, EVP_aes_256_gcm(), NULL, key, sealed.data) == 1 && EVP_DecryptUpdate(c, NULL, &n, aad.data, (int)aad.len) == 1 &&
                 (len == 0 || EVP_DecryptUpdate(c, out, &n, &sealed.data[SEAL_NONCE], (int)len) == 1) &&
                 EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_AEAD_SET_TAG, SEAL_TAG, tag) == 1;
    if (!ready)
        return ERROR_INTERNAL;
    return EVP_DecryptFinal_ex(c, &tag[SEAL_TAG - 1], &n) == 1 ? ERROR_NONE : ERROR_DENIED;
}

enum error_code seal_octets(const struct seal *s, enum seal_purpose purpose, struct slice aad, struct slice plain, uint8_t *out)
{
    uint8_t key[SEAL_KEY];
    if (!s->key || !fits(plain.len) || !fits(aad.len) || !derive(s, purpose, key))
        return ERROR_INTERNAL;
    EVP_CIPHER_CTX *c = EVP_CIPHER_CTX_new();
    bool ok = c && encrypt(c, key, aad, plain, out);
    EVP_CIPHER_CTX_free(c);
    secret_zero(key, sizeof key);
    return ok ? ERROR_NONE : ERROR_INTERNAL;
}

enum error_code unseal_octets(const struct seal *s, enum seal_purpose purpose, struct slice aad, struct slice sealed, uint8_t *out)
{
    uint8_t key[SEAL_KEY];
    if (sealed.len < SEAL_OVERHEAD)
        return ERROR_DENIED;
    if (!s->key || !fits(sealed.len) || !fits(aad.len) || !derive(s, purpose, key))
        return ERROR_INTERNAL;
    EVP_CIPHER_CTX *c = EVP_CIPHER_CTX_new();
    enum error_code rc = c ? decrypt(c, key, aad, sealed, out) : ERROR_INTERNAL;
    EVP_CIPHER_CTX_free(c);
    secret_zero(key, sizeof key);
    if (rc)
        secret_zero(out, sealed.len - SEAL_OVERHEAD);
    return rc;
}

enum error_code seal_load(struct seal *s, struct backend *b, const struct vfs *v)
{
    seal_close(s);
    s->key = secret_new();
    enum error_code rc = s->key ? b->table->key_load(b, v, s->key) : ERROR_NO_MEMORY;
    if (rc)
        seal_close(s);
    return rc;
}

enum error_code seal_create(struct seal *s, struct backend *b, const struct vfs *v, struct slice authority)
{
    enum error_code rc = seal_load(s, b, v);
    if (rc != ERROR_NOT_FOUND)
        return rc;
    rc = b->table->key_make(b, v, authority);
    return rc ? rc : seal_load(s, b, v);
}

bool seal_own(struct seal *s, const uint8_t *key)
{
    s->key = secret_new();
    return s->key && secret_set(s->key, key, SEAL_KEY);
}

void seal_close(struct seal *s)
{
    secret_free(s->key);
    s->key = NULL;
}
