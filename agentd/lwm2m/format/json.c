/* SPDX-License-Identifier: Apache-2.0 */
/* Records as SenML JSON (RFC 8428, Core TS 1.1.1 clause 7.4.5): written straight into the bounded buffer, read with jansson. */
#include <malloc.h>
#include <stdlib.h>
#include <string.h>

#include "base/secret.h"
#include "lwm2m/format/json_value.h"

void json_put_string(struct writer *w, struct slice text)
{
    static const char hex[] = "0123456789abcdef";
    writer_u8(w, '"');
    for (size_t i = 0; i < text.len; i++) {
        uint8_t c = text.data[i];
        if (c == '"' || c == '\\') {
            writer_u8(w, '\\');
            writer_u8(w, c);
        } else if (c < 0x20) {
            writer_text(w, "\\u00");
            writer_u8(w, (uint8_t)hex[c >> 4]);
            writer_u8(w, (uint8_t)hex[c & 15]);
        } else {
            writer_u8(w, c);
        }
    }
    writer_u8(w, '"');
}

static void put_label(struct writer *w, const char *label)
{
    writer_u8(w, '"');
    writer_text(w, label);
    writer_text(w, "\":");
}

void json_put_value(struct writer *w, const struct json_labels *labels, const struct value *v)
{
    switch (v->type) {
    case VALUE_NONE:
        break;
    case VALUE_STRING:
    case VALUE_CORELNK:
        put_label(w, labels->string);
        json_put_string(w, v->octets);
        break;
    case VALUE_INTEGER:
    case VALUE_UNSIGNED:
    case VALUE_TIME:
        put_label(w, labels->number);
        integer_put(w, v->integer);
        break;
    case VALUE_FLOAT:
        put_label(w, labels->number);
        real_put(w, v->real);
        break;
    case VALUE_BOOLEAN:
        put_label(w, labels->flag);
        writer_text(w, v->integer ? "true" : "false");
        break;
    case VALUE_OPAQUE:
        put_label(w, labels->opaque);
        writer_u8(w, '"');
        base64_put(w, v->octets, labels->url);
        writer_u8(w, '"');
        break;
    case VALUE_OBJLNK:
        put_label(w, labels->link);
        writer_u8(w, '"');
        objlnk_put(w, v->integer);
        writer_u8(w, '"');
        break;
    }
}

static const struct json_labels senml = { .string = "vs", .number = "v", .flag = "vb", .opaque = "vd", .link = "vlo", .url = true };

/* The base name ends in "/" unless it names the one value. */
static bool put(struct writer *w, const struct path *base, const struct records *records)
{
    writer_u8(w, '[');
    bool first = true;
    for (size_t i = 0; i < records->count; i++) {
        const struct record *record = &records->at[i];
        if (record->multiple && record->path.depth == PATH_RESOURCE)
            continue; /* a multiple resource without instances has no record */
        writer_text(w, first ? "{\"bn\":\"" : ",{");
        if (first) {
            path_put(w, base);
            writer_text(w, record->path.depth > base->depth && base->depth > PATH_ROOT ? "/\"," : "\",");
        }
        if (first && records->time) {
            writer_text(w, "\"bt\":");
            integer_put(w, records->time);
            writer_u8(w, ',');
        }
        first = false;
        if (record->path.depth > base->depth) {
            writer_text(w, "\"n\":\"");
            path_put_below(w, base, &record->path);
            writer_text(w, "\",");
        }
        json_put_value(w, &senml, &record->value);
        writer_u8(w, '}');
    }
    writer_u8(w, ']');
    return true;
}

static bool get_base64(const char *text, struct arena *arena, struct slice *out)
{
    size_t len = strlen(text);
    uint8_t *octets = arena_get(arena, len / 4 * 3 + 3);
    if (!octets)
        return false;
    uint32_t bits = 0;
    size_t have = 0, n = 0;
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    for (size_t i = 0; i < len; i++) {
        const char *d = strchr(digits, text[i]);
        if (!d)
            return false;
        bits = bits << 6 | (uint32_t)(d - digits);
        have += 6;
        if (have >= 8) {
            have -= 8;
            octets[n++] = (uint8_t)(bits >> have);
        }
    }
    *out = (struct slice){ octets, n };
    return len % 4 != 1;
}

bool json_copy_text(const json_t *v, struct arena *arena, struct slice *out)
{
    char *copy = arena_text(arena, (struct slice){ (const uint8_t *)json_string_value(v), json_string_length(v) });
    *out = (struct slice){ (const uint8_t *)copy, json_string_length(v) };
    return copy != NULL;
}

/* RFC 8428 clause 4.2: exactly one value in a record. */
static bool get_value(json_t *record, struct arena *arena, struct value *v)
{
    size_t values = 0;
    bool fine = true;
    const char *name;
    json_t *j;
    json_object_foreach (record, name, j) {
        if (strcmp(name, "v") == 0 && json_is_number(j)) {
            *v = json_is_integer(j) ? value_integer(VALUE_INTEGER, json_integer_value(j))
                                    : (struct value){ .type = VALUE_FLOAT, .real = json_real_value(j) };
        } else if (strcmp(name, "vs") == 0 && json_is_string(j)) {
            v->type = VALUE_STRING;
            fine = fine && json_copy_text(j, arena, &v->octets);
        } else if (strcmp(name, "vb") == 0 && json_is_boolean(j)) {
            *v = value_integer(VALUE_BOOLEAN, json_is_true(j));
        } else if (strcmp(name, "vd") == 0 && json_is_string(j)) {
            v->type = VALUE_OPAQUE;
            fine = fine && get_base64(json_string_value(j), arena, &v->octets);
        } else if (strcmp(name, "vlo") == 0 && json_is_string(j)) {
            v->type = VALUE_OBJLNK;
            fine = fine && objlnk_parse((struct slice){ (const uint8_t *)json_string_value(j), json_string_length(j) }, &v->integer);
        } else {
            bool known = strcmp(name, "bn") == 0 || strcmp(name, "n") == 0 || strcmp(name, "bt") == 0 || strcmp(name, "t") == 0;
            size_t len = strlen(name);
            fine = fine && (known || (len > 0 && name[len - 1] != '_' && name[0] != 'v')); /* "..._" must be understood (clause 4.4) */
            continue;
        }
        values++;
    }
    return fine && values == 1;
}

/* The name of a record; a base name holds for the records behind it too (clause 4.1). *bn lives as long as the pack. */
static struct slice take_names(json_t *record, struct slice *bn)
{
    json_t *base_name = json_object_get(record, "bn"), *name = json_object_get(record, "n");
    if (json_is_string(base_name))
        *bn = (struct slice){ (const uint8_t *)json_string_value(base_name), json_string_length(base_name) };
    return (struct slice){ (const uint8_t *)json_string_value(name), json_is_string(name) ? json_string_length(name) : 0 };
}

static enum error_code get_record(json_t *record, struct slice *bn, const struct path *base, struct arena *arena, struct records *records)
{
    struct slice name = take_names(record, bn);
    struct path p;
    if (!format_name(*bn, name, &p))
        return ERROR_NOT_FOUND;
    struct value v = { 0 };
    if (!get_value(record, arena, &v))
        return ERROR_MALFORMED;
    return format_add(records, base, &p, v);
}

/* What is read may be a secret, and the library makes copies. */
static void wipe(void *block)
{
    secret_zero(block, malloc_usable_size(block));
    free(block);
}

json_t *json_load_payload(struct slice payload)
{
    json_set_alloc_funcs(malloc, wipe);
    json_error_t where;
    return json_loadb((const char *)payload.data, payload.len, JSON_REJECT_DUPLICATES, &where);
}

/* Into records, or into paths when these are given. */
static enum error_code take_pack(struct slice payload, const struct path *base, struct arena *arena, struct records *records, struct paths *paths)
{
    json_t *pack = json_load_payload(payload);
    enum error_code code = json_is_array(pack) ? ERROR_NONE : ERROR_MALFORMED;
    struct slice bn = { 0 };
    size_t i;
    json_t *record;
    json_array_foreach (pack, i, record) {
        if (code == ERROR_NONE && !json_is_object(record))
            code = ERROR_MALFORMED;
        if (code == ERROR_NONE && paths) {
            struct slice name = take_names(record, &bn);
            code = format_add_path(paths, bn, name);
        } else if (code == ERROR_NONE) {
            code = get_record(record, &bn, base, arena, records);
        }
    }
    json_decref(pack);
    return code;
}

static enum error_code get(struct slice payload, const struct path *base, struct arena *arena, struct records *records)
{
    return take_pack(payload, base, arena, records, NULL);
}

static enum error_code get_paths(struct slice payload, struct arena *arena, struct paths *paths)
{
    return take_pack(payload, NULL, arena, NULL, paths);
}

const struct format format_senml_json = { CONTENT_SENML_JSON, false, put, get, get_paths };
