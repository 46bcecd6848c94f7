/* SPDX-License-Identifier: Apache-2.0 */
/* Records as SenML CBOR (RFC 8428 clause 6, Core TS 1.1.1 clause 7.4.6). Writes definite lengths and shortest forms. Nesting is two deep by nature. */
#include "lwm2m/format/cbor_value.h"
#include "lwm2m/format/format.h"

enum label { LABEL_BVER = -1, LABEL_BN = -2, LABEL_BT = -3, LABEL_N = 0, LABEL_V = 2, LABEL_VS = 3, LABEL_VB = 4, LABEL_T = 6, LABEL_VD = 8, LABEL_VLO = 1000, LABEL_OTHER };

/* ---- writing ---- */

/* RFC 8428 table 6, Core TS 1.1.1 table 7.4.4-2 ("vlo" has no number). */
static void put_value(struct writer *w, const struct value *v)
{
    static const uint8_t labels[] = { [VALUE_STRING] = LABEL_VS, [VALUE_CORELNK] = LABEL_VS, [VALUE_INTEGER] = LABEL_V, [VALUE_UNSIGNED] = LABEL_V,
                                      [VALUE_TIME] = LABEL_V,    [VALUE_FLOAT] = LABEL_V,    [VALUE_BOOLEAN] = LABEL_VB, [VALUE_OPAQUE] = LABEL_VD };
    if (v->type == VALUE_NONE)
        return;
    if (v->type == VALUE_OBJLNK)
        cbor_put_text(w, "vlo");
    else
        cbor_put_head(w, CBOR_UINT, labels[v->type]);
    cbor_put_value(w, v);
}

static void put_base_name(struct writer *w, const struct path *base, bool open)
{
    uint8_t name[PATH_TEXT_MAX + 1];
    struct writer n = writer_make(name, sizeof name);
    path_put(&n, base);
    if (open && base->depth > PATH_ROOT)
        writer_u8(&n, '/');
    cbor_put_int(w, LABEL_BN);
    cbor_put_string(w, writer_slice(&n));
}

/* Four ids and what is between them are 23 octets: the head is one, and written when the length is known. */
static void put_name(struct writer *w, const struct path *base, const struct path *p)
{
    cbor_put_head(w, CBOR_UINT, LABEL_N);
    size_t head = w->len;
    cbor_put_head(w, CBOR_TEXT, 0);
    path_put_below(w, base, p);
    writer_change_u8(w, head, (uint8_t)(CBOR_TEXT << 5 | (w->len - head - 1)));
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
    cbor_put_array(w, count);
    bool first = true;
    for (size_t i = 0; i < records->count; i++) {
        const struct record *record = &records->at[i];
        if (is_empty(record))
            continue;
        bool named = record->path.depth > base->depth;
        bool stamped = first && records->time;
        cbor_put_head(w, CBOR_MAP, 1u + named + first + stamped);
        if (first)
            put_base_name(w, base, named);
        if (stamped) {
            cbor_put_int(w, LABEL_BT);
            cbor_put_int(w, records->time);
        }
        if (named)
            put_name(w, base, &record->path);
        put_value(w, &record->value);
        first = false;
    }
    return true;
}

/* ---- reading ---- */

static bool take_label(struct reader *r, enum label *label)
{
    struct cbor_head h = cbor_loose_head(r);
    struct slice text = { 0 };
    *label = LABEL_OTHER;
    if (h.major == CBOR_UINT && h.n <= LABEL_VD)
        *label = (enum label)(int)h.n;
    else if (h.major == CBOR_NINT && h.n <= 2)
        *label = (enum label)(-1 - (int)h.n);
    else if (h.major == CBOR_TEXT && h.n <= reader_left(r))
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
    struct cbor_head h;
    switch ((int)label) {
    case LABEL_BN:
        return cbor_loose_octets(r, CBOR_TEXT, bn);
    case LABEL_N:
        return cbor_loose_octets(r, CBOR_TEXT, &in->n);
    case LABEL_V:
        in->values++;
        return cbor_loose_number(r, &in->v);
    case LABEL_VS:
        in->values++;
        in->v.type = VALUE_STRING;
        return cbor_loose_octets(r, CBOR_TEXT, &in->v.octets);
    case LABEL_VD:
        in->values++;
        in->v.type = VALUE_OPAQUE;
        return cbor_loose_octets(r, CBOR_BYTES, &in->v.octets);
    case LABEL_VB:
        in->values++;
        h = cbor_loose_head(r);
        in->v = value_integer(VALUE_BOOLEAN, h.n == CBOR_TRUE);
        return h.major == CBOR_SIMPLE && (h.n == CBOR_TRUE || h.n == CBOR_FALSE);
    case LABEL_VLO:
        in->values++;
        in->v.type = VALUE_OBJLNK;
        return cbor_loose_octets(r, CBOR_TEXT, &text) && objlnk_parse(text, &in->v.integer);
    case LABEL_BT:
    case LABEL_T:
    case LABEL_BVER:
        return cbor_loose_number(r, &ignored);
    }
    return false; /* bu, bv, bs, u, s, ut and unknown labels would change what a value means */
}

/* Into records, or into paths when these are given. */
static enum error_code take_record(struct reader *r, struct slice *bn, const struct path *base, struct records *records, struct paths *paths)
{
    struct record_in in = { 0 };
    struct cbor_head map = cbor_loose_head(r);
    if (map.major != CBOR_MAP)
        return ERROR_MALFORMED;
    for (uint64_t i = 0; cbor_loose_more(r, &map, i); i++) {
        enum label label;
        if (!take_label(r, &label) || !take_field(r, label, bn, &in))
            return ERROR_MALFORMED;
    }
    if (r->failed || in.values != (paths ? 0 : 1)) /* RFC 8428 clause 4.2; a list of paths has no values */
        return ERROR_MALFORMED;
    if (paths)
        return format_add_path(paths, *bn, in.n);
    struct path p;
    if (!format_name(*bn, in.n, &p))
        return ERROR_NOT_FOUND;
    return format_add(records, base, &p, in.v);
}

static enum error_code take_pack(struct slice payload, const struct path *base, struct records *records, struct paths *paths)
{
    struct reader r = reader_make(payload.data, payload.len);
    struct slice bn = { 0 };
    struct cbor_head array = cbor_loose_head(&r);
    if (array.major != CBOR_ARRAY)
        return ERROR_MALFORMED;
    for (uint64_t i = 0; cbor_loose_more(&r, &array, i); i++) {
        enum error_code code = take_record(&r, &bn, base, records, paths);
        if (code != ERROR_NONE)
            return code;
    }
    return reader_done(&r) ? ERROR_NONE : ERROR_MALFORMED;
}

static enum error_code get(struct slice payload, const struct path *base, struct arena *arena, struct records *records)
{
    (void)arena;
    return take_pack(payload, base, records, NULL);
}

static enum error_code get_paths(struct slice payload, struct arena *arena, struct paths *paths)
{
    (void)arena;
    return take_pack(payload, NULL, NULL, paths);
}

const struct format format_senml_cbor = { CONTENT_SENML_CBOR, false, put, get, get_paths };
