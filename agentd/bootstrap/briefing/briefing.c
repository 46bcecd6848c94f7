/* SPDX-License-Identifier: Apache-2.0 */
/* The way to the w7 server: TO-NAPID, else the first NAPDEF (ProvCont 4.6: first usable wins), else any uplink ("INTERNET" or no NAPDEF). */
#include "bootstrap/briefing/briefing.h"

#include <string.h>

static bool asks_bootstrap_server(const struct settings *s)
{
    for (size_t i = 0; !s->renew && i < s->lwm2ms; i++)
        if (s->lwm2m[i].short_server_id != 0)
            return false;
    return true;
}

enum error_code briefing_from_settings(const struct settings *s, struct briefing *out, struct error *err)
{
    if (s->lwm2ms) { /* accounts are there before any session, or their bootstrap server is; the first NAPDEF is the way */
        *out = (struct briefing){ .mechanism = asks_bootstrap_server(s) ? MECHANISM_LWM2M : MECHANISM_DIRECT, .needs_ip = true, .napdef = s->napdefs ? &s->napdef[0] : NULL };
        return ERROR_NONE;
    }
    const struct dm_account *a = &s->dm[0];
    if (settings_is_bearer_only(s)) {
        *out = (struct briefing){ .mechanism = MECHANISM_BEARER, .needs_ip = true, .account = a, .napdef = &s->napdef[0] };
        return ERROR_NONE;
    }
    *out = (struct briefing){ .mechanism = MECHANISM_OMADM, .needs_ip = true, .account = a };
    for (size_t i = 0; i < a->napids && !out->napdef; i++)
        out->napdef = settings_napdef(s, a->napid[i]);
    if (out->napdef)
        return ERROR_NONE;
    for (size_t i = 0; i < a->napids; i++)
        if (strcmp(a->napid[i], "INTERNET") == 0)
            return ERROR_NONE;
    if (a->napids)
        return error_set(err, ERROR_INCOMPLETE, "TO-NAPID %s names no NAPDEF of the document", a->napid[0]);
    out->napdef = s->napdefs ? &s->napdef[0] : NULL;
    return ERROR_NONE;
}
