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
    { "bootstrap", verb_bootstrap, "FILE | URL [PIN]", "start from a WAP push, an instruction, or a PROVURL" },
    { "job", verb_job, "list|show|wait|cancel [ID]", "running and ended work" },
    { "context", verb_context, "list|reopen|pin [NAME [FILE]]", "bootstrap contexts; pin: digits of a push from FILE or standard input" },
    { "account", verb_account, "list|update|connect|disable|send|add|remove ..", "accounts at servers" },
    { "mid", verb_mid, "list|show|activate|suspend|erase|authenticate", "identities; authenticate ID RAND AUTN answers as the card" },
    { "device", verb_device, "list|add|remove|assign|revoke NAME", "devices of the personal network; assign NAME [IMPU] gives an identity" },
    { "sim", verb_sim, "pin|remember|forget ID [FILE]", "unlock a SIM; the PIN is read from FILE or standard input" },
    { "decode", verb_decode, "[OPTION]... FILE", "what a push, an SMS, a card file .. is, offline" },
    { "factory", verb_factory, "credentials|psk|...", "derived credentials, offline (operators and manufacturers)" },
    { "doctor", verb_doctor, "", "what is missing" },
    { "get", verb_get, "OBJECT PROPERTY", "one property" },
    { "set", verb_set, "OBJECT PROPERTY VALUE", "set a property that can be set" },
    { "call", verb_call, "OBJECT METHOD [ARG]...", "call a method; @FILE is a descriptor" },
    { "log-level", verb_log_level, "[LEVEL]", "show or set the log level of agentd" },
    { "reload", verb_reload, "", "read agentd.conf again" },
    { "factory-reset", verb_factory_reset, "[--yes]", "back to what the factory made; --yes: without a question" },
};

static void print_help(void)
{
    puts("usage: agentctl [OPTION]... [VERB [ARGUMENT]...]\n");
    for (gsize i = 0; i < G_N_ELEMENTS(verbs); i++)
        printf("  %-13s %-28s %s\n", verbs[i].name, verbs[i].arguments, verbs[i].summary);
    puts("\noptions: --json  --no-legend  --no-pager  --quiet (-q)  --no-wait  --timeout SECONDS  --color auto|always|never  --help  --version\n"
         "exit status: 0 ok, 1 failed, 2 usage, 3 rejected or job failed, 4 time-out, 8 agentd is not running, 10 not found\n"
         "see agentctl(1)");
}

static const char decode_usage[] = "agentctl decode [--kind KIND] [--imsi DIGITS] [--pin DIGITS] [--gateway ID] [--signer FILE] [--password FILE] [--nonce BASE64] [--json] FILE";

int verb_decode(struct ctl *c, int argc, char **argv)
{
    struct decode_options o = { .json = c->json };
    static const struct option table[] = { { "imsi", required_argument, NULL, 0 },     { "kind", required_argument, NULL, 1 },   { "pin", required_argument, NULL, 2 },
                                           { "gateway", required_argument, NULL, 3 },  { "signer", required_argument, NULL, 4 }, { "password", required_argument, NULL, 5 },
                                           { "nonce", required_argument, NULL, 6 },    { "json", no_argument, NULL, 'j' },       { NULL, 0, NULL, 0 } };
    const char **const places[] = { &o.imsi, &o.kind, &o.pin, &o.gateway, &o.signer, &o.password, &o.nonce };
    optind = 0; /* a second scan: argv[0] is the verb */
    for (int opt; (opt = getopt_long(argc + 1, argv - 1, "", table, NULL)) != -1;) {
        if (opt == 'j')
            o.json = true;
        else if (opt >= 0 && opt < (int)G_N_ELEMENTS(places))
            *places[opt] = optarg;
        else
            return CTL_USAGE;
    }
    if (optind != argc)
        return ctl_fail(CTL_USAGE, decode_usage, "decode takes one file");
    return decode_file(argv[optind - 1], &o);
}

enum { OPT_JSON = 1, OPT_LEGEND, OPT_YES, OPT_PAGER, OPT_WAIT, OPT_TIMEOUT, OPT_COLOR, OPT_VERSION, OPT_HELP };

static bool set_timeout(struct ctl *c, const char *text)
{
    guint64 seconds;
    if (!g_ascii_string_to_unsigned(text, 10, 1, 24 * 3600, &seconds, NULL))
        return false;
    c->timeout_s = (int)seconds;
    return true;
}

/* NO_COLOR: no-color.org; the option outranks it. */
static bool set_color(struct ctl *c, const char *when)
{
    const char *no = getenv("NO_COLOR");
    c->color = strcmp(when, "always") == 0 || (strcmp(when, "auto") == 0 && !(no && no[0]) && isatty(STDOUT_FILENO));
    return strcmp(when, "always") == 0 || strcmp(when, "auto") == 0 || strcmp(when, "never") == 0;
}

/* -1: go on; else the exit status. */
static int take_option(struct ctl *c, int opt)
{
    switch (opt) {
    case OPT_JSON:
        c->json = true;
        return -1;
    case OPT_LEGEND:
        c->legend = false;
        return -1;
    case OPT_YES:
        c->yes = true;
        return -1;
    case OPT_PAGER: /* there is no pager; accepted for scripts */
        return -1;
    case 'q':
        c->quiet = true;
        return -1;
    case OPT_WAIT:
        c->wait = false;
        return -1;
    case OPT_TIMEOUT:
        return set_timeout(c, optarg) ? -1 : ctl_fail(CTL_USAGE, "--timeout takes 1 to 86400 seconds", "no time-out: %s", optarg);
    case OPT_COLOR:
        return set_color(c, optarg) ? -1 : ctl_fail(CTL_USAGE, "--color takes auto, always or never", "unknown colour mode %s", optarg);
    case OPT_VERSION:
        return puts("agentctl " AGENT_VERSION) < 0 ? CTL_FAILED : CTL_OK;
    case OPT_HELP:
        print_help();
        return CTL_OK;
    }
    return CTL_USAGE;
}

/* Global options stand before the verb (mode "+q") or anywhere behind it ("q"); optind is left at the first word. */
static int parse_options(struct ctl *c, int argc, char **argv, const char *mode)
{
    static const struct option table[] = { { "json", no_argument, NULL, OPT_JSON },
                                           { "no-legend", no_argument, NULL, OPT_LEGEND },
                                           { "no-pager", no_argument, NULL, OPT_PAGER },
                                           { "yes", no_argument, NULL, OPT_YES },
                                           { "quiet", no_argument, NULL, 'q' },
                                           { "no-wait", no_argument, NULL, OPT_WAIT },
                                           { "timeout", required_argument, NULL, OPT_TIMEOUT },
                                           { "color", required_argument, NULL, OPT_COLOR },
                                           { "version", no_argument, NULL, OPT_VERSION },
                                           { "help", no_argument, NULL, OPT_HELP },
                                           { NULL, 0, NULL, 0 } };
    for (int opt; (opt = getopt_long(argc, argv, mode, table, NULL)) != -1;) {
        int status = take_option(c, opt);
        if (status >= 0)
            return status;
    }
    return -1;
}

/* The verb with its words; decode has options of its own. */
static int run(struct ctl *c, const char *name, int argc, char **argv)
{
    for (gsize i = 0; i < G_N_ELEMENTS(verbs); i++) {
        if (strcmp(verbs[i].name, name) != 0)
            continue;
        argv[-1] = (char *)"agentctl"; /* who complains of an unknown option */
        if (verbs[i].fn != verb_decode) {
            optind = 0; /* a second scan: argv[-1] is the verb */
            int status = parse_options(c, argc + 1, argv - 1, "q");
            if (status >= 0)
                return status;
            argc -= optind - 1;
            argv += optind - 1;
        }
        return verbs[i].fn(c, argc, argv);
    }
    return ctl_fail(CTL_USAGE, "agentctl --help", "unknown verb %s", name);
}

int main(int argc, char **argv)
{
    struct ctl c = { .legend = true, .wait = true };
    setlocale(LC_ALL, "");
    (void)set_color(&c, "auto");
    argv[0] = (char *)"agentctl";
    int status = parse_options(&c, argc, argv, "+q");
    if (status >= 0)
        return status;
    status = optind < argc ? run(&c, argv[optind], argc - optind - 1, &argv[optind + 1]) : verb_status(&c, 0, argv);
    g_clear_object(&c.bus);
    return status;
}
