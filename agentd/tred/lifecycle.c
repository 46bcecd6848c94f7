/* SPDX-License-Identifier: Apache-2.0 */
/* The arrows (TR 33.812 5.1.1.1). What is not in the table is refused.
 *
 *   (none) --package--> PROVISIONED --> ACTIVE <--> SUSPENDED
 *   PROVISIONED, ACTIVE, SUSPENDED, MIGRATING --anomaly or order--> BLOCKED --newer package--> what it was, never ACTIVE
 *   PROVISIONED, ACTIVE, SUSPENDED --> MIGRATING --> ERASED
 *   any --> ERASED; ERASED --newer package--> PROVISIONED */
#include "tred/lifecycle.h"

#include <stddef.h>

static const struct {
    enum mid_state from, to;
    unsigned actors;
} arrows[] = {
    { MID_PROVISIONED, MID_ACTIVE, LIFECYCLE_REQUEST },
    { MID_ACTIVE, MID_SUSPENDED, LIFECYCLE_REQUEST },
    { MID_SUSPENDED, MID_ACTIVE, LIFECYCLE_REQUEST },
    { MID_PROVISIONED, MID_BLOCKED, LIFECYCLE_REQUEST | LIFECYCLE_ANOMALY },
    { MID_ACTIVE, MID_BLOCKED, LIFECYCLE_REQUEST | LIFECYCLE_ANOMALY },
    { MID_SUSPENDED, MID_BLOCKED, LIFECYCLE_REQUEST | LIFECYCLE_ANOMALY },
    { MID_MIGRATING, MID_BLOCKED, LIFECYCLE_REQUEST | LIFECYCLE_ANOMALY },
    { MID_PROVISIONED, MID_MIGRATING, LIFECYCLE_REQUEST },
    { MID_ACTIVE, MID_MIGRATING, LIFECYCLE_REQUEST },
    { MID_SUSPENDED, MID_MIGRATING, LIFECYCLE_REQUEST },
    { MID_PROVISIONED, MID_ERASED, LIFECYCLE_REQUEST },
    { MID_ACTIVE, MID_ERASED, LIFECYCLE_REQUEST },
    { MID_SUSPENDED, MID_ERASED, LIFECYCLE_REQUEST },
    { MID_MIGRATING, MID_ERASED, LIFECYCLE_REQUEST },
    { MID_BLOCKED, MID_ERASED, LIFECYCLE_REQUEST },
    { MID_BLOCKED, MID_PROVISIONED, LIFECYCLE_PACKAGE },
    { MID_BLOCKED, MID_SUSPENDED, LIFECYCLE_PACKAGE },
    { MID_BLOCKED, MID_MIGRATING, LIFECYCLE_PACKAGE },
    { MID_ERASED, MID_PROVISIONED, LIFECYCLE_PACKAGE },
    { MID_PROVISIONED, MID_PROVISIONED, LIFECYCLE_PACKAGE },
    { MID_ACTIVE, MID_ACTIVE, LIFECYCLE_PACKAGE },
    { MID_SUSPENDED, MID_SUSPENDED, LIFECYCLE_PACKAGE },
};

bool lifecycle_allows(enum lifecycle_actor actor, enum mid_state from, enum mid_state to)
{
    for (size_t i = 0; i < sizeof arrows / sizeof *arrows; i++)
        if (arrows[i].from == from && arrows[i].to == to)
            return (arrows[i].actors & (unsigned)actor) != 0;
    return false;
}

enum mid_state lifecycle_updated(enum mid_state from, enum mid_state before_blocked)
{
    if (from == MID_ERASED)
        return MID_PROVISIONED;
    if (from == MID_BLOCKED)
        return before_blocked == MID_ACTIVE ? MID_SUSPENDED : before_blocked;
    return from;
}
