/* SPDX-License-Identifier: Apache-2.0 */
/* Records as SenML CBOR (RFC 8428 clause 6, Core TS 1.1.1 clause 7.4.6). Written in definite lengths and shortest forms, read by codec/senml. */
#include "lwm2m/format/cbor_value.h"
#include "lwm2m/format/senml_value.h"

/* ---- writing ---- */

/* RFC 8428 table 6: numbers below 24, which are an octet each. */
static const uint8_t labels[] = { [VALUE_STRING] = LABEL_VS, [VALUE_CORELNK] = LABEL_VS, [VALUE_INTEGER] = LABEL_V, [VALUE_UNSIGNED] = LABEL_V,
                                  [VALUE_TIME] = LABEL_V,    [VALUE_FLOAT] = LABEL_V,    [VALUE_BOOLEAN] = LABEL_VB, [VALUE_OPAQUE] = LABEL_VD };

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

/* The head of the first record, and what holds for the others too. */
static void put_base(struct writer *w, const struct path *base, bool named, int64_t time)
{
    cbor_put_head(w, CBOR_MAP, 2u + named + (time != 0));
    put_base_name(w, base, named);
    if (time) {
        cbor_put_int(w, LABEL_BT);
        cbor_put_int(w, time);
    }
}

static void put_name(struct writer *w, const struct path *base, const struct path *p)
{
    cbor_put_head(w, CBOR_UINT, LABEL_N);
    size_t at = cbor_open_short_text(w); /* four ids and what is between them are 23 octets */
    path_put_below(w, base, p);
    cbor_close_short_text(w, at);
}

/* All that stands before the value. Octet by octet, by a writer whose address nobody has: the compiler keeps it in registers. */
static void put_labels(struct writer *w, const struct path *base, const struct record *record, bool first)
{
    struct writer out = *w;
    bool named = record->path.depth > base->depth;
    if (!first) /* else its map is begun */
        cbor_put_head(&out, CBOR_MAP, 1u + named);
    if (named)
        put_name(&out, base, &record->path);
    if (record->value.type == VALUE_OBJLNK) { /* "vlo" has no number: Core TS 1.1.1 table 7.4.4-2 */
        cbor_put_head(&out, CBOR_TEXT, 3);
        writer_put(&out, "vlo", 3);
    } else if (record->value.type != VALUE_NONE) {
        writer_u8(&out, labels[record->value.type]);
    }
    *w = out;
}

static bool put(struct writer *w, const struct path *base, const struct records *records)
{
    size_t count = 0;
    for (size_t i = 0; i < records->count; i++)
        count += !record_is_empty(&records->at[i]);
    cbor_put_array(w, count);
    bool first = true;
    for (size_t i = 0; i < records->count; i++) {
        const struct record *record = &records->at[i];
        if (record_is_empty(record))
            continue;
        if (first)
            put_base(w, base, record->path.depth > base->depth, records->time);
        put_labels(w, base, record, first);
        cbor_put_value(w, &record->value);
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
