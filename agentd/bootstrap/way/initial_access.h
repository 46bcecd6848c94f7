/* SPDX-License-Identifier: Apache-2.0 */
/* The first way to the network of a gateway that has none: the card in its modem is a PCID, whose access point leads to the RO's hosts alone (TR 33.812, 5.2.2.6.1
 * steps 1 to 7). For the questions of a round (pull) and the OMA DM session of a job; nothing else is ever given this lease. */
#ifndef BOOTSTRAP_INITIAL_ACCESS_H
#define BOOTSTRAP_INITIAL_ACCESS_H

#include "bootstrap/site.h"

/* Whether the way out is the initial access: the factory names one, the card is a PCID, nothing is installed that leads anywhere, and by agentd.conf the host's own
 * uplink is not to be used, or is none. */
bool initial_access_is_due(const struct site *s);
/* Whether it may become due: the factory names one, there is no other way, and the modem is not there yet or looks for its network. */
bool initial_access_is_awaited(const struct site *s);
/* NONE if it leads to the host of uri; else POLICY with the hosts that it is for. */
enum error_code initial_access_check(const struct site *s, const char *uri, struct error *err);
/* Brings it up; fn as of bearers_connect. One attempt: who asks has the back-off, and its jitter. */
void initial_access_connect(struct site *s, bearer_lease_fn *fn, void *user);
/* Its lease while it is up; NULL if it is not. */
const struct lease *initial_access_lease(const struct site *s);
/* Nobody needs it now: another gateway may be waiting to use the same PCID. */
void initial_access_leave(struct site *s);

#endif
