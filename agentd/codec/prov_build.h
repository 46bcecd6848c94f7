/* SPDX-License-Identifier: Apache-2.0 */
/* The one builder of provisioning trees, behind both decoders: keeps the bounds, the nesting and the arena. */
#ifndef CODEC_PROV_BUILD_H
#define CODEC_PROV_BUILD_H

#include "codec/prov.h"

struct prov_build {
    struct arena *arena;
    struct prov_node *root;
    struct prov_node *open[PROV_MAX_DEPTH], *last[PROV_MAX_DEPTH]; /* last child of each open element */
    size_t depth, characteristics, parms, text;
    char value[PROV_MAX_VALUE]; /* of the attribute being collected */
    size_t value_len;
};

/* Opens an element below the innermost open one; the first must be the document and there is one only. */
enum error_code prov_build_open(struct prov_build *b, enum prov_element element, struct prov_node **out, struct error *err);
void prov_build_close(struct prov_build *b);
/* Adds UTF-8 octets to the value being collected (checked for being UTF-8 without control NUL at prov_build_set). */
enum error_code prov_build_add(struct prov_build *b, struct slice utf8, struct error *err);
/* Ends collecting: the attribute of n gets the value. MALFORMED if it has one or does not belong to the element. */
enum error_code prov_build_set(struct prov_build *b, struct prov_node *n, enum prov_attribute a, struct error *err);
/* After the last token: mandatory attributes and the root are there. */
enum error_code prov_build_finish(struct prov_build *b, struct prov_node **root, struct error *err);

#endif
