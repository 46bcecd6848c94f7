/* SPDX-License-Identifier: Apache-2.0 */
/* Connectivity WBXML -> tree. Tags 05 06 07 on page 0, 06 07 on page 1; attribute values are pieces that are put together. */
#include "codec/prov_build.h"
#include "codec/prov_tokens.h"
#include "codec/wbxml.h"

#define PUBLIC_TEXT "-//WAPFORUM//DTD PROV 1.0//EN"

enum { PUBLIC_PROV_1_0 = 0x0B, CHARSET_ASCII = 3, CHARSET_LATIN1 = 4, CHARSET_UTF8 = 106 };

struct decoder {
    struct wbxml in;
    struct prov_build build;
    struct prov_node *node;        /* whose attributes are read */
    bool collecting;               /* an attribute has begun */
    enum prov_attribute attribute;
};

static enum error_code malformed(const struct wbxml_token *t, const char *what, struct error *err)
{
    return error_set(err, ERROR_MALFORMED, "provisioning document: %s at octet %zu", what, t->offset);
}

static enum error_code add_character(struct prov_build *b, uint32_t c, struct error *err)
{
    uint8_t u[4];
    size_t n = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
    static const uint8_t lead[] = { 0, 0, 0xC0, 0xE0, 0xF0 };
    for (size_t i = n; i > 1; i--, c >>= 6)
        u[i - 1] = (uint8_t)(0x80 | (c & 0x3f));
    u[0] = (uint8_t)(lead[n] | c);
    return prov_build_add(b, (struct slice){ u, n }, err);
}

/* Text of the document ends in NUL there. */
static enum error_code add_text(struct decoder *d, struct slice text, struct error *err)
{
    if (d->in.charset != CHARSET_LATIN1 && d->in.charset != CHARSET_ASCII)
        return prov_build_add_lasting(&d->build, text, err);
    for (size_t i = 0; i < text.len; i++) {
        if (d->in.charset == CHARSET_ASCII && text.data[i] >= 0x80)
            return error_set(err, ERROR_MALFORMED, "provisioning document: octet %02x is not US-ASCII", text.data[i]);
        enum error_code rc = add_character(&d->build, text.data[i], err);
        if (rc)
            return rc;
    }
    return ERROR_NONE;
}

static enum error_code add_token_text(struct decoder *d, const struct prov_text *text, struct error *err)
{
    return prov_build_add_lasting(&d->build, (struct slice){ (const uint8_t *)text->text, text->len }, err);
}

static enum error_code end_attribute(struct decoder *d, struct error *err)
{
    if (!d->collecting)
        return ERROR_NONE;
    d->collecting = false;
    if (d->attribute == PROV_VALUE && d->node->has_opaque)
        return ERROR_NONE;
    return prov_build_set(&d->build, d->node, d->attribute, err);
}

static enum error_code start_attribute(struct decoder *d, const struct wbxml_token *t, struct error *err)
{
    enum error_code rc = end_attribute(d, err);
    if (rc)
        return rc;
    const struct prov_attribute_token *row = prov_attribute_token(t->page, t->token);
    if (!row)
        return malformed(t, "unknown attribute token", err);
    if (row->attribute == PROV_VALUE && d->node->has_opaque)
        return malformed(t, "attribute value stands twice", err);
    d->attribute = row->attribute;
    d->collecting = true;
    return add_token_text(d, &row->prefix, err);
}

static enum error_code add_opaque(struct decoder *d, const struct wbxml_token *t, struct error *err)
{
    const struct prov_node *n = d->node;
    if (d->attribute != PROV_VALUE || n->element != PROV_PARM || d->build.value.len || n->has_opaque || n->attribute[PROV_VALUE])
        return malformed(t, "opaque data out of place", err);
    if (t->text.len > PROV_MAX_VALUE)
        return error_set(err, ERROR_TOO_LARGE, "a value is longer than %d octets", PROV_MAX_VALUE);
    d->node->opaque = t->text;
    d->node->has_opaque = true;
    return ERROR_NONE;
}

static enum error_code add_piece(struct decoder *d, const struct wbxml_token *t, struct error *err)
{
    if (!d->collecting)
        return malformed(t, "value without attribute", err);
    if (t->kind == WBXML_OPAQUE)
        return add_opaque(d, t, err);
    if (d->node->has_opaque)
        return malformed(t, "text after opaque data", err);
    if (t->kind == WBXML_TEXT)
        return add_text(d, t->text, err);
    if (t->kind == WBXML_ENTITY)
        return add_character(&d->build, t->entity, err);
    const struct prov_text *row = prov_value_token(t->page, t->token);
    return row ? add_token_text(d, row, err) : malformed(t, "unknown value token", err);
}

static enum error_code read_attributes(struct decoder *d, struct error *err)
{
    struct wbxml_token t;
    for (;;) {
        enum error_code rc = wbxml_next_attribute(&d->in, &t, err);
        if (rc)
            return rc;
        if (t.kind == WBXML_END)
            return end_attribute(d, err);
        rc = t.kind == WBXML_ATTRIBUTE ? start_attribute(d, &t, err) : add_piece(d, &t, err);
        if (rc)
            return rc;
    }
}

static bool element_of(const struct wbxml_token *t, enum prov_element *e)
{
    static const enum prov_element map[] = { PROV_DOCUMENT, PROV_CHARACTERISTIC, PROV_PARM };
    if (t->page > 1 || t->token > 7 || (t->page == 1 && t->token == 5))
        return false;
    *e = map[t->token - 5];
    return true;
}

static enum error_code read_tag(struct decoder *d, const struct wbxml_token *t, struct error *err)
{
    enum prov_element element;
    if (!element_of(t, &element))
        return malformed(t, "unknown tag token", err);
    enum error_code rc = prov_build_open(&d->build, element, &d->node, err);
    if (rc)
        return rc;
    d->node->offset = t->offset;
    if (t->has_attributes && (rc = read_attributes(d, err)))
        return rc;
    if (!t->has_content)
        prov_build_close(&d->build);
    return ERROR_NONE;
}

static enum error_code read_content(struct decoder *d, struct error *err)
{
    struct wbxml_token t;
    do {
        enum error_code rc = wbxml_next(&d->in, &t, err);
        if (rc)
            return rc;
        if (t.kind == WBXML_FINISHED)
            return error_set(err, ERROR_TRUNCATED, "provisioning document ends inside an element");
        if (t.kind == WBXML_END && d->build.depth)
            prov_build_close(&d->build);
        else if (t.kind == WBXML_TAG)
            rc = read_tag(d, &t, err);
        else
            rc = malformed(&t, "text or end out of place", err);
        if (rc)
            return rc;
    } while (d->build.depth);
    return reader_left(&d->in.in) ? error_set(err, ERROR_MALFORMED, "octets after the document, from octet %zu", d->in.in.pos) : ERROR_NONE;
}

static enum error_code check_header(const struct wbxml *w, struct error *err)
{
    if (w->public_id != PUBLIC_PROV_1_0 && !(w->public_id == 0 && slice_is(w->public_text, PUBLIC_TEXT)))
        return error_set(err, ERROR_NOT_SUPPORTED, "WBXML: public identifier is not that of a provisioning document");
    if (w->charset != CHARSET_UTF8 && w->charset != CHARSET_ASCII && w->charset != CHARSET_LATIN1 && w->charset != 0)
        return error_set(err, ERROR_NOT_SUPPORTED, "WBXML: charset %u", w->charset);
    return ERROR_NONE;
}

enum error_code prov_decode_wbxml(struct slice doc, struct arena *arena, struct prov_node **root, struct error *err)
{
    if (doc.len > PROV_MAX_OCTETS)
        return error_set(err, ERROR_TOO_LARGE, "provisioning document has %zu octets, allowed are %d", doc.len, PROV_MAX_OCTETS);
    struct decoder *d = arena_get(arena, sizeof *d);
    if (!d)
        return error_set(err, ERROR_NO_MEMORY, "document needs too much memory");
    d->build.arena = arena;
    enum error_code rc = wbxml_open(&d->in, doc, err);
    if (!rc)
        rc = check_header(&d->in, err);
    if (!rc)
        rc = read_content(d, err);
    return rc ? rc : prov_build_finish(&d->build, root, err);
}
