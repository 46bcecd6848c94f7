/* SPDX-License-Identifier: Apache-2.0 */
/* SenML (RFC 8428) as far as bootstrap files have it: one item a record, with its whole name and its value; CBOR with offsets. Says nothing about what the names mean. */
#include <string.h>

#include "codec/cbor.h"
#include "ctl/decode_item.h"

enum { NAME_MAX = 128, DEPTH = 3, LABEL_BASE_NAME = -2, LABEL_NAME = 0, CBOR_FALSE = 20, CBOR_TRUE = 21 };

struct senml_name { /* bn is that of the last record that had one */
    char base[NAME_MAX], own[NAME_MAX];
};

static bool copy_name(struct slice in, char out[NAME_MAX])
{
    if (in.len >= NAME_MAX)
        return false;
    memset(out, 0, NAME_MAX);
    if (in.len)
        memcpy(out, in.data, in.len);
    return true;
}

static void set_name(json_t *item, const struct senml_name *name)
{
    char whole[2 * NAME_MAX];
    size_t base = strlen(name->base), own = strlen(name->own);
    memcpy(whole, name->base, base);
    memcpy(&whole[base], name->own, own);
    item_set(item, "name", (struct slice){ (const uint8_t *)whole, base + own });
}

/* ---- JSON ---- */

static struct slice json_slice(const json_t *text)
{
    return (struct slice){ (const uint8_t *)json_string_value(text), json_string_length(text) };
}

static bool add_json(json_t *document, const json_t *record, struct senml_name *name)
{
    const char *key;
    json_t *value, *item = item_add(document, item_new("record", OFFSET_NONE));
    memset(name->own, 0, sizeof name->own);
    json_object_foreach((json_t *)(uintptr_t)record, key, value) {
        bool is_name = strcmp(key, "bn") == 0 || strcmp(key, "n") == 0;
        if (is_name && (!json_is_string(value) || !copy_name(json_slice(value), key[0] == 'b' ? name->base : name->own)))
            return false;
        if (is_name)
            continue;
        if (json_is_string(value))
            item_set(item, key, json_slice(value));
        else if (json_is_boolean(value))
            item_set_text(item, key, json_is_true(value) ? "true" : "false");
        else if (json_is_integer(value))
            item_set_number(item, key, json_integer_value(value));
        else
            return false;
    }
    set_name(item, name);
    return json_is_object(record);
}

static bool read_json(struct slice file, json_t *document)
{
    struct senml_name name = { .base = "" };
    json_t *pack = json_loadb((const char *)file.data, file.len, JSON_REJECT_DUPLICATES, NULL);
    bool ok = json_is_array(pack);
    for (size_t i = 0; ok && i < json_array_size(pack); i++)
        ok = add_json(document, json_array_get(pack, i), &name);
    json_decref(pack);
    return ok;
}

/* ---- CBOR ---- */

/* RFC 8428 table 6; NULL: a label that these files do not have. */
static const char *label_name(int64_t label)
{
    switch (label) {
    case 2:
        return "v";
    case 3:
        return "vs";
    case 4:
        return "vb";
    case 8:
        return "vd";
    default:
        return NULL;
    }
}

static bool set_value(json_t *item, const char *key, const struct cbor_item *value)
{
    if (value->major == CBOR_TEXT || value->major == CBOR_BYTES)
        item_set(item, key, value->data);
    else if (value->major == CBOR_UINT || value->major == CBOR_NINT)
        item_set_number(item, key, value->major == CBOR_UINT ? (json_int_t)value->value : -1 - (json_int_t)value->value);
    else if (value->major == CBOR_SIMPLE && (value->value == CBOR_TRUE || value->value == CBOR_FALSE))
        item_set_text(item, key, value->value == CBOR_TRUE ? "true" : "false");
    else
        return false;
    return true;
}

static bool add_pair(struct reader *r, json_t *item, struct senml_name *name)
{
    struct cbor_item key = cbor_take(r), value = cbor_take(r);
    int64_t label = key.major == CBOR_NINT ? -1 - (int64_t)key.value : (int64_t)key.value;
    if (r->failed || (key.major != CBOR_UINT && key.major != CBOR_NINT))
        return false;
    if (label == LABEL_BASE_NAME || label == LABEL_NAME)
        return value.major == CBOR_TEXT && copy_name(value.data, label == LABEL_NAME ? name->own : name->base);
    return label_name(label) && set_value(item, label_name(label), &value);
}

static bool read_cbor(struct slice file, json_t *document)
{
    struct senml_name name = { .base = "" };
    struct reader r = reader_make(file.data, file.len);
    struct cbor_item pack = cbor_take(&r);
    bool ok = pack.major == CBOR_ARRAY;
    for (uint64_t i = 0; ok && i < pack.value; i++) {
        json_t *item = item_add(document, item_new("record", (json_int_t)r.pos));
        struct cbor_item record = cbor_take(&r);
        memset(name.own, 0, sizeof name.own);
        ok = !r.failed && record.major == CBOR_MAP;
        for (uint64_t k = 0; ok && k < record.value; k++)
            ok = add_pair(&r, item, &name);
        set_name(item, &name);
    }
    return ok && !r.failed && reader_left(&r) == 0;
}

enum error_code decode_senml(struct slice file, bool json, json_t *document, struct error *err)
{
    bool ok = json ? read_json(file, document) : read_cbor(file, document);
    return ok ? ERROR_NONE : error_set(err, ERROR_MALFORMED, "no SenML of bootstrap data");
}
