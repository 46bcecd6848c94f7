/* SPDX-License-Identifier: Apache-2.0 */
/* Asking without being triggered (DESIGN situations: no SMS): at start, by schedule and after a failure, the briefing node and the factory's accounts are
 * tried in the configured order, over any uplink, with back-off 1, 2, 4 .. 64 times the retry time and 25 % of jitter. Also owes the result of an
 * instruction to whom it named. Shows Manager.BriefingState and NextBriefing. */
#ifndef BOOTSTRAP_PULL_H
#define BOOTSTRAP_PULL_H

#include "bootstrap/service/service.h"

struct pull;

struct pull_settings {
    uint32_t retry_s;    /* first delay after a failure */
    uint32_t interval_s; /* between two questions that were answered */
};

struct pull_calls {
    /* Gives octets to the inbox under a source name. False while that cannot be (a job runs). */
    bool (*offer)(void *user, const char *source, struct slice message);
    /* What the smart cards bring is known: the factory's accounts come behind it (LwM2M Core TS, bootstrap sequence). */
    bool (*cards_known)(void *user);
};

struct pull *pull_new(struct site *site, struct service *service, const struct pull_settings *settings, const struct pull_calls *calls, void *user);
void pull_free(struct pull *p);
/* The TRE is ready: begins soon. Further calls do nothing. */
void pull_start(struct pull *p);
/* A job ended, well or not; what is still open is asked for again, a result is sent. */
void pull_job_ended(struct pull *p, bool succeeded);

#endif
