/* SPDX-License-Identifier: Apache-2.0 */
/* A round: resolve one, ask it, next. Promises: a node that offers rubbish does not keep another one from being asked in the next round. */
#include "bootstrap/briefing/lan.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "bootstrap/instruction/instruction.h"
#include "net/discovery.h"

/* RFC 6763 section 7: what is not TCP is announced as UDP. */
enum kind { BY_HTTPS, BY_COAPS, KINDS };
static const struct {
    const char *type, *scheme;
} kinds[KINDS] = { [BY_HTTPS] = { LAN_SERVICE "._tcp", "https" }, [BY_COAPS] = { LAN_SERVICE "._udp", "coaps" } };

struct lan {
    struct site *site;
    struct https *https;
    void (*news)(void *user);
    void *user;
    struct discovery *discovery[KINDS];
    enum kind kind; /* of the one that is asked */
    struct bbn *bbn;
    size_t turn, left; /* whose it is; how many are still to be asked in this round */
    bool failed;
    char context[33];
    lan_done_fn *fn;
    void *fn_user;
};

static void show(const struct lan *l, bool present)
{
    node_set(tree_manager(l->site->tree), "AvahiState", present ? "present" : "absent");
}

static size_t count(const struct lan *l)
{
    size_t n = 0;
    for (int k = 0; k < KINDS; k++)
        n += discovery_count(l->discovery[k]);
    return n;
}

static void on_changed(void *user)
{
    struct lan *l = user;
    show(l, discovery_present(l->discovery[BY_HTTPS]));
    if (count(l))
        l->news(l->user);
}

static void ask_next(struct lan *l);

static void fail(struct lan *l, const struct error *err)
{
    site_report(l->site, "lan", 0, err);
    l->failed = true;
}

static void on_answer(void *user, const struct error *err, const struct bbn_answer *answer)
{
    struct lan *l = user;
    l->bbn = NULL;
    if (err)
        fail(l, err);
    if (!err && answer->octets.len)
        l->fn(l->fn_user, l->failed, answer->octets);
    else
        ask_next(l);
}

static void on_found(void *user, const struct error *err, const struct discovered *found)
{
    struct lan *l = user;
    static const struct lease host;
    char uri[DISCOVERY_HOST + 16];
    if (err) {
        fail(l, err);
        ask_next(l);
        return;
    }
    struct server_trust trust = { .has_pin = found->has_pin };
    memcpy(trust.pin, found->pin, sizeof trust.pin);
    (void)snprintf(uri, sizeof uri, "%s://%s:%u", kinds[l->kind].scheme, found->host, (unsigned)found->port);
    struct bbn_node node = { .uri = uri, .trust = &trust, .address = &found->address, .lease = &host };
    l->bbn = bbn_ask(l->site, l->https, &node, l->context, instruction_last_of_node(l->site->store, "lan"), on_answer, l);
}

static void ask_next(struct lan *l)
{
    size_t known = count(l);
    if (!known || !l->left) {
        l->fn(l->fn_user, l->failed, (struct slice){ NULL, 0 });
        return;
    }
    l->left--;
    size_t i = l->turn++ % known, by_https = discovery_count(l->discovery[BY_HTTPS]);
    l->kind = i < by_https ? BY_HTTPS : BY_COAPS;
    discovery_resolve(l->discovery[l->kind], i < by_https ? i : i - by_https, on_found, l);
}

bool lan_ask(struct lan *l, const char *context, lan_done_fn *fn, void *user)
{
    l->left = count(l);
    if (!l->left)
        return false;
    l->fn = fn;
    l->fn_user = user;
    l->failed = false;
    (void)text_copy(l->context, sizeof l->context, context);
    ask_next(l);
    return true;
}

struct lan *lan_new(struct site *site, struct https *https, void (*news)(void *user), void *user)
{
    struct lan *l = calloc(1, sizeof *l);
    if (!l)
        abort(); /* the agent restarts */
    *l = (struct lan){ .site = site, .https = https, .news = news, .user = user };
    show(l, false);
    for (int k = 0; k < KINDS; k++)
        l->discovery[k] = discovery_new(kinds[k].type, on_changed, l);
    return l;
}

void lan_free(struct lan *l)
{
    if (!l)
        return;
    for (int k = 0; k < KINDS; k++)
        discovery_free(l->discovery[k]);
    bbn_cancel(l->bbn);
    free(l);
}
