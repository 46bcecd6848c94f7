/* SPDX-License-Identifier: Apache-2.0 */
/* A management tree (TNDS), alone or inside the message of a DM-profile bootstrap. Offsets of nodes are those of their tree: in a message whose items hold trees as Data, of the Data. */
#include "codec/dm_bootstrap.h"
#include "ctl/decode_item.h"

static void add_tree(json_t *parent, const struct tnds_node *n)
{
    for (; n; n = n->next) {
        json_t *item = item_add(parent, item_new(n->name, n->offset));
        if (n->format != TNDS_FORMAT_COUNT && n->format != TNDS_NODE)
            item_set_text(item, "format", tnds_format_name(n->format));
        if (n->path[0])
            item_set_text(item, "path", n->path);
        if (n->type[0])
            item_set_text(item, n->is_object ? "object" : "type", n->type);
        if (n->acl[0])
            item_set_text(item, "acl", n->acl);
        if (n->has_value)
            item_set(item, "value", n->value);
        add_tree(item, n->child);
    }
}

static json_t *message_item(const struct dm_bootstrap *b)
{
    json_t *document = item_new("bootstrap", 0);
    item_set_text(document, "server", b->server_id);
    item_set_text(document, "device", b->device_id);
    for (const struct dm_bootstrap_item *i = b->item; i; i = i->next) {
        json_t *add = item_add(document, item_new("Add", i->offset));
        item_set_text(add, "target", i->target);
        add_tree(add, i->root);
    }
    return document;
}

void decode_tnds(const struct decode_input *in, struct decode_result *out)
{
    struct error err = { 0 }, tree_err = { 0 };
    struct dm_bootstrap message = { 0 };
    const struct tnds_node *root = NULL;
    out->mac = PUSH_MAC_UNCHECKED;
    enum error_code rc = dm_bootstrap_decode(in->octets, in->arena, &message, &err);
    if (rc == ERROR_NONE) {
        decode_finish(out, rc, &err, message_item(&message));
        return;
    }
    arena_reset(in->arena);
    struct arena scratch = arena_split(in->arena, DECODE_ARENA / 4);
    if (dm_bootstrap_tree(in->octets, &scratch, in->arena, &root, &tree_err) == ERROR_NONE) {
        json_t *document = item_new("MgmtTree", 0);
        add_tree(document, root);
        decode_finish(out, ERROR_NONE, &(struct error){ 0 }, document);
        return;
    }
    decode_finish(out, rc, &err, NULL);
}
