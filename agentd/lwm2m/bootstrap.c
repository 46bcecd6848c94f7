/* SPDX-License-Identifier: Apache-2.0 */
/* Owns the session with the bootstrap server and the desk that it writes on. Ends once: by a Finish that fits, or by what went wrong; everything that ends
 * it happens from a timer, never inside the library.
 *
 *   resolve --> session --> LISTENING --hold-off over--> ASKING --> WRITING --Finish--> FINISHED
 *      ^                       '------a request of the server------^  |
 *      '---- silence, and patience left: asked again, then a new session'
 */
#include "lwm2m/bootstrap.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/secret.h"
#include "base/text.h"
#include "lwm2m/block1.h"
#include "lwm2m/bootstrap_write.h"
#include "lwm2m/format/format.h"
#include "net/https.h"

enum {
    SILENCE_MS = 93000,     /* MAX_TRANSMIT_WAIT: by then the server has given up what it sent last, and will not go on */
    EXCHANGE_MS = 247000,   /* EXCHANGE_LIFETIME: without a Finish for so long the bootstrap has failed (clause 6.1.6) */
    LINGER_MS = 500,        /* the answer to Finish may be lost: a repeated Finish still finds us */
    AGAIN_MS = 2000,
    BLOCK_MORE = 8,
};

enum phase { PHASE_OPENING, PHASE_LISTENING, PHASE_ASKING, PHASE_WRITING, PHASE_FINISHED };

struct lwm2m_bootstrap {
    const struct loop *loop;
    enum phase phase;
    struct bootstrap_desk *desk; /* wiped pages, as the next */
    struct lwm2m_account *accounts; /* [0] of the server, then those installed */
    size_t installed;
    struct access_rights *rights; /* those that there are; NULL: none */
    struct endpoint *endpoint;
    struct lwm2m_rules rules; /* roots of the endpoint */
    struct lease lease;
    char name[129];
    struct resolve *resolve;
    struct coap_link *link;
    struct coap_token token;
    enum lwm2m_version version;
    bool without_format;    /* pct was refused, or there is none (1.0) */
    bool pack;              /* the Bootstrap-Pack is still to be asked for */
    bool again;             /* asked a second time on this session, and nothing came since */
    uint8_t *body;          /* of the pack, while it comes; wiped pages */
    size_t body_len;
    uint64_t begun, patience_ms; /* of asking, after the hold-off */
    uint64_t hold_off_ms;   /* still to be waited; 0: it is over, for all sessions */
    struct error failure;
    struct error refused;   /* the server's last request, of which the answer says no more than a code; else its code is NONE and the text that of the one before */
    uint64_t timer;
    void (*note)(void *user, const char *text);
    lwm2m_bootstrap_fn *fn;
    void *user;
};

static void open_again(void *user);
static void ask_again(void *user);
static void send_request(struct lwm2m_bootstrap *b);
static void clean_desk(struct lwm2m_bootstrap *b);

/* ---- the end ---- */

static void end(void *user)
{
    struct lwm2m_bootstrap *b = user;
    b->timer = 0;
    if (b->phase != PHASE_FINISHED) {
        log_warning("lwm2m", "bootstrap at %s: %s", b->endpoint->host, b->failure.text);
        b->fn(b->user, &b->failure, NULL, 0, NULL);
        return;
    }
    struct lwm2m_account *accounts = secret_pages_new(STAGED_MAX * sizeof *accounts);
    struct access_rights *rights = malloc(sizeof *rights);
    if (!accounts || !rights)
        abort();
    size_t count = bootstrap_accounts(&b->desk->staged, b->name, accounts, STAGED_MAX);
    bootstrap_rights(&b->desk->staged, rights);
    log_notice("lwm2m", "bootstrap at %s: finished with %zu accounts", b->endpoint->host, count - 1);
    b->fn(b->user, NULL, accounts, count, rights); /* may free b */
    free(rights);
    secret_pages_free(accounts, STAGED_MAX * sizeof *accounts);
}

static void run_in(struct lwm2m_bootstrap *b, uint64_t ms, loop_timer_fn *fn)
{
    loop_cancel(b->loop, &b->timer);
    b->timer = loop_timer(b->loop, ms, fn, b);
}

/* The first thing that goes wrong counts; after a Finish nothing does. */
static void fail(struct lwm2m_bootstrap *b)
{
    if (b->phase != PHASE_FINISHED)
        run_in(b, 0, end);
}

/* A network that loses messages looks like a server that is gone: while there is patience, all begins anew, on a clean desk; on the same session first, if one stands. */
static void fail_silent(struct lwm2m_bootstrap *b)
{
    uint64_t spent = loop_now(b->loop) - b->begun;
    if (b->phase == PHASE_FINISHED)
        return;
    if (spent + AGAIN_MS >= b->patience_ms) {
        run_in(b, 0, end);
        return;
    }
    log_info("lwm2m", "bootstrap at %s: %s; trying again", b->endpoint->host, b->failure.text);
    run_in(b, AGAIN_MS, !b->again && b->link && !coap_link_describe(b->link, NULL) ? ask_again : open_again);
}

/* Who was refused may mend it and finish again (clause 6.1.6). Who goes instead would write the same if it were asked anew: the job will ask it later. */
static bool ends_refused(struct lwm2m_bootstrap *b)
{
    if (!b->refused.code)
        return false;
    b->failure = b->refused;
    fail(b);
    return true;
}

static void on_silence(void *user)
{
    struct lwm2m_bootstrap *b = user;
    b->timer = 0;
    if (ends_refused(b))
        return;
    if (!b->link || !coap_link_describe(b->link, &b->failure))
        error_set(&b->failure, ERROR_TIMEOUT, "the bootstrap server went silent before Bootstrap-Finish");
    fail_silent(b);
}

/* ---- the pack (1.2 clause 6.1.7.7) ---- */

static void drop_body(struct lwm2m_bootstrap *b)
{
    if (b->body)
        secret_pages_free(b->body, BLOCK1_BODY_MAX);
    b->body = NULL;
    b->body_len = 0;
}

static void send_call(struct lwm2m_bootstrap *b, const struct coap_call *call)
{
    enum error_code code = coap_link_call(b->link, call, &b->token);
    if (code == ERROR_NONE)
        return;
    error_set(&b->failure, code, "the request to the bootstrap server cannot be sent");
    fail(b);
}

static void send_pack_request(struct lwm2m_bootstrap *b, int64_t block2)
{
    char ep[sizeof b->name + 3], acc[16];
    struct writer w = writer_make(ep, sizeof ep - 1);
    writer_text(&w, "ep=");
    writer_text(&w, b->name);
    ep[w.len] = '\0';
    (void)snprintf(acc, sizeof acc, "acc=</0/%u>", (unsigned)b->accounts[0].security_instance.id); /* the instance of its own account, 1.2.1 */
    const char *queries[] = { ep, acc, NULL };
    send_call(b, &(struct coap_call){ .method = METHOD_GET, .path = "/bspack", .queries = queries, .content_format = -1, .accept = CONTENT_SENML_CBOR + 1, .block2 = block2 });
}

/* After whatever was wrong with it the server is asked to write, on a clean desk. */
static void ask_without_pack(struct lwm2m_bootstrap *b, const char *why)
{
    log_warning("lwm2m", "bootstrap at %s: Bootstrap-Pack: %s; the server is asked to write instead", b->endpoint->host, why);
    b->pack = false;
    clean_desk(b);
    send_request(b);
}

static void judge_pack(struct lwm2m_bootstrap *b, int content_format)
{
    struct error why = { 0 };
    const struct path all = { .depth = PATH_ROOT };
    enum coap_code code = bootstrap_take(b->desk, &all, content_format, (struct slice){ b->body, b->body_len }, &why);
    if (code != CODE_CHANGED || bootstrap_check(b->desk, &why)) {
        ask_without_pack(b, why.text);
    } else {
        drop_body(b);
        b->phase = PHASE_FINISHED;
        run_in(b, 0, end);
    }
}

/* Blocks come in order: each is asked for when the one before is there. */
static void take_pack_block(struct lwm2m_bootstrap *b, const struct coap_response *r)
{
    unsigned szx = r->block2 < 0 ? 0 : (unsigned)r->block2 & 7;
    size_t offset = r->block2 < 0 ? 0 : (size_t)(r->block2 >> 4) << (szx + 4);
    if (!b->body)
        b->body = secret_pages_new(BLOCK1_BODY_MAX);
    if (!b->body || offset != b->body_len || b->body_len + r->payload.len > BLOCK1_BODY_MAX) {
        ask_without_pack(b, "a block is missing, or there are too many");
        return;
    }
    if (r->payload.len)
        memcpy(&b->body[b->body_len], r->payload.data, r->payload.len);
    b->body_len += r->payload.len;
    if (r->block2 >= 0 && r->block2 & BLOCK_MORE)
        send_pack_request(b, (int64_t)((b->body_len >> (szx + 4) << 4) | szx) + 1);
    else
        judge_pack(b, r->content_format);
}

/* ---- the session ---- */

/* Clause 6.1.7.1 */
static void send_request(struct lwm2m_bootstrap *b)
{
    char ep[sizeof b->name + 3], pct[8];
    struct writer w = writer_make(ep, sizeof ep - 1);
    writer_text(&w, "ep=");
    writer_text(&w, b->name);
    ep[w.len] = '\0';
    w = writer_make(pct, sizeof pct - 1);
    writer_text(&w, "pct=");
    integer_put(&w, CONTENT_SENML_CBOR);
    pct[w.len] = '\0';
    const char *queries[] = { ep, b->without_format ? NULL : pct, NULL };
    b->phase = PHASE_ASKING;
    send_call(b, &(struct coap_call){ .method = METHOD_POST, .path = "/bs", .queries = queries, .content_format = -1 });
}

static void ask(struct lwm2m_bootstrap *b)
{
    b->phase = PHASE_ASKING;
    if (b->pack)
        send_pack_request(b, 0);
    else
        send_request(b);
}

static void clean_desk(struct lwm2m_bootstrap *b)
{
    bootstrap_desk_open(b->desk, &b->accounts[0], &b->accounts[1], b->installed);
    if (b->rights)
        bootstrap_desk_rights(b->desk, b->rights, &b->accounts[1], b->installed);
    b->desk->rules = b->rules;
    b->desk->version = b->version;
    drop_body(b);
}

static void ask_again(void *user)
{
    struct lwm2m_bootstrap *b = user;
    b->timer = 0;
    b->again = true;
    clean_desk(b);
    run_in(b, SILENCE_MS, on_silence);
    ask(b);
}

static void on_hold_off(void *user)
{
    struct lwm2m_bootstrap *b = user;
    b->timer = 0;
    b->hold_off_ms = 0;
    b->begun = loop_now(b->loop);
    ask(b);
    run_in(b, SILENCE_MS, on_silence);
}

static void on_connected(void *user)
{
    struct lwm2m_bootstrap *b = user;
    log_info("lwm2m", "bootstrap: %s session with %s", transport_name(b->endpoint->transport), b->endpoint->host);
    if (b->phase == PHASE_LISTENING) {
        log_info("lwm2m", "bootstrap at %s: it has %llu s to begin unasked", b->endpoint->host, (unsigned long long)b->hold_off_ms / 1000);
        run_in(b, b->hold_off_ms, on_hold_off);
    } else {
        run_in(b, SILENCE_MS, on_silence);
    }
}

static void on_lost(void *user, const struct error *error)
{
    struct lwm2m_bootstrap *b = user;
    if (ends_refused(b))
        return;
    b->failure = *error;
    if (error->code == ERROR_TIMEOUT || error->code == ERROR_KEY_UNANSWERED)
        fail_silent(b);
    else
        fail(b);
}

/* Each reason is told once, however often the server tries it. */
static void take_refusal(struct lwm2m_bootstrap *b, const char *what, const struct error *why)
{
    struct error refused;
    error_set(&refused, why->code, "Bootstrap-%s refused: %.200s", what, why->text);
    bool told = strcmp(refused.text, b->refused.text) == 0;
    b->refused = refused;
    if (told)
        return;
    log_warning("lwm2m", "bootstrap at %s: %s", b->endpoint->host, refused.text);
    if (b->note)
        b->note(b->user, refused.text);
}

static void on_request(void *user, const struct coap_request *request, struct coap_answer *answer)
{
    struct lwm2m_bootstrap *b = user;
    struct error why;
    bool finished;
    b->again = false;
    bootstrap_serve(b->desk, request, answer, &finished, &why);
    b->refused.code = ERROR_NONE;
    if (why.code)
        take_refusal(b, request->method == METHOD_PUT ? "Write" : "Finish", &why);
    if (b->phase == PHASE_LISTENING)
        log_notice("lwm2m", "bootstrap at %s: the server begins unasked", b->endpoint->host);
    if (b->phase != PHASE_FINISHED)
        b->phase = finished ? PHASE_FINISHED : PHASE_WRITING;
    if (finished)
        run_in(b, LINGER_MS, end);
    else if (b->phase == PHASE_WRITING)
        run_in(b, b->patience_ms ? SILENCE_MS : EXCHANGE_MS, on_silence);
}

static void refuse(struct lwm2m_bootstrap *b, uint8_t code)
{
    enum error_code error = code == CODE_FORBIDDEN || code == CODE_UNAUTHORIZED ? ERROR_CLIENT_AUTH : ERROR_SERVER_STATUS;
    error_set(&b->failure, error, "the bootstrap server answered Bootstrap-Request with %u.%02u%s", code >> 5, code & 31,
              code == CODE_BAD_REQUEST ? " (it does not know the endpoint name)" : "");
    fail(b);
}

static void on_response(void *user, const struct coap_response *r)
{
    struct lwm2m_bootstrap *b = user;
    if (!token_equal(&r->token, &b->token) || b->phase != PHASE_ASKING)
        return;
    if (b->pack && r->code == CODE_CONTENT) {
        take_pack_block(b, r);
    } else if (b->pack) { /* 5.01 or whatever else: the server has none for us */
        b->pack = false;
        drop_body(b);
        send_request(b);
    } else if (r->code == CODE_UNSUPPORTED_FORMAT && !b->without_format) {
        b->without_format = true;
        send_request(b);
    } else if (r->code != CODE_CHANGED) {
        refuse(b, r->code);
    }
}

static void on_unanswered(void *user, const struct coap_token *token, bool reset)
{
    struct lwm2m_bootstrap *b = user;
    if (!token_equal(token, &b->token) || b->phase != PHASE_ASKING)
        return;
    error_set(&b->failure, reset ? ERROR_PROTOCOL : ERROR_TIMEOUT, "the bootstrap server %s our request", reset ? "reset" : "did not answer");
    if (reset)
        fail(b);
    else
        fail_silent(b);
}

static const struct coap_events session_events = { on_connected, on_lost, on_request, on_response, on_unanswered };

/* ---- opening ---- */

static bool usable(const struct lwm2m_bootstrap *b, const struct ip_address *a)
{
    return !b->lease.bound || lease_address(&b->lease, a->family);
}

static void open_session(struct lwm2m_bootstrap *b, const struct ip_address *address)
{
    struct coap_peer peer = { .remote = address, .endpoint = b->endpoint };
    peer.local = b->lease.bound ? lease_address(&b->lease, address->family) : NULL;
    b->link = coap_link_new(b->loop, &peer, &session_events, b, &b->failure);
    if (!b->link) {
        fail(b);
        return;
    }
    run_in(b, EXCHANGE_MS, on_silence);
    b->phase = PHASE_LISTENING;
    if (!b->hold_off_ms)
        ask(b); /* waits in the library for the end of the handshake */
}

static void on_resolved(void *user, enum error_code status, const char *text, const struct ip_address *addresses, size_t count)
{
    struct lwm2m_bootstrap *b = user;
    b->resolve = NULL;
    for (size_t i = 0; i < count; i++)
        if (usable(b, &addresses[i])) {
            open_session(b, &addresses[i]);
            return;
        }
    if (status)
        error_set(&b->failure, status, "%s: %s", b->endpoint->host, text && *text ? text : error_text(status));
    else
        error_set(&b->failure, ERROR_NAME_LOOKUP, "%s has no address of a family that the bearer has", b->endpoint->host);
    fail(b);
}

static bool begin(struct lwm2m_bootstrap *b, struct error *err)
{
    struct ip_address literal;
    clean_desk(b);
    if (ip_address_parse(b->endpoint->host, &literal)) {
        on_resolved(b, ERROR_NONE, "", &literal, 1);
        return true;
    }
    b->resolve = resolve_host(b->loop, &b->lease, b->endpoint->host, on_resolved, b);
    if (!b->resolve)
        error_set(err, ERROR_NO_MEMORY, "look-up of %s", b->endpoint->host);
    return b->resolve != NULL;
}

static void open_again(void *user)
{
    struct lwm2m_bootstrap *b = user;
    b->timer = 0;
    b->phase = PHASE_OPENING;
    coap_link_free(b->link);
    b->link = NULL;
    b->again = false;
    if (!begin(b, &b->failure))
        fail(b);
}

/* False without memory. */
static bool take_accounts(struct lwm2m_bootstrap *b, const struct lwm2m_bootstrap_task *task)
{
    b->desk = secret_pages_new(sizeof *b->desk);
    b->accounts = secret_pages_new(STAGED_MAX * sizeof *b->accounts);
    b->rights = task->rights ? malloc(sizeof *b->rights) : NULL;
    if (!b->desk || !b->accounts || (task->rights && !b->rights))
        return false;
    if (b->rights)
        *b->rights = *task->rights;
    b->accounts[0] = *task->server;
    for (; b->installed < task->installed_count && b->installed + 1 < STAGED_MAX; b->installed++)
        b->accounts[b->installed + 1] = task->installed[b->installed];
    return true;
}

uint64_t lwm2m_bootstrap_hold_off_ms(const struct lwm2m_account *server)
{
    return (uint64_t)(server->hold_off < HOLD_OFF_MAX_S ? server->hold_off : HOLD_OFF_MAX_S) * 1000;
}

struct lwm2m_bootstrap *lwm2m_bootstrap_new(const struct loop *loop, const struct lwm2m_bootstrap_task *task, lwm2m_bootstrap_fn *fn, void *user, struct error *err)
{
    struct lwm2m_bootstrap *b = calloc(1, sizeof *b);
    if (!b || !take_accounts(b, task)) {
        error_set(err, ERROR_NO_MEMORY, "LwM2M bootstrap");
        lwm2m_bootstrap_free(b);
        return NULL;
    }
    b->loop = loop;
    b->lease = *task->lease;
    b->fn = fn;
    b->note = task->note;
    b->user = user;
    b->pack = task->pack;
    b->version = task->version;
    b->without_format = task->version == LWM2M_1_0;
    b->begun = loop_now(loop);
    b->patience_ms = task->patience_ms;
    b->hold_off_ms = lwm2m_bootstrap_hold_off_ms(task->server);
    (void)text_copy(b->name, sizeof b->name, task->endpoint);
    b->endpoint = endpoint_new(task->server, task->rules, err);
    if (b->endpoint)
        b->rules = (struct lwm2m_rules){ task->rules && task->rules->nosec, b->endpoint->roots_pem };
    if (!b->endpoint || !begin(b, err)) {
        lwm2m_bootstrap_free(b);
        return NULL;
    }
    return b;
}

void lwm2m_bootstrap_free(struct lwm2m_bootstrap *b)
{
    if (!b)
        return;
    if (b->loop)
        loop_cancel(b->loop, &b->timer);
    if (b->resolve)
        resolve_cancel(b->resolve);
    coap_link_free(b->link);
    drop_body(b);
    endpoint_free(b->endpoint);
    if (b->desk)
        secret_pages_free(b->desk, sizeof *b->desk);
    if (b->accounts)
        secret_pages_free(b->accounts, STAGED_MAX * sizeof *b->accounts);
    free(b->rights);
    free(b);
}
