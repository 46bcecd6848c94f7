/* SPDX-License-Identifier: Apache-2.0 */
/* The way of a question that nobody has triggered: the host's uplink, the bearer that is up, or one that is brought up for the question (the initial access, where that is due) and
 * goes down again behind it. */
#ifndef BOOTSTRAP_QUESTION_WAY_H
#define BOOTSTRAP_QUESTION_WAY_H

#include "bootstrap/service/service.h"

struct question_way;

/* err: NO_MODEM, NOT_REGISTERED, ROAMING, POLICY, NOT_READY, BUSY (a job has the bearer), and those of bearers_connect; lease NULL then. */
typedef void question_way_fn(void *user, const struct error *err, const struct lease *lease);

struct question_way *question_way_new(struct site *site, struct service *service);
void question_way_free(struct question_way *w); /* NULL is fine */
/* A job is at work, and not over the host's uplink: a question would take its bearer away, and what it brings would not be taken. Or the card may turn out to be a PCID: for
 * the first minute in which this is asked the modem is waited for. */
bool question_way_waits(struct question_way *w);
/* For a question about that context. fn once from the loop; one at a time. */
void question_way_want(struct question_way *w, const char *context, question_way_fn *fn, void *user);
/* The question is over. A bearer that came up for it stays while a job is at work, and for good if the job has installed it. */
void question_way_done(struct question_way *w);

#endif
