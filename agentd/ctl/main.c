/* SPDX-License-Identifier: Apache-2.0 */
/* agentctl: verb table, global options, help. Needs no bus for --help, --version and decode. */
#include <getopt.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "config.h"
#include "ctl/decode.h"
#include "ctl/verbs.h"

static const struct {
    const char *name;
    int (*fn)(struct ctl *c, int argc, char **argv);
    const char *arguments, *summary;
} verbs[] = {
    { "status", verb_status, "", "one screen of everything (default)" },
    { "list", verb_list, "[KIND]", "objects, a line each" },
    { "show", verb_show, "OBJECT|KIND", "all properties" },
    { "monitor", verb_monitor, "", "changes as they happen" },
    { "bootstrap", verb_bootstrap, "FILE", "start from a WAP push message in a file" },
    { "job", verb_job, "list|show|wait|cancel [ID]", "running and ended work" },
    { "context", verb_context, "list|reopen [NAME]", "bootstrap contexts" },
    { "account", verb_account, "list|update [ID]", "accounts at servers" },
    { "sim", verb_sim, "pin ID [FILE]", "unlock a SIM; the PIN is read from FILE or standard input" },
    { "decode", verb_decode, "[--imsi D] [--pin D] FILE", "what a push message is, offline" },
    { "doctor", verb_doctor, "", "what is missing" },
    { "log-level", verb_log_level, "[LEVEL]", "show or set the log level of agentd" },
    { "reload", verb_reload, "", "read agentd.conf again" },
};

static void print_help(void)
{
    puts("usage: agentctl [OPTION]... [VERB [ARGUMENT]...]\n");
    for (gsize i = 0; i < G_N_ELEMENTS(verbs); i++)
        printf("  %-10s %-28s %s\n", verbs[i].name, verbs[i].arguments, verbs[i].summary);
    puts("\noptions: --json  --no-legend  --no-pager  -q, --quiet  --no-wait  --timeout SECONDS  --help  --version\n"
         "exit status: 0 ok, 1 failed, 2 usage, 3 rejected or job failed, 4 time-out, 8 agentd is not running, 10 not found\n"
         "see agentctl(1)");
}

int verb_decode(struct ctl *c, int argc, char **argv)
{
    static const struct option table[] = { { "imsi", required_argument, NULL, 'i' },
                                           { "pin", required_argument, NULL, 'p' },
                                           { "json", no_argument, NULL, 'j' },
                                           { NULL, 0, NULL, 0 } };
    const char *imsi = NULL, *pin = NULL;
    bool json = c->json;
    optind = 0; /* a second scan: argv[0] is the verb */
    for (int opt; (opt = getopt_long(argc + 1, argv - 1, "", table, NULL)) != -1;) {
        if (opt == 'i')
            imsi = optarg;
        else if (opt == 'p')
            pin = optarg;
        else if (opt == 'j')
            json = true;
        else
            return CTL_USAGE;
    }
    if (optind != argc)
        return ctl_fail(CTL_USAGE, "agentctl decode [--imsi DIGITS] [--pin DIGITS] [--json] FILE", "decode takes one file");
    return decode_file(argv[optind - 1], imsi, pin, json);
}

static int parse_options(struct ctl *c, int argc, char **argv)
{
    static const struct option table[] = { { "json", no_argument, NULL, 'j' },          { "no-legend", no_argument, NULL, 'L' },
                                           { "no-pager", no_argument, NULL, 'P' },      { "quiet", no_argument, NULL, 'q' },
                                           { "no-wait", no_argument, NULL, 'W' },       { "timeout", required_argument, NULL, 't' },
                                           { "version", no_argument, NULL, 'V' },
                                           { "help", no_argument, NULL, 'h' },          { NULL, 0, NULL, 0 } };
    for (int opt; (opt = getopt_long(argc, argv, "+q", table, NULL)) != -1;) {
        switch (opt) {
        case 'j': c->json = true; break;
        case 'L': c->legend = false; break;
        case 'P': break; /* there is no pager; accepted for scripts */
        case 'q': c->quiet = true; break;
        case 'W': c->wait = false; break;
        case 't': c->timeout_s = atoi(optarg); break;
        case 'V': puts("agentctl " AGENT_VERSION); return CTL_OK;
        case 'h': print_help(); return CTL_OK;
        default: return CTL_USAGE;
        }
    }
    return -1;
}

/* Global options may stand behind the verb too, but for decode, which has its own. */
static int late_options(struct ctl *c, int argc, char **argv)
{
    int kept = 0;
    for (int i = 0; i < argc; i++) {
        if (strcmp(argv[i], "--json") == 0)
            c->json = true;
        else if (strcmp(argv[i], "--no-wait") == 0)
            c->wait = false;
        else if (strcmp(argv[i], "--no-legend") == 0)
            c->legend = false;
        else
            argv[kept++] = argv[i];
    }
    return kept;
}

int main(int argc, char **argv)
{
    struct ctl c = { .legend = true, .wait = true };
    setlocale(LC_ALL, "");
    int status = parse_options(&c, argc, argv);
    if (status >= 0)
        return status;
    const char *name = optind < argc ? argv[optind] : "status";
    int words = optind < argc ? argc - optind - 1 : 0;
    char **rest = &argv[optind < argc ? optind + 1 : argc];
    for (gsize i = 0; i < G_N_ELEMENTS(verbs); i++)
        if (strcmp(verbs[i].name, name) == 0) {
            if (verbs[i].fn != verb_decode)
                words = late_options(&c, words, rest);
            status = verbs[i].fn(&c, words, rest);
            g_clear_object(&c.bus);
            return status;
        }
    return ctl_fail(CTL_USAGE, "agentctl --help", "unknown verb %s", name);
}
