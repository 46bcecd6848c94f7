/* SPDX-License-Identifier: Apache-2.0 */
/* CoRE links (RFC 6690) of what the client has: the answer to Discover (Core TS 1.1.1 clause 6.3.2) and the payload of Register (6.2.1). */
#include "base/text.h"
#include "lwm2m/interfaces.h"

enum { CORE_OBJECTS = 7 }; /* up to this id: appendix E */

static void put_link(struct writer *w, const struct path *p)
{
    if (w->len)
        writer_u8(w, ',');
    writer_u8(w, '<');
    path_put(w, p);
    writer_u8(w, '>');
}

/* Without a version an object of the enabler is the one of its version (Core TS 1.1.1 clause 7.2.2); to a server of 1.2 each is told, for some are older. */
static const char *version_of(const struct lwm2m_client *c, const struct object *object)
{
    bool tell = !object->version && c->version == LWM2M_1_2 && object->id <= CORE_OBJECTS;
    return tell ? object->core_version ? object->core_version : "1.0" : object->version;
}

static void put_version(const struct lwm2m_client *c, struct writer *w, const struct object *object)
{
    const char *version = version_of(c, object);
    if (!version)
        return;
    writer_text(w, ";ver=");
    writer_text(w, version);
}

static void put_attributes(struct lwm2m_client *c, struct writer *w, const struct path *p, bool inherited)
{
    struct attributes a = inherited ? attributes_effective(&c->attributes, p) : attributes_own(&c->attributes, p);
    attributes_put(w, &a);
}

static void put_resource_instances(struct lwm2m_client *c, struct writer *w, const struct path *p, const struct resource *resource)
{
    struct spot s = { .o = &c->objects, .instance = p->id[1] };
    struct value v;
    for (; resource->read && resource->read(&s, &v); s.index++) {
        struct path instance = path_child(p, s.id);
        put_link(w, &instance);
        put_attributes(c, w, &instance, false);
    }
}

static void put_resource(struct lwm2m_client *c, struct writer *w, const struct path *p, const struct resource *resource, bool inherited, unsigned depth)
{
    put_link(w, p);
    if (resource->multiple) {
        writer_text(w, ";dim=");
        integer_put(w, (int64_t)resource_instances(&c->objects, p->id[1], resource));
    }
    put_attributes(c, w, p, inherited);
    if (resource->multiple && depth > 0)
        put_resource_instances(c, w, p, resource);
}

static bool resource_present(struct lwm2m_client *c, uint16_t instance, const struct resource *resource)
{
    struct spot s = { .o = &c->objects, .instance = instance };
    struct value v;
    return !resource->read || resource->multiple || resource->read(&s, &v);
}

static void put_instance(struct lwm2m_client *c, struct writer *w, const struct object *object, const struct path *p, unsigned depth)
{
    put_link(w, p);
    put_attributes(c, w, p, false);
    for (size_t i = 0; depth > 0 && i < object->count; i++) {
        struct path resource = path_child(p, object->resources[i].id);
        if (resource_present(c, p->id[1], &object->resources[i]))
            put_resource(c, w, &resource, &object->resources[i], false, depth - 1);
    }
}

static void put_object(struct lwm2m_client *c, struct writer *w, const struct object *object, const struct path *p, unsigned depth)
{
    uint16_t id;
    put_link(w, p);
    put_version(c, w, object);
    put_attributes(c, w, p, false);
    for (size_t i = 0; depth > 0 && object_instance(&c->objects, object, i, &id); i++) {
        struct path instance = path_child(p, id);
        put_instance(c, w, object, &instance, depth - 1);
    }
}

/* Without depth an object lists down to its resources, an instance too, a resource itself alone. */
unsigned discover_depth(const struct path *p)
{
    return p->depth < PATH_RESOURCE ? (unsigned)(PATH_RESOURCE - p->depth) : 0;
}

bool discover_read_depth(const struct coap_request *r, unsigned *depth)
{
    for (size_t i = 0; i < r->queries && i < COAP_QUERIES; i++) {
        struct reader q = reader_make(r->query[i].data, r->query[i].len);
        uint64_t v;
        if (!slice_is(reader_take(&q, r->query[i].len < 6 ? 0 : 6), "depth=") || !text_decimal(reader_take(&q, reader_left(&q)), 3, &v))
            return false;
        *depth = (unsigned)v;
    }
    return r->queries <= COAP_QUERIES;
}

void discover_put(struct lwm2m_client *c, struct writer *w, const struct path *p, unsigned depth)
{
    const struct object *object = object_find(c->objects.model, p->id[0]);
    if (p->depth == PATH_RESOURCE) /* what counts there, inherited attributes too */
        put_resource(c, w, p, resource_at(c->objects.model, p), true, depth);
    else if (p->depth == PATH_INSTANCE)
        put_instance(c, w, object, p, depth);
    else
        put_object(c, w, object, p, depth);
}

void discover_put_registration(struct lwm2m_client *c, struct writer *w)
{
    /* Clause 6.2.1: data formats of the client; what a server of 1.0 knows of them is JSON (TS 1.0.2 clause 5.3.1). */
    writer_text(w, c->version == LWM2M_1_0 ? "</>;rt=\"oma.lwm2m\";ct=11543" : "</>;rt=\"oma.lwm2m\";ct=\"0 42 60 110 112 11542 11544\"");
    for (size_t i = 0; i < c->objects.model->count; i++) {
        const struct object *o = c->objects.model->objects[i];
        struct path object = { .depth = PATH_OBJECT, .id = { o->id } };
        uint16_t id;
        if (!object_present(&c->objects, o))
            continue;
        if (version_of(c, o) || !object_instance(&c->objects, o, 0, &id)) {
            put_link(w, &object); /* also where it has no instance yet */
            put_version(c, w, o);
        }
        for (size_t n = 0; object_instance(&c->objects, o, n, &id); n++) {
            struct path instance = path_child(&object, id);
            put_link(w, &instance);
        }
    }
}
