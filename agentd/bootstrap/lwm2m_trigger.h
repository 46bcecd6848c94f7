/* SPDX-License-Identifier: Apache-2.0 */
/* LwM2M triggers by push (LwM2M 1.0 appendix L): nobody proves who sent them, so all that one can cause is one Update of a registration, or one
 * client-initiated bootstrap, over the account's own secured session, so many an hour and no more. Nothing is answered over SMS. */
#ifndef BOOTSTRAP_LWM2M_TRIGGER_H
#define BOOTSTRAP_LWM2M_TRIGGER_H

#include "bootstrap/job/job.h"
#include "bootstrap/service/service.h"
#include "bootstrap/site.h"

struct lwm2m_triggers;

/* Takes the LwM2M triggers of the conductor. Counts in Manager.TriggersCarriedOut and Manager.TriggersLimited. */
struct lwm2m_triggers *lwm2m_triggers_new(struct site *site, struct service *service, struct conductor *conductor);
void lwm2m_triggers_free(struct lwm2m_triggers *t);

#endif
