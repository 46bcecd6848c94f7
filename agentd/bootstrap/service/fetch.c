/* SPDX-License-Identifier: Apache-2.0 */
/* Owns the one download under way, by HTTPS or by CoAP. Never trusts a server that the factory roots do not know, unless the administrator has allowed servers without
 * any security; a LwM2M server of ours is known by its account. */
#include "bootstrap/service/fetch.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "lwm2m/coap_pull.h"
#include "net/https.h"

enum { FETCH_MS = 3600000, REFUSAL_MAX = 4096, HTTP_OK = 200, HTTP_CLIENT_ERROR = 400, HTTP_SERVER_ERROR = 500, PROTOCOL_HTTPS = 3 /* of /5/0/8 */ };

struct fetch {
    struct site *site;
    const char *what;
    struct https *https;
    struct coap_pull *coap; /* NULL: none runs */
    struct lwm2m_rules rules;
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

static void on_done(void *user, const struct error *error, const struct https_response *response)
{
    struct fetch *f = user;
    download_outcome_fn *outcome = f->outcome;
    enum download_result result = result_of(error, response);
    f->outcome = NULL;
    if (error)
        report(f, error->code, error->text);
    else if (result != DOWNLOAD_WHOLE)
        log_warning("fetch", "%s download: the server answered %ld", f->what, response->status);
    https_drop_connections(f->https);
    outcome(f->user, result);
}

static enum error_code on_octets(void *user, struct slice octets)
{
    struct fetch *f = user;
    return f->sink(f->user, octets);
}

static void on_pulled(void *user, const struct coap_pull_end *end)
{
    struct fetch *f = user;
    download_outcome_fn *outcome = f->outcome;
    f->coap = NULL;
    f->outcome = NULL;
    if (end->result != DOWNLOAD_WHOLE)
        report(f, end->error->code, end->error->text);
    outcome(f->user, end->result);
}

static enum download_result begin_coap(struct fetch *f, const char *uri, const struct lease *lease)
{
    struct error e = { 0 };
    enum download_result why = DOWNLOAD_WHOLE;
    const struct endpoint *server = f->site->server_at ? f->site->server_at(f->site->server_user, uri) : NULL;
    f->rules = site_lwm2m_rules(f->site);
    struct coap_pull_order order = { .file = { .uri = uri }, .server = server, .lease = lease, .rules = &f->rules, .sink = on_octets, .ended = on_pulled, .user = f };
    f->coap = coap_pull_new(f->site->loop, &order, &why, &e);
    if (f->coap)
        return DOWNLOAD_WHOLE;
    report(f, e.code, e.text);
    return why;
}

static enum download_result begin_https(struct fetch *f, const char *uri, const struct lease *lease)
{
    struct error e = { 0 };
    struct https_request request = { .url = uri, .roots_pem = f->site->factory.roots_pem, .lease = lease, .max_response = REFUSAL_MAX, .sink = on_octets,
                                     .timeout_ms = FETCH_MS, .now = clock_now(&f->site->clock) };
    enum error_code rc = https_post(f->https, &request, on_done, f, &e);
    if (rc)
        report(f, rc, e.text);
    return !rc ? DOWNLOAD_WHOLE : rc == ERROR_NO_MEMORY ? DOWNLOAD_NO_MEMORY : DOWNLOAD_INVALID_URI;
}

static enum download_result begin(void *user, const char *uri, download_sink_fn *sink, download_outcome_fn *outcome, void *outcome_user)
{
    static const struct lease host;
    struct fetch *f = user;
    const struct lease *kept = f->site->bearers ? bearers_lease(f->site->bearers) : NULL;
    f->sink = sink;
    f->outcome = outcome;
    f->user = outcome_user;
    if (coap_pull_is(uri))
        return begin_coap(f, uri, kept ? kept : &host);
    if (strncmp(uri, "https://", strlen("https://")) == 0)
        return begin_https(f, uri, kept ? kept : &host);
    return strstr(uri, "://") ? DOWNLOAD_UNSUPPORTED_PROTOCOL : DOWNLOAD_INVALID_URI;
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
    coap_pull_free(f->coap);
    https_free(f->https);
    free(f);
}
