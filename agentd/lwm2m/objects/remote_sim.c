/* SPDX-License-Identifier: Apache-2.0 */
/* Object 504, Remote SIM Provisioning 1.0 (OMA registry): the identities that lwm2m/rsp.h shows, as profiles of one integrated SIM. Its provisioning is not that of the
 * GSMA, so the RSP type is "none"; what brings, deletes or resets identities belongs to their issuers and has no resource here. */
#include "lwm2m/rsp.h"

#include "lwm2m/objects/objects.h"

enum { SIM_INTEGRATED = 3 /* of 0 and 1 */, RSP_TYPE_NONE = 0 };

static struct rsp *rsp(const struct objects *o)
{
    return o->device->rsp;
}

static bool while_profiles(const struct objects *o)
{
    struct rsp_profile all[RSP_PROFILES];
    return rsp_profiles(rsp(o), all) > 0;
}

static bool put(int64_t number, struct value *v)
{
    *v = value_integer(VALUE_INTEGER, number);
    return true;
}

static bool read_type(struct spot *s, struct value *v)
{
    s->id = 0;
    return put(SIM_INTEGRATED, v) && s->index == 0;
}

/* Of the profile in use; the text lives as long as the answer is made. */
static bool read_provider(struct spot *s, struct value *v)
{
    static struct rsp_profile all[RSP_PROFILES];
    bool active = rsp_profiles(rsp(s->o), all) > 0 && all[0].active;
    *v = value_text(all[0].issuer);
    return active;
}

static bool execute_update(struct spot *s, struct slice arguments)
{
    return rsp_update(rsp(s->o), s->o->self->short_server_id, arguments);
}

static bool read_state(struct spot *s, struct value *v)
{
    return put(rsp_state(rsp(s->o)), v);
}

static bool read_result(struct spot *s, struct value *v)
{
    return put(rsp_result(rsp(s->o)), v);
}

/* The one in use is the first. */
static bool read_iccid(struct spot *s, struct value *v)
{
    static struct rsp_profile all[RSP_PROFILES]; /* as above */
    bool there = s->index < rsp_profiles(rsp(s->o), all);
    s->id = (uint16_t)s->index;
    *v = value_text(there ? all[s->index].iccid : "");
    return there;
}

static bool read_rsp_type(struct spot *s, struct value *v)
{
    (void)s;
    return put(RSP_TYPE_NONE, v);
}

static bool read_selected(struct spot *s, struct value *v)
{
    *v = value_text(rsp_selected(rsp(s->o)));
    return true;
}

static bool may_select(const struct objects *o, uint16_t instance, const struct value *v)
{
    (void)instance;
    return rsp_may_select(rsp(o), v->octets);
}

static void write_selected(struct spot *s, const struct value *v)
{
    rsp_select(rsp(s->o), v ? v->octets : (struct slice){ 0 });
}

enum { R = OPERATION_READ, RW = OPERATION_READ | OPERATION_WRITE, E = OPERATION_EXECUTE };

static const struct resource resources[] = {
    { 0, VALUE_INTEGER, R, .read = read_type },
    { 1, VALUE_INTEGER, R, .multiple = true, .read = read_type },
    { 2, VALUE_STRING, R, .read = read_provider },
    { 4, VALUE_NONE, E, .execute = execute_update },
    { 5, VALUE_INTEGER, R, .read = read_state },
    { 6, VALUE_INTEGER, R, .read = read_result },
    { 11, VALUE_STRING, R, .multiple = true, .read = read_iccid },
    { 13, VALUE_INTEGER, R, .read = read_rsp_type },
    { 14, VALUE_STRING, RW, .read = read_selected, .allowed = may_select, .write = write_selected },
};

const struct object object_remote_sim = { .id = 504, .resources = resources, .count = sizeof resources / sizeof resources[0], .present = while_profiles };
