/* SPDX-License-Identifier: Apache-2.0 */
/* CBOR: examples of RFC 8949 appendix A both ways, refusals, and arbitrary octets: value xor error, and back to the same octets. */
#include <glib.h>
#include <string.h>

#include "codec/cbor_loose.h"

#define assert_octets(a, alen, b, blen) g_assert_true((size_t)(alen) == (size_t)(blen) && memcmp(a, b, blen) == 0)

static const struct {
    int64_t value;
    const char *octets;
    size_t len;
} numbers[] = {
    { 0, "\x00", 1 },          { 23, "\x17", 1 },           { 24, "\x18\x18", 2 },
    { 1000, "\x19\x03\xe8", 3 }, { 1000000, "\x1a\x00\x0f\x42\x40", 5 }, { 1000000000000, "\x1b\x00\x00\x00\xe8\xd4\xa5\x10\x00", 9 },
    { -1, "\x20", 1 },         { -10, "\x29", 1 },          { -1000, "\x39\x03\xe7", 3 },
};

static void numbers_of_the_rfc(void)
{
    for (size_t i = 0; i < G_N_ELEMENTS(numbers); i++) {
        uint8_t buf[16];
        struct writer w = writer_make(buf, sizeof buf);
        cbor_put_int(&w, numbers[i].value);
        assert_octets(buf, w.len, numbers[i].octets, numbers[i].len);
        struct reader r = reader_make(buf, w.len);
        struct cbor_item item = cbor_take(&r);
        g_assert_true(reader_done(&r));
        g_assert_cmpint(item.major == CBOR_NINT ? -1 - (int64_t)item.value : (int64_t)item.value, ==, numbers[i].value);
    }
}

static void strings_and_containers(void)
{
    uint8_t buf[64];
    struct writer w = writer_make(buf, sizeof buf);
    cbor_put_tag(&w, 18);
    cbor_put_array(&w, 2);
    cbor_put_map(&w, 1);
    cbor_put_text(&w, "kem");
    cbor_put_bytes(&w, "\1\2", 2);
    cbor_put_uint(&w, 256);
    assert_octets(buf, w.len, "\xd2\x82\xa1\x63kem\x42\x01\x02\x19\x01\x00", 13);
    struct reader r = reader_make(buf, w.len);
    cbor_skip(&r, 3);
    g_assert_true(reader_done(&r));
    r = reader_make(buf, w.len);
    cbor_skip(&r, 2); /* tag, array, map: one too deep */
    g_assert_true(r.failed);
}

/* Appendix A, in each width; a tag before it (an epoch time) changes nothing. */
static void numbers_of_the_field(void)
{
    static const struct {
        const char *octets;
        size_t len;
        struct cbor_number wanted;
    } rows[] = {
        { "\xf9\x3e\x00", 3, { .is_real = true, .real = 1.5 } },          { "\xf9\x00\x01", 3, { .is_real = true, .real = 5.960464477539063e-8 } },
        { "\xf9\xc4\x00", 3, { .is_real = true, .real = -4 } },           { "\xfa\x47\xc3\x50\x00", 5, { .is_real = true, .real = 100000 } },
        { "\xfb\xc0\x10\x66\x66\x66\x66\x66\x66", 9, { .is_real = true, .real = -4.1 } }, { "\x1b\0\0\0\0\0\0\0\x07", 9, { .integer = 7 } },
        { "\x39\x03\xe7", 3, { .integer = -1000 } },
    };
    for (size_t i = 0; i < 2 * G_N_ELEMENTS(rows); i++) {
        uint8_t buf[16] = { 0xc1 };
        size_t tag = i % 2, len = rows[i / 2].len;
        struct cbor_number got = { 0 };
        memcpy(&buf[tag], rows[i / 2].octets, len);
        struct reader r = reader_make(buf, tag + len);
        g_assert_true(cbor_loose_number(&r, &got) && reader_done(&r));
        g_assert_true(got.is_real == rows[i / 2].wanted.is_real && got.integer == rows[i / 2].wanted.integer && got.real == rows[i / 2].wanted.real);
    }
}

static void refused(const char *octets, size_t len)
{
    struct reader r = reader_make(octets, len);
    cbor_skip(&r, 4);
    g_assert_false(reader_done(&r));
}

static void what_is_not_shortest_or_not_whole_is_refused(void)
{
    refused("", 0);
    refused("\x18\x17", 2);             /* 23 in two octets */
    refused("\x19\x00\xff", 3);
    refused("\x1a\x00\x00\xff\xff", 5);
    refused("\x1b\x00\x00\x00\x00\xff\xff\xff\xff", 9);
    refused("\x1c", 1);                 /* reserved */
    refused("\x5f\x41\x00\xff", 4);     /* indefinite */
    refused("\xf9\x00\x00", 3);         /* float */
    refused("\x42\x01", 2);             /* string too short */
    refused("\x5b\xff\xff\xff\xff\xff\xff\xff\xff", 9);
    refused("\x82\x01", 2);             /* an item missing */
    refused("\x9a\xff\xff\xff\xff", 5); /* more items than octets */
    refused("\x81\x81\x81\x81\x81\x01", 6);
}

static void arbitrary_octets_end(void)
{
    GRand *rand = g_rand_new_with_seed(1);
    for (int i = 0; i < 200000; i++) {
        uint8_t in[24], out[32];
        for (size_t n = 0; n < sizeof in; n++)
            in[n] = (uint8_t)g_rand_int(rand);
        struct reader r = reader_make(in, sizeof in);
        struct cbor_item item = cbor_take(&r);
        if (r.failed || item.major > CBOR_TEXT)
            continue;
        struct writer w = writer_make(out, sizeof out);
        if (item.major == CBOR_BYTES)
            cbor_put_bytes(&w, item.data.data, item.data.len);
        else if (item.major == CBOR_UINT)
            cbor_put_uint(&w, item.value);
        else
            continue;
        assert_octets(out, w.len, in, r.pos);
    }
    g_rand_free(rand);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/cbor/numbers of the field", numbers_of_the_field);
    g_test_add_func("/cbor/numbers", numbers_of_the_rfc);
    g_test_add_func("/cbor/containers", strings_and_containers);
    g_test_add_func("/cbor/refused", what_is_not_shortest_or_not_whole_is_refused);
    g_test_add_func("/cbor/arbitrary", arbitrary_octets_end);
    return g_test_run();
}
