/* SPDX-License-Identifier: Apache-2.0 */
/* Target: Package #0. All that it names lies inside the message, and written again it is the same octets: there is one way to say a thing. */
#include <string.h>

#include "codec/notification.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static uint8_t out[1 << 20];
    struct notification n;
    struct error err = { 0 };
    enum error_code rc = notification_parse((struct slice){ data, size }, &n, &err);
    fuzz_check_error(rc, &err);
    if (rc || size > sizeof out)
        return 0;
    fuzz_check_inside(n.trigger, data, size);
    fuzz_check_inside(n.server_id, data, size);
    fuzz_check_inside(n.vendor, data, size);
    FUZZ_ASSERT(n.digest.data == data && n.digest.len == NOTIFICATION_DIGEST && n.trigger.len == size - NOTIFICATION_DIGEST);
    struct writer w = writer_make(out, sizeof out);
    FUZZ_ASSERT(notification_write(&n, &w));
    FUZZ_ASSERT(w.len == size && memcmp(out, data, size) == 0);
    return 0;
}
