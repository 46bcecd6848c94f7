/* SPDX-License-Identifier: Apache-2.0 */
/* Reading only; must never change a vector. */
#include "support/vectors.h"

#include <glib.h>
#include <string.h>

#include "base/text.h"

static char *path_of(const char *file)
{
    const char *folder = g_getenv("VECTORS");
    g_assert_nonnull(folder);
    return g_build_filename(folder, file, NULL);
}

json_t *vectors_index(const char *file)
{
    g_autofree char *path = path_of(file);
    json_error_t problem;
    json_t *index = json_load_file(path, 0, &problem);
    if (!index)
        g_error("%s: %s", path, problem.text);
    return index;
}

struct octets vectors_file(const char *file)
{
    g_autofree char *path = path_of(file);
    g_autofree char *data = NULL;
    gsize len = 0;
    g_autoptr(GError) problem = NULL;
    if (!g_file_get_contents(path, &data, &len, &problem))
        g_error("%s", problem->message);
    return octets_copy(data, len);
}

struct octets octets_of_hex(const char *hex)
{
    g_autoptr(GString) digits = g_string_new(NULL);
    for (const char *p = hex; *p; p++)
        if (*p != ' ')
            g_string_append_c(digits, *p);
    struct octets out = { g_malloc(digits->len / 2 + 1), 0 };
    g_assert_true(text_hex_decode((struct slice){ (const uint8_t *)digits->str, digits->len }, out.data, digits->len / 2, &out.len));
    struct octets exact = octets_copy(out.data, out.len);
    octets_free(&out);
    return exact;
}

struct octets octets_copy(const void *data, size_t len)
{
    struct octets out = { g_malloc(len ? len : 1), len };
    if (len)
        memcpy(out.data, data, len);
    return out;
}

void octets_free(struct octets *o)
{
    g_free(o->data);
    *o = (struct octets){ NULL, 0 };
}

struct slice octets_slice(const struct octets *o)
{
    return (struct slice){ o->data, o->len };
}

const char *vector_text(const json_t *object, const char *key)
{
    return json_string_value(json_object_get(object, key));
}
