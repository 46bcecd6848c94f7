/* SPDX-License-Identifier: Apache-2.0 */
/* MD5 digests by EVP. Owns no state; intermediate values that depend on a secret are wiped. */
#include "codec/dm_digest.h"

#include <openssl/evp.h>
#include <string.h>

#include "base/secret.h"
#include "base/text.h"
#include "base/writer.h"

enum { MD5_LEN = 16, B64_CAP = DM_DIGEST_HASH_CAP, B64_LEN = B64_CAP - 1 };

static bool md5(struct slice in, uint8_t out[MD5_LEN])
{
    return EVP_Digest(in.data ? (const void *)in.data : "", in.len, out, NULL, EVP_md5(), NULL) == 1;
}

static bool md5_base64(struct slice in, char out[B64_CAP])
{
    uint8_t md[MD5_LEN];
    bool ok = md5(in, md) && text_base64_encode((struct slice){ md, MD5_LEN }, out, B64_CAP);
    secret_zero(md, sizeof md);
    return ok;
}

bool dm_digest_hash(const char *name, const char *secret, char out[DM_DIGEST_HASH_CAP])
{
    if (!name)
        return text_copy(out, B64_CAP, secret) && strlen(out) == B64_CAP - 1;
    uint8_t data[400];
    struct writer w = writer_make(data, sizeof data);
    writer_text(&w, name);
    writer_u8(&w, ':');
    writer_text(&w, secret);
    bool ok = !w.failed && md5_base64(writer_slice(&w), out);
    secret_zero(data, sizeof data);
    return ok;
}

bool dm_digest_basic(const char *name, const char *secret, char *out)
{
    if (!name)
        return false;
    uint8_t data[400];
    struct writer w = writer_make(data, sizeof data);
    writer_text(&w, name);
    writer_u8(&w, ':');
    writer_text(&w, secret);
    bool ok = !w.failed && text_base64_encode(writer_slice(&w), out, DM_DIGEST_CAP);
    secret_zero(data, sizeof data);
    return ok;
}

/* H(hash:nonce[:tail]); tail is B64 of a hash. Whatever depends on the secret has one length. */
static bool digest_with(const char *name, const char *secret, struct slice nonce, const char *tail, uint8_t out[MD5_LEN])
{
    char hash[B64_CAP] = "";
    uint8_t data[160];
    struct writer w = writer_make(data, sizeof data);
    bool ok = dm_digest_hash(name, secret, hash);
    writer_put(&w, hash, B64_LEN);
    writer_u8(&w, ':');
    writer_put(&w, nonce.data, nonce.len);
    if (tail) {
        writer_u8(&w, ':');
        writer_put(&w, tail, B64_LEN);
    }
    ok = ok && !w.failed && md5(writer_slice(&w), out);
    secret_zero(hash, sizeof hash);
    secret_zero(data, sizeof data);
    return ok;
}

static bool encoded(bool made, uint8_t md[MD5_LEN], char *out)
{
    bool ok = made && text_base64_encode((struct slice){ md, MD5_LEN }, out, B64_CAP);
    secret_zero(md, MD5_LEN);
    return ok;
}

bool dm_digest_md5(const char *name, const char *secret, struct slice nonce, char *out)
{
    uint8_t md[MD5_LEN];
    return encoded(digest_with(name, secret, nonce, NULL, md), md, out);
}

bool dm_digest_hmac(const char *name, const char *secret, struct slice nonce, struct slice body, char *out)
{
    char tail[B64_CAP];
    uint8_t md[MD5_LEN];
    return encoded(md5_base64(body, tail) && digest_with(name, secret, nonce, tail, md), md, out);
}

bool dm_digest_fits(const char *name, const char *secret, struct slice nonce, struct slice body, struct slice digest)
{
    char tail[B64_CAP];
    uint8_t md[MD5_LEN];
    bool made = md5_base64(body, tail) && digest_with(name, secret, nonce, tail, md);
    bool equal = made && secret_equal((struct slice){ md, MD5_LEN }, digest);
    secret_zero(md, sizeof md);
    return equal;
}
