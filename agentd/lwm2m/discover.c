/* SPDX-License-Identifier: Apache-2.0 */
/* CoRE links (RFC 6690) of what the client has: the answer to Discover (Core TS 1.1.1 clause 6.3.2) and the payload of Register (6.2.1). */
#include "lwm2m/client.h"

static void put_link(struct writer *w, const struct path *p)
{
    if (w->len)
        writer_u8(w, ',');
    writer_u8(w, '<');
    path_put(w, p);
    writer_u8(w, '>');
}

static void put_version(struct writer *w, const struct object *object)
{
    if (!object->version)
        return;
    writer_text(w, ";ver=");
    writer_text(w, object->version);
}

static void put_resource(struct lwm2m_client *c, struct writer *w, const struct path *p, const struct resource *resource, bool inherited)
{
    put_link(w, p);
    if (resource->multiple) {
        writer_text(w, ";dim=");
        integer_put(w, (int64_t)resource_instances(&c->objects, resource));
    }
    struct attributes a = inherited ? attributes_effective(&c->attributes, p) : attributes_own(&c->attributes, p);
    attributes_put(w, &a);
}

static bool resource_exists(struct lwm2m_client *c, const struct resource *resource)
{
    return !resource->read || resource->multiple || resource_instances(&c->objects, resource) > 0;
}

static void put_instance(struct lwm2m_client *c, struct writer *w, const struct object *object, const struct path *p)
{
    put_link(w, p);
    struct attributes a = attributes_own(&c->attributes, p);
    attributes_put(w, &a);
    for (size_t i = 0; i < object->count; i++) {
        struct path resource = path_child(p, object->resources[i].id);
        if (resource_exists(c, &object->resources[i]))
            put_resource(c, w, &resource, &object->resources[i], false);
    }
}

/* p exists and is an object, an object instance or a resource. */
void discover_put(struct lwm2m_client *c, struct writer *w, const struct path *p)
{
    const struct object *object = object_find(p->id[0]);
    if (p->depth == PATH_RESOURCE) { /* what counts there, inherited attributes too */
        put_resource(c, w, p, resource_at(p), true);
        return;
    }
    if (p->depth == PATH_INSTANCE) {
        put_instance(c, w, object, p);
        return;
    }
    struct attributes a = attributes_own(&c->attributes, p);
    put_link(w, p);
    put_version(w, object);
    attributes_put(w, &a);
    struct path instance = path_child(p, 0);
    put_instance(c, w, object, &instance);
}

void discover_put_registration(struct writer *w)
{
    writer_text(w, "</>;rt=\"oma.lwm2m\";ct=\"0 42 110 112 11542\""); /* clause 6.2.1: data formats of the client */
    for (size_t i = 0; i < object_count; i++) {
        struct path p = { .depth = PATH_OBJECT, .id = { object_table[i]->id } };
        if (object_table[i]->version) {
            put_link(w, &p);
            put_version(w, object_table[i]);
        }
        p = path_child(&p, 0);
        put_link(w, &p);
    }
}
