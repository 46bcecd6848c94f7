/* SPDX-License-Identifier: Apache-2.0 */
/* doctor: what is missing, from the bus upwards, each finding with what to do about it. A FAIL keeps the gateway from being managed; a note may, or
 * concerns what this gateway does not need. Only asks, never changes anything. */
#include <openssl/ssl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "ctl/verbs.h"

#define MM "org.freedesktop.ModemManager1"
#define MODEMD_SOCKET "/run/gateway-agent/modemd.sock"

enum level { LEVEL_OK, LEVEL_NOTE, LEVEL_FAIL };

struct doctor {
    struct ctl *ctl;
    json_t *json; /* NULL: text */
    bool failed;
};

static void report(struct doctor *d, const char *name, enum level level, const char *value, const char *hint)
{
    static const char *const words[] = { "ok", "note", "FAIL" };
    const char *word = words[level];
    hint = level == LEVEL_OK ? "" : hint;
    d->failed = d->failed || level == LEVEL_FAIL;
    if (d->json) {
        (void)json_array_append_new(d->json, json_pack("{s:s,s:b,s:s,s:s,s:s}", "check", name, "ok", level != LEVEL_FAIL, "level", level == LEVEL_FAIL ? "fail" : word,
                                                       "value", value, "hint", hint));
        return;
    }
    printf("%s%-4s%s %-18s %s%s%s\n", ctl_color(d->ctl, word), word, ctl_color_end(d->ctl), name, value, hint[0] ? "; " : "", hint);
}

static GVariant *ask(struct doctor *d, const char *name, const char *path, const char *interface, const char *method, GVariant *args)
{
    return g_dbus_connection_call_sync(d->ctl->bus, name, path, interface, method, args, NULL, G_DBUS_CALL_FLAGS_NO_AUTO_START, 5000, NULL, NULL);
}

/* The unique name behind a well-known one; NULL if nobody has it. g_free. */
static char *owner_of(struct doctor *d, const char *name)
{
    char *owner = NULL;
    g_autoptr(GVariant) v = ask(d, "org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus", "GetNameOwner", g_variant_new("(s)", name));
    if (v)
        g_variant_get(v, "(s)", &owner);
    return owner;
}

/* --- our own state --- */

static void check_property(struct doctor *d, GVariant *manager, const char *check, const char *property, const char *want, const char *hint)
{
    const char *value = ctl_text(manager, property);
    bool good = want ? strcmp(value, want) == 0 : value[0] != '\0';
    report(d, check, good ? LEVEL_OK : LEVEL_FAIL, value[0] ? value : "absent", hint);
}

static void check_agent(struct doctor *d, GVariant *manager)
{
    const char *clock = ctl_text(manager, "ClockState");
    check_property(d, manager, "factory data", "GatewayId", NULL, "install factory.json and restart gateway-agent, see agentd(8)");
    check_property(d, manager, "agent-tred", "TreState", "ready", "provision and start it, see agent-tred(8)");
    report(d, "clock", strcmp(clock, "untrusted") == 0 ? LEVEL_FAIL : LEVEL_OK, clock, "set the clock, or wait for network time");
    g_autofree char *causes = ctl_texts(manager, "MessageCauses");
    if (ctl_number(manager, "MessagesWaiting"))
        report(d, "messages", LEVEL_NOTE, "wait for digits", "give those that belong to the push: agentctl context pin NAME");
    else
        report(d, "messages", causes[0] ? LEVEL_NOTE : LEVEL_OK, causes[0] ? causes : "none refused", "refused or ignored since start, by cause");
    report(d, "last error", ctl_text(manager, "LastError")[0] ? LEVEL_NOTE : LEVEL_OK,
           ctl_text(manager, "LastErrorText")[0] ? ctl_text(manager, "LastErrorText") : "none", ctl_text(manager, "LastErrorHint"));
}

static void find_route(void *user, const char *path, const char *kind, GVariant *p)
{
    bool *found = user;
    (void)path, (void)kind;
    *found = *found || ctl_flag(p, "QmiRoute");
}

/* agent-modemd: by what agentd says of its route, else by its socket. */
static void check_modemd(struct doctor *d, GVariant *objects)
{
    struct stat st;
    bool route = false;
    if (objects)
        ctl_each(objects, "Modem", find_route, &route);
    bool there = route || (stat(MODEMD_SOCKET, &st) == 0 && S_ISSOCK(st.st_mode));
    report(d, "agent-modemd", there ? LEVEL_OK : LEVEL_NOTE, route ? "delivers messages" : there ? "running" : "absent",
           "QMI modems and bearers need it: systemctl start gateway-modemd");
}

enum { KEPT_MANY = 10 }; /* the smallest cards in use hold ten messages */

static void check_storage(struct doctor *d, GVariant *modem)
{
    const char *storage = ctl_text(modem, "MessageStorage");
    guint64 kept = ctl_number(modem, "MessagesKept");
    g_autofree char *value = g_strdup_printf("%" G_GUINT64_FORMAT " messages of the user in the modem", kept);
    if (strcmp(storage, "full") == 0)
        report(d, "SMS storage", LEVEL_FAIL, "full: no trigger can arrive", "delete messages: mmcli -m any --messaging-list-sms, --messaging-delete-sms");
    else if (!storage[0] && kept >= KEPT_MANY)
        report(d, "SMS storage", LEVEL_NOTE, value, "this modem does not tell whether it is full; if it is, no trigger can arrive: delete some");
}

/* A MID that answers nobody, and who can change that. */
static void check_mid(struct doctor *d, GVariant *mid)
{
    bool damaged = strcmp(ctl_text(mid, "Reason"), "integrity") == 0;
    if (strcmp(ctl_text(mid, "State"), "BLOCKED") != 0)
        return;
    g_autofree char *value = g_strdup_printf("%s is BLOCKED (%s)", ctl_text(mid, "MidId"), ctl_text(mid, "Reason"));
    report(d, "identity", LEVEL_FAIL, value, damaged ? "ask its issuer for a newer package, see agent-tred's log" : "its issuer unblocks it: agentctl mid order FILE");
}

static void find_trouble(void *user, const char *path, const char *kind, GVariant *p)
{
    struct doctor *d = user;
    if (strcmp(kind, "Modem") == 0)
        check_storage(d, p);
    if (strcmp(kind, "Mid") == 0)
        check_mid(d, p);
    const char *state = ctl_text(p, "State"), *lock = ctl_text(p, "Lock");
    if (strcmp(state, "failed") == 0 || strcmp(state, "locked") == 0)
        report(d, path, LEVEL_FAIL, state, strcmp(state, "locked") == 0 ? "agentctl sim pin" : "see the log of ModemManager");
    else if (lock[0] && strcmp(lock, "none") != 0)
        report(d, path, LEVEL_FAIL, lock, ctl_text(p, "LockHint")[0] ? ctl_text(p, "LockHint") : "agentctl sim pin; a PUK is the operator's matter");
    else if (strcmp(ctl_text(p, "Registration"), "denied") == 0)
        report(d, path, LEVEL_FAIL, "registration denied", "check SIM and subscription with the operator");
    else if (ctl_flag(p, "Roaming"))
        report(d, path, LEVEL_NOTE, "roaming", "data is refused unless allow-roaming in agentd.conf allows it");
}

/* --- ModemManager --- */

/* polkit's answer for agentd itself: 1 yes, 0 no, -1 there is no polkit (or we may not ask). */
static int may(struct doctor *d, const char *agent, const char *action)
{
    gboolean authorised;
    g_auto(GVariantBuilder) subject, details;
    g_variant_builder_init(&subject, G_VARIANT_TYPE("a{sv}"));
    g_variant_builder_init(&details, G_VARIANT_TYPE("a{ss}"));
    g_variant_builder_add(&subject, "{sv}", "name", g_variant_new_string(agent));
    GVariant *args = g_variant_new("((sa{sv})sa{ss}us)", "system-bus-name", &subject, action, &details, 0, "");
    g_autoptr(GVariant) v = ask(d, "org.freedesktop.PolicyKit1", "/org/freedesktop/PolicyKit1/Authority", "org.freedesktop.PolicyKit1.Authority",
                                "CheckAuthorization", args);
    if (!v)
        return -1;
    g_variant_get_child(v, 0, "(bba{ss})", &authorised, NULL, NULL);
    return authorised;
}

static void check_permissions(struct doctor *d, const char *agent)
{
    static const char *const actions[] = { MM ".Device.Control", MM ".Messaging", MM ".Time", MM ".Location" };
    int answer = 1;
    const char *refused = "";
    for (gsize i = 0; i < G_N_ELEMENTS(actions) && answer == 1; i++) {
        answer = may(d, agent, actions[i]);
        refused = actions[i];
    }
    if (answer == 0)
        report(d, "permissions", LEVEL_FAIL, refused, "polkit refuses it to agentd: install 50-gateway-agent.rules");
    else
        report(d, "permissions", answer == 1 ? LEVEL_OK : LEVEL_NOTE, answer == 1 ? "granted by polkit" : "not known", "no polkit, or not root");
}

/* ModemManager's own OMA DM client: two for one IMEI confuse the operator. */
static void check_oma(struct doctor *d)
{
    GVariantIter iter;
    const char *path;
    GVariant *interfaces;
    g_autoptr(GVariant) reply = ask(d, MM, "/org/freedesktop/ModemManager1", "org.freedesktop.DBus.ObjectManager", "GetManagedObjects", NULL);
    if (!reply) {
        report(d, "ModemManager calls", LEVEL_FAIL, "refused", "see the bus policy of ModemManager");
        return;
    }
    g_autoptr(GVariant) objects = g_variant_get_child_value(reply, 0);
    report(d, "modems", g_variant_n_children(objects) ? LEVEL_OK : LEVEL_NOTE, g_variant_n_children(objects) ? "found" : "none",
           "check the modem and the log of ModemManager");
    g_variant_iter_init(&iter, objects);
    while (g_variant_iter_next(&iter, "{&o@a{sa{sv}}}", &path, &interfaces)) {
        g_autoptr(GVariant) oma = g_variant_lookup_value(interfaces, MM ".Modem.Oma", NULL);
        if (oma)
            report(d, "other OMA client", LEVEL_NOTE, path, "the modem has one of its own: leave Modem.Oma unused");
        g_variant_unref(interfaces);
    }
}

static void check_modem_manager(struct doctor *d, const char *agent, GVariant *manager)
{
    g_autofree char *owner = owner_of(d, MM);
    report(d, "ModemManager", owner ? LEVEL_OK : LEVEL_NOTE, owner ? "running" : "absent", "start it, unless this gateway has no modem");
    if (!owner)
        return;
    if (manager && strcmp(ctl_text(manager, "ModemManagerState"), "present") != 0)
        report(d, "ModemManager seen", LEVEL_FAIL, "agentd does not see it", "check the bus policy for the user gateway-agent");
    if (agent)
        check_permissions(d, agent);
    check_oma(d);
}

/* Briefing nodes of the LAN are found by Avahi, whose bus policy lets everybody ask. */
static void check_avahi(struct doctor *d, GVariant *manager)
{
    const char *state = ctl_text(manager, "AvahiState");
    if (state[0] && strcmp(state, "off") != 0)
        report(d, "Avahi", strcmp(state, "present") == 0 ? LEVEL_OK : LEVEL_NOTE, state,
               "sources in agentd.conf names lan: install and start avahi-daemon, or take lan out");
}

/* Whether this OpenSSL makes the first datagram of a DTLS session with a pre-shared key: builds without DTLS have all the functions too, and libcoap believes
 * them. */
static bool dtls_begins(void)
{
    SSL_CTX *context = SSL_CTX_new(DTLS_client_method());
    SSL *ssl = context ? SSL_new(context) : NULL;
    BIO *in = BIO_new(BIO_s_mem()), *out = BIO_new(BIO_s_mem());
    bool begins = false;
    if (ssl && in && out) {
        SSL_set_bio(ssl, in, out);
        int done = SSL_connect(ssl);
        begins = SSL_get_error(ssl, done) == SSL_ERROR_WANT_READ && BIO_pending(out) > 0;
        in = out = NULL;
    }
    BIO_free(in);
    BIO_free(out);
    SSL_free(ssl);
    SSL_CTX_free(context);
    return begins;
}

static void check_others(struct doctor *d)
{
    static const struct {
        const char *name, *value, *hint;
    } rows[] = { { "org.freedesktop.NetworkManager", "NetworkManager", "let it leave the modem alone: nmcli device set cdc-wdm0 managed no" },
                 { "org.ofono", "oFono", "one of oFono and ModemManager can have the modem" } };
    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *owner = owner_of(d, rows[i].name);
        if (owner)
            report(d, "other manager", LEVEL_NOTE, rows[i].value, rows[i].hint);
    }
}

/* --- the verb --- */

static int examine(struct doctor *d)
{
    int code;
    g_autofree char *agent = owner_of(d, CTL_NAME);
    report(d, "agentd", agent ? LEVEL_OK : LEVEL_FAIL, agent ? "running" : "absent", "systemctl start gateway-agent");
    g_autoptr(GVariant) manager = agent ? ctl_manager(d->ctl, &code) : NULL;
    g_autoptr(GVariant) objects = manager ? ctl_objects(d->ctl, &code) : NULL;
    if (agent && !objects)
        return code; /* it has said why */
    if (manager)
        check_agent(d, manager);
    check_modemd(d, objects);
    check_modem_manager(d, agent, manager);
    if (manager)
        check_avahi(d, manager);
    bool dtls = dtls_begins();
    report(d, "DTLS", dtls ? LEVEL_OK : LEVEL_FAIL, dtls ? "works" : "OpenSSL has none", "LwM2M over coaps needs it: install an OpenSSL with DTLS (OpenWrt: OPENSSL_WITH_DTLS)");
    check_others(d);
    if (objects)
        ctl_each(objects, "", find_trouble, d);
    return !agent ? CTL_NO_DAEMON : d->failed ? CTL_FAILED : CTL_OK;
}

int verb_doctor(struct ctl *c, int argc, char **argv)
{
    (void)argv;
    if (argc)
        return ctl_fail(CTL_USAGE, "agentctl doctor", "doctor takes no argument");
    if (!ctl_connect(c))
        return CTL_NO_DAEMON;
    struct doctor d = { .ctl = c, .json = c->json ? json_array() : NULL };
    int code = examine(&d);
    if (d.json)
        ctl_print_json(json_pack("{s:o}", "checks", d.json));
    return code;
}
