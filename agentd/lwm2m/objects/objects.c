/* SPDX-License-Identifier: Apache-2.0 */
/* Walks the object tables. Owns no object itself; never shows object 0 (Security), which only a bootstrap server may see. */
#include "lwm2m/objects/objects.h"

const struct object *const object_table[] = { &object_server, &object_device };
const size_t object_count = sizeof object_table / sizeof object_table[0];

const struct object *object_find(uint16_t id)
{
    for (size_t i = 0; i < object_count; i++)
        if (object_table[i]->id == id)
            return object_table[i];
    return NULL;
}

bool object_has_instance(const struct object *object, uint16_t instance)
{
    return object && instance == 0;
}

const struct resource *resource_find(const struct object *object, uint16_t id)
{
    for (size_t i = 0; object && i < object->count; i++)
        if (object->resources[i].id == id)
            return &object->resources[i];
    return NULL;
}

const struct resource *resource_at(const struct path *p)
{
    const struct object *object = p->depth >= PATH_RESOURCE ? object_find(p->id[0]) : NULL;
    return object_has_instance(object, p->id[1]) ? resource_find(object, p->id[2]) : NULL;
}

static bool resource_has_instance(struct objects *o, const struct resource *resource, uint16_t wanted)
{
    uint16_t id = 0;
    struct value v;
    for (size_t i = 0; resource->multiple && resource->read && resource->read(o, i, &id, &v); i++)
        if (id == wanted)
            return true;
    return false;
}

bool path_exists(struct objects *o, const struct path *p)
{
    if (p->depth == PATH_ROOT)
        return true;
    const struct object *object = object_find(p->id[0]);
    if (p->depth == PATH_OBJECT)
        return object != NULL;
    if (p->depth == PATH_INSTANCE)
        return object_has_instance(object, p->id[1]);
    const struct resource *resource = resource_at(p);
    if (p->depth == PATH_RESOURCE || !resource)
        return resource != NULL;
    return resource_has_instance(o, resource, p->id[3]);
}

size_t resource_instances(struct objects *o, const struct resource *resource)
{
    uint16_t id;
    struct value v;
    size_t n = 0;
    while (resource->read && n < RECORDS_MAX && resource->read(o, n, &id, &v))
        n++;
    return n;
}

static bool record_add(struct records *out, const struct path *p, bool multiple, const struct value *v)
{
    if (out->count == RECORDS_MAX)
        return false;
    out->at[out->count++] = (struct record){ .path = *p, .multiple = multiple, .value = *v };
    return true;
}

static bool read_resource(struct objects *o, const struct resource *resource, const struct path *parent, const struct path *wanted, struct records *out)
{
    struct path p = path_child(parent, resource->id);
    if (!(resource->operations & OPERATION_READ) || !(path_contains(wanted, &p) || path_contains(&p, wanted)))
        return true;
    struct value v;
    uint16_t id = 0;
    if (!resource->multiple)
        return !resource->read(o, 0, &id, &v) || record_add(out, &p, false, &v);
    size_t i = 0;
    for (; resource->read(o, i, &id, &v); i++) {
        struct path instance = path_child(&p, id);
        if (path_contains(wanted, &instance) && !record_add(out, &instance, true, &v))
            return false;
    }
    struct value none = { .type = resource->type };
    return i > 0 || record_add(out, &p, true, &none); /* clause 7.4.4: a multiple resource without an instance is shown as such */
}

static bool read_instance(struct objects *o, const struct object *object, uint16_t instance, const struct path *wanted, struct records *out)
{
    struct path p = { .depth = PATH_INSTANCE, .id = { object->id, instance } };
    if (!(path_contains(wanted, &p) || path_contains(&p, wanted)))
        return true;
    for (size_t i = 0; i < object->count; i++)
        if (!read_resource(o, &object->resources[i], &p, wanted, out))
            return false;
    return true;
}

bool objects_read(struct objects *o, const struct path *p, struct records *out)
{
    out->count = 0;
    for (size_t i = 0; i < object_count; i++)
        if ((p->depth == PATH_ROOT || object_table[i]->id == p->id[0]) && !read_instance(o, object_table[i], 0, p, out))
            return false;
    return true;
}
