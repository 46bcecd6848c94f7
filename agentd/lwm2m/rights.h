/* SPDX-License-Identifier: Apache-2.0 */
/* Object 2 of all servers together, for who carries it from a bootstrap to the clients and over a restart. */
#ifndef LWM2M_RIGHTS_H
#define LWM2M_RIGHTS_H

#include "lwm2m/lwm2m.h"
#include "model/access_rights.h"

/* While held, servers and objects are still to come, after a start or a bootstrap: no row goes because what it is of is not there. */
void lwm2m_servers_hold(struct servers *s, bool held);
/* What a bootstrap left takes the place of all rows that its servers own. */
void lwm2m_servers_set_rights(struct servers *s, const struct access_rights *rights);
/* The rows among what lwm2m_servers_write gave; false: it is nothing of the kind, or no memory. */
bool lwm2m_rights_of(struct slice kept, struct access_rights *out);

#endif
