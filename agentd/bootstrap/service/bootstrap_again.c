/* SPDX-License-Identifier: Apache-2.0 */
/* A registration that failed for good: the bootstrap server of its context is asked again, no sooner than its wait allows. The wait is in the store before
 * anything goes out, so that no restart shortens it. */
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "bootstrap/service/room.h"

static const char *key_of(const char *context, char out[STORE_NAME + 24])
{
    (void)snprintf(out, STORE_NAME + 24, "lwm2m-fallback/%s", context);
    return out;
}

/* Of the context, as it was left; NULL: there is no such context. */
static struct fallback *row_of(struct service *s, const char *context)
{
    const struct factory_data *f = &s->site->factory;
    char key[STORE_NAME + 24], text[FALLBACK_TEXT];
    size_t i = 0;
    while (i < f->context_count && strcmp(f->contexts[i], context) != 0)
        i++;
    if (i == f->context_count)
        return NULL;
    struct fallback *row = &s->fallback[i];
    if (!row->wait_ms && store_value_get(s->site->store, key_of(context, key), text, sizeof text) && !fallback_get(row, text, s->begun))
        log_warning("lwm2m", "context %s: since when its bootstrap server was not asked is not readable", context);
    return row;
}

/* A job that runs, this one too, comes first; the next failure asks. */
void entry_fall_back(struct entry *e)
{
    struct service *s = e->service;
    struct fallback_time now = { loop_now(s->site->loop), clock_now(&s->site->clock) };
    struct fallback *row = row_of(s, e->context);
    char key[STORE_NAME + 24], text[FALLBACK_TEXT];
    struct error err;
    if (!row || s->bootstrapping || !service_bootstrap_entry(s, e->context))
        return;
    if (fallback_left(row, now)) {
        log_info("lwm2m", "%s: no bootstrap for another %llu s", e->id, (unsigned long long)(fallback_left(row, now) / 1000));
    } else if (renewal_begin(s->renewal, e->context, &err)) {
        log_warning("lwm2m", "%s: no bootstrap after the failed registration: %s", e->id, err.text);
    } else {
        log_notice("lwm2m", "%s: registration failed for good, so there is a bootstrap", e->id);
        fallback_asked(row, now);
        fallback_put(row, text);
        site_keep(s->site, key_of(e->context, key), text);
    }
}
