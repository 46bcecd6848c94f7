/* SPDX-License-Identifier: Apache-2.0 */
/* Read-Composite and Observe-Composite (Core TS 1.1.1 clauses 6.3.8, 6.4.4): a list of paths in the payload of a FETCH, their values in one answer. Best
 * effort: what does not exist is left out. */
#include "lwm2m/interfaces.h"

enum { PATHS_ARENA = 4096 };

static bool covered(const struct paths *paths, size_t before, const struct path *p)
{
    for (size_t i = 0; i < before; i++)
        if (path_contains(&paths->at[i], p))
            return true;
    return false;
}

static void drop_repeated(struct records *records, size_t from)
{
    size_t kept = from;
    for (size_t i = from; i < records->count; i++) {
        bool repeated = false;
        for (size_t k = 0; k < from && !repeated; k++)
            repeated = path_equal(&records->at[k].path, &records->at[i].path);
        if (!repeated)
            records->at[kept++] = records->at[i];
    }
    records->count = kept;
}

bool composite_values(struct lwm2m_client *c, const struct paths *paths)
{
    c->records.count = 0;
    for (size_t i = 0; i < paths->count; i++) {
        const struct path *p = &paths->at[i];
        size_t from = c->records.count;
        if (covered(paths, i, p) || !path_exists(&c->objects, p))
            continue;
        if (!objects_read_more(&c->objects, p, &c->records))
            return false;
        drop_repeated(&c->records, from); /* a path below may have come before */
    }
    return true;
}

static enum coap_code take_paths(const struct coap_request *r, struct paths *paths)
{
    const struct format *format = r->content_format < 0 || r->content_format > UINT16_MAX ? NULL : format_find((uint16_t)r->content_format);
    if (!format || !format->get_paths)
        return CODE_UNSUPPORTED_FORMAT;
    _Alignas(max_align_t) uint8_t memory[PATHS_ARENA];
    struct arena arena = arena_make(memory, sizeof memory);
    paths->count = 0;
    enum error_code code = format->get_paths(r->payload, &arena, paths);
    if (code != ERROR_NONE)
        return code == ERROR_TOO_LARGE ? CODE_TOO_LARGE : CODE_BAD_REQUEST;
    for (size_t i = 0; i < paths->count; i++)
        if (path_hidden(&paths->at[i]))
            return CODE_UNAUTHORIZED;
    return paths->count ? CODE_CONTENT : CODE_BAD_REQUEST;
}

static enum coap_code observe(struct lwm2m_client *c, const struct coap_request *r, const struct paths *paths, const struct format *format, struct coap_answer *a)
{
    struct wish wish = { .token = r->token, .format = format->number, .paths = paths };
    if (r->observe == 1)
        return reporting_cancel_same(c, &wish) ? CODE_CONTENT : CODE_BAD_REQUEST; /* clause 6.4.5: with exactly the same list */
    if (r->observe != 0)
        return CODE_CONTENT;
    if (r->queries > COAP_QUERIES || !attributes_apply(&wish.attributes, VALUE_NONE, r->query, r->queries))
        return CODE_BAD_REQUEST;
    int64_t sequence;
    if (reporting_observe(c, &wish, &sequence))
        a->observe = sequence;
    return CODE_CONTENT;
}

enum coap_code composite_read(struct lwm2m_client *c, const struct coap_request *r, struct coap_answer *a)
{
    static const struct path root = { 0 };
    struct paths paths;
    enum coap_code code = take_paths(r, &paths);
    if (code != CODE_CONTENT)
        return code;
    const struct format *format = answer_format(c, r->accept, &root);
    if (!format || format->single || format == &format_tlv)
        return CODE_NOT_ACCEPTABLE;
    if (!composite_values(c, &paths) || !format->put(&a->body, &root, &c->records) || a->body.failed)
        return CODE_INTERNAL;
    a->content_format = format->number;
    return observe(c, r, &paths, format, a);
}
