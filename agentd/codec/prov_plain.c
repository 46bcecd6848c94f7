/* SPDX-License-Identifier: Apache-2.0 */
/* Each element from a window in which no octet needs a look at the document's length. Must take nothing of an element that it does not take whole. */
#include "codec/prov_plain.h"

#include <string.h>

#include "base/text.h"

#define INLINE __attribute__((always_inline)) static inline /* its struct window is in registers */

enum { TAG_TYPE = 0xC6, TAG_NAME = 0x87, VALUE = 0x06 }; /* a characteristic that is not empty; a parm; the attribute's token on both pages */
enum { WINDOW = 11, PIECE = 4 }; /* octets that are read before one looks how many there are: from such a tag, or a piece, to the END behind a value's token, each behind a switch of the page */
enum { ONE_OCTET = 0x80 };       /* offsets below it have one */

/* The document from a tag on. No function that is called may have its address: it is in registers. */
struct window {
    const uint8_t *octets;
    size_t len, at; /* of the octets; of the next one */
    uint8_t page;   /* of attributes */
};

/* The next octet, behind a switch of the page if there is one; no second one, which is no token. */
INLINE uint8_t window_token(struct window *in)
{
    uint8_t octet = in->octets[in->at++];
    if (octet != WBXML_OCTET_SWITCH_PAGE)
        return octet;
    in->page = in->octets[in->at];
    octet = in->octets[in->at + 1];
    in->at += 2;
    return octet;
}

/* What the next token stands for, if that is a name or type, and all of it; NULL if not. */
INLINE const struct prov_attribute_token *plain_known(struct window *in, enum prov_attribute attribute)
{
    uint8_t token = window_token(in);
    if (in->page >= PROV_PAGES || wbxml_attribute_kinds[token] != WBXML_ATTRIBUTE)
        return NULL;
    const struct prov_attribute_token *row = prov_attribute_token(in->page, token);
    return row->attribute == attribute && row->word ? row : NULL;
}

/* Text with a NUL behind it, in the document or its string table. */
INLINE bool plain_text(const struct wbxml *w, struct window *in, bool in_table, struct slice *text)
{
    struct slice from = { &in->octets[in->at], in->len - in->at };
    if (in_table) {
        size_t offset = in->octets[in->at++];
        if (offset >= ONE_OCTET || offset >= w->strings.len)
            return false;
        from = (struct slice){ &w->strings.data[offset], w->strings.len - offset };
    }
    if (!text_printable_to_nul(from, text) || text->len > PROV_MAX_VALUE)
        return false;
    if (!in_table)
        in->at += text->len + 1;
    return true;
}

/* One piece of a value; another octet stands behind it. */
INLINE bool plain_piece(const struct wbxml *w, struct window *in, struct slice *text)
{
    uint8_t octet = window_token(in);
    if (octet == WBXML_OCTET_STR_I || octet == WBXML_OCTET_STR_T)
        return plain_text(w, in, octet == WBXML_OCTET_STR_T, text) && in->at < in->len;
    if (in->page >= PROV_PAGES || wbxml_attribute_kinds[octet] != WBXML_VALUE)
        return false;
    *text = prov_value_token(in->page, octet);
    return text->data;
}

/* A second piece behind the first; both together are in the arena then. */
__attribute__((noinline)) static bool plain_second(struct wbxml *w, struct prov_build *b, struct window *in, struct slice *text)
{
    struct slice first = *text, more;
    if (in->len - in->at < PIECE || !plain_piece(w, in, &more) || first.len + more.len > PROV_MAX_VALUE)
        return false;
    uint8_t *both = arena_take(b->arena, first.len + more.len + 1);
    if (!both)
        return false;
    memcpy(both, first.data, first.len);
    memcpy(&both[first.len], more.data, more.len);
    both[first.len + more.len] = 0;
    *text = (struct slice){ both, first.len + more.len };
    return true;
}

INLINE bool plain_value(struct wbxml *w, struct prov_build *b, struct window *in, struct slice *text)
{
    if (in->page >= PROV_PAGES || !plain_piece(w, in, text))
        return false;
    if (in->octets[in->at] == WBXML_OCTET_END)
        return true;
    struct window behind = *in;
    struct slice both = *text;
    if (!plain_second(w, b, &behind, &both))
        return false;
    *in = behind;
    *text = both;
    return true;
}

INLINE bool plain_parm(struct wbxml *w, struct prov_build *b, struct window *in)
{
    struct slice text = { NULL, 0 };
    const struct prov_attribute_token *name = plain_known(in, PROV_NAME);
    if (!name)
        return false;
    uint8_t octet = window_token(in);
    if (octet == VALUE) {
        if (!plain_value(w, b, in, &text))
            return false;
        octet = in->octets[in->at++];
    }
    return octet == WBXML_OCTET_END && prov_build_plain(b, PROV_PARM, name, text, w->in.pos);
}

INLINE bool plain_characteristic(struct wbxml *w, struct prov_build *b, struct window *in)
{
    const struct prov_attribute_token *type = plain_known(in, PROV_TYPE);
    return type && in->octets[in->at++] == WBXML_OCTET_END && prov_build_plain(b, PROV_CHARACTERISTIC, type, (struct slice){ NULL, 0 }, w->in.pos);
}

INLINE bool plain_element(struct wbxml *w, struct prov_build *b, struct window *in, uint8_t tag)
{
    return tag == TAG_NAME ? plain_parm(w, b, in) : tag == TAG_TYPE && plain_characteristic(w, b, in);
}

void prov_plain_read(struct wbxml *w, struct prov_build *b)
{
    bool known = w->tag_page < PROV_PAGES; /* nothing here switches it */
    while (known && prov_build_inside(b)) {
        uint8_t tag = reader_peek(&w->in);
        if (tag == WBXML_OCTET_END) {
            w->in.pos++;
            prov_build_close(b);
            continue;
        }
        struct window in = { reader_ahead(&w->in, WINDOW), reader_left(&w->in), 1, w->attribute_page };
        if (!in.octets || !plain_element(w, b, &in, tag))
            break;
        w->in.pos += in.at;
        w->attribute_page = in.page;
    }
}
