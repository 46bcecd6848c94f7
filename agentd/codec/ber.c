/* SPDX-License-Identifier: Apache-2.0 */
/* Tag, length, value; nothing is nested here, so there is no depth to bound. */
#include "codec/ber.h"

enum {
    TAG_LONG = 0x1F,     /* X.690 8.1.2.4: the number follows in further octets */
    LENGTH_LONG = 0x80,  /* 8.1.3.5: bits 7..1 count the octets that follow; 0 is the indefinite form of 8.1.3.6 */
    LENGTH_OCTETS = 3,
};

static size_t take_length(struct reader *r, bool *bad)
{
    uint8_t first = reader_u8(r);
    if (!(first & LENGTH_LONG))
        return first;
    size_t octets = first & ~LENGTH_LONG & 0xff, length = 0;
    if (octets == 0 || octets > LENGTH_OCTETS) {
        *bad = !r->failed;
        reader_fail(r);
        return 0;
    }
    for (size_t i = 0; i < octets; i++)
        length = length << 8 | reader_u8(r);
    return length;
}

enum error_code ber_next(struct reader *r, struct ber_item *item, struct error *err)
{
    size_t at = r->pos;
    bool bad = false;
    *item = (struct ber_item){ .tag = reader_u8(r) };
    if ((item->tag & TAG_LONG) == TAG_LONG) {
        reader_fail(r);
        return error_set(err, ERROR_MALFORMED, "BER: tag of more than one octet at octet %zu", at);
    }
    size_t length = take_length(r, &bad);
    if (bad)
        return error_set(err, ERROR_MALFORMED, "BER: indefinite or too long a length at octet %zu", at + 1);
    item->value = reader_take(r, length);
    return r->failed ? error_set(err, ERROR_TRUNCATED, "BER: item %02X at octet %zu is longer than its container", item->tag, at) : ERROR_NONE;
}

bool ber_find(struct slice in, uint8_t tag, struct slice *value)
{
    struct reader r = reader_make(in.data, in.len);
    struct ber_item item;
    while (reader_left(&r) && ber_next(&r, &item, NULL) == ERROR_NONE)
        if (item.tag == tag) {
            *value = item.value;
            return true;
        }
    return false;
}

bool ber_unsigned(struct slice value, uint32_t *out)
{
    struct reader r = reader_make(value.data, value.len);
    uint32_t v = 0;
    if (value.len == 0 || (reader_peek(&r) & 0x80))
        return false;
    if (value.len > 1 && reader_peek(&r) == 0)
        (void)reader_u8(&r);
    if (reader_left(&r) > sizeof v)
        return false;
    while (reader_left(&r))
        v = v << 8 | reader_u8(&r);
    *out = v;
    return true;
}
