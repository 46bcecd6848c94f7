/* SPDX-License-Identifier: Apache-2.0 */
/* The device management interface (Core TS 1.1.1 clause 6.3): which operation a request is; Read, Discover, Write-Attributes and Execute, and the Observe
 * option of Reads. Turns a request into one call on the object tables and a code of Transport TS table 6.7. */
#include <string.h>

#include "lwm2m/interfaces.h"
#include "lwm2m/objects/access_control.h"

bool request_path(const struct coap_request *r, struct path *p)
{
    *p = (struct path){ 0 };
    size_t segments = r->segments;
    if (segments == 1 && r->segment[0].len == 0)
        segments = 0; /* "/" */
    if (segments > 4)
        return false;
    for (size_t i = 0; i < segments; i++)
        if (!path_id(r->segment[i], &p->id[p->depth++]))
            return false;
    return true;
}

/* Clause 8.2: may the server do that to the instance that the path is of? */
static bool may(const struct lwm2m_client *c, const struct path *p, enum access_right right)
{
    return access_may(&c->objects, p->id[0], p->id[1], right);
}

static bool is_readable(const struct lwm2m_client *c, const struct path *p)
{
    const struct resource *resource = resource_at(c->objects.model, p);
    return p->depth < PATH_RESOURCE || (resource && resource->operations & OPERATION_READ);
}

/* ---- Read, Observe (clauses 6.3.1, 6.4.1) ---- */

const struct format *answer_format(const struct lwm2m_client *c, int accept, const struct path *p)
{
    if (accept < 0) {
        const struct format *preferred = format_preferred(p, &c->records);
        return c->version == LWM2M_1_0 && !preferred->single ? &format_tlv : preferred; /* TS 1.0.2 clause 6.4 knows no SenML */
    }
    const struct format *format = accept <= UINT16_MAX ? format_find((uint16_t)accept) : NULL;
    return format == &format_lwm2m_json && c->version > LWM2M_1_0 ? NULL : format; /* clause 7.4.5: never from a client of 1.1 */
}

/* Clause 6.4.1 of 1.2: attributes in the request count for this observation alone. */
static enum coap_code observe(struct lwm2m_client *c, const struct coap_request *r, const struct path *p, const struct format *format, struct coap_answer *a)
{
    struct wish wish = { .token = r->token, .path = *p, .format = format->number };
    if (r->observe == 1)
        reporting_cancel(c, &r->token);
    if (r->observe != 0)
        return CODE_CONTENT;
    if (r->queries > COAP_QUERIES || !attributes_apply(&wish.attributes, path_value_type(c, p), r->query, r->queries))
        return CODE_BAD_REQUEST;
    int64_t sequence;
    if (reporting_observe(c, &wish, &sequence))
        a->observe = sequence;
    return CODE_CONTENT;
}

static enum coap_code read(struct lwm2m_client *c, const struct coap_request *r, const struct path *p, struct coap_answer *a)
{
    if (p->depth == PATH_ROOT || !is_readable(c, p))
        return CODE_METHOD_NOT_ALLOWED;
    if (p->depth == PATH_OBJECT ? !access_may_read_some(&c->objects, p->id[0]) : !may(c, p, ACCESS_READ))
        return CODE_UNAUTHORIZED;
    if (!objects_read(&c->objects, p, &c->records))
        return CODE_INTERNAL;
    if (p->depth == PATH_RESOURCE && c->records.count == 0)
        return CODE_NOT_FOUND; /* an optional resource without a value now */
    const struct format *format = answer_format(c, r->accept, p);
    if (!format || !format->put(&a->body, p, &c->records))
        return CODE_NOT_ACCEPTABLE;
    if (a->body.failed)
        return CODE_INTERNAL;
    a->content_format = format->number;
    return observe(c, r, p, format, a);
}

static enum coap_code get(struct lwm2m_client *c, const struct coap_request *r, const struct path *p, struct coap_answer *a)
{
    if (!path_exists(&c->objects, p))
        return CODE_NOT_FOUND;
    if (r->accept != CONTENT_LINK)
        return read(c, r, p, a);
    if (p->depth == PATH_ROOT || p->depth == PATH_RESOURCE_INSTANCE)
        return CODE_METHOD_NOT_ALLOWED; /* clause 6.3.2: object, object instance, resource */
    unsigned depth = discover_depth(p);
    if (!discover_read_depth(r, &depth))
        return CODE_BAD_REQUEST;
    discover_put(c, &a->body, p, depth);
    a->content_format = CONTENT_LINK;
    return a->body.failed ? CODE_INTERNAL : CODE_CONTENT;
}

/* ---- Write-Attributes (clause 6.3.4) ---- */

enum value_type path_value_type(const struct lwm2m_client *c, const struct path *p)
{
    const struct resource *resource = resource_at(c->objects.model, p);
    return resource && (!resource->multiple || p->depth == PATH_RESOURCE_INSTANCE) ? resource->type : VALUE_NONE;
}

static enum coap_code write_attributes(struct lwm2m_client *c, const struct coap_request *r, const struct path *p)
{
    if (!path_exists(&c->objects, p))
        return CODE_NOT_FOUND;
    if (p->depth == PATH_ROOT)
        return CODE_METHOD_NOT_ALLOWED;
    if (p->depth >= PATH_INSTANCE && !may(c, p, ACCESS_READ))
        return CODE_UNAUTHORIZED; /* clause 8.2.3: of a whole object it needs no right, nor does Discover */
    struct before *before = before_take(c->objects.servers);
    if (!before)
        return CODE_INTERNAL;
    bool written = r->queries <= COAP_QUERIES && attributes_write(&c->attributes, p, path_value_type(c, p), r->query, r->queries);
    bool kept = written && servers_keep(c->objects.servers);
    before_end(before, c->objects.servers, kept);
    if (kept)
        reporting_changed(c);
    return kept ? CODE_CHANGED : written ? CODE_INTERNAL : CODE_BAD_REQUEST;
}

/* ---- Execute (clause 6.3.5) ---- */

/* arglist = arg *("," arg); arg = DIGIT ["=" "'" *CHAR "'"] (clause 6.3.5, ABNF); 1.2.1: no digit twice */
static bool arguments_valid(struct slice text)
{
    struct reader r = reader_make(text.data, text.len);
    unsigned seen = 0;
    while (reader_left(&r)) {
        uint8_t digit = reader_u8(&r);
        if (digit < '0' || digit > '9' || seen & 1u << (digit - '0'))
            return false;
        seen |= 1u << (digit - '0');
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
    const struct resource *resource = resource_at(c->objects.model, p);
    if (!path_exists(&c->objects, p))
        return CODE_NOT_FOUND;
    if (p->depth != PATH_RESOURCE || !(resource->operations & OPERATION_EXECUTE))
        return CODE_METHOD_NOT_ALLOWED;
    if (!may(c, p, ACCESS_EXECUTE))
        return CODE_UNAUTHORIZED;
    if (r->content_format > CONTENT_TEXT)
        return CODE_UNSUPPORTED_FORMAT;
    if (!arguments_valid(r->payload))
        return CODE_BAD_REQUEST;
    struct spot s = { .o = &c->objects, .instance = p->id[1] };
    if (!resource->execute(&s, r->payload))
        return CODE_METHOD_NOT_ALLOWED;
    reporting_changed_everywhere(c);
    return CODE_CHANGED;
}

/* ---- which operation ---- */

/* A resource of several instances, of which some are written (1.2 clause 6.3.3). */
static bool is_partial(const struct lwm2m_client *c, const struct path *p)
{
    const struct resource *resource = resource_at(c->objects.model, p);
    return resource && resource->multiple && resource->operations & OPERATION_WRITE;
}

static enum coap_code post(struct lwm2m_client *c, const struct coap_request *r, const struct path *p, struct coap_answer *a)
{
    switch ((enum path_level)p->depth) {
    case PATH_OBJECT:
        return write_create(c, r, p, a);
    case PATH_INSTANCE:
        return write_values(c, r, p, false);
    case PATH_RESOURCE:
        if (is_partial(c, p))
            return write_values(c, r, p, false);
        break;
    case PATH_ROOT:
    case PATH_RESOURCE_INSTANCE:
        break;
    }
    return execute(c, r, p);
}

static enum coap_code serve(struct lwm2m_client *c, const struct coap_request *r, struct coap_answer *a)
{
    struct path p;
    if (!request_path(r, &p))
        return CODE_NOT_FOUND; /* clause 6.3: a path that cannot exist is not found */
    if (path_hidden(&p))
        return CODE_UNAUTHORIZED; /* never outside bootstrap, whether it exists or not */
    if (r->if_none_match)
        return CODE_PRECONDITION_FAILED; /* RFC 7252 clause 5.10.8 */
    bool composite = r->method == METHOD_FETCH || r->method == METHOD_IPATCH;
    if (composite && (p.depth != PATH_ROOT || c->version == LWM2M_1_0))
        return CODE_METHOD_NOT_ALLOWED; /* clauses 6.3.8, 6.3.9: paths are in the payload; since 1.1 */
    switch (r->method) {
    case METHOD_GET:
        return get(c, r, &p, a);
    case METHOD_PUT:
        return r->queries && r->payload.len == 0 ? write_attributes(c, r, &p) : write_values(c, r, &p, true);
    case METHOD_POST:
        return post(c, r, &p, a);
    case METHOD_DELETE:
        return write_delete(c, &p);
    case METHOD_FETCH:
        return composite_read(c, r, a);
    case METHOD_IPATCH:
        return write_composite(c, r);
    case METHOD_PATCH:
        break;
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
