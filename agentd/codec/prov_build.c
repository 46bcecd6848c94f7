/* SPDX-License-Identifier: Apache-2.0 */
/* Bounds and structure of the document (ProvCont 1.1 clause 4.4): parms and characteristics nest in the document or in characteristics. */
#include "codec/prov_build.h"

#include <string.h>

#include "base/text.h"

static const struct {
    const char *name;
    unsigned attributes; /* a bit for each that belongs to it */
    size_t max;
} elements[] = {
    [PROV_DOCUMENT] = { "wap-provisioningdoc", 1U << PROV_VERSION, 1 },
    [PROV_CHARACTERISTIC] = { "characteristic", 1U << PROV_TYPE, PROV_MAX_CHARACTERISTICS },
    [PROV_PARM] = { "parm", 1U << PROV_NAME | 1U << PROV_VALUE, PROV_MAX_PARMS },
};
static const char *const attributes[PROV_ATTRIBUTES] = { "version", "type", "name", "value" };

const char *prov_element_name(enum prov_element e)
{
    return elements[e].name;
}

const char *prov_attribute_name(enum prov_attribute a)
{
    return attributes[a];
}

static enum error_code no_memory(struct error *err)
{
    return error_set(err, ERROR_NO_MEMORY, "document needs too much memory");
}

static enum error_code too_long(struct error *err)
{
    return error_set(err, ERROR_TOO_LARGE, "a value is longer than %d octets", PROV_MAX_VALUE);
}

enum error_code prov_build_open(struct prov_build *b, enum prov_element element, struct prov_node **out, struct error *err)
{
    struct prov_node *parent = b->depth ? b->open[b->depth - 1] : NULL;
    if ((element == PROV_DOCUMENT) != (parent == NULL) || (parent && parent->element == PROV_PARM))
        return error_set(err, ERROR_MALFORMED, "%s stands where it must not", elements[element].name);
    if (b->depth == PROV_MAX_DEPTH)
        return error_set(err, ERROR_TOO_LARGE, "elements nest deeper than %d", PROV_MAX_DEPTH);
    if (++b->count[element] > elements[element].max)
        return error_set(err, ERROR_TOO_LARGE, "too many elements %s", elements[element].name);
    struct prov_node *n = arena_take(b->arena, sizeof *n);
    if (!n)
        return no_memory(err);
    *n = (struct prov_node){ .element = element };
    struct prov_node **place = parent ? b->end[b->depth - 1] : &b->root;
    *place = n;
    if (parent)
        b->end[b->depth - 1] = &n->next;
    b->open[b->depth] = n;
    b->end[b->depth++] = &n->child;
    *out = n;
    return ERROR_NONE;
}

enum error_code prov_build_incomplete(const struct prov_node *n, struct error *err)
{
    return error_set(err, ERROR_MALFORMED, "%s lacks its attribute %s", elements[n->element].name, attributes[n->element == PROV_PARM ? PROV_NAME : PROV_TYPE]);
}

enum error_code prov_build_join(struct prov_build *b, struct prov_value *v, struct slice piece, struct error *err)
{
    struct slice had = v->text;
    if (had.len > PROV_MAX_VALUE || piece.len > PROV_MAX_VALUE - had.len)
        return too_long(err);
    if (!b->joined)
        b->joined = arena_get(b->arena, PROV_MAX_VALUE);
    if (!b->joined)
        return no_memory(err);
    if (had.len && had.data != b->joined)
        memcpy(b->joined, had.data, had.len);
    if (piece.len)
        memcpy(&b->joined[had.len], piece.data, piece.len);
    v->text = (struct slice){ b->joined, had.len + piece.len };
    v->word = WORD_OTHER;
    v->printable = false;
    return ERROR_NONE;
}

/* The value as C string; NULL without memory. */
static const char *keep(struct prov_build *b, struct slice text)
{
    if (text.len == 0)
        return "";
    return text.data == b->joined ? arena_text(b->arena, text) : (const char *)text.data;
}

enum error_code prov_build_set(struct prov_build *b, struct prov_node *n, const struct prov_value *v, struct error *err)
{
    if (!(elements[n->element].attributes & 1U << v->attribute))
        return error_set(err, ERROR_MALFORMED, "attribute %s does not belong to %s", attributes[v->attribute], elements[n->element].name);
    if (n->attribute[v->attribute])
        return error_set(err, ERROR_MALFORMED, "attribute %s stands twice", attributes[v->attribute]);
    if (v->text.len > PROV_MAX_VALUE)
        return too_long(err);
    b->text += v->text.len;
    if (b->text > PROV_MAX_TEXT)
        return error_set(err, ERROR_TOO_LARGE, "the document expands to more than %d octets", PROV_MAX_TEXT);
    if (!v->printable && !text_is_utf8(v->text))
        return error_set(err, ERROR_MALFORMED, "attribute %s is not in the document's charset", attributes[v->attribute]);
    const char *text = keep(b, v->text);
    if (!text)
        return no_memory(err);
    n->attribute[v->attribute] = text;
    if (v->attribute == PROV_VALUE) {
        n->octets = (struct slice){ (const uint8_t *)text, v->text.len };
        n->printable = v->printable;
    } else if (v->attribute != PROV_VERSION) {
        n->word = v->word ? v->word : prov_word_of(v->text);
    }
    if (v->attribute == PROV_NAME) /* a parm has a parent */
        b->open[b->depth - 2]->words |= prov_word_bit(n->word);
    return ERROR_NONE;
}

struct prov_node *prov_find(struct prov_node *n, enum prov_element element, enum prov_word word)
{
    while (n && (n->word != word || n->element != element))
        n = n->next;
    return n;
}
