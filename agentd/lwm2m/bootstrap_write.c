/* SPDX-License-Identifier: Apache-2.0 */
/* Owns the meaning of the bootstrap server's requests. Never touches the account of the bootstrap server itself but by a Write of its own instance. */
#include "lwm2m/bootstrap_write.h"

#include <string.h>

#include "base/secret.h"
#include "base/text.h"
#include "lwm2m/interfaces.h"

enum { WRITE_ARENA = 8192, PACK_ARENA = 32768, DEVICE_OBJECT = 3, OSCORE_OBJECT = 21 };

/* ---- the desk ---- */

static void put_octets(uint8_t *out, size_t *len, const void *octets, size_t n)
{
    *len = n;
    memcpy(out, octets, n);
}

/* The number that the instance was given, else the lowest that is free. */
static uint16_t instance_number(struct bootstrap_desk *d, const struct object *object, const struct lwm2m_number *given)
{
    uint16_t id = given->given ? given->id : 0;
    if (object_has_instance(&d->objects, object, id))
        for (id = 0; object_has_instance(&d->objects, object, id);)
            id++;
    return id;
}

static void put_account(struct bootstrap_desk *d, size_t at, const struct lwm2m_account *a)
{
    struct staged *s = &d->staged;
    struct staged_security *security = &s->security[at];
    uint16_t security_id = instance_number(d, &object_staged_security, &a->security_instance), server_id = instance_number(d, &object_staged_server, &a->server_instance);
    const struct lwm2m_x509 *x = &a->x509;
    bool certificate = a->mode == LWM2M_X509;
    *security = (struct staged_security){ .used = true, .id = security_id, .bootstrap = a->short_server_id == 0, .mode = a->mode, .matching = x->matching, .usage = x->usage,
                                           .selector = x->selector, .device = x->device, .key_from = a->key_from, .gba = a->gba };
    security->short_server_id = a->short_server_id;
    security->hold_off = a->hold_off;
    security->timeout = a->timeout;
    (void)text_copy(security->uri, sizeof security->uri, a->uri);
    (void)text_copy(security->sni, sizeof security->sni, x->sni);
    put_octets(security->identity, &security->identity_len, certificate ? (const void *)x->certificate : a->identity, certificate ? x->certificate_len : strlen(a->identity));
    put_octets(security->key, &security->key_len, certificate ? x->private_key : a->key, certificate ? x->private_key_len : a->key_len);
    put_octets(security->server, &security->server_len, x->server, x->server_len);
    if (security->bootstrap)
        return;
    s->server[at] = (struct staged_server){ .used = true, .id = server_id, .short_server_id = a->short_server_id, .lifetime = a->lifetime, .set = a->server };
    if (!s->server[at].set.binding[0])
        (void)text_copy(s->server[at].set.binding, sizeof s->server[at].set.binding, transport_binding(a->uri));
}

void bootstrap_desk_begin(struct bootstrap_desk *d)
{
    d->objects.model = d->records.model = &model_bootstrap;
    d->objects.staged = &d->staged;
}

void bootstrap_desk_open(struct bootstrap_desk *d, const struct lwm2m_account *server, const struct lwm2m_account *installed, size_t count)
{
    *d = (struct bootstrap_desk){ .version = LWM2M_1_1 };
    bootstrap_desk_begin(d);
    bool given = true; /* they come first */
    do {
        if (server && server->security_instance.given == given)
            put_account(d, 0, server);
        for (size_t i = 0; i < count && i + 1 < STAGED_MAX; i++)
            if (installed[i].security_instance.given == given)
                put_account(d, i + 1, &installed[i]);
        given = !given;
    } while (!given);
}

/* Those of other contexts' servers are not shown, and stay. */
void bootstrap_desk_rights(struct bootstrap_desk *d, const struct access_rights *rights, const struct lwm2m_account *installed, size_t count)
{
    struct access_rights *out = &d->staged.rights;
    for (size_t i = 0; i < count; i++)
        access_rights_name(out, installed[i].short_server_id);
    for (size_t i = 0; i < ACCESS_ROWS; i++)
        if (rights->at[i].owner == ACCESS_BOOTSTRAP || access_rights_names(out, rights->at[i].owner))
            out->at[i] = rights->at[i];
    out->written = rights->written;
}

/* ---- Bootstrap-Write (clause 6.1.7.5) ---- */

static bool instance_is_new(const struct records *records, size_t at)
{
    for (size_t i = 0; i < at; i++)
        if (records->at[i].path.id[0] == records->at[at].path.id[0] && records->at[i].path.id[1] == records->at[at].path.id[1])
            return false;
    return true;
}

/* Of the resource that the record is an instance of. */
static size_t count_instances(const struct records *records, const struct record *of)
{
    struct path resource = path_parent(&of->path, PATH_RESOURCE);
    size_t count = 0;
    for (size_t i = 0; i < records->count; i++)
        count += path_contains(&resource, &records->at[i].path);
    return count;
}

static bool is_repeated(const struct records *records, size_t at)
{
    for (size_t i = 0; i < at; i++)
        if (path_equal(&records->at[i].path, &records->at[at].path))
            return true;
    return false;
}

/* The answer to a Write, and err: what is wrong at that path. */
static enum coap_code refuse(enum coap_code answer, struct error *err, enum error_code code, const struct path *p, const char *what)
{
    uint8_t text[PATH_TEXT_MAX];
    struct writer w = writer_make(text, sizeof text);
    path_put(&w, p);
    error_set(err, code, "%.*s: %s", (int)w.len, (const char *)text, what);
    return answer;
}

static enum coap_code check_records(const struct bootstrap_desk *d, struct error *err)
{
    for (size_t i = 0; i < d->records.count; i++) {
        const struct record *record = &d->records.at[i];
        const struct resource *resource = resource_at(&model_bootstrap, &record->path);
        if (record->path.id[1] == LWM2M_NO_ID)
            return refuse(CODE_BAD_REQUEST, err, ERROR_MALFORMED, &record->path, "no object instance where one must be");
        if (is_repeated(&d->records, i))
            return refuse(CODE_BAD_REQUEST, err, ERROR_MALFORMED, &record->path, "stands twice");
        if (resource->check && !resource->check(&record->value))
            return refuse(CODE_BAD_REQUEST, err, ERROR_INVALID, &record->path, "it has no such value");
        if (record->path.id[0] == object_staged_access.id && count_instances(&d->records, record) > ACCESS_ENTRIES)
            return refuse(CODE_BAD_REQUEST, err, ERROR_INVALID, &record->path, "more servers than there can be");
    }
    return CODE_CHANGED;
}

/* An instance that a Write names as a whole is made anew: what is not given has no value. */
static bool renew_instance(struct bootstrap_desk *d, const struct object *object, uint16_t id)
{
    if (!object_has_instance(&d->objects, object, id))
        return object->create(&d->objects, id);
    struct spot s = { .o = &d->objects, .instance = id };
    for (size_t i = 0; i < object->count; i++)
        object->resources[i].write(&s, NULL);
    return true;
}

static enum coap_code set_records(struct bootstrap_desk *d, const struct path *p, struct error *err)
{
    for (size_t i = 0; i < d->records.count; i++) {
        const struct record *record = &d->records.at[i];
        struct spot s = { .o = &d->objects, .instance = record->path.id[1] };
        const struct object *object = object_find(&model_bootstrap, record->path.id[0]);
        const struct resource *resource = resource_at(&model_bootstrap, &record->path);
        bool whole = p->depth < PATH_RESOURCE && instance_is_new(&d->records, i);
        if (whole && !renew_instance(d, object, s.instance))
            return refuse(CODE_INTERNAL, err, ERROR_TOO_LARGE, &record->path, "no room for this instance"); /* the server sees it, and Finish will not fit */
        if (p->depth == PATH_RESOURCE && i == 0)
            resource->write(&s, NULL); /* it replaces all its instances */
        if (record->path.depth == PATH_RESOURCE_INSTANCE)
            s.id = record->path.id[3];
        resource->write(&s, &record->value);
    }
    return CODE_CHANGED;
}

static enum coap_code take_payload(struct bootstrap_desk *d, const struct coap_request *r, const struct path *p, struct arena *arena, struct error *err)
{
    const struct format *format = r->content_format > UINT16_MAX ? NULL : format_find(r->content_format < 0 ? CONTENT_TEXT : (uint16_t)r->content_format);
    if (!format || (format->single && p->depth < PATH_RESOURCE))
        return refuse(CODE_UNSUPPORTED_FORMAT, err, ERROR_NOT_SUPPORTED, p, "its format is not known");
    d->records.count = 0;
    enum error_code code = format->get(r->payload, p, arena, &d->records);
    const struct path *last = d->records.count ? &d->records.at[d->records.count - 1].path : p;
    if (code == ERROR_NONE)
        return CODE_CHANGED;
    if (code == ERROR_NOT_FOUND)
        return refuse(CODE_NOT_FOUND, err, ERROR_MALFORMED, last, "what follows names nothing that can be written there");
    if (code == ERROR_TOO_LARGE || code == ERROR_NO_MEMORY)
        return refuse(CODE_TOO_LARGE, err, ERROR_TOO_LARGE, last, "more follows than can be taken");
    return refuse(CODE_BAD_REQUEST, err, code, last, code == ERROR_INVALID ? "what follows is not of its type" : "what follows is not readable");
}

static enum coap_code write(struct bootstrap_desk *d, const struct coap_request *r, const struct path *p, struct error *err)
{
    const struct object *object = object_find(&model_bootstrap, p->id[0]);
    if (p->depth == PATH_ROOT || p->depth == PATH_RESOURCE_INSTANCE)
        return refuse(CODE_METHOD_NOT_ALLOWED, err, ERROR_NOT_SUPPORTED, p, "no object, instance or resource");
    if (!object)
        return refuse(CODE_NOT_FOUND, err, ERROR_NOT_SUPPORTED, p, p->id[0] == OSCORE_OBJECT ? "the linked CoAP library has no OSCORE" : "no object that a bootstrap writes here");
    if (p->depth == PATH_RESOURCE && !object_has_instance(&d->objects, object, p->id[1]))
        return refuse(CODE_NOT_FOUND, err, ERROR_INCOMPLETE, p, "its instance is not there");
    _Alignas(max_align_t) uint8_t memory[WRITE_ARENA];
    struct arena arena = arena_make(memory, sizeof memory);
    enum coap_code code = take_payload(d, r, p, &arena, err);
    if (code == CODE_CHANGED)
        code = check_records(d, err);
    if (code == CODE_CHANGED)
        code = set_records(d, p, err);
    secret_zero(memory, sizeof memory);
    return code;
}

static bool remove_all(struct bootstrap_desk *d, const struct object *object)
{
    uint16_t id;
    size_t kept = 0;
    d->staged.rights.written |= object == &object_staged_access; /* also of rows that there are not here */
    while (object_instance(&d->objects, object, kept, &id))
        kept += !object->remove(&d->objects, id);
    return kept == 0;
}

/* Each object of which it has an instance has these alone from now on; others stay. */
static void clear_packed(struct bootstrap_desk *d)
{
    for (size_t i = 0; i < model_bootstrap.count; i++) {
        bool packed = false;
        for (size_t k = 0; k < d->records.count; k++)
            packed |= d->records.at[k].path.id[0] == model_bootstrap.objects[i]->id;
        if (packed)
            (void)remove_all(d, model_bootstrap.objects[i]);
    }
}

/* Checked as a whole before anything of it is written. Instances that this client has no object for are an error: the pack is all that there will be. */
enum coap_code bootstrap_take(struct bootstrap_desk *d, const struct path *of, int content_format, struct slice body, struct error *err)
{
    const struct coap_request r = { .content_format = content_format, .payload = body };
    uint8_t *memory = secret_pages_new(PACK_ARENA);
    struct arena arena = arena_make(memory, memory ? PACK_ARENA : 0);
    enum coap_code code = take_payload(d, &r, of, &arena, err);
    if (code == CODE_CHANGED)
        code = check_records(d, err);
    if (code == CODE_CHANGED)
        clear_packed(d);
    if (code == CODE_CHANGED)
        code = set_records(d, of, err);
    secret_pages_free(memory, PACK_ARENA);
    return code;
}

/* ---- Bootstrap-Delete (clause 6.1.7.6) ---- */

static enum coap_code delete(struct bootstrap_desk *d, const struct path *p)
{
    const struct object *object = object_find(&model_bootstrap, p->id[0]);
    if (p->depth == PATH_ROOT) {
        (void)remove_all(d, &object_staged_security);
        (void)remove_all(d, &object_staged_server);
        (void)remove_all(d, &object_staged_access);
        return CODE_DELETED;
    }
    if (p->depth > PATH_INSTANCE || p->id[0] == DEVICE_OBJECT)
        return CODE_METHOD_NOT_ALLOWED;
    if (!object || (p->depth == PATH_INSTANCE && !object_has_instance(&d->objects, object, p->id[1])))
        return CODE_NOT_FOUND;
    if (p->depth == PATH_INSTANCE)
        return object->remove(&d->objects, p->id[1]) ? CODE_DELETED : CODE_METHOD_NOT_ALLOWED;
    (void)remove_all(d, object);
    return CODE_DELETED;
}

/* ---- Bootstrap-Discover (clause 6.1.7.3), Bootstrap-Read (6.1.7.4) ---- */

static void put_link(struct writer *w, const struct path *p)
{
    writer_text(w, ",<");
    path_put(w, p);
    writer_u8(w, '>');
}

static void put_security(const struct staged *s, struct writer *w, uint16_t id)
{
    for (size_t i = 0; i < STAGED_MAX; i++) {
        const struct staged_security *at = &s->security[i];
        if (!at->used || at->id != id || at->bootstrap)
            continue;
        writer_text(w, ";ssid=");
        integer_put(w, at->short_server_id);
        writer_text(w, ";uri=\"");
        writer_text(w, at->uri);
        writer_u8(w, '"');
    }
}

static void put_server(const struct staged *s, struct writer *w, uint16_t id)
{
    for (size_t i = 0; i < STAGED_MAX; i++)
        if (s->server[i].used && s->server[i].id == id) {
            writer_text(w, ";ssid=");
            integer_put(w, s->server[i].short_server_id);
        }
}

static void put_object(struct bootstrap_desk *d, struct writer *w, const struct object *object)
{
    struct path p = { .depth = PATH_OBJECT, .id = { object->id } };
    uint16_t id;
    size_t count = 0;
    for (; object_instance(&d->objects, object, count, &id); count++) {
        struct path instance = path_child(&p, id);
        put_link(w, &instance);
        if (object == &object_staged_security)
            put_security(&d->staged, w, id);
        else if (object == &object_staged_server)
            put_server(&d->staged, w, id);
    }
    if (count == 0)
        put_link(w, &p);
}

static enum coap_code discover(struct bootstrap_desk *d, const struct path *p, struct coap_answer *a)
{
    if (p->depth > PATH_OBJECT)
        return CODE_METHOD_NOT_ALLOWED;
    if (p->depth == PATH_OBJECT && p->id[0] != DEVICE_OBJECT && !object_find(&model_bootstrap, p->id[0]))
        return CODE_NOT_FOUND;
    writer_text(&a->body, "</>;lwm2m=");
    writer_text(&a->body, lwm2m_version_text(d->version));
    for (size_t i = 0; i < model_bootstrap.count; i++)
        if (p->depth == PATH_ROOT || p->id[0] == model_bootstrap.objects[i]->id)
            put_object(d, &a->body, model_bootstrap.objects[i]);
    if (p->depth == PATH_ROOT || p->id[0] == DEVICE_OBJECT)
        writer_text(&a->body, ",</3/0>");
    a->content_format = CONTENT_LINK;
    return a->body.failed ? CODE_INTERNAL : CODE_CONTENT;
}

static enum coap_code read(struct bootstrap_desk *d, const struct coap_request *r, const struct path *p, struct coap_answer *a)
{
    if (p->depth != PATH_OBJECT && p->depth != PATH_INSTANCE)
        return CODE_METHOD_NOT_ALLOWED;
    if (p->id[0] != object_staged_server.id && p->id[0] != object_staged_access.id)
        return object_find(&model_bootstrap, p->id[0]) ? CODE_METHOD_NOT_ALLOWED : CODE_NOT_FOUND; /* never keys */
    if (!path_exists(&d->objects, p))
        return CODE_NOT_FOUND;
    const struct format *format = r->accept < 0 ? &format_senml_cbor : r->accept > UINT16_MAX ? NULL : format_find((uint16_t)r->accept);
    if (!objects_read(&d->objects, p, &d->records))
        return CODE_INTERNAL;
    if (!format || !format->put(&a->body, p, &d->records))
        return CODE_NOT_ACCEPTABLE;
    a->content_format = format->number;
    return a->body.failed ? CODE_INTERNAL : CODE_CONTENT;
}

/* ---- Bootstrap-Finish (clause 6.1.6) ---- */

static const struct staged_server *server_of(const struct staged *s, uint16_t short_server_id)
{
    for (size_t i = 0; i < STAGED_MAX; i++)
        if (s->server[i].used && s->server[i].short_server_id == short_server_id)
            return &s->server[i];
    return NULL;
}

/* False: the identity cannot be one of a PSK (Transport TS 1.1.1 clause 5.2.4: a text of at most 128 octets). */
static bool get_psk(const struct staged_security *at, struct lwm2m_account *a)
{
    if (at->identity_len >= sizeof a->identity || at->key_len > sizeof a->key || memchr(at->identity, 0, at->identity_len))
        return false;
    memcpy(a->identity, at->identity, at->identity_len);
    memcpy(a->key, at->key, at->key_len);
    a->key_len = at->key_len;
    return true;
}

static void get_x509(const struct staged_security *at, struct lwm2m_x509 *x)
{
    put_octets(x->certificate, &x->certificate_len, at->identity, at->identity_len);
    put_octets(x->private_key, &x->private_key_len, at->key, at->key_len);
    put_octets(x->server, &x->server_len, at->server, at->server_len);
    x->usage = at->usage;
    x->matching = at->matching;
    x->selector = at->selector;
    x->device = at->device;
    memcpy(x->sni, at->sni, sizeof x->sni);
}

/* The account that an instance of object 0 describes; false: it has no identity or key of its mode. */
static bool get_account(const struct staged_security *at, struct lwm2m_account *a)
{
    *a = (struct lwm2m_account){ .short_server_id = at->bootstrap ? 0 : at->short_server_id, .mode = at->mode, .hold_off = at->hold_off, .timeout = at->timeout,
                                   .key_from = at->key_from, .gba = at->gba };
    memcpy(a->uri, at->uri, sizeof a->uri);
    if (at->mode == LWM2M_X509)
        get_x509(at, &a->x509);
    return at->mode != LWM2M_PSK || get_psk(at, a);
}

static enum error_code check_endpoint(const struct bootstrap_desk *d, const struct staged_security *at, struct error *err)
{
    struct lwm2m_account a;
    struct error why = { 0 };
    enum error_code code = ERROR_NONE;
    if (!at->uri[0])
        return error_set(err, ERROR_INCOMPLETE, "/0/%u/0: no server URI", at->id);
    if (at->ciphers || at->oscore)
        return error_set(err, ERROR_NOT_SUPPORTED, "/0/%u/%u: the linked CoAP library has no %s", at->id, at->ciphers ? 16 : 17, at->ciphers ? "choice of cipher suites" : "OSCORE");
    if (!get_account(at, &a))
        code = error_set(&why, ERROR_INCOMPLETE, "no PSK identity or key");
    else
        code = endpoint_check(&a, &d->rules, &why);
    secret_zero(&a, sizeof a);
    return code ? error_set(err, code, "/0/%u: %.200s", at->id, why.text) : ERROR_NONE;
}

static enum error_code check_security(const struct bootstrap_desk *d, const struct staged_security *at, struct error *err)
{
    enum error_code code = check_endpoint(d, at, err);
    if (code || at->bootstrap)
        return code;
    const struct staged_server *server = at->short_server_id ? server_of(&d->staged, at->short_server_id) : NULL;
    if (!server)
        return error_set(err, ERROR_INCOMPLETE, "/0/%u: no instance of object 1 has its short server id %u", at->id, at->short_server_id);
    if (server->lifetime == 0 || !server->set.binding[0])
        return error_set(err, ERROR_INCOMPLETE, "/1/%u: no lifetime or no binding", server->id);
    if (!strpbrk(server->set.binding, "UT"))
        return error_set(err, ERROR_NOT_SUPPORTED, "/1/%u/7: binding %s has neither UDP (U) nor TCP (T)", server->id, server->set.binding);
    return ERROR_NONE;
}

static size_t count_of(const struct staged *s, uint16_t short_server_id)
{
    size_t n = 0;
    for (size_t i = 0; i < STAGED_MAX; i++)
        n += s->security[i].used && !s->security[i].bootstrap && s->security[i].short_server_id == short_server_id;
    return n;
}

static enum error_code check_rights(const struct staged *s, struct error *err)
{
    uint16_t servers[STAGED_MAX];
    size_t count = 0;
    for (size_t i = 0; i < STAGED_MAX; i++)
        if (s->server[i].used)
            servers[count++] = s->server[i].short_server_id;
    return access_rights_check(&s->rights, servers, count, err);
}

enum error_code bootstrap_fits(const struct bootstrap_desk *d, struct error *err)
{
    const struct staged *s = &d->staged;
    size_t bootstraps = 0;
    for (size_t i = 0; i < STAGED_MAX; i++) {
        const struct staged_security *at = &s->security[i];
        enum error_code code = at->used ? check_security(d, at, err) : ERROR_NONE;
        if (code != ERROR_NONE)
            return code;
        bootstraps += at->used && at->bootstrap;
        if (at->used && !at->bootstrap && count_of(s, at->short_server_id) > 1)
            return error_set(err, ERROR_INVALID, "short server id %u stands in two instances of object 0", at->short_server_id);
    }
    for (size_t i = 0; i < STAGED_MAX; i++)
        if (s->server[i].used && count_of(s, s->server[i].short_server_id) != 1)
            return error_set(err, ERROR_INCOMPLETE, "/1/%u: no instance of object 0 has its short server id %u", s->server[i].id, s->server[i].short_server_id);
    if (bootstraps > 1)
        return error_set(err, ERROR_INVALID, "more than one instance of object 0 is of a bootstrap server");
    return check_rights(s, err);
}

enum error_code bootstrap_check(const struct bootstrap_desk *d, struct error *err)
{
    size_t servers = 0;
    enum error_code code = bootstrap_fits(d, err);
    for (size_t i = 0; i < STAGED_MAX; i++)
        servers += d->staged.security[i].used && !d->staged.security[i].bootstrap;
    return code || servers ? code : error_set(err, ERROR_INCOMPLETE, "the bootstrap server left no account of a management server");
}

static size_t put_accounts(const struct staged *s, bool bootstrap, const char *endpoint, struct lwm2m_account *out, size_t cap)
{
    size_t n = 0;
    for (size_t i = 0; i < STAGED_MAX && n < cap; i++) {
        const struct staged_security *at = &s->security[i];
        const struct staged_server *server = at->bootstrap ? NULL : server_of(s, at->short_server_id);
        if (!at->used || at->bootstrap != bootstrap || (!bootstrap && !server))
            continue;
        struct lwm2m_account *a = &out[n++];
        (void)get_account(at, a);
        a->security_instance = (struct lwm2m_number){ true, at->id };
        a->lifetime = server ? server->lifetime : 0;
        if (server) {
            a->server_instance = (struct lwm2m_number){ true, server->id };
            a->server = server->set;
        }
        (void)text_copy(a->endpoint, sizeof a->endpoint, endpoint);
    }
    return n;
}

size_t bootstrap_accounts(const struct staged *s, const char *endpoint, struct lwm2m_account *out, size_t cap)
{
    size_t n = put_accounts(s, false, endpoint, out, cap);
    return n + put_accounts(s, true, endpoint, &out[n], cap - n);
}

void bootstrap_rights(const struct staged *s, struct access_rights *out)
{
    *out = s->rights;
    for (size_t i = 0; i < STAGED_MAX; i++)
        if (s->server[i].used)
            access_rights_name(out, s->server[i].short_server_id);
}

static bool is_finish(const struct coap_request *r)
{
    return r->method == METHOD_POST && r->segments == 1 && slice_is(r->segment[0], "bs");
}

/* ---- ---- */

static enum coap_code serve(struct bootstrap_desk *d, const struct coap_request *r, struct coap_answer *a, bool *finished, struct error *err)
{
    struct path p;
    if (is_finish(r)) {
        *finished = bootstrap_check(d, err) == ERROR_NONE;
        return *finished ? CODE_CHANGED : CODE_NOT_ACCEPTABLE;
    }
    if (!request_path(r, &p))
        return CODE_NOT_FOUND;
    switch (r->method) {
    case METHOD_PUT:
        return write(d, r, &p, err);
    case METHOD_DELETE:
        return delete(d, &p);
    case METHOD_GET:
        return r->accept == CONTENT_LINK ? discover(d, &p, a) : read(d, r, &p, a);
    case METHOD_POST:
    case METHOD_FETCH:
    case METHOD_PATCH:
    case METHOD_IPATCH:
        break;
    }
    return CODE_METHOD_NOT_ALLOWED;
}

void bootstrap_serve(struct bootstrap_desk *d, const struct coap_request *r, struct coap_answer *a, bool *finished, struct error *refused)
{
    *finished = false;
    *refused = (struct error){ 0 };
    a->code = serve(d, r, a, finished, refused);
    if (a->code != CODE_CONTENT)
        a->content_format = -1;
}
