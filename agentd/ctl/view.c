/* SPDX-License-Identifier: Apache-2.0 */
/* status, list, show: the present state, for people on one screen and for programs as JSON. */
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "ctl/verbs.h"

/* --- status --- */

static void row(const char *name, const char *text)
{
    printf("%-10s %s\n", name, text[0] ? text : "-");
}

static void modem_row(void *user, const char *path, const char *kind, GVariant *p)
{
    (void)user, (void)path, (void)kind;
    g_autofree char *text = g_strdup_printf("%s %s, %s, %s %s %s%s", ctl_text(p, "Manufacturer"), ctl_text(p, "Model"), ctl_text(p, "State"),
                                            ctl_text(p, "OperatorId"), ctl_text(p, "OperatorName"), ctl_text(p, "AccessTechnology"),
                                            ctl_flag(p, "Roaming") ? " roaming" : "");
    row("Modem", text);
}

static void sim_row(void *user, const char *path, const char *kind, GVariant *p)
{
    (void)user, (void)path, (void)kind;
    g_autofree char *text = g_strdup_printf("%s, IMSI %s, lock %s%s%s", ctl_text(p, "Iccid"), ctl_text(p, "Imsi"), ctl_text(p, "Lock"),
                                            ctl_text(p, "LockHint")[0] ? "; " : "", ctl_text(p, "LockHint"));
    row("SIM", text);
}

static void context_row(void *user, const char *path, const char *kind, GVariant *p)
{
    (void)user, (void)path, (void)kind;
    const char *error = ctl_text(p, "LastError");
    g_autofree char *when = ctl_time(ctl_number(p, "CommittedAt"));
    g_autofree char *text = g_strdup_printf("%s: %s%s%s%s%s%s%s", ctl_text(p, "Name"), ctl_text(p, "State"),
                                            ctl_text(p, "ServerId")[0] ? " by " : "", ctl_text(p, "ServerId"),
                                            strcmp(when, "-") ? " at " : "", strcmp(when, "-") ? when : "", error[0] ? ", last error " : "", error);
    row("Context", text);
}

static void bearer_row(void *user, const char *path, const char *kind, GVariant *p)
{
    (void)user, (void)path, (void)kind;
    g_autoptr(GVariant) addresses = g_variant_lookup_value(p, "Addresses", G_VARIANT_TYPE_STRING_ARRAY);
    g_autofree const char **list = addresses ? g_variant_get_strv(addresses, NULL) : NULL;
    g_autofree char *text = g_strdup_printf("%s: %s%s, apn %s (%s)%s%s %s%s%s", ctl_text(p, "Name"), ctl_text(p, "State"),
                                            ctl_flag(p, "Installed") ? "" : ", not installed", ctl_text(p, "Apn"), ctl_text(p, "Auth"),
                                            ctl_text(p, "Interface")[0] ? ", " : "", ctl_text(p, "Interface"), list && list[0] ? list[0] : "",
                                            ctl_text(p, "LastErrorText")[0] ? ", " : "", ctl_text(p, "LastErrorText"));
    row("Bearer", text);
}

static void mid_row(void *user, const char *path, const char *kind, GVariant *p)
{
    (void)user, (void)path, (void)kind;
    g_autofree char *text = g_strdup_printf("%s: %s %s version %" G_GUINT64_FORMAT ", %s, from %s", ctl_text(p, "MidId"), ctl_text(p, "State"),
                                            ctl_text(p, "Type"), ctl_number(p, "Version"), ctl_text(p, "Algorithm"), ctl_text(p, "Issuer"));
    row("MID", text);
}

static void account_row(void *user, const char *path, const char *kind, GVariant *p)
{
    (void)user, (void)path, (void)kind;
    g_autofree char *text = g_strdup_printf("%s %s: %s, %s%s%s", ctl_text(p, "Protocol"), ctl_text(p, "ServerId"), ctl_text(p, "State"),
                                            ctl_text(p, "Uri"), ctl_text(p, "LastError")[0] ? ", " : "", ctl_text(p, "LastError"));
    row("Account", text);
}

static void job_row(void *user, const char *path, const char *kind, GVariant *p)
{
    (void)user, (void)kind;
    g_autofree char *text = g_strdup_printf("%s: %s, %s%s%s%s%s", path, ctl_text(p, "State"), ctl_text(p, "Step"), ctl_text(p, "Error")[0] ? ", " : "",
                                            ctl_text(p, "Error"), ctl_text(p, "ErrorText")[0] ? ", " : "", ctl_text(p, "ErrorText"));
    row("Job", text);
}

static void device_row(void *user, const char *path, const char *kind, GVariant *p)
{
    (void)user, (void)path, (void)kind;
    g_autofree char *text = g_strdup_printf("%s: %s %s", ctl_text(p, "Name"), ctl_text(p, "State"), ctl_text(p, "Impu"));
    row("Device", g_strchomp(text));
}

/* What came, where not all of it was taken. */
static void messages_row(GVariant *manager)
{
    guint64 refused = ctl_number(manager, "MessagesRefused"), ignored = ctl_number(manager, "MessagesIgnored");
    guint64 waiting = ctl_number(manager, "MessagesWaiting");
    g_autofree char *causes = ctl_texts(manager, "MessageCauses");
    g_autofree char *text = g_strdup_printf("%" G_GUINT64_FORMAT " received, %" G_GUINT64_FORMAT " refused, %" G_GUINT64_FORMAT " ignored%s%s%s%s",
                                            ctl_number(manager, "MessagesReceived"), refused, ignored, causes[0] ? " (" : "", causes,
                                            causes[0] ? ")" : "", waiting ? ", digits needed: agentctl context pin" : "");
    if (refused || ignored || waiting)
        row("Messages", text);
}

static void print_status(struct ctl *c, GVariant *manager, GVariant *objects)
{
    static const struct {
        const char *kind;
        ctl_each_fn *fn;
    } rows[] = { { "Modem", modem_row }, { "Sim", sim_row },         { "Bearer", bearer_row }, { "Mid", mid_row },
                 { "Account", account_row }, { "Context", context_row }, { "Device", device_row }, { "Job", job_row } };
    g_autofree char *tre = g_strdup_printf("%s %s", ctl_text(manager, "TreState"), ctl_text(manager, "TreBackend"));
    g_autofree char *others = g_strdup_printf("ModemManager %s, clock %s", ctl_text(manager, "ModemManagerState"), ctl_text(manager, "ClockState"));
    const char *state = ctl_text(manager, "State");
    printf("%-10s %s%s%s\n", "State", ctl_color(c, state), state, ctl_color_end(c));
    row("Gateway", ctl_text(manager, "GatewayId"));
    row("TRE", tre);
    if (ctl_text(manager, "TreCause")[0]) {
        enum error_code cause = error_from_name(ctl_text(manager, "TreCause"));
        printf("%-10s %s\n%-10s %s\n", "", error_text(cause), "", error_hint(cause));
    }
    row("System", others);
    messages_row(manager);
    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++)
        ctl_each(objects, rows[i].kind, rows[i].fn, NULL);
    if (ctl_text(manager, "LastError")[0]) {
        g_autofree char *when = ctl_time(ctl_number(manager, "LastErrorTime"));
        printf("%-10s %s at %s: %s\n%-10s %s\n", "Last error", ctl_text(manager, "LastError"), when, ctl_text(manager, "LastErrorText"), "",
               ctl_text(manager, "LastErrorHint"));
    }
}

static void add_json(void *user, const char *path, const char *kind, GVariant *p)
{
    json_t *item = ctl_json(p);
    (void)json_object_set_new(item, "path", json_string(path));
    (void)json_object_set_new(item, "kind", json_string(kind));
    (void)json_array_append_new(user, item);
}

static json_t *objects_json(GVariant *objects)
{
    json_t *list = json_array();
    ctl_each(objects, "", add_json, list);
    return list;
}

int verb_status(struct ctl *c, int argc, char **argv)
{
    int code;
    (void)argv;
    if (argc)
        return ctl_fail(CTL_USAGE, "agentctl --help", "status takes no argument");
    g_autoptr(GVariant) manager = ctl_manager(c, &code);
    g_autoptr(GVariant) objects = manager ? ctl_objects(c, &code) : NULL;
    if (!objects)
        return code;
    if (c->json)
        ctl_print_json(json_pack("{s:o,s:o}", "manager", ctl_json(manager), "objects", objects_json(objects)));
    else
        print_status(c, manager, objects);
    return CTL_OK;
}

/* --- list --- */

static bool is_kind(const char *text)
{
    static const char *const kinds[] = { "modem", "sim", "context", "mid", "bearer", "account", "job", "device" };
    for (gsize i = 0; i < G_N_ELEMENTS(kinds); i++)
        if (g_ascii_strcasecmp(kinds[i], text) == 0)
            return true;
    return false;
}

static void list_row(void *user, const char *path, const char *kind, GVariant *p)
{
    const struct ctl *c = user;
    static const char *const states[] = { "State", "Lock" }, *const names[] = { "Name", "Uri", "Step", "OperatorName", "Issuer" };
    const char *state = "", *name = "";
    (void)kind;
    for (gsize i = 0; i < G_N_ELEMENTS(states) && !state[0]; i++)
        state = ctl_text(p, states[i]);
    for (gsize i = 0; i < G_N_ELEMENTS(names) && !name[0]; i++)
        name = ctl_text(p, names[i]);
    printf("%-44s %s%-14s%s %s\n", path, ctl_color(c, state), state, ctl_color_end(c), name[0] ? name : "-");
}

int verb_list(struct ctl *c, int argc, char **argv)
{
    int code;
    if (argc > 1 || (argc == 1 && !is_kind(argv[0])))
        return ctl_fail(CTL_USAGE, "agentctl list [modem|sim|context|mid|bearer|account|job]", "list takes one kind at most");
    g_autoptr(GVariant) objects = ctl_objects(c, &code);
    if (!objects)
        return code;
    if (c->json) {
        json_t *list = json_array();
        ctl_each(objects, argc ? argv[0] : "", add_json, list);
        ctl_print_json(json_pack("{s:o}", "objects", list));
        return CTL_OK;
    }
    if (c->legend)
        printf("%-44s %-14s %s\n", "OBJECT", "STATE", "NAME");
    ctl_each(objects, argc ? argv[0] : "", list_row, c);
    return CTL_OK;
}

/* --- show --- */

struct showing {
    const char *wanted;
    json_t *json; /* NULL: text */
    size_t count;
};

static void print_properties(const char *title, GVariant *p)
{
    GVariantIter iter;
    const char *name;
    GVariant *value;
    printf("%s\n", title);
    g_variant_iter_init(&iter, p);
    while (g_variant_iter_next(&iter, "{&sv}", &name, &value)) {
        printf("  %-20s ", name);
        if (g_variant_is_of_type(value, G_VARIANT_TYPE_UINT64)) {
            g_autofree char *when = ctl_time(g_variant_get_uint64(value)); /* every t of the API is a time */
            printf("%s", when);
        } else {
            ctl_print_variant(value);
        }
        (void)putchar('\n');
        g_variant_unref(value);
    }
}

static void show_object(void *user, const char *path, const char *kind, GVariant *p)
{
    struct showing *s = user;
    if (g_ascii_strcasecmp(s->wanted, kind) != 0 && strcmp(path, s->wanted) != 0)
        return;
    s->count++;
    if (s->json)
        add_json(s->json, path, kind, p);
    else
        print_properties(path, p);
}

static bool show_manager(struct ctl *c, struct showing *s, int *code)
{
    g_autoptr(GVariant) manager = ctl_manager(c, code);
    if (manager)
        show_object(s, "manager", "Manager", manager);
    return manager != NULL;
}

static bool show_objects(struct ctl *c, struct showing *s, int *code)
{
    g_autoptr(GVariant) objects = ctl_objects(c, code);
    if (objects)
        ctl_each(objects, "", show_object, s);
    return objects != NULL;
}

int verb_show(struct ctl *c, int argc, char **argv)
{
    int code;
    if (argc != 1)
        return ctl_fail(CTL_USAGE, "agentctl show OBJECT|KIND, e.g. agentctl show bearer", "show takes one object or kind");
    struct showing s = { .wanted = ctl_relative(argv[0]), .json = c->json ? json_array() : NULL };
    bool manager = g_ascii_strcasecmp(s.wanted, "manager") == 0;
    bool answered = manager ? show_manager(c, &s, &code) : show_objects(c, &s, &code);
    if (s.json && answered && (s.count || is_kind(s.wanted)))
        ctl_print_json(json_pack("{s:o}", "objects", s.json));
    else if (s.json)
        json_decref(s.json);
    if (!answered)
        return code;
    return s.count ? CTL_OK : ctl_fail(CTL_NOT_FOUND, "agentctl list shows what exists", "no object %s", argv[0]);
}
