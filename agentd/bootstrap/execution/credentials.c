/* SPDX-License-Identifier: Apache-2.0 */
/* Fills in and takes out. Whatever is not the account's own is in memory for one session; it is stored only if it is a factory account's password, which
 * from then on is the account's own. */
#include "bootstrap/execution/credentials.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/secret.h"
#include "base/text.h"
#include "codec/factory_credentials.h"
#include "model/fields.h"
#include "model/tre_wire.h"

struct credentials {
    struct site *site;
    struct dm_account *account;
    credentials_done_fn *fn;
    void *user;
    uint64_t timer;
    uint32_t call;
    struct error error; /* of what ended before the TRE was asked */
};

enum dm_secrets credentials_source(const struct dm_account *a)
{
    return a->secrets != DM_SECRETS_OWN ? a->secrets : a->client.secret[0] ? DM_SECRETS_OWN : DM_SECRETS_PIN;
}

void credentials_cancel(struct credentials *c)
{
    if (!c)
        return;
    loop_cancel(c->site->loop, &c->timer);
    if (c->call)
        trust_cancel(c->site->trust, c->call);
    free(c);
}

static void end(struct credentials *c, const struct error *err)
{
    c->call = 0;
    c->fn(c->user, err);
    credentials_cancel(c);
}

static void on_early(void *user)
{
    struct credentials *c = user;
    c->timer = 0;
    end(c, c->error.code ? &c->error : NULL);
}

/* --- what the TRE answers --- */

static bool take_pin(struct reader *r, struct dm_account *a)
{
    fields_take_text(r, a->client.secret, sizeof a->client.secret);
    fields_take_text(r, a->server.secret, sizeof a->server.secret);
    a->client.hashed = a->server.hashed = true;
    return reader_done(r);
}

static void take_nonce(struct reader *r, struct dm_credential *c)
{
    struct slice nonce = fields_take(r);
    if (nonce.len > sizeof c->nonce)
        reader_fail(r);
    else if (nonce.len)
        memcpy(c->nonce, nonce.data, nonce.len);
    c->nonce_len = r->failed ? 0 : nonce.len;
}

static bool take_keyed(struct reader *r, struct dm_account *a)
{
    fields_take_text(r, a->client.secret, sizeof a->client.secret);
    fields_take_text(r, a->server.secret, sizeof a->server.secret);
    take_nonce(r, &a->client);
    take_nonce(r, &a->server);
    return reader_done(r);
}

static void on_answer(void *user, enum error_code status, struct slice octets)
{
    struct credentials *c = user;
    struct reader r = reader_make(octets.data, octets.len);
    struct error e;
    bool pin = credentials_source(c->account) == DM_SECRETS_PIN;
    if (!status && !(pin ? take_pin(&r, c->account) : take_keyed(&r, c->account)))
        status = ERROR_PROTOCOL;
    if (status)
        error_set(&e, status, "credentials of %.64s by %s: %s", c->account->server_id, pin ? "device PIN" : "derivation key", error_text(status));
    end(c, status ? &e : NULL);
}

/* --- asking --- */

static void fill_published(struct credentials *c, enum factory_method method)
{
    struct dm_account *a = c->account;
    struct factory_credentials f;
    const char *imei = c->site->factory.imei;
    if (!c->site->published_credentials) {
        error_set(&c->error, ERROR_POLICY, "credentials of %.64s by %s: anyone can compute them, and agentd.conf does not allow them", a->server_id,
                  factory_method_name(method));
    } else if (!factory_credentials(method, (struct slice){ NULL, 0 }, imei, a->server_id, &f)) {
        error_set(&c->error, ERROR_INCOMPLETE, "credentials of %.64s: the factory data has no imei", a->server_id);
    } else {
        log_warning("factory", "account %.64s has weak credentials (%s); the server must replace them in the first session", a->server_id,
                    factory_method_name(method));
        (void)text_copy(a->client.name, sizeof a->client.name, f.user);
        (void)text_copy(a->client.secret, sizeof a->client.secret, f.client);
        (void)text_copy(a->server.secret, sizeof a->server.secret, f.server);
        memcpy(a->client.nonce, f.client_nonce, f.nonce_len);
        memcpy(a->server.nonce, f.server_nonce, f.nonce_len);
        a->client.nonce_len = a->server.nonce_len = f.nonce_len;
    }
    secret_zero(&f, sizeof f);
    c->timer = loop_timer(c->site->loop, 0, on_early, c);
}

/* A session by PIN proves H(name:PIN): basic would send the PIN itself. */
static void ask_pin(struct credentials *c)
{
    struct dm_account *a = c->account;
    if (!a->client.name[0])
        (void)text_copy(a->client.name, sizeof a->client.name, c->site->factory.gateway_id);
    if (!a->server.name[0])
        (void)text_copy(a->server.name, sizeof a->server.name, a->server_id);
    if (a->auth == DM_AUTH_BASIC)
        a->auth = DM_AUTH_MD5;
    c->call = trust_credentials(c->site->trust, TRE_CREDENTIALS_PIN, a->client.name, a->server.name, on_answer, c);
}

static void ask_keyed(struct credentials *c)
{
    const char *imei = c->site->factory.imei;
    if (!imei[0]) {
        error_set(&c->error, ERROR_INCOMPLETE, "credentials of %.64s: the factory data has no imei", c->account->server_id);
        c->timer = loop_timer(c->site->loop, 0, on_early, c);
        return;
    }
    (void)snprintf(c->account->client.name, sizeof c->account->client.name, "urn:imei:%s", imei);
    c->call = trust_credentials(c->site->trust, TRE_CREDENTIALS_KEYED, imei, c->account->server_id, on_answer, c);
}

struct credentials *credentials_fill(struct site *site, struct dm_account *account, credentials_done_fn *fn, void *user)
{
    struct credentials *c = calloc(1, sizeof *c);
    if (!c)
        abort(); /* the agent restarts */
    *c = (struct credentials){ .site = site, .account = account, .fn = fn, .user = user };
    switch (credentials_source(account)) {
    case DM_SECRETS_OWN:
        c->timer = loop_timer(site->loop, 0, on_early, c);
        break;
    case DM_SECRETS_PIN:
        ask_pin(c);
        break;
    case DM_SECRETS_KEYED:
        ask_keyed(c);
        break;
    case DM_SECRETS_FCS11384:
        fill_published(c, FACTORY_FCS11384);
        break;
    case DM_SECRETS_FCS14345:
        fill_published(c, FACTORY_FCS14345);
        break;
    }
    return c;
}

/* --- after the session --- */

static void forget(struct dm_credential *now)
{
    if (now->hashed)
        secret_zero(now->secret, sizeof now->secret);
    now->hashed = false;
}

enum error_code credentials_settle(struct dm_account *account, enum dm_secrets source, const struct dm_account *before, struct error *err)
{
    bool same_client = strcmp(account->client.secret, before->client.secret) == 0, same_server = strcmp(account->server.secret, before->server.secret) == 0;
    bool published = source == DM_SECRETS_FCS11384 || source == DM_SECRETS_FCS14345;
    account->secrets = DM_SECRETS_OWN;
    forget(&account->client);
    forget(&account->server);
    if (published && (same_client || same_server))
        return error_set(err, ERROR_POLICY, "server %.64s left weak factory credentials in place", account->server_id);
    if (source == DM_SECRETS_PIN && same_client != same_server)
        return error_set(err, ERROR_POLICY, "server %.64s replaced one of two secrets; the other is still the device PIN", account->server_id);
    return ERROR_NONE;
}
