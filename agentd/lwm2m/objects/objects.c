/* SPDX-License-Identifier: Apache-2.0 */
/* Walks the object tables. Owns no object itself; never shows object 0 (Security), which only a bootstrap server may see. */
#include "lwm2m/objects/objects.h"

#include "lwm2m/objects/access_control.h"

/* After object 1. */
#define MANAGED \
    &object_access_control, &object_device, &object_monitoring, &object_firmware, &object_location, &object_statistics, &object_software, &object_cellular, &object_profile, &object_bearer_selection, &object_portfolio, \
    &object_event_log, &object_gateway, &object_remote_sim

static const struct object *const managed[] = { &object_server, MANAGED };
static const struct object *const managed_1_2[] = { &object_server_1_2, MANAGED };
const struct model model_managed = { managed, sizeof managed / sizeof managed[0] };
const struct model model_managed_1_2 = { managed_1_2, sizeof managed_1_2 / sizeof managed_1_2[0] };

static const struct object *const bootstrapped[] = { &object_staged_security, &object_staged_server, &object_staged_access };
const struct model model_bootstrap = { bootstrapped, sizeof bootstrapped / sizeof bootstrapped[0] };

enum { SECURITY_OBJECT = 0, OSCORE_OBJECT = 21, COSE_OBJECT = 23 };

bool path_hidden(const struct path *p)
{
    return p->depth > PATH_ROOT && (p->id[0] == SECURITY_OBJECT || p->id[0] == OSCORE_OBJECT || p->id[0] == COSE_OBJECT);
}

const struct object *object_find(const struct model *m, uint16_t id)
{
    for (size_t i = 0; i < m->count; i++)
        if (m->objects[i]->id == id)
            return m->objects[i];
    return NULL;
}

bool object_present(const struct objects *o, const struct object *object)
{
    return object && (!object->present || object->present(o));
}

bool object_instance(struct objects *o, const struct object *object, size_t index, uint16_t *id)
{
    if (!object_present(o, object))
        return false;
    if (object->instance)
        return object->instance(o, index, id);
    *id = 0;
    return index == 0;
}

/* Ids ascend, so the index-th is index or more: nothing behind index `instance` can be it, and where there is no gap it stands just there. */
bool object_has_instance(struct objects *o, const struct object *object, uint16_t instance)
{
    uint16_t id;
    for (size_t from = 0, to = (size_t)instance + 1, at = instance; object && from < to; at = from + (to - from) / 2) {
        bool some = object_instance(o, object, at, &id);
        if (some && id == instance)
            return true;
        if (some && id < instance)
            from = at + 1;
        else
            to = at;
    }
    return false;
}

uint16_t object_free_instance(struct objects *o, const struct object *object)
{
    uint16_t id;
    size_t from = 0;
    for (size_t to = LWM2M_NO_ID; from < to;) {
        size_t at = from + (to - from) / 2;
        if (object_instance(o, object, at, &id) && id == at)
            from = at + 1; /* no gap up to here */
        else
            to = at;
    }
    return (uint16_t)from;
}

const struct resource *resource_find(const struct object *object, uint16_t id)
{
    for (size_t i = 0; object && i < object->count; i++)
        if (object->resources[i].id == id)
            return &object->resources[i];
    return NULL;
}

const struct resource *resource_at(const struct model *m, const struct path *p)
{
    return p->depth >= PATH_RESOURCE ? resource_find(object_find(m, p->id[0]), p->id[2]) : NULL;
}

static bool resource_has_instance(struct objects *o, const struct resource *resource, uint16_t instance, uint16_t wanted)
{
    struct spot s = { .o = o, .instance = instance };
    struct value v;
    for (; resource->multiple && resource->read && resource->read(&s, &v); s.index++)
        if (s.id == wanted)
            return true;
    return false;
}

bool path_exists(struct objects *o, const struct path *p)
{
    if (p->depth == PATH_ROOT)
        return true;
    const struct object *object = object_find(o->model, p->id[0]);
    if (p->depth == PATH_OBJECT || !object)
        return object_present(o, object);
    if (!object_has_instance(o, object, p->id[1]))
        return false;
    const struct resource *resource = resource_at(o->model, p);
    if (p->depth <= PATH_RESOURCE || !resource)
        return p->depth == PATH_INSTANCE || resource != NULL;
    return resource_has_instance(o, resource, p->id[1], p->id[3]);
}

size_t resource_instances(struct objects *o, uint16_t instance, const struct resource *resource)
{
    struct spot s = { .o = o, .instance = instance };
    struct value v;
    while (resource->read && s.index < RECORDS_MAX && resource->read(&s, &v))
        s.index++;
    return s.index;
}

/* Takes the record behind the last, which was read into; false: there was no room for it. */
static bool record_take(struct records *out)
{
    out->count++;
    if (out->count <= RECORDS_MAX)
        return true;
    out->count = RECORDS_MAX;
    return false;
}

static struct record *record_next(struct records *out, const struct path *instance, const struct resource *resource)
{
    struct record *record = &out->at[out->count];
    record->path = (struct path){ .depth = PATH_RESOURCE, .id = { instance->id[0], instance->id[1], resource->id } };
    record->multiple = resource->multiple;
    return record;
}

/* Clause 7.4.4: a multiple resource without an instance is shown as such. */
static bool read_multiple(const struct resource *resource, struct spot *s, const struct path *instance, const struct path *wanted, struct records *out)
{
    struct record *record = record_next(out, instance, resource);
    for (; resource->read(s, &record->value); s->index++, record = record_next(out, instance, resource)) {
        record->path.id[record->path.depth++] = s->id;
        if (path_contains(wanted, &record->path) && !record_take(out))
            return false;
    }
    if (s->index > 0)
        return true;
    record->value = (struct value){ .type = resource->type };
    return record_take(out);
}

/* The instance is what is wanted, or stands above or below it. */
static bool read_resource(const struct resource *resource, struct spot *s, const struct path *instance, const struct path *wanted, struct records *out)
{
    if (!(resource->operations & OPERATION_READ) || (wanted->depth >= PATH_RESOURCE && wanted->id[2] != resource->id))
        return true;
    s->index = 0;
    if (resource->multiple)
        return read_multiple(resource, s, instance, wanted, out);
    return !resource->read(s, &record_next(out, instance, resource)->value) || record_take(out);
}

static bool read_instance(struct objects *o, const struct object *object, uint16_t instance, const struct path *wanted, struct records *out)
{
    struct path p = { .depth = PATH_INSTANCE, .id = { object->id, instance } };
    if (!(path_contains(wanted, &p) || path_contains(&p, wanted)) || !access_may(o, object->id, instance, ACCESS_READ))
        return true; /* clause 8.2.4: what the server may not read is left out */
    struct spot s = { .o = o, .instance = instance };
    for (size_t i = 0; i < object->count; i++)
        if (!read_resource(&object->resources[i], &s, &p, wanted, out))
            return false;
    return true;
}

static bool read_object(struct objects *o, const struct object *object, const struct path *wanted, struct records *out)
{
    uint16_t id;
    if (wanted->depth > PATH_OBJECT) /* one instance, found without a walk */
        return read_instance(o, object, wanted->id[1], wanted, out);
    for (size_t i = 0; object_instance(o, object, i, &id); i++)
        if (!read_instance(o, object, id, wanted, out))
            return false;
    return true;
}

bool objects_read_more(struct objects *o, const struct path *p, struct records *out)
{
    const struct object *one = p->depth > PATH_ROOT ? object_find(o->model, p->id[0]) : NULL;
    if (p->depth > PATH_ROOT)
        return !one || read_object(o, one, p, out);
    for (size_t i = 0; i < o->model->count; i++)
        if (!read_object(o, o->model->objects[i], p, out))
            return false;
    return true;
}

bool objects_read(struct objects *o, const struct path *p, struct records *out)
{
    out->count = 0;
    return objects_read_more(o, p, out);
}
