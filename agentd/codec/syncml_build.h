/* SPDX-License-Identifier: Apache-2.0 */
/* The one builder of SyncML trees, behind the decoders of WBXML and of XML: keeps the bounds, the nesting, the rule of no mixed content, and the arena.
 * For codec/syncml*.c only. */
#ifndef CODEC_SYNCML_BUILD_H
#define CODEC_SYNCML_BUILD_H

#include "codec/syncml.h"

struct syncml_pieces { /* text of the open element, so far */
    size_t count;
    bool opaque;
    struct slice text;
};

struct syncml_build {
    struct arena *arena;
    struct error *err;
    enum syncml_element top; /* what the root must be */
    bool trees;              /* a MgmtTree may stand in Data */
    struct syncml_node *root;
    struct syncml_node *open[SYNCML_DEPTH_MAX];
    struct syncml_node *last[SYNCML_DEPTH_MAX]; /* last child of open[i] */
    struct syncml_pieces pieces;
    size_t depth, nodes, offset; /* offset: of the token at work; the decoder keeps it */
};

/* An element begins; without content it has ended too. */
enum error_code syncml_build_open(struct syncml_build *b, enum syncml_element element, bool has_content);
enum error_code syncml_build_close(struct syncml_build *b);
/* One piece of text; it is borrowed when it is the only one. */
enum error_code syncml_build_text(struct syncml_build *b, struct slice piece, bool opaque);
/* The root, or NULL with TRUNCATED. */
const struct syncml_node *syncml_build_finish(struct syncml_build *b);

#endif
