/* SPDX-License-Identifier: Apache-2.0 */
/* Owns the one download under way. Never follows what is no https URI, nor trusts a server that the factory roots do not know. */
#include "bootstrap/fetch.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "net/https.h"

enum { FETCH_MS = 3600000, REFUSAL_MAX = 4096, HTTP_OK = 200, HTTP_CLIENT_ERROR = 400, HTTP_SERVER_ERROR = 500 };

struct fetch {
    struct site *site;
    const char *what;
    struct https *https;
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

static enum download_result begin(void *user, const char *uri, download_sink_fn *sink, download_outcome_fn *outcome, void *outcome_user)
{
    static const struct lease host;
    struct fetch *f = user;
    struct error e = { 0 };
    if (strncmp(uri, "https://", strlen("https://")) != 0)
        return strstr(uri, "://") ? DOWNLOAD_UNSUPPORTED_PROTOCOL : DOWNLOAD_INVALID_URI;
    const struct lease *kept = f->site->bearers ? bearers_lease(f->site->bearers) : NULL;
    struct https_request request = { .url = uri, .roots_pem = f->site->factory.roots_pem, .lease = kept ? kept : &host, .max_response = REFUSAL_MAX, .sink = on_octets,
                                     .timeout_ms = FETCH_MS, .now = clock_now(&f->site->clock) };
    f->sink = sink;
    f->outcome = outcome;
    f->user = outcome_user;
    enum error_code rc = https_post(f->https, &request, on_done, f, &e);
    if (rc)
        report(f, rc, e.text);
    return !rc ? DOWNLOAD_WHOLE : rc == ERROR_NO_MEMORY ? DOWNLOAD_NO_MEMORY : DOWNLOAD_INVALID_URI;
}

static void stop(void *user)
{
    struct fetch *f = user;
    https_cancel(f->https);
    f->outcome = NULL;
}

struct download_source fetch_source(struct fetch *f)
{
    return (struct download_source){ .fetch = begin, .fetch_stop = stop, .user = f };
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
    https_free(f->https);
    free(f);
}
