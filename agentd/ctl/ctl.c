/* SPDX-License-Identifier: Apache-2.0 */
/* Connection and reading; no state but struct ctl. */
#include "ctl/ctl.h"

#include <stdio.h>
#include <string.h>

#include "base/error.h"

enum { CALL_MS = 20000 };

int ctl_fail(int code, const char *hint, const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    g_autofree char *text = g_strdup_vprintf(format, ap);
    va_end(ap);
    fprintf(stderr, "agentctl: %s\n", text);
    if (hint && hint[0])
        fprintf(stderr, "hint: %s\n", hint);
    return code;
}

int ctl_no_daemon(void)
{
    return ctl_fail(CTL_NO_DAEMON, "systemctl start gateway-agent", "agentd is not running");
}

static bool is_absent(const GError *error)
{
    return g_error_matches(error, G_DBUS_ERROR, G_DBUS_ERROR_UNKNOWN_OBJECT) || g_error_matches(error, G_DBUS_ERROR, G_DBUS_ERROR_UNKNOWN_METHOD) ||
           g_error_matches(error, G_DBUS_ERROR, G_DBUS_ERROR_UNKNOWN_INTERFACE);
}

/* An error of ours: "text; hint", where the hint is the one of the error table, or else what follows the first semicolon. */
static int fail_ours(const char *name, char *message)
{
    enum error_code error = error_from_name(name);
    g_autofree char *tail = g_strconcat("; ", error_hint(error), NULL);
    char *split = g_str_has_suffix(message, tail) ? message + strlen(message) - strlen(tail) : strstr(message, "; ");
    if (split) {
        *split = '\0';
        split += 2;
    }
    return ctl_fail(error == ERROR_NOT_FOUND ? CTL_NOT_FOUND : CTL_FAILED, split, "%s", message);
}

int ctl_fail_error(GError *error)
{
    int code;
    g_autofree char *name = g_dbus_error_is_remote_error(error) ? g_dbus_error_get_remote_error(error) : NULL;
    (void)g_dbus_error_strip_remote_error(error);
    if (name && g_str_has_prefix(name, CTL_NAME ".Error."))
        code = fail_ours(name + strlen(CTL_NAME ".Error."), error->message);
    else if (g_error_matches(error, G_DBUS_ERROR, G_DBUS_ERROR_SERVICE_UNKNOWN) || g_error_matches(error, G_DBUS_ERROR, G_DBUS_ERROR_NAME_HAS_NO_OWNER))
        code = ctl_no_daemon();
    else if (g_error_matches(error, G_IO_ERROR, G_IO_ERROR_CLOSED) || g_error_matches(error, G_DBUS_ERROR, G_DBUS_ERROR_NO_REPLY))
        code = ctl_fail(CTL_NO_DAEMON, "see its log: journalctl -u gateway-agent, or logread", "agentd went away");
    else if (g_error_matches(error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT) || g_error_matches(error, G_DBUS_ERROR, G_DBUS_ERROR_TIMEOUT))
        code = ctl_fail(CTL_TIMEOUT, "see its log: journalctl -u gateway-agent, or logread", "agentd does not answer");
    else if (is_absent(error))
        code = ctl_fail(CTL_NOT_FOUND, "agentctl list shows what exists", "no such object");
    else if (g_error_matches(error, G_DBUS_ERROR, G_DBUS_ERROR_ACCESS_DENIED))
        code = ctl_fail(CTL_FAILED, "run it as root or as a member of the group gateway-agent", "access denied");
    else
        code = ctl_fail(CTL_FAILED, "", "%s", error->message);
    g_error_free(error);
    return code;
}

bool ctl_connect(struct ctl *c)
{
    GError *error = NULL;
    if (c->bus)
        return true;
    c->bus = g_bus_get_sync(G_BUS_TYPE_SYSTEM, NULL, &error);
    if (!c->bus)
        ctl_fail(CTL_NO_DAEMON, "start dbus-daemon, or set DBUS_SYSTEM_BUS_ADDRESS", "no system bus: %s", error->message);
    g_clear_error(&error);
    return c->bus != NULL;
}

static GVariant *call(struct ctl *c, const char *path, const char *interface, const char *method, GVariant *args, GUnixFDList *fds, GError **error)
{
    return g_dbus_connection_call_with_unix_fd_list_sync(c->bus, CTL_NAME, path, interface, method, args, NULL, G_DBUS_CALL_FLAGS_NO_AUTO_START, CALL_MS,
                                                         fds, NULL, NULL, error);
}

GVariant *ctl_call(struct ctl *c, const char *path, const char *interface, const char *method, GVariant *args, GUnixFDList *fds, GError **error)
{
    g_autofree char *full = g_strdup_printf(CTL_NAME ".%s", interface);
    return call(c, path, full, method, args, fds, error);
}

static GVariant *first_of(GVariant *tuple, GError *error, int *code)
{
    if (!tuple) {
        *code = ctl_fail_error(error);
        return NULL;
    }
    GVariant *child = g_variant_get_child_value(tuple, 0);
    g_variant_unref(tuple);
    return child;
}

GVariant *ctl_objects(struct ctl *c, int *code)
{
    GError *error = NULL;
    *code = CTL_NO_DAEMON;
    if (!ctl_connect(c))
        return NULL;
    GVariant *v = call(c, CTL_ROOT, "org.freedesktop.DBus.ObjectManager", "GetManagedObjects", NULL, NULL, &error);
    return first_of(v, error, code);
}

GVariant *ctl_manager(struct ctl *c, int *code)
{
    GError *error = NULL;
    *code = CTL_NO_DAEMON;
    if (!ctl_connect(c))
        return NULL;
    GVariant *v = call(c, CTL_ROOT, "org.freedesktop.DBus.Properties", "GetAll", g_variant_new("(s)", CTL_NAME ".Manager"), NULL, &error);
    return first_of(v, error, code);
}

static int by_path(gconstpointer a, gconstpointer b)
{
    return g_strcmp0(*(const char *const *)a, *(const char *const *)b);
}

void ctl_each(GVariant *objects, const char *kind, ctl_each_fn *fn, void *user)
{
    GVariantIter iter;
    const char *path;
    GVariant *interfaces;
    g_autoptr(GPtrArray) paths = g_ptr_array_new();
    g_variant_iter_init(&iter, objects);
    while (g_variant_iter_next(&iter, "{&o@a{sa{sv}}}", &path, &interfaces)) {
        g_ptr_array_add(paths, (gpointer)path);
        g_variant_unref(interfaces);
    }
    g_ptr_array_sort(paths, by_path);
    for (guint i = 0; i < paths->len; i++) {
        GVariantIter inner;
        const char *interface;
        GVariant *properties;
        g_autoptr(GVariant) all = g_variant_lookup_value(objects, paths->pdata[i], NULL);
        g_variant_iter_init(&inner, all);
        while (g_variant_iter_next(&inner, "{&s@a{sv}}", &interface, &properties)) {
            const char *name = g_str_has_prefix(interface, CTL_NAME ".") ? interface + strlen(CTL_NAME ".") : "";
            if (name[0] && (!kind[0] || g_ascii_strcasecmp(kind, name) == 0))
                fn(user, (const char *)paths->pdata[i] + strlen(CTL_ROOT "/"), name, properties);
            g_variant_unref(properties);
        }
    }
}

char *ctl_path(const char *kind, const char *text)
{
    if (text[0] == '/')
        return g_strdup(text);
    if (strchr(text, '/'))
        return g_strdup_printf(CTL_ROOT "/%s", text);
    GString *out = g_string_new(CTL_ROOT "/");
    g_autofree char *folder = g_ascii_strdown(kind, -1);
    g_string_append_printf(out, "%s/", folder);
    for (const unsigned char *p = (const unsigned char *)text; *p; p++) /* the agent's own escaping of object names */
        g_string_append_printf(out, g_ascii_isalnum(*p) ? "%c" : "_%02x", *p);
    return g_string_free(out, FALSE);
}

const char *ctl_relative(const char *path)
{
    return g_str_has_prefix(path, CTL_ROOT "/") ? path + strlen(CTL_ROOT "/") : path;
}

const char *ctl_text(GVariant *properties, const char *name)
{
    g_autoptr(GVariant) v = g_variant_lookup_value(properties, name, NULL);
    if (!v || !(g_variant_is_of_type(v, G_VARIANT_TYPE_STRING) || g_variant_is_of_type(v, G_VARIANT_TYPE_OBJECT_PATH)))
        return "";
    return g_intern_string(g_variant_get_string(v, NULL)); /* v is ours alone; the texts of one short run are few */
}

guint64 ctl_number(GVariant *properties, const char *name)
{
    g_autoptr(GVariant) v = g_variant_lookup_value(properties, name, NULL);
    if (!v)
        return 0;
    if (g_variant_is_of_type(v, G_VARIANT_TYPE_UINT64))
        return g_variant_get_uint64(v);
    if (g_variant_is_of_type(v, G_VARIANT_TYPE_UINT32))
        return g_variant_get_uint32(v);
    return g_variant_is_of_type(v, G_VARIANT_TYPE_BYTE) ? g_variant_get_byte(v) : 0;
}

bool ctl_flag(GVariant *properties, const char *name)
{
    gboolean flag = FALSE;
    (void)g_variant_lookup(properties, name, "b", &flag);
    return flag;
}

char *ctl_texts(GVariant *properties, const char *name)
{
    g_autoptr(GVariant) v = g_variant_lookup_value(properties, name, G_VARIANT_TYPE_STRING_ARRAY);
    g_autofree const char **list = v ? g_variant_get_strv(v, NULL) : NULL;
    return list ? g_strjoinv(" ", (char **)list) : g_strdup("");
}

char *ctl_time(guint64 microseconds)
{
    if (!microseconds)
        return g_strdup("-");
    g_autoptr(GDateTime) t = g_date_time_new_from_unix_local((gint64)(microseconds / G_USEC_PER_SEC));
    return t ? g_date_time_format(t, "%Y-%m-%d %H:%M:%S") : g_strdup("-");
}
