/* SPDX-License-Identifier: Apache-2.0 */
/* The message of a DM profile bootstrap (OMA DM Bootstrap 1.2, clause 5.3; TNDS 1.2, clause 5). Trees are read one after the other in one scratch
 * arena, so that many of them need no more memory than the largest. */
#include "codec/dm_bootstrap.h"

#include <string.h>

#include "base/text.h"

enum { SCRATCH = 640 * 1024, URI_MAX = 255 };

static enum error_code take_uri(const struct syncml_node *parent, enum syncml_element place, struct arena *arena, const char **out, struct error *err)
{
    struct slice uri = syncml_text2(parent, place, SYNCML_LOC_URI);
    char *text = uri.len <= URI_MAX ? arena_get(arena, uri.len + 1) : NULL;
    if (!text)
        return error_set(err, ERROR_TOO_LARGE, "DM bootstrap: LocURI of %zu octets", uri.len);
    if (uri.len == 0 || !syncml_copy(uri, text, uri.len + 1))
        return error_set(err, ERROR_MALFORMED, "DM bootstrap: %s without a usable LocURI", syncml_name(place));
    *out = text;
    return ERROR_NONE;
}

static bool is_xml(struct slice tree)
{
    return tree.len > 0 && (text_is_blank((struct slice){ tree.data, 1 }) || tree.data[0] == '<' || tree.data[0] == 0xEF); /* EF: byte order mark */
}

enum error_code dm_bootstrap_tree(struct slice tree, struct arena *scratch, struct arena *arena, const struct tnds_node **root, struct error *err)
{
    const struct syncml_node *n = is_xml(tree) ? syncml_decode_tnds_xml(tree, scratch, err) : syncml_decode_tnds(tree, scratch, err);
    *root = n ? tnds_decode(n, arena, err) : NULL;
    return *root ? ERROR_NONE : err->code;
}

static enum error_code check_type(const struct syncml_node *item, struct error *err)
{
    struct slice type = syncml_text2(item, SYNCML_META, SYNCML_TYPE);
    if (type.len == 0 || slice_is(type, "application/vnd.syncml.dmtnds+xml") || slice_is(type, "application/vnd.syncml.dmtnds+wbxml"))
        return ERROR_NONE;
    return error_set(err, ERROR_NOT_SUPPORTED, "DM bootstrap: an item of type %.*s", (int)(type.len < 60 ? type.len : 60), (const char *)type.data);
}

static enum error_code take_item(const struct syncml_node *n, struct arena *scratch, struct arena *arena, struct dm_bootstrap_item *out, struct error *err)
{
    const struct syncml_node *data = syncml_child(n, SYNCML_DATA), *tree = syncml_child(data, SYNCML_DDF_MGMT_TREE);
    enum error_code rc = take_uri(n, SYNCML_TARGET, arena, &out->target, err);
    if (!rc)
        rc = check_type(n, err);
    if (rc)
        return rc;
    bool inbox = strncmp(out->target, "./Inbox", 7) == 0 && (out->target[7] == '\0' || out->target[7] == '/');
    if (!inbox)
        return error_set(err, ERROR_NOT_SUPPORTED, "DM bootstrap: Add to %.60s, not to ./Inbox", out->target);
    if (!data)
        return error_set(err, ERROR_MALFORMED, "DM bootstrap: an item without Data");
    out->offset = n->offset;
    out->tree_octets = tree ? 0 : data->text.len;
    out->xml = !tree && is_xml(data->text);
    arena_reset(scratch);
    if (!tree)
        return dm_bootstrap_tree(data->text, scratch, arena, &out->root, err);
    out->root = tnds_decode(tree, arena, err);
    return out->root ? ERROR_NONE : err->code;
}

static enum error_code check_header(const struct syncml_node *header, struct error *err)
{
    if (!slice_is(syncml_text(header, SYNCML_VER_DTD), "1.2") || !slice_is(syncml_text(header, SYNCML_VER_PROTO), "DM/1.2"))
        return error_set(err, ERROR_NOT_SUPPORTED, "DM bootstrap: a version other than DM/1.2");
    return ERROR_NONE;
}

static enum error_code take_commands(const struct syncml_node *body, struct arena *scratch, struct arena *arena, struct dm_bootstrap *out,
                                     struct error *err)
{
    struct dm_bootstrap_item **last = &out->item;
    size_t items = 0;
    for (const struct syncml_node *cmd = body->child; cmd; cmd = cmd->next) {
        if (cmd->element == SYNCML_FINAL)
            continue;
        if (cmd->element != SYNCML_ADD)
            return error_set(err, ERROR_NOT_SUPPORTED, "DM bootstrap: command %s, only Add may stand here", syncml_name(cmd->element));
        for (const struct syncml_node *n = cmd->child; n; n = n->next) {
            if (n->element != SYNCML_ITEM)
                continue;
            *last = items++ < DM_BOOTSTRAP_ITEMS ? arena_get(arena, sizeof **last) : NULL;
            if (!*last)
                return error_set(err, ERROR_TOO_LARGE, "DM bootstrap: more than %d trees, or no memory for them", DM_BOOTSTRAP_ITEMS);
            enum error_code rc = take_item(n, scratch, arena, *last, err);
            if (rc)
                return rc;
            last = &(*last)->next;
        }
    }
    return out->item ? ERROR_NONE : error_set(err, ERROR_MALFORMED, "DM bootstrap: a message without a tree");
}

enum error_code dm_bootstrap_decode(struct slice doc, struct arena *arena, struct dm_bootstrap *out, struct error *err)
{
    *out = (struct dm_bootstrap){ .server_id = "", .device_id = "" };
    struct arena scratch = arena_split(arena, SCRATCH);
    const struct syncml_node *root = syncml_decode_with_trees(doc, arena, err);
    if (!root)
        return err->code;
    const struct syncml_node *header = syncml_child(root, SYNCML_SYNC_HDR), *body = syncml_child(root, SYNCML_SYNC_BODY);
    if (!header || !body)
        return error_set(err, ERROR_MALFORMED, "DM bootstrap: a message without header or body");
    enum error_code rc = check_header(header, err);
    if (!rc)
        rc = take_uri(header, SYNCML_SOURCE, arena, &out->server_id, err);
    if (!rc)
        rc = take_uri(header, SYNCML_TARGET, arena, &out->device_id, err);
    if (!rc)
        rc = take_commands(body, &scratch, arena, out, err);
    arena_reset(&scratch);
    return rc;
}
