/* SPDX-License-Identifier: Apache-2.0 */
/* What the tests of operations share: a client without a session, a clock of ours, requests as values, notifications caught. */
#ifndef TEST_LWM2M_HARNESS_H
#define TEST_LWM2M_HARNESS_H

#include <glib.h>
#include <string.h>

#include "base/text.h"
#include "codec/lwm2m_tlv.h"
#include "lwm2m/block1.h"
#include "lwm2m/interfaces.h"
#include "lwm2m/dedup.h"

extern uint64_t clock_ms;
extern loop_timer_fn *timer_fn;      /* NULL: no timer runs */
extern unsigned notified, reboots;   /* since make() */
extern unsigned clock_reads;         /* how often the device's clock was asked */
extern unsigned unsettled;           /* how often what is kept over a restart was void */
extern uint32_t last_sequence;
extern char last_body[256];
extern bool last_confirmable;
extern uint8_t body[COAP_ANSWER_MAX]; /* of the last answer */

struct ask {
    enum coap_method method;
    const char *path;
    const char *query; /* "&" between, NULL: none */
    int format, accept, observe;
    const void *payload;
    size_t len;
};

struct lwm2m_client *make(void); /* the one client, anew */
void advance(uint64_t ms);       /* runs what is due */
struct slice text_slice(const char *text);
unsigned send(struct lwm2m_client *c, const struct ask *ask, struct coap_answer *answer);
unsigned get(struct lwm2m_client *c, const char *path, int accept, struct coap_answer *a);
unsigned put(struct lwm2m_client *c, enum coap_method method, const char *path, int format, const void *payload, size_t len);
unsigned set_attributes(struct lwm2m_client *c, const char *path, const char *query);
unsigned observe(struct lwm2m_client *c, const char *path, int action);
void expect_text(const struct coap_answer *a, const char *text);
void expect_hex(const struct coap_answer *a, const char *hex);

#endif
