/* SPDX-License-Identifier: Apache-2.0 */
/* Registrations over a restart. What the store has is removed before anything that it does not tell is answered to the server (a Register, an Observe), and
 * written anew a second later: a kill at any moment leaves either the registration as the server knows it, or none, and then there is a Register. */
#include <stdio.h>

#include "base/log.h"
#include "base/secret.h"
#include "bootstrap/service/kept.h"
#include "lwm2m/resume.h"

enum { KEY_MAX = STORE_NAME + 24, SEALED_MAX = LWM2M_REGISTRATION_MAX + 256 };

static const char *key_of(const char *id, char out[KEY_MAX])
{
    (void)snprintf(out, KEY_MAX, "lwm2m/%s/registration", id); /* the label of the sealed octets, too */
    return out;
}

void kept_registration_forget(struct service *s, const char *id)
{
    char key[KEY_MAX];
    store_octets_put(s->site->store, key_of(id, key), (struct slice){ 0 });
}

static bool put(struct entry *e, struct slice sealed)
{
    struct error err = { 0 };
    struct site *site = e->service->site;
    char key[KEY_MAX];
    if (store_begin(site->store, &err) == ERROR_NONE) {
        store_octets_put(site->store, key_of(e->id, key), sealed);
        (void)store_commit(site->store, &err);
    }
    if (err.code)
        site_report(site, "lwm2m", 0, &err);
    return !err.code;
}

/* From inside a request, too: nothing here calls the client. */
static void on_changed(void *user)
{
    struct entry *e = user;
    kept_registration_end(e);
    if (e->kept)
        e->kept = !put(e, (struct slice){ 0 });
    e->changed = true;
    kept_change(e->service);
}

static void on_sealed(void *user, enum error_code status, struct slice sealed)
{
    struct entry *e = user;
    e->sealing = 0;
    if (status)
        log_info("lwm2m", "%s: the registration is not kept: %s", e->id, error_text(status));
    else
        e->kept = put(e, sealed);
}

void kept_registration_save(struct entry *e)
{
    char label[KEY_MAX];
    uint8_t *octets = e->changed && !e->sealing ? secret_pages_new(LWM2M_REGISTRATION_MAX) : NULL;
    if (!octets)
        return;
    struct writer w = writer_make(octets, LWM2M_REGISTRATION_MAX);
    e->changed = false; /* one that is not complete tells when it is */
    if (lwm2m_client_write_registration(e->client, &w))
        e->sealing = trust_seal(e->service->site->trust, key_of(e->id, label), writer_slice(&w), on_sealed, e);
    secret_pages_free(octets, LWM2M_REGISTRATION_MAX);
}

static void on_opened(void *user, enum error_code status, struct slice octets)
{
    struct entry *e = user;
    e->call = 0;
    if (status || !lwm2m_client_read_registration(e->client, octets))
        log_notice("lwm2m", "%s: what is kept of its registration cannot be used; it registers anew", e->id);
    service_release(e->service);
}

void kept_registration_join(struct entry *e)
{
    struct site *site = e->service->site;
    uint8_t sealed[SEALED_MAX];
    char key[KEY_MAX];
    size_t len;
    lwm2m_client_watch(e->client, on_changed, e);
    e->kept = store_octets_get(site->store, key_of(e->id, key), sealed, sizeof sealed, &len);
    e->changed = !e->kept;
    if (e->kept && e->waits)
        e->call = trust_unseal(site->trust, key, (struct slice){ sealed, len }, on_opened, e);
}

void kept_registration_end(struct entry *e)
{
    if (e->sealing)
        trust_cancel(e->service->site->trust, e->sealing);
    e->sealing = 0;
}

bool kept_registration_stands(const struct entry *e)
{
    return e->kept && !e->changed && !e->sealing;
}
