/* SPDX-License-Identifier: Apache-2.0 */
/* Bounded reader and writer, arena, texts of octets, error texts, secrets. */
#include <glib.h>
#include <stdalign.h>
#include <string.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/rate.h"
#include "base/reader.h"
#include "base/secret.h"
#include "base/text.h"
#include "base/writer.h"

static struct slice text_slice(const char *text)
{
    return (struct slice){ (const uint8_t *)text, strlen(text) };
}

static void reader_takes_what_is_there(void)
{
    static const uint8_t in[] = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 'a', 'b', 0, 0x87, 0x68, 0xff };
    struct reader r = reader_make(in, sizeof in);
    g_assert_cmpuint(reader_peek(&r), ==, 1);
    g_assert_cmpuint(reader_u8(&r), ==, 1);
    g_assert_cmpuint(reader_u16(&r), ==, 0x0203);
    g_assert_cmpuint(reader_u32(&r), ==, 0x04050607);
    g_assert_cmpuint(reader_u64(&r), ==, 0x08090a0b0c0d0e0fULL);
    g_assert_true(slice_is(reader_text(&r), "ab"));
    g_assert_cmpuint(reader_uintvar(&r), ==, 0x3e8);
    struct reader sub = reader_sub(&r, 1);
    g_assert_true(reader_done(&r) && !reader_done(&sub));
    g_assert_cmpuint(reader_u8(&sub), ==, 0xff);
    g_assert_true(reader_done(&sub));
    g_assert_cmpuint(reader_peek(&sub), ==, 0);
}

static void reader_fails_once_and_for_all(void)
{
    static const uint8_t in[] = { 1, 2, 3 };
    struct reader r = reader_make(in, sizeof in);
    g_assert_cmpuint(reader_u32(&r), ==, 0);
    g_assert_true(r.failed && reader_left(&r) == 0 && !reader_done(&r));
    g_assert_cmpuint(reader_u8(&r), ==, 0);
    g_assert_cmpuint(reader_take(&r, 0).len, ==, 0);
    g_assert_true(r.failed);
    r = reader_make(in, sizeof in);
    g_assert_cmpuint(reader_text(&r).len, ==, 0); /* no NUL */
    g_assert_true(r.failed);
    r = reader_make(in, sizeof in);
    struct reader sub = reader_sub(&r, 4);
    g_assert_true(r.failed && sub.failed);
    r = reader_make(in, sizeof in);
    g_assert_cmpuint(reader_take(&r, SIZE_MAX).len, ==, 0);
    g_assert_true(r.failed);
    r = reader_make(NULL, 0);
    g_assert_true(reader_done(&r));
    reader_fail(&r);
    g_assert_false(reader_done(&r));
}

static void uintvar(void)
{
    static const struct {
        const char *hex;
        bool good;
        uint32_t value;
    } rows[] = {
        { "00", true, 0 },         { "7f", true, 127 },         { "8100", true, 128 },           { "8fffffff7f", true, UINT32_MAX },
        { "8000", true, 0 },       { "9080808000", false, 0 },  { "80808080808000", false, 0 },  { "81", false, 0 },
        { "", false, 0 },
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        uint8_t in[8];
        size_t len = 0;
        g_assert_true(text_hex_decode(text_slice(rows[i].hex), in, sizeof in, &len));
        struct reader r = reader_make(in, len);
        g_assert_cmpuint(reader_uintvar(&r), ==, rows[i].value);
        g_assert_cmpint(reader_done(&r), ==, rows[i].good);
    }
    for (uint64_t v = 0; v <= UINT32_MAX; v = v * 3 + 1) { /* what is written is read again */
        uint8_t out[5];
        struct writer w = writer_make(out, sizeof out);
        writer_uintvar(&w, (uint32_t)v);
        struct reader r = reader_make(out, w.len);
        g_assert_cmpuint(reader_uintvar(&r), ==, v);
        g_assert_true(reader_done(&r) && !w.failed);
    }
}

static void writer_stays_in_its_buffer(void)
{
    uint8_t out[8] = { 0 };
    struct writer w = writer_make(out, 7);
    writer_u8(&w, 1);
    writer_u16(&w, 0x0203);
    writer_u32(&w, 0x04050607);
    g_assert_true(slice_equal(writer_slice(&w), (struct slice){ (const uint8_t *)"\1\2\3\4\5\6\7", 7 }));
    writer_u8(&w, 8);
    g_assert_true(w.failed && out[7] == 0 && writer_slice(&w).len == 0);
    w = writer_make(out, 7);
    writer_u64(&w, 1);
    g_assert_true(w.failed && w.len == 0);
    writer_put(&w, "", 0);
    writer_u8(&w, 1); /* for which there would be room */
    g_assert_true(w.failed && w.len == 0);
    w = writer_make(out, 2);
    writer_text(&w, "ab");
    g_assert_false(w.failed);
    writer_change_u8(&w, 1, 'c');
    g_assert_true(slice_equal(writer_slice(&w), text_slice("ac")));
    writer_change_u8(&w, 2, 'd');
    g_assert_true(w.failed && out[2] != 'd');
}

static void arena_is_bounded_and_aligned(void)
{
    alignas(max_align_t) unsigned char memory[64];
    memset(memory, 0xff, sizeof memory);
    struct arena a = arena_make(memory, sizeof memory);
    char *text = arena_text(&a, text_slice("abc"));
    g_assert_cmpstr(text, ==, "abc");
    unsigned char *p = arena_get(&a, 8);
    g_assert_true((uintptr_t)p % alignof(max_align_t) == 0 && p[0] == 0 && p[7] == 0);
    g_assert_null(arena_get(&a, 64));
    g_assert_null(arena_get(&a, SIZE_MAX));
    g_assert_null(arena_text(&a, (struct slice){ memory, SIZE_MAX }));
    g_assert_nonnull(arena_get(&a, 1));
    arena_reset(&a);
    g_assert_true(memory[0] == 0 && a.len == 0);
    g_assert_nonnull(arena_get(&a, 64));
    g_assert_null(arena_get(&a, 1));
}

static void arena_splits_off_its_end(void)
{
    alignas(max_align_t) unsigned char memory[96];
    memset(memory, 0xff, sizeof memory);
    struct arena a = arena_make(memory, sizeof memory);
    unsigned char *first = arena_get(&a, 1);
    struct arena end = arena_split(&a, 33); /* 48 of 96 stay */
    g_assert_true(a.cap == 48 && end.cap == 48 && end.data == &memory[48] && memory[48] == 0xff);
    g_assert_true(first && first < end.data && arena_get(&a, 32) && !arena_get(&a, 1) && memory[48] == 0xff);
    unsigned char *p = arena_get(&end, 48);
    g_assert_true(p == &memory[48] && p[0] == 0 && p[47] == 0 && !arena_get(&end, 1));
    struct arena none = arena_split(&a, 1); /* what is taken stays whole */
    g_assert_true(none.cap == 0 && !arena_get(&none, 1) && a.cap == 48 && arena_split(&a, 97).cap == 0 && a.cap == 48);
}

static void hex(void)
{
    uint8_t out[3];
    char text[7];
    size_t len = 0;
    g_assert_true(text_hex_decode(text_slice("00fFaB"), out, 3, &len));
    g_assert_cmpuint(len, ==, 3);
    g_assert_cmpstr(text_hex(out, 3, text), ==, "00ffab");
    g_assert_false(text_hex_decode(text_slice("00ffab00"), out, 3, &len));
    static const char *const bad[] = { "0", "0g", "g0", " 0", "0x" };
    for (size_t i = 0; i < G_N_ELEMENTS(bad); i++)
        g_assert_false(text_hex_decode(text_slice(bad[i]), out, 3, &len));
    g_assert_true(text_hex_decode(text_slice(""), out, 0, &len) && len == 0);
}

/* Every octet at every place of texts of every length up to 40, beside a walk octet by octet. */
static void printable_octets_are_found_at_any_place(void)
{
    uint8_t text[40];
    for (size_t len = 0; len <= sizeof text; len++)
        for (size_t at = 0; at <= len; at++)
            for (unsigned octet = 0; octet < 256; octet++) {
                memset(text, octet & 1 ? '~' : ' ', sizeof text);
                if (at < len)
                    text[at] = (uint8_t)octet;
                if (at + 1 < len)
                    text[at + 1] = 0xff;
                bool good = octet >= 0x20 && octet <= 0x7e;
                size_t want = at == len || (good && at + 1 == len) ? len : good ? at + 1 : at;
                g_assert_cmpuint(text_printable((struct slice){ text, len }), ==, want);
            }
}

static void reader_takes_printable_text_to_its_nul(void)
{
    static const uint8_t in[] = "0123456789\0\0" "ab\xc3\xa9\0" "c\td\0" "open";
    struct reader r = reader_make(in, sizeof in - 1);
    struct slice text = { NULL, 1 };
    g_assert_true(text_take_printable(&r, &text) && slice_is(text, "0123456789"));
    g_assert_true(text_take_printable(&r, &text) && text.len == 0);
    g_assert_false(text_take_printable(&r, &text));
    g_assert_true(slice_is(reader_text(&r), "ab\xc3\xa9"));
    g_assert_false(text_take_printable(&r, &text));
    g_assert_true(slice_is(reader_text(&r), "c\td"));
    g_assert_false(text_take_printable(&r, &text));
    g_assert_cmpuint(reader_left(&r), ==, 4);
    (void)reader_take(&r, 4);
    g_assert_true(!text_take_printable(&r, &text) && reader_done(&r));
    reader_fail(&r);
    g_assert_false(text_take_printable(&r, &text));
}

static void utf8_is_told_from_other_octets(void)
{
    static const char *const good[] = { "", "plain", "0123456789abcdef\xc3\xa9", "\xc2\x80", "\xe0\xa0\x80", "\xed\x9f\xbf\xee\x80\x80", "\xf0\x90\x80\x80", "\xf4\x8f\xbf\xbf", "\t" };
    static const char *const bad[] = { "\x80", "\xc1\xbf", "\xc3", "\xe0\x9f\xbf", "\xed\xa0\x80", "\xf0\x8f\xbf\xbf", "\xf4\x90\x80\x80", "\xf8\x88\x80\x80\x80", "0123456789abcdef\xff", "a\xc3z" };
    for (size_t i = 0; i < G_N_ELEMENTS(good); i++)
        g_assert_true(text_is_utf8(text_slice(good[i])));
    for (size_t i = 0; i < G_N_ELEMENTS(bad); i++)
        g_assert_false(text_is_utf8(text_slice(bad[i])));
    g_assert_false(text_is_utf8((struct slice){ (const uint8_t *)"a\0b", 3 }));
}

static void hex_digits_are_of_either_case(void)
{
    for (unsigned c = 0; c < 256; c++) {
        const uint8_t text[] = { '1', (uint8_t)c };
        uint8_t out[1];
        size_t len;
        bool digit = c && strchr("0123456789abcdefABCDEF", (int)c) != NULL;
        g_assert_true(text_hex_decode((struct slice){ text, 2 }, out, 1, &len) == digit);
        g_assert_true(!digit || out[0] == 16 + g_ascii_xdigit_value((char)c));
    }
}

static void base64_of_any_octets(void)
{
    g_autofree guint8 *in = g_malloc(67);
    for (size_t len = 0; len < 67; len++) {
        for (size_t i = 0; i < len; i++)
            in[i] = (guint8)g_test_rand_int();
        char text[96];
        uint8_t out[67];
        size_t n = 0, need = (len + 2) / 3 * 4 + 1;
        g_autofree char *other = g_base64_encode(in, len);
        g_assert_true(text_base64_encode((struct slice){ in, len }, text, need));
        g_assert_cmpstr(text, ==, other);
        g_assert_false(text_base64_encode((struct slice){ in, len }, text, need - 1));
        g_assert_true(text_base64_decode(text_slice(other), out, len, &n));
        g_assert_true(slice_equal((struct slice){ out, n }, (struct slice){ in, len }));
        g_assert_true(len == 0 || !text_base64_decode(text_slice(other), out, len - 1, &n));
    }
}

static void base64_has_64_digits(void)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (unsigned c = 0; c <= 0xff; c++) {
        const uint8_t text[] = { 'A', 'A', (uint8_t)c, 'A' };
        const char *digit = c ? strchr(digits, (int)c) : NULL;
        uint8_t out[3];
        size_t len;
        g_assert_true(text_base64_decode((struct slice){ text, sizeof text }, out, sizeof out, &len) == (digit != NULL));
        g_assert_true(!digit || ((size_t)out[1] << 8 | out[2]) == (size_t)(digit - digits) << 6);
    }
}

static void base64_has_one_text_for_one_value(void)
{
    static const char *const bad[] = { "A", "AA", "AAA", "A===", "====", "AA=A", "=AAA", "AB==", "AAB=", "AAAA=", "AA==AAAA", "AAA=AAAA", "AA A", "AAA\n", "AA-_", "AAAA AAAA",
                                       "AAAAA" };
    uint8_t out[16];
    size_t len;
    for (size_t i = 0; i < G_N_ELEMENTS(bad); i++)
        if (text_base64_decode(text_slice(bad[i]), out, sizeof out, &len))
            g_error("%s is no Base64", bad[i]);
    g_assert_false(text_base64_decode((struct slice){ (const uint8_t *)"AA\0A", 4 }, out, sizeof out, &len));
    g_assert_true(text_base64_decode(text_slice("AA=="), out, sizeof out, &len) && len == 1);
    g_assert_true(text_base64_decode((struct slice){ NULL, 0 }, out, 0, &len) && len == 0);
}

static void decimals(void)
{
    static const struct {
        const char *text;
        uint64_t max;
        bool good;
    } rows[] = {
        { "0", 0, true },         { "65535", 65535, true },  { "65536", 65535, false }, { "", 9, false }, { "+1", 9, false }, { "-1", 9, false }, { " 1", 9, false },
        { "1 ", 9, false },       { "1a", 99, false },       { "007", 9, true },        { "18446744073709551615", UINT64_MAX, true },
        { "18446744073709551616", UINT64_MAX, false },       { "99999999999999999999", UINT64_MAX, false }, { "000000000000000000001", 9, false },
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        uint64_t v = 0;
        g_assert_cmpint(text_decimal(text_slice(rows[i].text), rows[i].max, &v), ==, rows[i].good);
    }
}

static void masks_copies_and_names(void)
{
    char out[8];
    g_assert_cmpstr(text_mask("262011", 3, 1, out, sizeof out), ==, "262**1");
    g_assert_cmpstr(text_mask("262011234567890", 3, 2, out, sizeof out), ==, "262****");
    g_assert_cmpstr(text_mask("", 3, 2, out, sizeof out), ==, "");
    g_assert_true(text_copy(out, sizeof out, "1234567"));
    g_assert_false(text_copy(out, sizeof out, "12345678"));
    g_assert_cmpstr(out, ==, "1234567");
    g_assert_true(text_is_name("Ab9-", "-", 4));
    g_assert_false(text_is_name("Ab9-", "", 4));
    g_assert_false(text_is_name("", "-", 4));
    g_assert_false(text_is_name("abcde", "-", 4));
}

static void error_texts_are_printable(void)
{
    struct error err;
    g_assert_cmpint(error_set(&err, ERROR_MALFORMED, "name %s", "a\x1b[2J\xc3\xa9\n"), ==, ERROR_MALFORMED);
    g_assert_cmpstr(err.text, ==, "name a?[2J???");
    g_assert_cmpstr(err.hint, ==, error_hint(ERROR_MALFORMED));
    g_autofree char *longer = g_strnfill(1000, 'x');
    error_set(&err, ERROR_IO, "%s", longer);
    g_assert_cmpuint(strlen(err.text), ==, sizeof err.text - 1);
    g_assert_cmpint(error_set(NULL, ERROR_IO, "x"), ==, ERROR_IO);
    error_clear(&err);
    g_assert_true(err.code == ERROR_NONE && err.text[0] == '\0');
}

static void errors_have_names(void)
{
    for (int i = 0; i < ERROR_COUNT; i++) {
        enum error_code code = (enum error_code)i;
        g_assert_cmpint(error_from_name(error_name(code)), ==, code); /* so no name stands twice */
        g_assert_cmpstr(error_text(code), !=, "");
    }
    g_assert_cmpstr(error_name(ERROR_COUNT), ==, "Internal");
    g_assert_cmpint(error_from_name("Nothing"), ==, ERROR_INTERNAL);
}

static void secrets(void)
{
    struct secret *s = secret_new();
    uint8_t many[SECRET_MAX + 1] = { 1 };
    g_assert_true(secret_set(s, many, SECRET_MAX));
    g_assert_true(secret_equal(secret_slice(s), (struct slice){ many, SECRET_MAX }));
    many[SECRET_MAX - 1] = 1;
    g_assert_false(secret_equal(secret_slice(s), (struct slice){ many, SECRET_MAX }));
    g_assert_false(secret_equal(secret_slice(s), (struct slice){ many, SECRET_MAX - 1 }));
    g_assert_false(secret_set(s, many, sizeof many));
    g_assert_true(s->len == 0 && s->data[0] == 0);
    secret_free(s);
    secret_free(NULL);
}

/* Each bit of each octet counts, at every length. */
static void secrets_differ_in_any_bit(void)
{
    uint8_t a[40], b[40];
    for (size_t len = 0; len <= sizeof a; len++) {
        memset(a, 0x5a, sizeof a);
        memcpy(b, a, sizeof b);
        if (len < sizeof b)
            b[len] ^= 1; /* behind the end */
        struct slice x = { a, len }, y = { b, len };
        g_assert_true(secret_equal(x, y));
        for (size_t bit = 0; bit < 8 * len; bit++) {
            b[bit / 8] ^= (uint8_t)(1U << bit % 8);
            g_assert_false(secret_equal(x, y));
            b[bit / 8] ^= (uint8_t)(1U << bit % 8);
        }
    }
}

static void times(void)
{
    static const struct {
        const char *text;
        int64_t seconds; /* -1: refused */
    } rows[] = {
        { "1970-01-01T00:00:00Z", 0 }, { "1970-01-01T00:00:01Z", 1 }, { "2000-02-29T12:00:00Z", 951825600 }, { "2030-01-01T00:00:00Z", 1893456000 },
        { "2024-12-31T23:59:59Z", 1735689599 }, { "9999-12-31T23:59:59Z", 253402300799 }, { "1969-12-31T23:59:59Z", -1 }, { "2100-02-29T00:00:00Z", -1 },
        { "2023-02-29T00:00:00Z", -1 }, { "2023-00-01T00:00:00Z", -1 }, { "2023-13-01T00:00:00Z", -1 }, { "2023-04-31T00:00:00Z", -1 },
        { "2023-04-00T00:00:00Z", -1 }, { "2023-04-01T24:00:00Z", -1 }, { "2023-04-01T23:60:00Z", -1 }, { "2023-04-01T23:59:60Z", -1 },
        { "2023-04-01 23:59:00Z", -1 }, { "2023-04-01T23:59:00", -1 }, { "2023-04-01T23:59:00+", -1 }, { "2023-4-01T23:59:000Z", -1 }, { "", -1 },
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        int64_t seconds = -1;
        g_assert_true(text_time((struct slice){ (const uint8_t *)rows[i].text, strlen(rows[i].text) }, &seconds) == (rows[i].seconds >= 0));
        g_assert_cmpint(seconds, ==, rows[i].seconds);
    }
}

/* Six at once, then one each ten minutes; nothing is saved up beyond six. */
static void so_many_in_an_hour(void)
{
    struct rate r = { .per_hour = 6 }, none = { 0 }, one = { .per_hour = 1 };
    uint64_t now = 1000;
    for (int i = 0; i < 6; i++)
        g_assert_true(rate_take(&r, now));
    g_assert_false(rate_take(&r, now));
    g_assert_false(rate_take(&r, now + RATE_HOUR_MS / 6 - 1));
    g_assert_true(rate_take(&r, now + RATE_HOUR_MS / 6));
    g_assert_false(rate_take(&r, now + RATE_HOUR_MS / 6));
    now += 100ULL * RATE_HOUR_MS;
    for (int i = 0; i < 6; i++)
        g_assert_true(rate_take(&r, now));
    g_assert_false(rate_take(&r, now));
    g_assert_false(rate_take(&none, now));
    g_assert_true(rate_take(&one, now));
    g_assert_false(rate_take(&one, now + RATE_HOUR_MS - 1));
    g_assert_true(rate_take(&one, now + RATE_HOUR_MS));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/reader/takes what is there", reader_takes_what_is_there);
    g_test_add_func("/reader/fails once and for all", reader_fails_once_and_for_all);
    g_test_add_func("/reader/uintvar", uintvar);
    g_test_add_func("/writer/stays in its buffer", writer_stays_in_its_buffer);
    g_test_add_func("/arena/is bounded and aligned", arena_is_bounded_and_aligned);
    g_test_add_func("/arena/splits off its end", arena_splits_off_its_end);
    g_test_add_func("/text/hex", hex);
    g_test_add_func("/secret/differ in any bit", secrets_differ_in_any_bit);
    g_test_add_func("/text/printable octets are found at any place", printable_octets_are_found_at_any_place);
    g_test_add_func("/text/utf-8 is told from other octets", utf8_is_told_from_other_octets);
    g_test_add_func("/text/hex digits are of either case", hex_digits_are_of_either_case);
    g_test_add_func("/reader/printable text to its nul", reader_takes_printable_text_to_its_nul);
    g_test_add_func("/text/base64 of any octets", base64_of_any_octets);
    g_test_add_func("/text/base64 has 64 digits", base64_has_64_digits);
    g_test_add_func("/text/base64 has one text for one value", base64_has_one_text_for_one_value);
    g_test_add_func("/text/decimals", decimals);
    g_test_add_func("/text/masks, copies, names", masks_copies_and_names);
    g_test_add_func("/error/texts are printable", error_texts_are_printable);
    g_test_add_func("/text/time", times);
    g_test_add_func("/error/names", errors_have_names);
    g_test_add_func("/secret", secrets);
    g_test_add_func("/rate/so many in an hour", so_many_in_an_hour);
    return g_test_run();
}
