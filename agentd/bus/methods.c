/* SPDX-License-Identifier: Apache-2.0 */
/* One handler a method. A handler owns the invocation until it has answered; each answers exactly once. */
#include "bus/methods.h"

#include <gio/gunixfdlist.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "base/secret.h"
#include "base/text.h"
#include "bus/agent-dbus.h"
#include "bus/authority.h"

enum { DIGITS_MAX = 42, AKA_OCTETS = 16 }; /* forty digits and a line end; RAND and AUTN */

static void reply_error(GDBusMethodInvocation *invocation, const struct error *e)
{
    g_autofree char *name = g_strdup_printf(BUS_PREFIX ".Error.%s", error_name(e->code));
    g_autofree char *text = e->hint[0] ? g_strdup_printf("%s; %s", e->text, e->hint) : g_strdup(e->text);
    g_dbus_method_invocation_return_dbus_error(invocation, name, text);
}

static gboolean reply(GDBusMethodInvocation *invocation, enum error_code rc, const struct error *e)
{
    if (rc)
        reply_error(invocation, e);
    else
        g_dbus_method_invocation_return_value(invocation, NULL);
    return TRUE;
}

/* The id of the node that a skeleton mirrors. */
static const char *id_of(gpointer skeleton)
{
    return g_object_get_data(G_OBJECT(skeleton), "node-id");
}

/* The descriptor that a handle argument names: a copy for the caller, -1 if there is none. */
static int take_fd(GUnixFDList *list, GVariant *handle)
{
    gint32 index = g_variant_get_handle(handle);
    return list && index >= 0 && index < g_unix_fd_list_get_length(list) ? g_unix_fd_list_get(list, index, NULL) : -1;
}

static void bad_descriptor(GDBusMethodInvocation *invocation)
{
    struct error e;
    error_set(&e, ERROR_INVALID, "no file descriptor came with the call");
    reply_error(invocation, &e);
}

/* Digits, at least four, and nothing else but one line end; wiped by the caller. */
static bool read_digits(int fd, char digits[DIGITS_MAX + 1], size_t max)
{
    struct pollfd ready = { .fd = fd, .events = POLLIN };
    ssize_t n = poll(&ready, 1, 0) == 1 ? read(fd, digits, DIGITS_MAX) : 0; /* never wait for a caller */
    size_t len = n > 0 ? (size_t)n : 0;
    len -= len && digits[len - 1] == '\n';
    len -= len && digits[len - 1] == '\r';
    digits[len] = '\0';
    return len >= 4 && len <= max && strspn(digits, "0123456789") == len;
}

/* --- Manager --- */

static void on_bootstrap_done(void *user, const struct error *error, const char *job_path)
{
    GDBusMethodInvocation *invocation = user;
    if (error->code)
        reply_error(invocation, error);
    else
        g_dbus_method_invocation_return_value(invocation, g_variant_new("(o)", job_path));
}

static gboolean hand_on(const struct bus_calls *calls, void (*call)(void *, int, bus_job_fn *, void *), GDBusMethodInvocation *invocation, GUnixFDList *fds,
                        GVariant *handle)
{
    int fd = take_fd(fds, handle);
    if (fd < 0) {
        bad_descriptor(invocation);
        return TRUE;
    }
    call(calls->user, fd, on_bootstrap_done, invocation);
    close(fd);
    return TRUE;
}

static gboolean on_bootstrap(AgentManager *o, GDBusMethodInvocation *invocation, GUnixFDList *fds, GVariant *document, gpointer user)
{
    const struct bus_calls *calls = user;
    (void)o;
    return hand_on(calls, calls->bootstrap, invocation, fds, document);
}

static gboolean on_add_account(AgentManager *o, GDBusMethodInvocation *invocation, GUnixFDList *fds, GVariant *file, gpointer user)
{
    const struct bus_calls *calls = user;
    (void)o;
    return hand_on(calls, calls->account_add, invocation, fds, file);
}

static void on_order_done(void *user, const struct error *error, enum mid_result result, struct slice receipt)
{
    GDBusMethodInvocation *invocation = user;
    if (error->code)
        reply_error(invocation, error);
    else
        g_dbus_method_invocation_return_value(
            invocation, g_variant_new("(u@ay)", (guint32)result, g_variant_new_fixed_array(G_VARIANT_TYPE_BYTE, receipt.data, receipt.len, 1)));
}

static gboolean on_apply_order(AgentManager *o, GDBusMethodInvocation *invocation, GUnixFDList *fds, GVariant *order, gpointer user)
{
    const struct bus_calls *calls = user;
    (void)o;
    int fd = take_fd(fds, order);
    if (fd < 0) {
        bad_descriptor(invocation);
        return TRUE;
    }
    calls->mid_order(calls->user, fd, on_order_done, invocation);
    close(fd);
    return TRUE;
}

static gboolean on_manager_reopen(AgentManager *o, GDBusMethodInvocation *invocation, const char *context, gpointer user)
{
    const struct bus_calls *calls = user;
    struct error e = { 0 };
    (void)o;
    return reply(invocation, calls->reopen_context(calls->user, context, &e), &e);
}

static gboolean on_reload(AgentManager *o, GDBusMethodInvocation *invocation, gpointer user)
{
    const struct bus_calls *calls = user;
    struct error e = { 0 };
    (void)o;
    return reply(invocation, calls->reload(calls->user, &e), &e);
}

struct reset_call {
    GDBusMethodInvocation *invocation;
    const struct bus_calls *calls;
};

static void on_outcome(void *user, const struct error *error)
{
    (void)reply(user, error->code, error);
}

static void on_may_reset(void *user, const struct error *error)
{
    g_autofree struct reset_call *r = user;
    if (error->code)
        reply_error(r->invocation, error);
    else
        r->calls->factory_reset(r->calls->user, on_outcome, r->invocation);
}

static gboolean on_factory_reset(AgentManager *o, GDBusMethodInvocation *invocation, gpointer user)
{
    struct reset_call *r = g_new(struct reset_call, 1);
    (void)o;
    *r = (struct reset_call){ invocation, user };
    authority_ask(invocation, BUS_PREFIX ".factory-reset", on_may_reset, r);
    return TRUE;
}

/* --- Context, Job, Account: the same shape, an action on the node's id --- */

static gboolean on_context_reopen(AgentContext *o, GDBusMethodInvocation *invocation, gpointer user)
{
    const struct bus_calls *calls = user;
    struct error e = { 0 };
    return reply(invocation, calls->reopen_context(calls->user, id_of(o), &e), &e);
}

static gboolean on_submit_pin(AgentContext *o, GDBusMethodInvocation *invocation, GUnixFDList *fds, GVariant *handle, gpointer user)
{
    const struct bus_calls *calls = user;
    char digits[DIGITS_MAX + 1];
    struct error e = { 0 };
    int fd = take_fd(fds, handle);
    if (fd < 0) {
        bad_descriptor(invocation);
        return TRUE;
    }
    if (!read_digits(fd, digits, 40))
        error_set(&e, ERROR_INVALID, "the descriptor must hold 4 to 40 digits");
    close(fd);
    if (!e.code)
        calls->submit_pin(calls->user, id_of(o), digits, on_bootstrap_done, invocation);
    else
        on_bootstrap_done(invocation, &e, "");
    secret_zero(digits, sizeof digits);
    return TRUE;
}

static gboolean on_cancel(AgentJob *o, GDBusMethodInvocation *invocation, gpointer user)
{
    const struct bus_calls *calls = user;
    struct error e = { 0 };
    return reply(invocation, calls->job_cancel(calls->user, id_of(o), &e), &e);
}

static gboolean on_update(AgentAccount *o, GDBusMethodInvocation *invocation, gpointer user)
{
    const struct bus_calls *calls = user;
    struct error e = { 0 };
    return reply(invocation, calls->account_update(calls->user, id_of(o), &e), &e);
}

static gboolean on_connect(AgentAccount *o, GDBusMethodInvocation *invocation, gpointer user)
{
    const struct bus_calls *calls = user;
    struct error e = { 0 };
    return reply(invocation, calls->account_connect(calls->user, id_of(o), &e), &e);
}

static gboolean on_disable(AgentAccount *o, GDBusMethodInvocation *invocation, guint seconds, gpointer user)
{
    const struct bus_calls *calls = user;
    struct error e = { 0 };
    return reply(invocation, calls->account_disable(calls->user, id_of(o), seconds, &e), &e);
}

static gboolean on_remove(AgentAccount *o, GDBusMethodInvocation *invocation, gpointer user)
{
    const struct bus_calls *calls = user;
    struct error e = { 0 };
    g_autofree char *id = g_strdup(id_of(o)); /* the object goes with its account */
    return reply(invocation, calls->account_remove(calls->user, id, &e), &e);
}

static void on_sent(void *user, enum error_code status, const char *text)
{
    struct error e = { 0 };
    if (status)
        error_set(&e, status, "%s", text && text[0] ? text : error_text(status));
    (void)reply(user, status, &e);
}

static gboolean on_send(AgentAccount *o, GDBusMethodInvocation *invocation, const char *paths, const char *format, gpointer user)
{
    const struct bus_calls *calls = user;
    calls->account_send(calls->user, id_of(o), paths, format, on_sent, invocation);
    return TRUE;
}

/* --- Sim --- */


static void on_pin_done(void *user, enum error_code status, const char *text)
{
    GDBusMethodInvocation *invocation = user;
    struct error e = { 0 };
    if (status)
        error_set(&e, status, "SIM PIN: %s", text && text[0] ? text : error_text(status));
    (void)reply(invocation, status, &e);
}

static gboolean take_pin(AgentSim *o, GDBusMethodInvocation *invocation, GUnixFDList *fds, GVariant *handle, bool remember, const struct bus_calls *calls)
{
    char pin[DIGITS_MAX + 1];
    int fd = take_fd(fds, handle);
    if (fd < 0) {
        bad_descriptor(invocation);
        return TRUE;
    }
    bool good = read_digits(fd, pin, 8); /* TS 31.101 9.3 */
    close(fd);
    if (good)
        calls->sim_send_pin(calls->user, id_of(o), pin, remember, on_pin_done, invocation);
    else
        on_pin_done(invocation, ERROR_INVALID, "the descriptor must hold 4 to 8 digits");
    secret_zero(pin, sizeof pin);
    return TRUE;
}

static gboolean on_send_pin(AgentSim *o, GDBusMethodInvocation *invocation, GUnixFDList *fds, GVariant *handle, gpointer user)
{
    return take_pin(o, invocation, fds, handle, false, user);
}

static gboolean on_remember_pin(AgentSim *o, GDBusMethodInvocation *invocation, GUnixFDList *fds, GVariant *handle, gpointer user)
{
    return take_pin(o, invocation, fds, handle, true, user);
}

static gboolean on_forget_pin(AgentSim *o, GDBusMethodInvocation *invocation, gpointer user)
{
    const struct bus_calls *calls = user;
    struct error e = { 0 };
    return reply(invocation, calls->sim_forget_pin(calls->user, id_of(o), &e), &e);
}

/* --- Mid --- */

static gboolean mid_set_state(gpointer skeleton, GDBusMethodInvocation *invocation, const struct bus_calls *calls, enum mid_state state)
{
    calls->mid_set_state(calls->user, id_of(skeleton), state, on_outcome, invocation);
    return TRUE;
}

static gboolean on_mid_activate(AgentMid *o, GDBusMethodInvocation *invocation, gpointer user)
{
    return mid_set_state(o, invocation, user, MID_ACTIVE);
}

static gboolean on_mid_suspend(AgentMid *o, GDBusMethodInvocation *invocation, gpointer user)
{
    return mid_set_state(o, invocation, user, MID_SUSPENDED);
}

static gboolean on_mid_erase(AgentMid *o, GDBusMethodInvocation *invocation, gpointer user)
{
    return mid_set_state(o, invocation, user, MID_ERASED);
}

static void on_aka(void *user, const struct error *error, const char *result, const char *res, const char *auts)
{
    GDBusMethodInvocation *invocation = user;
    if (error->code)
        reply_error(invocation, error);
    else
        g_dbus_method_invocation_return_value(invocation, g_variant_new("(sss)", result, res, auts));
}

static bool take_hex(const char *text, uint8_t out[AKA_OCTETS])
{
    size_t len = 0;
    return text_hex_decode((struct slice){ (const uint8_t *)text, strlen(text) }, out, AKA_OCTETS, &len) && len == AKA_OCTETS;
}

static gboolean on_mid_authenticate(AgentMid *o, GDBusMethodInvocation *invocation, const char *rand, const char *autn, gpointer user)
{
    const struct bus_calls *calls = user;
    uint8_t rand_octets[AKA_OCTETS], autn_octets[AKA_OCTETS];
    struct error e = { 0 };
    if (!take_hex(rand, rand_octets) || !take_hex(autn, autn_octets))
        return reply(invocation, error_set(&e, ERROR_INVALID, "RAND and AUTN are 32 hexadecimal digits each"), &e);
    calls->mid_authenticate(calls->user, id_of(o), rand_octets, autn_octets, on_aka, invocation);
    return TRUE;
}

/* --- Device --- */

static void on_path(void *user, const struct error *error, const char *path)
{
    GDBusMethodInvocation *invocation = user;
    if (error->code)
        reply_error(invocation, error);
    else
        g_dbus_method_invocation_return_value(invocation, g_variant_new("(o)", path));
}

static void on_text(void *user, const struct error *error, const char *text)
{
    GDBusMethodInvocation *invocation = user;
    if (error->code)
        reply_error(invocation, error);
    else
        g_dbus_method_invocation_return_value(invocation, g_variant_new("(s)", text));
}

static gboolean on_add_device(AgentManager *o, GDBusMethodInvocation *invocation, const char *name, gpointer user)
{
    const struct bus_calls *calls = user;
    (void)o;
    calls->device_add(calls->user, name, on_path, invocation);
    return TRUE;
}

static gboolean on_device_assign(AgentDevice *o, GDBusMethodInvocation *invocation, const char *impu, gpointer user)
{
    const struct bus_calls *calls = user;
    calls->device_assign(calls->user, id_of(o), impu, on_text, invocation);
    return TRUE;
}

static gboolean on_device_revoke(AgentDevice *o, GDBusMethodInvocation *invocation, gpointer user)
{
    const struct bus_calls *calls = user;
    struct error e = { 0 };
    return reply(invocation, calls->device_revoke(calls->user, id_of(o), &e), &e);
}

/* The id goes with the node: a copy. */
static gboolean on_device_remove(AgentDevice *o, GDBusMethodInvocation *invocation, gpointer user)
{
    const struct bus_calls *calls = user;
    struct error e = { 0 };
    g_autofree char *id = g_strdup(id_of(o));
    return reply(invocation, calls->device_remove(calls->user, id, &e), &e);
}

static gboolean on_device_authorize(AgentDevice *o, GDBusMethodInvocation *invocation, const char *method, const char *uri, const char *challenge, gpointer user)
{
    const struct bus_calls *calls = user;
    calls->device_authorize(calls->user, id_of(o), &(struct bus_authorize){ method, uri, challenge }, on_text, invocation);
    return TRUE;
}

void methods_attach(void *user, enum tree_kind kind, GDBusInterfaceSkeleton *skeleton, const char *node_id)
{
    static const struct {
        enum tree_kind kind;
        const char *signal;
        GCallback handler;
    } rows[] = {
        { TREE_MANAGER, "handle-bootstrap", G_CALLBACK(on_bootstrap) },
        { TREE_MANAGER, "handle-apply-order", G_CALLBACK(on_apply_order) },
        { TREE_MANAGER, "handle-reopen-context", G_CALLBACK(on_manager_reopen) },
        { TREE_MANAGER, "handle-reload", G_CALLBACK(on_reload) },
        { TREE_MANAGER, "handle-factory-reset", G_CALLBACK(on_factory_reset) },
        { TREE_CONTEXT, "handle-reopen", G_CALLBACK(on_context_reopen) },
        { TREE_CONTEXT, "handle-submit-pin", G_CALLBACK(on_submit_pin) },
        { TREE_JOB, "handle-cancel", G_CALLBACK(on_cancel) },
        { TREE_MANAGER, "handle-add-account", G_CALLBACK(on_add_account) },
        { TREE_ACCOUNT, "handle-update", G_CALLBACK(on_update) },
        { TREE_ACCOUNT, "handle-connect", G_CALLBACK(on_connect) },
        { TREE_ACCOUNT, "handle-disable", G_CALLBACK(on_disable) },
        { TREE_ACCOUNT, "handle-remove", G_CALLBACK(on_remove) },
        { TREE_ACCOUNT, "handle-send", G_CALLBACK(on_send) },
        { TREE_MID, "handle-activate", G_CALLBACK(on_mid_activate) },
        { TREE_MID, "handle-suspend", G_CALLBACK(on_mid_suspend) },
        { TREE_MID, "handle-erase", G_CALLBACK(on_mid_erase) },
        { TREE_MID, "handle-authenticate", G_CALLBACK(on_mid_authenticate) },
        { TREE_MANAGER, "handle-add-device", G_CALLBACK(on_add_device) },
        { TREE_DEVICE, "handle-assign-identity", G_CALLBACK(on_device_assign) },
        { TREE_DEVICE, "handle-revoke-identity", G_CALLBACK(on_device_revoke) },
        { TREE_DEVICE, "handle-authorize", G_CALLBACK(on_device_authorize) },
        { TREE_DEVICE, "handle-remove", G_CALLBACK(on_device_remove) },
        { TREE_SIM, "handle-send-pin", G_CALLBACK(on_send_pin) },
        { TREE_SIM, "handle-remember-pin", G_CALLBACK(on_remember_pin) },
        { TREE_SIM, "handle-forget-pin", G_CALLBACK(on_forget_pin) },
    };
    g_object_set_data_full(G_OBJECT(skeleton), "node-id", g_strdup(node_id), g_free);
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++)
        if (rows[i].kind == kind)
            g_signal_connect(skeleton, rows[i].signal, rows[i].handler, user);
}
