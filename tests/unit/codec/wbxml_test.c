/* SPDX-License-Identifier: Apache-2.0 */
/* WBXML token streams: what is written is read again; global tokens, pages, offsets. The documents built of them are tested in prov_test. */
#include <glib.h>
#include <string.h>

#include "codec/wbxml.h"
#include "codec/wbxml_write.h"
#include "support/vectors.h"

static struct wbxml_token next(struct wbxml *w, struct reader *in, enum wbxml_kind kind)
{
    struct wbxml_token t;
    struct error err = { 0 };
    g_assert_cmpint(wbxml_next(w, in, &t, &err), ==, ERROR_NONE);
    g_assert_cmpint(t.kind, ==, kind);
    return t;
}

static void written_is_read_again(void)
{
    uint8_t buffer[256];
    struct writer out = writer_make(buffer, sizeof buffer);
    uint8_t page = 0;
    wbxml_put_header(&out, 2, 0x1201);
    wbxml_put_tag(&out, &page, 0, 0x2D, true);
    wbxml_put_tag(&out, &page, 1, 0x0C, true);
    wbxml_put_text(&out, "4000");
    wbxml_put_end(&out);
    wbxml_put_tag(&out, &page, 0, 0x12, false);
    wbxml_put_opaque(&out, (struct slice){ (const uint8_t *)"\0\xff", 2 });
    wbxml_put_end(&out);
    g_assert_false(out.failed);
    struct wbxml w;
    g_assert_cmpint(wbxml_open(&w, writer_slice(&out), NULL), ==, ERROR_NONE);
    g_assert_cmpuint(w.version, ==, 2);
    g_assert_cmpuint(w.public_id, ==, 0x1201);
    g_assert_cmpuint(w.charset, ==, 106);
    struct reader in = w.in;
    struct wbxml_token t = next(&w, &in, WBXML_TAG);
    g_assert_true(w.tag_page == 0 && t.token == 0x2D && t.has_content && !t.has_attributes);
    t = next(&w, &in, WBXML_TAG);
    g_assert_true(w.tag_page == 1 && t.token == 0x0C && t.has_content);
    t = next(&w, &in, WBXML_TEXT);
    g_assert_true(slice_is(w.text, "4000"));
    next(&w, &in, WBXML_END);
    t = next(&w, &in, WBXML_TAG);
    g_assert_true(w.tag_page == 0 && t.token == 0x12 && !t.has_content);
    t = next(&w, &in, WBXML_OPAQUE);
    g_assert_true(slice_equal(w.text, (struct slice){ (const uint8_t *)"\0\xff", 2 }));
    next(&w, &in, WBXML_END);
    next(&w, &in, WBXML_FINISHED);
    next(&w, &in, WBXML_FINISHED);
}

struct row {
    const char *name, *hex;
    bool attributes;
    enum error_code rc;
    enum wbxml_kind kind;
    const char *text;
    uint32_t number; /* token or entity */
    uint8_t page;
    size_t offset;
};

static const struct row rows[] = {
    { "tag", "C5", false, ERROR_NONE, WBXML_TAG, NULL, 0x05, 0, 6 },
    { "tag on a page", "00 07 45", false, ERROR_NONE, WBXML_TAG, NULL, 0x05, 7, 8 },
    { "tag after two switches", "00 07 00 03 45", false, ERROR_NONE, WBXML_TAG, NULL, 0x05, 3, 10 },
    { "table text", "83 01", false, ERROR_NONE, WBXML_TEXT, "", 0, 0, 6 },
    { "table text from its start", "83 00", true, ERROR_NONE, WBXML_TEXT, "A", 0, 0, 6 },
    { "table text outside", "83 02", false, ERROR_MALFORMED, 0, NULL, 0, 0, 0 },
    { "entity", "02 87 FF 7F", false, ERROR_NONE, WBXML_ENTITY, NULL, 0x1FFFF, 0, 6 },
    { "entity 0", "02 00", false, ERROR_MALFORMED, 0, NULL, 0, 0, 0 },
    { "entity surrogate", "02 83 B0 00", false, ERROR_MALFORMED, 0, NULL, 0, 0, 0 },
    { "entity too large", "02 C4 80 00", false, ERROR_MALFORMED, 0, NULL, 0, 0, 0 },
    { "entity of six octets", "02 80 80 80 80 80 41", false, ERROR_TRUNCATED, 0, NULL, 0, 0, 0 },
    { "processing instruction", "43", false, ERROR_MALFORMED, 0, NULL, 0, 0, 0 },
    { "extension", "C0", false, ERROR_MALFORMED, 0, NULL, 0, 0, 0 },
    { "literal with attributes", "84 00", true, ERROR_MALFORMED, 0, NULL, 0, 0, 0 },
    { "attribute", "46", true, ERROR_NONE, WBXML_ATTRIBUTE, NULL, 0x46, 0, 6 },
    { "attribute value", "00 01 8D", true, ERROR_NONE, WBXML_VALUE, NULL, 0x8D, 1, 8 },
    { "attribute end", "01", true, ERROR_NONE, WBXML_END, NULL, 0, 0, 6 },
    { "attributes need an end", "", true, ERROR_TRUNCATED, 0, NULL, 0, 0, 0 },
    { "text without end", "03 41", false, ERROR_TRUNCATED, 0, NULL, 0, 0, 0 },
    { "opaque over the end", "C3 02 41", false, ERROR_TRUNCATED, 0, NULL, 0, 0, 0 },
    { "page switch without page", "00", false, ERROR_TRUNCATED, 0, NULL, 0, 0, 7 },
    { "page switch without token", "00 01", true, ERROR_TRUNCATED, 0, NULL, 0, 0, 8 },
};

static void check_row(gconstpointer data)
{
    const struct row *row = data;
    g_autofree char *hex = g_strconcat("03 0B 6A 02 41 00 ", row->hex, NULL);
    struct octets doc = octets_of_hex(hex);
    struct wbxml w;
    struct wbxml_token t;
    struct error err = { 0 };
    g_assert_cmpint(wbxml_open(&w, octets_slice(&doc), &err), ==, ERROR_NONE);
    struct reader in = w.in;
    g_assert_cmpint(row->attributes ? wbxml_next_attribute(&w, &in, &t, &err) : wbxml_next(&w, &in, &t, &err), ==, row->rc);
    g_assert_cmpint(err.code, ==, row->rc);
    if (row->rc && row->offset) {
        g_autofree char *end = g_strdup_printf("at octet %zu", row->offset);
        g_assert_true(g_str_has_suffix(err.text, end));
    }
    if (row->rc == ERROR_NONE) {
        g_assert_cmpint(t.kind, ==, row->kind);
        bool token = t.kind == WBXML_TAG || t.kind == WBXML_ATTRIBUTE || t.kind == WBXML_VALUE;
        g_assert_cmpuint(t.kind == WBXML_ENTITY ? w.entity : token ? t.token : 0, ==, row->number);
        g_assert_cmpuint(row->attributes ? w.attribute_page : w.tag_page, ==, row->page);
        g_assert_cmpuint(t.offset, ==, row->offset);
        g_assert_true(!row->text || slice_is(w.text, row->text));
    }
    octets_free(&doc);
}

/* WAP-192 7.1: the low six bits 00 to 04 are global tokens, each with four forms; all others belong to the document. */
static void every_octet_has_its_kind(void)
{
    for (unsigned octet = 0; octet < 256; octet++) {
        unsigned form = octet >> 6;
        enum wbxml_kind content = WBXML_TAG, attribute = octet < 0x80 ? WBXML_ATTRIBUTE : WBXML_VALUE;
        if ((octet & 0x3f) <= 4) {
            static const enum wbxml_kind globals[5][4] = { { 0, 0, 0, 0 }, { WBXML_END, 0, 0, 0 }, { WBXML_ENTITY, 0, 0, 0 },
                                                        { WBXML_TEXT, 0, WBXML_TEXT, WBXML_OPAQUE }, { 0, 0, 0, 0 } };
            content = attribute = globals[octet & 0x3f][form];
        }
        g_assert_cmpuint(wbxml_content_kinds[octet], ==, content);
        g_assert_cmpuint(wbxml_attribute_kinds[octet], ==, attribute);
    }
}

static void headers(void)
{
    static const struct {
        const char *hex;
        enum error_code rc;
    } cases[] = {
        { "01 0B 6A 00", ERROR_NONE },      { "03 00 01 6A 02 41 00", ERROR_NONE }, { "03 00 02 6A 02 41 00", ERROR_MALFORMED },
        { "04 0B 6A 00", ERROR_NOT_SUPPORTED }, { "03 0B 6A 01", ERROR_TRUNCATED },  { "03 0B 6A 8F FF FF FF 7F 41", ERROR_TRUNCATED },
        { "03 0B", ERROR_TRUNCATED },       { "", ERROR_TRUNCATED },
    };
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        struct octets doc = octets_of_hex(cases[i].hex);
        struct wbxml w;
        g_assert_cmpint(wbxml_open(&w, octets_slice(&doc), NULL), ==, cases[i].rc);
        octets_free(&doc);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/wbxml/written is read again", written_is_read_again);
    g_test_add_func("/wbxml/every octet has its kind", every_octet_has_its_kind);
    g_test_add_func("/wbxml/headers", headers);
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *path = g_strdup_printf("/wbxml/%s", rows[i].name);
        g_test_add_data_func(path, &rows[i], check_row);
    }
    return g_test_run();
}
