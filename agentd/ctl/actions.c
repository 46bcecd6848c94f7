/* SPDX-License-Identifier: Apache-2.0 */
/* context, account, sim, log-level, reload: short calls. */
#include <gio/gunixfdlist.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "ctl/input.h"
#include "ctl/verbs.h"

static int simple_call(struct ctl *c, const char *path, const char *interface, const char *method, GVariant *args, GUnixFDList *fds)
{
    GError *error = NULL;
    if (!ctl_connect(c)) {
        if (args)
            g_variant_unref(g_variant_ref_sink(args));
        return CTL_NO_DAEMON;
    }
    g_autoptr(GVariant) v = ctl_call(c, path, interface, method, args, fds, &error);
    return v ? CTL_OK : ctl_fail_error(error);
}

/* The digits go from the terminal or a file to the agent by descriptor; they are never an argument. */
static int submit_pin(struct ctl *c, const char *context, const char *file)
{
    GError *error = NULL;
    if (!ctl_connect(c))
        return CTL_NO_DAEMON;
    int fd = input_pin(file);
    if (fd < 0)
        return CTL_USAGE;
    g_autoptr(GUnixFDList) fds = g_unix_fd_list_new_from_array(&fd, 1); /* takes fd */
    g_autofree char *path = ctl_path("context", context);
    g_autoptr(GVariant) v = ctl_call(c, path, "Context", "SubmitPin", g_variant_new("(h)", 0), fds, &error);
    return v ? job_started(c, v) : ctl_fail_error(error);
}

int verb_context(struct ctl *c, int argc, char **argv)
{
    if (argc == 0 || (argc == 1 && strcmp(argv[0], "list") == 0))
        return verb_list(c, 1, (char *[]){ (char *)"context" });
    if (argc >= 2 && argc <= 3 && strcmp(argv[0], "pin") == 0)
        return submit_pin(c, argv[1], argc == 3 ? argv[2] : NULL);
    if (argc != 2 || strcmp(argv[0], "reopen") != 0)
        return ctl_fail(CTL_USAGE, "agentctl context [list | reopen NAME | pin NAME [FILE]]", "unknown action");
    return simple_call(c, CTL_ROOT, "Manager", "ReopenContext", g_variant_new("(s)", argv[1]), NULL);
}

/* The file goes by descriptor: it has a key. */
static int add_account(struct ctl *c, const char *file)
{
    GError *error = NULL;
    const char *account;
    if (!ctl_connect(c))
        return CTL_NO_DAEMON;
    int fd = input_document(file);
    if (fd < 0)
        return CTL_USAGE;
    g_autoptr(GUnixFDList) fds = g_unix_fd_list_new_from_array(&fd, 1); /* takes fd */
    g_autoptr(GVariant) v = ctl_call(c, CTL_ROOT, "Manager", "AddAccount", g_variant_new("(h)", 0), fds, &error);
    if (!v)
        return ctl_fail_error(error);
    g_variant_get(v, "(&o)", &account);
    if (c->json)
        ctl_print_json(json_pack("{s:s}", "path", ctl_relative(account)));
    else
        printf("%s\n", ctl_relative(account));
    return CTL_OK;
}

static int disable_account(struct ctl *c, const char *id, const char *seconds)
{
    guint64 n;
    if (!g_ascii_string_to_unsigned(seconds, 10, 0, G_MAXINT32, &n, NULL))
        return ctl_fail(CTL_USAGE, "agentctl account disable ID [SECONDS]", "%s is no number of seconds", seconds);
    g_autofree char *path = ctl_path("account", id);
    return simple_call(c, path, "Account", "Disable", g_variant_new("(u)", (guint32)n), NULL);
}

/* "/3/0/13" and so on; a last word without a slash in front is the format. */
static int send_values(struct ctl *c, const char *id, int count, char **words)
{
    const char *format = count > 1 && words[count - 1][0] != '/' ? words[--count] : "";
    g_autoptr(GString) paths = g_string_new("");
    for (int i = 0; i < count; i++)
        g_string_append_printf(paths, "%s%s", i ? " " : "", words[i]);
    g_autofree char *path = ctl_path("account", id);
    return simple_call(c, path, "Account", "Send", g_variant_new("(ss)", paths->str, format), NULL);
}

int verb_account(struct ctl *c, int argc, char **argv)
{
    if (argc == 0 || (argc == 1 && strcmp(argv[0], "list") == 0))
        return verb_list(c, 1, (char *[]){ (char *)"account" });
    if (argc == 2 && strcmp(argv[0], "add") == 0)
        return add_account(c, argv[1]);
    if (argc == 2 && (strcmp(argv[0], "update") == 0 || strcmp(argv[0], "connect") == 0 || strcmp(argv[0], "remove") == 0)) {
        g_autofree char *path = ctl_path("account", argv[1]);
        const char *method = argv[0][0] == 'u' ? "Update" : argv[0][0] == 'c' ? "Connect" : "Remove";
        return simple_call(c, path, "Account", method, NULL, NULL);
    }
    if (argc >= 2 && argc <= 3 && strcmp(argv[0], "disable") == 0)
        return disable_account(c, argv[1], argc == 3 ? argv[2] : "0");
    if (argc >= 3 && strcmp(argv[0], "send") == 0)
        return send_values(c, argv[1], argc - 2, &argv[2]);
    return ctl_fail(CTL_USAGE, "agentctl account [list | update ID | connect ID | disable ID [SECONDS] | send ID PATH... [FORMAT] | add FILE | remove ID]", "unknown action");
}

/* The PIN goes from the file (or standard input) to the agent by descriptor; it is never an argument. */
int verb_sim(struct ctl *c, int argc, char **argv)
{
    bool forget = argc == 2 && strcmp(argv[0], "forget") == 0, remember = argc > 1 && strcmp(argv[0], "remember") == 0;
    if (!forget && (argc < 2 || argc > 3 || (strcmp(argv[0], "pin") != 0 && !remember)))
        return ctl_fail(CTL_USAGE, "agentctl sim pin ID [FILE] | remember ID [FILE] | forget ID", "unknown action");
    if (!ctl_connect(c))
        return CTL_NO_DAEMON;
    g_autofree char *path = ctl_path("sim", argv[1]);
    if (forget)
        return simple_call(c, path, "Sim", "ForgetPin", NULL, NULL);
    int fd = input_pin(argc == 3 ? argv[2] : NULL);
    if (fd < 0)
        return CTL_USAGE;
    g_autoptr(GUnixFDList) fds = g_unix_fd_list_new_from_array(&fd, 1); /* takes fd */
    return simple_call(c, path, "Sim", remember ? "RememberPin" : "SendPin", g_variant_new("(h)", 0), fds);
}

int verb_reload(struct ctl *c, int argc, char **argv)
{
    (void)argv;
    if (argc)
        return ctl_fail(CTL_USAGE, "agentctl reload", "reload takes no argument");
    return simple_call(c, CTL_ROOT, "Manager", "Reload", NULL, NULL);
}

int verb_factory_reset(struct ctl *c, int argc, char **argv)
{
    (void)argv;
    if (argc)
        return ctl_fail(CTL_USAGE, "agentctl factory-reset [--yes]", "factory-reset takes no argument");
    if (!c->yes && !input_yes("Accounts, identities and bearers of this gateway will be erased. Type yes to go on: ", "agentctl factory-reset --yes"))
        return CTL_USAGE;
    int status = simple_call(c, CTL_ROOT, "Manager", "FactoryReset", NULL, NULL);
    if (status == CTL_OK && !c->quiet && !c->json)
        puts("the factory reset begins");
    return status;
}

int verb_log_level(struct ctl *c, int argc, char **argv)
{
    enum log_level level;
    if (argc > 1 || (argc == 1 && !log_level_from_name(argv[0], &level)))
        return ctl_fail(CTL_USAGE, "agentctl log-level [err|warning|notice|info|debug]", "unknown level");
    return argc ? verb_set(c, 3, (char *[]){ (char *)"log", (char *)"LogLevel", argv[0] })
                : verb_get(c, 2, (char *[]){ (char *)"log", (char *)"LogLevel" });
}
