/* SPDX-License-Identifier: Apache-2.0 */
/* Bounded writer; the invariant is len <= cap at all times. */
#include "base/writer.h"

#include <string.h>

static void big_endian(struct writer *w, uint64_t v, size_t len)
{
    uint8_t b[8];
    for (size_t i = 0; i < len; i++)
        b[i] = (uint8_t)(v >> (8 * (len - 1 - i)));
    writer_put(w, b, len);
}

void writer_u16(struct writer *w, uint16_t v)
{
    big_endian(w, v, 2);
}

void writer_u32(struct writer *w, uint32_t v)
{
    big_endian(w, v, 4);
}

void writer_u64(struct writer *w, uint64_t v)
{
    big_endian(w, v, 8);
}

void writer_uintvar(struct writer *w, uint32_t v)
{
    uint8_t b[5];
    size_t n = 0;
    do {
        b[n] = (uint8_t)((v & 0x7f) | (n ? 0x80 : 0));
        n++;
    } while ((v >>= 7));
    while (n)
        writer_u8(w, b[--n]);
}

void writer_text(struct writer *w, const char *text)
{
    writer_put(w, text, strlen(text));
}
