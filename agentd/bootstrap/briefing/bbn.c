/* SPDX-License-Identifier: Apache-2.0 */
/* One request: payload -> signature by the TRE -> HTTPS. Must never look into an instruction: that is the start stage's business. */
#include "bootstrap/briefing/bbn.h"

#include <openssl/rand.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "codec/bei.h"
#include "codec/cbor.h"

enum { URL_CAP = 512, NONCE = 16, PAYLOAD_CAP = 1200, SIGNED_CAP = 1600, HEADER_CAP = 2304, TIMEOUT_MS = 30000, RETRY_MAX = 7 * 24 * 3600 };
enum { REQUEST_METHOD = 1, REQUEST_URL, REQUEST_NONCE, REQUEST_TIME, REQUEST_NETWORK, REQUEST_RESULT };

struct bbn {
    struct site *site;
    struct https *https;
    bool post;
    char url[URL_CAP];
    struct server_trust trust;
    struct ip_address address;
    bool has_address;
    struct lease lease;
    uint8_t payload[PAYLOAD_CAP], cose[SIGNED_CAP];
    struct writer payload_writer;
    size_t cose_len;
    bbn_done_fn *fn;
    void *user;
    uint32_t call;
    bool asking;
};

void bbn_cancel(struct bbn *b)
{
    if (!b)
        return;
    if (b->call)
        trust_cancel(b->site->trust, b->call);
    if (b->asking)
        https_cancel(b->https);
    free(b);
}

static void end(struct bbn *b, const struct error *err, const struct bbn_answer *answer)
{
    static const struct bbn_answer none;
    b->asking = false;
    b->fn(b->user, err, answer ? answer : &none);
    bbn_cancel(b);
}

/* --- the answer --- */

static uint32_t retry_after(const struct https_response *r)
{
    const char *text = r->header(r, "Retry-After"); /* RFC 9110 10.2.3; dates are not taken */
    uint64_t seconds = 0;
    if (!text || !text_decimal((struct slice){ (const uint8_t *)text, strlen(text) }, RETRY_MAX, &seconds))
        return 0;
    return (uint32_t)seconds;
}

static enum error_code judge(const struct bbn *b, const struct https_response *r, struct error *err)
{
    switch (r->status) {
    case 200:
        if (b->post || strcmp(r->content_type, "application/cose") == 0)
            return ERROR_NONE;
        return error_set(err, ERROR_PROTOCOL, "briefing node: content type %.60s", r->content_type);
    case 204:
        return ERROR_NONE;
    case 202:
    case 503:
        return error_set(err, ERROR_NOT_READY, "briefing node has no answer yet (%ld)", r->status);
    case 403:
        return error_set(err, ERROR_DENIED, "briefing node does not know this gateway (403)");
    case 409:
        return error_set(err, ERROR_REPLAYED, "briefing node: sequence numbers do not fit (409)");
    default:
        return error_set(err, ERROR_HTTP, "briefing node answered %ld", r->status);
    }
}

static void on_response(void *user, const struct error *error, const struct https_response *r)
{
    struct bbn *b = user;
    struct error e = { 0 };
    b->asking = false;
    if (error) {
        end(b, error, NULL);
        return;
    }
    struct bbn_answer answer = { .status = r->status, .retry_after_s = retry_after(r) };
    if (r->status == 200)
        answer.octets = r->body;
    bool good = judge(b, r, &e) == ERROR_NONE;
    end(b, good ? NULL : &e, &answer);
}

/* --- the request --- */

static void send(struct bbn *b)
{
    char header[HEADER_CAP] = "Authorization: COSE-Sign1 ", base64[HEADER_CAP - 64];
    const char *headers[] = { header, "Accept: application/cose", NULL };
    struct error e = { 0 };
    struct slice cose = { b->cose, b->cose_len };
    bool fits = text_base64_encode(cose, base64, sizeof base64);
    struct https_request q = { .url = b->url, .content_type = b->post ? "application/cose" : NULL, .headers = b->post ? NULL : headers,
                               .roots_pem = b->site->factory.roots_pem, .trust = &b->trust, .lease = &b->lease, .max_response = BEI_OCTETS_MAX,
                               .timeout_ms = TIMEOUT_MS, .now = clock_now(&b->site->clock), .address = b->has_address ? &b->address : NULL };
    if (b->post)
        q.body = cose;
    else
        (void)strcat(header, fits ? base64 : "");
    b->asking = fits && https_post(b->https, &q, on_response, b, &e) == ERROR_NONE;
    if (!b->asking)
        end(b, &e, NULL);
}

static void on_signed(void *user, enum error_code status, struct slice cose)
{
    struct bbn *b = user;
    struct error e;
    b->call = 0;
    if (status || cose.len > sizeof b->cose) {
        error_set(&e, status ? status : ERROR_TOO_LARGE, "request to a briefing node: %s", error_text(status ? status : ERROR_TOO_LARGE));
        end(b, &e, NULL);
        return;
    }
    memcpy(b->cose, cose.data, cose.len);
    b->cose_len = cose.len;
    send(b);
}

static struct bbn *request_new(struct site *site, struct https *https, const struct bbn_node *node, bbn_done_fn *fn, void *user)
{
    struct bbn *b = calloc(1, sizeof *b);
    if (!b)
        abort(); /* the agent restarts */
    *b = (struct bbn){ .site = site, .https = https, .trust = *node->trust, .lease = *node->lease, .fn = fn, .user = user };
    b->payload_writer = writer_make(b->payload, sizeof b->payload);
    b->has_address = node->address != NULL;
    if (node->address)
        b->address = *node->address;
    return b;
}

static void put_text(struct writer *w, unsigned key, const char *text)
{
    cbor_put_uint(w, key);
    cbor_put_text(w, text);
}

/* What every request says: what is asked, once (nonce), when, and from which network. */
static void put_request(struct bbn *b, unsigned fields)
{
    uint8_t nonce[NONCE];
    char network[256];
    struct writer *w = &b->payload_writer;
    cbor_put_map(w, fields);
    put_text(w, REQUEST_METHOD, b->post ? "POST" : "GET");
    put_text(w, REQUEST_URL, b->url);
    cbor_put_uint(w, REQUEST_NONCE);
    if (RAND_bytes(nonce, sizeof nonce) != 1)
        w->failed = true;
    cbor_put_bytes(w, nonce, sizeof nonce);
    cbor_put_uint(w, REQUEST_TIME);
    cbor_put_uint(w, clock_now(&b->site->clock));
    put_text(w, REQUEST_NETWORK, site_network_facts(b->site, site_lease_apn(b->site, &b->lease), network, sizeof network));
}

static void request_sign(struct bbn *b)
{
    b->call = trust_sign_request(b->site->trust, writer_slice(&b->payload_writer), on_signed, b);
}

struct bbn *bbn_ask(struct site *site, struct https *https, const struct bbn_node *node, const char *context, uint64_t last_seq, bbn_done_fn *fn,
                    void *user)
{
    struct bbn *b = request_new(site, https, node, fn, user);
    size_t len = strlen(node->uri);
    int base = (int)(len && node->uri[len - 1] == '/' ? len - 1 : len);
    (void)snprintf(b->url, sizeof b->url, "%.*s/v1/bei?node=urn:gateway:%s&ctx=%s&seq=%llu", base, node->uri, site->factory.gateway_id, context,
                   (unsigned long long)last_seq);
    put_request(b, 5);
    request_sign(b);
    return b;
}

struct bbn *bbn_report(struct site *site, struct https *https, const struct bbn_node *node, const char *url, const struct bbn_result *result,
                       bbn_done_fn *fn, void *user)
{
    struct bbn *b = request_new(site, https, node, fn, user);
    b->post = true;
    (void)text_copy(b->url, sizeof b->url, url);
    put_request(b, 6);
    cbor_put_uint(&b->payload_writer, REQUEST_RESULT);
    cbor_put_array(&b->payload_writer, 4);
    cbor_put_text(&b->payload_writer, result->id);
    cbor_put_uint(&b->payload_writer, result->seq);
    cbor_put_text(&b->payload_writer, result->phase);
    cbor_put_text(&b->payload_writer, result->code);
    request_sign(b);
    return b;
}
