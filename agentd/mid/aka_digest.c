/* SPDX-License-Identifier: Apache-2.0 */
/* Headers in both directions. Promises that nothing of a server goes into a header of ours but what codec/http_params let through. */
#include "mid/aka_digest.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/text.h"
#include "base/writer.h"
#include "codec/http_params.h"

enum { NONCE_MIN = 32, NONCE_MAX = 256 };

static struct slice slice_of(const char *text)
{
    return (struct slice){ (const uint8_t *)text, strlen(text) };
}

static bool same(struct slice a, const char *text)
{
    return a.len == strlen(text) && strncasecmp((const char *)a.data, text, a.len) == 0;
}

static bool copy(char *out, struct slice s)
{
    if (s.len > AKA_DIGEST_TEXT)
        return false;
    if (s.len)
        memcpy(out, s.data, s.len);
    out[s.len] = '\0';
    return true;
}

bool aka_digest_text(const char *text)
{
    size_t len = strlen(text);
    for (size_t i = 0; i < len; i++)
        if (text[i] < 0x20 || text[i] > 0x7e || text[i] == '"' || text[i] == '\\')
            return false;
    return len > 0 && len <= AKA_DIGEST_TEXT;
}

/* RFC 3310 section 3.2: base64 of RAND, AUTN and what the server likes. */
static bool take_nonce(struct slice nonce, struct aka_challenge *out)
{
    uint8_t octets[NONCE_MAX];
    size_t len = 0;
    if (!text_base64_decode(nonce, octets, sizeof octets, &len) || len < NONCE_MIN)
        return false;
    struct reader r = reader_make(octets, len);
    memcpy(out->rand, reader_take(&r, sizeof out->rand).data, sizeof out->rand);
    memcpy(out->autn, reader_take(&r, sizeof out->autn).data, sizeof out->autn);
    return copy(out->nonce, nonce);
}

static bool take_qop(struct slice qop, enum aka_qop *out)
{
    *out = http_params_has(qop, "auth-int") ? AKA_QOP_AUTH_INT : http_params_has(qop, "auth") ? AKA_QOP_AUTH : AKA_QOP_NONE;
    return *out != AKA_QOP_NONE || qop.len == 0;
}

enum error_code aka_challenge_read(const char *header, struct aka_challenge *out, struct error *err)
{
    struct http_params p;
    *out = (struct aka_challenge){ .version = 1 };
    enum error_code rc = http_params_read(slice_of(header), true, &p, err);
    if (rc)
        return rc;
    out->version = same(p.algorithm, "AKAv1-MD5") ? 1 : same(p.algorithm, "AKAv2-MD5") ? 2 : 0;
    if (!out->version)
        return error_set(err, ERROR_NOT_SUPPORTED, "the algorithm of the challenge is not AKAv1-MD5");
    if (!take_qop(p.qop, &out->qop))
        return error_set(err, ERROR_NOT_SUPPORTED, "the quality of protection of the challenge is not known");
    if (p.realm.len == 0 || !copy(out->realm, p.realm))
        return error_set(err, ERROR_PROTOCOL, "the challenge has no realm, or a long one");
    if (!take_nonce(p.nonce, out) || !copy(out->opaque, p.opaque))
        return error_set(err, ERROR_PROTOCOL, "the nonce of the challenge holds no RAND and AUTN");
    return ERROR_NONE;
}

static void put(struct writer *w, const char *name, const char *value)
{
    writer_text(w, name);
    writer_text(w, value);
    writer_text(w, "\"");
}

static void put_answer(struct writer *w, const struct aka_answer *a)
{
    static const char *const names[] = { [AKA_QOP_AUTH] = "auth", [AKA_QOP_AUTH_INT] = "auth-int" };
    char text[64];
    (void)snprintf(text, sizeof text, ", algorithm=AKAv%u-MD5", (unsigned)a->challenge->version);
    writer_text(w, text);
    if (a->challenge->qop != AKA_QOP_NONE) {
        (void)snprintf(text, sizeof text, ", qop=%s, nc=%08x", names[a->challenge->qop], a->nc);
        writer_text(w, text);
        put(w, ", cnonce=\"", a->cnonce);
    }
    if (a->challenge->opaque[0])
        put(w, ", opaque=\"", a->challenge->opaque);
    if (!a->auts.len)
        return;
    bool good = text_base64_encode(a->auts, text, sizeof text);
    put(w, ", auts=\"", good ? text : "");
    w->failed = w->failed || !good;
}

bool aka_authorization(const struct aka_answer *a, char out[AKA_DIGEST_HEADER])
{
    struct writer w = writer_make(out, AKA_DIGEST_HEADER - 1);
    put(&w, "Digest username=\"", a->username);
    put(&w, ", realm=\"", a->challenge->realm);
    put(&w, ", nonce=\"", a->response ? a->challenge->nonce : "");
    put(&w, ", uri=\"", a->uri);
    put(&w, ", response=\"", a->response ? a->response : "");
    if (a->response)
        put_answer(&w, a);
    out[w.failed ? 0 : w.len] = '\0';
    return !w.failed;
}

enum error_code aka_rspauth_read(const char *header, const char *cnonce, uint32_t nc, char out[AKA_DIGEST_HEX + 1], struct error *err)
{
    struct http_params p;
    char number[9];
    if (http_params_read(slice_of(header), false, &p, err))
        return error_set(err, ERROR_SERVER_AUTH, "Authentication-Info cannot be read");
    (void)snprintf(number, sizeof number, "%08x", nc);
    if (p.rspauth.len != AKA_DIGEST_HEX || (p.cnonce.len && !slice_is(p.cnonce, cnonce)) || (p.nc.len && !same(p.nc, number)))
        return error_set(err, ERROR_SERVER_AUTH, "Authentication-Info is not for our answer");
    return copy(out, p.rspauth) ? ERROR_NONE : ERROR_INTERNAL;
}
