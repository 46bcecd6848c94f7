/* SPDX-License-Identifier: Apache-2.0 */
/* SyncML documents and the digests of OMA DM Security, against the vectors in tests/vectors/oma (argument: that folder). */
#include <glib.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "codec/syncml.h"
#include "codec/wbxml.h"
#include "dm/auth.h"
#include "dm/tree.h"

static const char *folder;
static uint8_t memory[256 * 1024] __attribute__((aligned(16))), memory2[256 * 1024] __attribute__((aligned(16)));

static struct slice load(const char *name)
{
    char *path = g_build_filename(folder, name, NULL), *data;
    gsize len;
    g_assert_true(g_file_get_contents(path, &data, &len, NULL));
    g_free(path);
    return (struct slice){ (uint8_t *)data, len };
}

static const struct syncml_node *decode(struct slice doc, struct error *err)
{
    struct arena a = arena_make(memory, sizeof memory);
    *err = (struct error){ .code = ERROR_NONE };
    const struct syncml_node *root = syncml_decode(doc, &a, err);
    g_assert_true((root != NULL) == (err->code == ERROR_NONE)); /* value or error, never both */
    return root;
}

static bool same(const struct syncml_node *a, const struct syncml_node *b)
{
    if (!a || !b)
        return a == b;
    return a->element == b->element && a->opaque == b->opaque && slice_equal(a->text, b->text) && same(a->child, b->child) && same(a->next, b->next);
}

static const char *const messages[] = { "dm_pkg1_client_md5.wbxml", "dm_pkg2_server.wbxml", "dm_pkg2_challenge401.wbxml" };

static void test_vectors(void)
{
    for (size_t i = 0; i < G_N_ELEMENTS(messages); i++) {
        static uint8_t out[4096];
        struct error err;
        struct slice doc = load(messages[i]);
        const struct syncml_node *root = decode(doc, &err);
        g_assert_nonnull(root);
        struct writer w = writer_make(out, sizeof out);
        g_assert_true(syncml_encode(root, &w));
        struct arena a = arena_make(memory2, sizeof memory2);
        g_assert_true(same(root, syncml_decode(writer_slice(&w), &a, &err)));
        g_assert_true(slice_is(syncml_text(syncml_child(root, SYNCML_SYNC_HDR), SYNCML_VER_PROTO), "DM/1.2"));
        g_free((void *)(uintptr_t)doc.data);
    }
}

static void test_content(void)
{
    struct error err;
    struct slice doc = load("dm_pkg2_challenge401.wbxml");
    const struct syncml_node *body = syncml_child(decode(doc, &err), SYNCML_SYNC_BODY), *status = syncml_child(body, SYNCML_STATUS);
    g_assert_true(slice_is(syncml_text(status, SYNCML_DATA), "401"));
    const struct syncml_node *meta = syncml_child(syncml_child(status, SYNCML_CHAL), SYNCML_META);
    g_assert_true(slice_is(syncml_text(meta, SYNCML_NEXT_NONCE), "EBESExQVFhcYGRobHB0eHw=="));
    g_assert_true(slice_is(syncml_text(meta, SYNCML_TYPE), "syncml:auth-md5")); /* from the string table */
    g_assert_nonnull(syncml_child(body, SYNCML_FINAL));
    g_free((void *)(uintptr_t)doc.data);
}

static void test_truncated_and_flipped(void)
{
    for (size_t i = 0; i < G_N_ELEMENTS(messages); i++) {
        struct error err;
        struct slice doc = load(messages[i]);
        for (size_t len = 0; len < doc.len; len++)
            g_assert_null(decode((struct slice){ doc.data, len }, &err));
        for (size_t bit = 0; bit < doc.len * 8; bit++) {
            ((uint8_t *)(uintptr_t)doc.data)[bit / 8] ^= (uint8_t)(1 << bit % 8);
            (void)decode(doc, &err);
            ((uint8_t *)(uintptr_t)doc.data)[bit / 8] ^= (uint8_t)(1 << bit % 8);
        }
        g_free((void *)(uintptr_t)doc.data);
    }
}

static enum error_code code_of(const void *data, size_t len)
{
    struct error err;
    (void)decode((struct slice){ data, len }, &err);
    return err.code;
}

static enum error_code nested(size_t depth, size_t leaves)
{
    static uint8_t out[SYNCML_DOCUMENT_MAX];
    struct writer w = writer_make(out, sizeof out);
    struct syncml_writer s = { .out = &w };
    syncml_put_header(&w);
    syncml_open(&s, SYNCML_SYNCML);
    for (size_t i = 1; i < depth; i++)
        syncml_open(&s, SYNCML_SEQUENCE);
    for (size_t i = 0; i < leaves; i++)
        syncml_put_empty(&s, SYNCML_FINAL);
    for (size_t i = 0; i < depth; i++)
        syncml_close(&s);
    return code_of(w.data, w.len);
}

static void test_bounds(void)
{
    static uint8_t large[SYNCML_DOCUMENT_MAX + 1] = { 3, 0xA4, 1, 0x6A, 0 };
    g_assert_cmpint(nested(SYNCML_DEPTH_MAX, 1), ==, ERROR_NONE);
    g_assert_cmpint(nested(SYNCML_DEPTH_MAX + 1, 0), ==, ERROR_TOO_LARGE);
    g_assert_cmpint(nested(1, SYNCML_NODES_MAX - 1), ==, ERROR_NONE);
    g_assert_cmpint(nested(1, SYNCML_NODES_MAX), ==, ERROR_TOO_LARGE);
    g_assert_cmpint(code_of(large, sizeof large), ==, ERROR_TOO_LARGE);
}

static void test_refused(void)
{
    static const struct {
        const char *what;
        uint8_t doc[40];
        size_t len;
        enum error_code code;
    } cases[] = {
        { "unknown element", { 3, 0xA4, 1, 0x6A, 0, 0x6D, 0x3F, 1 }, 8, ERROR_NOT_SUPPORTED },
        { "unknown page", { 3, 0xA4, 1, 0x6A, 0, 0x6D, 0, 9, 0x05, 1 }, 10, ERROR_NOT_SUPPORTED },
        { "SyncML 1.1", { 3, 0x9F, 0x53, 0x6A, 0, 0x2D }, 6, ERROR_NOT_SUPPORTED },
        { "character set UTF-16", { 3, 0xA4, 1, 0x87, 0x77, 0, 0x2D }, 7, ERROR_NOT_SUPPORTED },
        { "another root", { 3, 0xA4, 1, 0x6A, 0, 0x2B }, 6, ERROR_MALFORMED },
        { "two roots", { 3, 0xA4, 1, 0x6A, 0, 0x2D, 0x2D }, 7, ERROR_MALFORMED },
        { "root inside", { 3, 0xA4, 1, 0x6A, 0, 0x6D, 0x2D, 1 }, 8, ERROR_MALFORMED },
        { "attributes", { 3, 0xA4, 1, 0x6A, 0, 0xAD, 1 }, 7, ERROR_MALFORMED },
        { "text beside elements", { 3, 0xA4, 1, 0x6A, 0, 0x6D, 3, 'x', 0, 0x12, 1 }, 11, ERROR_MALFORMED },
        { "text behind elements", { 3, 0xA4, 1, 0x6A, 0, 0x6D, 0x12, 3, 'x', 0, 1 }, 11, ERROR_MALFORMED },
        { "end too much", { 3, 0xA4, 1, 0x6A, 0, 0x2D, 1 }, 7, ERROR_MALFORMED },
        { "text outside", { 3, 0xA4, 1, 0x6A, 0, 0x2D, 3, 'x', 0 }, 9, ERROR_MALFORMED },
        { "nothing", { 3, 0xA4, 1, 0x6A, 0 }, 5, ERROR_TRUNCATED },
        { "open end", { 3, 0xA4, 1, 0x6A, 0, 0x6D }, 6, ERROR_TRUNCATED },
        { "US-ASCII", { 3, 0xA4, 1, 3, 0, 0x2D }, 6, ERROR_NONE },
        { "blank between elements is nothing", { 3, 0xA4, 1, 0x6A, 0, 0x6D, 3, ' ', 0, 0x12, 3, '\n', 0, 1 }, 14, ERROR_NONE },
    };
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_test_message("%s", cases[i].what);
        g_assert_cmpint(code_of(cases[i].doc, cases[i].len), ==, cases[i].code);
    }
}

static void test_public_id_as_text(void)
{
    static const char id[] = "-//SYNCML//DTD SyncML 1.2//EN";
    uint8_t out[64];
    struct writer w = writer_make(out, sizeof out);
    writer_put(&w, (const uint8_t[]){ 3, 0, 0, 0x6A, sizeof id }, 5);
    writer_put(&w, id, sizeof id);
    writer_u8(&w, 0x2D);
    g_assert_cmpint(code_of(w.data, w.len), ==, ERROR_NONE);
    out[w.len - 4] = '9'; /* ..1.2//EN -> another DTD */
    g_assert_cmpint(code_of(w.data, w.len), ==, ERROR_NOT_SUPPORTED);
}

/* Pieces, entities and OPAQUE make one text. */
static void test_pieces(void)
{
    static const uint8_t doc[] = { 3, 0xA4, 1, 0x6A, 2, 'b', 0, 0x6D, 0x6B, 0x46, 0x4F, 3, 'a', 0, 0x83, 0, 0xC3, 1, 'c', 2, 0x81, 0x69, 1, 1, 1, 1 };
    struct error err;
    const struct syncml_node *root = decode((struct slice){ doc, sizeof doc }, &err);
    const struct syncml_node *alert = syncml_child(syncml_child(root, SYNCML_SYNC_BODY), SYNCML_ALERT);
    g_assert_cmpstr(err.text, ==, "");
    g_assert_true(slice_is(syncml_text(alert, SYNCML_DATA), "abc\xC3\xA9"));
    g_assert_true(syncml_child(alert, SYNCML_DATA)->opaque);
}

/* Entities of one to four octets in UTF-8; the encoder writes what the decoder reads, an element without content and an empty opaque one included. */
static void test_entities(void)
{
    static const uint8_t doc[] = { 3, 0xA4, 1, 0x6A, 0, 0x6D, 0x6B, 0x46, 0x4F, 2, 'A', 2, 0x81, 0x69, 2, 0xC1, 0x2C, 2, 0x87, 0xEC, 0x00, 1, 0x4B, 0xC3, 0, 1, 0x0B, 1, 1, 1 };
    static uint8_t out[256];
    struct error err;
    const struct syncml_node *root = decode((struct slice){ doc, sizeof doc }, &err);
    g_assert_cmpstr(err.text, ==, "");
    const struct syncml_node *alert = syncml_child(syncml_child(root, SYNCML_SYNC_BODY), SYNCML_ALERT);
    g_assert_true(slice_is(syncml_text(alert, SYNCML_DATA), "A\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80"));
    struct writer w = writer_make(out, sizeof out);
    struct arena a = arena_make(memory2, sizeof memory2);
    g_assert_true(syncml_encode(root, &w));
    g_assert_true(same(root, syncml_decode(writer_slice(&w), &a, &err)));
}

/* An empty text is an empty element; rewinding goes back to page 0 if the writer left it. */
static void test_writer(void)
{
    static const uint8_t wanted[] = { 0x0F, 0x00, 0x01, 0x4B, 0x03, 'm', 0x00, 0x01, 0x00, 0x00, 0x0F };
    uint8_t out[32];
    struct writer w = writer_make(out, sizeof out);
    struct syncml_writer s = { .out = &w };
    syncml_rewind(&s);
    syncml_put_text(&s, SYNCML_DATA, "");
    syncml_put_text(&s, SYNCML_MARK, "m");
    syncml_rewind(&s);
    syncml_put_empty(&s, SYNCML_DATA);
    g_assert_true(slice_equal(writer_slice(&w), (struct slice){ wanted, sizeof wanted }));
}

static void test_copy(void)
{
    static const struct {
        const char *text;
        size_t len;
        bool good;
    } cases[] = {
        { "", 0, true }, { "abc", 3, true }, { "\xC3\xA9", 2, true }, { "\xF0\x9F\x98\x80", 4, true }, { "a\0b", 3, false }, { "a\n", 2, false },
        { "\xC3", 1, false }, { "\xC0\x80", 2, false }, { "\xED\xA0\x80", 3, false }, { "\xF4\x90\x80\x80", 4, false }, { "\x7F", 1, false },
        { "\xC2\x85", 2, false }, { "\xC2\xA0", 2, true }, { "\xE0\xA0\x80", 3, true }, { "\xED\x9F\xBF", 3, true },
        { "\xF0\x8F\xBF\xBF", 4, false }, { "\xF4\x8F\xBF\xBF", 4, true }, { "\xF5\x80\x80\x80", 4, false }, { "\xE2\x82", 2, false }, { "\xE0\x80\x80", 3, false }, { "0123456789abcdef", 16, false }, { "0123456789abcde", 15, true },
    };
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        char out[16];
        g_assert_cmpint(syncml_copy((struct slice){ (const uint8_t *)cases[i].text, cases[i].len }, out, sizeof out), ==, cases[i].good);
    }
}

static void read_hex(const char *hex, uint8_t *out, size_t *len)
{
    g_assert_true(text_hex_decode((struct slice){ (const uint8_t *)hex, strlen(hex) }, out, 64, len));
}

static void test_digests(void)
{
    char *path = g_build_filename(folder, "index-dm.json", NULL), out[DM_DIGEST_CAP];
    json_t *index = json_load_file(path, 0, NULL), *row;
    size_t i, len, checked = 0;
    uint8_t nonce[64];
    g_assert_nonnull(index);
    json_array_foreach(json_object_get(index, "auth"), i, row) {
        const char *name = json_string_value(json_object_get(row, "username")), *secret = json_string_value(json_object_get(row, "password"));
        read_hex(json_string_value(json_object_get(row, "nonce_hex")), nonce, &len);
        g_assert_true(dm_digest_basic(name, secret, out));
        g_assert_cmpstr(out, ==, json_string_value(json_object_get(row, "basic")));
        g_assert_true(dm_digest_md5(name, secret, (struct slice){ nonce, len }, out));
        g_assert_cmpstr(out, ==, json_string_value(json_object_get(row, "md5")));
        checked++;
    }
    json_array_foreach(json_object_get(index, "session"), i, row) {
        const json_t *in = json_object_get(row, "hmac_inputs");
        const char *name = json_string_value(json_object_get(in, "username")), *secret = json_string_value(json_object_get(in, "password"));
        struct slice doc = load(json_string_value(json_object_get(row, "wbxml_file")));
        char got_name[64], mac[64];
        read_hex(json_string_value(json_object_get(in, "nonce_hex")), nonce, &len);
        g_assert_true(dm_digest_hmac(name, secret, (struct slice){ nonce, len }, doc, out));
        g_assert_true(dm_hmac_parse(json_string_value(json_object_get(row, "hmac_header")), got_name, sizeof got_name, mac, sizeof mac));
        g_assert_cmpstr(out, ==, mac);
        g_assert_cmpstr(got_name, ==, name);
        g_free((void *)(uintptr_t)doc.data);
        checked++;
    }
    g_assert_cmpuint(checked, ==, 5);
    json_decref(index);
    g_free(path);
}

static void test_hmac_header(void)
{
    static const struct {
        const char *value;
        bool good;
    } cases[] = {
        { "username=\"u\", mac=ab/c==", true }, { "algorithm=MD5, username=\"u\", mac=\"ab/c==\"", true }, { "mac=ab/c==,username=u,algorithm=md5", true },
        { "", false }, { "username=\"u\"", false }, { "mac=ab/c==", false }, { "algorithm=SHA, username=\"u\", mac=ab/c==", false },
        { "username=\"u, mac=ab/c==", false }, { "username=\"u\", mac=ab/c==, mac=x", false }, { "username=\"u\", mac=ab/c==, other=1", false },
        { "username=\"u\", mac=", false }, { "username=\"u\", mac=ab/c== trailing", false },
        { "username=\"a-name-that-is-longer-than-the-bound\", mac=ab/c==", false },
    };
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        char name[32], mac[32];
        g_test_message("%s", cases[i].value);
        g_assert_cmpint(dm_hmac_parse(cases[i].value, name, sizeof name, mac, sizeof mac), ==, cases[i].good);
        if (cases[i].good) {
            g_assert_cmpstr(name, ==, "u");
            g_assert_cmpstr(mac, ==, "ab/c==");
        }
    }
}

/* OMA DM Tree 1.2, ACL property: commands joined by '&', servers by '+', '*' is all of them. */
static void test_acl(void)
{
    static const struct {
        const char *acl, *command;
        bool granted;
    } rows[] = {
        { "", "Replace", true }, { "Get=*", "Get", true }, { "Get=*", "Replace", false }, { "Get=*&Replace=srv", "Replace", true },
        { "Replace=other", "Replace", false }, { "Replace=other+srv", "Replace", true }, { "Replace=srv+other", "Replace", true },
        { "Replace=srvx", "Replace", false }, { "Replace=xsrv", "Replace", false }, { "Replace=sr", "Replace", false }, { "Replace=", "Replace", false },
        { "Replac=srv", "Replace", false }, { "Replacement=srv", "Replace", false }, { "Get=srv&Delete=*", "Delete", true }, { "Get=a&Get=srv", "Get", true },
        { "Get=srv&Replace=other", "Replace", false }, { "&", "Get", false }, { "Get", "Get", false }, { "XGet=*", "Get", false }, { "Getx*", "Get", false }, { "Get=**", "Get", false },
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_test_message("%s %s", rows[i].acl, rows[i].command);
        g_assert_cmpint(dm_acl_grants(rows[i].acl, rows[i].command, "srv"), ==, rows[i].granted);
    }
}

static int replace_name(const char *acl, bool management, const char *uri)
{
    struct dm_account account = { .server_id = "srv", .name = "n" };
    struct dm_tree tree = { .account = &account, .management = management };
    struct dm_input in = { .data = { (const uint8_t *)"x", 1 }, .add = strstr(uri, "LwM2M") != NULL };
    g_strlcpy(account.acl, acl, sizeof account.acl);
    int status = dm_tree_set(&tree, (struct slice){ (const uint8_t *)uri, strlen(uri) }, &in);
    dm_tree_clear(&tree);
    return status;
}

static void test_who_may_write(void)
{
    g_assert_cmpint(replace_name("", false, "./DMAcc/1/Name"), ==, DM_OK);
    g_assert_cmpint(replace_name("Replace=srv", true, "./DMAcc/1/Name"), ==, DM_OK);
    g_assert_cmpint(replace_name("Get=srv&Replace=other", false, "./DMAcc/1/Name"), ==, DM_DENIED);
    g_assert_cmpint(replace_name("Get=srv", false, "./GatewayAgent/LwM2M/a/Endpoint"), ==, DM_OK); /* not the account's */
    g_assert_cmpint(replace_name("", true, "./GatewayAgent/LwM2M/a/Endpoint"), ==, DM_NOT_ALLOWED);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    folder = argv[1];
    g_test_add_func("/syncml/vectors", test_vectors);
    g_test_add_func("/syncml/content", test_content);
    g_test_add_func("/syncml/truncated-and-flipped", test_truncated_and_flipped);
    g_test_add_func("/syncml/bounds", test_bounds);
    g_test_add_func("/syncml/refused", test_refused);
    g_test_add_func("/syncml/public-id-as-text", test_public_id_as_text);
    g_test_add_func("/syncml/pieces", test_pieces);
    g_test_add_func("/syncml/entities", test_entities);
    g_test_add_func("/syncml/writer", test_writer);
    g_test_add_func("/syncml/copy", test_copy);
    g_test_add_func("/dm-auth/digests", test_digests);
    g_test_add_func("/dm-auth/hmac-header", test_hmac_header);
    g_test_add_func("/dm-tree/acl", test_acl);
    g_test_add_func("/dm-tree/who may write", test_who_may_write);
    return g_test_run();
}
