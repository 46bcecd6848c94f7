/* SPDX-License-Identifier: Apache-2.0 */
/* Connection, name, log control, and the life of the mirror. */
#include "bus/bus.h"

#include <gio/gio.h>

#include "base/log.h"
#include "bus/log_control.h"
#include "bus/methods.h"
#include "bus/mirror.h"

struct bus {
    GDBusConnection *connection;
    struct mirror *mirror;
    struct bus_calls calls;
    guint name_id, log_control_id;
    gulong closed_id;
    void (*name)(void *user, bool owned);
    void *user;
    bool lost; /* told already: a closed connection is a lost name too */
};

static void on_acquired(GDBusConnection *connection, const char *name, gpointer user)
{
    struct bus *b = user;
    (void)connection;
    log_info("bus", "owns %s", name);
    b->lost = false;
    b->name(b->user, true);
}

static void on_lost(GDBusConnection *connection, const char *name, gpointer user)
{
    struct bus *b = user;
    (void)connection;
    (void)name;
    if (!b->lost)
        b->name(b->user, false);
    b->lost = true;
}

static void on_closed(GDBusConnection *connection, gboolean vanished, GError *error, gpointer user)
{
    (void)vanished;
    (void)error;
    on_lost(connection, BUS_PREFIX, user);
}

struct bus *bus_new(struct tree *tree, const struct bus_calls *calls, void (*name)(void *user, bool owned), void *user, struct error *err)
{
    g_autoptr(GError) error = NULL;
    GDBusConnection *connection = g_bus_get_sync(G_BUS_TYPE_SYSTEM, NULL, &error);
    if (!connection) {
        error_set(err, ERROR_CONNECT, "system bus: %s", error->message);
        return NULL;
    }
    struct bus *b = g_new0(struct bus, 1);
    b->connection = connection;
    b->calls = *calls;
    b->name = name;
    b->user = user;
    g_dbus_connection_set_exit_on_close(connection, FALSE);
    b->closed_id = g_signal_connect(connection, "closed", G_CALLBACK(on_closed), b);
    b->mirror = mirror_new(connection, tree, methods_attach, &b->calls);
    b->log_control_id = log_control_export(connection);
    b->name_id = g_bus_own_name_on_connection(connection, BUS_PREFIX, G_BUS_NAME_OWNER_FLAGS_DO_NOT_QUEUE, on_acquired, on_lost, b, NULL);
    return b;
}

void bus_free(struct bus *b)
{
    if (!b)
        return;
    g_bus_unown_name(b->name_id);
    g_signal_handler_disconnect(b->connection, b->closed_id);
    mirror_free(b->mirror);
    if (b->log_control_id)
        (void)g_dbus_connection_unregister_object(b->connection, b->log_control_id);
    (void)g_dbus_connection_flush_sync(b->connection, NULL, NULL);
    g_object_unref(b->connection);
    g_free(b);
}
