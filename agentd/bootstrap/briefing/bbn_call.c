/* SPDX-License-Identifier: Apache-2.0 */
/* Owns the request under way, and over CoAP the body so far. Never takes more of a body than an instruction may have, never asks for less than TLS. */
#include "bootstrap/briefing/bbn_call.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "codec/bei.h"
#include "lwm2m/coap_pull.h"

enum { HEADER_CAP = 2304, RETRY_MAX = 7 * 24 * 3600, OK = 200 };
enum { HTTPS_MS = 30000, COAP_MS = 120000 /* above MAX_TRANSMIT_WAIT of RFC 7252 */ };
enum { COSE_SIGN1 = 18 /* Content-Format of RFC 9052 section 11.3 */ };

struct bbn_call {
    struct site *site;
    struct bbn_call_order order;
    bbn_reply_fn *fn;
    void *user;
    struct https *https;    /* NULL: nothing under way there */
    struct coap_pull *coap;
    struct lwm2m_rules rules;
    uint32_t call; /* at the TRE */
    uint8_t body[BEI_OCTETS_MAX];
    struct writer writer;
};

void bbn_call_free(struct bbn_call *c)
{
    if (!c)
        return;
    if (c->call)
        trust_cancel(c->site->trust, c->call);
    https_cancel(c->https);
    coap_pull_free(c->coap);
    free(c);
}

static void end(struct bbn_call *c, const struct error *err, const struct bbn_reply *reply)
{
    c->fn(c->user, err, reply);
    bbn_call_free(c);
}

/* --- HTTPS --- */

static uint32_t retry_after(const struct https_response *r)
{
    const char *text = r->header(r, "Retry-After"); /* RFC 9110 10.2.3; dates are not taken */
    uint64_t seconds = 0;
    if (!text || !text_decimal((struct slice){ (const uint8_t *)text, strlen(text) }, RETRY_MAX, &seconds))
        return 0;
    return (uint32_t)seconds;
}

static void on_response(void *user, const struct error *error, const struct https_response *r)
{
    struct bbn_call *c = user;
    struct error e;
    c->https = NULL;
    if (error) {
        end(c, error, NULL);
        return;
    }
    struct bbn_reply reply = { .status = (unsigned)r->status, .retry_after_s = retry_after(r) };
    if (r->status == OK && !c->order.post && strcmp(r->content_type, "application/cose") != 0) {
        error_set(&e, ERROR_PROTOCOL, "briefing node: content type %.60s", r->content_type);
        end(c, &e, NULL);
        return;
    }
    if (r->status == OK)
        reply.octets = r->body;
    end(c, NULL, &reply);
}

static enum error_code send_https(struct bbn_call *c, struct https *https, struct error *err)
{
    const struct bbn_call_order *o = &c->order;
    char header[HEADER_CAP] = "Authorization: COSE-Sign1 ", base64[HEADER_CAP - 64];
    const char *headers[] = { header, "Accept: application/cose", NULL };
    struct https_request q = { .url = o->url, .content_type = o->post ? "application/cose" : NULL, .headers = o->post ? NULL : headers,
                               .roots_pem = c->site->factory.roots_pem, .trust = o->node->trust, .lease = o->node->lease, .max_response = BEI_OCTETS_MAX,
                               .timeout_ms = HTTPS_MS, .now = clock_now(&c->site->clock), .address = o->node->address };
    if (o->post)
        q.body = o->cose;
    else if (text_base64_encode(o->cose, base64, sizeof base64))
        (void)strcat(header, base64);
    else
        return error_set(err, ERROR_TOO_LARGE, "the signed request");
    enum error_code rc = https_post(https, &q, on_response, c, err);
    c->https = rc ? NULL : https;
    return rc;
}

/* --- CoAP --- */

static enum error_code on_octets(void *user, struct slice octets)
{
    struct bbn_call *c = user;
    writer_put(&c->writer, octets.data, octets.len);
    return c->writer.failed ? ERROR_TOO_LARGE : ERROR_NONE;
}

static void on_pulled(void *user, const struct coap_pull_end *told)
{
    struct bbn_call *c = user;
    bool whole = told->result == DOWNLOAD_WHOLE, failed = !whole && (!told->code || told->error->code != ERROR_SERVER_STATUS);
    struct bbn_reply reply = { .coap = true, .status = 100U * (told->code >> 5) + (told->code & 31), .retry_after_s = told->max_age <= RETRY_MAX ? told->max_age : 0 };
    c->coap = NULL;
    if (whole)
        reply.octets = writer_slice(&c->writer);
    end(c, failed ? told->error : NULL, failed ? NULL : &reply);
}

static void pull(struct bbn_call *c, struct slice certificate)
{
    const struct bbn_call_order *o = &c->order;
    enum download_result why;
    struct error e = { 0 };
    c->rules = site_lwm2m_rules(c->site);
    c->rules.nosec = false; /* what lwm2m-nosec allows is not for instructions */
    struct coap_pull_order order = { .file = { o->url, o->node->trust, certificate, clock_now(&c->site->clock) }, .lease = o->node->lease, .address = o->node->address,
                                     .rules = &c->rules, .format = COSE_SIGN1 + 1, .post = o->post ? o->cose : (struct slice){ NULL, 0 }, .timeout_ms = COAP_MS,
                                     .sink = on_octets, .ended = on_pulled, .user = c };
    c->coap = coap_pull_new(c->site->loop, &order, &why, &e);
    if (!c->coap)
        end(c, &e, NULL);
}

/* A gateway without a certificate asks too: it is the node's choice what it wants to see. */
static void on_keys(void *user, enum error_code status, const struct trust_keys *keys)
{
    struct bbn_call *c = user;
    struct error e;
    c->call = 0;
    if (!status) {
        pull(c, keys->certificate);
        return;
    }
    error_set(&e, status, "device certificate for %.100s: %s", c->order.url, error_text(status));
    end(c, &e, NULL);
}

/* --- life --- */

bool bbn_call_is_coap(const char *url)
{
    return coap_pull_is(url);
}

struct bbn_call *bbn_call_new(struct site *site, struct https *https, const struct bbn_call_order *order, bbn_reply_fn *fn, void *user, struct error *err)
{
    struct bbn_call *c = calloc(1, sizeof *c);
    if (!c)
        abort(); /* the agent restarts */
    *c = (struct bbn_call){ .site = site, .order = *order, .fn = fn, .user = user };
    c->writer = writer_make(c->body, sizeof c->body);
    if (bbn_call_is_coap(order->url)) {
        c->call = trust_keys(site->trust, on_keys, c);
        return c;
    }
    if (!send_https(c, https, err))
        return c;
    bbn_call_free(c);
    return NULL;
}
