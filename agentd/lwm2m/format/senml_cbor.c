/* SPDX-License-Identifier: Apache-2.0 */
/* Records as SenML CBOR (RFC 8428 clause 6, Core TS 1.1.1 clause 7.4.6). Writes definite lengths and shortest forms. Nesting is two deep by nature. */
#include "lwm2m/format/cbor_value.h"
#include "lwm2m/format/format.h"

enum label { LABEL_BVER = -1, LABEL_BN = -2, LABEL_BT = -3, LABEL_N = 0, LABEL_V = 2, LABEL_VS = 3, LABEL_VB = 4, LABEL_T = 6, LABEL_VD = 8, LABEL_VLO = 1000, LABEL_OTHER };

/* ---- writing ---- */

static void put_octets(struct writer *w, struct slice text)
{
    cbor_put_head(w, CBOR_TEXT, text.len);
    writer_put(w, text.data, text.len);
}

static void put_value(struct writer *w, const struct value *v)
{
    switch (v->type) {
    case VALUE_NONE:
        return;
    case VALUE_STRING:
    case VALUE_CORELNK:
        cbor_put_int(w, LABEL_VS);
        break;
    case VALUE_INTEGER:
    case VALUE_UNSIGNED:
    case VALUE_TIME:
    case VALUE_FLOAT:
        cbor_put_int(w, LABEL_V);
        break;
    case VALUE_BOOLEAN:
        cbor_put_int(w, LABEL_VB);
        break;
    case VALUE_OPAQUE:
        cbor_put_int(w, LABEL_VD);
        break;
    case VALUE_OBJLNK:
        cbor_put_text(w, "vlo");
        break;
    }
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
    put_octets(w, writer_slice(&n));
}

static void put_name(struct writer *w, const struct path *base, const struct path *p)
{
    uint8_t name[PATH_TEXT_MAX];
    struct writer n = writer_make(name, sizeof name);
    path_put_below(&n, base, p);
    cbor_put_int(w, LABEL_N);
    put_octets(w, writer_slice(&n));
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
        cbor_put_map(w, 1u + named + first + stamped);
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
