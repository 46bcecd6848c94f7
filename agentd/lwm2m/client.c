/* SPDX-License-Identifier: Apache-2.0 */
/* The public face of the room: makes, feeds and frees a client. Decides nothing: registration.c does. */
#include <stdlib.h>
#include <string.h>

#include "base/secret.h"
#include "lwm2m/interfaces.h"
#include "lwm2m/objects/access_control.h"
#include "lwm2m/resume.h"
#include "lwm2m/way.h"

static bool take_account(struct lwm2m_client *c, const struct lwm2m_account *account, const struct lwm2m_rules *rules, struct error *err)
{
    if (account->short_server_id == 0 || account->short_server_id == LWM2M_NO_ID)
        error_set(err, ERROR_INVALID, "short server id %u", account->short_server_id);
    else if (!account->endpoint[0])
        error_set(err, ERROR_INCOMPLETE, "server %u: no endpoint name", account->short_server_id);
    else if (account->lifetime == 0)
        error_set(err, ERROR_INVALID, "server %u: lifetime 0", account->short_server_id);
    else
        c->endpoint = endpoint_new(account, rules, err);
    return c->endpoint != NULL;
}

struct lwm2m_client *lwm2m_client_new(const struct loop *loop, const struct lwm2m_account *account, const struct lease *lease,
                                      const struct lwm2m_device *device, lwm2m_state_fn *fn, void *user, struct error *err)
{
    struct lwm2m_client *c = calloc(1, sizeof *c);
    if (!c || !(c->own = lwm2m_servers_new())) {
        lwm2m_client_free(c);
        error_set(err, ERROR_NO_MEMORY, "LwM2M client");
        return NULL;
    }
    if (!take_account(c, account, device->rules, err)) {
        lwm2m_client_free(c);
        return NULL;
    }
    c->loop = loop;
    c->device = *device;
    c->fn = fn;
    c->user = user;
    c->generation = 1;
    c->server = (struct server_values){ .instance = account->server_instance.id, .short_server_id = account->short_server_id, .lifetime = account->lifetime, .set = account->server,
                                         .stream = transport_is_reliable(c->endpoint->transport), .client = c };
    c->objects = (struct objects){ .self = &c->server, .device = &c->device };
    registration_speak(c, device->version);
    lwm2m_client_join(c, c->own);
    lwm2m_client_set_lease(c, lease);
    return c;
}

void lwm2m_client_set_lease(struct lwm2m_client *c, const struct lease *lease)
{
    if (lease)
        c->lease = *lease;
    c->leased = lease != NULL;
    c->attempts = 0;
    registration_post(c, lease ? EVENT_LEASE : EVENT_NO_LEASE, 0);
}

void lwm2m_client_update(struct lwm2m_client *c)
{
    c->attempts = 0;
    registration_post(c, EVENT_UPDATE, 0);
}

void lwm2m_client_watch(struct lwm2m_client *c, void (*fn)(void *user), void *user)
{
    c->watcher = fn;
    c->watcher_user = user;
}

uint16_t lwm2m_client_server_id(const struct lwm2m_client *c)
{
    return c->server.short_server_id;
}

const struct endpoint *lwm2m_client_endpoint(const struct lwm2m_client *c)
{
    return c->endpoint;
}

uint16_t lwm2m_client_instance(const struct lwm2m_client *c)
{
    return c->server.instance;
}

bool lwm2m_client_triggered(const struct lwm2m_client *c)
{
    return server_value(&c->server, SERVER_TRIGGER, true);
}

void lwm2m_client_disable(struct lwm2m_client *c, uint32_t seconds)
{
    c->disable_s = seconds ? seconds : UINT32_MAX;
    registration_post(c, EVENT_DISABLE, 0);
}

void lwm2m_client_changed(struct lwm2m_client *c)
{
    access_sync(&c->objects);
    reporting_changed(c);
    registration_changed(c);
    send_connection(c);
}

static bool keep_nothing(void *user)
{
    (void)user;
    return false;
}

void lwm2m_client_stop(struct lwm2m_client *c, void (*fn)(void *user), void *user)
{
    c->fn = NULL; /* its user may be gone before the server has answered */
    registration_unsettle(c);
    c->watcher = NULL;
    c->stopped = fn;
    c->stopped_user = user;
    servers_leave(c); /* it is none of the gateway's servers any more, though its session is still there: */
    lwm2m_servers_watch(c->own, keep_nothing, NULL, NULL);
    registration_post(c, EVENT_STOP, 0);
}

void lwm2m_client_free(struct lwm2m_client *c)
{
    if (!c)
        return;
    if (c->objects.servers)
        servers_leave(c); /* may post an Update */
    if (c->loop) {
        registration_close(c);
        loop_cancel(c->loop, &c->step_timer);
    }
    resume_forget(c);
    lwm2m_servers_free(c->own);
    endpoint_free(c->endpoint);
    secret_zero(c, sizeof *c);
    free(c);
}

void lwm2m_client_leave_be(struct lwm2m_client *c)
{
    if (c->link)
        coap_link_hush(c->link);
    lwm2m_client_free(c);
}

const char *lwm2m_state_name(enum lwm2m_state s)
{
    static const char *const names[] = { "idle", "connecting", "registered", "retrying", "disabled", "asleep" };
    return (size_t)s < sizeof names / sizeof names[0] ? names[s] : "idle";
}
