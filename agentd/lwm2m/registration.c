/* SPDX-License-Identifier: Apache-2.0 */
/* The registration interface (Core TS 1.1.1 clause 6.2) as a table of states. Owns the session's life: everything that opens, replaces or frees it
 * happens in one step from the loop, never inside the library.
 *
 *   IDLE --lease--> RESOLVING --address--> REGISTERING --accepted--> REGISTERED <--accepted-- UPDATING
 *     ^                 ^  \                    |  ^                   |   \__timer, update____^ |
 *     '---no lease---   |   '--failed--> RETRYING  '-----------------------unknown---------------'
 *                       '----timer, update---'         lost: RESOLVING; stop: LEAVING --left--> freed
 *   REGISTERED --disable--> DISABLING --left--> DISABLED --timer--> IDLE (and on, if there is a lease); DISABLING --enable--> IDLE
 *   between IDLE and RESOLVING: WAITING, for those before it in the order and for the initial delay
 *   REGISTERED --rest--> ASLEEP --wake--> REGISTERED: queue mode
 *   RESOLVING --kept--> RESUMING --accepted--> REGISTERED: a registration of before a restart; --unknown--> REGISTERING
 *   RETRYING --return--> REGISTERING: the session still stands; --lost--> RESOLVING
 *   REGISTERED --no lease--> OFFLINE --return--> UPDATING (the same way is back: the same session), --lease--> RESOLVING, --timer--> IDLE
 */
#include <openssl/rand.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "lwm2m/interfaces.h"

enum {
    GUARD_MS = 247000,           /* EXCHANGE_LIFETIME: an answer that comes later is none */
    STEADY_MS = 60000,           /* a session that lived this long is worth an immediate new one */
    LEAVE_MS = 5000,
    UPDATE_MARGIN_S = 60,
    AWAKE_S = 93,                /* MAX_TRANSMIT_WAIT */
};

static const char *const phase_names[] = { "IDLE", "RESOLVING", "REGISTERING", "REGISTERED", "UPDATING", "RETRYING", "LEAVING", "DISABLING", "DISABLED",
                                          "WAITING", "ASLEEP", "OFFLINE", "RESUMING" };
static const char *const event_names[] = { "lease", "no lease", "address", "accepted", "unknown", "older", "lost", "failed", "timer", "update", "disable",
                                          "stop", "left", "turn", "rest", "wake", "return", "kept", "enable" };

static void step(void *user);

void registration_post(struct lwm2m_client *c, enum event event, uint64_t generation)
{
    for (size_t i = 0; i < c->queued; i++)
        if (c->queue[i].event == event && c->queue[i].generation == generation)
            return; /* twice is once: a server cannot fill the queue */
    if (c->queued == EVENTS_MAX) {
        log_warning("lwm2m", "server %u: event \"%s\" dropped", c->server.short_server_id, event_names[event]);
        return;
    }
    c->queue[c->queued++] = (struct posted){ event, generation };
    if (!c->step_timer)
        c->step_timer = loop_timer(c->loop, 0, step, c);
}

static void on_timer(void *user)
{
    struct lwm2m_client *c = user;
    c->timer = 0;
    bool rests = c->phase == PHASE_REGISTERED && loop_now(c->loop) < c->update_due; /* the awake time is over, not the registration's */
    registration_post(c, rests ? EVENT_REST : EVENT_TIMER, c->generation);
}

static void set_timer(struct lwm2m_client *c, uint64_t ms)
{
    loop_cancel(c->loop, &c->timer);
    c->timer = loop_timer(c->loop, ms, on_timer, c);
    c->status.next_contact = loop_now(c->loop) + ms;
}

void registration_speak(struct lwm2m_client *c, enum lwm2m_version version)
{
    c->version = version;
    c->objects.model = c->records.model = version == LWM2M_1_2 ? &model_managed_1_2 : &model_managed;
}

/* What was asked is over, the session need not be. */
static void stop_asking(struct lwm2m_client *c)
{
    loop_cancel(c->loop, &c->timer);
    if (c->resolve)
        resolve_cancel(c->resolve);
    c->resolve = NULL;
    c->generation++; /* what is still queued of it is void */
    c->status.next_contact = 0;
    c->held = false;
    send_drop(c);
    reporting_clear(c);
}

void registration_close(struct lwm2m_client *c)
{
    coap_link_free(c->link);
    c->link = NULL;
    c->again = false;
    registration_speak(c, c->device.version);
    stop_asking(c);
}

void registration_unsettle(struct lwm2m_client *c)
{
    resume_forget(c);
    if (c->watcher)
        c->watcher(c->watcher_user);
}

/* ---- queue mode (Core TS 1.1.1 clause 6.5.1 of the transport binding) ---- */

static bool is_queued(const struct lwm2m_client *c)
{
    return c->server.set.binding[0] ? strchr(c->server.set.binding, 'Q') != NULL : c->device.queue_mode;
}

void registration_spoke(struct lwm2m_client *c)
{
    c->awake_until = loop_now(c->loop) + (uint64_t)(c->device.awake_s ? c->device.awake_s : AWAKE_S) * 1000;
    if (c->phase == PHASE_ASLEEP)
        registration_post(c, EVENT_WAKE, c->generation);
}

/* The next thing to do of who is registered. */
static void arm_registered(struct lwm2m_client *c)
{
    uint64_t now = loop_now(c->loop), at = c->update_due;
    if (is_queued(c) && c->awake_until < at)
        at = c->awake_until;
    set_timer(c, at > now ? at - now : 0);
    c->status.next_contact = c->update_due;
}

static void do_rest(struct lwm2m_client *c)
{
    uint64_t now = loop_now(c->loop);
    set_timer(c, c->update_due > now ? c->update_due - now : 0);
}

/* More was said since the timer was set. */
static bool still_awake(const struct lwm2m_client *c)
{
    return loop_now(c->loop) < c->awake_until;
}

/* What was asked of the registrations goes to whom it concerns: one server may have written another's account. */
void registration_settle(struct servers *s)
{
    for (size_t i = 0; i < s->count; i++) {
        struct server_values *v = s->at[i];
        if (v->effects & EFFECT_UPDATE)
            registration_post(v->client, EVENT_UPDATE, v->client->generation);
        if (v->effects & EFFECT_DISABLE)
            registration_post(v->client, EVENT_DISABLE, v->client->generation);
        v->effects &= ~(unsigned)EFFECT_DISABLE;
    }
}

/* ---- from the session ---- */

static void on_connected(void *user)
{
    struct lwm2m_client *c = user;
    c->status.last_contact = loop_now(c->loop);
    set_timer(c, GUARD_MS);
    if (c->phase == PHASE_RESUMING)
        registration_post(c, EVENT_RETURN, c->generation);
    log_info("lwm2m", "server %u: %s session with %s", c->server.short_server_id, transport_name(c->endpoint->transport), c->endpoint->host);
}

static void on_lost(void *user, const struct error *error)
{
    struct lwm2m_client *c = user;
    bool steady = (c->phase == PHASE_REGISTERED || c->phase == PHASE_UPDATING) && loop_now(c->loop) - c->registered_at >= STEADY_MS;
    c->failure = *error;
    log_info("lwm2m", "server %u: %s", c->server.short_server_id, error->text);
    registration_post(c, steady || c->again ? EVENT_LOST : EVENT_FAILED, c->generation);
}

static void on_request(void *user, const struct coap_request *request, struct coap_answer *answer)
{
    struct lwm2m_client *c = user;
    c->status.last_contact = loop_now(c->loop);
    device_management_serve(c, request, answer);
    registration_settle(c->objects.servers);
    registration_spoke(c);
    if (request->method != METHOD_GET && request->method != METHOD_FETCH && c->objects.servers->changed)
        c->objects.servers->changed(c->objects.servers->user);
}

static bool on_block(void *user, const struct coap_request *request, struct coap_answer *answer)
{
    struct lwm2m_client *c = user;
    c->status.last_contact = loop_now(c->loop);
    return upload_serve(c, request, answer);
}

static bool is_updating(const struct lwm2m_client *c)
{
    return c->phase == PHASE_UPDATING || c->phase == PHASE_RESUMING;
}

static void refuse(struct lwm2m_client *c, uint8_t code)
{
    const char *what = c->phase == PHASE_UPDATING ? "Update" : "Register";
    enum error_code error = code == CODE_FORBIDDEN || code == CODE_UNAUTHORIZED ? ERROR_CLIENT_AUTH : ERROR_SERVER_STATUS;
    error_set(&c->failure, error, "server %u answered %s with %u.%02u%s", c->server.short_server_id, what, code >> 5, code & 31,
              code == CODE_BAD_REQUEST  ? " (it does not accept the endpoint name or a parameter)"
              : code == CODE_FORBIDDEN  ? " (the endpoint is not allowed)"
              : code == CODE_PRECONDITION_FAILED ? " (it supports no version of LwM2M that we do)" : "");
}

static void on_response(void *user, const struct coap_response *r)
{
    struct lwm2m_client *c = user;
    c->status.last_contact = loop_now(c->loop);
    registration_spoke(c);
    if (send_answered(c, &r->token, r->code))
        return;
    if (!token_equal(&r->token, &c->token))
        return;
    if (c->phase == PHASE_LEAVING || c->phase == PHASE_DISABLING) {
        registration_post(c, EVENT_LEFT, c->generation);
    } else if (c->phase == PHASE_REGISTERING && r->code == CODE_CREATED && r->location[0]) {
        memcpy(c->status.location, r->location, sizeof c->status.location);
        registration_post(c, EVENT_ACCEPTED, c->generation);
    } else if (c->phase == PHASE_REGISTERING && r->code == CODE_CREATED) {
        error_set(&c->failure, ERROR_PROTOCOL, "server %u accepted the registration without a usable Location-Path", c->server.short_server_id);
        registration_post(c, EVENT_FAILED, c->generation);
    } else if (is_updating(c) && r->code == CODE_CHANGED) {
        registration_post(c, EVENT_ACCEPTED, c->generation);
    } else if (is_updating(c)) { /* clause 6.2.2: 4.04 needs a new Register; so does whatever else went wrong with the old one */
        registration_post(c, EVENT_UNKNOWN, c->generation);
    } else if (c->phase == PHASE_REGISTERING && r->code == CODE_PRECONDITION_FAILED && c->version > LWM2M_1_0) {
        registration_post(c, EVENT_OLDER, c->generation); /* clause 6.2.1: 4.12 is about the version */
    } else if (c->phase == PHASE_REGISTERING) {
        refuse(c, r->code);
        registration_post(c, EVENT_FAILED, c->generation);
    }
}

static void on_unanswered(void *user, const struct coap_token *token, bool reset)
{
    struct lwm2m_client *c = user;
    if (send_answered(c, token, 0))
        return;
    if (reporting_has(c, token)) { /* clause 6.4: RST cancels; after silence an Update shows whether the server is there */
        if (reset && reporting_reset(c, token))
            registration_post(c, EVENT_UNKNOWN, c->generation);
        if (!reset)
            reporting_unheard(c, token);
        c->held = c->held || !reset;
        if (!reset)
            registration_post(c, EVENT_UPDATE, c->generation);
        return;
    }
    if (!token_equal(token, &c->token))
        return;
    error_set(&c->failure, reset ? ERROR_PROTOCOL : ERROR_TIMEOUT, "server %u %s our request", c->server.short_server_id, reset ? "reset" : "did not answer");
    bool leaving = c->phase == PHASE_LEAVING || c->phase == PHASE_DISABLING;
    registration_post(c, leaving ? EVENT_LEFT : c->phase == PHASE_UPDATING || c->again ? EVENT_LOST : EVENT_FAILED, c->generation);
}

static const struct coap_events session_events = { on_connected, on_lost, on_request, on_response, on_unanswered, on_block };

/* ---- actions ---- */

static void on_resolved(void *user, enum error_code status, const char *text, const struct ip_address *addresses, size_t count)
{
    struct lwm2m_client *c = user;
    c->resolve = NULL;
    c->address.family = 0;
    size_t usable = 0, wanted = 0;
    for (size_t i = 0; i < count; i++)
        usable += !c->lease.bound || lease_address(&c->lease, addresses[i].family);
    wanted = usable ? c->attempts % usable : 0; /* another one after each failure */
    for (size_t i = 0; i < count; i++)
        if ((!c->lease.bound || lease_address(&c->lease, addresses[i].family)) && wanted-- == 0)
            c->address = addresses[i];
    if (status != ERROR_NONE)
        error_set(&c->failure, status, "%s: %s", c->endpoint->host, text && *text ? text : error_text(status));
    else if (!usable)
        error_set(&c->failure, ERROR_NAME_LOOKUP, "%s has no address of a family that the bearer has", c->endpoint->host);
    registration_post(c, !c->address.family ? EVENT_FAILED : c->resume ? EVENT_KEPT : EVENT_ADDRESS, c->generation);
}

static void do_resolve(struct lwm2m_client *c)
{
    registration_close(c);
    c->begun = true;
    struct ip_address literal;
    if (ip_address_parse(c->endpoint->host, &literal)) {
        on_resolved(c, ERROR_NONE, "", &literal, 1);
        return;
    }
    c->resolve = resolve_host(c->loop, &c->lease, c->endpoint->host, on_resolved, c);
    if (!c->resolve) {
        error_set(&c->failure, ERROR_NO_MEMORY, "look-up of %s", c->endpoint->host);
        registration_post(c, EVENT_FAILED, c->generation);
    }
}

static void call(struct lwm2m_client *c, const struct coap_call *what, uint64_t guard_ms)
{
    set_timer(c, guard_ms);
    enum error_code code = coap_link_call(c->link, what, &c->token);
    if (code == ERROR_NONE)
        return;
    error_set(&c->failure, code, "request to server %u cannot be sent", c->server.short_server_id);
    registration_post(c, c->phase == PHASE_LEAVING || c->phase == PHASE_DISABLING ? EVENT_LEFT : EVENT_FAILED, c->generation);
}

/* The list of objects as it is now, kept as what the server was told. */
static struct slice tell_links(struct lwm2m_client *c)
{
    struct writer w = writer_make(c->links, sizeof c->links);
    discover_put_registration(c, &w);
    c->links_len = w.len;
    return writer_slice(&w);
}

void registration_changed(struct lwm2m_client *c)
{
    char links[LINKS_MAX];
    struct writer w = writer_make(links, sizeof links);
    discover_put_registration(c, &w);
    if (!c->status.location[0] || (w.len == c->links_len && memcmp(links, c->links, w.len) == 0))
        return; /* who is not registered yet will tell it all */
    c->server.effects |= EFFECT_OBJECTS;
    registration_post(c, EVENT_UPDATE, c->generation);
}

/* The binding, with Q: one parameter in LwM2M 1.0 (TS 1.0.2 clause 5.3.1.1), two since (clause 6.2.1). */
static size_t put_binding(const struct lwm2m_client *c, const char **queries)
{
    bool queued = is_queued(c), old = c->version == LWM2M_1_0;
    bool stream = transport_is_reliable(c->endpoint->transport);
    queries[0] = stream ? (queued && old ? "b=TQ" : "b=T") : queued && old ? "b=UQ" : "b=U";
    queries[1] = queued && !old ? "Q" : NULL;
    return queries[1] ? 2 : 1;
}

/* Clause 6.2.1 */
static void send_register(struct lwm2m_client *c)
{
    char ep[sizeof c->endpoint->account.endpoint + 4], lt[20], version[12];
    struct writer w = writer_make(ep, sizeof ep - 1);
    writer_text(&w, "ep=");
    writer_text(&w, c->endpoint->account.endpoint);
    ep[w.len] = '\0';
    w = writer_make(lt, sizeof lt - 1);
    writer_text(&w, "lt=");
    integer_put(&w, c->server.lifetime);
    lt[w.len] = '\0';
    (void)snprintf(version, sizeof version, "lwm2m=%s", lwm2m_version_text(c->version));
    const char *queries[] = { ep, lt, version, NULL, NULL, NULL };
    (void)put_binding(c, &queries[3]);
    c->server.effects = 0;
    c->update_again = false;
    c->status.location[0] = '\0';
    registration_unsettle(c);
    reporting_clear(c); /* clause 6.4.1: a Register voids all observations */
    call(c, &(struct coap_call){ METHOD_POST, "/rd", queries, CONTENT_LINK, tell_links(c) }, GUARD_MS);
}

/* For as long as the session lives. */
static void do_step_down(struct lwm2m_client *c)
{
    enum lwm2m_version lower = c->version - 1;
    log_notice("lwm2m", "server %u does not support LwM2M %s; registering as %s", c->server.short_server_id, lwm2m_version_text(c->version), lwm2m_version_text(lower));
    registration_speak(c, lower);
    send_register(c);
}

static void do_update(struct lwm2m_client *c);

static bool open_link(struct lwm2m_client *c)
{
    struct coap_peer peer = { .remote = &c->address, .endpoint = c->endpoint, .way = resume_way(c) };
    peer.local = c->lease.bound ? lease_address(&c->lease, c->address.family) : NULL;
    c->session_lease = c->lease;
    c->link = coap_link_new(c->loop, &peer, &session_events, c, &c->failure);
    return c->link != NULL;
}

/* Nothing is said before it is known whether the session is the one of before. */
static void do_reconnect(struct lwm2m_client *c)
{
    if (open_link(c)) {
        set_timer(c, GUARD_MS);
        return;
    }
    resume_forget(c); /* the port is another program's now */
    registration_post(c, EVENT_ADDRESS, c->generation);
}

static void do_return(struct lwm2m_client *c)
{
    if (resume_take(c, c->link))
        do_update(c);
    else
        registration_post(c, EVENT_UNKNOWN, c->generation);
}

static void do_connect(struct lwm2m_client *c)
{
    if (!open_link(c)) {
        registration_post(c, EVENT_FAILED, c->generation);
        return;
    }
    send_register(c); /* waits in the library for the end of the handshake */
}

static void do_accept(struct lwm2m_client *c)
{
    uint64_t lifetime = c->server.lifetime;
    uint64_t due = lifetime / 2;
    if (lifetime > UPDATE_MARGIN_S && lifetime - UPDATE_MARGIN_S > due)
        due = lifetime - UPDATE_MARGIN_S;
    if (c->phase == PHASE_REGISTERING) {
        log_notice("lwm2m", "server %u: registered as %s at %s", c->server.short_server_id, c->endpoint->account.endpoint, c->status.location);
        c->registered_at = loop_now(c->loop);
        registration_unsettle(c); /* it may be kept from now on */
    }
    if (c->resume) {
        log_notice("lwm2m", "server %u: registered as before at %s", c->server.short_server_id, c->status.location);
        c->registered_at = loop_now(c->loop);
        registration_unsettle(c); /* the numbers of its notifications have moved */
        registration_changed(c);
    }
    c->attempts = 0;
    c->again = false;
    c->status.exhausted = false;
    error_clear(&c->status.error);
    c->update_due = loop_now(c->loop) + due * 1000;
    c->lost_at = loop_now(c->loop) + lifetime * 1000;
    arm_registered(c);
    if (c->update_again)
        registration_post(c, EVENT_UPDATE, c->generation);
    c->held = false;
    reporting_flush(c);
    send_connection(c);
    servers_poke(c);
}

/* Clause 6.2.2: only what changed. */
static void do_update(struct lwm2m_client *c)
{
    char lt[20];
    struct writer w = writer_make(lt, sizeof lt - 1);
    writer_text(&w, "lt=");
    integer_put(&w, c->server.lifetime);
    lt[w.len] = '\0';
    const char *queries[4] = { NULL };
    size_t n = 0;
    if (c->server.effects & EFFECT_LIFETIME)
        queries[n++] = lt;
    if (c->server.effects & EFFECT_BINDING)
        (void)put_binding(c, &queries[n]);
    bool listed = c->server.effects & EFFECT_OBJECTS; /* complete, not what is new */
    struct slice links = listed ? tell_links(c) : (struct slice){ 0 };
    c->server.effects = 0;
    c->update_again = false;
    call(c, &(struct coap_call){ METHOD_POST, c->status.location, queries, listed ? CONTENT_LINK : -1, links }, GUARD_MS);
}

static void do_update_later(struct lwm2m_client *c)
{
    c->update_again = true;
}

/* Only the Register was not answered, on a session that had just come about: another handshake would be lost on the same way as easily. */
static bool may_ask_again(const struct lwm2m_client *c)
{
    return c->link && !c->again && !c->resume && c->failure.code == ERROR_TIMEOUT && c->endpoint->transport == TRANSPORT_DTLS && !coap_link_describe(c->link, NULL);
}

static void do_back_off(struct lwm2m_client *c)
{
    if (may_ask_again(c))
        stop_asking(c);
    else
        registration_close(c);
    c->status.location[0] = '\0';
    if (c->attempts > 0 || c->failure.code != ERROR_TIMEOUT) /* silence alone does not tell that a session cannot be resumed */
        resume_forget(c);
    c->status.error = c->failure;
    struct retry retry = retry_after(&c->server, ++c->attempts);
    uint16_t random = 0;
    if (RAND_bytes((uint8_t *)&random, sizeof random) != 1)
        random = 0;
    uint64_t ms = retry.delay_s * 1000 - retry.delay_s * 100 * random / 65536; /* up to a tenth earlier: a fleet must not come back at once */
    log_warning("lwm2m", "server %u: %s; next try in %llu s", c->server.short_server_id, c->failure.text, (unsigned long long)(ms / 1000));
    set_timer(c, ms);
    if (retry.sequence_over)
        servers_poke(c);
    c->status.exhausted = retry.all_over && server_value(&c->server, SERVER_BOOTSTRAP_ON_FAILURE, true); /* clause 6.2.1.1 */
}

/* The server may have forgotten the session meanwhile, so silence or its end now brings a new one at once. */
static void do_register_again(struct lwm2m_client *c)
{
    c->again = true;
    send_register(c);
}

static void do_close(struct lwm2m_client *c)
{
    coap_link_free(c->link);
    c->link = NULL;
}

static void do_guard(struct lwm2m_client *c)
{
    if (!coap_link_describe(c->link, &c->failure))
        error_set(&c->failure, ERROR_TIMEOUT, "server %u acknowledged but did not answer", c->server.short_server_id);
    do_back_off(c);
}

static void do_drop(struct lwm2m_client *c)
{
    registration_close(c);
    c->status.location[0] = '\0';
}

/* Clause 6.2.3 */
static void do_leave(struct lwm2m_client *c)
{
    call(c, &(struct coap_call){ METHOD_DELETE, c->status.location, NULL, -1, { 0 } }, LEAVE_MS);
}

static void forget(struct lwm2m_client *c)
{
    registration_unsettle(c);
    registration_close(c);
    c->status.location[0] = '\0';
}

/* Object 1 resource 4: stay away for what resource 5 says. */
static void do_disable(struct lwm2m_client *c)
{
    forget(c);
    uint32_t seconds = c->disable_s ? c->disable_s : server_value(&c->server, SERVER_DISABLE_TIMEOUT, DISABLE_TIMEOUT_S);
    log_notice("lwm2m", "server %u: disabled by %s", c->server.short_server_id, c->disable_s ? "the administrator" : "the server");
    c->disable_s = 0;
    if (seconds != UINT32_MAX)
        set_timer(c, (uint64_t)seconds * 1000);
    servers_poke(c);
}

static void do_enable(struct lwm2m_client *c)
{
    forget(c);
    c->disable_s = 0;
    if (c->leased)
        registration_post(c, EVENT_LEASE, 0);
}

/* ---- the order; without connectivity ---- */

static void do_wait(struct lwm2m_client *c)
{
    if (c->timer || !servers_turn(c))
        return;
    uint64_t delay_s = c->begun ? 0 : server_value(&c->server, SERVER_INITIAL_DELAY, 0);
    set_timer(c, delay_s * 1000);
}

/* The session may outlive the bearer; what would be told is kept meanwhile. */
static void do_offline(struct lwm2m_client *c)
{
    uint64_t now = loop_now(c->loop);
    c->held = true;
    set_timer(c, c->lost_at > now ? c->lost_at - now : 0);
    c->status.next_contact = 0;
}

static bool same_way(const struct lwm2m_client *c)
{
    const struct lease *a = &c->lease, *b = &c->session_lease;
    if (!c->link || !a->bound || !b->bound || a->addresses != b->addresses)
        return false;
    for (size_t i = 0; i < a->addresses; i++)
        if (a->address[i].family != b->address[i].family || memcmp(a->address[i].octets, b->address[i].octets, sizeof a->address[i].octets) != 0)
            return false;
    return true;
}

static void do_left(struct lwm2m_client *c)
{
    (void)c; /* step frees the client */
}

/* ---- the table ---- */

struct transition {
    enum phase from;
    enum event event;
    enum phase to;
    void (*action)(struct lwm2m_client *c);
    bool last;                              /* the client is freed after it */
};

static const struct transition table[] = {
    { PHASE_IDLE, EVENT_LEASE, PHASE_WAITING, do_wait, false },
    { PHASE_IDLE, EVENT_DISABLE, PHASE_DISABLED, do_disable, false },
    { PHASE_IDLE, EVENT_STOP, PHASE_LEAVING, do_left, true },
    { PHASE_WAITING, EVENT_TURN, PHASE_WAITING, do_wait, false },
    { PHASE_WAITING, EVENT_LEASE, PHASE_WAITING, do_wait, false },
    { PHASE_WAITING, EVENT_TIMER, PHASE_RESOLVING, do_resolve, false },
    { PHASE_WAITING, EVENT_UPDATE, PHASE_RESOLVING, do_resolve, false },
    { PHASE_WAITING, EVENT_NO_LEASE, PHASE_IDLE, do_drop, false },
    { PHASE_WAITING, EVENT_DISABLE, PHASE_DISABLED, do_disable, false },
    { PHASE_WAITING, EVENT_STOP, PHASE_LEAVING, do_left, true },
    { PHASE_RESOLVING, EVENT_ADDRESS, PHASE_REGISTERING, do_connect, false },
    { PHASE_RESOLVING, EVENT_FAILED, PHASE_RETRYING, do_back_off, false },
    { PHASE_RESOLVING, EVENT_LEASE, PHASE_RESOLVING, do_resolve, false },
    { PHASE_RESOLVING, EVENT_NO_LEASE, PHASE_IDLE, do_drop, false },
    { PHASE_RESOLVING, EVENT_DISABLE, PHASE_DISABLED, do_disable, false },
    { PHASE_RESOLVING, EVENT_STOP, PHASE_LEAVING, do_left, true },
    { PHASE_RESOLVING, EVENT_KEPT, PHASE_RESUMING, do_reconnect, false },
    { PHASE_RESUMING, EVENT_ADDRESS, PHASE_REGISTERING, do_connect, false },
    { PHASE_RESUMING, EVENT_RETURN, PHASE_RESUMING, do_return, false },
    { PHASE_RESUMING, EVENT_ACCEPTED, PHASE_REGISTERED, do_accept, false },
    { PHASE_RESUMING, EVENT_UNKNOWN, PHASE_REGISTERING, send_register, false },
    { PHASE_RESUMING, EVENT_LOST, PHASE_RETRYING, do_back_off, false },
    { PHASE_RESUMING, EVENT_FAILED, PHASE_RETRYING, do_back_off, false },
    { PHASE_RESUMING, EVENT_TIMER, PHASE_RETRYING, do_guard, false },
    { PHASE_RESUMING, EVENT_UPDATE, PHASE_RESUMING, do_update_later, false },
    { PHASE_RESUMING, EVENT_LEASE, PHASE_RESOLVING, do_resolve, false },
    { PHASE_RESUMING, EVENT_NO_LEASE, PHASE_IDLE, do_drop, false },
    { PHASE_RESUMING, EVENT_DISABLE, PHASE_DISABLED, do_disable, false },
    { PHASE_RESUMING, EVENT_STOP, PHASE_LEAVING, do_left, true },
    { PHASE_REGISTERING, EVENT_ACCEPTED, PHASE_REGISTERED, do_accept, false },
    { PHASE_REGISTERING, EVENT_OLDER, PHASE_REGISTERING, do_step_down, false },
    { PHASE_REGISTERING, EVENT_FAILED, PHASE_RETRYING, do_back_off, false },
    { PHASE_REGISTERING, EVENT_LOST, PHASE_RESOLVING, do_resolve, false },
    { PHASE_REGISTERING, EVENT_TIMER, PHASE_RETRYING, do_guard, false },
    { PHASE_REGISTERING, EVENT_UPDATE, PHASE_REGISTERING, do_update_later, false },
    { PHASE_REGISTERING, EVENT_LEASE, PHASE_RESOLVING, do_resolve, false },
    { PHASE_REGISTERING, EVENT_NO_LEASE, PHASE_IDLE, do_drop, false },
    { PHASE_REGISTERING, EVENT_DISABLE, PHASE_DISABLED, do_disable, false },
    { PHASE_REGISTERING, EVENT_STOP, PHASE_LEAVING, do_left, true },
    { PHASE_REGISTERED, EVENT_TIMER, PHASE_UPDATING, do_update, false },
    { PHASE_REGISTERED, EVENT_UPDATE, PHASE_UPDATING, do_update, false },
    { PHASE_REGISTERED, EVENT_UNKNOWN, PHASE_REGISTERING, send_register, false },
    { PHASE_REGISTERED, EVENT_LOST, PHASE_RESOLVING, do_resolve, false },
    { PHASE_REGISTERED, EVENT_FAILED, PHASE_RETRYING, do_back_off, false },
    { PHASE_REGISTERED, EVENT_LEASE, PHASE_RESOLVING, do_resolve, false },
    { PHASE_REGISTERED, EVENT_REST, PHASE_ASLEEP, do_rest, false },
    { PHASE_REGISTERED, EVENT_NO_LEASE, PHASE_OFFLINE, do_offline, false },
    { PHASE_REGISTERED, EVENT_DISABLE, PHASE_DISABLING, do_leave, false },
    { PHASE_REGISTERED, EVENT_STOP, PHASE_LEAVING, do_leave, false },
    { PHASE_UPDATING, EVENT_ACCEPTED, PHASE_REGISTERED, do_accept, false },
    { PHASE_UPDATING, EVENT_UNKNOWN, PHASE_REGISTERING, send_register, false },
    { PHASE_UPDATING, EVENT_LOST, PHASE_RESOLVING, do_resolve, false },
    { PHASE_UPDATING, EVENT_FAILED, PHASE_RETRYING, do_back_off, false },
    { PHASE_UPDATING, EVENT_TIMER, PHASE_RESOLVING, do_resolve, false },
    { PHASE_UPDATING, EVENT_UPDATE, PHASE_UPDATING, do_update_later, false },
    { PHASE_UPDATING, EVENT_LEASE, PHASE_RESOLVING, do_resolve, false },
    { PHASE_UPDATING, EVENT_NO_LEASE, PHASE_OFFLINE, do_offline, false },
    { PHASE_UPDATING, EVENT_DISABLE, PHASE_DISABLING, do_leave, false },
    { PHASE_UPDATING, EVENT_STOP, PHASE_LEAVING, do_leave, false },
    { PHASE_ASLEEP, EVENT_WAKE, PHASE_REGISTERED, arm_registered, false },
    { PHASE_ASLEEP, EVENT_TIMER, PHASE_UPDATING, do_update, false },
    { PHASE_ASLEEP, EVENT_UPDATE, PHASE_UPDATING, do_update, false },
    { PHASE_ASLEEP, EVENT_UNKNOWN, PHASE_REGISTERING, send_register, false },
    { PHASE_ASLEEP, EVENT_LOST, PHASE_RESOLVING, do_resolve, false },
    { PHASE_ASLEEP, EVENT_FAILED, PHASE_RETRYING, do_back_off, false },
    { PHASE_ASLEEP, EVENT_LEASE, PHASE_RESOLVING, do_resolve, false },
    { PHASE_ASLEEP, EVENT_NO_LEASE, PHASE_OFFLINE, do_offline, false },
    { PHASE_ASLEEP, EVENT_DISABLE, PHASE_DISABLING, do_leave, false },
    { PHASE_ASLEEP, EVENT_STOP, PHASE_LEAVING, do_leave, false },
    { PHASE_OFFLINE, EVENT_RETURN, PHASE_UPDATING, do_update, false },
    { PHASE_OFFLINE, EVENT_LEASE, PHASE_RESOLVING, do_resolve, false },
    { PHASE_OFFLINE, EVENT_TIMER, PHASE_IDLE, do_drop, false },
    { PHASE_OFFLINE, EVENT_LOST, PHASE_IDLE, do_drop, false },
    { PHASE_OFFLINE, EVENT_FAILED, PHASE_IDLE, do_drop, false },
    { PHASE_OFFLINE, EVENT_DISABLE, PHASE_DISABLED, do_disable, false },
    { PHASE_OFFLINE, EVENT_STOP, PHASE_LEAVING, do_left, true },
    { PHASE_RETRYING, EVENT_TIMER, PHASE_RESOLVING, do_resolve, false },
    { PHASE_RETRYING, EVENT_UPDATE, PHASE_RESOLVING, do_resolve, false },
    { PHASE_RETRYING, EVENT_RETURN, PHASE_REGISTERING, do_register_again, false },
    { PHASE_RETRYING, EVENT_FAILED, PHASE_RETRYING, do_close, false },
    { PHASE_RETRYING, EVENT_LEASE, PHASE_RESOLVING, do_resolve, false },
    { PHASE_RETRYING, EVENT_NO_LEASE, PHASE_IDLE, do_drop, false },
    { PHASE_RETRYING, EVENT_DISABLE, PHASE_DISABLED, do_disable, false },
    { PHASE_RETRYING, EVENT_STOP, PHASE_LEAVING, do_left, true },
    { PHASE_DISABLING, EVENT_LEFT, PHASE_DISABLED, do_disable, false },
    { PHASE_DISABLING, EVENT_TIMER, PHASE_DISABLED, do_disable, false },
    { PHASE_DISABLING, EVENT_LOST, PHASE_DISABLED, do_disable, false },
    { PHASE_DISABLING, EVENT_FAILED, PHASE_DISABLED, do_disable, false },
    { PHASE_DISABLING, EVENT_LEASE, PHASE_DISABLED, do_disable, false },
    { PHASE_DISABLING, EVENT_NO_LEASE, PHASE_DISABLED, do_disable, false },
    { PHASE_DISABLING, EVENT_ENABLE, PHASE_IDLE, do_enable, false },
    { PHASE_DISABLING, EVENT_STOP, PHASE_LEAVING, do_left, true },
    { PHASE_DISABLED, EVENT_TIMER, PHASE_IDLE, do_enable, false },
    { PHASE_DISABLED, EVENT_UPDATE, PHASE_IDLE, do_enable, false },
    { PHASE_DISABLED, EVENT_STOP, PHASE_LEAVING, do_left, true },
    { PHASE_LEAVING, EVENT_LEFT, PHASE_LEAVING, do_left, true },
    { PHASE_LEAVING, EVENT_TIMER, PHASE_LEAVING, do_left, true },
    { PHASE_LEAVING, EVENT_LOST, PHASE_LEAVING, do_left, true },
    { PHASE_LEAVING, EVENT_FAILED, PHASE_LEAVING, do_left, true },
};

static const enum lwm2m_state public_state[] = {
    [PHASE_IDLE] = LWM2M_IDLE,         [PHASE_RESOLVING] = LWM2M_CONNECTING, [PHASE_REGISTERING] = LWM2M_CONNECTING, [PHASE_REGISTERED] = LWM2M_REGISTERED,
    [PHASE_UPDATING] = LWM2M_REGISTERED, [PHASE_RETRYING] = LWM2M_RETRYING,  [PHASE_LEAVING] = LWM2M_STOPPED,
    [PHASE_DISABLING] = LWM2M_STOPPED, [PHASE_DISABLED] = LWM2M_STOPPED,     [PHASE_WAITING] = LWM2M_IDLE,          [PHASE_ASLEEP] = LWM2M_ASLEEP,
    [PHASE_OFFLINE] = LWM2M_IDLE,      [PHASE_RESUMING] = LWM2M_CONNECTING,
};

static const struct transition *find(enum phase from, enum event event)
{
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++)
        if (table[i].from == from && table[i].event == event)
            return &table[i];
    return NULL;
}

static void finish(struct lwm2m_client *c)
{
    void (*fn)(void *) = c->stopped;
    void *user = c->stopped_user;
    log_notice("lwm2m", "server %u: stopped", c->server.short_server_id);
    lwm2m_client_free(c);
    if (fn)
        fn(user);
}

/* One event from the loop. The last call may free the client: nothing after it. */
static void step(void *user)
{
    struct lwm2m_client *c = user;
    c->step_timer = 0;
    struct posted p = c->queue[0];
    memmove(&c->queue[0], &c->queue[1], --c->queued * sizeof c->queue[0]);
    if (c->queued)
        c->step_timer = loop_timer(c->loop, 0, step, c);
    if (p.generation && p.generation != c->generation)
        return;
    if (p.event == EVENT_LEASE && c->phase == PHASE_OFFLINE && same_way(c))
        p.event = EVENT_RETURN;
    if (c->phase == PHASE_RETRYING && c->link && (p.event == EVENT_TIMER || p.event == EVENT_UPDATE))
        p.event = EVENT_RETURN;
    if (p.event == EVENT_UPDATE && c->phase == PHASE_DISABLING && !p.generation) /* somebody wants it back; what the session has to tell is void */
        p.event = EVENT_ENABLE;
    if (p.event == EVENT_REST && still_awake(c)) {
        arm_registered(c);
        return;
    }
    const struct transition *t = find(c->phase, p.event);
    if (!t) {
        log_debug("lwm2m", "server %u: %s: event \"%s\" has no meaning here", c->server.short_server_id, phase_names[c->phase], event_names[p.event]);
        return;
    }
    log_info("lwm2m", "[server%u] %s --%s--> %s", c->server.short_server_id, phase_names[t->from], event_names[t->event], phase_names[t->to]);
    if (t->action != do_accept) /* which tells a Register from an Update by the phase that it ends */
        c->phase = t->to;
    t->action(c);
    c->phase = t->to;
    if (t->last) {
        finish(c);
        return;
    }
    enum lwm2m_state before = c->status.state;
    c->status.state = public_state[c->phase];
    if (c->fn && (before != c->status.state || c->phase == PHASE_RETRYING))
        c->fn(c->user, &c->status);
}
