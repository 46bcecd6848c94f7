/* SPDX-License-Identifier: Apache-2.0 */
/* Octets as text and back: hexadecimal and Base64 (RFC 4648), decimal numbers, masking of identities. No locale. */
#ifndef BASE_TEXT_H
#define BASE_TEXT_H

#include <endian.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/reader.h"

/* Lower-case hex of len octets into out (2 * len + 1 octets). Returns out. */
char *text_hex(const void *data, size_t len, char *out);
/* Hex digits (either case, nothing else, an even number of them) into out; false if malformed or more than cap octets. */
bool text_hex_decode(struct slice in, uint8_t *out, size_t cap, size_t *len);
/* Base64 with padding into out, NUL-terminated; false if cap is too small. Needs 4 * ceil(len / 3) + 1. */
bool text_base64_encode(struct slice in, char *out, size_t cap);
/* Strict Base64 (padding demanded, no white space) into out; false if malformed or more than cap octets. */
bool text_base64_decode(struct slice in, uint8_t *out, size_t cap, size_t *len);
/* Decimal digits only, no sign or space, value <= max; false otherwise. */
bool text_decimal(struct slice in, uint64_t max, uint64_t *value);
/* Well-formed UTF-8 (RFC 3629) without NUL. */
bool text_is_utf8(struct slice in);
/* Nothing but the white space of XML. */
bool text_is_blank(struct slice in);
/* UTC time of ISO 8601 as YYYY-MM-DDThh:mm:ssZ, years 1970 to 9999, in seconds since 1970; false otherwise (leap seconds too). */
bool text_time(struct slice in, int64_t *seconds);
/* Copy of text in which all but the first `head` and last `tail` characters are '*'; out has cap octets. Returns out. */
char *text_mask(const char *text, size_t head, size_t tail, char *out, size_t cap);
/* Copy that always ends in NUL; false if it was cut. */
bool text_copy(char *out, size_t cap, const char *in);
/* True if every character is of A-Z a-z 0-9 or in extra, and 1 <= length <= max. */
bool text_is_name(const char *text, const char *extra, size_t max);

/* Eight octets at once: the top bit of each that is not printable, the first octet lowest. An octet over 7E has its top bit set, or gets it by adding 1; one from 20
 * on gets it by adding 60. A carry into the next octet comes only from one over 7E, so that the first bit is always right. */
static inline uint64_t text_unprintable(const uint8_t *octets)
{
    const uint64_t each = UINT64_C(0x0101010101010101);
    uint64_t v;
    memcpy(&v, octets, sizeof v);
    v = le64toh(v);
    return (v | (v + each) | ~(v + 0x60 * each)) & 0x80 * each;
}

/* How many octets at the beginning are 20..7E: US-ASCII without control characters. */
static inline size_t text_printable(struct slice in)
{
    size_t at = 0;
    for (; in.len - at >= 8; at += 8) {
        uint64_t bits = text_unprintable(&in.data[at]);
        if (bits)
            return at + (unsigned)__builtin_ctzll(bits) / 8;
    }
    while (at < in.len && in.data[at] >= 0x20 && in.data[at] <= 0x7e)
        at++;
    return at;
}

/* The octets up to a NUL, if there is one and they are all printable. */
static inline bool text_printable_to_nul(struct slice in, struct slice *out)
{
    *out = (struct slice){ in.data, text_printable(in) };
    return out->len < in.len && out->data[out->len] == 0;
}

/* As reader_text, if they are all printable; otherwise false, and nothing is taken. */
static inline bool text_take_printable(struct reader *r, struct slice *out)
{
    struct slice text;
    if (!reader_left(r) || !text_printable_to_nul((struct slice){ &r->in.data[r->pos], reader_left(r) }, &text))
        return false;
    r->pos += text.len + 1;
    *out = text;
    return true;
}

#endif
