/* SPDX-License-Identifier: Apache-2.0 */
/* What an installed context has, as one message of the agent to itself (source "lwm2m"): its LwM2M bootstrap server is to be asked again. The rest goes along,
 * since what a job installs replaces all of its context. Holds secrets: the inbox seals it before it is stored. */
#ifndef BOOTSTRAP_RENEWAL_MESSAGE_H
#define BOOTSTRAP_RENEWAL_MESSAGE_H

#include "base/writer.h"
#include "bootstrap/start/route.h"

/* Begins with 16 random octets, so that no two are taken for one. False: no random octets. */
bool renewal_message_begin(struct writer *w, const char *context);
/* kind: of the store, "bearer", "dm" or "lwm2m"; octets of model/settings_octets.h. */
void renewal_message_add(struct writer *w, const char *kind, struct slice octets);
/* MALFORMED, INCOMPLETE (no bootstrap server in it). */
route_read_fn document_read_renewal;

#endif
