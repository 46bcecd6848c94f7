/* SPDX-License-Identifier: Apache-2.0 */
/* The lifecycle (TR 33.812 5.1.1.1). What the table leaves empty is refused.
 *
 *   (none) --package--> PROVISIONED --activate--> ACTIVE <--activate, suspend--> SUSPENDED
 *   PROVISIONED, ACTIVE, SUSPENDED --newer package--> the same, newer
 *   PROVISIONED, ACTIVE, SUSPENDED --anomaly, block--> BLOCKED --unblock, newer package--> what it was, never ACTIVE
 *   PROVISIONED, ACTIVE, SUSPENDED --order to migrate--> MIGRATING (its keys are overwritten) --erase--> ERASED
 *   any --erase--> ERASED (a tombstone) --newer package--> PROVISIONED */
#include "tred/lifecycle.h"

#include <stddef.h>

enum { STATES = MID_ERASED + 1, BACK = STATES /* what it was before it was BLOCKED */ };

static const unsigned char table[STATES][LIFECYCLE_EVENTS] = {
    [LIFECYCLE_NONE] = { [LIFECYCLE_PACKAGE] = MID_PROVISIONED },
    [MID_PROVISIONED] = {
        [LIFECYCLE_PACKAGE] = MID_PROVISIONED,
        [LIFECYCLE_ACTIVATE] = MID_ACTIVE,
        [LIFECYCLE_BLOCK] = MID_BLOCKED, [LIFECYCLE_ANOMALY] = MID_BLOCKED, [LIFECYCLE_ORDER_BLOCK] = MID_BLOCKED,
        [LIFECYCLE_ORDER_MIGRATE] = MID_MIGRATING,
        [LIFECYCLE_ERASE] = MID_ERASED, [LIFECYCLE_ORDER_ERASE] = MID_ERASED,
    },
    [MID_ACTIVE] = {
        [LIFECYCLE_PACKAGE] = MID_ACTIVE,
        [LIFECYCLE_SUSPEND] = MID_SUSPENDED,
        [LIFECYCLE_BLOCK] = MID_BLOCKED, [LIFECYCLE_ANOMALY] = MID_BLOCKED, [LIFECYCLE_ORDER_BLOCK] = MID_BLOCKED,
        [LIFECYCLE_ORDER_MIGRATE] = MID_MIGRATING,
        [LIFECYCLE_ERASE] = MID_ERASED, [LIFECYCLE_ORDER_ERASE] = MID_ERASED,
    },
    [MID_SUSPENDED] = {
        [LIFECYCLE_PACKAGE] = MID_SUSPENDED,
        [LIFECYCLE_ACTIVATE] = MID_ACTIVE,
        [LIFECYCLE_BLOCK] = MID_BLOCKED, [LIFECYCLE_ANOMALY] = MID_BLOCKED, [LIFECYCLE_ORDER_BLOCK] = MID_BLOCKED,
        [LIFECYCLE_ORDER_MIGRATE] = MID_MIGRATING,
        [LIFECYCLE_ERASE] = MID_ERASED, [LIFECYCLE_ORDER_ERASE] = MID_ERASED,
    },
    [MID_BLOCKED] = {
        [LIFECYCLE_PACKAGE] = BACK, [LIFECYCLE_ORDER_UNBLOCK] = BACK,
        [LIFECYCLE_ERASE] = MID_ERASED, [LIFECYCLE_ORDER_ERASE] = MID_ERASED,
    },
    [MID_MIGRATING] = { [LIFECYCLE_ERASE] = MID_ERASED, [LIFECYCLE_ORDER_ERASE] = MID_ERASED },
    [MID_ERASED] = { [LIFECYCLE_PACKAGE] = MID_PROVISIONED },
};

int lifecycle_next(int from, enum mid_state before, enum lifecycle_event event)
{
    if (from < 0 || from >= STATES || (int)event < 0 || (int)event >= LIFECYCLE_EVENTS)
        return LIFECYCLE_NONE;
    int to = table[from][event];
    if (to != BACK)
        return to;
    return before == MID_PROVISIONED ? MID_PROVISIONED : MID_SUSPENDED;
}

bool lifecycle_request(enum mid_state to, enum lifecycle_event *event)
{
    switch (to) {
    case MID_ACTIVE:
        *event = LIFECYCLE_ACTIVATE;
        return true;
    case MID_SUSPENDED:
        *event = LIFECYCLE_SUSPEND;
        return true;
    case MID_BLOCKED:
        *event = LIFECYCLE_BLOCK;
        return true;
    case MID_ERASED:
        *event = LIFECYCLE_ERASE;
        return true;
    case MID_PROVISIONED:
    case MID_MIGRATING:
        break;
    }
    return false;
}

bool lifecycle_holds_keys(enum mid_state state)
{
    return state != MID_ERASED && state != MID_MIGRATING;
}
