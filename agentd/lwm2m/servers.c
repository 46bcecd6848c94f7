/* SPDX-License-Identifier: Apache-2.0 */
/* Clients come to what they share and go: each gets an instance of object 1, object 2 follows. Also the order in which they register (Core TS 1.1.1 clause
 * 6.2.1.1). Owns no client. */
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "lwm2m/interfaces.h"
#include "lwm2m/objects/access_control.h"
#include "lwm2m/rights.h"

struct servers *lwm2m_servers_new(void)
{
    return calloc(1, sizeof(struct servers));
}

void lwm2m_servers_free(struct servers *s)
{
    free(s);
}

/* ---- coming and going ---- */

static void tell_all(struct servers *s)
{
    for (size_t i = 0; i < s->count; i++) {
        struct lwm2m_client *c = s->at[i]->client;
        access_sync(&c->objects);
        reporting_changed(c);
        registration_changed(c);
    }
}

static bool is_taken(const struct servers *s, uint16_t instance)
{
    for (size_t i = 0; i < s->count; i++)
        if (s->at[i]->instance == instance)
            return true;
    return false;
}

/* The instance of object 1 that it had before, or was given; the lowest free one if another server has that. And its place in the ascending list. */
static void insert(struct servers *s, struct server_values *v)
{
    size_t at = 0;
    if (is_taken(s, v->instance))
        for (v->instance = 0; is_taken(s, v->instance);)
            v->instance++;
    while (at < s->count && s->at[at]->instance < v->instance)
        at++;
    memmove(&s->at[at + 1], &s->at[at], (s->count - at) * sizeof s->at[0]);
    s->at[at] = v;
    s->count++;
}

static bool take_out(struct servers *s, const struct server_values *v)
{
    for (size_t i = 0; i < s->count; i++)
        if (s->at[i] == v) {
            memmove(&s->at[i], &s->at[i + 1], (--s->count - i) * sizeof s->at[0]);
            return true;
        }
    return false;
}

void lwm2m_client_join(struct lwm2m_client *c, struct servers *s)
{
    if (s->count == SERVERS_MAX) {
        log_warning("lwm2m", "server %u: one server more than %d", c->server.short_server_id, SERVERS_MAX);
        return;
    }
    struct servers *former = c->objects.servers;
    if (former)
        (void)take_out(former, &c->server);
    insert(s, &c->server);
    c->objects.servers = s;
    if (former)
        portfolio_move(&c->objects, former);
    tell_all(s);
}

void servers_leave(struct lwm2m_client *c)
{
    struct servers *s = c->objects.servers;
    if (s == c->own || !take_out(s, &c->server))
        return;
    c->objects.servers = NULL;
    lwm2m_client_join(c, c->own);
    tell_all(s);
    for (size_t i = 0; i < s->count; i++)
        servers_poke(s->at[i]->client);
}

void lwm2m_servers_forget(struct servers *s, uint16_t short_server_id)
{
    access_server_gone(s, short_server_id);
    tell_all(s);
}

void lwm2m_servers_fresh(struct servers *s, uint16_t instance)
{
    access_forget(s, object_server.id, instance);
    tell_all(s);
}

void lwm2m_servers_hold(struct servers *s, bool held)
{
    bool over = s->held && !held;
    s->held = held;
    if (over)
        tell_all(s);
}

void lwm2m_servers_set_rights(struct servers *s, const struct access_rights *rights)
{
    access_put(s, rights);
    tell_all(s);
}

bool lwm2m_rights_of(struct slice kept, struct access_rights *out)
{
    struct servers *s = lwm2m_servers_new();
    bool read = s && lwm2m_servers_read(s, kept);
    if (read)
        access_take(s, out);
    lwm2m_servers_free(s);
    return read;
}

void lwm2m_servers_watch(struct servers *s, bool (*keep)(void *user), void (*changed)(void *user), void *user)
{
    s->keep = keep;
    s->changed = changed;
    s->user = user;
}

/* ---- order ---- */

static bool is_registered(const struct lwm2m_client *c)
{
    return c->phase == PHASE_REGISTERED || c->phase == PHASE_UPDATING || c->phase == PHASE_ASLEEP;
}

/* Does one that comes before keep those behind it waiting? One without connectivity, or that is disabled, only if its failure blocks. */
static bool holds_up(const struct lwm2m_client *c)
{
    bool blocks = server_value(&c->server, SERVER_FAILURE_BLOCK, false);
    bool trying = c->leased && c->phase != PHASE_DISABLED && c->phase != PHASE_DISABLING && c->phase != PHASE_LEAVING;
    if (is_registered(c))
        return false;
    return blocks || (trying && !(c->attempts && retry_after(&c->server, c->attempts).sequence_over));
}

bool servers_turn(const struct lwm2m_client *c)
{
    const struct servers *s = c->objects.servers;
    if (!(c->server.set.written & 1u << SERVER_PRIORITY))
        return true;
    for (size_t i = 0; i < s->count; i++) {
        const struct server_values *v = s->at[i];
        if (v->set.written & 1u << SERVER_PRIORITY && v->set.value[SERVER_PRIORITY] < c->server.set.value[SERVER_PRIORITY] && holds_up(v->client))
            return false;
    }
    return true;
}

void servers_poke(const struct lwm2m_client *c)
{
    const struct servers *s = c->objects.servers;
    for (size_t i = 0; i < s->count; i++)
        if (s->at[i]->client->phase == PHASE_WAITING)
            registration_post(s->at[i]->client, EVENT_TURN, 0);
}
