/* SPDX-License-Identifier: Apache-2.0 */
/* The life of a key that ends: made before the client begins, made anew shortly before its B-TID ends or when the server refuses it, with back-off. The client
 * that is in service stays until the other key is there. */
#include "bootstrap/service/room.h"

#include <stdlib.h>

#include "base/log.h"
#include "base/secret.h"

enum { FIRST_MS = 2 * 1000, LAST_MS = 15 * 60 * 1000, MARGIN_MS = 30 * 1000 };

static void close_opened(struct entry *e)
{
    secret_pages_free(e->opened, sizeof *e->opened);
    e->opened = NULL;
}

void entry_key_end(struct entry *e)
{
    struct site *site = e->service->site;
    loop_cancel(site->loop, &e->renew_timer);
    account_key_cancel(e->key);
    e->key = NULL;
    close_opened(e);
}

static void on_renew(void *user)
{
    struct entry *e = user;
    e->renew_timer = 0;
    if (e->trial || e->call || e->key)
        e->renew_timer = loop_timer(e->service->site->loop, FIRST_MS, on_renew, e); /* the job ends, or what is under way */
    else
        entry_unseal(e);
}

static void renew_in(struct entry *e, uint64_t ms)
{
    loop_cancel(e->service->site->loop, &e->renew_timer);
    e->renew_timer = loop_timer(e->service->site->loop, ms, on_renew, e);
}

static void back_off(struct entry *e)
{
    e->renew_delay_ms = e->renew_delay_ms ? e->renew_delay_ms * 2 : FIRST_MS;
    if (e->renew_delay_ms > LAST_MS)
        e->renew_delay_ms = LAST_MS;
    renew_in(e, e->renew_delay_ms);
}

void entry_key_again(struct entry *e)
{
    e->fresh = true;
    back_off(e);
}

/* The server ends a session at the end of the key's life (TS 33.220 clause 4.5.3): a tenth of it before, at least MARGIN_MS, or half of what is left. */
void entry_key_watch(struct entry *e, const struct lwm2m_account *account)
{
    uint64_t now = loop_now(e->service->site->loop), left = account->gba.ends_ms > now ? account->gba.ends_ms - now : 0;
    e->made = e->fresh = true;
    uint64_t margin = left / 10 > MARGIN_MS ? left / 10 : left / 2 < MARGIN_MS ? left / 2 : MARGIN_MS;
    renew_in(e, left - margin);
}

static void on_key(void *user, const struct error *error)
{
    struct entry *e = user;
    struct site *site = e->service->site;
    e->key = NULL;
    if (!error) {
        entry_open(e, e->opened);
        close_opened(e);
        return;
    }
    site_report(site, "lwm2m", 0, error);
    if (!e->client) {
        e->status = (struct lwm2m_status){ .state = LWM2M_RETRYING, .error = *error };
        entry_show(e, e->opened);
    }
    close_opened(e);
    back_off(e);
}

void entry_key_make(struct entry *e, const struct lwm2m_account *account)
{
    e->opened = secret_pages_new(sizeof *e->opened);
    if (!e->opened)
        abort(); /* the agent restarts */
    *e->opened = *account;
    log_info("lwm2m", "%s: a %skey is made", e->id, e->fresh ? "new " : "");
    e->key = account_key_fill(e->service->site, e->opened, e->fresh, on_key, e);
}
