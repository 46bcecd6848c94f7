/* SPDX-License-Identifier: Apache-2.0 */
/* Elements that the WBXML decoder reads at one go, beside the same ones with an empty piece of text in their list, which it reads token by token: every attribute token and
 * value token of three pages, in every element, and text at the ends of the string table. Both give the same tree, or refuse. */
#include <glib.h>
#include <string.h>

#include "codec/prov.h"

enum { ARENA = 32 * 1024, PAGES = 3 };
static _Alignas(max_align_t) unsigned char memory[2][ARENA];

struct decoded {
    enum error_code rc;
    struct prov_node *root;
};

static struct decoded decode(int which, const GByteArray *doc)
{
    struct arena arena = arena_make(memory[which], ARENA);
    struct decoded d = { .root = NULL };
    d.rc = prov_decode_wbxml((struct slice){ doc->data, doc->len }, &arena, &d.root, NULL);
    return d;
}

/* In all but the offsets. */
static void check_same(const struct prov_node *a, const struct prov_node *b)
{
    for (; a && b; a = a->next, b = b->next) {
        g_assert_cmpint(a->element, ==, b->element);
        g_assert_cmpint(a->word, ==, b->word);
        g_assert_cmphex(a->words, ==, b->words);
        g_assert_cmpint(a->printable, ==, b->printable);
        g_assert_false(a->has_opaque || b->has_opaque || a->taken || b->taken);
        for (int i = 0; i < PROV_ATTRIBUTES; i++)
            g_assert_cmpstr(a->attribute[i], ==, b->attribute[i]);
        g_assert_true(slice_equal(a->octets, b->octets));
        g_assert_true(!a->octets.data || (const char *)a->octets.data == a->attribute[PROV_VALUE]);
        check_same(a->child, b->child);
    }
    g_assert_true(!a && !b);
}

/* A document whose string table is `table`, of one element with that list between a characteristic and its end; an empty text stands at `empty`, or none. */
static GByteArray *document(struct slice table, uint8_t tag, const uint8_t *list, guint len, guint empty)
{
    GByteArray *doc = g_byte_array_new();
    const uint8_t head[] = { 0x03, 0x0B, 0x6A, (uint8_t)(0x80 | table.len >> 7), (uint8_t)(table.len & 0x7f) }, open[] = { 0x45, 0xC6, 0x55, 0x01 }, nothing[] = { 0x03, 0x00 }, ends[] = { 0x01, 0x01, 0x01 };
    g_byte_array_append(doc, head, sizeof head);
    g_byte_array_append(doc, table.data, (guint)table.len);
    g_byte_array_append(doc, open, sizeof open);
    g_byte_array_append(doc, &tag, 1);
    g_byte_array_append(doc, list, empty < len ? empty : len);
    if (empty < len) {
        g_byte_array_append(doc, nothing, sizeof nothing);
        g_byte_array_append(doc, &list[empty], len - empty);
    }
    g_byte_array_append(doc, ends, tag & 0x40 ? 3 : 2);
    return doc;
}

#define TABLE(text) { (const uint8_t *)text, sizeof text - 1 }
static const struct slice no_table = TABLE("");
static unsigned understood; /* documents */

static void check_both(struct slice table, uint8_t tag, const uint8_t *list, guint len, guint empty)
{
    g_autoptr(GByteArray) plain = document(table, tag, list, len, len), general = document(table, tag, list, len, empty);
    struct decoded a = decode(0, plain), b = decode(1, general);
    g_assert_cmpint(!a.rc, ==, !b.rc); /* which error depends on what an unknown octet takes with it */
    check_same(a.root, b.root);
    understood += !a.rc;
}

static const uint8_t tags[] = { 0x85, 0x86, 0x87, 0xC6, 0xC7 };

/* `page NAME END`, `page NAME VALUE "A" END`, `page NAME page VALUE "A" END`. */
static void names(void)
{
    understood = 0;
    for (size_t tag = 0; tag < sizeof tags; tag++)
        for (unsigned page = 0; page < PAGES; page++)
            for (unsigned name = 2; name <= 0xff; name++) {
                const uint8_t alone[] = { 0x00, (uint8_t)page, (uint8_t)name, 0x01 };
                const uint8_t valued[] = { 0x00, (uint8_t)page, (uint8_t)name, 0x06, 0x03, 'A', 0x00, 0x01 };
                check_both(no_table, tags[tag], alone, sizeof alone, 3);
                check_both(no_table, tags[tag], valued, sizeof valued, 4);
                for (uint8_t other = 0; other < PAGES; other++) {
                    const uint8_t switched[] = { 0x00, (uint8_t)page, (uint8_t)name, 0x00, other, 0x06, 0x03, 'A', 0x00, 0x01 };
                    check_both(no_table, tags[tag], switched, sizeof switched, 6);
                }
            }
    g_assert_cmpuint(understood, >, 3 * 140);
}

static void values(void)
{
    understood = 0;
    for (size_t tag = 0; tag < sizeof tags; tag++)
        for (unsigned page = 0; page < PAGES; page++)
            for (unsigned value = 4; value <= 0xff; value++) {
                const uint8_t list[] = { 0x11, 0x06, 0x00, (uint8_t)page, (uint8_t)value, 0x01 };
                check_both(no_table, tags[tag], list, sizeof list, 2);
            }
    g_assert_cmpuint(understood, >, 60);
}

/* Where the text begins in the table, also behind it, by one octet or two; a table whose last text has no NUL; text that is not printable, or no UTF-8. */
static void texts(void)
{
    static uint8_t long_one[200] = { 0 };
    memset(long_one, 't', sizeof long_one - 1);
    const struct slice tables[] = { TABLE(""), TABLE("AB\0C\0"), TABLE("AB\0C"), TABLE("\xC3\xA9\0"), TABLE("A\x1F\0"), TABLE("\xE9\0"), { long_one, sizeof long_one } };
    understood = 0;
    for (size_t t = 0; t < G_N_ELEMENTS(tables); t++)
        for (unsigned at = 0; at <= 0xff; at++) {
            const uint8_t one[] = { 0x11, 0x06, 0x83, (uint8_t)at, 0x01 }, two[] = { 0x11, 0x06, 0x83, 0x81, (uint8_t)(at & 0x7f), 0x01 };
            check_both(tables[t], 0x87, one, sizeof one, 2);
            check_both(tables[t], 0x87, two, sizeof two, 2);
        }
    for (unsigned octet = 1; octet <= 0xff; octet++) {
        const uint8_t list[] = { 0x11, 0x06, 0x03, 'A', (uint8_t)octet, 'B', 0x00, 0x01 };
        check_both(no_table, 0x87, list, sizeof list, 2);
    }
    g_assert_cmpuint(understood, >=, 126);
}

/* Each list, and the document with it, ends at each of its octets: nothing is read behind it. */
static void cut(void)
{
    static const uint8_t list[] = { 0x00, 0x01, 0x36, 0x00, 0x00, 0x06, 0x03, 'w', '7', 0x00, 0x01 };
    g_autoptr(GByteArray) doc = document(no_table, 0x87, list, sizeof list, sizeof list);
    for (guint len = 0; len < doc->len; len++) {
        g_autofree uint8_t *exact = g_memdup2(doc->data, len);
        struct arena arena = arena_make(memory[0], ARENA);
        struct prov_node *root = NULL;
        g_assert_cmpint(prov_decode_wbxml((struct slice){ exact, len }, &arena, &root, NULL), ==, ERROR_TRUNCATED);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/prov-plain/names", names);
    g_test_add_func("/prov-plain/values", values);
    g_test_add_func("/prov-plain/texts", texts);
    g_test_add_func("/prov-plain/cut", cut);
    return g_test_run();
}
