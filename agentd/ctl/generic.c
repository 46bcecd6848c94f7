/* SPDX-License-Identifier: Apache-2.0 */
/* get, set, call: any property and method of the agent by its name, typed by the daemon's own introspection. For systems without busctl, and for what
 * has no verb of its own. */
#include <gio/gunixfdlist.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "ctl/input.h"
#include "ctl/verbs.h"

#define PROPERTIES "org.freedesktop.DBus.Properties"

/* "manager", "log", "job/7" or a whole path; g_free. */
static char *object_path(const char *text)
{
    if (strcmp(text, "manager") == 0)
        return g_strdup(CTL_ROOT);
    if (strcmp(text, "log") == 0)
        return g_strdup("/org/freedesktop/LogControl1");
    return text[0] == '/' ? g_strdup(text) : g_strdup_printf(CTL_ROOT "/%s", text);
}

static GVariant *call_at(struct ctl *c, const char *path, const char *interface, const char *method, GVariant *args, GUnixFDList *fds, int *code)
{
    GError *error = NULL;
    GVariant *v = g_dbus_connection_call_with_unix_fd_list_sync(c->bus, CTL_NAME, path, interface, method, args, NULL, G_DBUS_CALL_FLAGS_NO_AUTO_START, -1,
                                                                fds, NULL, NULL, &error);
    if (!v)
        *code = ctl_fail_error(error);
    return v;
}

/* What the object says of itself; NULL after having said why. */
static GDBusNodeInfo *introspect(struct ctl *c, const char *path, int *code)
{
    const char *xml;
    *code = CTL_NO_DAEMON;
    if (!ctl_connect(c))
        return NULL;
    if (!g_variant_is_object_path(path)) {
        *code = ctl_fail(CTL_USAGE, "agentctl list shows what exists", "%s is no object", path);
        return NULL;
    }
    g_autoptr(GVariant) v = call_at(c, path, "org.freedesktop.DBus.Introspectable", "Introspect", NULL, NULL, code);
    if (!v)
        return NULL;
    g_variant_get(v, "(&s)", &xml);
    GDBusNodeInfo *info = g_dbus_node_info_new_for_xml(xml, NULL);
    if (info && info->interfaces[0])
        return info;
    g_clear_pointer(&info, g_dbus_node_info_unref);
    *code = ctl_fail(CTL_NOT_FOUND, "agentctl list shows what exists", "no object %s", ctl_relative(path));
    return NULL;
}

static GDBusInterfaceInfo *interface_with(GDBusNodeInfo *node, const char *property, const char *method)
{
    for (GDBusInterfaceInfo **i = node->interfaces; *i; i++) {
        if (g_str_has_prefix((*i)->name, "org.freedesktop.DBus."))
            continue;
        if (property ? g_dbus_interface_info_lookup_property(*i, property) != NULL : !method || g_dbus_interface_info_lookup_method(*i, method))
            return *i;
    }
    return NULL;
}

static void print_value(struct ctl *c, const char *name, GVariant *value)
{
    if (c->json) {
        ctl_print_json(json_pack("{s:o}", name, ctl_json(value)));
        return;
    }
    ctl_print_variant(value);
    (void)putchar('\n');
}

int verb_get(struct ctl *c, int argc, char **argv)
{
    int code;
    if (argc != 2)
        return ctl_fail(CTL_USAGE, "agentctl get OBJECT PROPERTY, e.g. agentctl get manager State", "get takes an object and a property");
    g_autofree char *path = object_path(argv[0]);
    g_autoptr(GDBusNodeInfo) node = introspect(c, path, &code);
    if (!node)
        return code;
    GDBusInterfaceInfo *interface = interface_with(node, argv[1], NULL);
    if (!interface)
        return ctl_fail(CTL_NOT_FOUND, "agentctl show lists them", "%s has no property %s", argv[0], argv[1]);
    g_autoptr(GVariant) v = call_at(c, path, PROPERTIES, "Get", g_variant_new("(ss)", interface->name, argv[1]), NULL, &code);
    if (!v)
        return code;
    g_autoptr(GVariant) boxed = g_variant_get_child_value(v, 0), value = g_variant_get_variant(boxed);
    print_value(c, argv[1], value);
    return CTL_OK;
}

/* Text to a value of that signature: strings as they are, a handle as "@FILE", the rest in GVariant's text form. NULL after having said why. */
static GVariant *value_from(const char *signature, const char *text, GUnixFDList *fds)
{
    g_autoptr(GError) error = NULL;
    if (strcmp(signature, "s") == 0 && g_utf8_validate(text, -1, NULL))
        return g_variant_new_string(text);
    if (strcmp(signature, "o") == 0 && g_variant_is_object_path(text))
        return g_variant_new_object_path(text);
    if (strcmp(signature, "h") == 0 && text[0] == '@' && fds) {
        int fd = input_document(&text[1]);
        int index = fd < 0 ? -1 : g_unix_fd_list_append(fds, fd, NULL); /* a copy of its own */
        if (fd >= 0)
            close(fd);
        return index < 0 ? NULL : g_variant_new_handle(index);
    }
    GVariant *v = strchr("soh", signature[0]) ? NULL : g_variant_parse(G_VARIANT_TYPE(signature), text, NULL, NULL, &error);
    if (!v)
        ctl_fail(CTL_USAGE, strcmp(signature, "h") == 0 ? "write @FILE for a file descriptor" : "", "%s is no value of type %s", text, signature);
    return v;
}

int verb_set(struct ctl *c, int argc, char **argv)
{
    int code;
    if (argc != 3)
        return ctl_fail(CTL_USAGE, "agentctl set OBJECT PROPERTY VALUE, e.g. agentctl set log LogLevel debug", "set takes object, property and value");
    g_autofree char *path = object_path(argv[0]);
    g_autoptr(GDBusNodeInfo) node = introspect(c, path, &code);
    if (!node)
        return code;
    GDBusInterfaceInfo *interface = interface_with(node, argv[1], NULL);
    if (!interface)
        return ctl_fail(CTL_NOT_FOUND, "agentctl show lists them", "%s has no property %s", argv[0], argv[1]);
    GVariant *value = value_from(g_dbus_interface_info_lookup_property(interface, argv[1])->signature, argv[2], NULL);
    if (!value)
        return CTL_USAGE;
    g_autoptr(GVariant) v = call_at(c, path, PROPERTIES, "Set", g_variant_new("(ssv)", interface->name, argv[1], value), NULL, &code);
    return v ? CTL_OK : code;
}

static GVariant *arguments_from(const GDBusMethodInfo *method, int argc, char **argv, GUnixFDList *fds)
{
    int wanted = 0;
    g_auto(GVariantBuilder) tuple;
    g_variant_builder_init(&tuple, G_VARIANT_TYPE_TUPLE);
    for (GDBusArgInfo **a = method->in_args; a && *a; a++, wanted++) {
        GVariant *v = wanted < argc ? value_from((*a)->signature, argv[wanted], fds) : NULL;
        if (!v)
            return wanted < argc ? NULL : (ctl_fail(CTL_USAGE, "", "%s needs the argument %s (%s)", method->name, (*a)->name, (*a)->signature), NULL);
        g_variant_builder_add_value(&tuple, v);
    }
    if (wanted == argc)
        return g_variant_builder_end(&tuple);
    ctl_fail(CTL_USAGE, "", "%s takes %d arguments", method->name, wanted);
    return NULL;
}

int verb_call(struct ctl *c, int argc, char **argv)
{
    int code;
    if (argc < 2)
        return ctl_fail(CTL_USAGE, "agentctl call OBJECT METHOD [ARGUMENT]..., e.g. agentctl call job/7 Cancel", "call takes an object and a method");
    g_autofree char *path = object_path(argv[0]);
    g_autoptr(GDBusNodeInfo) node = introspect(c, path, &code);
    if (!node)
        return code;
    GDBusInterfaceInfo *interface = interface_with(node, NULL, argv[1]);
    if (!interface)
        return ctl_fail(CTL_NOT_FOUND, "see org.gatewayagent.Agent1(5)", "%s has no method %s", argv[0], argv[1]);
    g_autoptr(GUnixFDList) fds = g_unix_fd_list_new();
    GVariant *args = arguments_from(g_dbus_interface_info_lookup_method(interface, argv[1]), argc - 2, &argv[2], fds);
    if (!args)
        return CTL_USAGE;
    g_autoptr(GVariant) v = call_at(c, path, interface->name, argv[1], args, fds, &code);
    if (!v)
        return code;
    if (c->json) {
        ctl_print_json(json_pack("{s:o}", "result", ctl_json(v)));
    } else if (g_variant_n_children(v)) {
        g_autoptr(GVariant) first = g_variant_get_child_value(v, 0);
        print_value(c, "result", first);
    }
    return CTL_OK;
}
