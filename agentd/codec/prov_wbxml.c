/* SPDX-License-Identifier: Apache-2.0 */
/* Connectivity WBXML -> tree, token by token. Tags 05 06 07 on page 0, 06 07 on page 1; attribute values are pieces that are put together. */
#include "base/text.h"
#include "codec/prov_build.h"
#include "codec/prov_plain.h"
#include "codec/prov_tokens.h"
#include "codec/wbxml.h"

#define PUBLIC_TEXT "-//WAPFORUM//DTD PROV 1.0//EN"

enum { PUBLIC_PROV_1_0 = 0x0B, CHARSET_ASCII = 3, CHARSET_LATIN1 = 4, CHARSET_UTF8 = 106 };

struct decoder {
    struct wbxml wbxml;
    struct prov_build build;
    bool latin; /* text is US-ASCII or ISO 8859-1, not UTF-8 */
};

static enum error_code malformed(size_t offset, const char *what, struct error *err)
{
    return error_set(err, ERROR_MALFORMED, "provisioning document: %s at octet %zu", what, offset);
}

/* The next three put what they are given behind what the value has. */
static enum error_code join_character(struct decoder *d, uint32_t c, struct error *err)
{
    uint8_t u[4];
    size_t n = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
    static const uint8_t lead[] = { 0, 0, 0xC0, 0xE0, 0xF0 };
    for (size_t i = n; i > 1; i--, c >>= 6)
        u[i - 1] = (uint8_t)(0x80 | (c & 0x3f));
    u[0] = (uint8_t)(lead[n] | c);
    return prov_build_join(&d->build, (struct slice){ u, n }, err);
}

static enum error_code join_latin(struct decoder *d, struct slice text, struct error *err)
{
    for (size_t i = 0; i < text.len; i++) {
        if (d->wbxml.charset == CHARSET_ASCII && text.data[i] >= 0x80)
            return error_set(err, ERROR_MALFORMED, "provisioning document: octet %02x is not US-ASCII", text.data[i]);
        enum error_code rc = join_character(d, text.data[i], err);
        if (rc)
            return rc;
    }
    return ERROR_NONE;
}

static enum error_code join_piece(struct decoder *d, struct slice piece, enum wbxml_kind kind, struct error *err)
{
    if (kind == WBXML_ENTITY)
        return join_character(d, d->wbxml.entity, err);
    if (kind == WBXML_TEXT && d->latin)
        return join_latin(d, piece, err);
    return prov_build_join(&d->build, piece, err);
}

/* The value of a parm alone, and all of it: no text is left to be set. */
static enum error_code take_opaque(struct decoder *d, struct prov_node *n, size_t offset, struct error *err)
{
    struct prov_value *v = &d->build.value;
    if (v->attribute != PROV_VALUE || v->text.len || !(d->build.missing >> PROV_VALUE & 1))
        return malformed(offset, "opaque data out of place", err);
    if (d->wbxml.text.len > PROV_MAX_VALUE)
        return error_set(err, ERROR_TOO_LARGE, "a value is longer than %d octets", PROV_MAX_VALUE);
    n->octets = d->wbxml.text;
    n->has_opaque = true;
    v->text.data = NULL;
    d->build.missing &= ~PROV_MAY(PROV_VALUE);
    return ERROR_NONE;
}

/* Text of the tables and of the document lives as long as the tree, with a NUL behind it: alone, it is the value, without a copy. */
static enum error_code add_piece(struct decoder *d, struct prov_node *n, const struct wbxml_token *t, struct error *err)
{
    struct prov_value *v = &d->build.value;
    bool listed = t->kind == WBXML_VALUE;
    struct slice piece = listed ? prov_value_token(d->wbxml.attribute_page, t->token) : d->wbxml.text;
    if (!v->text.data)
        return malformed(t->offset, n->has_opaque ? "more than opaque data in a value" : "value without attribute", err);
    if (n->has_opaque)
        return malformed(t->offset, "text after opaque data", err);
    if (t->kind == WBXML_OPAQUE)
        return take_opaque(d, n, t->offset, err);
    if (listed && !piece.data)
        return malformed(t->offset, "unknown value token", err);
    if (!piece.len && t->kind != WBXML_ENTITY)
        return ERROR_NONE;
    if (v->word || v->text.len || !(listed || (t->kind == WBXML_TEXT && !d->latin)))
        return join_piece(d, piece, t->kind, err);
    v->text = piece;
    v->printable = listed || d->wbxml.printable;
    return ERROR_NONE;
}

static enum error_code begin_attribute(struct decoder *d, const struct wbxml_token *t, struct error *err)
{
    const struct prov_attribute_token *row = prov_attribute_token(d->wbxml.attribute_page, t->token);
    d->build.value = (struct prov_value){ row->attribute, row->word, true, { (const uint8_t *)"", 0 } };
    return row->known ? ERROR_NONE : malformed(t->offset, "unknown attribute token", err);
}

/* An attribute ends where the next one begins. */
static enum error_code read_attributes(struct decoder *d, struct prov_node *n, struct error *err)
{
    struct wbxml_token t;
    d->build.value.text.data = NULL; /* none has begun */
    for (;;) {
        enum error_code rc = wbxml_next_attribute(&d->wbxml, &d->wbxml.in, &t, err);
        if (rc)
            return rc;
        if (t.kind == WBXML_ATTRIBUTE || t.kind == WBXML_END) {
            rc = d->build.value.text.data ? prov_build_set(&d->build, n, err) : ERROR_NONE;
            if (rc || t.kind == WBXML_END)
                return rc;
            rc = begin_attribute(d, &t, err);
        } else {
            rc = add_piece(d, n, &t, err);
        }
        if (rc)
            return rc;
    }
}

enum { FIRST_TAG = 5 }; /* of three in the order of enum prov_element; page 1 has no document */

/* An element up to its attributes' end, whatever they are. */
static enum error_code read_tag(struct decoder *d, const struct wbxml_token *t, struct error *err)
{
    unsigned page = d->wbxml.tag_page, element = (unsigned)t->token - FIRST_TAG;
    struct prov_node *n;
    if (page >= PROV_PAGES || element < page || element > PROV_PARM)
        return malformed(t->offset, "unknown tag token", err);
    enum error_code rc = prov_build_add(&d->build, (enum prov_element)element, t->offset, &n, err);
    if (!rc && t->has_attributes)
        rc = read_attributes(d, n, err);
    if (!rc)
        rc = prov_build_check(&d->build, n, err);
    if (!rc && t->has_content)
        prov_build_open(&d->build, n);
    return rc;
}

static enum error_code read_content(struct decoder *d, struct error *err)
{
    struct reader *in = &d->wbxml.in;
    do {
        struct wbxml_token t;
        enum error_code rc = wbxml_next(&d->wbxml, in, &t, err);
        if (rc)
            return rc;
        if (t.kind == WBXML_FINISHED)
            return error_set(err, ERROR_TRUNCATED, "provisioning document ends inside an element");
        if (t.kind == WBXML_END && prov_build_inside(&d->build))
            prov_build_close(&d->build);
        else if (t.kind == WBXML_TAG)
            rc = read_tag(d, &t, err);
        else
            rc = malformed(t.offset, "text or end out of place", err);
        if (rc)
            return rc;
        prov_plain_read(&d->wbxml, &d->build);
    } while (prov_build_inside(&d->build));
    return reader_left(in) ? error_set(err, ERROR_MALFORMED, "octets after the document, from octet %zu", in->pos) : ERROR_NONE;
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
    prov_build_start(&d->build, arena);
    enum error_code rc = wbxml_open(&d->wbxml, doc, err);
    if (!rc)
        rc = check_header(&d->wbxml, err);
    d->latin = d->wbxml.charset == CHARSET_LATIN1 || d->wbxml.charset == CHARSET_ASCII;
    if (!rc)
        rc = read_content(d, err);
    if (!rc)
        *root = d->build.root;
    return rc;
}
