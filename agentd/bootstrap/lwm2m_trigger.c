/* SPDX-License-Identifier: Apache-2.0 */
/* The bound first, then the effect: a flood is counted and costs nothing but the counting. */
#include "bootstrap/lwm2m_trigger.h"

#include <stdlib.h>

#include "base/log.h"
#include "base/rate.h"
#include "codec/lwm2m_trigger.h"

struct lwm2m_triggers {
    struct site *site;
    struct service *service;
    struct rate rate;
};

static void count(struct lwm2m_triggers *t, const char *property)
{
    struct node *m = tree_manager(t->site->tree);
    const struct tree_value *v = node_get(m, property);
    node_set_number(m, property, (v ? v->number : 0) + 1);
}

static enum taken on_trigger(void *user, const struct trigger *trigger, struct error *err)
{
    struct lwm2m_triggers *t = user;
    struct lwm2m_trigger asked;
    if (lwm2m_trigger_parse(trigger->body, &asked, err))
        return TAKEN_REFUSED;
    t->rate.per_hour = t->site->lwm2m_triggers;
    if (t->rate.per_hour == 0) {
        error_set(err, ERROR_POLICY, "LwM2M triggers by push are switched off (lwm2m-triggers in agentd.conf)");
        return TAKEN_REFUSED;
    }
    if (!rate_take(&t->rate, loop_now(t->site->loop))) {
        count(t, "TriggersLimited");
        error_set(err, ERROR_RATE_LIMITED, "LwM2M %s trigger: more than %u an hour", lwm2m_trigger_name(asked.kind), t->rate.per_hour);
        return TAKEN_REFUSED;
    }
    enum error_code rc = asked.kind == LWM2M_TRIGGER_UPDATE ? service_update_instance(t->service, asked.instance, err)
                                                            : service_bootstrap_instance(t->service, asked.instance, err);
    if (rc)
        return TAKEN_REFUSED;
    log_notice("lwm2m", "%s trigger of instance %u carried out (%s)", lwm2m_trigger_name(asked.kind), asked.instance, trigger->source);
    count(t, "TriggersCarriedOut");
    return TAKEN_DONE;
}

struct lwm2m_triggers *lwm2m_triggers_new(struct site *site, struct service *service, struct conductor *conductor)
{
    struct lwm2m_triggers *t = calloc(1, sizeof *t);
    if (!t)
        return NULL;
    *t = (struct lwm2m_triggers){ .site = site, .service = service };
    conductor_take(conductor, TRIGGER_LWM2M, on_trigger, t);
    return t;
}

void lwm2m_triggers_free(struct lwm2m_triggers *t)
{
    free(t);
}
