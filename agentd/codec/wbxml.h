/* SPDX-License-Identifier: Apache-2.0 */
/* WBXML 1.1..1.3 (WAP-192) as a stream of tokens, in both directions; the meaning of tokens belongs to prov and syncml. Bounded by the document;
 * text may be named more than once through the string table, so callers bound what they copy. */
#ifndef CODEC_WBXML_H
#define CODEC_WBXML_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/reader.h"
#include "base/writer.h"

struct wbxml {
    struct reader in;
    struct slice strings;  /* string table */
    uint8_t version;       /* 1..3 for 1.1..1.3 */
    uint32_t public_id;    /* well-known number, 0 if given by text */
    struct slice public_text;
    uint32_t charset;      /* MIBenum; 0 unknown */
    uint8_t tag_page, attribute_page;
};

enum wbxml_kind {
    WBXML_NONE,      /* a page switch, or what no document of ours has: never handed out */
    WBXML_TEXT,      /* STR_I or STR_T: text (octets in the document's charset) */
    WBXML_ENTITY,    /* entity: a code point <= 10FFFF, no surrogate, not 0 */
    WBXML_OPAQUE,    /* text: the octets */
    WBXML_FINISHED,  /* nothing left */
    WBXML_END,       /* of an element, or of an attribute list; this one and the next are their octet alone */
    WBXML_TAG,       /* page, token (6 bits), has_content, has_attributes */
    WBXML_ATTRIBUTE, /* page, token < 80: start of an attribute */
    WBXML_VALUE,     /* page, token >= 85: piece of an attribute value */
};

struct wbxml_token { /* what a kind does not name, is not set */
    enum wbxml_kind kind;
    uint8_t page, token;
    bool has_content, has_attributes;
    bool printable; /* text: octets 20..7E; false: not known */
    uint32_t entity;
    struct slice text;
    size_t offset; /* of the token in the document; set for all */
};

extern const uint8_t wbxml_content_kinds[256], wbxml_attribute_kinds[256]; /* enum wbxml_kind of each octet */
enum error_code wbxml_finish(struct wbxml *w, struct wbxml_token *t, struct error *err); /* of the next two: what follows the octet */

static inline enum error_code wbxml_take(struct wbxml *w, const uint8_t *kinds, uint8_t *page, struct wbxml_token *t, struct error *err)
{
    uint8_t octet = reader_u8(&w->in);
    while (octet == 0 && !w->in.failed) { /* SWITCH_PAGE, WAP-192 5.8.4.7.2 */
        *page = reader_u8(&w->in);
        octet = reader_u8(&w->in);
    }
    t->kind = (enum wbxml_kind)kinds[octet];
    t->page = *page;
    t->token = octet;
    t->offset = w->in.pos - 1;
    return t->kind < WBXML_END ? wbxml_finish(w, t, err) : ERROR_NONE;
}

/* Reads the header. TRUNCATED, MALFORMED, NOT_SUPPORTED (version). doc is borrowed for the life of w. */
enum error_code wbxml_open(struct wbxml *w, struct slice doc, struct error *err);

/* Next token in content. LITERAL, PI and EXT tokens are MALFORMED: none of our documents has them. */
static inline enum error_code wbxml_next(struct wbxml *w, struct wbxml_token *t, struct error *err)
{
    t->kind = WBXML_FINISHED;
    t->offset = w->in.pos;
    if (reader_done(&w->in))
        return ERROR_NONE;
    enum error_code rc = wbxml_take(w, wbxml_content_kinds, &w->tag_page, t, err);
    t->has_attributes = (t->token & 0x80) != 0;
    t->has_content = (t->token & 0x40) != 0;
    t->token &= 0x3f;
    return rc;
}

/* Next token of an attribute list (after a tag with has_attributes), until WBXML_END. */
static inline enum error_code wbxml_next_attribute(struct wbxml *w, struct wbxml_token *t, struct error *err)
{
    return wbxml_take(w, wbxml_attribute_kinds, &w->attribute_page, t, err);
}

/* Writing: header with an empty string table and UTF-8, tags with page switches as needed (start with *page = 0), STR_I and OPAQUE. */
void wbxml_put_header(struct writer *out, uint8_t version, uint32_t public_id);
void wbxml_put_tag(struct writer *out, uint8_t *page, uint8_t tag_page, uint8_t token, bool has_content);
void wbxml_put_text(struct writer *out, const char *text);
void wbxml_put_opaque(struct writer *out, struct slice octets);
void wbxml_put_end(struct writer *out);

#endif
