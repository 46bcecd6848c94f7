/* SPDX-License-Identifier: Apache-2.0 */
/* The client of Avahi: one ServiceBrowser while Avahi is there, one ResolveService at a time. Signals are taken from the unique name that owns
 * org.freedesktop.Avahi alone, and are subscribed to before the browser exists, so that none is missed. */
#include "net/discovery.h"

#include <gio/gio.h>
#include <string.h>

#include "base/log.h"
#include "base/text.h"

#define AVAHI "org.freedesktop.Avahi"
#define SERVER AVAHI ".Server"
#define BROWSER AVAHI ".ServiceBrowser"
#define DOMAIN "local"

enum { ANY = -1, IPV4 = 0, IPV6 = 1, NAME_CAP = 64, RESOLVE_MS = 10000 }; /* protocol numbers of Avahi; a label of DNS has at most 63 octets */

struct service_name {
    char name[NAME_CAP];
    unsigned seen[2]; /* on so many interfaces, by IPv4 and IPv6 */
};

struct discovery {
    char type[64];
    discovery_changed_fn *changed;
    void *user;
    guint watch, signals;
    GDBusConnection *bus;      /* while Avahi is there */
    char *owner;
    GCancellable *browsing, *resolving;
    struct service_name service[DISCOVERY_MAX];
    size_t count;
    bool full; /* said so */
    discovery_found_fn *found;
    void *found_user;
    char asked[NAME_CAP];
    int protocol;
    bool again; /* the other protocol is left */
};

/* --- what is there --- */

static void service_add(struct discovery *d, const char *name, int protocol)
{
    for (size_t i = 0; i < d->count; i++)
        if (strcmp(d->service[i].name, name) == 0) {
            d->service[i].seen[protocol]++;
            return;
        }
    if (d->count == DISCOVERY_MAX || !text_copy(d->service[d->count].name, NAME_CAP, name)) {
        if (!d->full)
            log_warning("lan", "more than %d briefing nodes are announced; the others are left out", DISCOVERY_MAX);
        d->full = true;
        return;
    }
    memset(d->service[d->count].seen, 0, sizeof d->service[d->count].seen);
    d->service[d->count++].seen[protocol] = 1;
    log_info("lan", "a briefing node is announced, %zu now", d->count);
    d->changed(d->user);
}

static void service_remove(struct discovery *d, const char *name, int protocol)
{
    for (size_t i = 0; i < d->count; i++) {
        unsigned *seen = d->service[i].seen;
        if (strcmp(d->service[i].name, name) != 0 || !seen[protocol])
            continue;
        if (--seen[protocol] == 0 && !seen[!protocol]) {
            d->service[i] = d->service[--d->count];
            log_info("lan", "a briefing node left, %zu now", d->count);
        }
        return;
    }
}

static void on_signal(GDBusConnection *bus, const char *sender, const char *path, const char *interface, const char *signal, GVariant *args, gpointer user)
{
    struct discovery *d = user;
    const char *name, *type;
    int protocol;
    bool added = strcmp(signal, "ItemNew") == 0;
    (void)bus, (void)sender, (void)path, (void)interface;
    if (strcmp(signal, "Failure") == 0)
        log_warning("lan", "Avahi cannot browse; see its log");
    if ((!added && strcmp(signal, "ItemRemove") != 0) || !g_variant_is_of_type(args, G_VARIANT_TYPE("(iisssu)")))
        return;
    g_variant_get(args, "(ii&s&s&su)", NULL, &protocol, &name, &type, NULL, NULL);
    if (strcmp(type, d->type) == 0 && (protocol == IPV4 || protocol == IPV6))
        (added ? service_add : service_remove)(d, name, protocol);
}

/* --- Avahi --- */

static void on_browsing(GObject *source, GAsyncResult *result, gpointer user)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GVariant) reply = g_dbus_connection_call_finish(G_DBUS_CONNECTION(source), result, &error);
    (void)user; /* gone, if it was cancelled */
    if (!reply && !g_error_matches(error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
        log_warning("lan", "Avahi refuses to browse: %s", g_dbus_error_is_remote_error(error) ? "see its log and its bus policy" : "no answer");
}

static void on_appeared(GDBusConnection *bus, const char *name, const char *owner, gpointer user)
{
    struct discovery *d = user;
    (void)name;
    d->bus = g_object_ref(bus);
    d->owner = g_strdup(owner);
    d->browsing = g_cancellable_new();
    d->signals = g_dbus_connection_signal_subscribe(bus, owner, BROWSER, NULL, NULL, NULL, G_DBUS_SIGNAL_FLAGS_NONE, on_signal, d, NULL);
    g_dbus_connection_call(bus, owner, "/", SERVER, "ServiceBrowserNew", g_variant_new("(iissu)", ANY, ANY, d->type, DOMAIN, 0), G_VARIANT_TYPE("(o)"),
                           G_DBUS_CALL_FLAGS_NO_AUTO_START, -1, d->browsing, on_browsing, d);
    d->changed(d->user);
}

static void resolve_end(struct discovery *d, const struct error *err, const struct discovered *found)
{
    discovery_found_fn *fn = d->found;
    g_clear_object(&d->resolving);
    d->found = NULL;
    if (fn)
        fn(d->found_user, err, found);
}

static void forget(struct discovery *d)
{
    if (d->signals)
        g_dbus_connection_signal_unsubscribe(d->bus, d->signals);
    d->signals = 0;
    if (d->browsing)
        g_cancellable_cancel(d->browsing);
    g_clear_object(&d->browsing);
    g_clear_pointer(&d->owner, g_free);
    g_clear_object(&d->bus);
    d->count = 0;
    d->full = false;
}

static void on_vanished(GDBusConnection *bus, const char *name, gpointer user)
{
    struct discovery *d = user;
    (void)bus, (void)name;
    forget(d);
    d->changed(d->user);
}

/* --- where one of them is --- */

static enum error_code take_reply(GVariant *reply, struct discovered *out, struct error *err)
{
    const char *host, *address;
    int interface;
    g_autoptr(GVariant) txt = NULL;
    *out = (struct discovered){ 0 };
    g_variant_get(reply, "(iisss&si&sq@aayu)", &interface, NULL, NULL, NULL, NULL, &host, NULL, &address, &out->port, &txt, NULL);
    enum error_code rc = discovered_take_host(out, host, err);
    if (!rc && !out->port)
        rc = error_set(err, ERROR_INVALID, "briefing node of the LAN: port 0");
    for (gsize i = 0; !rc && i < g_variant_n_children(txt); i++) {
        gsize len;
        g_autoptr(GVariant) item = g_variant_get_child_value(txt, i);
        const uint8_t *octets = g_variant_get_fixed_array(item, &len, 1);
        rc = discovered_take_txt(out, octets, len, err);
    }
    return rc ? rc : discovered_take_address(out, address, interface, err);
}

static void resolve(struct discovery *d, int protocol);

static void on_resolved(GObject *source, GAsyncResult *result, gpointer user)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GVariant) reply = g_dbus_connection_call_finish(G_DBUS_CONNECTION(source), result, &error);
    struct discovered found;
    struct error err = { 0 };
    if (!reply && g_error_matches(error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
        return; /* user is gone */
    struct discovery *d = user;
    if (!reply && d->again && d->bus) {
        g_clear_object(&d->resolving);
        d->again = false;
        resolve(d, d->protocol == IPV4 ? IPV6 : IPV4);
        return;
    }
    if (!reply)
        error_set(&err, ERROR_NAME_LOOKUP, "briefing node of the LAN cannot be found by Avahi any more");
    else
        (void)take_reply(reply, &found, &err);
    resolve_end(d, err.code ? &err : NULL, err.code ? NULL : &found);
}

static void resolve(struct discovery *d, int protocol)
{
    d->protocol = protocol;
    d->resolving = g_cancellable_new();
    g_dbus_connection_call(d->bus, d->owner, "/", SERVER, "ResolveService", g_variant_new("(iisssiu)", ANY, ANY, d->asked, d->type, DOMAIN, protocol, 0),
                           G_VARIANT_TYPE("(iissssisqaayu)"), G_DBUS_CALL_FLAGS_NO_AUTO_START, RESOLVE_MS, d->resolving, on_resolved, d);
}

void discovery_resolve(struct discovery *d, size_t i, discovery_found_fn *fn, void *user)
{
    (void)text_copy(d->asked, sizeof d->asked, d->service[i].name);
    d->found = fn;
    d->found_user = user;
    d->again = true;
    resolve(d, IPV4);
}

void discovery_cancel(struct discovery *d)
{
    if (d->resolving)
        g_cancellable_cancel(d->resolving);
    g_clear_object(&d->resolving);
    d->found = NULL;
}

/* --- life --- */

bool discovery_present(const struct discovery *d)
{
    return d->bus != NULL;
}

size_t discovery_count(const struct discovery *d)
{
    return d->count;
}

struct discovery *discovery_new(const char *type, discovery_changed_fn *fn, void *user)
{
    struct discovery *d = g_new0(struct discovery, 1);
    d->changed = fn;
    d->user = user;
    (void)text_copy(d->type, sizeof d->type, type);
    d->watch = g_bus_watch_name(G_BUS_TYPE_SYSTEM, AVAHI, G_BUS_NAME_WATCHER_FLAGS_NONE, on_appeared, on_vanished, d, NULL);
    return d;
}

void discovery_free(struct discovery *d)
{
    if (!d)
        return;
    g_bus_unwatch_name(d->watch);
    discovery_cancel(d);
    forget(d);
    g_free(d);
}
