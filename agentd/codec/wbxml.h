/* SPDX-License-Identifier: Apache-2.0 */
/* WBXML 1.1..1.3 (WAP-192) as a stream of tokens; the meaning of tokens belongs to prov and syncml. Bounded by the document;
 * text may be named more than once through the string table, so callers bound what they copy. */
#ifndef CODEC_WBXML_H
#define CODEC_WBXML_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/reader.h"

struct wbxml {
    struct reader in;           /* behind the header, then behind what the last token carried: see wbxml_next */
    uint8_t tag_page, attribute_page; /* of the last token */
    bool printable;             /* of the last TEXT: its octets are 20..7E; false: not known */
    uint32_t entity;            /* of the last ENTITY */
    struct slice text, strings; /* of the last TEXT or OPAQUE; the string table */
    uint8_t version;            /* 1..3 for 1.1..1.3 */
    uint32_t public_id;         /* well-known number, 0 if given by text */
    struct slice public_text;
    uint32_t charset;           /* MIBenum; 0 unknown */
};

enum wbxml_kind {
    WBXML_NONE,      /* a page switch, or what no document of ours has: never handed out */
    WBXML_TEXT,      /* STR_I or STR_T: text (octets in the document's charset) */
    WBXML_ENTITY,    /* entity: a code point <= 10FFFF, no surrogate, not 0 */
    WBXML_OPAQUE,    /* text: the octets; what these three carry stands in struct wbxml until the next token */
    WBXML_FINISHED,  /* nothing left */
    WBXML_END,       /* of an element, or of an attribute list; this one and the next are their octet alone */
    WBXML_TAG,       /* token (6 bits) of the tag page, has_content, has_attributes */
    WBXML_ATTRIBUTE, /* token < 80 of the attribute page: start of an attribute */
    WBXML_VALUE,     /* token >= 85 of the attribute page: piece of an attribute value */
};

struct wbxml_token { /* small, and nobody keeps its address: it lives in registers */
    enum wbxml_kind kind;
    uint8_t token;
    bool has_content, has_attributes; /* of a TAG */
    size_t offset; /* of the token in the document */
};

enum { /* global tokens, WAP-192 7.1 */
    WBXML_OCTET_SWITCH_PAGE = 0x00, WBXML_OCTET_END = 0x01, WBXML_OCTET_ENTITY = 0x02, WBXML_OCTET_STR_I = 0x03, WBXML_OCTET_STR_T = 0x83, WBXML_OCTET_OPAQUE = 0xC3,
};
extern const uint8_t wbxml_content_kinds[256], wbxml_attribute_kinds[256]; /* enum wbxml_kind of each octet */
/* Of the next two: what follows the octet of a kind before END, at w->in. 0: a document ends in a page switch, or before a token. */
enum error_code wbxml_finish(struct wbxml *w, uint8_t octet, struct error *err);

static inline uint8_t wbxml_octet(struct reader *in, uint8_t *page) /* the next one behind switches of the page, WAP-192 5.8.4.7.2 */
{
    uint8_t octet = reader_u8(in);
    while (__builtin_expect(octet == WBXML_OCTET_SWITCH_PAGE, 0) && reader_left(in)) {
        *page = reader_u8(in);
        octet = reader_u8(in);
    }
    return octet;
}

static inline enum error_code wbxml_take(struct wbxml *w, struct reader *in, const uint8_t *kinds, uint8_t *page, struct wbxml_token *t, struct error *err)
{
    uint8_t octet = wbxml_octet(in, page);
    *t = (struct wbxml_token){ .kind = (enum wbxml_kind)kinds[octet], .token = octet, .offset = in->pos - 1 };
    if (t->kind >= WBXML_END)
        return ERROR_NONE;
    w->in.pos = in->pos;
    enum error_code rc = wbxml_finish(w, octet, err);
    in->pos = w->in.pos;
    return rc;
}

/* Reads the header. TRUNCATED, MALFORMED, NOT_SUPPORTED (version). doc is borrowed for the life of w. */
enum error_code wbxml_open(struct wbxml *w, struct slice doc, struct error *err);

/* Next token in content. LITERAL, PI and EXT tokens are MALFORMED: none of our documents has them. in: the caller's copy of w->in, so that his loop has it in
 * registers; it goes on, w->in follows it from time to time. */
static inline enum error_code wbxml_next(struct wbxml *w, struct reader *in, struct wbxml_token *t, struct error *err)
{
    if (!reader_left(in)) {
        *t = (struct wbxml_token){ .kind = WBXML_FINISHED, .offset = in->pos };
        return ERROR_NONE;
    }
    enum error_code rc = wbxml_take(w, in, wbxml_content_kinds, &w->tag_page, t, err);
    t->has_attributes = (t->token & 0x80) != 0;
    t->has_content = (t->token & 0x40) != 0;
    t->token &= 0x3f;
    return rc;
}

/* Next token of an attribute list (after a tag with has_attributes), until WBXML_END. */
static inline enum error_code wbxml_next_attribute(struct wbxml *w, struct reader *in, struct wbxml_token *t, struct error *err)
{
    return wbxml_take(w, in, wbxml_attribute_kinds, &w->attribute_page, t, err);
}

#endif
