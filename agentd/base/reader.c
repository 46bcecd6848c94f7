/* SPDX-License-Identifier: Apache-2.0 */
/* Bounded reader; the invariant is pos <= in.len at all times. */
#include "base/reader.h"

#include <string.h>

struct slice reader_take(struct reader *r, size_t len)
{
    if (reader_left(r) < len) {
        reader_fail(r);
        return (struct slice){ NULL, 0 };
    }
    struct slice out = { len ? &r->in.data[r->pos] : NULL, len };
    r->pos += len;
    return out;
}

static uint64_t big_endian(struct reader *r, size_t len)
{
    struct slice s = reader_take(r, len);
    uint64_t v = 0;
    for (size_t i = 0; i < s.len; i++)
        v = v << 8 | s.data[i];
    return v;
}

uint16_t reader_u16(struct reader *r)
{
    return (uint16_t)big_endian(r, 2);
}

uint32_t reader_u32(struct reader *r)
{
    return (uint32_t)big_endian(r, 4);
}

uint64_t reader_u64(struct reader *r)
{
    return big_endian(r, 8);
}

uint32_t reader_uintvar_long(struct reader *r)
{
    uint64_t v = 0;
    for (int i = 0; i < 5; i++) {
        uint8_t b = reader_u8(r);
        v = v << 7 | (b & 0x7f);
        if (!(b & 0x80)) {
            if (v > UINT32_MAX)
                break;
            return r->failed ? 0 : (uint32_t)v;
        }
    }
    reader_fail(r);
    return 0;
}

struct slice reader_text(struct reader *r)
{
    size_t left = reader_left(r);
    const uint8_t *begin = left ? &r->in.data[r->pos] : NULL, *nul = left ? memchr(begin, 0, left) : NULL;
    if (!nul) {
        reader_fail(r);
        return (struct slice){ NULL, 0 };
    }
    size_t len = (size_t)(nul - begin);
    r->pos += len + 1;
    return (struct slice){ len ? begin : NULL, len };
}

bool slice_equal(struct slice a, struct slice b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
}
