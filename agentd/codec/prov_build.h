/* SPDX-License-Identifier: Apache-2.0 */
/* The one builder of provisioning trees, behind both decoders: keeps the bounds, the nesting and the arena. */
#ifndef CODEC_PROV_BUILD_H
#define CODEC_PROV_BUILD_H

#include "codec/prov.h"

struct prov_build {
    struct arena *arena;
    struct prov_node *root;
    struct prov_node *open[PROV_MAX_DEPTH], **end[PROV_MAX_DEPTH]; /* where the next child of each open element goes */
    size_t depth, text, count[PROV_PARM + 1];
    struct slice value; /* of the attribute being collected: one lasting text, or joined */
    char *joined;       /* PROV_MAX_VALUE octets; NULL until two pieces meet */
};

/* Opens an element below the innermost open one; the first must be the document. There is one only: callers end when it is closed. */
enum error_code prov_build_open(struct prov_build *b, enum prov_element element, struct prov_node **out, struct error *err);
void prov_build_close(struct prov_build *b); /* the innermost; one must be open */
/* Adds UTF-8 octets without NUL to the value being collected (for being UTF-8 they are checked at prov_build_set). */
enum error_code prov_build_add(struct prov_build *b, struct slice utf8, struct error *err);
/* The same for octets that live as long as the tree, with a NUL behind them: alone, they are the value, without a copy. */
enum error_code prov_build_add_lasting(struct prov_build *b, struct slice text, struct error *err);
/* Ends collecting: the attribute of n gets the value. MALFORMED if it has one or does not belong to the element. */
enum error_code prov_build_set(struct prov_build *b, struct prov_node *n, enum prov_attribute a, struct error *err);
/* After the document was closed: mandatory attributes are there. */
enum error_code prov_build_finish(struct prov_build *b, struct prov_node **root, struct error *err);

#endif
