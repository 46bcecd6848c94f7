/* SPDX-License-Identifier: Apache-2.0 */
/* One account after the other. A key is in the settings, which are wiped, and nowhere else. */
#include "bootstrap/execution/lwm2m_keys.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "bootstrap/service/account_key.h"
#include "model/fields.h"

enum { KEY_MIN = 16 };

struct lwm2m_keys {
    struct site *site;
    struct settings *settings;
    size_t at;
    uint32_t call;
    struct account_key *made;
    uint64_t timer;
    void (*fn)(void *user, const struct error *error);
    void *user;
};

static void next(void *user);

static void end(struct lwm2m_keys *k, const struct error *error)
{
    k->fn(k->user, error);
    lwm2m_keys_cancel(k);
}

static enum error_code take_key(struct slice octets, struct lwm2m_account *a)
{
    struct reader r = reader_make(octets.data, octets.len);
    struct slice key = fields_take(&r);
    if (!reader_done(&r) || key.len < KEY_MIN || key.len > sizeof a->key)
        return ERROR_PROTOCOL;
    memcpy(a->key, key.data, key.len);
    a->key_len = key.len;
    a->key_from = LWM2M_KEY_OWN;
    return ERROR_NONE;
}

static void on_key(void *user, enum error_code status, struct slice octets)
{
    struct lwm2m_keys *k = user;
    struct lwm2m_account *a = &k->settings->lwm2m[k->at];
    struct error e;
    k->call = 0;
    bool derived = a->key_from == LWM2M_KEY_DERIVED;
    if (!status)
        status = take_key(octets, a);
    if (status) {
        error_set(&e, status, "key of %.100s %s: %s", a->uri, derived ? "by derivation key" : "by its name in the TRE",
                  status == ERROR_NOT_READY ? "the factory gave no derivation_key" : status == ERROR_NOT_FOUND ? "the factory gave no such psk" : error_text(status));
        end(k, &e);
        return;
    }
    k->at++;
    next(k);
}

static void on_made(void *user, const struct error *error)
{
    struct lwm2m_keys *k = user;
    k->made = NULL;
    if (error) {
        end(k, error);
        return;
    }
    k->at++;
    next(k);
}

static void next(void *user)
{
    struct lwm2m_keys *k = user;
    struct settings *s = k->settings;
    k->timer = 0;
    while (k->at < s->lwm2ms && s->lwm2m[k->at].key_from == LWM2M_KEY_OWN && !account_key_is_made(&s->lwm2m[k->at]))
        k->at++;
    if (k->at == s->lwm2ms) {
        end(k, NULL);
        return;
    }
    struct lwm2m_account *a = &s->lwm2m[k->at];
    if (account_key_is_made(a)) {
        bool anew = a->short_server_id == 0; /* a bootstrap server is asked seldom, and may not know the last B-TID any more */
        k->made = account_key_fill(k->site, a, anew, on_made, k);
        return;
    }
    k->call = a->key_from == LWM2M_KEY_DERIVED ? trust_credentials(k->site->trust, TRE_CREDENTIALS_PSK, a->endpoint, a->key_ref, on_key, k)
                                               : trust_credentials(k->site->trust, TRE_CREDENTIALS_NAMED, a->key_ref, a->endpoint, on_key, k);
}

struct lwm2m_keys *lwm2m_keys_fill(struct site *site, struct settings *settings, void (*fn)(void *user, const struct error *error), void *user)
{
    struct lwm2m_keys *k = calloc(1, sizeof *k);
    if (!k)
        abort(); /* the agent restarts */
    *k = (struct lwm2m_keys){ .site = site, .settings = settings, .fn = fn, .user = user };
    for (size_t i = 0; i < settings->lwm2ms; i++) {
        struct lwm2m_account *a = &settings->lwm2m[i];
        if (!a->endpoint[0])
            (void)text_copy(a->endpoint, sizeof a->endpoint, site->factory.gateway_id);
        if (!a->identity[0] && !account_key_is_made(a))
            (void)text_copy(a->identity, sizeof a->identity, a->endpoint);
    }
    k->timer = loop_timer(site->loop, 0, next, k);
    return k;
}

void lwm2m_keys_cancel(struct lwm2m_keys *k)
{
    if (!k)
        return;
    loop_cancel(k->site->loop, &k->timer);
    if (k->call)
        trust_cancel(k->site->trust, k->call);
    account_key_cancel(k->made);
    free(k);
}
