/* SPDX-License-Identifier: Apache-2.0 */
/* One question a call: to polkit, else for the caller's uid to the bus. Must never let a call pass because somebody did not answer. */
#include "bus/authority.h"

#define AUTHORITY "org.freedesktop.PolicyKit1"

enum { MAY_ASK_A_PERSON = 1, NO_LIMIT = G_MAXINT };

struct question {
    GDBusMethodInvocation *invocation;
    char *action;
    authority_fn *fn;
    void *user;
};

static void answer(struct question *q, gboolean may)
{
    struct error e = { 0 };
    if (!may)
        error_set(&e, ERROR_DENIED, "the caller is not authorised for %s: by polkit, or as root where there is none", q->action);
    q->fn(q->user, &e);
    g_free(q->action);
    g_free(q);
}

static void on_uid(GObject *bus, GAsyncResult *result, gpointer user)
{
    g_autoptr(GVariant) reply = g_dbus_connection_call_finish(G_DBUS_CONNECTION(bus), result, NULL);
    guint32 uid = G_MAXUINT32;
    if (reply)
        g_variant_get(reply, "(u)", &uid);
    answer(user, uid == 0);
}

static void on_authority(GObject *bus, GAsyncResult *result, gpointer user)
{
    struct question *q = user;
    gboolean may = FALSE;
    g_autoptr(GVariant) reply = g_dbus_connection_call_finish(G_DBUS_CONNECTION(bus), result, NULL);
    if (reply) {
        g_variant_get(reply, "((bb@a{ss}))", &may, NULL, NULL);
        answer(q, may);
        return;
    }
    g_dbus_connection_call(G_DBUS_CONNECTION(bus), "org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus", "GetConnectionUnixUser",
                           g_variant_new("(s)", g_dbus_method_invocation_get_sender(q->invocation)), G_VARIANT_TYPE("(u)"), G_DBUS_CALL_FLAGS_NONE, -1, NULL, on_uid, q);
}

void authority_ask(GDBusMethodInvocation *invocation, const char *action, authority_fn *fn, void *user)
{
    struct question *q = g_new0(struct question, 1);
    *q = (struct question){ .invocation = invocation, .action = g_strdup(action), .fn = fn, .user = user };
    GVariantBuilder subject;
    g_variant_builder_init(&subject, G_VARIANT_TYPE_VARDICT);
    g_variant_builder_add(&subject, "{sv}", "name", g_variant_new_string(g_dbus_method_invocation_get_sender(invocation)));
    GVariant *arguments = g_variant_new("((sa{sv})sa{ss}us)", "system-bus-name", &subject, action, NULL, MAY_ASK_A_PERSON, "");
    g_dbus_connection_call(g_dbus_method_invocation_get_connection(invocation), AUTHORITY, "/org/freedesktop/PolicyKit1/Authority", AUTHORITY ".Authority", "CheckAuthorization",
                           arguments, G_VARIANT_TYPE("((bba{ss}))"), G_DBUS_CALL_FLAGS_NONE, NO_LIMIT, NULL, on_authority, q);
}
