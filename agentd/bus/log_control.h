/* SPDX-License-Identifier: Apache-2.0 */
/* org.freedesktop.LogControl1 at /org/freedesktop/LogControl1: level and target of this program's log, read live, set only to what there is. */
#ifndef BUS_LOG_CONTROL_H
#define BUS_LOG_CONTROL_H

#include <gio/gio.h>

/* The registration, for g_dbus_connection_unregister_object; 0 after a warning. */
guint log_control_export(GDBusConnection *connection);

#endif
