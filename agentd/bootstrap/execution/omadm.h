/* SPDX-License-Identifier: Apache-2.0 */
/* Execution stage by OMA DM: waits for a trusted clock, opens the registration token in the TRE, runs one DM session over the lease. */
#ifndef BOOTSTRAP_EXECUTION_OMADM_H
#define BOOTSTRAP_EXECUTION_OMADM_H

#include "bootstrap/site.h"
#include "dm/dm.h"

struct omadm;

struct omadm_task {
    const struct dm_account *account; /* copied */
    const char *context;
    const struct lease *lease;        /* copied */
    const char *apn;                  /* for the network facts; "" without */
    bool report;                      /* a report session with report_code */
    int report_code;
    bool management, by_server;       /* like those of struct dm_job; a management session needs no registration token */
    uint16_t session_id;
};

/* fn: once from the loop, like dm_done_fn. waiting (may be NULL): told with a sentence while the clock is awaited. */
struct omadm *omadm_start(struct site *site, const struct omadm_task *task, dm_done_fn *fn, void (*waiting)(void *user, const char *text),
                          void *user);
void omadm_cancel(struct omadm *o); /* fn is not called; NULL is fine. After fn it frees itself */
void omadm_stop(struct omadm *o, const struct error *why); /* it failed so: fn is called at once, with the nonces that a session came to */

#endif
