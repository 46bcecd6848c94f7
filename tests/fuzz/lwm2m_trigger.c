/* SPDX-License-Identifier: Apache-2.0 */
/* Target: a LwM2M trigger. What is accepted is exactly the one CoAP message that says so (RFC 7252 clause 3, written here anew). */
#include <string.h>

#include "codec/lwm2m_trigger.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct lwm2m_trigger t;
    struct error err = { 0 };
    enum error_code rc = lwm2m_trigger_parse((struct slice){ data, size }, &t, &err);
    fuzz_check_error(rc, &err);
    if (rc)
        return 0;
    char instance[8];
    uint8_t want[32] = { (uint8_t)(0x40 | t.token_len), 0x02, (uint8_t)(t.message_id >> 8), (uint8_t)t.message_id };
    int digits = snprintf(instance, sizeof instance, "%u", t.instance);
    size_t at = 4;
    FUZZ_ASSERT(t.token_len <= sizeof t.token && digits > 0);
    memcpy(&want[at], t.token, t.token_len);
    at += t.token_len;
    want[at++] = 0xB1; /* Uri-Path of one octet */
    want[at++] = '1';
    want[at++] = (uint8_t)digits;
    memcpy(&want[at], instance, (size_t)digits);
    at += (size_t)digits;
    want[at++] = 0x01;
    want[at++] = (uint8_t)('0' + (int)t.kind);
    FUZZ_ASSERT(at == size && memcmp(want, data, size) == 0);
    return 0;
}
