/* SPDX-License-Identifier: Apache-2.0 */
/* The oracle over settings: counts within the arrays, what has no field of its own whole, and each part through its record and back. */
#include <string.h>

#include "fuzz.h"
#include "model/settings_octets.h"

static uint8_t out[SETTINGS_OCTETS_MAX];

void fuzz_check_settings(const struct settings *s)
{
    FUZZ_ASSERT(s->napdefs <= SETTINGS_NAPDEFS && s->dms <= SETTINGS_DM && s->lwm2ms <= SETTINGS_LWM2M);
    struct leftover_parm p;
    size_t at = 0;
    while (leftover_next(&s->leftover, &at, &p))
        FUZZ_ASSERT(p.path.len > 0 && p.path.len < LEFTOVER_PATH_MAX && p.value.len <= PROV_MAX_VALUE);
    FUZZ_ASSERT(at == s->leftover.len && at <= LEFTOVER_MAX);
    for (size_t i = 0; i < s->napdefs; i++) {
        struct napdef again;
        struct writer w = writer_make(out, sizeof out);
        FUZZ_ASSERT(s->napdef[i].napid[0] && s->napdef[i].apn[0] && settings_napdef(s, s->napdef[i].napid) == &s->napdef[i]);
        napdef_write(&w, &s->napdef[i]);
        FUZZ_ASSERT(napdef_read(writer_slice(&w), &again) && strcmp(again.apn, s->napdef[i].apn) == 0 && again.validities == s->napdef[i].validities);
    }
    for (size_t i = 0; i < s->dms; i++) {
        struct dm_account again;
        struct writer w = writer_make(out, sizeof out);
        FUZZ_ASSERT(s->dm[i].server_id[0] && strncmp(s->dm[i].uri, "https://", 8) == 0);
        dm_account_write(&w, &s->dm[i]);
        FUZZ_ASSERT(dm_account_read(writer_slice(&w), &again) && strcmp(again.uri, s->dm[i].uri) == 0 && again.napids == s->dm[i].napids);
    }
}
