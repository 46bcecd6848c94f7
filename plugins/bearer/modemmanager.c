/* SPDX-License-Identifier: Apache-2.0 */
/* Bearers by ModemManager itself, without NetworkManager. Owns at most one bearer object of the modem, from CreateBearer to DeleteBearer; notes it
 * in the run-time folder, so that a next life of the agent finds and removes it. Never touches a bearer of somebody else: if one is
 * connected, the answer is BUSY. Each answer carries the number of the attempt that it belongs to; of an older one only its bearer is removed.
 *
 *   up:   [clean] -> modem -> bearers -> create -> connect -> lease        refused: delete -> create with the next address type, or fail
 *   down: disconnect -> delete */
#include <gio/gio.h>
#include <glib/gstdio.h>
#include <string.h>

#include "base/text.h"
#include "bearer/plugin.h"
#include "modemmanager_map.h"

enum { TEXT_MAX = 160, PATH_MAX_MM = 128, TYPES_MAX = 3, CONNECT_S = 55 };

struct self {
    unsigned refs;
    const struct loop *loop;
    GDBusConnection *bus;
    guint attempt;            /* number of the present up or down */
    unsigned cleaning;
    bool waiting;             /* up waits for clean */
    char modem_path[PATH_MAX_MM];
    MMBearerProperties *wanted[TYPES_MAX];
    size_t types, type;       /* address types to try, the present one */
    MMModem *modem;
    MMBearer *bearer;
    gulong on_properties, on_owner;
    bool up;
    enum error_code status;   /* what to report once the bearer is deleted */
    char text[TEXT_MAX];
    bearer_up_fn *fn;
    bearer_lost_fn *lost;
    bearer_down_fn *down;
    void *user;
    uint64_t timer;
};

struct ticket { /* one call on the bus */
    struct self *self;
    guint attempt;
};

static struct ticket *ticket_new(struct self *s)
{
    struct ticket *t = g_new0(struct ticket, 1);
    *t = (struct ticket){ s, s->attempt };
    s->refs++;
    return t;
}

static void self_unref(struct self *s)
{
    if (--s->refs)
        return;
    g_clear_object(&s->bus);
    g_free(s);
}

/* Ends the ticket; false if its attempt is over. self stays valid until release. */
static bool ticket_take(gpointer data, struct self **s)
{
    g_autofree struct ticket *t = data;
    *s = t->self;
    return t->attempt == t->self->attempt;
}

static void release(struct self **s)
{
    self_unref(*s);
}

#define HOLDS_SELF __attribute__((cleanup(release))) struct self *

static char *note_path(void)
{
    const char *folder = g_getenv("RUNTIME_DIRECTORY"); /* systemd.exec(5); several are separated by ':' */
    g_auto(GStrv) folders = g_strsplit(folder && folder[0] ? folder : "/run/gateway-agent", ":", 2);
    return g_build_filename(folders[0], "bearer-modemmanager", NULL);
}

/* Best effort: without the note a bearer that a crash leaves is found busy until ModemManager or a person removes it. */
static void note_write(MMBearer *bearer)
{
    g_autofree char *path = note_path(), *owner = g_dbus_proxy_get_name_owner(G_DBUS_PROXY(bearer));
    g_autofree char *line = g_strdup_printf("%s %s\n", owner ? owner : "", mm_bearer_get_path(bearer));
    (void)g_file_set_contents_full(path, line, -1, G_FILE_SET_CONTENTS_NONE, 0600, NULL);
}

static void note_delete(void)
{
    g_autofree char *path = note_path();
    (void)g_unlink(path);
}

static void forget_bearer(struct self *s)
{
    if (s->on_properties)
        g_signal_handler_disconnect(s->bearer, s->on_properties);
    if (s->on_owner)
        g_signal_handler_disconnect(s->bearer, s->on_owner);
    s->on_properties = s->on_owner = 0;
    s->up = false;
    g_clear_object(&s->bearer);
}

static void forget_attempt(struct self *s)
{
    for (size_t i = 0; i < s->types; i++)
        g_clear_object(&s->wanted[i]);
    s->types = s->type = 0;
    g_clear_object(&s->modem);
}

static void report(struct self *s)
{
    bearer_up_fn *fn = s->fn;
    s->fn = NULL;
    forget_attempt(s);
    if (fn)
        fn(s->user, s->status, s->text, NULL);
}

static void on_report(void *user)
{
    struct self *s = user;
    s->timer = 0;
    report(s);
}

static void create(struct self *s);

static void on_failed_deleted(GObject *source, GAsyncResult *result, gpointer ticket)
{
    HOLDS_SELF s;
    bool current = ticket_take(ticket, &s);
    (void)mm_modem_delete_bearer_finish(MM_MODEM(source), result, NULL);
    if (!current)
        return;
    note_delete();
    if (s->status == ERROR_NONE)
        create(s); /* with the next address type */
    else
        report(s);
}

/* The attempt ends with s->status, or goes on with the next type if that is NONE; the bearer object is removed first. */
static void conclude(struct self *s)
{
    if (s->bearer) {
        g_autofree char *path = mm_bearer_dup_path(s->bearer);
        forget_bearer(s);
        mm_modem_delete_bearer(s->modem, path, NULL, on_failed_deleted, ticket_new(s));
    } else if (s->status == ERROR_NONE) {
        create(s);
    } else if (!s->timer) {
        s->timer = loop_timer(s->loop, 0, on_report, s); /* never from inside up */
    }
}

static void fail(struct self *s, enum error_code status, const char *text)
{
    s->status = status;
    (void)text_copy(s->text, sizeof s->text, text);
    conclude(s);
}

static void refused(struct self *s, const GError *error)
{
    s->status = map_error(error, ERROR_BEARER_REFUSED, s->text, sizeof s->text);
    if (map_retry_type(error) && s->type + 1 < s->types) {
        s->type++;
        s->status = ERROR_NONE;
    }
    conclude(s);
}

static void tell_lost(struct self *s, const char *text)
{
    if (!s->up)
        return;
    s->up = false;
    s->lost(s->user, text);
}

static void on_bearer_changed(GDBusProxy *proxy, GVariant *changed, char **invalidated, struct self *s)
{
    (void)changed;
    (void)invalidated;
    if (mm_bearer_get_connected(MM_BEARER(proxy)))
        return;
    char text[TEXT_MAX] = "the network or the modem ended it";
    GError *error = mm_bearer_peek_connection_error(MM_BEARER(proxy));
    if (error)
        (void)map_error(error, ERROR_BEARER_LOST, text, sizeof text);
    tell_lost(s, text);
}

static void on_owner_changed(GDBusProxy *proxy, GParamSpec *spec, struct self *s)
{
    (void)spec;
    g_autofree char *owner = g_dbus_proxy_get_name_owner(proxy);
    if (!owner)
        tell_lost(s, "ModemManager went away");
}

static void deliver(struct self *s)
{
    struct lease lease;
    const char *text = "";
    enum error_code rc = map_lease(s->bearer, &lease, &text);
    if (rc) {
        fail(s, rc, text);
        return;
    }
    s->on_properties = g_signal_connect(s->bearer, "g-properties-changed", G_CALLBACK(on_bearer_changed), s);
    s->on_owner = g_signal_connect(s->bearer, "notify::g-name-owner", G_CALLBACK(on_owner_changed), s);
    s->up = true;
    bearer_up_fn *fn = s->fn;
    s->fn = NULL;
    for (size_t i = 0; i < s->types; i++)
        g_clear_object(&s->wanted[i]); /* the password is not needed any more */
    s->types = s->type = 0;
    fn(s->user, ERROR_NONE, "", &lease);
}

static void on_all_properties(GObject *source, GAsyncResult *result, gpointer ticket)
{
    HOLDS_SELF s;
    g_autoptr(GError) error = NULL;
    bool current = ticket_take(ticket, &s);
    g_autoptr(GVariant) answer = g_dbus_proxy_call_finish(G_DBUS_PROXY(source), result, &error);
    if (!current)
        return;
    if (!answer) {
        refused(s, error);
        return;
    }
    g_autoptr(GVariant) all = g_variant_get_child_value(answer, 0);
    GVariantIter iter;
    const char *name;
    GVariant *value;
    g_variant_iter_init(&iter, all);
    while (g_variant_iter_next(&iter, "{&sv}", &name, &value)) {
        g_dbus_proxy_set_cached_property(G_DBUS_PROXY(source), name, value);
        g_variant_unref(value);
    }
    deliver(s);
}

/* The answer to Connect is sent before the change of the properties: they are asked for. */
static void on_connected(GObject *source, GAsyncResult *result, gpointer ticket)
{
    HOLDS_SELF s;
    g_autoptr(GError) error = NULL;
    bool current = ticket_take(ticket, &s), ok = mm_bearer_connect_finish(MM_BEARER(source), result, &error);
    if (current && ok)
        g_dbus_proxy_call(G_DBUS_PROXY(source), "org.freedesktop.DBus.Properties.GetAll", g_variant_new("(s)", MM_DBUS_INTERFACE_BEARER),
                          G_DBUS_CALL_FLAGS_NO_AUTO_START, -1, NULL, on_all_properties, ticket_new(s));
    else if (current)
        refused(s, error);
}

static void on_created(GObject *source, GAsyncResult *result, gpointer ticket)
{
    HOLDS_SELF s;
    g_autoptr(GError) error = NULL;
    bool current = ticket_take(ticket, &s);
    MMBearer *bearer = mm_modem_create_bearer_finish(MM_MODEM(source), result, &error);
    if (!current) {
        if (bearer)
            mm_modem_delete_bearer(MM_MODEM(source), mm_bearer_get_path(bearer), NULL, NULL, NULL);
        g_clear_object(&bearer);
    } else if (!bearer) {
        refused(s, error);
    } else {
        s->bearer = bearer;
        note_write(bearer);
        g_dbus_proxy_set_default_timeout(G_DBUS_PROXY(bearer), CONNECT_S * 1000);
        mm_bearer_connect(bearer, NULL, on_connected, ticket_new(s));
    }
}

static void create(struct self *s)
{
    mm_modem_create_bearer(s->modem, s->wanted[s->type], NULL, on_created, ticket_new(s));
}

static void on_bearers(GObject *source, GAsyncResult *result, gpointer ticket)
{
    HOLDS_SELF s;
    g_autoptr(GError) error = NULL;
    bool current = ticket_take(ticket, &s);
    GList *all = mm_modem_list_bearers_finish(MM_MODEM(source), result, &error);
    char text[TEXT_MAX] = "";
    for (GList *l = all; l && !text[0]; l = l->next)
        if (mm_bearer_get_connected(l->data)) /* one data port carries one bearer */
            (void)g_snprintf(text, sizeof text, "%s of another program is connected; disconnect it (mmcli -b, NetworkManager)",
                             mm_bearer_get_path(l->data));
    g_list_free_full(all, g_object_unref);
    if (!current)
        return;
    if (error)
        refused(s, error);
    else if (text[0])
        fail(s, ERROR_BUSY, text);
    else
        create(s);
}

static void on_modem(GObject *source, GAsyncResult *result, gpointer ticket)
{
    HOLDS_SELF s;
    g_autoptr(GError) error = NULL;
    bool current = ticket_take(ticket, &s);
    GObject *modem = g_async_initable_new_finish(G_ASYNC_INITABLE(source), result, &error);
    const char *text = "";
    if (!current) {
        g_clear_object(&modem);
        return;
    }
    g_autoptr(GVariant) state = modem ? g_dbus_proxy_get_cached_property(G_DBUS_PROXY(modem), "State") : NULL;
    if (!state) { /* a proxy can be made for what is not there: it has no properties */
        g_clear_object(&modem);
        fail(s, ERROR_NO_MODEM, "the modem is gone");
        return;
    }
    s->modem = MM_MODEM(modem);
    enum error_code rc = map_state(mm_modem_get_state(s->modem), &text);
    if (rc)
        fail(s, rc, text);
    else
        mm_modem_list_bearers(s->modem, NULL, on_bearers, ticket_new(s));
}

static void start(struct self *s)
{
    s->waiting = false;
    if (!s->modem_path[0]) {
        fail(s, ERROR_NO_MODEM, "no modem");
        return;
    }
    g_async_initable_new_async(MM_TYPE_MODEM, G_PRIORITY_DEFAULT, NULL, on_modem, ticket_new(s), "g-flags", G_DBUS_PROXY_FLAGS_DO_NOT_AUTO_START,
                               "g-name", MM_DBUS_SERVICE, "g-connection", s->bus, "g-object-path", s->modem_path, "g-interface-name",
                               MM_DBUS_INTERFACE_MODEM, NULL);
}

static void plugin_up(void *self, const char *modem, const struct napdef *napdef, bearer_up_fn *fn, bearer_lost_fn *lost, void *user)
{
    static const enum napdef_ip order[] = { NAPDEF_IPV4V6, NAPDEF_IPV4, NAPDEF_IPV6 };
    struct self *s = self;
    s->attempt++;
    s->fn = fn;
    s->lost = lost;
    s->user = user;
    s->modem_path[0] = '\0';
    if (g_variant_is_object_path(modem))
        (void)text_copy(s->modem_path, sizeof s->modem_path, modem);
    for (size_t i = 0; i < G_N_ELEMENTS(order); i++) /* both asked for and refused: one, then the other */
        if (napdef->ip_type == NAPDEF_IPV4V6 || napdef->ip_type == order[i])
            s->wanted[s->types++] = map_properties(napdef, order[i]);
    s->waiting = s->cleaning > 0;
    if (!s->waiting)
        start(s);
}

static void on_down_timer(void *user)
{
    struct self *s = user;
    bearer_down_fn *fn = s->down;
    s->timer = 0;
    s->down = NULL;
    if (fn)
        fn(s->user);
}

static void on_down_deleted(GObject *source, GAsyncResult *result, gpointer ticket)
{
    HOLDS_SELF s;
    bool current = ticket_take(ticket, &s);
    (void)mm_modem_delete_bearer_finish(MM_MODEM(source), result, NULL);
    note_delete();
    if (!current)
        return;
    forget_attempt(s);
    on_down_timer(s);
}

static void on_disconnected(GObject *source, GAsyncResult *result, gpointer ticket)
{
    HOLDS_SELF s;
    bool current = ticket_take(ticket, &s);
    (void)mm_bearer_disconnect_finish(MM_BEARER(source), result, NULL);
    if (current)
        mm_modem_delete_bearer(s->modem, mm_bearer_get_path(MM_BEARER(source)), NULL, on_down_deleted, ticket_new(s));
}

static void plugin_down(void *self, bearer_down_fn *fn, void *user)
{
    struct self *s = self;
    s->attempt++; /* an up under way ends: its answers find another number */
    s->waiting = false;
    s->fn = NULL;
    s->down = fn;
    s->user = user;
    loop_cancel(s->loop, &s->timer);
    if (!s->bearer) {
        forget_attempt(s);
        s->timer = loop_timer(s->loop, 0, on_down_timer, s);
        return;
    }
    g_autoptr(MMBearer) bearer = g_object_ref(s->bearer);
    forget_bearer(s);
    mm_bearer_disconnect(bearer, NULL, on_disconnected, ticket_new(s));
}

static void clean_end(struct self *s)
{
    if (--s->cleaning == 0 && s->waiting)
        start(s);
}

static void on_left_deleted(GObject *source, GAsyncResult *result, gpointer ticket)
{
    HOLDS_SELF s;
    (void)ticket_take(ticket, &s);
    g_autoptr(GVariant) answer = g_dbus_connection_call_finish(G_DBUS_CONNECTION(source), result, NULL);
    note_delete();
    clean_end(s);
}

struct left { /* a bearer of an earlier life */
    struct ticket *ticket;
    char *owner, *path, *modem;
};

static void left_free(struct left *l)
{
    g_free(l->owner);
    g_free(l->path);
    g_free(l->modem);
    g_free(l);
}

static void on_left_disconnected(GObject *source, GAsyncResult *result, gpointer data)
{
    struct left *l = data;
    g_autoptr(GVariant) answer = g_dbus_connection_call_finish(G_DBUS_CONNECTION(source), result, NULL);
    g_dbus_connection_call(G_DBUS_CONNECTION(source), l->owner, l->modem, MM_DBUS_INTERFACE_MODEM, "DeleteBearer",
                           g_variant_new("(o)", l->path), NULL, G_DBUS_CALL_FLAGS_NO_AUTO_START, -1, NULL, on_left_deleted, l->ticket);
    left_free(l);
}

/* The note names ModemManager's unique bus name: one that has restarted since knows nothing of that bearer, and the call fails. */
static void plugin_clean(void *self, const char *modem)
{
    struct self *s = self;
    g_autofree char *path = note_path(), *line = NULL;
    if (!g_file_get_contents(path, &line, NULL, NULL))
        return;
    g_auto(GStrv) word = g_strsplit(g_strchomp(line), " ", -1);
    if (g_strv_length(word) != 2 || !g_dbus_is_unique_name(word[0]) || !g_variant_is_object_path(word[1]) || !g_variant_is_object_path(modem)) {
        note_delete();
        return;
    }
    struct left *l = g_new0(struct left, 1);
    *l = (struct left){ ticket_new(s), g_strdup(word[0]), g_strdup(word[1]), g_strdup(modem) };
    s->cleaning++;
    g_dbus_connection_call(s->bus, l->owner, l->path, MM_DBUS_INTERFACE_BEARER, "Disconnect", NULL, NULL, G_DBUS_CALL_FLAGS_NO_AUTO_START, -1,
                           NULL, on_left_disconnected, l);
}

static void *plugin_open(const struct loop *loop, struct error *err)
{
    g_autoptr(GError) error = NULL;
    GDBusConnection *bus = g_bus_get_sync(G_BUS_TYPE_SYSTEM, NULL, &error);
    if (!bus) {
        (void)error_set(err, ERROR_IO, "system bus: %s", error->message);
        return NULL;
    }
    struct self *s = g_new0(struct self, 1);
    *s = (struct self){ .refs = 1, .loop = loop, .bus = bus };
    return s;
}

static void plugin_close(void *self)
{
    struct self *s = self;
    s->attempt++;
    s->waiting = false;
    s->fn = NULL;
    loop_cancel(s->loop, &s->timer);
    forget_bearer(s);
    forget_attempt(s);
    self_unref(s);
}

const struct bearer_plugin bearer_plugin = {
    .abi = BEARER_PLUGIN_ABI,
    .name = "modemmanager",
    .open = plugin_open,
    .close = plugin_close,
    .up = plugin_up,
    .down = plugin_down,
    .clean = plugin_clean,
};
