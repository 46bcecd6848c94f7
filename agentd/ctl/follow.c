/* SPDX-License-Identifier: Apache-2.0 */
/* monitor, job, bootstrap: things that go on. Signals come through one subscription on the agent's name. */
#include <fcntl.h>
#include <gio/gunixfdlist.h>
#include <glib-unix.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "ctl/verbs.h"

/* --- monitor --- */

struct monitor {
    struct ctl *ctl;
    GMainLoop *loop;
    int code;
};

static void print_line(json_t *line)
{
    (void)json_dumpf(line, stdout, JSON_COMPACT | JSON_SORT_KEYS);
    (void)putchar('\n');
    (void)fflush(stdout);
    json_decref(line);
}

static void print_changes(const char *path, GVariant *changed)
{
    GVariantIter iter;
    const char *name;
    GVariant *value;
    g_variant_iter_init(&iter, changed);
    while (g_variant_iter_next(&iter, "{&sv}", &name, &value)) {
        printf("%s  %s: ", path, name);
        ctl_print_variant(value);
        (void)putchar('\n');
        g_variant_unref(value);
    }
    (void)fflush(stdout);
}

static void on_signal(GDBusConnection *bus, const char *sender, const char *path, const char *interface, const char *name, GVariant *args, gpointer user)
{
    struct monitor *m = user;
    (void)bus, (void)sender;
    const char *object = strlen(path) > strlen(CTL_ROOT) ? path + strlen(CTL_ROOT "/") : "manager";
    if (m->ctl->json) {
        print_line(json_pack("{s:s,s:s,s:s,s:o}", "path", object, "interface", interface, "signal", name, "arguments", ctl_json(args)));
        return;
    }
    if (strcmp(name, "PropertiesChanged") == 0) {
        g_autoptr(GVariant) changed = g_variant_get_child_value(args, 1);
        print_changes(object, changed);
        return;
    }
    g_autofree char *text = g_variant_print(args, FALSE);
    printf("%s  %s %s\n", object, name, strcmp(name, "InterfacesAdded") == 0 ? "" : text);
    (void)fflush(stdout);
}

static gboolean on_interrupt(gpointer user)
{
    g_main_loop_quit(((struct monitor *)user)->loop);
    return G_SOURCE_CONTINUE;
}

static void on_vanished(GDBusConnection *bus, const char *name, gpointer user)
{
    struct monitor *m = user;
    (void)bus, (void)name;
    m->code = ctl_fail(CTL_NO_DAEMON, "systemctl start gateway-agent", "agentd is not running");
    g_main_loop_quit(m->loop);
}

int verb_monitor(struct ctl *c, int argc, char **argv)
{
    (void)argv;
    if (argc)
        return ctl_fail(CTL_USAGE, "agentctl monitor [--json]", "monitor takes no argument");
    if (!ctl_connect(c))
        return CTL_NO_DAEMON;
    struct monitor m = { c, g_main_loop_new(NULL, FALSE), CTL_OK };
    (void)g_dbus_connection_signal_subscribe(c->bus, CTL_NAME, NULL, NULL, NULL, NULL, G_DBUS_SIGNAL_FLAGS_NONE, on_signal, &m, NULL);
    guint watch = g_bus_watch_name_on_connection(c->bus, CTL_NAME, G_BUS_NAME_WATCHER_FLAGS_NONE, NULL, on_vanished, &m, NULL);
    g_unix_signal_add(SIGINT, on_interrupt, &m);
    g_unix_signal_add(SIGTERM, on_interrupt, &m);
    g_main_loop_run(m.loop);
    g_bus_unwatch_name(watch);
    g_main_loop_unref(m.loop);
    return m.code;
}

/* --- following one job --- */

struct follow {
    struct ctl *ctl;
    const char *path;
    GMainLoop *loop;
    char step[32];
    int code;
};

static void print_progress(struct follow *f, GVariant *p)
{
    guint64 progress = ctl_number(p, "Progress");
    const char *step = ctl_text(p, "Step");
    if (f->ctl->quiet || f->ctl->json)
        return;
    if (isatty(STDOUT_FILENO)) {
        int filled = (int)(progress * 30 / 100);
        printf("\r[%.*s%*s] %3d%% %-14s", filled, "##############################", 30 - filled, "", (int)progress, step);
    } else if (strcmp(step, f->step) != 0) {
        printf("%s\n", step);
    }
    (void)fflush(stdout);
    g_strlcpy(f->step, step, sizeof f->step);
}

static bool is_final(const char *state)
{
    return strcmp(state, "running") != 0 && strcmp(state, "queued") != 0;
}

static void print_end(struct follow *f, GVariant *p)
{
    const char *state = ctl_text(p, "State");
    f->code = strcmp(state, "succeeded") == 0 ? CTL_OK : CTL_REJECTED;
    if (f->ctl->json) {
        ctl_print_json(ctl_json(p));
        return;
    }
    if (!f->ctl->quiet && isatty(STDOUT_FILENO))
        (void)putchar('\n');
    if (f->code)
        ctl_fail(f->code, ctl_text(p, "Hint"), "job %s: %s: %s", state, ctl_text(p, "Error"), ctl_text(p, "ErrorText"));
    else if (!f->ctl->quiet)
        puts("succeeded");
}

static void look(struct follow *f)
{
    GError *error = NULL;
    g_autoptr(GVariant) reply = g_dbus_connection_call_sync(f->ctl->bus, CTL_NAME, f->path, "org.freedesktop.DBus.Properties", "GetAll",
                                                            g_variant_new("(s)", CTL_NAME ".Job"), NULL, G_DBUS_CALL_FLAGS_NO_AUTO_START, -1, NULL, &error);
    if (!reply) {
        f->code = ctl_fail_error(error);
        g_main_loop_quit(f->loop);
        return;
    }
    g_autoptr(GVariant) p = g_variant_get_child_value(reply, 0);
    print_progress(f, p);
    if (is_final(ctl_text(p, "State"))) {
        print_end(f, p);
        g_main_loop_quit(f->loop);
    }
}

static void on_job_changed(GDBusConnection *bus, const char *sender, const char *path, const char *interface, const char *name, GVariant *args,
                           gpointer user)
{
    (void)bus, (void)sender, (void)path, (void)interface, (void)name, (void)args;
    look(user);
}

static gboolean on_detach(gpointer user)
{
    struct follow *f = user;
    printf("\nthe job goes on; agentctl job wait %s\n", f->path);
    f->code = CTL_OK;
    g_main_loop_quit(f->loop);
    return G_SOURCE_CONTINUE;
}

static gboolean on_timeout(gpointer user)
{
    struct follow *f = user;
    f->code = ctl_fail(CTL_TIMEOUT, "the job goes on; agentctl job wait", "no end within %d s", f->ctl->timeout_s);
    g_main_loop_quit(f->loop);
    return G_SOURCE_REMOVE;
}

int job_follow(struct ctl *c, const char *path)
{
    struct follow f = { .ctl = c, .path = path, .loop = g_main_loop_new(NULL, FALSE) };
    guint id = g_dbus_connection_signal_subscribe(c->bus, CTL_NAME, "org.freedesktop.DBus.Properties", "PropertiesChanged", path, NULL,
                                                  G_DBUS_SIGNAL_FLAGS_NONE, on_job_changed, &f, NULL);
    guint interrupt = g_unix_signal_add(SIGINT, on_detach, &f);
    guint timeout = c->timeout_s ? g_timeout_add_seconds((guint)c->timeout_s, on_timeout, &f) : 0;
    f.code = -1;
    look(&f);
    if (f.code < 0)
        g_main_loop_run(f.loop);
    if (timeout && f.code != CTL_TIMEOUT)
        g_source_remove(timeout);
    g_source_remove(interrupt);
    g_dbus_connection_signal_unsubscribe(c->bus, id);
    g_main_loop_unref(f.loop);
    return f.code;
}

int verb_job(struct ctl *c, int argc, char **argv)
{
    const char *what = argc ? argv[0] : "list";
    if (strcmp(what, "list") == 0 && argc <= 1)
        return verb_list(c, 1, (char *[]){ (char *)"job" });
    if (argc != 2)
        return ctl_fail(CTL_USAGE, "agentctl job list | show ID | wait ID | cancel ID", "job needs an action and an id");
    if (!ctl_connect(c))
        return CTL_NO_DAEMON;
    g_autofree char *path = ctl_path("job", argv[1]);
    if (strcmp(what, "show") == 0)
        return verb_show(c, 1, (char *[]){ path });
    if (strcmp(what, "wait") == 0)
        return job_follow(c, path);
    if (strcmp(what, "cancel") != 0)
        return ctl_fail(CTL_USAGE, "agentctl job list | show ID | wait ID | cancel ID", "unknown action %s", what);
    GError *error = NULL;
    g_autoptr(GVariant) v = ctl_call(c, path, "Job", "Cancel", NULL, NULL, &error);
    return v ? CTL_OK : ctl_fail_error(error);
}

int verb_bootstrap(struct ctl *c, int argc, char **argv)
{
    GError *error = NULL;
    if (argc != 1)
        return ctl_fail(CTL_USAGE, "agentctl bootstrap [--no-wait] FILE", "bootstrap takes one file, a WAP push message (binary or hex)");
    if (!ctl_connect(c))
        return CTL_NO_DAEMON;
    int fd = open(argv[0], O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return ctl_fail(CTL_USAGE, "", "%s: %s", argv[0], g_strerror(errno));
    g_autoptr(GUnixFDList) fds = g_unix_fd_list_new_from_array(&fd, 1); /* takes fd */
    g_autoptr(GVariant) v = ctl_call(c, CTL_ROOT, "Manager", "Bootstrap", g_variant_new("(h)", 0), fds, &error);
    if (!v)
        return ctl_fail_error(error);
    const char *path;
    g_variant_get(v, "(&o)", &path);
    if (c->wait)
        return job_follow(c, path);
    if (c->json)
        ctl_print_json(json_pack("{s:s}", "job", path));
    else
        puts(path);
    return CTL_OK;
}
