/* SPDX-License-Identifier: Apache-2.0 */
/* SenML JSON (RFC 8428 clause 5). */
#include <string.h>

#include "codec/json_text.h"
#include "codec/senml.h"

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

struct reading {
    struct arena *arena;
    struct senml_record record;
    bool full; /* the arena */
};

static bool take_text(struct reading *r, const json_t *v, enum senml_kind kind)
{
    r->record.kind = kind;
    r->full = !json_copy_text(v, r->arena, &r->record.octets);
    return !r->full;
}

/* True if the member is a value, which *fine judges. */
static bool take_value(struct reading *r, const char *name, const json_t *v, bool *fine)
{
    struct senml_record *out = &r->record;
    if (strcmp(name, "v") == 0 && json_is_number(v)) {
        out->kind = json_is_integer(v) ? SENML_INTEGER : SENML_REAL;
        out->integer = json_integer_value(v);
        out->real = json_real_value(v);
    } else if (strcmp(name, "vb") == 0 && json_is_boolean(v)) {
        out->kind = SENML_BOOLEAN;
        out->integer = json_is_true(v);
    } else if (strcmp(name, "vs") == 0 && json_is_string(v)) {
        *fine = take_text(r, v, SENML_TEXT);
    } else if (strcmp(name, "vlo") == 0 && json_is_string(v)) {
        *fine = take_text(r, v, SENML_LINK);
    } else if (strcmp(name, "vd") == 0 && json_is_string(v)) {
        out->kind = SENML_OCTETS;
        *fine = get_base64(json_string_value(v), r->arena, &out->octets);
    } else {
        return false;
    }
    return true;
}

/* Names and times may stand beside the value; "..._" must be understood (clause 4.4). */
static bool is_harmless(const char *name)
{
    size_t len = strlen(name);
    bool known = strcmp(name, "bn") == 0 || strcmp(name, "n") == 0 || strcmp(name, "bt") == 0 || strcmp(name, "t") == 0;
    return known || (len > 0 && name[len - 1] != '_' && name[0] != 'v');
}

/* Clause 4.2: one value at most. */
static bool take_members(struct reading *r, json_t *object)
{
    const char *name;
    json_t *v;
    bool fine = true;
    size_t values = 0;
    json_object_foreach (object, name, v) {
        if (take_value(r, name, v, &fine))
            values++;
        else
            fine = is_harmless(name);
        if (!fine || values > 1)
            return false;
    }
    return true;
}

static enum error_code take_record(struct reading *r, json_t *object, senml_take_fn *take, void *user)
{
    json_t *bn = json_object_get(object, "bn");
    r->record = (struct senml_record){ .offset = SENML_NO_OFFSET, .base = json_is_string(bn) ? json_text(bn) : r->record.base, .name = json_text(json_object_get(object, "n")) };
    if (!json_is_object(object) || !take_members(r, object))
        return r->full ? ERROR_NO_MEMORY : ERROR_MALFORMED;
    return take(user, &r->record);
}

enum error_code senml_json_read(struct slice pack, struct arena *arena, senml_take_fn *take, void *user)
{
    json_t *array = json_load_payload(pack), *object;
    struct reading r = { .arena = arena };
    enum error_code code = json_is_array(array) ? ERROR_NONE : ERROR_MALFORMED;
    size_t i;
    json_array_foreach (array, i, object) {
        code = take_record(&r, object, take, user);
        if (code != ERROR_NONE)
            break;
    }
    json_decref(array);
    return code;
}
