/* SPDX-License-Identifier: Apache-2.0 */
/* The queue of MIDs whose Ks is wanted. Owns the times of the next tries. A want that is not asked for again is forgotten after its run. */
#include "mid/gba.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/text.h"

enum { FIRST_MS = 2 * 1000, LAST_MS = 15 * 60 * 1000, LEASE_MS = 5 * 1000 };

struct want {
    char mid_id[65]; /* "": free */
    bool due, program; /* program: some wants it, and it is tried until it is there */
    char bsf[256];     /* of an ask; "": the one for everybody */
    uint64_t at_ms, delay_ms; /* not before; what is added after the next failure */
    enum error_code told;
};

struct gba_ask {
    struct gba_ask *next;
    char mid_id[65];
    bool answered; /* it is its turn */
    gba_ask_fn *fn;
    void *user;
};

struct gba {
    struct gba_ask *asks;
    struct gba_site site;
    char bsf[256];
    struct https *https; /* of its own: a DM session must not wait for it */
    struct ub *run;
    struct want *running;
    struct want wants[TRE_MID_MAX];
    uint64_t timer;
};

static void go_on(struct gba *g);

static struct want *want_of(struct gba *g, const char *mid_id)
{
    for (size_t i = 0; i < TRE_MID_MAX; i++)
        if (strcmp(g->wants[i].mid_id, mid_id) == 0)
            return &g->wants[i];
    return NULL;
}

static void show(struct gba *g, const char *mid_id, const char *state, uint64_t until, const char *error)
{
    struct node *n = tree_find(g->site.tree, TREE_MID, mid_id);
    if (!n)
        return;
    node_set(n, "GbaState", state);
    node_set_number(n, "GbaUntil", until * 1000000);
    node_set(n, "GbaError", error);
}

/* Each ask of that MID has its answer; it may ask again. */
static void answer(struct gba *g, const char *mid_id, const struct error *err)
{
    for (struct gba_ask *a = g->asks; a; a = a->next)
        a->answered = strcmp(a->mid_id, mid_id) == 0;
    for (struct gba_ask **at = &g->asks; *at;) {
        struct gba_ask *a = *at;
        if (!a->answered) {
            at = &a->next;
            continue;
        }
        *at = a->next;
        a->fn(a->user, err); /* may ask and cancel */
        free(a);
        at = &g->asks;
    }
}

static void failed(struct gba *g, struct want *w, const struct error *err)
{
    w->due = w->program;
    w->bsf[0] = '\0';
    w->delay_ms = w->delay_ms ? w->delay_ms * 2 : FIRST_MS;
    if (w->delay_ms > LAST_MS)
        w->delay_ms = LAST_MS;
    w->at_ms = loop_now(g->site.loop) + w->delay_ms;
    show(g, w->mid_id, "failed", 0, error_name(err->code));
    if (w->told != err->code)
        g->site.report(g->site.user, err);
    else
        log_info("gba", "%s: again: %s", w->mid_id, err->text);
    w->told = err->code;
}

static void on_done(void *user, const struct error *err, const char *btid, int64_t ends)
{
    struct gba *g = user;
    struct want *w = g->running;
    (void)btid;
    g->run = NULL;
    g->running = NULL;
    char mid_id[sizeof w->mid_id];
    (void)text_copy(mid_id, sizeof mid_id, w->mid_id);
    if (err) {
        failed(g, w, err);
        if (!w->program)
            *w = (struct want){ .due = false };
    } else {
        log_notice("gba", "%s: bootstrapped", w->mid_id);
        show(g, w->mid_id, "ready", (uint64_t)ends, "");
        *w = (struct want){ .due = false };
    }
    answer(g, mid_id, err);
    go_on(g);
}

/* The MID's node, if it is ACTIVE. */
static struct node *active(const struct gba *g, const char *mid_id)
{
    struct node *n = tree_find(g->site.tree, TREE_MID, mid_id);
    return n && strcmp(node_text(n, "State"), mid_state_name(MID_ACTIVE)) == 0 ? n : NULL;
}

static bool start(struct gba *g, struct want *w, struct node *n)
{
    struct node *context = tree_at(g->site.tree, node_text(n, "Context"));
    bool named = context && node_kind(context) == TREE_CONTEXT;
    struct ub_request q = { .loop = g->site.loop, .trust = g->site.trust, .https = g->https, .clock = g->site.clock, .roots_pem = g->site.roots_pem,
                            .url = w->bsf[0] ? w->bsf : g->bsf, .type = strcmp(node_text(n, "Type"), mid_type_name(MID_ISIM)) == 0 ? MID_ISIM : MID_USIM };
    if (clock_source(g->site.clock) == CLOCK_UNTRUSTED || !g->site.lease(g->site.user, named ? node_id(context) : "", &q.lease)) {
        w->at_ms = loop_now(g->site.loop) + LEASE_MS; /* no certificate can be judged, or no way there */
        show(g, w->mid_id, "waiting", 0, "");
        return false;
    }
    (void)text_copy(q.mid_id, sizeof q.mid_id, w->mid_id);
    w->due = false;
    g->running = w;
    show(g, w->mid_id, "running", 0, "");
    g->run = ub_start(&q, on_done, g);
    return true;
}

static void drop(struct gba *g, struct want *w)
{
    struct error e;
    char mid_id[sizeof w->mid_id];
    (void)text_copy(mid_id, sizeof mid_id, w->mid_id);
    *w = (struct want){ .due = false };
    (void)error_set(&e, ERROR_NOT_READY, "GBA of MID %.64s: it is not ACTIVE", mid_id);
    answer(g, mid_id, &e);
}

static void on_timer(void *user)
{
    struct gba *g = user;
    g->timer = 0;
    go_on(g);
}

static void go_on(struct gba *g)
{
    uint64_t now = loop_now(g->site.loop), next = UINT64_MAX;
    loop_cancel(g->site.loop, &g->timer);
    for (size_t i = 0; i < TRE_MID_MAX && !g->run; i++) {
        struct want *w = &g->wants[i];
        struct node *n = w->due ? active(g, w->mid_id) : NULL;
        if (w->due && !n)
            drop(g, w);
        else if (n && w->at_ms <= now && start(g, w, n))
            return;
        if (w->due && w->at_ms < next)
            next = w->at_ms;
    }
    if (!g->run && next != UINT64_MAX)
        g->timer = loop_timer(g->site.loop, next > now ? next - now : 0, on_timer, g);
}

static struct want *want(struct gba *g, const char *mid_id)
{
    struct want *w = want_of(g, mid_id);
    if (w) {
        w->due = w->due || g->running != w;
    } else if ((w = want_of(g, ""))) {
        *w = (struct want){ .due = true };
        (void)text_copy(w->mid_id, sizeof w->mid_id, mid_id);
    }
    return w;
}

static void on_wanted(void *user, const char *mid_id)
{
    struct gba *g = user;
    struct want *w = want(g, mid_id);
    if (w)
        w->program = true;
    go_on(g);
}

struct gba_ask *gba_ask(struct gba *g, const char *mid_id, const char *bsf, gba_ask_fn *fn, void *user)
{
    struct gba_ask *a = calloc(1, sizeof *a);
    struct want *w = want(g, mid_id); /* there are as many as MIDs */
    if (!a || !w)
        abort(); /* the agent restarts */
    *a = (struct gba_ask){ .next = g->asks, .fn = fn, .user = user };
    (void)text_copy(a->mid_id, sizeof a->mid_id, mid_id);
    g->asks = a;
    (void)text_copy(w->bsf, sizeof w->bsf, bsf);
    w->at_ms = 0;
    loop_cancel(g->site.loop, &g->timer);
    if (!g->run)
        g->timer = loop_timer(g->site.loop, 0, on_timer, g); /* fn never comes from inside of this call */
    return a;
}

void gba_ask_cancel(struct gba *g, struct gba_ask *ask)
{
    for (struct gba_ask **at = &g->asks; ask && *at; at = &(*at)->next)
        if (*at == ask) {
            *at = ask->next;
            free(ask);
            return;
        }
}

void gba_look(struct gba *g)
{
    bool ready = trust_status(g->site.trust)->state == TRE_READY;
    for (struct node *n = ready ? NULL : tree_next(g->site.tree, TREE_MID, NULL); n; n = tree_next(g->site.tree, TREE_MID, n))
        show(g, node_id(n), "none", 0, "");
    go_on(g);
}

void gba_retry(struct gba *g, const char *bsf)
{
    (void)text_copy(g->bsf, sizeof g->bsf, bsf);
    for (size_t i = 0; i < TRE_MID_MAX; i++)
        g->wants[i].at_ms = g->wants[i].delay_ms = 0;
    go_on(g);
}

struct gba *gba_new(const struct gba_site *site)
{
    struct gba *g = calloc(1, sizeof *g);
    if (!g)
        abort(); /* the agent restarts */
    *g = (struct gba){ .site = *site, .https = https_new(site->loop) };
    (void)text_copy(g->bsf, sizeof g->bsf, site->bsf);
    trust_watch_ks(site->trust, on_wanted, g);
    return g;
}

void gba_free(struct gba *g)
{
    if (!g)
        return;
    trust_watch_ks(g->site.trust, NULL, NULL);
    loop_cancel(g->site.loop, &g->timer);
    ub_cancel(g->run);
    while (g->asks)
        gba_ask_cancel(g, g->asks);
    https_free(g->https);
    free(g);
}
