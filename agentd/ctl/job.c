/* SPDX-License-Identifier: Apache-2.0 */
/* job, bootstrap: work that goes on. A job is followed by its changes, put together in order: its state is asked for once, behind the subscription.
 * Ctrl-C, a time-out or the end of agentd end the watching, never the job. */
#include <gio/gunixfdlist.h>
#include <glib-unix.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "ctl/input.h"
#include "ctl/verbs.h"

enum { BAR = 30, UNKNOWN_PROGRESS = 255 };

struct follow {
    struct ctl *ctl;
    const char *path;
    GMainLoop *loop;
    GVariantDict now; /* properties as of the last change */
    bool known, bar;
    char step[32];
    int code; /* -1: goes on */
};

static const char *job_id(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

static void finish(struct follow *f, int code)
{
    f->code = code;
    g_main_loop_quit(f->loop);
}

static void print_bar(const char *step, guint64 progress)
{
    int percent = progress > 100 ? 0 : (int)progress, filled = percent * BAR / 100;
    g_autofree char *text = progress == UNKNOWN_PROGRESS ? g_strdup("   ?") : g_strdup_printf("%3d%%", percent);
    printf("\r[%.*s%*s] %s %-14s", filled, "##############################", BAR - filled, "", text, step);
}

static void print_progress(struct follow *f, GVariant *p)
{
    const char *step = ctl_text(p, "Step");
    bool new_step = strcmp(step, f->step) != 0;
    g_strlcpy(f->step, step, sizeof f->step);
    if (f->ctl->quiet || f->ctl->json)
        return;
    if (f->bar)
        print_bar(step, ctl_number(p, "Progress"));
    else if (new_step)
        puts(step);
    (void)fflush(stdout);
}

static bool is_final(const char *state)
{
    return strcmp(state, "running") != 0 && strcmp(state, "queued") != 0;
}

static int print_end(struct follow *f, GVariant *p)
{
    const char *state = ctl_text(p, "State");
    int code = strcmp(state, "succeeded") == 0 ? CTL_OK : CTL_REJECTED;
    print_progress(f, p);
    if (f->bar)
        (void)putchar('\n');
    if (f->ctl->json) {
        json_t *job = ctl_json(p);
        (void)json_object_set_new(job, "path", json_string(ctl_relative(f->path)));
        ctl_print_json(job);
    } else if (code == CTL_OK && !f->ctl->quiet) {
        puts("succeeded");
    }
    if (code && !f->ctl->json)
        ctl_fail(code, ctl_text(p, "Hint"), "job %s: %s: %s", state, ctl_text(p, "Error"), ctl_text(p, "ErrorText"));
    return code;
}

/* The whole truth, once more: what was set together with the final state may come in a later message. */
static GVariant *read_job(struct ctl *c, const char *path, GError **error)
{
    g_autoptr(GVariant) reply = g_dbus_connection_call_sync(c->bus, CTL_NAME, path, "org.freedesktop.DBus.Properties", "GetAll",
                                                            g_variant_new("(s)", CTL_NAME ".Job"), NULL, G_DBUS_CALL_FLAGS_NO_AUTO_START, -1, NULL, error);
    return reply ? g_variant_get_child_value(reply, 0) : NULL;
}

static void look(struct follow *f)
{
    GError *error = NULL;
    g_autoptr(GVariant) p = g_variant_ref_sink(g_variant_dict_end(&f->now));
    g_variant_dict_init(&f->now, p);
    print_progress(f, p);
    if (!is_final(ctl_text(p, "State")))
        return;
    g_autoptr(GVariant) end = read_job(f->ctl, f->path, &error);
    finish(f, end ? print_end(f, end) : ctl_fail_error(error));
}

static void take(struct follow *f, GVariant *changed)
{
    GVariantIter iter;
    const char *name;
    GVariant *value;
    g_variant_iter_init(&iter, changed);
    while (g_variant_iter_next(&iter, "{&sv}", &name, &value)) {
        g_variant_dict_insert_value(&f->now, name, value);
        g_variant_unref(value);
    }
    look(f);
}

static void on_changed(GDBusConnection *bus, const char *sender, const char *path, const char *interface, const char *name, GVariant *args, gpointer user)
{
    struct follow *f = user;
    (void)bus, (void)sender, (void)path, (void)interface, (void)name;
    if (!f->known || f->code >= 0) /* older than the first answer, or over */
        return;
    g_autoptr(GVariant) changed = g_variant_get_child_value(args, 1);
    take(f, changed);
}

static void on_first(GObject *source, GAsyncResult *result, gpointer user)
{
    struct follow *f = user;
    GError *error = NULL;
    g_autoptr(GVariant) reply = g_dbus_connection_call_finish(G_DBUS_CONNECTION(source), result, &error);
    if (g_error_matches(error, G_IO_ERROR, G_IO_ERROR_CANCELLED)) {
        g_error_free(error);
        return; /* f is gone */
    }
    if (!reply) {
        finish(f, ctl_fail_error(error));
        return;
    }
    g_autoptr(GVariant) p = g_variant_get_child_value(reply, 0);
    f->known = true;
    take(f, p);
}

static gboolean on_detach(gpointer user)
{
    struct follow *f = user;
    fprintf(stderr, "\nthe job goes on; agentctl job wait %s\n", job_id(f->path));
    finish(f, CTL_OK);
    return G_SOURCE_CONTINUE;
}

static gboolean on_timeout(gpointer user)
{
    struct follow *f = user;
    g_autofree char *hint = g_strdup_printf("the job goes on; agentctl job wait %s", job_id(f->path));
    finish(f, ctl_fail(CTL_TIMEOUT, hint, "no end within %d s", f->ctl->timeout_s));
    return G_SOURCE_CONTINUE;
}

static void on_vanished(GDBusConnection *bus, const char *name, gpointer user)
{
    struct follow *f = user;
    (void)bus, (void)name;
    if (f->known && f->code < 0) /* before the first answer that answer says it */
        finish(f, ctl_fail(CTL_NO_DAEMON, "it takes the job up again when it starts; systemctl start gateway-agent", "agentd went away"));
}

int job_follow(struct ctl *c, const char *path)
{
    struct follow f = { .ctl = c, .path = path, .loop = g_main_loop_new(NULL, FALSE), .code = -1 };
    g_autoptr(GCancellable) cancel = g_cancellable_new();
    f.bar = !c->quiet && !c->json && isatty(STDOUT_FILENO);
    g_variant_dict_init(&f.now, NULL);
    guint id = g_dbus_connection_signal_subscribe(c->bus, CTL_NAME, "org.freedesktop.DBus.Properties", "PropertiesChanged", path, NULL,
                                                  G_DBUS_SIGNAL_FLAGS_NONE, on_changed, &f, NULL);
    guint watch = g_bus_watch_name_on_connection(c->bus, CTL_NAME, G_BUS_NAME_WATCHER_FLAGS_NONE, NULL, on_vanished, &f, NULL);
    guint interrupt = g_unix_signal_add(SIGINT, on_detach, &f);
    guint timeout = c->timeout_s ? g_timeout_add_seconds((guint)c->timeout_s, on_timeout, &f) : 0;
    g_dbus_connection_call(c->bus, CTL_NAME, path, "org.freedesktop.DBus.Properties", "GetAll", g_variant_new("(s)", CTL_NAME ".Job"), NULL,
                           G_DBUS_CALL_FLAGS_NO_AUTO_START, -1, cancel, on_first, &f);
    g_main_loop_run(f.loop);
    if (timeout)
        g_source_remove(timeout);
    g_source_remove(interrupt);
    g_bus_unwatch_name(watch);
    g_dbus_connection_signal_unsubscribe(c->bus, id);
    g_cancellable_cancel(cancel);
    g_variant_dict_clear(&f.now);
    g_main_loop_unref(f.loop);
    return f.code;
}

int verb_job(struct ctl *c, int argc, char **argv)
{
    static const char usage[] = "agentctl job list | show ID | wait ID | cancel ID";
    const char *what = argc ? argv[0] : "list";
    if (strcmp(what, "list") == 0 && argc <= 1)
        return verb_list(c, 1, (char *[]){ (char *)"job" });
    if (argc != 2)
        return ctl_fail(CTL_USAGE, usage, "job needs an action and an id");
    if (strcmp(what, "show") != 0 && strcmp(what, "wait") != 0 && strcmp(what, "cancel") != 0)
        return ctl_fail(CTL_USAGE, usage, "unknown action %s", what);
    if (!ctl_connect(c))
        return CTL_NO_DAEMON;
    g_autofree char *path = ctl_path("job", argv[1]);
    if (strcmp(what, "show") == 0)
        return verb_show(c, 1, (char *[]){ path });
    if (strcmp(what, "wait") == 0)
        return job_follow(c, path);
    GError *error = NULL;
    g_autoptr(GVariant) v = ctl_call(c, path, "Job", "Cancel", NULL, NULL, &error);
    return v ? CTL_OK : ctl_fail_error(error);
}

int job_started(struct ctl *c, GVariant *answer)
{
    const char *path;
    g_variant_get(answer, "(&o)", &path);
    bool none = strcmp(path, "/") == 0; /* carried out without a job */
    if (c->wait && !none)
        return job_follow(c, path);
    if (c->json)
        ctl_print_json(json_pack("{s:s}", "job", none ? "" : ctl_relative(path)));
    else
        puts(none ? "done" : ctl_relative(path));
    return CTL_OK;
}

int verb_bootstrap(struct ctl *c, int argc, char **argv)
{
    GError *error = NULL;
    bool url = argc >= 1 && argc <= 2 && g_str_has_prefix(argv[0], "https://");
    if (argc != 1 && !url)
        return ctl_fail(CTL_USAGE, "agentctl bootstrap [--no-wait] FILE | URL [PIN]", "bootstrap takes a file (a WAP push or an instruction), or a PROVURL");
    g_autofree char *line = url ? g_strjoin(" ", argv[0], argv[1], NULL) : NULL;
    int fd = url ? input_text(line) : input_document(argv[0]);
    if (fd < 0)
        return CTL_USAGE;
    g_autoptr(GUnixFDList) fds = g_unix_fd_list_new_from_array(&fd, 1); /* takes fd */
    if (!ctl_connect(c))
        return CTL_NO_DAEMON;
    g_autoptr(GVariant) v = ctl_call(c, CTL_ROOT, "Manager", "Bootstrap", g_variant_new("(h)", 0), fds, &error);
    return v ? job_started(c, v) : ctl_fail_error(error);
}
