/* SPDX-License-Identifier: Apache-2.0 */
/* Management sessions that a server asks for by Package #0 (OMA DM Notification 1.2): the notification is judged by the TRE, then the account's session runs
 * over the way of its context, as a Job of kind "session". One at a time, and none beside a bootstrap. The same session id twice is one session. What is
 * refused is told here, never to the sender. */
#ifndef BOOTSTRAP_SESSION_H
#define BOOTSTRAP_SESSION_H

#include "bootstrap/job/job.h"
#include "bootstrap/service/service.h"
#include "bootstrap/site.h"

struct sessions;

/* Takes the notifications of the conductor. */
struct sessions *sessions_new(struct site *site, struct service *service, struct conductor *conductor);
void sessions_free(struct sessions *s); /* NULL is fine; what runs is dropped */
enum error_code sessions_cancel(struct sessions *s, const char *job_id, struct error *err); /* NOT_FOUND for others' jobs */

#endif
