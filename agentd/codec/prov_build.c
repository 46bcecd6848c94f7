/* SPDX-License-Identifier: Apache-2.0 */
/* Bounds and structure of the document (ProvCont 1.1 clause 4.4): parms and characteristics nest in the document or in characteristics. */
#include "codec/prov_build.h"

#include <string.h>

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

enum error_code prov_build_open(struct prov_build *b, enum prov_element element, struct prov_node **out, struct error *err)
{
    struct prov_node *parent = b->depth ? b->open[b->depth - 1] : NULL;
    if ((element == PROV_DOCUMENT) != (parent == NULL) || (parent && parent->element == PROV_PARM))
        return error_set(err, ERROR_MALFORMED, "%s stands where it must not", elements[element].name);
    if (b->depth == PROV_MAX_DEPTH)
        return error_set(err, ERROR_TOO_LARGE, "elements nest deeper than %d", PROV_MAX_DEPTH);
    if (++b->count[element] > elements[element].max)
        return error_set(err, ERROR_TOO_LARGE, "too many elements %s", elements[element].name);
    struct prov_node *n = arena_get(b->arena, sizeof *n);
    if (!n)
        return no_memory(err);
    n->element = element;
    struct prov_node **place = parent ? b->end[b->depth - 1] : &b->root;
    *place = n;
    if (parent)
        b->end[b->depth - 1] = &n->next;
    b->open[b->depth] = n;
    b->end[b->depth++] = &n->child;
    *out = n;
    return ERROR_NONE;
}

void prov_build_close(struct prov_build *b)
{
    b->depth--;
}

/* What is collected moves to the room for joined values. */
static bool join(struct prov_build *b)
{
    if (!b->joined)
        b->joined = arena_get(b->arena, PROV_MAX_VALUE);
    if (!b->joined)
        return false;
    if (b->value.len && b->value.data != (const uint8_t *)b->joined)
        memcpy(b->joined, b->value.data, b->value.len);
    b->value.data = (const uint8_t *)b->joined;
    return true;
}

static enum error_code count_text(struct prov_build *b, size_t len, struct error *err)
{
    if (len > PROV_MAX_VALUE - b->value.len)
        return error_set(err, ERROR_TOO_LARGE, "a value is longer than %d octets", PROV_MAX_VALUE);
    b->text += len;
    return b->text > PROV_MAX_TEXT ? error_set(err, ERROR_TOO_LARGE, "the document expands to more than %d octets", PROV_MAX_TEXT) : ERROR_NONE;
}

enum error_code prov_build_add(struct prov_build *b, struct slice utf8, struct error *err)
{
    enum error_code rc = count_text(b, utf8.len, err);
    if (rc || utf8.len == 0)
        return rc;
    if (!join(b))
        return no_memory(err);
    memcpy(&b->joined[b->value.len], utf8.data, utf8.len);
    b->value.len += utf8.len;
    return ERROR_NONE;
}

enum error_code prov_build_add_lasting(struct prov_build *b, struct slice text, struct error *err)
{
    if (b->value.len)
        return prov_build_add(b, text, err);
    enum error_code rc = count_text(b, text.len, err);
    b->value = text;
    return rc;
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
    return v >= least[more] && v <= 0x10FFFF && !(v >= 0xD800 && v <= 0xDFFF);
}

static bool is_utf8(struct slice s)
{
    size_t ascii = 0; /* most values are nothing else */
    while (ascii < s.len && s.data[ascii] < 0x80)
        ascii++;
    if (ascii == s.len)
        return true;
    struct reader r = reader_make(s.data, s.len);
    (void)reader_take(&r, ascii);
    while (reader_left(&r))
        if (!take_character(&r))
            return false;
    return true;
}

enum error_code prov_build_set(struct prov_build *b, struct prov_node *n, enum prov_attribute a, struct error *err)
{
    struct slice value = b->value;
    b->value = (struct slice){ NULL, 0 };
    if (!(elements[n->element].attributes & 1U << a))
        return error_set(err, ERROR_MALFORMED, "attribute %s does not belong to %s", attributes[a], elements[n->element].name);
    if (n->attribute[a])
        return error_set(err, ERROR_MALFORMED, "attribute %s stands twice", attributes[a]);
    if (!is_utf8(value))
        return error_set(err, ERROR_MALFORMED, "attribute %s is not in the document's charset", attributes[a]);
    if (value.len == 0)
        n->attribute[a] = "";
    else
        n->attribute[a] = value.data == (const uint8_t *)b->joined ? arena_text(b->arena, value) : (const char *)value.data;
    if (!n->attribute[a])
        return no_memory(err);
    if (a == PROV_NAME) /* n is the innermost open element, and a parm has a parent */
        b->open[b->depth - 2]->initials |= prov_initial(n->attribute[a]);
    return ERROR_NONE;
}

/* DTD PROV 1.0: type and name are #REQUIRED. Recursion is bounded by PROV_MAX_DEPTH. */
static enum error_code check_required(const struct prov_node *n, struct error *err)
{
    enum prov_attribute required = n->element == PROV_PARM ? PROV_NAME : PROV_TYPE;
    if (n->element != PROV_DOCUMENT && !n->attribute[required])
        return error_set(err, ERROR_MALFORMED, "%s lacks its attribute %s", elements[n->element].name, attributes[required]);
    for (const struct prov_node *child = n->child; child; child = child->next) {
        enum error_code rc = check_required(child, err);
        if (rc)
            return rc;
    }
    return ERROR_NONE;
}

enum error_code prov_build_finish(struct prov_build *b, struct prov_node **root, struct error *err)
{
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
    if (!(parent->initials & prov_initial(name)))
        return NULL; /* as most of the names that are asked for */
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
