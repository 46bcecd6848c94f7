/* SPDX-License-Identifier: Apache-2.0 */
/* Elements that the WBXML decoder reads at one go, beside the same ones with two empty pieces of text in their list, which it reads token by token: every attribute token and
 * value token of three pages, in every element, text at the ends of the string table, values of two pieces. Both give the same tree, or refuse. */
#include <glib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/text.h"
#include "codec/prov.h"
#include "codec/prov_tokens.h"

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
        g_assert_true(a->printable || !b->printable); /* of several pieces it is known only there */
        g_assert_true(!a->printable || text_printable(a->octets) == a->octets.len);
        g_assert_cmpint(a->has_opaque, ==, b->has_opaque);
        g_assert_false(a->taken || b->taken);
        for (enum prov_attribute i = PROV_VERSION; i < PROV_ATTRIBUTES; i++)
            g_assert_cmpstr(prov_attribute(a, i), ==, prov_attribute(b, i));
        g_assert_true(slice_equal(a->octets, b->octets));
        g_assert_true(!prov_value(a) || strlen(prov_value(a)) == a->octets.len);
        check_same(a->child, b->child);
    }
    g_assert_true(!a && !b);
}

/* A document whose string table is `table`, of one element with that list in a characteristic, alone or with a parm behind it, since the last one may be read token by token; `empties`
 * empty texts stand at `at`. */
static GByteArray *document(struct slice table, bool alone, uint8_t tag, const uint8_t *list, guint len, guint at, unsigned empties)
{
    static const uint8_t parm[] = { 0x87, 0x07, 0x06, 0x03, 'b', 'e', 'h', 'i', 'n', 'd', 0x00, 0x01 };
    GByteArray *doc = g_byte_array_new();
    const uint8_t head[] = { 0x03, 0x0B, 0x6A, (uint8_t)(0x80 | table.len >> 7), (uint8_t)(table.len & 0x7f) }, open[] = { 0x45, 0xC6, 0x55, 0x01 }, nothing[] = { 0x03, 0x00 }, ends[] = { 0x01, 0x01 };
    g_byte_array_append(doc, head, sizeof head);
    g_byte_array_append(doc, table.data, (guint)table.len);
    g_byte_array_append(doc, open, sizeof open);
    g_byte_array_append(doc, &tag, 1);
    g_byte_array_append(doc, list, at);
    for (unsigned i = 0; i < empties; i++)
        g_byte_array_append(doc, nothing, sizeof nothing);
    g_byte_array_append(doc, &list[at], len - at);
    g_byte_array_append(doc, ends, tag & 0x40 ? 1 : 0);
    g_byte_array_append(doc, parm, alone ? 0 : sizeof parm);
    g_byte_array_append(doc, ends, sizeof ends);
    return doc;
}

#define TABLE(text) { (const uint8_t *)text, sizeof text - 1 }
static const struct slice no_table = TABLE("");
static unsigned understood; /* documents */

enum { GENERAL = 2 }; /* so many empty texts */

static void check_both(struct slice table, uint8_t tag, const uint8_t *list, guint len, guint at)
{
    for (unsigned i = 0; i < 2 * GENERAL; i++) {
        g_autoptr(GByteArray) plain = document(table, i % 2, tag, list, len, at, i / 2), general = document(table, i % 2, tag, list, len, at, GENERAL);
        struct decoded a = decode(0, plain), b = decode(1, general);
        g_assert_cmpint(!a.rc, ==, !b.rc); /* which error depends on what an unknown octet takes with it */
        check_same(a.root, b.root);
        understood += !a.rc;
    }
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
    g_assert_cmpuint(understood, >, 12 * 140);
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
    g_assert_cmpuint(understood, >, 4 * 60);
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
    g_assert_cmpuint(understood, >=, 4 * 126);
}

struct piece {
    const char *octets;
    guint len;
};
#define PIECE(octets) { octets, sizeof octets - 1 }

/* Of each two pieces, also with a switch of the page before the second; too many octets together, and as many as there may be. */
static void pairs(void)
{
    const struct slice table = TABLE("AB\0\xC3\xA9\0C");
    static char half[1027] = { 3 }, more[1028] = { 3 };
    memset(&half[1], 'h', PROV_MAX_VALUE / 2);
    memset(&more[1], 'm', PROV_MAX_VALUE / 2 + 1);
    const struct piece pieces[] = { PIECE("\x03plain\0"), PIECE("\x03\0"), PIECE("\x03\xC3\0"), PIECE("\x03\xA9\0"), PIECE("\x03\x1F\0"), PIECE("\x83\0"), PIECE("\x83\x03"), PIECE("\x83\x06"),
                                    PIECE("\x83\x08"), PIECE("\x85"), PIECE("\xFF"), PIECE("\x02\x41"), PIECE("\xC3\x01Z"), PIECE("\x00\x00\x85"), PIECE("\x00\x01\x86"), PIECE("\x00\x02\x86"),
                                    { half, PROV_MAX_VALUE / 2 + 2 }, { more, PROV_MAX_VALUE / 2 + 3 } };
    understood = 0;
    for (size_t i = 0; i < G_N_ELEMENTS(pieces); i++)
        for (size_t k = 0; k < G_N_ELEMENTS(pieces); k++) {
            g_autoptr(GByteArray) list = g_byte_array_new();
            g_byte_array_append(list, (const uint8_t *)"\x11\x06", 2);
            g_byte_array_append(list, (const uint8_t *)pieces[i].octets, pieces[i].len);
            g_byte_array_append(list, (const uint8_t *)pieces[k].octets, pieces[k].len);
            g_byte_array_append(list, (const uint8_t *)"\x01", 1);
            check_both(table, 0x87, list->data, list->len, 2);
        }
    g_assert_cmpuint(understood, >, 4 * 80);
}

/* With a page behind it that nobody may read. */
static enum error_code decode_guarded(const GByteArray *doc, guint len)
{
    static uint8_t *pages;
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    if (!pages) {
        pages = mmap(NULL, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        g_assert_true(pages != MAP_FAILED && mprotect(&pages[page], page, PROT_NONE) == 0);
    }
    uint8_t *exact = memcpy(&pages[page - len], doc->data, len);
    struct arena arena = arena_make(memory[0], ARENA);
    struct prov_node *root = NULL;
    return prov_decode_wbxml((struct slice){ exact, len }, &arena, &root, NULL);
}

/* Each list, and the document with it, ends at each of its octets: nothing is read behind it. */
static void cut(void)
{
    static const struct piece lists[] = { PIECE("\0\x01\x36\0\0\x06\x03w7\0\x01"), PIECE("\0\x01\x36\0\x01\x06\0\0\x83\0\x01"), PIECE("\0\0\x11\0\0\x06\0\0\x85\x01"),
                                          PIECE("\x11\x06\x03long enough\0\x01"), PIECE("\x11\x06\x03long enough\0\0\0\x83\0\x01"), PIECE("\x11\x06\x03long enough\0\0\0\x85\x01"),
                                          PIECE("\x11\x06\x83\0\x03long enough\0\x01"), PIECE("\0\x01\x36\0\0\x01") };
    const struct slice table = TABLE("AB\0");
    for (size_t i = 0; i < G_N_ELEMENTS(lists); i++)
        for (int alone = 0; alone <= 1; alone++) {
            g_autoptr(GByteArray) doc = document(table, alone, 0x87, (const uint8_t *)lists[i].octets, lists[i].len, 0, 0);
            for (guint len = 0; len < doc->len; len++)
                g_assert_cmpint(decode_guarded(doc, len), ==, ERROR_TRUNCATED);
            g_assert_cmpint(decode_guarded(doc, doc->len), ==, ERROR_NONE);
        }
}

/* A page of tags lasts until the next switch: an END on page 2 is one, but no tag behind it is known. */
static void pages_of_tags(void)
{
    for (uint8_t page = 0; page < PAGES; page++) {
        const uint8_t octets[] = { 0x03, 0x0B, 0x6A, 0x00, 0x45, 0xC6, 0x55, 0x01, 0x00, page, 0x01, 0xC6, 0x55, 0x01, 0x87, 0x11, 0x06, 0x03, 'l', 'o', 'n', 'g', ' ', 'e', 'n', 'o', 'u', 'g', 'h', 0x00, 0x01, 0x01, 0x01 };
        g_autoptr(GByteArray) doc = g_byte_array_append(g_byte_array_new(), octets, sizeof octets);
        g_assert_cmpint(decode(0, doc).rc, ==, page < 2 ? ERROR_NONE : ERROR_MALFORMED);
    }
}

/* A text that ends with the table, without a NUL, is none, though the octet behind the table is 0: a switch of the page. */
static void table_without_end(void)
{
    const uint8_t octets[] = { 0x03, 0x0B, 0x6A, 0x01, 'C', 0x00, 0x00, 0x45, 0xC6, 0x55, 0x01, 0x87, 0x11, 0x06, 0x83, 0x00, 0x01, 0x87, 0x07, 0x01, 0x01, 0x01 };
    g_autoptr(GByteArray) doc = g_byte_array_append(g_byte_array_new(), octets, sizeof octets);
    g_assert_cmpint(decode(0, doc).rc, ==, ERROR_MALFORMED);
}

/* What the builder counts is what the words have. */
static void lengths(void)
{
    for (unsigned page = 0; page <= PROV_PAGES; page++)
        for (unsigned token = 0; token < PROV_TOKENS; token++)
            g_assert_cmpuint(prov_attribute_tokens[page][token].word_len, ==, prov_words[prov_attribute_tokens[page][token].word].len);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/prov-plain/names", names);
    g_test_add_func("/prov-plain/values", values);
    g_test_add_func("/prov-plain/texts", texts);
    g_test_add_func("/prov-plain/pairs", pairs);
    g_test_add_func("/prov-plain/cut", cut);
    g_test_add_func("/prov-plain/pages-of-tags", pages_of_tags);
    g_test_add_func("/prov-plain/table-without-end", table_without_end);
    g_test_add_func("/prov-plain/lengths", lengths);
    return g_test_run();
}
