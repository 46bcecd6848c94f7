/* SPDX-License-Identifier: Apache-2.0 */
/* Plain text (Core TS 1.1.1 clause 7.4.2) and opaque (7.4.3): one value, no name. */
#include "base/text.h"
#include "lwm2m/format/format.h"
#include "lwm2m/objects/objects.h"

static bool put_text(struct writer *w, const struct path *base, const struct records *records)
{
    if (!format_single(base, records))
        return false;
    const struct value *v = &records->at[0].value;
    switch (v->type) {
    case VALUE_NONE:
        return false;
    case VALUE_STRING:
    case VALUE_CORELNK:
        writer_put(w, v->octets.data, v->octets.len);
        break;
    case VALUE_INTEGER:
    case VALUE_UNSIGNED:
    case VALUE_TIME:
    case VALUE_BOOLEAN:
        integer_put(w, v->integer);
        break;
    case VALUE_FLOAT:
        real_put(w, v->real);
        break;
    case VALUE_OPAQUE:
        base64_put(w, v->octets, false);
        break;
    case VALUE_OBJLNK:
        objlnk_put(w, v->integer);
        break;
    }
    return true;
}

static bool get_opaque_text(struct slice payload, struct arena *arena, struct slice *out)
{
    uint8_t *octets = arena_get(arena, payload.len / 4 * 3 + 1);
    out->data = octets;
    return octets && text_base64_decode(payload, octets, payload.len / 4 * 3 + 1, &out->len);
}

static bool get_value(struct slice payload, enum value_type type, struct arena *arena, struct value *v)
{
    switch (type) {
    case VALUE_NONE:
        return false;
    case VALUE_STRING:
    case VALUE_CORELNK:
        v->octets = payload;
        return true;
    case VALUE_INTEGER:
    case VALUE_TIME:
        return integer_parse(payload, &v->integer);
    case VALUE_UNSIGNED:
        return integer_parse(payload, &v->integer) && v->integer >= 0;
    case VALUE_BOOLEAN:
        return integer_parse(payload, &v->integer) && payload.len == 1 && (v->integer == 0 || v->integer == 1);
    case VALUE_FLOAT:
        return real_parse(payload, &v->real);
    case VALUE_OPAQUE:
        return get_opaque_text(payload, arena, &v->octets);
    case VALUE_OBJLNK:
        return objlnk_parse(payload, &v->integer);
    }
    return false;
}

static enum error_code get_text(struct slice payload, const struct path *base, struct arena *arena, struct records *records)
{
    const struct resource *resource = resource_at(records->model, base);
    if (!resource)
        return ERROR_NOT_FOUND;
    struct value v = { .type = resource->type };
    if (!get_value(payload, resource->type, arena, &v))
        return ERROR_INVALID;
    return format_add(records, base, base, v);
}

static bool put_opaque(struct writer *w, const struct path *base, const struct records *records)
{
    if (!format_single(base, records) || records->at[0].value.type != VALUE_OPAQUE)
        return false;
    writer_put(w, records->at[0].value.octets.data, records->at[0].value.octets.len);
    return true;
}

static enum error_code get_opaque(struct slice payload, const struct path *base, struct arena *arena, struct records *records)
{
    (void)arena;
    return format_add(records, base, base, (struct value){ .type = VALUE_OPAQUE, .octets = payload });
}

const struct format format_text = { CONTENT_TEXT, true, put_text, get_text, NULL };
const struct format format_opaque = { CONTENT_OPAQUE, true, put_opaque, get_opaque, NULL };
