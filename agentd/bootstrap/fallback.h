/* SPDX-License-Identifier: Apache-2.0 */
/* Bootstrap on registration failure (LwM2M Core TS 1.1.1 clause 6.2.1.1, resource 16 of object 1): how soon the bootstrap server of one context may be asked again
 * by itself. At once, then with a growing wait, whatever came of it, so that no server and no fault makes a loop; a day without asking forgets. Pure. */
#ifndef BOOTSTRAP_FALLBACK_H
#define BOOTSTRAP_FALLBACK_H

#include <stdbool.h>
#include <stdint.h>

enum { FALLBACK_FIRST_MS = 900000, FALLBACK_LIMIT_MS = 86400000 };

struct fallback { /* all zero: never asked */
    uint64_t asked_at; /* loop milliseconds */
    uint64_t wait_ms;  /* from asked_at to the next time */
};

static inline uint64_t fallback_left(const struct fallback *f, uint64_t now) /* 0: now */
{
    return now - f->asked_at < f->wait_ms ? f->wait_ms - (now - f->asked_at) : 0;
}

static inline void fallback_asked(struct fallback *f, uint64_t now)
{
    bool fresh = f->wait_ms == 0 || now - f->asked_at > FALLBACK_LIMIT_MS;
    uint64_t wait = fresh ? FALLBACK_FIRST_MS : 2 * f->wait_ms;
    *f = (struct fallback){ now, wait < FALLBACK_LIMIT_MS ? wait : FALLBACK_LIMIT_MS };
}

#endif
