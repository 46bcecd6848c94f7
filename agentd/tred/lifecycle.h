/* SPDX-License-Identifier: Apache-2.0 */
/* The lifecycle of a MID: one table, state and event to the next state. */
#ifndef TRED_LIFECYCLE_H
#define TRED_LIFECYCLE_H

#include <stdbool.h>

#include "model/mid.h"

enum { LIFECYCLE_NONE = 0 }; /* the state of a MID that is not installed, beside enum mid_state */

/* PACKAGE: a newer package of the issuer. ACTIVATE, SUSPEND, BLOCK, ERASE: requests of this gateway. ANOMALY: an integrity check of the TRE.
 * ORDER_*: signed orders of the issuer. */
enum lifecycle_event {
    LIFECYCLE_PACKAGE, LIFECYCLE_ACTIVATE, LIFECYCLE_SUSPEND, LIFECYCLE_BLOCK, LIFECYCLE_ERASE, LIFECYCLE_ANOMALY,
    LIFECYCLE_ORDER_BLOCK, LIFECYCLE_ORDER_UNBLOCK, LIFECYCLE_ORDER_MIGRATE, LIFECYCLE_ORDER_ERASE,
};
enum { LIFECYCLE_EVENTS = LIFECYCLE_ORDER_ERASE + 1 };

/* The state of a MID in `from` after the event; LIFECYCLE_NONE if it is refused. before: what a BLOCKED one was, to which it may go back, but
 * never to ACTIVE. */
int lifecycle_next(int from, enum mid_state before, enum lifecycle_event event);
/* The event by which agentd asks for a state; false if no request leads there. */
bool lifecycle_request(enum mid_state to, enum lifecycle_event *event);
/* Whether a MID in that state has a record with keys. */
bool lifecycle_holds_keys(enum mid_state state);

#endif
