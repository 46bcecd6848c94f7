/* SPDX-License-Identifier: Apache-2.0 */
/* Bootstrap on registration failure (LwM2M Core TS 1.1.1 clause 6.2.1.1, resource 16 of object 1): how soon the bootstrap server of one context may be asked again
 * by itself. At once, then with a growing wait, whatever came of it, so that no server and no fault makes a loop; a day without asking forgets. Pure. */
#ifndef BOOTSTRAP_FALLBACK_H
#define BOOTSTRAP_FALLBACK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { FALLBACK_FIRST_MS = 900000, FALLBACK_LIMIT_MS = 86400000, FALLBACK_TEXT = 48 };

struct fallback { /* all zero: never asked */
    uint64_t asked_at;   /* loop milliseconds; of a former run: when this one began */
    uint64_t asked_wall; /* Unix seconds; 0: the clock was not trusted */
    uint64_t wait_ms;    /* from then to the next time */
};
struct fallback_time {
    uint64_t loop_ms, wall; /* wall: Unix seconds, 0 untrusted */
};

/* Milliseconds, 0: now. A wall clock that is not trusted, or was set back, makes the wait longer, never shorter. */
uint64_t fallback_left(const struct fallback *f, struct fallback_time now);
void fallback_asked(struct fallback *f, struct fallback_time now);
/* As text for the store; and of a text from a former run, this one having begun at loop time `begun`. False: it is none. */
void fallback_put(const struct fallback *f, char out[FALLBACK_TEXT]);
bool fallback_get(struct fallback *f, const char *text, uint64_t begun);

#endif
