/* SPDX-License-Identifier: Apache-2.0 */
/* The oracle over the table of open messages: each part ever used is in one list, in order within its message, and counted there. */
#include "codec/sms_assembly.h"
#include "fuzz.h"

void fuzz_check_assembly(const struct sms_assembly *a)
{
    bool seen[SMS_PARTS] = { false };
    size_t parts = 0;
    for (size_t i = 0; i <= SMS_ASSEMBLIES; i++) {
        const struct sms_open *m = i < SMS_ASSEMBLIES ? &a->open[i] : NULL;
        size_t have = 0;
        for (uint8_t at = m ? m->first : a->freed, last = 0; at; at = a->part[at - 1].next) {
            FUZZ_ASSERT(at <= a->fresh && !seen[at - 1] && (!m || a->part[at - 1].seq > last));
            last = a->part[at - 1].seq;
            seen[at - 1] = true;
            have++;
        }
        FUZZ_ASSERT(!m || (have == m->have && have < SMS_PARTS && m->used == (have > 0)));
        parts += have;
    }
    FUZZ_ASSERT(parts == a->fresh);
}
