/* SPDX-License-Identifier: Apache-2.0 */
/* One bearer at a time, break before make. Owns the state below, the plans (what is connected now, what waits for its turn, what is kept) and the lease.
 * Promises: every request ends once, from the loop, within its time limit; what is up is taken down link first, then bearer; a kept bearer
 * comes back by itself; a limited one leads to its hosts and nowhere else. Must never choose a NAPDEF.
 *
 *   IDLE <----------------------------------------------- TAKING_DOWN
 *    | start           given            linked               ^   ^
 *    +-------> CONNECTING ---> LINKING --------> UP ---------+   |   lost, stop, replace
 *    ^   refused |   |             |                             |
 *    |           v   +-------------+-----------------------------+   failed, stop, time-out
 *   RETRY <-- IDLE, if one is kept: a timer, or the modem's return, starts it again
 *
 *   A limited bearer is linked twice: for its name servers alone, then (LINKING --unnamed--> NAMING --named--> LINKING) for the hosts that they know. */
#include "bearer/bearer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/text.h"
#include "bearer/bearer_node.h"
#include "bearer/bearer_plan.h"
#include "bearer/bearer_reach.h"

enum { LIMIT_MS = 60000, RESTORE_MS = 1000, RETRY_MIN_MS = 5000, RETRY_MAX_MS = 300000, RETRY_WAITING_MS = 15000 };
enum { TABLE_FIRST = 1000, SLOTS = 32, TEXT_MAX = 192, MODEM_MAX = 128 };

enum state { IDLE, CONNECTING, LINKING, NAMING, UP, TAKING_DOWN, RETRY, STATES };
enum event { START, GIVEN, REFUSED, UNNAMED, NAMED, LINKED, FAILED, LOST, STOP, DOWN, WAIT, EVENTS };

static const char *const state_names[STATES] = { "IDLE", "CONNECTING", "LINKING", "NAMING", "UP", "TAKING_DOWN", "RETRY" };
static const char *const event_names[EVENTS] = { "start", "given", "refused", "unnamed", "named", "linked", "failed", "lost", "stop", "down", "wait" };

struct request { /* bearers_connect, until it was answered */
    bearer_lease_fn *fn;
    void *user;
};

struct reply { /* an answer that is known at once, on its way through the loop */
    struct reply *next;
    struct bearers *bearers;
    uint64_t timer;
    bearer_lease_fn *fn;
    void *user;
    enum error_code status;
    char text[TEXT_MAX];
};

struct stop_call { /* bearers_disconnect */
    struct stop_call *next;
    void (*fn)(void *user);
    void *user;
};

struct bearers {
    const struct loop *loop;
    const struct bearer_plugin *plugin;
    void *instance;
    struct access *access;
    struct tree *tree;
    struct bearer_events events;
    void *user;
    char modem[MODEM_MAX];
    bool cleaned;
    enum state state;
    struct plan now, next, kept;
    struct request request;      /* of now, or of next if that is set; fn NULL: none */
    struct stop_call *stops;
    struct reply *replies;
    struct lease lease;
    const struct reach *hosts;   /* of the limited plan; the caller's */
    struct reach reach;          /* the same with their addresses, while it is now */
    bool named;                  /* these are known */
    struct bearer_reach *lookup;
    bool linked;                 /* agent-modemd was asked for the port: it has to be asked to take it down */
    uint32_t call;
    struct error barred;         /* why nothing may be started; code NONE: it may */
    uint64_t limit, retry, post;
    uint64_t delay_ms;
    enum error_code status;      /* why it ended */
    char text[TEXT_MAX];
    char slots[SLOTS][PLAN_ID];  /* bearer ids: number = routing table - TABLE_FIRST */
};

static void fire(struct bearers *b, enum event e);

static void note(struct bearers *b, enum error_code status, const char *text)
{
    b->status = status;
    (void)text_copy(b->text, sizeof b->text, text && text[0] ? text : error_text(status));
}

static bool is_kept(const struct bearers *b)
{
    return plan_equal(&b->kept, &b->now);
}

static void show(struct bearers *b, const char *state)
{
    bearer_node_show(b->tree, &b->now, b->plugin->name, state, b->state == UP ? &b->lease : NULL);
    bearer_node_keep(b->tree, &b->kept, &b->now);
}

/* Answers the open request; nothing of b is used afterwards that the answer may change. */
static void request_end(struct bearers *b, enum error_code status, const char *text, const struct lease *lease)
{
    struct request r = b->request;
    b->request = (struct request){ 0 };
    loop_cancel(b->loop, &b->limit);
    if (r.fn)
        r.fn(r.user, status, text, lease);
}

static uint32_t table_for(struct bearers *b, const char *id)
{
    size_t i = 0;
    while (i < SLOTS - 1 && b->slots[i][0] && strcmp(b->slots[i], id) != 0)
        i++;
    (void)text_copy(b->slots[i], sizeof b->slots[i], id);
    return (uint32_t)(TABLE_FIRST + i);
}

static bool lease_sound(const struct lease *l)
{
    bool ok = text_is_name(l->interface, "._-", sizeof l->interface - 1) && l->addresses >= 1 && l->addresses <= LEASE_ADDRESSES &&
              l->gateways <= 2 && l->dns_count <= LEASE_DNS;
    for (size_t i = 0; ok && i < l->addresses; i++)
        ok = (l->address[i].family == 4 && l->address[i].prefix <= 32) || (l->address[i].family == 6 && l->address[i].prefix <= 128);
    return ok;
}

static void on_given(void *user, enum error_code status, const char *text, const struct lease *lease)
{
    struct bearers *b = user;
    if (status) {
        note(b, status, text);
        fire(b, REFUSED);
        return;
    }
    b->lease = *lease;
    fire(b, GIVEN);
}

static void on_lost(void *user, const char *text)
{
    struct bearers *b = user;
    note(b, ERROR_BEARER_LOST, text);
    fire(b, LOST);
}

static void on_limit(void *user)
{
    struct bearers *b = user;
    b->limit = 0;
    note(b, ERROR_TIMEOUT, "no bearer within 60 seconds");
    if (plan_is_set(&b->next)) { /* its turn never came */
        plan_clear(&b->next);
        request_end(b, b->status, b->text, NULL);
    } else {
        fire(b, FAILED);
    }
}

static void do_start(struct bearers *b)
{
    struct napdef napdef;
    loop_cancel(b->loop, &b->retry);
    if (plan_is_set(&b->next)) {
        plan_move(&b->now, &b->next);
    } else { /* what was tried meanwhile is nothing any more */
        struct napdef open;
        plan_open(&b->kept, &open);
        (void)plan_set(&b->now, b->kept.id, &open);
        secret_zero(&open, sizeof open);
        bearer_node_prune(b->tree, &b->kept, &b->now);
    }
    if (!b->limit)
        b->limit = loop_timer(b->loop, LIMIT_MS, on_limit, b);
    log_info(b->now.id, "connecting APN %s", b->now.napdef.apn[0] ? b->now.napdef.apn : "of the network's choice");
    show(b, "connecting");
    if (b->now.limited) {
        b->reach = *b->hosts;
        reach_reset(&b->reach);
        b->named = reach_next_name(&b->reach, SIZE_MAX) == REACH_HOSTS;
        bearer_node_hosts(b->tree, &b->now, &b->reach);
    }
    plan_open(&b->now, &napdef);
    b->plugin->up(b->instance, b->modem, &napdef, on_given, on_lost, b);
    secret_zero(&napdef, sizeof napdef);
}

static void on_linked(void *user, enum error_code status)
{
    struct bearers *b = user;
    b->call = 0;
    if (status)
        note(b, status == ERROR_PEER_LOST || status == ERROR_TIMEOUT ? status : ERROR_LINK, "agent-modemd did not set up the network port");
    fire(b, status ? FAILED : b->now.limited && !b->named ? UNNAMED : LINKED);
}

static void on_named(void *user)
{
    struct bearers *b = user;
    b->lookup = NULL;
    b->named = true;
    if (!b->reach.addresses)
        note(b, ERROR_NAME_LOOKUP, "none of the hosts that it is for has an address");
    fire(b, b->reach.addresses ? NAMED : FAILED);
}

static void do_look_up(struct bearers *b)
{
    b->lookup = bearer_reach_find(b->loop, &b->lease, &b->reach, on_named, b);
}

static void do_link(struct bearers *b)
{
    if (!lease_sound(&b->lease) || !b->access) {
        note(b, b->access ? ERROR_PROTOCOL : ERROR_LINK, b->access ? "the back end gave no sound lease" : "there is no agent-modemd");
        fire(b, FAILED);
        return;
    }
    if (b->lease.mtu < 576 || b->lease.mtu > 65535)
        b->lease.mtu = 0;
    b->lease.bound = true;
    b->lease.table = table_for(b, b->now.id);
    b->lease.reach = b->now.limited ? &b->reach : NULL;
    (void)text_copy(b->lease.bearer, sizeof b->lease.bearer, b->now.id);
    b->linked = true;
    b->call = access_link_up(b->access, &b->lease, on_linked, b);
}

static void do_up(struct bearers *b)
{
    char address[64] = "";
    struct lease lease = b->lease;
    b->delay_ms = RETRY_MIN_MS;
    log_notice(b->now.id, "up on %s, %s", lease.interface, ip_address_text(&lease.address[0], true, address, sizeof address));
    show(b, "connected");
    bearer_node_error(b->tree, &b->now, ERROR_NONE, "");
    bool kept = is_kept(b);
    request_end(b, ERROR_NONE, "", &lease);
    if (kept && b->state == UP && b->events.up)
        b->events.up(b->user, &lease);
}

static void say_failed(struct bearers *b)
{
    log_warning(b->now.id, "%s: %s", error_name(b->status), b->text);
    show(b, "failed");
    bearer_node_error(b->tree, &b->now, b->status, b->text);
}

static void on_plugin_down(void *user)
{
    fire(user, DOWN);
}

static void take_bearer_down(struct bearers *b)
{
    b->plugin->down(b->instance, on_plugin_down, b);
}

static void on_link_down(void *user, enum error_code status)
{
    struct bearers *b = user;
    b->call = 0;
    if (status)
        log_warning(b->now.id, "the network port stays as it is: %s", error_text(status));
    take_bearer_down(b);
}

static void do_take_down(struct bearers *b)
{
    if (b->call)
        access_cancel(b->access, b->call);
    b->call = 0;
    bearer_reach_cancel(b->lookup);
    b->lookup = NULL;
    if (b->linked)
        b->call = access_link_down(b->access, b->lease.interface, b->lease.table, on_link_down, b);
    else
        take_bearer_down(b);
    b->linked = false;
}

/* An attempt of its own or a request failed half-way. */
static void do_fail_down(struct bearers *b)
{
    say_failed(b);
    do_take_down(b);
    if (!plan_is_set(&b->next)) /* the request was for this one */
        request_end(b, b->status, b->text, NULL);
}

static void do_lost(struct bearers *b)
{
    bool kept = is_kept(b);
    char text[TEXT_MAX];
    say_failed(b);
    (void)text_copy(text, sizeof text, b->text);
    do_take_down(b);
    if (kept && b->events.down)
        b->events.down(b->user, text);
}

static void do_stop(struct bearers *b)
{
    if (!b->request.fn)
        loop_cancel(b->loop, &b->limit);
    show(b, "idle");
    do_take_down(b);
}

/* IDLE is reached: next in turn, or the kept one after a while, or rest. */
static void settle(struct bearers *b)
{
    while (b->stops) {
        struct stop_call *s = b->stops;
        b->stops = s->next;
        void (*fn)(void *user) = s->fn;
        void *user = s->user;
        free(s);
        if (fn)
            fn(user);
    }
    if (b->state != IDLE)
        return;
    if (plan_is_set(&b->next))
        fire(b, START);
    else if (plan_is_set(&b->kept))
        fire(b, WAIT);
}

static void do_refused(struct bearers *b)
{
    say_failed(b);
    request_end(b, b->status, b->text, NULL);
    settle(b);
}

static void do_settle(struct bearers *b)
{
    settle(b);
}

static void on_retry(void *user)
{
    struct bearers *b = user;
    b->retry = 0;
    if (b->barred.code)
        bearer_node_error(b->tree, &b->kept, b->barred.code, b->barred.text);
    else if (b->modem[0])
        fire(b, START);
}

static bool is_waiting(enum error_code status)
{
    return status == ERROR_NOT_REGISTERED || status == ERROR_NOT_READY || status == ERROR_NO_MODEM || status == ERROR_PEER_LOST;
}

/* The kept bearer: at once-ish if it was only displaced, with back-off after its own failures. */
static void do_wait(struct bearers *b)
{
    uint64_t delay = RESTORE_MS;
    if (is_kept(b) && b->status) {
        delay = is_waiting(b->status) && b->delay_ms > RETRY_WAITING_MS ? RETRY_WAITING_MS : b->delay_ms;
        b->delay_ms = b->delay_ms * 2 < RETRY_MAX_MS ? b->delay_ms * 2 : RETRY_MAX_MS;
    }
    loop_cancel(b->loop, &b->retry);
    b->retry = loop_timer(b->loop, delay, on_retry, b);
}

/* While it is going down: remembered in next, stops; nothing to do until DOWN. */
static void do_nothing(struct bearers *b)
{
    (void)b;
}

static const struct row {
    enum state state;
    enum event event;
    enum state next;
    void (*action)(struct bearers *b);
} rows[] = {
    { IDLE, START, CONNECTING, do_start },
    { IDLE, WAIT, RETRY, do_wait },
    { IDLE, STOP, IDLE, do_settle },
    { RETRY, START, CONNECTING, do_start },
    { RETRY, WAIT, RETRY, do_wait },
    { RETRY, STOP, IDLE, do_settle },
    { CONNECTING, GIVEN, LINKING, do_link },
    { CONNECTING, REFUSED, IDLE, do_refused },
    { CONNECTING, FAILED, TAKING_DOWN, do_fail_down },
    { CONNECTING, STOP, TAKING_DOWN, do_stop },
    { LINKING, LINKED, UP, do_up },
    { LINKING, UNNAMED, NAMING, do_look_up },
    { NAMING, NAMED, LINKING, do_link },
    { NAMING, FAILED, TAKING_DOWN, do_fail_down },
    { NAMING, LOST, TAKING_DOWN, do_fail_down },
    { NAMING, STOP, TAKING_DOWN, do_stop },
    { LINKING, FAILED, TAKING_DOWN, do_fail_down },
    { LINKING, LOST, TAKING_DOWN, do_fail_down },
    { LINKING, STOP, TAKING_DOWN, do_stop },
    { UP, LOST, TAKING_DOWN, do_lost },
    { UP, STOP, TAKING_DOWN, do_stop },
    { TAKING_DOWN, DOWN, IDLE, do_settle },
    { TAKING_DOWN, STOP, TAKING_DOWN, do_nothing },
};

static void fire(struct bearers *b, enum event e)
{
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (rows[i].state == b->state && rows[i].event == e) {
            log_debug("bearer", "%s --%s--> %s", state_names[b->state], event_names[e], state_names[rows[i].next]);
            b->state = rows[i].next;
            rows[i].action(b);
            return;
        }
    log_debug("bearer", "%s in %s: nothing to do", event_names[e], state_names[b->state]);
}

static bool is_linking(const struct bearers *b)
{
    return b->state == LINKING || b->state == NAMING;
}

/* A request became known: where do things stand? */
static void on_post(void *user)
{
    struct bearers *b = user;
    b->post = 0;
    if (b->stops) {
        if (b->request.fn && !plan_is_set(&b->next))
            request_end(b, ERROR_CANCELLED, "the bearer was disconnected meanwhile", NULL);
        note(b, ERROR_NONE, "");
        fire(b, STOP);
    } else if (!plan_is_set(&b->next)) {
        if (b->state == IDLE && plan_is_set(&b->kept))
            fire(b, WAIT);
    } else if (b->state == UP && plan_equal(&b->next, &b->now)) {
        struct lease lease = b->lease;
        plan_clear(&b->next);
        request_end(b, ERROR_NONE, "", &lease);
    } else if ((b->state == CONNECTING || is_linking(b)) && plan_equal(&b->next, &b->now)) {
        plan_clear(&b->next); /* it is on its way already: the request waits with it */
    } else if (b->state == IDLE || b->state == RETRY) {
        fire(b, START);
    } else {
        note(b, ERROR_NONE, "");
        fire(b, STOP);
    }
}

static void post(struct bearers *b)
{
    if (!b->post)
        b->post = loop_timer(b->loop, 0, on_post, b);
}

struct bearers *bearers_new(const struct loop *loop, const struct bearer_plugin *plugin, struct access *access, struct tree *tree,
                            const struct bearer_events *events, void *user)
{
    struct error err = { 0 };
    struct bearers *b = calloc(1, sizeof *b);
    if (!b)
        return NULL;
    *b = (struct bearers){ .loop = loop, .plugin = plugin, .access = access, .tree = tree, .events = *events, .user = user,
                           .delay_ms = RETRY_MIN_MS };
    b->instance = plugin->open(loop, &err);
    if (b->instance)
        return b;
    log_error("bearer", "plug-in %s: %s", plugin->name, err.text);
    free(b);
    return NULL;
}

void bearers_free(struct bearers *b)
{
    if (!b)
        return;
    if (b->call)
        access_cancel(b->access, b->call);
    bearer_reach_cancel(b->lookup);
    b->plugin->close(b->instance);
    loop_cancel(b->loop, &b->limit);
    loop_cancel(b->loop, &b->retry);
    loop_cancel(b->loop, &b->post);
    for (struct reply *r = b->replies, *next; r; r = next) {
        next = r->next;
        loop_cancel(b->loop, &r->timer);
        free(r);
    }
    for (struct stop_call *s = b->stops, *next; s; s = next) {
        next = s->next;
        free(s);
    }
    plan_clear(&b->now);
    plan_clear(&b->next);
    plan_clear(&b->kept);
    free(b);
}

/* What is up or on its way ends, with that cause. */
static void end_now(struct bearers *b, enum error_code status, const char *text)
{
    if (b->state != UP && !is_linking(b) && b->state != CONNECTING)
        return;
    note(b, status, text);
    fire(b, b->state == CONNECTING ? FAILED : LOST);
}

/* What kept the kept one down may be over. */
static void retry_soon(struct bearers *b)
{
    if (b->state != RETRY)
        return;
    b->delay_ms = RETRY_MIN_MS;
    loop_cancel(b->loop, &b->retry);
    b->retry = loop_timer(b->loop, RESTORE_MS, on_retry, b);
}

void bearers_set_modem(struct bearers *b, const char *modem)
{
    bool same = strcmp(b->modem, modem) == 0;
    (void)text_copy(b->modem, sizeof b->modem, modem);
    if (modem[0] && !b->cleaned) {
        b->cleaned = true;
        b->plugin->clean(b->instance, modem);
    }
    if (same)
        return;
    const char *why = modem[0] ? "another modem is used" : "the modem is gone";
    if (b->state == UP || is_linking(b))
        end_now(b, ERROR_BEARER_LOST, why);
    else if (b->state == CONNECTING)
        end_now(b, ERROR_NO_MODEM, why);
    else if (modem[0])
        retry_soon(b);
}

void bearers_bar(struct bearers *b, const struct error *why, bool end)
{
    bool was = b->barred.code != ERROR_NONE;
    b->barred = why ? *why : (struct error){ 0 };
    if (why && end) {
        end_now(b, why->code, why->text);
        bearer_node_error(b->tree, &b->kept, why->code, why->text);
    } else if (was && !why) {
        retry_soon(b);
    }
}

void bearers_drop(struct bearers *b, const struct error *why)
{
    struct plan dropped = { 0 };
    if (is_kept(b))
        end_now(b, why->code, why->text);
    plan_move(&dropped, &b->kept);
    bearers_keep(b, "", NULL);
    bearer_node_error(b->tree, &dropped, why->code, why->text);
    plan_clear(&dropped);
}

static void on_reply(void *user)
{
    struct reply *r = user;
    for (struct reply **at = &r->bearers->replies; *at; at = &(*at)->next)
        if (*at == r) {
            *at = r->next;
            break;
        }
    struct reply copy = *r;
    free(r);
    copy.fn(copy.user, copy.status, copy.text, NULL);
}

static void reply_soon(struct bearers *b, enum error_code status, const char *text, bearer_lease_fn *fn, void *user)
{
    struct reply *r = calloc(1, sizeof *r);
    if (!r)
        abort(); /* a request that is never answered is worse */
    *r = (struct reply){ .next = b->replies, .bearers = b, .fn = fn, .user = user, .status = status };
    (void)text_copy(r->text, sizeof r->text, text);
    r->timer = loop_timer(b->loop, 0, on_reply, r);
    b->replies = r;
}

void bearers_connect(struct bearers *b, const char *id, const struct napdef *napdef, bearer_lease_fn *fn, void *user)
{
    if (b->request.fn) {
        reply_soon(b, ERROR_BUSY, "another bearer is being connected", fn, user);
        return;
    }
    if (b->barred.code) {
        reply_soon(b, b->barred.code, b->barred.text, fn, user);
        return;
    }
    enum error_code rc = plan_set(&b->next, id, napdef);
    if (rc) {
        reply_soon(b, rc, error_text(rc), fn, user);
        return;
    }
    b->request = (struct request){ fn, user };
    loop_cancel(b->loop, &b->limit);
    b->limit = loop_timer(b->loop, LIMIT_MS, on_limit, b);
    post(b);
}

void bearers_connect_limited(struct bearers *b, const char *id, const struct napdef *napdef, const struct reach *hosts, bearer_lease_fn *fn, void *user)
{
    bool free = !b->request.fn;
    bearers_connect(b, id, napdef, fn, user);
    if (free && b->request.fn) { /* it waits for its turn */
        b->next.limited = true;
        b->hosts = hosts;
    }
}

void bearers_leave_limited(struct bearers *b)
{
    if (b->now.limited && !plan_is_set(&b->next) && !b->request.fn && (b->state == UP || is_linking(b)))
        bearers_disconnect(b, NULL, NULL);
}

void bearers_disconnect(struct bearers *b, void (*fn)(void *user), void *user)
{
    struct stop_call *s = calloc(1, sizeof *s);
    if (!s)
        abort();
    *s = (struct stop_call){ b->stops, fn, user };
    b->stops = s;
    if (plan_is_set(&b->next)) /* what waited for its turn does not get it */
        plan_clear(&b->next);
    post(b);
}

void bearers_keep(struct bearers *b, const char *id, const struct napdef *napdef)
{
    if (!napdef)
        plan_clear(&b->kept);
    else if (plan_set(&b->kept, id, napdef))
        log_error("bearer", "%s cannot be kept", id);
    if (!plan_is_set(&b->kept) && b->state == RETRY) {
        loop_cancel(b->loop, &b->retry);
        b->state = IDLE;
    }
    if (plan_is_set(&b->kept) && !tree_find(b->tree, TREE_BEARER, b->kept.id))
        bearer_node_show(b->tree, &b->kept, b->plugin->name, "idle", NULL);
    bearer_node_keep(b->tree, &b->kept, &b->now);
    bearer_node_prune(b->tree, &b->kept, &b->now);
    post(b);
}

void bearers_show_installed(struct bearers *b, const struct bearer_installed *list, size_t count)
{
    bearer_node_install(b->tree, list, count, b->plugin->name, &b->kept, &b->now);
    bearer_node_prune(b->tree, &b->kept, &b->now);
}

const struct lease *bearers_lease(const struct bearers *b)
{
    return b->state == UP && !b->now.limited ? &b->lease : NULL;
}

const struct lease *bearers_limited_lease(const struct bearers *b)
{
    return b->state == UP && b->now.limited ? &b->lease : NULL;
}
