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
    bool due;
    uint64_t at_ms, delay_ms; /* not before; what is added after the next failure */
    enum error_code told;
};

struct gba {
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

static void failed(struct gba *g, struct want *w, const struct error *err)
{
    w->due = true;
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
    if (err) {
        failed(g, w, err);
    } else {
        log_notice("gba", "%s: bootstrapped", w->mid_id);
        show(g, w->mid_id, "ready", (uint64_t)ends, "");
        *w = (struct want){ .due = false };
    }
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
                            .url = g->bsf, .type = strcmp(node_text(n, "Type"), mid_type_name(MID_ISIM)) == 0 ? MID_ISIM : MID_USIM };
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
            *w = (struct want){ .due = false };
        else if (n && w->at_ms <= now && start(g, w, n))
            return;
        if (w->due && w->at_ms < next)
            next = w->at_ms;
    }
    if (!g->run && next != UINT64_MAX)
        g->timer = loop_timer(g->site.loop, next > now ? next - now : 0, on_timer, g);
}

static void on_wanted(void *user, const char *mid_id)
{
    struct gba *g = user;
    struct want *w = want_of(g, mid_id);
    if (w) {
        w->due = w->due || g->running != w;
    } else if ((w = want_of(g, ""))) {
        *w = (struct want){ .due = true };
        (void)text_copy(w->mid_id, sizeof w->mid_id, mid_id);
    }
    go_on(g);
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
    https_free(g->https);
    free(g);
}
