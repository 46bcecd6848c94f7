/* SPDX-License-Identifier: Apache-2.0 */
/* Owns the bearer that it has brought up, until that is installed or gone. Never takes one away from a job, nor brings one up beside one that is up. */
#include "bootstrap/way/question_way.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "bootstrap/apply.h"
#include "bootstrap/policy.h"
#include "bootstrap/service/room.h"
#include "bootstrap/way/default_way.h"
#include "bootstrap/way/initial_access.h"

enum { LINGER_MS = 5000 /* the answer may begin a job, which takes the bearer over */, MODEM_GRACE_MS = 60000 };

struct question_way {
    struct site *site;
    struct service *service;
    char context[33], id[STORE_NAME]; /* of the bearer */
    bool initial, brought;            /* it is the initial access; it came up for a question */
    uint64_t timer, linger, modem_until_ms;
    question_way_fn *fn; /* NULL: nobody asks */
    void *user;
};

static void reply(struct question_way *w, const struct error *err, const struct lease *lease)
{
    question_way_fn *fn = w->fn;
    w->fn = NULL;
    fn(w->user, err, lease);
}

static void on_lease(void *user, enum error_code status, const char *text, const struct lease *lease)
{
    struct question_way *w = user;
    struct error e;
    w->brought = w->brought || !status;
    if (status)
        error_set(&e, status, "%s%.100s: %.100s", w->initial ? "initial access " : "bearer for a question", w->initial ? w->site->factory.initial.napdef.apn : "",
                  text && text[0] ? text : error_text(status));
    reply(w, status ? &e : NULL, status ? NULL : lease);
}

static const struct napdef *choose(struct question_way *w, struct settings *set, struct error *err)
{
    bool named;
    const struct modem_facts *m = site_modem(w->site);
    if (policy_modem(w->site, err))
        return NULL;
    if (!default_way_add(w->service, w->context, NULL, set)) {
        error_set(err, ERROR_NOT_READY, "what is installed is being opened");
        return NULL;
    }
    const struct napdef *n = settings_way(set, NULL, m->plmn, (int64_t)clock_now(&w->site->clock), 0, &named);
    if (!n)
        error_set(err, ERROR_POLICY, "no access point is valid in network %s", m->plmn);
    return n;
}

static void bring_up(struct question_way *w)
{
    struct error e = { 0 };
    w->initial = initial_access_is_due(w->site);
    if (w->initial) {
        service_look(w->service); /* whether data may be used is judged by the facts of now */
        initial_access_connect(w->site, on_lease, w);
        return;
    }
    struct settings *set = settings_new();
    const struct napdef *n = set && w->site->bearers ? choose(w, set, &e) : NULL;
    if (n) {
        service_look(w->service);
        apply_id(w->context, n->napid, w->id, sizeof w->id);
        bearers_connect(w->site->bearers, w->id, n, on_lease, w);
    } else {
        if (!e.code)
            error_set(&e, set ? ERROR_NO_MODEM : ERROR_NO_MEMORY, "bearer for a question");
        reply(w, &e, NULL);
    }
    settings_free(set);
}

static void look(void *user)
{
    static const struct lease host;
    struct question_way *w = user;
    struct error e;
    const struct lease *up = w->site->bearers ? bearers_lease(w->site->bearers) : NULL;
    enum way way = policy_way(w->site, "bbn", NULL, POLICY_WAITED);
    w->timer = 0;
    if (way == WAY_HOST) {
        reply(w, NULL, &host);
    } else if (way == WAY_WAIT) {
        error_set(&e, ERROR_NO_MODEM, "waiting for a modem");
        reply(w, &e, NULL);
    } else if (up) {
        reply(w, NULL, up);
    } else if (w->service->bootstrapping) {
        error_set(&e, ERROR_BUSY, "a job has the bearer");
        reply(w, &e, NULL);
    } else {
        bring_up(w);
    }
}

bool question_way_waits(struct question_way *w)
{
    uint64_t now = loop_now(w->site->loop);
    if (!w->modem_until_ms)
        w->modem_until_ms = now + MODEM_GRACE_MS;
    return (w->service->bootstrapping && policy_way(w->site, "bbn", NULL, POLICY_WAITED) != WAY_HOST) ||
           (initial_access_is_awaited(w->site) && now < w->modem_until_ms);
}

void question_way_want(struct question_way *w, const char *context, question_way_fn *fn, void *user)
{
    (void)text_copy(w->context, sizeof w->context, context);
    loop_cancel(w->site->loop, &w->linger);
    w->fn = fn;
    w->user = user;
    w->timer = loop_timer(w->site->loop, 0, look, w);
}

static void let_go(void *user)
{
    struct question_way *w = user;
    char context[STORE_NAME];
    w->linger = 0;
    if (w->service->bootstrapping) {
        w->linger = loop_timer(w->site->loop, LINGER_MS, let_go, w);
        return;
    }
    const struct lease *up = bearers_lease(w->site->bearers);
    w->brought = false;
    initial_access_leave(w->site);
    if (up && strcmp(up->bearer, w->id) == 0 && !ways_napdef(w->service->ways, w->id, NULL, context, sizeof context))
        bearers_disconnect(w->site->bearers, NULL, NULL);
}

void question_way_done(struct question_way *w)
{
    if (w->brought && !w->linger)
        w->linger = loop_timer(w->site->loop, LINGER_MS, let_go, w);
}

struct question_way *question_way_new(struct site *site, struct service *service)
{
    struct question_way *w = calloc(1, sizeof *w);
    if (!w)
        abort(); /* the agent restarts */
    *w = (struct question_way){ .site = site, .service = service };
    return w;
}

void question_way_free(struct question_way *w)
{
    if (!w)
        return;
    loop_cancel(w->site->loop, &w->timer);
    loop_cancel(w->site->loop, &w->linger);
    free(w);
}
