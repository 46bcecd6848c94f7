/* SPDX-License-Identifier: Apache-2.0 */
/* Listens to the tree; one skeleton a node. The Manager stands at the root itself, beside the ObjectManager; the others below it. A property that the
 * XML does not know is a mistake of ours and ends the program. */
#include "bus/mirror.h"

#include <string.h>

#include "bus/agent-dbus.h"

struct mirror {
    GDBusConnection *connection;
    GDBusObjectManagerServer *manager;
    GHashTable *skeletons; /* path -> GDBusInterfaceSkeleton */
    struct tree *tree;
    mirror_attach_fn *attach;
    void *user;
};

static GDBusInterfaceSkeleton *skeleton_new(enum tree_kind kind)
{
    switch (kind) {
    case TREE_MANAGER:
        return G_DBUS_INTERFACE_SKELETON(agent_manager_skeleton_new());
    case TREE_MODEM:
        return G_DBUS_INTERFACE_SKELETON(agent_modem_skeleton_new());
    case TREE_SIM:
        return G_DBUS_INTERFACE_SKELETON(agent_sim_skeleton_new());
    case TREE_CONTEXT:
        return G_DBUS_INTERFACE_SKELETON(agent_context_skeleton_new());
    case TREE_MID:
        return G_DBUS_INTERFACE_SKELETON(agent_mid_skeleton_new());
    case TREE_BEARER:
        return G_DBUS_INTERFACE_SKELETON(agent_bearer_skeleton_new());
    case TREE_ACCOUNT:
        return G_DBUS_INTERFACE_SKELETON(agent_account_skeleton_new());
    case TREE_JOB:
        return G_DBUS_INTERFACE_SKELETON(agent_job_skeleton_new());
    case TREE_DEVICE:
        return G_DBUS_INTERFACE_SKELETON(agent_device_skeleton_new());
    case TREE_KINDS:
        break;
    }
    g_error("tree node of no kind");
}

/* "NapId" -> "nap-id", as gdbus-codegen names GObject properties. */
static char *property_name(const char *name)
{
    GString *out = g_string_new(NULL);
    for (const char *p = name; *p; p++) {
        if (g_ascii_isupper(*p) && p != name)
            g_string_append_c(out, '-');
        g_string_append_c(out, g_ascii_tolower(*p));
    }
    return g_string_free(out, FALSE);
}

static void number_into(GValue *v, uint64_t number)
{
    if (G_VALUE_HOLDS_UINT64(v))
        g_value_set_uint64(v, number);
    else if (G_VALUE_HOLDS_UINT(v))
        g_value_set_uint(v, (guint)number);
    else if (G_VALUE_HOLDS_UCHAR(v))
        g_value_set_uchar(v, (guchar)number);
    else
        g_error("a number does not fit the type %s", G_VALUE_TYPE_NAME(v));
}

static void set_property(GDBusInterfaceSkeleton *skeleton, const char *property, const struct tree_value *value)
{
    g_autofree char *name = property_name(property);
    GParamSpec *spec = g_object_class_find_property(G_OBJECT_GET_CLASS(skeleton), name);
    if (!spec)
        g_error("%s has no property %s", G_OBJECT_TYPE_NAME(skeleton), property);
    g_auto(GValue) v = G_VALUE_INIT;
    g_value_init(&v, spec->value_type);
    switch (value->type) {
    case TREE_TEXT:
        g_value_set_string(&v, value->text);
        break;
    case TREE_NUMBER:
        number_into(&v, value->number);
        break;
    case TREE_FLAG:
        g_value_set_boolean(&v, value->flag);
        break;
    case TREE_TEXTS:
        g_value_set_boxed(&v, value->texts);
        break;
    }
    g_object_set_property(G_OBJECT(skeleton), name, &v);
}

static void each_property(void *user, const char *property, const struct tree_value *value)
{
    set_property(user, property, value);
}

static void on_added(void *user, struct node *n)
{
    struct mirror *m = user;
    GDBusInterfaceSkeleton *skeleton = skeleton_new(node_kind(n));
    g_autoptr(GError) error = NULL;
    node_each(n, each_property, skeleton);
    m->attach(m->user, node_kind(n), skeleton, node_id(n));
    g_hash_table_insert(m->skeletons, g_strdup(node_path(n)), skeleton);
    if (node_kind(n) == TREE_MANAGER) {
        if (!g_dbus_interface_skeleton_export(skeleton, m->connection, BUS_ROOT, &error))
            g_warning("cannot export the manager: %s", error->message);
        return;
    }
    g_autoptr(GDBusObjectSkeleton) object = g_dbus_object_skeleton_new(node_path(n));
    g_dbus_object_skeleton_add_interface(object, skeleton);
    g_dbus_object_manager_server_export(m->manager, object);
}

static void on_removed(void *user, struct node *n)
{
    struct mirror *m = user;
    (void)g_dbus_object_manager_server_unexport(m->manager, node_path(n));
    g_hash_table_remove(m->skeletons, node_path(n));
}

static void on_changed(void *user, struct node *n, const char *property, const struct tree_value *value)
{
    struct mirror *m = user;
    GDBusInterfaceSkeleton *skeleton = g_hash_table_lookup(m->skeletons, node_path(n));
    if (skeleton)
        set_property(skeleton, property, value);
}

static void flush(gpointer key, gpointer value, gpointer user)
{
    (void)key;
    (void)user;
    g_dbus_interface_skeleton_flush(value);
}

static void on_signal(void *user, struct node *n, const char *name, const char *const *args, size_t count)
{
    struct mirror *m = user;
    g_autofree char *interface = g_strdup_printf(BUS_PREFIX ".%s", tree_kind_name(node_kind(n)));
    GVariant *values[8];
    g_return_if_fail(count <= G_N_ELEMENTS(values));
    g_hash_table_foreach(m->skeletons, flush, NULL); /* what changed before the signal, anywhere, is told before it */
    for (size_t i = 0; i < count; i++)
        values[i] = g_variant_new_string(args[i]);
    (void)g_dbus_connection_emit_signal(m->connection, NULL, node_path(n), interface, name, g_variant_new_tuple(values, count), NULL);
}

struct mirror *mirror_new(GDBusConnection *connection, struct tree *tree, mirror_attach_fn *attach, void *user)
{
    static const struct tree_listener listener = { on_added, on_removed, on_changed, on_signal };
    struct mirror *m = g_new0(struct mirror, 1);
    m->connection = g_object_ref(connection);
    m->manager = g_dbus_object_manager_server_new(BUS_ROOT);
    m->skeletons = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_object_unref);
    m->tree = tree;
    m->attach = attach;
    m->user = user;
    tree_listen(tree, &listener, m);
    g_dbus_object_manager_server_set_connection(m->manager, connection);
    return m;
}

void mirror_free(struct mirror *m)
{
    if (!m)
        return;
    tree_listen(m->tree, NULL, NULL);
    g_hash_table_foreach(m->skeletons, flush, NULL);
    g_dbus_object_manager_server_set_connection(m->manager, NULL); /* takes every object off the bus, without a signal each */
    g_dbus_interface_skeleton_unexport(g_hash_table_lookup(m->skeletons, BUS_ROOT));
    g_object_unref(m->manager);
    g_hash_table_unref(m->skeletons);
    g_object_unref(m->connection);
    g_free(m);
}
