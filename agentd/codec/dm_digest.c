/* SPDX-License-Identifier: Apache-2.0 */
/* MD5 digests by EVP. Owns no state; intermediate values that depend on a secret are wiped. */
#include "codec/dm_digest.h"

#include <openssl/evp.h>
#include <string.h>

#include "base/secret.h"
#include "base/text.h"
#include "base/writer.h"

enum { MD5_LEN = 16, B64_CAP = DM_DIGEST_HASH_CAP };

static bool md5_base64(struct slice in, char out[B64_CAP])
{
    uint8_t md[MD5_LEN];
    bool ok = EVP_Digest(in.data ? (const void *)in.data : "", in.len, md, NULL, EVP_md5(), NULL) == 1 &&
              text_base64_encode((struct slice){ md, MD5_LEN }, out, B64_CAP);
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

/* B64(H(hash:nonce[:tail])) */
static bool digest_with(const char *name, const char *secret, struct slice nonce, const char *tail, char *out)
{
    char hash[B64_CAP];
    uint8_t data[160];
    struct writer w = writer_make(data, sizeof data);
    bool ok = dm_digest_hash(name, secret, hash);
    writer_text(&w, hash);
    writer_u8(&w, ':');
    writer_put(&w, nonce.data, nonce.len);
    if (tail) {
        writer_u8(&w, ':');
        writer_text(&w, tail);
    }
    ok = ok && !w.failed && md5_base64(writer_slice(&w), out);
    secret_zero(hash, sizeof hash);
    secret_zero(data, sizeof data);
    return ok;
}

bool dm_digest_md5(const char *name, const char *secret, struct slice nonce, char *out)
{
    return digest_with(name, secret, nonce, NULL, out);
}

bool dm_digest_hmac(const char *name, const char *secret, struct slice nonce, struct slice body, char *out)
{
    char tail[B64_CAP];
    return md5_base64(body, tail) && digest_with(name, secret, nonce, tail, out);
}
