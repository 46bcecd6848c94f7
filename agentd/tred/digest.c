/* SPDX-License-Identifier: Apache-2.0 */
/* Digest responses. RES is a password of octets, which may hold NUL: nothing here is a C string. Promises to zero what the password can be
 * told from. */
#include "tred/digest.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>

#include "base/secret.h"
#include "base/text.h"
#include "base/writer.h"

enum { PARTS = 7, PASSWORD_MAX = 64 };

struct parts {
    struct slice part[PARTS];
    size_t count;
};

static void add(struct parts *p, struct slice s)
{
    p->part[p->count++] = s;
}

static struct slice text(const char *s)
{
    return (struct slice){ (const uint8_t *)s, strlen(s) };
}

/* MD5 of the parts with colons between, as hex. */
static bool md5_hex(const struct parts *p, char out[DIGEST_TEXT + 1])
{
    uint8_t hash[DIGEST_MD5];
    EVP_MD_CTX *c = EVP_MD_CTX_new();
    bool ok = c && EVP_DigestInit_ex(c, EVP_md5(), NULL) == 1;
    for (size_t i = 0; ok && i < p->count; i++)
        ok = (i == 0 || EVP_DigestUpdate(c, ":", 1) == 1) && EVP_DigestUpdate(c, p->part[i].data, p->part[i].len) == 1;
    ok = ok && EVP_DigestFinal_ex(c, hash, NULL) == 1;
    EVP_MD_CTX_free(c);
    (void)text_hex(hash, sizeof hash, out);
    secret_zero(hash, sizeof hash);
    return ok;
}

/* RFC 4169 section 3: base64(HMAC-MD5(RES | IK | CK, "http-digest-akav2-password")). */
static bool password_v2(const struct digest *d, struct writer *w)
{
    uint8_t key[PASSWORD_MAX], mac[DIGEST_MD5], base64[25];
    static const char label[] = "http-digest-akav2-password";
    size_t len = 0;
    struct writer k = writer_make(key, sizeof key);
    writer_put(&k, d->res.data, d->res.len);
    writer_put(&k, d->ik.data, d->ik.len);
    writer_put(&k, d->ck.data, d->ck.len);
    bool ok = EVP_Q_mac(NULL, "HMAC", NULL, "MD5", NULL, key, k.len, (const unsigned char *)label, sizeof label - 1, mac, sizeof mac, &len) != NULL;
    writer_put(w, base64, ok ? (size_t)EVP_EncodeBlock(base64, mac, (int)len) : 0);
    secret_zero(key, sizeof key);
    secret_zero(mac, sizeof mac);
    secret_zero(base64, sizeof base64);
    return ok;
}

static bool password(const struct digest *d, struct writer *w)
{
    if (d->version == 2 && d->res.len)
        return password_v2(d, w);
    writer_put(w, d->res.data, d->res.len);
    return true;
}

static bool ha1_make(const struct digest *d, char out[DIGEST_TEXT + 1])
{
    uint8_t octets[PASSWORD_MAX];
    struct writer w = writer_make(octets, sizeof octets);
    bool ok = password(d, &w);
    struct parts p = { .count = 0 };
    add(&p, d->username);
    add(&p, d->realm);
    add(&p, (struct slice){ octets, w.len });
    ok = ok && md5_hex(&p, out);
    secret_zero(octets, sizeof octets);
    return ok;
}

static bool ha2_make(const struct digest *d, char out[DIGEST_TEXT + 1])
{
    char body[DIGEST_TEXT + 1];
    struct parts p = { .count = 0 };
    add(&p, d->method);
    add(&p, d->uri);
    if (d->qop == DIGEST_QOP_AUTH_INT)
        add(&p, text(text_hex(d->body, DIGEST_MD5, body)));
    return md5_hex(&p, out);
}

bool digest_response(const struct digest *d, char out[DIGEST_TEXT])
{
    char ha1[DIGEST_TEXT + 1] = "", ha2[DIGEST_TEXT + 1] = "", nc[9], response[DIGEST_TEXT + 1];
    bool ok = ha1_make(d, ha1) && ha2_make(d, ha2);
    struct parts p = { .count = 0 };
    add(&p, text(ha1));
    add(&p, d->nonce);
    if (d->qop != DIGEST_QOP_NONE) {
        (void)snprintf(nc, sizeof nc, "%08x", d->nc);
        add(&p, text(nc));
        add(&p, d->cnonce);
        add(&p, text(d->qop == DIGEST_QOP_AUTH ? "auth" : "auth-int"));
    }
    add(&p, text(ha2));
    ok = ok && md5_hex(&p, response);
    if (ok)
        memcpy(out, response, DIGEST_TEXT);
    secret_zero(ha1, sizeof ha1);
    return ok;
}
