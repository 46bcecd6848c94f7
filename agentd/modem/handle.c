/* SPDX-License-Identifier: Apache-2.0 */
/* One table of live objects; owns the numbers, never the objects. */
#include "modem/handle.h"

static GHashTable *objects;
static guint last;

gpointer handle_new(void *object)
{
    if (!objects)
        objects = g_hash_table_new(NULL, NULL);
    gpointer handle = GUINT_TO_POINTER(++last);
    g_hash_table_insert(objects, handle, object);
    return handle;
}

void *handle_get(gpointer handle)
{
    return objects ? g_hash_table_lookup(objects, handle) : NULL;
}

void handle_drop(gpointer handle)
{
    if (objects)
        g_hash_table_remove(objects, handle);
}
