/* SPDX-License-Identifier: Apache-2.0 */
/* The one builder of provisioning trees, behind both decoders: keeps the bounds, the nesting and the arena. */
#ifndef CODEC_PROV_BUILD_H
#define CODEC_PROV_BUILD_H

#include "codec/prov.h"

struct prov_value { /* of an attribute */
    enum prov_attribute attribute;
    enum prov_word word; /* which the text is; OTHER: not known */
    bool printable;      /* the text is, octets 20..7E; false: not known */
    struct slice text;   /* joined, or octets that live as long as the tree, with a NUL behind them */
};

struct prov_build {
    struct arena *arena;
    struct prov_node *root;
    struct prov_node *open[PROV_MAX_DEPTH], **end[PROV_MAX_DEPTH]; /* where the next child of each open element goes */
    size_t depth, text, count[PROV_PARM + 1];
    uint8_t *joined; /* PROV_MAX_VALUE octets; NULL until two pieces meet */
};

/* Opens an element below the innermost open one; the first must be the document. There is one only: callers end when it is closed. */
enum error_code prov_build_open(struct prov_build *b, enum prov_element element, struct prov_node **out, struct error *err);
/* Puts a piece behind the text of v, in room that the next value needs. TOO_LARGE over PROV_MAX_VALUE. */
enum error_code prov_build_join(struct prov_build *b, struct prov_value *v, struct slice piece, struct error *err);
/* The attribute of n, the innermost open element, gets the value. MALFORMED if it has one, does not belong to the element, or is no UTF-8. */
enum error_code prov_build_set(struct prov_build *b, struct prov_node *n, const struct prov_value *v, struct error *err);
enum error_code prov_build_incomplete(const struct prov_node *n, struct error *err) __attribute__((cold));

/* After its attributes: the mandatory ones are there (DTD PROV 1.0: type and name are #REQUIRED). */
static inline enum error_code prov_build_check(const struct prov_node *n, struct error *err)
{
    bool complete = n->element == PROV_DOCUMENT || n->attribute[n->element == PROV_PARM ? PROV_NAME : PROV_TYPE];
    return complete ? ERROR_NONE : prov_build_incomplete(n, err);
}

static inline void prov_build_close(struct prov_build *b) /* the innermost; one must be open */
{
    b->depth--;
}

#endif
