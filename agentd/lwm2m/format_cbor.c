/* SPDX-License-Identifier: Apache-2.0 */
/* Records as SenML CBOR (RFC 8428 clause 6, Core TS 1.1.1 clause 7.4.6). Writes definite lengths and shortest forms; reads what encoders in the
 * field send: indefinite arrays and maps, any length form, half to double floats. Nesting is two deep by nature. */
#include <math.h>
#include <string.h>

#include "lwm2m/format.h"

enum major { MAJOR_UINT, MAJOR_NINT, MAJOR_BYTES, MAJOR_TEXT, MAJOR_ARRAY, MAJOR_MAP, MAJOR_TAG, MAJOR_SIMPLE };
enum label { LABEL_BVER = -1, LABEL_BN = -2, LABEL_BT = -3, LABEL_N = 0, LABEL_V = 2, LABEL_VS = 3, LABEL_VB = 4, LABEL_T = 6, LABEL_VD = 8, LABEL_VLO = 1000, LABEL_OTHER };
enum { SIMPLE_FALSE = 20, SIMPLE_TRUE = 21, BREAK = 0xff, FLOAT16 = 0xf9, FLOAT32 = 0xfa, FLOAT64 = 0xfb };

/* ---- writing ---- */

static void put_head(struct writer *w, enum major major, uint64_t n)
{
    uint8_t m = (uint8_t)(major << 5);
    if (n < 24) {
        writer_u8(w, (uint8_t)(m | n));
    } else if (n <= UINT8_MAX) {
        writer_u8(w, m | 24);
        writer_u8(w, (uint8_t)n);
    } else if (n <= UINT16_MAX) {
        writer_u8(w, m | 25);
        writer_u16(w, (uint16_t)n);
    } else if (n <= UINT32_MAX) {
        writer_u8(w, m | 26);
        writer_u32(w, (uint32_t)n);
    } else {
        writer_u8(w, m | 27);
        writer_u64(w, n);
    }
}

static void put_integer(struct writer *w, int64_t v)
{
    put_head(w, v < 0 ? MAJOR_NINT : MAJOR_UINT, v < 0 ? (uint64_t)(-1 - v) : (uint64_t)v);
}

static void put_octets(struct writer *w, enum major major, struct slice s)
{
    put_head(w, major, s.len);
    writer_put(w, s.data, s.len);
}

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

static void put_value(struct writer *w, const struct value *v)
{
    uint8_t link[16];
    struct writer l = writer_make(link, sizeof link);
    switch (v->type) {
    case VALUE_NONE:
        break;
    case VALUE_STRING:
        put_integer(w, LABEL_VS);
        put_octets(w, MAJOR_TEXT, v->octets);
        break;
    case VALUE_INTEGER:
    case VALUE_UNSIGNED:
    case VALUE_TIME:
        put_integer(w, LABEL_V);
        put_integer(w, v->integer);
        break;
    case VALUE_FLOAT:
        put_integer(w, LABEL_V);
        put_real(w, v->real);
        break;
    case VALUE_BOOLEAN:
        put_integer(w, LABEL_VB);
        put_head(w, MAJOR_SIMPLE, v->integer ? SIMPLE_TRUE : SIMPLE_FALSE);
        break;
    case VALUE_OPAQUE:
        put_integer(w, LABEL_VD);
        put_octets(w, MAJOR_BYTES, v->octets);
        break;
    case VALUE_OBJLNK:
        objlnk_put(&l, v->integer);
        put_octets(w, MAJOR_TEXT, (struct slice){ (const uint8_t *)"vlo", 3 });
        put_octets(w, MAJOR_TEXT, writer_slice(&l));
        break;
    }
}

static void put_base_name(struct writer *w, const struct path *base, bool open)
{
    uint8_t name[PATH_TEXT_MAX + 1];
    struct writer n = writer_make(name, sizeof name);
    path_put(&n, base);
    if (open && base->depth > PATH_ROOT)
        writer_u8(&n, '/');
    put_integer(w, LABEL_BN);
    put_octets(w, MAJOR_TEXT, writer_slice(&n));
}

static void put_name(struct writer *w, const struct path *base, const struct path *p)
{
    uint8_t name[PATH_TEXT_MAX];
    struct writer n = writer_make(name, sizeof name);
    for (size_t d = base->depth; d < p->depth; d++) {
        if (d > base->depth)
            writer_u8(&n, '/');
        integer_put(&n, p->id[d]);
    }
    put_integer(w, LABEL_N);
    put_octets(w, MAJOR_TEXT, writer_slice(&n));
}

static bool is_empty(const struct record *record)
{
    return record->multiple && record->path.depth == PATH_RESOURCE; /* a multiple resource without instances has no record */
}

static bool put(struct writer *w, const struct path *base, const struct records *records)
{
    size_t count = 0;
    for (size_t i = 0; i < records->count; i++)
        count += !is_empty(&records->at[i]);
    put_head(w, MAJOR_ARRAY, count);
    bool first = true;
    for (size_t i = 0; i < records->count; i++) {
        const struct record *record = &records->at[i];
        if (is_empty(record))
            continue;
        bool named = record->path.depth > base->depth;
        put_head(w, MAJOR_MAP, 1u + named + first);
        if (first)
            put_base_name(w, base, named);
        if (named)
            put_name(w, base, &record->path);
        put_value(w, &record->value);
        first = false;
    }
    return true;
}

/* ---- reading ---- */

struct head {
    enum major major;
    uint64_t n;
    bool indefinite; /* ARRAY or MAP up to a break */
    uint8_t info;
};

static struct head take_head(struct reader *r)
{
    uint8_t first = reader_u8(r);
    struct head h = { .major = (enum major)(first >> 5), .info = first & 31, .n = first & 31 };
    if (h.info == 24)
        h.n = reader_u8(r);
    else if (h.info == 25)
        h.n = reader_u16(r);
    else if (h.info == 26)
        h.n = reader_u32(r);
    else if (h.info == 27)
        h.n = reader_u64(r);
    else if (h.info == 31 && (h.major == MAJOR_ARRAY || h.major == MAJOR_MAP))
        h.indefinite = true;
    else if (h.info > 24)
        reader_fail(r);
    return h;
}

/* Another item in the array or map? An indefinite one that ends without its break fails the reader. */
static bool more(struct reader *r, const struct head *h, uint64_t taken)
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

static bool take_number(struct reader *r, struct value *v)
{
    struct head h = take_head(r);
    uint32_t narrow_bits = (uint32_t)h.n;
    float narrow;
    if (h.major == MAJOR_TAG) /* tag 1: time (RFC 8949 clause 3.4.2) */
        h = take_head(r);
    v->type = h.major == MAJOR_SIMPLE ? VALUE_FLOAT : VALUE_INTEGER;
    if (h.major == MAJOR_UINT)
        v->integer = (int64_t)h.n;
    else if (h.major == MAJOR_NINT)
        v->integer = -1 - (int64_t)h.n;
    else if (h.major == MAJOR_SIMPLE && h.info == 25)
        v->real = half_value(h.n);
    else if (h.major == MAJOR_SIMPLE && h.info == 26)
        v->real = (memcpy(&narrow, &narrow_bits, sizeof narrow), (double)narrow);
    else if (h.major == MAJOR_SIMPLE && h.info == 27)
        memcpy(&v->real, &h.n, sizeof v->real);
    else
        return false;
    return !r->failed && ((h.major != MAJOR_UINT && h.major != MAJOR_NINT) || h.n <= INT64_MAX);
}

static bool take_octets(struct reader *r, enum major major, struct slice *out)
{
    struct head h = take_head(r);
    if (h.major != major || h.n > reader_left(r))
        return false;
    *out = reader_take(r, (size_t)h.n);
    return !r->failed;
}

static bool take_label(struct reader *r, enum label *label)
{
    struct head h = take_head(r);
    struct slice text = { 0 };
    *label = LABEL_OTHER;
    if (h.major == MAJOR_UINT && h.n <= LABEL_VD)
        *label = (enum label)(int)h.n;
    else if (h.major == MAJOR_NINT && h.n <= 2)
        *label = (enum label)(-1 - (int)h.n);
    else if (h.major == MAJOR_TEXT && h.n <= reader_left(r))
        text = reader_take(r, (size_t)h.n);
    else
        return false;
    if (slice_is(text, "vlo"))
        *label = LABEL_VLO;
    return !r->failed && !(text.len && text.data[text.len - 1] == '_'); /* "..._" must be understood (RFC 8428 clause 4.4) */
}

struct record_in {
    struct slice n;
    struct value v;
    size_t values;
};

static bool take_field(struct reader *r, enum label label, struct slice *bn, struct record_in *in)
{
    struct value ignored = { 0 };
    struct slice text;
    struct head h;
    switch ((int)label) {
    case LABEL_BN:
        return take_octets(r, MAJOR_TEXT, bn);
    case LABEL_N:
        return take_octets(r, MAJOR_TEXT, &in->n);
    case LABEL_V:
        in->values++;
        return take_number(r, &in->v);
    case LABEL_VS:
        in->values++;
        in->v.type = VALUE_STRING;
        return take_octets(r, MAJOR_TEXT, &in->v.octets);
    case LABEL_VD:
        in->values++;
        in->v.type = VALUE_OPAQUE;
        return take_octets(r, MAJOR_BYTES, &in->v.octets);
    case LABEL_VB:
        in->values++;
        h = take_head(r);
        in->v = value_integer(VALUE_BOOLEAN, h.n == SIMPLE_TRUE);
        return h.major == MAJOR_SIMPLE && (h.n == SIMPLE_TRUE || h.n == SIMPLE_FALSE);
    case LABEL_VLO:
        in->values++;
        in->v.type = VALUE_OBJLNK;
        return take_octets(r, MAJOR_TEXT, &text) && objlnk_parse(text, &in->v.integer);
    case LABEL_BT:
    case LABEL_T:
    case LABEL_BVER:
        return take_number(r, &ignored);
    }
    return false; /* bu, bv, bs, u, s, ut and unknown labels would change what a value means */
}

static enum error_code take_record(struct reader *r, struct slice *bn, const struct path *base, struct records *records)
{
    struct record_in in = { 0 };
    struct head map = take_head(r);
    if (map.major != MAJOR_MAP)
        return ERROR_MALFORMED;
    for (uint64_t i = 0; more(r, &map, i); i++) {
        enum label label;
        if (!take_label(r, &label) || !take_field(r, label, bn, &in))
            return ERROR_MALFORMED;
    }
    uint8_t name[2 * PATH_TEXT_MAX + 2];
    struct writer w = writer_make(name, sizeof name);
    writer_put(&w, bn->data, bn->len);
    writer_put(&w, in.n.data, in.n.len);
    struct path p;
    if (r->failed || in.values != 1) /* RFC 8428 clause 4.2 */
        return ERROR_MALFORMED;
    if (w.failed || !path_parse(writer_slice(&w), &p))
        return ERROR_NOT_FOUND;
    return format_add(records, base, &p, in.v);
}

static enum error_code get(struct slice payload, const struct path *base, struct arena *arena, struct records *records)
{
    (void)arena;
    struct reader r = reader_make(payload.data, payload.len);
    struct slice bn = { 0 };
    struct head array = take_head(&r);
    if (array.major != MAJOR_ARRAY)
        return ERROR_MALFORMED;
    for (uint64_t i = 0; more(&r, &array, i); i++) {
        enum error_code code = take_record(&r, &bn, base, records);
        if (code != ERROR_NONE)
            return code;
    }
    return reader_done(&r) ? ERROR_NONE : ERROR_MALFORMED;
}

const struct format format_senml_cbor = { CONTENT_SENML_CBOR, false, put, get };
