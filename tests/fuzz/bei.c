/* SPDX-License-Identifier: Apache-2.0 */
/* Target: an instruction, its envelope and then (as if it were authentic) its payload, which must write back to the same octets. */
#include "codec/bei.h"

#include "fuzz.h"

static void payload_oracle(struct slice payload)
{
    struct bei b;
    struct error err = { 0 };
    uint8_t again[BEI_OCTETS_MAX];
    enum error_code rc = bei_read(payload, &b, &err);
    fuzz_check_error(rc, &err);
    if (rc)
        return;
    for (size_t i = 0; i < b.trusts; i++)
        fuzz_check_inside(b.trust[i].value, payload.data, payload.len);
    struct writer w = writer_make(again, sizeof again);
    bei_write(&w, &b);
    FUZZ_ASSERT(slice_equal(writer_slice(&w), payload));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bei_envelope v;
    struct error err = { 0 };
    uint8_t covered[BEI_OCTETS_MAX + 64];
    enum error_code rc = bei_open((struct slice){ data, size }, &v, &err);
    fuzz_check_error(rc, &err);
    if (rc)
        return 0;
    fuzz_check_inside(v.payload, data, size);
    fuzz_check_inside(v.kid, data, size);
    fuzz_check_inside(v.proof, data, size);
    struct writer w = writer_make(covered, sizeof covered);
    bei_put_authenticated(&w, &v);
    FUZZ_ASSERT(!w.failed);
    payload_oracle(v.payload);
    return 0;
}
