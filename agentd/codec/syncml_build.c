/* SPDX-License-Identifier: Apache-2.0 */
/* Bounds and structure of SyncML trees. Never recurses; every node costs at least one octet of the document. */
#include "codec/syncml_build.h"

#include "base/text.h"

/* The second and later pieces move the text into the arena. */
enum error_code syncml_build_text(struct syncml_build *b, struct slice piece, bool opaque)
{
    struct syncml_pieces *have = &b->pieces;
    if (b->depth == 0)
        return error_set(b->err, ERROR_MALFORMED, "SyncML: text outside the root element");
    have->opaque = have->opaque || opaque;
    if (have->count++ == 0) {
        have->text = piece;
        return ERROR_NONE;
    }
    uint8_t *joined = arena_get(b->arena, have->text.len + piece.len + 1);
    if (!joined)
        return error_set(b->err, ERROR_TOO_LARGE, "SyncML: text in pieces exceeds the bound");
    struct writer w = writer_make(joined, have->text.len + piece.len);
    writer_put(&w, have->text.data, have->text.len);
    writer_put(&w, piece.data, piece.len);
    have->text = writer_slice(&w);
    return ERROR_NONE;
}

/* Text before a child must be white space: SyncML and DMDDF have no mixed content (DTDs 1.2). */
static enum error_code drop_blank(struct syncml_build *b)
{
    if (b->pieces.count && (b->pieces.opaque || !text_is_blank(b->pieces.text)))
        return error_set(b->err, ERROR_MALFORMED, "SyncML: text beside elements before octet %zu", b->offset);
    b->pieces = (struct syncml_pieces){ 0 };
    return ERROR_NONE;
}

static void hang(struct syncml_build *b, struct syncml_node *n)
{
    if (b->depth == 0)
        b->root = n;
    else if (b->last[b->depth - 1])
        b->last[b->depth - 1]->next = n;
    else
        b->open[b->depth - 1]->child = n;
    if (b->depth)
        b->last[b->depth - 1] = n;
}

/* The elements of DMDDF: below MgmtTree they alone, elsewhere none (the rows of code page 2 are the last). */
static bool is_of_tree(enum syncml_element element)
{
    return element >= SYNCML_DDF_ACCESS_TYPE;
}

static bool in_place(const struct syncml_build *b, enum syncml_element element)
{
    if (b->depth == 0)
        return element == b->top && !b->root;
    enum syncml_element parent = b->open[b->depth - 1]->element;
    if (element == SYNCML_DDF_MGMT_TREE)
        return b->trees && parent == SYNCML_DATA; /* TNDS clause 5 */
    return element != SYNCML_SYNCML && is_of_tree(element) == is_of_tree(parent);
}

enum error_code syncml_build_open(struct syncml_build *b, enum syncml_element element, bool has_content)
{
    if (!in_place(b, element))
        return error_set(b->err, ERROR_MALFORMED, "SyncML: %s at octet %zu out of place", syncml_name(element), b->offset);
    enum error_code code = drop_blank(b);
    if (code)
        return code;
    struct syncml_node *n = ++b->nodes <= SYNCML_NODES_MAX ? arena_get(b->arena, sizeof *n) : NULL;
    if (!n)
        return error_set(b->err, ERROR_TOO_LARGE, "SyncML: more than %d elements, or no memory for them", SYNCML_NODES_MAX);
    n->element = element;
    n->offset = (uint16_t)b->offset; /* below SYNCML_DOCUMENT_MAX */
    hang(b, n);
    if (!has_content)
        return ERROR_NONE;
    if (b->depth == SYNCML_DEPTH_MAX)
        return error_set(b->err, ERROR_TOO_LARGE, "SyncML: deeper than %d elements", SYNCML_DEPTH_MAX);
    b->open[b->depth] = n;
    b->last[b->depth++] = NULL;
    return ERROR_NONE;
}

enum error_code syncml_build_close(struct syncml_build *b)
{
    if (b->depth == 0)
        return error_set(b->err, ERROR_MALFORMED, "SyncML: end without an open element at octet %zu", b->offset);
    struct syncml_node *n = b->open[--b->depth];
    if (n->child)
        return drop_blank(b);
    n->text = b->pieces.text;
    n->opaque = b->pieces.opaque;
    b->pieces = (struct syncml_pieces){ 0 };
    return ERROR_NONE;
}

const struct syncml_node *syncml_build_finish(struct syncml_build *b)
{
    if (b->root && b->depth == 0)
        return b->root;
    error_set(b->err, ERROR_TRUNCATED, "SyncML: document ends inside an element");
    return NULL;
}
