/* SPDX-License-Identifier: Apache-2.0 */
/* Writers of provisioning trees for the oracle: plain tokens only, so they share nothing with the decoders but the format. */
#include <inttypes.h>
#include <string.h>

#include "base/writer.h"
#include "fuzz.h"

enum { OUT_MAX = 512 * 1024 };

static const char *const elements[] = { "wap-provisioningdoc", "characteristic", "parm" };
static const char *const attributes[] = { "version", "type", "name", "value" };

struct counts {
    size_t characteristics, parms, text;
    bool octets, controls; /* what XML cannot carry */
};

static void check_text(const char *text, struct counts *c)
{
    size_t len = strlen(text);
    FUZZ_ASSERT(len <= PROV_MAX_VALUE);
    c->text += len;
    for (size_t i = 0; i < len; i++) {
        const unsigned char *p = (const unsigned char *)&text[i];
        c->controls |= *p < 0x20 || (p[0] == 0xEF && p[1] == 0xBF && p[2] >= 0xBE);
    }
}

/* What the decoder noted beside the texts, for those who look things up. */
static void check_notes(const struct prov_node *n)
{
    const char *value = prov_value(n), *word = prov_own(n);
    FUZZ_ASSERT(!value || (n->octets.data == (const uint8_t *)value && n->octets.len == strlen(value)));
    for (size_t i = 0; n->printable && i < n->octets.len; i++)
        FUZZ_ASSERT(n->octets.data[i] >= 0x20 && n->octets.data[i] <= 0x7e);
    FUZZ_ASSERT(n->element == PROV_DOCUMENT || n->word == prov_word_of((struct slice){ (const uint8_t *)word, strlen(word) }));
    for (const struct prov_node *child = n->child; child; child = child->next)
        FUZZ_ASSERT(!child->word || prov_next(n, child->element, child->word, NULL));
}

static void check_node(const struct prov_node *n, size_t depth, struct counts *c)
{
    FUZZ_ASSERT(depth <= PROV_MAX_DEPTH);
    FUZZ_ASSERT((n->element == PROV_DOCUMENT) == (depth == 1));
    c->characteristics += n->element == PROV_CHARACTERISTIC;
    c->parms += n->element == PROV_PARM;
    c->octets |= n->has_opaque;
    FUZZ_ASSERT(!n->has_opaque || (!prov_value(n) && n->element == PROV_PARM && n->octets.len <= PROV_MAX_VALUE));
    FUZZ_ASSERT(n->element == PROV_DOCUMENT || prov_own(n));
    FUZZ_ASSERT(n->element != PROV_PARM || !n->child);
    check_notes(n);
    for (enum prov_attribute a = PROV_VERSION; a < PROV_ATTRIBUTES; a++)
        if (prov_attribute(n, a))
            check_text(prov_attribute(n, a), c);
    for (const struct prov_node *child = n->child; child; child = child->next)
        check_node(child, depth + 1, c);
}

static void put_attribute(struct writer *w, uint8_t start, const char *text)
{
    if (!text)
        return;
    writer_u8(w, start);
    writer_u8(w, 0x03);
    writer_put(w, text, strlen(text) + 1);
}

static void put_wbxml(struct writer *w, const struct prov_node *n)
{
    static const uint8_t starts[] = { 0x45, 0x50, 0x05, 0x06 };
    bool has = n->has_opaque;
    for (enum prov_attribute a = PROV_VERSION; a < PROV_ATTRIBUTES; a++)
        has |= prov_attribute(n, a) != NULL;
    writer_u8(w, (uint8_t)((0x05 + (int)n->element) | (n->child ? 0x40 : 0) | (has ? 0x80 : 0)));
    for (enum prov_attribute a = PROV_VERSION; a < PROV_ATTRIBUTES; a++)
        put_attribute(w, starts[a], prov_attribute(n, a));
    if (n->has_opaque) {
        writer_u8(w, 0x06);
        writer_u8(w, 0xC3);
        writer_uintvar(w, (uint32_t)n->octets.len);
        writer_put(w, n->octets.data, n->octets.len);
    }
    if (has)
        writer_u8(w, 0x01);
    for (const struct prov_node *child = n->child; child; child = child->next)
        put_wbxml(w, child);
    if (n->child)
        writer_u8(w, 0x01);
}

static void put_xml_text(struct writer *w, const char *text)
{
    for (const char *p = text; *p; p++)
        switch (*p) {
        case '<':
            writer_text(w, "&lt;");
            break;
        case '&':
            writer_text(w, "&amp;");
            break;
        case '"':
            writer_text(w, "&quot;");
            break;
        default:
            writer_u8(w, (uint8_t)*p);
        }
}

static void put_xml_attribute(struct writer *w, const char *name, const char *text)
{
    if (!text)
        return;
    writer_text(w, " ");
    writer_text(w, name);
    writer_text(w, "=\"");
    put_xml_text(w, text);
    writer_text(w, "\"");
}

static void put_xml(struct writer *w, const struct prov_node *n)
{
    writer_text(w, "<");
    writer_text(w, elements[n->element]);
    for (enum prov_attribute a = PROV_VERSION; a < PROV_ATTRIBUTES; a++)
        put_xml_attribute(w, attributes[a], prov_attribute(n, a));
    writer_text(w, n->child ? ">" : "/>");
    for (const struct prov_node *child = n->child; child; child = child->next)
        put_xml(w, child);
    if (n->child) {
        writer_text(w, "</");
        writer_text(w, elements[n->element]);
        writer_text(w, ">");
    }
}

static bool same_text(const char *a, const char *b)
{
    return a && b ? strcmp(a, b) == 0 : a == b;
}

static bool same_node(const struct prov_node *a, const struct prov_node *b)
{
    bool same = a->element == b->element && a->has_opaque == b->has_opaque && slice_equal(a->octets, b->octets);
    for (enum prov_attribute i = PROV_VERSION; i < PROV_ATTRIBUTES; i++)
        same = same && same_text(prov_attribute(a, i), prov_attribute(b, i));
    const struct prov_node *x = a->child, *y = b->child;
    for (; same && x && y; x = x->next, y = y->next)
        same = same_node(x, y);
    return same && !x && !y;
}

typedef enum error_code decode_fn(struct slice doc, struct arena *arena, struct prov_node **root, struct error *err);

static void check_again(const struct prov_node *root, const struct writer *w, decode_fn *decode)
{
    static _Alignas(max_align_t) unsigned char memory[PROV_ARENA];
    struct arena arena = arena_make(memory, sizeof memory);
    struct prov_node *again = NULL;
    struct error err = { 0 };
    FUZZ_ASSERT(!w->failed);
    if (w->len > PROV_MAX_OCTETS)
        return; /* the plain form is longer than what was read */
    enum error_code rc = decode(writer_slice(w), &arena, &again, &err);
    if (rc)
        fprintf(stderr, "%s\n%.*s\n", err.text, (int)w->len, (const char *)w->data);
    FUZZ_ASSERT(rc == ERROR_NONE);
    FUZZ_ASSERT(same_node(root, again));
}

void fuzz_check_tree(const struct prov_node *root)
{
    static uint8_t out[OUT_MAX];
    struct counts c = { 0 };
    check_node(root, 1, &c);
    FUZZ_ASSERT(c.characteristics <= PROV_MAX_CHARACTERISTICS && c.parms <= PROV_MAX_PARMS && c.text <= PROV_MAX_TEXT && !root->next);
    struct writer w = writer_make(out, sizeof out);
    writer_put(&w, "\x03\x0B\x6A\x00", 4);
    put_wbxml(&w, root);
    check_again(root, &w, prov_decode_wbxml);
    if (c.octets || c.controls)
        return;
    w = writer_make(out, sizeof out);
    put_xml(&w, root);
    check_again(root, &w, prov_decode_xml);
}
