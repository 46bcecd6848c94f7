/* SPDX-License-Identifier: Apache-2.0 */
/* Every document with every size of arena, until one is enough: an error with a text before that, the document from then on, nothing else at any time. */
#include <glib.h>
#include <string.h>

#include "codec/dm_bootstrap.h"
#include "codec/prov.h"
#include "support/vectors.h"

enum { STEP = 16 };

static unsigned char memory[2][DM_BOOTSTRAP_ARENA] __attribute__((aligned(16)));

typedef bool decode_fn(struct slice doc, struct arena *arena, struct error *err);

static bool prov_of_wbxml(struct slice doc, struct arena *arena, struct error *err)
{
    struct prov_node *root = NULL;
    return prov_decode_wbxml(doc, arena, &root, err) == ERROR_NONE;
}

static bool prov_of_xml(struct slice doc, struct arena *arena, struct error *err)
{
    struct prov_node *root = NULL;
    return prov_decode_xml(doc, arena, &root, err) == ERROR_NONE;
}

static bool syncml_of_wbxml(struct slice doc, struct arena *arena, struct error *err)
{
    return syncml_decode(doc, arena, err) != NULL;
}

static bool tree_of_xml(struct slice doc, struct arena *arena, struct error *err)
{
    return syncml_decode_tnds_xml(doc, arena, err) != NULL;
}

/* The scratch memory is large: what runs out is the arena of the nodes. */
static bool nodes_of_xml(struct slice doc, struct arena *arena, struct error *err)
{
    struct arena scratch = arena_make(memory[1], sizeof memory[1]);
    const struct tnds_node *root = NULL;
    return dm_bootstrap_tree(doc, &scratch, arena, &root, err) == ERROR_NONE;
}

static bool bootstrap(struct slice doc, struct arena *arena, struct error *err)
{
    struct dm_bootstrap b;
    return dm_bootstrap_decode(doc, arena, &b, err) == ERROR_NONE;
}

static const struct {
    const char *name;
    decode_fn *decode;
    const char *file, *hex, *xml;
    size_t from; /* of the arena: none smaller is of interest */
} rows[] = {
    { "CP in WBXML", prov_of_wbxml, "v07_w7_dm_account.wbxml", NULL, NULL, 0 },
    { "CP of pieces", prov_of_wbxml, NULL, "030B6A00 45 C65501 87 11 06 0361 00 0281690362 00 0263 01 0101", NULL, 0 },
    { "CP in Latin-1", prov_of_wbxml, NULL, "030B0400 45 C65501 87 11 06 03 E9E8 00 01 0101", NULL, 0 },
    { "CP in XML", prov_of_xml, "v07_w7_dm_account.xml", NULL, NULL, 0 },
    { "CP in XML with many attributes", prov_of_xml, NULL, NULL, "<wap-provisioningdoc version='1.0'><parm name='&amp;' value='&lt;'/></wap-provisioningdoc>", 0 },
    { "SyncML", syncml_of_wbxml, "dm_pkg2_challenge401.wbxml", NULL, NULL, 0 },
    { "SyncML of pieces", syncml_of_wbxml, NULL, "03A4016A02 6200 6D 6B 46 4F 036100 8300 C30163 028169 01 01 01 01", NULL, 0 },
    { "tree in XML", tree_of_xml, NULL, NULL, "<MgmtTree><VerDTD>1.2</VerDTD><Node><NodeName>a</NodeName><Value>b&amp;c</Value></Node></MgmtTree>", 0 },
    { "nodes of a tree", nodes_of_xml, NULL, NULL,
      "<MgmtTree><VerDTD>1.2</VerDTD><Node><NodeName>a</NodeName><Path>./b</Path><RTProperties><ACL>Get=*</ACL></RTProperties><Value>b</Value></Node></MgmtTree>", 0 },
    { "DM bootstrap", bootstrap, "dm_bootstrap_tnds_wbxml.wbxml", NULL, NULL, 600 * 1024 },
};

static struct octets document(size_t at)
{
    if (rows[at].file)
        return vectors_file(rows[at].file);
    return rows[at].hex ? octets_of_hex(rows[at].hex) : octets_copy(rows[at].xml, strlen(rows[at].xml));
}

static void every_size(gconstpointer data)
{
    size_t at = GPOINTER_TO_SIZE(data), size = rows[at].from, failed = 0;
    struct octets doc = document(at);
    for (bool good = false; !good; size += STEP) {
        g_assert_cmpuint(size, <=, sizeof memory[0]);
        struct arena arena = arena_make(memory[0], size);
        struct error err = { 0 };
        memset(&memory[0][size], 0xA5, STEP); /* what lies behind the arena stays */
        good = rows[at].decode(octets_slice(&doc), &arena, &err);
        g_assert_true(good == (err.code == ERROR_NONE) && good == (err.text[0] == '\0'));
        g_assert_true(good || err.code == ERROR_NO_MEMORY || err.code == ERROR_TOO_LARGE);
        for (size_t i = 0; i < STEP; i++)
            g_assert_cmpuint(memory[0][size + i], ==, 0xA5);
        failed += !good;
    }
    g_test_message("%zu octets are enough", size - STEP);
    g_assert_cmpuint(failed, >, 2);
    octets_free(&doc);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *path = g_strdup_printf("/memory/%s", rows[i].name);
        g_test_add_data_func(path, GSIZE_TO_POINTER(i), every_size);
    }
    return g_test_run();
}
