/* SPDX-License-Identifier: Apache-2.0 */
/* Owns the one download under way, by HTTPS or by CoAP. Never trusts a server that the factory roots do not know, unless the administrator has allowed servers without
 * any security; a LwM2M server of ours is known by its account. */
#include "bootstrap/service/fetch.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/text.h"
#include "lwm2m/coap_pull.h"
#include "net/https.h"

enum { FETCH_MS = 3600000, REFUSAL_MAX = 4096, HTTP_OK = 200, HTTP_CLIENT_ERROR = 400, HTTP_SERVER_ERROR = 500, PROTOCOL_HTTPS = 3 /* of /5/0/8 */,
       LOOK_MS = 1000, PATIENCE_MS = 180000 /* as long as the accounts may take to open */ };

struct fetch {
    struct site *site;
    const char *what;
    struct https *https;
    struct coap_pull *coap; /* NULL: none runs */
    struct lwm2m_rules rules;
    char uri[DOWNLOAD_URI + 1];
    uint64_t look, patience; /* timer; until when its server is waited for */
    download_sink_fn *sink;
    download_outcome_fn *outcome; /* NULL: none runs */
    void *user;
};

static void report(struct fetch *f, enum error_code code, const char *words)
{
    struct error e;
    error_set(&e, code, "%s download: %.150s", f->what, words);
    site_report(f->site, "fetch", 0, &e);
}

static enum download_result result_of(const struct error *error, const struct https_response *response)
{
    if (!error && response->status == HTTP_OK)
        return DOWNLOAD_WHOLE;
    if (!error)
        return response->status >= HTTP_CLIENT_ERROR && response->status < HTTP_SERVER_ERROR ? DOWNLOAD_INVALID_URI : DOWNLOAD_LOST;
    if (error->code == ERROR_NO_SPACE || error->code == ERROR_IO)
        return DOWNLOAD_NO_SPACE;
    if (error->code == ERROR_NO_MEMORY)
        return DOWNLOAD_NO_MEMORY;
    return error->code == ERROR_INVALID || error->code == ERROR_NAME_LOOKUP ? DOWNLOAD_INVALID_URI : DOWNLOAD_LOST;
}

static void tell(struct fetch *f, enum download_result result)
{
    download_outcome_fn *outcome = f->outcome;
    f->outcome = NULL;
    outcome(f->user, result);
}

static void on_done(void *user, const struct error *error, const struct https_response *response)
{
    struct fetch *f = user;
    enum download_result result = result_of(error, response);
    if (error)
        report(f, error->code, error->text);
    else if (result != DOWNLOAD_WHOLE)
        log_warning("fetch", "%s download: the server answered %ld", f->what, response->status);
    https_drop_connections(f->https);
    tell(f, result);
}

static enum error_code on_octets(void *user, struct slice octets)
{
    struct fetch *f = user;
    return f->sink(f->user, octets);
}

static void on_pulled(void *user, const struct coap_pull_end *end)
{
    struct fetch *f = user;
    f->coap = NULL;
    if (end->result != DOWNLOAD_WHOLE)
        report(f, end->error->code, end->error->text);
    tell(f, end->result);
}

static enum download_result begin_coap(struct fetch *f, const struct endpoint *server, const struct lease *lease)
{
    struct error e = { 0 };
    enum download_result why = DOWNLOAD_WHOLE;
    f->rules = site_lwm2m_rules(f->site);
    struct coap_pull_order order = { .file = { .uri = f->uri }, .server = server, .lease = lease, .rules = &f->rules, .sink = on_octets, .ended = on_pulled, .user = f };
    f->coap = coap_pull_new(f->site->loop, &order, &why, &e);
    if (f->coap)
        return DOWNLOAD_WHOLE;
    report(f, e.code, e.text);
    return why;
}

static enum download_result begin_https(struct fetch *f, const struct lease *lease)
{
    struct error e = { 0 };
    struct https_request request = { .url = f->uri, .roots_pem = f->site->factory.roots_pem, .lease = lease, .max_response = REFUSAL_MAX, .sink = on_octets,
                                     .timeout_ms = FETCH_MS, .now = clock_now(&f->site->clock) };
    enum error_code rc = https_post(f->https, &request, on_done, f, &e);
    if (rc)
        report(f, rc, e.text);
    return !rc ? DOWNLOAD_WHOLE : rc == ERROR_NO_MEMORY ? DOWNLOAD_NO_MEMORY : DOWNLOAD_INVALID_URI;
}

static enum download_result begin_from(struct fetch *f, const struct site_server *server)
{
    static const struct lease host;
    const struct lease *kept = f->site->bearers ? bearers_lease(f->site->bearers) : NULL;
    if (server->endpoint && !server->lease) { /* nothing goes through another uplink */
        report(f, ERROR_CONNECT, "the bearer of the server's account is down");
        return DOWNLOAD_LOST;
    }
    const struct lease *lease = server->lease ? server->lease : kept ? kept : &host;
    return coap_pull_is(f->uri) ? begin_coap(f, server->endpoint, lease) : begin_https(f, lease);
}

/* False: it is waited for. */
static bool find_server(struct fetch *f, struct site_server *out)
{
    const struct site_servers *servers = &f->site->servers;
    *out = (struct site_server){ .endpoint = NULL };
    return (servers->at && servers->at(servers->user, f->uri, out)) || loop_now(f->site->loop) >= f->patience;
}

static void on_look(void *user)
{
    struct fetch *f = user;
    struct site_server server;
    if (!find_server(f, &server)) {
        f->look = loop_timer(f->site->loop, LOOK_MS, on_look, f);
        return;
    }
    f->look = 0;
    enum download_result result = begin_from(f, &server);
    if (result != DOWNLOAD_WHOLE)
        tell(f, result);
}

static enum download_result begin(void *user, const char *uri, download_sink_fn *sink, download_outcome_fn *outcome, void *outcome_user)
{
    struct fetch *f = user;
    struct site_server server;
    f->sink = sink;
    f->outcome = outcome;
    f->user = outcome_user;
    f->patience = loop_now(f->site->loop) + PATIENCE_MS;
    if (!coap_pull_is(uri) && strncmp(uri, "https://", strlen("https://")) != 0)
        return strstr(uri, "://") ? DOWNLOAD_UNSUPPORTED_PROTOCOL : DOWNLOAD_INVALID_URI;
    if (!text_copy(f->uri, sizeof f->uri, uri))
        return DOWNLOAD_INVALID_URI;
    if (find_server(f, &server))
        return begin_from(f, &server);
    log_notice("fetch", "%s download: waits until the accounts are open and the way to its server is there", f->what);
    f->look = loop_timer(f->site->loop, LOOK_MS, on_look, f);
    return DOWNLOAD_WHOLE;
}

static unsigned protocols(void *user)
{
    const struct fetch *f = user;
    struct lwm2m_rules rules = site_lwm2m_rules(f->site);
    return coap_pull_protocols(&rules) | 1u << PROTOCOL_HTTPS;
}

static void stop(void *user)
{
    struct fetch *f = user;
    loop_cancel(f->site->loop, &f->look);
    coap_pull_free(f->coap);
    f->coap = NULL;
    https_cancel(f->https);
    f->outcome = NULL;
}

struct download_source fetch_source(struct fetch *f)
{
    return (struct download_source){ .fetch = begin, .fetch_stop = stop, .protocols = protocols, .user = f };
}

struct fetch *fetch_new(struct site *site, const char *what)
{
    struct fetch *f = calloc(1, sizeof *f);
    if (!f)
        return NULL;
    *f = (struct fetch){ .site = site, .what = what, .https = https_new(site->loop) };
    return f;
}

void fetch_free(struct fetch *f)
{
    if (!f)
        return;
    loop_cancel(f->site->loop, &f->look);
    coap_pull_free(f->coap);
    https_free(f->https);
    free(f);
}
