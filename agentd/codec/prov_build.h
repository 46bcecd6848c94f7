/* SPDX-License-Identifier: Apache-2.0 */
/* The one builder of provisioning trees, behind both decoders: keeps the bounds, the nesting and the arena. What each element and attribute passes stands here,
 * to be compiled into the decoders' loops. */
#ifndef CODEC_PROV_BUILD_H
#define CODEC_PROV_BUILD_H

#include "codec/prov_elements.h"

struct prov_value { /* of an attribute */
    enum prov_attribute attribute;
    enum prov_word word; /* which the text is; OTHER: not known */
    bool printable;      /* the text is, octets 20..7E; false: not known */
    struct slice text;   /* never NULL. If printable: octets that live as long as the tree, with a NUL behind them */
};

struct prov_open { /* an element that is not closed yet */
    struct prov_node *node;
    struct prov_node **end; /* where its next child goes */
    uint8_t children;       /* a bit for each element that it may hold */
};

struct prov_build {
    struct arena *arena;
    struct prov_node *root;
    struct prov_open open[PROV_MAX_DEPTH + 1], *top; /* the first one holds the document; top: the innermost */
    unsigned missing, needed; /* a bit for each attribute that the innermost may have and has not; those that the DTD demands of it */
    size_t room, left[PROV_PARM + 1]; /* octets of text, and elements, that the document may still have */
    uint8_t *pieces;     /* PROV_MAX_VALUE octets, for values of several pieces; NULL until two meet */
    struct slice joined; /* the last of them, or what was settled */
};

/* Over zeroed memory that stays where it is, for one document. */
void prov_build_start(struct prov_build *b, struct arena *arena);
/* Puts a piece behind what the value had, in room that the next value needs: b->joined. TOO_LARGE over PROV_MAX_VALUE. */
enum error_code prov_build_join(struct prov_build *b, struct slice had, struct slice piece, struct error *err);
/* A text that is joined, or not known to be printable, as it may stay in the tree: b->joined. MALFORMED if it is no UTF-8. */
enum error_code prov_build_settle(struct prov_build *b, enum prov_attribute attribute, struct slice text, struct error *err);
/* After its attributes: the innermost has those that the DTD demands. MALFORMED otherwise. */
enum error_code prov_build_check(const struct prov_build *b, struct error *err);
/* Why the next two say no, in the order in which they ask. */
enum error_code prov_build_refuse_open(const struct prov_build *b, enum prov_element element, struct error *err) __attribute__((cold));
enum error_code prov_build_refuse_set(const struct prov_build *b, enum prov_attribute attribute, size_t len, struct error *err) __attribute__((cold));

/* Opens an element below the innermost open one; the first must be the document. There is one only: callers end when it is closed. */
static inline enum error_code prov_build_open(struct prov_build *b, enum prov_element element, size_t offset, struct prov_node **out, struct error *err)
{
    const struct prov_element_row *row = &prov_elements[element];
    struct prov_open *up = b->top;
    bool fits = up->children >> element & 1 && up != &b->open[PROV_MAX_DEPTH] && b->left[element];
    struct prov_node *n = fits ? arena_take(b->arena, sizeof *n) : NULL;
    *out = n;
    if (!n)
        return prov_build_refuse_open(b, element, err);
    *n = (struct prov_node){ .element = element, .offset = (uint16_t)offset };
    *up->end = n;
    up->end = &n->next;
    b->top = &up[1];
    *b->top = (struct prov_open){ n, &n->child, row->children };
    b->missing = row->attributes;
    b->needed = row->needed;
    b->left[element]--;
    return ERROR_NONE;
}

/* The attribute of n, the innermost open element, gets the value. MALFORMED if it has one, does not belong to the element, or is no UTF-8. */
static inline enum error_code prov_build_set(struct prov_build *b, struct prov_node *n, struct prov_value v, struct error *err)
{
    if (!(b->missing >> v.attribute & 1) || v.text.len > PROV_MAX_VALUE || v.text.len > b->room)
        return prov_build_refuse_set(b, v.attribute, v.text.len, err);
    if (!v.printable) {
        enum error_code rc = prov_build_settle(b, v.attribute, v.text, err);
        if (rc)
            return rc;
        v.text = b->joined;
    }
    b->missing &= ~(1U << v.attribute);
    b->room -= v.text.len;
    n->attribute[v.attribute] = (const char *)v.text.data;
    if (v.attribute == PROV_VALUE) {
        n->octets = v.text;
        n->printable = v.printable;
    } else if (v.attribute != PROV_VERSION) {
        n->word = v.word ? v.word : prov_word_of(v.text);
    }
    if (v.attribute == PROV_NAME) /* a parm has a parent */
        b->top[-1].node->words |= prov_word_bit(n->word);
    return ERROR_NONE;
}

static inline bool prov_build_inside(const struct prov_build *b) /* an element is open */
{
    return b->top != b->open;
}

static inline void prov_build_close(struct prov_build *b) /* the innermost */
{
    b->top--;
}

#endif
