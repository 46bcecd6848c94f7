/* SPDX-License-Identifier: Apache-2.0 */
/* Target: the push header. Everything that it names lies inside the message, and the body ends where the message ends. */
#include "codec/wsp.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct wsp_push push;
    struct error err = { 0 };
    uint8_t mac[20];
    enum error_code rc = wsp_push_parse((struct slice){ data, size }, &push, &err);
    fuzz_check_error(rc, &err);
    if (rc)
        return 0;
    FUZZ_ASSERT(push.body.len > 0 && push.body.data + push.body.len == data + size);
    FUZZ_ASSERT(data[1] == 0x06 && push.tid == data[0]);
    fuzz_check_inside(push.media_text, data, size);
    fuzz_check_inside(push.mac_text, data, size);
    FUZZ_ASSERT(push.has_mac || push.mac_text.len == 0);
    FUZZ_ASSERT(push.sec <= 0x7f);
    rc = wsp_mac_decode(&push, mac, &err);
    fuzz_check_error(rc, &err);
    FUZZ_ASSERT(rc != ERROR_NONE || push.mac_text.len == 40);
    return 0;
}
