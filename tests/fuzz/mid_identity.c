/* SPDX-License-Identifier: Apache-2.0 */
/* Target: the files of a MID as its identities. Every text goes into headers: printable, no blank, no quote; IMPI with a domain; a name of the BSF. */
#include <string.h>

#include "codec/mid_identity.h"
#include "fuzz.h"

static void check_text(const char *s)
{
    FUZZ_ASSERT(strlen(s) <= MID_IDENTITY_TEXT);
    for (const char *p = s; *p; p++)
        FUZZ_ASSERT(*p > 0x20 && *p < 0x7f && *p != '"' && *p != '\\');
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    for (int type = MID_USIM; type <= MID_ISIM; type++) {
        static struct mid_identity id;
        struct error err = { 0 };
        enum error_code rc = mid_identity_take((enum mid_type)type, (struct slice){ data, size }, &id, &err);
        fuzz_check_error(rc, &err);
        check_text(id.impi);
        check_text(id.domain);
        check_text(id.bsf);
        FUZZ_ASSERT(id.impus <= MID_IDENTITY_IMPUS && (type == MID_ISIM || id.impus == 0));
        for (size_t i = 0; i < id.impus; i++) {
            check_text(id.impu[i]);
            FUZZ_ASSERT(id.impu[i][0]);
        }
        FUZZ_ASSERT(rc ? !id.impi[0] : strchr(id.impi, '@') && strncmp(id.bsf, "bsf.", 4) == 0);
    }
    char iccid[MID_ICCID];
    bool good = mid_iccid_take((struct slice){ data, size }, iccid);
    FUZZ_ASSERT(good ? strlen(iccid) >= 18 && strspn(iccid, "0123456789") == strlen(iccid) : !iccid[0]);
    return 0;
}
