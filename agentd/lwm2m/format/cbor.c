/* SPDX-License-Identifier: Apache-2.0 */
/* One value as plain CBOR (Core TS 1.1.1 clause 7.4.4 of the list of formats: Content-Format 60), without name. */
#include "lwm2m/format/cbor_value.h"
#include "lwm2m/format/format.h"

static bool put(struct writer *w, const struct path *base, const struct records *records)
{
    if (!format_single(base, records) || records->at[0].value.type == VALUE_NONE)
        return false;
    cbor_put_value(w, &records->at[0].value);
    return true;
}

static enum error_code get(struct slice payload, const struct path *base, struct arena *arena, struct records *records)
{
    (void)arena;
    struct reader r = reader_make(payload.data, payload.len);
    struct value v = { 0 };
    if (!cbor_loose_value(&r, &v) || !reader_done(&r))
        return ERROR_MALFORMED;
    return format_add(records, base, base, v);
}

const struct format format_cbor = { CONTENT_CBOR, true, put, get, NULL };
