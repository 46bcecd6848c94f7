/* SPDX-License-Identifier: Apache-2.0 */
/* What has gone by is what either clock saw: the loop's, since this run began, or the trusted wall clock, over restarts and reboots. */
#include "bootstrap/service/fallback.h"

#include <inttypes.h>
#include <stdio.h>

static uint64_t gone(const struct fallback *f, struct fallback_time now)
{
    uint64_t here = now.loop_ms - f->asked_at, wall = 0;
    if (f->asked_wall && now.wall > f->asked_wall)
        wall = (now.wall - f->asked_wall) * 1000;
    return wall > here ? wall : here;
}

uint64_t fallback_left(const struct fallback *f, struct fallback_time now)
{
    uint64_t ms = gone(f, now);
    return ms < f->wait_ms ? f->wait_ms - ms : 0;
}

void fallback_asked(struct fallback *f, struct fallback_time now)
{
    bool fresh = f->wait_ms == 0 || gone(f, now) > FALLBACK_LIMIT_MS;
    uint64_t wait = fresh ? FALLBACK_FIRST_MS : 2 * f->wait_ms;
    *f = (struct fallback){ now.loop_ms, now.wall, wait < FALLBACK_LIMIT_MS ? wait : FALLBACK_LIMIT_MS };
}

void fallback_put(const struct fallback *f, char out[FALLBACK_TEXT])
{
    (void)snprintf(out, FALLBACK_TEXT, "%" PRIu64 " %" PRIu64, f->asked_wall, f->wait_ms);
}

bool fallback_get(struct fallback *f, const char *text, uint64_t begun)
{
    struct fallback got = { .asked_at = begun };
    if (sscanf(text, "%" SCNu64 " %" SCNu64, &got.asked_wall, &got.wait_ms) != 2 || got.wait_ms > FALLBACK_LIMIT_MS)
        return false;
    *f = got;
    return true;
}
