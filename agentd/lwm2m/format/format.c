/* SPDX-License-Identifier: Apache-2.0 */
/* Choice of a format, and what all formats share: typing of what came in, object links and Base64 on the way out. */
#include "lwm2m/format/format.h"

#include <math.h>

#include "lwm2m/objects/objects.h"

static const struct format *const formats[] = { &format_text, &format_opaque, &format_cbor, &format_senml_json, &format_senml_cbor, &format_tlv, &format_lwm2m_json,
                                                &format_lwm2m_cbor };

/* Other numbers of the same formats: RFC 8790, and what devices and servers of LwM2M 1.0 used before IANA gave numbers. */
static const struct {
    uint16_t number, same;
} aliases[] = { { CONTENT_ETCH_JSON, CONTENT_SENML_JSON }, { CONTENT_ETCH_CBOR, CONTENT_SENML_CBOR }, { 1541, CONTENT_TEXT }, { 1542, CONTENT_TLV }, { 1543, CONTENT_LWM2M_JSON } };

const struct format *format_find(uint16_t number)
{
    for (size_t i = 0; i < sizeof aliases / sizeof aliases[0]; i++)
        if (aliases[i].number == number)
            number = aliases[i].same;
    for (size_t i = 0; i < sizeof formats / sizeof formats[0]; i++)
        if (formats[i]->number == number)
            return formats[i];
    return NULL;
}

const struct format *format_preferred(const struct path *p, const struct records *records)
{
    return format_single(p, records) ? &format_text : &format_senml_cbor;
}

bool format_single(const struct path *base, const struct records *records)
{
    return base->depth >= PATH_RESOURCE && records->count == 1 && records->at[0].multiple == (base->depth == PATH_RESOURCE_INSTANCE);
}

enum value_type format_type(const struct records *records, const struct path *p)
{
    const struct resource *resource = resource_at(records->model, p);
    return resource ? resource->type : VALUE_NONE;
}

bool format_name(struct slice base_name, struct slice name, struct path *p)
{
    uint8_t text[2 * PATH_TEXT_MAX + 2];
    struct writer w = writer_make(text, sizeof text);
    writer_put(&w, base_name.data, base_name.len);
    writer_put(&w, name.data, name.len);
    return !w.failed && path_parse(writer_slice(&w), p);
}

enum error_code format_add_path(struct paths *paths, struct slice base_name, struct slice name)
{
    if (paths->count == PATHS_MAX)
        return ERROR_TOO_LARGE;
    return format_name(base_name, name, &paths->at[paths->count++]) ? ERROR_NONE : ERROR_NOT_FOUND;
}

static bool is_integral(double v)
{
    return isfinite(v) && fabs(v) <= 9007199254740992.0 && floor(v) == v;
}

/* Numbers of text formats come as INTEGER or FLOAT; the table says what they are. */
static bool coerce(struct value *v, enum value_type type)
{
    if (v->type == VALUE_FLOAT && type != VALUE_FLOAT && is_integral(v->real)) {
        v->integer = (int64_t)v->real;
        v->type = VALUE_INTEGER;
    }
    bool fits = v->type == type || (v->type == VALUE_STRING && type == VALUE_CORELNK);
    if (v->type == VALUE_STRING && type == VALUE_OBJLNK) /* where a format has no form of its own for links */
        fits = objlnk_parse(v->octets, &v->integer);
    if (v->type == VALUE_INTEGER) {
        fits = type == VALUE_INTEGER || type == VALUE_TIME || type == VALUE_FLOAT || (type == VALUE_UNSIGNED && v->integer >= 0);
        v->real = (double)v->integer;
    }
    v->type = type;
    return fits;
}

/* Core TS 1.1.1 clause 6.1.7.5: what a bootstrap writes of resources that this client has not is ignored; a Write of one alone is none. */
static bool is_ignored(const struct records *records, const struct path *base, const struct path *p)
{
    if (records->model != &model_bootstrap || base->depth >= PATH_RESOURCE || p->depth < PATH_RESOURCE || !path_contains(base, p))
        return false;
    struct path resource = path_parent(p, PATH_RESOURCE);
    return object_find(records->model, p->id[0]) && !resource_at(records->model, &resource);
}

enum error_code format_add(struct records *records, const struct path *base, const struct path *p, struct value raw)
{
    const struct resource *resource = resource_at(records->model, p);
    if (records->model != &model_bootstrap && path_hidden(p))
        return ERROR_DENIED;
    if (is_ignored(records, base, p))
        return ERROR_NONE;
    if (!resource || !path_contains(base, p))
        return ERROR_NOT_FOUND;
    if (resource->multiple != (p->depth == PATH_RESOURCE_INSTANCE) || !coerce(&raw, resource->type))
        return ERROR_INVALID;
    if (records->count == RECORDS_MAX)
        return ERROR_TOO_LARGE;
    records->at[records->count++] = (struct record){ .path = *p, .multiple = resource->multiple, .value = raw };
    return ERROR_NONE;
}

void base64_put(struct writer *w, struct slice octets, bool url)
{
    const char *digits = url ? "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
                             : "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (size_t i = 0; i < octets.len; i += 3) {
        size_t have = octets.len - i < 3 ? octets.len - i : 3;
        uint32_t v = (uint32_t)octets.data[i] << 16;
        v |= have > 1 ? (uint32_t)octets.data[i + 1] << 8 : 0;
        v |= have > 2 ? octets.data[i + 2] : 0;
        for (size_t k = 0; k < 4; k++)
            if (k <= have)
                writer_u8(w, (uint8_t)digits[v >> (18 - 6 * k) & 63]);
            else if (!url)
                writer_u8(w, '=');
    }
}

bool objlnk_parse(struct slice text, int64_t *link)
{
    size_t colon = 0;
    while (colon < text.len && text.data[colon] != ':')
        colon++;
    int64_t object, instance;
    if (colon == text.len || !integer_parse((struct slice){ text.data, colon }, &object) ||
        !integer_parse((struct slice){ &text.data[colon + 1], text.len - colon - 1 }, &instance))
        return false;
    if (object < 0 || object > UINT16_MAX || instance < 0 || instance > UINT16_MAX)
        return false;
    *link = object << 16 | instance;
    return true;
}

void objlnk_put(struct writer *w, int64_t link)
{
    integer_put(w, link >> 16 & 0xffff);
    writer_u8(w, ':');
    integer_put(w, link & 0xffff);
}
