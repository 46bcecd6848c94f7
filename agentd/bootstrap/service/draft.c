/* SPDX-License-Identifier: Apache-2.0 */
/* One value of the store: what it is of, in clear, and the sealed NAPDEF behind it. */
#include "bootstrap/service/draft.h"

#include <stdio.h>

#include "base/secret.h"
#include "bootstrap/service/kept.h"
#include "model/fields.h"
#include "model/settings_octets.h"
#include "trust/ask.h"

enum { FORMAT = 1, HEAD_MAX = PROFILE_ID + STORE_NAME + 16, VALUE_MAX = HEAD_MAX + DRAFT_SEALED_MAX };
#define KEY "lwm2m-draft" /* also the label of the sealed octets */

static void write_value(struct writer *w, const struct draft_head *head, struct slice sealed)
{
    writer_u8(w, FORMAT);
    writer_u8(w, head->trials);
    writer_u8(w, head->created);
    writer_u16(w, head->server);
    fields_put_text(w, head->bearer);
    fields_put_text(w, head->account);
    writer_put(w, sealed.data, sealed.len);
}

/* sealed: borrowed from octets. */
static bool read_value(struct store *store, uint8_t octets[VALUE_MAX], struct draft_head *head, struct slice *sealed)
{
    size_t len;
    if (!store_octets_get(store, KEY, octets, VALUE_MAX, &len))
        return false;
    struct reader r = reader_make(octets, len);
    bool known = reader_u8(&r) == FORMAT;
    head->trials = reader_u8(&r);
    head->created = reader_u8(&r) != 0;
    head->server = reader_u16(&r);
    fields_take_text(&r, head->bearer, sizeof head->bearer);
    fields_take_text(&r, head->account, sizeof head->account);
    *sealed = reader_take(&r, reader_left(&r));
    return known && !r.failed;
}

/* The transaction is open then. */
static enum error_code put(struct site *site, struct slice value, struct error *err)
{
    enum error_code rc = store_begin(site->store, err);
    if (!rc)
        store_octets_put(site->store, KEY, value);
    return rc;
}

static enum error_code put_draft(struct site *site, const struct draft_head *head, struct slice sealed, struct error *err)
{
    uint8_t value[VALUE_MAX];
    struct writer w = writer_make(value, sizeof value);
    write_value(&w, head, sealed);
    return w.failed ? error_set(err, ERROR_TOO_LARGE, "access point %s", head->bearer) : put(site, writer_slice(&w), err);
}

enum error_code draft_keep(struct service *s, const struct draft_head *head, const struct napdef *napdef, struct error *err)
{
    uint8_t plain[SETTINGS_OCTETS_MAX];
    struct slice sealed = { NULL, 0 };
    struct writer w = writer_make(plain, sizeof plain);
    napdef_write(&w, napdef);
    enum error_code rc = trust_seal_now(s->site->tre_socket, KEY, writer_slice(&w), &sealed);
    secret_zero(plain, sizeof plain);
    if (rc)
        return error_set(err, rc, "sealing access point %s: %s", head->bearer, error_text(rc));
    return put_draft(s->site, head, sealed, err) ? err->code : kept_commit(s, err);
}

bool draft_find(struct store *store, struct draft_head *head)
{
    uint8_t value[VALUE_MAX];
    struct slice sealed;
    return read_value(store, value, head, &sealed);
}

uint32_t draft_open(struct site *site, trust_octets_fn *fn, void *user)
{
    uint8_t value[VALUE_MAX];
    struct draft_head head;
    struct slice sealed = { NULL, 0 };
    (void)read_value(site->store, value, &head, &sealed);
    return trust_unseal(site->trust, KEY, sealed, fn, user);
}

enum error_code draft_count(struct site *site, struct error *err)
{
    uint8_t value[VALUE_MAX];
    struct draft_head head;
    struct slice sealed;
    if (!read_value(site->store, value, &head, &sealed))
        return error_set(err, ERROR_NOT_FOUND, "the access point that is to be tried is not in the store");
    head.trials++;
    return put_draft(site, &head, sealed, err) ? err->code : store_commit(site->store, err);
}

void draft_erase(struct site *site)
{
    store_octets_put(site->store, KEY, (struct slice){ NULL, 0 });
}

void draft_end(struct site *site)
{
    struct draft_head head;
    struct error err = { 0 };
    if (draft_find(site->store, &head) && (put(site, (struct slice){ NULL, 0 }, &err) || store_commit(site->store, &err)))
        site_report(site, "bearer", 0, &err);
}
