/* SPDX-License-Identifier: Apache-2.0 */
/* A WBXML document without a push around it: OMA CP or SyncML, by its public identifier. */
#include "codec/syncml.h"
#include "ctl/decode_item.h"

/* Of its value, where that stands in the document, else of its tag. */
static json_int_t offset_of(const struct syncml_node *n, struct slice input)
{
    json_int_t value = n->text.len ? item_offset(input, n->text) : OFFSET_NONE;
    return value == OFFSET_NONE ? n->offset : value;
}

static void add_element(json_t *parent, struct slice input, const struct syncml_node *n)
{
    for (; n; n = n->next) {
        json_t *item = item_add(parent, item_new(syncml_name(n->element), offset_of(n, input)));
        if (n->text.len)
            item_set(item, "value", n->text);
        add_element(item, input, n->child);
    }
}

static void decode_syncml(const struct decode_input *in, struct decode_result *out)
{
    struct error err = { 0 };
    const struct syncml_node *root = syncml_decode(in->octets, in->arena, &err);
    json_t *document = NULL;
    if (root) {
        document = item_new(syncml_name(root->element), root->offset);
        add_element(document, in->octets, root->child);
    }
    decode_finish(out, err.code, &err, document);
}

void decode_wbxml(const struct decode_input *in, struct decode_result *out)
{
    struct push_check *check = arena_get(in->arena, sizeof *check);
    struct error err = { 0 };
    out->mac = PUSH_MAC_UNCHECKED;
    enum error_code rc = prov_decode_wbxml(in->octets, in->arena, &check->document, &err);
    if (rc == ERROR_NOT_SUPPORTED && !check->document) {
        decode_syncml(in, out);
        if (out->accepted || out->error.code != ERROR_NOT_SUPPORTED)
            return;
    }
    decode_finish(out, rc, &err, NULL);
    out->check = rc ? NULL : check;
}
