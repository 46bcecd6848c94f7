/* SPDX-License-Identifier: Apache-2.0 */
/* Client of a briefing node (doc briefing-node): asks for an instruction and reports its result over HTTPS. The gateway proves itself by a COSE_Sign1 of the
 * TRE over each request: the device key lies in another process, which a TLS handshake inside the loop could not wait for. */
#ifndef BOOTSTRAP_BRIEFING_BBN_H
#define BOOTSTRAP_BRIEFING_BBN_H

#include "bootstrap/site.h"

struct bbn;

struct bbn_node {
    const char *uri;                 /* https://host[:port], without path */
    const struct server_trust *trust;
    const struct ip_address *address; /* where a discovered node is; NULL: by its name */
    const struct lease *lease;
};

struct bbn_answer {
    long status;            /* of HTTP; 0 without an answer */
    struct slice octets;    /* 200: the instruction, not judged yet; borrowed for the call */
    uint32_t retry_after_s; /* 0: not said */
};

/* err NULL: 200 or 204. NOT_READY 202 and 503, DENIED 403, REPLAYED 409, HTTP another; otherwise no answer came (errors of net/https.h, of the TRE). */
typedef void bbn_done_fn(void *user, const struct error *err, const struct bbn_answer *answer);

/* GET /v1/bei for context, with the last number accepted from a node and the network facts. fn once from the loop. The clock must be trusted. */
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
