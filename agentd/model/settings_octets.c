/* SPDX-License-Identifier: Apache-2.0 */
/* Field by field, texts and octets with a 16-bit length; the order of fields is the format, so a change means a new version octet. What an older
 * version wrote is read too: it is in the stores of gateways that were upgraded. */
#include "model/settings_octets.h"

#include <string.h>

enum { VERSION = 8 };

static void put_octets(struct writer *w, const void *data, size_t len)
{
    writer_u16(w, (uint16_t)len);
    writer_put(w, data, len);
}

static void put_text(struct writer *w, const char *text)
{
    put_octets(w, text, strlen(text));
}

static size_t get_octets(struct reader *r, void *out, size_t cap)
{
    struct slice s = reader_take(r, reader_u16(r));
    if (s.len > cap)
        reader_fail(r);
    if (r->failed)
        return 0;
    if (s.len)
        memcpy(out, s.data, s.len);
    return s.len;
}

static void get_text(struct reader *r, char *out, size_t cap)
{
    size_t n = get_octets(r, out, cap - 1);
    out[n] = '\0';
    if (strlen(out) != n)
        reader_fail(r);
}

/* An enum value below limit; anything else fails the reader. */
static unsigned get_choice(struct reader *r, unsigned limit)
{
    unsigned v = reader_u8(r);
    if (v >= limit)
        reader_fail(r);
    return r->failed ? 0 : v;
}

/* The version of the record; 0 and the reader failed if it is none of ours. */
static unsigned begin(struct reader *r, struct slice in)
{
    *r = reader_make(in.data, in.len);
    unsigned version = reader_u8(r);
    if (version < 1 || version > VERSION)
        reader_fail(r);
    return r->failed ? 0 : version;
}

/* A count of at most limit. */
static size_t get_count(struct reader *r, size_t limit)
{
    return get_choice(r, (unsigned)limit + 1);
}

static void validity_write(struct writer *w, const struct napdef_validity *v)
{
    put_text(w, v->country);
    put_text(w, v->network);
    put_text(w, v->sid);
    put_text(w, v->soc);
    writer_u64(w, (uint64_t)v->until);
}

static void validity_read(struct reader *r, struct napdef_validity *v)
{
    get_text(r, v->country, sizeof v->country);
    get_text(r, v->network, sizeof v->network);
    get_text(r, v->sid, sizeof v->sid);
    get_text(r, v->soc, sizeof v->soc);
    uint64_t until = reader_u64(r);
    if (until > INT64_MAX)
        reader_fail(r);
    else
        v->until = (int64_t)until;
}

/* What version 2 added. */
static void napdef_read_more(struct reader *r, struct napdef *n)
{
    get_text(r, n->local_address, sizeof n->local_address);
    n->dnss = get_count(r, NAPDEF_DNS);
    for (size_t i = 0; i < n->dnss; i++)
        get_text(r, n->dns[i], sizeof n->dns[i]);
    n->mobile_ip = get_choice(r, 2) != 0;
    n->validities = get_count(r, NAPDEF_VALIDITIES);
    for (size_t i = 0; i < n->validities; i++)
        validity_read(r, &n->validity[i]);
    n->numbers = reader_u32(r);
    if (n->numbers >> NAPDEF_NUMBERS)
        reader_fail(r);
    for (size_t i = 0; i < NAPDEF_NUMBERS; i++)
        n->number[i] = reader_u32(r);
}

void napdef_write(struct writer *w, const struct napdef *n)
{
    writer_u8(w, VERSION);
    put_text(w, n->napid);
    put_text(w, n->name);
    put_text(w, n->apn);
    writer_u8(w, (uint8_t)n->auth);
    put_text(w, n->user);
    put_text(w, n->password);
    writer_u8(w, (uint8_t)n->ip_type);
    writer_u8(w, n->internet);
    put_text(w, n->local_address);
    writer_u8(w, (uint8_t)n->dnss);
    for (size_t i = 0; i < n->dnss; i++)
        put_text(w, n->dns[i]);
    writer_u8(w, n->mobile_ip);
    writer_u8(w, (uint8_t)n->validities);
    for (size_t i = 0; i < n->validities; i++)
        validity_write(w, &n->validity[i]);
    writer_u32(w, n->numbers);
    for (size_t i = 0; i < NAPDEF_NUMBERS; i++)
        writer_u32(w, n->number[i]);
    writer_u8(w, n->disabled);
}

bool napdef_read(struct slice in, struct napdef *n)
{
    struct reader r;
    *n = (struct napdef){ 0 };
    unsigned version = begin(&r, in);
    get_text(&r, n->napid, sizeof n->napid);
    get_text(&r, n->name, sizeof n->name);
    get_text(&r, n->apn, sizeof n->apn);
    n->auth = (enum napdef_auth)get_choice(&r, NAPDEF_AUTH_CHAP + 1);
    get_text(&r, n->user, sizeof n->user);
    get_text(&r, n->password, sizeof n->password);
    n->ip_type = (enum napdef_ip)get_choice(&r, NAPDEF_IPV4V6 + 1);
    n->internet = get_choice(&r, 2) != 0;
    if (version >= 2)
        napdef_read_more(&r, n);
    if (version >= 7)
        n->disabled = get_choice(&r, 2) != 0;
    return reader_done(&r);
}

static void credential_write(struct writer *w, const struct dm_credential *c)
{
    put_text(w, c->name);
    put_text(w, c->secret);
    put_octets(w, c->nonce, c->nonce_len);
}

static void credential_read(struct reader *r, struct dm_credential *c)
{
    get_text(r, c->name, sizeof c->name);
    get_text(r, c->secret, sizeof c->secret);
    c->nonce_len = get_octets(r, c->nonce, sizeof c->nonce);
}

void dm_account_write(struct writer *w, const struct dm_account *a)
{
    writer_u8(w, VERSION);
    put_text(w, a->server_id);
    put_text(w, a->name);
    put_text(w, a->uri);
    writer_u8(w, (uint8_t)a->napids);
    for (size_t i = 0; i < a->napids; i++)
        put_text(w, a->napid[i]);
    writer_u8(w, (uint8_t)a->auth);
    credential_write(w, &a->client);
    credential_write(w, &a->server);
    writer_u8(w, a->trust.has_pin);
    put_octets(w, a->trust.pin, sizeof a->trust.pin);
    put_text(w, a->acl);
    put_text(w, a->proxy.host);
    writer_u16(w, a->proxy.port);
    writer_u8(w, (uint8_t)a->proxy.login);
    put_text(w, a->proxy.user);
    put_text(w, a->proxy.password);
    put_octets(w, a->given, a->given_len);
}

/* What version 3 added. */
static void proxy_read(struct reader *r, struct http_proxy *p)
{
    get_text(r, p->host, sizeof p->host);
    p->port = reader_u16(r);
    p->login = (enum http_proxy_login)get_choice(r, HTTP_PROXY_DIGEST + 1);
    get_text(r, p->user, sizeof p->user);
    get_text(r, p->password, sizeof p->password);
}

/* Version 1 had one TO-NAPID, "" for none. */
static void napids_read(struct reader *r, struct dm_account *a, unsigned version)
{
    a->napids = version < 2 ? 1 : get_count(r, DM_TO_NAPIDS);
    for (size_t i = 0; i < a->napids; i++)
        get_text(r, a->napid[i], sizeof a->napid[i]);
    if (version < 2 && !a->napid[0][0])
        a->napids = 0;
}

bool dm_account_read(struct slice in, struct dm_account *a)
{
    struct reader r;
    *a = (struct dm_account){ 0 };
    unsigned version = begin(&r, in);
    get_text(&r, a->server_id, sizeof a->server_id);
    get_text(&r, a->name, sizeof a->name);
    get_text(&r, a->uri, sizeof a->uri);
    napids_read(&r, a, version);
    a->auth = (enum dm_auth)get_choice(&r, DM_AUTH_HMAC + 1);
    credential_read(&r, &a->client);
    credential_read(&r, &a->server);
    a->trust.has_pin = get_choice(&r, 2) != 0;
    if (get_octets(&r, a->trust.pin, sizeof a->trust.pin) != sizeof a->trust.pin)
        return false;
    if (version > 1)
        get_text(&r, a->acl, sizeof a->acl);
    if (version > 2)
        proxy_read(&r, &a->proxy);
    if (version > 7)
        a->given_len = get_octets(&r, a->given, sizeof a->given);
    return reader_done(&r);
}

void server_settings_write(struct writer *w, const struct lwm2m_server_settings *s)
{
    writer_u32(w, s->written);
    for (size_t i = 0; i < LWM2M_SERVER_RESOURCES; i++)
        if (s->written & 1u << i)
            writer_u32(w, s->value[i]);
    put_text(w, s->binding);
    put_text(w, s->preferred);
}

void server_settings_read(struct reader *r, struct lwm2m_server_settings *s)
{
    s->written = reader_u32(r);
    if (s->written >> LWM2M_SERVER_RESOURCES)
        reader_fail(r);
    for (size_t i = 0; i < LWM2M_SERVER_RESOURCES; i++)
        if (s->written & 1u << i)
            s->value[i] = reader_u32(r);
    get_text(r, s->binding, sizeof s->binding);
    get_text(r, s->preferred, sizeof s->preferred);
}

static void x509_write(struct writer *w, const struct lwm2m_x509 *x)
{
    put_octets(w, x->certificate, x->device ? 0 : x->certificate_len);
    put_octets(w, x->private_key, x->private_key_len);
    put_octets(w, x->server, x->server_len);
    writer_u8(w, x->usage);
    writer_u8(w, x->matching);
    put_text(w, x->sni);
}

static void made_write(struct writer *w, const struct lwm2m_account *a)
{
    bool naf = a->key_from == LWM2M_KEY_NAF;
    writer_u8(w, a->x509.device);
    writer_u8(w, a->x509.selector);
    writer_u8(w, naf);
    if (!naf)
        return;
    put_text(w, a->gba.mid);
    put_text(w, a->gba.bsf);
    put_text(w, a->gba.naf);
    writer_put(w, a->gba.ua, sizeof a->gba.ua);
}

static void number_write(struct writer *w, const struct lwm2m_number *n)
{
    writer_u8(w, n->given);
    writer_u16(w, n->id);
}

/* Ks_NAF and B-TID are made for a session, and are gone after it. */
void lwm2m_account_write(struct writer *w, const struct lwm2m_account *a)
{
    bool made = a->key_from == LWM2M_KEY_NAF;
    writer_u8(w, VERSION);
    writer_u16(w, a->short_server_id);
    put_text(w, a->uri);
    put_text(w, made ? "" : a->identity);
    put_octets(w, a->key, made ? 0 : a->key_len);
    put_text(w, a->endpoint);
    writer_u32(w, a->lifetime);
    server_settings_write(w, &a->server);
    writer_u8(w, a->mode);
    x509_write(w, &a->x509);
    writer_u32(w, a->hold_off);
    writer_u32(w, a->timeout);
    writer_u64(w, a->purge_at);
    made_write(w, a);
    number_write(w, &a->security_instance);
    number_write(w, &a->server_instance);
}

static void x509_read(struct reader *r, struct lwm2m_x509 *x)
{
    x->certificate_len = get_octets(r, x->certificate, sizeof x->certificate);
    x->private_key_len = get_octets(r, x->private_key, sizeof x->private_key);
    x->server_len = get_octets(r, x->server, sizeof x->server);
    x->usage = (uint8_t)get_choice(r, 4);
    x->matching = (uint8_t)get_choice(r, 4);
    get_text(r, x->sni, sizeof x->sni);
}

/* What version 4 added. */
static void lwm2m_read_more(struct reader *r, struct lwm2m_account *a)
{
    a->mode = (uint8_t)get_choice(r, LWM2M_EST + 1);
    x509_read(r, &a->x509);
    a->hold_off = reader_u32(r);
    a->timeout = reader_u32(r);
    a->purge_at = reader_u64(r);
}

/* What version 5 added. What is made for a session does not stand in a record. */
static void made_read(struct reader *r, struct lwm2m_account *a)
{
    a->x509.device = get_choice(r, 2);
    a->x509.selector = (uint8_t)get_choice(r, 2);
    if (a->x509.device && a->x509.certificate_len)
        reader_fail(r);
    if (!get_choice(r, 2))
        return;
    if (a->identity[0] || a->key_len)
        reader_fail(r);
    a->key_from = LWM2M_KEY_NAF;
    get_text(r, a->gba.mid, sizeof a->gba.mid);
    get_text(r, a->gba.bsf, sizeof a->gba.bsf);
    get_text(r, a->gba.naf, sizeof a->gba.naf);
    struct slice ua = reader_take(r, sizeof a->gba.ua);
    if (!r->failed)
        memcpy(a->gba.ua, ua.data, ua.len);
}

/* What version 6 added. */
static void number_read(struct reader *r, struct lwm2m_number *n)
{
    n->given = get_choice(r, 2);
    n->id = reader_u16(r);
}

bool lwm2m_account_read(struct slice in, struct lwm2m_account *a)
{
    struct reader r;
    *a = (struct lwm2m_account){ 0 };
    unsigned version = begin(&r, in);
    a->short_server_id = reader_u16(&r);
    get_text(&r, a->uri, sizeof a->uri);
    get_text(&r, a->identity, sizeof a->identity);
    a->key_len = get_octets(&r, a->key, sizeof a->key);
    get_text(&r, a->endpoint, sizeof a->endpoint);
    a->lifetime = reader_u32(&r);
    if (version > 2)
        server_settings_read(&r, &a->server);
    if (version > 3)
        lwm2m_read_more(&r, a);
    if (version > 4)
        made_read(&r, a);
    if (version > 5) {
        number_read(&r, &a->security_instance);
        number_read(&r, &a->server_instance);
    }
    return reader_done(&r);
}
