/* SPDX-License-Identifier: Apache-2.0 */
/* The lifecycle of a MID: which actor may take it from which state to which. */
#ifndef TRED_LIFECYCLE_H
#define TRED_LIFECYCLE_H

#include <stdbool.h>

#include "model/mid.h"

/* REQUEST: MID_SET_STATE by agentd. ANOMALY: an integrity check of the TRE. PACKAGE: a newer package signed by the issuer, which is also the only
 * way out of BLOCKED but ERASED. */
enum lifecycle_actor { LIFECYCLE_REQUEST = 1, LIFECYCLE_ANOMALY = 2, LIFECYCLE_PACKAGE = 4 };

bool lifecycle_allows(enum lifecycle_actor actor, enum mid_state from, enum mid_state to);
/* State of a MID in `from` after its update by a package: the same, but a BLOCKED one goes back to what it was, never to ACTIVE. */
enum mid_state lifecycle_updated(enum mid_state from, enum mid_state before_blocked);

#endif
