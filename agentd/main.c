/* SPDX-License-Identifier: Apache-2.0 */
/* agentd: the composition root. Builds each room in order, from the ground up, and tears them down in reverse; read top to bottom it is the
 * diagram of the program. Decides nothing. */
#include <fcntl.h>
#include <getopt.h>
#include <glib-unix.h>
#include <glib.h>
#include <openssl/crypto.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "access/access.h"
#include "access/sysd.h"
#include "agentd_config.h"
#include "base/heap.h"
#include "base/owner.h"
#include "bearer/bearer.h"
#include "bearer/plugin.h"
#include "bootstrap/factory/factory.h"
#include "bootstrap/job/job.h"
#include "bootstrap/lwm2m_trigger.h"
#include "bootstrap/pull.h"
#include "bootstrap/service/service.h"
#include "bootstrap/service/upkeep.h"
#include "bootstrap/session.h"
#include "bootstrap/sim_pin.h"
#include "bootstrap/start/card_source.h"
#include "bus/bus.h"
#include "calls.h"
#include "config.h"
#include "glue/loop_glib.h"
#include "glue/notify.h"
#include "mid/gba.h"
#include "model/tre_wire.h"
#include "pn/devices.h"

enum { CLOCK_SAVE_MS = 6 * 3600 * 1000, CLOCK_LOOK_MS = 30000 };

struct options {
    const char *config, *state, *tred, *modemd, *sysd, *spool, *log_level;
    bool reset;
};

struct agent {
    struct options options;
    struct agentd_config config;
    GMainLoop *main_loop;
    struct loop loop;
    struct site site;
    struct access *access;
    struct sysd *sysd;
    const struct bearer_plugin *plugin;
    struct service *service;
    struct accounts *accounts;
    struct conductor *conductor;
    struct sim_pins *pins;
    struct sessions *sessions;
    struct lwm2m_triggers *triggers;
    struct card_source *cards; /* NULL: switched off */
    struct pull *pull;
    struct gba *gba;
    struct devices *devices;
    struct calls calls;
    struct bus *bus;
    bool stopping;
    int status;
};

/* --- events between rooms --- */

static void show_clock(struct agent *a)
{
    enum clock_source source = clock_source(&a->site.clock);
    node_set(tree_manager(a->site.tree), "ClockState", clock_source_name(source));
    modem_watch_want_time(a->site.modem, source == CLOCK_UNTRUSTED);
}

static void look_at_cards(void *user)
{
    struct agent *a = user;
    if (a->cards)
        card_source_look(a->cards);
}

static void on_card_offer(void *user, struct slice message, void (*done)(void *user, const struct error *error), void *done_user)
{
    struct agent *a = user;
    conductor_card(a->conductor, message, done, done_user);
}

static void on_tre_change(void *user)
{
    struct agent *a = user;
    if (a->gba)
        gba_look(a->gba);
    if (a->devices && trust_status(a->site.trust)->state != TRE_READY)
        devices_lost(a->devices);
    if (trust_status(a->site.trust)->state != TRE_READY || !a->conductor)
        return;
    service_start(a->service);
    conductor_resume(a->conductor);
    sim_pins_look(a->pins);
    look_at_cards(a);
    pull_start(a->pull);
}

static void on_modem_change(void *user)
{
    struct agent *a = user;
    if (!a->conductor)
        return;
    site_look_modem(&a->site);
    sim_pins_look(a->pins);
    service_look(a->service);
    conductor_poke(a->conductor);
    look_at_cards(a);
}

static bool on_sms(void *user, const struct modem_sms *sms)
{
    struct agent *a = user;
    return a->conductor && conductor_sms(a->conductor, sms);
}

static bool offer(void *user, const char *source, struct slice message)
{
    struct agent *a = user;
    return conductor_offer(a->conductor, source, message);
}

static bool cards_known(void *user)
{
    struct agent *a = user;
    return !a->cards || card_source_known(a->cards);
}

static void on_job_ended(void *user, bool succeeded)
{
    struct agent *a = user;
    pull_job_ended(a->pull, succeeded);
    look_at_cards(a);
}

static void on_network_time(void *user, uint64_t unix_seconds)
{
    struct agent *a = user;
    if (!clock_set_network(&a->site.clock, unix_seconds))
        log_info("clock", "network time is before the release date; ignored");
    show_clock(a);
    service_look(a->service);
}

static void on_bearer_up(void *user, const struct lease *lease)
{
    struct agent *a = user;
    if (a->service)
        service_bearer(a->service, lease);
}

static void on_bearer_down(void *user, const char *text)
{
    struct agent *a = user;
    (void)text;
    if (a->service)
        service_bearer(a->service, NULL);
}

static void on_bus_name(void *user, bool owned)
{
    struct agent *a = user;
    if (owned) {
        notify_ready();
    } else if (!a->stopping) {
        log_error("bus", "the bus or the name org.gatewayagent.Agent1 was lost");
        a->status = 1;
        g_main_loop_quit(a->main_loop);
    }
}

static bool gba_lease(void *user, const char *context, struct lease *out)
{
    struct agent *a = user;
    return service_lease(a->service, context, out);
}

static void gba_report(void *user, const struct error *err)
{
    struct agent *a = user;
    site_report(&a->site, "gba", 0, err);
}

/* --- clock floor: what time it was when we last looked, so that a later 1970 is recognised --- */

static void save_clock(void *user)
{
    struct agent *a = user;
    struct error e;
    char text[24];
    uint64_t now = clock_now(&a->site.clock);
    if (now && !store_begin(a->site.store, &e)) {
        (void)snprintf(text, sizeof text, "%llu", (unsigned long long)now);
        store_value_put(a->site.store, "clock-floor", text);
        (void)store_commit(a->site.store, &e);
    }
    (void)loop_timer(&a->loop, CLOCK_SAVE_MS, save_clock, a);
}

/* While the clock is not trusted somebody (NTP) may set it. */
static void look_at_clock(void *user)
{
    struct agent *a = user;
    show_clock(a);
    if (clock_source(&a->site.clock) != CLOCK_SYSTEM)
        (void)loop_timer(&a->loop, CLOCK_LOOK_MS, look_at_clock, a);
}

static struct clock_state load_clock(struct store *s)
{
    char text[24];
    uint64_t floor = 0;
    if (store_value_get(s, "clock-floor", text, sizeof text))
        floor = strtoull(text, NULL, 10);
    return clock_make(floor);
}

/* --- building --- */

static bool open_state(struct agent *a, struct error *err)
{
    g_autofree char *path = g_build_filename(a->options.state, "agent.db", NULL);
    if (store_open(path, &a->site.store, err))
        return false;
    a->site.clock = load_clock(a->site.store);
    struct error factory = { 0 };
    if (factory_load(a->site.store, a->config.factory, &a->site.factory, &factory))
        site_report(&a->site, "factory", 0, &factory); /* visible; the gateway stays unprovisioned */
    return true;
}

static void show_manager(struct agent *a)
{
    struct node *m = tree_manager(a->site.tree);
    static const char *const capabilities[] = { "dtls-psk", "oma-cp", "oma-dm", "oma-dm-notification", "lwm2m-trigger", "bearer-modemmanager", "instruction-psk", "instruction-gba", "instruction-pki" };
    static const char *const texts[] = { "LastError", "LastErrorText", "LastErrorHint", "TreBackend", "TreCause" };
    static const char *const numbers[] = { "ActiveJobs", "LastErrorTime", "MessagesReceived", "MessagesRefused", "MessagesIgnored", "MessagesWaiting",
                                           "TriggersCarriedOut", "TriggersLimited" };
    node_set(m, "Version", AGENT_VERSION);
    node_set(m, "State", "starting");
    node_set(m, "TreState", "absent");
    node_set(m, "ModemManagerState", "absent");
    node_set_texts(m, "Capabilities", capabilities, G_N_ELEMENTS(capabilities));
    node_set_texts(m, "MessageCauses", NULL, 0);
    for (size_t i = 0; i < G_N_ELEMENTS(texts); i++)
        node_set(m, texts[i], "");
    for (size_t i = 0; i < G_N_ELEMENTS(numbers); i++)
        node_set_number(m, numbers[i], 0);
}

static bool build_modem(struct agent *a, struct error *err)
{
    static const struct modem_events modem_events = { on_modem_change, on_sms, on_network_time };
    static const struct bearer_events bearer_events = { on_bearer_up, on_bearer_down };
    a->site.modem = modem_watch_new(&a->loop, a->access, a->site.tree, a->config.enable_modem, &modem_events, a, err);
    if (!a->site.modem)
        return false;
    modem_watch_prefer(a->site.modem, a->config.primary_modem);
    modem_watch_want_place(a->site.modem, a->config.place_of_modem);
    a->plugin = bearer_plugin_load(a->config.plugin_dir, a->config.plugin, err);
    if (!a->plugin)
        return false;
    a->site.bearers = bearers_new(&a->loop, a->plugin, a->access, a->site.tree, &bearer_events, a);
    return a->site.bearers != NULL;
}

static bool build(struct agent *a, struct error *err)
{
    a->site.loop = &a->loop;
    a->site.tree = tree_new();
    a->site.uplink = a->config.uplink;
    a->site.default_nonce = a->config.default_nonce;
    a->site.lwm2m_triggers = a->config.lwm2m_triggers;
    a->site.lwm2m_version = a->config.lwm2m_version;
    a->site.queue_mode = a->config.queue_mode;
    a->site.awake_s = a->config.awake_s;
    a->site.lwm2m_nosec = a->config.lwm2m_nosec;
    a->site.place = a->config.place;
    a->site.place_of_modem = a->config.place_of_modem;
    a->site.lwm2m_pack = a->config.lwm2m_pack;
    a->site.any_sim_of_operator = a->config.any_sim_of_operator;
    a->site.roaming = a->config.roaming;
    a->site.published_credentials = a->config.published_credentials;
    a->site.sources = a->config.sources;
    show_manager(a);
    if (!open_state(a, err))
        return false;
    node_set(tree_manager(a->site.tree), "GatewayId", a->site.factory.gateway_id);
    a->access = access_new(&a->loop, a->options.modemd);
    a->site.tre_socket = a->options.tred;
    a->site.trust = trust_new(&a->loop, a->options.tred, a->site.tree, on_tre_change, a);
    a->site.https = https_new(&a->loop);
    a->sysd = sysd_new(&a->loop, a->options.sysd);
    if (!a->access || !a->sysd || !a->site.trust || !a->site.https || !build_modem(a, err))
        return false;
    a->site.upkeep = upkeep_new(&a->site, a->sysd, a->options.spool ? a->options.spool : a->options.state);
    a->service = service_new(&a->site);
    a->accounts = accounts_new(&a->site, a->service);
    a->conductor = conductor_new(&a->site, a->service);
    a->pins = sim_pins_new(&a->site);
    a->sessions = sessions_new(&a->site, a->service, a->conductor);
    a->triggers = lwm2m_triggers_new(&a->site, a->service, a->conductor);
    if (a->config.smart_card)
        a->cards = card_source_new(&a->site, a->access, a->config.card_dm_oid, on_card_offer, a);
    a->gba = gba_new(&(struct gba_site){ .loop = &a->loop, .trust = a->site.trust, .tree = a->site.tree, .clock = &a->site.clock, .bsf = a->config.bsf,
                                         .roots_pem = a->site.factory.roots_pem, .user = a, .lease = gba_lease, .report = gba_report });
    a->site.gba = a->gba;
    a->devices = devices_new(a->site.store, a->site.tree, a->site.trust);
    a->calls = (struct calls){ .site = &a->site, .service = a->service, .accounts = a->accounts, .conductor = a->conductor, .pins = a->pins,
                               .sessions = a->sessions, .gba = a->gba, .devices = a->devices, .config_path = a->options.config };
    static const struct pull_calls pull_calls = { .offer = offer, .cards_known = cards_known };
    a->pull = pull_new(&a->site, a->service, &a->config.pull, &pull_calls, a);
    conductor_watch(a->conductor, on_job_ended, a);
    struct bus_calls table = calls_table(&a->calls);
    service_start(a->service);
    look_at_clock(a);
    save_clock(a);
    a->bus = bus_new(a->site.tree, &table, on_bus_name, a, err);
    return a->bus != NULL;
}

static void tear_down(struct agent *a)
{
    bus_free(a->bus);
    sim_pins_free(a->pins);
    lwm2m_triggers_free(a->triggers);
    sessions_free(a->sessions);
    devices_free(a->devices);
    gba_free(a->gba);
    pull_free(a->pull);
    conductor_free(a->conductor);
    card_source_free(a->cards);
    accounts_free(a->accounts);
    service_free(a->service);
    upkeep_free(a->site.upkeep);
    bearers_free(a->site.bearers);
    if (a->site.modem)
        modem_watch_free(a->site.modem);
    https_free(a->site.https);
    trust_free(a->site.trust);
    access_free(a->access);
    sysd_free(a->sysd);
    factory_clear(&a->site.factory);
    store_close(a->site.store);
    tree_free(a->site.tree);
}

/* --- stopping --- */

static void on_stopped(void *user)
{
    struct agent *a = user;
    g_main_loop_quit(a->main_loop);
}

static gboolean on_signal(gpointer user)
{
    struct agent *a = user;
    if (a->stopping)
        return G_SOURCE_CONTINUE;
    a->stopping = true;
    log_notice("agentd", "stopping");
    service_stop(a->service, on_stopped, a);
    return G_SOURCE_CONTINUE;
}

static int run(struct agent *a)
{
    struct error err = { 0 };
    a->main_loop = g_main_loop_new(NULL, FALSE);
    loop_glib_init(&a->loop);
    if (build(a, &err)) {
        g_unix_signal_add(SIGTERM, on_signal, a);
        g_unix_signal_add(SIGINT, on_signal, a);
        notify_start(&a->loop);
        log_notice("agentd", "gateway-agent %s, gateway %s", AGENT_VERSION, a->site.factory.present ? a->site.factory.gateway_id : "without factory data");
        g_main_loop_run(a->main_loop);
    } else {
        log_error("agentd", "%s; %s", err.code ? err.text : "cannot start", err.code ? err.hint : "");
        a->status = 1;
    }
    tear_down(a);
    loop_glib_done(&a->loop);
    g_main_loop_unref(a->main_loop);
    return a->status;
}

/* --- factory reset --- */

/* As the owner of the directory, so that the service finds its own files. */
static enum error_code reset_state(const char *dir, struct error *err)
{
    g_autofree char *path = g_build_filename(dir, "agent.db", NULL);
    struct store *store = NULL;
    int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool owner = fd >= 0 && owner_become(fd);
    if (fd >= 0)
        close(fd);
    if (!owner)
        return error_set(err, ERROR_STORAGE, "cannot open %s as its owner", dir);
    enum error_code rc = store_open(path, &store, err);
    if (!rc)
        rc = store_reset(store, err);
    store_close(store);
    return rc;
}

static int run_reset(const char *dir)
{
    struct error err = { 0 };
    if (reset_state(dir, &err)) {
        log_error("agentd", "%s; %s", err.text, err.hint);
        return 1;
    }
    log_notice("agentd", "factory state; what came before stays refused");
    return 0;
}

/* --- command line --- */

static void print_help(void)
{
    puts("usage: agentd [--config FILE] [--state DIR] [--tred SOCKET] [--modemd SOCKET] [--sysd SOCKET] [--spool DIR]\n              [--log-level LEVEL]\n"
         "       agentd --factory-reset [--state DIR]\n       agentd --version | --help\n\n"
         "The gateway's provisioning agent; see agentd(8) and agentd.conf(5).");
}

/* -1: go on; otherwise the exit status. */
static int parse_options(int argc, char **argv, struct options *o)
{
    static const struct option table[] = { { "config", required_argument, NULL, 'c' },  { "state", required_argument, NULL, 's' },
                                           { "tred", required_argument, NULL, 't' },    { "modemd", required_argument, NULL, 'm' },
                                           { "sysd", required_argument, NULL, 'y' },       { "spool", required_argument, NULL, 'p' },
                                           { "log-level", required_argument, NULL, 'l' }, { "factory-reset", no_argument, NULL, 'r' },
                                           { "version", no_argument, NULL, 'V' },       { "help", no_argument, NULL, 'h' },
                                           { NULL, 0, NULL, 0 } };
    *o = (struct options){ AGENT_CONF_DIR "/agentd.conf", "/var/lib/gateway-agent", "/run/gateway-agent/tred.sock",
                           "/run/gateway-agent/modemd.sock", "/run/gateway-agent/sysd.sock", NULL, NULL, false };
    for (int opt; (opt = getopt_long(argc, argv, "", table, NULL)) != -1;) {
        switch (opt) {
        case 'c': o->config = optarg; break;
        case 's': o->state = optarg; break;
        case 't': o->tred = optarg; break;
        case 'm': o->modemd = optarg; break;
        case 'y': o->sysd = optarg; break;
        case 'p': o->spool = optarg; break;
        case 'l': o->log_level = optarg; break;
        case 'r': o->reset = true; break;
        case 'V': puts("agentd " AGENT_VERSION); return 0;
        case 'h': print_help(); return 0;
        default: return 2;
        }
    }
    return optind == argc ? -1 : 2;
}

int main(int argc, char **argv)
{
    static struct agent agent;
    struct error err = { 0 };
    heap_begin();
    int status = parse_options(argc, argv, &agent.options);
    if (status >= 0)
        return status;
    (void)prctl(PR_SET_DUMPABLE, 0);
    (void)setrlimit(RLIMIT_CORE, &(struct rlimit){ 0, 0 });
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN);
    if (agent.options.reset)
        return run_reset(agent.options.state); /* whatever the configuration is like */
    if (config_load(agent.options.config, &agent.config, &err) ||
        (agent.options.log_level && !log_level_from_name(agent.options.log_level, &agent.config.log_level))) {
        fprintf(stderr, "agentd: %s\n", err.code ? err.text : "unknown log level");
        return 2;
    }
    log_set(agent.config.log_level, agent.config.log_target, "agentd");
    (void)OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CRYPTO_STRINGS, NULL); /* 53 KiB of texts; those of TLS, which say why a session failed, are others */
    return run(&agent);
}
