/* SPDX-License-Identifier: Apache-2.0 */
/* The one builder of provisioning trees, behind both decoders: keeps the bounds, the nesting and the arena. What most elements of a push pass is compiled into its decoder. */
#ifndef CODEC_PROV_BUILD_H
#define CODEC_PROV_BUILD_H

#include "codec/prov_elements.h"

struct prov_value { /* of an attribute */
    enum prov_attribute attribute;
    enum prov_word word; /* the value, by a token of its own; OTHER: it is the text */
    bool printable;      /* the text is, octets 20..7E; false: not known */
    struct slice text;   /* NULL: there is none to be set. If printable: octets that live as long as the tree, with a NUL behind them */
};

struct prov_plain { /* what most elements have, and nothing else */
    enum prov_word word; /* the name, type or version; not OTHER */
    struct slice text;   /* of a parm's value: at most PROV_MAX_VALUE octets 20..7E with a NUL behind them, which live as long as the tree; NULL if it has none */
};

struct prov_build {
    struct arena *arena;
    struct prov_node *root;
    struct prov_node **end;                 /* where the next element goes */
    struct prov_node *open[PROV_MAX_DEPTH]; /* those that are not closed yet, the innermost last */
    size_t depth;                           /* how many */
    unsigned children, missing; /* a bit for each element that may come next; for each attribute that the last one may, and must, still get */
    struct prov_value value;                /* what is collected: in memory, so that the loops around have their registers */
    size_t room, left[PROV_PARM + 1]; /* octets of text, and elements, that the document may still have */
    uint8_t *pieces; /* PROV_MAX_VALUE octets, for values of several pieces; NULL until two meet */
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
/* After its check: what comes next stands inside n, the last element. */
void prov_build_open(struct prov_build *b, struct prov_node *n);
/* Why there was no place for an element, or no room for its text. */
enum error_code prov_build_refuse_add(const struct prov_build *b, enum prov_element element, struct error *err) __attribute__((cold));
enum error_code prov_build_refuse_room(struct error *err) __attribute__((cold));

/* Memory for a new element inside the innermost open one, in its place there. NULL: it must not be there, or there are too many. */
static inline struct prov_node *prov_build_place(struct prov_build *b, enum prov_element element)
{
    bool fits = b->children >> element & 1 && b->depth < PROV_MAX_DEPTH && b->left[element];
    struct prov_node *n = fits ? arena_take(b->arena, sizeof *n) : NULL;
    if (!n)
        return NULL;
    *b->end = n;
    b->end = &n->next;
    b->left[element]--;
    return n;
}

/* A new element that has its attributes: prov_build_add to prov_build_check in one. */
static inline enum error_code prov_build_add_plain(struct prov_build *b, enum prov_element element, const struct prov_plain *p, size_t offset, bool open,
                                                   struct error *err)
{
    struct prov_node *n = prov_build_place(b, element);
    size_t len = prov_words[p->word].len + p->text.len;
    if (!n)
        return prov_build_refuse_add(b, element, err);
    *n = (struct prov_node){ .element = element, .word = p->word, .printable = p->text.data, .offset = (uint16_t)offset, .octets = { p->text.data, p->text.len } };
    if (len > b->room)
        return prov_build_refuse_room(err);
    b->room -= len;
    n->attribute[element] = prov_word_text(p->word);
    n->attribute[PROV_VALUE] = (const char *)p->text.data;
    if (element == PROV_PARM) /* it has a parent */
        b->open[b->depth - 1]->words |= prov_word_bit(p->word);
    if (open)
        prov_build_open(b, n);
    return ERROR_NONE;
}

static inline bool prov_build_inside(const struct prov_build *b) /* an element is open. Not so after the document: callers end */
{
    return b->depth > 0;
}

static inline void prov_build_close(struct prov_build *b) /* the innermost */
{
    b->end = &b->open[--b->depth]->next;
    b->children = prov_elements[PROV_CHARACTERISTIC].children; /* what stands around an element may hold the same */
}

#endif
