/* SPDX-License-Identifier: Apache-2.0 */
/* What servers wrote, as octets for the store: the order of fields is the format, a change means a new version octet. Holds no secret. */
#include <string.h>

#include "lwm2m/interfaces.h"
#include "model/settings_octets.h"

enum { VERSION = 1, SERVERS_VERSION = 3 };

static unsigned begin(struct reader *r, struct slice in)
{
    *r = reader_make(in.data, in.len);
    return reader_u8(r);
}

/* ---- of all ---- */

static size_t count_rows(const struct servers *s)
{
    size_t n = 0;
    for (size_t i = 0; i < ACCESS_ROWS; i++)
        n += s->access[i].used;
    return n;
}

static void write_portfolio(struct writer *w, const struct portfolio *p)
{
    writer_u8(w, p->used);
    for (size_t i = 0; p->used && i < PORTFOLIO_IDENTITIES; i++) {
        writer_u8(w, (uint8_t)strlen(p->identity[i]));
        writer_text(w, p->identity[i]);
    }
}

static void read_portfolio(struct reader *r, struct portfolio *p)
{
    p->used = reader_u8(r) != 0;
    for (size_t i = 0; p->used && i < PORTFOLIO_IDENTITIES; i++) {
        struct slice text = reader_take(r, reader_u8(r));
        if (text.len > PORTFOLIO_TEXT || (text.len && memchr(text.data, 0, text.len))) {
            reader_fail(r);
            return;
        }
        if (text.len)
            memcpy(p->identity[i], text.data, text.len);
    }
}

static void write_places(struct writer *w, const struct places *p)
{
    writer_u8(w, (uint8_t)p->count);
    for (size_t i = 0; i < p->count; i++) {
        writer_u16(w, p->at[i].id);
        writer_u8(w, (uint8_t)strlen(p->at[i].name));
        writer_text(w, p->at[i].name);
    }
}

static void read_place(struct reader *r, struct places *p)
{
    char name[PLACE_TEXT] = "";
    uint16_t id = reader_u16(r);
    struct slice text = reader_take(r, reader_u8(r));
    if (!text.len || text.len >= sizeof name || memchr(text.data, 0, text.len)) {
        reader_fail(r);
        return;
    }
    memcpy(name, text.data, text.len);
    if (!places_put(p, id, name))
        reader_fail(r);
}

void lwm2m_servers_write(const struct servers *s, struct writer *w)
{
    writer_u8(w, SERVERS_VERSION);
    writer_u16(w, (uint16_t)count_rows(s));
    for (size_t i = 0; i < ACCESS_ROWS; i++)
        if (s->access[i].used)
            access_row_write(w, i, &s->access[i]);
    for (size_t i = 0; i < PORTFOLIOS; i++)
        write_portfolio(w, &s->portfolio[i]);
    write_places(w, &s->profiles);
    writer_u8(w, s->severity);
    writer_u32(w, s->defer);
}

bool lwm2m_servers_read(struct servers *s, struct slice in)
{
    struct reader r;
    struct servers next = { .count = 0 };
    unsigned version = begin(&r, in);
    if (version < VERSION || version > SERVERS_VERSION)
        return false;
    for (size_t n = reader_u16(&r); n > 0 && !r.failed; n--)
        access_row_read(&r, next.access);
    for (size_t i = 0; i < PORTFOLIOS; i++)
        read_portfolio(&r, &next.portfolio[i]);
    for (size_t n = version == VERSION ? 0 : reader_u8(&r); n > 0 && !r.failed; n--) /* what version 2 added */
        read_place(&r, &next.profiles);
    if (version >= 3) {
        next.severity = reader_u8(&r);
        next.defer = reader_u32(&r);
    }
    if (!reader_done(&r) || next.severity > SEVERITY_MAX + 1)
        return false;
    memcpy(s->access, next.access, sizeof s->access);
    memcpy(s->portfolio, next.portfolio, sizeof s->portfolio);
    s->profiles = next.profiles;
    s->severity = next.severity;
    s->defer = next.defer;
    return true;
}

/* ---- of one ---- */

void octets_put_path(struct writer *w, const struct path *p)
{
    writer_u8(w, p->depth);
    for (size_t i = 0; i < p->depth; i++)
        writer_u16(w, p->id[i]);
}

void octets_get_path(struct reader *r, struct path *p)
{
    p->depth = reader_u8(r);
    if (p->depth > PATH_RESOURCE_INSTANCE) {
        reader_fail(r);
        p->depth = 0;
    }
    for (size_t i = 0; i < p->depth; i++)
        p->id[i] = reader_u16(r);
}

void octets_put_attached(struct writer *w, const struct attached *a)
{
    octets_put_path(w, &a->path);
    writer_u16(w, (uint16_t)a->attributes.set);
    for (unsigned i = 0; i < ATTRIBUTES; i++)
        if (a->attributes.set & 1u << i) {
            uint64_t octets;
            memcpy(&octets, &a->attributes.value[i], sizeof octets);
            writer_u64(w, octets);
        }
}

void octets_get_attached(struct reader *r, struct attached *a)
{
    octets_get_path(r, &a->path);
    a->attributes.set = reader_u16(r) & ((1u << ATTRIBUTES) - 1);
    for (unsigned i = 0; i < ATTRIBUTES; i++)
        if (a->attributes.set & 1u << i) {
            uint64_t octets = reader_u64(r);
            memcpy(&a->attributes.value[i], &octets, sizeof octets);
        }
}

void lwm2m_client_write(const struct lwm2m_client *c, struct writer *w)
{
    writer_u8(w, VERSION);
    writer_u16(w, c->server.instance);
    writer_u32(w, c->server.lifetime);
    server_settings_write(w, &c->server.set);
    writer_u8(w, (uint8_t)c->attributes.count);
    for (size_t i = 0; i < c->attributes.count; i++)
        octets_put_attached(w, &c->attributes.at[i]);
}

bool lwm2m_client_read(struct lwm2m_client *c, struct slice in)
{
    struct reader r;
    struct lwm2m_server_settings set = { 0 };
    struct attribute_table attributes = { 0 };
    if (begin(&r, in) != VERSION)
        return false;
    uint16_t instance = reader_u16(&r);
    uint32_t lifetime = reader_u32(&r);
    server_settings_read(&r, &set);
    attributes.count = reader_u8(&r);
    if (lifetime == 0 || instance == LWM2M_NO_ID || attributes.count > ATTACHED_MAX)
        return false;
    for (size_t i = 0; i < attributes.count; i++)
        octets_get_attached(&r, &attributes.at[i]);
    if (!reader_done(&r))
        return false;
    c->server.instance = instance;
    c->server.lifetime = lifetime;
    c->server.set = set;
    c->attributes = attributes;
    return true;
}
