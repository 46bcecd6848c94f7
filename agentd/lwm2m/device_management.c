/* SPDX-License-Identifier: Apache-2.0 */
/* The device management interface (Core TS 1.1.1 clause 6.3): Read, Discover, Write, Write-Attributes, Execute, and the Observe option of Reads. Turns a
 * request into one call on the object tables and a code of Transport TS table 6.7; a refused Write changes nothing. */
#include <string.h>

#include "lwm2m/client.h"
#include "lwm2m/format.h"

enum { SECURITY_OBJECT = 0, OSCORE_OBJECT = 21, WRITE_ARENA = 4096 };

/* 0, or why the path is none of ours (clause 6.3: a path that cannot exist is not found). */
static unsigned read_path(const struct coap_request *r, struct path *p)
{
    *p = (struct path){ 0 };
    size_t segments = r->segments;
    if (segments == 1 && r->segment[0].len == 0)
        segments = 0; /* "/" */
    if (segments > 4)
        return CODE_NOT_FOUND;
    for (size_t i = 0; i < segments; i++)
        if (!path_id(r->segment[i], &p->id[p->depth++]))
            return CODE_NOT_FOUND;
    bool hidden = p->depth > 0 && (p->id[0] == SECURITY_OBJECT || p->id[0] == OSCORE_OBJECT);
    return hidden ? CODE_UNAUTHORIZED : 0; /* clause 6.3: never outside bootstrap, whether it exists or not */
}

static bool is_readable(const struct path *p)
{
    const struct resource *resource = resource_at(p);
    return p->depth < PATH_RESOURCE || (resource && resource->operations & OPERATION_READ);
}

/* ---- Read, Observe (clauses 6.3.1, 6.4.1) ---- */

static void observe(struct lwm2m_client *c, const struct coap_request *r, const struct path *p, const struct format *format, struct coap_answer *a)
{
    if (r->observe == 0) {
        int64_t sequence;
        if (reporting_observe(c, &r->token, p, format->number, &sequence))
            a->observe = sequence;
    } else if (r->observe == 1) {
        reporting_cancel(c, &r->token);
    }
}

static enum coap_code read(struct lwm2m_client *c, const struct coap_request *r, const struct path *p, struct coap_answer *a)
{
    if (p->depth == PATH_ROOT || !is_readable(p))
        return CODE_METHOD_NOT_ALLOWED;
    if (!objects_read(&c->objects, p, &c->records))
        return CODE_INTERNAL;
    if (p->depth == PATH_RESOURCE && c->records.count == 0)
        return CODE_NOT_FOUND; /* an optional resource without a value now */
    const struct format *format = r->accept < 0 ? format_preferred(p, &c->records) : r->accept <= UINT16_MAX ? format_find((uint16_t)r->accept) : NULL;
    if (!format || !format->put(&a->body, p, &c->records))
        return CODE_NOT_ACCEPTABLE;
    if (a->body.failed)
        return CODE_INTERNAL;
    a->content_format = format->number;
    observe(c, r, p, format, a);
    return CODE_CONTENT;
}

static enum coap_code get(struct lwm2m_client *c, const struct coap_request *r, const struct path *p, struct coap_answer *a)
{
    if (!path_exists(&c->objects, p))
        return CODE_NOT_FOUND;
    if (r->accept != CONTENT_LINK)
        return read(c, r, p, a);
    if (p->depth == PATH_ROOT || p->depth == PATH_RESOURCE_INSTANCE)
        return CODE_METHOD_NOT_ALLOWED; /* clause 6.3.2: object, object instance, resource */
    discover_put(c, &a->body, p);
    a->content_format = CONTENT_LINK;
    return a->body.failed ? CODE_INTERNAL : CODE_CONTENT;
}

/* ---- Write (clause 6.3.3) ---- */

static enum coap_code parse_code(enum error_code code)
{
    return code == ERROR_NONE ? CODE_CHANGED : code == ERROR_NOT_FOUND ? CODE_NOT_FOUND : code == ERROR_NO_MEMORY ? CODE_TOO_LARGE : CODE_BAD_REQUEST;
}

static enum coap_code check_records(const struct records *records)
{
    for (size_t i = 0; i < records->count; i++) {
        const struct resource *resource = resource_at(&records->at[i].path);
        if (!(resource->operations & OPERATION_WRITE))
            return CODE_METHOD_NOT_ALLOWED;
        if (resource->check && !resource->check(&records->at[i].value))
            return CODE_BAD_REQUEST;
        for (size_t k = 0; k < i; k++)
            if (path_equal(&records->at[i].path, &records->at[k].path))
                return CODE_BAD_REQUEST; /* a resource appears at most once */
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

/* A replacing Write of an instance carries all mandatory resources; the optional ones that it leaves out go back to their defaults. */
static bool replace_allowed(const struct object *object, const struct records *records)
{
    bool writable = false;
    for (size_t i = 0; i < object->count; i++) {
        writable = writable || object->resources[i].write;
        if (object->resources[i].write && object->resources[i].mandatory && !has_record(records, object->resources[i].id))
            return false;
    }
    return writable;
}

static void apply(struct lwm2m_client *c, const struct path *p, bool replace)
{
    const struct object *object = object_find(p->id[0]);
    for (size_t i = 0; replace && p->depth == PATH_INSTANCE && i < object->count; i++)
        if (object->resources[i].write && !has_record(&c->records, object->resources[i].id))
            object->resources[i].write(&c->objects, NULL);
    for (size_t i = 0; i < c->records.count; i++)
        resource_at(&c->records.at[i].path)->write(&c->objects, &c->records.at[i].value);
}

static enum coap_code write(struct lwm2m_client *c, const struct coap_request *r, const struct path *p, bool replace)
{
    if (!path_exists(&c->objects, p))
        return CODE_NOT_FOUND;
    const struct resource *resource = resource_at(p);
    if (p->depth < PATH_INSTANCE || (resource && !(resource->operations & OPERATION_WRITE)))
        return CODE_METHOD_NOT_ALLOWED;
    /* Without Content-Format it is text, as in LwM2M 1.0. */
    const struct format *format = r->content_format > UINT16_MAX ? NULL : format_find(r->content_format < 0 ? CONTENT_TEXT : (uint16_t)r->content_format);
    if (!format || (format->single && p->depth < PATH_RESOURCE))
        return CODE_UNSUPPORTED_FORMAT;
    _Alignas(max_align_t) uint8_t memory[WRITE_ARENA];
    struct arena arena = arena_make(memory, sizeof memory);
    c->records.count = 0;
    enum coap_code code = parse_code(format->get(r->payload, p, &arena, &c->records));
    if (code == CODE_CHANGED && p->depth >= PATH_RESOURCE && c->records.count == 0)
        code = CODE_BAD_REQUEST;
    if (code == CODE_CHANGED)
        code = check_records(&c->records);
    if (code == CODE_CHANGED && replace && p->depth == PATH_INSTANCE && !replace_allowed(object_find(p->id[0]), &c->records))
        code = object_find(p->id[0]) == &object_device ? CODE_METHOD_NOT_ALLOWED : CODE_BAD_REQUEST;
    if (code != CODE_CHANGED)
        return code;
    apply(c, p, replace);
    reporting_changed(c);
    return CODE_CHANGED;
}

/* Clause 6.3.4 */
static enum coap_code write_attributes(struct lwm2m_client *c, const struct coap_request *r, const struct path *p)
{
    if (!path_exists(&c->objects, p))
        return CODE_NOT_FOUND;
    if (p->depth == PATH_ROOT)
        return CODE_METHOD_NOT_ALLOWED;
    const struct resource *resource = resource_at(p);
    bool numeric = resource && value_is_number(resource->type) && (!resource->multiple || p->depth == PATH_RESOURCE_INSTANCE);
    if (r->queries > COAP_QUERIES || !attributes_write(&c->attributes, p, numeric, r->query, r->queries))
        return CODE_BAD_REQUEST;
    reporting_changed(c);
    return CODE_CHANGED;
}

/* ---- Execute (clause 6.3.5) ---- */

/* arglist = arg *("," arg); arg = DIGIT ["=" "'" *CHAR "'"] (clause 6.3.5, ABNF) */
static bool arguments_valid(struct slice text)
{
    struct reader r = reader_make(text.data, text.len);
    while (reader_left(&r)) {
        uint8_t digit = reader_u8(&r);
        if (digit < '0' || digit > '9')
            return false;
        if (reader_peek(&r) == '=') {
            reader_u8(&r);
            if (reader_u8(&r) != '\'')
                return false;
            while (reader_left(&r) && reader_peek(&r) != '\'')
                reader_u8(&r);
            reader_u8(&r);
        }
        if (r.failed || (reader_left(&r) && (reader_u8(&r) != ',' || !reader_left(&r))))
            return false;
    }
    return true;
}

static enum coap_code execute(struct lwm2m_client *c, const struct coap_request *r, const struct path *p)
{
    const struct resource *resource = resource_at(p);
    if (!path_exists(&c->objects, p))
        return CODE_NOT_FOUND;
    if (p->depth != PATH_RESOURCE || !(resource->operations & OPERATION_EXECUTE))
        return CODE_METHOD_NOT_ALLOWED;
    if (r->content_format > CONTENT_TEXT)
        return CODE_UNSUPPORTED_FORMAT;
    if (!arguments_valid(r->payload))
        return CODE_BAD_REQUEST;
    return resource->execute(&c->objects, r->payload) ? CODE_CHANGED : CODE_METHOD_NOT_ALLOWED;
}

/* ---- */

static enum coap_code serve(struct lwm2m_client *c, const struct coap_request *r, struct coap_answer *a)
{
    struct path p;
    unsigned refused = read_path(r, &p);
    if (refused)
        return (enum coap_code)refused;
    if (r->if_none_match)
        return CODE_PRECONDITION_FAILED; /* RFC 7252 clause 5.10.8 */
    if (r->more_blocks)
        return CODE_TOO_LARGE; /* no value of ours needs more than one datagram */
    switch (r->method) {
    case METHOD_GET:
        return get(c, r, &p, a);
    case METHOD_PUT:
        return r->queries && r->payload.len == 0 ? write_attributes(c, r, &p) : write(c, r, &p, true);
    case METHOD_POST:
        return p.depth == PATH_INSTANCE ? write(c, r, &p, false) : execute(c, r, &p);
    case METHOD_DELETE: /* no instance here may go: /1 and /3/0 are the account's and the device's own */
    case METHOD_FETCH:
    case METHOD_PATCH:
    case METHOD_IPATCH:
        return path_exists(&c->objects, &p) ? CODE_METHOD_NOT_ALLOWED : CODE_NOT_FOUND;
    }
    return CODE_METHOD_NOT_ALLOWED;
}

void device_management_serve(struct lwm2m_client *c, const struct coap_request *request, struct coap_answer *answer)
{
    answer->code = serve(c, request, answer);
    if (answer->code != CODE_CONTENT) {
        answer->content_format = -1;
        answer->observe = -1;
    }
}
