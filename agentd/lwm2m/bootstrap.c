/* SPDX-License-Identifier: Apache-2.0 */
/* Owns the session with the bootstrap server and the desk that it writes on. Ends once: by a Finish that fits, or by what went wrong; everything that ends
 * it happens from a timer, never inside the library. */
#include "lwm2m/bootstrap.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/secret.h"
#include "base/text.h"
#include "lwm2m/bootstrap_write.h"
#include "lwm2m/format.h"
#include "net/https.h"

enum {
    EXCHANGE_MS = 247000, /* EXCHANGE_LIFETIME: without a request for so long the bootstrap has failed (clause 6.1.6) */
    HANDSHAKE_MS = 40000,
    LINGER_MS = 500,      /* the answer to Finish may be lost: a repeated Finish still finds us */
};

struct lwm2m_bootstrap {
    const struct loop *loop;
    struct bootstrap_desk *desk; /* wiped pages */
    struct lease lease;
    char host[256], uri[256], identity[129], endpoint[129];
    uint16_t port;
    struct secret *key;
    struct resolve *resolve;
    struct coap_link *link;
    struct coap_token token;
    bool without_format; /* pct was refused */
    bool finished;
    struct error failure;
    uint64_t timer;
    lwm2m_bootstrap_fn *fn;
    void *user;
};

/* ---- the end ---- */

static void end(void *user)
{
    struct lwm2m_bootstrap *b = user;
    b->timer = 0;
    if (!b->finished) {
        log_warning("lwm2m", "bootstrap at %s: %s", b->host, b->failure.text);
        b->fn(b->user, &b->failure, NULL, 0);
        return;
    }
    struct lwm2m_account *accounts = secret_pages_new(SETTINGS_LWM2M * sizeof *accounts);
    if (!accounts)
        abort();
    size_t count = bootstrap_accounts(&b->desk->staged, b->endpoint, accounts, SETTINGS_LWM2M);
    log_notice("lwm2m", "bootstrap at %s: finished with %zu accounts", b->host, count);
    b->fn(b->user, NULL, accounts, count); /* may free b */
    secret_pages_free(accounts, SETTINGS_LWM2M * sizeof *accounts);
}

static void end_in(struct lwm2m_bootstrap *b, uint64_t ms)
{
    loop_cancel(b->loop, &b->timer);
    b->timer = loop_timer(b->loop, ms, end, b);
}

/* The first thing that goes wrong counts; after a Finish nothing does. */
static void fail(struct lwm2m_bootstrap *b)
{
    if (!b->finished)
        end_in(b, 0);
}

static void on_silence(void *user)
{
    struct lwm2m_bootstrap *b = user;
    b->timer = 0;
    if (!coap_link_describe(b->link, &b->failure))
        error_set(&b->failure, ERROR_TIMEOUT, "the bootstrap server went silent before Bootstrap-Finish");
    end(b);
}

static void wait_for(struct lwm2m_bootstrap *b, uint64_t ms)
{
    loop_cancel(b->loop, &b->timer);
    b->timer = loop_timer(b->loop, ms, on_silence, b);
}

/* ---- the session ---- */

/* Clause 6.1.7.1 */
static void send_request(struct lwm2m_bootstrap *b)
{
    char ep[sizeof b->endpoint + 3], pct[8];
    struct writer w = writer_make(ep, sizeof ep - 1);
    writer_text(&w, "ep=");
    writer_text(&w, b->endpoint);
    ep[w.len] = '\0';
    w = writer_make(pct, sizeof pct - 1);
    writer_text(&w, "pct=");
    integer_put(&w, CONTENT_SENML_CBOR);
    pct[w.len] = '\0';
    const char *queries[] = { ep, b->without_format ? NULL : pct, NULL };
    struct coap_call call = { .method = METHOD_POST, .path = "/bs", .queries = queries, .content_format = -1 };
    enum error_code code = coap_link_call(b->link, &call, &b->token);
    if (code == ERROR_NONE)
        return;
    error_set(&b->failure, code, "the Bootstrap-Request cannot be sent");
    fail(b);
}

static void on_connected(void *user)
{
    struct lwm2m_bootstrap *b = user;
    log_info("lwm2m", "bootstrap: DTLS session with %s", b->host);
    wait_for(b, EXCHANGE_MS);
}

static void on_lost(void *user, const struct error *error)
{
    struct lwm2m_bootstrap *b = user;
    b->failure = *error;
    fail(b);
}

static void on_request(void *user, const struct coap_request *request, struct coap_answer *answer)
{
    struct lwm2m_bootstrap *b = user;
    bool finished;
    bootstrap_serve(b->desk, request, answer, &finished);
    if (finished && !b->finished) {
        b->finished = true;
        end_in(b, LINGER_MS);
    } else if (!b->finished) {
        wait_for(b, EXCHANGE_MS);
    }
}

static void on_response(void *user, const struct coap_response *r)
{
    struct lwm2m_bootstrap *b = user;
    if (!token_equal(&r->token, &b->token) || r->code == CODE_CHANGED)
        return;
    if (r->code == CODE_UNSUPPORTED_FORMAT && !b->without_format) {
        b->without_format = true;
        send_request(b);
        return;
    }
    enum error_code code = r->code == CODE_FORBIDDEN || r->code == CODE_UNAUTHORIZED ? ERROR_CLIENT_AUTH : ERROR_SERVER_STATUS;
    error_set(&b->failure, code, "the bootstrap server answered Bootstrap-Request with %u.%02u%s", r->code >> 5, r->code & 31,
              r->code == CODE_BAD_REQUEST ? " (it does not know the endpoint name)" : "");
    fail(b);
}

static void on_unanswered(void *user, const struct coap_token *token, bool reset)
{
    struct lwm2m_bootstrap *b = user;
    if (!token_equal(token, &b->token))
        return;
    error_set(&b->failure, reset ? ERROR_PROTOCOL : ERROR_TIMEOUT, "the bootstrap server %s our request", reset ? "reset" : "did not answer");
    fail(b);
}

static const struct coap_events session_events = { on_connected, on_lost, on_request, on_response, on_unanswered };

/* ---- opening ---- */

static bool usable(const struct lwm2m_bootstrap *b, const struct ip_address *a)
{
    return !b->lease.bound || lease_address(&b->lease, a->family);
}

static void open_session(struct lwm2m_bootstrap *b, const struct ip_address *address)
{
    struct coap_peer peer = { .remote = address, .port = b->port, .host = b->host, .identity = b->identity, .key = secret_slice(b->key) };
    peer.local = b->lease.bound ? lease_address(&b->lease, address->family) : NULL;
    b->link = coap_link_new(b->loop, &peer, &session_events, b, &b->failure);
    if (!b->link) {
        fail(b);
        return;
    }
    wait_for(b, HANDSHAKE_MS);
    send_request(b); /* waits in the library for the end of the handshake */
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
        error_set(&b->failure, status, "%s: %s", b->host, text && *text ? text : error_text(status));
    else
        error_set(&b->failure, ERROR_NAME_LOOKUP, "%s has no address of a family that the bearer has", b->host);
    fail(b);
}

static bool begin(struct lwm2m_bootstrap *b, struct error *err)
{
    struct ip_address literal;
    if (ip_address_parse(b->host, &literal)) {
        on_resolved(b, ERROR_NONE, "", &literal, 1);
        return true;
    }
    b->resolve = resolve_host(b->loop, &b->lease, b->host, on_resolved, b);
    if (!b->resolve)
        error_set(err, ERROR_NO_MEMORY, "look-up of %s", b->host);
    return b->resolve != NULL;
}

struct lwm2m_bootstrap *lwm2m_bootstrap_new(const struct loop *loop, const struct lwm2m_bootstrap_task *task, lwm2m_bootstrap_fn *fn, void *user, struct error *err)
{
    const struct lwm2m_account *server = task->server;
    struct lwm2m_bootstrap *b = calloc(1, sizeof *b);
    if (!b || !(b->key = secret_new()) || !(b->desk = secret_pages_new(sizeof *b->desk))) {
        error_set(err, ERROR_NO_MEMORY, "LwM2M bootstrap");
        lwm2m_bootstrap_free(b);
        return NULL;
    }
    *b = (struct lwm2m_bootstrap){ .loop = loop, .desk = b->desk, .key = b->key, .lease = *task->lease, .fn = fn, .user = user };
    bootstrap_desk_open(b->desk, server, task->installed, task->installed_count);
    secret_set(b->key, server->key, server->key_len);
    (void)text_copy(b->identity, sizeof b->identity, server->identity);
    (void)text_copy(b->endpoint, sizeof b->endpoint, task->endpoint);
    if (uri_split(server->uri, "coaps", b->host, sizeof b->host, &b->port, err) || !begin(b, err)) {
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
    secret_free(b->key);
    if (b->desk)
        secret_pages_free(b->desk, sizeof *b->desk);
    free(b);
}
