/* SPDX-License-Identifier: Apache-2.0 */
/* agent-usimd: the MIDs of the trusted environment for programs that were not written for it. Owns the order of start. Holds no key: CK and IK pass
 * through on their way from agent-tred to who asked. Must never open a device or start a program: a filter of system calls sees to that. */
#include <errno.h>
#include <glib-unix.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sysexits.h>

#include "base/filter.h"
#include "base/log.h"
#include "config.h"
#include "glue/loop_glib.h"
#include "usimd/card.h"
#include "usimd/ike.h"
#include "usimd/syscalls.h"
#include "usimd/wpa.h"

#define DEFAULT_TRED "/run/gateway-agent/tred.sock"
#define DEFAULT_CONFIG AGENT_CONF_DIR "/agent-usimd.conf"

struct program {
    GMainLoop *main;
    struct loop loop;
    struct usimd_settings settings;
    struct tre *tre;
    struct wpa *wpa;
    struct card *card;
    struct ike *ike;
};

struct options {
    char *tred, *config, *level, *filter;
    gboolean version;
};

static gboolean on_signal(gpointer data)
{
    g_main_loop_quit(((struct program *)data)->main);
    return G_SOURCE_CONTINUE;
}

static void on_tre_change(void *user)
{
    struct program *p = user;
    if (p->card)
        card_refresh(p->card);
    if (p->ike)
        ike_refresh(p->ike);
}

static bool read_options(int *argc, char ***argv, struct options *o)
{
    const GOptionEntry entries[] = {
        { "tred", 0, 0, G_OPTION_ARG_FILENAME, &o->tred, "socket of agent-tred (" DEFAULT_TRED ")", "PATH" },
        { "config", 0, 0, G_OPTION_ARG_FILENAME, &o->config, "configuration (" DEFAULT_CONFIG ")", "FILE" },
        { "filter", 0, 0, G_OPTION_ARG_STRING, &o->filter, "what a system call without need gets: refuse (default) or kill", "WORD" },
        { "log-level", 0, 0, G_OPTION_ARG_STRING, &o->level, "err, warning, notice, info (default) or debug", "LEVEL" },
        { "version", 0, 0, G_OPTION_ARG_NONE, &o->version, "print the version", NULL },
        { 0 },
    };
    g_autoptr(GOptionContext) context = g_option_context_new("- identities of gateway-agent for other programs");
    g_autoptr(GError) error = NULL;
    g_option_context_add_main_entries(context, entries, NULL);
    if (g_option_context_parse(context, argc, argv, &error) && *argc == 1)
        return true;
    (void)fprintf(stderr, "agent-usimd: %s\n", error ? error->message : "no arguments are taken, only options");
    return false;
}

/* Keys pass through: no core file, no debugger. */
static bool harden(void)
{
    static const struct rlimit no_core = { 0, 0 };
    return prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == 0 && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && setrlimit(RLIMIT_CORE, &no_core) == 0;
}

/* Once everything is open, before anybody is served. */
static bool confine(const struct options *o)
{
    struct filter filter = { .allowed = FILTER_NUMBERS(syscalls_allowed), .families = FILTER_NUMBERS(socket_families), .threads = true,
                             .kill = o->filter && strcmp(o->filter, "kill") == 0 };
    if (filter_enter(&filter))
        return true;
    log_error("usimd", "seccomp refused: %s", strerror(errno));
    return false;
}

static bool build(struct program *p, const struct options *o)
{
    p->tre = tre_new(&p->loop, o->tred ? o->tred : DEFAULT_TRED, on_tre_change, p);
    if (!p->tre)
        return false;
    if (p->settings.wpa_folder && !(p->wpa = wpa_new(&p->loop, p->tre, p->settings.wpa_folder, p->settings.wpa_mid)))
        return false;
    if (p->settings.card_host && !(p->card = card_new(&p->loop, p->tre, &p->settings)))
        return false;
    return !p->settings.ikes || (p->ike = ike_new(&p->loop, p->tre, &p->settings));
}

static int serve(struct program *p, const struct options *o)
{
    p->main = g_main_loop_new(NULL, FALSE);
    loop_glib_init(&p->loop);
    g_unix_signal_add(SIGTERM, on_signal, p);
    g_unix_signal_add(SIGINT, on_signal, p);
    bool ready = build(p, o) && confine(o);
    if (ready) {
        log_notice("usimd", "ready%s%s%s%s", p->wpa ? "; wpa_supplicant" : "", p->card ? "; card reader" : "", p->ike ? "; strongSwan" : "",
                   p->wpa || p->card || p->ike ? "" : "; nobody to serve: see agent-usimd.conf(5)");
        g_main_loop_run(p->main);
    }
    ike_free(p->ike);
    card_free(p->card);
    wpa_free(p->wpa);
    tre_free(p->tre);
    loop_glib_done(&p->loop);
    g_main_loop_unref(p->main);
    return ready ? 0 : EX_OSERR;
}

static int run(const struct options *o)
{
    struct program p = { .main = NULL };
    struct error err = { 0 };
    if (usimd_settings_read(o->config ? o->config : DEFAULT_CONFIG, o->config != NULL, &p.settings, &err)) {
        log_error("usimd", "%s", err.text);
        return EX_CONFIG;
    }
    if (!harden()) {
        log_error("usimd", "cannot harden the process");
        return EX_OSERR;
    }
    int status = serve(&p, o);
    usimd_settings_clear(&p.settings);
    return status;
}

int main(int argc, char **argv)
{
    struct options o = { 0 };
    enum log_level level = LOG_LEVEL_INFO;
    if (!read_options(&argc, &argv, &o))
        return EX_USAGE;
    if (o.version) {
        (void)puts("agent-usimd " AGENT_VERSION);
        return 0;
    }
    if (o.level && !log_level_from_name(o.level, &level)) {
        (void)fprintf(stderr, "agent-usimd: unknown log level %s\n", o.level);
        return EX_USAGE;
    }
    if (o.filter && strcmp(o.filter, "kill") != 0 && strcmp(o.filter, "refuse") != 0) {
        (void)fprintf(stderr, "agent-usimd: --filter takes refuse or kill, not %s\n", o.filter);
        return EX_USAGE;
    }
    log_set(level, LOG_TARGET_STDERR, "agent-usimd");
    int status = run(&o);
    g_free(o.tred);
    g_free(o.config);
    g_free(o.level);
    g_free(o.filter);
    return status;
}
