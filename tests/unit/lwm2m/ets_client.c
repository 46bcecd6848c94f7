/* SPDX-License-Identifier: Apache-2.0 */
/* The LwM2M client with all its objects, over facts that are given and a firmware hook that is a file, for the conformance cases. usage: ets_client FOLDER LIFETIME
 * AWAKE (seconds of queue mode; 0: none). * FOLDER/hook holds the result of the hook (enum firmware_result), FOLDER/fetch that of a download (enum download_result), FOLDER/sys stands before the system's files. Prints "state
 * NAME", "reboot", "reset". SIGTERM de-registers; SIGUSR1 changes a fact; SIGUSR2 takes the
 * connectivity away, SIGHUP gives it back. */
#include <glib-unix.h>
#include <glib/gstdio.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "base/text.h"
#include "glue/loop_glib.h"
#include "lwm2m/firmware.h"
#include "lwm2m/lwm2m.h"
#include "lwm2m/profiles.h"

static struct loop loop;
static GMainLoop *main_loop;
static struct lwm2m_client *client;
static const char *folder;
static struct lease lease;
static struct node *modem;
static struct place here = { .known = true, .has_altitude = true, .latitude = 59.5, .longitude = -18.25, .altitude = 28, .has_speed = true, .has_course = true, .speed = 12.5, .course = 271, .time = 1795273200 };
static firmware_outcome_fn *installed;
static download_outcome_fn *fetched;
static void *installed_user, *fetched_user;
static uint64_t install_timer, fetch_timer, told_timer;
static char stored[FIRMWARE_TEXT];

static void say(const char *word)
{
    puts(word);
    (void)fflush(stdout);
}

static void on_state(void *user, const struct lwm2m_status *status)
{
    (void)user;
    (void)printf("state %s\n", lwm2m_state_name(status->state));
    (void)fflush(stdout);
}

static void on_stopped(void *user)
{
    (void)user;
    g_main_loop_quit(main_loop);
}

static gboolean on_stop(gpointer user)
{
    (void)user;
    lwm2m_client_stop(client, on_stopped, NULL);
    return G_SOURCE_REMOVE;
}

static gboolean on_change(gpointer user)
{
    (void)user;
    here.latitude += 0.5;
    node_set(modem, "AccessTechnology", strcmp(node_text(modem, "AccessTechnology"), "lte") == 0 ? "umts" : "lte");
    lwm2m_client_changed(client);
    return G_SOURCE_CONTINUE;
}

static gboolean on_lease(gpointer user)
{
    lwm2m_client_set_lease(client, user);
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
    say("reboot");
    return true;
}

static bool factory_reset(void *user)
{
    (void)user;
    say("reset");
    return true;
}

static void place(void *user, struct place *out)
{
    (void)user;
    *out = here;
}

/* ---- firmware ---- */

static bool yes(void *user)
{
    (void)user;
    return true;
}

static bool load(void *user, char *text, size_t cap)
{
    (void)user;
    return stored[0] && text_copy(text, cap, stored);
}

static void save(void *user, const char *text)
{
    (void)user;
    (void)text_copy(stored, sizeof stored, text);
}

static void tell(void *user)
{
    (void)user;
    told_timer = 0;
    lwm2m_client_changed(client);
}

static void changed(void *user)
{
    (void)user;
    if (!told_timer)
        told_timer = loop_timer(&loop, 0, tell, NULL);
}

/* The number in FOLDER/NAME; without it the other. */
static int wanted(const char *name, int otherwise)
{
    g_autofree char *path = g_build_filename(folder, name, NULL), *text = NULL;
    return g_file_get_contents(path, &text, NULL, NULL) ? atoi(text) : otherwise;
}

static void on_installed(void *user)
{
    (void)user;
    install_timer = 0;
    installed(installed_user, (enum firmware_result)wanted("hook", RESULT_SUCCESS));
}

static bool install(void *user, int image, firmware_outcome_fn *fn, void *fn_user)
{
    (void)user;
    (void)image;
    installed = fn;
    installed_user = fn_user;
    install_timer = loop_timer(&loop, 300, on_installed, NULL);
    return true;
}

static bool inspect(void *user, int image, firmware_inspected_fn *fn, void *fn_user)
{
    (void)user, (void)image, (void)fn, (void)fn_user;
    return false;
}

static void on_fetched(void *user)
{
    (void)user;
    fetch_timer = 0;
    fetched(fetched_user, (enum download_result)wanted("fetch", DOWNLOAD_WHOLE));
}

static enum download_result fetch(void *user, const char *uri, download_sink_fn *sink, download_outcome_fn *fn, void *fn_user)
{
    (void)user;
    if (!g_str_has_prefix(uri, "https://"))
        return strstr(uri, "://") ? DOWNLOAD_UNSUPPORTED_PROTOCOL : DOWNLOAD_INVALID_URI;
    (void)sink(fn_user, (struct slice){ (const uint8_t *)uri, strlen(uri) });
    fetched = fn;
    fetched_user = fn_user;
    fetch_timer = loop_timer(&loop, 300, on_fetched, NULL);
    return DOWNLOAD_WHOLE;
}

static unsigned protocols(void *user)
{
    (void)user;
    return 1u << 3; /* HTTPS */
}

static void fetch_stop(void *user)
{
    (void)user;
    loop_cancel(&loop, &fetch_timer);
}

static const char *version(void *user)
{
    (void)user;
    return "1";
}

/* ---- facts ---- */

static struct tree *make_facts(void)
{
    static const char *const addresses[] = { "192.0.2.10/24" }, *const dns[] = { "192.0.2.53" };
    struct tree *t = tree_new();
    modem = tree_add(t, TREE_MODEM, "m");
    node_set(modem, "AccessTechnology", "lte");
    node_set(modem, "OperatorId", "24008");
    node_set(modem, "SignalStrength", "-90");
    struct node *bearer = tree_add(t, TREE_BEARER, "b");
    node_set(bearer, "Name", "Operator");
    node_set(bearer, "Apn", "internet.example");
    node_set(bearer, "Auth", "chap");
    node_set(bearer, "User", "user");
    node_set(bearer, "IpType", "ipv4");
    node_set(bearer, "State", "connected");
    node_set(bearer, "Interface", "wwan0");
    node_set(bearer, "Gateway", "192.0.2.1");
    node_set_texts(bearer, "Addresses", addresses, 1);
    node_set_texts(bearer, "Dns", dns, 1);
    node_set_flag(bearer, "Installed", true);
    return t;
}

/* ---- access point ---- */

static profiles_outcome_fn *tried;
static void *tried_user;
static uint64_t tried_timer;

static bool may_change(void *user, uint16_t server, const char *bearer)
{
    (void)user;
    (void)bearer;
    return server == 1;
}

static bool may_go(void *user, uint16_t server, const char *bearer)
{
    const struct node *n = tree_find(user, TREE_BEARER, bearer);
    (void)server;
    return n && strcmp(node_text(n, "State"), "connected") != 0;
}

static bool may_create(void *user, uint16_t server, char bearer[PROFILE_ID], struct napdef *out)
{
    (void)user;
    *out = (struct napdef){ .ip_type = NAPDEF_IPV4V6 };
    return server == 1 && text_copy(bearer, PROFILE_ID, "b2");
}

static bool keep(void *user, uint16_t server, const char *bearer, bool created, const struct napdef *draft)
{
    (void)user;
    (void)bearer;
    (void)created;
    (void)draft;
    return server == 1;
}

static bool take_away(void *user, uint16_t server, const char *bearer)
{
    (void)server;
    node_remove(tree_find(user, TREE_BEARER, bearer));
    return true;
}

static bool is_ready(void *user)
{
    (void)user;
    return true;
}

static bool open_napdef(void *user, const char *bearer, struct napdef *out)
{
    const struct node *n = tree_find(user, TREE_BEARER, bearer);
    *out = (struct napdef){ .auth = NAPDEF_AUTH_CHAP };
    return n && text_copy(out->name, sizeof out->name, node_text(n, "Name")) && text_copy(out->apn, sizeof out->apn, node_text(n, "Apn"));
}

static void on_tried(void *user)
{
    (void)user;
    tried_timer = 0;
    tried(tried_user, PROFILE_ACCEPTED);
}

static void try_out(void *user, uint16_t server, const char *bearer, const struct napdef *draft, profiles_outcome_fn *fn, void *fn_user)
{
    struct node *n = tree_add(user, TREE_BEARER, bearer); /* or what there is */
    (void)server;
    node_set_flag(n, "Installed", true);
    node_set(n, "Name", draft->name);
    node_set(n, "Apn", draft->apn);
    node_set(n, "Auth", napdef_auth_name(draft->auth));
    tried = fn;
    tried_user = fn_user;
    tried_timer = loop_timer(&loop, 0, on_tried, NULL);
}

int main(int argc, char **argv)
{
    if (argc != 4)
        return 2;
    folder = argv[1];
    log_set(LOG_LEVEL_NOTICE, LOG_TARGET_STDERR, "ets_client");
    loop_glib_init(&loop);
    main_loop = g_main_loop_new(NULL, FALSE);
    struct firmware_host host = { .folder = folder, .can = yes, .load = load, .save = save, .install = install, .inspect = inspect,
                                  .time = current_time, .changed = changed, .version = version, .source = { .fetch = fetch, .fetch_stop = fetch_stop, .protocols = protocols } };
    struct firmware *firmware = firmware_new(&loop, &host);
    firmware_look(firmware, &(struct firmware_sight){ .boot = "1" });
    g_autofree char *root = g_build_filename(folder, "sys", NULL);
    struct tree *tree = make_facts();
    struct profiles_host profiles_host = { .may = may_change, .may_go = may_go, .may_create = may_create, .keep = keep, .remove = take_away, .ready = is_ready, .open = open_napdef, .begin = try_out, .time = current_time, .changed = changed, .user = tree };
    struct profiles *profiles = profiles_new(&loop, &profiles_host);
    struct lwm2m_device device = { .manufacturer = "gateway-agent", .model = "ets", .serial = "SN-1", .hardware_version = "1", .firmware_version = "1", .gateway_id = "gw",
                                   .current_time = current_time, .tree = tree, .root = root, .firmware = firmware, .place = place, .profiles = profiles, .reboot = reboot, .factory_reset = factory_reset,
                                   .queue_mode = atoi(argv[3]) > 0, .awake_s = (uint32_t)atoi(argv[3]) };
    struct lwm2m_account account = { .short_server_id = 1, .uri = "coaps://127.0.0.1:5684", .identity = "wire", .endpoint = "gw", .key_len = 16,
                                     .lifetime = (uint32_t)atoi(argv[2]) };
    for (size_t i = 0; i < account.key_len; i++)
        account.key[i] = (uint8_t)(i * 17); /* 0011..ff */
    lease.bound = ip_address_parse("127.0.0.1", &lease.address[0]);
    lease.addresses = 1;
    struct error error = { 0 };
    client = lwm2m_client_new(&loop, &account, &lease, &device, on_state, NULL, &error);
    if (!client)
        return 1;
    g_unix_signal_add(SIGTERM, on_stop, NULL);
    g_unix_signal_add(SIGUSR1, on_change, NULL);
    g_unix_signal_add(SIGUSR2, on_lease, NULL);
    g_unix_signal_add(SIGHUP, on_lease, &lease);
    g_main_loop_run(main_loop);
    firmware_free(firmware);
    loop_cancel(&loop, &tried_timer);
    profiles_free(profiles);
    tree_free(tree);
    g_main_loop_unref(main_loop);
    loop_glib_done(&loop);
    return 0;
}
