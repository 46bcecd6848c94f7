/* SPDX-License-Identifier: Apache-2.0 */
/* One request to a briefing node and its answer, over HTTPS or, by coaps: and coaps+tcp:, over CoAP: what either of them says, as one value. Over CoAP the device
 * certificate is there for a node that asks for it. Must never look into what is asked and answered. */
#ifndef BOOTSTRAP_BRIEFING_BBN_CALL_H
#define BOOTSTRAP_BRIEFING_BBN_CALL_H

#include "bootstrap/briefing/bbn.h"

struct bbn_call;

struct bbn_call_order {       /* borrowed until the answer */
    const char *url;
    bool post;
    struct slice cose;        /* the body of a POST; of a GET over HTTPS the Authorization, over CoAP nothing */
    const struct bbn_node *node; /* all but its uri */
};

struct bbn_reply {
    bool coap;
    unsigned status;          /* of HTTP; of CoAP 100 * class + detail: 403 is 4.03 */
    struct slice octets;      /* of an instruction, by its content type; else empty. Borrowed for the call */
    uint32_t retry_after_s;   /* Retry-After, Max-Age (RFC 7252 clause 5.9.3.4); 0: not said */
};

/* err NULL: the node has answered. Otherwise those of net/https.h and of the CoAP session, PROTOCOL (content type), TOO_LARGE; reply NULL then. */
typedef void bbn_reply_fn(void *user, const struct error *err, const struct bbn_reply *reply);

bool bbn_call_is_coap(const char *url);
/* fn once from the loop; the call is free then. NULL with err: it cannot be made. */
struct bbn_call *bbn_call_new(struct site *site, struct https *https, const struct bbn_call_order *order, bbn_reply_fn *fn, void *user, struct error *err);
void bbn_call_free(struct bbn_call *c); /* fn is not called; NULL is fine */

#endif
