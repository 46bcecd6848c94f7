/* SPDX-License-Identifier: Apache-2.0 */
/* CBOR heads (RFC 8949 section 3). Pure; promises that what is written reads back, and that only the shortest form is read. */
#include "codec/cbor.h"

#include <string.h>

enum { ONE = 24, TWO = 25, FOUR = 26, EIGHT = 27 };

void cbor_put_long_head(struct writer *w, enum cbor_major major, uint64_t v)
{
    uint8_t top = (uint8_t)((unsigned)major << 5);
    if (v <= 0xff) {
        writer_u8(w, top | ONE);
        writer_u8(w, (uint8_t)v);
    } else if (v <= 0xffff) {
        writer_u8(w, top | TWO);
        writer_u16(w, (uint16_t)v);
    } else if (v <= 0xffffffff) {
        writer_u8(w, top | FOUR);
        writer_u32(w, (uint32_t)v);
    } else {
        writer_u8(w, top | EIGHT);
        writer_u64(w, v);
    }
}

void cbor_put_uint(struct writer *w, uint64_t v)
{
    cbor_put_head(w, CBOR_UINT, v);
}

void cbor_put_int(struct writer *w, int64_t v)
{
    cbor_put_head(w, v < 0 ? CBOR_NINT : CBOR_UINT, v < 0 ? (uint64_t)(-1 - v) : (uint64_t)v);
}

void cbor_put_bytes(struct writer *w, const void *data, size_t len)
{
    cbor_put_head(w, CBOR_BYTES, len);
    writer_put(w, data, len);
}

void cbor_put_text(struct writer *w, const char *text)
{
    cbor_put_head(w, CBOR_TEXT, strlen(text));
    writer_text(w, text);
}

void cbor_put_string(struct writer *w, struct slice utf8)
{
    cbor_put_head(w, CBOR_TEXT, utf8.len);
    writer_put(w, utf8.data, utf8.len);
}

void cbor_put_array(struct writer *w, uint64_t items)
{
    cbor_put_head(w, CBOR_ARRAY, items);
}

void cbor_put_map(struct writer *w, uint64_t pairs)
{
    cbor_put_head(w, CBOR_MAP, pairs);
}

void cbor_put_tag(struct writer *w, uint64_t tag)
{
    cbor_put_head(w, CBOR_TAG, tag);
}

/* Section 3: the argument; a value that fits a shorter form is refused (4.2.1). */
static uint64_t take_argument(struct reader *r, uint8_t info)
{
    static const uint64_t least[] = { ONE, 0x100, 0x10000, 0x100000000 };
    if (info < ONE)
        return info;
    uint64_t v = info == ONE ? reader_u8(r) : info == TWO ? reader_u16(r) : info == FOUR ? reader_u32(r) : info == EIGHT ? reader_u64(r) : 0;
    if (info > EIGHT || v < least[info - ONE]) {
        reader_fail(r);
        return 0;
    }
    return v;
}

struct cbor_item cbor_take(struct reader *r)
{
    uint8_t head = reader_u8(r);
    struct cbor_item item = { .major = (enum cbor_major)(head >> 5) };
    if (item.major == CBOR_SIMPLE && (head & 0x1f) > ONE)
        reader_fail(r); /* floats and break */
    item.value = take_argument(r, head & 0x1f);
    if (item.major == CBOR_BYTES || item.major == CBOR_TEXT) {
        if (item.value > reader_left(r))
            reader_fail(r);
        item.data = reader_take(r, r->failed ? 0 : (size_t)item.value);
    }
    if (r->failed)
        return (struct cbor_item){ .major = CBOR_SIMPLE };
    return item;
}

void cbor_skip(struct reader *r, unsigned depth)
{
    struct cbor_item item = cbor_take(r);
    bool container = item.major == CBOR_ARRAY || item.major == CBOR_MAP || item.major == CBOR_TAG;
    if (!container)
        return;
    uint64_t items = item.major == CBOR_TAG ? 1 : item.value;
    if (depth == 0 || items > reader_left(r)) {
        reader_fail(r);
        return;
    }
    if (item.major == CBOR_MAP)
        items *= 2;
    for (uint64_t i = 0; i < items && !r->failed; i++)
        cbor_skip(r, depth - 1);
}
