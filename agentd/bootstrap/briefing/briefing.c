/* SPDX-License-Identifier: Apache-2.0 */
/* The way to the w7 server: TO-NAPID, else the first NAPDEF (ProvCont 4.6: first usable wins), else any uplink ("INTERNET" or no NAPDEF). */
#include "bootstrap/briefing/briefing.h"

#include <string.h>

enum error_code briefing_from_settings(const struct settings *s, struct briefing *out, struct error *err)
{
    const struct dm_account *a = &s->dm[0];
    *out = (struct briefing){ .mechanism = MECHANISM_OMADM, .needs_ip = true, .account = a };
    if (a->napid[0] && strcmp(a->napid, "INTERNET") != 0) {
        out->napdef = settings_napdef(s, a->napid);
        return out->napdef ? ERROR_NONE : error_set(err, ERROR_INCOMPLETE, "TO-NAPID %s names no NAPDEF of the document", a->napid);
    }
    if (!a->napid[0] && s->napdefs)
        out->napdef = &s->napdef[0];
    return ERROR_NONE;
}
