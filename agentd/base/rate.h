/* SPDX-License-Identifier: Apache-2.0 */
/* So many in an hour: a bucket of tokens that fills as time goes by, for what strangers can ask for. Full at the start. */
#ifndef BASE_RATE_H
#define BASE_RATE_H

#include <stdbool.h>
#include <stdint.h>

enum { RATE_HOUR_MS = 3600 * 1000 };

struct rate {
    uint32_t per_hour; /* 0: never */
    uint64_t spent_ms; /* what was taken and has not grown again, as time */
    uint64_t last_ms;
};

/* One of them at now (loop milliseconds, never going back); false: not now. */
static inline bool rate_take(struct rate *r, uint64_t now)
{
    if (r->per_hour == 0)
        return false;
    uint64_t cost = RATE_HOUR_MS / r->per_hour, passed = now - r->last_ms;
    r->spent_ms = passed < r->spent_ms ? r->spent_ms - passed : 0;
    r->last_ms = now;
    if (r->spent_ms + cost > RATE_HOUR_MS)
        return false;
    r->spent_ms += cost;
    return true;
}

#endif
