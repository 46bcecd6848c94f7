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
    b->end = &b->root;
    b->may = 1U << PROV_DOCUMENT;
    b->room = PROV_MAX_TEXT;
    for (int i = PROV_DOCUMENT; i <= PROV_PARM; i++)
        b->left[i] = prov_elements[i].max;
}

bool prov_build_more(struct prov_build *b)
{
    enum { SOME = 16 };
    b->nodes = arena_take(b->arena, SOME * sizeof *b->nodes);
    b->nodes_end = b->nodes ? &b->nodes[SOME] : NULL;
    return b->nodes;
}

/* Inside the innermost open element, however many there are. */
static bool belongs(const struct prov_build *b, enum prov_element element)
{
    return b->depth ? prov_elements[b->open[b->depth - 1]->element].children >> element & 1 : element == PROV_DOCUMENT;
}

static enum error_code refuse_add(const struct prov_build *b, enum prov_element element, struct error *err)
{
    if (!belongs(b, element))
        return error_set(err, ERROR_MALFORMED, "%s stands where it must not", prov_elements[element].name);
    if (b->depth == PROV_MAX_DEPTH)
        return error_set(err, ERROR_TOO_LARGE, "elements nest deeper than %d", PROV_MAX_DEPTH);
    if (!b->left[element])
        return error_set(err, ERROR_TOO_LARGE, "too many elements %s", prov_elements[element].name);
    return no_memory(err);
}

enum error_code prov_build_add(struct prov_build *b, enum prov_element element, size_t offset, struct prov_node **out, struct error *err)
{
    struct prov_node *n = prov_build_place(b, element);
    *out = n;
    if (!n)
        return refuse_add(b, element, err);
    *n = (struct prov_node){ .element = element, .offset = (uint16_t)offset };
    b->missing = prov_elements[element].attributes;
    return ERROR_NONE;
}

enum error_code prov_build_join(struct prov_build *b, struct slice piece, struct error *err)
{
    struct slice had = b->value.word ? prov_words[b->value.word] : b->value.text;
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
    b->value = (struct prov_value){ b->value.attribute, WORD_OTHER, false, { b->pieces, had.len + piece.len } };
    return ERROR_NONE;
}

/* A text that is joined, or not known to be printable, as it may stay in the tree. */
static enum error_code settle(struct prov_build *b, struct error *err)
{
    struct prov_value *v = &b->value;
    if (!text_is_utf8(v->text))
        return error_set(err, ERROR_MALFORMED, "attribute %s is not in the document's charset", prov_attribute_name(v->attribute));
    if (v->text.data == b->pieces)
        v->text.data = (const uint8_t *)arena_text(b->arena, v->text);
    return v->text.data ? ERROR_NONE : no_memory(err);
}

static enum error_code check_attribute(const struct prov_build *b, const struct prov_node *n, struct slice text, struct error *err)
{
    enum prov_attribute attribute = b->value.attribute;
    if (!(prov_elements[n->element].attributes >> attribute & 1))
        return error_set(err, ERROR_MALFORMED, "attribute %s does not belong to %s", prov_attribute_name(attribute), prov_element_name(n->element));
    if (!(b->missing >> attribute & 1))
        return error_set(err, ERROR_MALFORMED, "attribute %s stands twice", prov_attribute_name(attribute));
    if (text.len > PROV_MAX_VALUE)
        return too_long(err);
    if (text.len > b->room)
        return error_set(err, ERROR_TOO_LARGE, "the document expands to more than %d octets", PROV_MAX_TEXT);
    return ERROR_NONE;
}

enum error_code prov_build_set(struct prov_build *b, struct prov_node *n, struct error *err)
{
    struct prov_value *v = &b->value;
    enum error_code rc = check_attribute(b, n, v->word ? prov_words[v->word] : v->text, err);
    if (!rc && !v->word && !v->printable)
        rc = settle(b, err);
    if (rc)
        return rc;
    if (v->word)
        v->text = prov_words[v->word];
    b->room -= v->text.len;
    b->missing &= ~PROV_MUST(v->attribute);
    if (v->attribute == PROV_VALUE) {
        n->octets = v->text;
        n->printable = v->printable;
        return ERROR_NONE;
    }
    n->word = v->word || v->attribute == PROV_VERSION ? v->word : prov_word_of(v->text); /* nobody looks for a version */
    n->other = (const char *)v->text.data;
    if (b->depth) /* it has a parent */
        b->open[b->depth - 1]->words |= prov_word_bit(n->word);
    return ERROR_NONE;
}

enum error_code prov_build_check(const struct prov_build *b, const struct prov_node *n, struct error *err)
{
    if (!(b->missing >> PROV_ATTRIBUTES))
        return ERROR_NONE;
    return error_set(err, ERROR_MALFORMED, "%s lacks its attribute %s", prov_elements[n->element].name, prov_attribute_name(n->element == PROV_PARM ? PROV_NAME : PROV_TYPE));
}
