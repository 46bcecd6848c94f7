/* SPDX-License-Identifier: Apache-2.0 */
/* The interface of org.freedesktop.LogControl1(5), over base/log. Registered by hand and not by a skeleton: a skeleton keeps a copy of each value and
 * takes any text; here a value is what the log really does, and a wrong one is refused. */
#include "bus/log_control.h"

#include <string.h>

#include "base/log.h"
#include "bus/agent-dbus.h"

#define SYSLOG_NAME "agentd"

/* Names of the targets in LogControl1. */
static const char *const targets[] = { [LOG_TARGET_STDERR] = "console", [LOG_TARGET_SYSLOG] = "syslog" };

static GVariant *on_get(GDBusConnection *connection, const char *sender, const char *path, const char *interface, const char *property, GError **error,
                        gpointer user)
{
    (void)connection, (void)sender, (void)path, (void)interface, (void)error, (void)user;
    if (strcmp(property, "LogLevel") == 0)
        return g_variant_new_string(log_level_name(log_get_level()));
    if (strcmp(property, "LogTarget") == 0)
        return g_variant_new_string(targets[log_get_target()]);
    return g_variant_new_string(SYSLOG_NAME);
}

static bool set_target(const char *text)
{
    for (size_t i = 0; i < G_N_ELEMENTS(targets); i++)
        if (strcmp(targets[i], text) == 0) {
            log_set(log_get_level(), (enum log_target)i, SYSLOG_NAME);
            return true;
        }
    return false;
}

static bool set_level(const char *text)
{
    enum log_level level;
    bool known = log_level_from_name(text, &level);
    if (known)
        log_set_level(level);
    return known;
}

static gboolean on_set(GDBusConnection *connection, const char *sender, const char *path, const char *interface, const char *property, GVariant *value,
                       GError **error, gpointer user)
{
    (void)connection, (void)sender, (void)path, (void)interface, (void)user;
    const char *text = g_variant_get_string(value, NULL);
    bool level = strcmp(property, "LogLevel") == 0;
    if (level ? set_level(text) : set_target(text))
        return TRUE;
    g_set_error(error, G_DBUS_ERROR, G_DBUS_ERROR_INVALID_ARGS, "%s takes %s", property, level ? "err, warning, notice, info or debug" : "console or syslog");
    return FALSE;
}

guint log_control_export(GDBusConnection *connection)
{
    static const GDBusInterfaceVTable table = { .get_property = on_get, .set_property = on_set };
    g_autoptr(GError) error = NULL;
    guint id = g_dbus_connection_register_object(connection, "/org/freedesktop/LogControl1", agent_org_freedesktop_log_control1_interface_info(), &table,
                                                 NULL, NULL, &error);
    if (!id)
        log_warning("bus", "no log control: %s", error->message);
    return id;
}
