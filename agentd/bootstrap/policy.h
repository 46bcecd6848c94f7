/* SPDX-License-Identifier: Apache-2.0 */
/* Who may trigger what (DESIGN trust rules 1, 4, 7; situations). Pure decisions over facts. */
#ifndef BOOTSTRAP_POLICY_H
#define BOOTSTRAP_POLICY_H

#include "bootstrap/site.h"
#include "model/trigger.h"

/* ERROR_NONE, or CONTEXT_COMMITTED, POLICY, INCOMPLETE, UNPROVISIONED with text. */
enum error_code policy_authorise(struct site *s, const struct trigger *t, struct error *err);

/* Place of a source (a Job's Source) in the order of agentd.conf: 0 is the highest. */
size_t policy_rank(const struct site *s, const char *source);

enum way { WAY_HOST, WAY_CELLULAR, WAY_WAIT };
enum { POLICY_WAITED = INT32_MAX }; /* long enough */
/* The host's own uplink is the one to be used, or may be and leads anywhere. */
bool policy_host_leads(const struct site *s);
/* How to reach the server: over a bearer of ours, over the host's uplink, or not yet (no modem shown so far). napdef NULL: no access point is named. waited_ms: how long
 * already. */
enum way policy_way(struct site *s, const char *source, const struct napdef *napdef, uint64_t waited_ms);
/* ERROR_NONE if the present modem may be used for data; NOT_REGISTERED, NO_MODEM (wait), ROAMING. */
enum error_code policy_modem(struct site *s, struct error *err);

#endif
