/* SPDX-License-Identifier: Apache-2.0 */
/* What the builder does seldom: refusals with their texts, values of several pieces, values that are not plain US-ASCII. */
#include "codec/prov_build.h"

#include <string.h>

#include "base/text.h"

static enum error_code no_memory(struct error *err)
{
    return error_set(err, ERROR_NO_MEMORY, "document needs too much memory");
}

static enum error_code too_long(struct error *err)
{
    return error_set(err, ERROR_TOO_LARGE, "a value is longer than %d octets", PROV_MAX_VALUE);
}

void prov_build_start(struct prov_build *b, struct arena *arena)
{
    b->arena = arena;
    b->top = b->open;
    *b->top = (struct prov_open){ NULL, &b->root, 1U << PROV_DOCUMENT };
    b->room = PROV_MAX_TEXT;
    for (int i = PROV_DOCUMENT; i <= PROV_PARM; i++)
        b->left[i] = prov_elements[i].max;
}

enum error_code prov_build_refuse_open(const struct prov_build *b, enum prov_element element, struct error *err)
{
    if (!(b->top->children >> element & 1))
        return error_set(err, ERROR_MALFORMED, "%s stands where it must not", prov_elements[element].name);
    if (b->top == &b->open[PROV_MAX_DEPTH])
        return error_set(err, ERROR_TOO_LARGE, "elements nest deeper than %d", PROV_MAX_DEPTH);
    if (!b->left[element])
        return error_set(err, ERROR_TOO_LARGE, "too many elements %s", prov_elements[element].name);
    return no_memory(err);
}

enum error_code prov_build_refuse_set(const struct prov_build *b, enum prov_attribute attribute, size_t len, struct error *err)
{
    const struct prov_element_row *row = &prov_elements[b->top->node->element];
    if (!(row->attributes >> attribute & 1))
        return error_set(err, ERROR_MALFORMED, "attribute %s does not belong to %s", prov_attribute_name(attribute), row->name);
    if (!(b->missing >> attribute & 1))
        return error_set(err, ERROR_MALFORMED, "attribute %s stands twice", prov_attribute_name(attribute));
    if (len > PROV_MAX_VALUE)
        return too_long(err);
    return error_set(err, ERROR_TOO_LARGE, "the document expands to more than %d octets", PROV_MAX_TEXT);
}

enum error_code prov_build_check(const struct prov_build *b, struct error *err)
{
    if (!(b->missing & b->needed))
        return ERROR_NONE;
    enum prov_element element = b->top->node->element;
    return error_set(err, ERROR_MALFORMED, "%s lacks its attribute %s", prov_elements[element].name, prov_attribute_name(element == PROV_PARM ? PROV_NAME : PROV_TYPE));
}

enum error_code prov_build_join(struct prov_build *b, struct slice had, struct slice piece, struct error *err)
{
    if (had.len > PROV_MAX_VALUE || piece.len > PROV_MAX_VALUE - had.len)
        return too_long(err);
    if (!b->pieces)
        b->pieces = arena_take(b->arena, PROV_MAX_VALUE);
    if (!b->pieces)
        return no_memory(err);
    if (had.len && had.data != b->pieces)
        memcpy(b->pieces, had.data, had.len);
    if (piece.len)
        memcpy(&b->pieces[had.len], piece.data, piece.len);
    b->joined = (struct slice){ b->pieces, had.len + piece.len };
    return ERROR_NONE;
}

enum error_code prov_build_settle(struct prov_build *b, enum prov_attribute attribute, struct slice text, struct error *err)
{
    if (!text_is_utf8(text))
        return error_set(err, ERROR_MALFORMED, "attribute %s is not in the document's charset", prov_attribute_name(attribute));
    const char *kept = text.data == b->pieces ? arena_text(b->arena, text) : (const char *)text.data;
    b->joined = (struct slice){ (const uint8_t *)kept, text.len };
    return kept ? ERROR_NONE : no_memory(err);
}

struct prov_node *prov_find(struct prov_node *n, enum prov_element element, enum prov_word word)
{
    while (n && (n->word != word || n->element != element))
        n = n->next;
    return n;
}
