/* SPDX-License-Identifier: Apache-2.0 */
/* The LwM2M client alone, with an account from its arguments: for interoperability tests and for looking at a server by hand.
 * Prints one line an event: "state NAME LOCATION", "error NAME TEXT", "account ID URI IDENTITY LIFETIME MODE" and "server hold-off S timeout S" (--bootstrap), "reboot", "stopped". SIGTERM and SIGINT de-register (SIGINT with --keep ends without), SIGUSR1 updates,
 * SIGHUP gives the same lease anew, SIGUSR2 takes it away, SIGWINCH sends the values of --send ("sent", or an error), or with --company puts another client
 * in the place of this one, at once. With --bootstrap, Execute /1/0/9 asks the
 * bootstrap server again. */
#include <glib-unix.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/log.h"
#include "base/text.h"
#include "glue/loop_glib.h"
#include "lwm2m/bootstrap.h"
#include "lwm2m/lwm2m.h"
#include "lwm2m/resume.h"
#include "package_host.h"

static struct loop loop;
static GMainLoop *main_loop;
static struct lwm2m_client *client;
static struct lease lease;
static uint64_t keep_timer;

static void on_state(void *user, const struct lwm2m_status *status)
{
    (void)user;
    printf("state %s %s\n", lwm2m_state_name(status->state), status->location[0] ? status->location : "-");
    if (status->error.code != ERROR_NONE)
        printf("error %s %s\n", error_name(status->error.code), status->error.text);
    fflush(stdout);
}

static void on_stopped(void *user)
{
    (void)user;
    client = NULL;
    printf("stopped\n");
    fflush(stdout);
    g_main_loop_quit(main_loop);
}

static gboolean on_stop(gpointer user)
{
    (void)user;
    lwm2m_client_stop(client, on_stopped, NULL);
    return G_SOURCE_REMOVE;
}

static gboolean on_quit(gpointer user)
{
    (void)user;
    lwm2m_client_leave_be(client);
    client = NULL;
    g_main_loop_quit(main_loop);
    return G_SOURCE_REMOVE;
}

static gboolean on_update(gpointer user)
{
    (void)user;
    lwm2m_client_update(client);
    return G_SOURCE_CONTINUE;
}

static char *uri, *endpoint, *identity, *key, *local, *move_to;

static gboolean on_lease(gpointer user)
{
    if (user && move_to)
        (void)ip_address_parse(move_to, &lease.address[0]);
    lwm2m_client_set_lease(client, user ? &lease : NULL);
    return G_SOURCE_CONTINUE;
}

static uint64_t current_time(void *user)
{
    (void)user;
    return (uint64_t)time(NULL);
}

static bool reboot(void *user)
{
    (void)user;
    printf("reboot\n");
    fflush(stdout);
    return true;
}

static char *keep, *packages, *send_paths, *send_format, *certificate, *private_key, *server_certificate, *sni, *roots;
static int lifetime = 300, server_id = 1, usage = 3, matching, hold_off, timeout, awake, highest = 1;
static gboolean verbose, no_reboot, bootstrap_first, nosec, pack, company;
static struct servers *servers; /* with company */
static struct lwm2m_rules rules;
static struct lwm2m_bootstrap *bootstrap;
static struct lwm2m_device device;
static struct lwm2m_account account, installed[4]; /* the latter: of the last bootstrap, its server's own account last */
static size_t installed_count;

static const GOptionEntry options[] = {
    { "uri", 'u', 0, G_OPTION_ARG_STRING, &uri, "server", "coap[s][+tcp]://HOST[:PORT]" },
    { "endpoint", 'e', 0, G_OPTION_ARG_STRING, &endpoint, "endpoint name", "NAME" },
    { "identity", 'i', 0, G_OPTION_ARG_STRING, &identity, "PSK identity", "TEXT" },
    { "key", 'k', 0, G_OPTION_ARG_STRING, &key, "PSK", "HEX" },
    { "lifetime", 'l', 0, G_OPTION_ARG_INT, &lifetime, "registration lifetime", "SECONDS" },
    { "server-id", 's', 0, G_OPTION_ARG_INT, &server_id, "short server id", "N" },
    { "local", 'b', 0, G_OPTION_ARG_STRING, &local, "bind to this address of ours", "IP" },
    { "move-to", 0, 0, G_OPTION_ARG_STRING, &move_to, "with --local: what SIGHUP gives is this address", "IP" },
    { "no-reboot", 0, 0, G_OPTION_ARG_NONE, &no_reboot, "no hook for Execute /3/0/4", NULL },
    { "bootstrap", 0, 0, G_OPTION_ARG_NONE, &bootstrap_first, "the server is a bootstrap server: get accounts there, then register at the first", NULL },
    { "queue", 0, 0, G_OPTION_ARG_INT, &awake, "queue mode: asleep after so long", "SECONDS" },
    { "certificate", 0, 0, G_OPTION_ARG_FILENAME, &certificate, "ours (DER): security mode 2 instead of a PSK", "FILE" },
    { "private-key", 0, 0, G_OPTION_ARG_FILENAME, &private_key, "ours (DER)", "FILE" },
    { "server-certificate", 0, 0, G_OPTION_ARG_FILENAME, &server_certificate, "/0/x/4: a certificate (DER), or a digest", "FILE" },
    { "usage", 0, 0, G_OPTION_ARG_INT, &usage, "/0/x/15", "0..3" },
    { "matching", 0, 0, G_OPTION_ARG_INT, &matching, "/0/x/13", "0..3" },
    { "sni", 0, 0, G_OPTION_ARG_STRING, &sni, "/0/x/14", "NAME" },
    { "roots", 0, 0, G_OPTION_ARG_FILENAME, &roots, "factory roots (PEM)", "FILE" },
    { "nosec", 0, 0, G_OPTION_ARG_NONE, &nosec, "security mode 3, here and in what a bootstrap server writes", NULL },
    { "hold-off", 0, 0, G_OPTION_ARG_INT, &hold_off, "/0/x/11 of the bootstrap server", "SECONDS" },
    { "timeout", 0, 0, G_OPTION_ARG_INT, &timeout, "/0/x/12 of the bootstrap server", "SECONDS" },
    { "pack", 0, 0, G_OPTION_ARG_NONE, &pack, "ask for a Bootstrap-Pack first", NULL },
    { "send", 0, 0, G_OPTION_ARG_STRING, &send_paths, "what SIGWINCH sends", "PATHS" },
    { "send-format", 0, 0, G_OPTION_ARG_STRING, &send_format, "senml-cbor, senml-json, lwm2m-cbor", "NAME" },
    { "keep", 0, 0, G_OPTION_ARG_FILENAME, &keep, "the registration is kept here, over a restart", "FILE" },
    { "company", 0, 0, G_OPTION_ARG_NONE, &company, "another server, which is never reached, shares the gateway", NULL },
    { "packages", 0, 0, G_OPTION_ARG_FILENAME, &packages, "software may be managed (object 9), in this folder; the place of the gateway is known (object 6)", "DIR" },
    { "highest", 0, 0, G_OPTION_ARG_INT, &highest, "version of LwM2M that servers are told: 0 is 1.0, 1, 2", "MINOR" },
    { "verbose", 'v', 0, G_OPTION_ARG_NONE, &verbose, "log at level debug", NULL },
    { NULL, 0, 0, G_OPTION_ARG_NONE, NULL, NULL, NULL },
};

static bool fill_file(const char *path, uint8_t *out, size_t cap, size_t *len)
{
    g_autofree char *octets = NULL;
    if (!path || !g_file_get_contents(path, &octets, len, NULL) || *len > cap)
        return false;
    memcpy(out, octets, *len);
    return true;
}

static bool fill_x509(struct lwm2m_x509 *x)
{
    x->usage = (uint8_t)usage;
    x->matching = (uint8_t)matching;
    return text_copy(x->sni, sizeof x->sni, sni ? sni : "") && fill_file(certificate, x->certificate, sizeof x->certificate, &x->certificate_len) &&
           fill_file(private_key, x->private_key, sizeof x->private_key, &x->private_key_len) &&
           fill_file(server_certificate, x->server, sizeof x->server, &x->server_len);
}

static bool fill_credentials(struct lwm2m_account *a)
{
    a->mode = certificate ? LWM2M_X509 : nosec ? LWM2M_NOSEC : LWM2M_PSK;
    if (a->mode != LWM2M_PSK)
        return a->mode == LWM2M_NOSEC || fill_x509(&a->x509);
    return identity && key && text_copy(a->identity, sizeof a->identity, identity) &&
           text_hex_decode((struct slice){ (const uint8_t *)key, strlen(key) }, a->key, sizeof a->key, &a->key_len);
}

static bool fill(struct lwm2m_account *a)
{
    if (!uri || !endpoint || !fill_credentials(a))
        return false;
    a->hold_off = (uint32_t)hold_off;
    a->timeout = (uint32_t)timeout;
    rules.nosec = nosec;
    if (roots && !g_file_get_contents(roots, (char **)(uintptr_t)&rules.roots_pem, NULL, NULL))
        return false;
    a->short_server_id = bootstrap_first ? 0 : (uint16_t)server_id;
    a->lifetime = (uint32_t)lifetime;
    if (local && ip_address_parse(local, &lease.address[0])) {
        lease.bound = true;
        lease.addresses = 1;
    }
    return text_copy(a->uri, sizeof a->uri, uri) && text_copy(a->endpoint, sizeof a->endpoint, endpoint);
}

/* Another file in its place, so that a kill leaves one of the two. */
static void write_registration(void *user)
{
    static uint8_t octets[LWM2M_REGISTRATION_MAX];
    struct writer w = writer_make(octets, sizeof octets);
    (void)user;
    keep_timer = 0;
    if (client && lwm2m_client_write_registration(client, &w) && g_file_set_contents(keep, (const char *)octets, (gssize)w.len, NULL))
        printf("kept %zu\n", w.len);
    fflush(stdout);
}

static void on_registration(void *user)
{
    (void)user;
    (void)remove(keep);
    loop_cancel(&loop, &keep_timer);
    keep_timer = loop_timer(&loop, 50, write_registration, NULL);
}

static void read_registration(void)
{
    g_autofree char *octets = NULL;
    size_t len;
    if (g_file_get_contents(keep, &octets, &len, NULL) && !lwm2m_client_read_registration(client, (struct slice){ (const uint8_t *)octets, len }))
        printf("kept unreadable\n");
    lwm2m_client_watch(client, on_registration, NULL);
}

static bool register_at(const struct lwm2m_account *a)
{
    struct error error = { 0 };
    client = lwm2m_client_new(&loop, a, &lease, &device, on_state, NULL, &error);
    if (!client)
        printf("error %s %s\n", error_name(error.code), error.text);
    if (client && servers)
        lwm2m_client_join(client, servers);
    if (client && keep)
        read_registration();
    return client != NULL;
}

static bool begin_company(void)
{
    struct lwm2m_account other = account;
    struct error error = { 0 };
    other.short_server_id++;
    servers = lwm2m_servers_new();
    struct lwm2m_client *c = lwm2m_client_new(&loop, &other, NULL, &device, NULL, NULL, &error);
    if (c)
        lwm2m_client_join(c, servers);
    return c != NULL;
}

static gboolean on_replace(gpointer user)
{
    (void)user;
    lwm2m_client_free(client);
    if (!register_at(&account))
        g_main_loop_quit(main_loop);
    return G_SOURCE_CONTINUE;
}

static void on_bootstrap(void *user, const struct error *error, const struct lwm2m_account *accounts, size_t count, const struct access_rights *rights)
{
    (void)rights;
    (void)user;
    if (error)
        printf("error %s %s\n", error_name(error->code), error->text);
    for (size_t i = 0; i < count; i++)
        printf("account %u %s %s %u %s\n", (unsigned)accounts[i].short_server_id, accounts[i].uri, accounts[i].identity, (unsigned)accounts[i].lifetime,
               lwm2m_mode_name(accounts[i].mode));
    if (count)
        printf("server hold-off %u timeout %u\n", (unsigned)accounts[count - 1].hold_off, (unsigned)accounts[count - 1].timeout);
    fflush(stdout);
    for (installed_count = 0; installed_count < count && installed_count < G_N_ELEMENTS(installed); installed_count++)
        installed[installed_count] = accounts[installed_count];
    if (error || !register_at(&accounts[0]))
        g_main_loop_quit(main_loop);
    lwm2m_bootstrap_free(bootstrap);
    bootstrap = NULL;
}

static bool begin(void)
{
    struct error error = { 0 };
    struct lwm2m_bootstrap_task task = { .server = &account, .version = device.version, .installed = installed, .installed_count = installed_count ? installed_count - 1 : 0, .lease = &lease,
                                         .endpoint = endpoint, .rules = &rules, .pack = pack };
    if (!bootstrap_first)
        return register_at(&account);
    bootstrap = lwm2m_bootstrap_new(&loop, &task, on_bootstrap, NULL, &error);
    if (!bootstrap)
        printf("error %s %s\n", error_name(error.code), error.text);
    return bootstrap != NULL;
}

static void on_left(void *user)
{
    (void)user;
    client = NULL;
    if (!begin())
        g_main_loop_quit(main_loop);
}

static void leave(void *user)
{
    (void)user;
    lwm2m_client_stop(client, on_left, NULL);
}

static bool request_bootstrap(void *user, uint16_t short_server_id)
{
    (void)user;
    (void)short_server_id;
    loop_timer(&loop, 100, leave, NULL); /* after the answer */
    return true;
}

static void on_sent(void *user, const struct error *error)
{
    (void)user;
    if (error)
        printf("error %s %s\n", error_name(error->code), error->text);
    else
        printf("sent\n");
    fflush(stdout);
}

static gboolean on_send(gpointer user)
{
    struct error error = { 0 };
    (void)user;
    if (lwm2m_client_send(client, send_paths, send_format ? send_format : "", on_sent, NULL, &error))
        on_sent(NULL, &error);
    return G_SOURCE_CONTINUE;
}

static void on_software(void)
{
    if (client)
        lwm2m_client_changed(client);
}

static void place(void *user, struct place *out)
{
    (void)user;
    *out = (struct place){ .known = true, .has_radius = true, .latitude = 59.3293, .longitude = -18.0686, .radius = 25, .time = 1795273200 };
}

int main(int argc, char **argv)
{
    GOptionContext *context = g_option_context_new(NULL);
    g_option_context_add_main_entries(context, options, NULL);
    if (!g_option_context_parse(context, &argc, &argv, NULL) || !fill(&account)) {
        fprintf(stderr, "usage: lwm2m_client_tool --uri URI --endpoint NAME (--identity TEXT --key HEX | --certificate FILE .. | --nosec) [--help]\n");
        return 2;
    }
    g_option_context_free(context);
    log_set(verbose ? LOG_LEVEL_DEBUG : LOG_LEVEL_NOTICE, LOG_TARGET_STDERR, "lwm2m_client_tool");
    loop_glib_init(&loop);
    main_loop = g_main_loop_new(NULL, FALSE);
    device = (struct lwm2m_device){ .manufacturer = "gateway-agent", .model = "interop", .serial = "SN-0001", .hardware_version = "1", .firmware_version = "1.0",
                                   .gateway_id = endpoint, .current_time = current_time, .reboot = no_reboot ? NULL : reboot, .version = (enum lwm2m_version)highest + LWM2M_1_0, .queue_mode = awake > 0, .awake_s = (uint32_t)awake,
                                   .rules = &rules, .request_bootstrap = bootstrap_first ? request_bootstrap : NULL };
    if (packages) {
        device.software = package_host_new(&loop, packages, on_software);
        device.place = place;
    }
    if ((company && !begin_company()) || !begin())
        return 1;
    if (company)
        g_unix_signal_add(SIGWINCH, on_replace, NULL);
    g_unix_signal_add(SIGTERM, on_stop, NULL);
    g_unix_signal_add(SIGINT, keep ? on_quit : on_stop, NULL);
    g_unix_signal_add(SIGUSR1, on_update, NULL);
    g_unix_signal_add(SIGHUP, on_lease, &lease);
    g_unix_signal_add(SIGUSR2, on_lease, NULL);
    if (send_paths)
        g_unix_signal_add(SIGWINCH, on_send, NULL);
    g_main_loop_run(main_loop);
    software_free(device.software);
    g_main_loop_unref(main_loop);
    loop_glib_done(&loop);
    return 0;
}
