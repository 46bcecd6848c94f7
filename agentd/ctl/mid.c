/* SPDX-License-Identifier: Apache-2.0 */
/* mid: the lifecycle of an identity, and the administrator's test of it. On a terminal a step is told before it is taken. */
#include <errno.h>
#include <fcntl.h>
#include <gio/gunixfdlist.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "ctl/verbs.h"

#define USAGE "agentctl mid [list | show ID | activate ID | suspend ID | erase ID | authenticate ID RAND AUTN | order FILE [RECEIPT]]"

static const struct {
    const char *name, *method, *doing;
} steps[] = {
    { "activate", "Activate", "activating" },
    { "suspend", "Suspend", "suspending" },
    { "erase", "Erase", "overwriting the keys" },
};

static GVariant *call(struct ctl *c, const char *path, const char *method, GVariant *args, int *code)
{
    GError *error = NULL;
    GVariant *v = ctl_call(c, path, "Mid", method, args, NULL, &error);
    *code = v ? CTL_OK : ctl_fail_error(error);
    return v;
}

static void progress(const struct ctl *c, const char *text)
{
    if (c->quiet || c->json || !isatty(STDOUT_FILENO))
        return;
    puts(text);
    (void)fflush(stdout);
}

/* The state as the agent shows it after the step. */
static int print_state(struct ctl *c, const char *path)
{
    GError *error = NULL;
    g_autoptr(GVariant) v = g_dbus_connection_call_sync(c->bus, CTL_NAME, path, "org.freedesktop.DBus.Properties", "GetAll",
                                                        g_variant_new("(s)", CTL_NAME ".Mid"), NULL, G_DBUS_CALL_FLAGS_NO_AUTO_START, -1, NULL, &error);
    if (!v)
        return ctl_fail_error(error);
    g_autoptr(GVariant) properties = g_variant_get_child_value(v, 0);
    if (c->json) {
        json_t *mid = ctl_json(properties);
        (void)json_object_set_new(mid, "path", json_string(ctl_relative(path)));
        ctl_print_json(mid);
    } else if (!c->quiet) {
        printf("%s: %s\n", ctl_text(properties, "MidId"), ctl_text(properties, "State"));
    }
    return CTL_OK;
}

static int step(struct ctl *c, size_t i, const char *id)
{
    int code = CTL_NO_DAEMON;
    if (!ctl_connect(c))
        return code;
    g_autofree char *path = ctl_path("mid", id);
    progress(c, steps[i].doing);
    g_autoptr(GVariant) v = call(c, path, steps[i].method, NULL, &code);
    return v ? print_state(c, path) : code;
}

static int authenticate(struct ctl *c, char **argv)
{
    int code = CTL_NO_DAEMON;
    const char *result, *res, *auts;
    if (!ctl_connect(c))
        return code;
    g_autofree char *path = ctl_path("mid", argv[0]);
    g_autoptr(GVariant) v = call(c, path, "Authenticate", g_variant_new("(ss)", argv[1], argv[2]), &code);
    if (!v)
        return code;
    g_variant_get(v, "(&s&s&s)", &result, &res, &auts);
    if (c->json)
        ctl_print_json(json_pack("{s:s,s:s,s:s}", "result", result, "res", res, "auts", auts));
    else
        printf("%s%s%s%s\n", result, res[0] || auts[0] ? " " : "", res, auts);
    return strcmp(result, "ok") == 0 ? CTL_OK : CTL_REJECTED;
}

/* Receipts go to a file of their own; on a terminal there is the result alone. */
static int print_order(struct ctl *c, guint32 result, GVariant *receipt, const char *file)
{
    gsize len = 0;
    const char *data = g_variant_get_fixed_array(receipt, &len, 1);
    g_autoptr(GError) error = NULL;
    if (file && !g_file_set_contents(file, len ? data : "", (gssize)len, &error))
        return ctl_fail(CTL_FAILED, "the order was decided all the same; send it once more for its receipt", "%s", error->message);
    if (c->json)
        ctl_print_json(json_pack("{s:i,s:i}", "result", (int)result, "receipt_octets", (int)len));
    else if (!c->quiet)
        printf("result %u%s, receipt of %zu octets\n", result, result ? " (refused; the codes are in the MID package document)" : "", len);
    return result ? CTL_REJECTED : CTL_OK;
}

static int order(struct ctl *c, const char *file, const char *receipt_file)
{
    int fd = open(file, O_RDONLY | O_CLOEXEC);
    guint32 result;
    if (fd < 0)
        return ctl_fail(CTL_USAGE, "name the order as the issuer signed it", "%s: %s", file, g_strerror(errno));
    if (!ctl_connect(c)) {
        close(fd);
        return CTL_NO_DAEMON;
    }
    GError *error = NULL;
    g_autoptr(GUnixFDList) fds = g_unix_fd_list_new_from_array(&fd, 1); /* takes fd */
    g_autoptr(GVariant) receipt = NULL;
    g_autoptr(GVariant) v = ctl_call(c, CTL_ROOT, "Manager", "ApplyOrder", g_variant_new("(h)", 0), fds, &error);
    if (!v)
        return ctl_fail_error(error);
    g_variant_get(v, "(u@ay)", &result, &receipt);
    return print_order(c, result, receipt, receipt_file);
}

int verb_mid(struct ctl *c, int argc, char **argv)
{
    if (argc == 0 || (argc == 1 && strcmp(argv[0], "list") == 0))
        return verb_list(c, 1, (char *[]){ (char *)"mid" });
    if (argc == 2 && strcmp(argv[0], "show") == 0) {
        g_autofree char *path = ctl_path("mid", argv[1]);
        g_autofree char *relative = g_strdup(ctl_relative(path));
        return verb_show(c, 1, &relative);
    }
    for (size_t i = 0; argc == 2 && i < G_N_ELEMENTS(steps); i++)
        if (strcmp(argv[0], steps[i].name) == 0)
            return step(c, i, argv[1]);
    if (argc == 4 && strcmp(argv[0], "authenticate") == 0)
        return authenticate(c, &argv[1]);
    if ((argc == 2 || argc == 3) && strcmp(argv[0], "order") == 0)
        return order(c, argv[1], argc == 3 ? argv[2] : NULL);
    return ctl_fail(CTL_USAGE, USAGE, "unknown action");
}
