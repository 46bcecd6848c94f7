/* SPDX-License-Identifier: Apache-2.0 */
/* The trusted clock; reads CLOCK_REALTIME and CLOCK_BOOTTIME, sets nothing. */
#include "base/clock.h"

#include <time.h>

enum { RELEASE_DATE = 1793491200 }; /* 2026-11-01 00:00:00 UTC */

static uint64_t seconds(clockid_t id)
{
    struct timespec ts = { 0 };
    (void)clock_gettime(id, &ts);
    return ts.tv_sec > 0 ? (uint64_t)ts.tv_sec : 0;
}

struct clock_state clock_make(uint64_t saved_floor)
{
    return (struct clock_state){ .floor = saved_floor > RELEASE_DATE ? saved_floor : RELEASE_DATE };
}

enum clock_source clock_source(const struct clock_state *c)
{
    if (seconds(CLOCK_REALTIME) >= c->floor)
        return CLOCK_SYSTEM;
    return c->has_network ? CLOCK_NETWORK : CLOCK_UNTRUSTED;
}

uint64_t clock_now(const struct clock_state *c)
{
    switch (clock_source(c)) {
    case CLOCK_UNTRUSTED:
        return 0;
    case CLOCK_NETWORK:
        return (uint64_t)((int64_t)seconds(CLOCK_BOOTTIME) + c->network_offset);
    case CLOCK_SYSTEM:
        return seconds(CLOCK_REALTIME);
    }
    return 0;
}

bool clock_set_network(struct clock_state *c, uint64_t unix_seconds)
{
    if (unix_seconds < c->floor || unix_seconds > INT64_MAX / 2)
        return false;
    c->network_offset = (int64_t)unix_seconds - (int64_t)seconds(CLOCK_BOOTTIME);
    c->has_network = true;
    return true;
}

const char *clock_source_name(enum clock_source s)
{
    switch (s) {
    case CLOCK_UNTRUSTED:
        return "untrusted";
    case CLOCK_NETWORK:
        return "network";
    case CLOCK_SYSTEM:
        return "system";
    }
    return "untrusted";
}
