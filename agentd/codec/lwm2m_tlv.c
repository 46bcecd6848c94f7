/* SPDX-License-Identifier: Apache-2.0 */
/* LwM2M TLV, both directions. Owns the bit layout of the type octet and nothing else: what an id means is for the object tables. Never
 * allocates, never reads past an item. */
#include "codec/lwm2m_tlv.h"

#include <string.h>

enum error_code tlv_next(struct reader *r, struct tlv_item *item)
{
    uint8_t type = reader_u8(r);
    item->kind = (enum tlv_kind)(type >> 6);
    item->id = type & 0x20 ? reader_u16(r) : reader_u8(r); /* bit 5: identifier of 16 bits */
    size_t len = type & 0x07;
    switch (type >> 3 & 0x03) { /* bits 4-3: octets of the length field, 0: length in bits 2-0 */
    case 1:
        len = reader_u8(r);
        break;
    case 2:
        len = reader_u16(r);
        break;
    case 3:
        len = (size_t)reader_u8(r) << 16;
        len |= reader_u16(r);
        break;
    }
    item->value = reader_take(r, len);
    return r->failed ? ERROR_MALFORMED : ERROR_NONE;
}

bool tlv_integer(struct slice value, int64_t *out)
{
    struct reader r = reader_make(value.data, value.len);
    switch (value.len) {
    case 1:
        *out = (int8_t)reader_u8(&r);
        return true;
    case 2:
        *out = (int16_t)reader_u16(&r);
        return true;
    case 4:
        *out = (int32_t)reader_u32(&r);
        return true;
    case 8:
        *out = (int64_t)reader_u64(&r);
        return true;
    }
    return false;
}

bool tlv_float(struct slice value, double *out)
{
    struct reader r = reader_make(value.data, value.len);
    if (value.len == 4) {
        uint32_t bits = reader_u32(&r);
        float f;
        memcpy(&f, &bits, sizeof f);
        *out = f;
        return true;
    }
    if (value.len == 8) {
        uint64_t bits = reader_u64(&r);
        memcpy(out, &bits, sizeof *out);
        return true;
    }
    return false;
}

static void put_header(struct writer *w, enum tlv_kind kind, uint16_t id, size_t len)
{
    if (len > TLV_VALUE_MAX) {
        w->failed = true;
        return;
    }
    unsigned size = len < 8 ? 0 : len <= 0xff ? 1 : len <= 0xffff ? 2 : 3;
    writer_u8(w, (uint8_t)((unsigned)kind << 6 | (id > 0xff ? 0x20u : 0) | size << 3 | (size ? 0 : (unsigned)len)));
    if (id > 0xff)
        writer_u16(w, id);
    else
        writer_u8(w, (uint8_t)id);
    if (size == 3)
        writer_u8(w, (uint8_t)(len >> 16));
    if (size >= 2)
        writer_u16(w, (uint16_t)len);
    if (size == 1)
        writer_u8(w, (uint8_t)len);
}

void tlv_put(struct writer *w, enum tlv_kind kind, uint16_t id, const void *value, size_t len)
{
    put_header(w, kind, id, len);
    writer_put(w, value, len);
}

void tlv_put_integer(struct writer *w, enum tlv_kind kind, uint16_t id, int64_t value)
{
    uint8_t octets[8];
    struct writer v = writer_make(octets, sizeof octets);
    if (value >= INT8_MIN && value <= INT8_MAX)
        writer_u8(&v, (uint8_t)value);
    else if (value >= INT16_MIN && value <= INT16_MAX)
        writer_u16(&v, (uint16_t)value);
    else if (value >= INT32_MIN && value <= INT32_MAX)
        writer_u32(&v, (uint32_t)value);
    else
        writer_u64(&v, (uint64_t)value);
    tlv_put(w, kind, id, octets, v.len);
}

void tlv_put_float(struct writer *w, enum tlv_kind kind, uint16_t id, double value)
{
    uint8_t octets[8];
    struct writer v = writer_make(octets, sizeof octets);
    float narrow = (float)value;
    double back = (double)narrow;
    if (memcmp(&back, &value, sizeof value) == 0) {
        uint32_t bits;
        memcpy(&bits, &narrow, sizeof bits);
        writer_u32(&v, bits);
    } else {
        uint64_t bits;
        memcpy(&bits, &value, sizeof bits);
        writer_u64(&v, bits);
    }
    tlv_put(w, kind, id, octets, v.len);
}

void tlv_wrap(struct writer *w, size_t start, enum tlv_kind kind, uint16_t id)
{
    if (w->failed)
        return;
    uint8_t header[TLV_HEADER_MAX];
    struct writer h = writer_make(header, sizeof header);
    size_t len = w->len - start;
    put_header(&h, kind, id, len);
    writer_put(w, header, h.len); /* reserves the room */
    if (w->failed || h.failed) {
        w->failed = true;
        return;
    }
    memmove(&w->data[start + h.len], &w->data[start], len);
    memcpy(&w->data[start], header, h.len);
}
