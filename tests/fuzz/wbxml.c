/* SPDX-License-Identifier: Apache-2.0 */
/* Target: the token stream. Each token takes octets, stands where it says and ends; text lies inside the document. */
#include "codec/wbxml.h"
#include "fuzz.h"

static bool take(struct wbxml *w, struct reader *in, bool *attributes, const uint8_t *data, size_t size)
{
    struct wbxml_token t;
    struct error err = { 0 };
    size_t before = in->pos;
    enum error_code rc = *attributes ? wbxml_next_attribute(w, in, &t, &err) : wbxml_next(w, in, &t, &err);
    fuzz_check_error(rc, &err);
    if (rc)
        return false;
    if (t.kind == WBXML_FINISHED) {
        FUZZ_ASSERT(!*attributes && reader_done(in));
        return false;
    }
    FUZZ_ASSERT(in->pos > before && in->pos <= size && t.offset >= before && t.offset < in->pos);
    if (t.kind == WBXML_TEXT || t.kind == WBXML_OPAQUE)
        fuzz_check_inside(w->text, data, size);
    for (size_t i = 0; t.kind == WBXML_TEXT && w->printable && i < w->text.len; i++)
        FUZZ_ASSERT(w->text.data[i] >= 0x20 && w->text.data[i] <= 0x7e);
    FUZZ_ASSERT(*attributes || (t.kind != WBXML_ATTRIBUTE && t.kind != WBXML_VALUE));
    FUZZ_ASSERT(!*attributes || t.kind != WBXML_TAG);
    *attributes = *attributes ? t.kind != WBXML_END : t.kind == WBXML_TAG && t.has_attributes;
    return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct wbxml w;
    struct error err = { 0 };
    bool attributes = false;
    enum error_code rc = wbxml_open(&w, (struct slice){ data, size }, &err);
    fuzz_check_error(rc, &err);
    if (rc)
        return 0;
    FUZZ_ASSERT(w.version >= 1 && w.version <= 3);
    fuzz_check_inside(w.strings, data, size);
    struct reader in = w.in;
    while (take(&w, &in, &attributes, data, size))
        ;
    return 0;
}
