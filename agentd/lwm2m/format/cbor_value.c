/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers, strings and booleans between struct value and CBOR (RFC 8949). Owns no memory: octets are borrowed from the input. */
#include "lwm2m/format/cbor_value.h"

#include <string.h>

#include "lwm2m/format/format.h"

enum { FLOAT32 = 0xfa, FLOAT64 = 0xfb };

/* ---- writing ---- */

static void put_real(struct writer *w, double v)
{
    float narrow = (float)v;
    double back = (double)narrow;
    uint64_t wide;
    uint32_t bits;
    if (memcmp(&back, &v, sizeof v) == 0) {
        memcpy(&bits, &narrow, sizeof bits);
        writer_u8(w, FLOAT32);
        writer_u32(w, bits);
        return;
    }
    memcpy(&wide, &v, sizeof wide);
    writer_u8(w, FLOAT64);
    writer_u64(w, wide);
}

static void put_link(struct writer *w, int64_t link)
{
    size_t at = cbor_open_short_text(w); /* two ids and a colon */
    objlnk_put(w, link);
    cbor_close_short_text(w, at);
}

void cbor_put_value(struct writer *w, const struct value *v)
{
    switch (v->type) {
    case VALUE_NONE:
        break;
    case VALUE_STRING:
    case VALUE_CORELNK:
        cbor_put_head(w, CBOR_TEXT, v->octets.len);
        writer_put(w, v->octets.data, v->octets.len);
        break;
    case VALUE_INTEGER:
    case VALUE_UNSIGNED:
    case VALUE_TIME:
        cbor_put_int(w, v->integer);
        break;
    case VALUE_FLOAT:
        put_real(w, v->real);
        break;
    case VALUE_BOOLEAN:
        cbor_put_head(w, CBOR_SIMPLE, v->integer ? CBOR_TRUE : CBOR_FALSE);
        break;
    case VALUE_OPAQUE:
        cbor_put_bytes(w, v->octets.data, v->octets.len);
        break;
    case VALUE_OBJLNK:
        put_link(w, v->integer);
        break;
    }
}

/* ---- reading ---- */

static bool take_number(struct reader *r, struct value *v)
{
    struct cbor_number n = { 0 };
    bool ok = cbor_loose_number(r, &n);
    v->type = n.is_real ? VALUE_FLOAT : VALUE_INTEGER;
    v->integer = n.integer;
    v->real = n.real;
    return ok;
}

bool cbor_loose_value(struct reader *r, struct value *v)
{
    enum cbor_major major = (enum cbor_major)(reader_peek(r) >> 5);
    bool text = major == CBOR_TEXT;
    if (text || major == CBOR_BYTES) {
        v->type = text ? VALUE_STRING : VALUE_OPAQUE;
        return cbor_loose_octets(r, major, &v->octets);
    }
    struct reader at = *r;
    struct cbor_head h = cbor_loose_head(&at);
    if (h.major != CBOR_SIMPLE || h.info >= 24)
        return take_number(r, v);
    *r = at;
    *v = value_integer(VALUE_BOOLEAN, h.n == CBOR_TRUE);
    return h.n == CBOR_TRUE || h.n == CBOR_FALSE;
}
