/* SPDX-License-Identifier: Apache-2.0 */
/* The one record of changing state. Promises all or nothing for each commit; must never be written by two places of the program. */
#include "tred/registry.h"

#include <string.h>

#include "base/secret.h"
#include "base/text.h"
#include "model/fields.h"
#include "tred/heap.h"

enum { FORMAT = 3, FORMAT_FIRST = 1, FORMAT_ORDERS = 2, RECORD_MAX = 16 * 1024 };

#define RECORD "registry"

static void put_token(struct writer *w, const struct token_row *t)
{
    fields_put_text(w, t->context);
    writer_put(w, t->value, sizeof t->value);
    fields_put(w, t->nonce, t->nonce_len);
}

static void take_token(struct reader *r, struct token_row *t)
{
    fields_take_text(r, t->context, sizeof t->context);
    struct slice value = reader_take(r, sizeof t->value), nonce = fields_take(r);
    if (r->failed || nonce.len > sizeof t->nonce) {
        reader_fail(r);
        return;
    }
    memcpy(t->value, value.data, value.len);
    if (nonce.len)
        memcpy(t->nonce, nonce.data, nonce.len);
    t->nonce_len = nonce.len;
}

void registry_entry(const struct mid_entry *e, struct writer *out)
{
    fields_put_text(out, e->id);
    writer_u8(out, (uint8_t)e->type);
    writer_u32(out, e->version);
    writer_u8(out, (uint8_t)e->state);
    fields_put_text(out, e->issuer);
    writer_u8(out, (uint8_t)e->algorithm);
    writer_u64(out, e->not_after);
    fields_put_text(out, e->context);
    writer_u8(out, (uint8_t)e->reason);
}

/* Format 1 knew no reasons and no orders, format 2 no keys of MIDs. */
static void take_entry(struct reader *r, struct mid_entry *e, uint8_t format)
{
    fields_take_text(r, e->id, sizeof e->id);
    e->type = (enum mid_type)reader_u8(r);
    e->version = reader_u32(r);
    e->state = (enum mid_state)reader_u8(r);
    fields_take_text(r, e->issuer, sizeof e->issuer);
    e->algorithm = (enum mid_algorithm)reader_u8(r);
    e->not_after = reader_u64(r);
    fields_take_text(r, e->context, sizeof e->context);
    e->reason = (enum mid_reason)(format > FORMAT_FIRST ? reader_u8(r) : MID_BY_REQUEST);
}

static void put_mid(struct writer *w, const struct mid_row *m)
{
    registry_entry(&m->entry, w);
    writer_u8(w, (uint8_t)m->previous);
    writer_u8(w, m->share_mide);
    writer_u8(w, m->session_check);
    writer_u64(w, m->record);
    writer_put(w, m->package_hash, HASH_LEN);
    writer_put(w, m->token_hash, HASH_LEN);
    writer_u64(w, m->changed);
    writer_u8(w, m->order_only);
    writer_u64(w, m->key);
}

static void take_mid(struct reader *r, struct mid_row *m, uint8_t format)
{
    take_entry(r, &m->entry, format);
    m->previous = (enum mid_state)reader_u8(r);
    m->share_mide = reader_u8(r) != 0;
    m->session_check = reader_u8(r) != 0;
    m->record = reader_u64(r);
    struct slice package = reader_take(r, HASH_LEN), token = reader_take(r, HASH_LEN);
    m->changed = reader_u64(r);
    m->order_only = format > FORMAT_FIRST && reader_u8(r) != 0;
    m->key = format > FORMAT_ORDERS ? reader_u64(r) : 0;
    if (r->failed)
        return;
    memcpy(m->package_hash, package.data, HASH_LEN);
    memcpy(m->token_hash, token.data, HASH_LEN);
}

static void put_tries(struct writer *w, const struct registry *g)
{
    writer_u16(w, g->guesses);
    writer_u16(w, g->tries_next);
    for (size_t i = 0; i < REGISTRY_TRIES; i++) {
        writer_u8(w, g->tries[i].wrong);
        if (g->tries[i].wrong)
            writer_put(w, g->tries[i].message, HASH_LEN);
    }
}

static void take_tries(struct reader *r, struct registry *g)
{
    g->guesses = reader_u16(r);
    g->tries_next = (uint16_t)(reader_u16(r) % REGISTRY_TRIES);
    for (size_t i = 0; i < REGISTRY_TRIES; i++) {
        g->tries[i].wrong = reader_u8(r);
        struct slice message = reader_take(r, g->tries[i].wrong ? HASH_LEN : 0);
        if (message.len)
            memcpy(g->tries[i].message, message.data, message.len);
    }
}

static void put_order(struct writer *w, const struct order_row *o)
{
    fields_put_text(w, o->issuer);
    writer_u64(w, o->sequence);
    writer_put(w, o->hash, HASH_LEN);
    writer_u8(w, (uint8_t)o->result);
}

static void take_order(struct reader *r, struct order_row *o)
{
    fields_take_text(r, o->issuer, sizeof o->issuer);
    o->sequence = reader_u64(r);
    struct slice hash = reader_take(r, HASH_LEN);
    o->result = (enum mid_result)reader_u8(r);
    if (!r->failed)
        memcpy(o->hash, hash.data, HASH_LEN);
}

static void put_all(struct writer *w, const struct registry *g)
{
    writer_u8(w, FORMAT);
    for (size_t i = 0; i < REGISTRY_TOKENS; i++)
        put_token(w, &g->tokens[i]);
    put_tries(w, g);
    for (size_t i = 0; i < TRE_MID_MAX; i++)
        put_mid(w, &g->mids[i]);
    for (size_t i = 0; i < TRE_MID_MAX; i++)
        put_order(w, &g->orders[i]);
}

static enum error_code take_all(struct registry *g, struct slice plain)
{
    struct reader r = reader_make(plain.data, plain.len);
    uint8_t format = reader_u8(&r);
    if (format > FORMAT)
        return ERROR_NEWER_STATE;
    for (size_t i = 0; i < REGISTRY_TOKENS; i++)
        take_token(&r, &g->tokens[i]);
    take_tries(&r, g);
    for (size_t i = 0; i < TRE_MID_MAX; i++)
        take_mid(&r, &g->mids[i], format);
    for (size_t i = 0; format > FORMAT_FIRST && i < TRE_MID_MAX; i++)
        take_order(&r, &g->orders[i]);
    return format >= FORMAT_FIRST && reader_done(&r) ? ERROR_NONE : ERROR_STORAGE;
}

enum error_code registry_load(struct registry *g, const struct store *s)
{
    uint8_t *plain;
    size_t len;
    *g = (struct registry){ .counter = 0 };
    enum error_code rc = store_read(s, RECORD, RECORD, 0, &plain, &len, &g->counter);
    if (rc)
        return rc;
    rc = take_all(g, (struct slice){ plain, len });
    store_release(plain, len);
    return rc;
}

enum error_code registry_check(const struct store *s)
{
    uint8_t *plain = NULL;
    size_t len = 0;
    enum error_code rc = store_read_whole(s, RECORD, RECORD, &plain, &len);
    store_release(plain, len);
    return rc;
}

enum error_code registry_commit(struct registry *now, struct registry *next, const struct store *s)
{
    uint8_t *plain = heap_pages(RECORD_MAX);
    if (!plain)
        return ERROR_NO_MEMORY;
    struct writer w = writer_make(plain, RECORD_MAX);
    put_all(&w, next);
    enum error_code rc = w.failed ? ERROR_INTERNAL : store_write(s, RECORD, RECORD, writer_slice(&w), now->counter, &next->counter);
    heap_drop(plain, RECORD_MAX);
    if (!rc)
        *now = *next;
    secret_zero(next, sizeof *next);
    return rc;
}

struct mid_row *registry_mid(struct registry *g, const char *id)
{
    for (size_t i = 0; i < TRE_MID_MAX; i++)
        if (g->mids[i].entry.id[0] && strcmp(g->mids[i].entry.id, id) == 0)
            return &g->mids[i];
    return NULL;
}

size_t registry_place(const struct registry *g, const struct mid_row *m)
{
    size_t i = 0;
    while (i < TRE_MID_MAX - 1 && &g->mids[i] != m)
        i++;
    return i;
}

bool registry_knows(const struct registry *g, const char *issuer)
{
    for (size_t i = 0; i < TRE_MID_MAX; i++)
        if (g->mids[i].entry.id[0] && strcmp(g->mids[i].entry.issuer, issuer) == 0)
            return true;
    return false;
}

/* There are as many rows as MIDs, so one without MIDs is found when none is free. */
struct order_row *registry_order(struct registry *g, const char *issuer)
{
    struct order_row *free_row = &g->orders[0];
    for (size_t i = 0; i < TRE_MID_MAX; i++) {
        struct order_row *o = &g->orders[i];
        if (o->issuer[0] && strcmp(o->issuer, issuer) == 0)
            return o;
        if (!o->issuer[0] || !registry_knows(g, o->issuer))
            free_row = o;
    }
    *free_row = (struct order_row){ .sequence = 0 };
    (void)text_copy(free_row->issuer, sizeof free_row->issuer, issuer);
    return free_row;
}

struct token_row *registry_token(struct registry *g, const char *context)
{
    for (size_t i = 0; i < REGISTRY_TOKENS; i++)
        if (g->tokens[i].context[0] && strcmp(g->tokens[i].context, context) == 0)
            return &g->tokens[i];
    return NULL;
}

void registry_list(const struct registry *g, struct writer *out)
{
    uint8_t count = 0;
    for (size_t i = 0; i < TRE_MID_MAX; i++)
        count = (uint8_t)(count + (g->mids[i].entry.id[0] != '\0'));
    writer_u8(out, count);
    for (size_t i = 0; i < TRE_MID_MAX; i++)
        if (g->mids[i].entry.id[0])
            registry_entry(&g->mids[i].entry, out);
}
