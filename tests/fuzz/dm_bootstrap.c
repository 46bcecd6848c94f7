/* SPDX-License-Identifier: Apache-2.0 */
/* Target: a management tree on its own, and a DM bootstrap. The nodes keep their bounds, and written as WBXML and as XML (where XML can carry them) they are
 * read as the same nodes; the writers share nothing with the decoders but the format. */
#include <string.h>

#include "codec/dm_bootstrap.h"
#include "fuzz.h"

enum { OUT_MAX = 512 * 1024 };

static unsigned char memory[3][DM_BOOTSTRAP_ARENA] __attribute__((aligned(16)));

static void put_string(struct writer *w, uint8_t tag, const char *text)
{
    if (!*text)
        return;
    writer_u8(w, tag | 0x40);
    writer_u8(w, 0x03);
    writer_put(w, text, strlen(text) + 1);
    writer_u8(w, 0x01);
}

static const uint8_t format_tags[TNDS_FORMAT_COUNT] = {
    [TNDS_B64] = 0x08, [TNDS_BIN] = 0x09, [TNDS_BOOL] = 0x0a, [TNDS_CHR] = 0x0b, [TNDS_DATE] = 0x10, [TNDS_FLOAT] = 0x1b,
    [TNDS_INT] = 0x1e, [TNDS_NODE] = 0x25, [TNDS_NULL] = 0x27, [TNDS_TIME] = 0x32, [TNDS_XML] = 0x39,
};

static void put_properties(struct writer *w, const struct tnds_node *n)
{
    writer_u8(w, 0x6f);
    put_string(w, 0x06, n->acl);
    if (n->format != TNDS_FORMAT_COUNT) {
        writer_u8(w, 0x5c);
        writer_u8(w, format_tags[n->format]);
        writer_u8(w, 0x01);
    }
    put_string(w, 0x33, n->title);
    writer_u8(w, 0x75);
    if (*n->type)
        put_string(w, n->is_object ? 0x11 : 0x21, n->type);
    else
        writer_u8(w, n->is_object ? 0x11 : 0x21);
    writer_put(w, "\x01\x01", 2);
}

static void put_wbxml(struct writer *w, const struct tnds_node *n, size_t depth)
{
    FUZZ_ASSERT(depth < TNDS_DEPTH_MAX && strlen(n->name) <= TNDS_NAME_MAX && n->value.len <= TNDS_VALUE_MAX && (!n->has_value || !n->child));
    writer_u8(w, 0x64);
    put_string(w, 0x26, n->name);
    put_string(w, 0x2c, n->path);
    put_properties(w, n);
    for (const struct tnds_node *c = n->child; c; c = c->next)
        put_wbxml(w, c, depth + 1);
    if (n->has_value) {
        writer_put(w, "\x76\xc3", 2);
        writer_uintvar(w, (uint32_t)n->value.len);
        writer_put(w, n->value.data, n->value.len);
        writer_u8(w, 0x01);
    }
    writer_u8(w, 0x01);
}

/* False if XML cannot carry these octets: no UTF-8, control characters, non-characters. */
static bool put_escaped(struct writer *w, const char *element, struct slice text)
{
    static char copy[TNDS_VALUE_MAX + 1];
    bool good = syncml_copy(text, copy, sizeof copy);
    for (size_t i = 0; i + 2 < text.len; i++)
        good = good && !(text.data[i] == 0xEF && text.data[i + 1] == 0xBF && text.data[i + 2] >= 0xBE);
    writer_text(w, "<");
    writer_text(w, element);
    writer_text(w, ">");
    for (size_t i = 0; i < text.len; i++)
        if (text.data[i] == '<' || text.data[i] == '&' || text.data[i] == '>')
            writer_text(w, text.data[i] == '<' ? "&lt;" : text.data[i] == '&' ? "&amp;" : "&gt;");
        else
            writer_u8(w, text.data[i]);
    writer_text(w, "</");
    writer_text(w, element);
    writer_text(w, ">");
    return good;
}

static bool put_xml_text(struct writer *w, const char *element, const char *text)
{
    return !*text || put_escaped(w, element, (struct slice){ (const uint8_t *)text, strlen(text) });
}

static bool put_xml(struct writer *w, const struct tnds_node *n)
{
    writer_text(w, "<Node>");
    bool good = put_xml_text(w, "NodeName", n->name);
    good = put_xml_text(w, "Path", n->path) && good;
    writer_text(w, "<RTProperties>");
    good = put_xml_text(w, "ACL", n->acl) && good;
    good = put_xml_text(w, "Title", n->title) && good;
    if (n->format != TNDS_FORMAT_COUNT) {
        writer_text(w, "<Format><");
        writer_text(w, tnds_format_name(n->format));
        writer_text(w, "/></Format>");
    }
    writer_text(w, "<Type>");
    good = put_escaped(w, n->is_object ? "DDFName" : "MIME", (struct slice){ (const uint8_t *)n->type, strlen(n->type) }) && good;
    writer_text(w, "</Type></RTProperties>");
    for (const struct tnds_node *c = n->child; c; c = c->next)
        good = put_xml(w, c) && good;
    if (n->has_value)
        good = put_escaped(w, "Value", n->value) && good;
    writer_text(w, "</Node>");
    return good;
}

static bool same(const struct tnds_node *a, const struct tnds_node *b)
{
    for (; a && b; a = a->next, b = b->next)
        if (strcmp(a->name, b->name) != 0 || strcmp(a->path, b->path) != 0 || strcmp(a->acl, b->acl) != 0 || strcmp(a->title, b->title) != 0 ||
            strcmp(a->type, b->type) != 0 || a->format != b->format || a->has_value != b->has_value || !slice_equal(a->value, b->value) ||
            !same(a->child, b->child))
            return false;
    return a == b;
}

static void check_again(const struct tnds_node *root, struct slice doc)
{
    struct arena scratch = arena_make(memory[1], sizeof memory[1]), arena = arena_make(memory[2], sizeof memory[2]);
    const struct tnds_node *again = NULL;
    struct error err = { 0 };
    enum error_code rc = doc.len && doc.len <= SYNCML_DOCUMENT_MAX / 2 ? dm_bootstrap_tree(doc, &scratch, &arena, &again, &err) : ERROR_TOO_LARGE;
    FUZZ_ASSERT(rc == ERROR_NONE || rc == ERROR_TOO_LARGE || rc == ERROR_NO_MEMORY); /* the plain form is longer than what was read */
    FUZZ_ASSERT(rc || same(root, again));
}

static void check_tree(const struct tnds_node *root)
{
    static uint8_t out[OUT_MAX];
    struct writer w = writer_make(out, sizeof out);
    writer_put(&w, "\x03\x00\x00\x6a\x1b-//OMA//DTD-DM-DDF 1.2//EN\x00\x00\x02\x60\x77\x03" "1.2\x00\x01", 42);
    for (const struct tnds_node *n = root; n; n = n->next)
        put_wbxml(&w, n, 0);
    writer_u8(&w, 0x01);
    check_again(root, writer_slice(&w));
    w = writer_make(out, sizeof out);
    writer_text(&w, "<MgmtTree><VerDTD>1.2</VerDTD>");
    bool good = true;
    for (const struct tnds_node *n = root; n; n = n->next)
        good = put_xml(&w, n) && good;
    writer_text(&w, "</MgmtTree>");
    if (good)
        check_again(root, writer_slice(&w));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena = arena_make(memory[0], sizeof memory[0]), scratch = arena_make(memory[1], sizeof memory[1]);
    struct dm_bootstrap b;
    struct error err = { 0 }, tree_err = { 0 };
    const struct tnds_node *root = NULL;
    enum error_code rc = dm_bootstrap_decode((struct slice){ data, size }, &arena, &b, &err);
    fuzz_check_error(rc, &err);
    for (const struct dm_bootstrap_item *i = rc ? NULL : b.item; i; i = i->next) {
        FUZZ_ASSERT(i->root && strncmp(i->target, "./Inbox", 7) == 0 && i->tree_octets <= size);
        check_tree(i->root);
    }
    arena = arena_make(memory[0], sizeof memory[0]);
    rc = dm_bootstrap_tree((struct slice){ data, size }, &scratch, &arena, &root, &tree_err);
    fuzz_check_error(rc, &tree_err);
    FUZZ_ASSERT((root != NULL) == (rc == ERROR_NONE));
    if (root)
        check_tree(root);
    return 0;
}
