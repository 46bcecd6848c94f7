/* SPDX-License-Identifier: Apache-2.0 */
/* The one builder of provisioning trees, behind both decoders: keeps the bounds, the nesting and the arena. What most elements of a push pass is compiled into its decoder. */
#ifndef CODEC_PROV_BUILD_H
#define CODEC_PROV_BUILD_H

#include "codec/prov_elements.h"
#include "codec/prov_tokens.h"

struct prov_value { /* of an attribute */
    enum prov_attribute attribute;
    enum prov_word word; /* the value, by a token of its own; OTHER: it is the text */
    bool printable;      /* the text is, octets 20..7E; false: not known */
    struct slice text;   /* NULL: there is none to be set. If printable: octets that live as long as the tree, with a NUL behind them */
};

struct prov_build {
    struct arena *arena;
    struct prov_node *nodes, *nodes_end;    /* memory for the next ones */
    struct prov_node *root, **end;          /* the document; where the next element goes */
    struct prov_node *open[PROV_MAX_DEPTH]; /* those that are not closed yet, the innermost last */
    size_t depth;                           /* how many */
    unsigned may, full, missing;            /* bits: of elements that may come next; of which there are enough; of attributes that the last one may, and must, still get */
    struct prov_value value;                /* what is collected: in memory, so that the loops around have their registers */
    size_t room, left[PROV_PARM + 1];       /* octets of text, and elements, that the document may still have */
    uint8_t *pieces;                        /* PROV_MAX_VALUE octets, for values of several pieces; NULL until two meet */
};

/* Over zeroed memory that stays where it is, for one document. */
void prov_build_start(struct prov_build *b, struct arena *arena);
/* A new element inside the innermost open one; the first must be the document. Its attributes come next, then its check, then it may be opened. */
enum error_code prov_build_add(struct prov_build *b, enum prov_element element, size_t offset, struct prov_node **out, struct error *err);
/* Puts a piece behind what the value has. TOO_LARGE over PROV_MAX_VALUE. */
enum error_code prov_build_join(struct prov_build *b, struct slice piece, struct error *err);
/* The attribute of n, the last element, gets the value that was collected. MALFORMED if it has one, does not belong to the element, or is no UTF-8. */
enum error_code prov_build_set(struct prov_build *b, struct prov_node *n, struct error *err);
/* After its attributes: n, the last element, has those that the DTD demands. MALFORMED otherwise. */
enum error_code prov_build_check(const struct prov_build *b, const struct prov_node *n, struct error *err);

bool prov_build_more(struct prov_build *b); /* memory for some nodes; false: the arena is full */

/* What may come next inside that element, the innermost open one. */
static inline unsigned prov_build_children(const struct prov_build *b, enum prov_element element)
{
    return b->depth < PROV_MAX_DEPTH ? prov_elements[element].children & ~b->full : 0;
}

/* Memory for a new element inside the innermost open one, in its place there. NULL: it must not be there, or there are too many. */
static inline struct prov_node *prov_build_place(struct prov_build *b, enum prov_element element)
{
    if (!(b->may >> element & 1) || (b->nodes == b->nodes_end && !prov_build_more(b)))
        return NULL;
    struct prov_node *n = b->nodes++;
    *b->end = n;
    b->end = &n->next;
    if (--b->left[element] == 0) {
        b->full |= 1U << element;
        b->may &= ~b->full;
    }
    return n;
}

/* After its check: what comes next stands inside n, the last element. */
static inline void prov_build_open(struct prov_build *b, struct prov_node *n)
{
    b->open[b->depth++] = n;
    b->end = &n->child;
    b->may = prov_build_children(b, n->element);
}

/* A new element inside another that is known by its token and has no more than that and, a parm, a value: text is at most PROV_MAX_VALUE octets 20..7E that live as long as the tree, with a NUL
 * behind them, or NULL. A characteristic is opened. False: it must not be there, or there is no room; nothing is done then, and the functions above tell what is wrong. */
static inline bool prov_build_plain(struct prov_build *b, enum prov_element element, const struct prov_attribute_token *known, struct slice text, size_t offset)
{
    size_t len = known->word_len + text.len;
    struct prov_node *n = len <= b->room ? prov_build_place(b, element) : NULL;
    if (!n)
        return false;
    b->room -= len;
    *n = (struct prov_node){ .element = element, .word = known->word, .printable = text.data, .offset = (uint16_t)offset, .octets = text };
    b->open[b->depth - 1]->words |= prov_word_bit(known->word);
    if (element == PROV_CHARACTERISTIC)
        prov_build_open(b, n);
    return true;
}

static inline bool prov_build_inside(const struct prov_build *b) /* an element is open. Not so after the document: callers end */
{
    return b->depth > 0;
}

static inline void prov_build_close(struct prov_build *b) /* the innermost */
{
    b->end = &b->open[--b->depth]->next;
    b->may = prov_build_children(b, PROV_CHARACTERISTIC); /* what stands around an element may hold the same */
}

#endif
