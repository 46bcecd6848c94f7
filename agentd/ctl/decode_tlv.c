/* SPDX-License-Identifier: Apache-2.0 */
/* LwM2M TLV (Core TS 7.4.4): items with their offsets; a value as text where it is text, else octets and the number that they would be. */
#include "codec/lwm2m_tlv.h"
#include "ctl/decode_item.h"

enum { DEPTH_MAX = 3 }; /* instance, multiple resource, resource instance */

static const char *kind_name(enum tlv_kind kind)
{
    static const char *const names[] = { "object-instance", "resource-instance", "multiple-resource", "resource" };
    return names[kind];
}

static enum error_code add_items(json_t *parent, struct slice input, struct slice in, unsigned depth, struct error *err)
{
    struct reader r = reader_make(in.data, in.len);
    while (reader_left(&r) > 0) {
        struct tlv_item t;
        int64_t number;
        json_int_t offset = item_offset(input, in) + (json_int_t)r.pos;
        if (tlv_next(&r, &t))
            return error_set(err, ERROR_MALFORMED, "TLV item at octet %lld is longer than its surroundings", (long long)offset);
        json_t *item = item_add(parent, item_new(kind_name(t.kind), offset));
        item_set_number(item, "id", t.id);
        if (t.kind == TLV_OBJECT_INSTANCE || t.kind == TLV_MULTIPLE_RESOURCE) {
            if (depth == DEPTH_MAX)
                return error_set(err, ERROR_MALFORMED, "TLV items at octet %lld are nested too deep", (long long)offset);
            enum error_code rc = add_items(item, input, t.value, depth + 1, err);
            if (rc)
                return rc;
            continue;
        }
        item_set(item, "value", t.value);
        if (tlv_integer(t.value, &number))
            item_set_number(item, "integer", number);
    }
    return ERROR_NONE;
}

void decode_tlv(const struct decode_input *in, struct decode_result *out)
{
    struct error err = { 0 };
    json_t *document = item_new("tlv", OFFSET_NONE);
    out->mac = PUSH_MAC_UNCHECKED;
    decode_finish(out, add_items(document, in->octets, in->octets, 0, &err), &err, document);
}
