/* SPDX-License-Identifier: Apache-2.0 */
/* mid: the lifecycle of an identity, and the administrator's test of it. On a terminal a step is told while it goes on. */
#include <errno.h>
#include <fcntl.h>
#include <gio/gunixfdlist.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "ctl/verbs.h"

#define USAGE "agentctl mid [list | show ID | activate ID | suspend ID | erase ID | authenticate ID RAND AUTN | order FILE [RECEIPT]]"

#define ROW_FORMAT "%-24s %-5s %-8s %s%-12s%s %-10s %-20s "
enum { CHALLENGE_DIGITS = 32, LINE = 78 };

static const struct {
    const char *name, *method, *doing;
} steps[] = {
    { "activate", "Activate", "activating" },
    { "suspend", "Suspend", "suspending" },
    { "erase", "Erase", "overwriting the keys" },
};

static bool on_terminal(const struct ctl *c)
{
    return !c->quiet && !c->json && isatty(STDOUT_FILENO);
}

/* The line of a step on a terminal: written while it goes on, and over by what came of it. */
static void progress(const struct ctl *c, const char *id, const char *doing)
{
    if (!on_terminal(c))
        return;
    printf("%s: %s ...", id, doing);
    (void)fflush(stdout);
}

static void progress_over(const struct ctl *c)
{
    if (on_terminal(c))
        printf("\r%*s\r", LINE, "");
    (void)fflush(stdout); /* before anything that goes to standard error */
}

/* NULL after having said why in *code; the identity that there is not by its name. */
static GVariant *call(struct ctl *c, const char *id, const char *method, GVariant *args, int *code)
{
    GError *error = NULL;
    g_autofree char *path = ctl_path("mid", id);
    GVariant *v = ctl_call(c, path, "Mid", method, args, NULL, &error);
    progress_over(c);
    if (error && (g_error_matches(error, G_DBUS_ERROR, G_DBUS_ERROR_UNKNOWN_METHOD) || g_error_matches(error, G_DBUS_ERROR, G_DBUS_ERROR_UNKNOWN_OBJECT))) {
        *code = ctl_fail(CTL_NOT_FOUND, "agentctl mid list shows what exists", "no identity %s", id);
        g_error_free(error);
        return NULL;
    }
    *code = v ? CTL_OK : ctl_fail_error(error);
    return v;
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
    progress(c, id, steps[i].doing);
    g_autoptr(GVariant) v = call(c, id, steps[i].method, NULL, &code);
    g_autofree char *path = ctl_path("mid", id);
    return v ? print_state(c, path) : code;
}

static bool is_challenge(const char *text)
{
    return strlen(text) == CHALLENGE_DIGITS && strspn(text, "0123456789abcdefABCDEF") == CHALLENGE_DIGITS;
}

/* What a refused challenge says of the network, for a person. */
static int refused(const struct ctl *c, const char *result)
{
    if (c->json || c->quiet)
        return CTL_REJECTED;
    (void)fflush(stdout);
    if (strcmp(result, "sync") == 0)
        return ctl_fail(CTL_REJECTED, "give AUTS to the network; its next challenge will fit", "the network's sequence number is not a new one");
    return ctl_fail(CTL_REJECTED, "compare K, OPc and AMF of the subscription", "AUTN does not prove that RAND is of the identity's network");
}

static int authenticate(struct ctl *c, const char *id, const char *rand, const char *autn)
{
    int code = CTL_NO_DAEMON;
    const char *result, *res, *auts;
    if (!is_challenge(rand) || !is_challenge(autn))
        return ctl_fail(CTL_USAGE, USAGE, "RAND and AUTN are %d hexadecimal digits each", CHALLENGE_DIGITS);
    if (!ctl_connect(c))
        return code;
    progress(c, id, "asking the identity");
    g_autoptr(GVariant) v = call(c, id, "Authenticate", g_variant_new("(ss)", rand, autn), &code);
    if (!v)
        return code;
    g_variant_get(v, "(&s&s&s)", &result, &res, &auts);
    if (c->json)
        ctl_print_json(json_pack("{s:s,s:s,s:s}", "result", result, "res", res, "auts", auts));
    else
        printf("%s%s%s%s\n", result, res[0] || auts[0] ? " " : "", res, auts);
    return strcmp(result, "ok") == 0 ? CTL_OK : refused(c, result);
}

struct listing {
    const struct ctl *ctl;
    size_t count;
};

static void list_row(void *user, const char *path, const char *kind, GVariant *p)
{
    struct listing *l = user;
    const char *state = ctl_text(p, "State");
    g_autofree char *until = ctl_time(ctl_number(p, "NotAfter"));
    (void)path, (void)kind;
    if (!l->count++ && l->ctl->legend)
        printf(ROW_FORMAT "%s\n", "ID", "TYPE", "VERSION", "", "STATE", "", "BY", "VALID UNTIL", "ISSUER");
    g_autofree char *version = g_strdup_printf("%" G_GUINT64_FORMAT, ctl_number(p, "Version"));
    printf(ROW_FORMAT "%s\n", ctl_text(p, "MidId"), ctl_text(p, "Type"), version, ctl_color(l->ctl, state), state, ctl_color_end(l->ctl), ctl_text(p, "Reason"), until,
           ctl_text(p, "Issuer"));
}

/* By the names that the other actions take. */
static int list(struct ctl *c)
{
    int code;
    struct listing l = { .ctl = c };
    if (c->json)
        return verb_list(c, 1, (char *[]){ (char *)"mid" });
    g_autoptr(GVariant) objects = ctl_objects(c, &code);
    if (!objects)
        return code;
    ctl_each(objects, "mid", list_row, &l);
    if (!l.count && c->legend && !c->quiet)
        puts("no identity is installed");
    return CTL_OK;
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

static int show(struct ctl *c, const char *id)
{
    g_autofree char *path = ctl_path("mid", id);
    g_autofree char *relative = g_strdup(ctl_relative(path));
    return verb_show(c, 1, &relative);
}

enum action { LIST, SHOW, STEP, AUTHENTICATE, ORDER };

static const struct {
    const char *name;
    enum action action;
    int min, max; /* arguments behind it */
    const char *takes;
} actions[] = {
    { "list", LIST, 0, 0, "nothing" },
    { "show", SHOW, 1, 1, "the name of an identity" },
    { "activate", STEP, 1, 1, "the name of an identity" },
    { "suspend", STEP, 1, 1, "the name of an identity" },
    { "erase", STEP, 1, 1, "the name of an identity" },
    { "authenticate", AUTHENTICATE, 3, 3, "the name of an identity, RAND and AUTN" },
    { "order", ORDER, 1, 2, "the file of an order, and perhaps one for the receipt" },
};

static int act(struct ctl *c, size_t i, int argc, char **argv)
{
    switch (actions[i].action) {
    case LIST:
        return list(c);
    case SHOW:
        return show(c, argv[0]);
    case STEP:
        for (size_t s = 0; s < G_N_ELEMENTS(steps); s++)
            if (strcmp(steps[s].name, actions[i].name) == 0)
                return step(c, s, argv[0]);
        break;
    case AUTHENTICATE:
        return authenticate(c, argv[0], argv[1], argv[2]);
    case ORDER:
        return order(c, argv[0], argc > 1 ? argv[1] : NULL);
    }
    return CTL_USAGE;
}

int verb_mid(struct ctl *c, int argc, char **argv)
{
    if (argc == 0)
        return list(c);
    for (size_t i = 0; i < G_N_ELEMENTS(actions); i++)
        if (strcmp(argv[0], actions[i].name) == 0)
            return argc - 1 >= actions[i].min && argc - 1 <= actions[i].max ? act(c, i, argc - 1, &argv[1])
                                                                              : ctl_fail(CTL_USAGE, USAGE, "mid %s takes %s", argv[0], actions[i].takes);
    return ctl_fail(CTL_USAGE, USAGE, "mid has no action %s", argv[0]);
}
