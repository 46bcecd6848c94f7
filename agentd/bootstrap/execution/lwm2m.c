/* SPDX-License-Identifier: Apache-2.0 */
/* Owns the session; of the settings it changes the LwM2M accounts, and only when the server has finished. */
#include "bootstrap/execution/lwm2m.h"

#include <stdlib.h>
#include <string.h>

#include "base/secret.h"
#include "base/text.h"

struct lwm2m_execution {
    struct settings *settings;
    struct lwm2m_bootstrap *session;
    char endpoint[129];
    void (*fn)(void *user, const struct error *error);
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

static void on_finished(void *user, const struct error *error, const struct lwm2m_account *accounts, size_t count)
{
    struct lwm2m_execution *x = user;
    struct settings *s = x->settings;
    struct error e;
    if (!error && count + 1 > SETTINGS_LWM2M)
        error_set(&e, ERROR_TOO_LARGE, "the bootstrap server wrote %zu accounts; %d is the most", count, SETTINGS_LWM2M - 1);
    if (!error && count + 1 > SETTINGS_LWM2M)
        error = &e;
    for (size_t i = 0; !error && i < count; i++)
        s->lwm2m[i + 1] = accounts[i];
    if (!error) {
        s->lwm2ms = count + 1;
        memcpy(s->lwm2m[0].endpoint, x->endpoint, sizeof x->endpoint);
    }
    x->fn(x->user, error);
    lwm2m_bootstrap_free(x->session);
    free(x);
}

struct lwm2m_execution *lwm2m_execute(struct site *site, struct settings *settings, const struct lease *lease, void (*fn)(void *user, const struct error *error),
                                      void *user, struct error *err)
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
    *x = (struct lwm2m_execution){ .settings = settings, .fn = fn, .user = user };
    (void)text_copy(x->endpoint, sizeof x->endpoint, server->endpoint[0] ? server->endpoint : site->factory.gateway_id);
    struct lwm2m_bootstrap_task task = { .server = server, .installed = &settings->lwm2m[1], .installed_count = settings->lwm2ms - 1, .lease = lease,
                                         .endpoint = x->endpoint };
    x->session = lwm2m_bootstrap_new(site->loop, &task, on_finished, x, err);
    if (!x->session) {
        free(x);
        return NULL;
    }
    return x;
}

void lwm2m_execution_cancel(struct lwm2m_execution *x)
{
    if (!x)
        return;
    lwm2m_bootstrap_free(x->session);
    free(x);
}
