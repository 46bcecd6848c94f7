/* SPDX-License-Identifier: Apache-2.0 */
/* GVariant -> JSON or text. Numbers stay numbers (64-bit), flags booleans. */
#include <stdio.h>
#include <string.h>

#include "ctl/ctl.h"

static json_t *json_dict(GVariant *v)
{
    json_t *out = json_object();
    GVariantIter iter;
    GVariant *entry;
    g_variant_iter_init(&iter, v);
    while ((entry = g_variant_iter_next_value(&iter))) {
        g_autoptr(GVariant) key = g_variant_get_child_value(entry, 0), value = g_variant_get_child_value(entry, 1);
        (void)json_object_set_new(out, g_variant_get_string(key, NULL), ctl_json(value));
        g_variant_unref(entry);
    }
    return out;
}

static json_t *json_list(GVariant *v)
{
    json_t *out = json_array();
    for (gsize i = 0; i < g_variant_n_children(v); i++) {
        g_autoptr(GVariant) child = g_variant_get_child_value(v, i);
        (void)json_array_append_new(out, ctl_json(child));
    }
    return out;
}

json_t *ctl_json(GVariant *v)
{
    switch (g_variant_classify(v)) {
    case G_VARIANT_CLASS_BOOLEAN:
        return json_boolean(g_variant_get_boolean(v));
    case G_VARIANT_CLASS_BYTE:
        return json_integer(g_variant_get_byte(v));
    case G_VARIANT_CLASS_UINT32:
        return json_integer(g_variant_get_uint32(v));
    case G_VARIANT_CLASS_UINT64:
        return json_integer((json_int_t)g_variant_get_uint64(v));
    case G_VARIANT_CLASS_STRING:
    case G_VARIANT_CLASS_OBJECT_PATH:
        return json_string(g_variant_get_string(v, NULL));
    case G_VARIANT_CLASS_VARIANT: {
        g_autoptr(GVariant) inner = g_variant_get_variant(v);
        return ctl_json(inner);
    }
    case G_VARIANT_CLASS_ARRAY:
        return g_variant_is_of_type(v, G_VARIANT_TYPE_DICTIONARY) ? json_dict(v) : json_list(v);
    case G_VARIANT_CLASS_TUPLE:
        return json_list(v);
    case G_VARIANT_CLASS_INT16:
    case G_VARIANT_CLASS_UINT16:
    case G_VARIANT_CLASS_INT32:
    case G_VARIANT_CLASS_INT64:
    case G_VARIANT_CLASS_HANDLE:
    case G_VARIANT_CLASS_DOUBLE:
    case G_VARIANT_CLASS_SIGNATURE:
    case G_VARIANT_CLASS_MAYBE:
    case G_VARIANT_CLASS_DICT_ENTRY:
        break; /* no interface of ours has them */
    }
    g_autofree char *text = g_variant_print(v, FALSE);
    return json_string(text);
}

void ctl_print_json(json_t *root)
{
    (void)json_object_set_new(root, "schema", json_integer(1));
    (void)json_dumpf(root, stdout, JSON_INDENT(2) | JSON_SORT_KEYS);
    (void)putchar('\n');
    json_decref(root);
}

const char *ctl_color(const struct ctl *c, const char *state)
{
    static const char *const good[] = { "managed", "registered", "connected", "committed", "succeeded", "ready", "present", "ACTIVE", "ok", NULL };
    static const char *const bad[] = { "failed", "absent", "blocked", "BLOCKED", "degraded", "denied", "unprovisioned", "locked", "FAIL", "untrusted", NULL };
    static const char *const busy[] = { "bootstrapping", "running",  "queued", "connecting", "retrying", "searching", "staged", "starting", "cancelled",
                                        "note", NULL };
    if (!c->color)
        return "";
    return g_strv_contains(good, state) ? "\033[32m" : g_strv_contains(bad, state) ? "\033[31m" : g_strv_contains(busy, state) ? "\033[33m" : "\033[1m";
}

const char *ctl_color_end(const struct ctl *c)
{
    return c->color ? "\033[0m" : "";
}

void ctl_print_variant(GVariant *v)
{
    if (g_variant_is_of_type(v, G_VARIANT_TYPE_STRING) || g_variant_is_of_type(v, G_VARIANT_TYPE_OBJECT_PATH)) {
        const char *text = g_variant_get_string(v, NULL);
        printf("%s", text[0] ? text : "-");
    } else if (g_variant_is_of_type(v, G_VARIANT_TYPE_STRING_ARRAY)) {
        g_autofree const char **list = g_variant_get_strv(v, NULL);
        g_autofree char *joined = g_strjoinv(" ", (char **)list);
        printf("%s", joined[0] ? joined : "-");
    } else if (g_variant_is_of_type(v, G_VARIANT_TYPE_BOOLEAN)) {
        printf("%s", g_variant_get_boolean(v) ? "yes" : "no");
    } else if (g_variant_is_of_type(v, G_VARIANT_TYPE_BYTE)) {
        printf("%u", g_variant_get_byte(v)); /* a number, where GVariant would print 0x28 */
    } else {
        g_autofree char *text = g_variant_print(v, FALSE);
        printf("%s", text);
    }
}
