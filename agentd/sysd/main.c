/* SPDX-License-Identifier: Apache-2.0 */
/* agent-sysd: does as root the few things that agentd must not be able to do, by the administrator's own hooks. Started on demand by its socket (systemd),
 * or stays (procd). Decides nothing, keeps nothing, opens no address on the network. */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/log.h"
#include "base/text.h"
#include "base/wire.h"
#include "config.h"
#include "sysd/server.h"

#define SOCKET_DEFAULT "/run/gateway-agent/sysd.sock"
#define HOOKS_DEFAULT AGENT_CONF_DIR "/hooks"
#define USER_DEFAULT "gateway-agent"

enum { FIRST_PASSED = 3 /* sd_listen_fds(3) */, SOCKET_MODE = 0660, LIMIT_MAX = 86400 };

static const struct option options[] = {
    { "socket", required_argument, NULL, 's' },      { "hooks", required_argument, NULL, 'k' }, { "agentd-user", required_argument, NULL, 'u' },
    { "time-limit", required_argument, NULL, 't' },  { "log-level", required_argument, NULL, 'l' }, { "version", no_argument, NULL, 'V' },
    { "help", no_argument, NULL, 'h' },              { NULL, 0, NULL, 0 },
};

static const char help[] =
    "usage: agent-sysd [--socket PATH] [--hooks DIR] [--agentd-user NAME] [--time-limit SECONDS] [--log-level LEVEL]\n"
    "       agent-sysd --version | --help\n"
    "\n"
    "Runs the administrator's hooks of gateway-agent: reboot, factory reset, firmware, packages.\n"
    "  --socket PATH         socket to serve on, unless systemd passes one (" SOCKET_DEFAULT ")\n"
    "  --hooks DIR           folder of the hooks (" HOOKS_DEFAULT ")\n"
    "  --agentd-user NAME    user, or user id, of agentd (" USER_DEFAULT ")\n"
    "  --time-limit SECONDS  end each hook then, if its own time is longer\n"
    "  --log-level LEVEL     err, warning, notice, info or debug\n";

struct arguments {
    const char *socket, *hooks, *user;
    uint64_t limit;
    enum log_level level;
};

static bool read_number(const char *text, uint64_t max, uint64_t *out)
{
    return text_decimal((struct slice){ (const uint8_t *)text, strlen(text) }, max, out);
}

/* -1: go on; else the exit status. */
static int take_option(struct arguments *a, int opt)
{
    switch (opt) {
    case 's': a->socket = optarg; return -1;
    case 'k': a->hooks = optarg; return -1;
    case 'u': a->user = optarg; return -1;
    case 't': return read_number(optarg, LIMIT_MAX, &a->limit) ? -1 : EX_USAGE;
    case 'l': return log_level_from_name(optarg, &a->level) ? -1 : EX_USAGE;
    case 'V': return puts("agent-sysd " AGENT_VERSION) < 0 ? EX_IOERR : EX_OK;
    case 'h': return fputs(help, stdout) < 0 ? EX_IOERR : EX_OK;
    }
    return EX_USAGE;
}

static bool find_user(const char *name, uid_t *uid)
{
    uint64_t number;
    const struct passwd *p = read_number(name, UINT32_MAX - 1, &number) ? NULL : getpwnam(name);
    if (p)
        *uid = p->pw_uid;
    else if (read_number(name, UINT32_MAX - 1, &number))
        *uid = (uid_t)number;
    else
        return false;
    return true;
}

/* The socket that systemd passes to this very process, or -1. */
static int passed_socket(void)
{
    const char *pid = getenv("LISTEN_PID"), *count = getenv("LISTEN_FDS");
    uint64_t number;
    int listening = 0;
    socklen_t len = sizeof listening;
    if (!pid || !count || strcmp(count, "1") != 0 || !read_number(pid, INT32_MAX, &number) || (pid_t)number != getpid())
        return -1;
    bool usable = getsockopt(FIRST_PASSED, SOL_SOCKET, SO_ACCEPTCONN, &listening, &len) == 0 && listening;
    return usable && fcntl(FIRST_PASSED, F_SETFD, FD_CLOEXEC) == 0 && fcntl(FIRST_PASSED, F_SETFL, O_NONBLOCK) == 0 ? FIRST_PASSED : -1;
}

static bool harden(void)
{
    return prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == 0 && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && setrlimit(RLIMIT_CORE, &(struct rlimit){ 0, 0 }) == 0;
}

static int take_signals(void)
{
    sigset_t set;
    (void)sigemptyset(&set);
    (void)sigaddset(&set, SIGCHLD);
    (void)sigaddset(&set, SIGTERM);
    (void)sigaddset(&set, SIGINT);
    return sigprocmask(SIG_BLOCK, &set, NULL) == 0 ? signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK) : -1;
}

static int serve(const struct arguments *a)
{
    struct server_setup setup = { .listener = passed_socket(), .hooks = a->hooks, .limit = (unsigned)a->limit };
    setup.on_demand = setup.listener >= 0;
    if (!find_user(a->user, &setup.agentd)) {
        log_error("sysd", "no such user: %s", a->user);
        return EX_NOUSER;
    }
    if (!setup.on_demand)
        setup.listener = wire_listen(a->socket, SOCKET_MODE);
    if (setup.listener < 0) {
        log_error("sysd", "%s: %s", a->socket, strerror(errno));
        return EX_CANTCREAT;
    }
    setup.signals = take_signals();
    if (setup.signals < 0 || !harden()) {
        log_error("sysd", "cannot set up the process: %s", strerror(errno));
        return EX_OSERR;
    }
    log_notice("sysd", "ready; hooks in %s", a->hooks);
    int status = server_run(&setup);
    if (!setup.on_demand && a->socket[0] != '@')
        (void)unlink(a->socket);
    return status;
}

int main(int argc, char **argv)
{
    struct arguments a = { .socket = SOCKET_DEFAULT, .hooks = HOOKS_DEFAULT, .user = USER_DEFAULT, .level = LOG_LEVEL_INFO };
    for (int opt; (opt = getopt_long(argc, argv, "", options, NULL)) != -1;) {
        int status = take_option(&a, opt);
        if (status >= 0)
            return status;
    }
    if (optind != argc) {
        (void)fputs(help, stderr);
        return EX_USAGE;
    }
    log_set(a.level, LOG_TARGET_STDERR, "agent-sysd");
    return serve(&a);
}
