/* SPDX-License-Identifier: Apache-2.0 */
/* Target: LwM2M TLV. Items or an error; what is read and written again is shortest, reads as the same, and is not longer. */
#include <math.h>

#include "codec/lwm2m_tlv.h"
#include "fuzz.h"

enum { DEPTH = 3, OUT_MAX = 64 * 1024 };

static bool holds_items(enum tlv_kind kind)
{
    return kind == TLV_OBJECT_INSTANCE || kind == TLV_MULTIPLE_RESOURCE;
}

static void check_numbers(struct slice value)
{
    uint8_t out[16];
    int64_t integer, integer2;
    double number, number2;
    struct tlv_item item;
    bool has_integer = tlv_integer(value, &integer), has_float = tlv_float(value, &number);
    FUZZ_ASSERT(has_integer == (value.len == 1 || value.len == 2 || value.len == 4 || value.len == 8));
    FUZZ_ASSERT(has_float == (value.len == 4 || value.len == 8));
    struct writer w = writer_make(out, sizeof out);
    if (has_integer) {
        tlv_put_integer(&w, TLV_RESOURCE, 1, integer);
        struct reader r = reader_make(w.data, w.len);
        FUZZ_ASSERT(tlv_next(&r, &item) == ERROR_NONE && reader_done(&r) && tlv_integer(item.value, &integer2) && integer == integer2);
        FUZZ_ASSERT(item.value.len <= value.len);
    }
    w = writer_make(out, sizeof out);
    if (has_float && !isnan(number)) {
        tlv_put_float(&w, TLV_RESOURCE, 1, number);
        struct reader r = reader_make(w.data, w.len);
        FUZZ_ASSERT(tlv_next(&r, &item) == ERROR_NONE && reader_done(&r) && tlv_float(item.value, &number2));
        FUZZ_ASSERT(number <= number2 && number >= number2);
    }
}

/* Writes the items of in to w; false if they are none. */
static bool rewrite(struct slice in, struct writer *w, unsigned depth)
{
    struct reader r = reader_make(in.data, in.len);
    struct tlv_item item;
    while (reader_left(&r) > 0) {
        size_t before = r.pos, start = w->len;
        enum error_code rc = tlv_next(&r, &item);
        FUZZ_ASSERT(rc == ERROR_NONE || rc == ERROR_MALFORMED);
        if (rc)
            return false;
        FUZZ_ASSERT(r.pos > before && item.kind <= TLV_RESOURCE);
        fuzz_check_inside(item.value, in.data, in.len);
        check_numbers(item.value);
        if (holds_items(item.kind) && depth && rewrite(item.value, w, depth - 1)) {
            tlv_wrap(w, start, item.kind, item.id);
            continue;
        }
        w->len = start;
        tlv_put(w, item.kind, item.id, item.value.data, item.value.len);
    }
    return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static uint8_t first[OUT_MAX], second[OUT_MAX];
    struct writer w = writer_make(first, sizeof first), again = writer_make(second, sizeof second);
    if (size > OUT_MAX / 2 || !rewrite((struct slice){ data, size }, &w, DEPTH))
        return 0;
    FUZZ_ASSERT(!w.failed && w.len <= size);
    FUZZ_ASSERT(rewrite(writer_slice(&w), &again, DEPTH) && slice_equal(writer_slice(&w), writer_slice(&again)));
    return 0;
}
