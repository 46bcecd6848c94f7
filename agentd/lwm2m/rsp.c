/* SPDX-License-Identifier: Apache-2.0 */
/* The one action under way. Never begins a second one, never acts on what is not selected by name.
 *
 *   IDLE --enable--> ENABLING --done, failed--> IDLE
 *   IDLE --disable--> DISABLING --done, failed--> IDLE */
#include "lwm2m/rsp.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"

struct rsp {
    struct rsp_host host;
    enum rsp_state state;
    enum rsp_result result;
    char selected[RSP_ICCID];
};

static bool find(const struct rsp *r, struct slice iccid, struct rsp_profile *out)
{
    struct rsp_profile all[RSP_PROFILES];
    size_t count = rsp_profiles(r, all);
    for (size_t i = 0; i < count; i++)
        if (slice_is(iccid, all[i].iccid)) {
            *out = all[i];
            return true;
        }
    return false;
}

static void on_outcome(void *user, bool good)
{
    struct rsp *r = user;
    r->result = good ? RSP_DONE : r->state == RSP_ENABLING ? RSP_NOT_ENABLED : RSP_NOT_DISABLED;
    r->state = RSP_IDLE;
    r->host.changed(r->host.user);
}

bool rsp_update(struct rsp *r, uint16_t server, struct slice arguments)
{
    struct rsp_profile profile;
    bool enable = slice_is(arguments, "1");
    if (r->state != RSP_IDLE || (!enable && !slice_is(arguments, "2")))
        return false;
    if (!find(r, (struct slice){ (const uint8_t *)r->selected, strlen(r->selected) }, &profile) || !r->host.may(r->host.user, server, &profile, enable))
        return false;
    log_notice("rsp", "server %u %s %s", server, enable ? "enables" : "disables", profile.id);
    r->state = enable ? RSP_ENABLING : RSP_DISABLING;
    r->result = RSP_INITIAL;
    r->host.enable(r->host.user, profile.id, enable, on_outcome, r);
    return true;
}

bool rsp_may_select(const struct rsp *r, struct slice iccid)
{
    struct rsp_profile ignored;
    return iccid.len == 0 || find(r, iccid, &ignored);
}

void rsp_select(struct rsp *r, struct slice iccid)
{
    memset(r->selected, 0, sizeof r->selected);
    if (iccid.len && iccid.len < sizeof r->selected)
        memcpy(r->selected, iccid.data, iccid.len);
}

const char *rsp_selected(const struct rsp *r)
{
    return r->selected;
}

enum rsp_state rsp_state(const struct rsp *r)
{
    return r->state;
}

enum rsp_result rsp_result(const struct rsp *r)
{
    return r->result;
}

size_t rsp_profiles(const struct rsp *r, struct rsp_profile out[RSP_PROFILES])
{
    return r ? r->host.profiles(r->host.user, out) : 0;
}

struct rsp *rsp_new(const struct rsp_host *host)
{
    struct rsp *r = calloc(1, sizeof *r);
    if (r)
        r->host = *host;
    return r;
}

void rsp_free(struct rsp *r)
{
    free(r);
}
