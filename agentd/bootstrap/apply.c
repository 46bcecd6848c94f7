/* SPDX-License-Identifier: Apache-2.0 */
/* A list of values, sealed one after the other. Owns the sealed octets until they are in the store. */
#include "bootstrap/apply.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/secret.h"
#include "base/text.h"
#include "model/settings_octets.h"

struct item {
    struct item_row row;
    uint8_t *sealed;
    size_t len;
    enum { ITEM_BEARER, ITEM_DM, ITEM_LWM2M } type;
    const void *value;
};

struct apply {
    struct site *site;
    struct item item[APPLY_ITEMS];
    size_t count, next;
    uint32_t call;
    uint64_t timer;
    struct dm_account account; /* of apply_account */
    apply_done_fn *fn;
    void *user;
};

void apply_id(const char *context, const char *name, char *out, size_t cap)
{
    (void)snprintf(out, cap, "%s-%s", context, name);
}

void apply_label(const char *kind, const char *id, char *out, size_t cap)
{
    (void)snprintf(out, cap, "%s/%s", kind, id);
}

uint32_t apply_open(struct site *site, const char *kind, const char *id, trust_octets_fn *fn, void *user)
{
    uint8_t sealed[SETTINGS_OCTETS_MAX + 256];
    char label[96];
    size_t len;
    if (!store_item_octets(site->store, kind, id, false, sealed, sizeof sealed, &len))
        return 0;
    apply_label(kind, id, label, sizeof label);
    return trust_unseal(site->trust, label, (struct slice){ sealed, len }, fn, user);
}

static void add(struct apply *a, int type, const char *kind, const char *context, const char *name, const void *value)
{
    struct item *i = &a->item[a->count++];
    *i = (struct item){ .type = type, .value = value };
    (void)text_copy(i->row.kind, sizeof i->row.kind, kind);
    (void)text_copy(i->row.context, sizeof i->row.context, context);
    apply_id(context, name, i->row.id, sizeof i->row.id);
}

static void write_value(struct writer *w, const struct item *i)
{
    switch (i->type) {
    case ITEM_BEARER:
        napdef_write(w, i->value);
        break;
    case ITEM_DM:
        dm_account_write(w, i->value);
        break;
    case ITEM_LWM2M:
        lwm2m_account_write(w, i->value);
        break;
    }
}

static void seal_next(void *user);

static void on_sealed(void *user, enum error_code status, struct slice blob)
{
    struct apply *a = user;
    struct item *i = &a->item[a->next];
    struct error e;
    a->call = 0;
    i->sealed = status ? NULL : malloc(blob.len);
    if (!i->sealed) {
        error_set(&e, status ? status : ERROR_NO_MEMORY, "sealing %s %s: %s", i->row.kind, i->row.id, error_text(status));
        a->fn(a->user, &e);
        return;
    }
    memcpy(i->sealed, blob.data, blob.len);
    i->len = blob.len;
    a->next++;
    seal_next(a);
}

static void seal_next(void *user)
{
    struct apply *a = user;
    a->timer = 0;
    if (a->next == a->count) {
        a->fn(a->user, NULL);
        return;
    }
    uint8_t plain[SETTINGS_OCTETS_MAX];
    struct writer w = writer_make(plain, sizeof plain);
    const struct item *i = &a->item[a->next];
    write_value(&w, i);
    char label[96];
    apply_label(i->row.kind, i->row.id, label, sizeof label);
    a->call = trust_seal(a->site->trust, label, writer_slice(&w), on_sealed, a);
    secret_zero(plain, sizeof plain);
}

static struct apply *apply_new(struct site *site, apply_done_fn *fn, void *user)
{
    struct apply *a = secret_pages_new(sizeof *a);
    if (!a)
        abort();
    *a = (struct apply){ .site = site, .fn = fn, .user = user };
    a->timer = loop_timer(site->loop, 0, seal_next, a);
    return a;
}

struct apply *apply_seal(struct site *site, const struct settings *s, bool bearers, const char *context, apply_done_fn *fn, void *user)
{
    struct apply *a = apply_new(site, fn, user);
    for (size_t i = 0; bearers && i < s->napdefs; i++)
        if (!s->dms || settings_names(&s->dm[0], &s->napdef[i])) /* a first bearer comes without an account */
            add(a, ITEM_BEARER, "bearer", context, s->napdef[i].napid, &s->napdef[i]);
    for (size_t i = 0; i < s->dms; i++)
        add(a, ITEM_DM, "dm", context, s->dm[i].server_id, &s->dm[i]);
    for (size_t i = 0; i < s->lwm2ms; i++) {
        char name[8];
        (void)snprintf(name, sizeof name, "%u", (unsigned)s->lwm2m[i].short_server_id);
        add(a, ITEM_LWM2M, "lwm2m", context, name, &s->lwm2m[i]);
    }
    return a;
}

struct apply *apply_account(struct site *site, const struct dm_account *account, const char *context, apply_done_fn *fn, void *user)
{
    struct apply *a = apply_new(site, fn, user);
    a->account = *account;
    add(a, ITEM_DM, "dm", context, a->account.server_id, &a->account);
    return a;
}

void apply_stage(const struct apply *a, bool staged, uint64_t job)
{
    for (size_t i = 0; i < a->count; i++) {
        struct item_row row = a->item[i].row;
        row.staged = staged;
        row.job = job;
        store_item_put(a->site->store, &row, (struct slice){ a->item[i].sealed, a->item[i].len });
    }
}

void apply_free(struct apply *a)
{
    if (!a)
        return;
    loop_cancel(a->site->loop, &a->timer);
    if (a->call)
        trust_cancel(a->site->trust, a->call);
    for (size_t i = 0; i < a->count; i++)
        free(a->item[i].sealed);
    secret_pages_free(a, sizeof *a);
}
