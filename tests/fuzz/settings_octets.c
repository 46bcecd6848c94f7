/* SPDX-License-Identifier: Apache-2.0 */
/* Target: records of the store; the first octet chooses which. A record that is read is written as the same octets (an older version: as a record of now, which
 * reads as the same). */
#include <string.h>

#include "fuzz.h"
#include "model/settings_octets.h"

enum { VERSION_OFFSET = 0 };

static void check_octets(struct slice in, const struct writer *w, bool same_again)
{
    FUZZ_ASSERT(!w->failed && same_again);
    struct slice now = writer_slice(w);
    FUZZ_ASSERT(in.data[VERSION_OFFSET] < now.data[VERSION_OFFSET] || slice_equal(in, now));
}

#define CHECK(type, name) \
    static void check_##name(struct slice in) \
    { \
        static uint8_t out[SETTINGS_OCTETS_MAX]; \
        struct type value, again; \
        if (!name##_read(in, &value)) \
            return; \
        struct writer w = writer_make(out, sizeof out); \
        name##_write(&w, &value); \
        check_octets(in, &w, name##_read(writer_slice(&w), &again) && memcmp(&value, &again, sizeof value) == 0); \
    }
CHECK(napdef, napdef)
CHECK(dm_account, dm_account)
CHECK(lwm2m_account, lwm2m_account)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static void (*const checks[])(struct slice in) = { check_napdef, check_dm_account, check_lwm2m_account };
    if (size > 0)
        checks[data[0] % 3]((struct slice){ &data[1], size - 1 });
    return 0;
}
