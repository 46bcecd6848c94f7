/* SPDX-License-Identifier: Apache-2.0 */
/* A round goes through the sources until one gives an instruction; then the job's end, or the time, begins the next one. One request at a time. */
#include "bootstrap/pull.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/rate.h"
#include "base/text.h"
#include "bootstrap/briefing/bbn.h"
#include "bootstrap/briefing/lan.h"
#include "bootstrap/delay.h"
#include "bootstrap/factory/message.h"
#include "bootstrap/instruction/instruction.h"
#include "bootstrap/instruction/local.h"
#include "bootstrap/way/initial_access.h"
#include "bootstrap/way/question_way.h"
#include "model/tre_wire.h"

enum { STEPS_MAX = 6, FIRST_PART = 6, CLOCK_LOOK_MS = 2000, CARD_LOOK_MS = 1000, CARD_GRACE_MS = 30000 /* of a card that says nothing */, LAN_NEWS = 6 /* an hour */ };

struct pull {
    struct site *site;
    struct pull_settings settings;
    struct pull_calls calls;
    void *user;
    struct https *https; /* of its own: a DM session must not wait for it */
    struct bbn *bbn;
    struct lan *lan;     /* NULL: not named in sources */
    struct rate lan_news; /* whoever is in the LAN can make them */
    struct question_way *way;
    bool started, wanting, asking_lan, reporting, failed; /* wanting: a way */
    bool no_way;         /* the initial access was refused: who is reached over it waits for the next round */
    bool resumed;        /* the round waited in the middle */
    size_t factory_turn; /* which of the factory's accounts is tried next: one that fails does not keep those of other contexts from it */
    bool ask_server[FACTORY_LWM2MS]; /* of the context of that entry the bootstrap server is next, not its servers */
    uint64_t cards_until_ms;
    size_t at;           /* in site->sources */
    unsigned steps;      /* failures in a row, up to STEPS_MAX */
    size_t context;      /* whose turn it is at the briefing node */
    const char *asked;   /* which one it is asked about, of the factory data */
    uint64_t timer, next_ms;
};

static void round_begin(void *user);
static void round_next(struct pull *p);

static void show(struct pull *p, const char *state)
{
    struct node *m = tree_manager(p->site->tree);
    uint64_t now = loop_now(p->site->loop);
    node_set(m, "BriefingState", state);
    node_set_number(m, "NextBriefing", p->timer && p->next_ms > now ? (site_wall_clock(p->site) + (p->next_ms - now + 999) / 1000) * 1000000 : 0);
}

/* --- when --- */

static void wait(struct pull *p, uint64_t delay_ms)
{
    loop_cancel(p->site->loop, &p->timer);
    p->resumed = false;
    p->next_ms = loop_now(p->site->loop) + delay_ms;
    p->timer = loop_timer(p->site->loop, delay_ms, round_begin, p);
    show(p, "waiting");
}

/* The end of a round. What a node said (Retry-After) is waited for to the second, unless a failure beside it asks for longer. */
static void round_end(struct pull *p, uint32_t retry_after_s)
{
    uint64_t seconds = p->failed ? (uint64_t)p->settings.retry_s << p->steps : retry_after_s ? 0 : p->settings.interval_s;
    if (p->failed && p->steps < STEPS_MAX)
        p->steps++;
    else if (!p->failed)
        p->steps = 0;
    wait(p, retry_after_s > seconds ? (uint64_t)retry_after_s * 1000 : delay_ms(seconds));
}

static bool is_open(struct pull *p, const char *context)
{
    struct context_row row;
    return !store_context_get(p->site->store, context, &row) || !row.committed;
}

/* --- factory accounts: an instruction without envelope, made here --- */

static uint64_t committed_at(struct pull *p, const char *context)
{
    struct context_row row = { 0 };
    (void)store_context_get(p->site->store, context, &row);
    return row.committed_at;
}

static bool offer_factory(struct pull *p, const struct writer *w)
{
    p->failed = true; /* until the job says otherwise */
    return !w->failed && p->calls.offer(p->user, "factory", writer_slice(w));
}

static bool offer_account(struct pull *p, size_t i)
{
    const struct factory_account *a = &p->site->factory.account[i];
    uint8_t octets[INSTRUCTION_LOCAL_MAX];
    char id[32];
    struct writer w = writer_make(octets, sizeof octets);
    (void)snprintf(id, sizeof id, "factory-%zu", i);
    instruction_local(p->site, a, "factory", id, committed_at(p, a->context), &w);
    return offer_factory(p, &w);
}

/* The accounts of the context of entry i. Servers first; when they cannot be registered at, their bootstrap server, and so on in turn. */
static bool offer_lwm2m(struct pull *p, size_t i)
{
    const struct factory_data *f = &p->site->factory;
    const char *context = f->lwm2m[i].context;
    uint8_t octets[FACTORY_MESSAGE_MAX];
    struct writer w = writer_make(octets, sizeof octets);
    bool server = false, bootstrap = false;
    for (size_t n = 0; n < f->lwm2ms; n++)
        if (strcmp(f->lwm2m[n].context, context) == 0) {
            bootstrap = bootstrap || f->lwm2m[n].account.short_server_id == 0;
            server = server || f->lwm2m[n].account.short_server_id != 0;
        }
    factory_message_write(&w, f, context, bootstrap && (!server || p->ask_server[i]), committed_at(p, context));
    bool taken = offer_factory(p, &w);
    p->ask_server[i] = taken != p->ask_server[i];
    return taken;
}

/* One message a context: that of its first entry. */
static bool is_first_of_context(const struct factory_data *f, size_t i)
{
    for (size_t n = 0; n < i; n++)
        if (strcmp(f->lwm2m[n].context, f->lwm2m[i].context) == 0)
            return false;
    return true;
}

/* True while a card may still be read; the round goes on here. */
static bool await_cards(struct pull *p)
{
    if (p->calls.cards_known(p->user) || loop_now(p->site->loop) >= p->cards_until_ms)
        return false;
    wait(p, CARD_LOOK_MS);
    p->resumed = true;
    return true;
}

/* OMA DM accounts, then LwM2M; the same octets until the context was committed: a retry is no new message (inbox). */
static bool ask_factory(struct pull *p)
{
    const struct factory_data *f = &p->site->factory;
    size_t count = p->no_way ? 0 : f->accounts + f->lwm2ms;
    for (size_t n = 0; n < count; n++) {
        size_t i = (p->factory_turn + n) % count;
        bool dm = i < f->accounts;
        if (!is_open(p, dm ? f->account[i].context : f->lwm2m[i - f->accounts].context) || (!dm && !is_first_of_context(f, i - f->accounts)))
            continue;
        if (await_cards(p))
            return true;
        bool taken = dm ? offer_account(p, i) : offer_lwm2m(p, i - f->accounts);
        p->factory_turn = taken ? (i + 1) % count : p->factory_turn;
        return taken;
    }
    return false;
}

/* --- briefing node --- */

static void on_asked(void *user, const struct error *err, const struct bbn_answer *answer)
{
    struct pull *p = user;
    p->bbn = NULL;
    question_way_done(p->way);
    if (err) {
        site_report(p->site, "briefing", 0, err);
        p->failed = p->failed || !answer->retry_after_s;
    }
    if (answer->octets.len && p->calls.offer(p->user, "bbn", answer->octets)) {
        p->failed = true; /* until the job says otherwise */
        round_end(p, 0);
        return;
    }
    if (answer->retry_after_s) {
        round_end(p, answer->retry_after_s);
        return;
    }
    p->at++;
    round_next(p);
}

static const char *context_in_turn(struct pull *p)
{
    const struct factory_data *f = &p->site->factory;
    for (size_t i = 0; i < f->context_count; i++) {
        const char *name = f->contexts[(p->context + i) % f->context_count];
        if (is_open(p, name)) {
            p->context = (p->context + i + 1) % f->context_count;
            return name;
        }
    }
    return f->contexts[p->context++ % f->context_count];
}

/* There is none to the node, now. TR 33.812, 5.2.2.6.1 step 2: several gateways may have one PCID, so the network may refuse it; the next round tries again, later each time. */
static void way_failed(struct pull *p, const struct error *err)
{
    site_report(p->site, "briefing", 0, err);
    p->failed = true;
    p->no_way = initial_access_is_due(p->site);
}

static void on_way(void *user, const struct error *err, const struct lease *lease)
{
    struct pull *p = user;
    const struct factory_briefing *f = &p->site->factory.briefing;
    p->wanting = false;
    if (err) {
        way_failed(p, err);
        p->at++;
        round_next(p);
        return;
    }
    struct bbn_node node = { .uri = f->uri, .trust = &f->trust, .lease = lease };
    p->bbn = bbn_ask(p->site, p->https, &node, p->asked, instruction_last_of_node(p->site->store, "bbn"), on_asked, p);
}

static bool ask_bbn(struct pull *p)
{
    if (!p->site->factory.briefing.uri[0] || p->no_way)
        return false;
    p->asked = context_in_turn(p);
    p->wanting = true;
    question_way_want(p->way, p->asked, on_way, p);
    show(p, "asking");
    return true;
}

/* --- the LAN --- */

static bool is_asking(const struct pull *p)
{
    return p->wanting || p->bbn || p->asking_lan;
}

static void on_lan_asked(void *user, bool failed, struct slice octets)
{
    struct pull *p = user;
    p->asking_lan = false;
    p->failed = p->failed || failed;
    if (octets.len && p->calls.offer(p->user, "lan", octets)) {
        p->failed = true; /* until the job says otherwise */
        round_end(p, 0);
        return;
    }
    p->at++;
    round_next(p);
}

/* Without a key there is nothing to learn from strangers. */
static bool ask_lan(struct pull *p)
{
    if (!p->lan || !p->site->factory.instruction_keys)
        return false;
    p->asking_lan = true;
    p->asking_lan = lan_ask(p->lan, context_in_turn(p), on_lan_asked, p);
    if (p->asking_lan)
        show(p, "asking");
    return p->asking_lan;
}

/* A node appeared: the next round need not be a day away. */
static void on_lan_news(void *user)
{
    struct pull *p = user;
    uint64_t soon = delay_ms(p->settings.retry_s) / FIRST_PART, now = loop_now(p->site->loop);
    if (p->timer && !is_asking(p) && p->next_ms > now + soon && rate_take(&p->lan_news, now))
        wait(p, soon);
}

/* --- result of an instruction --- */

static void on_reported(void *user, const struct error *err, const struct bbn_answer *answer)
{
    struct pull *p = user;
    struct error e = { 0 };
    p->bbn = NULL;
    p->reporting = false;
    question_way_done(p->way);
    if (err)
        site_report(p->site, "briefing", 0, err);
    if (answer->final && !store_begin(p->site->store, &e)) {
        instruction_result_sent(p->site->store);
        (void)store_commit(p->site->store, &e);
    }
    p->failed = p->failed || !answer->final;
    round_next(p);
}

static void on_way_of_report(void *user, const struct error *err, const struct lease *lease)
{
    struct pull *p = user;
    struct instruction_result r;
    p->wanting = false;
    if (err || !instruction_result_due(p->site->store, &r)) {
        p->reporting = false;
        if (err)
            way_failed(p, err);
        round_next(p);
        return;
    }
    const struct factory_briefing *f = &p->site->factory.briefing;
    char host[256], node_host[256] = "";
    uint16_t port;
    static const struct server_trust roots;
    (void)uri_split_any(r.next, BRIEFING_SCHEMES, host, sizeof host, &port, NULL);
    (void)uri_split_any(f->uri, BRIEFING_SCHEMES, node_host, sizeof node_host, &port, NULL);
    struct bbn_node node = { .uri = "", .trust = strcmp(host, node_host) == 0 ? &f->trust : &roots, .lease = lease };
    struct bbn_result result = { .id = r.id, .phase = r.phase, .code = r.code, .seq = r.seq };
    p->bbn = bbn_report(p->site, p->https, &node, r.next, &result, on_reported, p);
}

/* True if one is due and on its way. */
static bool report(struct pull *p)
{
    struct instruction_result r;
    if (p->reporting || !instruction_result_due(p->site->store, &r))
        return false;
    p->reporting = p->wanting = true;
    question_way_want(p->way, p->site->factory.contexts[0], on_way_of_report, p);
    return true;
}

/* --- rounds --- */

static bool ask(struct pull *p, enum source_kind source)
{
    switch (source) {
    case SOURCE_BBN:
        return ask_bbn(p);
    case SOURCE_FACTORY:
        return ask_factory(p);
    case SOURCE_LAN:
        return ask_lan(p);
    case SOURCE_UI:
    case SOURCE_SMS:
    case SOURCE_KINDS:
        break; /* they come by themselves */
    }
    return false;
}

static void round_next(struct pull *p)
{
    for (; p->at < p->site->sources.count; p->at++)
        if (ask(p, p->site->sources.kind[p->at])) {
            if (!is_asking(p) && !p->resumed)
                round_end(p, 0);
            return;
        }
    round_end(p, 0);
}

static void round_begin(void *user)
{
    struct pull *p = user;
    p->timer = 0;
    if (is_asking(p))
        return;
    if (clock_source(&p->site->clock) == CLOCK_UNTRUSTED || trust_status(p->site->trust)->state != TRE_READY) {
        wait(p, CLOCK_LOOK_MS); /* no certificate can be judged, nothing signed */
        return;
    }
    if (question_way_waits(p->way)) {
        wait(p, CLOCK_LOOK_MS);
        return;
    }
    bool resumed = p->resumed;
    p->resumed = false;
    if (!resumed) {
        p->at = 0;
        p->failed = p->no_way = false;
    }
    if (resumed || !report(p))
        round_next(p);
}

/* --- life --- */

static bool has_work(const struct pull *p)
{
    const struct factory_data *f = &p->site->factory;
    return f->present && (f->briefing.uri[0] || f->accounts || f->lwm2ms || f->instruction_keys);
}

void pull_start(struct pull *p)
{
    if (p->started || !has_work(p))
        return;
    p->started = true;
    p->cards_until_ms = loop_now(p->site->loop) + CARD_GRACE_MS;
    wait(p, delay_ms(p->settings.retry_s) / FIRST_PART);
}

/* The factory has accounts, or a node may have an instruction, for another context; a first bearer by NETWPIN takes none. */
static bool more_waits(struct pull *p)
{
    const struct factory_data *f = &p->site->factory;
    for (size_t i = 0; f->briefing.uri[0] && i < f->context_count; i++)
        if (is_open(p, f->contexts[i]))
            return true;
    for (size_t i = 0; i < f->accounts; i++)
        if (is_open(p, f->account[i].context))
            return true;
    for (size_t i = 0; i < f->lwm2ms; i++)
        if (is_open(p, f->lwm2m[i].context))
            return true;
    return false;
}

void pull_job_ended(struct pull *p, bool succeeded)
{
    struct instruction_result r;
    if (!is_asking(p))
        initial_access_leave(p->site);
    if (!p->started || is_asking(p))
        return;
    if (succeeded)
        p->steps = 0;
    if (instruction_result_due(p->site->store, &r))
        wait(p, 0);
    else if (succeeded)
        wait(p, delay_ms(more_waits(p) ? p->settings.retry_s : p->settings.interval_s));
}

struct pull *pull_new(struct site *site, struct service *service, const struct pull_settings *settings, const struct pull_calls *calls, void *user)
{
    struct pull *p = calloc(1, sizeof *p);
    if (!p)
        abort(); /* the agent restarts */
    *p = (struct pull){ .site = site, .settings = *settings, .calls = *calls, .user = user, .https = https_new(site->loop),
                        .way = question_way_new(site, service) };
    p->lan_news = (struct rate){ .per_hour = LAN_NEWS };
    node_set(tree_manager(site->tree), "AvahiState", "off");
    for (size_t i = 0; i < site->sources.count; i++)
        if (site->sources.kind[i] == SOURCE_LAN)
            p->lan = lan_new(site, p->https, on_lan_news, p);
    show(p, "off");
    return p;
}

void pull_free(struct pull *p)
{
    if (!p)
        return;
    loop_cancel(p->site->loop, &p->timer);
    bbn_cancel(p->bbn);
    question_way_free(p->way);
    lan_free(p->lan);
    https_free(p->https);
    free(p);
}
