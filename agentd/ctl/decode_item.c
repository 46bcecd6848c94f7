/* SPDX-License-Identifier: Apache-2.0 */
/* The builder of items. */
#include "ctl/decode_item.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"

json_t *item_new(const char *element, json_int_t offset)
{
    json_t *attributes = json_object();
    if (offset != OFFSET_NONE)
        (void)json_object_set_new(attributes, "offset", json_integer(offset));
    return json_pack("{s:s,s:o,s:[]}", "element", element, "attributes", attributes, "children");
}

json_int_t item_offset(struct slice input, struct slice part)
{
    bool inside = part.data && part.data >= input.data && part.data <= input.data + input.len;
    return inside ? (json_int_t)(part.data - input.data) : OFFSET_NONE;
}

static bool printable(struct slice s)
{
    for (size_t i = 0; i < s.len; i++)
        if (s.data[i] == 0x7f || (s.data[i] < 0x20 && s.data[i] != '\n' && s.data[i] != '\t' && s.data[i] != '\r'))
            return false;
    return true;
}

void item_set(json_t *item, const char *attribute, struct slice value)
{
    json_t *text = printable(value) ? json_stringn(value.len ? (const char *)value.data : "", value.len) : NULL;
    if (!text) {
        char *hex = malloc(2 * value.len + 1);
        text = hex ? json_pack("{s:s}", "octets_hex", text_hex(value.data, value.len, hex)) : json_null();
        free(hex);
    }
    (void)json_object_set_new(json_object_get(item, "attributes"), attribute, text);
}

void item_set_text(json_t *item, const char *attribute, const char *value)
{
    item_set(item, attribute, (struct slice){ (const uint8_t *)value, strlen(value) });
}

void item_set_number(json_t *item, const char *attribute, json_int_t value)
{
    (void)json_object_set_new(json_object_get(item, "attributes"), attribute, json_integer(value));
}

json_t *item_add(json_t *parent, json_t *child)
{
    (void)json_array_append_new(json_object_get(parent, "children"), child);
    return child;
}

json_t *item_add_value(json_t *parent, const char *element, struct slice input, struct slice value)
{
    json_t *child = item_add(parent, item_new(element, item_offset(input, value)));
    item_set(child, "value", value);
    return child;
}

void decode_finish(struct decode_result *out, enum error_code rc, const struct error *err, json_t *document)
{
    out->accepted = out->recognised = rc == ERROR_NONE;
    out->error = *err;
    if (rc && !err->code)
        error_set(&out->error, rc, "%s", error_text(rc));
    out->document = document;
}

void decode_finish_proof(struct decode_result *out, const char *proof, enum push_mac mac, const struct error *err)
{
    out->proof = proof;
    out->mac = mac;
    out->accepted = out->accepted && !err->code;
    if (err->code && !out->error.code)
        out->error = *err;
}
