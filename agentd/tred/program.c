/* SPDX-License-Identifier: Apache-2.0 */
/* Options, and the order in which the trusted environment is put together: memory, back end, state, socket, sandbox, service. Must never serve outside the
 * sandbox. */
#include "tred/program.h"

#include <errno.h>
#include <getopt.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/text.h"
#include "base/wire.h"
#include "config.h"
#include "tred/heap.h"
#include "tred/provision.h"
#include "tred/reset.h"
#include "tred/sandbox.h"
#include "tred/server.h"

#define SOCKET_DEFAULT "/run/gateway-agent/tred.sock"
#define STATE_DEFAULT "/var/lib/gateway-tred"
#define USER_DEFAULT "gateway-agent"
#define USIMD_DEFAULT "gateway-usim"
#define KEYS_DEFAULT AGENT_CONF_DIR "/tre"
#define TPM_DEFAULT "/dev/tpmrm0"
#define POLICY_DEFAULT AGENT_CONF_DIR "/platform.policy"

enum { OPT_SOCKET = 1, OPT_STATE, OPT_USER, OPT_USIMD, OPT_PROVISION, OPT_OUT, OPT_CERTIFICATE, OPT_RESET, OPT_KEYS, OPT_TPM, OPT_POLICY, OPT_LEVEL, OPT_VERSION, OPT_HELP };
enum { EXIT_USAGE = 2, SOCKET_MODE = 0666 }; /* anyone may connect, only the peers of the permit table are kept */

static const struct option options[] = {
    { "socket", required_argument, NULL, OPT_SOCKET },
    { "state", required_argument, NULL, OPT_STATE },
    { "agentd-user", required_argument, NULL, OPT_USER },
    { "usimd-user", required_argument, NULL, OPT_USIMD },
    { "provision", required_argument, NULL, OPT_PROVISION },
    { "out", required_argument, NULL, OPT_OUT },
    { "certificate", required_argument, NULL, OPT_CERTIFICATE },
    { "factory-reset", no_argument, NULL, OPT_RESET },
    { "keys", required_argument, NULL, OPT_KEYS },
    { "tpm", required_argument, NULL, OPT_TPM },
    { "platform-policy", required_argument, NULL, OPT_POLICY },
    { "log-level", required_argument, NULL, OPT_LEVEL },
    { "version", no_argument, NULL, OPT_VERSION },
    { "help", no_argument, NULL, OPT_HELP },
    { NULL, 0, NULL, 0 },
};

static const char help[] =
    "usage: %1$s [--socket PATH] [--state DIR] [--agentd-user NAME] [--usimd-user NAME] [--log-level LEVEL]\n"
    "       %1$s [--state DIR] --provision FILE --out DIR\n"
    "       %1$s [--state DIR] --certificate FILE\n"
    "       %1$s [--state DIR] --factory-reset\n"
    "       %1$s --version | --help\n"
    "\n"
    "The trusted environment of gateway-agent: keeps keys, PINs and identities (MIDs).\n"
    "  --socket PATH       socket to serve on (" SOCKET_DEFAULT ")\n"
    "  --state DIR         directory of the sealed state (" STATE_DEFAULT ")\n"
    "  --agentd-user NAME  user, or user id, of agentd (" USER_DEFAULT ")\n"
    "  --usimd-user NAME   user, or user id, of agent-usimd (" USIMD_DEFAULT ", if there is one)\n"
    "  --provision FILE    take over the secret factory data, once\n"
    "  --out DIR           where --provision writes pfc.csr, transport.csr and tre-id\n"
    "  --certificate FILE  install the certificate of the platform key (PEM)\n"
    "  --factory-reset     erase the identities, while the service is stopped\n"
    "  --log-level LEVEL   err, warning, notice, info or debug\n";
static const char help_software[] =
    "  --keys DIR          folder of the key that seals the state (with --state: that directory; else " KEYS_DEFAULT ", if it is there)\n";
static const char help_tpm[] =
    "  --tpm PATH          device, or socket of an emulator (" TPM_DEFAULT ")\n"
    "  --platform-policy FILE  platforms that are approved (" POLICY_DEFAULT ")\n";

struct arguments {
    const char *name;
    struct backend backend;
    struct backend_options how;
    const char *socket, *state, *user, *usimd, *provision, *out, *certificate;
    bool reset;
    enum log_level level;
};

static int help_show(const struct arguments *a, FILE *out)
{
    int n = fprintf(out, help, a->name);
    return n < 0 ? n : fputs(a->backend.table == &backend_software ? help_software : help_tpm, out);
}

/* -1: go on; else the exit status. */
static int take_option(struct arguments *a, int opt)
{
    switch (opt) {
    case OPT_SOCKET:
        a->socket = optarg;
        return -1;
    case OPT_STATE:
        a->state = optarg;
        return -1;
    case OPT_USER:
        a->user = optarg;
        return -1;
    case OPT_USIMD:
        a->usimd = optarg;
        return -1;
    case OPT_PROVISION:
        a->provision = optarg;
        return -1;
    case OPT_OUT:
        a->out = optarg;
        return -1;
    case OPT_CERTIFICATE:
        a->certificate = optarg;
        return -1;
    case OPT_RESET:
        a->reset = true;
        return -1;
    case OPT_KEYS:
        a->how.keys = optarg;
        return -1;
    case OPT_TPM:
        a->how.tpm = optarg;
        return -1;
    case OPT_POLICY:
        a->how.policy = optarg;
        return -1;
    case OPT_LEVEL:
        return log_level_from_name(optarg, &a->level) ? -1 : EXIT_USAGE;
    case OPT_VERSION:
        return printf("%s " AGENT_VERSION "\n", a->name) < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
    case OPT_HELP:
        return help_show(a, stdout) < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
    }
    return EXIT_USAGE;
}

/* Straight from /etc/passwd: name service modules have no place in this process. A number is taken as it is. */
static bool user_find(const char *name, uid_t *uid)
{
    uint64_t number;
    if (text_decimal((struct slice){ (const uint8_t *)name, strlen(name) }, UINT32_MAX - 1, &number)) {
        *uid = (uid_t)number;
        return true;
    }
    FILE *in = fopen("/etc/passwd", "re");
    bool found = false;
    for (struct passwd *p; in && !found && (p = fgetpwent(in));)
        if (strcmp(p->pw_name, name) == 0) {
            *uid = p->pw_uid;
            found = true;
        }
    if (in)
        (void)fclose(in);
    return found;
}

/* The users behind the roles of the permit table. agent-usimd need not be installed. */
static bool users_find(const struct arguments *a, struct server_users *users)
{
    *users = (struct server_users){ .agentd = (uid_t)-1, .usimd = (uid_t)-1 };
    if (!user_find(a->user, &users->agentd)) {
        log_error("tre", "there is no user %s; create it or name another with --agentd-user", a->user);
        return false;
    }
    if (user_find(a->usimd ? a->usimd : USIMD_DEFAULT, &users->usimd) || !a->usimd)
        return true;
    log_error("tre", "there is no user %s; create it or name another with --usimd-user", a->usimd);
    return false;
}

static int serve(struct arguments *a)
{
    struct tre t;
    struct server_users users;
    if (!users_find(a, &users))
        return EXIT_FAILURE;
    struct heap_scope scope;
    heap_scope_begin(&scope);
    enum error_code opened = tre_open(&t, &a->backend, a->state);
    heap_scope_end(&scope);
    if (opened)
        return EXIT_FAILURE;
    t.agentd_user = a->user;
    t.usimd_user = a->usimd ? a->usimd : USIMD_DEFAULT;
    int listener = wire_listen(a->socket, SOCKET_MODE);
    if (listener < 0)
        log_error("tre", "cannot listen on %s: %s", a->socket, strerror(errno));
    bool ready = listener >= 0 && sandbox_enter(a->state, a->how.keys);
    int rc = ready ? server_run(&t, listener, &users) : EXIT_FAILURE;
    tre_close(&t);
    return rc;
}

static int report(enum error_code rc, const struct error *err, const char *done)
{
    if (rc) {
        log_error("provision", "%s", err->text);
        log_error("provision", "hint: %s", err->hint[0] ? err->hint : error_hint(rc));
        return EXIT_FAILURE;
    }
    log_notice("provision", "%s", done);
    return EXIT_SUCCESS;
}

/* Options that fit together, and this program. */
static bool usable(const struct arguments *a)
{
    bool for_tpm = a->how.tpm || a->how.policy;
    int works = (a->provision != NULL) + (a->certificate != NULL) + a->reset;
    bool fitting = a->backend.table == &backend_software ? !for_tpm : !a->how.keys;
    return (a->provision != NULL) == (a->out != NULL) && works <= 1 && fitting;
}

static int run(struct arguments *a)
{
    struct error err = { .code = ERROR_NONE };
    if (a->provision)
        return report(provision_run(&a->backend, a->state, a->provision, a->out, &err), &err, "provisioned; give the certificate requests to the factory");
    if (a->certificate)
        return report(provision_certificate(&a->backend, a->state, a->certificate, &err), &err, "certificate installed");
    if (a->reset)
        return report(reset_run(&a->backend, a->state, &err), &err, "factory state");
    return serve(a);
}

int program_main(const char *name, const struct backend_table *table, int argc, char **argv)
{
    struct arguments a = { .name = name, .backend = { .table = table }, .socket = SOCKET_DEFAULT, .user = USER_DEFAULT,
                           .level = LOG_LEVEL_INFO };
    for (int opt; (opt = getopt_long(argc, argv, "", options, NULL)) != -1;) {
        int rc = take_option(&a, opt);
        if (rc >= 0)
            return rc;
    }
    if (optind != argc || !usable(&a)) {
        (void)help_show(&a, stderr);
        return EXIT_USAGE;
    }
    if (!a.how.keys && !a.state && table == &backend_software && access(KEYS_DEFAULT, F_OK) == 0)
        a.how.keys = KEYS_DEFAULT;
    a.state = a.state ? a.state : STATE_DEFAULT;
    a.how.tpm = a.how.tpm ? a.how.tpm : TPM_DEFAULT;
    a.how.policy = a.how.policy ? a.how.policy : POLICY_DEFAULT;
    log_set(a.level, LOG_TARGET_STDERR, name);
    heap_start();
    if (!sandbox_harden())
        return EXIT_FAILURE;
    table->start(&a.backend, &a.how);
    int rc = run(&a);
    table->stop(&a.backend);
    return rc;
}
