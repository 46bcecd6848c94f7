/* SPDX-License-Identifier: Apache-2.0 */
/* Elements of DMDDF -> nodes (OMA DM TNDS 1.2, clause 5; DTD DM_DDF 1.2). Owns what may stand where and how often. */
#include "codec/tnds.h"

#include <string.h>

#include "base/text.h"

static const struct {
    const char *name;
    enum syncml_element element;
} formats[TNDS_FORMAT_COUNT] = {
#define X(symbol, name) { name, SYNCML_DDF_IS_##symbol },
    TNDS_FORMATS(X)
#undef X
};

struct decoder {
    struct arena *arena;
    struct error *err;
};

static enum error_code misplaced(const struct decoder *d, const struct syncml_node *n, const struct syncml_node *in)
{
    return error_set(d->err, ERROR_MALFORMED, "TNDS: %s in %s", syncml_name(n->element), syncml_name(in->element));
}

/* UTF-8 without control characters; a second one of a kind is refused. */
static enum error_code take_text(const struct decoder *d, const struct syncml_node *n, size_t max, const char **out)
{
    if (**out)
        return error_set(d->err, ERROR_MALFORMED, "TNDS: %s stands twice", syncml_name(n->element));
    char *text = n->text.len <= max ? arena_get(d->arena, n->text.len + 1) : NULL;
    if (!text)
        return error_set(d->err, ERROR_TOO_LARGE, "TNDS: %s has %zu octets", syncml_name(n->element), n->text.len);
    if (n->child || !syncml_copy(n->text, text, n->text.len + 1))
        return error_set(d->err, ERROR_MALFORMED, "TNDS: %s is no text", syncml_name(n->element));
    *out = text;
    return ERROR_NONE;
}

static enum error_code take_format(const struct decoder *d, const struct syncml_node *n, struct tnds_node *out)
{
    if (out->format != TNDS_FORMAT_COUNT || !n->child || n->child->next)
        return error_set(d->err, ERROR_MALFORMED, "TNDS: Format stands twice, or names not one format");
    for (size_t i = 0; i < TNDS_FORMAT_COUNT; i++)
        if (formats[i].element == n->child->element)
            out->format = (enum tnds_format)i;
    return out->format != TNDS_FORMAT_COUNT ? ERROR_NONE : misplaced(d, n->child, n);
}

/* MIME or DDFName. */
static enum error_code take_type(const struct decoder *d, const struct syncml_node *n, struct tnds_node *out)
{
    const struct syncml_node *c = n->child;
    if (!c || c->next || (c->element != SYNCML_DDF_MIME && c->element != SYNCML_DDF_DDF_NAME))
        return error_set(d->err, ERROR_MALFORMED, "TNDS: Type is not one MIME or DDFName");
    out->is_object = c->element == SYNCML_DDF_DDF_NAME;
    return take_text(d, c, 255, &out->type);
}

static enum error_code take_property(const struct decoder *d, const struct syncml_node *n, const struct syncml_node *in, struct tnds_node *out)
{
    if (n->element == SYNCML_DDF_FORMAT)
        return take_format(d, n, out);
    if (n->element == SYNCML_DDF_TYPE)
        return take_type(d, n, out);
    if (n->element == SYNCML_DDF_ACL)
        return take_text(d, n, 512, &out->acl);
    if (n->element == SYNCML_DDF_TITLE)
        return take_text(d, n, 255, &out->title);
    bool ours_to_keep = n->element == SYNCML_DDF_NAME || n->element == SYNCML_DDF_SIZE || n->element == SYNCML_DDF_T_STAMP || n->element == SYNCML_DDF_VER_NO;
    return ours_to_keep ? ERROR_NONE : misplaced(d, n, in); /* what the client itself counts is not taken over */
}

static enum error_code take_properties(const struct decoder *d, const struct syncml_node *in, struct tnds_node *out)
{
    for (const struct syncml_node *n = in->child; n; n = n->next) {
        enum error_code rc = take_property(d, n, in, out);
        if (rc)
            return rc;
    }
    return ERROR_NONE;
}

static enum error_code take_value(const struct decoder *d, const struct syncml_node *n, struct tnds_node *out)
{
    if (out->has_value || n->child)
        return error_set(d->err, ERROR_MALFORMED, "TNDS: a Value stands twice, or holds elements");
    if (n->text.len > TNDS_VALUE_MAX)
        return error_set(d->err, ERROR_TOO_LARGE, "TNDS: a value has %zu octets, at most %d", n->text.len, TNDS_VALUE_MAX);
    char *copy = arena_text(d->arena, n->text);
    out->has_value = true;
    out->value = (struct slice){ (const uint8_t *)copy, n->text.len };
    return copy ? ERROR_NONE : error_set(d->err, ERROR_TOO_LARGE, "TNDS: the tree needs too much memory");
}

static enum error_code take_part(const struct decoder *d, const struct syncml_node *n, const struct syncml_node *in, struct tnds_node *out)
{
    if (n->element == SYNCML_DDF_NODE_NAME)
        return take_text(d, n, TNDS_NAME_MAX, &out->name);
    if (n->element == SYNCML_DDF_PATH)
        return take_text(d, n, 255, &out->path);
    if (n->element == SYNCML_DDF_RT_PROPERTIES)
        return take_properties(d, n, out);
    if (n->element == SYNCML_DDF_VALUE)
        return take_value(d, n, out);
    return n->element == SYNCML_DDF_DF_PROPERTIES || n->element == SYNCML_DDF_NODE ? ERROR_NONE : misplaced(d, n, in);
}

static const char *node_fault(const struct tnds_node *n, bool root)
{
    if (!*n->name || strchr(n->name, '/') || strcmp(n->name, ".") == 0)
        return "has no usable NodeName";
    if (*n->path && !root)
        return "has a Path, but is no root";
    if (n->has_value && (n->child || n->format == TNDS_NODE))
        return "has a value, but is an interior node";
    return NULL;
}

/* One Node with all below it. Recursion is bounded by TNDS_DEPTH_MAX. */
static enum error_code take_node(const struct decoder *d, const struct syncml_node *in, size_t depth, struct tnds_node **slot)
{
    struct tnds_node *out = depth < TNDS_DEPTH_MAX ? arena_get(d->arena, sizeof *out) : NULL, **last;
    if (!out)
        return error_set(d->err, ERROR_TOO_LARGE, "TNDS: nodes nest deeper than %d, or need too much memory", TNDS_DEPTH_MAX);
    *out = (struct tnds_node){ .name = "", .path = "", .acl = "", .title = "", .type = "", .format = TNDS_FORMAT_COUNT, .offset = in->offset };
    last = &out->child;
    enum error_code rc = ERROR_NONE;
    for (const struct syncml_node *n = in->child; n && !rc; n = n->next) {
        rc = take_part(d, n, in, out);
        if (rc || n->element != SYNCML_DDF_NODE)
            continue;
        rc = take_node(d, n, depth + 1, last);
        if (rc)
            return rc;
        if (tnds_child(out, (*last)->name) != *last)
            return error_set(d->err, ERROR_MALFORMED, "TNDS: %.40s stands twice in %.40s", (*last)->name, out->name);
        last = &(*last)->next;
    }
    const char *fault = rc ? NULL : node_fault(out, depth == 0);
    if (fault)
        return error_set(d->err, ERROR_MALFORMED, "TNDS: node \"%.40s\" %s", out->name, fault);
    *slot = out;
    return rc;
}

const struct tnds_node *tnds_decode(const struct syncml_node *tree, struct arena *arena, struct error *err)
{
    struct decoder d = { arena, err };
    struct tnds_node *root = NULL, **last = &root;
    if (!slice_is(syncml_text(tree, SYNCML_DDF_VER_DTD), "1.2")) {
        error_set(err, ERROR_NOT_SUPPORTED, "TNDS: VerDTD is not 1.2");
        return NULL;
    }
    for (const struct syncml_node *n = tree->child; n; n = n->next) {
        bool about = n->element == SYNCML_DDF_VER_DTD || n->element == SYNCML_DDF_MAN || n->element == SYNCML_DDF_MOD;
        if (about)
            continue;
        if (n->element != SYNCML_DDF_NODE ? misplaced(&d, n, tree) : take_node(&d, n, 0, last))
            return NULL;
        last = &(*last)->next;
    }
    if (!root)
        error_set(err, ERROR_MALFORMED, "TNDS: a tree without a node");
    return root;
}

const struct tnds_node *tnds_child(const struct tnds_node *n, const char *name)
{
    for (const struct tnds_node *c = n ? n->child : NULL; c; c = c->next)
        if (strcmp(c->name, name) == 0)
            return c;
    return NULL;
}

const struct tnds_node *tnds_find(const struct tnds_node *n, const char *path)
{
    char name[TNDS_NAME_MAX + 1];
    while (n && *path) {
        size_t len = strcspn(path, "/");
        if (len == 0 || len > TNDS_NAME_MAX)
            return NULL;
        memcpy(name, path, len);
        name[len] = '\0';
        n = tnds_child(n, name);
        path = &path[len + (path[len] == '/')];
    }
    return n;
}

bool tnds_octets(const struct tnds_node *n, uint8_t *out, size_t cap, size_t *len)
{
    *len = 0;
    if (n->format == TNDS_B64)
        return text_base64_decode(n->value, out, cap, len);
    if (n->value.len > cap)
        return false;
    if (n->value.len)
        memcpy(out, n->value.data, n->value.len);
    *len = n->value.len;
    return true;
}

const char *tnds_format_name(enum tnds_format f)
{
    return f < TNDS_FORMAT_COUNT ? formats[f].name : "";
}
