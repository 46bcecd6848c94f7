/* SPDX-License-Identifier: Apache-2.0 */
/* agent-modemd: privileged modem access. Owns the order of start: read the configuration, make the socket, drop what is not needed, serve.
 * Promises: nobody is heard before the privileges are gone. Must never open a device, write a file or start a program. */
#include <errno.h>
#include <glib-unix.h>
#include <libqmi-glib.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/log.h"
#include "base/wire.h"
#include "config.h"
#include "glue/loop_glib.h"
#include "modemd/privileges.h"
#include "modemd/qmi_port.h"
#include "modemd/server.h"
#include "modemd/settings_file.h"

#define DEFAULT_SOCKET "/run/gateway-agent/modemd.sock"
#define DEFAULT_CONFIG AGENT_CONF_DIR "/agent-modemd.conf"
#define DEFAULT_USER "gateway-agent"

enum { CLOSING_MS = 1500, CLOSING_STEP_MS = 50 };

struct program {
    GMainLoop *main;
    int status;
};

struct options {
    char *socket, *config, *user, *level;
    gboolean version;
};

static gboolean on_signal(gpointer data)
{
    struct program *p = data;
    g_main_loop_quit(p->main);
    return G_SOURCE_CONTINUE;
}

static void on_broken(void *user)
{
    struct program *p = user;
    p->status = EX_PROTOCOL;
    g_main_loop_quit(p->main);
}

static void on_library_log(const gchar *domain, GLogLevelFlags level, const gchar *message, gpointer unused)
{
    (void)unused;
    log_msg(level & (G_LOG_LEVEL_ERROR | G_LOG_LEVEL_CRITICAL) ? LOG_LEVEL_ERROR : LOG_LEVEL_DEBUG, domain ? domain : "glib", "%s", message);
}

static bool read_options(int *argc, char ***argv, struct options *o)
{
    const GOptionEntry entries[] = {
        { "socket", 0, 0, G_OPTION_ARG_FILENAME, &o->socket, "socket to listen on (" DEFAULT_SOCKET ")", "PATH" },
        { "config", 0, 0, G_OPTION_ARG_FILENAME, &o->config, "configuration (" DEFAULT_CONFIG ")", "FILE" },
        { "agentd-user", 0, 0, G_OPTION_ARG_STRING, &o->user, "user of agentd, name or number (" DEFAULT_USER ")", "USER" },
        { "log-level", 0, 0, G_OPTION_ARG_STRING, &o->level, "err, warning, notice, info (default) or debug", "LEVEL" },
        { "version", 0, 0, G_OPTION_ARG_NONE, &o->version, "print the version", NULL },
        { 0 },
    };
    g_autoptr(GOptionContext) context = g_option_context_new("- privileged modem access of gateway-agent");
    g_autoptr(GError) error = NULL;
    g_option_context_add_main_entries(context, entries, NULL);
    if (g_option_context_parse(context, argc, argv, &error) && *argc == 1)
        return true;
    (void)fprintf(stderr, "agent-modemd: %s\n", error ? error->message : "no arguments are taken, only options");
    return false;
}

/* Name or number; false if there is no such user. */
static bool find_user(const char *text, uid_t *uid, gid_t *gid)
{
    guint64 number;
    bool numeric = g_ascii_string_to_unsigned(text, 10, 0, UINT32_MAX - 1, &number, NULL);
    const struct passwd *pw = numeric ? getpwuid((uid_t)number) : getpwnam(text);
    if (pw) {
        *uid = pw->pw_uid;
        *gid = pw->pw_gid;
    } else if (numeric) {
        *uid = (uid_t)number;
        *gid = (gid_t)number;
    }
    return pw || numeric;
}

/* The group of the socket: the folder's, if its set-group-ID bit says so; else that of agentd's user. */
static int listen_for(const char *path, gid_t gid)
{
    g_autofree char *folder = g_path_get_dirname(path);
    struct stat st;
    int sock = wire_listen(path, 0660);
    bool by_folder = stat(folder, &st) == 0 && st.st_mode & S_ISGID;
    if (sock >= 0 && path[0] != '@' && !by_folder && chown(path, (uid_t)-1, gid) != 0)
        log_warning("server", "%s: its group stays, agentd may be shut out: %s", path, strerror(errno));
    return sock;
}

static gboolean on_closing(gpointer data)
{
    unsigned *left = data;
    if (qmi_port_closing() && *left)
        (*left)--;
    else
        *left = 0;
    return *left ? G_SOURCE_CONTINUE : G_SOURCE_REMOVE;
}

/* The modem has few client ids: give ours back before the connection to qmi-proxy ends. */
static void wait_for_release(void)
{
    unsigned left = CLOSING_MS / CLOSING_STEP_MS;
    g_timeout_add(CLOSING_STEP_MS, on_closing, &left);
    while (left)
        g_main_context_iteration(NULL, TRUE);
}

static int serve(int sock, const struct modemd_settings *settings, const struct server_limits *limits)
{
    struct program p = { .main = g_main_loop_new(NULL, FALSE) };
    struct loop loop;
    loop_glib_init(&loop);
    g_unix_signal_add(SIGTERM, on_signal, &p);
    g_unix_signal_add(SIGINT, on_signal, &p);
    struct server *server = server_new(&loop, sock, settings, limits, on_broken, &p);
    log_notice("modemd", "ready%s", limits->link ? "" : "; links are not its business here");
    g_main_loop_run(p.main);
    server_free(server);
    wait_for_release();
    loop_glib_done(&loop);
    g_main_loop_unref(p.main);
    return p.status;
}

static int run(const struct options *o)
{
    struct modemd_settings settings;
    struct server_limits limits = { .qmi = true };
    struct error err = { 0 };
    gid_t gid;
    if (modemd_settings_read(o->config ? o->config : DEFAULT_CONFIG, o->config != NULL, &settings, &err)) {
        log_error("modemd", "%s", err.text);
        return EX_CONFIG;
    }
    if (!find_user(o->user ? o->user : DEFAULT_USER, &limits.agentd, &gid)) {
        log_error("modemd", "no such user: %s", o->user ? o->user : DEFAULT_USER);
        return EX_NOUSER;
    }
    const char *path = o->socket ? o->socket : DEFAULT_SOCKET;
    int sock = listen_for(path, gid);
    if (sock < 0) {
        log_error("modemd", "%s: %s", path, strerror(errno));
        return EX_CANTCREAT;
    }
    if (privileges_drop(settings.port_patterns[0] != NULL, &err)) {
        log_error("modemd", "%s", err.text);
        return EX_OSERR;
    }
    limits.link = privileges_net_admin();
    int status = serve(sock, &settings, &limits);
    if (path[0] != '@')
        (void)unlink(path);
    modemd_settings_clear(&settings);
    return status;
}

int main(int argc, char **argv)
{
    struct options o = { 0 };
    enum log_level level = LOG_LEVEL_INFO;
    if (!read_options(&argc, &argv, &o))
        return EX_USAGE;
    if (o.version) {
        (void)puts("agent-modemd " AGENT_VERSION);
        return 0;
    }
    if (o.level && !log_level_from_name(o.level, &level)) {
        (void)fprintf(stderr, "agent-modemd: unknown log level %s\n", o.level);
        return EX_USAGE;
    }
    log_set(level, LOG_TARGET_STDERR, "agent-modemd");
    g_log_set_default_handler(on_library_log, NULL);
    qmi_utils_set_traces_enabled(FALSE);
    int status = run(&o);
    g_free(o.socket);
    g_free(o.config);
    g_free(o.user);
    g_free(o.level);
    return status;
}
