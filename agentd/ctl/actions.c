/* SPDX-License-Identifier: Apache-2.0 */
/* context, account, sim, log-level, reload, doctor: short calls. */
#include <fcntl.h>
#include <gio/gunixfdlist.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "ctl/verbs.h"

static int simple_call(struct ctl *c, const char *path, const char *interface, const char *method, GVariant *args, GUnixFDList *fds)
{
    GError *error = NULL;
    g_autoptr(GVariant) v = ctl_call(c, path, interface, method, args, fds, &error);
    return v ? CTL_OK : ctl_fail_error(error);
}

int verb_context(struct ctl *c, int argc, char **argv)
{
    if (argc == 0 || (argc == 1 && strcmp(argv[0], "list") == 0))
        return verb_list(c, 1, (char *[]){ (char *)"context" });
    if (argc != 2 || strcmp(argv[0], "reopen") != 0)
        return ctl_fail(CTL_USAGE, "agentctl context [list | reopen NAME]", "unknown action");
    return ctl_connect(c) ? simple_call(c, CTL_ROOT, "Manager", "ReopenContext", g_variant_new("(s)", argv[1]), NULL) : CTL_NO_DAEMON;
}

int verb_account(struct ctl *c, int argc, char **argv)
{
    if (argc == 0 || (argc == 1 && strcmp(argv[0], "list") == 0))
        return verb_list(c, 1, (char *[]){ (char *)"account" });
    if (argc != 2 || strcmp(argv[0], "update") != 0)
        return ctl_fail(CTL_USAGE, "agentctl account [list | update ID]", "unknown action");
    g_autofree char *path = ctl_path("account", argv[1]);
    return ctl_connect(c) ? simple_call(c, path, "Account", "Update", NULL, NULL) : CTL_NO_DAEMON;
}

/* The PIN goes from the file (or standard input) to the agent by descriptor; it is never an argument. */
int verb_sim(struct ctl *c, int argc, char **argv)
{
    if (argc < 2 || argc > 3 || strcmp(argv[0], "pin") != 0)
        return ctl_fail(CTL_USAGE, "agentctl sim pin ID [FILE]", "unknown action");
    if (!ctl_connect(c))
        return CTL_NO_DAEMON;
    int fd = argc == 3 ? open(argv[2], O_RDONLY | O_CLOEXEC) : dup(STDIN_FILENO);
    if (fd < 0)
        return ctl_fail(CTL_USAGE, "", "%s: %s", argc == 3 ? argv[2] : "standard input", g_strerror(errno));
    g_autoptr(GUnixFDList) fds = g_unix_fd_list_new_from_array(&fd, 1);
    g_autofree char *path = ctl_path("sim", argv[1]);
    return simple_call(c, path, "Sim", "SendPin", g_variant_new("(h)", 0), fds);
}

int verb_reload(struct ctl *c, int argc, char **argv)
{
    (void)argv;
    if (argc)
        return ctl_fail(CTL_USAGE, "agentctl reload", "reload takes no argument");
    return ctl_connect(c) ? simple_call(c, CTL_ROOT, "Manager", "Reload", NULL, NULL) : CTL_NO_DAEMON;
}

int verb_log_level(struct ctl *c, int argc, char **argv)
{
    GError *error = NULL;
    if (argc > 1 || (argc == 1 && !strstr(" err warning notice info debug ", argv[0])))
        return ctl_fail(CTL_USAGE, "agentctl log-level [err|warning|notice|info|debug]", "unknown level");
    if (!ctl_connect(c))
        return CTL_NO_DAEMON;
    GVariant *args = argc ? g_variant_new("(ssv)", "org.freedesktop.LogControl1", "LogLevel", g_variant_new_string(argv[0]))
                          : g_variant_new("(ss)", "org.freedesktop.LogControl1", "LogLevel");
    g_autoptr(GVariant) v = g_dbus_connection_call_sync(c->bus, CTL_NAME, "/org/freedesktop/LogControl1", "org.freedesktop.DBus.Properties",
                                                        argc ? "Set" : "Get", args, NULL, G_DBUS_CALL_FLAGS_NO_AUTO_START, -1, NULL, &error);
    if (!v)
        return ctl_fail_error(error);
    if (!argc) {
        g_autoptr(GVariant) boxed = g_variant_get_child_value(v, 0), value = g_variant_get_variant(boxed);
        ctl_print_variant(value);
        (void)putchar('\n');
    }
    return CTL_OK;
}

/* --- doctor --- */

struct finding {
    const char *name, *want, *hint;
};

static void check(json_t *list, struct ctl *c, const char *name, bool good, const char *value, const char *hint)
{
    if (c->json)
        (void)json_array_append_new(list, json_pack("{s:s,s:b,s:s,s:s}", "check", name, "ok", good, "value", value, "hint", good ? "" : hint));
    else
        printf("%-5s %-16s %s%s%s\n", good ? "ok" : "FAIL", name, value, good ? "" : "; ", good ? "" : hint);
}

static bool check_property(json_t *list, struct ctl *c, GVariant *manager, const struct finding *f)
{
    const char *value = ctl_text(manager, f->name);
    bool good = f->want ? strcmp(value, f->want) == 0 : value[0] != '\0';
    check(list, c, f->name, good, value, f->hint);
    return good;
}

int verb_doctor(struct ctl *c, int argc, char **argv)
{
    static const struct finding findings[] = {
        { "GatewayId", NULL, "install factory.json, see agentd(8)" },
        { "TreState", "ready", "provision and start agent-tred, see agent-tred(8)" },
        { "ModemManagerState", "present", "start ModemManager, or run without a modem" },
    };
    int code;
    (void)argv;
    if (argc)
        return ctl_fail(CTL_USAGE, "agentctl doctor", "doctor takes no argument");
    g_autoptr(GVariant) manager = ctl_manager(c, &code);
    if (!manager)
        return code;
    json_t *list = json_array();
    bool good = true;
    for (gsize i = 0; i < G_N_ELEMENTS(findings); i++)
        good = check_property(list, c, manager, &findings[i]) && good;
    const char *clock = ctl_text(manager, "ClockState");
    check(list, c, "ClockState", strcmp(clock, "untrusted") != 0, clock, "set the clock, or wait for network time");
    check(list, c, "LastError", !ctl_text(manager, "LastError")[0], ctl_text(manager, "LastErrorText"), ctl_text(manager, "LastErrorHint"));
    if (c->json)
        ctl_print_json(json_pack("{s:o}", "checks", list));
    else
        json_decref(list);
    return good ? CTL_OK : CTL_FAILED;
}
