/* SPDX-License-Identifier: Apache-2.0 */
/* ModemManager and its modems. Owns the watch on its name and objects, the choice of the primary modem, enabling. Promises: a
 * modem or ModemManager may vanish at any moment: signals end with the manager object, late answers carry handles, nodes go. */
#include "modem/modem.h"

#include <string.h>

#include "base/log.h"
#include "base/text.h"
#include "modem/handle.h"
#include "modem/room.h"

enum { ENABLE_MS = 5000, ENABLE_MAX_MS = 300000, MANAGER_RETRY_MS = 5000 };

static void on_changed_timer(void *user)
{
    struct modem_watch *w = user;
    w->changed_timer = 0;
    if (w->events.changed)
        w->events.changed(w->user);
}

void watch_changed(struct modem_watch *w)
{
    if (!w->changed_timer)
        w->changed_timer = loop_timer(w->loop, 0, on_changed_timer, w);
}

/* How well it may be the primary one. */
enum fitness { FAILED, LOCKED_OR_EMPTY, USABLE, PREFERRED };

static enum fitness fitness(const struct modem *m)
{
    const char *preferred = m->watch->preferred;
    if (m->state == MM_MODEM_STATE_FAILED)
        return FAILED;
    if (m->state == MM_MODEM_STATE_LOCKED || !m->sim_path[0])
        return LOCKED_OR_EMPTY;
    return preferred[0] && (strcmp(preferred, m->facts.imei) == 0 || strcmp(preferred, m->facts.port) == 0) ? PREFERRED : USABLE;
}

/* The fittest; among equals the present one stays, else the first. */
static void choose_primary(struct modem_watch *w)
{
    struct modem *best = w->primary, *before = w->primary;
    enum fitness best_fitness = best ? fitness(best) : FAILED;
    for (GList *l = w->modems; l; l = l->next)
        if (fitness(l->data) > best_fitness) {
            best = l->data;
            best_fitness = fitness(best);
        }
    w->primary = best_fitness == FAILED ? NULL : best;
    if (w->primary != before)
        log_notice("modem", "primary modem: %s", w->primary ? w->primary->facts.id : "none");
    qmi_route_look(w);
    for (GList *l = w->primary != before ? w->modems : NULL; l; l = l->next)
        if (tree_find(w->tree, TREE_MODEM, ((struct modem *)l->data)->facts.id))
            facts_show(l->data);
}

void modem_watch_prefer(struct modem_watch *w, const char *which)
{
    g_strlcpy(w->preferred, which, sizeof w->preferred);
    choose_primary(w);
    watch_changed(w);
}

static void enable_soon(struct modem *m);

static void on_enabled(GObject *source, GAsyncResult *result, gpointer handle)
{
    g_autoptr(GError) error = NULL;
    bool ok = mm_modem_enable_finish(MM_MODEM(source), result, &error);
    struct modem *m = handle_get(handle);
    if (ok || !m)
        return;
    char text[MODEM_PATH];
    facts_clean(text, sizeof text, error->message);
    log_warning(m->facts.id, "cannot be enabled: %s%s", text,
                g_error_matches(error, MM_CORE_ERROR, MM_CORE_ERROR_UNAUTHORIZED) ? "; install our polkit rule" : "");
    m->enable_delay_ms = MIN(m->enable_delay_ms * 2, ENABLE_MAX_MS);
    enable_soon(m);
}

static void on_enable_timer(void *user)
{
    struct modem *m = user;
    m->enable_timer = 0;
    if (m->state != MM_MODEM_STATE_DISABLED)
        return;
    log_notice(m->facts.id, "nobody enables it; doing so");
    mm_modem_enable(m->modem, m->watch->cancel, on_enabled, m->handle);
}

static void enable_soon(struct modem *m)
{
    if (!m->watch->enable || m->state != MM_MODEM_STATE_DISABLED || m->enable_timer)
        return;
    m->enable_timer = loop_timer(m->watch->loop, m->enable_delay_ms, on_enable_timer, m);
}

static void look_enable(struct modem *m, MMModemState before)
{
    if (m->state != MM_MODEM_STATE_DISABLED) {
        loop_cancel(m->watch->loop, &m->enable_timer);
        if (m->state >= MM_MODEM_STATE_ENABLED)
            m->enable_delay_ms = ENABLE_MS;
    } else if (before != MM_MODEM_STATE_DISABLED) {
        enable_soon(m);
    }
}

static void on_sim(GObject *source, GAsyncResult *result, gpointer handle)
{
    g_autoptr(GError) error = NULL;
    MMSim *sim = mm_modem_get_sim_finish(MM_MODEM(source), result, &error);
    struct modem *m = handle_get(handle);
    if (!m || (sim && strcmp(mm_sim_get_path(sim), m->sim_path) != 0)) { /* gone, or another card was put in meanwhile */
        g_clear_object(&sim);
        return;
    }
    if (!sim) {
        log_debug(m->facts.id, "no SIM: %s", error ? error->message : "?");
        return;
    }
    g_set_object(&m->sim, sim);
    g_signal_connect_swapped(sim, "g-properties-changed", G_CALLBACK(modem_look), m);
    g_object_unref(sim);
    modem_look(m);
}

static void drop_sim(struct modem *m)
{
    if (m->sim)
        g_signal_handlers_disconnect_by_data(m->sim, m);
    g_clear_object(&m->sim);
}

static void look_sim(struct modem *m)
{
    const char *path = mm_modem_get_sim_path(m->modem);
    if (!path || strcmp(path, "/") == 0)
        path = "";
    if (strcmp(path, m->sim_path) == 0)
        return;
    drop_sim(m);
    g_strlcpy(m->sim_path, path, sizeof m->sim_path);
    if (path[0])
        mm_modem_get_sim(m->modem, m->watch->cancel, on_sim, m->handle);
}

void modem_look(struct modem *m)
{
    struct modem before = *m; /* for its ids: what it was shown as */
    look_sim(m);
    facts_read(m);
    if (strcmp(before.facts.id, m->facts.id) != 0 || strcmp(before.facts.sim, m->facts.sim) != 0)
        facts_hide(&before);
    radio_look(m);
    look_enable(m, before.state);
    choose_primary(m->watch);
    position_look(m);
    facts_show(m);
    messages_look(m);
    relist_look(m);
    network_time_look(m);
    watch_changed(m->watch);
}

static struct modem *modem_of(struct modem_watch *w, const char *path)
{
    for (GList *l = w->modems; l; l = l->next) {
        struct modem *m = l->data;
        if (strcmp(g_dbus_object_get_object_path(G_DBUS_OBJECT(m->object)), path) == 0)
            return m;
    }
    return NULL;
}

static void take_object(struct modem_watch *w, GDBusObject *object)
{
    const char *path = g_dbus_object_get_object_path(object);
    MMModem *modem = MM_IS_OBJECT(object) ? mm_object_get_modem(MM_OBJECT(object)) : NULL;
    if (!modem || modem_of(w, path) || strlen(path) >= MODEM_PATH) {
        g_clear_object(&modem);
        return;
    }
    struct modem *m = g_new0(struct modem, 1);
    *m = (struct modem){ .watch = w, .object = MM_OBJECT(g_object_ref(object)), .modem = modem, .state = MM_MODEM_STATE_UNKNOWN };
    m->handle = handle_new(m);
    m->enable_delay_ms = ENABLE_MS;
    w->modems = g_list_append(w->modems, m);
    modem_look(m);
    log_info("modem", "%s came as %s", m->facts.id, path);
}

static void modem_drop(struct modem *m)
{
    struct modem_watch *w = m->watch;
    log_info("modem", "%s left", m->facts.id);
    w->modems = g_list_remove(w->modems, m);
    handle_drop(m->handle);
    messages_clear(m);
    relist_close(m);
    position_close(m);
    loop_cancel(w->loop, &m->enable_timer);
    facts_hide(m);
    if (w->primary == m)
        w->primary = NULL;
    choose_primary(w);
    drop_sim(m);
    g_object_unref(m->modem);
    g_object_unref(m->object);
    g_free(m);
    watch_changed(w);
}

/* ModemManager counts its modems as they come, so that which is first is the same after our restart. */
static int by_age(const void *left, const void *right)
{
    const char *a = g_dbus_object_get_object_path((void *)left), *b = g_dbus_object_get_object_path((void *)right);
    size_t a_len = strlen(a), b_len = strlen(b);
    return a_len == b_len ? strcmp(a, b) : a_len < b_len ? -1 : 1;
}

static void on_object_added(GDBusObjectManager *manager, GDBusObject *object, struct modem_watch *w)
{
    (void)manager;
    take_object(w, object);
}

static void on_object_removed(GDBusObjectManager *manager, GDBusObject *object, struct modem_watch *w)
{
    (void)manager;
    struct modem *m = modem_of(w, g_dbus_object_get_object_path(object));
    if (m)
        modem_drop(m);
}

/* Interfaces come and go with the modem's state: Messaging, Time, Modem3gpp. Without Modem it is none of ours. */
static void on_interface(GDBusObjectManager *manager, GDBusObject *object, GDBusInterface *interface, struct modem_watch *w)
{
    (void)manager;
    (void)interface;
    struct modem *m = modem_of(w, g_dbus_object_get_object_path(object));
    bool has_modem = MM_IS_OBJECT(object) && mm_object_peek_modem(MM_OBJECT(object));
    if (m && !has_modem)
        modem_drop(m);
    else if (m)
        modem_look(m);
    else if (has_modem)
        take_object(w, object);
}

static void on_properties(GDBusObjectManagerClient *manager, GDBusObjectProxy *object, GDBusProxy *interface, GVariant *changed,
                          char **invalidated, struct modem_watch *w)
{
    (void)manager;
    (void)interface;
    (void)changed;
    (void)invalidated;
    struct modem *m = modem_of(w, g_dbus_object_get_object_path(G_DBUS_OBJECT(object)));
    if (m)
        modem_look(m);
}

static void on_interface_signal(GDBusObjectManagerClient *manager, GDBusObjectProxy *object, GDBusProxy *interface, char *sender,
                                char *signal, GVariant *parameters, struct modem_watch *w)
{
    (void)manager;
    (void)sender;
    struct modem *m = modem_of(w, g_dbus_object_get_object_path(G_DBUS_OBJECT(object)));
    const char *name = g_dbus_proxy_get_interface_name(interface), *text;
    if (!m)
        return;
    if (strcmp(name, MM_DBUS_INTERFACE_MODEM_MESSAGING) == 0 && strcmp(signal, "Added") == 0 &&
        g_variant_is_of_type(parameters, G_VARIANT_TYPE("(ob)"))) {
        g_variant_get(parameters, "(&ob)", &text, NULL);
        messages_added(m, text);
    } else if (strcmp(name, MM_DBUS_INTERFACE_MODEM_MESSAGING) == 0 && strcmp(signal, "Deleted") == 0 &&
               g_variant_is_of_type(parameters, G_VARIANT_TYPE("(o)"))) {
        g_variant_get(parameters, "(&o)", &text);
        messages_deleted(m, text);
    } else if (strcmp(name, MM_DBUS_INTERFACE_MODEM_TIME) == 0 && g_variant_is_of_type(parameters, G_VARIANT_TYPE("(s)"))) {
        g_variant_get(parameters, "(&s)", &text);
        network_time_take(w, text);
    }
}

static void on_owner(struct modem_watch *w)
{
    g_autofree char *owner = g_dbus_object_manager_client_get_name_owner(G_DBUS_OBJECT_MANAGER_CLIENT(w->manager));
    node_set(tree_manager(w->tree), "ModemManagerState", owner ? "present" : "absent");
    log_notice("modem", "ModemManager is %s", owner ? "present" : "absent");
    while (!owner && w->modems) /* their objects are removed without a word when the name goes */
        modem_drop(w->modems->data);
    watch_changed(w);
}

static void on_owner_notify(GObject *manager, GParamSpec *spec, struct modem_watch *w)
{
    (void)manager;
    (void)spec;
    on_owner(w);
}

static void follow(struct modem_watch *w)
{
    g_signal_connect(w->manager, "object-added", G_CALLBACK(on_object_added), w);
    g_signal_connect(w->manager, "object-removed", G_CALLBACK(on_object_removed), w);
    g_signal_connect(w->manager, "interface-added", G_CALLBACK(on_interface), w);
    g_signal_connect(w->manager, "interface-removed", G_CALLBACK(on_interface), w);
    g_signal_connect(w->manager, "interface-proxy-properties-changed", G_CALLBACK(on_properties), w);
    g_signal_connect(w->manager, "interface-proxy-signal", G_CALLBACK(on_interface_signal), w);
    g_signal_connect(w->manager, "notify::name-owner", G_CALLBACK(on_owner_notify), w);
    on_owner(w);
    GList *objects = g_list_sort(g_dbus_object_manager_get_objects(G_DBUS_OBJECT_MANAGER(w->manager)), by_age);
    for (GList *l = objects; l; l = l->next)
        take_object(w, l->data);
    g_list_free_full(objects, g_object_unref);
}

static void manager_begin(void *user);

static void on_manager(GObject *source, GAsyncResult *result, gpointer handle)
{
    (void)source;
    g_autoptr(GError) error = NULL;
    GDBusObjectManager *manager = g_dbus_object_manager_client_new_finish(result, &error);
    struct modem_watch *w = handle_get(handle);
    if (!w) {
        g_clear_object(&manager);
        return;
    }
    w->manager = manager;
    if (manager) {
        follow(w);
        return;
    }
    log_warning("modem", "cannot watch ModemManager: %s; trying again", error->message);
    w->manager_retry = loop_timer(w->loop, MANAGER_RETRY_MS, manager_begin, w);
}

/* Classes of libmm-glib for what is used here, plain proxies for the rest: a class takes 3 to 14 KiB for good. So does MMManager, with all its error domains. */
static GType proxy_type(GDBusObjectManagerClient *manager, const char *path, const char *interface, gpointer user)
{
    static const struct {
        const char *name;
        GType (*type)(void);
    } used[] = {
        { MM_DBUS_INTERFACE_MODEM, mm_modem_get_type },
        { MM_DBUS_INTERFACE_MODEM_MODEM3GPP, mm_modem_3gpp_get_type },
        { MM_DBUS_INTERFACE_MODEM_LOCATION, mm_modem_location_get_type },
        { MM_DBUS_INTERFACE_MODEM_MESSAGING, mm_modem_messaging_get_type },
        { MM_DBUS_INTERFACE_MODEM_SIGNAL, mm_modem_signal_get_type },
        { MM_DBUS_INTERFACE_MODEM_TIME, mm_modem_time_get_type },
    };
    (void)manager;
    (void)path;
    (void)user;
    for (size_t i = 0; interface && i < G_N_ELEMENTS(used); i++)
        if (strcmp(interface, used[i].name) == 0)
            return used[i].type();
    return interface ? G_TYPE_DBUS_PROXY : MM_TYPE_OBJECT;
}

static void manager_begin(void *user)
{
    struct modem_watch *w = user;
    w->manager_retry = 0;
    g_dbus_object_manager_client_new(w->bus, G_DBUS_OBJECT_MANAGER_CLIENT_FLAGS_DO_NOT_AUTO_START, MM_DBUS_SERVICE, MM_DBUS_PATH, proxy_type, NULL, NULL, w->cancel,
                                     on_manager, w->handle);
}

struct modem_watch *modem_watch_new(const struct loop *loop, struct access *access, struct tree *tree, bool enable,
                                    const struct modem_events *events, void *user, struct error *err)
{
    g_autoptr(GError) error = NULL;
    GDBusConnection *bus = g_bus_get_sync(G_BUS_TYPE_SYSTEM, NULL, &error);
    if (!bus) {
        (void)error_set(err, ERROR_IO, "system bus: %s", error->message);
        return NULL;
    }
    struct modem_watch *w = g_new0(struct modem_watch, 1);
    *w = (struct modem_watch){ .loop = loop, .access = access, .tree = tree, .enable = enable, .events = *events, .user = user,
                               .bus = bus, .cancel = g_cancellable_new() };
    w->handle = handle_new(w);
    (void)mm_core_error_quark(); /* registers the domain: from now on such errors come with its codes */
    node_set(tree_manager(tree), "ModemManagerState", "absent");
    qmi_route_open(w);
    manager_begin(w);
    return w;
}

void modem_watch_free(struct modem_watch *w)
{
    if (!w)
        return;
    handle_drop(w->handle);
    g_cancellable_cancel(w->cancel);
    if (w->manager)
        g_signal_handlers_disconnect_by_data(w->manager, w);
    for (GList *l = w->modems; l; l = l->next) {
        radio_close(l->data);
        position_restore(l->data);
    }
    while (w->modems)
        modem_drop(w->modems->data);
    qmi_route_close(w);
    deletions_close(w);
    loop_cancel(w->loop, &w->changed_timer);
    loop_cancel(w->loop, &w->manager_retry);
    network_time_close(w);
    g_clear_object(&w->manager);
    g_object_unref(w->cancel);
    g_object_unref(w->bus);
    g_free(w);
}

void modem_sms_again(struct modem_watch *w)
{
    for (GList *l = w->modems; l; l = l->next)
        messages_again(l->data);
    qmi_route_again(w);
}

const struct modem_facts *modem_primary(const struct modem_watch *w)
{
    return w->primary ? &w->primary->facts : NULL;
}

struct modem *watch_sim(const struct modem_watch *w, const char *sim)
{
    if (w->primary && strcmp(w->primary->facts.sim, sim) == 0)
        return w->primary;
    for (GList *l = w->modems; l; l = l->next)
        if (strcmp(((struct modem *)l->data)->facts.sim, sim) == 0)
            return l->data;
    return NULL;
}

const struct modem_facts *modem_of_sim(const struct modem_watch *w, const char *sim)
{
    const struct modem *m = watch_sim(w, sim);
    return m ? &m->facts : NULL;
}

const struct modem_facts *modem_at(const struct modem_watch *w, size_t n)
{
    const struct modem *m = g_list_nth_data(w->modems, (guint)n);
    return m ? &m->facts : NULL;
}
