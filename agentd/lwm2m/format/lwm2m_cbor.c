/* SPDX-License-Identifier: Apache-2.0 */
/* Records as LwM2M CBOR (Core TS 1.2 clause 7.4.7, Content-Format 11544): maps by identifier, from the object down to the value; a key is an identifier, or
 * an array of several that stands for the maps between. Writes one map a level, definite lengths. */
#include "lwm2m/format/cbor_value.h"
#include "lwm2m/format/format.h"

/* ---- writing ---- */

static bool is_value(const struct record *record)
{
    return !record->multiple || record->path.depth == PATH_RESOURCE_INSTANCE;
}

/* The records [at, end) that share the first `depth` ids with record `at`. Records come in the order of their paths. */
static size_t group_end(const struct records *records, size_t at, size_t end, uint8_t depth)
{
    struct path group = path_parent(&records->at[at].path, depth);
    size_t i = at;
    while (i < end && path_contains(&group, &records->at[i].path))
        i++;
    return i;
}

static void put_level(struct writer *w, const struct records *records, size_t at, size_t end, uint8_t depth)
{
    size_t keys = 0;
    for (size_t i = at; i < end; i = group_end(records, i, end, depth + 1))
        keys++;
    cbor_put_map(w, keys);
    for (size_t i = at; i < end;) {
        const struct record *record = &records->at[i];
        size_t next = group_end(records, i, end, depth + 1);
        cbor_put_uint(w, record->path.id[depth]);
        if (record->path.depth > depth + 1)
            put_level(w, records, i, next, depth + 1);
        else if (is_value(record))
            cbor_put_value(w, &record->value);
        else
            cbor_put_map(w, 0);
        i = next;
    }
}

static bool put(struct writer *w, const struct path *base, const struct records *records)
{
    (void)base; /* names are whole paths */
    put_level(w, records, 0, records->count, PATH_ROOT);
    return true;
}

/* ---- reading ---- */

/* 65535 as object instance: the client chooses it (Create, 1.2.1 clause 6.3.6). */
static bool take_id(struct reader *r, struct path *p)
{
    struct cbor_head h = cbor_loose_head(r);
    uint64_t limit = p->depth == PATH_OBJECT ? LWM2M_NO_ID : LWM2M_NO_ID - 1;
    if (r->failed || h.major != CBOR_UINT || h.n > limit || p->depth == PATH_RESOURCE_INSTANCE)
        return false;
    p->id[p->depth++] = (uint16_t)h.n;
    return true;
}

static bool take_key(struct reader *r, struct path *p)
{
    if (reader_peek(r) >> 5 != CBOR_ARRAY)
        return take_id(r, p);
    struct cbor_head array = cbor_loose_head(r);
    uint64_t taken = 0;
    for (; cbor_loose_more(r, &array, taken); taken++)
        if (!take_id(r, p))
            return false;
    return taken > 0 && !r->failed;
}

/* A map of the maps below `parent`. Nesting ends by itself: each level adds an identifier, and there are four. */
static enum error_code take_map(struct reader *r, const struct path *parent, const struct path *base, struct records *records)
{
    struct cbor_head map = cbor_loose_head(r);
    if (map.major != CBOR_MAP)
        return ERROR_MALFORMED;
    for (uint64_t i = 0; cbor_loose_more(r, &map, i); i++) {
        struct path p = *parent;
        struct value v = { 0 };
        if (!take_key(r, &p))
            return ERROR_MALFORMED;
        enum error_code code = ERROR_NONE;
        if (reader_left(r) && reader_peek(r) >> 5 == CBOR_MAP)
            code = take_map(r, &p, base, records);
        else
            code = cbor_loose_value(r, &v) ? format_add(records, base, &p, v) : ERROR_MALFORMED;
        if (code != ERROR_NONE)
            return code;
    }
    return r->failed ? ERROR_MALFORMED : ERROR_NONE;
}

static enum error_code get(struct slice payload, const struct path *base, struct arena *arena, struct records *records)
{
    (void)arena;
    struct reader r = reader_make(payload.data, payload.len);
    struct path root = { 0 };
    enum error_code code = take_map(&r, &root, base, records);
    return code == ERROR_NONE && !reader_done(&r) ? ERROR_MALFORMED : code;
}

const struct format format_lwm2m_cbor = { CONTENT_LWM2M_CBOR, false, put, get, NULL };
