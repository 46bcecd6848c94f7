/* SPDX-License-Identifier: Apache-2.0 */
/* Test program: the rooms modem/, access/ and bearer/ with the real loop, bus and plug-in, driven by lines on stdin. Prints what they tell, a
 * line an event, so that a script can wait for it. Owns nothing that is tested. */
#include <glib-unix.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/text.h"
#include "bearer/bearer.h"
#include "glue/loop_glib.h"
#include "modem/modem.h"

struct probe {
    GMainLoop *main;
    struct loop loop;
    struct access *access;
    struct tree *tree;
    struct modem_watch *watch;
    struct bearers *bearers;
    char line[512];
    size_t line_len;
};

__attribute__((format(printf, 1, 2))) static void say(const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    (void)vprintf(format, ap);
    va_end(ap);
    (void)putchar('\n');
    (void)fflush(stdout);
}

static void on_changed(void *user)
{
    struct probe *p = user;
    const struct modem_facts *f = modem_primary(p->watch);
    if (p->bearers)
        bearers_set_modem(p->bearers, f ? f->path : "");
    if (f)
        say("modem id=%s path=%s plmn=%s access=%s registered=%d roaming=%d sim_ready=%d qmi=%d imsi=%s iccid=%s", f->id, f->path, f->plmn,
            f->access, f->registered, f->roaming, f->sim_ready, f->qmi, f->imsi, f->iccid);
    else
        say("modem none");
}

static bool on_sms(void *user, const struct modem_sms *sms)
{
    (void)user;
    char *hex = malloc(2 * sms->data.len + 1);
    say("sms route=%s push=%d handle=%s data=%s", sms->via_qmi ? "qmi" : "mm", modem_sms_sort(sms->data) == MODEM_SMS_OURS, sms->handle,
        text_hex(sms->data.data, sms->data.len, hex));
    free(hex);
    return true;
}

static void on_time(void *user, uint64_t seconds)
{
    (void)user;
    say("time %llu", (unsigned long long)seconds);
}

static void on_done(void *user, enum error_code status, const char *text)
{
    say("%s %s %s", (const char *)user, error_name(status), text);
}

static void say_lease(const char *what, const struct lease *l)
{
    char address[64] = "", gateway[64] = "", dns[64] = "";
    if (l->addresses)
        (void)ip_address_text(&l->address[0], true, address, sizeof address);
    if (l->gateways)
        (void)ip_address_text(&l->gateway[0], false, gateway, sizeof gateway);
    if (l->dns_count)
        (void)ip_address_text(&l->dns[0], false, dns, sizeof dns);
    say("%s bearer=%s interface=%s address=%s gateway=%s dns=%s mtu=%u table=%u", what, l->bearer, l->interface, address, gateway, dns,
        (unsigned)l->mtu, (unsigned)l->table);
}

static void on_lease(void *user, enum error_code status, const char *text, const struct lease *lease)
{
    (void)user;
    if (status)
        say("connect %s %s", error_name(status), text);
    else
        say_lease("connect None", lease);
}

static void on_up(void *user, const struct lease *lease)
{
    (void)user;
    say_lease("up", lease);
}

static void on_down(void *user, const char *text)
{
    (void)user;
    say("down %s", text);
}

static void on_disconnected(void *user)
{
    (void)user;
    say("disconnected");
}

static void print_property(void *user, const char *property, const struct tree_value *v)
{
    struct node *n = user;
    g_autofree char *texts = v->type == TREE_TEXTS ? g_strjoinv(",", (char **)(uintptr_t)v->texts) : NULL;
    g_autofree char *number = g_strdup_printf("%llu", (unsigned long long)v->number);
    say("node %s %s=%s", node_path(n), property,
        v->type == TREE_TEXT ? v->text : v->type == TREE_FLAG ? (v->flag ? "true" : "false") : v->type == TREE_NUMBER ? number : texts);
}

static void print_tree(struct probe *p)
{
    for (int kind = 0; kind < TREE_KINDS; kind++)
        for (struct node *n = tree_next(p->tree, (enum tree_kind)kind, NULL); n; n = tree_next(p->tree, (enum tree_kind)kind, n))
            node_each(n, print_property, n);
    say("tree end");
}

/* connect|keep ID APN [AUTH USER PASSWORD [IPTYPE]] */
static void read_napdef(char *const *word, guint n, struct napdef *d)
{
    static const char *const auths[] = { "none", "pap", "chap" }, *const types[] = { "ipv4", "ipv6", "ipv4v6" };
    *d = (struct napdef){ .ip_type = NAPDEF_IPV4 };
    (void)text_copy(d->napid, sizeof d->napid, word[1]);
    (void)text_copy(d->apn, sizeof d->apn, word[2]);
    for (unsigned i = 0; n > 5 && i < 3; i++)
        if (strcmp(auths[i], word[3]) == 0)
            d->auth = (enum napdef_auth)i;
    if (n > 5) {
        (void)text_copy(d->user, sizeof d->user, word[4]);
        (void)text_copy(d->password, sizeof d->password, word[5]);
    }
    for (unsigned i = 0; n > 6 && i < 3; i++)
        if (strcmp(types[i], word[6]) == 0)
            d->ip_type = (enum napdef_ip)i;
}

static void obey(struct probe *p, const char *line)
{
    g_auto(GStrv) word = g_strsplit(line, " ", -1);
    guint n = g_strv_length(word);
    struct napdef d;
    if (n == 2 && strcmp(word[0], "delete") == 0)
        modem_sms_delete(p->watch, word[1], on_done, (void *)(uintptr_t)"delete");
    else if (n == 3 && strcmp(word[0], "pin") == 0)
        modem_send_pin(p->watch, word[1], word[2], on_done, (void *)(uintptr_t)"pin");
    else if (strcmp(line, "tree") == 0)
        print_tree(p);
    else if (strcmp(line, "keep none") == 0)
        bearers_keep(p->bearers, "", NULL);
    else if (n >= 3 && strcmp(word[0], "connect") == 0)
        read_napdef(word, n, &d), bearers_connect(p->bearers, word[1], &d, on_lease, p);
    else if (n >= 3 && strcmp(word[0], "keep") == 0)
        read_napdef(word, n, &d), bearers_keep(p->bearers, word[1], &d);
    else if (strcmp(line, "disconnect") == 0)
        bearers_disconnect(p->bearers, on_disconnected, p);
    else if (strcmp(line, "quit") == 0)
        g_main_loop_quit(p->main);
    else
        say("what? %s", line);
}

static void on_stdin(void *user, int fd, bool readable, bool writable)
{
    struct probe *p = user;
    (void)readable;
    (void)writable;
    char c;
    if (read(fd, &c, 1) != 1) {
        g_main_loop_quit(p->main);
    } else if (c == '\n') {
        p->line[p->line_len] = '\0';
        p->line_len = 0;
        obey(p, p->line);
    } else if (p->line_len + 1 < sizeof p->line) {
        p->line[p->line_len++] = c;
    }
}

/* modem_probe SOCKET-OF-MODEMD|- PLUGIN-DIR|- */
int main(int argc, char **argv)
{
    static const struct modem_events events = { on_changed, on_sms, on_time };
    static const struct bearer_events bearer_events = { on_up, on_down };
    struct probe p = { .main = g_main_loop_new(NULL, FALSE), .tree = tree_new() };
    struct error err = { 0 };
    if (argc != 3)
        return 2;
    log_set(LOG_LEVEL_DEBUG, LOG_TARGET_STDERR, "modem_probe");
    loop_glib_init(&p.loop);
    p.access = strcmp(argv[1], "-") ? access_new(&p.loop, argv[1]) : NULL;
    p.watch = modem_watch_new(&p.loop, p.access, p.tree, true, &events, &p, &err);
    const struct bearer_plugin *plugin = strcmp(argv[2], "-") ? bearer_plugin_load(argv[2], "modemmanager", &err) : NULL;
    if (!p.watch || (strcmp(argv[2], "-") && !plugin)) {
        say("failed: %s", err.text);
        return 1;
    }
    if (plugin)
        p.bearers = bearers_new(&p.loop, plugin, p.access, p.tree, &bearer_events, &p);
    uint64_t in = loop_fd(&p.loop, STDIN_FILENO, true, false, on_stdin, &p);
    say("ready");
    g_main_loop_run(p.main);
    loop_cancel(&p.loop, &in);
    if (p.bearers)
        bearers_free(p.bearers);
    modem_watch_free(p.watch);
    access_free(p.access);
    for (int i = 0; i < 20; i++) /* late answers find nobody */
        (void)g_main_context_iteration(NULL, FALSE);
    loop_glib_done(&p.loop);
    tree_free(p.tree);
    g_main_loop_unref(p.main);
    say("ended");
    return 0;
}
