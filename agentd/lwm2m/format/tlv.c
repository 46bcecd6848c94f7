/* SPDX-License-Identifier: Apache-2.0 */
/* Records as LwM2M TLV (Core TS 1.1.1 clause 7.4.4): nesting follows the path of the request. */
#include "codec/lwm2m_tlv.h"
#include "lwm2m/format/format.h"
#include "lwm2m/objects/objects.h"

static void put_value(struct writer *w, enum tlv_kind kind, uint16_t id, const struct value *v)
{
    uint8_t link[4] = { (uint8_t)(v->integer >> 24), (uint8_t)(v->integer >> 16), (uint8_t)(v->integer >> 8), (uint8_t)v->integer };
    switch (v->type) {
    case VALUE_NONE:
        tlv_put(w, kind, id, NULL, 0);
        break;
    case VALUE_STRING:
    case VALUE_OPAQUE:
    case VALUE_CORELNK:
        tlv_put(w, kind, id, v->octets.data, v->octets.len);
        break;
    case VALUE_INTEGER:
    case VALUE_UNSIGNED:
    case VALUE_TIME:
    case VALUE_BOOLEAN:
        tlv_put_integer(w, kind, id, v->integer);
        break;
    case VALUE_FLOAT:
        tlv_put_float(w, kind, id, v->real);
        break;
    case VALUE_OBJLNK:
        tlv_put(w, kind, id, link, sizeof link);
        break;
    }
}

/* The records from `at` on that belong to the same resource as it; returns the index behind them. */
static size_t put_resource(struct writer *w, const struct records *records, size_t at)
{
    const struct record *first = &records->at[at];
    uint16_t id = first->path.id[2];
    if (!first->multiple) {
        put_value(w, TLV_RESOURCE, id, &first->value);
        return at + 1;
    }
    size_t start = w->len;
    struct path resource = path_parent(&first->path, PATH_RESOURCE);
    for (; at < records->count && path_contains(&resource, &records->at[at].path); at++)
        if (records->at[at].path.depth == PATH_RESOURCE_INSTANCE)
            put_value(w, TLV_RESOURCE_INSTANCE, records->at[at].path.id[3], &records->at[at].value);
    tlv_wrap(w, start, TLV_MULTIPLE_RESOURCE, id);
    return at;
}

static bool put(struct writer *w, const struct path *base, const struct records *records)
{
    if (base->depth == PATH_ROOT)
        return false;
    if (base->depth == PATH_RESOURCE_INSTANCE) {
        if (records->count == 1)
            put_value(w, TLV_RESOURCE_INSTANCE, base->id[3], &records->at[0].value);
        return records->count == 1;
    }
    for (size_t at = 0; at < records->count;) {
        struct path instance = path_parent(&records->at[at].path, PATH_INSTANCE);
        size_t start = w->len;
        while (at < records->count && path_contains(&instance, &records->at[at].path))
            at = put_resource(w, records, at);
        if (base->depth == PATH_OBJECT)
            tlv_wrap(w, start, TLV_OBJECT_INSTANCE, instance.id[1]);
    }
    return true;
}

static bool get_value(struct slice octets, enum value_type type, struct value *v)
{
    v->type = type;
    v->octets = octets;
    struct reader r = reader_make(octets.data, octets.len);
    switch (type) {
    case VALUE_NONE:
        return false;
    case VALUE_STRING:
    case VALUE_OPAQUE:
    case VALUE_CORELNK:
        return true;
    case VALUE_INTEGER:
    case VALUE_TIME:
        return tlv_integer(octets, &v->integer);
    case VALUE_UNSIGNED:
        return tlv_integer(octets, &v->integer) && v->integer >= 0;
    case VALUE_BOOLEAN:
        return tlv_integer(octets, &v->integer) && octets.len == 1 && (v->integer == 0 || v->integer == 1);
    case VALUE_FLOAT:
        return tlv_float(octets, &v->real);
    case VALUE_OBJLNK:
        v->integer = reader_u32(&r);
        return octets.len == 4;
    }
    return false;
}

static enum error_code get_item(const struct tlv_item *item, const struct path *base, const struct path *parent, struct records *records)
{
    struct path p = path_child(parent, item->id);
    const struct resource *resource = resource_at(records->model, &p);
    struct value v = { 0 };
    if (resource && !get_value(item->value, resource->type, &v))
        return ERROR_INVALID;
    return format_add(records, base, &p, v);
}

static enum error_code get_instances(const struct tlv_item *multiple, const struct path *base, const struct path *instance, struct records *records)
{
    struct path resource = path_child(instance, multiple->id);
    struct reader r = reader_make(multiple->value.data, multiple->value.len);
    while (reader_left(&r)) {
        struct tlv_item item;
        enum error_code code = tlv_next(&r, &item);
        if (code == ERROR_NONE)
            code = item.kind == TLV_RESOURCE_INSTANCE ? get_item(&item, base, &resource, records) : ERROR_MALFORMED;
        if (code != ERROR_NONE)
            return code;
    }
    return ERROR_NONE;
}

static enum error_code get_resources(struct slice octets, const struct path *base, const struct path *instance, struct records *records)
{
    struct reader r = reader_make(octets.data, octets.len);
    while (reader_left(&r)) {
        struct tlv_item item;
        enum error_code code = tlv_next(&r, &item);
        if (code != ERROR_NONE)
            return code;
        switch (item.kind) {
        case TLV_RESOURCE:
            code = get_item(&item, base, instance, records);
            break;
        case TLV_MULTIPLE_RESOURCE:
            code = get_instances(&item, base, instance, records);
            break;
        case TLV_OBJECT_INSTANCE:
            code = ERROR_MALFORMED;
            break;
        case TLV_RESOURCE_INSTANCE:
            code = base->depth == PATH_RESOURCE_INSTANCE && item.id == base->id[3] ? ERROR_NONE : ERROR_MALFORMED;
            if (code == ERROR_NONE) {
                struct path resource = path_parent(base, PATH_RESOURCE);
                code = get_item(&item, base, &resource, records);
            }
            break;
        }
        if (code != ERROR_NONE)
            return code;
    }
    return ERROR_NONE;
}

/* The payload of a Create (clause 6.3.6): resources alone, or wrapped in the instance that they shall become. */
static enum error_code get_new_instance(struct slice payload, const struct path *object, struct records *records)
{
    struct path instance = path_child(object, LWM2M_NO_ID);
    struct reader r = reader_make(payload.data, payload.len);
    struct tlv_item item;
    if (reader_left(&r) == 0)
        return ERROR_NONE;
    enum error_code code = tlv_next(&r, &item);
    if (code != ERROR_NONE)
        return code;
    if (item.kind != TLV_OBJECT_INSTANCE)
        return get_resources(payload, object, &instance, records);
    instance = path_child(object, item.id);
    code = get_resources(item.value, object, &instance, records);
    while (code == ERROR_NONE && reader_left(&r)) { /* a Bootstrap-Write may bring several (6.1.7.5) */
        code = tlv_next(&r, &item);
        instance = path_child(object, item.id);
        if (code == ERROR_NONE)
            code = item.kind == TLV_OBJECT_INSTANCE ? get_resources(item.value, object, &instance, records) : ERROR_MALFORMED;
    }
    return code;
}

/* Clause 7.4.4: an instance may stand, once, around the whole of a request that names it already. */
static struct slice without_wrap(struct slice payload, const struct path *instance)
{
    struct tlv_item item;
    struct reader r = reader_make(payload.data, payload.len);
    bool wrapped = reader_left(&r) && tlv_next(&r, &item) == ERROR_NONE && item.kind == TLV_OBJECT_INSTANCE && item.id == instance->id[1] && !reader_left(&r);
    return wrapped ? item.value : payload;
}

static enum error_code get(struct slice payload, const struct path *base, struct arena *arena, struct records *records)
{
    (void)arena;
    if (base->depth == PATH_ROOT)
        return ERROR_NOT_SUPPORTED;
    if (base->depth == PATH_OBJECT)
        return get_new_instance(payload, base, records);
    struct path instance = path_parent(base, PATH_INSTANCE);
    return get_resources(without_wrap(payload, &instance), base, &instance, records);
}

const struct format format_tlv = { CONTENT_TLV, false, put, get, NULL };
