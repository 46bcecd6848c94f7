/* SPDX-License-Identifier: Apache-2.0 */
/* HTTPS by libcurl's multi interface on the loop. Owns the multi handle (made at the first request, freed by https_drop_connections) and the one
 * request under way. Promises: TLS >= 1.2, https only, no redirects, no proxy but the request's, roots or pin, the lease's source address and name servers.
 * With a pin the key of the server is the trust: the chain is not looked at (the operator's server may have a certificate of its own
 * making), the host name in the certificate still is. Never uses the certificate store of the system. */
#include "net/https.h"

#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "net/call.h"

struct https {
    const struct loop *loop;
    CURLM *multi;
    uint64_t timer;
    struct https_call *call;
};

static void on_multi_timer(void *user);
static void on_expired(void *user);
static void on_resolved(void *user, enum error_code status, const char *text, const struct ip_address *addresses, size_t count);

/* Takes the call out of h, so that h may be used or freed from inside its function. */
static struct https_call *detach(struct https *h)
{
    struct https_call *c = h->call;
    h->call = NULL;
    if (!c)
        return NULL;
    loop_cancel(h->loop, &c->deadline);
    loop_cancel(h->loop, &c->starter);
    resolve_cancel(c->resolve);
    c->resolve = NULL;
    if (c->easy)
        (void)curl_multi_remove_handle(h->multi, c->easy);
    return c;
}

static void fail(struct https *h, enum error_code code, const char *reason)
{
    struct https_call *c = detach(h);
    struct error err;
    code = call_blame(c, code);
    if (code == ERROR_PROXY)
        error_set(&err, code, "%.80s: proxy %.80s port %u: %.100s", c->host, c->proxy.host, (unsigned)c->proxy.port, reason);
    else
        error_set(&err, code, "%.80s: %.100s", c->host, reason);
    c->fn(c->user, &err, NULL);
    call_free(c);
}

static void succeed(struct https *h)
{
    struct https_call *c = detach(h);
    struct https_response r;
    call_response(c, &r);
    c->fn(c->user, NULL, &r);
    call_free(c);
}

/* Starts, or starts again with the next address family. */
static void attempt(struct https *h)
{
    struct https_call *c = h->call;
    const char *reason = call_prepare(c);
    if (reason) {
        fail(h, ERROR_CONNECT, reason);
        return;
    }
    if (curl_multi_add_handle(h->multi, c->easy) != CURLM_OK)
        fail(h, ERROR_INTERNAL, "the request could not be started");
}

static void on_done(struct https *h, CURLcode result)
{
    struct https_call *c = h->call;
    char reason[160];
    enum error_code code = call_result(c, result, reason, sizeof reason);
    if (!code) {
        succeed(h);
    } else if (code == ERROR_CONNECT && call_next_family(c)) {
        (void)curl_multi_remove_handle(h->multi, c->easy);
        attempt(h);
    } else {
        fail(h, code, reason);
    }
}

static void drive(struct https *h, curl_socket_t fd, int what)
{
    int running = 0, left = 0;
    (void)curl_multi_socket_action(h->multi, fd, what, &running);
    const CURLMsg *m = curl_multi_info_read(h->multi, &left);
    while (m && m->msg != CURLMSG_DONE)
        m = curl_multi_info_read(h->multi, &left);
    if (m && h->call && m->easy_handle == h->call->easy)
        on_done(h, m->data.result); /* h may be gone */
}

static void on_socket(void *user, int fd, bool readable, bool writable)
{
    drive(user, fd, (readable ? CURL_CSELECT_IN : 0) | (writable ? CURL_CSELECT_OUT : 0));
}

static void on_multi_timer(void *user)
{
    struct https *h = user;
    h->timer = 0;
    drive(h, CURL_SOCKET_TIMEOUT, 0);
}

static int set_socket(CURL *easy, curl_socket_t fd, int what, void *user, void *known)
{
    struct https *h = user;
    uint64_t *watch = known;
    (void)easy;
    if (watch)
        loop_cancel(h->loop, watch);
    if (what == CURL_POLL_REMOVE) {
        free(watch);
        return 0;
    }
    if (!watch) {
        watch = calloc(1, sizeof *watch);
        if (!watch)
            abort(); /* the agent restarts */
        (void)curl_multi_assign(h->multi, fd, watch);
    }
    *watch = loop_fd(h->loop, fd, (what & CURL_POLL_IN) != 0, (what & CURL_POLL_OUT) != 0, on_socket, h);
    return 0;
}

static int set_timer(CURLM *multi, long delay_ms, void *user)
{
    struct https *h = user;
    (void)multi;
    loop_cancel(h->loop, &h->timer);
    if (delay_ms >= 0)
        h->timer = loop_timer(h->loop, (uint64_t)delay_ms, on_multi_timer, h);
    return 0;
}

static bool open_multi(struct https *h)
{
    static bool ready; /* curl's global state stays: the libraries below it cannot give it back */
    if (h->multi)
        return true;
    if (!ready)
        ready = curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK;
    h->multi = ready ? curl_multi_init() : NULL;
    if (!h->multi)
        return false;
    curl_multi_setopt(h->multi, CURLMOPT_SOCKETFUNCTION, set_socket);
    curl_multi_setopt(h->multi, CURLMOPT_SOCKETDATA, h);
    curl_multi_setopt(h->multi, CURLMOPT_TIMERFUNCTION, set_timer);
    curl_multi_setopt(h->multi, CURLMOPT_TIMERDATA, h);
    curl_multi_setopt(h->multi, CURLMOPT_MAXCONNECTS, 2L);
    return true;
}

static void on_resolved(void *user, enum error_code status, const char *text, const struct ip_address *addresses, size_t count)
{
    struct https *h = user;
    h->call->resolve = NULL;
    if (status)
        fail(h, status, text);
    else if (!call_addresses(h->call, addresses, count))
        fail(h, ERROR_CONNECT, "the bearer has no address of the server's family");
    else
        attempt(h);
}

/* The address came with the request. */
static void on_known(void *user)
{
    struct https *h = user;
    h->call->starter = 0;
    if (call_addresses(h->call, h->call->addresses, 1))
        attempt(h);
    else
        fail(h, ERROR_CONNECT, "the uplink has no address of the server's family");
}

static void on_expired(void *user)
{
    struct https *h = user;
    h->call->deadline = 0;
    fail(h, h->call->resolve ? ERROR_NAME_LOOKUP : ERROR_TIMEOUT, h->call->resolve ? "no answer from the name servers" : "no answer in time");
}

struct https *https_new(const struct loop *loop)
{
    struct https *h = calloc(1, sizeof *h);
    if (!h)
        abort(); /* the agent restarts */
    h->loop = loop;
    return h;
}

enum error_code https_post(struct https *h, const struct https_request *request, https_done_fn *fn, void *user, struct error *err)
{
    if (h->call)
        return error_set(err, ERROR_BUSY, "a request is under way");
    bool pinned = request->trust && request->trust->has_pin;
    if (!pinned && (!request->roots_pem || !*request->roots_pem))
        return error_set(err, ERROR_TLS_UNTRUSTED, "no factory roots and no pin for %.100s", request->url);
    if (!open_multi(h))
        return error_set(err, ERROR_NO_MEMORY, "HTTPS could not be set up");
    struct https_call *c = call_new(request, fn, user, err);
    if (!c)
        return err ? err->code : ERROR_INVALID;
    h->call = c;
    c->started = loop_now(h->loop);
    c->loop = h->loop;
    c->deadline = loop_timer(h->loop, request->timeout_ms + 50, on_expired, h); /* behind curl's own, which knows more */
    if (request->address)
        c->starter = loop_timer(h->loop, 0, on_known, h);
    else
        c->resolve = resolve_host(h->loop, &c->lease, call_peer(c), on_resolved, h);
    return ERROR_NONE;
}

void https_cancel(struct https *h)
{
    struct https_call *c = h ? detach(h) : NULL;
    if (c)
        call_free(c);
}

void https_drop_connections(struct https *h)
{
    if (h->call || !h->multi)
        return;
    (void)curl_multi_cleanup(h->multi);
    h->multi = NULL;
    loop_cancel(h->loop, &h->timer);
}

void https_free(struct https *h)
{
    if (!h)
        return;
    https_cancel(h);
    https_drop_connections(h);
    loop_cancel(h->loop, &h->timer);
    free(h);
}
