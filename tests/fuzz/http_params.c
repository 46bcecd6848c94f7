/* SPDX-License-Identifier: Apache-2.0 */
/* Target: parameters of HTTP Digest. Values lie inside the text and are printable; written again with quotes they are read as the same. */
#include <string.h>

#include "base/writer.h"
#include "codec/http_params.h"
#include "fuzz.h"

static void check(struct slice s, const char *name, struct writer *w, const uint8_t *data, size_t size)
{
    fuzz_check_inside(s, data, size);
    for (size_t i = 0; i < s.len; i++)
        FUZZ_ASSERT(s.data[i] >= 0x20 && s.data[i] <= 0x7e && s.data[i] != '"' && s.data[i] != '\\');
    if (!s.len)
        return;
    writer_text(w, w->len ? ", " : "");
    writer_text(w, name);
    writer_text(w, "=\"");
    writer_put(w, s.data, s.len);
    writer_text(w, "\"");
}

static void check_all(const struct http_params *p, struct writer *w, const uint8_t *data, size_t size)
{
    check(p->realm, "realm", w, data, size);
    check(p->nonce, "NONCE", w, data, size);
    check(p->opaque, "opaque", w, data, size);
    check(p->algorithm, "algorithm", w, data, size);
    check(p->qop, "qop", w, data, size);
    check(p->stale, "stale", w, data, size);
    check(p->rspauth, "rspauth", w, data, size);
    check(p->cnonce, "cnonce", w, data, size);
    check(p->nc, "nc", w, data, size);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t out[2 * HTTP_PARAMS_MAX];
    for (int scheme = 0; scheme < 2; scheme++) {
        struct http_params p, again;
        struct error err = { 0 };
        struct writer w = writer_make(out, sizeof out);
        enum error_code rc = http_params_read((struct slice){ data, size }, scheme, &p, &err);
        fuzz_check_error(rc, &err);
        check_all(&p, &w, data, size);
        (void)http_params_has(p.qop, "auth-int");
        FUZZ_ASSERT(!w.failed && (!rc || w.len == 0));
        if (rc || w.len > HTTP_PARAMS_MAX)
            continue; /* quotes may make it longer than what is read */
        FUZZ_ASSERT(http_params_read(writer_slice(&w), false, &again, &err) == ERROR_NONE);
        FUZZ_ASSERT(slice_equal(p.realm, again.realm) && slice_equal(p.nonce, again.nonce) && slice_equal(p.opaque, again.opaque));
        FUZZ_ASSERT(slice_equal(p.qop, again.qop) && slice_equal(p.rspauth, again.rspauth) && slice_equal(p.nc, again.nc));
    }
    return 0;
}
