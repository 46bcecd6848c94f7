/* SPDX-License-Identifier: Apache-2.0 */
/* Target: one SMS-DELIVER, then its reassembly in an assembly that lives on from input to input, as it does in the program. */
#include "codec/sms.h"
#include "codec/sms_assembly.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct sms_assembly assembly;
    static uint64_t now;
    struct sms_deliver s;
    struct error err = { 0 };
    struct slice whole;
    enum error_code rc = sms_deliver_parse((struct slice){ data, size }, &s, &err);
    fuzz_check_error(rc, &err);
    if (rc)
        return 0;
    fuzz_check_inside(s.sender, data, size);
    fuzz_check_inside(s.data, data, size);
    FUZZ_ASSERT(!s.binary || s.data.len <= 140);
    FUZZ_ASSERT(!s.concatenated || (s.seq >= 1 && s.seq <= s.total));
    now += 1000;
    if (s.binary && sms_assembly_add(&assembly, &s, now, &whole))
        FUZZ_ASSERT(whole.len <= sizeof assembly.whole);
    fuzz_check_assembly(&assembly);
    return 0;
}
