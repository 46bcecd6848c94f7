/* SPDX-License-Identifier: Apache-2.0 */
/* SenML CBOR (RFC 8428 clause 6). Nesting is two deep by nature. */
#include "codec/cbor_loose.h"
#include "codec/senml.h"

static bool take_label(struct reader *r, enum senml_label *label)
{
    struct cbor_head h = cbor_loose_head(r);
    struct slice text = { 0 };
    *label = LABEL_OTHER;
    if (h.major == CBOR_UINT && h.n <= LABEL_VD)
        *label = (enum senml_label)(int)h.n;
    else if (h.major == CBOR_NINT && h.n <= 2)
        *label = (enum senml_label)(-1 - (int)h.n);
    else if (h.major == CBOR_TEXT && h.n <= reader_left(r))
        text = reader_take(r, (size_t)h.n);
    else
        return false;
    if (slice_is(text, "vlo"))
        *label = LABEL_VLO;
    return !r->failed && !(text.len && text.data[text.len - 1] == '_'); /* "..._" must be understood (RFC 8428 clause 4.4) */
}

static bool take_number(struct reader *r, struct senml_record *out)
{
    struct cbor_number n = { 0 };
    bool ok = cbor_loose_number(r, &n);
    out->kind = n.is_real ? SENML_REAL : SENML_INTEGER;
    out->integer = n.integer;
    out->real = n.real;
    return ok;
}

static bool take_boolean(struct reader *r, struct senml_record *out)
{
    struct cbor_head h = cbor_loose_head(r);
    out->kind = SENML_BOOLEAN;
    out->integer = h.n == CBOR_TRUE;
    return h.major == CBOR_SIMPLE && (h.n == CBOR_TRUE || h.n == CBOR_FALSE);
}

static bool take_octets(struct reader *r, enum cbor_major major, enum senml_kind kind, struct senml_record *out)
{
    out->kind = kind;
    return cbor_loose_octets(r, major, &out->octets);
}

/* RFC 8428 clause 4.2: one value at most; a second one is refused here. */
static bool take_value(struct reader *r, enum senml_label label, struct senml_record *out)
{
    if (out->kind != SENML_NONE)
        return false;
    if (label == LABEL_V)
        return take_number(r, out);
    if (label == LABEL_VB)
        return take_boolean(r, out);
    if (label == LABEL_VS)
        return take_octets(r, CBOR_TEXT, SENML_TEXT, out);
    return label == LABEL_VD ? take_octets(r, CBOR_BYTES, SENML_OCTETS, out) : take_octets(r, CBOR_TEXT, SENML_LINK, out);
}

static bool take_field(struct reader *r, enum senml_label label, struct senml_record *out)
{
    struct cbor_number ignored;
    switch (label) {
    case LABEL_BN:
        return cbor_loose_octets(r, CBOR_TEXT, &out->base);
    case LABEL_N:
        return cbor_loose_octets(r, CBOR_TEXT, &out->name);
    case LABEL_V:
    case LABEL_VS:
    case LABEL_VD:
    case LABEL_VB:
    case LABEL_VLO:
        return take_value(r, label, out);
    case LABEL_BT:
    case LABEL_T:
    case LABEL_BVER:
        return cbor_loose_number(r, &ignored);
    case LABEL_OTHER:
        break;
    }
    return false; /* bu, bv, bs, u, s, ut and unknown labels would change what a value means */
}

static enum error_code take_record(struct reader *r, struct senml_record *record, senml_take_fn *take, void *user)
{
    *record = (struct senml_record){ .offset = r->pos, .base = record->base };
    struct cbor_head map = cbor_loose_head(r);
    if (map.major != CBOR_MAP)
        return ERROR_MALFORMED;
    for (uint64_t i = 0; cbor_loose_more(r, &map, i); i++) {
        enum senml_label label;
        if (!take_label(r, &label) || !take_field(r, label, record))
            return ERROR_MALFORMED;
    }
    return r->failed ? ERROR_MALFORMED : take(user, record);
}

enum error_code senml_cbor_read(struct slice pack, senml_take_fn *take, void *user)
{
    struct reader r = reader_make(pack.data, pack.len);
    struct senml_record record = { .kind = SENML_NONE };
    struct cbor_head array = cbor_loose_head(&r);
    if (array.major != CBOR_ARRAY)
        return ERROR_MALFORMED;
    for (uint64_t i = 0; cbor_loose_more(&r, &array, i); i++) {
        enum error_code code = take_record(&r, &record, take, user);
        if (code != ERROR_NONE)
            return code;
    }
    return reader_done(&r) ? ERROR_NONE : ERROR_MALFORMED;
}
