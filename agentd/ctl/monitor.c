/* SPDX-License-Identifier: Apache-2.0 */
/* monitor: what changes, as it changes; a line a property for people, an object a line for programs. One subscription on the agent's name.
 * Ends with the agent, or by a signal. */
#include <glib-unix.h>
#include <stdio.h>
#include <string.h>

#include "ctl/verbs.h"

struct monitor {
    struct ctl *ctl;
    GMainLoop *loop;
    int code;
};

/* Takes line; path relative to the root. */
static void print_line(const char *path, const char *event, json_t *line)
{
    (void)json_object_set_new(line, "schema", json_integer(1));
    (void)json_object_set_new(line, "path", json_string(path));
    (void)json_object_set_new(line, "event", json_string(event));
    (void)json_dumpf(line, stdout, JSON_COMPACT | JSON_SORT_KEYS);
    (void)putchar('\n');
    json_decref(line);
}

static const char *relative(const char *path)
{
    return g_str_has_prefix(path, CTL_ROOT "/") ? path + strlen(CTL_ROOT "/") : "manager";
}

static void on_changed(struct monitor *m, const char *path, GVariant *args)
{
    GVariantIter iter;
    const char *name;
    GVariant *value;
    g_autoptr(GVariant) changed = g_variant_get_child_value(args, 1);
    if (m->ctl->json) {
        print_line(path, "changed", json_pack("{s:o}", "properties", ctl_json(changed)));
        return;
    }
    g_variant_iter_init(&iter, changed);
    while (g_variant_iter_next(&iter, "{&sv}", &name, &value)) {
        printf("%s  %s: ", path, name);
        ctl_print_variant(value);
        (void)putchar('\n');
        g_variant_unref(value);
    }
}

static void on_added(struct monitor *m, GVariant *args)
{
    const char *path, *interface;
    g_autoptr(GVariantIter) interfaces = NULL;
    GVariant *properties;
    g_variant_get(args, "(&oa{sa{sv}})", &path, &interfaces);
    while (g_variant_iter_next(interfaces, "{&s@a{sv}}", &interface, &properties)) {
        if (m->ctl->json)
            print_line(relative(path), "added", json_pack("{s:o}", "properties", ctl_json(properties)));
        else
            printf("%s  added %s\n", relative(path), ctl_text(properties, "State"));
        g_variant_unref(properties);
    }
}

static void on_removed(struct monitor *m, GVariant *args)
{
    const char *path;
    g_variant_get_child(args, 0, "&o", &path);
    if (m->ctl->json)
        print_line(relative(path), "removed", json_object());
    else
        printf("%s  removed\n", relative(path));
}

static void on_other(struct monitor *m, const char *path, const char *name, GVariant *args)
{
    if (m->ctl->json) {
        print_line(path, "signal", json_pack("{s:s,s:o}", "signal", name, "arguments", ctl_json(args)));
        return;
    }
    printf("%s  %s", path, name);
    for (gsize i = 0; i < g_variant_n_children(args); i++) {
        g_autoptr(GVariant) value = g_variant_get_child_value(args, i);
        printf("%s", i ? ", " : ": ");
        ctl_print_variant(value);
    }
    (void)putchar('\n');
}

static void on_signal(GDBusConnection *bus, const char *sender, const char *path, const char *interface, const char *name, GVariant *args, gpointer user)
{
    struct monitor *m = user;
    (void)bus, (void)sender, (void)interface;
    if (strcmp(name, "PropertiesChanged") == 0)
        on_changed(m, relative(path), args);
    else if (strcmp(name, "InterfacesAdded") == 0)
        on_added(m, args);
    else if (strcmp(name, "InterfacesRemoved") == 0)
        on_removed(m, args);
    else
        on_other(m, relative(path), name, args);
    if (fflush(stdout) != 0)
        g_main_loop_quit(m->loop); /* nobody reads any more */
}

static gboolean on_interrupt(gpointer user)
{
    g_main_loop_quit(((struct monitor *)user)->loop);
    return G_SOURCE_CONTINUE;
}

static void on_vanished(GDBusConnection *bus, const char *name, gpointer user)
{
    struct monitor *m = user;
    (void)bus, (void)name;
    m->code = ctl_no_daemon();
    g_main_loop_quit(m->loop);
}

int verb_monitor(struct ctl *c, int argc, char **argv)
{
    (void)argv;
    if (argc)
        return ctl_fail(CTL_USAGE, "agentctl monitor [--json]", "monitor takes no argument");
    if (!ctl_connect(c))
        return CTL_NO_DAEMON;
    struct monitor m = { c, g_main_loop_new(NULL, FALSE), CTL_OK };
    guint signals = g_dbus_connection_signal_subscribe(c->bus, CTL_NAME, NULL, NULL, NULL, NULL, G_DBUS_SIGNAL_FLAGS_NONE, on_signal, &m, NULL);
    guint watch = g_bus_watch_name_on_connection(c->bus, CTL_NAME, G_BUS_NAME_WATCHER_FLAGS_NONE, NULL, on_vanished, &m, NULL);
    guint interrupt = g_unix_signal_add(SIGINT, on_interrupt, &m), terminate = g_unix_signal_add(SIGTERM, on_interrupt, &m);
    g_main_loop_run(m.loop);
    g_source_remove(interrupt);
    g_source_remove(terminate);
    g_bus_unwatch_name(watch);
    g_dbus_connection_signal_unsubscribe(c->bus, signals);
    g_main_loop_unref(m.loop);
    return m.code;
}
