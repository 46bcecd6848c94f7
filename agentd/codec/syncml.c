/* SPDX-License-Identifier: Apache-2.0 */
/* SyncML trees from and to WBXML. The document bounds the work: every node costs at least one octet of it, and text is copied only when it comes in
 * pieces. Never recurses on decoding; encoding recurses over trees that are at most SYNCML_DEPTH_MAX deep. */
#include "codec/syncml.h"

#include <string.h>

#include "codec/syncml_build.h"
#include "codec/wbxml.h"
#include "codec/wbxml_write.h"

#define PUBLIC_TEXT "-//SYNCML//DTD SyncML 1.2//EN"
#define TREE_PUBLIC_TEXT "-//OMA//DTD-DM-DDF 1.2//EN"

enum { PUBLIC_ID = 0x1201, WBXML_VERSION = 3, CHARSET_UTF8 = 106, CHARSET_ASCII = 3 }; /* SyncML RepPro 1.2, section 8; IANA MIBenum */

static const struct {
    uint8_t page, token;
    const char *name;
} rows[SYNCML_ELEMENT_COUNT] = {
#define X(symbol, page, token, name) { page, token, name },
    SYNCML_ELEMENTS(X)
#undef X
};

const char *syncml_name(enum syncml_element element)
{
    return rows[element].name;
}

static enum error_code take_entity(struct syncml_build *b, uint32_t c)
{
    uint8_t *utf8 = arena_get(b->arena, 4);
    if (!utf8)
        return error_set(b->err, ERROR_TOO_LARGE, "SyncML: document needs too much memory");
    struct writer w = writer_make(utf8, 4);
    int more = c < 0x80 ? 0 : c < 0x800 ? 1 : c < 0x10000 ? 2 : 3;
    static const uint8_t lead[] = { 0x00, 0xC0, 0xE0, 0xF0 };
    writer_u8(&w, (uint8_t)(lead[more] | c >> (6 * more)));
    for (int i = more - 1; i >= 0; i--)
        writer_u8(&w, (uint8_t)(0x80 | ((c >> (6 * i)) & 0x3F)));
    return syncml_build_text(b, writer_slice(&w), false);
}

static bool element_of(uint8_t page, uint8_t token, enum syncml_element *element)
{
    for (size_t i = 0; i < SYNCML_ELEMENT_COUNT; i++)
        if (rows[i].page == page && rows[i].token == token) {
            *element = (enum syncml_element)i;
            return true;
        }
    return false;
}

static enum error_code take_tag(struct syncml_build *b, const struct wbxml *in, const struct wbxml_token *t)
{
    enum syncml_element element;
    if (!element_of(in->tag_page, t->token, &element))
        return error_set(b->err, ERROR_NOT_SUPPORTED, "SyncML: unknown element %u:%02x at octet %zu", in->tag_page, t->token, t->offset);
    if (t->has_attributes)
        return error_set(b->err, ERROR_MALFORMED, "SyncML: attributes at octet %zu", t->offset);
    return syncml_build_open(b, element, t->has_content);
}

static enum error_code take_token(struct syncml_build *b, const struct wbxml *in, const struct wbxml_token *t)
{
    b->offset = t->offset;
    if (t->kind == WBXML_TAG)
        return take_tag(b, in, t);
    if (t->kind == WBXML_END)
        return syncml_build_close(b);
    if (t->kind == WBXML_ENTITY)
        return take_entity(b, in->entity);
    return syncml_build_text(b, in->text, t->kind == WBXML_OPAQUE); /* nothing else stands in content */
}

static enum error_code open_document(struct wbxml *in, struct slice doc, enum syncml_element top, struct error *err)
{
    bool tree = top == SYNCML_DDF_MGMT_TREE;
    if (doc.len > SYNCML_DOCUMENT_MAX)
        return error_set(err, ERROR_TOO_LARGE, "SyncML: document of %zu octets, at most %d", doc.len, SYNCML_DOCUMENT_MAX);
    enum error_code code = wbxml_open(in, doc, err);
    if (code)
        return code;
    bool ours = tree ? slice_is(in->public_text, TREE_PUBLIC_TEXT) : in->public_id == PUBLIC_ID || slice_is(in->public_text, PUBLIC_TEXT);
    if (!ours)
        return error_set(err, ERROR_NOT_SUPPORTED, "SyncML: public identifier %x is not that of %s 1.2", (unsigned)in->public_id, tree ? "DM-DDF" : "SyncML");
    if (in->charset != CHARSET_UTF8 && in->charset != CHARSET_ASCII)
        return error_set(err, ERROR_NOT_SUPPORTED, "SyncML: character set %u is not UTF-8", (unsigned)in->charset);
    return ERROR_NONE;
}

static const struct syncml_node *decode(struct slice doc, enum syncml_element top, bool trees, struct arena *arena, struct error *err)
{
    struct wbxml in;
    struct syncml_build b = { .arena = arena, .err = err, .top = top, .trees = trees };
    if (open_document(&in, doc, top, err))
        return NULL;
    struct reader octets = in.in;
    for (;;) {
        struct wbxml_token t;
        if (wbxml_next(&in, &octets, &t, err))
            return NULL;
        if (t.kind == WBXML_FINISHED)
            return syncml_build_finish(&b);
        if (take_token(&b, &in, &t))
            return NULL;
    }
}

const struct syncml_node *syncml_decode(struct slice doc, struct arena *arena, struct error *err)
{
    return decode(doc, SYNCML_SYNCML, false, arena, err);
}

const struct syncml_node *syncml_decode_with_trees(struct slice doc, struct arena *arena, struct error *err)
{
    return decode(doc, SYNCML_SYNCML, true, arena, err);
}

const struct syncml_node *syncml_decode_tnds(struct slice doc, struct arena *arena, struct error *err)
{
    return decode(doc, SYNCML_DDF_MGMT_TREE, false, arena, err);
}

static void put_node(struct syncml_writer *w, const struct syncml_node *n)
{
    bool content = n->child || n->text.len || n->opaque;
    wbxml_put_tag(w->out, &w->page, rows[n->element].page, rows[n->element].token, content);
    if (!content)
        return;
    if (n->opaque) {
        wbxml_put_opaque(w->out, n->text);
    } else if (n->text.len) {
        writer_u8(w->out, 0x03); /* STR_I */
        writer_put(w->out, n->text.data, n->text.len);
        writer_u8(w->out, 0);
    }
    for (const struct syncml_node *c = n->child; c; c = c->next)
        put_node(w, c);
    wbxml_put_end(w->out);
}

bool syncml_encode(const struct syncml_node *root, struct writer *out)
{
    struct syncml_writer w = { .out = out };
    syncml_put_header(out);
    put_node(&w, root);
    return !out->failed;
}

const struct syncml_node *syncml_child(const struct syncml_node *n, enum syncml_element element)
{
    for (const struct syncml_node *c = n ? n->child : NULL; c; c = c->next)
        if (c->element == element)
            return c;
    return NULL;
}

struct slice syncml_text(const struct syncml_node *n, enum syncml_element element)
{
    const struct syncml_node *c = syncml_child(n, element);
    return c ? c->text : (struct slice){ NULL, 0 };
}

struct slice syncml_text2(const struct syncml_node *n, enum syncml_element first, enum syncml_element second)
{
    return syncml_text(syncml_child(n, first), second);
}

/* Octets of a UTF-8 sequence that begins with c, 0 if none does (RFC 3629). */
static size_t sequence_len(uint8_t c)
{
    if (c < 0x80)
        return c >= 0x20 && c != 0x7F ? 1 : 0;
    if (c >= 0xC2 && c <= 0xDF)
        return 2;
    if (c >= 0xE0 && c <= 0xEF)
        return 3;
    return c >= 0xF0 && c <= 0xF4 ? 4 : 0;
}

static bool is_sequence(struct slice s, size_t at, size_t len)
{
    if (len == 0 || s.len - at < len)
        return false;
    for (size_t i = 1; i < len; i++)
        if ((s.data[at + i] & 0xC0) != 0x80)
            return false;
    uint8_t first = s.data[at], second = len > 1 ? s.data[at + 1] : 0;
    if ((first == 0xE0 && second < 0xA0) || (first == 0xED && second > 0x9F)) /* overlong; surrogate */
        return false;
    if ((first == 0xF0 && second < 0x90) || (first == 0xF4 && second > 0x8F)) /* overlong; beyond 10FFFF */
        return false;
    return !(first == 0xC2 && second < 0xA0); /* C1 control */
}

bool syncml_copy(struct slice s, char *out, size_t cap)
{
    if (s.len >= cap)
        return false;
    for (size_t at = 0; at < s.len;) {
        size_t len = sequence_len(s.data[at]);
        if (!is_sequence(s, at, len))
            return false;
        at += len;
    }
    if (s.len)
        memcpy(out, s.data, s.len);
    out[s.len] = '\0';
    return true;
}

void syncml_put_header(struct writer *out)
{
    wbxml_put_header(out, WBXML_VERSION, PUBLIC_ID);
}

void syncml_open(struct syncml_writer *w, enum syncml_element element)
{
    wbxml_put_tag(w->out, &w->page, rows[element].page, rows[element].token, true);
}

void syncml_close(struct syncml_writer *w)
{
    wbxml_put_end(w->out);
}

void syncml_put_empty(struct syncml_writer *w, enum syncml_element element)
{
    wbxml_put_tag(w->out, &w->page, rows[element].page, rows[element].token, false);
}

void syncml_put_text(struct syncml_writer *w, enum syncml_element element, const char *text)
{
    if (!*text) {
        syncml_put_empty(w, element);
        return;
    }
    syncml_open(w, element);
    wbxml_put_text(w->out, text);
    syncml_close(w);
}

void syncml_put_opaque(struct syncml_writer *w, enum syncml_element element, struct slice octets)
{
    syncml_open(w, element);
    wbxml_put_opaque(w->out, octets);
    syncml_close(w);
}

void syncml_rewind(struct syncml_writer *w)
{
    if (w->page) {
        writer_u8(w->out, 0); /* SWITCH_PAGE */
        writer_u8(w->out, 0);
    }
    w->page = 0;
}
