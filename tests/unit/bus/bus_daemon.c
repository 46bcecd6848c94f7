/* SPDX-License-Identifier: Apache-2.0 */
/* A tree of facts on the bus without an agent behind it: obeys commands from standard input, one a line, and says "done" after each; says "call ..."
 * for each method that came. Owns the fake calls. Must never decide what a test expects.
 *   set|number|flag|texts PATH PROPERTY VALUE...   add KIND ID   publish PATH   remove PATH   signal PATH NAME TEXT...
 *   answer CODE-NAME TEXT (of the next calls)   pin CODE-NAME TEXT (the waiting SendPin)   level   loglevel LEVEL   burst PATH PROPERTY COUNT
 *   step PATH TEXT (property and signal at once)
 * Words are separated by '|'. */
#include <gio/gio.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/text.h"
#include "bus/bus.h"

struct daemon {
    struct tree *tree;
    struct bus *bus;
    GMainLoop *loop;
    struct error answer;
    bus_done_fn *pin_fn;
    void *pin_user;
};

static void say(const char *format, ...) __attribute__((format(printf, 1, 2)));
static void say(const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    (void)vprintf(format, ap);
    va_end(ap);
    (void)putchar('\n');
    (void)fflush(stdout);
}

/* --- the calls --- */

static enum error_code answer(struct daemon *d, struct error *err)
{
    *err = d->answer;
    return d->answer.code;
}

static void fake_bootstrap(void *user, int fd, bus_job_fn *fn, void *fn_user)
{
    struct daemon *d = user;
    char text[64] = "";
    ssize_t n = pread(fd, text, sizeof text - 1, 0);
    text[n > 0 ? n : 0] = '\0';
    say("call bootstrap %s", text);
    fn(fn_user, &d->answer, "/org/gatewayagent/Agent1/job/7");
}

static enum error_code fake_reopen(void *user, const char *context, struct error *err)
{
    say("call reopen %s", context);
    return answer(user, err);
}

static enum error_code fake_reload(void *user, struct error *err)
{
    say("call reload");
    return answer(user, err);
}

static void fake_factory_reset(void *user, bus_outcome_fn *fn, void *fn_user)
{
    struct error e = { 0 };
    say("call factory-reset");
    (void)answer(user, &e);
    fn(fn_user, &e);
}

static enum error_code fake_cancel(void *user, const char *job_id, struct error *err)
{
    say("call cancel %s", job_id);
    return answer(user, err);
}

static enum error_code fake_update(void *user, const char *account_id, struct error *err)
{
    say("call update %s", account_id);
    return answer(user, err);
}

static enum error_code fake_connect(void *user, const char *account_id, struct error *err)
{
    say("call connect %s", account_id);
    return answer(user, err);
}

static enum error_code fake_disable(void *user, const char *account_id, uint32_t seconds, struct error *err)
{
    say("call disable %s %u", account_id, seconds);
    return answer(user, err);
}

static enum error_code fake_remove(void *user, const char *account_id, struct error *err)
{
    say("call remove %s", account_id);
    return answer(user, err);
}

static void fake_send(void *user, const char *account_id, const char *paths, const char *format, bus_done_fn *fn, void *fn_user)
{
    struct error e = { 0 };
    say("call send %s '%s' '%s'", account_id, paths, format);
    enum error_code rc = answer(user, &e);
    fn(fn_user, rc, e.text);
}

static void fake_add(void *user, int fd, bus_job_fn *fn, void *fn_user)
{
    struct daemon *d = user;
    char text[64] = "";
    ssize_t len = pread(fd, text, sizeof text - 1, 0);
    say("call add %zd %.20s", len, text);
    fn(fn_user, &d->answer, "/org/gatewayagent/Agent1/account/lwm2m_2d105");
}

static enum error_code fake_forget(void *user, const char *sim_id, struct error *err)
{
    say("call forget %s", sim_id);
    return answer(user, err);
}

static void fake_pin(void *user, const char *sim_id, const char *pin, bool remember, bus_done_fn *fn, void *fn_user)
{
    struct daemon *d = user;
    d->pin_fn = fn;
    d->pin_user = fn_user;
    say("call %s %s %s", remember ? "remember" : "pin", sim_id, pin);
}

static void fake_submit_pin(void *user, const char *context, const char *digits, bus_job_fn *fn, void *fn_user)
{
    struct daemon *d = user;
    say("call submit %s %s", context, digits);
    fn(fn_user, &d->answer, "/org/gatewayagent/Agent1/job/7");
}

static void fake_set_state(void *user, const char *mid_id, enum mid_state state, bus_outcome_fn *fn, void *fn_user)
{
    struct error e = { 0 };
    say("call mid %s %s", mid_id, mid_state_name(state));
    (void)answer(user, &e);
    fn(fn_user, &e);
}

static void fake_authenticate(void *user, const char *mid_id, const uint8_t rand[16], const uint8_t autn[16], bus_aka_fn *fn, void *fn_user)
{
    struct error e = { 0 };
    char hex[2][33];
    say("call authenticate %s %s %s", mid_id, text_hex(rand, 16, hex[0]), text_hex(autn, 16, hex[1]));
    (void)answer(user, &e);
    fn(fn_user, &e, rand[0] ? "sync" : "ok", rand[0] ? "" : "0123456789abcdef", rand[0] ? "00112233445566778899aabbccdd" : "");
}

/* An order is "order N": N is the result, the receipt is the order backwards. */
static void fake_order(void *user, int fd, bus_order_fn *fn, void *fn_user)
{
    struct error e = { 0 };
    uint8_t order[64], receipt[sizeof order];
    ssize_t len = pread(fd, order, sizeof order, 0);
    for (ssize_t i = 0; i < len; i++)
        receipt[i] = order[len - 1 - i];
    say("call order %zd octets", len);
    (void)answer(user, &e);
    fn(fn_user, &e, len > 0 ? (enum mid_result)(receipt[0] - '0') : MID_INTERNAL, (struct slice){ receipt, len > 0 ? (size_t)len : 0 });
}

static void fake_device_add(void *user, const char *name, bus_text_fn *fn, void *fn_user)
{
    struct error e = { 0 };
    say("call add %s", name);
    (void)answer(user, &e);
    fn(fn_user, &e, "/org/gatewayagent/Agent1/device/new");
}

static enum error_code fake_device_remove(void *user, const char *device, struct error *err)
{
    say("call remove %s", device);
    return answer(user, err);
}

static void fake_device_assign(void *user, const char *device, const char *impu, bus_text_fn *fn, void *fn_user)
{
    struct error e = { 0 };
    say("call assign %s %s", device, impu);
    (void)answer(user, &e);
    fn(fn_user, &e, "sip:hall@home.example");
}

static enum error_code fake_device_revoke(void *user, const char *device, struct error *err)
{
    say("call revoke %s", device);
    return answer(user, err);
}

static void fake_device_authorize(void *user, const char *device, const struct bus_authorize *a, bus_text_fn *fn, void *fn_user)
{
    struct error e = { 0 };
    say("call authorize %s %s %s %s", device, a->method, a->uri, a->challenge);
    (void)answer(user, &e);
    fn(fn_user, &e, "Digest username=\"i\"");
}

static void on_name(void *user, bool owned)
{
    (void)user;
    say(owned ? "owned" : "lost");
}

/* --- the commands --- */

static enum tree_kind kind_from(const char *name)
{
    for (int k = 0; k < TREE_KINDS; k++)
        if (strcmp(tree_kind_name((enum tree_kind)k), name) == 0)
            return (enum tree_kind)k;
    g_error("no kind %s", name);
}

static void node_command(struct daemon *d, char **w, guint count)
{
    struct node *n = tree_at(d->tree, w[1]);
    if (!n)
        g_error("no node %s", w[1]);
    if (strcmp(w[0], "set") == 0)
        node_set(n, w[2], w[3]);
    else if (strcmp(w[0], "number") == 0)
        node_set_number(n, w[2], g_ascii_strtoull(w[3], NULL, 10));
    else if (strcmp(w[0], "flag") == 0)
        node_set_flag(n, w[2], strcmp(w[3], "true") == 0);
    else if (strcmp(w[0], "texts") == 0)
        node_set_texts(n, w[2], (const char *const *)&w[3], count - 3);
    else if (strcmp(w[0], "publish") == 0)
        node_publish(n);
    else if (strcmp(w[0], "remove") == 0)
        node_remove(n);
    else if (strcmp(w[0], "signal") == 0)
        node_signal(n, w[2], (const char *const *)&w[3], count - 3);
    else if (strcmp(w[0], "step") == 0) {
        node_set(n, "Step", w[2]);
        node_signal(n, "StepChanged", (const char *[]){ "", "", w[2] }, 3);
    } else if (strcmp(w[0], "burst") == 0)
        for (guint64 i = 0; i < g_ascii_strtoull(w[3], NULL, 10); i++)
            node_set_number(n, w[2], i);
    else
        g_error("no command %s", w[0]);
}

static void command(struct daemon *d, char **w, guint count)
{
    if (strcmp(w[0], "add") == 0) {
        (void)tree_add(d->tree, kind_from(w[1]), w[2]);
    } else if (strcmp(w[0], "level") == 0) {
        say("level %s", log_level_name(log_get_level()));
    } else if (strcmp(w[0], "loglevel") == 0) {
        enum log_level level;
        if (log_level_from_name(w[1], &level))
            log_set_level(level);
    } else if (strcmp(w[0], "answer") == 0) {
        error_clear(&d->answer);
        if (strcmp(w[1], "None") != 0)
            error_set(&d->answer, error_from_name(w[1]), "%s", w[2]);
    } else if (strcmp(w[0], "pin") == 0) {
        d->pin_fn(d->pin_user, error_from_name(w[1]), w[2]);
    } else {
        node_command(d, w, count);
    }
}

static gboolean on_line(GIOChannel *in, GIOCondition condition, gpointer user)
{
    struct daemon *d = user;
    g_autofree char *line = NULL;
    (void)condition;
    if (g_io_channel_read_line(in, &line, NULL, NULL, NULL) != G_IO_STATUS_NORMAL) {
        g_main_loop_quit(d->loop);
        return G_SOURCE_REMOVE;
    }
    g_auto(GStrv) words = g_strsplit(g_strchomp(line), "|", 0);
    command(d, words, g_strv_length(words));
    say("done");
    return G_SOURCE_CONTINUE;
}

int main(void)
{
    static struct daemon d;
    const struct bus_calls calls = { .user = &d, .bootstrap = fake_bootstrap, .reopen_context = fake_reopen, .submit_pin = fake_submit_pin,
                                     .reload = fake_reload, .factory_reset = fake_factory_reset, .job_cancel = fake_cancel, .account_update = fake_update, .account_connect = fake_connect,
                                     .account_disable = fake_disable, .account_remove = fake_remove, .account_send = fake_send, .account_add = fake_add, .sim_send_pin = fake_pin,
                                     .sim_forget_pin = fake_forget, .mid_set_state = fake_set_state, .mid_authenticate = fake_authenticate,
                                     .device_add = fake_device_add, .device_remove = fake_device_remove, .device_assign = fake_device_assign,
                                     .device_revoke = fake_device_revoke, .device_authorize = fake_device_authorize,
                                     .mid_order = fake_order };
    struct error err;
    d.tree = tree_new();
    d.loop = g_main_loop_new(NULL, FALSE);
    d.bus = bus_new(d.tree, &calls, on_name, &d, &err);
    if (!d.bus) {
        (void)fprintf(stderr, "%s\n", err.text);
        return EXIT_FAILURE;
    }
    GIOChannel *in = g_io_channel_unix_new(STDIN_FILENO);
    g_io_add_watch(in, G_IO_IN | G_IO_HUP, on_line, &d);
    g_main_loop_run(d.loop);
    g_io_channel_unref(in);
    bus_free(d.bus);
    tree_free(d.tree);
    g_main_loop_unref(d.loop);
    return EXIT_SUCCESS;
}
