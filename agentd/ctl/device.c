/* SPDX-License-Identifier: Apache-2.0 */
/* device: the devices of the personal network and the identity that each has. */
#include <stdio.h>
#include <string.h>

#include "ctl/verbs.h"

#define USAGE "agentctl device [list | show NAME | add NAME | remove NAME | assign NAME [IMPU] | revoke NAME | authorize NAME METHOD URI CHALLENGE]"

static int call(struct ctl *c, const char *name, const char *method, GVariant *args, GVariant **out)
{
    GError *error = NULL;
    g_variant_ref_sink(args);
    if (!ctl_connect(c)) {
        g_variant_unref(args);
        return CTL_NO_DAEMON;
    }
    bool add = strcmp(method, "AddDevice") == 0;
    g_autofree char *path = add ? g_strdup(CTL_ROOT) : ctl_path("device", name);
    *out = ctl_call(c, path, add ? "Manager" : "Device", method, args, NULL, &error);
    g_variant_unref(args);
    return *out ? CTL_OK : ctl_fail_error(error);
}

/* One text of the answer, if it has one. */
static int run(struct ctl *c, const char *name, const char *method, GVariant *args, const char *key)
{
    g_autoptr(GVariant) v = NULL;
    const char *text = "";
    int code = call(c, name, method, args, &v);
    if (code)
        return code;
    if (key)
        g_variant_get_child(v, 0, g_variant_is_of_type(v, G_VARIANT_TYPE("(o)")) ? "&o" : "&s", &text);
    if (key && c->json)
        ctl_print_json(json_pack("{s:s}", key, strcmp(key, "device") == 0 ? ctl_relative(text) : text));
    else if (key && !c->quiet)
        printf("%s\n", strcmp(key, "device") == 0 ? ctl_relative(text) : text);
    return CTL_OK;
}

static int show(struct ctl *c, const char *name)
{
    g_autofree char *path = ctl_path("device", name);
    g_autofree char *relative = g_strdup(ctl_relative(path));
    return verb_show(c, 1, &relative);
}

static int one_word(struct ctl *c, const char *action, const char *name)
{
    if (strcmp(action, "show") == 0)
        return show(c, name);
    if (strcmp(action, "add") == 0)
        return run(c, name, "AddDevice", g_variant_new("(s)", name), "device");
    if (strcmp(action, "remove") == 0)
        return run(c, name, "Remove", g_variant_new("()"), NULL);
    if (strcmp(action, "assign") == 0)
        return run(c, name, "AssignIdentity", g_variant_new("(s)", ""), "impu");
    if (strcmp(action, "revoke") == 0)
        return run(c, name, "RevokeIdentity", g_variant_new("()"), NULL);
    return ctl_fail(CTL_USAGE, USAGE, "unknown action");
}

int verb_device(struct ctl *c, int argc, char **argv)
{
    if (argc == 0 || (argc == 1 && strcmp(argv[0], "list") == 0))
        return verb_list(c, 1, (char *[]){ (char *)"device" });
    if (argc == 2)
        return one_word(c, argv[0], argv[1]);
    if (argc == 3 && strcmp(argv[0], "assign") == 0)
        return run(c, argv[1], "AssignIdentity", g_variant_new("(s)", argv[2]), "impu");
    if (argc == 5 && strcmp(argv[0], "authorize") == 0)
        return run(c, argv[1], "Authorize", g_variant_new("(sss)", argv[2], argv[3], argv[4]), "authorization");
    return ctl_fail(CTL_USAGE, USAGE, "unknown action");
}
