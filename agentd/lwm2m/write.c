/* SPDX-License-Identifier: Apache-2.0 */
/* Operations that change values: Write (Core TS 1.1.1 clause 6.3.3), Create (6.3.6), Delete (6.3.7), Write-Composite (6.3.9). Each is checked whole before
 * the first value is set, and what is kept over a restart is stored before the answer goes out: a refused request changes nothing, an accepted one is not lost. */
#include <string.h>

#include "lwm2m/interfaces.h"
#include "lwm2m/objects/access_control.h"

enum { WRITE_ARENA = 4096 };

static enum coap_code parse_code(enum error_code code)
{
    if (code == ERROR_NONE)
        return CODE_CHANGED;
    if (code == ERROR_NO_MEMORY || code == ERROR_TOO_LARGE)
        return CODE_TOO_LARGE;
    return code == ERROR_NOT_FOUND ? CODE_NOT_FOUND : code == ERROR_DENIED ? CODE_UNAUTHORIZED : CODE_BAD_REQUEST;
}

/* ---- checks ---- */

static enum coap_code check_record(const struct objects *o, const struct record *record)
{
    const struct resource *resource = resource_at(o->model, &record->path);
    if (!(resource->operations & OPERATION_WRITE))
        return CODE_METHOD_NOT_ALLOWED;
    if (resource->multiple && resource->may_have && !resource->may_have(o, record->path.id[1], record->path.id[3]))
        return CODE_BAD_REQUEST;
    if (resource->check && !resource->check(&record->value))
        return CODE_BAD_REQUEST;
    if (resource->fits && !resource->fits(o, record->path.id[1], &record->value))
        return CODE_BAD_REQUEST;
    return resource->allowed && !resource->allowed(o, record->path.id[1], &record->value) ? CODE_METHOD_NOT_ALLOWED : CODE_CHANGED;
}

static enum coap_code check_records(const struct objects *o, const struct records *records)
{
    for (size_t i = 0; i < records->count; i++) {
        enum coap_code code = check_record(o, &records->at[i]);
        if (code != CODE_CHANGED)
            return code;
        for (size_t k = 0; k < i; k++)
            if (path_equal(&records->at[i].path, &records->at[k].path))
                return CODE_BAD_REQUEST; /* a value appears at most once */
    }
    return CODE_CHANGED;
}

static bool has_record(const struct records *records, uint16_t resource)
{
    for (size_t i = 0; i < records->count; i++)
        if (records->at[i].path.id[2] == resource)
            return true;
    return false;
}

static bool has_mandatory(const struct object *object, const struct records *records)
{
    for (size_t i = 0; i < object->count; i++)
        if (object->resources[i].write && object->resources[i].mandatory && !has_record(records, object->resources[i].id))
            return false;
    return true;
}

static bool has_needed(const struct object *object, const struct records *records)
{
    return !object->needs || has_record(records, object->needs);
}

static bool has_writable(const struct object *object)
{
    for (size_t i = 0; i < object->count; i++)
        if (object->resources[i].write)
            return true;
    return false;
}

/* ---- setting ---- */

static void set_record(struct lwm2m_client *c, const struct record *record)
{
    struct spot s = { .o = &c->objects, .instance = record->path.id[1] };
    if (record->path.depth == PATH_RESOURCE_INSTANCE)
        s.id = record->path.id[3];
    resource_at(c->objects.model, &record->path)->write(&s, &record->value);
}

/* A replacing Write: the multiple resources that it names lose their instances, an instance loses also what is not named. */
static void clear_replaced(struct lwm2m_client *c, const struct path *p)
{
    const struct object *object = object_find(c->objects.model, p->id[0]);
    struct spot s = { .o = &c->objects, .instance = p->id[1] };
    for (size_t i = 0; p->depth <= PATH_RESOURCE && i < object->count; i++) {
        const struct resource *resource = &object->resources[i];
        bool named = has_record(&c->records, resource->id);
        if (resource->write && (named ? resource->multiple : p->depth == PATH_INSTANCE))
            resource->write(&s, NULL);
    }
}

static const struct object *object_of(const struct lwm2m_client *c, size_t record)
{
    return object_find(c->objects.model, c->records.at[record].path.id[0]);
}

static bool is_kept(const struct lwm2m_client *c, size_t record)
{
    return object_of(c, record)->kept || resource_at(c->objects.model, &c->records.at[record].path)->kept;
}

/* True if there were some. */
static bool set_those(struct lwm2m_client *c, bool kept)
{
    bool some = false;
    for (size_t i = 0; i < c->records.count; i++)
        if (is_kept(c, i) == kept) {
            set_record(c, &c->records.at[i]);
            some = true;
        }
    return some;
}

/* An object that keeps more than all have in common comes first: it stores that, too, in one transaction. */
static bool keep(struct lwm2m_client *c)
{
    for (size_t i = 0; i < c->records.count; i++)
        if (object_of(c, i)->keep && !object_of(c, i)->keep(&c->objects))
            return false;
    return servers_keep(c->objects.servers);
}

/* What begins something (a download, another bearer) does so when all that is kept is stored. more: something is to be kept besides (an owner, what was cleared). */
static bool set_records(struct lwm2m_client *c, bool more)
{
    bool some = set_those(c, true) || more;
    bool kept = !some || keep(c);
    if (kept)
        (void)set_those(c, false);
    return kept;
}

/* replaced: NULL, or what the records take the place of. */
static enum coap_code change(struct lwm2m_client *c, const struct path *replaced)
{
    struct before *before = before_take(c->objects.servers);
    if (!before)
        return CODE_INTERNAL;
    if (replaced)
        clear_replaced(c, replaced);
    bool kept = set_records(c, replaced != NULL);
    before_end(before, c->objects.servers, kept);
    if (kept)
        reporting_changed_everywhere(c);
    return kept ? CODE_CHANGED : CODE_INTERNAL;
}

/* The payload as records of the client's scratch; text octets live in the arena. */
static enum coap_code take_payload(struct lwm2m_client *c, const struct coap_request *r, const struct path *p, struct arena *arena)
{
    /* Without Content-Format it is text, as in LwM2M 1.0. */
    const struct format *format = r->content_format > UINT16_MAX ? NULL : format_find(r->content_format < 0 ? CONTENT_TEXT : (uint16_t)r->content_format);
    if (!format || (format->single && p->depth < PATH_RESOURCE))
        return CODE_UNSUPPORTED_FORMAT;
    c->records.count = 0;
    return parse_code(format->get(r->payload, p, arena, &c->records));
}

/* ---- Write ---- */

static enum coap_code check_write(struct lwm2m_client *c, const struct path *p, bool replace)
{
    const struct object *object = object_find(c->objects.model, p->id[0]);
    if (p->depth >= PATH_RESOURCE && c->records.count == 0)
        return CODE_BAD_REQUEST;
    enum coap_code code = check_records(&c->objects, &c->records);
    if (code != CODE_CHANGED || !replace || p->depth != PATH_INSTANCE)
        return code;
    if (!has_writable(object))
        return CODE_METHOD_NOT_ALLOWED;
    return has_mandatory(object, &c->records) ? CODE_CHANGED : CODE_BAD_REQUEST;
}

/* It may have been a secret. */
static void forget_payload(struct lwm2m_client *c, uint8_t memory[WRITE_ARENA])
{
    secret_zero(memory, WRITE_ARENA);
    secret_zero(c->records.at, c->records.count * sizeof c->records.at[0]);
    c->records.count = 0;
}

enum coap_code write_values(struct lwm2m_client *c, const struct coap_request *r, const struct path *p, bool replace)
{
    const struct resource *resource = resource_at(c->objects.model, p);
    struct path whole = path_parent(p, p->depth < PATH_RESOURCE ? p->depth : PATH_RESOURCE);
    bool closed = resource && !(resource->operations & OPERATION_WRITE) && path_exists(&c->objects, &whole);
    if (!closed && !path_exists(&c->objects, p))
        return CODE_NOT_FOUND;
    if (p->depth < PATH_INSTANCE || (resource && !(resource->operations & OPERATION_WRITE)))
        return CODE_METHOD_NOT_ALLOWED;
    if (!access_may(&c->objects, p->id[0], p->id[1], ACCESS_WRITE))
        return CODE_UNAUTHORIZED;
    _Alignas(max_align_t) uint8_t memory[WRITE_ARENA];
    struct arena arena = arena_make(memory, sizeof memory);
    enum coap_code code = take_payload(c, r, p, &arena);
    if (code == CODE_CHANGED)
        code = check_write(c, p, replace);
    if (code == CODE_CHANGED)
        code = change(c, replace ? p : NULL);
    forget_payload(c, memory);
    return code;
}

/* ---- Create ---- */

/* The instance that all records are of; false if they are of several. */
static bool common_instance(const struct records *records, uint16_t *id)
{
    *id = records->count ? records->at[0].path.id[1] : LWM2M_NO_ID;
    for (size_t i = 1; i < records->count; i++)
        if (records->at[i].path.id[1] != *id)
            return false;
    return true;
}

/* Every server hears of it, and object 2 follows. */
static void instances_changed(struct lwm2m_client *c)
{
    access_sync(&c->objects);
    servers_effect(c->objects.servers, EFFECT_UPDATE | EFFECT_OBJECTS);
    reporting_changed_everywhere(c);
}

/* The records are of that instance, which is not there. */
static bool create_instance(struct lwm2m_client *c, const struct object *object, uint16_t id)
{
    struct before *before = before_take(c->objects.servers);
    if (!before)
        return false;
    bool created = object->create(&c->objects, id);
    if (created)
        access_created(&c->objects, object->id, id); /* whose it is is kept with it */
    bool kept = created && set_records(c, true);
    before_end(before, c->objects.servers, kept);
    if (created && !kept && object_has_instance(&c->objects, object, id)) /* the object has it elsewhere */
        (void)object->remove(&c->objects, id);
    return kept;
}

/* The records as a new instance. */
static enum coap_code create(struct lwm2m_client *c, const struct object *object, struct coap_answer *a)
{
    uint16_t id;
    enum coap_code code = check_records(&c->objects, &c->records);
    if (code == CODE_CHANGED && (!common_instance(&c->records, &id) || !has_mandatory(object, &c->records) || !has_needed(object, &c->records)))
        code = CODE_BAD_REQUEST;
    if (code != CODE_CHANGED)
        return code;
    bool chosen = id == LWM2M_NO_ID;
    if (chosen)
        id = object_free_instance(&c->objects, object);
    if (object_has_instance(&c->objects, object, id))
        return CODE_BAD_REQUEST; /* clause 6.3.6: the id is taken */
    for (size_t i = 0; i < c->records.count; i++)
        c->records.at[i].path.id[1] = id;
    if (!create_instance(c, object, id))
        return CODE_INTERNAL;
    instances_changed(c);
    if (chosen)
        memcpy(a->created, (uint16_t[]){ object->id, id }, sizeof a->created);
    return CODE_CREATED;
}

enum coap_code write_create(struct lwm2m_client *c, const struct coap_request *r, const struct path *p, struct coap_answer *a)
{
    const struct object *object = object_find(c->objects.model, p->id[0]);
    if (!object || !object->create)
        return object ? CODE_METHOD_NOT_ALLOWED : CODE_NOT_FOUND;
    if (!access_may(&c->objects, object->id, ACCESS_WHOLE_OBJECT, ACCESS_CREATE))
        return CODE_UNAUTHORIZED;
    _Alignas(max_align_t) uint8_t memory[WRITE_ARENA];
    struct arena arena = arena_make(memory, sizeof memory);
    enum coap_code code = take_payload(c, r, p, &arena);
    if (code == CODE_CHANGED)
        code = create(c, object, a);
    forget_payload(c, memory);
    return code;
}

/* ---- Delete ---- */

/* What is said of the instance goes first: an object that stores its removal itself stores that with it, in one transaction. */
static bool remove_instance(struct lwm2m_client *c, const struct object *object, uint16_t id)
{
    struct servers *s = c->objects.servers;
    struct path p = { .depth = PATH_INSTANCE, .id = { object->id, id } };
    for (size_t i = 0; i < s->count; i++)
        attributes_forget(&s->at[i]->client->attributes, &p);
    access_deleted(s, object->id, id);
    return object->remove(&c->objects, id);
}

/* One that the object has elsewhere is gone, whether what was said of it can be removed now or only soon. */
static enum coap_code delete_instance(struct lwm2m_client *c, const struct object *object, uint16_t id)
{
    struct servers *s = c->objects.servers;
    struct before *before = before_take(s);
    if (!before)
        return CODE_INTERNAL;
    bool removed = remove_instance(c, object, id);
    bool kept = removed && servers_keep(s);
    before_end(before, s, kept);
    if (!removed)
        return CODE_METHOD_NOT_ALLOWED;
    return kept || !object_has_instance(&c->objects, object, id) ? CODE_DELETED : CODE_INTERNAL;
}

enum coap_code write_delete(struct lwm2m_client *c, const struct path *p)
{
    if (!path_exists(&c->objects, p))
        return CODE_NOT_FOUND;
    const struct object *object = object_find(c->objects.model, p->id[0]);
    if (p->depth != PATH_INSTANCE || !object->remove)
        return CODE_METHOD_NOT_ALLOWED;
    if (!access_may(&c->objects, p->id[0], p->id[1], ACCESS_DELETE))
        return CODE_UNAUTHORIZED;
    enum coap_code code = delete_instance(c, object, p->id[1]);
    if (code != CODE_DELETED)
        return code;
    reporting_forget_everywhere(c, p);
    instances_changed(c);
    return CODE_DELETED;
}

/* ---- Write-Composite ---- */

static enum coap_code check_places(struct lwm2m_client *c)
{
    for (size_t i = 0; i < c->records.count; i++) {
        struct path instance = path_parent(&c->records.at[i].path, PATH_INSTANCE);
        if (!path_exists(&c->objects, &instance))
            return CODE_NOT_FOUND;
        if (!access_may(&c->objects, instance.id[0], instance.id[1], ACCESS_WRITE))
            return CODE_UNAUTHORIZED;
    }
    return CODE_CHANGED;
}

enum coap_code write_composite(struct lwm2m_client *c, const struct coap_request *r)
{
    static const struct path root = { 0 };
    if (r->content_format < 0 || r->content_format > UINT16_MAX)
        return CODE_UNSUPPORTED_FORMAT;
    const struct format *format = format_find((uint16_t)r->content_format);
    if (!format || (!format->get_paths && format != &format_lwm2m_cbor))
        return CODE_UNSUPPORTED_FORMAT; /* clause 6.3.9: SenML; 1.2: LwM2M CBOR */
    _Alignas(max_align_t) uint8_t memory[WRITE_ARENA];
    struct arena arena = arena_make(memory, sizeof memory);
    enum coap_code code = take_payload(c, r, &root, &arena);
    if (code == CODE_CHANGED)
        code = check_places(c);
    if (code == CODE_CHANGED)
        code = check_records(&c->objects, &c->records);
    if (code == CODE_CHANGED)
        code = change(c, NULL);
    forget_payload(c, memory);
    return code;
}
