/* SPDX-License-Identifier: Apache-2.0 */
/* Client of a briefing node (doc briefing-node): asks for an instruction and reports its result, over HTTPS or CoAP. The gateway proves itself by a COSE_Sign1 of the TRE
 * over each request, and over CoAP, where a question has no body, by its device certificate. */
#ifndef BOOTSTRAP_BRIEFING_BBN_H
#define BOOTSTRAP_BRIEFING_BBN_H

#include "bootstrap/site.h"

struct bbn;

struct bbn_node {
    const char *uri;                 /* https, coaps or coaps+tcp://host[:port], without path */
    const struct server_trust *trust;
    const struct ip_address *address; /* where a discovered node is; NULL: by its name */
    const struct lease *lease;
};

struct bbn_answer {
    bool final;             /* there is an answer, and the same request will have no other */
    struct slice octets;    /* the instruction, not judged yet; borrowed for the call */
    uint32_t retry_after_s; /* 0: not said */
};

/* err NULL: an instruction, or none. NOT_READY, DENIED, CLIENT_AUTH, REPLAYED, PROTOCOL, HTTP and SERVER_STATUS (other answers of HTTP and CoAP); otherwise no
 * answer came (errors of bbn_call.h, of the TRE). */
typedef void bbn_done_fn(void *user, const struct error *err, const struct bbn_answer *answer);

/* GET /v1/bei (CoAP: /bei) for context, with the last number accepted from a node and the network facts. fn once from the loop. The clock must be trusted. */
struct bbn *bbn_ask(struct site *site, struct https *https, const struct bbn_node *node, const char *context, uint64_t last_seq, bbn_done_fn *fn,
                    void *user);

struct bbn_result {
    const char *id, *phase, *code; /* done or failed; error name */
    uint64_t seq;
};
/* POST to url, which the instruction named. node->uri is not looked at. */
struct bbn *bbn_report(struct site *site, struct https *https, const struct bbn_node *node, const char *url, const struct bbn_result *result,
                       bbn_done_fn *fn, void *user);
void bbn_cancel(struct bbn *b); /* NULL is fine; after fn it frees itself */

#endif
