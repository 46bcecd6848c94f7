/* SPDX-License-Identifier: Apache-2.0 */
/* The one builder of provisioning trees, behind both decoders: keeps the bounds, the nesting and the arena. What each element passes is compiled into their loops. */
#ifndef CODEC_PROV_BUILD_H
#define CODEC_PROV_BUILD_H

#include "codec/prov_elements.h"

struct prov_value { /* of an attribute */
    enum prov_attribute attribute;
    enum prov_word word; /* the value, by a token of its own; OTHER: it is the text */
    bool printable;      /* the text is, octets 20..7E; false: not known */
    struct slice text;   /* NULL: there is none to be set. If printable: octets that live as long as the tree, with a NUL behind them */
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
/* After its check: what comes next stands inside n, the last element. */
void prov_build_open(struct prov_build *b, struct prov_node *n);
/* Puts a piece behind what the value has. TOO_LARGE over PROV_MAX_VALUE. */
enum error_code prov_build_join(struct prov_build *b, struct slice piece, struct error *err);
/* A text that is joined, or not known to be printable, as it may stay in the tree. MALFORMED if it is no UTF-8. */
enum error_code prov_build_settle(struct prov_build *b, struct error *err);
/* Why the next three say no, in the order in which they ask. */
enum error_code prov_build_refuse_add(const struct prov_build *b, enum prov_element element, struct error *err) __attribute__((cold));
enum error_code prov_build_refuse_set(const struct prov_build *b, const struct prov_node *n, struct error *err) __attribute__((cold));
enum error_code prov_build_refuse_lack(const struct prov_node *n, struct error *err) __attribute__((cold));

/* A new element inside the innermost open one; the first must be the document. Its attributes come next, then it may be opened. */
static inline enum error_code prov_build_add(struct prov_build *b, enum prov_element element, size_t offset, struct prov_node **out, struct error *err)
{
    bool fits = b->children >> element & 1 && b->depth < PROV_MAX_DEPTH && b->left[element];
    struct prov_node *n = fits ? arena_take(b->arena, sizeof *n) : NULL;
    *out = n;
    if (!n)
        return prov_build_refuse_add(b, element, err);
    *n = (struct prov_node){ .element = element, .offset = (uint16_t)offset };
    *b->end = n;
    b->end = &n->next;
    b->missing = prov_elements[element].attributes;
    b->left[element]--;
    return ERROR_NONE;
}

/* The attribute of n, the last element, gets the value that was collected. MALFORMED if it has one, does not belong to the element, or is no UTF-8. */
static inline enum error_code prov_build_set(struct prov_build *b, struct prov_node *n, struct error *err)
{
    const struct prov_value *v = &b->value;
    if (!(b->missing >> v->attribute & 1) || (v->word ? prov_words[v->word].len > b->room : v->text.len > PROV_MAX_VALUE || v->text.len > b->room))
        return prov_build_refuse_set(b, n, err);
    if (v->word) {
        b->room -= prov_words[v->word].len;
    } else {
        b->room -= v->text.len;
        enum error_code rc = v->printable ? ERROR_NONE : prov_build_settle(b, err);
        if (rc)
            return rc;
    }
    b->missing &= ~PROV_MUST(v->attribute);
    n->attribute[v->attribute] = v->word ? prov_word_text(v->word) : (const char *)v->text.data;
    if (v->attribute == PROV_VALUE) {
        n->octets = (struct slice){ v->text.data, v->text.len }; /* one by one, as they were written: one load of both would wait for both */
        n->printable = v->printable;
    } else if (v->attribute != PROV_VERSION) {
        n->word = v->word ? v->word : prov_word_of(v->text);
    }
    if (v->attribute == PROV_NAME) /* a parm has a parent */
        b->open[b->depth - 1]->words |= prov_word_bit(n->word);
    return ERROR_NONE;
}

/* After its attributes: n, the last element, has those that the DTD demands. MALFORMED otherwise. */
static inline enum error_code prov_build_check(const struct prov_build *b, const struct prov_node *n, struct error *err)
{
    return b->missing >> PROV_ATTRIBUTES ? prov_build_refuse_lack(n, err) : ERROR_NONE;
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
