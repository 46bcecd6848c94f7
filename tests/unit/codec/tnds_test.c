/* SPDX-License-Identifier: Apache-2.0 */
/* Management trees in WBXML, in XML and inside a message: the rules with small trees, and the bootstrap vectors, whose forms must give the same nodes. */
#include <glib.h>
#include <string.h>

#include "base/writer.h"
#include "codec/dm_bootstrap.h"
#include "codec/wsp.h"
#include "support/vectors.h"

static unsigned char memory[2][DM_BOOTSTRAP_ARENA] __attribute__((aligned(16)));

#define NODE(inner) "<MgmtTree xmlns='syncml:dmddf1.2'><VerDTD>1.2</VerDTD><Node><NodeName>a</NodeName>" inner "</Node></MgmtTree>"
#define RT(inner) "<RTProperties>" inner "</RTProperties>"

static const struct {
    const char *name, *xml;
    enum error_code rc;
} rows[] = {
    { "smallest", NODE(""), ERROR_NONE },
    { "leaf", NODE(RT("<Format><chr/></Format><Type><MIME>text/plain</MIME></Type>") "<Value>x</Value>"), ERROR_NONE },
    { "path and counters", NODE("<Path>./Inbox</Path>" RT("<Name>n</Name><Size>1</Size><TStamp>t</TStamp><VerNo>0</VerNo><Title>t</Title>")), ERROR_NONE },
    { "description passed over", NODE("<DFProperties><AccessType><Get/></AccessType><DFFormat><chr/></DFFormat></DFProperties>"), ERROR_NONE },
    { "man and mod", "<MgmtTree><VerDTD>1.2</VerDTD><Man>m</Man><Mod>x</Mod><Node><NodeName>a</NodeName></Node></MgmtTree>", ERROR_NONE },
    { "byte order mark", "\xEF\xBB\xBF" NODE(""), ERROR_NONE },
    { "doctype without declarations", "<!DOCTYPE MgmtTree PUBLIC '-//OMA//DTD-DM-DDF 1.2//EN' 'x'>" NODE(""), ERROR_NONE },
    { "indented", "<MgmtTree>\n <VerDTD>1.2</VerDTD>\n <Node>\n  <NodeName>a</NodeName>\n </Node>\n</MgmtTree>", ERROR_NONE },
    { "value in CDATA", NODE("<Value><![CDATA[<x>&]]></Value>"), ERROR_NONE },
    { "no version", "<MgmtTree><Node><NodeName>a</NodeName></Node></MgmtTree>", ERROR_NOT_SUPPORTED },
    { "version 1.3", "<MgmtTree><VerDTD>1.3</VerDTD><Node><NodeName>a</NodeName></Node></MgmtTree>", ERROR_NOT_SUPPORTED },
    { "no node", "<MgmtTree><VerDTD>1.2</VerDTD></MgmtTree>", ERROR_MALFORMED },
    { "another root", "<Node><NodeName>a</NodeName></Node>", ERROR_MALFORMED },
    { "an element of SyncML", NODE("<LocURI>x</LocURI>"), ERROR_NOT_SUPPORTED },
    { "a tree in a tree", NODE("<MgmtTree/>"), ERROR_MALFORMED },
    { "an attribute", "<MgmtTree a='1'/>", ERROR_MALFORMED },
    { "an entity", "<!DOCTYPE MgmtTree [<!ENTITY e 'x'>]>" NODE("<Value>&e;</Value>"), ERROR_MALFORMED },
    { "text between elements", NODE("x"), ERROR_MALFORMED },
    { "no name", "<MgmtTree><VerDTD>1.2</VerDTD><Node><Value>x</Value></Node></MgmtTree>", ERROR_MALFORMED },
    { "two names", NODE("<NodeName>b</NodeName>"), ERROR_MALFORMED },
    { "slash in a name", "<MgmtTree><VerDTD>1.2</VerDTD><Node><NodeName>a/b</NodeName></Node></MgmtTree>", ERROR_MALFORMED },
    { "dot as a name", "<MgmtTree><VerDTD>1.2</VerDTD><Node><NodeName>.</NodeName></Node></MgmtTree>", ERROR_MALFORMED },
    { "long name", NODE("<Node><NodeName>0123456789012345678901234567890123456789012345678901234567890123</NodeName></Node>"), ERROR_TOO_LARGE },
    { "same name twice", NODE("<Node><NodeName>b</NodeName></Node><Node><NodeName>b</NodeName></Node>"), ERROR_MALFORMED },
    { "path below a root", NODE("<Node><NodeName>b</NodeName><Path>./x</Path></Node>"), ERROR_MALFORMED },
    { "two values", NODE("<Value>a</Value><Value>b</Value>"), ERROR_MALFORMED },
    { "value and children", NODE("<Value>a</Value><Node><NodeName>b</NodeName></Node>"), ERROR_MALFORMED },
    { "value of an interior node", NODE(RT("<Format><node/></Format>") "<Value>a</Value>"), ERROR_MALFORMED },
    { "two formats", NODE(RT("<Format><chr/></Format><Format><int/></Format>")), ERROR_MALFORMED },
    { "format of two", NODE(RT("<Format><chr/><int/></Format>")), ERROR_MALFORMED },
    { "empty format", NODE(RT("<Format/>")), ERROR_MALFORMED },
    { "format that is none", NODE(RT("<Format><Get/></Format>")), ERROR_MALFORMED },
    { "type of two", NODE(RT("<Type><MIME>a</MIME><MIME>b</MIME></Type>")), ERROR_MALFORMED },
    { "empty type", NODE(RT("<Type/>")), ERROR_MALFORMED },
    { "two ACL", NODE(RT("<ACL>a</ACL><ACL>b</ACL>")), ERROR_MALFORMED },
    { "a description outside", NODE("<Dynamic/>"), ERROR_MALFORMED },
    { "value in properties", NODE(RT("<Value>a</Value>")), ERROR_MALFORMED },
    { "elements in a value", NODE("<Value><chr/></Value>"), ERROR_MALFORMED },
    { "cut", "<MgmtTree><VerDTD>1.2</VerDTD>", ERROR_MALFORMED },
};

static const struct tnds_node *decode(struct slice tree, enum error_code *rc)
{
    struct arena scratch = arena_make(memory[0], sizeof memory[0]), arena = arena_make(memory[1], sizeof memory[1]);
    struct error err = { 0 };
    const struct tnds_node *root = NULL;
    *rc = dm_bootstrap_tree(tree, &scratch, &arena, &root, &err);
    arena_reset(&scratch); /* nothing of the result may lie there */
    g_assert_true((root != NULL) == (*rc == ERROR_NONE));
    g_assert_true(err.code == *rc && (*rc == ERROR_NONE) == (err.text[0] == '\0'));
    return root;
}

static void rules_by_xml(void)
{
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        enum error_code rc;
        struct octets xml = octets_copy(rows[i].xml, strlen(rows[i].xml));
        (void)decode(octets_slice(&xml), &rc);
        g_test_message("%s: %s", rows[i].name, error_name(rc));
        g_assert_cmpint(rc, ==, rows[i].rc);
        octets_free(&xml);
    }
}

static void values(void)
{
    static const char *const xml = "<MgmtTree><VerDTD>1.2</VerDTD><Node><NodeName>r</NodeName><Path>./p</Path>" RT("<ACL>Get=*</ACL><Format><node/></Format>"
        "<Type><DDFName>mo</DDFName></Type>") "<Node><NodeName>t</NodeName>" RT("<Format><chr/></Format><Type><MIME>m</MIME></Type><Title>T</Title>")
        "<Value>a&amp;b</Value></Node><Node><NodeName>b</NodeName>" RT("<Format><b64/></Format>") "<Value>AAEC</Value></Node><Node><NodeName>e</NodeName>"
        RT("<Format><b64/></Format>") "<Value>AAE</Value></Node><Node><NodeName>i</NodeName><Node><NodeName>n</NodeName><Value/></Node></Node></Node>"
        "<Node><NodeName>s</NodeName></Node></MgmtTree>";
    enum error_code rc;
    uint8_t out[4];
    size_t len;
    const struct tnds_node *r = decode((struct slice){ (const uint8_t *)xml, strlen(xml) }, &rc), *t = tnds_child(r, "t");
    g_assert_nonnull(t);
    g_assert_true(strcmp(r->path, "./p") == 0 && strcmp(r->acl, "Get=*") == 0 && strcmp(r->type, "mo") == 0 && r->is_object && r->format == TNDS_NODE);
    g_assert_true(strcmp(t->type, "m") == 0 && !t->is_object && strcmp(t->title, "T") == 0 && t->format == TNDS_CHR && slice_is(t->value, "a&b"));
    g_assert_true(tnds_octets(tnds_child(r, "b"), out, sizeof out, &len) && len == 3 && out[2] == 2);
    g_assert_false(tnds_octets(tnds_child(r, "e"), out, sizeof out, &len));
    g_assert_false(tnds_octets(tnds_child(r, "b"), out, 2, &len));
    g_assert_true(tnds_octets(t, out, sizeof out, &len) && len == 3);
    g_assert_false(tnds_octets(t, out, 2, &len));
    g_assert_true(tnds_find(r, "i/n") && tnds_find(r, "i/n")->has_value && tnds_find(r, "i/n")->format == TNDS_FORMAT_COUNT);
    g_assert_true(tnds_find(r, "") == r && !tnds_find(r, "i/x") && !tnds_find(r, "i//n") && !tnds_find(NULL, "a"));
    g_assert_cmpstr(r->next->name, ==, "s");
    g_assert_cmpstr(tnds_format_name(TNDS_B64), ==, "b64");
    g_assert_cmpstr(tnds_format_name(TNDS_FORMAT_COUNT), ==, "");
}

/* Trees as deep and values as long as the bounds say, and one more. */
static void bounds(void)
{
    for (size_t depth = TNDS_DEPTH_MAX; depth <= TNDS_DEPTH_MAX + 1; depth++) {
        g_autoptr(GString) xml = g_string_new("<MgmtTree><VerDTD>1.2</VerDTD>");
        enum error_code rc;
        for (size_t i = 0; i < depth; i++)
            g_string_append(xml, "<Node><NodeName>a</NodeName>");
        for (size_t i = 0; i < depth; i++)
            g_string_append(xml, "</Node>");
        g_string_append(xml, "</MgmtTree>");
        (void)decode((struct slice){ (const uint8_t *)xml->str, xml->len }, &rc);
        g_assert_cmpint(rc, ==, depth <= TNDS_DEPTH_MAX ? ERROR_NONE : ERROR_TOO_LARGE);
    }
    for (size_t len = TNDS_VALUE_MAX; len <= TNDS_VALUE_MAX + 1; len++) {
        g_autofree char *value = g_strnfill(len, 'v');
        g_autofree char *xml = g_strconcat("<MgmtTree><VerDTD>1.2</VerDTD><Node><NodeName>a</NodeName><Value>", value, "</Value></Node></MgmtTree>", NULL);
        enum error_code rc;
        (void)decode((struct slice){ (const uint8_t *)xml, strlen(xml) }, &rc);
        g_assert_cmpint(rc, ==, len <= TNDS_VALUE_MAX ? ERROR_NONE : ERROR_TOO_LARGE);
    }
}

static bool same(const struct tnds_node *a, const struct tnds_node *b)
{
    for (; a && b; a = a->next, b = b->next)
        if (strcmp(a->name, b->name) != 0 || strcmp(a->path, b->path) != 0 || strcmp(a->acl, b->acl) != 0 || strcmp(a->type, b->type) != 0 ||
            a->is_object != b->is_object || a->format != b->format || a->has_value != b->has_value || !slice_equal(a->value, b->value) ||
            !same(a->child, b->child))
            return false;
    return a == b;
}

static enum error_code bootstrap(struct slice doc, size_t at, struct dm_bootstrap *out)
{
    struct arena arena = arena_make(memory[at], sizeof memory[at]);
    struct error err = { 0 };
    enum error_code rc = dm_bootstrap_decode(doc, &arena, out, &err);
    g_assert_true(err.code == rc && (rc == ERROR_NONE) == (err.text[0] == '\0'));
    return rc;
}

static void check_account(const struct dm_bootstrap *b)
{
    const struct tnds_node *account = b->item->root, *nap = b->item->next->root;
    g_assert_cmpstr(b->server_id, ==, "com.example.dm");
    g_assert_cmpstr(b->item->target, ==, "./Inbox/OperatorX");
    g_assert_true(!b->item->next->next && strcmp(account->type, "org.openmobilealliance/1.0/w7") == 0 && account->is_object);
    g_assert_cmpstr(account->acl, ==, "Get=*&Replace=com.example.dm&Delete=com.example.dm");
    g_assert_true(slice_is(tnds_find(account, "AppAddr/1/Port/1/PortNbr")->value, "443"));
    g_assert_true(slice_is(tnds_find(account, "AppAuth/srv/AAuthSecret")->value, "server-secret"));
    g_assert_true(tnds_find(account, "AppAuth/cli/AAuthData")->format == TNDS_B64);
    g_assert_true(slice_is(tnds_find(nap, "Addr")->value, "m2m.example.net"));
}

static void both_forms_are_one_bootstrap(void)
{
    struct octets xml = vectors_file("dm_bootstrap_dmprofile.wbxml"), wbxml = vectors_file("dm_bootstrap_tnds_wbxml.wbxml");
    struct dm_bootstrap a, b;
    g_assert_cmpint(bootstrap(octets_slice(&xml), 0, &a), ==, ERROR_NONE);
    g_assert_cmpint(bootstrap(octets_slice(&wbxml), 1, &b), ==, ERROR_NONE);
    check_account(&a);
    check_account(&b);
    g_assert_true(a.item->xml && a.item->tree_octets && !b.item->xml && b.item->tree_octets);
    g_assert_true(same(a.item->root, b.item->root) && same(a.item->next->root, b.item->next->root));
    octets_free(&xml);
    octets_free(&wbxml);
}

/* The message of the XML vector, with its tree as elements of the message (code page 2), written by our encoder. */
static void a_tree_may_be_elements_of_the_message(void)
{
    static unsigned char tree_memory[256 * 1024] __attribute__((aligned(16)));
    static uint8_t out[16 * 1024];
    struct octets doc = vectors_file("dm_bootstrap_tnds_wbxml.wbxml");
    struct arena arena = arena_make(tree_memory, sizeof tree_memory);
    struct error err = { 0 };
    struct syncml_node *root = (struct syncml_node *)(uintptr_t)syncml_decode_with_trees(octets_slice(&doc), &arena, &err);
    const struct syncml_node *body = syncml_child(root, SYNCML_SYNC_BODY);
    for (const struct syncml_node *add = body->child; add; add = add->next) {
        struct syncml_node *data = (struct syncml_node *)(uintptr_t)syncml_child(syncml_child(add, SYNCML_ITEM), SYNCML_DATA);
        if (!data)
            continue;
        data->child = (struct syncml_node *)(uintptr_t)syncml_decode_tnds(data->text, &arena, &err);
        g_assert_nonnull(data->child);
        data->text = (struct slice){ NULL, 0 };
        data->opaque = false;
    }
    struct writer w = writer_make(out, sizeof out);
    g_assert_true(syncml_encode(root, &w));
    struct dm_bootstrap a, b;
    g_assert_cmpint(bootstrap(octets_slice(&doc), 0, &a), ==, ERROR_NONE);
    g_assert_cmpint(bootstrap(writer_slice(&w), 1, &b), ==, ERROR_NONE);
    g_assert_true(same(a.item->root, b.item->root) && same(a.item->next->root, b.item->next->root) && b.item->tree_octets == 0);
    struct arena again = arena_make(memory[0], sizeof memory[0]);
    g_assert_null(syncml_decode(writer_slice(&w), &again, &err)); /* a session has no trees */
    octets_free(&doc);
}

/* A message with one Add of one item: LocURI of the header's Source, of the item, its Meta/Type and its tree; NULL: that element is left out. */
static enum error_code message(const char *source, const char *target, const char *type, const char *tree, size_t items)
{
    static uint8_t out[SYNCML_DOCUMENT_MAX];
    struct writer w = writer_make(out, sizeof out);
    struct syncml_writer s = { .out = &w };
    struct dm_bootstrap b;
    const struct {
        enum syncml_element element;
        const char *uri;
    } places[] = { { SYNCML_SOURCE, source }, { SYNCML_TARGET, "urn:gateway:1" } };
    syncml_put_header(&w);
    syncml_open(&s, SYNCML_SYNCML);
    syncml_open(&s, SYNCML_SYNC_HDR);
    syncml_put_text(&s, SYNCML_VER_DTD, "1.2");
    syncml_put_text(&s, SYNCML_VER_PROTO, "DM/1.2");
    for (size_t i = 0; i < G_N_ELEMENTS(places); i++) {
        syncml_open(&s, places[i].element);
        syncml_put_text(&s, SYNCML_LOC_URI, places[i].uri);
        syncml_close(&s);
    }
    syncml_close(&s);
    syncml_open(&s, SYNCML_SYNC_BODY);
    syncml_open(&s, SYNCML_ADD);
    syncml_put_text(&s, SYNCML_CMD_ID, "1");
    for (size_t i = 0; i < items; i++) {
        syncml_open(&s, SYNCML_ITEM);
        syncml_open(&s, SYNCML_TARGET);
        syncml_put_text(&s, SYNCML_LOC_URI, target);
        syncml_close(&s);
        if (type) {
            syncml_open(&s, SYNCML_META);
            syncml_put_text(&s, SYNCML_TYPE, type);
            syncml_close(&s);
            syncml_rewind(&s);
        }
        if (tree)
            syncml_put_opaque(&s, SYNCML_DATA, (struct slice){ (const uint8_t *)tree, strlen(tree) });
        syncml_close(&s);
    }
    syncml_close(&s);
    syncml_put_empty(&s, SYNCML_FINAL);
    syncml_close(&s);
    syncml_close(&s);
    g_assert_false(w.failed);
    return bootstrap(writer_slice(&w), 0, &b);
}

#define XML_TYPE "application/vnd.syncml.dmtnds+xml"

static void rules_of_the_message(void)
{
    static const struct {
        const char *name, *source, *target, *type, *tree;
        size_t items;
        enum error_code rc;
    } cases[] = {
        { "good", "srv", "./Inbox", XML_TYPE, NODE(""), 1, ERROR_NONE },
        { "no type", "srv", "./Inbox/x", NULL, NODE(""), 1, ERROR_NONE },
        { "a byte order mark", "srv", "./Inbox", XML_TYPE, "\xEF\xBB\xBF" NODE(""), 1, ERROR_NONE },
        { "white space first", "srv", "./Inbox", XML_TYPE, "\n" NODE(""), 1, ERROR_NONE },
        { "as many trees as there may be", "srv", "./Inbox", NULL, NODE(""), DM_BOOTSTRAP_ITEMS, ERROR_NONE },
        { "one tree more", "srv", "./Inbox", NULL, NODE(""), DM_BOOTSTRAP_ITEMS + 1, ERROR_TOO_LARGE },
        { "no tree", "srv", "./Inbox", NULL, NODE(""), 0, ERROR_MALFORMED },
        { "no data", "srv", "./Inbox", NULL, NULL, 1, ERROR_MALFORMED },
        { "empty data", "srv", "./Inbox", NULL, "", 1, ERROR_TRUNCATED },
        { "a tree that is none", "srv", "./Inbox", NULL, "<Node/>", 1, ERROR_MALFORMED },
        { "another type", "srv", "./Inbox", "text/plain", NODE(""), 1, ERROR_NOT_SUPPORTED },
        { "another, long type", "srv", "./Inbox", "application/" XML_TYPE XML_TYPE, NODE(""), 1, ERROR_NOT_SUPPORTED },
        { "the type of WBXML", "srv", "./Inbox", "application/vnd.syncml.dmtnds+wbxml", NODE(""), 1, ERROR_NONE }, /* the octets say what it is */
        { "another target", "srv", "./DMAcc", NULL, NODE(""), 1, ERROR_NOT_SUPPORTED },
        { "a target that begins alike", "srv", "./Inboxes", NULL, NODE(""), 1, ERROR_NOT_SUPPORTED },
        { "no target", "srv", "", NULL, NODE(""), 1, ERROR_MALFORMED },
        { "no source", "", "./Inbox", NULL, NODE(""), 1, ERROR_MALFORMED },
    };
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_test_message("%s", cases[i].name);
        g_assert_cmpint(message(cases[i].source, cases[i].target, cases[i].type, cases[i].tree, cases[i].items), ==, cases[i].rc);
    }
    g_autofree char *fits = g_strnfill(255, 's'), *over = g_strnfill(256, 's');
    g_assert_cmpint(message(fits, "./Inbox", NULL, NODE(""), 1), ==, ERROR_NONE);
    g_assert_cmpint(message(over, "./Inbox", NULL, NODE(""), 1), ==, ERROR_TOO_LARGE);
}

/* Many trees need no more memory than the largest: the two XML trees of the vector, as often as a message takes them. */
static void many_trees(void)
{
    static unsigned char tree_memory[256 * 1024] __attribute__((aligned(16)));
    static uint8_t out[SYNCML_DOCUMENT_MAX];
    struct octets doc = vectors_file("dm_bootstrap_dmprofile.wbxml");
    struct arena arena = arena_make(tree_memory, sizeof tree_memory);
    struct error err = { 0 };
    const struct syncml_node *root = syncml_decode_with_trees(octets_slice(&doc), &arena, &err);
    struct syncml_node *add = (struct syncml_node *)(uintptr_t)syncml_child(syncml_child(root, SYNCML_SYNC_BODY), SYNCML_ADD), *last = add;
    for (size_t i = 0; i < 10; i++) {
        struct syncml_node *more = arena_get(&arena, sizeof *more);
        *more = *add;
        more->next = last->next;
        last->next = more;
        last = more;
    }
    struct writer w = writer_make(out, sizeof out);
    g_assert_true(syncml_encode(root, &w));
    struct dm_bootstrap b;
    size_t count = 0;
    g_assert_cmpint(bootstrap(writer_slice(&w), 0, &b), ==, ERROR_NONE);
    for (const struct dm_bootstrap_item *i = b.item; i; i = i->next)
        g_assert_true(i->xml && ++count);
    g_assert_cmpuint(count, ==, 12);
    octets_free(&doc);
}

static void messages_that_are_no_bootstrap(void)
{
    static const struct {
        const char *file;
        enum error_code rc;
    } others[] = { { "dm_pkg2_server.wbxml", ERROR_NOT_SUPPORTED }, { "dm_pkg1_client_md5.wbxml", ERROR_NOT_SUPPORTED },
                   { "v07_w7_dm_account.wbxml", ERROR_NOT_SUPPORTED } };
    for (size_t i = 0; i < G_N_ELEMENTS(others); i++) {
        struct octets doc = vectors_file(others[i].file);
        struct dm_bootstrap b;
        g_assert_cmpint(bootstrap(octets_slice(&doc), 0, &b), ==, others[i].rc);
        octets_free(&doc);
    }
}

/* A cut document is an error; a changed one is a value or an error, and never more than that. */
static void cut_and_changed(void)
{
    static const char *const files[] = { "dm_bootstrap_tnds_wbxml.wbxml", "dm_bootstrap_dmprofile.wbxml" };
    for (size_t f = 0; f < G_N_ELEMENTS(files); f++) {
        struct octets doc = vectors_file(files[f]);
        struct dm_bootstrap b;
        for (size_t len = 0; len < doc.len; len += 1 + f * 7)
            g_assert_cmpint(bootstrap((struct slice){ doc.data, len }, 0, &b), !=, ERROR_NONE);
        for (size_t bit = 0; bit < doc.len * 8; bit += 1 + f * 14) {
            doc.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
            (void)bootstrap(octets_slice(&doc), 0, &b);
            doc.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
        }
        octets_free(&doc);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/tnds/rules by XML", rules_by_xml);
    g_test_add_func("/tnds/values", values);
    g_test_add_func("/tnds/bounds", bounds);
    g_test_add_func("/dm-bootstrap/both forms are one bootstrap", both_forms_are_one_bootstrap);
    g_test_add_func("/dm-bootstrap/a tree may be elements of the message", a_tree_may_be_elements_of_the_message);
    g_test_add_func("/dm-bootstrap/rules of the message", rules_of_the_message);
    g_test_add_func("/dm-bootstrap/many trees", many_trees);
    g_test_add_func("/dm-bootstrap/messages that are no bootstrap", messages_that_are_no_bootstrap);
    g_test_add_func("/dm-bootstrap/cut and changed", cut_and_changed);
    return g_test_run();
}
