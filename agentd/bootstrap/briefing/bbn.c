/* SPDX-License-Identifier: Apache-2.0 */
/* One request: payload -> signature by the TRE -> node; a GET over CoAP goes unsigned, there the handshake has shown who asks. Must never look into an instruction: that is
 * the start stage's business. */
#include "bootstrap/briefing/bbn.h"

#include <ctype.h>
#include <openssl/rand.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "bootstrap/briefing/bbn_call.h"
#include "codec/cbor.h"

enum { URL_CAP = 768, NONCE = 16, PAYLOAD_CAP = 1200, SIGNED_CAP = 1600, FACTS_CAP = 254 /* with its name, of one Uri-Query (RFC 7252 clause 5.10) */, ESCAPED = 3 };
enum { REQUEST_METHOD = 1, REQUEST_URL, REQUEST_NONCE, REQUEST_TIME, REQUEST_NETWORK, REQUEST_RESULT };

struct bbn {
    struct site *site;
    struct https *https;
    bool post;
    char url[URL_CAP];
    struct server_trust trust;
    struct ip_address address;
    struct lease lease;
    struct bbn_node node; /* of these */
    uint8_t payload[PAYLOAD_CAP], cose[SIGNED_CAP];
    struct writer payload_writer;
    size_t cose_len;
    bbn_done_fn *fn;
    void *user;
    uint32_t call;
    uint64_t starter;
    struct bbn_call *asking;
};

void bbn_cancel(struct bbn *b)
{
    if (!b)
        return;
    if (b->call)
        trust_cancel(b->site->trust, b->call);
    loop_cancel(b->site->loop, &b->starter);
    bbn_call_free(b->asking);
    free(b);
}

static void end(struct bbn *b, const struct error *err, const struct bbn_answer *answer)
{
    static const struct bbn_answer none;
    b->fn(b->user, err, answer ? answer : &none);
    bbn_cancel(b);
}

/* --- the answer --- */

enum { HTTP = 1, COAP = 2 };
static const struct row {
    unsigned status, of;
    enum error_code code;
    const char *words;
} rows[] = {
    { 200, HTTP, ERROR_NONE, "" },
    { 203, COAP, ERROR_NONE, "" }, /* 2.03: what the gateway knows is still valid */
    { 204, HTTP | COAP, ERROR_NONE, "" },
    { 205, COAP, ERROR_NONE, "" },
    { 202, HTTP, ERROR_NOT_READY, "has no answer yet" },
    { 503, HTTP | COAP, ERROR_NOT_READY, "has no answer yet" },
    { 429, HTTP | COAP, ERROR_NOT_READY, "is asked too often" }, /* RFC 6585 section 4, RFC 8516 */
    { 401, HTTP | COAP, ERROR_CLIENT_AUTH, "does not accept how the gateway proves itself" },
    { 403, HTTP | COAP, ERROR_DENIED, "does not know this gateway" },
    { 406, HTTP | COAP, ERROR_PROTOCOL, "has no instruction in COSE" },
    { 409, HTTP | COAP, ERROR_REPLAYED, "finds that sequence numbers do not fit" },
    { 404, HTTP, ERROR_HTTP, "is not at this URI" },
    { 404, COAP, ERROR_SERVER_STATUS, "is not at this URI" },
};

static enum error_code judge(const struct bbn_reply *r, struct error *err)
{
    char status[16];
    (void)snprintf(status, sizeof status, r->coap ? "%u.%02u" : "%u%02u", r->status / 100, r->status % 100);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (rows[i].status == r->status && rows[i].of & (r->coap ? COAP : HTTP))
            return rows[i].code ? error_set(err, rows[i].code, "briefing node %s (%s)", rows[i].words, status) : ERROR_NONE;
    return error_set(err, r->coap ? ERROR_SERVER_STATUS : ERROR_HTTP, "briefing node answered %s", status);
}

static void on_reply(void *user, const struct error *error, const struct bbn_reply *r)
{
    struct bbn *b = user;
    struct error e = { 0 };
    b->asking = NULL;
    if (error) {
        end(b, error, NULL);
        return;
    }
    bool good = judge(r, &e) == ERROR_NONE;
    struct bbn_answer answer = { .octets = r->octets, .retry_after_s = r->retry_after_s, .final = good || (r->status / 100 == 4 && e.code != ERROR_NOT_READY) };
    end(b, good ? NULL : &e, &answer);
}

/* --- the request --- */

static void send(struct bbn *b)
{
    struct error e = { 0 };
    struct bbn_call_order order = { .url = b->url, .post = b->post, .cose = { b->cose, b->cose_len }, .node = &b->node };
    b->asking = bbn_call_new(b->site, b->https, &order, on_reply, b, &e);
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
    if (node->address)
        b->address = *node->address;
    b->node = (struct bbn_node){ .trust = &b->trust, .lease = &b->lease, .address = node->address ? &b->address : NULL };
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

static void on_start(void *user)
{
    struct bbn *b = user;
    b->starter = 0;
    send(b);
}

/* Whence it is asked, at the end of the URL: escaped (RFC 3986 clause 2.1), as much as fits. */
static void put_facts(struct bbn *b)
{
    char network[256];
    size_t at = strlen(b->url), end = at + FACTS_CAP < sizeof b->url ? at + FACTS_CAP : sizeof b->url;
    at += (size_t)snprintf(&b->url[at], end - at, "&w=");
    for (const char *p = site_network_facts(b->site, site_lease_apn(b->site, &b->lease), network, sizeof network); *p && at + ESCAPED < end; p++) {
        bool plain = isalnum((unsigned char)*p) || strchr("-._~:;=", *p);
        at += (size_t)snprintf(&b->url[at], end - at, plain ? "%c" : "%%%02X", (unsigned char)*p);
    }
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
    bool coap = bbn_call_is_coap(node->uri);
    (void)snprintf(b->url, sizeof b->url, coap ? "%.*s/bei?n=urn:gateway:%s&c=%s&s=%llu" : "%.*s/v1/bei?node=urn:gateway:%s&ctx=%s&seq=%llu", base, node->uri,
                   site->factory.gateway_id, context, (unsigned long long)last_seq);
    if (coap) {
        put_facts(b);
        b->starter = loop_timer(site->loop, 0, on_start, b);
        return b;
    }
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
