/* SPDX-License-Identifier: Apache-2.0 */
/* Provisioning documents: rules of the WBXML form by octet strings, of the XML form by texts, the bounds of both, the documents of the
 * vectors. */
#include <glib.h>
#include <string.h>

#include "codec/prov.h"
#include "support/tree_json.h"
#include "support/vectors.h"

static void *memory;

typedef enum error_code decode_fn(struct slice doc, struct arena *arena, struct prov_node **root, struct error *err);

/* Value xor error; the tree or NULL. */
static struct prov_node *decode_in(decode_fn *fn, struct slice doc, size_t arena_size, enum error_code *rc)
{
    struct arena arena = arena_make(memory, arena_size);
    struct prov_node *root = NULL;
    struct error err = { 0 };
    *rc = fn(doc, &arena, &root, &err);
    g_assert_cmpint(*rc == ERROR_NONE, ==, root != NULL);
    g_assert_cmpint(err.code, ==, *rc);
    g_assert_cmpint(*rc == ERROR_NONE, ==, err.text[0] == '\0');
    return root;
}

struct row {
    const char *name, *doc;
    enum error_code rc;
    const char *tree; /* compact: element(attributes|children) */
};

static void describe(const struct prov_node *n, GString *out)
{
    g_string_append(out, n->element == PROV_DOCUMENT ? "doc" : n->element == PROV_CHARACTERISTIC ? "char" : "parm");
    for (enum prov_attribute i = PROV_VERSION; i < PROV_ATTRIBUTES; i++)
        if (prov_attribute(n, i))
            g_string_append_printf(out, " %s", prov_attribute(n, i));
    if (n->has_opaque) {
        g_string_append(out, " #");
        for (size_t i = 0; i < n->octets.len; i++)
            g_string_append_printf(out, "%02x", n->octets.data[i]);
    }
    if (!n->child)
        return;
    g_string_append_c(out, '(');
    for (const struct prov_node *c = n->child; c; c = c->next) {
        describe(c, out);
        g_string_append_c(out, c->next ? ',' : ')');
    }
}

static void check_tree(const struct row *row, struct slice doc, decode_fn *fn)
{
    enum error_code rc;
    struct prov_node *root = decode_in(fn, doc, PROV_ARENA, &rc);
    g_assert_cmpint(rc, ==, row->rc);
    g_autoptr(GString) text = g_string_new(NULL);
    if (root)
        describe(root, text);
    g_assert_cmpstr(text->str, ==, row->tree ? row->tree : "");
}

#define H "03 0B 6A 00 "
#define IN_CHARACTERISTIC(x) H "45 C6 55 01 " x " 01 01"

static const struct row wbxml_rows[] = {
    { "empty", H "05", ERROR_NONE, "doc" },
    { "empty with content", H "45 01", ERROR_NONE, "doc" },
    { "version token", H "85 46 01", ERROR_NONE, "doc 1.0" },
    { "version text", H "85 45 03 31 2E 31 00 01", ERROR_NONE, "doc 1.1" },
    { "parm", IN_CHARACTERISTIC("87 11 06 03 41 00 01"), ERROR_NONE, "doc(char NAPDEF(parm NAPID A))" },
    { "parm without value", IN_CHARACTERISTIC("87 14 01"), ERROR_NONE, "doc(char NAPDEF(parm INTERNET))" },
    { "parm with empty value", IN_CHARACTERISTIC("87 14 06 01"), ERROR_NONE, "doc(char NAPDEF(parm INTERNET ))" },
    { "parm by text", IN_CHARACTERISTIC("87 05 03 41 42 00 06 03 43 00 01"), ERROR_NONE, "doc(char NAPDEF(parm AB C))" },
    { "value in pieces", IN_CHARACTERISTIC("87 09 06 03 61 00 89 02 62 03 63 00 01"), ERROR_NONE, "doc(char NAPDEF(parm NAP-ADDRTYPE aAPNbc))" },
    { "value token", IN_CHARACTERISTIC("87 10 06 AB 01"), ERROR_NONE, "doc(char NAPDEF(parm BEARER GSM-GPRS))" },
    { "page 1 stays", H "45 C6 00 01 55 01 87 36 06 03 77 37 00 01 01 01", ERROR_NONE, "doc(char APPLICATION(parm APPID w7))" },
    { "page 1 there and back", H "45 C6 00 01 55 01 87 36 00 00 06 03 77 37 00 01 01 01", ERROR_NONE, "doc(char APPLICATION(parm APPID w7))" },
    { "pages are separate", H "45 C6 00 01 55 01 00 01 87 36 06 8D 01 01 01", ERROR_NONE, "doc(char APPLICATION(parm APPID APPSRV))" },
    { "opaque value", IN_CHARACTERISTIC("87 11 06 C3 03 00 FF 41 01"), ERROR_NONE, "doc(char NAPDEF(parm NAPID #00ff41))" },
    { "empty opaque value", IN_CHARACTERISTIC("87 11 06 C3 00 01"), ERROR_NONE, "doc(char NAPDEF(parm NAPID #))" },
    { "string table", "03 0B 6A 04 41 42 43 00 45 C6 55 01 87 11 06 83 01 01 01 01", ERROR_NONE, "doc(char NAPDEF(parm NAPID BC))" },
    { "entity to utf-8", IN_CHARACTERISTIC("87 11 06 02 81 69 02 C1 2C 02 87 EC 00 01"), ERROR_NONE, "doc(char NAPDEF(parm NAPID \xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80))" },
    { "latin-1", "03 0B 04 00 45 C6 55 01 87 11 06 03 E9 00 01 01 01", ERROR_NONE, "doc(char NAPDEF(parm NAPID \xC3\xA9))" },
    { "ascii", "03 0B 03 00 45 C6 55 01 87 11 06 03 41 00 01 01 01", ERROR_NONE, "doc(char NAPDEF(parm NAPID A))" },
    { "charset unknown: utf-8", "03 0B 00 00 45 C6 55 01 87 11 06 03 C3 A9 00 01 01 01", ERROR_NONE, "doc(char NAPDEF(parm NAPID \xC3\xA9))" },
    { "empty text", IN_CHARACTERISTIC("87 11 06 03 00 03 41 00 03 00 01"), ERROR_NONE, "doc(char NAPDEF(parm NAPID A))" },
    { "pieces, then one text", IN_CHARACTERISTIC("87 11 06 03 41 00 03 42 00 01 87 12 06 03 43 00 01"), ERROR_NONE, "doc(char NAPDEF(parm NAPID AB,parm COUNTRY C))" },
    { "ascii only", "03 0B 03 00 45 C6 55 01 87 11 06 03 E9 00 01 01 01", ERROR_MALFORMED, NULL },
    { "utf-8", IN_CHARACTERISTIC("87 11 06 03 C3 A9 00 01"), ERROR_NONE, "doc(char NAPDEF(parm NAPID \xC3\xA9))" },
    { "utf-8 overlong", IN_CHARACTERISTIC("87 11 06 03 C0 AF 00 01"), ERROR_MALFORMED, NULL },
    { "utf-8 surrogate", IN_CHARACTERISTIC("87 11 06 03 ED A0 80 00 01"), ERROR_MALFORMED, NULL },
    { "utf-8 beyond unicode", IN_CHARACTERISTIC("87 11 06 03 F4 90 80 80 00 01"), ERROR_MALFORMED, NULL },
    { "utf-8 three octets overlong", IN_CHARACTERISTIC("87 11 06 03 E0 9F BF 00 01"), ERROR_MALFORMED, NULL },
    { "utf-8 of five octets", IN_CHARACTERISTIC("87 11 06 03 F8 88 80 80 80 00 01"), ERROR_MALFORMED, NULL },
    { "utf-8 cut", IN_CHARACTERISTIC("87 11 06 03 E2 82 00 01"), ERROR_MALFORMED, NULL },
    { "utf-8 continuation alone", IN_CHARACTERISTIC("87 11 06 03 80 00 01"), ERROR_MALFORMED, NULL },
    { "charset of another kind", "03 0B 07 00 05", ERROR_NOT_SUPPORTED, NULL },
    { "public id by text", "02 00 00 6A 1E 2D2F2F574150464F52554D2F2F4454442050524F5620312E302F2F454E00 05", ERROR_NONE, "doc" },
    { "public id by other text", "02 00 00 6A 02 4100 05", ERROR_NOT_SUPPORTED, NULL },
    { "unknown public id", "03 01 6A 00 05", ERROR_NOT_SUPPORTED, NULL },
    { "version 0", "00 0B 6A 00 05", ERROR_NOT_SUPPORTED, NULL },
    { "unknown tag", H "45 08 01", ERROR_MALFORMED, NULL },
    { "document tag on page 1", H "00 01 45 01", ERROR_MALFORMED, NULL },
    { "unknown tag page", H "45 00 02 C6 55 01 01 01", ERROR_MALFORMED, NULL },
    { "unknown attribute token", IN_CHARACTERISTIC("87 4D 01"), ERROR_MALFORMED, NULL },
    { "unknown attribute page", IN_CHARACTERISTIC("87 00 02 11 01"), ERROR_MALFORMED, NULL },
    { "unknown value token", IN_CHARACTERISTIC("87 11 06 84 01"), ERROR_MALFORMED, NULL },
    { "undefined value token", IN_CHARACTERISTIC("87 11 06 FE 01"), ERROR_MALFORMED, NULL },
    { "extension token", IN_CHARACTERISTIC("87 11 06 80 00 01"), ERROR_MALFORMED, NULL },
    { "literal tag", H "45 04 00 01", ERROR_MALFORMED, NULL },
    { "value before attribute", IN_CHARACTERISTIC("87 03 41 00 01"), ERROR_MALFORMED, NULL },
    { "value twice", IN_CHARACTERISTIC("87 11 06 03 41 00 06 03 42 00 01"), ERROR_MALFORMED, NULL },
    { "name twice", IN_CHARACTERISTIC("87 11 12 01"), ERROR_MALFORMED, NULL },
    { "text value, then an opaque one", IN_CHARACTERISTIC("87 11 06 03 41 00 06 C3 01 42 01"), ERROR_MALFORMED, NULL },
    { "text then opaque value", IN_CHARACTERISTIC("87 11 06 03 41 00 06 C3 01 42 01"), ERROR_MALFORMED, NULL },
    { "opaque then text value", IN_CHARACTERISTIC("87 11 06 C3 01 42 06 03 41 00 01"), ERROR_MALFORMED, NULL },
    { "opaque then empty value", IN_CHARACTERISTIC("87 11 06 C3 01 42 06 01"), ERROR_MALFORMED, NULL },
    { "unknown attribute token of the document", H "C5 4D 01 01", ERROR_MALFORMED, NULL },
    { "unknown attribute page of the document", H "C5 00 02 45 01 01", ERROR_MALFORMED, NULL },
    { "value before attribute of the document", H "C5 03 41 00 01", ERROR_MALFORMED, NULL },
    { "words of several pieces", H "45 C6 54 03 59 00 01 87 11 03 58 00 01 01 01", ERROR_NONE, "doc(char VALIDITYY(parm NAPIDX))" },
    { "opaque twice", IN_CHARACTERISTIC("87 11 06 C3 01 42 06 C3 01 42 01"), ERROR_MALFORMED, NULL },
    { "opaque after text", IN_CHARACTERISTIC("87 11 06 03 41 00 C3 01 42 01"), ERROR_MALFORMED, NULL },
    { "text after opaque", IN_CHARACTERISTIC("87 11 06 C3 01 42 03 41 00 01"), ERROR_MALFORMED, NULL },
    { "opaque name", IN_CHARACTERISTIC("87 05 C3 01 42 01"), ERROR_MALFORMED, NULL },
    { "opaque value of a characteristic", H "45 C6 55 06 C3 01 42 01 01 01", ERROR_MALFORMED, NULL },
    { "value of a characteristic", H "45 C6 55 06 03 41 00 01 01 01", ERROR_MALFORMED, NULL },
    { "type of a parm", IN_CHARACTERISTIC("87 55 01"), ERROR_MALFORMED, NULL },
    { "name of the document", H "85 11 01", ERROR_MALFORMED, NULL },
    { "parm without name", IN_CHARACTERISTIC("87 06 03 41 00 01"), ERROR_MALFORMED, NULL },
    { "parm without attributes", IN_CHARACTERISTIC("07"), ERROR_MALFORMED, NULL },
    { "characteristic without type", H "45 46 01 01", ERROR_MALFORMED, NULL },
    { "element inside a parm", IN_CHARACTERISTIC("C7 11 01 C6 55 01 01 01"), ERROR_MALFORMED, NULL },
    { "parm first", H "87 11 01", ERROR_MALFORMED, NULL },
    { "document inside", H "45 05 01", ERROR_MALFORMED, NULL },
    { "text content", H "45 03 41 00 01", ERROR_MALFORMED, NULL },
    { "end first", H "01", ERROR_MALFORMED, NULL },
    { "octet behind", H "05 00", ERROR_MALFORMED, NULL },
    { "end behind", H "45 01 01", ERROR_MALFORMED, NULL },
    { "second document", H "05 05", ERROR_MALFORMED, NULL },
    { "no body", H, ERROR_TRUNCATED, NULL },
    { "no end", H "45", ERROR_TRUNCATED, NULL },
    { "ends in attributes", H "85 46", ERROR_TRUNCATED, NULL },
    { "ends in a page switch", H "45 00", ERROR_TRUNCATED, NULL },
    { "opaque over the end", IN_CHARACTERISTIC("87 11 06 C3 7F 41"), ERROR_TRUNCATED, NULL },
    { "nothing", "", ERROR_TRUNCATED, NULL },
};

static void check_wbxml(gconstpointer data)
{
    const struct row *row = data;
    struct octets doc = octets_of_hex(row->doc);
    check_tree(row, octets_slice(&doc), prov_decode_wbxml);
    octets_free(&doc);
}

#define D(x) "<wap-provisioningdoc>" x "</wap-provisioningdoc>"
#define DOCTYPE "<!DOCTYPE wap-provisioningdoc PUBLIC \"-//WAPFORUM//DTD PROV 1.0//EN\" \"http://www.wapforum.org/DTD/prov.dtd\""

static const struct row xml_rows[] = {
    { "document", "<?xml version=\"1.0\"?>" DOCTYPE ">\n<wap-provisioningdoc version='1.1'>\n <characteristic type=\"NAPDEF\"><parm name='a' value='b'/></characteristic>\n"
      "</wap-provisioningdoc>\n", ERROR_NONE, "doc 1.1(char NAPDEF(parm a b))" },
    { "references", D("<parm name='a&lt;&#x20AC;' value='&amp;'/>"), ERROR_NONE, "doc(parm a<\xE2\x82\xAC &)" },
    { "comment and instruction", D("<!-- x --><?y z?><parm name='a'/>"), ERROR_NONE, "doc(parm a)" },
    { "latin-1", "<?xml version='1.0' encoding='ISO-8859-1'?>" D("<parm name='\xE9'/>"), ERROR_NONE, "doc(parm \xC3\xA9)" },
    { "invalid utf-8", D("<parm name='\xE9'/>"), ERROR_MALFORMED, NULL },
    { "entity declaration", DOCTYPE "[<!ENTITY a 'b'>]>" D("<parm name='&a;'/>"), ERROR_MALFORMED, NULL },
    { "default attribute", DOCTYPE "[<!ATTLIST parm value CDATA 'x'>]>" D("<parm name='a'/>"), ERROR_MALFORMED, NULL },
    { "undeclared entity", D("<parm name='&a;'/>"), ERROR_MALFORMED, NULL },
    { "text", D("x"), ERROR_MALFORMED, NULL },
    { "unknown element", D("<x/>"), ERROR_MALFORMED, NULL },
    { "unknown attribute", D("<parm name='a' x='y'/>"), ERROR_MALFORMED, NULL },
    { "attribute twice", D("<parm name='a' name='b'/>"), ERROR_MALFORMED, NULL },
    { "attribute of another element", D("<parm name='a' type='b'/>"), ERROR_MALFORMED, NULL },
    { "parm without name", D("<parm value='a'/>"), ERROR_MALFORMED, NULL },
    { "characteristic without type", D("<characteristic/>"), ERROR_MALFORMED, NULL },
    { "element inside a parm", D("<parm name='a'><parm name='b'/></parm>"), ERROR_MALFORMED, NULL },
    { "parm first", "<parm name='a'/>", ERROR_MALFORMED, NULL },
    { "not closed", "<wap-provisioningdoc>", ERROR_MALFORMED, NULL },
    { "something behind", D("") "<x/>", ERROR_MALFORMED, NULL },
    { "nothing", "", ERROR_MALFORMED, NULL },
};

static void check_xml(gconstpointer data)
{
    const struct row *row = data;
    struct octets doc = octets_copy(row->doc, strlen(row->doc));
    check_tree(row, octets_slice(&doc), prov_decode_xml);
    octets_free(&doc);
}

/* --- bounds: the last document that fits and the first that does not, in both forms --- */

static void add_hex(GByteArray *a, const char *hex)
{
    struct octets o = octets_of_hex(hex);
    g_byte_array_append(a, o.data, (guint)o.len);
    octets_free(&o);
}

static void expect_wbxml(GByteArray *doc, bool fits)
{
    enum error_code rc;
    struct octets exact = octets_copy(doc->data, doc->len);
    decode_in(prov_decode_wbxml, octets_slice(&exact), PROV_ARENA, &rc);
    g_assert_cmpint(rc, ==, fits ? ERROR_NONE : ERROR_TOO_LARGE);
    octets_free(&exact);
    g_byte_array_unref(doc);
}

static void expect_xml(GString *doc, bool fits)
{
    enum error_code rc;
    struct octets exact = octets_copy(doc->str, doc->len);
    decode_in(prov_decode_xml, octets_slice(&exact), PROV_ARENA, &rc);
    g_assert_cmpint(rc, ==, fits ? ERROR_NONE : ERROR_TOO_LARGE);
    octets_free(&exact);
    g_string_free(doc, TRUE);
}

static void nest(size_t characteristics, bool fits)
{
    GByteArray *w = g_byte_array_new();
    GString *x = g_string_new("<wap-provisioningdoc>");
    add_hex(w, H "45");
    for (size_t i = 0; i < characteristics; i++) {
        add_hex(w, "C6 55 01");
        g_string_append(x, "<characteristic type='N'>");
    }
    for (size_t i = 0; i <= characteristics; i++) {
        add_hex(w, "01");
        g_string_append(x, i < characteristics ? "</characteristic>" : "</wap-provisioningdoc>");
    }
    expect_wbxml(w, fits);
    expect_xml(x, fits);
}

static void depth_is_bounded(void)
{
    nest(PROV_MAX_DEPTH - 1, true);
    nest(PROV_MAX_DEPTH, false);
    nest(300, false);
}

static void repeat(const char *hex, const char *xml, size_t times, bool fits)
{
    GByteArray *w = g_byte_array_new();
    GString *x = g_string_new("<wap-provisioningdoc>");
    add_hex(w, H "45");
    for (size_t i = 0; i < times; i++) {
        add_hex(w, hex);
        g_string_append(x, xml);
    }
    add_hex(w, "01");
    g_string_append(x, "</wap-provisioningdoc>");
    expect_wbxml(w, fits);
    expect_xml(x, fits);
}

static void elements_are_counted(void)
{
    repeat("86 55 01", "<characteristic type='N'/>", PROV_MAX_CHARACTERISTICS, true);
    repeat("86 55 01", "<characteristic type='N'/>", PROV_MAX_CHARACTERISTICS + 1, false);
    repeat("87 11 01", "<parm name='N'/>", PROV_MAX_PARMS, true);
    repeat("87 11 01", "<parm name='N'/>", PROV_MAX_PARMS + 1, false);
}

static void value_of(size_t len, bool fits)
{
    g_autofree char *text = g_strnfill(len, 'v');
    GByteArray *w = g_byte_array_new();
    add_hex(w, H "45 87 11 06 03");
    g_byte_array_append(w, (const uint8_t *)text, (guint)len + 1);
    add_hex(w, "01 01");
    expect_wbxml(w, fits);
    GString *x = g_string_new(NULL);
    g_string_printf(x, "<wap-provisioningdoc><parm name='N' value='%s'/></wap-provisioningdoc>", text);
    expect_xml(x, fits);
    w = g_byte_array_new();
    add_hex(w, H "45 87 11 06 C3");
    add_hex(w, len > 2048 ? "90 01" : "90 00");
    g_byte_array_append(w, (const uint8_t *)text, (guint)len);
    add_hex(w, "01 01");
    expect_wbxml(w, fits);
}

/* In a charset that is written anew: the bound counts what comes out. */
static void latin_of(size_t len, bool fits)
{
    g_autofree char *text = g_strnfill(len, (char)0xE9);
    GByteArray *w = g_byte_array_new();
    add_hex(w, "03 0B 04 00 45 87 11 06 03");
    g_byte_array_append(w, (const uint8_t *)text, (guint)len + 1);
    add_hex(w, "01 01");
    expect_wbxml(w, fits);
}

/* Two pieces that are too long together, with every size of arena: nothing is written behind it. */
static void pieces_stay_in_their_room(void)
{
    enum { GUARD = 2 * PROV_MAX_VALUE };
    g_autofree char *text = g_strnfill(PROV_MAX_VALUE, 'v');
    g_autoptr(GByteArray) w = g_byte_array_new();
    add_hex(w, H "45 87 11 06");
    for (int piece = 0; piece < 2; piece++) {
        add_hex(w, "03");
        g_byte_array_append(w, (const uint8_t *)text, PROV_MAX_VALUE + 1);
    }
    add_hex(w, "01 01");
    enum error_code rc = ERROR_NO_MEMORY;
    for (size_t size = 0; rc == ERROR_NO_MEMORY && size < PROV_ARENA - GUARD; size += 16) {
        uint8_t *behind = (uint8_t *)memory + size;
        memset(behind, 0xA5, GUARD);
        decode_in(prov_decode_wbxml, (struct slice){ w->data, w->len }, size, &rc);
        for (size_t i = 0; i < GUARD; i++)
            g_assert_cmphex(behind[i], ==, 0xA5);
    }
    g_assert_cmpint(rc, ==, ERROR_TOO_LARGE);
}

static void values_are_bounded(void)
{
    latin_of(PROV_MAX_VALUE / 2, true);
    latin_of(PROV_MAX_VALUE / 2 + 1, false);
    value_of(PROV_MAX_VALUE, true);
    value_of(PROV_MAX_VALUE + 1, false);
}

/* A table entry named again and again, each time beside "NAPID"; root: the document's tag, with its attributes. */
static void text_by_reference(const char *root, size_t len, size_t times, bool fits)
{
    g_autofree char *text = g_strnfill(len, 't');
    GByteArray *w = g_byte_array_new();
    const uint8_t table[] = { (uint8_t)(0x80 | (len + 1) >> 7), (uint8_t)((len + 1) & 0x7f) };
    add_hex(w, "03 0B 6A");
    g_byte_array_append(w, table, sizeof table);
    g_byte_array_append(w, (const uint8_t *)text, (guint)len + 1);
    add_hex(w, root);
    for (size_t i = 0; i < times; i++)
        add_hex(w, "87 11 06 83 00 01");
    add_hex(w, "87 05 03 00 01 87 05 03 00 01 01"); /* names without an octet: what stands at the end is not read at one go */
    expect_wbxml(w, fits);
}

static void expansion_is_bounded(void)
{
    text_by_reference("45", 1023, PROV_MAX_TEXT / 1028, true);
    text_by_reference("45", 1023, PROV_MAX_TEXT / 1028 + 1, false);
    text_by_reference("45", PROV_MAX_TEXT / 128 - 5, 128, true); /* to the last octet; a version of one is too much */
    text_by_reference("C5 45 03 76 00 01", PROV_MAX_TEXT / 128 - 5, 128, false);
}

static void document_is_bounded(void)
{
    for (size_t over = 0; over < 2; over++) {
        GByteArray *w = g_byte_array_new(); /* 7 + 4 + table + 1 octets */
        size_t table = PROV_MAX_OCTETS - 6 + over;
        g_autofree char *text = g_strnfill(table, 't');
        add_hex(w, "03 0B 6A");
        uint8_t length[2] = { (uint8_t)(0x80 | table >> 7), (uint8_t)(table & 0x7f) };
        g_byte_array_append(w, length, 2);
        g_byte_array_append(w, (const uint8_t *)text, (guint)table);
        add_hex(w, "05");
        g_assert_cmpuint(w->len, ==, PROV_MAX_OCTETS + over);
        expect_wbxml(w, !over);
        GString *x = g_string_new(D(""));
        while (x->len < PROV_MAX_OCTETS + over)
            g_string_append_c(x, ' ');
        expect_xml(x, !over);
    }
}

/* Whatever the arena's size: a tree or NO_MEMORY; and the largest shapes fit into PROV_ARENA. */
static void arena_may_be_small(void)
{
    GString *x = g_string_new("<wap-provisioningdoc>");
    for (size_t i = 0; i < PROV_MAX_PARMS; i++)
        g_string_append_printf(x, "<parm name='%zu' value='v'/>", i);
    g_string_append(x, "</wap-provisioningdoc>");
    g_assert_cmpuint(x->len, <=, PROV_MAX_OCTETS);
    struct octets wbxml = vectors_file("v07_w7_dm_account.wbxml");
    enum error_code rc = ERROR_NO_MEMORY;
    size_t size;
    for (size = 0; rc == ERROR_NO_MEMORY; size += 1024)
        decode_in(prov_decode_xml, (struct slice){ (const uint8_t *)x->str, x->len }, size, &rc);
    g_assert_cmpint(rc, ==, ERROR_NONE);
    g_test_message("512 parms in XML: %zu octets of arena", size);
    g_assert_cmpuint(size, <, PROV_ARENA / 2);
    for (size = 0, rc = ERROR_NO_MEMORY; rc == ERROR_NO_MEMORY; size += 16)
        decode_in(prov_decode_wbxml, octets_slice(&wbxml), size, &rc);
    g_assert_cmpint(rc, ==, ERROR_NONE);
    octets_free(&wbxml);
    g_string_free(x, TRUE);
}

/* --- vectors --- */

/* A value that the index holds as octets stands in the XML file as hex text, so the forms differ there. */
static bool has_opaque(const json_t *node)
{
    size_t i;
    json_t *child;
    if (json_is_object(json_object_get(json_object_get(node, "attributes"), "value")))
        return true;
    json_array_foreach(json_object_get(node, "children"), i, child)
        if (has_opaque(child))
            return true;
    return false;
}

static void check_document(decode_fn *fn, const char *file, const json_t *expected)
{
    struct octets doc = vectors_file(file);
    enum error_code rc;
    struct prov_node *root = decode_in(fn, octets_slice(&doc), PROV_ARENA, &rc);
    g_test_message("%s", file);
    g_assert_cmpint(rc == ERROR_NONE, ==, expected != NULL);
    if (root) {
        json_t *tree = tree_json(root);
        g_assert_true(json_equal(tree, (json_t *)(uintptr_t)expected));
        json_decref(tree);
        for (size_t len = 0; len < doc.len; len++) { /* no beginning of a document is one (an XML text may lack white space at its end) */
            struct octets cut = octets_copy(doc.data, len);
            if (fn == prov_decode_wbxml || g_ascii_isgraph(doc.data[len]))
                g_assert_null(decode_in(fn, octets_slice(&cut), PROV_ARENA, &rc));
            octets_free(&cut);
        }
    }
    octets_free(&doc);
}

static void documents_of_the_vectors(void)
{
    json_t *index = vectors_index("index-cp.json"), *v;
    size_t i, good = 0, bad = 0;
    json_array_foreach(json_object_get(index, "vectors"), i, v) {
        const json_t *expected = json_object_get(v, "expected_document");
        const char *wbxml = vector_text(v, "wbxml_file"), *xml = vector_text(v, "xml_file"), *layer = vector_text(v, "layer");
        if (wbxml && expected) {
            check_document(prov_decode_wbxml, wbxml, expected);
            good++;
        }
        if (xml && expected && !has_opaque(expected)) {
            check_document(prov_decode_xml, xml, expected);
            good++;
        }
        if (wbxml && layer && strcmp(layer, "wbxml") == 0) {
            check_document(prov_decode_wbxml, wbxml, NULL);
            bad++;
        }
    }
    g_assert_cmpuint(good, >=, 30);
    g_assert_cmpuint(bad, >=, 14);
    json_decref(index);
}

static void lookups(void)
{
    static const char doc[] = D("<characteristic type='PORT'/><parm name='NAME'/><parm name='x' value='0'/><characteristic type='ACCESS'/><characteristic type='PORT'>"
                                "<parm name='x' value='0'/><parm name='SPI' value='1'/><parm name='SPI' value='2'/></characteristic>");
    enum error_code rc;
    struct prov_node *root = decode_in(prov_decode_xml, (struct slice){ (const uint8_t *)doc, strlen(doc) }, PROV_ARENA, &rc);
    const struct prov_node *first = prov_characteristic(root, WORD_PORT, NULL), *second = prov_characteristic(root, WORD_PORT, first);
    g_assert_true(first == root->child);
    g_assert(second && second != first);
    g_assert_null(prov_characteristic(root, WORD_PORT, second));
    g_assert_null(prov_characteristic(root, WORD_NAME, NULL));
    g_assert_cmpstr(prov_parm(root, WORD_NAME), ==, "");
    g_assert_null(prov_parm(root, WORD_PORT));
    g_assert_null(prov_parm(second, WORD_NAME));
    g_assert_cmpstr(prov_parm(second, WORD_SPI), ==, "1");
    const struct prov_node *spi = prov_parm_next(second, WORD_SPI, NULL);
    spi = prov_parm_next(second, WORD_SPI, spi);
    g_assert(spi);
    g_assert_cmpstr(prov_value(spi), ==, "2");
    g_assert_null(prov_parm_next(second, WORD_SPI, spi));
}

/* Each word is found by its octets, and nothing that differs from it by one octet, or by its length, is taken for it. */
static void words(void)
{
    for (unsigned i = WORD_OTHER + 1; i < PROV_WORD_COUNT; i++) {
        char text[64];
        struct slice w = prov_words[i], changed = { (const uint8_t *)text, w.len };
        g_assert_cmpuint(w.len, ==, strlen(prov_word_text((enum prov_word)i)));
        g_assert_cmpuint(prov_word_of(w), ==, i);
        memcpy(text, w.data, w.len + 1);
        for (size_t k = 0; k < w.len; k++) {
            text[k] ^= 0x20;
            g_assert_cmpuint(prov_word_of(changed), ==, WORD_OTHER);
            text[k] ^= 0x20;
        }
        changed.len = w.len + 1; /* the NUL */
        g_assert_cmpuint(prov_word_of(changed), ==, WORD_OTHER);
        changed.len = w.len - 1;
        g_assert_true(prov_word_of(changed) != (enum prov_word)i);
    }
    g_assert_cmpuint(prov_word_of((struct slice){ NULL, 0 }), ==, WORD_OTHER);
    g_assert_cmpuint(prov_word_of((struct slice){ (const uint8_t *)"~", 1 }), ==, WORD_OTHER);
}

/* A token's word with text behind it is another word, or none: NAPID and "X", TO-NAPID of three pieces. */
static void pieces_make_other_words(void)
{
    struct octets doc = octets_of_hex(H "45 C6 55 01 87 11 03 58 00 01 87 05 03 54 4F 2D 00 03 4E 41 50 00 03 49 44 00 01 01 01");
    struct arena arena = arena_make(memory, PROV_ARENA);
    struct prov_node *root = NULL;
    g_assert_cmpint(prov_decode_wbxml(octets_slice(&doc), &arena, &root, NULL), ==, ERROR_NONE);
    const struct prov_node *first = root->child->child;
    g_assert_cmpstr(prov_own(first), ==, "NAPIDX");
    g_assert_cmpuint(first->word, ==, WORD_OTHER);
    g_assert_cmpuint(first->next->word, ==, WORD_TO_NAPID);
    octets_free(&doc);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    memory = g_malloc(PROV_ARENA);
    for (size_t i = 0; i < G_N_ELEMENTS(wbxml_rows); i++) {
        g_autofree char *path = g_strdup_printf("/prov/wbxml/%s", wbxml_rows[i].name);
        g_test_add_data_func(path, &wbxml_rows[i], check_wbxml);
    }
    for (size_t i = 0; i < G_N_ELEMENTS(xml_rows); i++) {
        g_autofree char *path = g_strdup_printf("/prov/xml/%s", xml_rows[i].name);
        g_test_add_data_func(path, &xml_rows[i], check_xml);
    }
    g_test_add_func("/prov/depth is bounded", depth_is_bounded);
    g_test_add_func("/prov/elements are counted", elements_are_counted);
    g_test_add_func("/prov/values are bounded", values_are_bounded);
    g_test_add_func("/prov/expansion is bounded", expansion_is_bounded);
    g_test_add_func("/prov/document is bounded", document_is_bounded);
    g_test_add_func("/prov/arena may be small", arena_may_be_small);
    g_test_add_func("/prov/documents of the vectors", documents_of_the_vectors);
    g_test_add_func("/prov/lookups", lookups);
    g_test_add_func("/prov/words", words);
    g_test_add_func("/prov/pieces make other words", pieces_make_other_words);
    g_test_add_func("/prov/pieces stay in their room", pieces_stay_in_their_room);
    int rc = g_test_run();
    g_free(memory);
    return rc;
}
