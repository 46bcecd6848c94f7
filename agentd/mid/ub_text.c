/* SPDX-License-Identifier: Apache-2.0 */
/* Headers in both directions. Promises that nothing of a server goes into a header of ours but what codec/http_params let through. */
#include "mid/ub_text.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/text.h"
#include "base/writer.h"
#include "codec/http_params.h"

enum { NONCE_MIN = 32, NONCE_MAX = 256, AUTS = 14 };

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
    if (s.len > UB_TEXT)
        return false;
    if (s.len)
        memcpy(out, s.data, s.len);
    out[s.len] = '\0';
    return true;
}

/* RFC 3310 section 3.2: base64 of RAND, AUTN and what the server likes. */
static bool take_nonce(struct slice nonce, struct ub_challenge *out)
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

enum error_code ub_challenge_read(const char *header, const char *realm, struct ub_challenge *out, struct error *err)
{
    struct http_params p;
    if (!header)
        return error_set(err, ERROR_PROTOCOL, "BSF: 401 without WWW-Authenticate");
    enum error_code rc = http_params_read(slice_of(header), true, &p, err);
    if (rc)
        return rc;
    if (!same(p.realm, realm)) /* TS 24.109 clause 4.4: it must be the BSF that was asked */
        return error_set(err, ERROR_PROTOCOL, "BSF %.80s answers for the realm %.*s", realm, (int)(p.realm.len < 80 ? p.realm.len : 80), (const char *)p.realm.data);
    if (!same(p.algorithm, "AKAv1-MD5"))
        return error_set(err, ERROR_PROTOCOL, "BSF: the algorithm is not AKAv1-MD5");
    if (!http_params_has(p.qop, "auth-int"))
        return error_set(err, ERROR_PROTOCOL, "BSF: the quality of protection is not auth-int");
    if (!take_nonce(p.nonce, out) || !copy(out->opaque, p.opaque))
        return error_set(err, ERROR_PROTOCOL, "BSF: the nonce holds no RAND and AUTN");
    return ERROR_NONE;
}

static void put(struct writer *w, const char *name, const char *value)
{
    writer_text(w, name);
    writer_text(w, value);
    writer_text(w, "\"");
}

static void put_answer(struct writer *w, const struct ub_answer *a)
{
    char text[64];
    (void)snprintf(text, sizeof text, ", qop=auth-int, nc=%08x", a->nc);
    writer_text(w, text);
    put(w, ", cnonce=\"", a->cnonce);
    writer_text(w, ", algorithm=AKAv1-MD5");
    if (a->opaque[0])
        put(w, ", opaque=\"", a->opaque);
    if (!a->auts.len)
        return;
    bool good = text_base64_encode(a->auts, text, sizeof text);
    put(w, ", auts=\"", good ? text : "");
    w->failed = w->failed || !good;
}

bool ub_authorization(const struct ub_answer *a, char out[UB_HEADER])
{
    struct writer w = writer_make(out, UB_HEADER - 1);
    put(&w, "Authorization: Digest username=\"", a->impi);
    put(&w, ", realm=\"", a->realm);
    put(&w, ", nonce=\"", a->response ? a->nonce : "");
    put(&w, ", uri=\"", a->uri);
    put(&w, ", response=\"", a->response ? a->response : "");
    if (a->response)
        put_answer(&w, a);
    out[w.failed ? 0 : w.len] = '\0';
    return !w.failed;
}

enum error_code ub_rspauth_read(const char *header, const char *cnonce, uint32_t nc, char out[UB_DIGEST + 1], struct error *err)
{
    struct http_params p;
    char number[9];
    if (!header || http_params_read(slice_of(header), false, &p, err))
        return error_set(err, ERROR_SERVER_AUTH, "BSF: 200 without Authentication-Info that can be read");
    (void)snprintf(number, sizeof number, "%08x", nc);
    if (p.rspauth.len != UB_DIGEST || (p.cnonce.len && !slice_is(p.cnonce, cnonce)) || (p.nc.len && !same(p.nc, number)))
        return error_set(err, ERROR_SERVER_AUTH, "BSF: Authentication-Info is not for our answer");
    return copy(out, p.rspauth) ? ERROR_NONE : ERROR_INTERNAL;
}
