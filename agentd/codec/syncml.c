/* SPDX-License-Identifier: Apache-2.0 */
/* SyncML trees. The document bounds the work: every node costs at least one octet of it, and text is copied only when it comes in pieces.
 * Never recurses on decoding; encoding recurses over trees that are at most SYNCML_DEPTH_MAX deep. */
#include "codec/syncml.h"

#include <string.h>

#include "codec/wbxml.h"

#define PUBLIC_TEXT "-//SYNCML//DTD SyncML 1.2//EN"

enum { PUBLIC_ID = 0x1201, WBXML_VERSION = 3, CHARSET_UTF8 = 106, CHARSET_ASCII = 3 }; /* SyncML RepPro 1.2, section 8; IANA MIBenum */

static const struct {
    uint8_t page, token;
    const char *name;
} rows[SYNCML_ELEMENT_COUNT] = {
#define X(symbol, page, token, name) { page, token, name },
    SYNCML_ELEMENTS(X)
#undef X
};

struct pieces { /* text of the open element, so far */
    size_t count;
    bool opaque;
    struct slice text;
};

struct parser {
    struct wbxml in;
    struct arena *arena;
    struct error *err;
    struct syncml_node *open[SYNCML_DEPTH_MAX];
    struct syncml_node *last[SYNCML_DEPTH_MAX]; /* last child of open[i] */
    struct pieces pieces;
    size_t depth, nodes;
};

const char *syncml_name(enum syncml_element element)
{
    return element < SYNCML_ELEMENT_COUNT ? rows[element].name : "";
}

static bool is_blank(struct slice s)
{
    for (size_t i = 0; i < s.len; i++)
        if (!strchr(" \t\r\n", s.data[i]) || s.data[i] == 0)
            return false;
    return true;
}

/* Adds one piece; the second and later ones move the text into the arena. */
static enum error_code take_piece(struct parser *p, struct slice piece, bool opaque)
{
    struct pieces *have = &p->pieces;
    have->opaque = have->opaque || opaque;
    if (have->count++ == 0) {
        have->text = piece;
        return ERROR_NONE;
    }
    uint8_t *joined = piece.len <= SYNCML_DOCUMENT_MAX ? arena_get(p->arena, have->text.len + piece.len + 1) : NULL;
    if (!joined)
        return error_set(p->err, ERROR_TOO_LARGE, "SyncML: text in pieces exceeds the bound");
    struct writer w = writer_make(joined, have->text.len + piece.len);
    writer_put(&w, have->text.data, have->text.len);
    writer_put(&w, piece.data, piece.len);
    have->text = writer_slice(&w);
    return ERROR_NONE;
}

static enum error_code take_entity(struct parser *p, uint32_t c)
{
    uint8_t *utf8 = arena_get(p->arena, 4);
    if (!utf8)
        return error_set(p->err, ERROR_TOO_LARGE, "SyncML: document needs too much memory");
    struct writer w = writer_make(utf8, 4);
    int more = c < 0x80 ? 0 : c < 0x800 ? 1 : c < 0x10000 ? 2 : 3;
    static const uint8_t lead[] = { 0x00, 0xC0, 0xE0, 0xF0 };
    writer_u8(&w, (uint8_t)(lead[more] | c >> (6 * more)));
    for (int i = more - 1; i >= 0; i--)
        writer_u8(&w, (uint8_t)(0x80 | ((c >> (6 * i)) & 0x3F)));
    return take_piece(p, writer_slice(&w), false);
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

/* Text before a child must be white space: SyncML has no mixed content (SyncML DTD 1.2). */
static enum error_code drop_blank(struct parser *p)
{
    if (p->pieces.count && (p->pieces.opaque || !is_blank(p->pieces.text)))
        return error_set(p->err, ERROR_MALFORMED, "SyncML: text beside elements before octet %zu", p->in.in.pos);
    p->pieces = (struct pieces){ 0 };
    return ERROR_NONE;
}

static enum error_code take_tag(struct parser *p, const struct wbxml_token *t, const struct syncml_node **root)
{
    enum syncml_element element;
    if (!element_of(t->page, t->token, &element))
        return error_set(p->err, ERROR_NOT_SUPPORTED, "SyncML: unknown element %u:%02x at octet %zu", t->page, t->token, t->offset);
    if (t->has_attributes)
        return error_set(p->err, ERROR_MALFORMED, "SyncML: attributes at octet %zu", t->offset);
    if ((p->depth == 0) != (element == SYNCML_SYNCML) || (p->depth == 0 && *root))
        return error_set(p->err, ERROR_MALFORMED, "SyncML: %s at octet %zu out of place", syncml_name(element), t->offset);
    enum error_code code = drop_blank(p);
    if (code)
        return code;
    struct syncml_node *n = ++p->nodes <= SYNCML_NODES_MAX ? arena_get(p->arena, sizeof *n) : NULL;
    if (!n)
        return error_set(p->err, ERROR_TOO_LARGE, "SyncML: more than %d elements, or no memory for them", SYNCML_NODES_MAX);
    n->element = element;
    if (p->depth == 0)
        *root = n;
    else if (p->last[p->depth - 1])
        p->last[p->depth - 1]->next = n;
    else
        p->open[p->depth - 1]->child = n;
    if (p->depth)
        p->last[p->depth - 1] = n;
    if (!t->has_content)
        return ERROR_NONE;
    if (p->depth == SYNCML_DEPTH_MAX)
        return error_set(p->err, ERROR_TOO_LARGE, "SyncML: deeper than %d elements", SYNCML_DEPTH_MAX);
    p->open[p->depth] = n;
    p->last[p->depth++] = NULL;
    return ERROR_NONE;
}

static enum error_code take_end(struct parser *p)
{
    if (p->depth == 0)
        return error_set(p->err, ERROR_MALFORMED, "SyncML: end without an open element at octet %zu", p->in.in.pos);
    struct syncml_node *n = p->open[--p->depth];
    if (n->child)
        return drop_blank(p);
    n->text = p->pieces.text;
    n->opaque = p->pieces.opaque;
    p->pieces = (struct pieces){ 0 };
    return ERROR_NONE;
}

static enum error_code take_token(struct parser *p, const struct wbxml_token *t, const struct syncml_node **root)
{
    if (p->depth == 0 && (t->kind == WBXML_TEXT || t->kind == WBXML_OPAQUE || t->kind == WBXML_ENTITY))
        return error_set(p->err, ERROR_MALFORMED, "SyncML: text outside the root element");
    switch (t->kind) {
    case WBXML_TAG:
        return take_tag(p, t, root);
    case WBXML_END:
        return take_end(p);
    case WBXML_TEXT:
        return take_piece(p, t->text, false);
    case WBXML_OPAQUE:
        return take_piece(p, t->text, true);
    case WBXML_ENTITY:
        return take_entity(p, t->entity);
    case WBXML_ATTRIBUTE:
    case WBXML_VALUE:
    case WBXML_FINISHED:
        break;
    }
    return error_set(p->err, ERROR_MALFORMED, "SyncML: unexpected token at octet %zu", t->offset);
}

static enum error_code open_document(struct parser *p, struct slice doc)
{
    if (doc.len > SYNCML_DOCUMENT_MAX)
        return error_set(p->err, ERROR_TOO_LARGE, "SyncML: document of %zu octets, at most %d", doc.len, SYNCML_DOCUMENT_MAX);
    enum error_code code = wbxml_open(&p->in, doc, p->err);
    if (code)
        return code;
    if (p->in.public_id != PUBLIC_ID && !slice_is(p->in.public_text, PUBLIC_TEXT))
        return error_set(p->err, ERROR_NOT_SUPPORTED, "SyncML: public identifier %x is not that of SyncML 1.2", (unsigned)p->in.public_id);
    if (p->in.charset != CHARSET_UTF8 && p->in.charset != CHARSET_ASCII)
        return error_set(p->err, ERROR_NOT_SUPPORTED, "SyncML: character set %u is not UTF-8", (unsigned)p->in.charset);
    return ERROR_NONE;
}

const struct syncml_node *syncml_decode(struct slice doc, struct arena *arena, struct error *err)
{
    struct parser p = { .arena = arena, .err = err };
    const struct syncml_node *root = NULL;
    if (open_document(&p, doc))
        return NULL;
    for (;;) {
        struct wbxml_token t;
        if (wbxml_next(&p.in, &t, err))
            return NULL;
        if (t.kind == WBXML_FINISHED)
            break;
        if (take_token(&p, &t, &root))
            return NULL;
    }
    if (p.depth || !root) {
        error_set(err, ERROR_TRUNCATED, "SyncML: document ends inside an element");
        return NULL;
    }
    return root;
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
