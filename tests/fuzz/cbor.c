/* SPDX-License-Identifier: Apache-2.0 */
/* Target: CBOR. One item or failure; only the shortest form is read, so that what is read is written as the same octets. */
#include <string.h>

#include "codec/cbor.h"
#include "fuzz.h"

enum { DEPTH = 8, OUT_MAX = 64 * 1024 };

static bool simple; /* met one: it has no writer */

static void rewrite(struct reader *r, struct writer *w, unsigned depth)
{
    struct cbor_item item = cbor_take(r);
    uint64_t inside = 0;
    if (r->failed)
        return;
    switch (item.major) {
    case CBOR_UINT:
        cbor_put_uint(w, item.value);
        return;
    case CBOR_NINT:
        simple |= item.value > INT64_MAX; /* beyond int64_t */
        if (item.value <= INT64_MAX)
            cbor_put_int(w, -1 - (int64_t)item.value);
        return;
    case CBOR_BYTES:
        cbor_put_bytes(w, item.data.data, item.data.len);
        return;
    case CBOR_TEXT: {
        struct writer head = *w;
        cbor_put_bytes(w, item.data.data, item.data.len);
        if (!w->failed)
            head.data[head.len] = (uint8_t)(head.data[head.len] | 0x20); /* the octets may hold a NUL */
        return;
    }
    case CBOR_ARRAY:
        cbor_put_array(w, item.value);
        inside = item.value;
        break;
    case CBOR_MAP:
        cbor_put_map(w, item.value);
        inside = item.value > UINT32_MAX ? UINT64_MAX : item.value * 2;
        break;
    case CBOR_TAG:
        cbor_put_tag(w, item.value);
        inside = 1;
        break;
    case CBOR_SIMPLE:
        simple = true;
        return;
    }
    if (depth == 0 || item.major == CBOR_TAG ? depth == 0 : inside > 2 * (uint64_t)reader_left(r))
        reader_fail(r);
    for (uint64_t i = 0; i < inside && !r->failed; i++)
        rewrite(r, w, depth - 1);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static uint8_t out[OUT_MAX];
    struct reader r = reader_make(data, size), skipped = r;
    struct writer w = writer_make(out, sizeof out);
    if (size > OUT_MAX / 2)
        return 0;
    simple = false;
    rewrite(&r, &w, DEPTH);
    cbor_skip(&skipped, DEPTH);
    FUZZ_ASSERT(skipped.failed == r.failed);
    if (r.failed)
        return 0;
    FUZZ_ASSERT(skipped.pos == r.pos && r.pos > 0);
    FUZZ_ASSERT(simple || (w.len == r.pos && memcmp(out, data, w.len) == 0));
    return 0;
}
