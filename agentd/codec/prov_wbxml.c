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
    bool latin; /* text is US-ASCII or ISO 8859-1, not UTF-8 */
};

static enum error_code malformed(const struct wbxml_token *t, const char *what, struct error *err)
{
    return error_set(err, ERROR_MALFORMED, "provisioning document: %s at octet %zu", what, t->offset);
}

static enum error_code add_character(struct decoder *d, struct prov_value *v, uint32_t c, struct error *err)
{
    uint8_t u[4];
    size_t n = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
    static const uint8_t lead[] = { 0, 0, 0xC0, 0xE0, 0xF0 };
    for (size_t i = n; i > 1; i--, c >>= 6)
        u[i - 1] = (uint8_t)(0x80 | (c & 0x3f));
    u[0] = (uint8_t)(lead[n] | c);
    return prov_build_join(&d->build, v, (struct slice){ u, n }, err);
}

static enum error_code add_latin(struct decoder *d, struct prov_value *v, struct slice text, struct error *err)
{
    for (size_t i = 0; i < text.len; i++) {
        if (d->in.charset == CHARSET_ASCII && text.data[i] >= 0x80)
            return error_set(err, ERROR_MALFORMED, "provisioning document: octet %02x is not US-ASCII", text.data[i]);
        enum error_code rc = add_character(d, v, text.data[i], err);
        if (rc)
            return rc;
    }
    return ERROR_NONE;
}

/* Octets that live as long as the tree, with a NUL behind them: alone, they are the value, without a copy. */
static enum error_code add_lasting(struct decoder *d, struct prov_value *v, struct slice text, bool printable, struct error *err)
{
    if (v->text.len)
        return text.len ? prov_build_join(&d->build, v, text, err) : ERROR_NONE;
    v->text = text;
    v->printable = printable;
    return ERROR_NONE;
}

static enum error_code add_table_text(struct decoder *d, struct prov_value *v, const struct wbxml_token *t, struct error *err)
{
    const struct prov_text *row = prov_value_token(t->page, t->token);
    return row ? add_lasting(d, v, (struct slice){ (const uint8_t *)row->text, row->len }, true, err) : malformed(t, "unknown value token", err);
}

/* The value of a parm alone, and all of it. */
static enum error_code add_opaque(struct prov_node *n, const struct prov_value *v, const struct wbxml_token *t, struct error *err)
{
    if (v->attribute != PROV_VALUE || n->element != PROV_PARM || v->text.len || n->has_opaque || n->attribute[PROV_VALUE])
        return malformed(t, "opaque data out of place", err);
    if (t->text.len > PROV_MAX_VALUE)
        return error_set(err, ERROR_TOO_LARGE, "a value is longer than %d octets", PROV_MAX_VALUE);
    n->octets = t->text;
    n->has_opaque = true;
    return ERROR_NONE;
}

static enum error_code add_piece(struct decoder *d, struct prov_node *n, struct prov_value *v, const struct wbxml_token *t, struct error *err)
{
    if (t->kind == WBXML_OPAQUE)
        return add_opaque(n, v, t, err);
    if (n->has_opaque)
        return malformed(t, "text after opaque data", err);
    if (t->kind == WBXML_VALUE)
        return add_table_text(d, v, t, err);
    if (t->kind == WBXML_ENTITY)
        return add_character(d, v, t->entity, err);
    return d->latin ? add_latin(d, v, t->text, err) : add_lasting(d, v, t->text, t->printable, err);
}

/* An attribute whose first token is t, which becomes the first token behind it. */
static enum error_code read_attribute(struct decoder *d, struct prov_node *n, struct wbxml_token *t, struct error *err)
{
    const struct prov_attribute_token *row = prov_attribute_token(t->page, t->token);
    if (!row->known)
        return malformed(t, "unknown attribute token", err);
    if (row->attribute == PROV_VALUE && n->has_opaque)
        return malformed(t, "attribute value stands twice", err);
    struct prov_value v = { row->attribute, row->word, true, prov_words[row->word] };
    for (;;) {
        enum error_code rc = wbxml_next_attribute(&d->in, t, err);
        if (rc)
            return rc;
        if (t->kind == WBXML_ATTRIBUTE || t->kind == WBXML_END)
            break;
        rc = add_piece(d, n, &v, t, err);
        if (rc)
            return rc;
    }
    return v.attribute == PROV_VALUE && n->has_opaque ? ERROR_NONE : prov_build_set(&d->build, n, &v, err);
}

static enum error_code read_attributes(struct decoder *d, struct prov_node *n, struct error *err)
{
    struct wbxml_token t;
    enum error_code rc = wbxml_next_attribute(&d->in, &t, err);
    while (!rc && t.kind == WBXML_ATTRIBUTE)
        rc = read_attribute(d, n, &t, err);
    return rc || t.kind == WBXML_END ? rc : malformed(&t, "value without attribute", err);
}

static bool element_of(const struct wbxml_token *t, enum prov_element *e)
{
    static const enum prov_element map[] = { [5] = PROV_DOCUMENT, [6] = PROV_CHARACTERISTIC, [7] = PROV_PARM };
    static const uint8_t first[] = { 5, 6 }; /* of each page */
    if (t->page >= sizeof first || t->token < first[t->page] || t->token >= sizeof map)
        return false;
    *e = map[t->token];
    return true;
}

static enum error_code read_tag(struct decoder *d, const struct wbxml_token *t, struct error *err)
{
    enum prov_element element;
    if (!element_of(t, &element))
        return malformed(t, "unknown tag token", err);
    struct prov_node *n;
    enum error_code rc = prov_build_open(&d->build, element, &n, err);
    if (rc)
        return rc;
    n->offset = (uint16_t)t->offset;
    if (t->has_attributes)
        rc = read_attributes(d, n, err);
    if (!rc)
        rc = prov_build_check(n, err);
    if (!t->has_content)
        prov_build_close(&d->build);
    return rc;
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
    d->latin = d->in.charset == CHARSET_LATIN1 || d->in.charset == CHARSET_ASCII;
    if (!rc)
        rc = read_content(d, err);
    if (!rc)
        *root = d->build.root;
    return rc;
}
