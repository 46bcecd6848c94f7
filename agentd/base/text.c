/* SPDX-License-Identifier: Apache-2.0 */
/* Text forms of octets; pure functions. */
#include "base/text.h"

#include <stdio.h>
#include <string.h>

#include "base/writer.h"

char *text_hex(const void *data, size_t len, char *out)
{
    static const char digits[] = "0123456789abcdef";
    const uint8_t *p = data;
    for (size_t i = 0; i < len; i++) {
        out[2 * i] = digits[p[i] >> 4];
        out[2 * i + 1] = digits[p[i] & 15];
    }
    out[2 * len] = '\0';
    return out;
}

/* The value of each digit, with a bit that says that it is one. */
enum { HEX_DIGIT = 0x10 };
#define HEX(value) (HEX_DIGIT | (value))
static const uint8_t hex_values[256] = {
    ['0'] = HEX(0),  ['1'] = HEX(1),  ['2'] = HEX(2),  ['3'] = HEX(3),  ['4'] = HEX(4),  ['5'] = HEX(5),  ['6'] = HEX(6),  ['7'] = HEX(7),
    ['8'] = HEX(8),  ['9'] = HEX(9),  ['A'] = HEX(10), ['B'] = HEX(11), ['C'] = HEX(12), ['D'] = HEX(13), ['E'] = HEX(14), ['F'] = HEX(15),
    ['a'] = HEX(10), ['b'] = HEX(11), ['c'] = HEX(12), ['d'] = HEX(13), ['e'] = HEX(14), ['f'] = HEX(15),
};

bool text_hex_decode(struct slice in, uint8_t *out, size_t cap, size_t *len)
{
    unsigned all = HEX_DIGIT;
    if (in.len % 2 || in.len / 2 > cap)
        return false;
    for (size_t i = 0; i < in.len / 2; i++) {
        unsigned high = hex_values[in.data[2 * i]], low = hex_values[in.data[2 * i + 1]];
        all &= high & low;
        out[i] = (uint8_t)(high << 4 | (low & 15));
    }
    *len = in.len / 2;
    return all != 0;
}

/* All ones if v is at least low (both below 2^31), else 0: neither a branch nor an address tells which. */
static uint32_t from(uint32_t v, uint32_t low)
{
    return ~(0U - ((v - low) >> 31));
}

/* RFC 4648 table 1 by arithmetic: digests of secrets are encoded too, and a look-up would show in the cache which digits. */
static uint8_t base64_digit(uint32_t v)
{
    return (uint8_t)('A' + v + (from(v, 26) & ('a' - 'Z' - 1)) - (from(v, 52) & ('z' - '0' + 1)) - (from(v, 62) & ('9' - '+' + 1)) + (from(v, 63) & ('/' - '+' - 1)));
}

bool text_base64_encode(struct slice in, char *out, size_t cap)
{
    struct writer w = writer_make(out, cap);
    for (size_t i = 0; i < in.len; i += 3) {
        uint32_t v = (uint32_t)in.data[i] << 16;
        size_t n = in.len - i < 3 ? in.len - i : 3;
        for (size_t k = 1; k < n; k++)
            v |= (uint32_t)in.data[i + k] << (16 - 8 * k);
        for (size_t k = 0; k < 4; k++)
            writer_u8(&w, k <= n ? base64_digit(v >> (18 - 6 * k) & 63) : '=');
    }
    writer_u8(&w, 0);
    return !w.failed;
}

/* As hex_values. */
enum { BASE64_DIGIT = 0x40 };
#define B64(value) (BASE64_DIGIT | (value))
static const uint8_t base64_values[256] = {
    ['A'] = B64(0), ['B'] = B64(1), ['C'] = B64(2), ['D'] = B64(3), ['E'] = B64(4), ['F'] = B64(5), ['G'] = B64(6), ['H'] = B64(7), ['I'] = B64(8), ['J'] = B64(9),
    ['K'] = B64(10), ['L'] = B64(11), ['M'] = B64(12), ['N'] = B64(13), ['O'] = B64(14), ['P'] = B64(15), ['Q'] = B64(16), ['R'] = B64(17), ['S'] = B64(18), ['T'] = B64(19),
    ['U'] = B64(20), ['V'] = B64(21), ['W'] = B64(22), ['X'] = B64(23), ['Y'] = B64(24), ['Z'] = B64(25), ['a'] = B64(26), ['b'] = B64(27), ['c'] = B64(28), ['d'] = B64(29),
    ['e'] = B64(30), ['f'] = B64(31), ['g'] = B64(32), ['h'] = B64(33), ['i'] = B64(34), ['j'] = B64(35), ['k'] = B64(36), ['l'] = B64(37), ['m'] = B64(38), ['n'] = B64(39),
    ['o'] = B64(40), ['p'] = B64(41), ['q'] = B64(42), ['r'] = B64(43), ['s'] = B64(44), ['t'] = B64(45), ['u'] = B64(46), ['v'] = B64(47), ['w'] = B64(48), ['x'] = B64(49),
    ['y'] = B64(50), ['z'] = B64(51), ['0'] = B64(52), ['1'] = B64(53), ['2'] = B64(54), ['3'] = B64(55), ['4'] = B64(56), ['5'] = B64(57), ['6'] = B64(58), ['7'] = B64(59),
    ['8'] = B64(60), ['9'] = B64(61), ['+'] = B64(62), ['/'] = B64(63),
};

bool text_base64_decode(struct slice in, uint8_t *out, size_t cap, size_t *len)
{
    size_t digits = in.len;
    while (digits && in.len - digits < 2 && in.data[digits - 1] == '=')
        digits--;
    if (in.len % 4 || digits * 6 / 8 > cap)
        return false;
    unsigned all = BASE64_DIGIT, bits = 0, left = 0; /* left: how many of the bits are in no octet yet */
    for (size_t i = 0; i < digits; i++) {
        unsigned digit = base64_values[in.data[i]];
        all &= digit;
        bits = bits << 6 | (digit & 63);
        left += 6;
        if (left >= 8) {
            left -= 8;
            *out++ = (uint8_t)(bits >> left);
        }
    }
    *len = digits * 6 / 8;
    return all && !(bits & ((1U << left) - 1)); /* bits outside the octets must be zero: one text for one value */
}

bool text_decimal(struct slice in, uint64_t max, uint64_t *value)
{
    uint64_t v = 0;
    if (in.len == 0 || in.len > 20)
        return false;
    for (size_t i = 0; i < in.len; i++) {
        uint64_t d = (uint64_t)in.data[i] - '0'; /* wraps for what is no digit */
        if (d > 9 || v > (UINT64_MAX - d) / 10)
            return false;
        v = v * 10 + d;
    }
    *value = v;
    return v <= max;
}

/* One UTF-8 character (RFC 3629): shortest form, no surrogate, not NUL. */
static bool take_character(struct reader *r)
{
    static const uint32_t least[] = { 1, 0x80, 0x800, 0x10000 };
    uint8_t first = reader_u8(r);
    size_t more = first < 0x80 ? 0 : first < 0xC0 ? 4 : first < 0xE0 ? 1 : first < 0xF0 ? 2 : first < 0xF8 ? 3 : 4;
    if (more == 4)
        return false;
    uint32_t v = more == 0 ? first : first & (0x3fU >> more);
    for (size_t i = 0; i < more; i++) {
        uint8_t c = reader_u8(r);
        if ((c & 0xC0) != 0x80)
            return false;
        v = v << 6 | (c & 0x3f);
    }
    return v >= least[more] && v <= 0x10FFFF && !(v >= 0xD800 && v <= 0xDFFF);
}

bool text_is_utf8(struct slice in)
{
    struct reader r = reader_make(in.data, in.len);
    (void)reader_take(&r, text_printable(in)); /* most have nothing else */
    while (reader_left(&r))
        if (!take_character(&r))
            return false;
    return true;
}

bool text_is_blank(struct slice in)
{
    for (size_t i = 0; i < in.len; i++)
        if (in.data[i] == 0 || !strchr(" \t\r\n", in.data[i]))
            return false;
    return true;
}

static int64_t days_since_1970(unsigned year, unsigned month, unsigned day)
{
    unsigned y = month <= 2 ? year - 1 : year, m = month <= 2 ? month + 9 : month - 3; /* years from March: the leap day is the last */
    return (int64_t)y * 365 + y / 4 - y / 100 + y / 400 + (m * 153 + 2) / 5 + day - 719469;
}

static unsigned days_of_month(unsigned year, unsigned month)
{
    static const uint8_t days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
    bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    return days[month - 1] + (month == 2 && leap ? 1U : 0U);
}

bool text_time(struct slice in, int64_t *seconds)
{
    static const char form[] = "9999-99-99T99:99:99Z";
    unsigned part[6] = { 0 }, at = 0;
    if (in.len != sizeof form - 1)
        return false;
    for (size_t i = 0; i < in.len; i++) {
        bool digit = in.data[i] >= '0' && in.data[i] <= '9';
        if (form[i] != '9' ? in.data[i] != form[i] : !digit)
            return false;
        if (digit)
            part[at] = part[at] * 10 + (unsigned)(in.data[i] - '0');
        else
            at++;
    }
    if (part[0] < 1970 || part[1] < 1 || part[1] > 12 || part[2] < 1 || part[2] > days_of_month(part[0], part[1]) || part[3] > 23 || part[4] > 59 ||
        part[5] > 59)
        return false;
    *seconds = days_since_1970(part[0], part[1], part[2]) * 86400 + (int64_t)(part[3] * 3600 + part[4] * 60 + part[5]);
    return true;
}

char *text_mask(const char *text, size_t head, size_t tail, char *out, size_t cap)
{
    size_t len = strlen(text);
    for (size_t i = 0; i < cap; i++) {
        if (i == len || i + 1 == cap) {
            out[i] = '\0';
            break;
        }
        out[i] = i < head || (len > tail && i >= len - tail) ? text[i] : '*';
    }
    return out;
}

bool text_copy(char *out, size_t cap, const char *in)
{
    size_t len = strnlen(in, cap);
    bool fits = len < cap;
    if (!fits && cap)
        len = cap - 1;
    memcpy(out, in, len);
    if (cap)
        out[len] = '\0';
    return fits;
}

bool text_is_name(const char *text, const char *extra, size_t max)
{
    size_t len = strnlen(text, max + 1);
    if (len == 0 || len > max)
        return false;
    for (size_t i = 0; i < len; i++) {
        char c = text[i];
        bool alnum = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        if (!alnum && !strchr(extra, c))
            return false;
    }
    return true;
}
