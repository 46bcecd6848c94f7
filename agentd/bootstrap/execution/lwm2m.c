/* SPDX-License-Identifier: Apache-2.0 */
/* Owns the session; of the settings it changes the LwM2M accounts, and only when the server has finished. */
#include "bootstrap/execution/lwm2m.h"

#include <stdlib.h>
#include <string.h>

#include "base/secret.h"
#include "base/text.h"

enum { PATIENCE_MS = 780000 }; /* the step of a job ends after 15 min */

struct lwm2m_execution {
    struct site *site;
    struct settings *settings;
    struct lwm2m_bootstrap *session;
    char endpoint[129];
    void (*fn)(void *user, const struct error *error);
    void (*note)(void *user, const char *text);
    void *user;
};

/* The bootstrap server's account to the front; false if there is none. */
static bool bootstrap_server_first(struct settings *s)
{
    for (size_t i = 0; i < s->lwm2ms; i++)
        if (s->lwm2m[i].short_server_id == 0) {
            struct lwm2m_account server = s->lwm2m[i];
            s->lwm2m[i] = s->lwm2m[0];
            s->lwm2m[0] = server;
            secret_zero(&server, sizeof server);
            return true;
        }
    return false;
}

/* The bootstrap server's own account comes last, as it left it; its time-out begins now (Core TS 1.1.1 appendix E.1, resource 12). */
static void take_accounts(struct lwm2m_execution *x, const struct lwm2m_account *accounts, size_t count, const struct access_rights *rights)
{
    struct settings *s = x->settings;
    *settings_rights(s) = *rights;
    struct lwm2m_account *server = &s->lwm2m[0];
    *server = accounts[count - 1];
    memcpy(server->endpoint, x->endpoint, sizeof x->endpoint);
    server->purge_at = server->timeout ? site_wall_clock(x->site) + server->timeout : 0;
    for (size_t i = 0; i + 1 < count; i++)
        s->lwm2m[i + 1] = accounts[i];
    s->lwm2ms = count;
}

static void on_finished(void *user, const struct error *error, const struct lwm2m_account *accounts, size_t count, const struct access_rights *rights)
{
    struct lwm2m_execution *x = user;
    struct error e;
    if (!error && count > SETTINGS_LWM2M) {
        error_set(&e, ERROR_TOO_LARGE, "the bootstrap server wrote %zu accounts; %d is the most", count - 1, SETTINGS_LWM2M - 1);
        error = &e;
    }
    if (!error)
        take_accounts(x, accounts, count, rights);
    x->fn(x->user, error);
    lwm2m_bootstrap_free(x->session);
    free(x);
}

static void on_refused(void *user, const char *text)
{
    const struct lwm2m_execution *x = user;
    x->note(x->user, text);
}

struct lwm2m_execution *lwm2m_execute(struct site *site, struct settings *settings, const struct lease *lease, void (*fn)(void *user, const struct error *error),
                                      void (*note)(void *user, const char *text), void *user, struct error *err)
{
    if (!bootstrap_server_first(settings)) {
        error_set(err, ERROR_INCOMPLETE, "the settings hold no LwM2M bootstrap server");
        return NULL;
    }
    struct lwm2m_execution *x = calloc(1, sizeof *x);
    if (!x) {
        error_set(err, ERROR_NO_MEMORY, "LwM2M bootstrap");
        return NULL;
    }
    const struct lwm2m_account *server = &settings->lwm2m[0];
    *x = (struct lwm2m_execution){ .site = site, .settings = settings, .fn = fn, .note = note, .user = user };
    (void)text_copy(x->endpoint, sizeof x->endpoint, server->endpoint[0] ? server->endpoint : site->factory.gateway_id);
    struct lwm2m_rules rules = site_lwm2m_rules(site);
    struct lwm2m_bootstrap_task task = { .server = server, .installed = &settings->lwm2m[1], .installed_count = settings->lwm2ms - 1, .rights = settings->rights, .lease = lease,
                                         .endpoint = x->endpoint, .rules = &rules, .version = site->lwm2m_version, .pack = site->lwm2m_pack, .patience_ms = PATIENCE_MS,
                                         .note = on_refused };
    x->session = lwm2m_bootstrap_new(site->loop, &task, on_finished, x, err);
    if (!x->session) {
        free(x);
        return NULL;
    }
    return x;
}

uint64_t lwm2m_execution_wait_ms(const struct lwm2m_execution *x)
{
    return lwm2m_bootstrap_hold_off_ms(&x->settings->lwm2m[0]);
}

void lwm2m_execution_cancel(struct lwm2m_execution *x)
{
    if (!x)
        return;
    lwm2m_bootstrap_free(x->session);
    free(x);
}
