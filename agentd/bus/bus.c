/* SPDX-License-Identifier: Apache-2.0 */
/* Connection, name, log control, and the life of the mirror. */
#include "bus/bus.h"

#include <gio/gio.h>

#include "base/log.h"
#include "bus/agent-dbus.h"
#include "bus/methods.h"
#include "bus/mirror.h"

struct bus {
    GDBusConnection *connection;
    struct mirror *mirror;
    struct bus_calls calls;
    AgentOrgFreedesktopLogControl1 *log_control;
    guint name_id;
    gulong closed_id;
    void (*name)(void *user, bool owned);
    void *user;
};

static void on_acquired(GDBusConnection *connection, const char *name, gpointer user)
{
    struct bus *b = user;
    (void)connection;
    log_info("bus", "owns %s", name);
    b->name(b->user, true);
}

static void on_lost(GDBusConnection *connection, const char *name, gpointer user)
{
    struct bus *b = user;
    (void)connection;
    (void)name;
    b->name(b->user, false);
}

static void on_closed(GDBusConnection *connection, gboolean vanished, GError *error, gpointer user)
{
    (void)vanished;
    (void)error;
    on_lost(connection, BUS_PREFIX, user);
}

/* --- org.freedesktop.LogControl1 --- */

static void on_level(AgentOrgFreedesktopLogControl1 *o, GParamSpec *spec, gpointer user)
{
    enum log_level level;
    (void)spec;
    (void)user;
    if (log_level_from_name(agent_org_freedesktop_log_control1_get_log_level(o), &level))
        log_set_level(level);
    else
        agent_org_freedesktop_log_control1_set_log_level(o, log_level_name(log_get_level())); /* as it was */
}

static void on_target(AgentOrgFreedesktopLogControl1 *o, GParamSpec *spec, gpointer user)
{
    (void)spec;
    (void)user;
    bool syslog = g_strcmp0(agent_org_freedesktop_log_control1_get_log_target(o), "syslog") == 0;
    log_set(log_get_level(), syslog ? LOG_TARGET_SYSLOG : LOG_TARGET_STDERR, "agentd");
}

static void export_log_control(struct bus *b)
{
    b->log_control = agent_org_freedesktop_log_control1_skeleton_new();
    g_object_set(b->log_control, "log-level", log_level_name(log_get_level()), "log-target", "console", "syslog-identifier", "agentd", NULL);
    g_signal_connect(b->log_control, "notify::log-level", G_CALLBACK(on_level), NULL);
    g_signal_connect(b->log_control, "notify::log-target", G_CALLBACK(on_target), NULL);
    (void)g_dbus_interface_skeleton_export(G_DBUS_INTERFACE_SKELETON(b->log_control), b->connection, "/org/freedesktop/LogControl1", NULL);
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
    export_log_control(b);
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
    g_dbus_interface_skeleton_unexport(G_DBUS_INTERFACE_SKELETON(b->log_control));
    g_object_unref(b->log_control);
    (void)g_dbus_connection_flush_sync(b->connection, NULL, NULL);
    g_object_unref(b->connection);
    g_free(b);
}
