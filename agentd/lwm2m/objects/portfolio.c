/* SPDX-License-Identifier: Apache-2.0 */
/* Object 16, Portfolio (OMA-TS-LWM2M_Portfolio 1.0): names that the owner of the gateway gives it (host device id, manufacturer, model, software version).
 * Servers create and delete instances. */
#include <string.h>

#include "base/log.h"
#include "lwm2m/objects/access_control.h"
#include "lwm2m/objects/objects.h"

static bool next_instance(struct objects *o, size_t index, uint16_t *id)
{
    for (uint16_t i = 0; i < PORTFOLIOS; i++)
        if (o->servers->portfolio[i].used && index-- == 0) {
            *id = i;
            return true;
        }
    return false;
}

static bool create(struct objects *o, uint16_t id)
{
    if (id >= PORTFOLIOS)
        return false;
    o->servers->portfolio[id] = (struct portfolio){ .used = true };
    return true;
}

static bool remove_instance(struct objects *o, uint16_t id)
{
    o->servers->portfolio[id].used = false;
    return true;
}

/* Its own, or one that a server made there which lets it write; else a free one. PORTFOLIOS: none. */
static uint16_t place_for(struct objects *o, uint16_t id)
{
    const struct portfolio *all = o->servers->portfolio;
    if (!all[id].used || access_may(o, object_portfolio.id, id, ACCESS_WRITE))
        return id;
    for (id = 0; id < PORTFOLIOS && all[id].used;)
        id++;
    return id;
}

void portfolio_move(struct objects *o, struct servers *from)
{
    for (uint16_t i = 0; i < PORTFOLIOS; i++) {
        uint16_t id = from->portfolio[i].used ? place_for(o, i) : PORTFOLIOS;
        if (from->portfolio[i].used && id == PORTFOLIOS)
            log_warning("lwm2m", "server %u: no place for what it wrote to /16/%u", o->self->short_server_id, i);
        if (id == PORTFOLIOS)
            continue;
        if (!o->servers->portfolio[id].used)
            access_created(o, object_portfolio.id, id);
        o->servers->portfolio[id] = from->portfolio[i];
        from->portfolio[i].used = false;
    }
}

static bool read_identity(struct spot *s, struct value *v)
{
    struct portfolio *p = &s->o->servers->portfolio[s->instance];
    size_t left = s->index;
    for (uint16_t i = 0; i < PORTFOLIO_IDENTITIES; i++)
        if (p->identity[i][0] && left-- == 0) {
            s->id = i;
            *v = value_text(p->identity[i]);
            return true;
        }
    return false;
}

static bool check_identity(const struct value *v)
{
    return v->octets.len > 0 && v->octets.len <= PORTFOLIO_TEXT && !memchr(v->octets.data, 0, v->octets.len);
}

static void write_identity(struct spot *s, const struct value *v)
{
    struct portfolio *p = &s->o->servers->portfolio[s->instance];
    if (!v) {
        memset(p->identity, 0, sizeof p->identity);
    } else if (s->id < PORTFOLIO_IDENTITIES) {
        memcpy(p->identity[s->id], v->octets.data, v->octets.len);
        p->identity[s->id][v->octets.len] = '\0';
    }
}

static bool has_identity(const struct objects *o, uint16_t instance, uint16_t id)
{
    (void)o;
    (void)instance;
    return id < PORTFOLIO_IDENTITIES;
}

static const struct resource resources[] = {
    { 0, VALUE_STRING, OPERATION_READ | OPERATION_WRITE, .multiple = true, .mandatory = true, .read = read_identity, .check = check_identity, .write = write_identity,
      .may_have = has_identity },
};

const struct object object_portfolio = { .id = 16, .resources = resources, .count = sizeof resources / sizeof resources[0], .kept = true, .instance = next_instance,
                                         .create = create, .remove = remove_instance };
