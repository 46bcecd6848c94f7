/* SPDX-License-Identifier: Apache-2.0 */
/* One item after the other: opened by the TRE, added to the message. Owns the message, in wiped pages, while it grows. */
#include "bootstrap/service/renewal.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/secret.h"
#include "base/text.h"
#include "bootstrap/apply.h"
#include "bootstrap/service/renewal_message.h"
#include "lwm2m/rights.h"
#include "model/settings_octets.h"

enum { MESSAGE_MAX = 48 * 1024 };

static const char *const kinds[] = { "bearer", "dm", "lwm2m" };
enum { KINDS = sizeof kinds / sizeof *kinds };

struct renewal {
    struct site *site;
    renewal_fn *fn;
    void *user;
    char context[STORE_NAME];
    size_t kind, nth; /* of the item that is being opened */
    uint32_t call;
    uint8_t *message; /* NULL: nothing is under way */
    struct writer w;
};

static void next(struct renewal *r);

static void stop(struct renewal *r)
{
    if (r->call)
        trust_cancel(r->site->trust, r->call);
    r->call = 0;
    secret_pages_free(r->message, MESSAGE_MAX);
    r->message = NULL;
}

static void fail(struct renewal *r, enum error_code code, const char *text)
{
    struct error e;
    error_set(&e, code, "context %s: its LwM2M bootstrap server cannot be asked: %s", r->context, text);
    site_report(r->site, "lwm2m", 0, &e);
    stop(r);
}

static void on_open(void *user, enum error_code status, struct slice octets)
{
    struct renewal *r = user;
    r->call = 0;
    if (status) {
        fail(r, status, error_text(status));
        return;
    }
    renewal_message_add(&r->w, kinds[r->kind], octets);
    r->nth++;
    next(r);
}

/* The next item of the context; false: none is left. */
static bool find_next(struct renewal *r, struct item_row *row)
{
    for (; r->kind < KINDS; r->kind++, r->nth = 0)
        for (; store_item_at(r->site->store, kinds[r->kind], false, r->nth, row); r->nth++)
            if (strcmp(row->context, r->context) == 0)
                return true;
    return false;
}

/* What bootstraps and servers said of object 2 so far. */
static void add_rights(struct renewal *r)
{
    uint8_t octets[LWM2M_KEPT_MAX];
    struct access_rights rights = { .servers = 0 };
    size_t len;
    if (!store_octets_get(r->site->store, "lwm2m", octets, sizeof octets, &len) || !lwm2m_rights_of((struct slice){ octets, len }, &rights))
        return;
    struct writer w = writer_make(octets, sizeof octets);
    access_rights_write(&w, &rights);
    renewal_message_add(&r->w, "rights", writer_slice(&w));
}

static void next(struct renewal *r)
{
    struct item_row row;
    if (!find_next(r, &row)) {
        add_rights(r);
        if (r->w.failed)
            fail(r, ERROR_TOO_LARGE, "the context has too much installed");
        else
            r->fn(r->user, writer_slice(&r->w));
        stop(r);
        return;
    }
    r->call = apply_open(r->site, row.kind, row.id, on_open, r);
    if (!r->call)
        fail(r, ERROR_STORAGE, row.id);
}

struct renewal *renewal_new(struct site *site)
{
    struct renewal *r = calloc(1, sizeof *r);
    if (r)
        r->site = site;
    return r;
}

void renewal_free(struct renewal *r)
{
    if (!r)
        return;
    stop(r);
    free(r);
}

void renewal_to(struct renewal *r, renewal_fn *fn, void *user)
{
    r->fn = fn;
    r->user = user;
}

enum error_code renewal_begin(struct renewal *r, const char *context, struct error *err)
{
    if (r->message)
        return error_set(err, ERROR_BUSY, "the bootstrap server of context %s is being asked", r->context);
    if (!r->fn || trust_status(r->site->trust)->state != TRE_READY || !(r->message = secret_pages_new(MESSAGE_MAX)))
        return error_set(err, ERROR_NOT_READY, "what context %s has cannot be opened now", context);
    r->w = writer_make(r->message, MESSAGE_MAX);
    r->kind = r->nth = 0;
    (void)text_copy(r->context, sizeof r->context, context);
    if (!renewal_message_begin(&r->w, context)) {
        stop(r);
        return error_set(err, ERROR_INTERNAL, "no random octets");
    }
    log_notice("lwm2m", "context %s: its bootstrap server is asked again", context);
    next(r);
    return ERROR_NONE;
}
