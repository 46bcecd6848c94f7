/* SPDX-License-Identifier: Apache-2.0 */
/* Target: BootstrappingInfo. What was read is within bounds, and written again in the plainest way it is read as the same. */
#include <inttypes.h>
#include <string.h>
#include <time.h>

#include "codec/gba_info.h"
#include "fuzz.h"

static void check_again(const struct gba_info *info)
{
    char doc[1024], ends[32];
    struct gba_info again;
    struct error err = { 0 };
    struct tm tm;
    time_t t = (time_t)info->ends;
    FUZZ_ASSERT(gmtime_r(&t, &tm) && strftime(ends, sizeof ends, "%Y-%m-%dT%H:%M:%SZ", &tm));
    if (strpbrk(info->btid, "<&"))
        return;
    int n = snprintf(doc, sizeof doc, "<BootstrappingInfo><btid>%s</btid><lifetime>%s</lifetime></BootstrappingInfo>", info->btid, ends);
    FUZZ_ASSERT(gba_info_read((struct slice){ (const uint8_t *)doc, (size_t)n }, &again, &err) == ERROR_NONE);
    FUZZ_ASSERT(strcmp(info->btid, again.btid) == 0 && info->ends == again.ends);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct gba_info info;
    struct error err = { 0 };
    enum error_code rc = gba_info_read((struct slice){ data, size }, &info, &err);
    fuzz_check_error(rc, &err);
    FUZZ_ASSERT(strlen(info.btid) <= GBA_INFO_BTID);
    FUZZ_ASSERT(rc ? !info.btid[0] : strchr(info.btid, '@') != NULL);
    if (!rc)
        check_again(&info);
    return 0;
}
