/* SPDX-License-Identifier: Apache-2.0 */
/* Bounds and structure of the document (ProvCont 1.1 clause 4.4): parms and characteristics nest in the document or in characteristics. */
#include "codec/prov_build.h"

#include <string.h>

static const char *const elements[] = { "wap-provisioningdoc", "characteristic", "parm" };
static const char *const attributes[PROV_ATTRIBUTES] = { "version", "type", "name", "value" };

const char *prov_element_name(enum prov_element e)
{
    return elements[e];
}

const char *prov_attribute_name(enum prov_attribute a)
{
    return a < PROV_ATTRIBUTES ? attributes[a] : "";
}

static bool count(struct prov_build *b, enum prov_element element)
{
    switch (element) {
    case PROV_DOCUMENT:
        return true;
    case PROV_CHARACTERISTIC:
        return ++b->characteristics <= PROV_MAX_CHARACTERISTICS;
    case PROV_PARM:
        return ++b->parms <= PROV_MAX_PARMS;
    }
    return false;
}

enum error_code prov_build_open(struct prov_build *b, enum prov_element element, struct prov_node **out, struct error *err)
{
    struct prov_node *parent = b->depth ? b->open[b->depth - 1] : NULL;
    if ((element == PROV_DOCUMENT) != (parent == NULL) || (!parent && b->root) || (parent && parent->element == PROV_PARM))
        return error_set(err, ERROR_MALFORMED, "%s stands where it must not", elements[element]);
    if (b->depth == PROV_MAX_DEPTH)
        return error_set(err, ERROR_TOO_LARGE, "elements nest deeper than %d", PROV_MAX_DEPTH);
    if (!count(b, element))
        return error_set(err, ERROR_TOO_LARGE, "too many elements %s", elements[element]);
    struct prov_node *n = arena_get(b->arena, sizeof *n);
    if (!n)
        return error_set(err, ERROR_NO_MEMORY, "document needs too much memory");
    n->element = element;
    if (!parent)
        b->root = n;
    else if (b->last[b->depth - 1])
        b->last[b->depth - 1]->next = n;
    else
        parent->child = n;
    if (parent)
        b->last[b->depth - 1] = n;
    b->open[b->depth] = n;
    b->last[b->depth] = NULL;
    b->depth++;
    *out = n;
    return ERROR_NONE;
}

void prov_build_close(struct prov_build *b)
{
    if (b->depth)
        b->depth--;
}

enum error_code prov_build_add(struct prov_build *b, struct slice utf8, struct error *err)
{
    if (utf8.len > sizeof b->value - b->value_len)
        return error_set(err, ERROR_TOO_LARGE, "a value is longer than %d octets", PROV_MAX_VALUE);
    b->text += utf8.len;
    if (b->text > PROV_MAX_TEXT)
        return error_set(err, ERROR_TOO_LARGE, "the document expands to more than %d octets", PROV_MAX_TEXT);
    if (utf8.len)
        memcpy(&b->value[b->value_len], utf8.data, utf8.len);
    b->value_len += utf8.len;
    return ERROR_NONE;
}

/* One UTF-8 character (RFC 3629): shortest form, no surrogate, not NUL. */
static bool take_character(struct reader *r)
{
    static const uint32_t least[] = { 1, 0x80, 0x800, 0x10000 };
    uint8_t first = reader_u8(r);
    size_t more = first < 0x80 ? 0 : first < 0xC0 ? 4 : first < 0xE0 ? 1 : first < 0xF0 ? 2 : first < 0xF8 ? 3 : 4;
    if (more == 4)
        return false;
    uint32_t v = more == 0 ? first : first & (0x3fU >> more);
    for (size_t i = 0; i < more; i++) {
        uint8_t c = reader_u8(r);
        if ((c & 0xC0) != 0x80)
            return false;
        v = v << 6 | (c & 0x3f);
    }
    return !r->failed && v >= least[more] && v <= 0x10FFFF && !(v >= 0xD800 && v <= 0xDFFF);
}

static bool is_utf8(struct slice s)
{
    size_t ascii = 0; /* most values are nothing else */
    while (ascii < s.len && s.data[ascii] >= 1 && s.data[ascii] < 0x80)
        ascii++;
    struct reader r = reader_make(s.data, s.len);
    (void)reader_take(&r, ascii);
    while (reader_left(&r))
        if (!take_character(&r))
            return false;
    return true;
}

static bool belongs(enum prov_element e, enum prov_attribute a)
{
    switch (e) {
    case PROV_DOCUMENT:
        return a == PROV_VERSION;
    case PROV_CHARACTERISTIC:
        return a == PROV_TYPE;
    case PROV_PARM:
        return a == PROV_NAME || a == PROV_VALUE;
    }
    return false;
}

enum error_code prov_build_set(struct prov_build *b, struct prov_node *n, enum prov_attribute a, struct error *err)
{
    struct slice value = { (const uint8_t *)b->value, b->value_len };
    b->value_len = 0;
    if (!belongs(n->element, a))
        return error_set(err, ERROR_MALFORMED, "attribute %s does not belong to %s", attributes[a], elements[n->element]);
    if (n->attribute[a] || (a == PROV_VALUE && n->has_opaque))
        return error_set(err, ERROR_MALFORMED, "attribute %s stands twice", attributes[a]);
    if (!is_utf8(value))
        return error_set(err, ERROR_MALFORMED, "attribute %s is not in the document's charset", attributes[a]);
    n->attribute[a] = arena_text(b->arena, value);
    return n->attribute[a] ? ERROR_NONE : error_set(err, ERROR_NO_MEMORY, "document needs too much memory");
}

/* DTD PROV 1.0: type and name are #REQUIRED. Recursion is bounded by PROV_MAX_DEPTH. */
static enum error_code check_required(const struct prov_node *n, struct error *err)
{
    enum prov_attribute required = n->element == PROV_PARM ? PROV_NAME : PROV_TYPE;
    if (n->element != PROV_DOCUMENT && !n->attribute[required])
        return error_set(err, ERROR_MALFORMED, "%s lacks its attribute %s", elements[n->element], attributes[required]);
    for (const struct prov_node *child = n->child; child; child = child->next) {
        enum error_code rc = check_required(child, err);
        if (rc)
            return rc;
    }
    return ERROR_NONE;
}

enum error_code prov_build_finish(struct prov_build *b, struct prov_node **root, struct error *err)
{
    if (!b->root || b->depth)
        return error_set(err, ERROR_TRUNCATED, "document ends too early");
    enum error_code rc = check_required(b->root, err);
    if (!rc)
        *root = b->root;
    return rc;
}

const struct prov_node *prov_characteristic(const struct prov_node *parent, const char *type, const struct prov_node *after)
{
    for (const struct prov_node *n = after ? after->next : parent->child; n; n = n->next)
        if (n->element == PROV_CHARACTERISTIC && n->attribute[PROV_TYPE] && strcmp(n->attribute[PROV_TYPE], type) == 0)
            return n;
    return NULL;
}

const struct prov_node *prov_parm_node(const struct prov_node *parent, const char *name)
{
    for (const struct prov_node *n = parent->child; n; n = n->next)
        if (n->element == PROV_PARM && n->attribute[PROV_NAME] && n->attribute[PROV_NAME][0] == name[0] && strcmp(n->attribute[PROV_NAME], name) == 0)
            return n;
    return NULL;
}

const char *prov_parm(const struct prov_node *parent, const char *name)
{
    const struct prov_node *n = prov_parm_node(parent, name);
    if (!n)
        return NULL;
    return n->attribute[PROV_VALUE] ? n->attribute[PROV_VALUE] : "";
}
