/* SPDX-License-Identifier: Apache-2.0 */
/* Execution stage by LwM2M: one session with the bootstrap server of the settings; its accounts take the place of theirs. */
#ifndef BOOTSTRAP_EXECUTION_LWM2M_H
#define BOOTSTRAP_EXECUTION_LWM2M_H

#include "bootstrap/site.h"
#include "lwm2m/bootstrap.h"

struct lwm2m_execution;

/* fn: once from the loop. error NULL: settings hold the bootstrap server and the accounts that it wrote; else they are as they were. settings are borrowed
 * until then. note: told with a sentence what of the server's is refused, while it may mend it. NULL with err: it cannot begin. */
struct lwm2m_execution *lwm2m_execute(struct site *site, struct settings *settings, const struct lease *lease, void (*fn)(void *user, const struct error *error),
                                      void (*note)(void *user, const char *text), void *user, struct error *err);
uint64_t lwm2m_execution_wait_ms(const struct lwm2m_execution *x); /* of the time that it takes, what the bootstrap server has to begin by itself; before fn */
void lwm2m_execution_cancel(struct lwm2m_execution *x); /* fn is not called; NULL is fine. After fn it frees itself */

#endif
