/* SPDX-License-Identifier: Apache-2.0 */
/* What LwM2M servers wrote: values of their accounts, attributes, rights, objects of the gateway. It is stored before the request is answered, all of a request in
 * one transaction; octets that the store has already are not written, so that a server that writes the same again wears no flash. What changes by itself (numbers
 * that instances are given, registrations with their observations) is stored a second later, all at once: without it a restart finds it anew. */
#include <stdio.h>

#include "base/log.h"
#include "bootstrap/service/kept.h"
#include "lwm2m/rights.h"

enum { SAVE_MS = 1000 };
#define RIGHTS_KEY "lwm2m-rights"

static const char *kept_key(const char *id, char *out, size_t cap)
{
    (void)snprintf(out, cap, "lwm2m/%s", id);
    return out;
}

static bool is_kept(struct service *s, const char *key, struct slice octets)
{
    uint8_t before[LWM2M_KEPT_MAX];
    size_t len;
    return store_octets_get(s->site->store, key, before, sizeof before, &len) && slice_equal((struct slice){ before, len }, octets);
}

/* begun: the transaction is open. It begins with the first octets that differ. */
static void put(struct service *s, const char *key, const struct writer *w, bool *begun, struct error *err)
{
    if (err->code || (!w->failed && is_kept(s, key, writer_slice(w))))
        return;
    if (w->failed)
        error_set(err, ERROR_TOO_LARGE, "what LwM2M servers wrote (%s)", key);
    else if (*begun || !store_begin(s->site->store, err)) {
        *begun = true;
        store_octets_put(s->site->store, key, writer_slice(w));
    }
}

static void put_all(struct service *s, bool *begun, struct error *err)
{
    uint8_t octets[LWM2M_KEPT_MAX];
    char key[STORE_NAME + 8];
    struct writer w = writer_make(octets, sizeof octets);
    lwm2m_servers_write(s->servers, &w);
    put(s, "lwm2m", &w, begun, err);
    for (size_t i = 0; i < ENTRIES; i++) {
        const struct entry *e = &s->entry[i];
        if (!e->used || e->trial || !e->client)
            continue;
        w = writer_make(octets, sizeof octets);
        lwm2m_client_write(e->client, &w);
        put(s, kept_key(e->id, key, sizeof key), &w, begun, err);
    }
}

enum error_code kept_commit(struct service *s, struct error *err)
{
    bool begun = true;
    *err = (struct error){ 0 };
    put_all(s, &begun, err);
    if (!err->code)
        return store_commit(s->site->store, err);
    store_rollback(s->site->store);
    return err->code;
}

bool kept_save(struct service *s)
{
    bool begun = false;
    struct error err = { 0 };
    put_all(s, &begun, &err);
    if (begun && err.code)
        store_rollback(s->site->store);
    else if (begun)
        (void)store_commit(s->site->store, &err);
    if (err.code)
        site_report(s->site, "lwm2m", 0, &err);
    return !err.code;
}

static void on_timer(void *user)
{
    struct service *s = user;
    s->save_timer = 0;
    (void)kept_save(s);
    for (size_t i = 0; i < ENTRIES; i++)
        if (s->entry[i].used && !s->entry[i].trial && s->entry[i].client)
            kept_registration_save(&s->entry[i]);
}

void kept_change(struct service *s)
{
    if (!s->save_timer)
        s->save_timer = loop_timer(s->site->loop, SAVE_MS, on_timer, s);
}

static bool on_servers_wrote(void *user)
{
    return kept_save(user);
}

static void on_servers_changed(void *user)
{
    kept_change(user);
}

void kept_join(struct entry *e)
{
    uint8_t octets[LWM2M_KEPT_MAX];
    char key[STORE_NAME + 8];
    size_t len;
    bool known = store_octets_get(e->service->site->store, kept_key(e->id, key, sizeof key), octets, sizeof octets, &len);
    if (known && !lwm2m_client_read(e->client, (struct slice){ octets, len }))
        log_warning("lwm2m", "%s: what its server wrote is not readable", e->id);
    lwm2m_client_join(e->client, e->service->servers);
    if (!known)
        lwm2m_servers_fresh(e->service->servers, lwm2m_client_instance(e->client));
    (void)kept_save(e->service); /* its instance, and what its server wrote while it was on trial */
    kept_registration_join(e);
    kept_change(e->service);
}

void kept_forget(struct service *s, const char *id)
{
    struct error err = { 0 };
    char key[STORE_NAME + 8];
    if (!store_begin(s->site->store, &err)) {
        store_octets_put(s->site->store, kept_key(id, key, sizeof key), (struct slice){ 0 });
        kept_registration_forget(s, id);
        (void)store_commit(s->site->store, &err);
    }
    if (err.code)
        site_report(s->site, "lwm2m", 0, &err);
}

void service_write_rights(struct site *site, const struct access_rights *rights)
{
    uint8_t octets[LWM2M_KEPT_MAX];
    struct writer w = writer_make(octets, sizeof octets);
    if (!rights || !rights->written)
        return;
    access_rights_write(&w, rights);
    store_octets_put(site->store, RIGHTS_KEY, writer_slice(&w));
}

/* One transaction: taken, and kept with what servers write from now on. */
void kept_take_rights(struct service *s)
{
    uint8_t octets[LWM2M_KEPT_MAX];
    struct access_rights rights;
    struct error err = { 0 };
    size_t len;
    if (!store_octets_get(s->site->store, RIGHTS_KEY, octets, sizeof octets, &len))
        return;
    if (access_rights_read((struct slice){ octets, len }, &rights))
        lwm2m_servers_set_rights(s->servers, &rights);
    else
        log_warning("lwm2m", "the rights that a bootstrap left are not readable");
    struct writer w = writer_make(octets, sizeof octets);
    lwm2m_servers_write(s->servers, &w);
    if (!store_begin(s->site->store, &err)) {
        store_octets_put(s->site->store, "lwm2m", writer_slice(&w));
        store_octets_put(s->site->store, RIGHTS_KEY, (struct slice){ 0 });
        (void)store_commit(s->site->store, &err);
    }
    if (err.code) /* both stay, and are taken at the next start */
        site_report(s->site, "lwm2m", 0, &err);
}

void kept_load(struct service *s)
{
    uint8_t octets[LWM2M_KEPT_MAX];
    size_t len;
    lwm2m_servers_hold(s->servers, true);
    if (store_octets_get(s->site->store, "lwm2m", octets, sizeof octets, &len) && !lwm2m_servers_read(s->servers, (struct slice){ octets, len }))
        log_warning("lwm2m", "rights and objects that servers wrote are not readable");
    kept_take_rights(s);
    lwm2m_servers_watch(s->servers, on_servers_wrote, on_servers_changed, s);
}

void kept_end(struct service *s)
{
    loop_cancel(s->site->loop, &s->save_timer);
    (void)kept_save(s);
    lwm2m_servers_watch(s->servers, NULL, NULL, NULL);
}
