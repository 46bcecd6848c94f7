/* SPDX-License-Identifier: Apache-2.0 */
/* Heads, numbers and strings of RFC 8949. Owns no memory: octets are borrowed from the input. */
#include "codec/cbor_loose.h"

#include <math.h>
#include <string.h>

enum { BREAK = 0xff };

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

bool cbor_loose_number(struct reader *r, struct cbor_number *v)
{
    struct cbor_head h = cbor_loose_head(r);
    if (h.major == CBOR_TAG) /* tag 1: time (RFC 8949 clause 3.4.2) */
        h = cbor_loose_head(r);
    uint32_t narrow_bits = (uint32_t)h.n;
    float narrow;
    v->is_real = h.major == CBOR_SIMPLE;
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
