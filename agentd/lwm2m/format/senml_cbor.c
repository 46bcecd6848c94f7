/* SPDX-License-Identifier: Apache-2.0 */
/* Records as SenML CBOR (RFC 8428 clause 6, Core TS 1.1.1 clause 7.4.6). Written in definite lengths and shortest forms, read by codec/senml. */
#include "lwm2m/format/cbor_value.h"
#include "lwm2m/format/senml_value.h"

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

static enum error_code get(struct slice payload, const struct path *base, struct arena *arena, struct records *records)
{
    (void)arena;
    return senml_cbor_read(payload, senml_add, &(struct senml_into){ .base = base, .records = records });
}

static enum error_code get_paths(struct slice payload, struct arena *arena, struct paths *paths)
{
    (void)arena;
    return senml_cbor_read(payload, senml_add, &(struct senml_into){ .paths = paths });
}

const struct format format_senml_cbor = { CONTENT_SENML_CBOR, false, put, get, get_paths };
