/* SPDX-License-Identifier: Apache-2.0 */
/* Memory of one message, good or bad, from its octets to its settings: what is allocated at any moment beyond the parser's arena, by our code and by the
 * libraries alike (malloc of the whole process is counted). */
#include <glib.h>
#include <malloc.h>
#include <string.h>

#include "bootstrap/start/route.h"
#include "codec/prov.h"
#include "support/vectors.h"

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *old, size_t size);
void __libc_free(void *block);

static size_t now, peak;

static void *counted(void *block)
{
    now += block ? malloc_usable_size(block) : 0;
    peak = now > peak ? now : peak;
    return block;
}

static void uncounted(void *block)
{
    size_t size = block ? malloc_usable_size(block) : 0;
    now -= size < now ? size : now;
}

__attribute__((visibility("default"))) void *malloc(size_t size)
{
    return counted(__libc_malloc(size));
}

__attribute__((visibility("default"))) void *calloc(size_t count, size_t size)
{
    return counted(__libc_calloc(count, size));
}

__attribute__((visibility("default"))) void *realloc(void *old, size_t size)
{
    uncounted(old);
    return counted(__libc_realloc(old, size));
}

__attribute__((visibility("default"))) void free(void *block)
{
    uncounted(block);
    __libc_free(block);
}

/* Octets at the peak of one message, as if its MAC had fitted. */
static size_t peak_of(struct slice message)
{
    struct wsp_push push;
    const struct route *route;
    struct error err = { 0 };
    size_t before = now;
    peak = now;
    if (route_find("sms-qmi", message, &push, &route, &err) == ERROR_NONE && route->read) {
        struct trigger t = { .kind = route->kind, .settings = settings_new() };
        (void)route->read(&push, &t, &err);
        settings_free(t.settings);
    }
    g_assert_cmpuint(now, <=, before + 256 * 1024); /* what libraries keep for the next time */
    return peak - before + sizeof(struct settings); /* pages of their own */
}

static void bounded(void)
{
    static const char *const parts[] = { "vectors", "bootstrap", "package0", "lwm2m_trigger" };
    size_t largest = 0, messages = 0;
    for (size_t p = 0; p < G_N_ELEMENTS(parts); p++) {
        json_t *index = vectors_index(p ? "index-dm.json" : "index-cp.json"), *v;
        size_t i;
        json_array_foreach(json_object_get(index, parts[p]), i, v) {
            struct octets pdu = vectors_file(vector_text(v, "pdu_file"));
            size_t octets = peak_of(octets_slice(&pdu));
            if (octets > PROV_ARENA + 1024 * 1024)
                g_error("%s: %zu octets", vector_text(v, "name"), octets);
            largest = MAX(largest, octets);
            messages++;
            octets_free(&pdu);
        }
        json_decref(index);
    }
    g_test_message("%zu messages, at most %zu KiB with the arena of %d KiB", messages, largest / 1024, PROV_ARENA / 1024);
    g_assert_cmpuint(messages, >=, 60);
    g_assert_cmpuint(largest, >, PROV_ARENA); /* the count counts */
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/memory/of one message is bounded", bounded);
    return g_test_run();
}
