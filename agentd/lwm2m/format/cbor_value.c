/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers, strings and booleans between struct value and CBOR (RFC 8949). Owns no memory: octets are borrowed from the input. */
#include "lwm2m/format/cbor_value.h"

#include <math.h>
#include <string.h>

#include "lwm2m/format/format.h"

enum { BREAK = 0xff, FLOAT32 = 0xfa, FLOAT64 = 0xfb };

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
    uint8_t octets[16];
    struct writer text = writer_make(octets, sizeof octets);
    objlnk_put(&text, link);
    cbor_put_string(w, writer_slice(&text));
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

struct cbor_head cbor_loose_head(struct reader *r)
{
    uint8_t first = reader_u8(r);
    struct cbor_head h = { .major = (enum cbor_major)(first >> 5), .info = first & 31, .n = first & 31 };
    if (h.info == 24)
        h.n = reader_u8(r);
    else if (h.info == 25)
        h.n = reader_u16(r);
    else if (h.info == 26)
        h.n = reader_u32(r);
    else if (h.info == 27)
        h.n = reader_u64(r);
    else if (h.info == 31 && (h.major == CBOR_ARRAY || h.major == CBOR_MAP))
        h.indefinite = true;
    else if (h.info > 24)
        reader_fail(r);
    return h;
}

bool cbor_loose_more(struct reader *r, const struct cbor_head *h, uint64_t taken)
{
    if (r->failed)
        return false;
    if (!h->indefinite)
        return taken < h->n;
    if (reader_left(r) > 0 && reader_peek(r) != BREAK)
        return true;
    reader_u8(r);
    return false;
}

static double half_value(uint64_t bits) /* RFC 8949 appendix D */
{
    int exponent = (int)(bits >> 10 & 31);
    double mantissa = (double)(bits & 0x3ff);
    double v = exponent == 0 ? ldexp(mantissa, -24) : exponent == 31 ? (mantissa == 0 ? INFINITY : NAN) : ldexp(mantissa + 1024, exponent - 25);
    return bits & 0x8000 ? -v : v;
}

bool cbor_loose_number(struct reader *r, struct value *v)
{
    struct cbor_head h = cbor_loose_head(r);
    uint32_t narrow_bits = (uint32_t)h.n;
    float narrow;
    if (h.major == CBOR_TAG) /* tag 1: time (RFC 8949 clause 3.4.2) */
        h = cbor_loose_head(r);
    v->type = h.major == CBOR_SIMPLE ? VALUE_FLOAT : VALUE_INTEGER;
    if (h.major == CBOR_UINT)
        v->integer = (int64_t)h.n;
    else if (h.major == CBOR_NINT)
        v->integer = -1 - (int64_t)h.n;
    else if (h.major == CBOR_SIMPLE && h.info == 25)
        v->real = half_value(h.n);
    else if (h.major == CBOR_SIMPLE && h.info == 26)
        v->real = (memcpy(&narrow, &narrow_bits, sizeof narrow), (double)narrow);
    else if (h.major == CBOR_SIMPLE && h.info == 27)
        memcpy(&v->real, &h.n, sizeof v->real);
    else
        return false;
    return !r->failed && ((h.major != CBOR_UINT && h.major != CBOR_NINT) || h.n <= INT64_MAX);
}

bool cbor_loose_octets(struct reader *r, enum cbor_major major, struct slice *out)
{
    struct cbor_head h = cbor_loose_head(r);
    if (h.major != major || h.n > reader_left(r))
        return false;
    *out = reader_take(r, (size_t)h.n);
    return !r->failed;
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
        return cbor_loose_number(r, v);
    *r = at;
    *v = value_integer(VALUE_BOOLEAN, h.n == CBOR_TRUE);
    return h.n == CBOR_TRUE || h.n == CBOR_FALSE;
}
