/* SPDX-License-Identifier: Apache-2.0 */
/* Records as the JSON of LwM2M 1.0 (TS 1.0.2 clause 6.4.4, Content-Format 11543): a base name and elements "e". For servers of 1.0 only; a client of 1.1 must
 * not send it (Core TS 1.1.1 clause 7.4.5), which the caller sees to. */
#include <string.h>

#include "base/text.h"
#include "lwm2m/format/json_value.h"

static const struct json_labels labels = { .string = "sv", .number = "v", .flag = "bv", .opaque = "sv", .link = "ov" };

static bool put(struct writer *w, const struct path *base, const struct records *records)
{
    bool named = records->count && records->at[0].path.depth > base->depth;
    writer_text(w, "{\"bn\":\"");
    path_put(w, base);
    writer_text(w, named && base->depth > PATH_ROOT ? "/\",\"e\":[" : "\",\"e\":[");
    bool first = true;
    for (size_t i = 0; i < records->count; i++) {
        const struct record *record = &records->at[i];
        if (record_is_empty(record))
            continue;
        writer_text(w, first ? "{" : ",{");
        first = false;
        if (named) {
            writer_text(w, "\"n\":\"");
            path_put_below(w, base, &record->path);
            writer_text(w, "\",");
        }
        json_put_value(w, &labels, &record->value);
        writer_u8(w, '}');
    }
    writer_text(w, "]}");
    return true;
}

static bool get_value(const json_t *element, struct arena *arena, enum value_type type, struct value *v)
{
    const json_t *number = json_object_get(element, "v"), *text = json_object_get(element, "sv"), *flag = json_object_get(element, "bv"), *link = json_object_get(element, "ov");
    if (!!number + !!text + !!flag + !!link != 1)
        return false;
    if (number)
        *v = json_is_integer(number) ? value_integer(VALUE_INTEGER, json_integer_value(number)) : (struct value){ .type = VALUE_FLOAT, .real = json_real_value(number) };
    else if (flag)
        *v = value_integer(VALUE_BOOLEAN, json_is_true(flag));
    if (number || flag)
        return number ? json_is_number(number) : json_is_boolean(flag);
    const json_t *string = text ? text : link;
    v->type = VALUE_STRING; /* an object link is made of its text */
    if (!json_is_string(string) || !json_copy_text(string, arena, &v->octets) || (link && type != VALUE_OBJLNK))
        return false;
    if (type != VALUE_OPAQUE)
        return true;
    v->type = VALUE_OPAQUE;
    size_t cap = v->octets.len / 4 * 3 + 1;
    uint8_t *octets = arena_get(arena, cap);
    bool fine = octets && text_base64_decode(v->octets, octets, cap, &v->octets.len);
    v->octets.data = octets;
    return fine;
}

static struct slice member(const json_t *object, const char *name)
{
    const json_t *v = json_object_get(object, name);
    return (struct slice){ (const uint8_t *)json_string_value(v), json_is_string(v) ? json_string_length(v) : 0 };
}

static enum error_code get_element(const json_t *element, struct slice bn, const struct path *base, struct arena *arena, struct records *records)
{
    struct path p;
    struct value v = { 0 };
    struct slice name = member(element, "n");
    char request[PATH_TEXT_MAX + 1];
    struct writer w = writer_make(request, sizeof request);
    if (bn.len == 0 && (name.len == 0 || name.data[0] != '/')) { /* TS 1.0.2 clause 6.4.4: without a base name it is the path of the request */
        path_put(&w, base);
        if (name.len && base->depth > PATH_ROOT)
            writer_u8(&w, '/');
        bn = writer_slice(&w);
    }
    if (!format_name(bn, name, &p))
        return ERROR_NOT_FOUND;
    if (!json_is_object(element) || !get_value(element, arena, format_type(records, &p), &v))
        return ERROR_MALFORMED;
    return format_add(records, base, &p, v);
}

static enum error_code get(struct slice payload, const struct path *base, struct arena *arena, struct records *records)
{
    json_t *document = json_load_payload(payload);
    json_t *elements = json_object_get(document, "e");
    enum error_code code = json_is_array(elements) ? ERROR_NONE : ERROR_MALFORMED;
    size_t i;
    json_t *element;
    json_array_foreach (elements, i, element) {
        if (code == ERROR_NONE)
            code = get_element(element, member(document, "bn"), base, arena, records);
    }
    json_decref(document);
    return code;
}

const struct format format_lwm2m_json = { CONTENT_LWM2M_JSON, false, put, get, NULL };
